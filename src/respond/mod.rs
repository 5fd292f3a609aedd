//! From live keys to dead ones, with the operator's word and a trail.
//!
//! In: a report, the keys that `verify` just saw live or that the operator
//! named, and an admin key. Out: a plan, and, once the operator consented to
//! exactly that plan, revocations, proofs and a journal. A plan is made of live
//! or named keys only, a consent of a plan's digest only, a proof of a probe
//! only: by type. Nothing here prints or asks; that is the caller's.

mod carry;
mod consent;
mod directory;
mod error;
mod incident;
pub mod journal;
mod listing;
mod notice;
mod plan;
mod plan_text;
mod prove;
mod revoke;
mod selection;

pub use carry::{CARRIED_RULE, NAMED_RULE, add_named, carry_over, carry_over_journal};
pub use consent::{Consent, ConsentError};
pub use directory::{DirectoryError, open_directory};
pub use error::RespondError;
pub use incident::{Incident, Mode, Tempo};
pub use listing::Listed;
pub use notice::{Notice, Operator};
pub use plan::{Candidate, OperatorNamed, Plan, PlanContext, Step, Way, place_name};
pub use revoke::Receipt;
pub use selection::{Selection, SelectionError};
