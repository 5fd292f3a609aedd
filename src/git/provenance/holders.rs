//! Which trees hold a wanted object, and under which names.
//!
//! In: a store and the wanted ids. Out: for every tree that leads to a wanted
//! object the set of those that it leads to, and the names on the way.
//!
//! Each tree is built once, from its delta. What is kept of it are its
//! subtrees, as a splice of those of the tree that its delta rests on: a few
//! numbers a tree. Whether a tree leads to a wanted object is then worked out
//! from the bottom up, one pass over those numbers a level.

use std::collections::HashMap;

use gix_hash::{ObjectId, oid};

use super::sets::{SetId, Sets};
use crate::git::Store;
use crate::git::pack::{Forest, Inflater, Kind, NodeId, Pack, Visit, visit};
use crate::git::short::{ByShort, Short, short};
use crate::git::trees::{EntryKind, entries};
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
    id: Short,
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

/// What one thread gathered.
struct Gathered<'a> {
    wanted: &'a Wanted,
    pack: Option<(&'a Pack, &'a Forest)>,
    records: Vec<Record>,
    added: Vec<Subtree>,
    hits: Vec<(u32, u32)>,
    names: HashMap<Box<[u8]>, u32>,
    /// The subtrees of the tree that was just read, with a digest of each name.
    read: Vec<(Short, u64)>,
    read_hits: Vec<(u32, u32)>,
}

/// What is kept of a tree while others that rest on it are visited.
struct Held {
    depth: u32,
    subtrees: Vec<(Short, u64)>,
}

impl<'a> Gathered<'a> {
    fn new(wanted: &'a Wanted, pack: Option<(&'a Pack, &'a Forest)>) -> Self {
        Self {
            wanted,
            pack,
            records: Vec::new(),
            added: Vec::new(),
            hits: Vec::new(),
            names: HashMap::new(),
            read: Vec::new(),
            read_hits: Vec::new(),
        }
    }

    fn name(names: &mut HashMap<Box<[u8]>, u32>, name: &[u8]) -> u32 {
        if let Some(number) = names.get(name) {
            return *number;
        }
        let number = names.len() as u32;
        names.insert(name.into(), number);
        number
    }

    fn id(&self, node: NodeId) -> Short {
        let id = self.pack.and_then(|(pack, forest)| pack.id_by_offset(forest.offset(node)));
        id.map_or(0, |id| short(id.as_bytes()))
    }

    /// Takes a tree in, as a splice of what it rests on.
    fn take(&mut self, id: Short, bytes: &[u8], hash_len: usize, base: Option<&Held>) -> Held {
        self.read.clear();
        self.read_hits.clear();
        for entry in entries(bytes, hash_len) {
            if entry.kind == EntryKind::Tree {
                self.read.push((short(entry.id), digest(entry.name)));
            }
            if let Some(number) = self.wanted.number(entry.id) {
                self.read_hits.push((number, Self::name(&mut self.names, entry.name)));
            }
        }
        let old = base.map_or(&[][..], |base| &base.subtrees);
        let new = self.read.as_slice();
        let kept = new.iter().zip(old).take_while(|(new, old)| new == old).count();
        let after = new[kept..].iter().rev().zip(old[kept..].iter().rev());
        let after = after.take_while(|(new, old)| new == old).count();
        let added = kept..new.len() - after;
        if !added.is_empty() {
            let subtrees = entries(bytes, hash_len).filter(|entry| entry.kind == EntryKind::Tree);
            for entry in subtrees.skip(added.start).take(added.len()) {
                let name = Self::name(&mut self.names, entry.name);
                self.added.push((short(entry.id), name));
            }
        }
        let depth = base.map_or(0, |base| base.depth + 1);
        self.records.push(Record {
            id,
            depth,
            kept: kept as u32,
            dropped: (old.len() - kept - after) as u32,
            added: added.len() as u32,
            hits: self.read_hits.len() as u32,
        });
        self.hits.append(&mut self.read_hits);
        Held { depth, subtrees: new.to_vec() }
    }

    fn hash_len(&self) -> usize {
        self.pack.map_or(20, |(pack, _)| pack.hash_len())
    }
}

