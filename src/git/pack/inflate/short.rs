//! Inflates short streams whose codes are their own.
//!
//! In: a stream, and the size that it must inflate to. Out: exactly so many bytes,
//! their checksum right, or that the stream is for libdeflate to judge: whatever
//! is damaged, unusual or long.
//!
//! Of the entries of a pack that have codes of their own most are a few hundred
//! bytes, such as nearly every commit. Of those libdeflate spends more on the
//! tables of the codes than on what they stand for. Here the tables are made
//! faster ([`super::code`]); on the streams taken of two repositories of the README,
//! the whole takes 0.71 (commits of ansible) to 0.83 times (blobs of git) as long on a
//! Xeon, 0.89 to 0.94 times on an EPYC (Zen 4).
//! The reading itself does what libdeflate's does, and on long streams it is a
//! tenth slower than that.

#![expect(clippy::inline_always, reason = "a symbol costs less than a call would")]

use std::cell::Cell;

use fearless_simd::{Level, dispatch};

use super::MARGIN_WRITTEN_BYTES;
use super::bits::{Bits, VALUE_SHIFT, value};
use super::head::{Codes, IS_END, IS_LITERAL, IS_OTHER};

/// A longer stream, with what is given after it, is left to libdeflate.
const MOST_COMPRESSED_BYTES: usize = 1 << 10;

/// Inflates one short stream after the other.
pub(super) struct Short {
    level: Level,
    codes: Box<Codes>,
}

impl Short {
    pub(super) fn new() -> Self {
        Self { level: Level::new(), codes: Box::new(Codes::new()) }
    }

    /// Whether a stream is one block with codes of its own, and short.
    pub(super) fn takes(compressed: &[u8]) -> bool {
        compressed.len() <= MOST_COMPRESSED_BYTES
            && compressed.get(2).is_some_and(|bits| bits & 7 == 0b101)
    }

    /// Writes what a stream inflates to, all of `place` but a margin of
    /// [`MARGIN_WRITTEN_BYTES`]; `None`, and anything written, where it is not as
    /// it should be.
    pub(super) fn inflate(&mut self, compressed: &[u8], place: &mut [u8]) -> Option<()> {
        let head = u16::from_be_bytes(*compressed.first_chunk()?);
        // Deflate, a window that is none too large, no dictionary.
        if head & 0x8f20 != 0x0800 || head % 31 != 0 {
            return None;
        }
        let mut bits = Bits::new(2);
        let size = self.block(&mut bits, compressed, place)?;
        let sum = u32::from_be_bytes(*compressed.get(bits.end()..)?.first_chunk()?);
        let content = place.get(..place.len().checked_sub(MARGIN_WRITTEN_BYTES)?)?;
        (size == content.len() && libdeflater::adler32(content) == sum).then_some(())
    }

    /// What one block stands for, if it has room.
    pub(super) fn block_alone(&mut self, deflated: &[u8], room_bytes: usize) -> Option<Vec<u8>> {
        let mut place = vec![0; room_bytes.checked_add(MARGIN_WRITTEN_BYTES)?];
        let size = self.block(&mut Bits::new(0), deflated, &mut place)?;
        place.truncate(size);
        (size <= room_bytes).then_some(place)
    }

    /// Writes what a block stands for; gives how many bytes.
    fn block(&mut self, bits: &mut Bits, compressed: &[u8], place: &mut [u8]) -> Option<usize> {
        let codes = &mut *self.codes;
        dispatch!(self.level, _simd => codes.read(bits, compressed))?;
        dispatch!(self.level, _simd => codes.inflate(bits, compressed, place))
    }
}

impl Codes {
    /// Writes what the block stands for, to its end; gives how many bytes.
    #[inline(always)]
    fn inflate(&self, bits: &mut Bits, compressed: &[u8], place: &mut [u8]) -> Option<usize> {
        let Self { literals, distances, .. } = self;
        let mut written = 0;
        let mut ahead = *bits;
        ahead.refill(compressed)?;
        let mut entry = literals.entry(ahead.word);
        'symbols: loop {
            let word = 'literals: {
                for _ in 0..LITERALS_AHEAD {
                    let word = ahead.word;
                    ahead.pass(entry);
                    if entry & IS_LITERAL == 0 {
                        break 'literals word;
                    }
                    *place.get_mut(written)? = (entry >> VALUE_SHIFT) as u8;
                    written += 1;
                    entry = literals.entry(ahead.word);
                }
                ahead.refill(compressed)?;
                continue 'symbols;
            };
            if entry & IS_OTHER != 0 {
                *bits = ahead;
                return (entry & IS_END != 0).then_some(written);
            }
            let length = value(entry, word);
            let distance = distances.entry(ahead.word);
            // A distance takes 21, and the next literal's entry 10 more.
            if (ahead.count as u8) < 31 {
                ahead.refill(compressed)?;
            }
            if distance & IS_OTHER != 0 {
                return None;
            }
            let offset = value(distance, ahead.word);
            ahead.pass(distance);
            entry = literals.entry(ahead.word);
            ahead.refill(compressed)?;
            copy(place, written, offset, length)?;
            written += length;
        }
    }
}

