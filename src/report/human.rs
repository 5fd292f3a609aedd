//! Text for a terminal: what was found, where, why it is believed, what next.
//!
//! In: the versioned report. Out: lines for a reader, every string of hostile
//! origin made inert. Knows neither the command line nor how a key was found.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::exposure::plural;
use super::inert::visible;
use super::model::{Finding, Occurrence, Report, Skipped};
use super::place;
use super::summary::{Summary, active_places};
use crate::finding::Severity;

/// Places shown of one key; the rest is counted.
const SHOWN_PLACES: usize = 8;

/// Things shown that could not be read; the rest is counted.
const SHOWN_SKIPS: usize = 20;

/// Columns of text, where it is wrapped.
const WIDTH: usize = 88;

/// How text is decorated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// No escape sequences.
    #[default]
    Plain,
    /// ANSI colours.
    Colour,
}

/// What a piece of text is, for its decoration.
#[derive(Clone, Copy)]
enum Ink {
    Alarm,
    Warning,
    Good,
    Place,
    Faint,
}

impl Style {
    fn paint(self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Alarm => "1;31",
            Ink::Warning => "1;33",
            Ink::Good => "1;32",
            Ink::Place => "1",
            Ink::Faint => "2",
        };
        match self {
            Self::Plain => text.to_owned(),
            Self::Colour => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }
}

/// Renders the report as text.
///
/// # Errors
///
/// Only what `out` answers.
pub fn render(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let summary = Summary::of(report);
    for finding in &summary.active {
        key(report, finding, style, out)?;
    }
    remedies(report, &summary, style, out)?;
    held_back(report, style, out)?;
    for note in &report.notes {
        let path = note.path.as_deref().map(|path| format!("{}: ", visible(path)));
        let text = format!("{}{}", path.unwrap_or_default(), visible(&note.message));
        wrapped(&style.paint(Ink::Warning, "note"), 4, &text, out)?;
    }
    if !report.notes.is_empty() {
        writeln!(out)?;
    }
    coverage(report, &summary, style, out)?;
    conclusion(report, &summary, style, out)
}

/// One key and the places that hold it.
fn key(report: &Report, finding: &Finding, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let title = report.rules.get(&finding.rule).map_or(&*finding.rule, |rule| &*rule.title);
    let places: Vec<&Occurrence> = active_places(finding).collect();
    let ink = if finding.severity >= Severity::High { Ink::Alarm } else { Ink::Warning };
    write!(
        out,
        "{}: {} {}",
        style.paint(ink, finding.severity.name()),
        visible(title),
        style.paint(Ink::Place, &visible(&finding.redacted)),
    )?;
    if places.len() > 1 {
        write!(out, ", in {} places", places.len())?;
    }
    if let Some(verdict) = &finding.verdict {
        let ink = if verdict.state == "dead" { Ink::Good } else { Ink::Alarm };
        write!(out, " [{}", style.paint(ink, &visible(&verdict.state)))?;
        if let Some(why) = &verdict.why {
            write!(out, ": {}", visible(why))?;
        }
        write!(out, "]")?;
    }
    writeln!(out)?;
    let shown = &places[..places.len().min(SHOWN_PLACES)];
    let gutter = shown.iter().map(|place| digits(place.line)).max().unwrap_or(1);
    for place in shown {
        occurrence(place, gutter, style, out)?;
    }
    if places.len() > shown.len() {
        let more = places.len() - shown.len();
        let text = format!("… and {more} more {}; --format json names all", place_word(more));
        writeln!(out, "{:gutter$} {}", "", style.paint(Ink::Faint, &text))?;
    }
    writeln!(out, "{:gutter$} {} {}", "", style.paint(Ink::Faint, "="), finding.fingerprint)?;
    writeln!(out)
}

