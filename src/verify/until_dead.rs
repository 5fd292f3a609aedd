//! Goes on asking until every key is dead.
//!
//! In: keys and how long to wait between rounds. Out: the last word on each
//! key. A key that a person revokes by hand is proven dead this way.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Round, Suspect, Verdict, Verifier};
use crate::secret::Fingerprint;

/// Asks again and again, each time only about keys that may still change, and
/// answers each key's last verdict; `told` hears of every round.
pub async fn until_dead(
    verifier: &Verifier<'_>,
    mut suspects: Vec<Suspect>,
    first_wait: Duration,
    longest_wait: Duration,
    told: &mut dyn FnMut(&Round, usize),
) -> BTreeMap<Fingerprint, Verdict> {
    let mut last: BTreeMap<Fingerprint, Verdict> = BTreeMap::new();
    let mut wait = first_wait;
    loop {
        let round = verifier.ask(&suspects).await;
        for (key, verdict) in round.verdicts() {
            // Out of time says less than the answer before it.
            let decides = !matches!(verdict, Verdict::Unknown { .. } | Verdict::NotAsked { .. });
            if decides || !last.contains_key(key) {
                last.insert(*key, verdict.clone());
            }
        }
        suspects.retain_mut(|suspect| {
            let verdict = round.verdicts().get(&suspect.fingerprint);
            let seen = verdict.and_then(Verdict::seen_live_at);
            suspect.seen_live_at = suspect.seen_live_at.max(seen);
            may_change(suspect, verdict)
        });
        told(&round, suspects.len());
        let cannot_prove = round.opening().admin_key_was_refused();
        if suspects.is_empty() || cannot_prove || verifier.deadline.wait(wait).await.is_err() {
            return last;
        }
        wait = (wait * 2).min(longest_wait);
    }
}

fn may_change(suspect: &Suspect, verdict: Option<&Verdict>) -> bool {
    let can_be_asked = suspect.secret.is_some() && suspect.not_bearer.is_none();
    can_be_asked && !matches!(verdict, Some(Verdict::Dead(_) | Verdict::Rejected(_)))
}
