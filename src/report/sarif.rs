//! SARIF 2.1.0, for code scanning.
//!
//! In: the versioned report. Out: one SARIF log with one result a finding.
//! Written for the subset that GitHub's code scanning reads: relative paths,
//! `security-severity`, `primaryLocationLineHash`, at most 1,000 locations a
//! result. Knows neither the command line nor how a key was found.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::inert::{relative_uri, visible};
use super::json::{self, Each};
use super::model::{Finding, Occurrence, Report, Suppression};
use super::place;
use super::summary::{Summary, active_places, is_about_trust, state};
use crate::finding::{Severity, SourceKind};

const SCHEMA_URI: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
const HOME: &str = env!("CARGO_PKG_REPOSITORY");

/// Code scanning refuses a result with more locations; those left out are
/// counted in the result's message and properties.
const MAX_LOCATIONS: usize = 1_000;

/// Renders the report as a SARIF log.
///
/// # Errors
///
/// Only what `out` answers.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let summary = Summary::of(report);
    let rules: Vec<&String> = report.rules.keys().collect();
    let index = |rule: &String| rules.binary_search(&rule).ok();
    let run = Run {
        automation_details: json!({"id": format!("keysweep/{}/", report.scope.mode)}),
        column_kind: "unicodeCodePoints",
        invocations: [invocation(report, &summary)],
        original_uri_base_ids: bases(report),
        results: Each(|| {
            let findings = summary.active.iter().chain(&summary.suppressed);
            findings.map(|finding| result(report, finding, index(&finding.rule)))
        }),
        tool: json!({"driver": {
            "name": report.tool.name,
            "version": report.tool.version,
            "semanticVersion": report.tool.version,
            "informationUri": HOME,
            "rules": report.rules.iter().map(|(id, rule)| descriptor(id, rule)).collect::<Vec<_>>(),
            "notifications": [
                notification("not-read", "Something in scope could not be read", "error"),
                notification("outside-scope", "Something lies outside the scope", "note"),
                notification("advice", "Advice that is no finding", "note"),
            ],
        }}),
    };
    json::write_pretty(out, &Log { schema: SCHEMA_URI, runs: [run], version: "2.1.0" })
}

/// The whole log.
#[derive(Serialize)]
struct Log<R> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    runs: [R; 1],
    version: &'static str,
}

/// One run of the tool.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<R> {
    automation_details: Value,
    column_kind: &'static str,
    invocations: [Value; 1],
    original_uri_base_ids: Value,
    results: R,
    tool: Value,
}

fn descriptor(id: &str, rule: &super::model::RuleSummary) -> Value {
    json!({
        "id": id,
        "name": pascal_case(id),
        "shortDescription": {"text": visible(&rule.title)},
        "fullDescription": {"text": visible(&rule.description)},
        "help": {"text": visible(&rule.remedy)},
        "helpUri": HOME,
        "defaultConfiguration": {"level": level(rule.severity)},
        "properties": {
            "tags": ["security", "secret", "external/cwe/cwe-798"],
            "security-severity": security_severity(rule.severity),
            "precision": "high",
        },
    })
}

fn notification(id: &str, title: &str, level: &str) -> Value {
    json!({
        "id": id,
        "name": pascal_case(id),
        "shortDescription": {"text": format!("{title}.")},
        "fullDescription": {"text": format!("{title}; the message names it and says why.")},
        "help": {"text": "The message says what can be done about it."},
        "helpUri": HOME,
        "defaultConfiguration": {"level": level},
    })
}

