//! Which baseline holds at each path, and what it holds back.
//!
//! In: settings, targets and the findings of all of them. Out: the findings
//! with what holds each back, and notes on entries that ended or are stale. A
//! baseline found at one root says nothing of another's keys.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::configurations::lies_in;
use super::scope::{ScanError, Target};
use super::trusted::Trusted;
use crate::baseline::{BASELINE_NAME, Baseline, BaselineError, Entry};
use crate::finding::{Confidence, Finding, Suppression};
use crate::outcome::{Note, RootKind};
use crate::settings::{BaselineChoice, Mode, Settings};

/// How many stale entries a note names.
const NAMED_ENTRIES: usize = 5;

/// The baseline that holds in `directory`, where one does; `name` makes its
/// name in outputs.
pub(super) fn at(
    settings: &Settings,
    directory: &Path,
    name: impl Fn(&Path) -> String,
) -> Result<Option<Arc<Baseline>>, BaselineError> {
    let is_keyed = settings.fingerprinter.is_keyed();
    if settings.names_keys() {
        return Ok(None);
    }
    match &settings.baseline {
        BaselineChoice::None => Ok(None),
        BaselineChoice::File(path) => {
            let file = crate::source::path::escape(path);
            Ok(Some(Arc::new(Baseline::load(path, &file, is_keyed)?)))
        }
        BaselineChoice::Found => {
            let path: PathBuf = directory.join(BASELINE_NAME);
            let Ok(metadata) = path.symlink_metadata() else { return Ok(None) };
            let file = name(&path);
            // A link could lead to any file of this machine.
            if metadata.is_symlink() {
                let reason = "a link, which is not followed; use --baseline to name its target";
                return Err(BaselineError::Unreadable { file, reason: reason.to_owned() });
            }
            Ok(Some(Arc::new(Baseline::load(&path, &file, is_keyed)?)))
        }
    }
}

/// The baseline of a trusted revision, or the operator's own.
pub(super) fn of_revision(
    settings: &Settings,
    trusted: &Trusted,
    directory: &Path,
) -> Result<Option<Arc<Baseline>>, ScanError> {
    if let BaselineChoice::File(path) = &settings.baseline
        && lies_in(path, directory)
    {
        let reason = format!(
            "it lies in what is swept; leave --baseline out, and {BASELINE_NAME} of {} holds",
            trusted.revision
        );
        let file = crate::source::path::escape(path);
        return Err(BaselineError::Unreadable { file, reason }.into());
    }
    if settings.names_keys() || settings.baseline != BaselineChoice::Found {
        return Ok(at(settings, Path::new(""), crate::source::path::escape)?);
    }
    let Some((bytes, name)) = trusted.file(BASELINE_NAME)? else { return Ok(None) };
    let baseline = Baseline::parse(&bytes, &name, settings.fingerprinter.is_keyed())?;
    Ok(Some(Arc::new(baseline)))
}

/// The baseline for standard input: the operator's own, or none.
pub(super) fn of_stdin(settings: &Settings) -> Result<Option<Arc<Baseline>>, BaselineError> {
    match &settings.baseline {
        BaselineChoice::File(_) => at(settings, Path::new(""), crate::source::path::escape),
        _ => Ok(None),
    }
}

/// Sets what holds each finding back.
///
/// A finding of which every place lies under an entry is held back as a whole;
/// one that stands elsewhere too is held back only where its entry holds.
pub(super) fn hold_back(findings: &mut [Finding], targets: &[Target], today: &str) {
    if targets.iter().all(|target| target.baseline.is_none()) {
        return;
    }
    for finding in findings {
        let held: Vec<Option<Suppression>> = finding
            .occurrences
            .iter()
            .map(|place| {
                let target =
                    targets.iter().find(|target| target.name.given == place.origin.root)?;
                let baseline = target.baseline.as_ref()?;
                baseline.suppression(finding.fingerprint, &finding.rule, today)
            })
            .collect();
        if held.iter().all(Option::is_some) {
            finding.suppression = held.into_iter().flatten().next();
            continue;
        }
        for (place, held) in finding.occurrences.iter_mut().zip(held) {
            place.suppression = place.suppression.take().or(held);
        }
    }
}

