//! One self-contained page.
//!
//! In: the versioned report. Out: HTML with its style and script inline and a
//! content security policy that allows those two, by their digests, and
//! nothing else: no request, no form, no other script. Whatever came from the
//! scanned repository is escaped text. Without its script the page shows
//! everything; the script adds sorting, filtering and folding. Knows neither
//! the command line nor how a key was found.

mod keys;
mod timeline;

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write};

use data_encoding::BASE64;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest as _, Sha256};

use super::exposure::{COMMIT_DATE_CAVEAT, time};
use super::inert::markup;
use super::model::{Report, Skipped};
use super::steps::{Step, blast_radius, next_steps};
use super::summary::{Summary, Tone, state};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Runs before the body is there, so that a page with thousands of keys is laid
/// out once, folded, rather than again and again while it is read.
const FIRST_SCRIPT: &str = r#"document.documentElement.className = "js reading";"#;

/// Lists of skips longer than this are folded.
const MAX_OPEN_SKIPS: usize = 12;

/// Renders the report as a page.
///
/// # Errors
///
/// Only what `out` answers.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut summary = Summary::of(report);
    summary.active.sort_by_key(|finding| (keys::urgency(finding).0, Reverse(finding.severity)));
    head(report, &summary, out)?;
    writeln!(out, "<main id=\"main\">")?;
    banner(report, &summary, out)?;
    tiles(&summary, out)?;
    if !summary.active.is_empty() {
        timeline::render(report, &summary, out)?;
        keys::render(report, &summary, out)?;
        steps(&summary, out)?;
        rules(report, &summary, out)?;
    }
    suppressed(&summary, out)?;
    coverage(report, &summary, out)?;
    notes(report, out)?;
    writeln!(out, "</main>")?;
    foot(report, out)
}

fn head(report: &Report, summary: &Summary<'_>, out: &mut dyn Write) -> io::Result<()> {
    let style = text_node(STYLE);
    writeln!(
        out,
        r##"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '{}'; script-src '{}' '{}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex, nofollow">
<title>Keysweep report: {}</title>
<script>{FIRST_SCRIPT}</script>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<header class="top">
<div class="brand"><svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="8" cy="12" r="4.5"/><path d="M12.5 12H22M18 12v4M21.5 12v3"/></svg>Keysweep</div>
<h1>Leak report</h1>
<dl class="facts">"##,
        digest(&style),
        digest(FIRST_SCRIPT),
        digest(&text_node(SCRIPT)),
        markup(&summary.headline(report)),
    )?;
    let roots: Vec<String> = report
        .scope
        .roots
        .iter()
        .map(|root| format!("<code>{}</code> ({})", markup(&root.path), markup(&root.kind)))
        .collect();
    for (name, value) in [
        ("Swept", roots.join(", ")),
        (
            "In",
            report
                .scope
                .working_directory
                .as_deref()
                .map_or_else(String::new, |at| format!("<code>{}</code>", markup(at))),
        ),
        ("Mode", mode(report)),
        ("Began", moment(&report.run.started_at)),
        ("Ended", moment(&report.run.finished_at)),
    ] {
        if !value.is_empty() {
            writeln!(out, "<div><dt>{name}</dt><dd>{value}</dd></div>")?;
        }
    }
    writeln!(out, "</dl>\n</header>")
}

fn mode(report: &Report) -> String {
    let range = report
        .scope
        .range
        .as_deref()
        .map_or_else(String::new, |range| format!(" <code>{}</code>", markup(range)));
    format!("{}{range}", markup(&report.scope.mode))
}

/// The text as the browser's parser hands it on, for that is what its digest
/// is compared with.
fn text_node(asset: &str) -> String {
    asset.replace('\r', "")
}

fn digest(asset: &str) -> String {
    format!("sha256-{}", BASE64.encode(&Sha256::digest(asset.as_bytes())))
}

fn banner(report: &Report, summary: &Summary<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (class, mark) = match summary.tone(report) {
        Tone::Clean => ("clean", "✓"),
        Tone::Incomplete => ("incomplete", "!"),
        Tone::Dead => ("dead", "✓"),
        Tone::Exposed => ("exposed", "!"),
    };
    writeln!(
        out,
        r#"<section class="banner {class}" aria-label="Result"><span class="mark" aria-hidden="true">{mark}</span><p>{}</p></section>"#,
        markup(&summary.headline(report)),
    )
}

