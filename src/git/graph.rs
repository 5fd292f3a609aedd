//! The graph of commits, from the commits themselves.
//!
//! In: a store. Out: every commit's parents, tree and time, in topological
//! order. Grafts, replacement refs and the commit-graph file are no part of it:
//! a parent is what the commit says.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::{BuildHasher, RandomState};

use gix_hash::{ObjectId, oid};
use hashbrown::hash_table::{Entry, HashTable};
use rayon::prelude::*;

use super::commits::{PackedCommits, parse};
use super::pack::{Ids, Inflater, Kind, NodeId, Visit, visit};
use super::{Store, loose_ids, loose_path, read_loose, scattered_ids};

/// A commit by number.
pub(crate) type CommitId = u32;

/// All commits of a store.
#[derive(Debug)]
pub(crate) struct Graph {
    names: Names,
    times: Vec<i64>,
    parents: Lists,
    /// By id. Of a commit that is stored more than once, the first.
    numbers: HashTable<CommitId>,
    /// An index may hold whatever ids it likes, so that they are no hash of their own.
    hasher: RandomState,
    /// Every commit, parents first, older ones first among equals.
    pub(crate) order: Vec<CommitId>,
}

impl Graph {
    /// Reads every commit of the store.
    pub(crate) fn read(store: &Store) -> Self {
        Self::link(&Unlinked::gather(store))
    }

    /// Links commits to their parents. They are numbered as they are stored, so that
    /// those which follow one another in history lie near each other.
    pub(crate) fn link(unlinked: &Unlinked<'_>) -> Self {
        let parts = unlinked.parts();
        let names = unlinked.names(&parts);
        let hash_len = names.hash_len;
        let count = names.len();
        let mut times = Vec::with_capacity(count);
        let commits = parts.iter().flat_map(|part| part.commits.iter(hash_len));
        times.extend(commits.map(|commit| commit.time));
        let mut numbers = HashTable::with_capacity(count);
        let hasher = RandomState::new();
        // Further copies of commits: nobody's parents, and nowhere in the order.
        let mut repeated = Vec::new();
        for number in 0..count as CommitId {
            let id = names.id(number);
            let hash = |at: &CommitId| hasher.hash_one(names.id(*at));
            match numbers.entry(hash(&number), |at| names.id(*at) == id, hash) {
                Entry::Occupied(_) => repeated.push(number),
                Entry::Vacant(place) => drop(place.insert(number)),
            }
        }
        let (parents, order) = (Lists::default(), Vec::new());
        let mut graph = Self { names, times, parents, numbers, hasher, order };
        // Each is a wait for memory, so that they are looked up on every thread.
        let lists = parts.par_iter().map(|part| {
            Lists::of(part.commits.iter(hash_len).map(|commit| {
                let ids = commit.parents.chunks_exact(hash_len);
                ids.filter_map(|id| graph.number(oid::from_bytes_unchecked(id)))
            }))
        });
        graph.parents = Lists::joined(lists.collect());
        graph.order = graph.sort(&repeated);
        graph
    }

    /// Above the number of every commit.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// The id of a commit.
    pub(crate) fn id(&self, number: CommitId) -> &oid {
        self.names.id(number)
    }

    /// The id of a commit's tree.
    pub(crate) fn tree(&self, number: CommitId) -> &oid {
        self.names.tree(number)
    }

    /// When it was made: seconds since 1970 of the committer, 0 where malformed.
    pub(crate) fn time(&self, number: CommitId) -> i64 {
        self.times[number as usize]
    }

    /// The number of a commit.
    pub(crate) fn number(&self, id: &oid) -> Option<CommitId> {
        self.numbers.find(self.hasher.hash_one(id), |at| self.id(*at) == id).copied()
    }

    /// The parents of a commit that are stored here.
    pub(crate) fn parents(&self, number: CommitId) -> &[CommitId] {
        self.parents.of_commit(number)
    }

    /// Parents first; among those that could come next the oldest, then the
    /// least id. Commits that are their own ancestors, which takes a broken
    /// hash, come nowhere, nor do those that are `repeated`.
    fn sort(&self, repeated: &[CommitId]) -> Vec<CommitId> {
        let children = self.parents.turned();
        let all = 0..self.len() as CommitId;
        let mut waits_for: Vec<u32> =
            all.clone().map(|at| self.parents.of_commit(at).len() as u32).collect();
        for number in repeated {
            // Waits for ever.
            waits_for[*number as usize] += 1;
        }
        let key = |number| Reverse((self.time(number), self.id(number), number));
        let mut ready: BinaryHeap<_> =
            all.filter(|number| waits_for[*number as usize] == 0).map(key).collect();
        let mut order = Vec::with_capacity(self.len());
        while let Some(Reverse((_, _, number))) = ready.pop() {
            order.push(number);
            for child in children.of_commit(number) {
                let waits = &mut waits_for[*child as usize];
                *waits -= 1;
                if *waits == 0 {
                    ready.push(key(*child));
                }
            }
        }
        order
    }

