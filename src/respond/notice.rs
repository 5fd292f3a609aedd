//! What the operator is told, and the one thing that the operator is asked.
//!
//! In: what happens, as it happens. Out: nothing; how it is shown, and where a
//! consent comes from, is the caller's affair.

use super::consent::Consent;
use super::journal::Past;
use super::plan::{Plan, Step};
use crate::report::model::Report;
use crate::secret::Fingerprint;
use crate::verify::{Proof, Round, Verdict};

/// Something that happens in a response.
#[derive(Debug)]
#[non_exhaustive]
pub enum Notice<'a> {
    /// The directory holds an earlier run's journal, which is taken up.
    Resumed(&'a Past),
    /// So many distinct keys are about to be asked about.
    Asking(usize),
    /// The answers are in.
    Asked {
        /// The answers.
        round: &'a Round,
        /// Where the keys were found, with these verdicts.
        report: &'a Report,
    },
    /// No key of this report can enter a plan.
    NothingToRevoke(&'a Report),
    /// This would be done.
    Planned(&'a Plan),
    /// Nothing is revoked, because only the plan was asked for.
    DryRun,
    /// Nothing is revoked, because the operator did not agree.
    Declined,
    /// The operator agreed.
    Agreed(&'a Consent<'a>),
    /// An earlier run may have revoked this key; it is asked before anything is
    /// sent again.
    MayBeSent(&'a Step),
    /// A revocation is sent; its intent is on disk.
    Sending {
        /// The step.
        step: &'a Step,
        /// The method and URL.
        endpoint: &'a str,
    },
    /// What became of it, in the journal's words.
    Outcome {
        /// The step.
        step: &'a Step,
        /// As in the journal.
        result: &'a str,
        /// More, in words.
        detail: Option<&'a str>,
    },
    /// This key must be revoked by hand.
    ByHand {
        /// The step.
        step: &'a Step,
        /// What the person does, in order.
        instructions: &'a [String],
    },
    /// The keys are asked for until they are refused.
    Proving(usize),
    /// Some are not refused yet.
    StillAsking(usize),
    /// This key is dead.
    Proven {
        /// The key.
        fingerprint: Fingerprint,
        /// What may be shown of it.
        mask: &'a str,
        /// The proof.
        proof: &'a Proof,
    },
    /// This key is not proven dead, and time is up.
    NotProven {
        /// The key.
        fingerprint: Fingerprint,
        /// What may be shown of it.
        mask: &'a str,
        /// What is known instead.
        verdict: &'a Verdict,
        /// What a person does about it, in order.
        instructions: &'a [String],
    },
    /// The admin key in use is in the plan, but others still need it.
    AdminHeldBack {
        /// How many are not dead yet.
        others: usize,
    },
    /// The admin key was refused: nothing more can be revoked or proven.
    AdminRefused,
}

/// Who is told, and who consents.
pub trait Operator {
    /// Something happens.
    fn told(&self, notice: &Notice<'_>);

    /// Asks for consent to exactly this plan; `None` where there is none.
    fn consent<'p>(&self, plan: &'p Plan, past: &Past) -> Option<Consent<'p>>;
}
