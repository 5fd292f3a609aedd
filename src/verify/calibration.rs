//! Whether the API's answers mean anything right now.
//!
//! In: answers to two questions whose answers are known beforehand: a random
//! token must be refused, the operator's own admin key must not be. Out: what
//! may be said of other keys. A wrong address that answers 404 to everything
//! would make every key "live", one that answers 401 to everything, "dead".

use super::Evidence;

/// What one calibration saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calibration {
    /// A token that cannot be a key; good where it was refused with 401.
    pub random_token: Calibrator,
    /// A key known to be live; good where it was let in.
    pub known_live: Calibrator,
}

/// What one of the two questions showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Calibrator {
    /// The answer was as it had to be.
    Good(Evidence),
    /// It was not, for this reason.
    Bad {
        /// Why, in words that follow "because".
        why: String,
        /// Whether the answer was a 401.
        was_refused: bool,
    },
    /// There was nothing to ask with.
    NotAsked,
}

impl Calibrator {
    fn is_good(&self) -> bool {
        matches!(self, Self::Good(_))
    }

    fn why(&self, nothing: &'static str) -> Option<&str> {
        match self {
            Self::Good(_) => None,
            Self::Bad { why, .. } => Some(why),
            Self::NotAsked => Some(nothing),
        }
    }
}

impl Calibration {
    /// Why no answer may be called "live", where none may.
    #[must_use]
    pub fn why_not_live(&self) -> Option<&str> {
        self.random_token.why("no random token was asked")
    }

    /// Why no answer may be called "dead", where none may.
    #[must_use]
    pub fn why_not_dead(&self) -> Option<&str> {
        self.why_not_live().or_else(|| {
            self.known_live.why(
                "no admin key was given, so nothing shows that the API would let a live key in",
            )
        })
    }

    /// Whether both questions were answered as they had to be.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.random_token.is_good() && self.known_live.is_good()
    }

    /// Whether the admin key was answered 401.
    #[must_use]
    pub fn admin_key_was_refused(&self) -> bool {
        matches!(self.known_live, Calibrator::Bad { was_refused: true, .. })
    }
}
