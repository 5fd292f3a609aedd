//! GitLab's secret detection report, version 15.2.1.
//!
//! In: the versioned report. Out: one vulnerability an unsuppressed place, for
//! GitLab tracks a secret by its place. Knows neither the command line nor how
//! a key was found.

use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::inert::{code_span, cut, visible};
use super::json::{self, Each};
use super::model::{Finding, Occurrence, Report};
use super::place;
use super::summary::{Summary, active_places, is_about_trust, state};
use crate::finding::Severity;

const VERSION: &str = "15.2.1";

/// What GitLab's own analyzers write where a file has no commit.
const NO_COMMIT: &str = "0000000";

/// Renders the report for GitLab.
///
/// # Errors
///
/// Only what `out` answers.
pub(super) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let summary = Summary::of(report);
    let product = json!({
        "id": "keysweep",
        "name": "Keysweep",
        "url": env!("CARGO_PKG_REPOSITORY"),
        "vendor": {"name": "Keysweep"},
        "version": report.tool.version,
    });
    let document = Document {
        scan: json!({
            "analyzer": product,
            "scanner": product,
            "type": "secret_detection",
            "start_time": zoneless(&report.run.started_at),
            "end_time": zoneless(&report.run.finished_at),
            "status": if report.coverage.complete { "success" } else { "failure" },
            "messages": messages(report, &summary),
        }),
        schema: format!(
            "https://gitlab.com/gitlab-org/security-products/security-report-schemas/-/raw/v{VERSION}/dist/secret-detection-report-format.json"
        ),
        version: VERSION,
        vulnerabilities: Each(|| {
            summary.active.iter().flat_map(|finding| {
                active_places(finding).map(|place| vulnerability(report, finding, place))
            })
        }),
    };
    json::write_pretty(out, &document)
}

/// The whole report.
#[derive(Serialize)]
struct Document<V> {
    scan: Value,
    schema: String,
    version: &'static str,
    vulnerabilities: V,
}

fn messages(report: &Report, summary: &Summary<'_>) -> Vec<Value> {
    let level = if report.coverage.complete { "info" } else { "warn" };
    let mut messages = vec![json!({"level": level, "value": summary.headline(report)})];
    if !summary.suppressed.is_empty() {
        messages.push(json!({
            "level": "info",
            "value": format!("{} suppressed findings are not listed.", summary.suppressed.len()),
        }));
    }
    messages.extend(report.notes.iter().map(|note| {
        let level = if is_about_trust(note) { "warn" } else { "info" };
        let file = note.path.as_deref().map(|path| format!("{path}: ")).unwrap_or_default();
        json!({"level": level, "value": visible(&format!("{file}{}", note.message))})
    }));
    for (level, what, skips) in
        [("warn", "Not read", &summary.not_read), ("info", "Outside the scope", &summary.outside)]
    {
        messages.extend(skips.iter().map(|skip| {
            let value = format!("{what}: {} ({}): {}", skip.origin, skip.kind, skip.reason);
            json!({"level": level, "value": visible(&value)})
        }));
    }
    messages
}

fn vulnerability(report: &Report, finding: &Finding, place: &Occurrence) -> Value {
    let rule = report.rules.get(&finding.rule);
    let title = rule.map_or(finding.rule.as_str(), |rule| rule.title.as_str());
    let description = rule.map_or("", |rule| rule.description.as_str());
    let solution = rule.map_or("", |rule| rule.remedy.as_str());
    let mut said = Map::new();
    let mut put = |name: &str, value: Value| said.insert(name.to_owned(), value);
    put("id", json!(id(finding, place)));
    put("name", json!(cut(&visible(title), 255)));
    put(
        "description",
        json!(format!(
            "{}\n\nThe key {}, {}, at {}. Verdict: {}.",
            visible(description),
            code_span(&finding.redacted),
            code_span(&place.evidence),
            code_span(&place::sentence(place)),
            code_span(state(finding)),
        )),
    );
    put("severity", json!(severity(finding.severity)));
    if !solution.is_empty() {
        put("solution", json!(cut(&visible(solution), 7_000)));
    }
    put("raw_source_code_extract", json!(finding.redacted));
    put(
        "identifiers",
        json!([
            {
                "type": "keysweep_rule_id",
                "name": format!("Keysweep rule {}", visible(&finding.rule)),
                "value": finding.rule,
            },
            {
                "type": "cwe",
                "name": "CWE-798",
                "value": "798",
                "url": "https://cwe.mitre.org/data/definitions/798.html",
            },
        ]),
    );
    put("location", location(place));
    put("details", details(finding, place));
    Value::Object(said)
}

fn location(place: &Occurrence) -> Value {
    let mut location = Map::new();
    location.insert("file".to_owned(), json!(place::name(place)));
    location.insert("start_line".to_owned(), json!(place.line));
    location.insert("end_line".to_owned(), json!(place.line));
    let mut commit = Map::new();
    commit.insert("sha".to_owned(), json!(place.commit.as_deref().unwrap_or(NO_COMMIT)));
    for (name, value) in [("author", &place.author), ("date", &place.date)] {
        if let Some(value) = value {
            commit.insert(name.to_owned(), json!(visible(value)));
        }
    }
    location.insert("commit".to_owned(), Value::Object(commit));
    Value::Object(location)
}

fn details(finding: &Finding, place: &Occurrence) -> Value {
    let text =
        |name: &str, value: &str| json!({"name": name, "type": "text", "value": visible(value)});
    let mut details = Map::new();
    details.insert("verdict".to_owned(), text("Verdict", state(finding)));
    details.insert("key".to_owned(), text("Key", &finding.redacted));
    details.insert("fingerprint".to_owned(), text("Fingerprint", &finding.fingerprint.to_string()));
    details.insert("source".to_owned(), text("Source", place.source.name()));
    details.insert("confidence".to_owned(), text("Confidence", place.confidence.name()));
    if let Some(blob) = &place.blob {
        details.insert("object".to_owned(), text("Git object", blob));
    }
    Value::Object(details)
}

/// The same for the same key at the same place, whatever else was found.
fn id(finding: &Finding, place: &Occurrence) -> String {
    let mut digest = Sha256::new();
    for part in [
        "keysweep-gitlab-v1",
        &finding.rule,
        &finding.fingerprint.to_string(),
        place.source.name(),
        place.repository.as_deref().unwrap_or(""),
        place.path.as_deref().unwrap_or(""),
        place.blob.as_deref().unwrap_or(""),
        &place.line.to_string(),
        &place.column.to_string(),
    ] {
        digest.update(part.as_bytes());
        digest.update([0]);
    }
    let mut bytes: [u8; 32] = digest.finalize().into();
    // A UUID of version 8, made from whatever its maker likes.
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = data_encoding::HEXLOWER.encode(&bytes[..16]);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
    }
}

/// A time in UTC without zone or fraction, as this report and `JUnit` want it;
/// the epoch where the report's own is malformed.
pub(super) fn zoneless(time: &str) -> String {
    super::exposure::time(time)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%dT%H:%M:%S")
        .to_string()
}
