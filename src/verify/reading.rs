//! Reports as verification reads and writes them.
//!
//! In: a report's file, which may be old, foreign, cut short or edited, and
//! verdicts. Out: the suspects to ask about; the report with its verdicts; the
//! exit code that they call for.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::{Suspect, Verdict};
use crate::report::model::Report;
use crate::report::{self, Format, ReadError, WriteError};
use crate::secret::{Fingerprint, Secret};

/// The largest report that is read.
const REPORT_LIMIT_BYTES: u64 = 1 << 30;

/// The report's name in an audit directory.
pub const REPORT_FILE: &str = "report.json";

/// Why a report's file is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportFileError {
    /// The file cannot be read.
    #[error("cannot read the report {}: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// It is larger than any report.
    #[error("the report {} is larger than 1 GiB", _0.display())]
    TooLarge(PathBuf),
    /// It is cut short, edited, of another version or no report at all.
    #[error("{}: {cause}; make it again with `keysweep scan --format json`", path.display())]
    NotAReport {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: ReadError,
    },
    /// It cannot be written; what stood there still does.
    #[error("{0}")]
    Write(WriteError),
}

/// Reads a report, or the one in an audit directory.
///
/// # Errors
/// Where it is not a whole report of this version.
pub fn read_report(path: &Path) -> Result<Report, ReportFileError> {
    let path = &if path.is_dir() { path.join(REPORT_FILE) } else { path.to_owned() };
    let read = |cause| ReportFileError::Read { path: path.clone(), cause };
    let file = File::open(path).map_err(read)?;
    let mut bytes = Vec::new();
    file.take(REPORT_LIMIT_BYTES + 1).read_to_end(&mut bytes).map_err(read)?;
    if bytes.len() as u64 > REPORT_LIMIT_BYTES {
        return Err(ReportFileError::TooLarge(path.clone()));
    }
    report::read(&bytes).map_err(|cause| ReportFileError::NotAReport { path: path.clone(), cause })
}

/// Replaces a report's file as a whole: a reader sees the old or the new one.
///
/// # Errors
/// Where it cannot be written; the old file is then unchanged.
pub fn write_report(path: &Path, report: &Report) -> Result<(), ReportFileError> {
    report::write_atomically(path, |out| report::render(report, Format::Json, out))
        .map_err(ReportFileError::Write)
}

/// Every distinct key of a report, with what the report knows of it. A key that
/// only rules for other secrets found is not to be sent.
#[must_use]
#[expect(clippy::implicit_hasher, reason = "key sources answer with the standard map")]
pub fn suspects(
    report: &Report,
    keys: &HashMap<Fingerprint, Secret>,
    not_bearer: &BTreeMap<String, String>,
) -> Vec<Suspect> {
    let mut suspects: BTreeMap<Fingerprint, Suspect> = BTreeMap::new();
    for finding in &report.findings {
        let seen_live_at =
            finding.verdict.as_ref().and_then(|v| v.seen_live_at.as_ref()?.parse().ok());
        let why_not = not_bearer.get(&finding.rule);
        let suspect = suspects.entry(finding.fingerprint).or_insert_with(|| Suspect {
            fingerprint: finding.fingerprint,
            secret: keys.get(&finding.fingerprint).cloned(),
            seen_live_at: None,
            not_bearer: why_not.cloned(),
        });
        suspect.seen_live_at = suspect.seen_live_at.max(seen_live_at);
        if why_not.is_none() {
            suspect.not_bearer = None;
        }
    }
    suspects.into_values().collect()
}

/// Writes the verdicts into the report's findings.
pub fn amend(report: &mut Report, verdicts: &BTreeMap<Fingerprint, Verdict>) {
    for finding in &mut report.findings {
        if let Some(verdict) = verdicts.get(&finding.fingerprint) {
            finding.verdict = Some(verdict.to_model(finding.verdict.as_ref()));
        }
    }
}

/// How many distinct keys a report holds.
#[must_use]
pub fn distinct(report: &Report) -> usize {
    let fingerprints = report.findings.iter().map(|finding| finding.fingerprint);
    fingerprints.collect::<std::collections::BTreeSet<_>>().len()
}

/// 1 where any key is live, 3 where any is not proven dead, otherwise 0. A
/// finding that is held back counts too: that a key may stand where it stands
/// says nothing of whether it works.
#[must_use]
pub fn exit_code(report: &Report) -> u8 {
    let states: Vec<&str> = report
        .findings
        .iter()
        .map(|finding| finding.verdict.as_ref().map_or("not asked", |verdict| &verdict.state))
        .collect();
    if states.contains(&"live") {
        return 1;
    }
    if states.iter().all(|state| *state == "dead") { 0 } else { 3 }
}
