//! Finds the families of trees to read, level by level, from wanted objects upwards.
//!
//! In: what families mention, as a sweep saw it or as it is read here. Out: of each
//! pack the families that mention what is asked for.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use super::holders::Wanted;
use crate::git::Store;
use crate::git::mentions::Mentions;
use crate::git::pack::{Inflater, Kind, Link, NodeId, Pack, Schedule};
use crate::git::short::{Filter, Short};
use crate::git::spliced::{Look, TreeWalk};
use crate::git::trees::Entry;

/// What families mention.
pub(super) struct Upwards<'s> {
    packs: Vec<Waiting<'s>>,
}

/// Those of one pack.
#[derive(Default)]
struct Waiting<'s> {
    mentions: Vec<Cow<'s, Mentions>>,
    is_given: Vec<Vec<bool>>,
    /// Families of which it is not known what they mention.
    unsure: Vec<NodeId>,
    were_unsure_given: bool,
}

impl<'s> Upwards<'s> {
    /// Reads what families mention that no sweep saw.
    pub(super) fn new(store: &'s Store, wanted: &Wanted) -> Self {
        let was_asked = store.was_asked(wanted.ids());
        let packs = store.packs.iter().enumerate().map(|(at, pack)| {
            let seen = store.seen(at).filter(|_| was_asked).unwrap_or_default();
            Waiting::of(pack, seen.iter().map(|seen| &seen.mentions), wanted.filter())
        });
        Self { packs: packs.collect() }
    }

    /// The families of a pack that mention something of which `is_asked` says yes.
    pub(super) fn take(&mut self, pack: usize, is_asked: impl Fn(Short) -> bool) -> Due {
        let Waiting { mentions, is_given, unsure, were_unsure_given } = &mut self.packs[pack];
        let mut due = Due { new: Vec::new(), all: unsure.iter().copied().collect() };
        if !std::mem::replace(were_unsure_given, true) {
            due.new.clone_from(unsure);
        }
        for (mentions, is_given) in mentions.iter().zip(is_given) {
            for ((root, named), is_given) in mentions.families().zip(is_given) {
                if named.iter().any(|id| is_asked(*id)) {
                    due.all.insert(root);
                    if !std::mem::replace(is_given, true) {
                        due.new.push(root);
                    }
                }
            }
        }
        due
    }
}

/// Families that may hold what was asked for.
pub(super) struct Due {
    pub(super) all: HashSet<NodeId>,
    /// Those of them that were not given before.
    pub(super) new: Vec<NodeId>,
}

impl<'s> Waiting<'s> {
    fn of(pack: &'s Pack, seen: impl Iterator<Item = &'s Mentions>, asked: &Filter) -> Self {
        let mut mentions: Vec<Cow<'s, Mentions>> = seen.map(Cow::Borrowed).collect();
        let mut is_known = vec![false; pack.forest().len()];
        for (root, _) in mentions.iter().flat_map(|mentions| mentions.families()) {
            is_known[root as usize] = true;
        }
        let (read, unsure) = read_mentions(pack, |root| !is_known[root as usize], asked);
        mentions.extend(read.into_iter().map(Cow::Owned));
        let is_given = mentions.iter().map(|mentions| vec![false; mentions.len()]).collect();
        Self { mentions, is_given, unsure, were_unsure_given: false }
    }
}

/// Reads what those families of trees mention that `is_wanted` says yes to; gives
/// also the roots of those that cannot be read so.
fn read_mentions(
    pack: &Pack,
    is_wanted: impl Fn(NodeId) -> bool,
    asked: &Filter,
) -> (Vec<Mentions>, Vec<NodeId>) {
    let is_tree = |root, link| link == Link::Root(Kind::Tree) && is_wanted(root);
    let schedule = Schedule::new::<1>(pack.forest(), |root, link| is_tree(root, link).then_some(0));
    if schedule.is_empty() {
        return Default::default();
    }
    let parts = rayon::broadcast(|_| {
        let mut mentioned = Mentioned { mentions: Mentions::default(), asked };
        let mut walk = TreeWalk::new(pack);
        let mut inflater = Inflater::new();
        let mut unsure = Vec::new();
        while let Some(roots) = schedule.take() {
            for root in roots {
                let is_read = walk.family(*root, &mut inflater, &mut mentioned).is_some();
                if !mentioned.mentions.end(*root, is_read) {
                    unsure.push(*root);
                }
            }
        }
        (mentioned.mentions, unsure)
    });
    let (mentions, unsure): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
    (mentions, unsure.concat())
}

/// Keeps what is mentioned.
struct Mentioned<'a> {
    mentions: Mentions,
    asked: &'a Filter,
}

impl Look for Mentioned<'_> {
    type Held = ();

    #[inline]
    fn entry(&mut self, (): &mut (), _: u32, entry: &Entry<'_>) {
        self.mentions.entry(entry, self.asked);
    }

    #[inline]
    fn run(&mut self, (): &mut (), _: u32, (): &(), _: Range<u32>) {}

    fn tree(&mut self, _: NodeId, (): &mut (), _: Option<&()>) {}

    fn forget((): &mut ()) {}
}
