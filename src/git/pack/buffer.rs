//! Bytes that are written over and over again.
//!
//! In: lengths and slices. Out: the bytes written last. A plain `Vec` would
//! zero every byte before the inflater writes it, which measured 4 % of a sweep.

#![expect(clippy::inline_always, reason = "a delta's step costs less than a call would")]

use std::ops::Deref;

/// The largest allocation that a spent buffer keeps for its next use.
const KEPT_BYTES: usize = 8 << 20;

/// A piece of at most so many bytes is copied by one move of this fixed length,
/// a few instructions, where a call for so few bytes costs more than the bytes.
pub(super) const SHORT_BYTES: usize = 64;

/// The most context that [`Buffer::extend_ends`] keeps.
pub(super) const END_BYTES: usize = 16;

/// More than a delta can insert at once.
const INSERT_BYTES: usize = 128;

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
    #[inline(always)]
    pub(super) fn extend_prefix(&mut self, source: &[u8], len: usize) {
        let place = self.room::<SHORT_BYTES>();
        match source.first_chunk() {
            Some(block) if len <= SHORT_BYTES => {
                *place = *block;
                self.len += len;
            }
            _ => self.extend(&source[..len]),
        }
    }

    /// Appends the first `len` bytes of `source`, or of more than twice
    /// `context` only so many at either end, [`END_BYTES`] at most, parted by
    /// `separator`. Which of the two it is cannot be foretold, so the same moves
    /// are made for both, and `len` decides which of them count.
    #[inline(always)]
    pub(super) fn extend_ends(&mut self, source: &[u8], len: usize, context: usize, separator: u8) {
        let is_long = len > 2 * context;
        let place = self.room::<{ 3 * END_BYTES + 1 }>();
        let tail = source.get(len.saturating_sub(context)..).unwrap_or_default();
        match (source.first_chunk::<{ 2 * END_BYTES }>(), tail.first_chunk::<END_BYTES>()) {
            (Some(head), Some(tail)) => {
                place[..2 * END_BYTES].copy_from_slice(head);
                let middle = if is_long { context } else { 2 * END_BYTES };
                place[middle] = separator;
                place[middle + 1..middle + 1 + END_BYTES].copy_from_slice(tail);
                self.len += if is_long { 2 * context + 1 } else { len };
            }
            // Near the end of what it is copied from.
            _ => self.extend(&source[..len]),
        }
    }

    /// Appends the first `len` bytes of `source`, as many as a delta can insert
    /// at once.
    #[inline(always)]
    pub(super) fn extend_inserted(&mut self, source: &[u8], len: usize) {
        let place = self.room::<INSERT_BYTES>();
        match source.first_chunk() {
            Some(block) if len <= INSERT_BYTES => {
                *place = *block;
                self.len += len;
            }
            _ => self.extend(&source[..len]),
        }
    }

    /// Writable bytes after the contents, not yet a part of them.
    #[inline(always)]
    fn room<const BYTES: usize>(&mut self) -> &mut [u8; BYTES] {
        if self.bytes.len() - self.len < BYTES {
            self.grow(BYTES);
            self.len -= BYTES;
        }
        self.bytes[self.len..].first_chunk_mut().expect("there is room")
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
