//! Asks with revoked keys until the API refuses them.
//!
//! In: the steps that were carried out. Out: for each key its last verdict; a
//! death only where `verify` proved it. No answer to a revocation counts here.

use std::collections::BTreeMap;
use std::time::Duration;

use super::error::RespondError;
use super::incident::Incident;
use super::notice::Notice;
use super::plan::{Candidate, Step};
use crate::report::model::Report;
use crate::secret::Fingerprint;
use crate::vendor::Deadline;
use crate::verify::{Suspect, Verdict};

/// Why the admin key in use cannot prove its own death.
const ADMIN_IS_REFUSED: &str = "it is refused now, but it was the admin key in use, and without another live key nothing \
     shows that the API still lets any key in: run the same command again with a new admin key to \
     prove it";

impl Incident<'_> {
    /// Asks until every key is refused or time is up; how many are not.
    pub(super) async fn prove(
        &mut self,
        report: &mut Report,
        steps: &[&Step],
        deadline: Deadline,
    ) -> Result<usize, RespondError> {
        let mut pending: BTreeMap<Fingerprint, &Step> =
            steps.iter().map(|step| (step.candidate().fingerprint(), *step)).collect();
        if pending.is_empty() {
            return Ok(0);
        }
        self.operator.told(&Notice::Proving(pending.len()));
        let mut last: BTreeMap<Fingerprint, Verdict> = BTreeMap::new();
        let mut wait = self.tempo.first_poll;
        loop {
            let suspects: Vec<Suspect> =
                pending.values().map(|step| suspect(step, &last)).collect();
            // Even with no time left one question is asked: it decides between
            // "still live" and "not known".
            let asking = if deadline.is_over() {
                Deadline::after(self.tempo.first_poll.max(Duration::from_secs(2)))
            } else {
                deadline
            };
            let round = self.ask(&suspects, "proof", asking).await?;
            let mut settled = BTreeMap::new();
            for (key, verdict) in round.verdicts() {
                let verdict = judged(verdict, pending.get(key).copied());
                if is_settled(&verdict) {
                    pending.remove(key);
                    settled.insert(*key, verdict.clone());
                }
                if let Verdict::Dead(proof) = &verdict {
                    let mask = mask_of(steps, *key);
                    self.operator.told(&Notice::Proven { fingerprint: *key, mask: &mask, proof });
                }
                if says_more(&verdict, last.get(key)) {
                    last.insert(*key, verdict);
                }
            }
            self.record(report, settled.iter())?;
            let cannot_prove = round.opening().admin_key_was_refused();
            if pending.is_empty() || deadline.is_over() || cannot_prove {
                break;
            }
            self.operator.told(&Notice::StillAsking(pending.len()));
            tokio::time::sleep(wait.min(deadline.left())).await;
            wait = (wait * 2).min(self.tempo.longest_poll);
        }
        self.record(report, last.iter().filter(|(key, _)| pending.contains_key(key)))?;
        for step in steps {
            let fingerprint = step.candidate().fingerprint();
            if let Some(verdict) = last.get(&fingerprint)
                && !matches!(verdict, Verdict::Dead(_))
            {
                let mask = mask_of(steps, fingerprint);
                let instructions = &self.client.profile().steps.dashboard;
                let mask = &mask;
                self.operator.told(&Notice::NotProven { fingerprint, mask, verdict, instructions });
            }
        }
        self.save(report)?;
        Ok(pending.len())
    }
}

fn suspect(step: &Step, last: &BTreeMap<Fingerprint, Verdict>) -> Suspect {
    let fingerprint = step.candidate().fingerprint();
    let from_plan = match step.candidate() {
        Candidate::Live(key) => Some(key.seen().at),
        Candidate::Named(_) => None,
    };
    Suspect {
        fingerprint,
        secret: Some(step.candidate().secret().clone()),
        seen_live_at: from_plan.max(last.get(&fingerprint).and_then(Verdict::seen_live_at)),
        not_bearer: None,
    }
}

/// Says of the admin key in use why its death cannot be proven with itself.
fn judged(verdict: &Verdict, step: Option<&Step>) -> Verdict {
    match verdict {
        Verdict::Unknown { evidence: Some(evidence), seen_live_at, .. }
            if evidence.status == 401 && step.is_some_and(Step::is_admin) =>
        {
            Verdict::Unknown {
                why: ADMIN_IS_REFUSED.to_owned(),
                evidence: Some(evidence.clone()),
                seen_live_at: *seen_live_at,
            }
        }
        other => other.clone(),
    }
}

/// Whether asking again can change nothing.
fn is_settled(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Dead(_) | Verdict::Rejected(_) => true,
        // The admin key in use, refused.
        Verdict::Unknown { evidence, why, .. } => {
            why == ADMIN_IS_REFUSED
                && evidence.as_ref().is_some_and(|evidence| evidence.status == 401)
        }
        Verdict::Live(_) | Verdict::NotAsked { .. } => false,
    }
}

/// A key that was seen live after its revocation was sent is live, whatever
/// later questions failed to bring.
fn says_more(new: &Verdict, last: Option<&Verdict>) -> bool {
    let decides = !matches!(new, Verdict::Unknown { .. } | Verdict::NotAsked { .. });
    decides || is_settled(new) || !matches!(last, Some(Verdict::Live(_)))
}

fn mask_of(steps: &[&Step], key: Fingerprint) -> String {
    let step = steps.iter().find(|step| step.candidate().fingerprint() == key);
    step.map(|step| step.candidate().secret().mask()).unwrap_or_default()
}
