//! What `revoke`, `respond` and `drill` share: consent, the audit's directory
//! and the run itself.
//!
//! In: a report with its keys. Out: an exit code, and the audit in its
//! directory.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use keysweep::report::audit::{self, Signer};
use keysweep::report::model::Report;
use keysweep::report::{self, Format};
use keysweep::respond::journal::{Journal, Past, RunIdentity};
use keysweep::respond::{
    Incident, Mode, Operator, OperatorNamed, Selection, add_named, carry_over, carry_over_journal,
    open_directory,
};
use keysweep::secret::{Fingerprint, Secret};
use keysweep::source::path::escape;
use keysweep::verify::{REPORT_FILE, read_report};

use super::api::Connection;
use super::telling::{Terminal, Word, can_prompt, count, say};
use super::verify::concluded;
use super::{Exit, output};

/// How the operator says what may be revoked.
#[derive(Debug, Args, Default)]
#[command(next_help_heading = "Consent")]
pub(crate) struct ConsentArgs {
    /// Agrees without a prompt; needs --plan.
    #[arg(long, requires = "plan")]
    yes: bool,

    /// The digest of the plan that --yes agrees to, as it was printed.
    #[arg(long, value_name = "DIGEST", requires = "yes")]
    plan: Option<String>,

    /// Only these keys, by the beginning of their fingerprints; repeatable.
    #[arg(long, value_name = "FINGERPRINT")]
    only: Vec<String>,

    /// Not these keys; repeatable.
    #[arg(long, value_name = "FINGERPRINT")]
    except: Vec<String>,

    /// Puts the steps that replace a key first, so that nothing stops working.
    #[arg(long)]
    no_downtime: bool,
}

impl ConsentArgs {
    /// Whether consent was given on the command line.
    pub(super) fn is_given(&self) -> bool {
        self.yes && self.plan.is_some()
    }

    /// Where consent comes from; refuses what could only end in a refusal.
    pub(super) fn word(&self, executes: bool) -> anyhow::Result<Word> {
        match &self.plan {
            Some(digest) => Ok(Word::Digest(digest.clone())),
            None if executes && !can_prompt() => bail!(
                "this is no terminal, so nobody can be asked; print the plan first and give its \
                 digest with --yes --plan"
            ),
            None => Ok(Word::Prompt),
        }
    }
}

/// Who vouches for the audit.
#[derive(Debug, Args, Default)]
#[command(next_help_heading = "Audit")]
pub(crate) struct AuditArgs {
    /// Signs the audit with this SSH key (Ed25519 or ECDSA from its file, any
    /// other through ssh-agent), so that `keysweep audit check` and
    /// `ssh-keygen -Y verify` can tell who made it.
    #[arg(long, value_name = "FILE")]
    sign_key: Option<PathBuf>,
}

impl AuditArgs {
    /// Opens the key; nothing is signed yet.
    pub(super) fn signer(&self) -> anyhow::Result<Option<Signer>> {
        let agent = std::env::var_os("SSH_AUTH_SOCK").map(PathBuf::from);
        let open = |path: &PathBuf| Signer::open(path, agent.as_deref());
        Ok(self.sign_key.as_ref().map(open).transpose()?)
    }
}

/// One response, ready to run.
pub(crate) struct Job<'a> {
    pub(crate) connection: Connection,
    /// The audit's directory; `None` where nothing is kept.
    pub(crate) out: Option<PathBuf>,
    pub(crate) mode: Mode,
    pub(crate) consent: &'a ConsentArgs,
    /// Whether the sweep belongs to this run.
    pub(crate) is_swept_here: bool,
    /// Who signs the audit.
    pub(crate) signer: Option<Signer>,
}

