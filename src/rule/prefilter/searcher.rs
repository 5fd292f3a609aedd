//! Finds many short forms at once.
//!
//! In: forms and bytes. Out: the places where a form stands.
//!
//! Of each form the four-byte pieces at as many successive places as the stride
//! is wide are put in a small bit table; a search looks up one piece of the
//! bytes every stride, and a form that stands anywhere is met by exactly one of
//! its pieces. No copy or case folding is needed, since pieces are put in with
//! every casing.

use super::forms::Pattern;

/// The widest stride; a wider one puts more pieces in for less.
const WIDEST_STRIDE: usize = 4;

/// The most casings of one piece that are put in.
const PIECE_VARIANTS: usize = 256;

/// A searcher for a fixed list of forms.
#[derive(Debug)]
pub(super) struct Searcher {
    forms: Vec<Pattern>,
    table: Table,
    /// Pieces sorted by hash bucket; those of bucket `b` lie between
    /// `starts[b]` and `starts[b + 1]`.
    pieces: Vec<Piece>,
    starts: Vec<u32>,
    stride: usize,
    /// 4, or 3 where some form is no longer.
    piece_bytes: usize,
}

/// One casing of a piece of a form.
#[derive(Debug, Clone, Copy)]
struct Piece {
    bytes: u32,
    form: u32,
    offset: u32,
}

/// A byte by hash, zero where no piece has that hash, in one of three sizes: a
/// small table stays in the caches, but a crowded one sends too many places to
/// be looked at. Bits instead of bytes would take an eighth of the room, and
/// measured a fifth slower.
#[derive(Debug)]
enum Table {
    Small(Box<[u8; 1 << 16]>),
    Medium(Box<[u8; 1 << 18]>),
    Large(Box<[u8; 1 << 21]>),
}

/// Look-ups that share one branch, since hits are rare.
const GROUP: usize = 8;

/// The logarithm of the number of buckets.
const BUCKET_BITS: u32 = 14;

fn hash(piece: u32) -> u32 {
    piece.wrapping_mul(0x9e37_79b1)
}

fn bucket(piece: u32) -> usize {
    (hash(piece) >> (32 - BUCKET_BITS)) as usize
}

