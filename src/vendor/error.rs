//! Why a request has no answer that means anything.
//!
//! In: a failed exchange. Out: the reason in words, without the key that was
//! asked about, and whether asking again can help.

use std::error::Error as _;
use std::time::Duration;

use super::shown;

/// Why the vendor could not answer.
///
/// None of these means "the key is dead": `verify` turns each into
/// `Verdict::Unknown`, so that an outage is never reported as safety.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VendorError {
    /// No answer within the time allowed for one request.
    #[error("no answer in time")]
    Timeout,
    /// The whole run's time was up before an answer came.
    #[error("the time limit of this run was reached")]
    OutOfTime,
    /// No connection.
    #[error("no connection to the API: {0}")]
    Connect(String),
    /// The server's certificate is not trusted, or encryption failed.
    #[error("no trusted connection to the API: {0} (a private CA is named with --ca-file)")]
    Tls(String),
    /// The connection broke before the answer was whole.
    #[error("the connection broke before the answer was whole: {0}")]
    Broken(String),
    /// The API pointed elsewhere; a key is never sent after it.
    #[error("answered {status}, a redirect, which is never followed with a key")]
    Redirect {
        /// The status that it came with.
        status: u16,
    },
    /// The API asked us to slow down.
    #[error("answered 429, too many requests{}", wait(*.retry_after))]
    RateLimited {
        /// The wait that it asked for, where it named one.
        retry_after: Option<Duration>,
    },
    /// The API is in trouble.
    #[error("answered {status}, which says nothing about the key{}", wait(*.retry_after))]
    Unavailable {
        /// The status.
        status: u16,
        /// The wait that it asked for, where it named one.
        retry_after: Option<Duration>,
    },
    /// A status to which the contract gives no meaning.
    #[error("answered {status}, to which the contract gives no meaning")]
    Unexpected {
        /// The status.
        status: u16,
    },
    /// The answer was larger than any that the contract knows.
    #[error("the answer is larger than {limit_bytes} bytes")]
    TooLarge {
        /// What was allowed.
        limit_bytes: usize,
    },
    /// The answer is not what the contract says.
    #[error("the answer is not what the contract says: {0}")]
    Garbage(String),
    /// The key cannot stand in a request.
    #[error("the key cannot be sent: {0}")]
    NotSendable(&'static str),
}

impl VendorError {
    /// Whether the same request may be answered a little later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Timeout
                | Self::Connect(_)
                | Self::Broken(_)
                | Self::RateLimited { .. }
                | Self::Unavailable { .. }
        )
    }

    /// Whether the request certainly had no effect, so that sending it again
    /// repeats nothing.
    #[must_use]
    pub fn had_no_effect(&self) -> bool {
        matches!(
            self,
            Self::Connect(_) | Self::Tls(_) | Self::RateLimited { .. } | Self::NotSendable(_)
        )
    }

    /// The wait that the API asked for.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } | Self::Unavailable { retry_after, .. } => {
                *retry_after
            }
            _ => None,
        }
    }

    /// The status that came, where one did.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Redirect { status }
            | Self::Unavailable { status, .. }
            | Self::Unexpected { status } => Some(*status),
            Self::RateLimited { .. } => Some(429),
            _ => None,
        }
    }

    /// Takes the meaning out of a transport failure and leaves its address and
    /// headers behind.
    pub(super) fn from_transport(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if error.is_timeout() {
            return Self::Timeout;
        }
        let mut deepest = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            deepest = inner.to_string();
            cause = inner.source();
        }
        let deepest = shown(&deepest);
        let lower = deepest.to_ascii_lowercase();
        if ["certificate", "tls", "handshake", "ssl"].iter().any(|word| lower.contains(word)) {
            Self::Tls(deepest)
        } else if error.is_connect() {
            Self::Connect(deepest)
        } else {
            Self::Broken(deepest)
        }
    }
}

fn wait(retry_after: Option<Duration>) -> String {
    retry_after.map_or_else(String::new, |wait| format!("; it asks to wait {} s", wait.as_secs()))
}
