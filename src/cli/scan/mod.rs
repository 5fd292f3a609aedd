//! `keysweep scan`.
//!
//! In: arguments. Out: settings for the library, its report on standard output
//! and in files, and the exit code.

mod accept;
mod args;
mod job;

use std::collections::{HashMap, HashSet};
use std::io::{self, BufWriter, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use keysweep::outcome::Outcome;
use keysweep::pipeline::{self, ScanError};
use keysweep::report::model::Report;
use keysweep::report::{self, Format, WriteError, human};
use keysweep::rule::RuleSet;
use keysweep::sandbox::{self, Needs, Output};
use keysweep::secret::{Fingerprint, Fingerprinter, Secret};
use keysweep::settings::{BaselineChoice, Mode, Settings, Surroundings};
use keysweep::source::path::escape;

pub(crate) use args::ScanArgs;

use super::api::Connection;
use super::interrupt::Interrupt;
use super::progress::Meter;
use super::{Exit, core_dumps, input, output, verify};

/// Runs `keysweep scan`.
pub(crate) fn run(args: ScanArgs) -> anyhow::Result<Exit> {
    core_dumps::forbid();
    let settings = settings(&args)?;
    check_reports(&args.reports)?;
    let connection = connection(&args)?;
    let acceptor = args.accept.acceptor(settings.fingerprinter.is_keyed())?;
    // A read of standard input waits where no flag is looked at: there the
    // default action ends the process, which has written nothing yet.
    let interrupt = if args.mode.stdin { Interrupt::default() } else { Interrupt::watch()? };
    sandbox::enter(needs(&args), &outputs(&args), &settings.paths);
    let outcome = {
        let meter = Meter::new(!args.no_progress && !args.quiet, interrupt.clone());
        pipeline::scan(&settings, &meter)
    };
    let mut outcome = match outcome {
        Err(ScanError::Interrupted) => {
            output::remark("interrupted; nothing was reported");
            return Ok(interrupt.exit());
        }
        done => done?,
    };
    if let Some(acceptor) = acceptor {
        interrupt.let_kill();
        match acceptor.accept(&mut outcome) {
            // Findings stay findings where nothing could be accepted.
            Err(error) if error.is::<WriteError>() && outcome.fails() => output::complain(&error),
            accepted => accepted?,
        }
    }
    let exit = match outcome.exit_code() {
        0 => Exit::Clean,
        1 => Exit::Found,
        _ => Exit::Incomplete,
    };
    let mut report = report::build::report(&outcome);
    if let Some(connection) = connection
        && !outcome.findings.is_empty()
    {
        interrupt.let_kill();
        // Findings stay findings, whether anybody could be asked or not.
        if let Err(error) = ask(&mut report, &outcome, connection) {
            output::complain(&error);
        }
    }
    // Rules hold no key but known ones; thousands of them are left to the end of
    // the process, which takes them apart sooner.
    let is_keyless = |rules: &mut Arc<RuleSet>| rules.known().is_empty();
    outcome.rules.extract_if(.., is_keyless).for_each(std::mem::forget);
    // The keys are wiped before anything is written.
    drop(outcome);
    match write_all(&args, &report, &interrupt) {
        Ok(()) => Ok(exit),
        // Findings stay findings, whatever happened to the report.
        Err(error) if exit == Exit::Found => {
            output::complain(&error);
            Ok(exit)
        }
        Err(error) => Err(error),
    }
}

/// Everything to ask the API with, where that is asked for; nothing is sent.
fn connection(args: &ScanArgs) -> anyhow::Result<Option<Connection>> {
    if args.api.keys_stdin {
        bail!("scan finds its keys by itself; to name keys, use --known-keys-stdin");
    }
    if args.keys.verify {
        return args.api.connect().map(Some);
    }
    match args.api.without_use() {
        Some(option) => bail!("{option} is for asking the API; give --verify, or leave it out"),
        None => Ok(None),
    }
}

/// Asks about every key that was found, and writes the verdicts into the report.
fn ask(report: &mut Report, outcome: &Outcome, connection: Connection) -> anyhow::Result<()> {
    let found = outcome.findings.iter();
    let keys: HashMap<Fingerprint, Secret> =
        found.map(|finding| (finding.fingerprint, finding.secret.clone())).collect();
    verify::ask_about(report, &keys, connection, false, true)
}

fn needs(args: &ScanArgs) -> Needs {
    if args.keys.verify { Needs::Network } else { Needs::Nothing }
}

/// Every file that this run may write.
fn outputs(args: &ScanArgs) -> Vec<Output> {
    let reports = args.reports.iter().map(|(_, path)| path);
    reports.chain(&args.accept.write_baseline).cloned().map(Output::File).collect()
}

fn settings(args: &ScanArgs) -> anyhow::Result<Settings> {
    if args.mode.stdin && args.keys.known_keys_stdin {
        bail!("--stdin and --known-keys-stdin both read standard input; give one of them");
    }
    if args.mode.stdin && !args.paths.is_empty() {
        bail!("--stdin sweeps standard input; give it or paths, not both");
    }
    if args.mode.stdin && input::is_closed() {
        bail!("--stdin: standard input is closed, so there is nothing to sweep");
    }
    let fingerprinter = fingerprinter();
    let known_keys = if args.keys.known_keys_stdin { known_keys()? } else { Vec::new() };
    let known_fingerprints = match &args.keys.known_fingerprints {
        Some(path) => known_fingerprints(path, fingerprinter.is_keyed())?,
        None => HashSet::new(),
    };
    let baseline = &args.configuration.baseline;
    let names_keys = !known_keys.is_empty() || !known_fingerprints.is_empty();
    let writes_baseline = args.accept.write_baseline.is_some();
    if names_keys && (baseline.is_some() || writes_baseline) {
        bail!(
            "a sweep for keys that you name obeys no baseline and writes none; leave out {}",
            if writes_baseline { "--write-baseline" } else { "--baseline" }
        );
    }
    if args.mode.stdin && args.configuration.config_from.is_some() {
        bail!("--config-from names a commit of a repository, and standard input is none");
    }
    let paths = if args.paths.is_empty() { vec![PathBuf::from(".")] } else { args.paths.clone() };
    let (mode, trusted) = match &args.mode.range {
        Some(range) if range == job::WORD => job::mode(&paths, args.quiet)?,
        _ => (mode(&args.mode), None),
    };
    let config_from = args.configuration.config_from.clone().or(trusted);
    // Then the allows of the trusted revision count, and no other.
    let is_gated = config_from.is_some();
    Ok(Settings {
        config_from,
        baseline: baseline.clone().map_or(BaselineChoice::Found, BaselineChoice::File),
        paths,
        mode,
        config: args.configuration.config.clone(),
        asked_excludes: args.exclude.clone(),
        // Whoever leaked a key may have had it ignored.
        obeys_ignore_files: !args.no_ignore && !names_keys,
        min_confidence: args.min_confidence,
        fail_on: args.fail_on,
        strict_coverage: args.strict_coverage,
        jobs: args.jobs,
        fingerprinter,
        obeys_allows: !names_keys || is_gated,
        obeys_scanned_excludes: !names_keys,
        is_swept_again: false,
        surroundings: Surroundings::of(|name| std::env::var_os(name)),
        known_keys,
        known_fingerprints,
        report_paths: args.reports.iter().map(|(_, path)| path.clone()).collect(),
    })
}

/// The keys on standard input, one a line.
fn known_keys() -> anyhow::Result<Vec<Secret>> {
    if io::stdin().is_terminal() {
        output::remark("give the keys, one a line, then end the input");
    }
    super::api::known_keys_from_stdin()
}

/// The fingerprints in a file, one a line; blank lines and those that begin
/// with `#` are passed over.
fn known_fingerprints(path: &Path, is_keyed: bool) -> anyhow::Result<HashSet<Fingerprint>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("--known-fingerprints {}", escape(path)))?;
    let mut fingerprints = HashSet::new();
    for (index, line) in text.lines().map(str::trim).enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let place = format!("--known-fingerprints {}:{}", escape(path), index + 1);
        let fingerprint: Fingerprint = line.parse().with_context(|| place.clone())?;
        if line.starts_with("hmac-") != is_keyed {
            bail!(
                "{place}: made {} KEYSWEEP_FINGERPRINT_KEY; set it as it was then",
                if is_keyed { "without" } else { "with" }
            );
        }
        fingerprints.insert(fingerprint);
    }
    if fingerprints.is_empty() {
        bail!("--known-fingerprints {}: holds none; give one a line", escape(path));
    }
    Ok(fingerprints)
}

