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
    Small(Box<[u8; 1 << 16]>),
    Medium(Box<[u8; 1 << 18]>),
    Large(Box<[u8; LARGE_BYTES]>),
}

const LARGE_BYTES: usize = 1 << 19;

/// A table that is asked.
pub(super) trait Lookup: Copy {
    /// The lowest bit says whether the piece may be one of those put in.
    fn look_up(self, piece: u32) -> u8;
}

/// A table of bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bits<'a>(pub(super) &'a [u8; LARGE_BYTES]);

impl Table {
    /// A table of these pieces.
    pub(super) fn new(pieces: impl ExactSizeIterator<Item = u32>) -> Self {
        let mut table = match pieces.len() {
            0..2048 => Self::Small(vec![0; 1 << 16].try_into().expect("of this length")),
            2048..8192 => Self::Medium(vec![0; 1 << 18].try_into().expect("of this length")),
            _ => Self::Large(vec![0; LARGE_BYTES].try_into().expect("of this length")),
        };
        for piece in pieces {
            match &mut table {
                Self::Small(table) => table[place::<{ 1 << 16 }>(piece)] = 1,
                Self::Medium(table) => table[place::<{ 1 << 18 }>(piece)] = 1,
                Self::Large(table) => {
                    let (place, bit) = place_of_bit(piece);
                    table[place] |= 1 << bit;
                }
            }
        }
        table
    }
}

pub(super) fn hash(piece: u32) -> u32 {
    piece.wrapping_mul(0x9e37_79b1)
}

/// Where a table of this size has the byte of a piece.
#[inline]
fn place<const SIZE: usize>(piece: u32) -> usize {
    (hash(piece) >> (32 - SIZE.trailing_zeros())) as usize
}

#[inline]
fn place_of_bit(piece: u32) -> (usize, u32) {
    (place::<LARGE_BYTES>(piece), hash(piece) >> 8 & 7)
}

impl<const SIZE: usize> Lookup for &[u8; SIZE] {
    #[inline]
    fn look_up(self, piece: u32) -> u8 {
        self[place::<SIZE>(piece)]
    }
}

impl Lookup for Bits<'_> {
    #[inline]
    fn look_up(self, piece: u32) -> u8 {
        let (place, bit) = place_of_bit(piece);
        self.0[place] >> bit
    }
}
