//! Revisions: names of commits as people write them.
//!
//! In: a text such as `HEAD~2`, `v1.0^{}` or `main@{1}`. Out: the object that
//! it names. What git would look up in the configuration (`@{upstream}`) or by
//! searching messages (`:/text`) is refused, with the reason.

use gix_hash::ObjectId;

use super::commits::parse;
use super::names::read_plain;
use super::names::to_path;
use super::pack::Kind;
use super::reader::Reader;
use super::{GitError, Repository};

/// How many tags may name one another.
const TAG_DEPTH: usize = 64;

/// Where git looks for a short ref name, in order.
const REF_PLACES: [(&str, &str); 6] = [
    ("", ""),
    ("refs/", ""),
    ("refs/tags/", ""),
    ("refs/heads/", ""),
    ("refs/remotes/", ""),
    ("refs/remotes/", "/HEAD"),
];

impl Repository {
    /// The commit that a revision names.
    ///
    /// # Errors
    /// A revision that names nothing, more than one object, or no commit, and
    /// forms that this version does not read.
    pub fn resolve_commit(
        &self,
        revision: &str,
        reader: &mut Reader<'_>,
    ) -> Result<ObjectId, GitError> {
        let fault = |reason: &str| GitError::Revision {
            revision: revision.to_owned(),
            reason: reason.to_owned(),
        };
        let (name, mut steps) = split(revision).ok_or_else(|| {
            fault("expected a ref, an object id or `@`, then steps such as `~2`, `^` or `@{1}`")
        })?;
        let mut id = self.find(name, reader, &fault)?;
        if let Some(rest) = steps.strip_prefix("@{") {
            let (number, rest) =
                rest.split_once('}').ok_or_else(|| fault("`@{` without its `}`"))?;
            let number = number.parse().map_err(|_| {
                fault("only `@{NUMBER}` is read: the repository's configuration is not obeyed")
            })?;
            id = self.logged(name, number)?.ok_or_else(|| fault("no such reflog entry"))?;
            steps = rest;
        }
        walk_steps(id, steps, reader, &fault)
    }

    /// Finds what a name without steps means.
    fn find(
        &self,
        name: &str,
        reader: &mut Reader<'_>,
        fault: &dyn Fn(&str) -> GitError,
    ) -> Result<ObjectId, GitError> {
        let name = if name == "@" { "HEAD" } else { name };
        if name.len() == self.hash().len_in_hex()
            && let Ok(id) = ObjectId::from_hex(name.as_bytes())
        {
            return if reader.store().contains(&id) {
                Ok(id)
            } else {
                Err(fault("no object of this id is stored here"))
            };
        }
        for (before, after) in REF_PLACES {
            if let Some(id) = self.find_ref(format!("{before}{name}{after}").as_bytes())? {
                return Ok(id);
            }
        }
        if name.len() >= 4
            && let Ok(prefix) = gix_hash::Prefix::from_hex(name)
        {
            let mut found = reader.store().ids_with_prefix(prefix);
            if found.len() > 1 {
                found.retain(|id| {
                    let kind = reader.read(id).ok().flatten().map(|object| object.kind);
                    matches!(kind, Some(Kind::Commit | Kind::Tag))
                });
            }
            match found.as_slice() {
                [id] => return Ok(*id),
                [] => {}
                _ => return Err(fault("more than one object's id begins so; give more of it")),
            }
        }
        Err(fault("no ref and no object has this name"))
    }

    /// The id that a ref had `number` changes ago.
    fn logged(&self, name: &str, number: usize) -> Result<Option<ObjectId>, GitError> {
        let name = if name == "@" { "HEAD" } else { name };
        for (before, after) in REF_PLACES {
            let full = format!("{before}{name}{after}");
            if full.split('/').any(|part| part == "..") {
                continue;
            }
            let Some(relative) = to_path(format!("logs/{full}").as_bytes()) else { continue };
            let home = if full == "HEAD" { self.git_dir() } else { self.common_dir() };
            let path = home.join(relative);
            let bytes = read_plain(&path).map_err(|error| GitError::io(&path, error))?;
            let Some(bytes) = bytes else { continue };
            let line = bytes
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty())
                .rev()
                .nth(number);
            let hex = line.and_then(|line| line.split(|byte| *byte == b' ').nth(1));
            return Ok(hex.and_then(|hex| ObjectId::from_hex(hex).ok()));
        }
        Ok(None)
    }
}