fn mode(args: &args::ModeArgs) -> Mode {
    if let Some(range) = &args.range {
        return Mode::Range(range.clone());
    }
    match (args.tree, args.history, args.staged, args.stdin) {
        (true, ..) => Mode::Tree,
        (_, true, ..) => Mode::History,
        (_, _, true, _) => Mode::Staged,
        (.., true) => Mode::Stdin,
        _ => Mode::All,
    }
}

/// Fingerprints under the operator's key, where one is set.
pub(crate) fn fingerprinter() -> Fingerprinter {
    match std::env::var_os("KEYSWEEP_FINGERPRINT_KEY") {
        Some(key) if !key.is_empty() => Fingerprinter::keyed(Secret::new(key.into_encoded_bytes())),
        _ => Fingerprinter::plain(),
    }
}

/// Refuses before the sweep what could not be written after it.
fn check_reports(reports: &[(Format, PathBuf)]) -> anyhow::Result<()> {
    for (index, (_, path)) in reports.iter().enumerate() {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let shown = escape(path);
        if !parent.unwrap_or(Path::new(".")).is_dir() {
            bail!("--report {shown}: its directory does not exist; create it first");
        }
        if path.is_dir() {
            bail!("--report {shown}: a directory; name the file to write");
        }
        let is_same = |other: &PathBuf| place(other) == place(path);
        if reports[..index].iter().any(|(_, other)| is_same(other)) {
            bail!("--report {shown}: named twice; give each report a file of its own");
        }
    }
    Ok(())
}

/// Where a file is or would be, however it is spelt.
fn place(path: &Path) -> PathBuf {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new(".")).canonicalize();
    match (parent, path.file_name()) {
        (Ok(parent), Some(name)) => parent.join(name),
        _ => path.to_owned(),
    }
}

fn write_all(args: &ScanArgs, report: &Report, interrupt: &Interrupt) -> anyhow::Result<()> {
    for (format, path) in &args.reports {
        report::write_atomically(path, |out| report::render(report, *format, out))?;
    }
    if args.quiet && args.format == Format::Human {
        return Ok(());
    }
    interrupt.let_kill();
    let mut out = BufWriter::new(io::stdout().lock());
    let written = if args.format == Format::Human {
        human::render(report, style(), &mut out)
    } else {
        report::render(report, args.format, &mut out)
    };
    match written.and_then(|()| out.flush()) {
        // The reader had enough; the exit code still says what was found.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done.context("cannot write to standard output"),
    }
}

/// Colour where standard output is a terminal that has not refused it.
pub(crate) fn style() -> human::Style {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if !refused && io::stdout().is_terminal() { human::Style::Colour } else { human::Style::Plain }
}
