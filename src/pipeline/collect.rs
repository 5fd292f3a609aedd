//! Takes what the sources deliver and has it looked at.
//!
//! In: contents, skips and counts, from many threads at once. Out: detected
//! keys, gathered by rule and value. Knows nothing of where a scope begins or
//! how a report is written.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::attribution;
use super::scope::Target;
use crate::detect::{self, Detected, Detector};
use crate::finding::{Confidence, Findings, Occurrence, Skip, SkipKind, Tally};
use crate::git::{GitError, Repository};
use crate::outcome::Note;
use crate::rule::RuleSet;
use crate::secret::Secret;
use crate::settings::{Mode, Settings};
use crate::source::{Content, Sink, container, push};

/// Watches a run, and may end it.
pub trait Progress: Sync {
    /// More was read.
    fn read(&self, tally: Tally) {
        let _ = tally;
    }
    /// More occurrences were found; not yet filtered or merged.
    fn found(&self, occurrences: u64) {
        let _ = occurrences;
    }
    /// Whether the operator asked to stop.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// Watches nothing.
impl Progress for () {}

/// What one target's sources deliver.
pub(super) struct Collector<'a> {
    detector: Detector,
    progress: &'a dyn Progress,
    detected: Mutex<Vec<Detected>>,
    has_found: AtomicBool,
    skips: Mutex<Vec<Skip>>,
    files: AtomicU64,
    blobs: AtomicU64,
    bytes: AtomicU64,
    commits: AtomicU64,
}

impl<'a> Collector<'a> {
    pub(super) fn new(rules: Arc<RuleSet>, progress: &'a dyn Progress) -> Self {
        Self {
            detector: Detector::new(rules),
            progress,
            detected: Mutex::default(),
            has_found: AtomicBool::new(false),
            skips: Mutex::default(),
            files: AtomicU64::new(0),
            blobs: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            commits: AtomicU64::new(0),
        }
    }

    /// What was detected, as the sources delivered it.
    pub(super) fn into_detected(self) -> Vec<Detected> {
        self.detected.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collector<'_> {
    /// Whether nothing was found.
    pub(super) fn is_empty(&self) -> bool {
        lock(&self.detected).is_empty()
    }

    /// The keys that were found, whatever speaks against them.
    pub(super) fn into_secrets(self) -> HashSet<Secret> {
        let detected = self.detected.into_inner().unwrap_or_else(PoisonError::into_inner);
        detected.into_iter().map(|detected| detected.secret).collect()
    }
}

impl Sink for Collector<'_> {
    fn content(&self, content: Content<'_>) {
        // Objects come as they are stored, containers too.
        if container::sweep_stored(&content, self.detector.rules().prefilter(), self) {
            return;
        }
        // A mistake in detection must cost one content, not the run, and must
        // not read as clean.
        match catch_unwind(AssertUnwindSafe(|| {
            self.detector.detect_reporting(&content, &mut |skip| self.skip(skip))
        })) {
            Ok(detected) if detected.is_empty() => {}
            Ok(detected) => {
                self.progress.found(detected.len() as u64);
                lock(&self.detected).extend(detected);
                self.has_found.store(true, Ordering::Release);
            }
            Err(_) => self.skip(Skip {
                origin: content
                    .origin
                    .path
                    .as_deref()
                    .map_or_else(|| content.origin.root.to_string(), str::to_owned),
                kind: SkipKind::Unsupported,
                reason: format!(
                    "an internal error ended detection in the piece at byte {}; please report it",
                    content.start.offset
                ),
            }),
        }
    }

    fn skip(&self, skip: Skip) {
        lock(&self.skips).push(skip);
    }

    fn count(&self, tally: Tally) {
        self.files.fetch_add(tally.files, Ordering::Relaxed);
        self.blobs.fetch_add(tally.blobs, Ordering::Relaxed);
        self.bytes.fetch_add(tally.bytes, Ordering::Relaxed);
        self.commits.fetch_add(tally.commits, Ordering::Relaxed);
        self.progress.read(tally);
    }

    fn has_found(&self) -> bool {
        self.has_found.load(Ordering::Acquire)
    }

    fn is_cancelled(&self) -> bool {
        self.progress.is_cancelled()
    }
}

/// A lock is never poisoned by something that matters: what it guards is only
/// ever appended to.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What all targets delivered.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) findings: Findings,
    pub(super) below_min_confidence: u64,
    pub(super) tally: Tally,
    pub(super) skips: Vec<Skip>,
    pub(super) notes: Vec<Note>,
}

impl Gathered {
    /// Adds a target's: path filters apply now that every path is known, then
    /// the threshold.
    pub(super) fn add(
        &mut self,
        collector: Collector<'_>,
        target: &Target,
        settings: &Settings,
        change: &push::Swept,
        held: &HashSet<Secret>,
    ) {
        let rules = &target.rules;
        let mut detected = collector.detected.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(repository) = &target.repository
            && let Err(error) = attribute(settings, repository, change, &mut detected)
        {
            self.skips.push(Skip {
                origin: target.name.given.to_string(),
                kind: SkipKind::Corrupt,
                reason: format!("its history does not say where the keys come from: {error}"),
            });
        }
        for Detected { rule, secret, mut occurrence } in detected {
            if !detect::adjust(rules, &rule, &mut occurrence) {
                continue;
            }
            if !settings.known_fingerprints.is_empty()
                && settings
                    .known_fingerprints
                    .contains(&settings.fingerprinter.fingerprint(&secret))
            {
                occurrence.confidence = Confidence::Confirmed;
                occurrence.suppression = None;
            }
            if occurrence.confidence < settings.min_confidence {
                self.below_min_confidence += 1;
                continue;
            }
            if held.contains(&secret) {
                self.notes.push(held_note(&settings.mode, &secret, &occurrence));
                continue;
            }
            if !settings.obeys_allows {
                occurrence.suppression = None;
            }
            self.findings.add(&rule, secret, occurrence);
        }
        self.skips.extend(collector.skips.into_inner().unwrap_or_else(PoisonError::into_inner));
        self.tally += Tally {
            files: collector.files.into_inner(),
            blobs: collector.blobs.into_inner(),
            bytes: collector.bytes.into_inner(),
            commits: collector.commits.into_inner(),
        };
    }
}

/// Says of every key where it comes from, as far as the sweep does not know.
fn attribute(
    settings: &Settings,
    repository: &Repository,
    change: &push::Swept,
    detected: &mut [Detected],
) -> Result<(), GitError> {
    match settings.mode {
        // No commit holds it yet.
        Mode::Staged => Ok(()),
        Mode::Push(_) => {
            attribution::name_commits(repository, &change.commits, detected);
            Ok(())
        }
        _ => attribution::complete(repository, detected),
    }
}

/// What is said of a key that a change does not introduce.
fn held_note(mode: &Mode, secret: &Secret, occurrence: &Occurrence) -> Note {
    let holder = if *mode == Mode::Staged { "HEAD" } else { "the other side" };
    // A file may be named after the key that it holds.
    let unnamed = |path: &str| match std::str::from_utf8(secret.expose()) {
        Ok(key) => path.replace(key, &secret.mask()),
        Err(_) => path.to_owned(),
    };
    Note {
        kind: "key-held-before",
        path: occurrence.origin.path.as_deref().map(unnamed),
        message: format!(
            "The key {} on line {} is not new: {holder} holds it already in a file that this \
             changes. It has leaked all the same, so revoke it.",
            secret.mask(),
            occurrence.line
        ),
    }
}
