//! The graph of commits, from the commits themselves.
//!
//! In: a store. Out: every commit's parents, tree and time, in topological
//! order. Grafts, replacement refs and the commit-graph file are no part of it:
//! a parent is what the commit says.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use gix_hash::{ObjectId, oid};
use rayon::prelude::*;

use super::names::escape;
use super::pack::{Ids, Inflater, Kind, NodeId, Visit, visit};
use super::short::{ByShort, short};
use super::{Store, loose_ids, loose_path, read_loose, scattered_ids};
use crate::finding::Commit;

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

/// What is read of a commit before the others are known.
pub(crate) struct Raw {
    pub(crate) tree: ObjectId,
    pub(crate) parents: Vec<ObjectId>,
    pub(crate) time: i64,
}

/// What the commits of a pack name, some 60 bytes each, gathered by whoever reads
/// them all anyway.
#[derive(Debug, Default)]
pub(crate) struct PackedCommits {
    facts: Vec<PackedCommit>,
    /// Of each its tree and its parents.
    named: Vec<u8>,
}

#[derive(Debug)]
struct PackedCommit {
    node: NodeId,
    parents: u32,
    time: i64,
}

/// What a commit names, ids as they stand one after the other.
struct Named<'c> {
    tree: &'c [u8],
    parents: &'c [u8],
    time: i64,
}

impl PackedCommits {
    /// Takes the commit that an entry of the pack holds.
    pub(crate) fn push(&mut self, node: NodeId, raw: &Raw) {
        let (parents, time) = (raw.parents.len() as u32, raw.time);
        self.facts.push(PackedCommit { node, parents, time });
        for id in std::iter::once(&raw.tree).chain(&raw.parents) {
            self.named.extend_from_slice(id.as_bytes());
        }
    }

    fn iter(&self, hash_len: usize) -> impl Iterator<Item = Named<'_>> {
        let mut named = self.named.as_slice();
        self.facts.iter().map(move |facts| {
            let (tree, after) = named.split_at(hash_len);
            let (parents, after) = after.split_at(hash_len * facts.parents as usize);
            named = after;
            Named { tree, parents, time: facts.time }
        })
    }
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
            let (hash, commits) = (store.hash(), PackedCommits::default);
            let visitor = || Gathered { hash, commits: commits() };
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
        let facts = &part.commits.facts;
        let mut ids = Vec::with_capacity(facts.len() * self.store.hash().len_in_bytes());
        for commit in facts {
            ids.extend_from_slice(match part.ids {
                Some(ids) => ids.of(commit.node).as_bytes(),
                None => self.other_ids[commit.node as usize].as_bytes(),
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
        let count = parts.iter().map(|part| part.commits.facts.len()).sum();
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

/// Reads the headers of a commit; `None` where they are damaged, or name an id of
/// another length than `hash` gives.
pub(crate) fn parse(hash: gix_hash::Kind, bytes: &[u8]) -> Option<Raw> {
    let named = |hex| ObjectId::from_hex(hex).ok().filter(|named| named.kind() == hash);
    let mut lines = lines(bytes);
    let tree = named(lines.next()?.strip_prefix(b"tree ")?)?;
    let mut parents = Vec::new();
    let mut time = 0;
    for line in lines {
        if let Some(parent) = line.strip_prefix(b"parent ") {
            parents.push(named(parent)?);
        } else if let Some(committer) = line.strip_prefix(b"committer ") {
            time = seconds(committer).map_or(0, |(seconds, _)| seconds);
            break;
        } else if line.is_empty() {
            break;
        }
    }
    Some(Raw { tree, parents, time })
}

/// What stands between line feeds.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest?;
        let end = memchr::memchr(b'\n', bytes);
        rest = end.map(|end| &bytes[end + 1..]);
        Some(&bytes[..end.unwrap_or(bytes.len())])
    })
}

/// The seconds and the offset at the end of an author or committer line.
fn seconds(line: &[u8]) -> Option<(i64, i32)> {
    let after = &line[memchr::memrchr(b'>', line)? + 1..];
    let text = std::str::from_utf8(after).ok()?;
    let mut words = text.split_ascii_whitespace();
    let seconds = words.next()?.parse().ok()?;
    let offset: i32 = words.next()?.parse().ok()?;
    Some((seconds, (offset / 100) * 3600 + (offset % 100) * 60))
}

/// What is shown of a commit: who, when, and the first line.
pub(crate) fn describe(id: ObjectId, bytes: &[u8]) -> Commit {
    let end = memchr::memmem::find(bytes, b"\n\n");
    let (headers, message) = match end {
        Some(end) => (&bytes[..end], &bytes[end + 2..]),
        None => (bytes, &[][..]),
    };
    let find = |name: &[u8]| lines(headers).find_map(|line| line.strip_prefix(name));
    let author = find(b"author ").unwrap_or_default();
    let name_len = memchr::memrchr(b'>', author).map_or(author.len(), |end| end + 1);
    let summary = lines(message).find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    Commit {
        id,
        author: escape(author[..name_len].trim_ascii()),
        author_date: date(author),
        commit_date: find(b"committer ").and_then(date),
        summary: escape(summary.trim_ascii()),
    }
}

/// RFC 3339 with the recorded offset; `None` where malformed or out of range.
fn date(line: &[u8]) -> Option<String> {
    let (seconds, offset) = seconds(line)?;
    let timestamp = jiff::Timestamp::from_second(seconds).ok()?;
    let zone = jiff::tz::Offset::from_seconds(offset).ok()?.to_time_zone();
    let zoned = timestamp.to_zoned(zone);
    Some(zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

/// The object that a tag names.
pub(crate) fn tagged(bytes: &[u8]) -> Option<ObjectId> {
    let line = lines(bytes.strip_prefix(b"object ")?).next()?;
    ObjectId::from_hex(line).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_whatever_they_hold() {
        let date = |text: &str| date(text.as_bytes());
        assert_eq!(date("A <a@b> 1700000000 +0530").as_deref(), Some("2023-11-15T03:43:20+05:30"));
        assert_eq!(date("A <a@b> 0 -0000").as_deref(), Some("1970-01-01T00:00:00+00:00"));
        for malformed in [
            "A <a@b>",
            "A <a@b> x +0000",
            "A <a@b> 99999999999999999999 +0000",
            "A <a@b> 9223372036854775807 +0000",
            "A <a@b> 1 +9999",
            "A <a@b> 1 +99999999999",
            "",
        ] {
            assert_eq!(date(malformed), None, "{malformed}");
        }
    }

    #[test]
    fn a_commit_without_message_or_author_is_described() {
        let id = ObjectId::null(gix_hash::Kind::Sha1);
        assert_eq!(describe(id, b"tree x").summary, "");
        let commit = describe(id, b"author A\x1b <a> 1 +0000\n\n\n two\nthree");
        assert_eq!((commit.author.as_str(), commit.summary.as_str()), ("A%1B <a>", "two"));
    }
}