impl Job<'_> {
    /// Runs with a person at a terminal.
    pub(crate) fn run(
        &self,
        report: &mut Report,
        keys: &HashMap<Fingerprint, Secret>,
        named: &[OperatorNamed],
        word: Word,
    ) -> anyhow::Result<Exit> {
        self.run_with(report, keys, named, &Terminal::new(word))
    }

    /// Runs, telling whoever is given.
    pub(crate) fn run_with(
        &self,
        report: &mut Report,
        keys: &HashMap<Fingerprint, Secret>,
        named: &[OperatorNamed],
        operator: &dyn Operator,
    ) -> anyhow::Result<Exit> {
        let Connection { client, admin, tempo, patience } = &self.connection;
        if self.mode == Mode::Execute && admin.is_none() {
            bail!(
                "revoking and proving need an admin key: give --admin-key-file or set \
                 KEYSWEEP_ADMIN_KEY"
            );
        }
        let identity = RunIdentity::of(report, &client.profile().base_url.to_string());
        // Everything that was given is checked before a finished audit is touched.
        if let Some(out) = &self.out {
            open_directory(out)?;
            check_seal(out)?;
            self.carry(report, &Journal::look(out, &identity)?);
        }
        add_named(report, named);
        let known: BTreeSet<Fingerprint> = report.findings.iter().map(|f| f.fingerprint).collect();
        let selection = Selection::new(&self.consent.only, &self.consent.except, &known)?;
        let (journal, past) = match &self.out {
            Some(out) => Journal::open(out, &identity)?,
            None => Journal::ephemeral(&identity)?,
        };
        if let Some(out) = &self.out {
            break_seal(out)?;
        }
        let report_file = self.out.as_ref().map(|out| out.join(REPORT_FILE));
        let mut incident = Incident {
            client,
            admin: admin.as_ref(),
            patience: *patience,
            tempo: *tempo,
            journal,
            past,
            operator,
            report_file: report_file.as_deref(),
            no_downtime: self.consent.no_downtime,
            is_swept_here: self.is_swept_here,
        };
        let runtime = keysweep::vendor::runtime()?;
        let run = incident.run(report, keys, named, &selection, self.mode);
        let ended = runtime.block_on(run);
        drop(incident);
        let code = match ended {
            // Nothing was sent after that; a key that lives is said all the same.
            Err(error) if keysweep::verify::exit_code(report) == 1 => {
                output::complain(&error.into());
                return Ok(Exit::Found);
            }
            ended => ended?,
        };
        let left = self.leave_audit(report);
        if code == 3 && keysweep::verify::exit_code(report) == 0 {
            output::remark("not everything was read, so this is not called clean; see the report");
        }
        concluded(code, left)
    }

    /// Takes over what an earlier run in the same directory knew.
    fn carry(&self, report: &mut Report, past: &Past) {
        if past.is_empty() {
            return;
        }
        if let Some(out) = &self.out {
            match read_report(&out.join(REPORT_FILE)) {
                Ok(earlier) => carry_over(report, &earlier),
                // The journal holds every verdict; the report only adds places.
                Err(error) => output::remark(&format!("{error}; its journal is used alone")),
            }
        }
        carry_over_journal(report, past);
    }

    fn leave_audit(&self, report: &Report) -> anyhow::Result<()> {
        let Some(out) = &self.out else { return Ok(()) };
        report::write_atomically(&out.join("report.html"), |file| {
            report::render(report, Format::Html, file)
        })?;
        if self.mode == Mode::Execute && !report.findings.is_empty() {
            say("\nWhat is left for a person to do:\n");
            if keysweep::verify::exit_code(report) == 1 {
                say("  - Revoke what still lives: run the same command again, or do it by hand.\n");
            }
            for line in &self.connection.client.profile().steps.afterwards {
                say(&format!("  - {line}\n"));
            }
        }
        let seal = audit::seal(out, self.signer.as_ref())?;
        let signed = match &seal.signer {
            Some(signer) => format!("signed by {signer}"),
            None => "not signed".to_owned(),
        };
        say(&format!(
            "\nThe audit is in {} ({}, {signed}; `keysweep audit check` checks it)\n",
            escape(out),
            count(seal.files, "file"),
        ));
        Ok(())
    }
}

/// Refuses an audit that was sealed by an earlier run and altered since: sealing
/// it again would hide that.
fn check_seal(out: &Path) -> anyhow::Result<()> {
    if out.join(audit::MANIFEST_FILE).symlink_metadata().is_err() {
        return Ok(());
    }
    let check = audit::check(out, None)?;
    if let Some(problem) = check.problems.first() {
        bail!(
            "{}: the audit was altered since it was sealed ({problem}); keep it as it is and start \
             again with another --out; nothing was sent",
            escape(out)
        );
    }
    Ok(())
}

/// Takes the seal off while the run goes on: until it is sealed again there is
/// no finished audit, which is not the same as an altered one.
fn break_seal(out: &Path) -> anyhow::Result<()> {
    for name in [audit::SIGNATURE_FILE, audit::MANIFEST_FILE] {
        match std::fs::remove_file(out.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(anyhow::Error::new(error).context(escape(&out.join(name))));
            }
            _ => {}
        }
    }
    Ok(())
}
