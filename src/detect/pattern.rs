//! Keys by a rule's own pattern.
//!
//! In: a piece and the hits of the rules' keywords. Out: each match's capture
//! `secret`. A rule's pattern runs once over a piece that holds one of its
//! keywords, in time linear in the piece.

use super::value::{Class, Form, classify};
use super::{Found, shown};
use crate::finding::Confidence;
use crate::rule::{LiteralHit, Rule, RuleSet};
use crate::secret::Secret;
use crate::source::Content;

/// Everything that patterns find.
pub(super) fn find(rules: &RuleSet, content: &Content<'_>, hits: &[LiteralHit]) -> Vec<Found> {
    let mut found = Vec::new();
    for (index, rule) in rules.rules().iter().enumerate() {
        let Some(pattern) = &rule.pattern else { continue };
        if !holds_keyword(rules, rule, hits) {
            continue;
        }
        for captures in pattern.captures_iter(content.bytes) {
            let Some(secret) = captures.name("secret").filter(|m| content.own.contains(&m.start()))
            else {
                continue;
            };
            if is_key(rule, secret.as_bytes()) {
                found.push(Found {
                    rule: index,
                    parts: vec![secret.range()],
                    secret: Secret::new(secret.as_bytes()),
                    confidence: rule.confidence.min(Confidence::High),
                    evidence: format!("matches the pattern of rule {}", shown(rule.id.as_bytes())),
                });
            }
        }
    }
    found
}

fn holds_keyword(rules: &RuleSet, rule: &Rule, hits: &[LiteralHit]) -> bool {
    rule.keywords.is_empty()
        || hits.iter().any(|hit| {
            let text = rules.literals()[hit.literal].text();
            rule.keywords.iter().any(|keyword| keyword == text)
        })
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
