//! Which pieces of four bytes lead to which forms.
//!
//! In: forms. Out: of each form the pieces that successive look-ups can meet,
//! in every casing, by hash.

use super::super::forms::{ByteSet, Forms};
use super::table::hash;

/// The most casings of one piece that are put in.
const PIECE_VARIANTS: usize = 256;

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
    /// The pieces of `piece_bytes` at `stride` successive places of each form
    /// chosen.
    pub(super) fn new(forms: &Forms, chosen: &[u32], stride: usize, piece_bytes: usize) -> Self {
        let mut unsorted = Vec::with_capacity(2 * stride * chosen.len());
        let (mut weights, mut variants) = (Vec::new(), [0; PIECE_VARIANTS]);
        for form in chosen {
            let places = forms.get(*form).places;
            let start = rarest(places, stride, piece_bytes, &mut weights);
            for at in start..start + stride {
                let bytes = spell(&places[at..at + piece_bytes], &mut variants);
                let offset = at as u32;
                unsorted.extend(bytes.iter().map(|bytes| Piece {
                    bytes: *bytes,
                    form: *form,
                    offset,
                }));
            }
        }
        let count = unsorted.len();
        // Several pieces a bucket: of many most are casings of a few.
        let bucket_bits = count.next_power_of_two().trailing_zeros().clamp(14, 22) - 2;
        let bucket = |piece: &Piece| (hash(piece.bytes) >> (32 - bucket_bits)) as usize;
        let mut starts = vec![0u32; (1 << bucket_bits) + 1];
        for piece in &unsorted {
            starts[bucket(piece) + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut pieces = vec![Piece::default(); count];
        for piece in unsorted {
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

/// Where the pieces of a form that successive look-ups can meet are rarest;
/// `weights` is scratch.
pub(super) fn rarest(
    places: &[ByteSet],
    stride: usize,
    piece_bytes: usize,
    weights: &mut Vec<u32>,
) -> usize {
    weights.clear();
    weights.extend(places.iter().copied().map(commonness));
    // Of a piece what its bytes weigh, of a start what its commonest piece does.
    let starts = places.len().saturating_sub(stride + piece_bytes - 1);
    for at in 0..=places.len() - piece_bytes {
        weights[at] = weights[at..at + piece_bytes].iter().sum();
    }
    let common = |start: &usize| weights[*start..*start + stride].iter().max().copied();
    (0..=starts).min_by_key(common).unwrap_or(0)
}

/// Every casing of a piece.
fn spell<'v>(piece: &[ByteSet], variants: &'v mut [u32; PIECE_VARIANTS]) -> &'v [u32] {
    variants[0] = 0;
    let mut count = 1;
    for (at, place) in piece.iter().enumerate() {
        let bytes = place.bytes();
        for (number, byte) in bytes.iter().enumerate().rev() {
            for variant in 0..count {
                variants[number * count + variant] =
                    variants[variant] | u32::from(*byte) << (8 * at);
            }
        }
        count *= bytes.len();
    }
    &variants[..count]
}

/// How often a byte is met in files, roughly.
pub(in super::super) fn commonness(place: ByteSet) -> u32 {
    u32::from(COMMONNESS[usize::from(place.first())])
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
