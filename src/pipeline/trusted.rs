//! What a trusted revision allows, against what is swept.
//!
//! In: `--config-from REV`, targets, findings. Out: the revision's files for
//! configurations, baselines and ignore rules; findings whose inline allow the
//! revision lacks, no longer held back; and notes on each change to what could
//! hold a finding back. Nothing that is swept has a say in any of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gix_hash::ObjectId;

use super::collect::Collector;
use super::configurations::shown;
use super::scope::{Place, ScanError, Target};
use crate::baseline::BASELINE_NAME;
use crate::finding::{Finding, Occurrence, Origin, SourceKind, SuppressionKind};
use crate::git::{self, GitError, Objects, Repository, Snapshot, touched_by};
use crate::outcome::Note;
use crate::secret::Secret;
use crate::settings::{CONFIG_NAME, Mode};
use crate::source::path::unescape;
use crate::source::worktree::TrustedIgnores;
use crate::source::{Content, Sink as _};

/// The file that ignores others.
const IGNORE_NAME: &str = ".gitignore";

/// A revision whose word counts at one target.
pub(super) struct Trusted {
    /// As the operator gave it.
    pub(super) revision: String,
    snapshot: Snapshot,
    /// The way from the repository's root to the target.
    to_root: PathBuf,
}

impl Trusted {
    /// Opens the revision in the repository that holds a place.
    pub(super) fn open(revision: &str, place: &Place) -> Result<Self, ScanError> {
        let held = if place.repository.is_none() { containing(place)? } else { None };
        let repository = place.repository.as_ref().or(held.as_ref());
        let repository = repository.ok_or_else(|| ScanError::NoTrustedRevision {
            path: place.name.given.to_string(),
            revision: revision.to_owned(),
        })?;
        let root = place.worktree_root.as_deref().unwrap_or(&place.canonical);
        Ok(Self {
            revision: revision.to_owned(),
            snapshot: Snapshot::of(repository, revision)?,
            to_root: place.canonical.strip_prefix(root).unwrap_or(Path::new("")).to_owned(),
        })
    }

    /// The commit, in hexadecimal.
    pub(super) fn commit(&self) -> String {
        self.snapshot.commit().to_string()
    }

    /// A file at the repository's root and what it is called in outputs.
    pub(super) fn file(&self, name: &str) -> Result<Option<(Vec<u8>, String)>, GitError> {
        let bytes = self.snapshot.file(name.as_bytes())?;
        Ok(bytes.map(|bytes| (bytes, self.called(name))))
    }

    fn called(&self, name: &str) -> String {
        format!("{}:{name}", shown(&self.revision))
    }

    /// The revision's ignore rules.
    pub(super) fn ignores(&self) -> Result<TrustedIgnores, GitError> {
        Ok(TrustedIgnores {
            revision: shown(&self.revision),
            files: self.snapshot.files_named(IGNORE_NAME.as_bytes())?,
            to_root: self.to_root.clone(),
        })
    }
}

/// The repository in whose worktree a place lies.
fn containing(place: &Place) -> Result<Option<Repository>, GitError> {
    let file = &place.canonical;
    let directory = if file.is_dir() { file } else { file.parent().unwrap_or(file) };
    Repository::containing(directory)
}

/// Takes back every inline allow that the trusted revision does not have for
/// the same key at the same path, and says so.
pub(super) fn withdraw_allows(findings: &mut [Finding], targets: &[Target]) -> Vec<Note> {
    let mut notes = BTreeSet::new();
    let mut allowed = Allowed::default();
    for finding in findings {
        for place in &mut finding.occurrences {
            let Some(by) = &place.suppression else { continue };
            let target = targets.iter().find(|target| target.name.given == place.origin.root);
            let Some((target, trusted)) =
                target.and_then(|target| Some((target, target.trusted.as_ref()?)))
            else {
                continue;
            };
            let is_inline = by.kind == SuppressionKind::Inline;
            if !is_inline || allowed.holds(&finding.rule, &finding.secret, place, target, trusted) {
                continue;
            }
            notes.insert(Note {
                kind: "allow-not-trusted",
                path: place.origin.path.as_deref().map(str::to_owned),
                message: format!(
                    "The allow at line {} ({}) is not in {} for this key at this path, so it \
                     holds nothing back. A key that may stay is accepted there first, in the \
                     baseline.",
                    place.line,
                    by.reason,
                    shown(&trusted.revision)
                ),
            });
            place.suppression = None;
        }
    }
    notes.into_iter().collect()
}

/// A rule's id and a key.
type Allow = (Arc<str>, Secret);

/// What the trusted revision allows, by target and path.
#[derive(Default)]
struct Allowed(HashMap<(Arc<str>, Vec<u8>), Vec<Allow>>);

impl Allowed {
    fn holds(
        &mut self,
        rule: &str,
        secret: &Secret,
        place: &Occurrence,
        target: &Target,
        trusted: &Trusted,
    ) -> bool {
        let Some(path) = path_in_repository(&place.origin, target, trusted) else { return false };
        let allowed = self
            .0
            .entry((Arc::clone(&place.origin.root), path))
            .or_insert_with_key(|(_, path)| allowed_at(path, target, trusted));
        allowed.iter().any(|(known, key)| **known == *rule && key == secret)
    }
}

