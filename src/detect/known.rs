//! Keys that the operator named, by their very value.
//!
//! In: bytes and the prefilter's hits of the keys' ends. Out: each place where
//! a whole key stands, in one piece or split over several literals, whatever
//! stands around it. No format is asked for, and no inline allow holds such a
//! key back.

use std::ops::Range;

use zeroize::Zeroizing;

use super::Found;
use crate::finding::Confidence;
use crate::rule::{LiteralHit, RuleSet};

/// The rule under which a named key is reported, as the same key would be
/// where it is found by its context.
const RULE: &str = "bytestack-api-key";

/// How far apart two parts of one key stand, in bytes.
const GAP_BYTES: usize = 64;
/// The shortest part of a split key but its last, in bytes: fewer occur by
/// chance in what stands between two parts.
const SHORTEST_PART_BYTES: usize = 3;
/// Into how many parts a key is split at most.
const MOST_PARTS: usize = 16;

/// Every named key that stands whole at one of the hits.
pub(super) fn find(rules: &RuleSet, bytes: &[u8], hits: &[LiteralHit]) -> Vec<Found> {
    if hits.is_empty() {
        return Vec::new();
    }
    let rule = rules.rules().iter().position(|rule| &*rule.id == RULE).unwrap_or(0);
    let mut found: Vec<Found> = hits
        .iter()
        .filter_map(|hit| {
            let index = hit.literal.checked_sub(rules.literals().len())?;
            // Two keys may share an end, of which the hit names one.
            rules.known()[index..].iter().chain(&rules.known()[..index]).find_map(|key| {
                Some(Found {
                    rule,
                    parts: parts(bytes, hit, key.expose())?,
                    secret: key.clone(),
                    confidence: Confidence::Confirmed,
                    evidence: "a key that the operator named".to_owned(),
                })
            })
        })
        .collect();
    found.sort_by_key(|found| (found.start(), found.end()));
    found.dedup_by(|b, a| a.start() == b.start() && a.end() == b.end());
    found
}

/// Confirms what rules extracted and joined where it is a named key.
pub(super) fn confirm(rules: &RuleSet, found: &mut [Found]) {
    for found in found {
        if rules.known().contains(&found.secret) {
            found.confidence = Confidence::Confirmed;
        }
    }
}

/// The parts of a key, one of whose ends stands at the hit.
fn parts(bytes: &[u8], hit: &LiteralHit, key: &[u8]) -> Option<Vec<Range<usize>>> {
    if bytes[hit.start..].starts_with(key) {
        return Some(vec![hit.start..hit.start + key.len()]);
    }
    if bytes[..hit.end].ends_with(key) {
        return Some(vec![hit.end - key.len()..hit.end]);
    }
    let reach = key.len() + MOST_PARTS * GAP_BYTES;
    let after = &bytes[hit.start..bytes.len().min(hit.start + reach)];
    if let Some(parts) = split(after, key) {
        let here = |part: Range<usize>| hit.start + part.start..hit.start + part.end;
        return Some(parts.into_iter().map(here).collect());
    }
    // From its end, in a mirror.
    let mirror = |bytes: &[u8]| Zeroizing::new(bytes.iter().rev().copied().collect::<Vec<u8>>());
    let before = mirror(&bytes[hit.end.saturating_sub(reach)..hit.end]);
    let parts = split(&before, &mirror(key))?;
    let here = |part: Range<usize>| hit.end - part.end..hit.end - part.start;
    Some(parts.into_iter().rev().map(here).collect())
}

/// The parts of a key that begins with these bytes and goes on past quotes or
/// line ends: `"…" + "…"`, `"…", "…"`, a continued line.
fn split(bytes: &[u8], key: &[u8]) -> Option<Vec<Range<usize>>> {
    let mut parts = Vec::new();
    let mut at = 0;
    let mut key = key;
    while parts.len() < MOST_PARTS {
        let same = bytes[at..].iter().zip(key).take_while(|(a, b)| a == b).count();
        parts.push(at..at + same);
        key = &key[same..];
        if key.is_empty() {
            return Some(parts);
        }
        if same < SHORTEST_PART_BYTES {
            return None;
        }
        let gap = &bytes[at + same..bytes.len().min(at + same + GAP_BYTES)];
        let next = memchr::memmem::find(gap, &key[..key.len().min(SHORTEST_PART_BYTES)])?;
        let is_break = |byte: &u8| matches!(byte, b'"' | b'\'' | b'`' | b'\\' | b'\n');
        if !gap[..next].iter().any(is_break) {
            return None;
        }
        at += same + next;
    }
    None
}
