//! Bytes that are written over and over again.
//!
//! In: lengths and slices. Out: the bytes written last. A plain `Vec` would
//! zero every byte before the inflater writes it, which measured 4 % of a sweep.

use std::ops::Deref;

/// The largest allocation that a spent buffer keeps for its next use.
const KEPT_BYTES: usize = 8 << 20;

/// The most context that [`Buffer::extend_ends`] keeps.
pub(super) const SHORT_BYTES: usize = 32;

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

    /// Appends the first `context` bytes of a long piece, a separator, and its
    /// last bytes, at least as many. Copies of a fixed length are a few
    /// instructions; a call for so few bytes costs more than the bytes.
    pub(super) fn extend_ends(&mut self, piece: &[u8], context: usize, separator: u8) {
        let start = self.len;
        let place = self.grow(context + 1 + SHORT_BYTES);
        if let (Some(first), Some(last), Some((head, _))) = (
            piece.first_chunk::<SHORT_BYTES>(),
            piece.last_chunk::<SHORT_BYTES>(),
            place.split_first_chunk_mut::<SHORT_BYTES>(),
        ) {
            *head = *first;
            place[context] = separator;
            if let Some(tail) = place.last_chunk_mut::<SHORT_BYTES>() {
                *tail = *last;
            }
        } else {
            self.len = start;
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
