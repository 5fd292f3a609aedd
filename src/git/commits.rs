//! The graph of commits, from the commits themselves.
//!
//! In: a store. Out: every commit's parents, tree and time, in topological
//! order. Grafts, replacement refs and the commit-graph file are no part of it:
//! a parent is what the commit says.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use gix_hash::ObjectId;

use super::names::escape;
use super::pack::{Ids, Inflater, Kind, NodeId, Visit, visit};
use super::short::{ByShort, short};
use super::{Store, loose_ids, loose_path, read_loose, scattered_ids};
use crate::finding::Commit;

/// A commit by its place in [`Graph::order`]'s numbering.
pub(crate) type CommitId = u32;

/// What the graph keeps of a commit, besides its parents.
#[derive(Debug)]
pub(crate) struct Vertex {
    pub(crate) id: ObjectId,
    pub(crate) tree: ObjectId,
    /// Seconds since 1970 of the committer; 0 where malformed.
    pub(crate) time: i64,
}

/// All commits of a store.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) commits: Vec<Vertex>,
    parents: Lists,
    numbers: ByShort<CommitId>,
    /// Commits whose ids another's is like, cut short.
    alike: HashMap<ObjectId, CommitId>,
    /// Every commit, parents first, older ones first among equals.
    pub(crate) order: Vec<CommitId>,
}

/// What is read of a commit before the others are known.
pub(crate) struct Raw {
    pub(crate) id: ObjectId,
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

impl PackedCommits {
    /// Takes the commit that an entry of the pack holds.
    pub(crate) fn push(&mut self, node: NodeId, raw: &Raw) {
        let (parents, time) = (raw.parents.len() as u32, raw.time);
        self.facts.push(PackedCommit { node, parents, time });
        for id in std::iter::once(&raw.tree).chain(&raw.parents) {
            self.named.extend_from_slice(id.as_bytes());
        }
    }

    /// The commits, of a pack with these ids.
    fn raws(&self, ids: Ids<'_>) -> impl Iterator<Item = Raw> {
        let mut named = self.named.as_slice();
        self.facts.iter().map(move |facts| {
            let id = ids.of(facts.node).to_owned();
            let len = id.as_bytes().len();
            let (own, after) = named.split_at(len * (1 + facts.parents as usize));
            named = after;
            let mut own = own.chunks_exact(len).map(ObjectId::from_bytes_or_panic);
            let tree = own.next().unwrap_or(id);
            Raw { id, tree, parents: own.collect(), time: facts.time }
        })
    }
}

struct Gathered<'a> {
    ids: Ids<'a>,
    raws: Vec<Raw>,
}

impl Gathered<'_> {
    fn take(&mut self, node: NodeId, bytes: &[u8]) {
        self.raws.extend(parse(self.ids.of(node).to_owned(), bytes));
    }
}

impl Visit for Gathered<'_> {
    type Held = ();

    fn root(&mut self, node: NodeId, _: Kind, bytes: &[u8]) {
        self.take(node, bytes);
    }

    fn child(&mut self, node: NodeId, _: Kind, bytes: &[u8], (): &()) {
        self.take(node, bytes);
    }
}

impl Graph {
    /// Reads every commit of the store.
    pub(crate) fn read(store: &Store) -> Self {
        Self::link(Self::gather(store))
    }

    /// Reads every commit of the store.
    pub(crate) fn gather(store: &Store) -> Vec<Raw> {
        let mut raws = Vec::new();
        for (at, pack) in store.packs.iter().enumerate() {
            let ids = pack.ids();
            if let Some(parts) = store.packed_commits(at) {
                raws.extend(parts.iter().flat_map(|part| part.raws(ids)));
                continue;
            }
            let visitor = || Gathered { ids, raws: Vec::new() };
            for part in visit(pack, |kind| kind == Kind::Commit, visitor) {
                raws.extend(part.raws);
            }
        }
        let mut inflater = Inflater::new();
        for id in scattered_ids(store) {
            if let Ok(Some((Kind::Commit, bytes))) = store.read(&id, &mut inflater) {
                raws.extend(parse(id, &bytes));
            }
        }
        for directory in &store.directories {
            for id in loose_ids(directory, store.hash()) {
                let loose = read_loose(&loose_path(directory, &id), &mut inflater);
                if let Ok(Some((Kind::Commit, bytes))) = loose {
                    raws.extend(parse(id, &bytes));
                }
            }
        }
        raws
    }

    /// Links commits to their parents.
    pub(crate) fn link(mut raws: Vec<Raw>) -> Self {
        raws.sort_unstable_by_key(|raw| raw.id);
        raws.dedup_by_key(|raw| raw.id);
        let mut graph = Self::default();
        graph.numbers.reserve(raws.len());
        for (number, raw) in raws.iter().enumerate() {
            let first = *graph.numbers.entry(short(raw.id.as_bytes())).or_insert(number as u32);
            if first != number as u32 {
                graph.alike.insert(raw.id, number as u32);
            }
        }
        // The numbers are asked while the parents are filled in.
        let vertex = |raw: &Raw| Vertex { id: raw.id, tree: raw.tree, time: raw.time };
        graph.commits = raws.iter().map(vertex).collect();
        graph.parents = Lists::of(
            raws.iter().map(|raw| raw.parents.iter().filter_map(|parent| graph.number(parent))),
        );
        graph.order = graph.sort();
        graph
    }

    /// The number of a commit.
    pub(crate) fn number(&self, id: &gix_hash::oid) -> Option<CommitId> {
        let first = *self.numbers.get(&short(id.as_bytes()))?;
        if self.commits[first as usize].id == id {
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
        let mut waits_for: Vec<u32> = (0..self.commits.len())
            .map(|at| self.parents.of_commit(at as u32).len() as u32)
            .collect();
        let key = |number: u32| Reverse((self.commits[number as usize].time, number));
        let mut ready: BinaryHeap<_> = (0..self.commits.len() as u32)
            .filter(|number| waits_for[*number as usize] == 0)
            .map(key)
            .collect();
        let mut order = Vec::with_capacity(self.commits.len());
        while let Some(Reverse((_, number))) = ready.pop() {
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
        let mut is_marked = vec![false; self.commits.len()];
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
    fn of<L: IntoIterator<Item = CommitId>>(lists: impl ExactSizeIterator<Item = L>) -> Self {
        let mut all = Self { members: Vec::new(), ends: Vec::with_capacity(lists.len()) };
        for list in lists {
            all.members.extend(list);
            all.ends.push(all.members.len() as u32);
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
/// another length than `id`.
pub(crate) fn parse(id: ObjectId, bytes: &[u8]) -> Option<Raw> {
    let named = |hex| ObjectId::from_hex(hex).ok().filter(|named| named.kind() == id.kind());
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
    Some(Raw { id, tree, parents, time })
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
