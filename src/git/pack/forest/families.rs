//! Which entries of a pack rest on which, and what they weigh together.
//!
//! In: of each entry what it rests on and how large it is, hostile. Out: of each the
//! entries that rest on it, the heaviest last, and of each root the weight of all
//! that it leads to. What an entry holds is not known here.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU32, AtomicU64};

use rayon::prelude::*;

use super::{ENTRIES_TOGETHER, Link, Node, NodeId};

/// No entry: a pack has fewer than 2^32.
pub(super) const NONE: NodeId = NodeId::MAX;

/// What follows from what entries rest on and from their sizes.
#[derive(Debug)]
pub(super) struct Families {
    /// Entries without a base in this pack, by offset, each with its inflated size and
    /// those of all that rests on it, summed up; in as many parts as they were weighed
    /// in.
    pub(super) roots: Vec<Vec<(NodeId, u64)>>,
    /// Of each entry the first that rests on it, and the next that rests on what
    /// it rests on, or [`NONE`].
    pub(super) first_children: Vec<NodeId>,
    pub(super) next_siblings: Vec<NodeId>,
    /// Entries that no root leads to.
    pub(super) unrooted: Vec<NodeId>,
}

impl Families {
    /// Links every entry to what rests on it and weighs each family, on every thread.
    pub(super) fn new(nodes: &[Node]) -> Self {
        let kin = Kin::of(nodes);
        let weigh = |(number, some): (usize, &[Node])| {
            let start = number * ENTRIES_TOGETHER;
            let roots = some.iter().enumerate().filter(|(_, node)| node.is_root());
            let mut rooted = 0;
            let weighed = roots.map(|(at, _)| {
                let root = (start + at) as NodeId;
                let Family { bytes, entries } = kin.weigh(nodes, root);
                rooted += entries;
                (root, bytes)
            });
            (weighed.collect(), rooted)
        };
        // Some hold far more than others.
        let each = nodes.par_chunks(ENTRIES_TOGETHER).enumerate().with_max_len(1);
        let (roots, rooted): (Vec<Vec<(NodeId, u64)>>, Vec<usize>) = each.map(weigh).unzip();
        let rooted: usize = rooted.into_iter().sum();
        let unrooted = if rooted < nodes.len() { kin.part_unrooted(nodes) } else { Vec::new() };
        let Kin { first_children, next_siblings, .. } = kin;
        let plain =
            |numbers: Vec<AtomicU32>| numbers.into_iter().map(AtomicU32::into_inner).collect();
        let (first_children, next_siblings) = (plain(first_children), plain(next_siblings));
        Self { roots, first_children, next_siblings, unrooted }
    }
}

/// What rests on what, while it is found out. Families have no entry in common, so
/// each is weighed by one thread, beside others.
struct Kin {
    first_children: Vec<AtomicU32>,
    next_siblings: Vec<AtomicU32>,
    /// The last child, once there is one that is weighed.
    last_children: Vec<AtomicU32>,
    /// The inflated size of each entry and of all that rests on it, as far as that
    /// is weighed.
    bytes: Vec<AtomicU64>,
}

/// What a root and all that rests on it come to.
struct Family {
    bytes: u64,
    entries: usize,
}

impl Kin {
    /// Links each entry to what it rests on.
    fn of(nodes: &[Node]) -> Self {
        let none = || nodes.par_iter().map(|_| AtomicU32::new(NONE)).collect();
        let bytes = nodes.par_iter().map(|node| AtomicU64::new(node.size_bytes())).collect();
        let kin =
            Self { first_children: none(), next_siblings: none(), last_children: none(), bytes };
        nodes.par_iter().enumerate().with_min_len(ENTRIES_TOGETHER).for_each(|(at, node)| {
            if let Link::Base(base) = node.link {
                let next = kin.first_children[base as usize].swap(at as NodeId, Relaxed);
                kin.next_siblings[at].store(next, Relaxed);
            }
        });
        kin
    }

    /// Weighs the family of a root, each child before what it rests on.
    ///
    /// Children are put in another order by that, the heaviest last: whoever walks
    /// depth first may let go of a parent before its last child, and so holds at
    /// most log2 of a family's weight at once, however long its chains are.
    fn weigh(&self, nodes: &[Node], root: NodeId) -> Family {
        let (mut at, mut entries) = (root, 1);
        loop {
            let child = self.first_children[at as usize].load(Relaxed);
            if child != NONE {
                self.first_children[at as usize].store(NONE, Relaxed);
                entries += 1;
                at = child;
                continue;
            }
            // Weighed is what nothing rests on, and what the last child was weighed of.
            loop {
                let Link::Base(base) = nodes[at as usize].link else {
                    return Family { bytes: self.bytes[at as usize].load(Relaxed), entries };
                };
                let sibling = self.next_siblings[at as usize].load(Relaxed);
                self.add_child(base, at);
                if sibling != NONE {
                    entries += 1;
                    at = sibling;
                    break;
                }
                at = base;
            }
        }
    }

    /// Adds a child that is weighed to what it rests on: behind the others if it is
    /// the heaviest so far, else before them.
    fn add_child(&self, base: NodeId, child: NodeId) {
        let weight = |at: NodeId| self.bytes[at as usize].load(Relaxed);
        let bytes = weight(base).saturating_add(weight(child));
        self.bytes[base as usize].store(bytes, Relaxed);
        let last = self.last_children[base as usize].load(Relaxed);
        if last != NONE && weight(last) >= weight(child) {
            let first = self.first_children[base as usize].swap(child, Relaxed);
            self.next_siblings[child as usize].store(first, Relaxed);
            return;
        }
        let before = if last == NONE {
            &self.first_children[base as usize]
        } else {
            &self.next_siblings[last as usize]
        };
        before.store(child, Relaxed);
        self.next_siblings[child as usize].store(NONE, Relaxed);
        self.last_children[base as usize].store(child, Relaxed);
    }

