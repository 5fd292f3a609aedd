//! `keysweep verify`.
//!
//! In: a report and how to reach the API. Out: the same report with verdicts,
//! one line a key, and the exit code that they call for.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use keysweep::report::audit::MANIFEST_FILE;
use keysweep::report::model::Report;
use keysweep::report::{self, Format};
use keysweep::sandbox::{self, Needs, Output};
use keysweep::secret::{Fingerprint, Secret};
use keysweep::vendor::Deadline;
use keysweep::verify::{
    GivenKeys, KeySource, Verifier, amend, distinct, exit_code, read_report, suspects, until_dead,
    write_report,
};

use super::api::{ApiArgs, Connection, keys_from_stdin, report_from_stdin};
use super::rescan::Rescan;
use super::telling::{count, say, verdict_lines};
use super::{Exit, core_dumps, output};

/// Asks the API which of a report's keys are live.
///
/// Each key is asked once, with one harmless request that the vendor does not
/// bill. The run is calibrated first and last: a random token must be refused
/// and the admin key let in, or nothing is called live or dead. Which status
/// means what is assumed (contract version 0); 401 alone is a refusal. The
/// verdicts are written into the report.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    keysweep scan --format json . > report.json; keysweep verify report.json\n  \
    keysweep scan --format json . | keysweep verify -\n  \
    keysweep verify report.json --until-dead --timeout 1h --admin-key-file key\n\n\
    Exit codes: 0 every key proven dead, or none there, 1 any key live, 2 could not run,\n\
    3 any key rejected, unknown or not asked.")]
pub(crate) struct VerifyArgs {
    /// The report, an audit directory, or `-` for standard input, which prints
    /// the report with its verdicts.
    #[arg(value_name = "REPORT")]
    report: PathBuf,

    /// Goes on asking until every key is dead or the time is up.
    #[arg(long)]
    until_dead: bool,

    #[command(flatten)]
    api: ApiArgs,
}

/// Runs `keysweep verify`.
pub(crate) fn run(args: VerifyArgs) -> anyhow::Result<Exit> {
    core_dumps::forbid();
    let from_stdin = args.report == Path::new("-");
    if from_stdin && args.api.keys_stdin {
        bail!("the report and --keys-stdin both read standard input; give one of them");
    }
    let written = (!from_stdin).then(|| Output::File(report_path(&args.report)));
    sandbox::enter(Needs::Network, written.as_slice(), &[]);
    let mut report = if from_stdin { report_from_stdin()? } else { read_report(&args.report)? };
    let knew = is_anything_known(&report);
    if !report.findings.is_empty() {
        ask(&args, &mut report, from_stdin)?;
    }
    let written = if from_stdin {
        let mut bytes = Vec::new();
        report::render(&report, Format::Json, &mut bytes)?;
        output::print(&bytes)
    } else {
        say(&summary(&report));
        if knew && !is_anything_known(&report) {
            say("Nothing was learned, so the report keeps its earlier verdicts.\n");
            Ok(())
        } else if !report.findings.is_empty() {
            write_back(&report_path(&args.report), &report)
        } else {
            Ok(())
        }
    };
    concluded(exit_code(&report), written)
}

/// The exit for a verdict whose report may not have been written: a key that
/// lives or is unknown stays that; a proof that is kept nowhere is no end.
///
/// # Errors
/// Why it was not written, where every key is dead.
pub(crate) fn concluded(code: u8, written: anyhow::Result<()>) -> anyhow::Result<Exit> {
    match written {
        Err(error) if code != 0 => output::complain(&error),
        written => written?,
    }
    Ok(exit(code))
}

/// Whether any key has a verdict that says something; a run that reached nobody
/// must not replace a proof by "not asked".
fn is_anything_known(report: &Report) -> bool {
    let mut verdicts = report.findings.iter().filter_map(|finding| finding.verdict.as_ref());
    verdicts.any(|verdict| matches!(verdict.state.as_str(), "live" | "dead" | "rejected"))
}

