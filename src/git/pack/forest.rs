//! A pack's entries, linked to their bases: a forest.
//!
//! In: a pack. Out: for each entry its kind, its place and its children, from
//! headers alone; nothing is inflated. An entry whose base is missing, later,
//! elsewhere or itself has its place here too: none is passed over.

mod offsets;

use rayon::prelude::*;

use super::inflate::MARGIN_READ_BYTES;
use super::{Basis, EntryError, Kind, Pack};
use gix_hash::{ObjectId, oid};
use offsets::{entry_offsets, is_inside};

/// An entry by its rank among the offsets of its pack.
pub(crate) type NodeId = u32;

/// What an entry rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// Nothing: it is whole.
    Root(Kind),
    /// Another entry of the pack.
    Base(NodeId),
    /// An object that is not in this pack; its id stands in the header.
    Elsewhere,
    /// An offset at which no entry begins.
    Nowhere,
    /// Its header is damaged.
    Faulty(EntryError),
}

/// The entries of a pack by offset.
#[derive(Debug)]
pub(crate) struct Forest {
    /// Where each entry begins, and the end of the last.
    offsets: Vec<u64>,
    nodes: Vec<Node>,
    /// Children of node `i` are `children[starts[i]..starts[i + 1]]`.
    starts: Vec<u32>,
    children: Vec<NodeId>,
    /// Entries without a base in this pack, by offset.
    roots: Vec<NodeId>,
    /// For each root, the inflated sizes of all that rests on it and its own.
    families_bytes: Vec<u64>,
    /// Offsets of the index that lie outside the pack, with their ids.
    outside: Vec<ObjectId>,
    /// Entries that no root leads to.
    unrooted: Vec<NodeId>,
}

/// The ids of a pack's entries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ids<'a> {
    pack: &'a Pack,
    positions: &'a [u32],
}

impl<'a> Ids<'a> {
    /// The ids by a table that [`positions`] gave.
    pub(super) fn new(pack: &'a Pack, positions: &'a [u32]) -> Self {
        Self { pack, positions }
    }

    /// The id of an entry.
    pub(crate) fn of(&self, node: NodeId) -> &'a oid {
        self.pack.id_at(self.positions[node as usize])
    }
}

/// Where in the index each entry stands.
pub(super) fn positions(pack: &Pack) -> Vec<u32> {
    let mut entries: Vec<(u64, u32)> = (0..pack.len())
        .into_par_iter()
        .map(|position| (pack.offset_at(position), position))
        .filter(|(offset, _)| is_inside(pack, *offset))
        .collect();
    entries.par_sort_unstable();
    entries.dedup_by_key(|(offset, _)| *offset);
    entries.into_iter().map(|(_, position)| position).collect()
}

/// What the header of an entry says, in 16 bytes, since a pack has millions.
#[derive(Debug, Clone, Copy)]
struct Node {
    link: Link,
    /// The header's length in the lowest byte, the size above.
    sizes: u64,
}

impl Node {
    /// A size that no object has stands for all above it.
    fn new(link: Link, size_bytes: u64, header_len: usize) -> Self {
        Self { link, sizes: size_bytes.min(u64::MAX >> 8) << 8 | header_len as u64 & 0xff }
    }

    fn size_bytes(&self) -> u64 {
        self.sizes >> 8
    }

    fn header_len(&self) -> u64 {
        self.sizes & 0xff
    }
}

/// How many headers are fetched together, so that the processor waits for all of
/// them at once.
const TOGETHER: usize = 32;

impl Forest {
    /// Reads every header and links the entries.
    pub(crate) fn grow(pack: &Pack) -> Self {
        let (offsets, outside) = entry_offsets(pack);
        let nodes: Vec<Node> = (0..offsets.len() - 1)
            .into_par_iter()
            .with_min_len(4096)
            .map(|at| read_node(pack, &offsets, at))
            .collect();
        let (ends, weighed) = rayon::join(|| ends(&nodes), || Weighed::new(&nodes));
        let (starts, children) = children(&nodes, ends, &weighed.heaviest);
        let Weighed { roots, families_bytes, unrooted, .. } = weighed;
        Self { offsets, nodes, starts, children, roots, families_bytes, outside, unrooted }
    }

    /// Entries without a base in this pack, by offset: whole ones, ones that
    /// rest on another pack, and faulty ones.
    pub(crate) fn roots(&self) -> &[NodeId] {
        &self.roots
    }

    /// The roots, each with the inflated sizes of it and all that rests on it,
    /// summed up.
    pub(crate) fn families(&self) -> impl Iterator<Item = (NodeId, u64)> {
        self.roots.iter().copied().zip(self.families_bytes.iter().copied())
    }

