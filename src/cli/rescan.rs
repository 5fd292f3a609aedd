//! Reads a report's keys again from its scope.
//!
//! In: a report. Out: the keys that still stand there, for `verify`.

use std::collections::HashMap;

use keysweep::pipeline;
use keysweep::report::model::Report;
use keysweep::secret::{Fingerprint, Fingerprinter, Secret};
use keysweep::verify::{KeySource, KeySourceError};

use super::interrupt::Interrupt;
use super::progress::Meter;

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
        pipeline::rescan(report, &self.fingerprinter, &meter)
            .map_err(|error| KeySourceError::Scope(error.to_string()))
    }
}
