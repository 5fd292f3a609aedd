//! What is known of a key, as types that cannot claim more than was seen.
//!
//! In: answers that `ask` judged between calibrations. Out: verdicts for a
//! report. A [`LiveKey`] and a [`Proof`] are made in this room alone.

use jiff::Timestamp;

use crate::report::model;
use crate::secret::{Fingerprint, Secret};

/// One answer that decided something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// When it came.
    pub at: Timestamp,
    /// The method and URL that were asked, without any key.
    pub endpoint: String,
    /// Its HTTP status.
    pub status: u16,
}

/// What the API's answers say of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It was let in.
    Live(Evidence),
    /// It was live once and is refused now.
    Dead(Proof),
    /// It is refused and was never seen live: revoked before, or not a key as
    /// it was extracted.
    Rejected(Evidence),
    /// The answers decide nothing.
    Unknown {
        /// Why.
        why: String,
        /// The answer that came, where one did.
        evidence: Option<Evidence>,
        /// When it was last seen live, if ever.
        seen_live_at: Option<Timestamp>,
    },
    /// Nobody asked.
    NotAsked {
        /// Why.
        why: String,
        /// When it was last seen live, if ever.
        seen_live_at: Option<Timestamp>,
    },
}

/// The proof of a death: live, then 401, between two good calibrations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    seen_live_at: Timestamp,
    refusal: Evidence,
}

impl Proof {
    /// Only a round that was calibrated before and after makes one.
    pub(super) fn new(seen_live_at: Timestamp, refusal: Evidence) -> Self {
        Self { seen_live_at, refusal }
    }

    /// When the key was seen live.
    #[must_use]
    pub fn seen_live_at(&self) -> Timestamp {
        self.seen_live_at
    }

    /// The 401.
    #[must_use]
    pub fn refusal(&self) -> &Evidence {
        &self.refusal
    }
}

/// A key that the API just let in: what a revocation plan is made from.
#[derive(Debug, Clone)]
pub struct LiveKey {
    secret: Secret,
    fingerprint: Fingerprint,
    seen: Evidence,
}

impl LiveKey {
    /// Only a round that was calibrated before and after makes one.
    pub(super) fn new(secret: Secret, fingerprint: Fingerprint, seen: Evidence) -> Self {
        Self { secret, fingerprint, seen }
    }

    /// The key.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Its fingerprint.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The answer that let it in.
    #[must_use]
    pub fn seen(&self) -> &Evidence {
        &self.seen
    }
}

impl Verdict {
    /// The name used in reports.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        match self {
            Self::Live(_) => "live",
            Self::Dead(_) => "dead",
            Self::Rejected(_) => "rejected",
            Self::Unknown { .. } => "unknown",
            Self::NotAsked { .. } => "not asked",
        }
    }

    /// When the key was seen live, as far as this verdict knows.
    #[must_use]
    pub fn seen_live_at(&self) -> Option<Timestamp> {
        match self {
            Self::Live(evidence) => Some(evidence.at),
            Self::Dead(proof) => Some(proof.seen_live_at),
            Self::Rejected(_) => None,
            Self::Unknown { seen_live_at, .. } | Self::NotAsked { seen_live_at, .. } => {
                *seen_live_at
            }
        }
    }

    /// Why nothing is known, where nothing is.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Unknown { why, .. } | Self::NotAsked { why, .. } => Some(why),
            _ => None,
        }
    }

    /// The answer that decided, or that failed to.
    #[must_use]
    pub fn evidence(&self) -> Option<&Evidence> {
        match self {
            Self::Live(evidence) | Self::Rejected(evidence) => Some(evidence),
            Self::Dead(proof) => Some(&proof.refusal),
            Self::Unknown { evidence, .. } => evidence.as_ref(),
            Self::NotAsked { .. } => None,
        }
    }

    /// The verdict as the report writes it; what an earlier one knew of the
    /// key's name, scope and revocation is kept.
    #[must_use]
    pub fn to_model(&self, earlier: Option<&model::Verdict>) -> model::Verdict {
        let evidence = self.evidence();
        // The first sight counts: the report says since when it was known.
        let first_seen = earlier.and_then(|earlier| earlier.seen_live_at.clone());
        model::Verdict {
            state: self.state().to_owned(),
            why: self.why().map(str::to_owned),
            at: evidence.map(|evidence| evidence.at.to_string()),
            endpoint: evidence.map(|evidence| evidence.endpoint.clone()),
            status: evidence.map(|evidence| evidence.status),
            seen_live_at: first_seen.or_else(|| self.seen_live_at().map(|at| at.to_string())),
            revoked_at: earlier.and_then(|earlier| earlier.revoked_at.clone()),
            key_name: earlier.and_then(|earlier| earlier.key_name.clone()),
            key_scope: earlier.and_then(|earlier| earlier.key_scope.clone()),
        }
    }
}