    /// Entries that rest on themselves, directly or not.
    pub(crate) fn unrooted(&self) -> &[NodeId] {
        &self.unrooted
    }

    /// Objects whose offset in the index lies outside the pack.
    pub(crate) fn outside(&self) -> &[ObjectId] {
        &self.outside
    }

    /// What an entry rests on.
    pub(crate) fn link(&self, node: NodeId) -> Link {
        self.nodes[node as usize].link
    }

    /// The entries that rest on this one, the heaviest last.
    pub(crate) fn children(&self, node: NodeId) -> &[NodeId] {
        let (start, end) = (self.starts[node as usize], self.starts[node as usize + 1]);
        &self.children[start as usize..end as usize]
    }

    /// The size of what the entry holds compressed.
    pub(crate) fn size_bytes(&self, node: NodeId) -> u64 {
        self.nodes[node as usize].size_bytes()
    }

    /// Where the entry begins.
    pub(crate) fn offset(&self, node: NodeId) -> u64 {
        self.offsets[node as usize]
    }

    /// The entry's compressed bytes, up to where the next entry begins, and the
    /// few after them that the inflater likes to have.
    pub(crate) fn compressed<'p>(&self, pack: &'p Pack, node: NodeId) -> &'p [u8] {
        let at = node as usize;
        let end = pack.end().min(self.offsets[at + 1] + MARGIN_READ_BYTES);
        pack.bytes(self.offsets[at] + self.nodes[at].header_len(), end)
    }

    /// The entry's compressed bytes and everything after them, for an entry
    /// that does not end where the next begins.
    pub(crate) fn compressed_and_beyond<'p>(&self, pack: &'p Pack, node: NodeId) -> &'p [u8] {
        let at = node as usize;
        pack.bytes(self.offsets[at] + self.nodes[at].header_len(), pack.end())
    }

    /// The base that a header names by its id.
    pub(crate) fn base_id(&self, pack: &Pack, node: NodeId, hash_len: usize) -> Option<ObjectId> {
        let bytes = pack.bytes(self.offset(node), pack.end());
        match super::EntryHeader::parse(bytes, hash_len).ok()?.basis {
            Basis::Id(start) => ObjectId::try_from(&bytes[start..start + hash_len]).ok(),
            _ => None,
        }
    }
}

fn read_node(pack: &Pack, offsets: &[u64], at: usize) -> Node {
    if at.is_multiple_of(TOGETHER) {
        let near = &offsets[at..offsets.len().min(at + TOGETHER)];
        let first = |offset: &u64| pack.bytes(*offset, pack.end()).first().copied().unwrap_or(0);
        std::hint::black_box(near.iter().map(first).fold(0, u8::wrapping_add));
    }
    let hash_len = pack.hash_len();
    let entries = &offsets[..offsets.len() - 1];
    let link_to = |offset: u64| {
        // A base seldom lies far away.
        let mut reach = 16;
        let near = loop {
            let near = at.saturating_sub(reach)..entries.len().min(at + reach);
            if near.len() == entries.len()
                || (entries[near.start] <= offset && offset <= entries[near.end - 1])
            {
                break near;
            }
            reach *= 8;
        };
        match entries[near.clone()].binary_search(&offset) {
            Ok(base) => Link::Base((near.start + base) as u32),
            Err(_) => Link::Nowhere,
        }
    };
    let bytes = pack.bytes(offsets[at], pack.end());
    match super::EntryHeader::parse(bytes, hash_len) {
        Ok(header) => {
            let link = match header.basis {
                Basis::Whole(kind) => Link::Root(kind),
                Basis::Distance(distance) => match offsets[at].checked_sub(distance) {
                    Some(offset) => link_to(offset),
                    None => Link::Nowhere,
                },
                Basis::Id(start) => {
                    let id = gix_hash::oid::try_from_bytes(&bytes[start..start + hash_len]);
                    match id.ok().and_then(|id| pack.offset_of(id)) {
                        Some(offset) => link_to(offset),
                        None => Link::Elsewhere,
                    }
                }
            };
            Node::new(link, header.size_bytes, header.length)
        }
        Err(error) => Node::new(Link::Faulty(error), 0, 0),
    }
}

/// For each entry, how many children it and all before it have.
fn ends(nodes: &[Node]) -> Vec<u32> {
    let mut ends = vec![0; nodes.len()];
    for node in nodes {
        if let Link::Base(base) = node.link {
            ends[base as usize] += 1;
        }
    }
    let mut sum = 0;
    for end in &mut ends {
        sum += *end;
        *end = sum;
    }
    ends
}