/// A place: the line that holds the key, a caret under it, the reason.
fn occurrence(
    occurrence: &Occurrence,
    gutter: usize,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let bar = style.paint(Ink::Faint, "|");
    writeln!(
        out,
        "{:gutter$}{} {}",
        "",
        style.paint(Ink::Faint, "-->"),
        style.paint(Ink::Place, &visible(&place::position(occurrence)))
    )?;
    writeln!(
        out,
        "{} {bar} {}",
        style.paint(Ink::Faint, &format!("{:>gutter$}", occurrence.line)),
        visible(&occurrence.excerpt)
    )?;
    // The excerpt is escaped when it is made, so its characters are counted as
    // they are shown.
    let [start, length] = occurrence.excerpt_mask;
    // A report may be anybody's: a mask that lies outside its line points at
    // the line's end.
    let shown = occurrence.excerpt.chars().count();
    let start = start.min(shown);
    let length = length.min(shown - start).max(1);
    let mut reason = visible(&occurrence.evidence).into_owned();
    if !occurrence.encodings.is_empty() {
        reason.push_str(&format!(", read through {}", visible(&occurrence.encodings.join(" → "))));
    }
    writeln!(
        out,
        "{:gutter$} {bar} {}{} {reason}; {} confidence",
        "",
        " ".repeat(start),
        style.paint(Ink::Alarm, &"^".repeat(length)),
        occurrence.confidence
    )?;
    if let Some(line) = history(occurrence) {
        writeln!(out, "{:gutter$} {bar} {}", "", visible(&line))?;
    }
    Ok(())
}

/// What history says of a place, in one line.
fn history(occurrence: &Occurrence) -> Option<String> {
    let provenance = occurrence.provenance.as_ref()?;
    let mut line = match &provenance.introduced {
        Some(commit) => format!(
            "since {} by {}{}",
            place::short(&commit.id),
            commit.author,
            commit.author_date.as_deref().map(|date| format!(", {date}")).unwrap_or_default()
        ),
        None => held(&provenance.reach).to_owned(),
    };
    match &provenance.removed {
        Some(commit) => line.push_str(&format!("; removed in {}", place::short(&commit.id))),
        None if provenance.in_head => line.push_str("; still in HEAD"),
        None => {}
    }
    let refs = provenance.refs.len() + provenance.remote_refs.len();
    if refs > 0 {
        line.push_str(&format!("; held by {refs} {}", plural(refs, "ref", "refs")));
    }
    Some(line)
}

/// Where something lies that no known commit brought.
fn held(reach: &str) -> &'static str {
    match reach {
        "note" => "in a note",
        "stash" => "in the stash",
        "index" => "staged, in no commit",
        "reflog" => "named by a reflog alone",
        "nothing" => "named by nothing, until git collects it",
        _ => "named by refs",
    }
}

/// What to do next, once a rule.
fn remedies(
    report: &Report,
    summary: &Summary<'_>,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let rules: BTreeSet<&str> = summary.active.iter().map(|finding| &*finding.rule).collect();
    for rule in rules.into_iter().filter_map(|rule| report.rules.get(rule)) {
        let text = format!("({}) {}", visible(&rule.title), visible(&rule.remedy));
        wrapped(&style.paint(Ink::Good, "next"), 4, &text, out)?;
        writeln!(out)?;
    }
    Ok(())
}

/// What allows and baselines hold back, with the reason of each.
fn held_back(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let mut any = false;
    for finding in &report.findings {
        let whole = finding.suppression.as_ref().map(|by| (by, finding.redacted.clone()));
        let places = finding
            .occurrences
            .iter()
            .filter_map(|place| Some((place.suppression.as_ref()?, place::position(place))));
        for (by, what) in whole.into_iter().chain(places) {
            let mut text = format!("{} ({}): {}", what, by.kind, by.reason);
            for (name, value) in [("by", &by.actor), ("until", &by.expires)] {
                if let Some(value) = value {
                    text.push_str(&format!(", {name} {value}"));
                }
            }
            wrapped(&style.paint(Ink::Faint, "held back"), 9, &visible(&text), out)?;
            any = true;
        }
    }
    if any { writeln!(out) } else { Ok(()) }
}

