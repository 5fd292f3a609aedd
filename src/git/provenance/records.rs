//! What is kept of trees that were read: their subtrees, and the wanted objects in them.
//!
//! In: families of trees. Out: tree by tree what it holds, as often as it is asked for.
//! Of a tree that rests on another only what is new is read; what is kept of it is a
//! splice of the other's subtrees: a few numbers a tree.

use std::collections::HashMap;
use std::ops::Range;

use gix_hash::oid;

use super::holders::Wanted;
use crate::git::pack::{Ids, Inflater, Kind, NodeId, Pack, Visit, Visiting};
use crate::git::short::{Short, short};
use crate::git::spliced::{Look, TreeWalk};
use crate::git::trees::{Entry, EntryKind, entries};

/// A tree, as a splice of the subtrees of the record one level up.
struct Record {
    /// Which tree it is: a pack's entry, or a place among the ids given.
    tree: NodeId,
    /// Position in its family: 0 rests on nothing.
    depth: u32,
    /// Subtrees kept from the start of the list of the level above.
    kept: u32,
    /// Subtrees dropped after them.
    dropped: u32,
    /// How many are put in their place, from `added`.
    added: u32,
    /// How many wanted objects it holds itself, from `hits`.
    hits: u32,
}

/// A subtree: its id and the number of its name.
pub(super) type Subtree = (Short, u32);

/// A wanted object, by number, and the number of its name.
pub(super) type Hit = (u32, u32);

/// The ids of trees.
enum TreeIds<'a> {
    Packed(Ids<'a>),
    Given(Vec<Short>),
}

impl TreeIds<'_> {
    fn of(&self, tree: NodeId) -> Short {
        match self {
            Self::Packed(ids) => short(ids.of(tree).as_bytes()),
            Self::Given(ids) => ids[tree as usize],
        }
    }
}

/// The trees that one thread read.
pub(super) struct Records<'a> {
    wanted: &'a Wanted,
    ids: TreeIds<'a>,
    hash_len: usize,
    records: Vec<Record>,
    added: Vec<Subtree>,
    hits: Vec<Hit>,
    /// Families, each with its root and where it begins in the other lists.
    families: Vec<(NodeId, Place)>,
    pub(super) names: HashMap<Box<[u8]>, u32>,
}

/// A place in the lists of records.
#[derive(Debug, Clone, Copy)]
struct Place {
    records: usize,
    added: usize,
    hits: usize,
}

/// What is kept of a tree while others that rest on it are read: its subtrees
/// and the wanted objects in it, each with the number of its entry.
#[derive(Default)]
pub(super) struct Held {
    depth: u32,
    subtrees: Vec<(u32, Subtree)>,
    hits: Vec<(u32, Hit)>,
}

impl<'a> Records<'a> {
    /// Of trees of a pack.
    pub(super) fn of_pack(wanted: &'a Wanted, pack: &'a Pack) -> Self {
        Self::new(wanted, TreeIds::Packed(pack.ids()), pack.hash_len())
    }

    /// Of trees that are no entries of a pack, as one family.
    pub(super) fn of_given(wanted: &'a Wanted, hash_len: usize) -> Self {
        let mut records = Self::new(wanted, TreeIds::Given(Vec::new()), hash_len);
        records.begin(0);
        records
    }

    fn new(wanted: &'a Wanted, ids: TreeIds<'a>, hash_len: usize) -> Self {
        Self {
            wanted,
            ids,
            hash_len,
            records: Vec::new(),
            added: Vec::new(),
            hits: Vec::new(),
            families: Vec::new(),
            names: HashMap::new(),
        }
    }

    fn end(&self) -> Place {
        let (records, added, hits) = (self.records.len(), self.added.len(), self.hits.len());
        Place { records, added, hits }
    }

    fn begin(&mut self, root: NodeId) {
        self.families.push((root, self.end()));
    }

    fn name(&mut self, name: &[u8]) -> u32 {
        if let Some(number) = self.names.get(name) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.names.insert(name.into(), number);
        number
    }

    /// Takes a tree in that was read whole.
    fn whole(&mut self, tree: NodeId, bytes: &[u8], base: Option<&Held>) -> Held {
        let mut held = Held::default();
        for (number, entry) in entries(bytes, self.hash_len).enumerate() {
            self.entry(&mut held, number as u32, &entry);
        }
        self.take(tree, &mut held, base);
        held
    }

    /// Takes in a tree that is no entry of a pack.
    pub(super) fn given(&mut self, id: &oid, bytes: &[u8]) {
        if let TreeIds::Given(ids) = &mut self.ids {
            let tree = ids.len() as NodeId;
            ids.push(short(id.as_bytes()));
            self.whole(tree, bytes, None);
        }
    }

