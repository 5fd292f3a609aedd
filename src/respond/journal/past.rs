//! What a journal's entries say, taken together.
//!
//! In: entries in order. Out: what a run that is taken up again must know so
//! that nothing is lost and nothing is sent twice that need not be.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::entry::{Event, JOURNAL_SCHEMA, PlannedStep, RunIdentity};
use crate::report::model;
use crate::secret::Fingerprint;

/// What earlier runs on the same directory did.
#[derive(Debug, Clone, Default)]
pub struct Past {
    run: Option<RunIdentity>,
    verdicts: BTreeMap<Fingerprint, model::Verdict>,
    seen_live: BTreeMap<Fingerprint, Timestamp>,
    submitted: BTreeMap<Fingerprint, Timestamp>,
    open_intents: BTreeMap<u64, Fingerprint>,
    plans: BTreeMap<String, Vec<PlannedStep>>,
    consented: BTreeSet<String>,
    facts: BTreeMap<Fingerprint, (Option<String>, Option<String>)>,
    /// Bytes of a half-written line that were dropped on opening.
    pub torn_bytes: u64,
}

impl Past {
    /// Whether the directory is new.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.run.is_none()
    }

    /// The run that the journal belongs to.
    #[must_use]
    pub fn run(&self) -> Option<&RunIdentity> {
        self.run.as_ref()
    }

    /// The last verdict on each key.
    #[must_use]
    pub fn verdicts(&self) -> &BTreeMap<Fingerprint, model::Verdict> {
        &self.verdicts
    }

    /// When a key was last seen live.
    #[must_use]
    pub fn seen_live_at(&self, key: Fingerprint) -> Option<Timestamp> {
        self.seen_live.get(&key).copied()
    }

    /// When a key's revocation was submitted.
    #[must_use]
    pub fn submitted_at(&self, key: Fingerprint) -> Option<Timestamp> {
        self.submitted.get(&key).copied()
    }

    /// Whether a revocation was sent, or was about to be: the API may already
    /// be at work on it.
    #[must_use]
    pub fn was_sent(&self, key: Fingerprint) -> bool {
        self.submitted.contains_key(&key) || self.open_intents.values().any(|open| *open == key)
    }

    /// A key's name and scope, where the API told them.
    #[must_use]
    pub fn facts(&self, key: Fingerprint) -> (Option<String>, Option<String>) {
        self.facts.get(&key).cloned().unwrap_or_default()
    }

    /// The steps of a plan that was agreed to.
    #[must_use]
    pub fn consented_steps(&self, digest: &str) -> Option<&[PlannedStep]> {
        self.consented.get(digest).and_then(|digest| self.plans.get(digest)).map(Vec::as_slice)
    }

    pub(super) fn take(&mut self, seq: u64, at: Timestamp, event: Event) -> Result<(), String> {
        match event {
            Event::Opened { schema, run, .. } => {
                if schema != JOURNAL_SCHEMA {
                    let found = crate::vendor::shown(&schema);
                    return Err(format!("it is `{found}`, this version reads `{JOURNAL_SCHEMA}`"));
                }
                self.run = Some(run);
            }
            Event::Verdict { fingerprint, verdict } => {
                let seen = verdict.seen_live_at.as_ref().and_then(|at| at.parse().ok());
                if let Some(seen) = seen {
                    self.seen_live.insert(fingerprint, seen);
                }
                self.verdicts.insert(fingerprint, verdict);
            }
            Event::Planned { digest, steps } => {
                self.plans.insert(digest, steps);
            }
            Event::Consented { digest, .. } => {
                self.consented.insert(digest);
            }
            Event::Intent { fingerprint, .. } => {
                self.open_intents.insert(seq, fingerprint);
            }
            Event::Outcome { intent, fingerprint, result, key_name, key_scope, .. } => {
                if self.open_intents.get(&intent) != Some(&fingerprint) {
                    return Err(format!(
                        "it tells the outcome of entry {intent}, which is no such intent"
                    ));
                }
                // What is unclear stays open: the request may still take effect.
                if result != "unclear" {
                    self.open_intents.remove(&intent);
                }
                if matches!(result.as_str(), "submitted" | "already-revoked") {
                    self.submitted.insert(fingerprint, at);
                }
                if key_name.is_some() || key_scope.is_some() {
                    self.facts.insert(fingerprint, (key_name, key_scope));
                }
            }
            Event::Recovered { .. }
            | Event::Resumed { .. }
            | Event::Asking { .. }
            | Event::Listing { .. }
            | Event::Listed { .. }
            | Event::Declined { .. }
            | Event::Instructed { .. }
            | Event::Finished { .. } => {}
        }
        Ok(())
    }
}
