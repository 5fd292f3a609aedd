//! Inflating an entry.
//!
//! In: compressed bytes and the size that they must inflate to. Out: exactly so
//! many bytes, their checksum right, or an error.
//!
//! libdeflate works on whole buffers, which is what a pack has, since an entry
//! ends where the next begins; it measured 1.35 times as fast as zlib-rs on the
//! 161,216 blobs of git/git (0.39 s against 0.53 s on two cores). On entries
//! with codes of their own ISA-L took 1.16 times as long as libdeflate, zlib-ng
//! 1.4 times, and one of our own, which decoded two streams in turn without
//! branches, 1.2 times.

use super::buffer::Buffer;

/// The most that deflate expands a byte; a size beyond it is a lie, found
/// before anything is allocated.
const MAX_RATIO: u64 = 1032;

/// A stream that inflates to less is a short one.
const SHORT_BYTES: u64 = 192;

/// Why bytes do not inflate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// Not a zlib stream, or its checksum is wrong.
    #[error("its compressed bytes are damaged")]
    Damaged,
    /// It inflates to another size than its header says.
    #[error("it inflates to another size than its header says")]
    Size,
}

/// Inflates one stream after the other.
pub(crate) struct Inflater {
    /// For short streams, most of which use deflate's fixed codes: as long as
    /// no stream with codes of its own comes between, their tables stay built.
    short: libdeflater::Decompressor,
    long: libdeflater::Decompressor,
}

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inflater")
    }
}

impl Inflater {
    pub(crate) fn new() -> Self {
        Self { short: libdeflater::Decompressor::new(), long: libdeflater::Decompressor::new() }
    }

    /// Appends what `compressed` inflates to: `size` bytes. Bytes after the
    /// stream's end are not looked at.
    pub(crate) fn append(
        &mut self,
        compressed: &[u8],
        size: u64,
        out: &mut Buffer,
    ) -> Result<(), InflateError> {
        if size / MAX_RATIO > compressed.len() as u64 {
            return Err(InflateError::Size);
        }
        let before = out.len();
        let place = out.grow(usize::try_from(size).map_err(|_| InflateError::Size)?);
        let decompressor = if size < SHORT_BYTES { &mut self.short } else { &mut self.long };
        let result = match decompressor.zlib_decompress(compressed, place) {
            Ok(written) if written == place.len() => Ok(()),
            Ok(_) | Err(libdeflater::DecompressionError::InsufficientSpace) => {
                Err(InflateError::Size)
            }
            Err(libdeflater::DecompressionError::BadData) => Err(InflateError::Damaged),
        };
        if result.is_err() {
            out.truncate(before);
        }
        result
    }
}
