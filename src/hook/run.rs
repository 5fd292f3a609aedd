//! What a hook sweeps.
//!
//! In: what git tells the hook: its arguments, its standard input and the
//! variables that it sets. Out: the settings of the sweep, or that there is
//! nothing to sweep, as when a push only deletes.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use gix_hash::ObjectId;

use super::Hook;
use crate::git::{self, GitError, Repository};
use crate::settings::{BaselineChoice, Mode, Push, Settings, Surroundings};

/// Why a hook could not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HookError {
    /// There is nothing to look at.
    #[error("no git repository here; git runs this hook, or run it in a repository")]
    NoRepository,
    /// Standard input is not what git gives the hook.
    #[error("standard input, line {line}: {hook} takes lines of {expected} from git")]
    Input {
        /// The hook.
        hook: Hook,
        /// The line, from 1.
        line: usize,
        /// What a line holds.
        expected: &'static str,
    },
    /// The repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// What git tells a hook.
pub struct Told<'a> {
    /// The hook's own arguments: for `pre-push` the remote's name and address.
    pub arguments: &'a [OsString],
    /// Its standard input; empty for `pre-commit`.
    pub input: &'a [u8],
    /// The revision whose configuration, baseline and allows are trusted, where
    /// whoever installed the hook named one.
    pub config_from: Option<&'a str>,
    /// Its environment.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
}

impl std::fmt::Debug for Told<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Told").field("arguments", &self.arguments).finish_non_exhaustive()
    }
}

/// The sweep that a hook asks for; `None` where nothing is added anywhere.
///
/// # Errors
/// Input that is not git's, and a repository that cannot be read.
pub fn sweep(hook: Hook, told: &Told<'_>) -> Result<Option<Settings>, HookError> {
    let surroundings = Surroundings::of(told.variable);
    let root = root(hook, &surroundings)?;
    let mut config_from = told.config_from.map(str::to_owned);
    let mode = match hook {
        Hook::PreCommit => Mode::Staged,
        Hook::PrePush | Hook::PreReceive => {
            let repository =
                Repository::surrounded(&root, &surroundings)?.ok_or(HookError::NoRepository)?;
            let push = match hook {
                Hook::PrePush => sent(&repository, told)?,
                _ => received(&repository, told)?,
            };
            if push.tips.is_empty() {
                return Ok(None);
            }
            // Before its first commit a branch says nothing, and nothing that is
            // pushed may speak for it.
            config_from = config_from.filter(|revision| resolves(&repository, revision));
            Mode::Push(push)
        }
    };
    Ok(Some(Settings {
        paths: vec![root],
        mode,
        // Whoever pushes wrote the allows too; those of a trusted revision count. A
        // baseline lies in the repository's own directory, where no push writes.
        obeys_allows: hook != Hook::PreReceive || config_from.is_some(),
        baseline: BaselineChoice::Found,
        config_from,
        surroundings,
        ..Settings::default()
    }))
}

fn resolves(repository: &Repository, revision: &str) -> bool {
    let objects = git::Objects::open(repository);
    repository.resolve_commit(revision, &mut objects.reader()).is_ok()
}

/// The root of the repository that git runs the hook for.
fn root(hook: Hook, surroundings: &Surroundings) -> Result<PathBuf, HookError> {
    let here = Path::new(".");
    if hook == Hook::PreReceive {
        return Ok(surroundings.git_dir.clone().unwrap_or_else(|| here.to_owned()));
    }
    if surroundings.git_dir.is_some() {
        return Ok(surroundings.work_tree.clone().unwrap_or_else(|| here.to_owned()));
    }
    if Repository::discover_root(here)?.is_some() {
        return Ok(here.to_owned());
    }
    let found = Repository::containing(here)?.ok_or(HookError::NoRepository)?;
    Ok(found.work_tree().unwrap_or(found.git_dir()).to_owned())
}

