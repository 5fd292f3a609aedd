//! Bytes that are written over and over again.
//!
//! In: lengths and slices. Out: the bytes written last. A plain `Vec` would
//! zero every byte before the inflater writes it, which measured 4 % of a sweep.

use std::ops::Deref;

/// The largest allocation that a spent buffer keeps for its next use.
const KEPT_BYTES: usize = 8 << 20;

/// A piece of at most so many bytes is copied by one move of this fixed length,
/// a few instructions, where a call for so few bytes costs more than the bytes.
pub(super) const SHORT_BYTES: usize = 64;

/// The most context that [`Buffer::extend_ends`] keeps.
pub(super) const END_BYTES: usize = 16;

/// A growing byte buffer that keeps its allocation, initialised once.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    len: usize,
}

impl Buffer {
    /// Forgets the contents.
    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    /// Appends `len` bytes of unspecified content for the caller to write.
    pub(crate) fn grow(&mut self, len: usize) -> &mut [u8] {
        let start = self.len;
        self.len += len;
        if self.bytes.len() < self.len {
            self.enlarge();
        }
        &mut self.bytes[start..self.len]
    }

    /// Makes room for `len` more bytes.
    pub(super) fn reserve(&mut self, len: usize) {
        self.grow(len + SHORT_BYTES);
        self.len -= len + SHORT_BYTES;
    }

    #[cold]
    fn enlarge(&mut self) {
        let size = self.len.max(self.bytes.len() + self.bytes.len() / 2).max(4096);
        self.bytes.reserve_exact(size - self.bytes.len());
        self.bytes.resize(size, 0);
    }

    /// Appends a copy.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.grow(bytes.len()).copy_from_slice(bytes);
    }

    /// Appends a copy and one byte after it.
    pub(crate) fn extend_ended(&mut self, bytes: &[u8], end: u8) {
        if let Some((last, place)) = self.grow(bytes.len() + 1).split_last_mut() {
            place.copy_from_slice(bytes);
            *last = end;
        }
    }

    /// Appends the first `len` bytes of `source`, which may go on after them.
    pub(super) fn extend_prefix(&mut self, source: &[u8], len: usize) {
        if len <= SHORT_BYTES
            && let Some(block) = source.first_chunk::<SHORT_BYTES>()
        {
            let end = self.len + len;
            if let Some(place) = self.grow(SHORT_BYTES).first_chunk_mut() {
                *place = *block;
            }
            self.len = end;
        } else {
            self.extend(&source[..len]);
        }
    }

    /// Appends the first and the last bytes of a long piece, [`END_BYTES`] of
    /// each, parted by `separator`.
    pub(super) fn extend_ends(&mut self, piece: &[u8], separator: u8) {
        let place = self.grow(2 * END_BYTES + 1);
        if let (Some(first), Some(last)) = (piece.first_chunk(), piece.last_chunk())
            && let Some((head, rest)) = place.split_first_chunk_mut::<END_BYTES>()
            && let Some((between, tail)) = rest.split_first_mut()
            && let Some(tail) = tail.first_chunk_mut::<END_BYTES>()
        {
            *head = *first;
            *between = separator;
            *tail = *last;
        }
    }

    /// Cuts to the first `len` bytes.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Forgets the contents, and the allocation too where it is a large one.
    pub(crate) fn retire(&mut self) {
        self.len = 0;
        if self.bytes.len() > KEPT_BYTES {
            self.bytes = Vec::new();
        }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}