fn invocation(report: &Report, summary: &Summary<'_>) -> Value {
    let note = |id: &str, level: &str, skip: &super::model::Skipped| {
        json!({
            "descriptor": {"id": id},
            "level": level,
            "message": {"text": format!(
                "{} ({}): {}",
                visible(&skip.origin),
                visible(&skip.kind),
                visible(&skip.reason),
            )},
        })
    };
    let notifications: Vec<Value> = summary
        .not_read
        .iter()
        .map(|skip| note("not-read", "error", skip))
        .chain(summary.outside.iter().map(|skip| note("outside-scope", "note", skip)))
        .chain(report.notes.iter().map(|advice| {
            let path = advice.path.as_deref().map(|path| format!("{}: ", visible(path)));
            let text = format!("{}{}", path.unwrap_or_default(), visible(&advice.message));
            let level = if is_about_trust(advice) { "warning" } else { "note" };
            json!({"descriptor": {"id": "advice"}, "level": level, "message": {"text": text}})
        }))
        .collect();
    json!({
        "executionSuccessful": report.coverage.complete && matches!(report.run.exit_code, 0 | 1),
        "exitCode": report.run.exit_code,
        "exitCodeDescription": summary.headline(report),
        "startTimeUtc": report.run.started_at,
        "endTimeUtc": report.run.finished_at,
        "toolExecutionNotifications": notifications,
        "properties": {
            "coverage": {
                "complete": report.coverage.complete,
                "files": report.coverage.files,
                "blobs": report.coverage.blobs,
                "bytes": report.coverage.bytes,
                "commits": report.coverage.commits,
                "cannotHold": report.coverage.cannot_hold,
            },
        },
    })
}

/// A repository that is not the directory scanned from: a path in one of its
/// commits is relative to it.
fn bases(report: &Report) -> Value {
    let mut bases = BTreeMap::new();
    for (at, root) in report.scope.roots.iter().enumerate() {
        if needs_base(&root.path) {
            let uri = format!("{}/", relative_uri(root.path.trim_end_matches('/')));
            let base = if root.path.starts_with('/') {
                json!({"uri": format!("file://{uri}")})
            } else {
                json!({"uri": uri, "uriBaseId": "PWD"})
            };
            bases.insert(format!("ROOT{at}"), base);
        }
    }
    if !bases.is_empty() {
        let description = json!({"text": "The directory that the sweep was started in."});
        bases.insert("PWD".to_owned(), json!({"description": description}));
    }
    json!(bases)
}

fn needs_base(root: &str) -> bool {
    !matches!(root, "" | ".")
}

fn result(report: &Report, finding: &Finding, rule_index: Option<usize>) -> Value {
    let active: Vec<&Occurrence> = active_places(finding).collect();
    // A finding held back place by place still has to stand somewhere.
    let places =
        if active.is_empty() { finding.occurrences.iter().collect() } else { active.clone() };
    let primary = places.iter().position(|place| place.source == SourceKind::Worktree).unwrap_or(0);
    let related: Vec<Value> = places
        .iter()
        .enumerate()
        .filter(|(at, _)| *at != primary)
        .take(MAX_LOCATIONS - 1)
        .map(|(at, place)| location(report, place, Some(at + 1)))
        .collect();
    let mut result = Map::new();
    let mut put = |name: &str, value: Value| result.insert(name.to_owned(), value);
    put("ruleId", json!(finding.rule));
    if let Some(index) = rule_index {
        put("ruleIndex", json!(index));
    }
    put("kind", json!("fail"));
    put("level", json!(level(finding.severity)));
    put("message", json!({"text": message(report, finding, &places, primary)}));
    put(
        "locations",
        places.get(primary).map_or(json!([]), |place| json!([location(report, place, None)])),
    );
    if !related.is_empty() {
        put("relatedLocations", json!(related));
    }
    put(
        "partialFingerprints",
        json!({
            "keysweepKey/v1": finding.fingerprint.to_string(),
            // Code scanning tracks an alert by this one. It depends on the key
            // alone, so a key that moves stays the same alert.
            "primaryLocationLineHash": format!("{}:1", &finding.fingerprint.hex()[..16]),
        }),
    );
    put("suppressions", json!(suppressions(finding, &active)));
    put("properties", properties(finding, places.len()));
    Value::Object(result)
}

fn message(report: &Report, finding: &Finding, places: &[&Occurrence], primary: usize) -> String {
    let title =
        report.rules.get(&finding.rule).map_or(finding.rule.as_str(), |rule| rule.title.as_str());
    let mut said = format!("{}: {}", visible(title), visible(&finding.redacted));
    if let Some(place) = places.get(primary) {
        let _ =
            write!(said, ", {}, at {}", visible(&place.evidence), visible(&place::sentence(place)));
    }
    if places.len() > 1 {
        let _ = write!(said, "; {} places in all", places.len());
    }
    let _ = write!(said, ". Verdict: {}.", visible(state(finding)));
    // Square brackets would be read as a link to a location.
    said.replace('[', "\\[").replace(']', "\\]")
}