fn tiles(summary: &Summary<'_>, out: &mut dyn Write) -> io::Result<()> {
    let verdicts = |state: &str| summary.verdicts.get(state).copied().unwrap_or(0);
    let dead = verdicts("dead");
    let tone = |bad: bool, class: &'static str| if bad { class } else { "" };
    writeln!(out, "<dl class=\"tiles\">")?;
    for (name, count, class) in [
        ("leaked keys", summary.active.len(), ""),
        ("live", verdicts("live"), tone(verdicts("live") > 0, "bad")),
        (
            "neither live nor dead",
            summary.active.len() - dead - verdicts("live"),
            tone(summary.active.len() > dead + verdicts("live"), "warn"),
        ),
        ("proven dead", dead, tone(dead > 0, "good")),
        ("places", summary.places, ""),
        ("suppressed", summary.suppressed.len(), ""),
        ("not read", summary.not_read.len(), tone(!summary.not_read.is_empty(), "warn")),
    ] {
        writeln!(
            out,
            r#"<div class="{class}"><dt>{name}</dt><dd>{}</dd></div>"#,
            grouped(count as u64)
        )?;
    }
    writeln!(out, "</dl>")
}

/// What to do, once for each distinct list of steps.
fn steps(summary: &Summary<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        r#"<section id="steps" aria-labelledby="steps-title"><h2 id="steps-title">What the keys open, and what to do</h2>
<p class="dim">Each sentence is marked with what it rests on.</p>"#
    )?;
    for group in step_groups(summary) {
        let finding = group[0];
        let scope = finding.verdict.as_ref().and_then(|verdict| verdict.key_scope.as_deref());
        let names: Vec<String> = group
            .iter()
            .take(12)
            .map(|finding| {
                format!(
                    r##"<a href="#{}"><code>{}</code></a>"##,
                    keys::anchor(finding),
                    markup(&finding.redacted)
                )
            })
            .collect();
        let more = group.len().saturating_sub(12);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        writeln!(
            out,
            r#"<h3><span class="tag {}">{}</span> scope {}: {}{more}</h3>
<ul>"#,
            keys::urgency(finding).1,
            markup(state(finding)),
            markup(scope.unwrap_or("not known")),
            names.join(", "),
        )?;
        for step in blast_radius(finding) {
            writeln!(out, "<li>{}</li>", sentence(step))?;
        }
        writeln!(out, "</ul>\n<ol class=\"steps\">")?;
        for step in next_steps(finding) {
            writeln!(out, "<li>{}</li>", sentence(step))?;
        }
        writeln!(out, "</ol>")?;
    }
    writeln!(out, "</section>")
}