    /// Takes a tree in, as a splice of what it rests on.
    fn take(&mut self, tree: NodeId, held: &mut Held, base: Option<&Held>) {
        let old = base.map_or(&[][..], |base| &base.subtrees);
        let new = held.subtrees.as_slice();
        let is_same = |(new, old): &(&(u32, Subtree), &(u32, Subtree))| new.1 == old.1;
        let kept = new.iter().zip(old).take_while(is_same).count();
        let after = new[kept..].iter().rev().zip(old[kept..].iter().rev());
        let after = after.take_while(is_same).count();
        let added = &new[kept..new.len() - after];
        held.depth = base.map_or(0, |base| base.depth + 1);
        self.records.push(Record {
            tree,
            depth: held.depth,
            kept: kept as u32,
            dropped: (old.len() - kept - after) as u32,
            added: added.len() as u32,
            hits: held.hits.len() as u32,
        });
        self.added.extend(added.iter().map(|(_, subtree)| *subtree));
        self.hits.extend(held.hits.iter().map(|(_, hit)| *hit));
    }

    /// Takes in the family of `root`; of a damaged one what is sound.
    pub(super) fn family(
        &mut self,
        root: NodeId,
        walk: &mut TreeWalk<'_, Held>,
        visiting: &mut Visiting<'_>,
        inflater: &mut Inflater,
    ) {
        self.begin(root);
        let begin = self.end();
        if walk.family(root, inflater, self).is_none() {
            self.records.truncate(begin.records);
            self.added.truncate(begin.added);
            self.hits.truncate(begin.hits);
            visiting.family(root, self);
        }
    }

    /// Gives every tree of those families whose roots `is_due` says yes to, by id,
    /// with its subtrees and the wanted objects in it. Few ids are asked for, and each
    /// is a wait for memory.
    pub(super) fn each_tree(
        &self,
        is_due: impl Fn(NodeId) -> bool,
        mut take: impl FnMut(&dyn Fn() -> Short, &[Subtree], &[Hit]),
    ) {
        let mut levels: Vec<Vec<Subtree>> = vec![Vec::new()];
        let ends = self.families.iter().skip(1).map(|(_, begin)| *begin);
        let ends = ends.chain(std::iter::once(self.end()));
        for ((root, begin), end) in self.families.iter().zip(ends) {
            if !is_due(*root) {
                continue;
            }
            let (mut added, mut hits) = (&self.added[begin.added..], &self.hits[begin.hits..]);
            for record in &self.records[begin.records..end.records] {
                // Level 0 stays empty: what rests on nothing is a splice of it.
                let depth = record.depth as usize;
                while levels.len() < depth + 2 {
                    levels.push(Vec::new());
                }
                let (own_added, after) = added.split_at(record.added as usize);
                added = after;
                let (own_hits, after) = hits.split_at(record.hits as usize);
                hits = after;
                let (above, below) = levels.split_at_mut(depth + 1);
                let (base, list) = (&above[depth], &mut below[0]);
                let kept = record.kept as usize;
                list.clear();
                list.extend_from_slice(&base[..kept]);
                list.extend_from_slice(own_added);
                list.extend_from_slice(&base[kept + record.dropped as usize..]);
                take(&|| self.ids.of(record.tree), list, own_hits);
            }
        }
    }
}

impl Look for Records<'_> {
    type Held = Held;

    #[inline]
    fn entry(&mut self, held: &mut Held, number: u32, entry: &Entry<'_>) {
        if entry.kind == EntryKind::Tree {
            let name = self.name(entry.name);
            held.subtrees.push((number, (short(entry.id), name)));
        }
        if let Some(wanted) = self.wanted.number(entry.id) {
            let name = self.name(entry.name);
            held.hits.push((number, (wanted, name)));
        }
    }

    fn run(&mut self, held: &mut Held, number: u32, base: &Held, run: Range<u32>) {
        fn copy<T: Copy>(from: &[(u32, T)], run: &Range<u32>, number: u32, to: &mut Vec<(u32, T)>) {
            let first = from.partition_point(|(at, _)| *at < run.start);
            let own = from[first..].iter().take_while(|(at, _)| *at < run.end);
            to.extend(own.map(|(at, what)| (at - run.start + number, *what)));
        }
        copy(&base.subtrees, &run, number, &mut held.subtrees);
        copy(&base.hits, &run, number, &mut held.hits);
    }

    fn tree(&mut self, node: NodeId, held: &mut Held, base: Option<&Held>) {
        self.take(node, held, base);
    }

    fn forget(held: &mut Held) {
        held.subtrees.clear();
        held.hits.clear();
    }
}

impl Visit for Records<'_> {
    type Held = Held;

    fn root(&mut self, node: NodeId, _: Kind, bytes: &[u8]) -> Held {
        self.whole(node, bytes, None)
    }

    fn child(&mut self, node: NodeId, _: Kind, bytes: &[u8], base: &Held) -> Held {
        self.whole(node, bytes, Some(base))
    }
}
