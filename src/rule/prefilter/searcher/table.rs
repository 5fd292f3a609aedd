//! Which pieces are among those searched for, most of the time.
//!
//! In: pieces of four bytes. Out: whether a piece may be one of them: always
//! where it is, seldom where it is not.

/// One bit by hash for each piece, in one of three sizes: a small table stays
/// in the caches, but a crowded one sends too many places to be looked at. Of
/// the small ones whole bytes are asked first, since bits measured a fifth
/// slower, and the bit only where the byte has any; of the large one the bit,
/// since as many bytes would fit no cache.
#[derive(Debug)]
pub(super) enum Table {
    Small(Box<[u8; 1 << 16]>),
    Medium(Box<[u8; 1 << 18]>),
    Large(Box<[u8; LARGE_BYTES]>),
}

const LARGE_BYTES: usize = 1 << 19;

/// A table that is asked.
pub(super) trait Lookup: Copy {
    /// The bits of [`Lookup::glance`] that count.
    const COUNTS: u8;
    /// Bits, some of which count if the piece may be one of those put in.
    fn glance(self, piece: u32) -> u8;
    /// Whether it may be one of them, on a closer look.
    fn may_hold(self, piece: u32) -> bool;
}

/// A table of bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bits<'a>(pub(super) &'a [u8; LARGE_BYTES]);

impl Table {
    /// A table of these pieces, the smallest that they do not crowd.
    pub(super) fn new(pieces: impl Iterator<Item = u32> + Clone) -> Self {
        let mut table = vec![0; 1 << 16].try_into().expect("of this length");
        if fill(&mut table, pieces.clone()) < 2048 {
            return Self::Small(table);
        }
        let mut table = vec![0; 1 << 18].try_into().expect("of this length");
        if fill(&mut table, pieces.clone()) < 8192 {
            return Self::Medium(table);
        }
        let mut table: Box<[u8; LARGE_BYTES]> =
            vec![0; LARGE_BYTES].try_into().expect("of this length");
        fill(&mut table, pieces);
        Self::Large(table)
    }
}

/// Puts pieces in a table; gives how many bytes they take.
fn fill<const SIZE: usize>(
    table: &mut Box<[u8; SIZE]>,
    pieces: impl Iterator<Item = u32>,
) -> usize {
    let mut taken = 0;
    for piece in pieces {
        let place = &mut table[place::<SIZE>(piece)];
        taken += usize::from(*place == 0);
        *place |= 1 << bit(piece);
    }
    taken
}

pub(super) fn hash(piece: u32) -> u32 {
    piece.wrapping_mul(0x9e37_79b1)
}

/// Where a table of this size has the byte of a piece.
#[inline]
fn place<const SIZE: usize>(piece: u32) -> usize {
    (hash(piece) >> (32 - SIZE.trailing_zeros())) as usize
}

/// Which bit of its byte a piece has.
#[inline]
fn bit(piece: u32) -> u32 {
    hash(piece) >> 8 & 7
}

impl<const SIZE: usize> Lookup for &[u8; SIZE] {
    const COUNTS: u8 = u8::MAX;

    #[inline]
    fn glance(self, piece: u32) -> u8 {
        self[place::<SIZE>(piece)]
    }

    #[inline]
    fn may_hold(self, piece: u32) -> bool {
        self[place::<SIZE>(piece)] >> bit(piece) & 1 != 0
    }
}

impl Lookup for Bits<'_> {
    const COUNTS: u8 = 1;

    #[inline]
    fn glance(self, piece: u32) -> u8 {
        self.0[place::<LARGE_BYTES>(piece)] >> bit(piece)
    }

    #[inline]
    fn may_hold(self, piece: u32) -> bool {
        self.glance(piece) & Self::COUNTS != 0
    }
}
