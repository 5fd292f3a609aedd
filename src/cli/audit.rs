//! `keysweep audit`: says whether an audit is what was sealed.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use keysweep::report::audit::{self, Authenticity, Check, TrustedKeys};
use keysweep::sandbox::{self, Needs};
use keysweep::source::path::escape;

use super::{Exit, output};

/// Checks an audit's sums, hash chain and signature.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    keysweep audit check incident-7\n  \
    keysweep audit check incident-7 --signer ~/.ssh/id_ed25519.pub\n\n\
    The same without keysweep:\n  \
    cd incident-7 && sha256sum --check MANIFEST\n  \
    ssh-keygen -Y verify -f allowed_signers -I NAME -n keysweep-audit \\\n    \
    -s incident-7/MANIFEST.sig < incident-7/MANIFEST")]
pub(crate) struct AuditArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Checks every byte of an audit directory.
    #[command(after_help = "Exit codes: 0 intact, 1 altered, 2 no audit.")]
    Check {
        /// The directory that `--out` named.
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        /// Demands a signature of a key in this file: public keys, or an
        /// `allowed_signers` file.
        #[arg(long, value_name = "FILE")]
        signer: Option<PathBuf>,
    },
}

/// Runs `keysweep audit`.
pub(crate) fn run(args: AuditArgs) -> anyhow::Result<Exit> {
    sandbox::enter(Needs::Nothing, &[], &[]);
    let Action::Check { directory, signer } = args.action;
    let trusted = signer.as_deref().map(TrustedKeys::open).transpose()?;
    let found = audit::check(&directory, trusted.as_ref())?;
    output::print_lines(&verdict(&escape(&directory), &found))?;
    Ok(if found.is_intact() { Exit::Clean } else { Exit::Found })
}

fn verdict(directory: &str, found: &Check) -> String {
    let mut said = String::new();
    if !found.is_intact() {
        said.push_str(&format!("{directory}: altered\n"));
        for problem in &found.problems {
            said.push_str(&format!("  {problem}\n"));
        }
        return said;
    }
    let counts = format!("{} files, {} journal lines", found.files, found.journal_lines);
    match &found.authenticity {
        Authenticity::Trusted { fingerprint } => {
            format!("{directory}: intact ({counts}), signed by the trusted key {fingerprint}\n")
        }
        Authenticity::SignedBySomebody { fingerprint } => format!(
            "{directory}: intact ({counts}), signed by {fingerprint}\n  \
             whose key that is was not checked: name the expected one with --signer FILE\n"
        ),
        Authenticity::Unsigned => format!(
            "{directory}: consistent ({counts}), not authenticated\n  \
             nobody signed it: whoever can write there could have made it anew\n"
        ),
    }
}
