//! Generic names in the vendor's contexts.
//!
//! In: a range that a context makes the vendor's. Out: the literals of the
//! generic names (`api_key`, `token`) in it.

use std::ops::Range;

use super::{Found, Rules};
use crate::detect::context::{self, Generic};
use crate::detect::text::{byte, is_word, line_end, line_start};
use crate::detect::value::Class;
use crate::detect::way::{Candidate, Way, after_name};
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
    .map(|found| Found { confidence: Confidence::Low, ..found })
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
    for generic in context::generics(bytes, range) {
        let name = &bytes[generic.span.clone()];
        if is_request && !is_request_name(feeds, name) {
            continue;
        }
        let Some(rule) = rule_for(feeds, &generic) else { continue };
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
            matches!(opener, b'(' | b'[' | b'{')
                || byte(bytes, name.end) == b'('
                || bytes[name.clone()].iter().any(|b| matches!(b, b'_' | b'-'))
        }
        Way::Following => name.len() > 4,
        _ => name.len() > 3 || opener != b' ' || !is_word(byte(bytes, before.wrapping_sub(2))),
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
