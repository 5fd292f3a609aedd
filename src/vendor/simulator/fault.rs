//! What may go wrong with an answer, and when.
//!
//! In: which call is being answered. Out: the fault that befalls it, if any.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Which call of the contract a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallKind {
    /// `GET /storage/…` with a key.
    Probe,
    /// `POST /api-keys/revoke`.
    RevokeByValue,
    /// `GET /api-keys`.
    List,
    /// `DELETE /api-keys/{id}`.
    RevokeById,
    /// `POST /api-keys`.
    Create,
    /// Anything else.
    Other,
}

impl CallKind {
    /// Whether the call may end a key's life.
    #[must_use]
    pub fn is_revocation(self) -> bool {
        matches!(self, Self::RevokeByValue | Self::RevokeById)
    }
}

/// One request, as a plan of faults sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Which call it is.
    pub kind: CallKind,
    /// How many of this kind came before it.
    pub nth: usize,
    /// The name of the key that it was sent with, where it is a known one.
    pub bearer: Option<String>,
}

/// What goes wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// This status, an empty body, and nothing done.
    Status(u16),
    /// This status with a `Retry-After` of so many seconds, and nothing done.
    RetryAfter(u16, u64),
    /// The headers come late.
    SlowHeaders(Duration),
    /// The body comes late.
    SlowBody(Duration),
    /// The request is carried out, but the connection breaks in the body.
    ResetMidBody,
    /// The request is carried out, but answered with this status.
    DoneButStatus(u16),
    /// A redirect to this address.
    Redirect(String),
    /// 200 and a body that is no JSON.
    GarbageJson,
    /// 200 and a body without end.
    HugeBody,
}

type Decide = dyn Fn(&Call) -> Option<Fault> + Send + Sync;

/// Decides about each request.
#[derive(Clone, Default)]
pub struct FaultPlan(Option<Arc<Decide>>);

impl FaultPlan {
    /// Asks `decide` about every request.
    #[must_use]
    pub fn new(decide: impl Fn(&Call) -> Option<Fault> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(decide)))
    }

    pub(super) fn fault(&self, call: &Call) -> Option<Fault> {
        self.0.as_ref().and_then(|decide| decide(call))
    }
}

impl fmt::Debug for FaultPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FaultPlan").field(&self.0.is_some()).finish()
    }
}
