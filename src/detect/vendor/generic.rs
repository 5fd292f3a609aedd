//! Generic names in the vendor's contexts.
//!
//! In: a range that a context makes the vendor's. Out: the literals of the
//! generic names (`api_key`, `token`) in it.

use std::ops::Range;

use super::{Found, Rules};
use crate::detect::context::{self, Generic};
use crate::detect::name::around;
use crate::detect::text::{byte, is_any, line_end, line_start, word_before};
use crate::detect::value::Class;
use crate::detect::way::{Candidate, Way, after_name};
use crate::detect::work::READING_BYTES;
use crate::detect::{confidence, shown};
use crate::finding::Confidence;
use crate::rule::Strength;
use crate::secret::Secret;

/// A comment that names the vendor above a generic name: weak evidence.
pub(super) fn below_comment(feeds: &Rules<'_>, bytes: &[u8], word: &Range<usize>) -> Vec<Found> {
    let line = line_start(bytes, word.start, 200);
    let head = bytes[line..word.start].trim_ascii_start();
    if ![&b"#"[..], b"//", b";", b"--", b"/*", b"*", b"<!--", b"rem ", b"REM "]
        .iter()
        .any(|mark| head.starts_with(mark))
    {
        return Vec::new();
    }
    // The first word of the comment, and so its subject.
    let is_heading = !head[..head.len()].iter().any(u8::is_ascii_alphanumeric);
    let first = line_end(bytes, word.end, 300);
    let second = line_end(bytes, first + 1, 400);
    let third = line_end(bytes, second + 1, 400);
    generics(
        feeds,
        bytes,
        &(first..third.min(bytes.len())),
        "below a comment that names ByteStack",
        false,
    )
    .into_iter()
    .map(|found| {
        let is_sure = is_heading && found.start() < second && found.evidence.contains('_');
        let confidence = if is_sure { Confidence::Medium } else { Confidence::Low };
        Found { confidence: confidence.min(found.confidence), ..found }
    })
    .collect()
}

/// The literal given to the vendor's word alone, among keys: `apiKeys: {
/// bytestack: "v" }`, `register_token("bytestack", "v")`.
pub(super) fn leaf(feeds: &Rules<'_>, bytes: &[u8], word: &Range<usize>) -> Vec<Found> {
    let is_alone = around(bytes, word).is_none_or(|name| name == *word);
    if !is_alone || !context::is_among_keys(bytes, word.start) {
        return Vec::new();
    }
    let is_webhook = context::is_among_webhooks(bytes, word.start);
    let rule = if is_webhook { feeds.webhook } else { Some(feeds.api_key) };
    let Some(rule) = rule else { return Vec::new() };
    after_name(bytes, word)
        .iter()
        .filter(|candidate| matches!(candidate.class, Class::Literal(Strength::Strong)))
        .filter(|candidate| matches!(candidate.way, Way::Assigned | Way::Paired))
        .flat_map(|candidate| found(feeds, rule, bytes, candidate, "ByteStack's among keys"))
        .collect()
}

/// The cells of the vendor's row that stand under a key's title.
pub(super) fn in_row(feeds: &Rules<'_>, bytes: &[u8], word: &Range<usize>) -> Vec<Found> {
    context::cells(bytes, word)
        .iter()
        .flat_map(|cell| {
            found(feeds, feeds.api_key, bytes, cell, "in ByteStack's row, under a key's title")
        })
        .collect()
}

/// The literals of generic names in a range.
pub(super) fn generics(
    feeds: &Rules<'_>,
    bytes: &[u8],
    range: &Range<usize>,
    place: &str,
    is_request: bool,
) -> Vec<Found> {
    let mut all = Vec::new();
    if !feeds.work.take(range.len()) {
        return all;
    }
    for generic in context::generics(bytes, range) {
        if !feeds.work.take(READING_BYTES) {
            return all;
        }
        let name = &bytes[generic.span.clone()];
        if is_request && !is_request_name(feeds, name) {
            continue;
        }
        let is_plain_secret =
            ["secret", "key"].iter().any(|word| name.eq_ignore_ascii_case(word.as_bytes()));
        let generic = Generic {
            is_webhook: generic.is_webhook
                || is_plain_secret && context::is_among_webhooks(bytes, generic.span.start),
            ..generic
        };
        let Some(rule) = rule_for(feeds, &generic) else { continue };
        if !is_request && context::is_shorthand(bytes, &generic.span) {
            let candidate = Candidate {
                parts: vec![generic.span.clone()],
                class: Class::Code,
                way: Way::Assigned,
                is_quoted: false,
            };
            all.extend(found(feeds, rule, bytes, &candidate, &format!("{} {place}", shown(name))));
            continue;
        }
        for candidate in after_name(bytes, &generic.span) {
            let is_apart =
                !generic.is_webhook && context::is_in_foreign_record(bytes, &generic.span, range);
            if is_apart || !is_fitting(bytes, &generic.span, candidate.way) {
                continue;
            }
            let is_inside = candidate
                .parts
                .iter()
                .all(|part| part.start >= range.start && part.end <= range.end);
            if is_inside {
                let evidence = format!("{} {place}", shown(name));
                all.extend(found(feeds, rule, bytes, &candidate, &evidence));
            }
        }
    }
    all
}

/// Generic words meet their value in fewer ways: a short one is a name only
/// before an operator, and a pair must begin its bracket.
fn is_fitting(bytes: &[u8], name: &Range<usize>, way: Way) -> bool {
    let mut before = name.start;
    while before > 0 && matches!(bytes[before - 1], b'"' | b'\'' | b'`' | b':' | b'@') {
        before -= 1;
    }
    let opener = byte(bytes, before.wrapping_sub(1));
    match way {
        Way::Told => false,
        Way::Paired => {
            matches!(opener, b'(' | b'[' | b'{' | b'-')
                || byte(bytes, name.end) == b'('
                || bytes[name.clone()].iter().any(|b| matches!(b, b'_' | b'-'))
        }
        Way::Following => name.len() > 4,
        _ => {
            let word = word_before(bytes, before.saturating_sub(1));
            name.len() > 3
                || opener != b' '
                || word.is_empty()
                || is_any(bytes, &word, &["api", "access", "secret", "auth"])
        }
    }
}

fn rule_for(feeds: &Rules<'_>, generic: &Generic) -> Option<usize> {
    if generic.is_webhook { feeds.webhook } else { Some(feeds.api_key) }
}

/// In a request, `key` and `secret` name other things too.
fn is_request_name(feeds: &Rules<'_>, name: &[u8]) -> bool {
    let lower = String::from_utf8_lossy(name).to_ascii_lowercase();
    feeds.headers.contains(&lower) || !["key", "secret", "auth"].contains(&lower.as_str())
}

/// What a candidate gives under a rule: itself, where it is a literal, or what
/// it refers to.
pub(super) fn found(
    feeds: &Rules<'_>,
    rule: usize,
    bytes: &[u8],
    candidate: &Candidate,
    evidence: &str,
) -> Vec<Found> {
    let one = |candidate: &Candidate, strength: Strength, evidence: String| Found {
        rule,
        parts: candidate.parts.clone(),
        secret: Secret::new(candidate.value(bytes)),
        confidence: confidence(feeds.best, strength),
        evidence,
    };
    let mut all: Vec<Found> = feeds
        .tracer
        .follow(candidate)
        .iter()
        .map(|traced| one(traced, Strength::Strong, format!("{evidence}, by reference")))
        .collect();
    if let Class::Literal(strength) = candidate.class
        && strength >= Strength::Fair
    {
        all.push(one(candidate, strength, evidence.to_owned()));
    }
    all
}
