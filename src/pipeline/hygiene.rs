//! Advice beside the findings, from the vendor's best practices.
//!
//! In: findings and where they stand. Out: notes, which change no exit code:
//! an environment file that git holds or would take, and one key that several
//! services share.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::scope::Target;
use crate::detect;
use crate::finding::{Finding, Occurrence, SourceKind};
use crate::git;
use crate::outcome::Note;

/// How many directories a note names.
const NAMED_DIRECTORIES: usize = 5;

/// The notes on `findings`, sorted.
pub(super) fn notes(
    findings: &[Finding],
    targets: &[Target],
    obeys_ignore_files: bool,
) -> Vec<Note> {
    let mut notes = BTreeSet::new();
    let mut indexes = Indexes::default();
    for finding in findings {
        for place in finding.occurrences.iter().filter(|place| is_file(place)) {
            notes.extend(environment_file(place, targets, obeys_ignore_files, &mut indexes));
        }
        notes.extend(shared_key(finding));
    }
    notes.into_iter().collect()
}

fn is_file(place: &Occurrence) -> bool {
    place.origin.source == SourceKind::Worktree
}

/// Whether a name is that of a file which holds an environment, and not of a
/// sample of one.
fn is_environment_file(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_last = lower.rsplit('.').next() == Some("env") && lower.contains('.');
    let sample = ["example", "sample", "template", "dist", "default", "schema"];
    (is_last || lower.starts_with(".env.")) && !sample.iter().any(|word| lower.contains(word))
}

/// A note where git tracks the environment file, or would take it.
fn environment_file(
    place: &Occurrence,
    targets: &[Target],
    obeys_ignore_files: bool,
    indexes: &mut Indexes,
) -> Option<Note> {
    let shown = place.origin.path.as_deref()?;
    let name = shown.rsplit('/').next()?;
    if !is_environment_file(name) {
        return None;
    }
    let target = targets.iter().find(|target| target.name.given == place.origin.root)?;
    let file = target.canonical.join(target.name.relative(shown)?);
    let tracked = indexes.tracks(&file)?;
    if tracked {
        return Some(Note {
            kind: "env-file-tracked",
            path: Some(shown.to_owned()),
            message: format!(
                "git tracks this environment file. Run `git rm --cached -- {name}` in its \
                 directory and add the line `{name}` to .gitignore; the key stays in history, so \
                 revoke it all the same."
            ),
        });
    }
    // An ignored file that git does not track is read only where ignore rules
    // are not obeyed; then this cannot tell.
    obeys_ignore_files.then(|| Note {
        kind: "env-file-not-ignored",
        path: Some(shown.to_owned()),
        message: format!(
            "git does not ignore this environment file, so the next `git add` takes it. Add the \
             line `{name}` to .gitignore."
        ),
    })
}

/// A note where one key stands in the files of several directories, tests and
/// documentation apart.
fn shared_key(finding: &Finding) -> Option<Note> {
    let directories: BTreeSet<&str> = finding
        .occurrences
        .iter()
        .filter(|place| is_file(place))
        .filter_map(|place| place.origin.path.as_deref())
        .filter(|path| !detect::is_test(path) && !detect::is_documentation(path))
        .map(|path| path.rsplit_once('/').map_or(".", |(directory, _)| directory))
        .collect();
    if directories.len() < 2 {
        return None;
    }
    let mut named: Vec<&str> = directories.iter().copied().take(NAMED_DIRECTORIES).collect();
    if directories.len() > NAMED_DIRECTORIES {
        named.push("…");
    }
    Some(Note {
        kind: "key-shared",
        path: None,
        message: format!(
            "The key {} stands in files of {} directories ({}). Where these are different \
             services, give each its own key: then one can be revoked without stopping the others.",
            finding.secret.mask(),
            directories.len(),
            named.join(", ")
        ),
    })
}

/// What git tracks, by directory, read once each.
#[derive(Default)]
struct Indexes(HashMap<PathBuf, Option<Vec<Vec<u8>>>>);

impl Indexes {
    /// Whether git tracks a file; `None` where no repository holds it, or its
    /// index cannot be read.
    fn tracks(&mut self, file: &Path) -> Option<bool> {
        let directory = file.parent()?;
        let paths = self
            .0
            .entry(directory.to_owned())
            .or_insert_with(|| git::tracked_paths(directory).ok().flatten());
        let name = git::to_bytes(Path::new(file.file_name()?));
        paths.as_ref().map(|paths| paths.binary_search(&name).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_file_is_told_from_a_sample_of_one() {
        for name in [".env", ".env.local", ".env.production", "prod.env", ".ENV"] {
            assert!(is_environment_file(name), "{name}");
        }
        for name in
            [".env.example", ".env.sample", "env.rs", ".envrc", "template.env", "environment"]
        {
            assert!(!is_environment_file(name), "{name}");
        }
    }
}
