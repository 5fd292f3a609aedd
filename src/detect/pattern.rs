//! Keys by a rule's own pattern.
//!
//! In: a piece and the hits of the rules' keywords. Out: each match's capture
//! `secret`. A pattern of which every match holds a keyword is tried around the
//! hits alone; any other runs once over a piece that holds one of its keywords,
//! in time linear in the piece.

use std::collections::BTreeMap;

use super::value::{Class, Form, classify};
use super::{Found, shown};
use crate::finding::Confidence;
use crate::rule::{LiteralHit, Pattern, PatternMatch, Rule, RuleSet};
use crate::secret::Secret;
use crate::source::Content;

/// A pattern with longer matches, in bytes, is not tried around hits.
const LONGEST_BYTES: usize = 1 << 10;

/// Everything that patterns find.
pub(super) fn find(rules: &RuleSet, content: &Content<'_>, hits: &[LiteralHit]) -> Vec<Found> {
    let mut found = Vec::new();
    for (number, hits) in wanted(rules, hits) {
        let rule = &rules.rules()[number];
        let Some(pattern) = &rule.pattern else { continue };
        for span in matches(pattern, content.bytes, &hits).into_iter().filter_map(|m| m.secret) {
            let secret = &content.bytes[span.clone()];
            if content.own.contains(&span.start) && is_key(rule, secret) {
                found.push(Found {
                    rule: number,
                    secret: Secret::new(secret),
                    parts: vec![span],
                    confidence: rule.confidence.min(Confidence::High),
                    evidence: format!("matches the pattern of rule {}", shown(rule.id.as_bytes())),
                });
            }
        }
    }
    found
}

/// The rules with a pattern that are worth a try, each with its hits, which are
/// in the order of their ends.
fn wanted<'a>(rules: &RuleSet, hits: &'a [LiteralHit]) -> BTreeMap<usize, Vec<&'a LiteralHit>> {
    let mut wanted: BTreeMap<usize, Vec<&LiteralHit>> =
        rules.index().everywhere().iter().map(|rule| (*rule, Vec::new())).collect();
    for hit in hits {
        for rule in rules.index().patterned(hit.literal) {
            wanted.entry(*rule).or_default().push(hit);
        }
    }
    wanted
}

/// Every match, in order.
fn matches(pattern: &Pattern, bytes: &[u8], hits: &[&LiteralHit]) -> Vec<PatternMatch> {
    let longest = pattern.longest_bytes().filter(|longest| {
        pattern.stands_at_hits()
            && *longest <= LONGEST_BYTES
            && 16 * longest * hits.len() < bytes.len()
    });
    match longest {
        Some(longest) => around(pattern, longest, bytes, hits),
        None => pattern.matches(bytes),
    }
}

/// The matches of a pattern that holds a hit in each, of at most `longest`
/// bytes: those that a search of everything would give.
///
/// The leftmost match that begins at or before a hit is looked for from where
/// one that holds the hit can begin; one that begins further left holds a hit
/// that ends further left, and was found with that.
fn around(
    pattern: &Pattern,
    longest: usize,
    bytes: &[u8],
    hits: &[&LiteralHit],
) -> Vec<PatternMatch> {
    let mut matches = Vec::new();
    let mut at = 0;
    for hit in hits {
        while at <= hit.start {
            let from = at.max(hit.end.saturating_sub(longest));
            let end = bytes.len().min(hit.start + longest);
            let found = pattern.first(bytes, from..end);
            let Some(found) = found.filter(|found| found.whole.start <= hit.start) else { break };
            at = found.whole.end;
            matches.push(found);
        }
    }
    matches
}

/// A pattern decides by itself; the value's class only turns away what is
/// plainly a placeholder or too weak for the rule.
fn is_key(rule: &Rule, value: &[u8]) -> bool {
    match classify(value, Form::Quoted) {
        Class::Literal(strength) => strength >= rule.value.min_strength,
        Class::Placeholder | Class::Reference | Class::Empty => false,
        Class::Code | Class::Other => rule.value.min_strength == crate::rule::Strength::Weak,
    }
}