    /// Takes those that no root leads to from among what rests on each other; gives
    /// them.
    fn part_unrooted(&self, nodes: &[Node]) -> Vec<NodeId> {
        let mut is_rooted: Vec<bool> = nodes.iter().map(Node::is_root).collect();
        let mut stack: Vec<NodeId> =
            (0..nodes.len() as NodeId).filter(|at| is_rooted[*at as usize]).collect();
        while let Some(at) = stack.pop() {
            let mut child = self.first_children[at as usize].load(Relaxed);
            while child != NONE {
                is_rooted[child as usize] = true;
                stack.push(child);
                child = self.next_siblings[child as usize].load(Relaxed);
            }
        }
        let all = 0..nodes.len() as NodeId;
        let unrooted: Vec<NodeId> = all.filter(|at| !is_rooted[*at as usize]).collect();
        for at in &unrooted {
            self.first_children[*at as usize].store(NONE, Relaxed);
            self.next_siblings[*at as usize].store(NONE, Relaxed);
        }
        unrooted
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::git::pack::Kind;

    proptest! {
        /// Bases may come later, or be what rests on them.
        #[test]
        fn children_are_those_that_rest_on_it_the_heaviest_last(
            entries in prop::collection::vec((prop::option::weighted(0.8, 0..40u32), 0..50u64), 1..40),
            is_ordered in any::<bool>(),
        ) {
            let base_of = |at: usize| -> Option<usize> {
                let base = entries[at].0? as usize % if is_ordered { at.max(1) } else { entries.len() };
                (!is_ordered || base < at).then_some(base)
            };
            let all = 0..entries.len();
            let nodes: Vec<Node> = all.clone().map(|at| {
                let link = base_of(at).map_or(Link::Root(Kind::Blob), |base| Link::Base(base as NodeId));
                Node::new(link, entries[at].1, 2)
            }).collect();
            // The way from each to its root, if it ends within as many steps.
            let way = |at: usize| -> Vec<usize> {
                std::iter::successors(Some(at), |at| base_of(*at)).take(entries.len() + 1).collect()
            };
            let is_rooted = |at: usize| way(at).len() <= entries.len();
            let weight = |node: usize| -> u64 {
                all.clone().filter(|at| is_rooted(*at) && way(*at).contains(&node)).map(|at| entries[at].1).sum()
            };
            let families = Families::new(&nodes);
            let expected: Vec<(NodeId, u64)> = all.clone()
                .filter(|at| base_of(*at).is_none()).map(|at| (at as NodeId, weight(at))).collect();
            prop_assert_eq!(families.roots.concat(), expected);
            let unrooted: Vec<NodeId> =
                all.clone().filter(|at| !is_rooted(*at)).map(|at| at as NodeId).collect();
            prop_assert_eq!(&families.unrooted, &unrooted);
            for node in all.clone().filter(|at| is_rooted(*at)) {
                let mut children = children(&families, node);
                let heaviest = children.iter().map(|child| weight(*child)).max();
                prop_assert_eq!(children.last().map(|child| weight(*child)), heaviest);
                children.sort_unstable();
                let expected: Vec<usize> = all.clone().filter(|at| base_of(*at) == Some(node)).collect();
                prop_assert_eq!(children, expected);
            }
            // Whoever walks them must not go round for ever.
            for node in unrooted {
                prop_assert!(children(&families, node as usize).is_empty());
            }
        }
    }

    /// As many as several threads share, of which each rests on one far away.
    #[test]
    fn families_are_the_same_on_many_threads() {
        let all = 0..20 * ENTRIES_TOGETHER;
        let any = |at: usize| (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(20);
        let base_of = |at: usize| (at > 0 && any(at) % 50 > 0).then(|| any(at) as usize % at);
        let size = |at: usize| any(at) % 1000;
        let link = |at| base_of(at).map_or(Link::Nowhere, |base| Link::Base(base as NodeId));
        let nodes: Vec<Node> = all.clone().map(|at| Node::new(link(at), size(at), 2)).collect();
        let mut weights: Vec<u64> = all.clone().map(size).collect();
        for at in all.clone().rev() {
            if let Some(base) = base_of(at) {
                weights[base] += weights[at];
            }
        }
        let families = Families::new(&nodes);
        let roots = all.clone().filter(|at| base_of(*at).is_none());
        let roots: Vec<_> = roots.map(|at| (at as NodeId, weights[at])).collect();
        assert!(roots.len() > 1000);
        assert_eq!(families.roots.concat(), roots);
        assert!(families.unrooted.is_empty());
        let mut seen = roots.len();
        for node in all {
            let children = children(&families, node);
            assert!(children.iter().all(|child| base_of(*child) == Some(node)));
            let heaviest = children.iter().map(|child| weights[*child]).max();
            assert_eq!(children.last().map(|child| weights[*child]), heaviest);
            seen += children.len();
        }
        assert_eq!(seen, nodes.len());
    }

    fn children(families: &Families, node: usize) -> Vec<usize> {
        let some = |at: NodeId| Some(at).filter(|at| *at != NONE);
        let first = some(families.first_children[node]);
        std::iter::successors(first, |child| some(families.next_siblings[*child as usize]))
            .map(|child| child as usize)
            .collect()
    }
}