/// The keys that an inline allow of the trusted revision holds back in a file.
fn allowed_at(path: &[u8], target: &Target, trusted: &Trusted) -> Vec<Allow> {
    // What cannot be read allows nothing.
    let Ok(Some(bytes)) = trusted.snapshot.file(path) else { return Vec::new() };
    let origin = Arc::new(Origin {
        source: SourceKind::History,
        root: Arc::clone(&target.name.given),
        path: Some(git::escape(path).into()),
        object: None,
    });
    let collector = Collector::new(Arc::clone(&target.rules), &());
    collector.content(Content::whole(&origin, &bytes));
    let detected = collector.into_detected().into_iter();
    detected
        .filter(|detected| detected.occurrence.suppression.is_some())
        .map(|detected| (detected.rule, detected.secret))
        .collect()
}

/// A place's file by its path in the repository; `None` for what is no file of
/// a commit, such as a message.
fn path_in_repository(origin: &Origin, target: &Target, trusted: &Trusted) -> Option<Vec<u8>> {
    // A file inside an archive stands where the archive does.
    let shown = origin.path.as_deref()?.split("!/").next()?;
    match origin.source {
        SourceKind::Worktree => {
            if shown == target.name.of(Path::new("")) {
                return Some(git::to_bytes(&trusted.to_root));
            }
            Some(git::to_bytes(&trusted.to_root.join(target.name.relative(shown)?)))
        }
        SourceKind::Index | SourceKind::History => Some(git::to_bytes(&unescape(shown)?)),
        _ => None,
    }
}

/// Says which files that could hold a finding back were changed by what is
/// swept; of a range by those of its commits that are `touching` any.
///
/// # Errors
/// Commits of a range that cannot be read.
pub(super) fn changes(
    target: &Target,
    mode: &Mode,
    touching: &[ObjectId],
) -> Result<Vec<Note>, GitError> {
    let mut changed: BTreeMap<String, String> = BTreeMap::new();
    match (mode, &target.repository) {
        (Mode::Range(_), Some(repository)) => {
            changed.extend(changed_in(repository, touching)?);
        }
        _ => changed.extend(target.trusted.iter().flat_map(|it| differing(target, it))),
    }
    if target.trusted.is_none() {
        // A range is swept whatever it ignores.
        changed.retain(|path, _| !path.ends_with(IGNORE_NAME));
    }
    let note = |(path, how): (String, String)| {
        let name = path.rsplit('/').next().unwrap_or_default();
        let (kind, what) = match name {
            CONFIG_NAME => ("configuration-changed", "configuration"),
            BASELINE_NAME => ("baseline-changed", "baseline"),
            _ => ("ignore-rules-changed", "file of ignore rules"),
        };
        let obeyed = match &target.trusted {
            Some(trusted) => format!("What {} has was obeyed.", shown(&trusted.revision)),
            None => "What it says now was obeyed; --config-from REV obeys a commit that you trust."
                .to_owned(),
        };
        let message = format!("This {what} {how}. {obeyed}");
        Note { kind, path: Some(path), message }
    };
    Ok(changed.into_iter().map(note).collect())
}

/// Whether a path is that of a file that could hold a finding back: only those
/// at the root are ever obeyed, ignore rules anywhere.
pub(super) fn decides_what_counts(path: &[u8]) -> bool {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    [CONFIG_NAME, BASELINE_NAME].iter().any(|name| path == name.as_bytes())
        || name == IGNORE_NAME.as_bytes()
}

/// The files of that kind that commits touch, and how.
fn changed_in(
    repository: &Repository,
    commits: &[ObjectId],
) -> Result<BTreeMap<String, String>, GitError> {
    let objects = Objects::open(repository);
    let mut reader = objects.reader();
    let mut changed = BTreeMap::new();
    for commit in commits {
        for path in touched_by(*commit, &mut reader)? {
            if decides_what_counts(&path) {
                let how = format!("is changed by commit {}", short(&commit.to_string()));
                changed.entry(git::escape(&path)).or_insert(how);
            }
        }
    }
    Ok(changed)
}

/// The files at the worktree's root that are not what the revision has.
fn differing(target: &Target, trusted: &Trusted) -> Vec<(String, String)> {
    let Some(root) = &target.worktree_root else { return Vec::new() };
    [CONFIG_NAME, BASELINE_NAME, IGNORE_NAME]
        .iter()
        .filter_map(|name| {
            let here = std::fs::read(root.join(name)).ok();
            let there = trusted.snapshot.file(name.as_bytes()).ok().flatten();
            let how = format!("is not what {} has", shown(&trusted.revision));
            (here != there).then(|| ((*name).to_owned(), how))
        })
        .collect()
}

fn short(commit: &str) -> &str {
    &commit[..commit.len().min(12)]
}
