//! Which pieces of four bytes lead to which forms.
//!
//! In: forms. Out: of each form the pieces that successive look-ups can meet,
//! in every casing, by hash.

use super::super::forms::{ByteSet, Pattern};
use super::table::hash;
use crate::rule::parts::in_parts;

/// The most casings of one piece that are put in.
const PIECE_VARIANTS: usize = 256;

/// The least forms that are worth a thread.
const THREAD_FORMS: usize = 8_000;

/// One casing of a piece of a form.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Piece {
    pub(super) bytes: u32,
    pub(super) form: u32,
    /// Where in the form it begins.
    pub(super) offset: u32,
}

/// Pieces by hash.
#[derive(Debug)]
pub(super) struct Pieces {
    /// Sorted by bucket; those of bucket `b` lie between `starts[b]` and
    /// `starts[b + 1]`.
    pieces: Vec<Piece>,
    starts: Vec<u32>,
    bucket_bits: u32,
}

impl Pieces {
    /// The pieces of `piece_bytes` at `stride` successive places of each form.
    pub(super) fn new(forms: &[Pattern], stride: usize, piece_bytes: usize) -> Self {
        let numbered: Vec<(usize, &Pattern)> = forms.iter().enumerate().collect();
        let unsorted = in_parts(&numbered, THREAD_FORMS, |forms| {
            let mut pieces = Vec::new();
            for (number, form) in forms {
                add(*number as u32, &form.places, stride, piece_bytes, &mut pieces);
            }
            pieces
        });
        let count = unsorted.iter().map(Vec::len).sum::<usize>();
        // Several pieces a bucket: of many most are casings of a few.
        let bucket_bits = count.next_power_of_two().trailing_zeros().clamp(14, 22) - 2;
        let bucket = |piece: &Piece| (hash(piece.bytes) >> (32 - bucket_bits)) as usize;
        let mut starts = vec![0u32; (1 << bucket_bits) + 1];
        for piece in unsorted.iter().flatten() {
            starts[bucket(piece) + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut pieces = vec![Piece::default(); count];
        for piece in unsorted.into_iter().flatten() {
            let place = &mut next[bucket(&piece)];
            pieces[*place as usize] = piece;
            *place += 1;
        }
        Self { pieces, starts, bucket_bits }
    }

    /// All of them.
    pub(super) fn all(&self) -> &[Piece] {
        &self.pieces
    }

    /// Those of these bytes, and some others.
    #[inline]
    pub(super) fn near(&self, piece: u32) -> &[Piece] {
        let bucket = (hash(piece) >> (32 - self.bucket_bits)) as usize;
        &self.pieces[self.starts[bucket] as usize..self.starts[bucket + 1] as usize]
    }
}

/// Puts in the pieces of a form that successive look-ups can meet, from where
/// they are rarest.
fn add(form: u32, places: &[ByteSet], stride: usize, piece_bytes: usize, pieces: &mut Vec<Piece>) {
    let weights: Vec<u32> = places.iter().copied().map(commonness).collect();
    let span = stride + piece_bytes - 1;
    let start = weights
        .windows(span)
        .enumerate()
        .min_by_key(|(_, window)| {
            window.windows(piece_bytes).map(|piece| piece.iter().sum::<u32>()).max()
        })
        .map_or(0, |(start, _)| start);
    for offset in start..start + stride {
        let end = offset + piece_bytes;
        let mut variants = [0u32; PIECE_VARIANTS];
        let mut count = 1;
        for (at, place) in places[offset..end].iter().enumerate() {
            let bytes = place.bytes();
            for (number, byte) in bytes.iter().enumerate().rev() {
                for variant in 0..count {
                    variants[number * count + variant] =
                        variants[variant] | u32::from(*byte) << (8 * at);
                }
            }
            count *= bytes.len();
        }
        let offset = offset as u32;
        pieces.extend(variants[..count].iter().map(|bytes| Piece { bytes: *bytes, form, offset }));
    }
}

/// How often a byte is met in files, roughly.
pub(in super::super) fn commonness(place: ByteSet) -> u32 {
    u32::from(COMMONNESS[usize::from(place.bytes()[0])])
}

/// Letters, the most common in program texts and English first; the rest counts
/// as rare, a NUL and a space as very common.
const COMMONNESS: [u8; 256] = {
    let letters = b"etaionsrlcdupmfhgbyvwk_xzqj";
    let mut commonness = [4; 256];
    let mut rank = 0;
    while rank < letters.len() {
        commonness[letters[rank] as usize] = 28 - rank as u8;
        commonness[letters[rank].to_ascii_uppercase() as usize] = 28 - rank as u8;
        rank += 1;
    }
    commonness[0] = 32;
    commonness[b' ' as usize] = 32;
    commonness
};
