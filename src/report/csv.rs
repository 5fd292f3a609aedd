//! One place a row, for a spreadsheet.
//!
//! In: the versioned report. Out: RFC 4180 with a header row, every field
//! quoted and none a formula. Suppressed places have rows of their own kind,
//! and so has whatever was not read: a file with a header alone means that all
//! was read and nothing found. Knows neither the command line nor how a key
//! was found.

use std::io::{self, Write};

use super::inert::csv_field;
use super::model::{Finding, Occurrence, Report, Skipped, Suppression};
use super::summary::{Summary, state};

const COLUMNS: [&str; 29] = [
    "kind",
    "rule",
    "severity",
    "confidence",
    "verdict",
    "fingerprint",
    "redacted",
    "source",
    "repository",
    "path",
    "line",
    "column",
    "encodings",
    "evidence",
    "blob",
    "commit",
    "author",
    "author_date",
    "commit_date",
    "removed_commit",
    "removed_date",
    "in_head",
    "refs",
    "remote_refs",
    "suppression",
    "suppression_reason",
    "suppression_actor",
    "suppression_expires",
    "reason",
];

/// Renders the report as comma-separated values.
///
/// # Errors
///
/// Only what `out` answers.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    row(out, &COLUMNS.map(String::from))?;
    for finding in &report.findings {
        for place in &finding.occurrences {
            row(out, &occurrence(finding, place))?;
        }
    }
    let summary = Summary::of(report);
    for (kind, skips) in [("not-read", &summary.not_read), ("outside", &summary.outside)] {
        for skip in skips {
            row(out, &skipped(kind, skip))?;
        }
    }
    if !report.coverage.complete && summary.not_read.is_empty() {
        let scope = Skipped {
            origin: String::new(),
            kind: String::new(),
            reason: "not everything in scope was read".to_owned(),
        };
        row(out, &skipped("not-read", &scope))?;
    }
    Ok(())
}

fn occurrence(finding: &Finding, place: &Occurrence) -> [String; COLUMNS.len()] {
    let held_back: Option<&Suppression> =
        finding.suppression.as_ref().or(place.suppression.as_ref());
    let history = place.provenance.as_ref();
    let removed = history.and_then(|history| history.removed.as_ref());
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    [
        (if held_back.is_some() { "suppressed" } else { "finding" }).to_owned(),
        finding.rule.clone(),
        finding.severity.to_string(),
        place.confidence.to_string(),
        state(finding).to_owned(),
        finding.fingerprint.to_string(),
        finding.redacted.clone(),
        place.source.to_string(),
        text(place.repository.as_deref()),
        text(place.path.as_deref()),
        place.line.to_string(),
        place.column.to_string(),
        place.encodings.join(" "),
        place.evidence.clone(),
        text(place.blob.as_deref()),
        text(place.commit.as_deref()),
        text(place.author.as_deref()),
        text(place.date.as_deref()),
        text(history.and_then(|h| h.introduced.as_ref()?.commit_date.as_deref())),
        text(removed.map(|commit| commit.id.as_str())),
        text(removed.and_then(|commit| commit.commit_date.as_deref())),
        history.map_or_else(String::new, |history| history.in_head.to_string()),
        history.map_or_else(String::new, |history| history.refs.join(" ")),
        history.map_or_else(String::new, |history| history.remote_refs.join(" ")),
        text(held_back.map(|s| s.kind.as_str())),
        text(held_back.map(|s| s.reason.as_str())),
        text(held_back.and_then(|s| s.actor.as_deref())),
        text(held_back.and_then(|s| s.expires.as_deref())),
        String::new(),
    ]
}

fn skipped(kind: &str, skip: &Skipped) -> [String; COLUMNS.len()] {
    let mut fields = [const { String::new() }; COLUMNS.len()];
    kind.clone_into(&mut fields[0]);
    skip.origin.clone_into(&mut fields[9]);
    fields[COLUMNS.len() - 1] = format!("{}: {}", skip.kind, skip.reason);
    fields
}

fn row(out: &mut dyn Write, fields: &[String; COLUMNS.len()]) -> io::Result<()> {
    let fields: Vec<String> = fields.iter().map(|field| csv_field(field)).collect();
    write!(out, "{}\r\n", fields.join(","))
}
