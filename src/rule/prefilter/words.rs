//! Finds many words in any case at once.
//!
//! In: plain forms of some length, and bytes. Out: the places where one stands.
//!
//! Where keywords are a repository's own words, their four-byte pieces stand
//! everywhere, parts of other words. So of long words pieces of up to eight
//! bytes are looked up, folded, which needs no casings: a table of them is
//! small, and a piece that is found is nearly always the word.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::demands::Demands;
use super::forms::{ByteSet, Forms, Pattern};
use super::searcher::{commonness, piece_at};
use crate::rule::shape::Class;

/// The shortest word that is searched for so.
pub(super) const SHORTEST_BYTES: usize = 7;

/// The longest piece.
const PIECE_BYTES: usize = 8;

/// The table's size, a power of two: with four thousand pieces one place in 130
/// is taken.
const TABLE_BYTES: usize = 1 << 16;

/// Look-ups that share one branch.
const GROUP: usize = 8;

/// Sets the bit that is the case of a letter, in all eight bytes.
const FOLD: u64 = 0x2020_2020_2020_2020;

/// A searcher for a fixed list of plain forms.
#[derive(Debug)]
pub(super) struct Words {
    forms: Arc<Forms>,
    /// By hash, whether a piece is among those put in.
    table: Box<[u8; TABLE_BYTES]>,
    /// Sorted by bucket.
    pieces: Vec<Piece>,
    starts: Vec<u32>,
    bucket_shift: u32,
    /// What may follow words, each set once.
    nexts: Vec<Option<Class>>,
    stride: usize,
    piece_bytes: usize,
    /// The bytes of a piece within eight.
    mask: u64,
}

/// A piece of a word, folded.
#[derive(Debug, Clone, Copy)]
struct Piece {
    bytes: u64,
    form: u32,
    /// Where in the word it begins.
    offset: u16,
    /// Which set of bytes must follow the word.
    next: u16,
    /// The word's end counted from the piece.
    rest: u32,
}

/// A word's pieces at every place, and how common their letters are.
struct Row {
    pieces: Vec<u64>,
    weights: Vec<u32>,
}

impl Row {
    fn new(form: Pattern<'_>, piece_bytes: usize, mask: u64) -> Self {
        let piece = |places: &[ByteSet]| {
            let mut bytes = [0; PIECE_BYTES];
            for (byte, place) in bytes.iter_mut().zip(places) {
                *byte = place.first();
            }
            (u64::from_le_bytes(bytes) | FOLD) & mask
        };
        let weight = |places: &[ByteSet]| places.iter().copied().map(commonness).sum();
        Self {
            pieces: form.places.windows(piece_bytes).map(piece).collect(),
            weights: form.places.windows(piece_bytes).map(weight).collect(),
        }
    }

    /// The successive places of pieces that are met least: what several words
    /// share, others that are not searched for hold too.
    fn rarest(&self, stride: usize, shared: &HashMap<u64, u32>) -> Range<usize> {
        let common = |places: Range<usize>| {
            places.map(|at| (shared.get(&self.pieces[at]), self.weights[at])).max()
        };
        let first = (0..=self.pieces.len() - stride)
            .rev()
            .min_by_key(|first| common(*first..first + stride))
            .unwrap_or(0);
        first..first + stride
    }
}

