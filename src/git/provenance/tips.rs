//! Where ways into history begin.
//!
//! In: a repository. Out: the refs, stash entries, reflog entries and index
//! entries that reach objects, each with how it reaches them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use gix_hash::ObjectId;

use super::GitError;
use super::holders::Wanted;
use crate::finding::Reach;
use crate::git::graph::Graph;
use crate::git::names::{read_plain, to_bytes};
use crate::git::pack::{Inflater, Kind};
use crate::git::{Repository, Store, read_index};

/// A way into history.
#[derive(Debug, Clone)]
pub(super) struct Tip {
    /// The ref's full name; `None` for a reflog's or an index's entry.
    pub(super) name: Option<Vec<u8>>,
    /// The path of an index's entry.
    pub(super) path: Option<Vec<u8>>,
    pub(super) reach: Reach,
    /// What it names, tags followed; the tags passed on the way come first.
    pub(super) chain: Vec<ObjectId>,
}

/// How many tags may name one another.
const TAG_DEPTH: usize = 64;

/// Every tip of a repository, sorted by name.
pub(super) fn gather(
    repository: &Repository,
    store: &Store,
    graph: &Graph,
    wanted: &Wanted,
) -> Result<Vec<Tip>, GitError> {
    let mut inflater = Inflater::new();
    let mut tips = Vec::new();
    for found in repository.refs()?.refs {
        let reach = reach(&found.name);
        let chain = peel(store, graph, found.target, &mut inflater);
        tips.push(Tip { name: Some(found.name), path: None, reach, chain });
    }
    let mut logged = BTreeSet::new();
    for home in homes(repository) {
        logged_ids(&home.join("logs"), &home.join("logs"), repository.hash(), &mut logged);
    }
    for (reach, id) in logged {
        let chain = peel(store, graph, id, &mut inflater);
        tips.push(Tip { name: None, path: None, reach, chain });
    }
    for home in homes(repository) {
        // An index that cannot be read is the sweep's to name.
        for entry in read_index(&home.join("index"), repository.hash()).unwrap_or_default() {
            if wanted.number(entry.id.as_bytes()).is_some() {
                let (path, reach) = (Some(entry.path), Reach::Index);
                tips.push(Tip { name: None, path, reach, chain: vec![entry.id] });
            }
        }
    }
    Ok(tips)
}

/// The git directories of all worktrees.
fn homes(repository: &Repository) -> Vec<PathBuf> {
    let mut homes = vec![repository.common_dir().to_owned()];
    homes.extend(repository.linked_git_dirs(|_| {}).into_iter().map(|(_, home)| home));
    homes
}

fn reach(name: &[u8]) -> Reach {
    if name == b"refs/stash" {
        Reach::Stash
    } else if name.starts_with(b"refs/notes/") {
        Reach::Note
    } else if name.starts_with(b"refs/") || name.ends_with(b"/HEAD") || name == b"HEAD" {
        Reach::Ref
    } else {
        // `ORIG_HEAD` and its like remember where something was.
        Reach::Reflog
    }
}

/// Follows tags to what they name.
fn peel(store: &Store, graph: &Graph, id: ObjectId, inflater: &mut Inflater) -> Vec<ObjectId> {
    let mut chain = vec![id];
    while chain.len() < TAG_DEPTH {
        let last = chain[chain.len() - 1];
        if graph.number(&last).is_some() {
            break;
        }
        let Ok(Some((Kind::Tag, bytes))) = store.read(&last, inflater) else { break };
        let target = bytes
            .strip_prefix(b"object ")
            .and_then(|rest| rest.get(..last.kind().len_in_hex()))
            .and_then(|hex| ObjectId::from_hex(hex).ok());
        match target {
            Some(target) => chain.push(target),
            None => break,
        }
    }
    chain
}

/// The ids in every reflog below a directory.
fn logged_ids(
    directory: &Path,
    logs: &Path,
    hash: gix_hash::Kind,
    found: &mut BTreeSet<(Reach, ObjectId)>,
) {
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&directory) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(path),
                Ok(kind) if kind.is_file() => {
                    let name = to_bytes(path.strip_prefix(logs).unwrap_or(&path));
                    let is_stash = name == b"refs/stash";
                    let reach = if is_stash { Reach::Stash } else { Reach::Reflog };
                    let bytes = read_plain(&path).ok().flatten().unwrap_or_default();
                    let ids = bytes.split(|byte| *byte == b'\n').flat_map(|line| {
                        line.split(|byte| *byte == b' ')
                            .take(2)
                            .filter(|hex| hex.len() == hash.len_in_hex())
                    });
                    found.extend(
                        ids.filter_map(|hex| ObjectId::from_hex(hex).ok())
                            .filter(|id| !id.is_null())
                            .map(|id| (reach, id)),
                    );
                }
                _ => {}
            }
        }
    }
}
