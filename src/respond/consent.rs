//! The operator's word.
//!
//! In: a plan and what the operator typed or passed. Out: a consent to exactly
//! that plan, without which nothing is revoked. There is no other way to make
//! one.

use super::journal::Past;
use super::plan::Plan;

/// The fewest characters of the digest that are typed.
const TYPED_CHARACTERS: usize = 8;

/// Consent to one plan.
#[derive(Debug)]
pub struct Consent<'p> {
    plan: &'p Plan,
    how: &'static str,
}

/// Why there is no consent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConsentError {
    /// The digest is another plan's.
    #[error(
        "the digest given is not that of this plan: the keys, their places or the calls have \
         changed since it was printed; read the plan above and pass its own digest"
    )]
    OtherPlan,
    /// What was typed is not the beginning of the digest.
    #[error("what was typed is not the beginning of the plan's digest")]
    NotTyped,
}

impl<'p> Consent<'p> {
    /// Consents by the whole digest of the printed plan; or, when a run is taken
    /// up again, by that of a plan which was agreed to before and of which this
    /// plan is what remains.
    ///
    /// # Errors
    /// Where the digest is another plan's.
    pub fn by_digest(plan: &'p Plan, digest: &str, past: &Past) -> Result<Self, ConsentError> {
        let digest = digest.trim().to_ascii_lowercase();
        let how = "--yes --plan";
        if digest == plan.digest() {
            return Ok(Self { plan, how });
        }
        let agreed = past.consented_steps(&digest).ok_or(ConsentError::OtherPlan)?;
        let remains = plan.step_digests().iter().all(|step| agreed.contains(step));
        if remains { Ok(Self { plan, how }) } else { Err(ConsentError::OtherPlan) }
    }

    /// Consents by typing the digest's beginning, eight characters or more.
    ///
    /// # Errors
    /// Where something else was typed.
    pub fn typed(plan: &'p Plan, typed: &str) -> Result<Self, ConsentError> {
        let typed = typed.trim().to_ascii_lowercase();
        if typed.len() >= TYPED_CHARACTERS && plan.digest().starts_with(&typed) {
            return Ok(Self { plan, how: "typed" });
        }
        Err(ConsentError::NotTyped)
    }

    /// The plan that was agreed to.
    #[must_use]
    pub fn plan(&self) -> &'p Plan {
        self.plan
    }

    /// How it was said: `typed` or `--yes --plan`.
    #[must_use]
    pub fn how(&self) -> &'static str {
        self.how
    }
}
