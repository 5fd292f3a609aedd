//! `keysweep revoke`.
//!
//! In: a report and how to reach the API. Out: the plan; with the operator's
//! consent, revocations, their proofs and an audit directory.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use keysweep::respond::Mode;
use keysweep::sandbox::{self, Needs, Output};
use keysweep::verify::{REPORT_FILE, read_report, write_report};

use super::api::ApiArgs;
use super::response::{AuditArgs, ConsentArgs, Job};
use super::verify::{keys, report_path};
use super::{Exit, core_dumps, output};

/// Plans the revocation of a report's live keys; with consent, revokes them and
/// proves that they are dead.
///
/// Without --execute it only asks which keys are live and prints the plan and
/// its digest. The vendor documents no call that revokes a key: the calls in
/// the plan are assumed (contract version 0). Whatever they answer, a key is
/// called dead only when the API refuses it with 401 afterwards.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    keysweep revoke report.json --admin-key-file key              prints the plan\n  \
    keysweep revoke report.json --admin-key-file key --execute    asks, revokes, proves\n  \
    keysweep revoke report.json --admin-key-file key --yes --plan DIGEST\n\n\
    Exit codes: 0 every key proven dead, or none there, 1 any key live, 2 could not run,\n\
    3 any key rejected, unknown or not asked.")]
pub(crate) struct RevokeArgs {
    /// The report, or an audit directory.
    #[arg(value_name = "REPORT")]
    report: PathBuf,

    /// Revokes, once you typed the beginning of the plan's digest.
    #[arg(long)]
    execute: bool,

    /// Where the journal and the audit are kept [default: REPORT itself where
    /// it is an audit directory, or REPORT with the extension `audit`].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    #[command(flatten)]
    consent: ConsentArgs,

    #[command(flatten)]
    audit: AuditArgs,

    #[command(flatten)]
    api: ApiArgs,
}

/// Runs `keysweep revoke`.
pub(crate) fn run(args: RevokeArgs) -> anyhow::Result<Exit> {
    core_dumps::forbid();
    if args.report == Path::new("-") {
        bail!("revoke reads a report from a file, since it keeps a journal beside it");
    }
    let executes = args.execute || args.consent.is_given();
    let word = args.consent.word(executes)?;
    let out = args.out.clone().unwrap_or_else(|| default_out(&args.report));
    let given = report_path(&args.report);
    let outputs = [Output::Directory(out.clone()), Output::File(given.clone())];
    sandbox::enter(Needs::Network, if executes { &outputs } else { &[] }, &[]);
    let mut report = read_report(&args.report)?;
    let keys = keys(&report, &args.api)?;
    let connection = args.api.connect()?;
    let job = Job {
        connection,
        out: executes.then(|| out.clone()),
        mode: if executes { Mode::Execute } else { Mode::DryRun },
        consent: &args.consent,
        is_swept_here: false,
        signer: args.audit.signer()?,
    };
    let exit = job.run(&mut report, &keys, &[], word)?;
    // The audit's own report is sealed by now, and holds the verdicts whatever
    // becomes of this copy.
    if executes
        && !is_same_file(&given, &out.join(REPORT_FILE))
        && let Err(error) = write_report(&given, &report)
    {
        output::complain(&error.into());
    }
    Ok(exit)
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

fn default_out(report: &Path) -> PathBuf {
    if report.is_dir() { report.to_owned() } else { report.with_extension("audit") }
}
