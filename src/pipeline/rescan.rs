//! Reads the keys of a report again.
//!
//! In: a report, which holds no key. Out: the keys that still stand in the
//! scope that it recorded, by fingerprint.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use super::{Progress, ScanError, scan};
use crate::finding::Confidence;
use crate::report::model::Report;
use crate::secret::{Fingerprint, Fingerprinter, Secret};
use crate::settings::{Mode, Settings};
use crate::source::path::unescape;

/// Sweeps a report's recorded scope again and answers the keys of its findings
/// that still stand there.
///
/// A key that is missing from the answer can no longer be read, which says
/// nothing of whether it works. Relative paths start from the directory that
/// the report recorded.
///
/// # Errors
///
/// As [`scan`], and where the report's scope cannot be read again at all, such
/// as standard input.
pub fn rescan(
    report: &Report,
    fingerprinter: &Fingerprinter,
    progress: &dyn Progress,
) -> Result<HashMap<Fingerprint, Secret>, ScanError> {
    let wanted: HashSet<Fingerprint> =
        report.findings.iter().map(|finding| finding.fingerprint).collect();
    if wanted.is_empty() || report.scope.mode == Mode::Stdin.name() {
        return Ok(HashMap::new());
    }
    let working_directory = report.scope.working_directory.as_deref().and_then(unescape);
    let place = |text: &str| -> Result<PathBuf, ScanError> {
        let path = unescape(text).ok_or_else(|| ScanError::Unopened {
            path: text.to_owned(),
            reason: "the report's path names nothing on this system".to_owned(),
        })?;
        Ok(working_directory.as_ref().map_or(path.clone(), |base| base.join(path)))
    };
    let settings = Settings {
        paths: report.scope.roots.iter().map(|root| place(&root.path)).collect::<Result<_, _>>()?,
        mode: mode(&report.scope.mode, report.scope.range.as_deref())?,
        // A configuration at a root is found there again; the operator's is
        // read again from where it was.
        config: match &report.scope.config {
            // That of a commit is found there again, by the commit.
            Some(config) if report.scope.config_from.is_none() && !is_at_a_root(config, report) => {
                Some(place(config)?)
            }
            _ => None,
        },
        config_from: report.scope.config_from.clone(),
        // What was found may have become ignored or left out since.
        obeys_ignore_files: false,
        obeys_scanned_excludes: false,
        min_confidence: Confidence::Low,
        fingerprinter: fingerprinter.clone(),
        ..Settings::default()
    };
    let outcome = scan(&settings, progress)?;
    Ok(outcome
        .findings
        .into_iter()
        .filter(|finding| wanted.contains(&finding.fingerprint))
        .map(|finding| (finding.fingerprint, finding.secret))
        .collect())
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

fn is_at_a_root(config: &str, report: &Report) -> bool {
    let Some(directory) = config.strip_suffix(crate::settings::CONFIG_NAME) else { return false };
    let directory = directory.trim_end_matches('/');
    report.scope.roots.iter().any(|root| {
        let root = root.path.trim_start_matches("./").trim_end_matches('/');
        root == directory || (directory.is_empty() && root == ".")
    })
}
