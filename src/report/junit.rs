//! `JUnit` XML, for CI systems that show tests.
//!
//! In: the versioned report. Out: one suite; a failed case for each
//! unsuppressed place, a skipped one for each suppressed finding, an error for
//! whatever was not read, and a passed one where all is well. Holds to what
//! both Ant's and Jenkins's schemas allow. Knows neither the command line nor
//! how a key was found.

use std::io::{self, Write};

use super::exposure::time;
use super::gitlab::zoneless;
use super::inert::markup;
use super::model::{Finding, Report};
use super::place;
use super::summary::{Summary, active_places, state};

/// Renders the report as `JUnit` XML.
///
/// # Errors
///
/// Only what `out` answers.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let summary = Summary::of(report);
    let failures = summary.places;
    let errors = summary.not_read.len() + usize::from(hides_incompleteness(report, &summary));
    let skipped = summary.suppressed.len();
    let passed = usize::from(failures + errors == 0);
    let tests = failures + errors + skipped + passed;
    let seconds = seconds(report);
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(out, "<testsuites>")?;
    writeln!(
        out,
        r#"  <testsuite name="keysweep" package="keysweep" id="0" timestamp="{}" hostname="localhost" tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}" time="{seconds}">"#,
        zoneless(&report.run.started_at),
    )?;
    properties(report, out)?;
    for finding in &summary.active {
        failed(report, finding, out)?;
    }
    for finding in &summary.suppressed {
        suppressed(finding, out)?;
    }
    for skip in &summary.not_read {
        case(
            out,
            "coverage",
            &format!("{} ({})", skip.origin, skip.kind),
            "error",
            &skip.reason,
            "",
        )?;
    }
    if hides_incompleteness(report, &summary) {
        case(out, "coverage", "scope", "error", "not everything in scope was read", "")?;
    }
    if passed == 1 {
        writeln!(
            out,
            r#"    <testcase classname="keysweep.coverage" name="everything in scope was read and holds no leaked key" time="0"/>"#
        )?;
    }
    writeln!(out, "    <system-out>{}</system-out>", markup(&summary.headline(report)))?;
    writeln!(out, "    <system-err></system-err>")?;
    writeln!(out, "  </testsuite>")?;
    writeln!(out, "</testsuites>")
}

/// Whether the report says "incomplete" and names nothing that was not read;
/// strict coverage counts what lies outside the scope.
fn hides_incompleteness(report: &Report, summary: &Summary<'_>) -> bool {
    !report.coverage.complete && summary.not_read.is_empty()
}

fn properties(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "    <properties>")?;
    let coverage = &report.coverage;
    for (name, value) in [
        ("tool", format!("{} {}", report.tool.name, report.tool.version)),
        ("complete", coverage.complete.to_string()),
        ("files", coverage.files.to_string()),
        ("blobs", coverage.blobs.to_string()),
        ("bytes", coverage.bytes.to_string()),
        ("commits", coverage.commits.to_string()),
        ("outside", Summary::of(report).outside.len().to_string()),
    ] {
        writeln!(out, r#"      <property name="{name}" value="{}"/>"#, markup(&value))?;
    }
    writeln!(out, "    </properties>")
}

fn failed(report: &Report, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let rule = report.rules.get(&finding.rule);
    let title = rule.map_or(finding.rule.as_str(), |rule| rule.title.as_str());
    let remedy = rule.map_or("", |rule| rule.remedy.as_str());
    for place in active_places(finding) {
        let message = format!("{title}: {}, {}", finding.redacted, state(finding));
        let text = format!(
            "{}\n{}\n{}\nfingerprint {}\nseverity {}, confidence {}\n{remedy}",
            place::sentence(place),
            place.excerpt,
            place.evidence,
            finding.fingerprint,
            finding.severity,
            place.confidence,
        );
        case(out, &finding.rule, &place::sentence(place), "failure", &message, &text)?;
    }
    Ok(())
}

fn suppressed(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let suppression = finding
        .suppression
        .as_ref()
        .or_else(|| finding.occurrences.iter().find_map(|place| place.suppression.as_ref()));
    let reason = suppression.map_or_else(String::new, |suppression| {
        let actor = suppression.actor.as_deref().unwrap_or("unknown");
        let expires = suppression.expires.as_deref().unwrap_or("never");
        format!("{}: {} (by {actor}, expires {expires})", suppression.kind, suppression.reason)
    });
    let name = finding.occurrences.first().map_or_else(
        || finding.redacted.clone(),
        |place| format!("{} {}", finding.redacted, place::sentence(place)),
    );
    case(out, &finding.rule, &name, "skipped", &reason, "")
}

fn case(
    out: &mut dyn Write,
    class: &str,
    name: &str,
    outcome: &str,
    message: &str,
    text: &str,
) -> io::Result<()> {
    // Ant's schema knows no type of a skipped case.
    let kind = if outcome == "skipped" { String::new() } else { format!(r#" type="{outcome}""#) };
    writeln!(
        out,
        r#"    <testcase classname="keysweep.{}" name="{}" time="0"><{outcome}{kind} message="{}">{}</{outcome}></testcase>"#,
        markup(class),
        markup(name),
        markup(message),
        text.lines().map(markup).collect::<Vec<_>>().join("\n"),
    )
}

fn seconds(report: &Report) -> String {
    let took = time(&report.run.started_at)
        .zip(time(&report.run.finished_at))
        .map_or(0, |(start, end)| {
            end.as_millisecond().saturating_sub(start.as_millisecond()).max(0)
        });
    format!("{}.{:03}", took / 1_000, took % 1_000)
}
