//! Packs: how objects are stored together.
//!
//! In: a pack and its index, both hostile. Out: entries, linked to their bases
//! and inflated one at a time. Nothing here knows what a repository is.

mod buffer;
mod delta;
mod entry;
mod forest;
pub(super) mod heads;
mod inflate;
mod reverse;
mod visit;

pub(crate) use buffer::Buffer;
pub use delta::{Delta, DeltaError, Step, Steps};
pub(crate) use delta::{Ends, Piece, Window};
pub use entry::{Basis, EntryError, EntryHeader, Kind};
pub(crate) use forest::{Forest, Ids, Link, NodeId};
pub(crate) use inflate::Inflater;
pub use inflate::{InflateError, inflate_block};
pub(crate) use visit::{Schedule, Visit, Visiting, visit};

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gix_hash::{ObjectId, oid};

use heads::{Heads, Listed};

/// The most bytes that one object may take in memory; a larger one is streamed
/// or named as not read.
pub(crate) const OBJECT_LIMIT_BYTES: u64 = 512 << 20;

/// Why one object could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// Its entry has no sound header.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// Its bytes do not inflate.
    #[error(transparent)]
    Inflate(#[from] InflateError),
    /// Its delta is unsound.
    #[error(transparent)]
    Delta(#[from] DeltaError),
    /// Its delta's base is in no pack and not loose.
    #[error("the base of its delta, {0}, is missing")]
    BaseMissing(ObjectId),
    /// Its delta's base is no entry.
    #[error("the base of its delta is not an entry of the pack")]
    BaseOffset,
    /// The index has it begin where no entry can.
    #[error("its index says that it begins outside the pack")]
    Outside,
    /// Its delta's base could not be read.
    #[error("the base of its delta, {0}, could not be read")]
    BaseFaulty(ObjectId),
    /// Its delta rests on itself.
    #[error("its chain of deltas leads back to itself")]
    Cycle,
    /// Holding it would take more memory than allowed.
    #[error("it takes {0} bytes, more than the 512 MiB that one object may take in memory")]
    TooLarge(u64),
    /// It is stored as a file that cannot be read.
    #[error("its file cannot be read: {0}")]
    Unreadable(String),
    /// It is stored as a file that is no object.
    #[error("its file is no object")]
    NoObject,
    /// It is a tree, and some of its bytes are no entry.
    #[error("it is a tree, and not all of its bytes are entries")]
    TreeEntry,
}

/// A pack and its index, mapped.
pub(crate) struct Pack {
    path: PathBuf,
    index: gix_pack::index::File,
    data: gix_pack::data::File,
    by_offset: OnceLock<Vec<u32>>,
    by_head: OnceLock<Heads>,
    forest: OnceLock<Forest>,
    positions: OnceLock<Vec<u32>>,
}

impl std::fmt::Debug for Pack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pack").field(&self.path).finish()
    }
}

impl Pack {
    /// Maps `path`, a `.pack`, and the `.idx` beside it.
    ///
    /// # Errors
    /// In words, since the caller names the pack: files that cannot be mapped,
    /// are no pack or index, or do not belong together.
    pub(crate) fn open(path: &Path, hash: gix_hash::Kind) -> Result<Self, String> {
        let index = path.with_extension("idx");
        for part in [&index, path] {
            let metadata = std::fs::metadata(part).map_err(|error| error.to_string())?;
            if !metadata.is_file() {
                // Opening a FIFO would wait for ever.
                return Err("it or its index is no plain file".to_owned());
            }
        }
        let index = gix_pack::index::File::at(index, hash).map_err(|error| error.to_string())?;
        let data = gix_pack::data::File::at(path, hash).map_err(|error| error.to_string())?;
        if index.pack_checksum() != data.checksum() {
            return Err("its index belongs to another pack".to_owned());
        }
        Ok(Self {
            path: path.to_owned(),
            index,
            data,
            by_offset: OnceLock::new(),
            by_head: OnceLock::new(),
            forest: OnceLock::new(),
            positions: OnceLock::new(),
        })
    }

    /// The length of the ids in it.
    pub(crate) fn hash_len(&self) -> usize {
        self.data.object_hash().len_in_bytes()
    }

    /// How many objects the index names.
    pub(crate) fn len(&self) -> u32 {
        self.index.num_objects()
    }

    /// How many objects the pack's own header names.
    pub(crate) fn declared_len(&self) -> u32 {
        self.data.num_objects()
    }

