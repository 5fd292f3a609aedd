//! A pack's entries, linked to their bases: a forest.
//!
//! In: a pack. Out: for each entry its kind, its place and its children, from
//! headers alone; nothing is inflated. An entry whose base is missing, later,
//! elsewhere or itself has its place here too: none is passed over.

use rayon::prelude::*;

use super::{Basis, EntryError, Kind, Pack};
use gix_hash::{ObjectId, oid};

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

/// What the header of an entry says.
#[derive(Debug, Clone, Copy)]
struct Node {
    link: Link,
    size_bytes: u64,
    header_len: u8,
    /// Of the whole tree below and including the entry.
    weight_bytes: u64,
}

impl Forest {
    /// Reads every header and links the entries.
    pub(crate) fn grow(pack: &Pack) -> Self {
        let hash_len = pack.hash_len();
        let (offsets, outside) = entry_offsets(pack);
        let count = offsets.len() - 1;
        let mut nodes: Vec<Node> = (0..count)
            .into_par_iter()
            .with_min_len(4096)
            .map(|at| read_node(pack, &offsets, at, hash_len))
            .collect();
        let (starts, children) = link_children(&nodes);
        let roots: Vec<NodeId> = (0..count as u32)
            .filter(|node| !matches!(nodes[*node as usize].link, Link::Base(_)))
            .collect();
        let mut forest = Self {
            offsets,
            nodes: Vec::new(),
            starts,
            children,
            roots,
            outside,
            unrooted: Vec::new(),
        };
        forest.weigh(&mut nodes);
        forest.nodes = nodes;
        forest.put_heaviest_last();
        forest
    }

    /// Entries without a base in this pack, by offset: whole ones, ones that
    /// rest on another pack, and faulty ones.
    pub(crate) fn roots(&self) -> &[NodeId] {
        &self.roots
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
        self.nodes[node as usize].size_bytes
    }

    /// The inflated sizes of the entry and all that rests on it, summed up.
    pub(crate) fn weight_bytes(&self, node: NodeId) -> u64 {
        self.nodes[node as usize].weight_bytes
    }

    /// Where the entry begins.
    pub(crate) fn offset(&self, node: NodeId) -> u64 {
        self.offsets[node as usize]
    }

    /// The entry's compressed bytes, up to where the next entry begins.
    pub(crate) fn compressed<'p>(&self, pack: &'p Pack, node: NodeId) -> &'p [u8] {
        let at = node as usize;
        pack.bytes(self.offsets[at] + u64::from(self.nodes[at].header_len), self.offsets[at + 1])
    }

    /// The entry's compressed bytes and everything after them, for an entry
    /// that does not end where the next begins.
    pub(crate) fn compressed_and_beyond<'p>(&self, pack: &'p Pack, node: NodeId) -> &'p [u8] {
        let at = node as usize;
        pack.bytes(self.offsets[at] + u64::from(self.nodes[at].header_len), pack.end())
    }

    /// The base that a header names by its id.
    pub(crate) fn base_id(&self, pack: &Pack, node: NodeId, hash_len: usize) -> Option<ObjectId> {
        let bytes = pack.bytes(self.offset(node), pack.end());
        match super::EntryHeader::parse(bytes, hash_len).ok()?.basis {
            Basis::Id(start) => ObjectId::try_from(&bytes[start..start + hash_len]).ok(),
            _ => None,
        }
    }

    /// Sums up weights from the leaves, and finds what no root leads to.
    fn weigh(&mut self, nodes: &mut [Node]) {
        let mut order = Vec::with_capacity(nodes.len());
        order.extend_from_slice(&self.roots);
        let mut at = 0;
        while at < order.len() {
            let node = order[at] as usize;
            let (start, end) = (self.starts[node], self.starts[node + 1]);
            order.extend_from_slice(&self.children[start as usize..end as usize]);
            at += 1;
        }
        for node in order.iter().rev() {
            let Node { link, weight_bytes, .. } = nodes[*node as usize];
            if let Link::Base(base) = link {
                let base = &mut nodes[base as usize].weight_bytes;
                *base = base.saturating_add(weight_bytes);
            }
        }
        if order.len() < nodes.len() {
            let mut is_rooted = vec![false; nodes.len()];
            for node in order {
                is_rooted[node as usize] = true;
            }
            self.unrooted =
                (0..nodes.len() as u32).filter(|node| !is_rooted[*node as usize]).collect();
        }
    }

    /// Whoever walks depth first may let go of a parent before its last child;
    /// with the heaviest child last, at most log2 of a family's weight is held
    /// at once, however long its chains are.
    fn put_heaviest_last(&mut self) {
        for node in 0..self.nodes.len() {
            let (start, end) = (self.starts[node] as usize, self.starts[node + 1] as usize);
            let children = &mut self.children[start..end];
            let weight = |child: NodeId| self.nodes[child as usize].weight_bytes;
            if let Some(heaviest) = (0..children.len()).max_by_key(|at| weight(children[*at])) {
                let last = children.len() - 1;
                children.swap(heaviest, last);
            }
        }
    }
}

/// The offsets of the index in order, each once, with the pack's end; and the
/// ids of those that cannot be offsets.
fn entry_offsets(pack: &Pack) -> (Vec<u64>, Vec<ObjectId>) {
    let mut offsets: Vec<u64> = (0..pack.len())
        .map(|position| pack.offset_at(position))
        .filter(|offset| is_inside(pack, *offset))
        .collect();
    let outside = if offsets.len() < pack.len() as usize {
        (0..pack.len())
            .filter(|position| !is_inside(pack, pack.offset_at(*position)))
            .map(|position| pack.id_at(position).to_owned())
            .collect()
    } else {
        Vec::new()
    };
    offsets.par_sort_unstable();
    offsets.dedup();
    offsets.push(pack.end());
    (offsets, outside)
}

/// Whether an entry can begin there.
fn is_inside(pack: &Pack, offset: u64) -> bool {
    /// A pack begins with its signature, its version and its count.
    const HEADER_BYTES: u64 = 12;
    (HEADER_BYTES..pack.end()).contains(&offset)
}

fn read_node(pack: &Pack, offsets: &[u64], at: usize, hash_len: usize) -> Node {
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
        Ok(header) => Node {
            link: match header.basis {
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
            },
            size_bytes: header.size_bytes,
            header_len: header.length as u8,
            weight_bytes: header.size_bytes,
        },
        Err(error) => {
            Node { link: Link::Faulty(error), size_bytes: 0, header_len: 0, weight_bytes: 0 }
        }
    }
}

/// Children by base, in the order of their offsets.
fn link_children(nodes: &[Node]) -> (Vec<u32>, Vec<NodeId>) {
    let mut starts = vec![0u32; nodes.len() + 1];
    for node in nodes {
        if let Link::Base(base) = node.link {
            starts[base as usize + 1] += 1;
        }
    }
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    let mut next = starts.clone();
    let mut children = vec![0; starts[nodes.len()] as usize];
    for (at, node) in nodes.iter().enumerate() {
        if let Link::Base(base) = node.link {
            children[next[base as usize] as usize] = at as u32;
            next[base as usize] += 1;
        }
    }
    (starts, children)
}
