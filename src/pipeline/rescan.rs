//! Reads the keys of a report again.
//!
//! In: a report, which holds no key. Out: the keys that still stand in the
//! scope that it recorded, by fingerprint.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use super::{Progress, ScanError, scan};
use crate::finding::{Confidence, Skip};
use crate::report::model::Report;
use crate::secret::{Fingerprint, Fingerprinter, Secret};
use crate::settings::{Mode, Settings};
use crate::source::path::unescape;

/// What was read again.
#[derive(Debug, Default)]
pub struct Reread {
    /// The keys that still stand there.
    pub keys: HashMap<Fingerprint, Secret>,
    /// What of the scope could not be read: it may hold the others.
    pub unread: Vec<Skip>,
}

/// Sweeps a report's recorded scope again and answers the keys of its findings
/// that still stand there.
///
/// A key that is missing from the answer can no longer be read, which says
/// nothing of whether it works. Relative paths start from the directory that
/// the report recorded. What is gone of the scope keeps nothing else from being
/// read.
///
/// # Errors
///
/// Where the run is interrupted, the system gives no threads, or the report
/// names a mode that this version does not know.
pub fn rescan(
    report: &Report,
    fingerprinter: &Fingerprinter,
    progress: &dyn Progress,
) -> Result<Reread, ScanError> {
    let wanted: HashSet<Fingerprint> =
        report.findings.iter().map(|finding| finding.fingerprint).collect();
    if wanted.is_empty() || report.scope.mode == Mode::Stdin.name() {
        return Ok(Reread::default());
    }
    let working_directory = report.scope.working_directory.as_deref().and_then(unescape);
    let place = |text: &str| {
        // One that names nothing on this system is one that is gone.
        let path = unescape(text).unwrap_or_else(|| PathBuf::from(text));
        working_directory.as_ref().map_or(path.clone(), |base| base.join(path))
    };
    let settings = Settings {
        paths: report.scope.roots.iter().map(|root| place(&root.path)).collect(),
        mode: mode(&report.scope.mode, report.scope.range.as_deref())?,
        // The operator's is read again from where it was; any other is found
        // again at its root or in its commit.
        config: report.scope.config.as_deref().filter(|_| report.scope.config_given).map(place),
        config_from: report.scope.config_from.clone(),
        // What was found may have become ignored or left out since.
        obeys_ignore_files: false,
        obeys_scanned_excludes: false,
        is_swept_again: true,
        min_confidence: Confidence::Low,
        fingerprinter: fingerprinter.clone(),
        ..Settings::default()
    };
    let outcome = scan(&settings, progress)?;
    let keys = outcome
        .findings
        .into_iter()
        .filter(|finding| wanted.contains(&finding.fingerprint))
        .map(|finding| (finding.fingerprint, finding.secret))
        .collect();
    let unread = outcome.skips.into_iter().filter(|skip| !skip.kind.is_outside()).collect();
    Ok(Reread { keys, unread })
}

fn mode(name: &str, range: Option<&str>) -> Result<Mode, ScanError> {
    Ok(match (name, range) {
        ("all", _) => Mode::All,
        ("tree", _) => Mode::Tree,
        ("history", _) => Mode::History,
        ("staged", _) => Mode::Staged,
        ("range", Some(range)) => Mode::Range(range.to_owned()),
        _ => return Err(ScanError::Scope { mode: name.to_owned() }),
    })
}
