//! Adds a sweep's findings to a baseline.
//!
//! In: a baseline, findings, and who accepts them why. Out: the baseline with
//! an entry for each; what an entry said before stays as it was. Nothing is
//! added without a reason.

use super::entry::{check_date, check_text};
use super::{Baseline, Entry};
use crate::finding::Finding;

/// Why findings are accepted, by whom and how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    reason: String,
    by: Option<String>,
    added: String,
    expires: Option<String>,
}

impl Acceptance {
    /// Accepts from the day `today` on, up to the day `expires` where one is
    /// given; both `YYYY-MM-DD`.
    ///
    /// # Errors
    ///
    /// An empty reason, a text of more than one line, and an end that is no
    /// date or is over; in words.
    pub fn new(
        reason: &str,
        by: Option<&str>,
        today: &str,
        expires: Option<&str>,
    ) -> Result<Self, String> {
        check_text("reason", reason)?;
        if let Some(by) = by {
            check_text("by", by)?;
        }
        if let Some(expires) = expires {
            check_date("expires", expires)?;
            if expires < today {
                return Err(format!("`expires` is {expires}, which is over"));
            }
        }
        Ok(Self {
            reason: reason.trim().to_owned(),
            by: by.map(|by| by.trim().to_owned()),
            added: today.to_owned(),
            expires: expires.map(str::to_owned),
        })
    }
}

/// There is something to add, and nobody said why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{count} to add, and no reason given")]
pub struct NoReason {
    /// How many findings wait for a reason.
    pub count: usize,
}

/// What became of a baseline.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// As it is now.
    pub baseline: Baseline,
    /// Entries that were added or given a new reason.
    pub added: usize,
    /// Entries that stayed as they were.
    pub kept: usize,
    /// Entries for keys that a sweep of everything no longer found.
    pub removed: usize,
}

/// Adds every finding that nothing else holds back to `known`.
///
/// An entry that holds is kept with its reason; so is one of `in_force`, the
/// baseline that the sweep went by. Where `drops_stale`, entries of keys that
/// were not found are left out.
///
/// # Errors
///
/// Where something is to be added and `acceptance` is `None`.
pub fn record(
    known: &Baseline,
    in_force: Option<&Baseline>,
    findings: &[Finding],
    today: &str,
    drops_stale: bool,
    acceptance: Option<&Acceptance>,
) -> Result<Recorded, NoReason> {
    let mut baseline = Baseline { entries: known.entries.clone(), ..known.clone() };
    if drops_stale {
        baseline.entries.retain(|(fingerprint, rule), _| {
            findings.iter().any(|found| found.fingerprint == *fingerprint && *rule == *found.rule)
        });
    }
    let removed = known.entries.len() - baseline.entries.len();
    let mut kept = baseline.entries.len();
    let mut unexplained = Vec::new();
    for finding in findings {
        let holds = |entry: &&Entry| !entry.is_expired(today);
        let key = (finding.fingerprint, finding.rule.to_string());
        let is_held = baseline.entries.get(&key).as_ref().is_some_and(holds);
        // What an allow beside each place holds back needs no entry.
        let is_allowed = finding.occurrences.iter().all(|place| {
            place.suppression.as_ref().is_some_and(|by| by.kind == super::SuppressionKind::Inline)
        });
        if is_held || is_allowed {
            continue;
        }
        let elsewhere = in_force.and_then(|other| other.entries.get(&key)).filter(holds);
        match elsewhere {
            Some(entry) => {
                kept += usize::from(baseline.entries.insert(key, entry.clone()).is_none());
            }
            None => unexplained.push(key),
        }
    }
    let added = unexplained.len();
    if added > 0 {
        let acceptance = acceptance.ok_or(NoReason { count: added })?;
        for (fingerprint, rule) in unexplained {
            let entry = Entry {
                fingerprint,
                rule: rule.clone(),
                reason: acceptance.reason.clone(),
                by: acceptance.by.clone(),
                added: acceptance.added.clone(),
                expires: acceptance.expires.clone(),
            };
            // One that expired is accepted anew.
            kept -= usize::from(baseline.entries.insert((fingerprint, rule), entry).is_some());
        }
    }
    Ok(Recorded { baseline, added, kept, removed })
}
