//! Carries out the steps of a plan that was agreed to.
//!
//! In: one step. Out: a receipt. Before each request its intent is on disk,
//! after it its outcome; where an outcome is unclear, the key is asked before
//! anything is sent again. No receipt says that a key is dead.

use super::incident::Tempo;
use super::journal::{Event, Journal, JournalError, Past};
use super::notice::{Notice, Operator};
use super::plan::{Step, Way};
use crate::vendor::{
    AdminKey, Answer, Client, Deadline, KeyFacts, Patience, Revocation, VendorError, now,
};

/// What became of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// The API took the request, or had taken an earlier one.
    Submitted {
        /// When.
        at: jiff::Timestamp,
        /// What it told of the key.
        facts: KeyFacts,
    },
    /// A person was told what to do.
    ByHand,
    /// The admin key was refused; nothing more can be sent.
    AdminRefused,
    /// Whether a request had an effect is not known; the probes will tell.
    Unclear,
}

/// Carries out steps, one after the other.
pub(super) struct Revoker<'a> {
    pub(super) client: &'a Client,
    pub(super) admin: Option<&'a AdminKey>,
    pub(super) patience: Patience,
    pub(super) tempo: Tempo,
    pub(super) deadline: Deadline,
    pub(super) journal: &'a mut Journal,
    pub(super) operator: &'a dyn Operator,
    /// Calls that the API was found not to offer.
    pub(super) value_is_missing: bool,
    pub(super) id_is_missing: bool,
}

/// What one way of revoking led to.
enum Tried {
    Done(Receipt),
    NextWay,
    /// A person must do it, whatever other ways there are.
    Person,
}

