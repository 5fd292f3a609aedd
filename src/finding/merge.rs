//! Merges hits into findings: one a key and rule.
//!
//! In: occurrences in any order, from any thread's batch. Out: the same
//! findings in the same order, whatever order they came in.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Confidence, Finding, Occurrence, Severity};
use crate::secret::{Fingerprinter, Secret};

/// Gathers occurrences by rule and key.
#[derive(Debug, Default)]
pub struct Findings {
    by_key: HashMap<(Arc<str>, Secret), Vec<Occurrence>>,
}

impl Findings {
    /// Adds one occurrence of `secret` under `rule`.
    pub fn add(&mut self, rule: &Arc<str>, secret: Secret, occurrence: Occurrence) {
        self.by_key.entry((Arc::clone(rule), secret)).or_default().push(occurrence);
    }

    /// How many distinct keys are held, counted once a rule.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// Gives every occurrence to `change`, which may complete or drop it; a
    /// key that loses all its occurrences is dropped too.
    pub fn retain(&mut self, mut change: impl FnMut(&str, &mut Occurrence) -> bool) {
        self.by_key.retain(|(rule, _), occurrences| {
            occurrences.retain_mut(|occurrence| change(rule, occurrence));
            !occurrences.is_empty()
        });
    }

    /// Sorts by rule, then by first place, then by fingerprint; one place is
    /// kept once, with the better confidence.
    #[must_use]
    pub fn into_sorted(
        self,
        fingerprinter: &Fingerprinter,
        severity: impl Fn(&str) -> Severity,
    ) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self
            .by_key
            .into_iter()
            .map(|((rule, secret), mut occurrences)| {
                occurrences
                    .sort_by(|a, b| place(a).cmp(&place(b)).then(b.confidence.cmp(&a.confidence)));
                occurrences.dedup_by(|b, a| place(a) == place(b));
                Finding {
                    severity: severity(&rule),
                    confidence: occurrences
                        .iter()
                        .map(|o| o.confidence)
                        .max()
                        .unwrap_or(Confidence::Low),
                    fingerprint: fingerprinter.fingerprint(&secret),
                    rule,
                    secret,
                    occurrences,
                    suppression: None,
                }
            })
            .collect();
        findings.sort_by(|a, b| {
            (&a.rule, place(&a.occurrences[0]), a.fingerprint).cmp(&(
                &b.rule,
                place(&b.occurrences[0]),
                b.fingerprint,
            ))
        });
        findings
    }
}

fn place(occurrence: &Occurrence) -> (&super::Origin, u64, u64) {
    (&occurrence.origin, occurrence.line, occurrence.column)
}
