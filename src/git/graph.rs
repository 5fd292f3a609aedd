//! The graph of commits, from the commits themselves.
//!
//! In: a store. Out: every commit's parents, tree and time, in topological
//! order. Grafts, replacement refs and the commit-graph file are no part of it:
//! a parent is what the commit says.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use gix_hash::{ObjectId, oid};
use rayon::prelude::*;

use super::commits::{PackedCommits, parse};
use super::pack::{Ids, Inflater, Kind, NodeId, Visit, visit};
use super::short::{ByShort, short};
use super::{Store, loose_ids, loose_path, read_loose, scattered_ids};

/// How many commits a thread links at once.
const COMMITS_TOGETHER: usize = 4096;

/// A commit by number.
pub(crate) type CommitId = u32;

/// All commits of a store.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// Of each commit its id and its tree's.
    named: Vec<u8>,
    hash_len: usize,
    times: Vec<i64>,
    parents: Lists,
    numbers: ByShort<CommitId>,
    /// Commits whose ids another's is like, cut short.
    alike: HashMap<ObjectId, CommitId>,
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
        let hash_len = unlinked.store.hash().len_in_bytes();
        let mut graph = Self { hash_len, ..Self::default() };
        let parts = unlinked.parts();
        let count = parts.iter().map(|part| part.commits.len()).sum();
        graph.numbers.reserve(count);
        graph.times.reserve(count);
        graph.named.reserve(2 * hash_len * count);
        // Each id, and each parent's number below, is a wait for memory, so they are
        // fetched on every thread.
        let ids: Vec<Vec<u8>> = parts.par_iter().map(|part| unlinked.ids(part)).collect();
        let mut parents: Vec<&[u8]> = Vec::with_capacity(count);
        for (part, ids) in parts.iter().zip(ids) {
            for (id, commit) in ids.chunks_exact(hash_len).zip(part.commits.iter(hash_len)) {
                let number = graph.times.len() as CommitId;
                let first = *graph.numbers.entry(short(id)).or_insert(number);
                if first != number {
                    let id = oid::from_bytes_unchecked(id);
                    if graph.number(id).is_some() {
                        continue;
                    }
                    graph.alike.insert(id.to_owned(), number);
                }
                graph.named.extend_from_slice(id);
                graph.named.extend_from_slice(commit.tree);
                graph.times.push(commit.time);
                parents.push(commit.parents);
            }
        }
        let lists = parents.par_chunks(COMMITS_TOGETHER).map(|some| {
            Lists::of(some.iter().map(|parents| {
                let ids = parents.chunks_exact(hash_len);
                ids.filter_map(|id| graph.number(oid::try_from_bytes(id).ok()?))
            }))
        });
        graph.parents = Lists::joined(lists.collect());
        // A million commits are 16 MB of these.
        drop(parents);
        graph.order = graph.sort();
        graph
    }

    /// How many commits there are.
    pub(crate) fn len(&self) -> usize {
        self.times.len()
    }

    /// The id of a commit.
    pub(crate) fn id(&self, number: CommitId) -> &oid {
        self.ids(number)[0]
    }

    /// The id of a commit's tree.
    pub(crate) fn tree(&self, number: CommitId) -> &oid {
        self.ids(number)[1]
    }

    fn ids(&self, number: CommitId) -> [&oid; 2] {
        let start = 2 * self.hash_len * number as usize;
        let (id, after) = self.named[start..].split_at(self.hash_len);
        [id, &after[..self.hash_len]].map(oid::from_bytes_unchecked)
    }

    /// When it was made: seconds since 1970 of the committer, 0 where malformed.
    pub(crate) fn time(&self, number: CommitId) -> i64 {
        self.times[number as usize]
    }

    /// The number of a commit.
    pub(crate) fn number(&self, id: &oid) -> Option<CommitId> {
        let first = *self.numbers.get(&short(id.as_bytes()))?;
        if self.id(first) == id {
            return Some(first);
        }
        self.alike.get(id).copied()
    }

    /// The parents of a commit that are stored here.
    pub(crate) fn parents(&self, number: CommitId) -> &[CommitId] {
        self.parents.of_commit(number)
    }

    /// Parents first; among those that could come next the oldest, then the
    /// least id. Commits that are their own ancestors, which takes a broken
    /// hash, come nowhere.
    fn sort(&self) -> Vec<CommitId> {
        let children = self.parents.turned();
        let all = 0..self.len() as CommitId;
        let mut waits_for: Vec<u32> =
            all.clone().map(|at| self.parents.of_commit(at).len() as u32).collect();
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

    /// The ids of a part's commits, one after the other.
    fn ids(&self, part: &Part<'_>) -> Vec<u8> {
        let hash_len = self.store.hash().len_in_bytes();
        let mut ids = Vec::with_capacity(part.commits.len() * hash_len);
        for node in part.commits.nodes() {
            ids.extend_from_slice(match part.ids {
                Some(ids) => ids.of(node).as_bytes(),
                None => self.other_ids[node as usize].as_bytes(),
            });
        }
        ids
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