fn hash(piece: u64) -> u64 {
    piece.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Where the table has the bit of a piece.
#[inline]
fn place(piece: u64) -> (usize, u32) {
    let hash = hash(piece);
    ((hash >> (64 - TABLE_BYTES.trailing_zeros())) as usize, (hash >> 40) as u32 & 7)
}

impl Words {
    /// Takes plain forms of [`SHORTEST_BYTES`] or more, by number, and what is
    /// asked of the places where they stand.
    pub(super) fn new(forms: &Arc<Forms>, chosen: &[u32], demands: &Demands) -> Self {
        let lengths = chosen.iter().map(|form| forms.get(*form).places.len());
        let shortest = lengths.min().unwrap_or(PIECE_BYTES);
        let stride = if shortest > 8 { 4 } else { 3 };
        let piece_bytes = (shortest + 1 - stride).min(PIECE_BYTES);
        let mask = u64::MAX >> (8 * (PIECE_BYTES - piece_bytes));
        let row = |form: &u32| Row::new(forms.get(*form), piece_bytes, mask);
        let rows: Vec<Row> = chosen.iter().map(row).collect();
        let mut shared: HashMap<u64, u32> = HashMap::new();
        for piece in rows.iter().flat_map(|row| &row.pieces) {
            *shared.entry(*piece).or_default() += 1;
        }
        let mut pieces = Vec::with_capacity(chosen.len() * stride);
        let mut nexts: Vec<Option<Class>> = Vec::new();
        for (number, row) in chosen.iter().zip(&rows) {
            let form = forms.get(*number);
            let next = demands.next(form.literal);
            let next = nexts.iter().position(|known| *known == next).unwrap_or_else(|| {
                nexts.push(next);
                nexts.len() - 1
            });
            for offset in row.rarest(stride, &shared) {
                pieces.push(Piece {
                    bytes: row.pieces[offset],
                    form: *number,
                    offset: offset as u16,
                    next: next as u16,
                    rest: (form.places.len() - offset) as u32,
                });
            }
        }
        let bits = pieces.len().next_power_of_two().trailing_zeros().clamp(8, 20);
        let bucket_shift = 64 - bits;
        pieces.sort_unstable_by_key(|piece| hash(piece.bytes));
        let mut table: Box<[u8; TABLE_BYTES]> =
            vec![0; TABLE_BYTES].try_into().expect("of this length");
        let mut starts = vec![0u32; (1 << bits) + 1];
        for piece in &pieces {
            let (place, bit) = place(piece.bytes);
            table[place] |= 1 << bit;
            starts[(hash(piece.bytes) >> bucket_shift) as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let forms = Arc::clone(forms);
        Self { forms, table, pieces, starts, bucket_shift, nexts, stride, piece_bytes, mask }
    }

    /// Gives every place where a word stands, all of it in the range, and perhaps
    /// some that reach beyond it, until told to stop; they come in no particular
    /// order. Says whether it was told to stop.
    #[inline]
    pub(super) fn search(
        &self,
        bytes: &[u8],
        range: Range<usize>,
        take: &mut impl FnMut(Pattern<'_>, usize) -> bool,
    ) -> bool {
        if self.stride == 4 {
            self.stride::<4>(bytes, range, take)
        } else {
            self.stride::<3>(bytes, range, take)
        }
    }

    fn stride<const STRIDE: usize>(
        &self,
        bytes: &[u8],
        range: Range<usize>,
        take: &mut impl FnMut(Pattern<'_>, usize) -> bool,
    ) -> bool {
        let (mut at, inside) = (range.start, &bytes[..range.end]);
        while let Some(group) = inside.get(at..at + (GROUP - 1) * STRIDE + PIECE_BYTES) {
            let piece = |number: usize| {
                let start = number * STRIDE;
                let bytes = group[start..start + PIECE_BYTES].try_into().expect("eight bytes");
                (u64::from_le_bytes(bytes) | FOLD) & self.mask
            };
            let mut found = 0;
            for number in 0..GROUP {
                found |= self.look_up(piece(number));
            }
            if found & 1 != 0 {
                for number in 0..GROUP {
                    let piece = piece(number);
                    if self.look_up(piece) & 1 != 0
                        && self.confirm(bytes, at + number * STRIDE, piece, take)
                    {
                        return true;
                    }
                }
            }
            at += GROUP * STRIDE;
        }
        while at + self.piece_bytes <= range.end {
            let piece = (u64::from_le_bytes(piece_at(bytes, at)) | FOLD) & self.mask;
            if self.look_up(piece) & 1 != 0 && self.confirm(bytes, at, piece, take) {
                return true;
            }
            at += STRIDE;
        }
        false
    }

    /// The lowest bit says whether a piece may be one of those put in.
    #[inline]
    fn look_up(&self, piece: u64) -> u8 {
        let (place, bit) = place(piece);
        self.table[place] >> bit
    }

    /// Looks at the words that have this piece.
    #[inline(never)]
    fn confirm(
        &self,
        bytes: &[u8],
        at: usize,
        piece: u64,
        take: &mut impl FnMut(Pattern<'_>, usize) -> bool,
    ) -> bool {
        let bucket = (hash(piece) >> self.bucket_shift) as usize;
        let (first, last) = (self.starts[bucket] as usize, self.starts[bucket + 1] as usize);
        self.pieces[first..last].iter().filter(|known| known.bytes == piece).any(|known| {
            // Most words that stand here are followed by something else.
            let behind = bytes.get(at + known.rest as usize);
            let is_followed = self.nexts[usize::from(known.next)]
                .is_none_or(|next| behind.is_some_and(|byte| next.holds(*byte)));
            let Some(start) = at.checked_sub(usize::from(known.offset)) else { return false };
            let form = self.forms.get(known.form);
            is_followed && form.stands_at(&bytes[start..]) && take(form, start)
        })
    }
}