/// How many literals are read before bits are. Three take 30 of 56 at most; two and
/// a length take 35, which leaves enough to look the distance up.
const LITERALS_AHEAD: usize = 3;

/// What most copies are shorter than; they are made without asking for more.
const COPIED_BYTES: usize = 40;
const WORD_BYTES: usize = 8;

/// Copies `length` bytes to `at` from `offset` bytes before, one after the other,
/// so that those copied first may be copied again. Bytes after them are
/// overwritten.
#[inline(always)]
fn copy(bytes: &mut [u8], at: usize, offset: usize, length: usize) -> Option<()> {
    let cells = Cell::from_mut(&mut *bytes).as_slice_of_cells();
    let from = at.wrapping_sub(offset);
    let source = cells.get(from..)?.first_chunk::<COPIED_BYTES>()?;
    let place = cells.get(at..)?.first_chunk::<MARGIN_WRITTEN_BYTES>()?;
    if offset >= WORD_BYTES && length <= COPIED_BYTES {
        for word in 0..COPIED_BYTES / WORD_BYTES {
            let start = word * WORD_BYTES;
            let read: [u8; WORD_BYTES] = std::array::from_fn(|byte| source[start + byte].get());
            for (byte, read) in read.into_iter().enumerate() {
                place[start + byte].set(read);
            }
        }
        Some(())
    } else {
        copy_any(bytes.get_mut(from..at + length)?, offset)
    }
}

