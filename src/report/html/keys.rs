//! The table of keys: one row each, and one that folds with all its facts.
//!
//! In: a report and its summary. Out: a section of the page. What folds stands
//! in `noscript`: a browser with the script reads it as one text, and as
//! markup only when it is opened (5,000 keys are 500,000 elements, which took
//! 1.3 s to read), a browser without it shows everything.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::super::exposure::{End, Exposure, Holders};
use super::super::inert::markup;
use super::super::model::{Finding, Occurrence, Report, Verdict};
use super::super::place;
use super::super::summary::{Summary, active_places, state};
use super::{grouped, instant, moment};
use crate::finding::{Confidence, Severity, SourceKind};

/// A key with more places has the rest counted; `json` and `csv` list all.
const MAX_PLACES: usize = 200;

/// The id of a key's row. Two rules may find the same key.
pub(super) fn anchor(finding: &Finding) -> String {
    let rule: String = finding.rule.chars().filter(char::is_ascii_alphanumeric).take(24).collect();
    format!("k-{}-{rule}", &finding.fingerprint.hex()[..16])
}

/// Renders the section.
pub(super) fn render(
    report: &Report,
    summary: &Summary<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(
        out,
        r#"<section id="findings" aria-labelledby="findings-title"><h2 id="findings-title">Keys found</h2>"#
    )?;
    controls(summary, out)?;
    writeln!(
        out,
        r#"<div class="scroll" tabindex="0" role="region" aria-label="Table of keys"><table id="keys">
<colgroup><col class="c1"><col class="c2"><col class="c3"><col class="c4"><col class="c5"><col class="c6"><col class="c7"></colgroup>
<thead><tr>
<th scope="col" data-sort="rank" data-numeric aria-sort="ascending"><button type="button">Verdict</button></th>
<th scope="col" data-sort="weight" data-numeric><button type="button">Severity</button></th>
<th scope="col" data-sort="mask"><button type="button">Key</button></th>
<th scope="col" data-sort="rule"><button type="button">Rule</button></th>
<th scope="col" data-sort="place"><button type="button">First place</button></th>
<th scope="col" class="num" data-sort="places" data-numeric><button type="button">Places</button></th>
<th scope="col" data-sort="since" data-numeric><button type="button">Since</button></th>
</tr></thead>
<tbody>"#
    )?;
    for (at, finding) in summary.active.iter().enumerate() {
        row(report, finding, at, out)?;
    }
    writeln!(
        out,
        "</tbody></table></div><button type=\"button\" class=\"more\" id=\"more\" hidden></button></section>"
    )
}

