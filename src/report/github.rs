//! GitHub Actions workflow commands, shown as annotations.
//!
//! In: the versioned report. Out: one command a line: a summary, then each
//! unsuppressed place, worst first, since GitHub shows only the first ten of a
//! kind and step. The job summary is the `markdown` format, written to the
//! file that `GITHUB_STEP_SUMMARY` names. Knows neither the command line nor
//! how a key was found.

use std::io::{self, Write};

use data_encoding::HEXUPPER_PERMISSIVE;

use super::inert::{command_message, command_property};
use super::model::{Finding, Occurrence, Report};
use super::place;
use super::summary::{Summary, Tone, active_places, is_about_trust, state};
use crate::finding::{Severity, SourceKind};

/// Renders the report as workflow commands.
///
/// # Errors
///
/// Only what `out` answers.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let summary = Summary::of(report);
    let level = match summary.tone(report) {
        Tone::Clean => "notice",
        Tone::Incomplete | Tone::Exposed => "error",
        Tone::Dead => "warning",
    };
    writeln!(out, "::{level} title=Keysweep::{}", command_message(&summary.headline(report)))?;
    let mut findings = summary.active.clone();
    findings.sort_by_key(|finding| {
        (std::cmp::Reverse(finding.severity), std::cmp::Reverse(finding.confidence))
    });
    for finding in findings {
        for place in active_places(finding) {
            annotation(report, finding, place, out)?;
        }
    }
    for note in &report.notes {
        let level = if is_about_trust(note) { "warning" } else { "notice" };
        let file = note.path.as_deref().map(|path| format!("{}: ", unescaped(path)));
        let said = format!("{}{}", file.unwrap_or_default(), note.message);
        writeln!(out, "::{level} title=Note::{}", command_message(&said))?;
    }
    for skip in &summary.not_read {
        let said = format!("{} ({}): {}", skip.origin, skip.kind, skip.reason);
        writeln!(out, "::warning title=Not read::{}", command_message(&said))?;
    }
    if !summary.outside.is_empty() {
        let said = format!("{} things lie outside the scope", summary.outside.len());
        writeln!(out, "::notice title=Outside the scope::{said}")?;
    }
    Ok(())
}

fn annotation(
    report: &Report,
    finding: &Finding,
    place: &Occurrence,
    out: &mut dyn Write,
) -> io::Result<()> {
    let level = match (finding.severity, state(finding)) {
        (Severity::Low, _) | (_, "dead") => "notice",
        (Severity::Medium, _) => "warning",
        (Severity::Critical | Severity::High, _) => "error",
    };
    let title =
        report.rules.get(&finding.rule).map_or(finding.rule.as_str(), |rule| rule.title.as_str());
    let mut properties = String::new();
    // A line of an old commit is no line of the tree that is annotated, unless
    // the tree still holds the blob.
    let is_in_tree = match place.source {
        SourceKind::Worktree | SourceKind::Index => true,
        SourceKind::History => place.provenance.as_ref().is_some_and(|history| history.in_head),
        _ => false,
    };
    if let (true, Some(path)) = (is_in_tree, &place.path) {
        properties = format!(
            "file={},line={},col={},",
            command_property(&unescaped(path)),
            place.line,
            place.column
        );
    }
    let said = format!(
        "{}, {}, at {}; verdict: {}; fingerprint {}",
        finding.redacted,
        place.evidence,
        place::sentence(place),
        state(finding),
        finding.fingerprint,
    );
    writeln!(
        out,
        "::{level} {properties}title={}::{}",
        command_property(title),
        command_message(&said)
    )
}

/// The path as the file system has it, for an annotation is tied to a file by
/// its name; still escaped where that is not UTF-8.
fn unescaped(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let decoded =
            (first == b'%').then(|| HEXUPPER_PERMISSIVE.decode(after.get(..2)?).ok()).flatten();
        if let Some(decoded) = decoded {
            bytes.extend(decoded);
            rest = &after[2..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| path.to_owned())
}