/// What is to be said of the entries of the baselines in force.
pub(super) fn notes(
    findings: &[Finding],
    targets: &[Target],
    settings: &Settings,
    is_complete: bool,
    today: &str,
) -> Vec<Note> {
    let mut notes = BTreeSet::new();
    for target in targets {
        let Some(baseline) = &target.baseline else { continue };
        for finding in findings {
            let entry = baseline.entry(finding.fingerprint, &finding.rule);
            if let Some(entry) = entry.filter(|entry| entry.is_expired(today)) {
                notes.insert(expired(finding, entry, baseline));
            }
        }
        if is_complete && sees_everything(target, settings, targets.len()) {
            notes.extend(stale(findings, baseline, settings));
        }
    }
    notes.into_iter().collect()
}

fn expired(finding: &Finding, entry: &Entry, baseline: &Baseline) -> Note {
    Note {
        kind: "suppression-expired",
        path: Some(baseline.file().to_owned()),
        message: format!(
            "The entry for the key {} ({}: {}) ended on {} and holds nothing back any more. \
             Revoke the key, or accept it anew with --write-baseline.",
            finding.secret.mask(),
            entry.rule,
            entry.reason,
            entry.expires.as_deref().unwrap_or_default(),
        ),
    }
}

/// Whether a key of the baseline that was not found is not there.
pub(super) fn sees_everything(target: &Target, settings: &Settings, targets: usize) -> bool {
    let is_whole_place = match target.kind {
        RootKind::Repository => settings.mode == Mode::All,
        RootKind::Bare => matches!(settings.mode, Mode::All | Mode::History),
        RootKind::Directory => {
            target.worktree_root.is_none() && matches!(settings.mode, Mode::All | Mode::Tree)
        }
        RootKind::File | RootKind::Stdin => false,
    };
    // One file for several roots says of each what may stand in another.
    let is_its_own = targets == 1 || settings.baseline == BaselineChoice::Found;
    is_whole_place
        && is_its_own
        && settings.asked_excludes.is_empty()
        && settings.min_confidence <= Confidence::Medium
}

fn stale(findings: &[Finding], baseline: &Baseline, settings: &Settings) -> Option<Note> {
    let is_found = |entry: &&Entry| {
        findings
            .iter()
            .any(|found| found.fingerprint == entry.fingerprint && *found.rule == *entry.rule)
    };
    let stale: Vec<&Entry> = baseline.entries().filter(|entry| !is_found(entry)).collect();
    if stale.is_empty() {
        return None;
    }
    let mut named: Vec<String> = stale
        .iter()
        .take(NAMED_ENTRIES)
        .map(|entry| format!("{}… ({}: {})", short(entry), entry.rule, entry.reason))
        .collect();
    if stale.len() > NAMED_ENTRIES {
        named.push("…".to_owned());
    }
    let keyed = if settings.fingerprinter.is_keyed() && stale.len() == baseline.entries().len() {
        " None of its entries was: is KEYSWEEP_FINGERPRINT_KEY the one that they were made with?"
    } else {
        ""
    };
    let (are, they) = if stale.len() == 1 { ("entry is", "it") } else { ("entries are", "them") };
    Some(Note {
        kind: "suppression-stale",
        path: Some(baseline.file().to_owned()),
        message: format!(
            "{} {are} for no key that this sweep of everything found; --write-baseline leaves \
             {they} out: {}.{keyed}",
            stale.len(),
            named.join(", ")
        ),
    })
}

/// An entry's fingerprint as far as people tell two apart.
fn short(entry: &Entry) -> String {
    let text = entry.fingerprint.to_string();
    let digits = text.find(':').map_or(0, |colon| colon + 1) + 12;
    text[..digits.min(text.len())].to_owned()
}
