//! Which trees hold a wanted object, and under which names.
//!
//! In: a store and the wanted ids. Out: for every tree that leads to a wanted
//! object the set of those that it leads to, and the names on the way.
//!
//! Each tree is read once, and of one that rests on another only what is new in
//! it. What is kept of it are its subtrees, as a splice of those of the tree
//! that it rests on: a few numbers a tree. Whether a tree leads to a wanted object is then worked out
//! from the bottom up, one pass over those numbers a level.

use std::collections::HashMap;
use std::ops::Range;

use gix_hash::{ObjectId, oid};

use super::sets::{SetId, Sets};
use crate::git::Store;
use crate::git::pack::{Ids, Inflater, Kind, Link, NodeId, Schedule, Visit, Visiting};
use crate::git::short::{ByShort, Short, short};
use crate::git::spliced::{Look, TreeWalk};
use crate::git::trees::{Entry, EntryKind, entries};
use crate::git::{loose_ids, loose_path, read_loose, scattered_ids};

/// How deep git lets trees be nested (`core.maxTreeDepth`).
const DEPTH_LIMIT: usize = 4096;

/// The wanted ids, asked about for every entry of every tree.
pub(super) struct Wanted {
    numbers: HashMap<ObjectId, u32>,
    filter: Filter,
}

impl Wanted {
    pub(super) fn new(ids: &[ObjectId]) -> Self {
        let mut filter = Filter::default();
        for id in ids {
            filter.insert(short(id.as_bytes()));
        }
        let numbers = ids.iter().enumerate().map(|(at, id)| (*id, at as u32)).collect();
        Self { numbers, filter }
    }

    /// The number of a wanted id.
    pub(super) fn number(&self, id: &[u8]) -> Option<u32> {
        if !self.filter.may_hold(short(id)) {
            return None;
        }
        self.numbers.get(oid::try_from_bytes(id).ok()?).copied()
    }
}

/// Says quickly of most numbers that they are not in a set.
struct Filter(Box<[u64; 1024]>);

impl Default for Filter {
    fn default() -> Self {
        Self(Box::new([0; 1024]))
    }
}

impl Filter {
    fn insert(&mut self, value: u64) {
        self.0[(value as usize >> 6) & 1023] |= 1 << (value & 63);
    }

    fn may_hold(&self, value: u64) -> bool {
        self.0[(value as usize >> 6) & 1023] & (1 << (value & 63)) != 0
    }
}

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
type Subtree = (Short, u32);

/// A wanted object, by number, and the number of its name.
type Hit = (u32, u32);

/// The ids of trees. Few of them are ever asked for, and of a pack's entry each
/// is a wait for memory.
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

/// What one thread gathered.
struct Gathered<'a> {
    wanted: &'a Wanted,
    ids: TreeIds<'a>,
    hash_len: usize,
    records: Vec<Record>,
    added: Vec<Subtree>,
    hits: Vec<Hit>,
    names: HashMap<Box<[u8]>, u32>,
}

/// What is kept of a tree while others that rest on it are read: its subtrees
/// and the wanted objects in it, each with the number of its entry.
#[derive(Default)]
struct Held {
    depth: u32,
    subtrees: Vec<(u32, Subtree)>,
    hits: Vec<(u32, Hit)>,
}

impl<'a> Gathered<'a> {
    fn new(wanted: &'a Wanted, ids: TreeIds<'a>, hash_len: usize) -> Self {
        Self {
            wanted,
            ids,
            hash_len,
            records: Vec::new(),
            added: Vec::new(),
            hits: Vec::new(),
            names: HashMap::new(),
        }
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
    fn given(&mut self, id: &oid, bytes: &[u8]) {
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
    fn family(
        &mut self,
        root: NodeId,
        walk: &mut TreeWalk<'_, Held>,
        visiting: &mut Visiting<'_>,
        inflater: &mut Inflater,
    ) {
        let before = (self.records.len(), self.added.len(), self.hits.len());
        if walk.family(root, inflater, self).is_none() {
            self.records.truncate(before.0);
            self.added.truncate(before.1);
            self.hits.truncate(before.2);
            visiting.family(root, self);
        }
    }
}

impl Look for Gathered<'_> {
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

impl Visit for Gathered<'_> {
    type Held = Held;

    fn root(&mut self, node: NodeId, _: Kind, bytes: &[u8]) -> Held {
        self.whole(node, bytes, None)
    }

    fn child(&mut self, node: NodeId, _: Kind, bytes: &[u8], base: &Held) -> Held {
        self.whole(node, bytes, Some(base))
    }
}

/// What leads from a tree towards a wanted object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// The wanted object itself, under this name.
    Wanted(u32, u32),
    /// A subtree that leads to it, under this name.
    Subtree(Short, u32),
}

/// The trees that lead to wanted objects.
#[derive(Default)]
pub(super) struct Trees {
    /// The wanted objects that each of them leads to.
    pub(super) leads_to: ByShort<SetId>,
    /// The first steps of the ways there.
    pub(super) edges: ByShort<Vec<Edge>>,
    /// The names on the ways, by number.
    pub(super) names: Vec<Box<[u8]>>,
}