/// Writes the verdicts into the report, unless that would break an audit's seal.
fn write_back(path: &Path, report: &Report) -> anyhow::Result<()> {
    if path.with_file_name(MANIFEST_FILE).exists() {
        say("The report belongs to a sealed audit, which is left as it is.\n");
        return Ok(());
    }
    Ok(write_report(path, report)?)
}

fn ask(args: &VerifyArgs, report: &mut Report, quiet: bool) -> anyhow::Result<()> {
    let keys = keys(report, &args.api)?;
    ask_about(report, &keys, args.api.connect()?, args.until_dead, quiet)
}

/// Asks about a report's keys and writes the verdicts into it.
pub(crate) fn ask_about(
    report: &mut Report,
    keys: &HashMap<Fingerprint, Secret>,
    connection: Connection,
    waits_for_death: bool,
    quiet: bool,
) -> anyhow::Result<()> {
    let Connection { client, admin, tempo, patience } = connection;
    if waits_for_death && admin.is_none() {
        bail!(
            "--until-dead needs the admin key (--admin-key-file or KEYSWEEP_ADMIN_KEY): without a \
             key known to be live no refusal proves a death"
        );
    }
    let suspects = suspects(report, keys, &client.profile().not_bearer);
    if !quiet {
        say(&format!(
            "Asking {} about {} …\n",
            client.profile().base_url,
            count(distinct(report), "key")
        ));
    }
    let deadline = Deadline::after(tempo.limit);
    let verifier = Verifier { client: &client, admin: admin.as_ref(), patience, deadline };
    let verdicts = keysweep::vendor::runtime()?.block_on(async {
        if !waits_for_death {
            return verifier.ask(&suspects).await.verdicts().clone();
        }
        let mut pending = usize::MAX;
        let told = &mut |_: &_, left: usize| {
            if left < pending && left > 0 && !quiet {
                say(&format!("  {} not dead yet; asking on …\n", count(left, "key")));
            }
            pending = left;
        };
        until_dead(&verifier, suspects, tempo.first_poll, tempo.longest_poll, told).await
    });
    amend(report, &verdicts);
    Ok(())
}

/// The report's keys, from standard input or from its scope.
pub(crate) fn keys(report: &Report, api: &ApiArgs) -> anyhow::Result<HashMap<Fingerprint, Secret>> {
    let fingerprinter = super::scan::fingerprinter();
    let source: Box<dyn KeySource> = if api.keys_stdin {
        Box::new(GivenKeys::new(keys_from_stdin()?, fingerprinter))
    } else {
        Box::new(Rescan::new(fingerprinter))
    };
    let keys = source.keys(report)?;
    let missing = report.findings.iter().filter(|finding| !keys.contains_key(&finding.fingerprint));
    let missing: std::collections::BTreeSet<_> = missing.map(|f| f.fingerprint).collect();
    if !missing.is_empty() {
        output::remark(&format!(
            "{} cannot be read again from where the report found {}; give {} with --keys-stdin",
            count(missing.len(), "key"),
            if missing.len() == 1 { "it" } else { "them" },
            if missing.len() == 1 { "it" } else { "them" },
        ));
    }
    Ok(keys)
}

/// The file that a report argument names.
pub(crate) fn report_path(given: &Path) -> PathBuf {
    if given.is_dir() { given.join(keysweep::verify::REPORT_FILE) } else { given.to_owned() }
}

/// The exit for a code that the library called for.
pub(crate) fn exit(code: u8) -> Exit {
    match code {
        0 => Exit::Clean,
        1 => Exit::Found,
        _ => Exit::Incomplete,
    }
}

/// One line a key and one that counts.
pub(crate) fn summary(report: &Report) -> String {
    if report.findings.is_empty() {
        return "No key in this report.\n".to_owned();
    }
    let mut states: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    let mut seen = std::collections::BTreeSet::new();
    for finding in report.findings.iter().filter(|finding| seen.insert(finding.fingerprint)) {
        let state = finding.verdict.as_ref().map_or("not asked", |verdict| verdict.state.as_str());
        *states.entry(state).or_default() += 1;
    }
    let counts: Vec<String> =
        states.iter().map(|(state, number)| format!("{number} {state}")).collect();
    format!("{}{}: {}\n", verdict_lines(report), count(seen.len(), "key"), counts.join(", "))
}