impl Visit for Gathered<'_> {
    type Held = Held;

    fn root(&mut self, node: NodeId, _: Kind, bytes: &[u8]) -> Held {
        self.take(self.id(node), bytes, self.hash_len(), None)
    }

    fn child(&mut self, node: NodeId, _: Kind, bytes: &[u8], base: &Held) -> Held {
        self.take(self.id(node), bytes, self.hash_len(), Some(base))
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
pub(super) fn gather(store: &Store, forests: &[Forest], wanted: &Wanted, sets: &mut Sets) -> Trees {
    let mut gathered = Vec::new();
    for (pack, forest) in store.packs.iter().zip(forests) {
        let visitor = || Gathered::new(wanted, Some((pack, forest)));
        gathered.extend(visit(pack, forest, |kind| kind == Kind::Tree, visitor));
    }
    gathered.push(gather_scattered(store, forests, wanted));
    let mut trees = Trees::default();
    lead(&gathered, &mut trees, sets);
    connect(&gathered, &mut trees);
    trees
}

/// Trees outside the packs' own families: loose ones, and those whose deltas
/// rest on another pack.
fn gather_scattered<'a>(store: &'a Store, forests: &[Forest], wanted: &'a Wanted) -> Gathered<'a> {
    let mut gathered = Gathered::new(wanted, None);
    let mut inflater = Inflater::new();
    let hash_len = store.hash().len_in_bytes();
    for id in scattered_ids(store, forests) {
        if let Ok(Some((Kind::Tree, bytes))) = store.read(&id, &mut inflater) {
            gathered.take(short(id.as_bytes()), &bytes, hash_len, None);
        }
    }
    for directory in &store.directories {
        for id in loose_ids(directory, store.hash()) {
            let loose = read_loose(&loose_path(directory, &id), &mut inflater);
            if let Ok(Some((Kind::Tree, bytes))) = loose {
                gathered.take(short(id.as_bytes()), &bytes, hash_len, None);
            }
        }
    }
    gathered
}

/// Works out, level by level, which trees lead to which wanted objects.
fn lead(gathered: &[Gathered<'_>], trees: &mut Trees, sets: &mut Sets) {
    let mut filter = Filter::default();
    for _ in 0..DEPTH_LIMIT {
        let mut has_changed = false;
        for part in gathered {
            part.each_tree(|record, subtrees, hits| {
                let mut set = SetId::EMPTY;
                for (number, _) in hits {
                    set = sets.with(set, *number);
                }
                for (subtree, _) in subtrees {
                    if filter.may_hold(*subtree)
                        && let Some(below) = trees.leads_to.get(subtree)
                    {
                        set = sets.union(set, *below);
                    }
                }
                if set != SetId::EMPTY && trees.leads_to.get(&record.id) != Some(&set) {
                    trees.leads_to.insert(record.id, set);
                    filter.insert(record.id);
                    has_changed = true;
                }
            });
        }
        if !has_changed {
            break;
        }
    }
}

/// Notes the steps from every tree that leads to a wanted object.
fn connect(gathered: &[Gathered<'_>], trees: &mut Trees) {
    let mut numbers: HashMap<&[u8], u32> = HashMap::new();
    for part in gathered {
        let mut own: Vec<(&[u8], u32)> =
            part.names.iter().map(|(name, number)| (&**name, *number)).collect();
        own.sort_unstable_by_key(|(_, number)| *number);
        let global: Vec<u32> = own
            .iter()
            .map(|(name, _)| {
                let next = numbers.len() as u32;
                *numbers.entry(name).or_insert_with(|| {
                    trees.names.push((*name).into());
                    next
                })
            })
            .collect();
        let (leads_to, edges) = (&trees.leads_to, &mut trees.edges);
        part.each_tree(|record, subtrees, hits| {
            if !leads_to.contains_key(&record.id) || edges.contains_key(&record.id) {
                return;
            }
            let mut steps: Vec<Edge> = hits
                .iter()
                .map(|(number, name)| Edge::Wanted(*number, global[*name as usize]))
                .collect();
            steps.extend(
                subtrees
                    .iter()
                    .filter(|(subtree, _)| leads_to.contains_key(subtree))
                    .map(|(subtree, name)| Edge::Subtree(*subtree, global[*name as usize])),
            );
            edges.insert(record.id, steps);
        });
    }
}

impl Gathered<'_> {
    /// Gives every tree with its subtrees and the wanted objects in it.
    fn each_tree(&self, mut take: impl FnMut(&Record, &[Subtree], &[(u32, u32)])) {
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

/// A digest of a name, to tell a renamed subtree from one that stayed.
fn digest(name: &[u8]) -> u64 {
    let mut state = name.len() as u64;
    for chunk in name.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        state =
            (state.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    state
}
