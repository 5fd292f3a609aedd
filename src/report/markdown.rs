//! Markdown, for an issue or a job summary.
//!
//! In: the versioned report. Out: GitHub's and GitLab's dialect, in which
//! whatever came from the scanned repository stands in code spans. Knows
//! neither the command line nor how a key was found.

use std::io::{self, Write};

use jiff::Timestamp;

use super::exposure::{COMMIT_DATE_CAVEAT, End, Exposure, Holders};
use super::inert::code_span;
use super::model::{Finding, Report, Skipped};
use super::place;
use super::steps::{blast_radius, next_steps};
use super::summary::{Summary, Tone, active_places, state};

/// A job summary may hold 1 MiB; places beyond this many a key are counted.
const MAX_PLACES: usize = 20;

/// Keys beyond this many have a row in the table, but no section.
const MAX_SECTIONS: usize = 25;

/// Skips beyond this many a kind of list are counted.
const MAX_SKIPS: usize = 50;

/// Renders the report as Markdown.
///
/// # Errors
///
/// Only what `out` answers.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let summary = Summary::of(report);
    let mark = match summary.tone(report) {
        Tone::Clean => "✅",
        Tone::Incomplete => "⚠️",
        Tone::Dead => "☑️",
        Tone::Exposed => "🚨",
    };
    writeln!(out, "# Keysweep report\n\n{mark} **{}**\n", summary.headline(report))?;
    if !summary.active.is_empty() {
        table(&summary, out)?;
        for finding in summary.active.iter().take(MAX_SECTIONS) {
            section(report, finding, out)?;
        }
        if summary.active.len() > MAX_SECTIONS {
            let more = summary.active.len() - MAX_SECTIONS;
            writeln!(
                out,
                "{more} more keys stand in the table alone; the `html` and `json` reports have all of them.\n"
            )?;
        }
        writeln!(out, "{COMMIT_DATE_CAVEAT}\n")?;
    }
    suppressed(&summary, out)?;
    coverage(report, &summary, out)?;
    if !report.notes.is_empty() {
        writeln!(out, "## Advice\n")?;
        for note in &report.notes {
            let path = note.path.as_deref().map(|path| format!("{}: ", code_span(path)));
            writeln!(out, "- {}{}", path.unwrap_or_default(), code_span(&note.message))?;
        }
        writeln!(out)?;
    }
    writeln!(
        out,
        "<sub>{} {}, {} to {}. The report holds masks and fingerprints, no key.</sub>",
        code_span(&report.tool.name),
        code_span(&report.tool.version),
        code_span(&report.run.started_at),
        code_span(&report.run.finished_at),
    )
}

fn table(summary: &Summary<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "| verdict | key | severity | rule | first place | places |")?;
    writeln!(out, "|---|---|---|---|---|--:|")?;
    for finding in &summary.active {
        let mut places = active_places(finding);
        let first = places.next().map(place::position).unwrap_or_default();
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            code_span(state(finding)),
            code_span(&finding.redacted),
            finding.severity,
            code_span(&finding.rule),
            code_span(&first),
            1 + places.count(),
        )?;
    }
    writeln!(out)
}

fn section(report: &Report, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## {}\n", code_span(&finding.redacted))?;
    writeln!(out, "Fingerprint {}\n", code_span(&finding.fingerprint.to_string()))?;
    exposure(report, finding, out)?;
    writeln!(out, "**Places**\n")?;
    let total = active_places(finding).count();
    for place in active_places(finding).take(MAX_PLACES) {
        writeln!(
            out,
            "- {}: {} ({} confidence)",
            code_span(&place::sentence(place)),
            code_span(&place.evidence),
            place.confidence,
        )?;
    }
    if total > MAX_PLACES {
        writeln!(out, "- and {} more", total - MAX_PLACES)?;
    }
    let holders = Holders::of(finding);
    writeln!(out, "\n**What still holds it**\n")?;
    for (said, names) in holders.sentences() {
        let names: Vec<String> = names.into_iter().take(MAX_PLACES).map(code_span).collect();
        let colon = if names.is_empty() { "" } else { ": " };
        writeln!(out, "- {said}{colon}{}", names.join(", "))?;
    }
    writeln!(out, "- {}\n", holders.elsewhere())?;
    writeln!(out, "**What it opens**\n")?;
    for step in blast_radius(finding) {
        writeln!(out, "- {} _({})_", step.text, step.basis.mark())?;
    }
    writeln!(out, "\n**What to do**\n")?;
    for (at, step) in next_steps(finding).iter().enumerate() {
        writeln!(out, "{}. {} _({})_", at + 1, step.text, step.basis.mark())?;
    }
    writeln!(out)
}