    /// The id at a place of the index.
    pub(crate) fn id_at(&self, position: u32) -> &oid {
        self.index.oid_at_index(position)
    }

    /// The offset at a place of the index; it may lie outside the pack.
    pub(crate) fn offset_at(&self, position: u32) -> u64 {
        self.index.pack_offset_at_index(position)
    }

    /// The offset of an object.
    pub(crate) fn offset_of(&self, id: &oid) -> Option<u64> {
        self.index.lookup(id).map(|position| self.offset_at(position))
    }

    /// Takes from `ids`, which stand one after the other, those that the index
    /// names.
    pub(crate) fn remove_contained(&self, ids: &mut Vec<u8>) {
        self.heads().remove_listed(self, ids, self.hash_len());
    }

    /// Makes what [`Pack::remove_contained`] needs, which its first call does on
    /// one thread.
    pub(crate) fn prepare(&self) {
        self.heads();
    }

    fn heads(&self) -> &Heads {
        let head_at = |at| heads::head(self.id_at(at).as_bytes());
        self.by_head.get_or_init(|| Heads::new(self.len(), (0..self.len()).map(head_at)))
    }

    /// The ids whose hexadecimal form begins so.
    pub(crate) fn ids_with_prefix(&self, prefix: gix_hash::Prefix) -> Vec<ObjectId> {
        let mut range = 0..0;
        self.index.lookup_prefix(prefix, Some(&mut range));
        range.map(|position| self.id_at(position).to_owned()).collect()
    }

    /// The entries, linked to their bases. The first call reads every header, on
    /// every thread, so it must not be made by several of them. It keeps the order
    /// of the entries, too, where git stored that.
    pub(crate) fn forest(&self) -> &Forest {
        self.forest.get_or_init(|| {
            let known = reverse::read(self, &self.path.with_extension("rev"));
            let (positions, offsets) = known.unzip();
            if let Some(positions) = positions {
                self.positions.get_or_init(|| positions);
            }
            Forest::grow(self, offsets)
        })
    }

    /// The ids of the entries, for who needs those of most. The first call works
    /// on every thread, so it must not be made by several of them.
    pub(crate) fn ids(&self) -> Ids<'_> {
        self.forest();
        Ids::new(self, self.positions.get_or_init(|| forest::positions(self)))
    }

    /// The bytes from one offset to another; empty where they are outside.
    pub(crate) fn bytes(&self, start: u64, end: u64) -> &[u8] {
        if start > end || end > self.end() {
            return &[];
        }
        self.data.entry_slice(start..end).unwrap_or_default()
    }

    /// The checksum that stands at the pack's end.
    fn checksum(&self) -> ObjectId {
        self.data.checksum()
    }

    /// Where the entries end and the pack's checksum begins.
    pub(crate) fn end(&self) -> u64 {
        self.data.pack_end() as u64
    }

    /// Whether an entry can begin there.
    fn is_inside(&self, offset: u64) -> bool {
        /// A pack begins with its signature, its version and its count.
        const HEADER_BYTES: u64 = 12;
        (HEADER_BYTES..self.end()).contains(&offset)
    }

    /// Reads the header of the entry at `offset`.
    pub(crate) fn header(&self, offset: u64) -> Result<EntryHeader, EntryError> {
        EntryHeader::parse(self.bytes(offset, self.end()), self.data.object_hash().len_in_bytes())
    }

    /// The id of the entry at `offset`; needed for faults and bases alone, so
    /// the table behind it is built when first asked for.
    pub(crate) fn id_by_offset(&self, offset: u64) -> Option<ObjectId> {
        let positions = self.by_offset.get_or_init(|| {
            let mut positions: Vec<u32> = (0..self.len()).collect();
            positions.sort_unstable_by_key(|position| self.offset_at(*position));
            positions
        });
        let at = positions.binary_search_by_key(&offset, |position| self.offset_at(*position));
        at.ok().map(|at| self.id_at(positions[at]).to_owned())
    }
}

impl Listed for Pack {
    fn fetch(&self, at: u32) -> u8 {
        // It may stand on the border of what is fetched at once.
        let id = self.id_at(at).as_bytes();
        id[0] ^ id[id.len() - 1]
    }

    #[inline]
    fn is(&self, at: u32, id: &[u8]) -> bool {
        heads::is_same(self.id_at(at).as_bytes(), id)
    }

    fn is_before(&self, at: u32, id: &[u8]) -> bool {
        self.id_at(at).as_bytes() < id
    }
}