    /// Marks the tips and all their ancestors.
    pub(crate) fn ancestors(&self, tips: impl IntoIterator<Item = CommitId>) -> Vec<bool> {
        let mut is_marked = vec![false; self.len()];
        let mut open: Vec<CommitId> = tips.into_iter().collect();
        while let Some(number) = open.pop() {
            if !std::mem::replace(&mut is_marked[number as usize], true) {
                open.extend_from_slice(self.parents(number));
            }
        }
        is_marked
    }
}

/// The commits of a store that are not linked yet.
pub(crate) struct Unlinked<'s> {
    store: &'s Store,
    /// By pack those that nobody had read before.
    packed: Vec<Vec<PackedCommits>>,
    /// Those outside the packs' own families, by number, and their ids.
    others: PackedCommits,
    other_ids: Vec<ObjectId>,
}

impl<'s> Unlinked<'s> {
    /// Reads every commit of the store, unless a sweep has done so.
    pub(crate) fn gather(store: &'s Store) -> Self {
        let packs = store.packs.iter().enumerate();
        let packed = packs.map(|(at, pack)| {
            if store.seen(at).is_some() {
                return Vec::new();
            }
            let hash = store.hash();
            let visitor = || Gathered { hash, commits: PackedCommits::default() };
            let parts = visit(pack, |kind| kind == Kind::Commit, visitor);
            parts.into_iter().map(|part| part.commits).collect()
        });
        let packed = packed.collect();
        let (others, other_ids) = (PackedCommits::default(), Vec::new());
        let mut unlinked = Self { store, packed, others, other_ids };
        let mut inflater = Inflater::new();
        for id in scattered_ids(store) {
            if let Ok(Some((Kind::Commit, bytes))) = store.read(&id, &mut inflater) {
                unlinked.push(id, &bytes);
            }
        }
        for directory in &store.directories {
            for id in loose_ids(directory, store.hash()) {
                let loose = read_loose(&loose_path(directory, &id), &mut inflater);
                if let Ok(Some((Kind::Commit, bytes))) = loose {
                    unlinked.push(id, &bytes);
                }
            }
        }
        unlinked
    }

    fn push(&mut self, id: ObjectId, bytes: &[u8]) {
        if let Some(raw) = parse(id.kind(), bytes) {
            self.others.push(self.other_ids.len() as NodeId, &raw);
            self.other_ids.push(id);
        }
    }

    /// All of them, in parts; one that is stored twice comes twice.
    fn parts(&self) -> Vec<Part<'_>> {
        let packed = self.store.packs.iter().enumerate().flat_map(|(at, pack)| {
            let seen = self.store.seen(at).unwrap_or_default().iter().map(|seen| &seen.commits);
            let ids = Some(pack.ids());
            seen.chain(&self.packed[at]).map(move |commits| Part { commits, ids })
        });
        packed.chain([Part { commits: &self.others, ids: None }]).collect()
    }

    /// What the commits of all parts are called, and their trees. Each id is a wait
    /// for memory, so that they are fetched on every thread.
    fn names(&self, parts: &[Part<'_>]) -> Names {
        let hash_len = self.store.hash().len_in_bytes();
        let count: usize = parts.iter().map(|part| part.commits.len()).sum();
        let mut bytes = vec![0; 2 * hash_len * count];
        let mut rest = bytes.as_mut_slice();
        let mut places = Vec::with_capacity(parts.len());
        for part in parts {
            let len = 2 * hash_len * part.commits.len();
            places.push((part, rest.split_off_mut(..len).unwrap_or_default()));
        }
        places.into_par_iter().for_each(|(part, places)| {
            let nodes = part.commits.nodes().zip(part.commits.iter(hash_len));
            for ((node, commit), place) in nodes.zip(places.chunks_exact_mut(2 * hash_len)) {
                let (id, tree) = place.split_at_mut(hash_len);
                id.copy_from_slice(match part.ids {
                    Some(ids) => ids.of(node).as_bytes(),
                    None => self.other_ids[node as usize].as_bytes(),
                });
                tree.copy_from_slice(commit.tree);
            }
        });
        Names { bytes, hash_len }
    }
}