/// A place where a form stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) form: usize,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Searcher {
    pub(super) fn new(forms: Vec<Pattern>) -> Self {
        let shortest = forms.iter().map(|form| form.places.len()).min().unwrap_or(4);
        let piece_bytes = shortest.min(4);
        let stride = (shortest - piece_bytes + 1).min(WIDEST_STRIDE);
        let mut pieces = Vec::new();
        for (number, form) in forms.iter().enumerate() {
            add_pieces(number as u32, form, stride, piece_bytes, &mut pieces);
        }
        pieces.sort_unstable_by_key(|piece| (bucket(piece.bytes), piece.bytes, piece.form));
        let mut starts = vec![0u32; (1 << BUCKET_BITS) + 1];
        for piece in &pieces {
            starts[bucket(piece.bytes) + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut table = match pieces.len() {
            0..2048 => Table::Small(vec![0; 1 << 16].try_into().expect("of this length")),
            2048..8192 => Table::Medium(vec![0; 1 << 18].try_into().expect("of this length")),
            _ => Table::Large(vec![0; 1 << 21].try_into().expect("of this length")),
        };
        for piece in &pieces {
            match &mut table {
                Table::Small(table) => table[place::<{ 1 << 16 }>(piece.bytes)] = 1,
                Table::Medium(table) => table[place::<{ 1 << 18 }>(piece.bytes)] = 1,
                Table::Large(table) => table[place::<{ 1 << 21 }>(piece.bytes)] = 1,
            }
        }
        Self { forms, table, pieces, starts, stride, piece_bytes }
    }

    pub(super) fn form(&self, number: usize) -> &Pattern {
        &self.forms[number]
    }

    /// The length of the longest form.
    pub(super) fn longest(&self) -> usize {
        self.forms.iter().map(|form| form.places.len()).max().unwrap_or(0)
    }

    /// Gives every place where a form stands, until told to stop; they come in
    /// no particular order. Says whether it was told to stop.
    pub(super) fn search(&self, bytes: &[u8], mut take: impl FnMut(Standing) -> bool) -> bool {
        match &self.table {
            Table::Small(table) => self.scan(table, bytes, &mut take),
            Table::Medium(table) => self.scan(table, bytes, &mut take),
            Table::Large(table) => self.scan(table, bytes, &mut take),
        }
    }

    fn scan<const SIZE: usize>(
        &self,
        table: &[u8; SIZE],
        bytes: &[u8],
        take: &mut impl FnMut(Standing) -> bool,
    ) -> bool {
        match (self.stride, self.piece_bytes) {
            (4, _) => self.stride::<SIZE, 4, 4>(table, bytes, take),
            (3, _) => self.stride::<SIZE, 3, 4>(table, bytes, take),
            (2, _) => self.stride::<SIZE, 2, 4>(table, bytes, take),
            (_, 4) => self.stride::<SIZE, 1, 4>(table, bytes, take),
            _ => self.stride::<SIZE, 1, 3>(table, bytes, take),
        }
    }

    /// Looks up the piece of `PIECE` bytes at every `STRIDE`th place.
    fn stride<const SIZE: usize, const STRIDE: usize, const PIECE: usize>(
        &self,
        table: &[u8; SIZE],
        bytes: &[u8],
        take: &mut impl FnMut(Standing) -> bool,
    ) -> bool {
        let mask = u32::MAX >> (8 * (4 - PIECE));
        let mut at = 0;
        while let Some(group) = bytes.get(at..at + (GROUP - 1) * STRIDE + 4) {
            let piece = |number: usize| {
                let start = number * STRIDE;
                let bytes = group[start..start + 4].try_into().expect("four bytes");
                u32::from_le_bytes(bytes) & mask
            };
            let mut found = 0;
            for number in 0..GROUP {
                found |= table[place::<SIZE>(piece(number))];
            }
            if found != 0 {
                for number in 0..GROUP {
                    let piece = piece(number);
                    if table[place::<SIZE>(piece)] != 0
                        && self.confirm(bytes, at + number * STRIDE, piece, take)
                    {
                        return true;
                    }
                }
            }
            at += GROUP * STRIDE;
        }
        while let Some(rest) = bytes.get(at..).filter(|rest| rest.len() >= PIECE) {
            let mut piece = [0; 4];
            piece[..PIECE].copy_from_slice(&rest[..PIECE]);
            let piece = u32::from_le_bytes(piece);
            if table[place::<SIZE>(piece)] != 0 && self.confirm(bytes, at, piece, take) {
                return true;
            }
            at += STRIDE;
        }
        false
    }

    /// Looks at the forms that have this piece.
    #[inline(never)]
    fn confirm(
        &self,
        bytes: &[u8],
        at: usize,
        piece: u32,
        take: &mut impl FnMut(Standing) -> bool,
    ) -> bool {
        let bucket = bucket(piece);
        let (first, last) = (self.starts[bucket] as usize, self.starts[bucket + 1] as usize);
        for candidate in self.pieces[first..last].iter().filter(|found| found.bytes == piece) {
            let Some(start) = at.checked_sub(candidate.offset as usize) else { continue };
            let form = &self.forms[candidate.form as usize];
            if form.stands_at(&bytes[start..]) {
                let end = start + form.places.len();
                if take(Standing { form: candidate.form as usize, start, end }) {
                    return true;
                }
            }
        }
        false
    }
}

/// Where a table of this size has the byte of a piece.
#[inline]
fn place<const SIZE: usize>(piece: u32) -> usize {
    (hash(piece) >> (32 - SIZE.trailing_zeros())) as usize
}

/// Puts in the pieces of a form that successive look-ups can meet, from where
/// they are rarest.
fn add_pieces(
    number: u32,
    form: &Pattern,
    stride: usize,
    piece_bytes: usize,
    pieces: &mut Vec<Piece>,
) {
    let span = stride + piece_bytes - 1;
    let start = (0..=form.places.len() - span)
        .min_by_key(|start| {
            (0..stride).map(|offset| commonness(form, start + offset, piece_bytes)).max()
        })
        .unwrap_or(0);
    for offset in start..start + stride {
        let mut variants: Vec<u32> = vec![0];
        for (at, place) in form.places[offset..offset + piece_bytes].iter().enumerate() {
            variants = variants
                .iter()
                .flat_map(|piece| {
                    place.bytes().iter().map(move |byte| piece | u32::from(*byte) << (8 * at))
                })
                .collect();
            debug_assert!(variants.len() <= PIECE_VARIANTS, "four places of four bytes");
        }
        pieces.extend(variants.into_iter().map(|bytes| Piece {
            bytes,
            form: number,
            offset: offset as u32,
        }));
    }
}

/// How often a piece is met in files, roughly: by its letters alone.
fn commonness(form: &Pattern, start: usize, piece_bytes: usize) -> u32 {
    /// Letters, the most common in program texts and English first; the rest
    /// counts as rare, a NUL and a space as very common.
    const LETTERS: &[u8] = b"etaionsrlcdupmfhgbyvwk_xzqj";
    form.places[start..start + piece_bytes]
        .iter()
        .map(|place| match place.bytes()[0].to_ascii_lowercase() {
            0 | b' ' => 32,
            byte => {
                LETTERS.iter().position(|letter| *letter == byte).map_or(4, |rank| 28 - rank as u32)
            }
        })
        .sum()
}
