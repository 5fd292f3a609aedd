//! Keys by a rule's own pattern.
//!
//! In: a piece and the hits of the rules' keywords. Out: each match's capture
//! `secret`. A pattern of which every match holds a keyword is tried around the
//! hits alone; any other runs once over a piece that holds one of its keywords,
//! in time linear in the piece.

use std::collections::BTreeMap;

use regex::bytes::{Captures, Regex};

use super::value::{Class, Form, classify};
use super::{Found, shown};
use crate::finding::Confidence;
use crate::rule::{LiteralHit, Pattern, Rule, RuleSet};
use crate::secret::Secret;
use crate::source::Content;

/// What a pattern sees beyond the longest match on either side, in bytes: its
/// look-arounds look at one character.
const LOOK_BYTES: usize = 8;

/// Everything that patterns find.
pub(super) fn find(rules: &RuleSet, content: &Content<'_>, hits: &[LiteralHit]) -> Vec<Found> {
    let mut found = Vec::new();
    for (number, hits) in wanted(rules, hits) {
        let rule = &rules.rules()[number];
        let Some(pattern) = &rule.pattern else { continue };
        each_match(pattern, content.bytes, &hits, |offset, captures| {
            let Some(secret) = captures.name("secret") else { return };
            let span = offset + secret.start()..offset + secret.end();
            if content.own.contains(&span.start) && is_key(rule, secret.as_bytes()) {
                found.push(Found {
                    rule: number,
                    parts: vec![span],
                    secret: Secret::new(secret.as_bytes()),
                    confidence: rule.confidence.min(Confidence::High),
                    evidence: format!("matches the pattern of rule {}", shown(rule.id.as_bytes())),
                });
            }
        });
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

/// Gives every match, in order, each with the place of the bytes that its
/// captures count from.
fn each_match(
    pattern: &Pattern,
    bytes: &[u8],
    hits: &[&LiteralHit],
    mut take: impl FnMut(usize, &Captures<'_>),
) {
    let longest = pattern.longest_bytes().filter(|longest| {
        pattern.stands_at_hits() && 2 * longest.saturating_mul(hits.len()) < bytes.len()
    });
    match longest {
        Some(longest) => around(pattern.regex(), longest, bytes, hits, &mut take),
        None => pattern.regex().captures_iter(bytes).for_each(|captures| take(0, &captures)),
    }
}

/// The matches of a pattern that holds a hit in each, of at most `longest`
/// bytes: those that a search of everything would give.
///
/// The leftmost match that begins at or before a hit is looked for from where
/// one that holds the hit can begin; one that begins further left holds a hit
/// that ends further left, and was found with that.
fn around(
    regex: &Regex,
    longest: usize,
    bytes: &[u8],
    hits: &[&LiteralHit],
    take: &mut impl FnMut(usize, &Captures<'_>),
) {
    let mut at = 0;
    for hit in hits {
        while at <= hit.start {
            let from = at.max(hit.end.saturating_sub(longest));
            let offset = from.saturating_sub(LOOK_BYTES);
            let end = bytes.len().min(hit.start.saturating_add(longest + LOOK_BYTES));
            let Some(captures) = regex.captures_at(&bytes[offset..end], from - offset) else {
                break;
            };
            let whole = captures.get_match();
            if offset + whole.start() > hit.start {
                break;
            }
            take(offset, &captures);
            at = offset + whole.end();
        }
    }
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
