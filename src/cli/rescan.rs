//! Reads a report's keys again from its scope.
//!
//! In: a report. Out: the keys that still stand there, for `verify`.

use std::collections::HashMap;

use keysweep::pipeline::{self, Reread};
use keysweep::report::model::Report;
use keysweep::secret::{Fingerprint, Fingerprinter, Secret};
use keysweep::verify::{KeySource, KeySourceError};

use super::interrupt::Interrupt;
use super::output;
use super::progress::Meter;

/// How many things that could not be read again are named.
const NAMED_SKIPS: usize = 5;

/// Sweeps the report's scope again.
pub(crate) struct Rescan {
    fingerprinter: Fingerprinter,
}

impl Rescan {
    pub(crate) fn new(fingerprinter: Fingerprinter) -> Self {
        Self { fingerprinter }
    }
}

impl KeySource for Rescan {
    fn keys(&self, report: &Report) -> Result<HashMap<Fingerprint, Secret>, KeySourceError> {
        match (report.run.keyed_fingerprints, self.fingerprinter.is_keyed()) {
            (true, false) => return Err(KeySourceError::FingerprintKeyMissing),
            (false, true) => return Err(KeySourceError::FingerprintKeyUnexpected),
            _ => {}
        }
        // Nothing is written meanwhile, so a signal may simply end the process.
        let meter = Meter::new(true, Interrupt::default());
        let Reread { keys, unread } = pipeline::rescan(report, &self.fingerprinter, &meter)
            .map_err(|error| KeySourceError::Scope(error.to_string()))?;
        drop(meter);
        if report.findings.iter().any(|finding| !keys.contains_key(&finding.fingerprint)) {
            for skip in unread.iter().take(NAMED_SKIPS) {
                output::remark(&format!("{}: not read again: {}", skip.origin, skip.reason));
            }
        }
        Ok(keys)
    }
}
