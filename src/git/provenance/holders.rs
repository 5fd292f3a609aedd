//! Which trees hold a wanted object, and under which names.
//!
//! In: a store and the wanted ids. Out: for every tree that leads to a wanted
//! object the set of those that it leads to, and the names on the way.
//!
//! Only families that mention a wanted object are read, then those that mention a
//! tree which leads to one, and so on upwards. Each is read once.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use gix_hash::{ObjectId, oid};
use rayon::prelude::*;

use super::records::{Hit, Records, Subtree};
use super::sets::{SetId, Sets};
use super::upwards::Upwards;
use crate::git::Store;
use crate::git::pack::{Inflater, Kind, NodeId, Pack, Visiting};
use crate::git::short::{ByShort, Filter, Short, ShortSet, short};
use crate::git::spliced::TreeWalk;
use crate::git::{loose_ids, loose_path, read_loose, scattered_ids};

/// How deep git lets trees be nested (`core.maxTreeDepth`).
const DEPTH_LIMIT: usize = 4096;

/// The wanted ids, asked about for every entry of many trees.
pub(super) struct Wanted {
    numbers: HashMap<ObjectId, u32>,
    filter: Filter,
}

impl Wanted {
    pub(super) fn new(ids: &[ObjectId]) -> Self {
        let filter = Filter::default();
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

    /// All of them.
    pub(super) fn ids(&self) -> impl Iterator<Item = &ObjectId> {
        self.numbers.keys()
    }

    /// Says quickly of most ids that they are not wanted.
    pub(super) fn filter(&self) -> &Filter {
        &self.filter
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
    pub(super) edges: Edges,
    /// The names on the ways, by number.
    pub(super) names: Vec<Box<[u8]>>,
}

/// Steps from trees, those of a tree in a row.
#[derive(Default)]
pub(super) struct Edges {
    of: ByShort<Range<usize>>,
    steps: Vec<Edge>,
}

impl Edges {
    /// The steps from a tree.
    pub(super) fn of(&self, tree: Short) -> &[Edge] {
        self.of.get(&tree).map_or(&[], |range| &self.steps[range.clone()])
    }
}

/// Reads the trees of the store that lead to wanted objects.
pub(super) fn gather(store: &Store, wanted: &Wanted, sets: &mut Sets) -> Trees {
    let mut upwards = Upwards::new(store, wanted);
    let mut packs: Vec<Vec<Records<'_>>> = store
        .packs
        .iter()
        .map(|pack| {
            let records = || Records::of_pack(wanted, pack);
            std::iter::repeat_with(records).take(rayon::current_num_threads()).collect()
        })
        .collect();
    let scattered = read_scattered(store, wanted);
    let mut leads_to: ByShort<SetId> = ByShort::default();
    let mut level = Level::default();
    wanted.ids().for_each(|id| level.insert(short(id.as_bytes())));
    for _ in 0..DEPTH_LIMIT {
        let mut next = Level::default();
        let mut gained = vec![level.gains(&scattered, |_| true, &leads_to)];
        for (at, (pack, parts)) in store.packs.iter().zip(&mut packs).enumerate() {
            let due = upwards.take(at, |id| level.holds(id));
            read(pack, &due.new, parts);
            let gains = |part| level.gains(part, |root| due.all.contains(&root), &leads_to);
            gained.par_extend(parts.par_iter().with_max_len(1).map(gains));
        }
        for gains in &gained {
            gains.each(|tree, gains| {
                let known = leads_to.get(&tree).copied().unwrap_or(SetId::EMPTY);
                // Sets only grow, so that two trees that are made to be alike here do
                // not change one another for ever.
                let set = gains.iter().fold(known, |set, gain| match gain {
                    Gain::Wanted(number) => sets.with(set, *number),
                    Gain::Below(below) => sets.union(set, *below),
                });
                if set != known {
                    leads_to.insert(tree, set);
                    next.insert(tree);
                }
            });
        }
        if next.ids.is_empty() {
            break;
        }
        level = next;
    }
    let parts: Vec<&Records<'_>> = packs.iter().flatten().chain([&scattered]).collect();
    let (names, numbers) = number_names(&parts);
    let edges = edges(&parts, &numbers, &leads_to);
    Trees { leads_to, edges, names }
}

/// Reads families of a pack, spread over the parts and so the threads.
fn read(pack: &Pack, roots: &[NodeId], parts: &mut [Records<'_>]) {
    let next = AtomicUsize::new(0);
    parts.par_iter_mut().with_max_len(1).take(roots.len()).for_each(|part| {
        let mut walk = TreeWalk::new(pack);
        let mut visiting = Visiting::new(pack);
        let mut inflater = Inflater::new();
        while let Some(root) = roots.get(next.fetch_add(1, Ordering::Relaxed)) {
            part.family(*root, &mut walk, &mut visiting, &mut inflater);
        }
    });
}

/// Reads trees outside the packs' own families: loose ones, and those whose deltas
/// rest on another pack.
fn read_scattered<'a>(store: &'a Store, wanted: &'a Wanted) -> Records<'a> {
    let mut records = Records::of_given(wanted, store.hash().len_in_bytes());
    let mut inflater = Inflater::new();
    for id in scattered_ids(store) {
        if let Ok(Some((Kind::Tree, bytes))) = store.read(&id, &mut inflater) {
            records.given(&id, &bytes);
        }
    }
    for directory in &store.directories {
        for id in loose_ids(directory, store.hash()) {
            let loose = read_loose(&loose_path(directory, &id), &mut inflater);
            if let Ok(Some((Kind::Tree, bytes))) = loose {
                records.given(&id, &bytes);
            }
        }
    }
    records
}

/// What was found to be wanted, or to lead to more, and is to be looked for next.
#[derive(Default)]
struct Level {
    filter: Filter,
    ids: ShortSet,
}

/// What trees lead to by what they hold, those of a tree in a row.
#[derive(Default)]
struct Gains {
    /// Each tree, and where its own end.
    trees: Vec<(Short, usize)>,
    gains: Vec<Gain>,
}

enum Gain {
    /// The tree holds this.
    Wanted(u32),
    /// A subtree leads to these.
    Below(SetId),
}

impl Level {
    fn insert(&mut self, id: Short) {
        self.filter.insert(id);
        self.ids.insert(id);
    }

    fn holds(&self, id: Short) -> bool {
        self.filter.may_hold(id) && self.ids.contains(&id)
    }

    /// What the trees of some families lead to by what stands in this level.
    fn gains(
        &self,
        records: &Records<'_>,
        is_due: impl Fn(NodeId) -> bool,
        leads_to: &ByShort<SetId>,
    ) -> Gains {
        let mut found = Gains::default();
        records.each_tree(is_due, |id, subtrees, hits| {
            let before = found.gains.len();
            found.gains.extend(hits.iter().map(|(number, _)| Gain::Wanted(*number)));
            let below = subtrees.iter().filter(|(id, _)| self.holds(*id));
            let below = below.filter_map(|(id, _)| Some(Gain::Below(*leads_to.get(id)?)));
            found.gains.extend(below);
            if found.gains.len() > before {
                found.trees.push((id(), found.gains.len()));
            }
        });
        found
    }
}

impl Gains {
    fn each(&self, mut take: impl FnMut(Short, &[Gain])) {
        let mut start = 0;
        for (tree, end) in &self.trees {
            take(*tree, &self.gains[start..*end]);
            start = *end;
        }
    }
}

/// The names of all parts, and their numbers by each part's own.
fn number_names(parts: &[&Records<'_>]) -> (Vec<Box<[u8]>>, Vec<Vec<u32>>) {
    let mut names: Vec<Box<[u8]>> = Vec::new();
    let mut numbers: HashMap<&[u8], u32> = HashMap::new();
    let mut number = |name| {
        *numbers.entry(name).or_insert_with(|| {
            names.push(name.into());
            names.len() as u32 - 1
        })
    };
    let parts = parts.iter().map(|part| {
        let mut own: Vec<(&[u8], u32)> =
            part.names.iter().map(|(name, number)| (&**name, *number)).collect();
        own.sort_unstable_by_key(|(_, number)| *number);
        own.into_iter().map(|(name, _)| number(name)).collect()
    });
    let parts = parts.collect();
    (names, parts)
}

/// The steps from each tree that leads to a wanted object.
fn edges(parts: &[&Records<'_>], numbers: &[Vec<u32>], leads_to: &ByShort<SetId>) -> Edges {
    let filter = Filter::default();
    for id in leads_to.keys() {
        filter.insert(*id);
    }
    let leads = |id: &Short| filter.may_hold(*id) && leads_to.contains_key(id);
    let of_part = |(part, numbers): (&&Records<'_>, &Vec<u32>)| {
        let name = |name: &u32| numbers[*name as usize];
        let (mut trees, mut steps) = (Vec::new(), Vec::new());
        part.each_tree(
            |_| true,
            |id, subtrees: &[Subtree], hits: &[Hit]| {
                let start = steps.len();
                steps.extend(hits.iter().map(|(number, at)| Edge::Wanted(*number, name(at))));
                let below = subtrees.iter().filter(|(id, _)| leads(id));
                steps.extend(below.map(|(id, at)| Edge::Subtree(*id, name(at))));
                if steps.len() > start {
                    trees.push((id(), start..steps.len()));
                }
            },
        );
        (trees, steps)
    };
    let found: Vec<_> = parts.par_iter().zip(numbers).with_max_len(1).map(of_part).collect();
    let mut edges = Edges::default();
    for (trees, steps) in found {
        let before = edges.steps.len();
        edges.steps.extend(steps);
        // Of a tree that is stored twice the steps are the same.
        let trees = trees.into_iter();
        edges.of.extend(trees.map(|(id, own)| (id, own.start + before..own.end + before)));
    }
    edges
}
