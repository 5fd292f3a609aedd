//! Keys that this run's sweep did not find and that still matter.
//!
//! In: what an earlier run in the same directory knew, and the keys that the
//! operator named. Out: the report, from which none of them is missing.

use std::collections::BTreeSet;

use super::journal::Past;
use super::plan::OperatorNamed;
use crate::finding::{Confidence, Severity};
use crate::report::model::{Finding, Report, RuleSummary};
use crate::secret::Fingerprint;

/// The rule of a key that the operator named and that no sweep found.
pub const NAMED_RULE: &str = "named-by-operator";

/// The rule of a key that only the journal of an earlier run knows.
pub const CARRIED_RULE: &str = "earlier-run";

/// Adds the findings of an earlier run that are gone from the scope, and what
/// it knew of those that are not.
pub fn carry_over(report: &mut Report, earlier: &Report) {
    for before in &earlier.findings {
        let now = report
            .findings
            .iter_mut()
            .find(|now| now.rule == before.rule && now.fingerprint == before.fingerprint);
        match now {
            Some(now) if now.verdict.is_none() => now.verdict.clone_from(&before.verdict),
            Some(_) => {}
            None => {
                report.findings.push(before.clone());
                if let Some(rule) = earlier.rules.get(&before.rule) {
                    report.rules.entry(before.rule.clone()).or_insert_with(|| rule.clone());
                }
            }
        }
    }
}

/// Adds the keys that only an earlier run's journal knows.
pub fn carry_over_journal(report: &mut Report, past: &Past) {
    for (key, verdict) in past.verdicts() {
        if !known(report).contains(key) {
            let mut finding = bare(*key, "…".to_owned(), CARRIED_RULE);
            finding.verdict = Some(verdict.clone());
            report.findings.push(finding);
            report.rules.entry(CARRIED_RULE.to_owned()).or_insert_with(|| RuleSummary {
                title: "Key of an earlier run".to_owned(),
                description: "An earlier run in the same directory dealt with this key; this \
                              run's sweep did not find it again."
                    .to_owned(),
                remedy: "Give its value with --keys-stdin or --known-keys-stdin, so that it can \
                         be asked about again."
                    .to_owned(),
                severity: Severity::Critical,
            });
        }
    }
}

/// Adds the keys that the operator named and that the sweep did not find: they
/// leaked all the same.
pub fn add_named(report: &mut Report, named: &[OperatorNamed]) {
    for key in named {
        if !known(report).contains(&key.fingerprint()) {
            report.findings.push(bare(key.fingerprint(), key.secret().mask(), NAMED_RULE));
            report.rules.entry(NAMED_RULE.to_owned()).or_insert_with(|| RuleSummary {
                title: "Key named by the operator".to_owned(),
                description: "The operator said that this key leaked; nothing that was read \
                              holds it."
                    .to_owned(),
                remedy: "Revoke it, and look for it where this run could not: other clones, CI \
                         logs, chat, pull requests."
                    .to_owned(),
                severity: Severity::Critical,
            });
        }
    }
}

fn known(report: &Report) -> BTreeSet<Fingerprint> {
    report.findings.iter().map(|finding| finding.fingerprint).collect()
}

fn bare(fingerprint: Fingerprint, redacted: String, rule: &str) -> Finding {
    Finding {
        rule: rule.to_owned(),
        severity: Severity::Critical,
        confidence: Confidence::Confirmed,
        fingerprint,
        redacted,
        verdict: None,
        suppression: None,
        occurrences: Vec::new(),
    }
}