/// What is about to be sent. A remote has what its tracking refs hold, and what
/// it says of the refs that are pushed; another remote's refs do not count,
/// since what is public there may be new here.
fn sent(repository: &Repository, told: &Told<'_>) -> Result<Push, HookError> {
    let mut push = Push::default();
    let expected = "LOCAL-REF LOCAL-ID REMOTE-REF REMOTE-ID";
    for words in lines(Hook::PrePush, told.input, expected, 4)? {
        push.tips.extend(words[1]);
        push.known.extend(words[3]);
    }
    let mut remote = told.arguments.first().cloned();
    // The pre-commit framework reads the input itself and sets these instead.
    if let Some(to) = told.input.is_empty().then(|| (told.variable)("PRE_COMMIT_TO_REF")).flatten()
    {
        remote = remote.or_else(|| (told.variable)("PRE_COMMIT_REMOTE_NAME"));
        let objects = git::Objects::open(repository);
        let mut reader = objects.reader();
        push.tips.push(repository.resolve_commit(&to.to_string_lossy(), &mut reader)?);
        if let Some(from) = (told.variable)("PRE_COMMIT_FROM_REF") {
            push.known.extend(repository.resolve_commit(&from.to_string_lossy(), &mut reader).ok());
        }
    }
    if let Some(remote) = remote
        && !push.tips.is_empty()
    {
        let prefix = [b"refs/remotes/", &git::to_bytes(Path::new(&remote))[..], b"/"].concat();
        let refs = repository.refs()?.refs.into_iter();
        push.known.extend(refs.filter(|one| one.name.starts_with(&prefix)).map(|one| one.target));
    }
    Ok(push)
}

/// What has arrived and waits for the answer; every ref that the repository has
/// is what it held before.
fn received(repository: &Repository, told: &Told<'_>) -> Result<Push, HookError> {
    let mut push = Push::default();
    for words in lines(Hook::PreReceive, told.input, "OLD-ID NEW-ID REF", 3)? {
        push.known.extend(words[0]);
        push.tips.extend(words[1]);
    }
    if !push.tips.is_empty() {
        push.known.extend(repository.refs()?.refs.into_iter().map(|one| one.target));
        push.quarantine = (told.variable)("GIT_QUARANTINE_PATH")
            .filter(|path| !path.is_empty())
            .map(PathBuf::from);
    }
    Ok(push)
}

/// The ids in each line, by the place of their word; `None` for a word that is
/// a ref or the id of nothing.
fn lines(
    hook: Hook,
    input: &[u8],
    expected: &'static str,
    count: usize,
) -> Result<Vec<Vec<Option<ObjectId>>>, HookError> {
    let mut found = Vec::new();
    for (index, line) in input.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
        let names_refs: Vec<bool> = expected.split(' ').map(|word| word.ends_with("REF")).collect();
        let ids: Option<Vec<Option<ObjectId>>> = words
            .iter()
            .zip(&names_refs)
            .map(|(word, names_ref)| {
                if *names_ref {
                    return Some(None);
                }
                let id = ObjectId::from_hex(word).ok()?;
                Some((!id.is_null()).then_some(id))
            })
            .collect();
        match ids {
            Some(ids) if words.len() == count => found.push(ids),
            _ => return Err(HookError::Input { hook, line: index + 1, expected }),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deletion_names_nothing_to_sweep() {
        let (null, id) = ("0".repeat(40), "1".repeat(40));
        let input = format!("(delete) {null} refs/heads/a {id}\nrefs/heads/b {id} refs/x {null}\n");
        let read = lines(Hook::PrePush, input.as_bytes(), "REF ID REF ID", 4).expect("lines");
        assert_eq!(read.len(), 2);
        assert_eq!((read[0][1], read[1][3]), (None, None));
        assert!(read[0][3].is_some() && read[1][1].is_some());
    }

    #[test]
    fn input_that_is_not_gits_is_refused_with_its_line() {
        for (input, line) in [("x\n", 1), ("\n1 2 3\n", 2), ("1111 2222 refs/heads/a\n", 1)] {
            let error = lines(Hook::PreReceive, input.as_bytes(), "OLD-ID NEW-ID REF", 3);
            let error = error.unwrap_err().to_string();
            assert!(error.contains(&format!("line {line}: pre-receive")), "{error}");
        }
    }
}
