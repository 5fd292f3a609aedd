//! One unsuppressed occurrence a line.
//!
//! In: the versioned report. Out: JSON lines for scripts. Knows neither the
//! command line nor how a key was found.

use std::io::{self, Write};

use serde::Serialize;

use super::json;
use super::model::Report;
use crate::finding::{Confidence, Severity, SourceKind};

#[derive(Serialize)]
struct Line<'a> {
    rule: &'a str,
    severity: Severity,
    confidence: Confidence,
    fingerprint: String,
    redacted: &'a str,
    source: SourceKind,
    repository: Option<&'a str>,
    path: Option<&'a str>,
    line: u64,
    column: u64,
    blob: Option<&'a str>,
    commit: Option<&'a str>,
    author: Option<&'a str>,
    date: Option<&'a str>,
}

/// Renders every unsuppressed occurrence as one line of JSON.
///
/// # Errors
///
/// Only what `out` answers.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for finding in report.findings.iter().filter(|finding| finding.suppression.is_none()) {
        for place in finding.occurrences.iter().filter(|place| place.suppression.is_none()) {
            let line = Line {
                rule: &finding.rule,
                severity: finding.severity,
                confidence: place.confidence,
                fingerprint: finding.fingerprint.to_string(),
                redacted: &finding.redacted,
                source: place.source,
                repository: place.repository.as_deref(),
                path: place.path.as_deref(),
                line: place.line,
                column: place.column,
                blob: place.blob.as_deref(),
                commit: place.commit.as_deref(),
                author: place.author.as_deref(),
                date: place.date.as_deref(),
            };
            json::write_line(out, &line)?;
        }
    }
    Ok(())
}