fn exposure(report: &Report, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let exposure = Exposure::of(finding, &report.run);
    let at = |time: Option<Timestamp>| time.map_or_else(|| "–".to_owned(), |time| time.to_string());
    let from = |moment: Option<super::exposure::Moment<'_>>| {
        moment.map_or_else(
            || "–".to_owned(),
            |moment| format!("{} in {}", moment.at, code_span(place::short(&moment.commit.id))),
        )
    };
    writeln!(out, "| introduced | removed | found | seen live | revoked | end |")?;
    writeln!(out, "|---|---|---|---|---|---|")?;
    writeln!(
        out,
        "| {} | {} | {} | {} | {} | {} |\n",
        from(exposure.introduced),
        if exposure.in_tree { "still in the tree".to_owned() } else { from(exposure.removed) },
        at(exposure.found),
        at(exposure.seen_live),
        at(exposure.revoked),
        match exposure.end {
            End::Dead(time) => format!("proven dead {time}"),
            End::Live => "**open: the key is live**".to_owned(),
            End::Unproven => "open: not proven dead".to_owned(),
        },
    )
}

fn suppressed(summary: &Summary<'_>, out: &mut dyn Write) -> io::Result<()> {
    if summary.suppressed.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Suppressed: {}\n", summary.suppressed.len())?;
    for finding in &summary.suppressed {
        let suppression = finding
            .suppression
            .as_ref()
            .or_else(|| finding.occurrences.iter().find_map(|place| place.suppression.as_ref()));
        let Some(suppression) = suppression else { continue };
        writeln!(
            out,
            "- {} ({}): {}, by {}, expires {}",
            code_span(&finding.redacted),
            code_span(&suppression.kind),
            code_span(&suppression.reason),
            code_span(suppression.actor.as_deref().unwrap_or("unknown")),
            code_span(suppression.expires.as_deref().unwrap_or("never")),
        )?;
    }
    writeln!(out)
}

fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn coverage(report: &Report, summary: &Summary<'_>, out: &mut dyn Write) -> io::Result<()> {
    let coverage = &report.coverage;
    writeln!(
        out,
        "## Coverage: {}\n\n{}, {}, {}, {}.\n",
        if coverage.complete { "complete" } else { "**incomplete**" },
        counted(coverage.files, "file"),
        counted(coverage.blobs, "blob"),
        counted(coverage.commits, "commit"),
        counted(coverage.bytes, "byte"),
    )?;
    skips("Not read", &summary.not_read, out)?;
    skips("Outside the scope", &summary.outside, out)?;
    if !coverage.cannot_hold.is_empty() {
        writeln!(out, "Not seen, because no clone holds it:\n")?;
        for what in &coverage.cannot_hold {
            writeln!(out, "- {}", code_span(what))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn skips(title: &str, skips: &[&Skipped], out: &mut dyn Write) -> io::Result<()> {
    if skips.is_empty() {
        return Ok(());
    }
    writeln!(out, "{title}: {}\n", skips.len())?;
    for skip in skips.iter().take(MAX_SKIPS) {
        writeln!(
            out,
            "- {} ({}): {}",
            code_span(&skip.origin),
            code_span(&skip.kind),
            code_span(&skip.reason)
        )?;
    }
    if skips.len() > MAX_SKIPS {
        writeln!(out, "- and {} more", skips.len() - MAX_SKIPS)?;
    }
    writeln!(out)
}