fn location(report: &Report, place: &Occurrence, id: Option<usize>) -> Value {
    let mut artifact = Map::new();
    artifact.insert("uri".to_owned(), json!(uri(place)));
    if place.blob.is_some()
        && let Some(root) = &place.repository
        && needs_base(root)
        && let Some(at) = report.scope.roots.iter().position(|known| &known.path == root)
    {
        artifact.insert("uriBaseId".to_owned(), json!(format!("ROOT{at}")));
    }
    let mut location = Map::new();
    if let Some(id) = id {
        location.insert("id".to_owned(), json!(id));
    }
    location.insert(
        "physicalLocation".to_owned(),
        json!({"artifactLocation": artifact, "region": region(place)}),
    );
    location.insert(
        "message".to_owned(),
        json!({"text": visible(&place::sentence(place))
        .replace('[', "\\[").replace(']', "\\]")}),
    );
    location.insert(
        "properties".to_owned(),
        json!({
            "source": place.source,
            "columnBytes": place.column,
            "lengthBytes": place.length_bytes,
            "encodings": place.encodings,
            "blob": place.blob,
            "commit": place.commit,
            "date": place.date,
        }),
    );
    Value::Object(location)
}

/// The place as a path: code scanning takes relative ones alone, so what has
/// no path is named by the object's own file in the repository.
fn uri(place: &Occurrence) -> String {
    match (&place.path, &place.blob) {
        (Some(path), _) => relative_uri(path),
        (None, Some(object)) if object.len() > 2 && object.is_char_boundary(2) => {
            relative_uri(&format!(".git/objects/{}/{}", &object[..2], &object[2..]))
        }
        _ => relative_uri(place.source.name()),
    }
}

/// Columns count characters here and bytes in the report. They agree where the
/// excerpt begins with the line and holds only ASCII before the key; elsewhere
/// the line alone is given, rather than a wrong column.
fn region(place: &Occurrence) -> Value {
    let [start, _] = place.excerpt_mask;
    let agrees = place.column == (start as u64).saturating_add(1)
        && place.excerpt.chars().take(start).all(|c| c.is_ascii() && c != '\\');
    let line = place.line.max(1);
    if agrees && place.encodings.is_empty() {
        json!({
            "startLine": line,
            "startColumn": place.column,
            "endColumn": place.column.saturating_add(place.length_bytes),
        })
    } else if agrees {
        json!({"startLine": line, "startColumn": place.column})
    } else {
        json!({"startLine": line})
    }
}

fn suppressions(finding: &Finding, active: &[&Occurrence]) -> Vec<Value> {
    let one = |suppression: &Suppression| {
        json!({
            "kind": if suppression.kind == "inline" { "inSource" } else { "external" },
            "status": "accepted",
            "justification": visible(&suppression.reason),
            "properties": {"actor": suppression.actor, "expires": suppression.expires},
        })
    };
    if let Some(suppression) = &finding.suppression {
        return vec![one(suppression)];
    }
    if !active.is_empty() {
        return Vec::new();
    }
    finding.occurrences.iter().filter_map(|place| place.suppression.as_ref()).map(one).collect()
}

fn properties(finding: &Finding, places: usize) -> Value {
    json!({
        "redacted": finding.redacted,
        "confidence": finding.confidence,
        "security-severity": security_severity(finding.severity),
        "verdict": finding.verdict,
        "places": places,
        "placesNotListed": places.saturating_sub(MAX_LOCATIONS),
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// Code scanning's own scale: over 9.0 critical, 7.0 high, 4.0 medium.
const fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
    }
}

fn pascal_case(id: &str) -> String {
    id.split(|c: char| !c.is_alphanumeric())
        .filter_map(|word| {
            let mut chars = word.chars();
            Some(chars.next()?.to_uppercase().chain(chars).collect::<String>())
        })
        .collect()
}