/// Reads every tree of the store.
pub(super) fn gather(store: &Store, wanted: &Wanted, sets: &mut Sets) -> Trees {
    let mut gathered = Vec::new();
    for pack in &store.packs {
        let (forest, ids) = (pack.forest(), pack.ids());
        let schedule = Schedule::new(forest, |link| link == Link::Root(Kind::Tree));
        gathered.extend(rayon::broadcast(|_| {
            let mut gathered = Gathered::new(wanted, TreeIds::Packed(ids), pack.hash_len());
            let mut walk = TreeWalk::new(pack);
            let mut visiting = Visiting::new(pack);
            let mut inflater = Inflater::new();
            while let Some(roots) = schedule.take() {
                for root in roots {
                    gathered.family(*root, &mut walk, &mut visiting, &mut inflater);
                }
            }
            gathered
        }));
    }
    gathered.push(gather_scattered(store, wanted));
    let mut trees = Trees::default();
    let numbers = number_names(&gathered, &mut trees);
    lead(&gathered, &numbers, &mut trees, sets);
    trees
}

/// Trees outside the packs' own families: loose ones, and those whose deltas
/// rest on another pack.
fn gather_scattered<'a>(store: &'a Store, wanted: &'a Wanted) -> Gathered<'a> {
    let mut gathered =
        Gathered::new(wanted, TreeIds::Given(Vec::new()), store.hash().len_in_bytes());
    let mut inflater = Inflater::new();
    for id in scattered_ids(store) {
        if let Ok(Some((Kind::Tree, bytes))) = store.read(&id, &mut inflater) {
            gathered.given(&id, &bytes);
        }
    }
    for directory in &store.directories {
        for id in loose_ids(directory, store.hash()) {
            let loose = read_loose(&loose_path(directory, &id), &mut inflater);
            if let Ok(Some((Kind::Tree, bytes))) = loose {
                gathered.given(&id, &bytes);
            }
        }
    }
    gathered
}

/// Numbers the names of all parts; gives each part's numbers by its own.
fn number_names(gathered: &[Gathered<'_>], trees: &mut Trees) -> Vec<Vec<u32>> {
    let mut numbers: HashMap<&[u8], u32> = HashMap::new();
    let mut number = |name| {
        let next = numbers.len() as u32;
        *numbers.entry(name).or_insert_with(|| {
            trees.names.push(name.into());
            next
        })
    };
    let parts = gathered.iter().map(|part| {
        let mut own: Vec<(&[u8], u32)> =
            part.names.iter().map(|(name, number)| (&**name, *number)).collect();
        own.sort_unstable_by_key(|(_, number)| *number);
        own.into_iter().map(|(name, _)| number(name)).collect()
    });
    parts.collect()
}

/// Works out, level by level, which trees lead to which wanted objects, and the
/// steps from each of them.
fn lead(gathered: &[Gathered<'_>], numbers: &[Vec<u32>], trees: &mut Trees, sets: &mut Sets) {
    let mut filter = Filter::default();
    for _ in 0..DEPTH_LIMIT {
        let mut has_changed = false;
        for (part, numbers) in gathered.iter().zip(numbers) {
            part.each_tree(|record, subtrees, hits| {
                let leading = || {
                    let is_leading = |subtree: &&Subtree| filter.may_hold(subtree.0);
                    subtrees.iter().filter(is_leading).filter_map(|(subtree, name)| {
                        Some((*subtree, *name, *trees.leads_to.get(subtree)?))
                    })
                };
                let mut set = SetId::EMPTY;
                for (number, _) in hits {
                    set = sets.with(set, *number);
                }
                for (.., below) in leading() {
                    set = sets.union(set, below);
                }
                if set == SetId::EMPTY {
                    return;
                }
                let id = part.ids.of(record.tree);
                let steps = hits.len() + leading().count();
                // All that a tree leads to is known in the last round, in which
                // nothing changes any more.
                if trees.edges.get(&id).is_none_or(|known| known.len() != steps) {
                    let name = |name: &u32| numbers[*name as usize];
                    let own = hits.iter().map(|(number, at)| Edge::Wanted(*number, name(at)));
                    let below = leading().map(|(tree, at, _)| Edge::Subtree(tree, name(&at)));
                    trees.edges.insert(id, own.chain(below).collect());
                }
                // Sets only grow, so that two trees that are made to be alike here
                // do not change one another for ever.
                let known = trees.leads_to.get(&id).copied().unwrap_or(SetId::EMPTY);
                let set = sets.union(known, set);
                if set != known {
                    trees.leads_to.insert(id, set);
                    filter.insert(id);
                    has_changed = true;
                }
            });
        }
        if !has_changed {
            break;
        }
    }
}

impl Gathered<'_> {
    /// Gives every tree with its subtrees and the wanted objects in it.
    fn each_tree(&self, mut take: impl FnMut(&Record, &[Subtree], &[Hit])) {
        let mut levels: Vec<Vec<Subtree>> = vec![Vec::new()];
        let (mut added, mut hits) = (self.added.as_slice(), self.hits.as_slice());
        for record in &self.records {
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
            take(record, list, own_hits);
        }
    }
}
