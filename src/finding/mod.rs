//! What a sweep finds and what it could not read.
//!
//! In: hits of detection, with the place of each. Out: findings merged by key
//! and rule, in a fixed order. Nothing here reads a file, asks a network or
//! knows how a report is written.

mod coverage;
mod merge;
mod place;

pub use coverage::{Skip, SkipKind, Tally};
pub use merge::Findings;
pub use place::{Commit, Encoding, Excerpt, Occurrence, Origin, Provenance, Reach, SourceKind};

use std::sync::Arc;

use crate::secret::{Fingerprint, Secret};

/// How bad it is if the key is real.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Hardly any harm.
    Low,
    /// Some harm.
    Medium,
    /// An attacker can act with it.
    High,
    /// An attacker can act as the account.
    Critical,
}

/// How sure detection is that the value is a key.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Weak evidence: a weak context or a value that may be a placeholder.
    Low,
    /// Good evidence with something against it, such as a test's path.
    Medium,
    /// A value that looks random in a context that holds keys only.
    High,
    /// The operator named this very key.
    Confirmed,
}

macro_rules! lower_case_names {
    ($type:ty { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl $type {
            /// The name used in options and reports.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }
    };
}
pub(crate) use lower_case_names;

lower_case_names!(Severity { Low = "low", Medium = "medium", High = "high", Critical = "critical" });
lower_case_names!(Confidence {
    Low = "low", Medium = "medium", High = "high", Confirmed = "confirmed",
});

/// One distinct key under one rule, with every place that holds it.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule's id.
    pub rule: Arc<str>,
    /// The rule's severity.
    pub severity: Severity,
    /// The best confidence of any occurrence.
    pub confidence: Confidence,
    /// The key itself, for verification in the same run.
    pub secret: Secret,
    /// The key's fingerprint.
    pub fingerprint: Fingerprint,
    /// Every place, sorted by origin and position.
    pub occurrences: Vec<Occurrence>,
    /// Why a baseline holds the finding back, if one does.
    pub suppression: Option<Suppression>,
}

impl Finding {
    /// Whether nothing holds the finding back: no baseline entry, and at least
    /// one occurrence without an inline allow.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.suppression.is_none()
            && self.occurrences.iter().any(|place| place.suppression.is_none())
    }
}

/// Why a finding or an occurrence is held back, and who said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// Where it was said: `inline` or `baseline`.
    pub kind: SuppressionKind,
    /// The reason as written.
    pub reason: String,
    /// Who added it, where known.
    pub actor: Option<String>,
    /// The last day on which it holds (`YYYY-MM-DD`), where one is set.
    pub expires: Option<String>,
}

/// Where a suppression was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuppressionKind {
    /// `keysweep:allow reason=…` beside the secret.
    Inline,
    /// An entry of the baseline file.
    Baseline,
}

lower_case_names!(SuppressionKind { Inline = "inline", Baseline = "baseline" });
