//! `keysweep report`: renders a report again, prints its schema, writes the
//! list that removes its keys from history.

use std::collections::HashMap;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use keysweep::report::model::Report;
use keysweep::report::{self, Format, Replacements, UnknownFormat, human};
use keysweep::sandbox::{self, Needs, Output};
use keysweep::secret::{Fingerprint, Secret};
use keysweep::source::path::escape;
use keysweep::verify::{GivenKeys, KeySource as _, read_keys};

use super::{Exit, core_dumps, input, output, scan};

/// The most that is read of a report.
const MAX_REPORT_BYTES: u64 = 1 << 30;

/// Renders a report in another format.
///
/// REPORT is what `--format json` or `--report json=PATH` wrote. Reads nothing
/// else and asks no network.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    keysweep report report.json --format html --output report.html\n  \
    keysweep report report.json --format markdown >> \"$GITHUB_STEP_SUMMARY\"\n  \
    keysweep report --schema > keysweep-report-1.schema.json\n  \
    keysweep report report.json --replacements --output replace.txt\n  \
    git filter-repo --replace-text replace.txt\n\n\
    Exit codes: 0 rendered, 2 could not.")]
pub(crate) struct ReportArgs {
    /// The report, or `-` for standard input.
    #[arg(value_name = "REPORT", required_unless_present = "schema")]
    report: Option<PathBuf>,

    /// human, json, jsonl, sarif, gitlab, junit, github, markdown, html or csv.
    #[arg(long, value_name = "FORMAT", default_value = "human", value_parser = parse_format)]
    format: Format,

    /// Writes to a file, readable by its owner alone, instead of to standard
    /// output.
    #[arg(long, value_name = "PATH")]
    output: Option<PathBuf>,

    /// Prints the JSON Schema of reports.
    #[arg(long, conflicts_with_all = ["report", "format", "replacements"])]
    schema: bool,

    /// Writes a list for `git filter-repo --replace-text` instead: a pattern of
    /// each key's mask and length, so that the list holds no key.
    #[arg(long, conflicts_with = "format")]
    replacements: bool,

    /// Puts keys in clear into that list: reads them from standard input, one a
    /// line; those that the report does not name are dropped.
    #[arg(long, requires = "replacements", requires = "output")]
    keys_stdin: bool,
}

fn parse_format(name: &str) -> Result<Format, UnknownFormat> {
    name.parse()
}

/// Runs `keysweep report`.
#[expect(clippy::needless_pass_by_value, reason = "every command takes its arguments whole")]
pub(crate) fn run(args: ReportArgs) -> anyhow::Result<Exit> {
    core_dumps::forbid();
    let outputs: Vec<Output> = args.output.iter().cloned().map(Output::File).collect();
    sandbox::enter(Needs::Nothing, &outputs, &[]);
    if args.schema {
        write(&args, |out| out.write_all(report::JSON_SCHEMA.as_bytes()))?;
        return Ok(Exit::Clean);
    }
    let path = args.report.as_deref().context("name the report to render")?;
    if args.keys_stdin && (path == Path::new("-") || input::is_at(path)) {
        bail!(
            "`{}` and --keys-stdin both read standard input; name the report's file",
            escape(path)
        );
    }
    let report = read(path)?;
    if args.replacements {
        replacements(&args, &report)?;
    } else if args.output.is_none() && args.format == Format::Human {
        write(&args, |out| human::render(&report, scan::style(), out))?;
    } else {
        write(&args, |out| report::render(&report, args.format, out))?;
    }
    Ok(Exit::Clean)
}

/// Reads the report at a path.
fn read(path: &Path) -> anyhow::Result<Report> {
    let mut bytes = Vec::new();
    let (shown, taken) = if path == Path::new("-") {
        let taken = io::stdin().lock().take(MAX_REPORT_BYTES + 1).read_to_end(&mut bytes);
        ("standard input".to_owned(), taken)
    } else {
        let taken = std::fs::File::open(path)
            .and_then(|file| file.take(MAX_REPORT_BYTES + 1).read_to_end(&mut bytes));
        (escape(path), taken)
    };
    taken.with_context(|| format!("{shown}: cannot be read"))?;
    if bytes.len() as u64 > MAX_REPORT_BYTES {
        bail!("{shown}: larger than 1 GiB, which no report is");
    }
    report::read(&bytes).with_context(|| shown)
}

fn replacements(args: &ReportArgs, report: &Report) -> anyhow::Result<()> {
    let keys: HashMap<Fingerprint, Secret> = if args.keys_stdin {
        let given = read_keys(io::stdin().lock()).context("cannot read keys")?;
        GivenKeys::new(given, scan::fingerprinter()).keys(report)?
    } else {
        HashMap::new()
    };
    let made = Replacements::of(report, &keys);
    write(args, |out| out.write_all(&made.text))?;
    output::remark(&format!(
        "{} keys in clear, {} patterns of masks; rewriting history hides a key, revoking it makes \
         it worthless",
        made.in_clear, made.patterns
    ));
    for sentence in &made.left_out {
        output::remark(&format!("not in the list: {}", report::inert::visible(sentence)));
    }
    Ok(())
}

/// Writes to the file that was named, or to standard output.
fn write(
    args: &ReportArgs,
    fill: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
) -> anyhow::Result<()> {
    if let Some(path) = &args.output {
        return Ok(report::write_atomically(path, fill)?);
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    match fill(&mut out).and_then(|()| out.flush()) {
        // The reader had enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done.context("cannot write to standard output"),
    }
}
