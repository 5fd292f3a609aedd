//! Keys that the operator named, by their very value.
//!
//! In: bytes and the prefilter's hits of the keys' ends. Out: each place where
//! a whole key stands, whatever stands around it. No format is asked for, and
//! no inline allow holds such a key back.

use super::Found;
use crate::finding::Confidence;
use crate::rule::{LiteralHit, RuleSet};

/// The rule under which a named key is reported, as the same key would be
/// where it is found by its context.
const RULE: &str = "bytestack-api-key";

/// Every named key that stands whole at one of the hits.
pub(super) fn find(rules: &RuleSet, bytes: &[u8], hits: &[LiteralHit]) -> Vec<Found> {
    let rule = rules.rules().iter().position(|rule| &*rule.id == RULE).unwrap_or(0);
    let mut found: Vec<Found> = hits
        .iter()
        .filter_map(|hit| {
            let index = hit.literal.checked_sub(rules.literals().len())?;
            // Two keys may share an end, of which the hit names one.
            rules.known()[index..].iter().chain(&rules.known()[..index]).find_map(|key| {
                let value = key.expose();
                let start = if bytes[hit.start..].starts_with(value) {
                    hit.start
                } else if bytes[..hit.end].ends_with(value) {
                    hit.end - value.len()
                } else {
                    return None;
                };
                Some(Found {
                    rule,
                    parts: vec![start..start + value.len()],
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
