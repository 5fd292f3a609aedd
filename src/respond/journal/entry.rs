//! The journal's lines: what an auditor reads.
//!
//! In and out: JSON. Names are promises: a later version reads what this one
//! wrote.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::report::model::{self, Report};
use crate::secret::Fingerprint;

/// The journal's format and version, named in its first line.
pub const JOURNAL_SCHEMA: &str = "keysweep-journal/1";

/// What makes a run this run: a directory serves one only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunIdentity {
    /// The API's address.
    pub api: String,
    /// What was swept: the report's `scope.mode`.
    pub mode: String,
    /// The range, where one was given.
    pub range: Option<String>,
    /// Where relative roots start from.
    pub working_directory: Option<String>,
    /// The roots as given.
    pub roots: Vec<String>,
}

impl RunIdentity {
    /// The identity of a run on a report's scope against an API.
    #[must_use]
    pub fn of(report: &Report, api: &str) -> Self {
        let scope = &report.scope;
        Self {
            api: api.to_owned(),
            mode: scope.mode.clone(),
            range: scope.range.clone(),
            working_directory: scope.working_directory.clone(),
            roots: scope.roots.iter().map(|root| root.path.clone()).collect(),
        }
    }
}

impl fmt::Display for RunIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.mode, self.roots.join(", "))?;
        if let Some(directory) = &self.working_directory {
            write!(f, " in {directory}")?;
        }
        write!(f, " against {}", self.api)
    }
}

/// One step of a plan, as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// The key.
    pub fingerprint: Fingerprint,
    /// The hash of the step's printed text.
    pub digest: String,
}

/// What happened, or is about to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The journal begins.
    Opened {
        /// Always [`JOURNAL_SCHEMA`].
        schema: String,
        /// The tool's version.
        version: String,
        /// The run that the journal belongs to.
        run: RunIdentity,
    },
    /// A line that a crash left half written was dropped.
    Recovered {
        /// Its bytes.
        dropped_bytes: u64,
        /// Their SHA-256.
        dropped_sha256: String,
    },
    /// The run was taken up again.
    Resumed {
        /// Entries before this one.
        entries: u64,
    },
    /// The API is about to be asked with these keys, and with the two of
    /// calibration.
    Asking {
        /// Why.
        purpose: String,
        /// The method and URL.
        endpoint: String,
        /// The keys.
        keys: Vec<Fingerprint>,
    },
    /// What is known of a key now.
    Verdict {
        /// The key.
        fingerprint: Fingerprint,
        /// The verdict with its evidence.
        verdict: model::Verdict,
    },
    /// The API is about to be asked for the account's keys.
    Listing {
        /// The method and URL.
        endpoint: String,
    },
    /// What the listing brought.
    Listed {
        /// In words.
        result: String,
    },
    /// A plan was shown.
    Planned {
        /// Its digest.
        digest: String,
        /// Its steps in order.
        steps: Vec<PlannedStep>,
    },
    /// The operator agreed to exactly this plan.
    Consented {
        /// Its digest.
        digest: String,
        /// `typed` or `--yes --plan`.
        how: String,
    },
    /// The operator did not agree.
    Declined {
        /// The plan's digest.
        digest: String,
    },
    /// A request that may end a key's life is about to be sent.
    Intent {
        /// The key.
        fingerprint: Fingerprint,
        /// The method and URL.
        endpoint: String,
        /// From 1, counted in this run.
        attempt: u32,
    },
    /// What became of it.
    Outcome {
        /// The number of the intent's entry.
        intent: u64,
        /// The key.
        fingerprint: Fingerprint,
        /// `submitted`, `already-revoked`, `unknown-key`, `not-offered`,
        /// `admin-refused`, `no-effect` or `unclear`.
        result: String,
        /// The HTTP status, where one came.
        status: Option<u16>,
        /// More, in words.
        detail: Option<String>,
        /// The key's name, as the API told it.
        key_name: Option<String>,
        /// The key's scope, as the API told it.
        key_scope: Option<String>,
    },
    /// A person was told to revoke the key by hand.
    Instructed {
        /// The key.
        fingerprint: Fingerprint,
    },
    /// The run ended.
    Finished {
        /// Its exit code.
        exit_code: u8,
    },
}

impl Event {
    pub(super) fn opened(run: RunIdentity) -> Self {
        Self::Opened {
            schema: JOURNAL_SCHEMA.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            run,
        }
    }
}

#[derive(Serialize)]
pub(super) struct Entry<'a> {
    pub(super) seq: u64,
    pub(super) at: Timestamp,
    pub(super) previous: &'a str,
    /// By how much the clock is behind the entry before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) clock_went_back_ms: Option<u64>,
    #[serde(flatten)]
    pub(super) event: &'a Event,
}

#[derive(Deserialize)]
pub(super) struct WrittenEntry {
    pub(super) seq: u64,
    pub(super) at: Timestamp,
    pub(super) previous: String,
    #[serde(flatten)]
    pub(super) event: Event,
}