/// Goes from a commit to the one that the steps lead to.
fn walk_steps(
    id: ObjectId,
    mut steps: &str,
    reader: &mut Reader<'_>,
    fault: &dyn Fn(&str) -> GitError,
) -> Result<ObjectId, GitError> {
    let mut id = peel(id, reader, fault)?;
    while let Some(step) = steps.chars().next() {
        steps = &steps[step.len_utf8()..];
        if step == '^' && steps.starts_with('{') {
            let (kind, rest) =
                steps[1..].split_once('}').ok_or_else(|| fault("`^{` without its `}`"))?;
            if !matches!(kind, "" | "commit" | "object") {
                return Err(fault("it does not name a commit"));
            }
            steps = rest;
            continue;
        }
        let digits = steps.len() - steps.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: usize = match &steps[..digits] {
            "" => 1,
            digits => digits.parse().map_err(|_| fault("a number is too large"))?,
        };
        steps = &steps[digits..];
        match step {
            '^' if number == 0 => {}
            '^' => id = parent(id, number, reader)?.ok_or_else(|| fault("no such parent"))?,
            '~' => {
                for _ in 0..number {
                    id = parent(id, 1, reader)?
                        .ok_or_else(|| fault("history does not go back so far"))?;
                }
            }
            _ => return Err(fault("expected `~`, `^` or `@{NUMBER}` after the name")),
        }
    }
    Ok(id)
}

/// Splits a revision into its name and its steps.
fn split(revision: &str) -> Option<(&str, &str)> {
    if revision.starts_with([':', '-']) {
        return None;
    }
    let end = revision
        .char_indices()
        .find(|(at, letter)| {
            matches!(letter, '^' | '~') || (*letter == '@' && revision[*at..].starts_with("@{"))
        })
        .map_or(revision.len(), |(at, _)| at);
    let (name, steps) = revision.split_at(end);
    match name {
        // `@{1}` is of HEAD.
        "" if steps.starts_with("@{") => Some(("HEAD", steps)),
        "" => None,
        name => Some((name, steps)),
    }
}

/// Follows tags to a commit.
fn peel(
    id: ObjectId,
    reader: &mut Reader<'_>,
    fault: &dyn Fn(&str) -> GitError,
) -> Result<ObjectId, GitError> {
    let mut id = id;
    for _ in 0..TAG_DEPTH {
        let object = reader
            .read(&id)
            .map_err(|error| GitError::Object { id, reason: error.to_string() })?
            .ok_or_else(|| fault("the object that it names is not stored here"))?;
        match object.kind {
            Kind::Commit => return Ok(id),
            Kind::Tag => {
                id = object
                    .bytes
                    .strip_prefix(b"object ")
                    .and_then(|rest| rest.split(|byte| *byte == b'\n').next())
                    .and_then(|hex| ObjectId::from_hex(hex).ok())
                    .ok_or_else(|| fault("it names a damaged tag"))?;
            }
            Kind::Tree | Kind::Blob => return Err(fault("it does not name a commit")),
        }
    }
    Err(fault("tags name one another without end"))
}

/// The commit's parent number `number`, from 1.
fn parent(
    id: ObjectId,
    number: usize,
    reader: &mut Reader<'_>,
) -> Result<Option<ObjectId>, GitError> {
    let bytes = reader.expect(&id, Kind::Commit)?;
    let commit = parse(id.kind(), &bytes)
        .ok_or_else(|| GitError::Object { id, reason: "a damaged commit".to_owned() })?;
    Ok(commit.parents.get(number - 1).copied())
}
