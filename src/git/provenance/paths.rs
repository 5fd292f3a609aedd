//! Under which paths a wanted object ever stood.
//!
//! In: the trees that lead to wanted objects, and the commits in the order in
//! which their paths count as introduced. Out: the first few paths of each and
//! how many there are.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::holders::{Edge, Trees};
use super::{History, PATHS_SHOWN};
use crate::git::graph::CommitId;
use crate::git::names::escape;
use crate::git::short::{Short, short};

/// A path by number: the number of the path above, and of the last name.
#[derive(Default)]
struct Paths {
    parts: Vec<(u32, u32)>,
    numbers: HashMap<(u32, u32), u32>,
}

/// How many trees at how many paths are looked at: trees that hold the same
/// subtree twice, nested, give paths without end.
const STEPS_LIMIT: usize = 4_000_000;

/// How many paths are told apart, 100 bytes each: ten trees of ten entries,
/// nested, have 10^10, and no tree that anybody works in has a million files.
const PATHS_LIMIT: usize = 1 << 20;

/// The path of the root.
const ROOT: u32 = u32::MAX;

impl Paths {
    fn below(&mut self, path: u32, name: u32) -> u32 {
        let next = self.parts.len() as u32;
        *self.numbers.entry((path, name)).or_insert_with(|| {
            self.parts.push((path, name));
            next
        })
    }

    /// The names on the way to a path.
    fn names<'n>(&self, mut path: u32, names: &'n [Box<[u8]>]) -> Vec<&'n [u8]> {
        let mut parts = Vec::new();
        while path != ROOT {
            let (above, name) = self.parts[path as usize];
            parts.push(&*names[name as usize]);
            path = above;
        }
        parts.reverse();
        parts
    }

    fn escaped(&self, path: u32, names: &[Box<[u8]>]) -> Arc<str> {
        let parts: Vec<String> = self.names(path, names).into_iter().map(escape).collect();
        parts.join("/").into()
    }
}

/// For each wanted object its first paths and their number.
pub(super) fn find(
    history: &History,
    count: usize,
    order: &[CommitId],
) -> Vec<(Vec<Arc<str>>, u64)> {
    let mut paths = Paths::default();
    let mut seen: HashSet<(Short, u32)> = HashSet::new();
    let mut found: Vec<(Vec<u32>, HashSet<u32>)> = vec![Default::default(); count];
    for commit in order {
        let root = short(history.graph.tree(*commit).as_bytes());
        let mut open = vec![(root, ROOT)];
        while let Some((tree, path)) = open.pop() {
            let edges = history.trees.edges.of(tree);
            if edges.is_empty() {
                continue;
            }
            let is_bomb = seen.len() >= STEPS_LIMIT || paths.parts.len() >= PATHS_LIMIT;
            if is_bomb || !seen.insert((tree, path)) {
                continue;
            }
            for edge in edges {
                match edge {
                    Edge::Subtree(below, name) => open.push((*below, paths.below(path, *name))),
                    Edge::Wanted(number, name) => {
                        let path = paths.below(path, *name);
                        let (first, all) = &mut found[*number as usize];
                        if all.insert(path) && first.len() < PATHS_SHOWN {
                            first.push(path);
                        }
                    }
                }
            }
        }
    }
    let names = &history.trees.names;
    found
        .into_iter()
        .map(|(first, all)| {
            let shown = first.into_iter().map(|path| paths.escaped(path, names)).collect();
            (shown, all.len() as u64)
        })
        .collect()
}

/// Every path of every wanted object in some trees, each with the number of the
/// first tree that has it there; `None` where there are more than can be told
/// apart.
pub(super) fn all(trees: &Trees, roots: &[Short]) -> Option<Vec<(u32, Vec<u8>, usize)>> {
    let mut paths = Paths::default();
    let mut seen: HashSet<(Short, u32)> = HashSet::new();
    let mut found = Vec::new();
    let mut known: HashSet<(u32, u32)> = HashSet::new();
    for (at, root) in roots.iter().enumerate() {
        let mut open = vec![(*root, ROOT)];
        while let Some((tree, path)) = open.pop() {
            let edges = trees.edges.of(tree);
            if edges.is_empty() {
                continue;
            }
            if seen.len() >= STEPS_LIMIT || paths.parts.len() >= PATHS_LIMIT {
                return None;
            }
            if !seen.insert((tree, path)) {
                continue;
            }
            for edge in edges {
                match edge {
                    Edge::Subtree(below, name) => open.push((*below, paths.below(path, *name))),
                    Edge::Wanted(number, name) => {
                        let path = paths.below(path, *name);
                        if known.insert((*number, path)) {
                            found.push((*number, paths.names(path, &trees.names).join(&b'/'), at));
                        }
                    }
                }
            }
        }
    }
    Some(found)
}
