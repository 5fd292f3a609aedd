//! Keys under a vendor's name.
//!
//! In: bytes, the hits of the vendors' words. Out: the literals that the names
//! around those hits are given.

use std::ops::Range;

use super::digest;
use super::name::{Promise, around, identifies, promise};
use super::trace::Tracer;
use super::value::Class;
use super::way::{Candidate, Way, after_name};
use super::work::Work;
use super::{Found, confidence, shown};
use crate::finding::Confidence;
use crate::rule::{LiteralHit, Names, Rule, RuleSet, Strength};
use crate::secret::Secret;

/// Everything under the names of `rules`.
pub(super) fn find(rules: &RuleSet, bytes: &[u8], hits: &[LiteralHit], work: &Work) -> Vec<Found> {
    let index = rules.index();
    let mut found = Vec::new();
    let own: Vec<&LiteralHit> =
        hits.iter().filter(|hit| !index.named(hit.literal).is_empty()).collect();
    if own.is_empty() {
        return found;
    }
    let tracer = Tracer::new(bytes, work);
    for hit in own {
        let vendor = hit.start..hit.end;
        let Some(span) = around(bytes, &vendor) else { continue };
        let mut candidates: Option<Vec<Candidate>> = None;
        for (index, rule, names) in named(rules, hit.literal) {
            let Some(promise) = promise(bytes, &span, &vendor, names) else { continue };
            let name = Name {
                span: span.clone(),
                promise,
                is_identifier: promise == Promise::Other && identifies(bytes, &span, &vendor),
                is_vague: !holds_key_word(&bytes[span.clone()]),
            };
            let candidates =
                candidates.get_or_insert_with(|| traced(&tracer, after_name(bytes, &span)));
            for candidate in candidates.iter() {
                let Class::Literal(strength) = candidate.class else { continue };
                if let Some(confidence) = judge(rule, &name, bytes, candidate, strength) {
                    found.push(Found {
                        rule: index,
                        parts: candidate.parts.clone(),
                        secret: Secret::new(candidate.value(bytes)),
                        confidence,
                        evidence: evidence(candidate.way, &shown(&bytes[span.clone()])),
                    });
                }
            }
        }
    }
    found
}

/// The candidates, and what those come down to that are references.
fn traced(tracer: &Tracer<'_>, candidates: Vec<Candidate>) -> Vec<Candidate> {
    let mut all = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        if candidate.way != Way::Told {
            all.extend(tracer.follow(&candidate));
        }
        all.push(candidate);
    }
    all
}

fn named(rules: &RuleSet, literal: usize) -> impl Iterator<Item = (usize, &Rule, &Names)> {
    rules.index().named(literal).iter().filter_map(|index| {
        let rule = &rules.rules()[*index];
        Some((*index, rule, rule.names.as_ref()?))
    })
}

/// What is known of a name under one rule.
struct Name {
    span: Range<usize>,
    promise: Promise,
    /// Whether it says that its value identifies a key.
    is_identifier: bool,
    /// Whether it says neither key, token nor secret.
    is_vague: bool,
}

/// How sure a literal under a name is; `None` where it is not worth a finding.
fn judge(
    rule: &Rule,
    name: &Name,
    bytes: &[u8],
    candidate: &Candidate,
    strength: Strength,
) -> Option<Confidence> {
    if strength < rule.value.min_strength {
        return None;
    }
    let is_digest_like = digest::has_form(&candidate.value(bytes));
    let is_digest = is_digest_like
        && candidate.parts.first().is_some_and(|part| digest::is_said(bytes, &name.span, part));
    let context = match name.promise {
        _ if is_digest => Confidence::Low,
        Promise::Key => rule.confidence,
        Promise::Other if name.is_identifier || is_digest_like => Confidence::Low,
        Promise::Loose if is_digest_like && (name.is_vague || candidate.way == Way::Told) => {
            Confidence::Low
        }
        Promise::Loose => rule.confidence,
        Promise::Other if strength == Strength::Strong => Confidence::Medium,
        Promise::Other => return None,
    };
    let way = match candidate.way {
        Way::Told | Way::Following | Way::Paired if strength < Strength::Fair => return None,
        Way::Told => Confidence::Medium,
        _ => context,
    };
    Some(confidence(context.min(way), strength))
}

/// Whether a name says key, token or secret, and not only `auth`.
fn holds_key_word(name: &[u8]) -> bool {
    let lower = name.to_ascii_lowercase();
    [&b"key"[..], b"token", b"secret"]
        .iter()
        .any(|word| memchr::memmem::find(&lower, word).is_some())
}

fn evidence(way: Way, name: &str) -> String {
    match way {
        Way::Assigned => format!("assigned to {name}"),
        Way::Paired => format!("given together with {name}"),
        Way::Field => format!("value of the field named {name}"),
        Way::Element => format!("text of the element {name}"),
        Way::Following => format!("follows {name}"),
        Way::Told => format!("said to be {name}"),
    }
}