fn coverage(
    report: &Report,
    summary: &Summary<'_>,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    for skipped in summary.not_read.iter().take(SHOWN_SKIPS) {
        let Skipped { origin, kind, reason } = skipped;
        let text = format!("{}: {} ({})", visible(origin), visible(reason), visible(kind));
        wrapped(&style.paint(Ink::Alarm, "not read"), 8, &text, out)?;
    }
    if summary.not_read.len() > SHOWN_SKIPS {
        let more = summary.not_read.len() - SHOWN_SKIPS;
        writeln!(out, "{} … and {more} more", style.paint(Ink::Alarm, "not read"))?;
    }
    let coverage = &report.coverage;
    let mut read = vec![counted(coverage.files, "file", "files")];
    if coverage.blobs > 0 || coverage.commits > 0 {
        read.push(counted(coverage.blobs, "blob", "blobs"));
        read.push(counted(coverage.commits, "commit", "commits"));
    }
    read.push(bytes(coverage.bytes));
    let mut text = format!("read {}", read.join(", "));
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for skipped in &summary.outside {
        *kinds.entry(&skipped.kind).or_default() += 1;
    }
    if !kinds.is_empty() {
        let kinds: Vec<String> =
            kinds.iter().map(|(kind, count)| format!("{count} {}", visible(kind))).collect();
        text.push_str(&format!("; left out {} (--format json names each)", kinds.join(", ")));
    }
    wrapped(&style.paint(Ink::Faint, "coverage"), 8, &text, out)?;
    if !coverage.cannot_hold.is_empty() {
        let text = format!("no clone holds {}", visible(&coverage.cannot_hold.join(", ")));
        wrapped(&style.paint(Ink::Faint, "coverage"), 8, &text, out)?;
    }
    Ok(())
}

fn conclusion(
    report: &Report,
    summary: &Summary<'_>,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let below = report.run.below_min_confidence;
    if below > 0 {
        let text = format!(
            "{} weaker {} not shown; --min-confidence low shows {}",
            grouped(below),
            plural(below as usize, "hit is", "hits are"),
            plural(below as usize, "it", "them"),
        );
        wrapped(&style.paint(Ink::Faint, "below"), 5, &text, out)?;
    }
    let ink = match report.run.exit_code {
        0 => Ink::Good,
        1 => Ink::Alarm,
        _ => Ink::Warning,
    };
    writeln!(out, "{}", style.paint(ink, &visible(&summary.headline(report))))?;
    if !summary.active.is_empty() && report.run.exit_code != 1 {
        writeln!(out, "None is of severity {} or above (--fail-on).", report.run.fail_on)?;
    }
    Ok(())
}

/// Writes a label and text wrapped beside it; `width` is what the label takes
/// on the terminal.
fn wrapped(label: &str, width: usize, text: &str, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{label}")?;
    let mut column = width;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column + 1 + length > WIDTH && column > width {
            write!(out, "\n{:width$}", "")?;
            column = width;
        }
        write!(out, " {word}")?;
        column += 1 + length;
    }
    writeln!(out)
}

fn digits(number: u64) -> usize {
    number.to_string().len()
}

fn place_word(count: usize) -> &'static str {
    plural(count, "place", "places")
}

fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if count < 1000 {
        return format!("{count} {}", if count == 1 { "byte" } else { "bytes" });
    }
    let mut value = count as f64;
    let mut unit = "";
    for name in UNITS {
        if value < 1000.0 {
            break;
        }
        value /= 1000.0;
        unit = name;
    }
    format!("{value:.1} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_at_a_glance() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(bytes(1), "1 byte");
        assert_eq!(bytes(999), "999 bytes");
        assert_eq!(bytes(48_200_000), "48.2 MB");
    }

    #[test]
    fn text_is_wrapped_beside_its_label() {
        let mut out = Vec::new();
        wrapped("note", 4, &"word ".repeat(30), &mut out).expect("a vector takes it");
        let text = String::from_utf8(out).expect("text");
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
        assert!(text.lines().skip(1).all(|line| line.starts_with("     word")), "{text}");
    }
}