/// Repeats the first `offset` bytes until the end.
#[inline(never)]
fn copy_any(bytes: &mut [u8], offset: usize) -> Option<()> {
    let mut done = offset;
    while done < bytes.len() {
        let more = done.min(bytes.len() - done);
        let (known, rest) = bytes.split_at_mut_checked(done)?;
        rest.get_mut(..more)?.copy_from_slice(&known[..more]);
        done += more;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;
    use proptest::prelude::*;

    use super::super::head::LENGTHS_ORDER;
    use super::*;

    /// Texts with codes of many shapes: of few and of many symbols, some of them
    /// rare, and with bytes that come again near and far.
    fn text() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![8 => 0..3u8, 4 => b'a'..b'q', 1 => any::<u8>()];
        let run = prop::collection::vec(byte, 1..40);
        prop::collection::vec((run, 1..9usize, prop::option::of(0..20usize)), 1..30).prop_map(
            |runs| {
                let mut text = Vec::new();
                for (run, times, again) in &runs {
                    let run = again.and_then(|at| runs.get(at)).map_or(run, |(run, ..)| run);
                    text.extend(run.repeat(*times));
                }
                text
            },
        )
    }

    fn deflated(text: &[u8], level: u32) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(level));
        encoder.write_all(text).expect("a buffer takes it");
        encoder.finish().expect("a buffer takes it")
    }

    /// What a block is inflated to, its checksum left aside, by us and by
    /// libdeflate.
    fn both(deflated: &[u8], size: usize) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
        let followed = [deflated, &[0x5a; 16]].concat();
        let ours = Short::new().block_alone(&followed, size);
        let mut place = vec![0; size];
        let written = libdeflater::Decompressor::new().deflate_decompress(&followed, &mut place);
        (ours, written.ok().map(|size| place[..size].to_vec()))
    }

    proptest! {
        /// Whatever is inflated here is what libdeflate makes of it; of a damaged
        /// stream that is nothing, or the same.
        #[test]
        fn a_stream_is_inflated_as_libdeflate_does(
            text in text(), level in 1..10u32, flips in prop::collection::vec((0..600usize, 0..8u32), 0..3)
        ) {
            let mut deflated = deflated(&text, level);
            prop_assume!(deflated[0] & 7 == 0b101);
            for (at, bit) in flips {
                let len = deflated.len();
                deflated[at % len] ^= 1u8 << bit;
            }
            prop_assume!(deflated[0] & 7 == 0b101);
            let (ours, theirs) = both(&deflated, text.len());
            if ours.is_some() {
                prop_assert_eq!(ours, theirs);
            }
        }

        /// Bytes of any kind behind the head of a block.
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let bytes = [&[0b101 | 0b1110_0000, 0b1110_0000][..], &bytes].concat();
            let (ours, theirs) = both(&bytes, 500);
            prop_assert!(ours.is_none() || ours == theirs);
        }
    }

    /// A block that stands for "aa": a literal and the end have codes of one bit, as
    /// have two distances of the `distances` that there are said to be. `lengths`
    /// are written as they come: what each is, and the bits that follow it.
    fn block(distances: u64, lengths: &[(u64, u64)]) -> Vec<u8> {
        let (mut bits, mut count) = (0u128, 0);
        let mut push = |value: u64, length: u32| {
            bits |= u128::from(value) << count;
            count += length;
        };
        for (value, length) in [(0b101, 3), (0, 5), (distances - 1, 5), (18 - 4, 4)] {
            push(value, length);
        }
        // Of the symbols for lengths, these four have codes of two bits.
        for symbol in LENGTHS_ORDER.iter().take(18) {
            push(if [1, 16, 17, 18].contains(symbol) { 2 } else { 0 }, 3);
        }
        for (symbol, more) in lengths {
            match symbol {
                1 => push(0b00, 2),
                16 => push(0b10 | more << 2, 4),
                17 => push(0b01 | more << 2, 5),
                _ => push(0b11 | more << 2, 9),
            }
        }
        push(0b100, 3);
        bits.to_le_bytes().to_vec()
    }

    #[test]
    fn lengths_are_as_many_as_there_are_symbols() {
        // 97 without a code, one with, 158 without, the end.
        let literals = [(18, 97 - 11), (1, 0), (18, 138 - 11), (18, 20 - 11), (1, 0)];
        let all = |last: &[(u64, u64)]| [&literals[..], last].concat();
        for (distances, lengths) in
            [(2, all(&[(1, 0), (1, 0)])), (5, all(&[(1, 0), (1, 0), (17, 0)]))]
        {
            let (ours, theirs) = both(&block(distances, &lengths), 2);
            assert_eq!(ours.as_deref(), Some(&b"aa"[..]), "{lengths:?}");
            assert_eq!(ours, theirs);
        }
        for (distances, lengths) in [
            // More than there are symbols, and the last one before the first.
            (4, all(&[(1, 0), (1, 0), (17, 0)])),
            (2, [&[(16, 0), (18, 94 - 11)], &literals[1..], &[(1, 0), (1, 0)]].concat()),
        ] {
            let (ours, theirs) = both(&block(distances, &lengths), 2);
            assert_eq!((ours, theirs), (None, None), "{lengths:?}");
        }
    }

    /// Sentences, of which nearly every stream in a pack that is taken is made.
    #[test]
    fn short_streams_of_text_are_not_left_to_libdeflate() {
        let (mut taken, mut text) = (0, String::new());
        for number in 0..60u64 {
            let word = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
            text +=
                &format!("commit {word:x}: sweep the {number}th pack of them, as {word} says\n");
            for level in 1..10 {
                let deflated = deflated(text.as_bytes(), level);
                if deflated[0] & 7 == 0b101 && deflated.len() < MOST_COMPRESSED_BYTES {
                    let (ours, theirs) = both(&deflated, text.len());
                    assert_eq!(ours.as_deref(), Some(text.as_bytes()), "{number} {level}");
                    assert_eq!(ours, theirs);
                    taken += 1;
                }
            }
        }
        assert!(taken > 100, "{taken}");
    }

    /// A zlib stream is taken whole, or not at all.
    #[test]
    fn a_stream_with_a_wrong_head_sum_or_size_is_not_taken() {
        let text: String = (0..99u32).map(|at| format!("{} lines, ", at * at % 67)).collect();
        let text = text.as_bytes();
        let sum = libdeflater::adler32(text).to_be_bytes();
        let deflated = deflated(text, 9);
        assert_eq!(deflated[0] & 7, 0b101, "codes of its own");
        let stream = [&[0x78, 0x9c][..], &deflated, &sum].concat();
        let inflated = |stream: &[u8], size: usize| {
            let mut place = vec![0; size + MARGIN_WRITTEN_BYTES];
            assert!(Short::takes(stream));
            let followed = [stream, &[0x5a; 16]].concat();
            Short::new().inflate(&followed, &mut place).map(|()| place[..size].to_vec())
        };
        assert_eq!(inflated(&stream, text.len()).as_deref(), Some(text));
        for size in [0, 1, text.len() - 1, text.len() + 1, 2 * text.len()] {
            assert_eq!(inflated(&stream, size), None, "{size}");
        }
        for (at, bit) in [(0, 0), (0, 7), (1, 0), (1, 5), (stream.len() - 1, 0)] {
            let mut other = stream.clone();
            other[at] ^= 1u8 << bit;
            assert_eq!(inflated(&other, text.len()), None, "{at}");
        }
        let len = stream.len();
        assert_eq!(inflated(&stream[..len - 5], text.len()), None);
    }
}