fn step_groups<'a>(summary: &Summary<'a>) -> Vec<Vec<&'a super::model::Finding>> {
    let mut groups: Vec<Vec<&super::model::Finding>> = Vec::new();
    for finding in &summary.active {
        let same = |group: &&mut Vec<&super::model::Finding>| {
            state(group[0]) == state(finding)
                && blast_radius(group[0]) == blast_radius(finding)
                && next_steps(group[0]) == next_steps(finding)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

fn sentence(step: Step) -> String {
    format!(r#"{} <span class="basis">{}</span>"#, prose(step.text), step.basis.mark())
}

/// Sentences in which code stands in backticks.
fn prose(text: &str) -> String {
    let mut said = String::new();
    for (at, part) in text.split('`').enumerate() {
        let part = markup(part);
        let _ =
            if at % 2 == 1 { write!(said, "<code>{part}</code>") } else { write!(said, "{part}") };
    }
    said
}

fn rules(report: &Report, summary: &Summary<'_>, out: &mut dyn Write) -> io::Result<()> {
    let broken: BTreeSet<&String> = summary.active.iter().map(|finding| &finding.rule).collect();
    writeln!(
        out,
        r#"<section id="rules" aria-labelledby="rules-title"><h2 id="rules-title">Rules that found them</h2>"#
    )?;
    for (id, rule) in report.rules.iter().filter(|(id, _)| broken.contains(id)) {
        writeln!(
            out,
            "<h3><code>{}</code></h3>\n<p><strong>{}.</strong> {} {}</p>",
            markup(id),
            markup(&rule.title),
            prose(&rule.description),
            prose(&rule.remedy),
        )?;
    }
    writeln!(out, "</section>")
}

fn suppressed(summary: &Summary<'_>, out: &mut dyn Write) -> io::Result<()> {
    if summary.suppressed.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        r#"<section aria-labelledby="suppressed-title"><h2 id="suppressed-title">Suppressed</h2>
<p class="dim">Held back on somebody's word, and counted here so that nothing is hidden.</p>
<div class="scroll"><table><thead><tr><th scope="col">Key</th><th scope="col">Said in</th><th scope="col">Reason</th><th scope="col">By</th><th scope="col">Expires</th><th scope="col">First place</th></tr></thead><tbody>"#
    )?;
    for finding in &summary.suppressed {
        let suppression = finding
            .suppression
            .as_ref()
            .or_else(|| finding.occurrences.iter().find_map(|place| place.suppression.as_ref()));
        let Some(suppression) = suppression else { continue };
        let place = finding.occurrences.first().map(super::place::position).unwrap_or_default();
        writeln!(
            out,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td><code>{}</code></td></tr>",
            markup(&finding.redacted),
            markup(&suppression.kind),
            markup(&suppression.reason),
            markup(suppression.actor.as_deref().unwrap_or("not recorded")),
            markup(suppression.expires.as_deref().unwrap_or("never")),
            markup(&place),
        )?;
    }
    writeln!(out, "</tbody></table></div></section>")
}

fn coverage(report: &Report, summary: &Summary<'_>, out: &mut dyn Write) -> io::Result<()> {
    let coverage = &report.coverage;
    let (class, said) =
        if coverage.complete { ("good", "complete") } else { ("warn", "incomplete") };
    writeln!(
        out,
        r#"<section id="coverage" aria-labelledby="coverage-title"><h2 id="coverage-title">Coverage <span class="tag {class}">{said}</span></h2>
<p class="dim">What was read, what was not, and what no sweep of a clone can see.</p>
<dl class="tiles"><div><dt>files</dt><dd>{}</dd></div><div><dt>blobs in history</dt><dd>{}</dd></div><div><dt>commits</dt><dd>{}</dd></div><div><dt>{} read</dt><dd>{}</dd></div></dl>"#,
        grouped(coverage.files),
        grouped(coverage.blobs),
        grouped(coverage.commits),
        size(coverage.bytes).1,
        size(coverage.bytes).0,
    )?;
    skips("In scope, and not read", &summary.not_read, out)?;
    skips("Outside the scope", &summary.outside, out)?;
    if report.run.below_min_confidence > 0 {
        writeln!(
            out,
            "<p>{} places below the confidence asked for ({}) were counted and left out.</p>",
            grouped(report.run.below_min_confidence),
            report.run.min_confidence,
        )?;
    }
    if !coverage.cannot_hold.is_empty() {
        writeln!(out, "<h3>Not in any clone, so not seen here</h3>\n<ul>")?;
        for what in &coverage.cannot_hold {
            writeln!(out, "<li>{}</li>", markup(what))?;
        }
        writeln!(out, "</ul>")?;
    }
    writeln!(out, "</section>")
}

fn skips(title: &str, skips: &[&Skipped], out: &mut dyn Write) -> io::Result<()> {
    if skips.is_empty() {
        return Ok(());
    }
    let folded = skips.len() > MAX_OPEN_SKIPS;
    writeln!(out, "<h3>{title}: {}</h3>", grouped(skips.len() as u64))?;
    if folded {
        writeln!(out, "<details><summary>Show all</summary>")?;
    }
    writeln!(out, "<ul>")?;
    for skip in skips {
        writeln!(
            out,
            r#"<li><code>{}</code> <span class="tag">{}</span> {}</li>"#,
            markup(&skip.origin),
            markup(&skip.kind),
            markup(&skip.reason),
        )?;
    }
    writeln!(out, "</ul>")?;
    if folded {
        writeln!(out, "</details>")?;
    }
    Ok(())
}

fn notes(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.notes.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        r#"<section aria-labelledby="notes-title"><h2 id="notes-title">Advice</h2><ul>"#
    )?;
    for note in &report.notes {
        let path = note
            .path
            .as_deref()
            .map_or_else(String::new, |path| format!("<code>{}</code>: ", markup(path)));
        writeln!(out, "<li>{path}{}</li>", prose(&note.message))?;
    }
    writeln!(out, "</ul></section>")
}

fn foot(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        r"<footer><p>{}</p><p>Made by {} {} from a <code>{}</code>. It holds masks and fingerprints, no key. It asks the network for nothing.</p></footer>
<script>{}</script>
</body>
</html>",
        markup(COMMIT_DATE_CAVEAT),
        markup(&report.tool.name),
        markup(&report.tool.version),
        markup(&report.schema),
        text_node(SCRIPT),
    )
}

/// A report's time for a reader, in UTC; as it stands where it is malformed.
fn moment(text: &str) -> String {
    time(text).map_or_else(|| markup(text), instant)
}

fn instant(at: Timestamp) -> String {
    format!(
        r#"<time datetime="{at}">{} UTC</time>"#,
        at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S")
    )
}

/// A number with thin spaces between its thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut said = String::with_capacity(digits.len() * 2);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            said.push('\u{202f}');
        }
        said.push(digit);
    }
    said
}

/// A count of bytes in the unit that a reader takes in.
fn size(bytes: u64) -> (String, &'static str) {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return (bytes.to_string(), "bytes");
    }
    let mut value = bytes as f64 / 1_000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1_000.0;
        unit += 1;
    }
    (format!("{value:.1}"), UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_readers() {
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(grouped(999), "999");
        assert_eq!(size(999), ("999".to_owned(), "bytes"));
        assert_eq!(size(73_400_320), ("73.4".to_owned(), "MB"));
    }
}
