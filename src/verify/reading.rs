//! Reports as verification reads and writes them.
//!
//! In: a report's file, which may be old, foreign, cut short or edited, and
//! verdicts. Out: the suspects to ask about; the report with its verdicts; the
//! exit code that they call for.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::{Suspect, Verdict};
use crate::report::model::{Report, SCHEMA};
use crate::secret::{Fingerprint, Secret};

/// The largest report that is read.
const REPORT_LIMIT_BYTES: u64 = 1 << 30;

/// Why a report's file is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportFileError {
    /// The file cannot be read.
    #[error("cannot read the report {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is larger than any report.
    #[error("the report {0} is larger than 1 GiB")]
    TooLarge(PathBuf),
    /// It is cut short or not JSON.
    #[error(
        "the report {path} is not whole JSON (line {line}, column {column}): it was cut short or \
         edited; make it again with `keysweep scan --format json`"
    )]
    NotJson {
        /// The file.
        path: PathBuf,
        /// Where the JSON breaks off, from 1.
        line: usize,
        /// Where the JSON breaks off, from 1.
        column: usize,
    },
    /// It is of another schema or version.
    #[error(
        "the report {path} is {found}, but this version reads `{SCHEMA}`; make it again with this \
         version's `keysweep scan --format json`"
    )]
    OtherSchema {
        /// The file.
        path: PathBuf,
        /// What it says that it is.
        found: String,
    },
    /// It names the schema but is not of it.
    #[error(
        "the report {path} says `{SCHEMA}` but does not hold to it ({why}): it was edited; make \
         it again with `keysweep scan --format json`"
    )]
    Edited {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// It cannot be written.
    #[error("cannot write the report {path}: {source}; the file that was there is unchanged")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Reads a report, or the one in an audit directory.
///
/// # Errors
/// Where it is not a whole report of this version.
pub fn read_report(path: &Path) -> Result<Report, ReportFileError> {
    let path = &if path.is_dir() { path.join("report.json") } else { path.to_owned() };
    let read = |source| ReportFileError::Read { path: path.clone(), source };
    let file = File::open(path).map_err(read)?;
    let mut text = Vec::new();
    file.take(REPORT_LIMIT_BYTES + 1).read_to_end(&mut text).map_err(read)?;
    if text.len() as u64 > REPORT_LIMIT_BYTES {
        return Err(ReportFileError::TooLarge(path.clone()));
    }
    let value: serde_json::Value = serde_json::from_slice(&text).map_err(|error| {
        ReportFileError::NotJson { path: path.clone(), line: error.line(), column: error.column() }
    })?;
    match value.get("schema").and_then(serde_json::Value::as_str) {
        Some(SCHEMA) => {}
        Some(other) => {
            let found = format!("`{}`", crate::vendor::shown(other));
            return Err(ReportFileError::OtherSchema { path: path.clone(), found });
        }
        None => {
            let found = "no report of Keysweep's".to_owned();
            return Err(ReportFileError::OtherSchema { path: path.clone(), found });
        }
    }
    serde_json::from_value(value).map_err(|error| ReportFileError::Edited {
        path: path.clone(),
        why: crate::vendor::shown(&error.to_string()),
    })
}

/// Replaces a report's file as a whole: a reader sees the old or the new one.
///
/// # Errors
/// Where it cannot be written; the old file is then unchanged.
pub fn write_report(path: &Path, report: &Report) -> Result<(), ReportFileError> {
    let write = |source| ReportFileError::Write { path: path.to_owned(), source };
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // Created with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(directory).map_err(write)?;
    let mut text = serde_json::to_vec_pretty(report).map_err(|e| write(e.into()))?;
    text.push(b'\n');
    file.write_all(&text).map_err(write)?;
    file.as_file().sync_all().map_err(write)?;
    file.persist(path).map_err(|error| write(error.error))?;
    Ok(())
}

/// Every distinct key of a report, with what the report knows of it. A key that
/// only rules for other secrets found is not to be sent.
#[must_use]
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

/// 1 where any key is live, suppressed or not; 3 where any that is not
/// suppressed is not proven dead; otherwise 0.
#[must_use]
pub fn exit_code(report: &Report) -> u8 {
    let state = |finding: &crate::report::model::Finding| {
        finding.verdict.as_ref().map_or("not asked", |verdict| verdict.state.as_str()).to_owned()
    };
    if report.findings.iter().any(|finding| state(finding) == "live") {
        return 1;
    }
    let is_active = |finding: &crate::report::model::Finding| {
        // A key that the operator named may be found nowhere and still matters.
        finding.suppression.is_none()
            && (finding.occurrences.is_empty()
                || finding.occurrences.iter().any(|place| place.suppression.is_none()))
    };
    let open = |finding| is_active(finding) && state(finding) != "dead";
    if report.findings.iter().any(open) { 3 } else { 0 }
}
