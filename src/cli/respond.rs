//! `keysweep respond`.
//!
//! In: paths, and how to reach the API. Out: everything that a leak asks for,
//! in one command, and an audit directory that tells of it.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use keysweep::pipeline::{self, ScanError};
use keysweep::respond::journal::JOURNAL_FILE;
use keysweep::respond::{Mode, OperatorNamed, open_directory};
use keysweep::sandbox::{self, Needs, Output};
use keysweep::secret::{Fingerprint, Secret};
use keysweep::settings::Settings;

use super::api::{ApiArgs, keys_from_stdin, known_keys_from_stdin};
use super::interrupt::Interrupt;
use super::progress::Meter;
use super::response::{AuditArgs, ConsentArgs, Job};
use super::telling::{count, say};
use super::{Exit, core_dumps, output};

/// Responds to a leak: finds the keys, asks which are live, plans, and, with
/// your consent, revokes them, proves that they are dead and leaves an audit.
///
/// Killed or interrupted anywhere, the same command takes the run up again.
/// Ignored files are read too, and nothing in what is swept can suppress a key.
/// The vendor documents no call that revokes a key: the calls in the plan are
/// assumed (contract version 0). Whatever they answer, a key is called dead
/// only when the API refuses it with 401 afterwards.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    keysweep respond . --out incident --admin-key-file key --dry-run   shows all, revokes nothing\n  \
    keysweep respond . --out incident --admin-key-file key             asks before it revokes\n  \
    keysweep respond . --out incident --admin-key-file key --yes --plan DIGEST\n  \
    pass show leaked | keysweep respond src infra --known-keys-stdin --out incident …\n\n\
    Exit codes: 0 every key proven dead, or none there, 1 any key live, 2 could not run,\n\
    3 any key rejected, unknown or not asked.")]
pub(crate) struct RespondArgs {
    /// What to sweep [default: .].
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Where the journal and the audit are kept; the same directory takes the
    /// run up again.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Shows everything and revokes nothing.
    #[arg(long)]
    dry_run: bool,

    /// Reads keys that you know to have leaked from standard input, one a line:
    /// where they are is searched, and they are revoked wherever they are.
    #[arg(long, conflicts_with = "keys_stdin")]
    known_keys_stdin: bool,

    /// Your own configuration of the sweep.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(flatten)]
    consent: ConsentArgs,

    #[command(flatten)]
    audit: AuditArgs,

    #[command(flatten)]
    api: ApiArgs,
}

/// Runs `keysweep respond`.
pub(crate) fn run(args: RespondArgs) -> anyhow::Result<Exit> {
    core_dumps::forbid();
    let mode = if args.dry_run { Mode::DryRun } else { Mode::Execute };
    let word = args.consent.word(mode == Mode::Execute)?;
    let connection = args.api.connect()?;
    if mode == Mode::Execute && connection.admin.is_none() {
        bail!(
            "revoking and proving need an admin key: give --admin-key-file or set \
             KEYSWEEP_ADMIN_KEY; --dry-run works without one"
        );
    }
    let signer = args.audit.signer()?;
    let fingerprinter = super::scan::fingerprinter();
    let named: Vec<OperatorNamed> = if args.known_keys_stdin {
        let keys = known_keys_from_stdin()?;
        keys.into_iter().map(|key| OperatorNamed::new(key, &fingerprinter)).collect()
    } else {
        Vec::new()
    };
    let given = if args.api.keys_stdin { keys_from_stdin()? } else { Vec::new() };
    // Refused now rather than after a long sweep.
    open_directory(&args.out)?;
    let is_swept_again = args.out.join(JOURNAL_FILE).exists();
    let roots = if args.paths.is_empty() { vec![PathBuf::from(".")] } else { args.paths.clone() };
    sandbox::enter(Needs::Network, &[Output::Directory(args.out.clone())], &roots);
    let settings = Settings {
        paths: roots,
        config: args.config.clone(),
        obeys_ignore_files: false,
        obeys_allows: false,
        obeys_scanned_excludes: false,
        is_swept_again,
        fingerprinter,
        known_keys: named.iter().map(|key| key.secret().clone()).collect(),
        ..Settings::default()
    };
    let interrupt = Interrupt::watch()?;
    let Some((mut report, mut keys)) = sweep(&settings, &interrupt)? else {
        output::remark("interrupted; nothing was asked and nothing was revoked");
        return Ok(interrupt.exit());
    };
    // From here on the journal makes every moment a safe one to end at.
    interrupt.let_kill();
    // A key that an earlier run found and that is gone from the scope since.
    keys.extend(given.into_iter().map(|key| (settings.fingerprinter.fingerprint(&key), key)));
    keys.extend(named.iter().map(|key| (key.fingerprint(), key.secret().clone())));
    let job = Job {
        connection,
        out: Some(args.out.clone()),
        mode,
        consent: &args.consent,
        is_swept_here: true,
        signer,
    };
    job.run(&mut report, &keys, &named, word)
}

/// What a sweep found: its report, and the keys.
pub(crate) type Swept = (keysweep::report::model::Report, HashMap<Fingerprint, Secret>);

/// Sweeps; `None` where a signal ended it.
pub(crate) fn sweep(settings: &Settings, interrupt: &Interrupt) -> anyhow::Result<Option<Swept>> {
    let outcome = {
        let meter = Meter::new(true, interrupt.clone());
        match pipeline::scan(settings, &meter) {
            Err(ScanError::Interrupted) => return Ok(None),
            done => done?,
        }
    };
    let report = keysweep::report::build::report(&outcome);
    let incomplete = if outcome.is_complete() {
        String::new()
    } else {
        format!("; {} not read, see the report", count(outcome.skips.len(), "thing"))
    };
    let keys: HashMap<Fingerprint, Secret> =
        outcome.findings.into_iter().map(|finding| (finding.fingerprint, finding.secret)).collect();
    say(&format!(
        "Swept {}, {} and {}: {} found{incomplete}\n",
        count(usize::try_from(report.coverage.files).unwrap_or(usize::MAX), "file"),
        count(usize::try_from(report.coverage.commits).unwrap_or(usize::MAX), "commit"),
        count(usize::try_from(report.coverage.blobs).unwrap_or(usize::MAX), "blob"),
        count(keys.len(), "key"),
    ));
    Ok(Some((report, keys)))
}