fn controls(summary: &Summary<'_>, out: &mut dyn Write) -> io::Result<()> {
    let severities: BTreeSet<Severity> = summary.active.iter().map(|f| f.severity).collect();
    let sources: BTreeSet<SourceKind> =
        summary.active.iter().flat_map(|f| active_places(f)).map(|place| place.source).collect();
    let choice = |id: &str, label: &str, all: &str, names: Vec<String>| {
        let options = names.iter().fold(String::new(), |options, name| {
            format!(r#"{options}<option value="{0}">{0}</option>"#, markup(name))
        });
        format!(
            r#"<label>{label}<select id="{id}"><option value="">{all}</option>{options}</select></label>"#
        )
    };
    writeln!(
        out,
        r#"<div class="controls"><label>Search<input id="search" type="search" placeholder="path, author, fingerprint …" autocomplete="off" spellcheck="false"></label>{}{}{}<button type="button" id="open-all" aria-pressed="false">Open all</button><output id="shown" role="status" aria-live="polite"></output></div>"#,
        choice(
            "by-verdict",
            "Verdict",
            "any verdict",
            summary.verdicts.keys().map(ToString::to_string).collect()
        ),
        choice(
            "by-severity",
            "Severity",
            "any severity",
            severities.iter().rev().map(ToString::to_string).collect()
        ),
        choice(
            "by-source",
            "Found in",
            "anywhere",
            sources.iter().map(ToString::to_string).collect()
        ),
    )
}

/// The order of urgency, its colour, and the verdict's name.
pub(super) fn urgency(finding: &Finding) -> (u8, &'static str) {
    match state(finding) {
        "live" => (0, "bad"),
        "unknown" => (1, "warn"),
        "not asked" => (2, "warn"),
        "rejected" => (3, ""),
        "dead" => (5, "good"),
        _ => (4, "warn"),
    }
}

fn row(report: &Report, finding: &Finding, at: usize, out: &mut dyn Write) -> io::Result<()> {
    let exposure = Exposure::of(finding, &report.run);
    let places: Vec<&Occurrence> = active_places(finding).collect();
    let sources: BTreeSet<&str> = places.iter().map(|place| place.source.name()).collect();
    let (rank, tone) = urgency(finding);
    let (weight, severity_tone) = match finding.severity {
        Severity::Critical => (0, "bad"),
        Severity::High => (1, "bad"),
        Severity::Medium => (2, "warn"),
        Severity::Low => (3, ""),
    };
    let first = places.first().map(|place| place::position(place)).unwrap_or_default();
    let since = exposure.start().map_or(i64::MAX, jiff::Timestamp::as_second);
    let day = exposure
        .introduced
        .map_or_else(|| "–".to_owned(), |moment| moment.at.strftime("%Y-%m-%d").to_string());
    writeln!(
        out,
        r##"<tr class="key" id="{anchor}" data-rank="{rank}" data-weight="{weight}" data-verdict="{state}" data-severity="{severity}" data-sources="{sources}" data-mask="{mask}" data-rule="{rule}" data-place="{first}" data-places="{count}" data-since="{since}"><td><span class="tag {tone}">{state}</span></td><td><span class="tag {severity_tone}">{severity}</span></td><td><button type="button" class="open-key" aria-expanded="false" aria-controls="d{at}">{mask}</button></td><td><a href="#rules">{rule}</a></td><td><code>{first}</code></td><td class="num">{count}</td><td>{day}</td></tr>"##,
        anchor = anchor(finding),
        state = markup(state(finding)),
        severity = finding.severity,
        sources = sources.into_iter().collect::<Vec<_>>().join(" "),
        mask = markup(&finding.redacted),
        rule = markup(&finding.rule),
        first = markup(&first),
        count = places.len(),
    )?;
    writeln!(out, r#"<tr class="detail" id="d{at}"><td colspan="7"><noscript>"#)?;
    detail(finding, &exposure, &places, out)?;
    writeln!(out, "</noscript></td></tr>")
}

fn detail(
    finding: &Finding,
    exposure: &Exposure<'_>,
    places: &[&Occurrence],
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(
        out,
        r#"<div class="columns"><div><h3>Key</h3><dl class="pairs"><dt>Fingerprint</dt><dd><code>{}</code></dd><dt>Confidence</dt><dd>{}</dd>"#,
        finding.fingerprint,
        confidence(finding.confidence),
    )?;
    if let Some(verdict) = &finding.verdict {
        verdict_facts(verdict, out)?;
    }
    writeln!(
        out,
        r##"</dl><p><a href="#steps">What it opens, and what to do</a></p></div><div><h3>Exposure</h3><dl class="pairs">"##
    )?;
    exposure_facts(exposure, out)?;
    writeln!(out, "</dl></div><div><h3>What still holds it</h3><ul>")?;
    let holders = Holders::of(finding);
    for (said, names) in holders.sentences() {
        let shown: Vec<String> =
            names.iter().take(20).map(|name| format!("<code>{}</code>", markup(name))).collect();
        let more = names.len().saturating_sub(20);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let colon = if shown.is_empty() { "" } else { ": " };
        writeln!(out, "<li>{said}{colon}{}{more}</li>", shown.join(", "))?;
    }
    writeln!(out, "<li>{}</li></ul></div></div>", markup(holders.elsewhere()))?;
    place_table(places, out)
}

fn verdict_facts(verdict: &Verdict, out: &mut dyn Write) -> io::Result<()> {
    let mut fact = |name: &str, value: Option<String>| {
        value.map_or(Ok(()), |value| writeln!(out, "<dt>{name}</dt><dd>{value}</dd>"))
    };
    let text = |value: &Option<String>| value.as_deref().map(markup);
    fact("Verdict", Some(markup(&verdict.state)))?;
    fact("Because", text(&verdict.why))?;
    fact("Answered", verdict.at.as_deref().map(moment))?;
    fact("Asked", text(&verdict.endpoint).map(|at| format!("<code>{at}</code>")))?;
    fact("HTTP status", verdict.status.map(|status| status.to_string()))?;
    fact("Name", text(&verdict.key_name))?;
    fact("Scope", text(&verdict.key_scope))
}

fn exposure_facts(exposure: &Exposure<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut fact = |name: &str, value: Option<String>| {
        value.map_or(Ok(()), |value| writeln!(out, "<dt>{name}</dt><dd>{value}</dd>"))
    };
    let commit = |moment: super::super::exposure::Moment<'_>| {
        format!(
            "{} in <code>{}</code> by {}<br><span class=\"dim\">{}</span>",
            instant(moment.at),
            markup(place::short(&moment.commit.id)),
            markup(&moment.commit.author),
            markup(&moment.commit.summary),
        )
    };
    fact("Introduced", exposure.introduced.map(commit))?;
    fact(
        "Removed",
        if exposure.in_tree {
            Some("still in the tree".to_owned())
        } else {
            exposure.removed.map(commit)
        },
    )?;
    fact("Found", exposure.found.map(instant))?;
    fact("Seen live", exposure.seen_live.map(instant))?;
    fact("Revoked", exposure.revoked.map(instant))?;
    let end = match exposure.end {
        End::Dead(at) => format!("proven dead {}", instant(at)),
        End::Live => "open: the key is live".to_owned(),
        End::Unproven => "open: not proven dead".to_owned(),
    };
    fact("End", Some(end))
}

fn place_table(places: &[&Occurrence], out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        r#"<h3>Places</h3><table class="places"><thead><tr><th scope="col">Found in</th><th scope="col">Place and line, the key masked</th><th scope="col">Commit</th></tr></thead><tbody>"#
    )?;
    for place in places.iter().take(MAX_PLACES) {
        let encodings = if place.encodings.is_empty() {
            String::new()
        } else {
            format!(", in {}", place.encodings.join(" in "))
        };
        let commit = place.commit.as_deref().map_or_else(String::new, |commit| {
            format!(
                "<code>{}</code><br>{}<br><span class=\"dim\">{}</span>",
                markup(place::short(commit)),
                place.date.as_deref().map(moment).unwrap_or_default(),
                place.author.as_deref().map(markup).unwrap_or_default(),
            )
        });
        writeln!(
            out,
            r#"<tr><td>{}</td><td><code>{}</code> <span class="dim">{}{}; {} confidence</span>{}</td><td>{commit}</td></tr>"#,
            place.source,
            markup(&place::position(place)),
            markup(&place.evidence),
            markup(&encodings),
            place.confidence,
            excerpt(place),
        )?;
    }
    writeln!(out, "</tbody></table>")?;
    if places.len() > MAX_PLACES {
        writeln!(
            out,
            "<p>{} more places are listed in the <code>json</code> and <code>csv</code> reports.</p>",
            grouped((places.len() - MAX_PLACES) as u64)
        )?;
    }
    Ok(())
}

/// The line with its mask marked; offsets that lie outside it mark nothing.
fn excerpt(place: &Occurrence) -> String {
    if place.excerpt.is_empty() {
        return String::new();
    }
    let [start, length] = place.excerpt_mask;
    let mut chars = place.excerpt.chars();
    let before: String = chars.by_ref().take(start).collect();
    let mask: String = chars.by_ref().take(length).collect();
    let after: String = chars.collect();
    let mask =
        if mask.is_empty() { String::new() } else { format!("<mark>{}</mark>", markup(&mask)) };
    format!("<pre>{}{mask}{}</pre>", markup(&before), markup(&after))
}

const fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Low => "low: weak evidence",
        Confidence::Medium => "medium: good evidence with something against it",
        Confidence::High => "high: looks random, in a context that holds keys only",
        Confidence::Confirmed => "confirmed: the operator named this key",
    }
}
