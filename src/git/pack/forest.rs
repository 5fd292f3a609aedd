//! A pack's entries, linked to their bases: a forest.
//!
//! In: a pack. Out: for each entry its kind, its place and its children, from
//! headers alone; nothing is inflated. An entry whose base is missing, later,
//! elsewhere or itself has its place here too: none is passed over.

mod families;
mod offsets;

use rayon::prelude::*;

use super::inflate::MARGIN_READ_BYTES;
use super::{Basis, EntryError, Kind, Pack};
use families::{Families, NONE};
use gix_hash::{ObjectId, oid};
use offsets::Offsets;

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
    families: Families,
    /// Offsets of the index that lie outside the pack, with their ids.
    outside: Vec<ObjectId>,
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
        .filter(|(offset, _)| pack.is_inside(*offset))
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

    /// Whether it rests on nothing in this pack.
    fn is_root(&self) -> bool {
        !matches!(self.link, Link::Base(_))
    }

    fn size_bytes(&self) -> u64 {
        self.sizes >> 8
    }

    fn header_len(&self) -> u64 {
        self.sizes & 0xff
    }
}

/// How many entries a thread takes at once.
const ENTRIES_TOGETHER: usize = 4096;

/// How many headers are fetched together, so that the processor waits for all of
/// them at once.
const TOGETHER: usize = 32;

impl Forest {
    /// Reads every header and links the entries. `known` are all offsets of the
    /// index, rising, and each inside the pack.
    pub(super) fn grow(pack: &Pack, known: Option<Vec<u64>>) -> Self {
        let (offsets, outside) = match known {
            Some(offsets) => (Offsets::of_sorted(offsets, pack.end()), Vec::new()),
            None => Offsets::of(pack),
        };
        let nodes: Vec<Node> = (0..offsets.len())
            .into_par_iter()
            .with_min_len(ENTRIES_TOGETHER)
            .map(|at| read_node(pack, &offsets, at))
            .collect();
        let offsets = offsets.with_end(pack.end());
        let families = Families::new(&nodes);
        Self { offsets, nodes, families, outside }
    }

    /// Entries without a base in this pack, by offset: whole ones, ones that
    /// rest on another pack, and faulty ones; each with the inflated sizes of it
    /// and all that rests on it, summed up.
    pub(crate) fn families(&self) -> impl Iterator<Item = (NodeId, u64)> {
        self.families.roots.iter().flatten().copied()
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Entries that rest on themselves, directly or not.
    pub(crate) fn unrooted(&self) -> &[NodeId] {
        &self.families.unrooted
    }

    /// Objects whose offset in the index lies outside the pack.
    pub(crate) fn outside(&self) -> &[ObjectId] {
        &self.outside
    }

    /// What an entry rests on.
    pub(crate) fn link(&self, node: NodeId) -> Link {
        self.nodes[node as usize].link
    }

    /// Whether others rest on this entry.
    pub(crate) fn is_base(&self, node: NodeId) -> bool {
        self.families.first_children[node as usize] != NONE
    }

    /// The entries that rest on this one, the heaviest last.
    pub(crate) fn children(&self, node: NodeId) -> impl Iterator<Item = NodeId> {
        std::iter::successors(self.first_child(node), |child| self.next_sibling(*child))
    }

    /// The first of [`Forest::children`].
    pub(crate) fn first_child(&self, node: NodeId) -> Option<NodeId> {
        Some(self.families.first_children[node as usize]).filter(|child| *child != NONE)
    }

    /// The one that comes after this one among the children of what both rest
    /// on.
    pub(crate) fn next_sibling(&self, node: NodeId) -> Option<NodeId> {
        Some(self.families.next_siblings[node as usize]).filter(|sibling| *sibling != NONE)
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

fn read_node(pack: &Pack, offsets: &Offsets, at: usize) -> Node {
    if at.is_multiple_of(TOGETHER) {
        let near = &offsets[at..offsets.len().min(at + TOGETHER)];
        let first = |offset: &u64| pack.bytes(*offset, pack.end()).first().copied().unwrap_or(0);
        std::hint::black_box(near.iter().map(first).fold(0, u8::wrapping_add));
    }
    let hash_len = pack.hash_len();
    let link_to = |offset| offsets.rank(offset).map_or(Link::Nowhere, Link::Base);
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