/// Of commits their ids and their trees', by number.
#[derive(Debug)]
struct Names {
    bytes: Vec<u8>,
    hash_len: usize,
}

impl Names {
    fn len(&self) -> usize {
        self.bytes.len() / (2 * self.hash_len)
    }

    fn id(&self, number: CommitId) -> &oid {
        let start = 2 * self.hash_len * number as usize;
        oid::from_bytes_unchecked(&self.bytes[start..start + self.hash_len])
    }

    fn tree(&self, number: CommitId) -> &oid {
        let start = (2 * number as usize + 1) * self.hash_len;
        oid::from_bytes_unchecked(&self.bytes[start..start + self.hash_len])
    }
}

/// Commits, and the ids of the pack that they are of.
struct Part<'s> {
    commits: &'s PackedCommits,
    ids: Option<Ids<'s>>,
}

struct Gathered {
    hash: gix_hash::Kind,
    commits: PackedCommits,
}

impl Gathered {
    fn take(&mut self, node: NodeId, bytes: &[u8]) {
        if let Some(raw) = parse(self.hash, bytes) {
            self.commits.push(node, &raw);
        }
    }
}

impl Visit for Gathered {
    type Held = ();

    fn root(&mut self, node: NodeId, _: Kind, bytes: &[u8]) {
        self.take(node, bytes);
    }

    fn child(&mut self, node: NodeId, _: Kind, bytes: &[u8], (): &()) {
        self.take(node, bytes);
    }
}

/// A list of commits for each commit, one after the other: most have one.
#[derive(Debug, Default)]
struct Lists {
    members: Vec<CommitId>,
    ends: Vec<u32>,
}

impl Lists {
    fn of<L: IntoIterator<Item = CommitId>>(lists: impl Iterator<Item = L>) -> Self {
        let mut all = Self::default();
        for list in lists {
            all.members.extend(list);
            all.ends.push(all.members.len() as u32);
        }
        all
    }

    /// One after the other.
    fn joined(parts: Vec<Self>) -> Self {
        let mut all = Self::default();
        all.members.reserve(parts.iter().map(|part| part.members.len()).sum());
        all.ends.reserve(parts.iter().map(|part| part.ends.len()).sum());
        for part in parts {
            let before = all.members.len() as u32;
            all.members.extend(part.members);
            all.ends.extend(part.ends.into_iter().map(|end| before + end));
        }
        all
    }

    fn of_commit(&self, number: CommitId) -> &[CommitId] {
        let at = number as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.members[start as usize..self.ends[at] as usize]
    }

    /// For each commit those in whose lists it is.
    fn turned(&self) -> Self {
        let mut ends = vec![0u32; self.ends.len()];
        for member in &self.members {
            ends[*member as usize] += 1;
        }
        let mut sum = 0;
        for end in &mut ends {
            // For now where the list starts.
            sum += std::mem::replace(end, sum);
        }
        let mut members = vec![0; self.members.len()];
        for number in 0..self.ends.len() as u32 {
            for member in self.of_commit(number) {
                let end = &mut ends[*member as usize];
                members[*end as usize] = number;
                *end += 1;
            }
        }
        Self { members, ends }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::Repository;

    #[test]
    fn a_commit_that_is_stored_twice_stands_in_the_order_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let git = directory.path().join(".git");
        for part in ["objects", "refs"] {
            std::fs::create_dir_all(git.join(part)).expect("it can be made");
        }
        std::fs::write(git.join("HEAD"), "ref: refs/heads/main\n").expect("it can be written");
        let opened = Repository::discover_root(directory.path());
        let store = opened.expect("it can be read").expect("it is there").store();
        let [root, child, tree] =
            [1, 2, 3].map(|byte| ObjectId::try_from(&[byte; 20][..]).expect("an id"));
        let commit = |parent: &str, time| {
            format!("tree {tree}\n{parent}committer A <a> {time} +0000\n\n").into_bytes()
        };
        let mut unlinked = Unlinked::gather(&store);
        unlinked.push(child, &commit(&format!("parent {root}\n"), 7));
        unlinked.push(root, &commit("", 5));
        unlinked.push(child, &commit(&format!("parent {root}\n"), 7));
        unlinked.push(root, &commit("", 5));

        let graph = Graph::link(&unlinked);
        let order: Vec<_> = graph.order.iter().map(|number| graph.id(*number)).collect();
        assert_eq!(order, [&*root, &*child]);
        assert_eq!([&root, &child].map(|id| graph.number(id)), [Some(1), Some(0)]);
        assert_eq!((graph.parents(0), graph.tree(0), graph.time(0)), (&[1][..], &*tree, 7));
    }
}
