//! Which keys still work, and how that is known.
//!
//! In: the keys of a report and a client. Out: one verdict a key, each with its
//! evidence, and, for those that were just seen live, the only value from which
//! a revocation plan can be made. Nothing here revokes anything, and nothing
//! but a probe's 401 between two good calibrations is ever called death.

mod ask;
mod calibration;
mod keys;
mod reading;
mod until_dead;
mod verdict;

pub use ask::{Round, Suspect, Verifier};
pub use calibration::{Calibration, Calibrator};
pub use keys::{GivenKeys, KeySource, KeySourceError, read_keys, read_wiped};
pub use reading::{
    REPORT_FILE, ReportFileError, amend, distinct, exit_code, read_report, suspects, write_report,
};
pub use until_dead::until_dead;
pub use verdict::{Evidence, LiveKey, Proof, Verdict};