/// Children by base, in the order of their offsets, but the heaviest last.
///
/// Whoever walks depth first may let go of a parent before its last child; with
/// the heaviest child last, at most log2 of a family's weight is held at once,
/// however long its chains are.
fn children(nodes: &[Node], ends: Vec<u32>, heaviest: &[NodeId]) -> (Vec<u32>, Vec<NodeId>) {
    let count = ends.last().copied().unwrap_or(0);
    let mut children = vec![0; count as usize];
    // Filled from the ends, which become the starts.
    let mut starts = ends;
    let mut fill = |base: NodeId, child: NodeId| {
        let place = &mut starts[base as usize];
        *place -= 1;
        children[*place as usize] = child;
    };
    for (base, child) in heaviest.iter().enumerate().filter(|(_, child)| **child != NONE) {
        fill(base as u32, *child);
    }
    for (at, node) in nodes.iter().enumerate().rev() {
        if let Link::Base(base) = node.link
            && heaviest[base as usize] != at as u32
        {
            fill(base, at as u32);
        }
    }
    starts.push(count);
    (starts, children)
}

/// No entry: a pack has fewer than 2^32.
const NONE: NodeId = NodeId::MAX;

/// What follows from the sizes of entries.
struct Weighed {
    roots: Vec<NodeId>,
    families_bytes: Vec<u64>,
    /// Of each entry the child on which, with itself, the most bytes rest.
    heaviest: Vec<NodeId>,
    unrooted: Vec<NodeId>,
}

impl Weighed {
    fn new(nodes: &[Node]) -> Self {
        let mut roots = Vec::new();
        // Git writes bases first, and of offset deltas no other kind can be told.
        let mut is_ordered = true;
        for (at, node) in nodes.iter().enumerate() {
            match node.link {
                Link::Base(base) => is_ordered &= (base as usize) < at,
                _ => roots.push(at as u32),
            }
        }
        // What rests on each entry so far, until its own size is added too.
        let mut weights = vec![0u64; nodes.len()];
        let mut heaviest = vec![NONE; nodes.len()];
        let mut weigh = |at: NodeId| {
            let node = &nodes[at as usize];
            let weight = weights[at as usize].saturating_add(node.size_bytes());
            weights[at as usize] = weight;
            if let Link::Base(base) = node.link {
                let heaviest = &mut heaviest[base as usize];
                if *heaviest == NONE || weights[*heaviest as usize] < weight {
                    *heaviest = at;
                }
                let sum = &mut weights[base as usize];
                *sum = sum.saturating_add(weight);
            }
        };
        let mut unrooted = Vec::new();
        if is_ordered {
            (0..nodes.len() as u32).rev().for_each(weigh);
        } else {
            let order = bases_first(nodes, &mut unrooted);
            order.into_iter().rev().for_each(&mut weigh);
        }
        let families_bytes = roots.iter().map(|root| weights[*root as usize]).collect();
        Self { roots, families_bytes, heaviest, unrooted }
    }
}

/// Entries, each after the one that it rests on; those that no root leads to
/// are given apart.
fn bases_first(nodes: &[Node], unrooted: &mut Vec<NodeId>) -> Vec<NodeId> {
    #[derive(Clone, Copy)]
    enum Mark {
        New,
        OnTheWay,
        Seen { is_rooted: bool },
    }
    let mut marks = vec![Mark::New; nodes.len()];
    let (mut order, mut way) = (Vec::with_capacity(nodes.len()), Vec::new());
    for start in 0..nodes.len() as u32 {
        let mut at = start;
        let is_rooted = loop {
            let mark = &mut marks[at as usize];
            match *mark {
                Mark::Seen { is_rooted } => break is_rooted,
                Mark::OnTheWay => break false,
                Mark::New => *mark = Mark::OnTheWay,
            }
            way.push(at);
            match nodes[at as usize].link {
                Link::Base(base) => at = base,
                _ => break true,
            }
        };
        for node in way.drain(..).rev() {
            marks[node as usize] = Mark::Seen { is_rooted };
            if is_rooted { order.push(node) } else { unrooted.push(node) }
        }
    }
    unrooted.sort_unstable();
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_node_keeps_sizes_that_objects_have(size in any::<u64>(), header_len in 0..=30usize) {
            let node = Node::new(Link::Nowhere, size, header_len);
            prop_assert_eq!(node.header_len(), header_len as u64);
            prop_assert_eq!(node.size_bytes(), size.min((1 << 56) - 1));
        }
    }
}