impl Revoker<'_> {
    pub(super) async fn revoke(
        &mut self,
        step: &Step,
        past: &Past,
    ) -> Result<Receipt, JournalError> {
        if past.was_sent(step.candidate.fingerprint()) {
            self.operator.told(&Notice::MayBeSent(step));
            if !self.may_send_again(step, "an earlier request may have taken effect").await? {
                return Ok(Receipt::Unclear);
            }
        }
        for way in &step.ways {
            let Some(admin) = self.admin.filter(|_| *way != Way::Dashboard) else { break };
            if self.is_missing(way) {
                continue;
            }
            match self.try_way(step, way, admin).await? {
                Tried::Done(receipt) => return Ok(receipt),
                Tried::NextWay => {}
                Tried::Person => break,
            }
        }
        self.journal.append(&[Event::Instructed { fingerprint: step.candidate.fingerprint() }])?;
        let instructions = &self.client.profile().steps.dashboard;
        self.operator.told(&Notice::ByHand { step, instructions });
        Ok(Receipt::ByHand)
    }

    async fn try_way(
        &mut self,
        step: &Step,
        way: &Way,
        admin: &AdminKey,
    ) -> Result<Tried, JournalError> {
        let mut attempt = 1;
        loop {
            let answer = self.send(step, way, admin, attempt).await?;
            let error = match answer {
                Ok(Revocation::Submitted { facts, .. }) => {
                    return Ok(Tried::Done(Receipt::Submitted { at: now(), facts }));
                }
                Ok(Revocation::Already) => {
                    let facts = KeyFacts::default();
                    return Ok(Tried::Done(Receipt::Submitted { at: now(), facts }));
                }
                Ok(Revocation::AdminRefused { .. }) => {
                    self.operator.told(&Notice::AdminRefused);
                    return Ok(Tried::Done(Receipt::AdminRefused));
                }
                // The account does not know the key. An id that only matches by
                // four characters would then be another key's.
                Ok(Revocation::UnknownKey) => return Ok(Tried::Person),
                Ok(Revocation::NotOffered { .. }) => {
                    self.note_missing(way);
                    return Ok(Tried::NextWay);
                }
                Err(error) => error,
            };
            if matches!(error, VendorError::NotSendable(_)) {
                return Ok(Tried::NextWay);
            }
            let wait = self.patience.wait(attempt, error.retry_after());
            if attempt >= self.patience.attempts || self.deadline.wait(wait).await.is_err() {
                return Ok(Tried::Done(Receipt::Unclear));
            }
            let is_clear = error.had_no_effect();
            if !is_clear && !self.may_send_again(step, "an answer was unclear").await? {
                return Ok(Tried::Done(Receipt::Unclear));
            }
            attempt += 1;
        }
    }

    /// Sends one request, with its intent before and its outcome after it.
    async fn send(
        &mut self,
        step: &Step,
        way: &Way,
        admin: &AdminKey,
        attempt: u32,
    ) -> Result<Result<Revocation, VendorError>, JournalError> {
        let fingerprint = step.candidate.fingerprint();
        let endpoint = match way {
            Way::Id(id) => self.client.revoke_by_id_endpoint(id),
            _ => self.client.revoke_by_value_endpoint(),
        };
        let intent = Event::Intent { fingerprint, endpoint: endpoint.clone(), attempt };
        let intent = self.journal.append(&[intent])?;
        self.operator.told(&Notice::Sending { step, endpoint: &endpoint });
        let key = step.candidate.secret();
        let answer = match way {
            Way::Id(id) => self.client.revoke_by_id(admin, key, id, self.deadline).await,
            _ => self.client.revoke_by_value(admin, key, self.deadline).await,
        };
        let (result, status, facts) = in_words(&answer);
        let detail = answer.as_ref().err().map(ToString::to_string);
        let outcome = Event::Outcome {
            intent,
            fingerprint,
            result: result.to_owned(),
            status,
            detail: detail.clone(),
            key_name: facts.name,
            key_scope: facts.scope,
        };
        self.journal.append(&[outcome])?;
        self.operator.told(&Notice::Outcome { step, result, detail: detail.as_deref() });
        Ok(answer)
    }

    /// Asks with the key what became of an earlier request, for as long as that
    /// may take to show. Only where the API then still lets the key in may
    /// another request be sent.
    async fn may_send_again(&mut self, step: &Step, purpose: &str) -> Result<bool, JournalError> {
        self.journal.append(&[Event::Asking {
            purpose: purpose.to_owned(),
            endpoint: self.client.probe_endpoint(),
            keys: vec![step.candidate.fingerprint()],
        }])?;
        let settled = Deadline::after(self.tempo.settle.min(self.deadline.left()));
        let mut is_admitted = false;
        loop {
            match self.client.probe(step.candidate.secret(), settled).await {
                Ok(Answer::Refused) => return Ok(false),
                Ok(Answer::Admitted { .. }) => is_admitted = true,
                Err(error) if error.is_transient() => {}
                Err(VendorError::OutOfTime) => return Ok(is_admitted),
                Err(_) => return Ok(false),
            }
            if settled.wait(self.tempo.first_poll).await.is_err() {
                return Ok(is_admitted);
            }
        }
    }

    fn is_missing(&self, way: &Way) -> bool {
        match way {
            Way::Value => self.value_is_missing,
            Way::Id(_) => self.id_is_missing,
            Way::Dashboard => false,
        }
    }

    fn note_missing(&mut self, way: &Way) {
        match way {
            Way::Value => self.value_is_missing = true,
            Way::Id(_) => self.id_is_missing = true,
            Way::Dashboard => {}
        }
    }
}

/// The journal's word for an answer, its status, and what it told of the key.
fn in_words(answer: &Result<Revocation, VendorError>) -> (&'static str, Option<u16>, KeyFacts) {
    let none = KeyFacts::default();
    match answer {
        Ok(Revocation::Submitted { status, facts }) => ("submitted", Some(*status), facts.clone()),
        Ok(Revocation::Already) => ("already-revoked", Some(409), none),
        Ok(Revocation::UnknownKey) => ("unknown-key", Some(404), none),
        Ok(Revocation::NotOffered { status }) => ("not-offered", Some(*status), none),
        Ok(Revocation::AdminRefused { status }) => ("admin-refused", Some(*status), none),
        Err(error) if error.had_no_effect() => ("no-effect", error.status(), none),
        Err(error) => ("unclear", error.status(), none),
    }
}
