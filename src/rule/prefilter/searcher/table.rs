//! Which pieces are among those searched for, most of the time.
//!
//! In: pieces of four bytes. Out: whether a piece may be one of them: always
//! where it is, seldom where it is not.

/// One place by hash for each piece, in one of three sizes: a small table stays
/// in the caches, but a crowded one sends too many places to be looked at. The
/// small ones are of bytes, since bits measured a fifth slower; the large one is
/// of bits, since as many bytes would fit no cache.
#[derive(Debug)]
pub(super) enum Table {
    Small(Bytes<{ 1 << 16 }>),
    Medium(Bytes<{ 1 << 18 }>),
    Large(Bits),
}

/// A table that one look-up asks.
pub(super) trait Lookup {
    /// Not zero where the piece may be one of those put in.
    fn look_up(&self, piece: u32) -> u8;
    fn put_in(&mut self, piece: u32);
}

/// A byte a place.
#[derive(Debug)]
pub(super) struct Bytes<const SIZE: usize>(Box<[u8; SIZE]>);

/// A bit a place.
#[derive(Debug)]
pub(super) struct Bits(Box<[u8; LARGE_BYTES]>);

const LARGE_BYTES: usize = 1 << 19;

impl Table {
    /// A table of these pieces.
    pub(super) fn new(pieces: impl ExactSizeIterator<Item = u32>) -> Self {
        let mut table = match pieces.len() {
            0..2048 => Self::Small(Bytes::new()),
            2048..8192 => Self::Medium(Bytes::new()),
            _ => Self::Large(Bits(vec![0; LARGE_BYTES].try_into().expect("of this length"))),
        };
        match &mut table {
            Self::Small(table) => pieces.for_each(|piece| table.put_in(piece)),
            Self::Medium(table) => pieces.for_each(|piece| table.put_in(piece)),
            Self::Large(table) => pieces.for_each(|piece| table.put_in(piece)),
        }
        table
    }
}

pub(super) fn hash(piece: u32) -> u32 {
    piece.wrapping_mul(0x9e37_79b1)
}

impl<const SIZE: usize> Bytes<SIZE> {
    fn new() -> Self {
        Self(vec![0; SIZE].try_into().expect("of this length"))
    }

    #[inline]
    fn place(piece: u32) -> usize {
        (hash(piece) >> (32 - SIZE.trailing_zeros())) as usize
    }
}

impl<const SIZE: usize> Lookup for Bytes<SIZE> {
    #[inline]
    fn look_up(&self, piece: u32) -> u8 {
        self.0[Self::place(piece)]
    }

    fn put_in(&mut self, piece: u32) {
        self.0[Self::place(piece)] = 1;
    }
}

impl Bits {
    #[inline]
    fn place(piece: u32) -> (usize, u32) {
        let hash = hash(piece);
        ((hash >> (32 - LARGE_BYTES.trailing_zeros())) as usize, hash >> 8 & 7)
    }
}

impl Lookup for Bits {
    #[inline]
    fn look_up(&self, piece: u32) -> u8 {
        let (place, bit) = Self::place(piece);
        self.0[place] >> bit & 1
    }

    fn put_in(&mut self, piece: u32) {
        let (place, bit) = Self::place(piece);
        self.0[place] |= 1 << bit;
    }
}
