//! What `keysweep scan` is asked for, as `clap` parses it.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use keysweep::finding::{Confidence, Severity};
use keysweep::report::{Format, UnknownFormat};

use super::super::api::ApiArgs;
use super::accept::AcceptArgs;

/// Sweeps files and repositories for leaked keys.
///
/// Reads what is at each PATH: a file; every file below a directory; and where
/// the path is a repository's root, or a bare repository, everything that it
/// stores. A path inside a repository is files only. Asks no network.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
// The keys to ask about are those that the sweep finds.
#[command(mut_arg("keys_stdin", |arg| arg.hide(true)))]
#[command(after_help = "Examples:\n  \
    keysweep scan                         this directory and, at a repository's root, its history\n  \
    keysweep scan --tree src deploy/.env  files only\n  \
    keysweep scan --format jsonl . | jq -r .path\n  \
    keysweep scan --range ci              in CI: what the pull request or push adds\n  \
    keysweep scan --report sarif=out.sarif --report json=report.json .\n  \
    kubectl logs web | keysweep scan --stdin\n\n\
    Exit codes: 0 all read and nothing found, 1 findings, 2 could not run,\n\
    3 nothing found but something could not be read.")]
pub(crate) struct ScanArgs {
    /// What to sweep [default: .].
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,

    #[command(flatten)]
    pub(super) mode: ModeArgs,

    /// What to print on standard output: human, json, jsonl, sarif, gitlab,
    /// junit, github, markdown, html or csv.
    #[arg(long, value_name = "FORMAT", default_value = "human", value_parser = parse_format)]
    pub(super) format: Format,

    /// Also writes a report to a file, readable by its owner alone; repeatable.
    #[arg(long = "report", value_name = "FORMAT=PATH", value_parser = parse_report)]
    pub(super) reports: Vec<(Format, PathBuf)>,

    #[command(flatten)]
    pub(super) configuration: ConfigurationArgs,

    #[command(flatten)]
    pub(super) accept: AcceptArgs,

    #[command(flatten)]
    pub(super) keys: KeysArgs,

    /// The weakest confidence that counts as a finding (low, medium, high,
    /// confirmed); weaker hits are counted.
    #[arg(long, value_name = "CONFIDENCE", default_value = "medium", value_parser = parse_confidence)]
    pub(super) min_confidence: Confidence,

    /// The lowest severity that fails the run with exit code 1 (low, medium,
    /// high, critical).
    #[arg(long, value_name = "SEVERITY", default_value = "low", value_parser = parse_severity)]
    pub(super) fail_on: Severity,

    /// Leaves out what the glob matches; a configuration must give the reason.
    #[arg(long, value_name = "GLOB")]
    pub(super) exclude: Vec<String>,

    /// Reads files that `.gitignore` ignores too.
    #[arg(long)]
    pub(super) no_ignore: bool,

    /// Exits 3 also for what lies outside the scope: ignored and excluded
    /// files, links out of it, special files, submodules.
    #[arg(long)]
    pub(super) strict_coverage: bool,

    /// Threads, 1 to 512 [default: one a processor].
    #[arg(long, value_name = "N", value_parser = jobs)]
    pub(super) jobs: Option<NonZeroUsize>,

    /// Shows no progress.
    #[arg(long)]
    pub(super) no_progress: bool,

    /// Hides human output; the work, the reports and the exit code stay.
    #[arg(long, short)]
    pub(super) quiet: bool,

    // Last, since its heading stands over all that comes after.
    #[command(flatten)]
    pub(super) api: ApiArgs,
}

/// What of each path is swept; at most one.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[group(multiple = false)]
pub(super) struct ModeArgs {
    /// Sweeps files only.
    #[arg(long)]
    pub(super) tree: bool,
    /// Sweeps what the repository stores only.
    #[arg(long)]
    pub(super) history: bool,
    /// Sweeps what the next commit would add.
    #[arg(long)]
    pub(super) staged: bool,
    /// Sweeps what the commits of a range add. `ci` finds the range of the
    /// change that a CI job is about, and has --config-from follow it.
    #[arg(long, value_name = "A..B")]
    pub(super) range: Option<String>,
    /// Sweeps standard input.
    #[arg(long)]
    pub(super) stdin: bool,
}

/// What says which findings count.
#[derive(Debug, Args)]
pub(super) struct ConfigurationArgs {
    /// Uses this configuration instead of the `.keysweep.toml` found at a path.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Takes configuration, baseline and ignore rules from a trusted commit of
    /// the repository; inline allows that it lacks hold nothing back.
    #[arg(long, value_name = "REV")]
    pub(super) config_from: Option<String>,
    /// Holds back what this baseline names, instead of the `.keysweep-baseline`
    /// found at a path.
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
}

/// What is known of keys beforehand, and whether they are asked about.
#[derive(Debug, Args)]
pub(super) struct KeysArgs {
    /// Looks for the exact keys given on standard input, one a line.
    #[arg(long)]
    pub(super) known_keys_stdin: bool,
    /// Looks for keys with these fingerprints.
    #[arg(long, value_name = "FILE")]
    pub(super) known_fingerprints: Option<PathBuf>,
    /// Asks the API which of the keys found are live, and shows its verdicts.
    /// The exit code stays that of the findings.
    #[arg(long)]
    pub(super) verify: bool,
}

fn parse_format(name: &str) -> Result<Format, String> {
    name.parse().map_err(|error: UnknownFormat| error.to_string())
}

fn parse_report(text: &str) -> Result<(Format, PathBuf), String> {
    let (format, path) =
        text.split_once('=').ok_or("expected FORMAT=PATH, such as json=report.json")?;
    if path.is_empty() {
        return Err("no path after `=`".to_owned());
    }
    Ok((parse_format(format)?, PathBuf::from(path)))
}

fn parse_confidence(name: &str) -> Result<Confidence, String> {
    [Confidence::Low, Confidence::Medium, Confidence::High, Confidence::Confirmed]
        .into_iter()
        .find(|confidence| confidence.name() == name)
        .ok_or_else(|| "expected low, medium, high or confirmed".to_owned())
}

fn parse_severity(name: &str) -> Result<Severity, String> {
    [Severity::Low, Severity::Medium, Severity::High, Severity::Critical]
        .into_iter()
        .find(|severity| severity.name() == name)
        .ok_or_else(|| "expected low, medium, high or critical".to_owned())
}

/// More threads than any sweep has a use for.
const MAX_JOBS: usize = 512;

fn jobs(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse()
        .ok()
        .filter(|jobs: &NonZeroUsize| jobs.get() <= MAX_JOBS)
        .ok_or("give a number of threads, 1 to 512")
}
