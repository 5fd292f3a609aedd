//! Inflates short streams whose codes are their own.
//!
//! In: a stream, and the size that it must inflate to. Out: exactly so many bytes,
//! their checksum right, or that the stream is for libdeflate to judge: whatever
//! is damaged, unusual or long.
//!
//! Of the entries of a pack that have codes of their own most are a few hundred
//! bytes, such as nearly every commit. Of those libdeflate spends more on the
//! tables of the codes than on what they stand for. Here the tables are made
//! faster ([`Code`]); on the streams taken of two repositories of the README,
//! the whole takes 0.71 (commits of ansible) to 0.83 times (blobs of git) as long.
//! The reading itself does what libdeflate's does, and on long streams it is a
//! tenth slower than that.

#![expect(clippy::inline_always, reason = "a symbol costs less than a call would")]

use std::cell::Cell;
use std::hint::select_unpredictable;

use fearless_simd::{Level, dispatch};

use super::MARGIN_WRITTEN_BYTES;
use super::code::Code;

/// A longer stream, with what is given after it, is left to libdeflate.
pub(super) const MOST_COMPRESSED_BYTES: usize = 1 << 10;

/// Symbols for literals, the end and lengths; and for distances.
const LITERALS: usize = 288;
const DISTANCES: usize = 32;

/// The symbol that ends a stream, and its entry.
const END: usize = 256;
const IS_END: u32 = 1 << 14;
/// An entry that is none of a literal, a length or a distance.
const IS_OTHER: u32 = 1 << 15;
/// The entry of a literal: which it is stands in the third byte.
const IS_LITERAL: u32 = 1 << 31;
/// Where in an entry the literal, the least length or the least distance stands.
const VALUE_SHIFT: u32 = 16;

/// As RFC 1951 has them in section 3.2.5, with how many bits follow the code in
/// the lowest byte.
static LITERAL_ENTRIES: [u32; LITERALS] = {
    let mut entries = [IS_OTHER; LITERALS];
    let mut symbol = 0;
    while symbol < END {
        entries[symbol] = IS_LITERAL | (symbol as u32) << VALUE_SHIFT;
        symbol += 1;
    }
    entries[END] |= IS_END;
    let (mut least, mut symbol) = (3, END + 1);
    while symbol < 285 {
        let group = (symbol - END - 1) as u32 / 4;
        let more = if group < 2 { 0 } else { group - 1 };
        entries[symbol] = least << VALUE_SHIFT | more;
        least += 1 << more;
        symbol += 1;
    }
    entries[285] = 258 << VALUE_SHIFT;
    entries
};
static DISTANCE_ENTRIES: [u32; DISTANCES] = {
    let mut entries = [IS_OTHER; DISTANCES];
    let (mut least, mut symbol) = (1, 0);
    while symbol < 30 {
        let more = if symbol < 4 { 0 } else { symbol as u32 / 2 - 1 };
        entries[symbol] = least << VALUE_SHIFT | more;
        least += 1 << more;
        symbol += 1;
    }
    entries
};

/// Symbols for the lengths of codes, and in which order those of their own codes
/// are stored.
const LENGTHS: usize = 19;
const LENGTHS_ORDER: [usize; LENGTHS] =
    [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// As RFC 1951 has them in section 3.2.7: how often at least a length comes, and
/// in the uppermost byte which it is; or that it is the last one again.
static LENGTH_ENTRIES: [u32; LENGTHS] = {
    let mut entries = [0; LENGTHS];
    let mut length = 0;
    while length < 16 {
        entries[length] = (length as u32) << LENGTH_SHIFT | 1 << VALUE_SHIFT;
        length += 1;
    }
    entries[16] = IS_AGAIN | 3 << VALUE_SHIFT | 2;
    entries[17] = 3 << VALUE_SHIFT | 3;
    entries[18] = 11 << VALUE_SHIFT | 7;
    entries
};
const LENGTH_SHIFT: u32 = 24;
const IS_AGAIN: u32 = 1 << 31;

/// Inflates one short stream after the other.
pub(super) struct Short {
    level: Level,
    codes: Box<Codes>,
}

struct Codes {
    literals: Code<LITERALS, 1024>,
    distances: Code<DISTANCES, 256>,
    lengths: Code<LENGTHS, 128>,
}

impl Short {
    pub(super) fn new() -> Self {
        let codes = Codes { literals: Code::new(), distances: Code::new(), lengths: Code::new() };
        Self { level: Level::new(), codes: Box::new(codes) }
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
        let mut bits = Bits { word: 0, count: 0, at: 2 };
        let size = self.block(&mut bits, compressed, place)?;
        let sum = u32::from_be_bytes(*compressed.get(bits.end()..)?.first_chunk()?);
        let content = place.get(..place.len().checked_sub(MARGIN_WRITTEN_BYTES)?)?;
        (size == content.len() && libdeflater::adler32(content) == sum).then_some(())
    }

    /// What one block stands for, if it has room.
    pub(super) fn block_alone(&mut self, deflated: &[u8], room_bytes: usize) -> Option<Vec<u8>> {
        let mut place = vec![0; room_bytes.checked_add(MARGIN_WRITTEN_BYTES)?];
        let size = self.block(&mut Bits { word: 0, count: 0, at: 0 }, deflated, &mut place)?;
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

/// How many bits are ahead at least when a word was filled up by whole bytes: 56,
/// and up to seven more.
const FILLED_BITS: u32 = 0b11_1000;

/// The bits of a stream, the first of a byte lowest.
#[derive(Clone, Copy)]
struct Bits {
    /// The next ones.
    word: u64,
    /// How many of them are read; only the lowest byte counts, so that a whole
    /// entry can be subtracted.
    count: u32,
    /// Where those after them stand.
    at: usize,
}

impl Bits {
    /// Reads on until there are [`FILLED_BITS`] at least; `None` where fewer than
    /// eight bytes are left.
    #[inline(always)]
    fn refill(&mut self, compressed: &[u8]) -> Option<()> {
        let bytes = compressed.get(self.at..)?.first_chunk()?;
        self.word |= u64::from_le_bytes(*bytes) << (self.count & 63);
        self.at += 7 - (self.count as usize >> 3 & 7);
        self.count |= FILLED_BITS;
        Some(())
    }

    /// Passes as many as the lowest byte says.
    #[inline(always)]
    fn pass(&mut self, entry: u32) {
        self.word >>= entry & 63;
        self.count = self.count.wrapping_sub(entry);
    }

    /// Takes the next `count`.
    #[inline(always)]
    fn take(&mut self, count: u32) -> usize {
        let taken = self.word & !(u64::MAX << (count & 63));
        self.pass(count);
        taken as usize
    }

    /// Where the byte after the last begun one stands.
    fn end(&self) -> usize {
        self.at - (self.count as usize >> 3 & 7)
    }
}

/// The least length or distance of an entry, and what the bits after its code
/// add; `word` begins with the code.
#[inline(always)]
fn value(entry: u32, word: u64) -> usize {
    let more = (word & !(u64::MAX << (entry & 63))) >> (entry >> 8 & 63);
    (entry >> VALUE_SHIFT) as usize + more as usize
}

impl Codes {
    /// Reads the head of a block, and its codes.
    #[inline(always)]
    fn read(&mut self, bits: &mut Bits, compressed: &[u8]) -> Option<()> {
        bits.refill(compressed)?;
        bits.pass(3);
        let literals = bits.take(5) + 257;
        let all = literals + bits.take(5) + 1;
        let count = bits.take(4) + 4;
        let mut own = [0; LENGTHS];
        for (at, symbol) in LENGTHS_ORDER.into_iter().take(count).enumerate() {
            if at == 10 {
                bits.refill(compressed)?;
            }
            own[symbol] = bits.take(3);
        }
        self.lengths.clear();
        for (symbol, length) in own.into_iter().enumerate().filter(|(_, length)| *length > 0) {
            self.lengths.push(length, symbol)?;
        }
        self.lengths.build(&LENGTH_ENTRIES)?;
        let lengths = self.read_lengths(all, bits, compressed)?;
        let (literals, distances) = lengths[..literals + DISTANCES].split_at(literals);
        self.literals.clear();
        each_code(literals, |length, symbol| self.literals.push(length, symbol))?;
        self.literals.build(&LITERAL_ENTRIES)?;
        self.distances.clear();
        each_code(distances, |length, symbol| self.distances.push(length, symbol))?;
        self.distances.build(&DISTANCE_ENTRIES)
    }

    /// Reads the lengths of the codes of `all` symbols, zero for none.
    ///
    /// Whether one or several come cannot be foretold, so eight are written each
    /// time, and the next overwrite those too many. Longer runs are of zeros, which
    /// stand there already.
    #[inline(always)]
    fn read_lengths(
        &self,
        all: usize,
        bits: &mut Bits,
        compressed: &[u8],
    ) -> Option<[u8; LENGTHS_BYTES]> {
        let mut lengths = [0; LENGTHS_BYTES];
        // None that is allowed, should the first be the last one again.
        let (mut symbol, mut last) = (0, 16);
        while symbol < all {
            bits.refill(compressed)?;
            // Four take 56 bits at most, and run over by 4 times 138 at most.
            for _ in 0..4 {
                let entry = self.lengths.entry(bits.word);
                let times = value(entry & !(u32::MAX << LENGTH_SHIFT), bits.word);
                bits.pass(entry);
                let is_again = entry & IS_AGAIN != 0;
                last = select_unpredictable(is_again, last, (entry >> LENGTH_SHIFT) as u8);
                *lengths.get_mut(symbol..)?.first_chunk_mut()? = [last; WORD_BYTES];
                symbol += times;
                if symbol >= all {
                    break;
                }
            }
        }
        lengths[all..].fill(0);
        (symbol == all).then_some(lengths)
    }

    /// Writes what the block stands for, to its end; gives how many bytes.
    #[inline(always)]
    fn inflate(&self, bits: &mut Bits, compressed: &[u8], place: &mut [u8]) -> Option<usize> {
        let Self { literals, distances, .. } = self;
        let mut written = 0;
        let mut ahead = *bits;
        ahead.refill(compressed)?;
        let mut entry = literals.entry(ahead.word);
        // With 56 bits there are enough for three literals, or for two and a length.
        loop {
            let mut word = ahead.word;
            ahead.pass(entry);
            if entry & IS_LITERAL != 0 {
                let room = place.get_mut(written..)?.first_chunk_mut::<MARGIN_WRITTEN_BYTES>()?;
                room[0] = (entry >> VALUE_SHIFT) as u8;
                written += 1;
                entry = literals.entry(ahead.word);
                word = ahead.word;
                ahead.pass(entry);
                if entry & IS_LITERAL != 0 {
                    room[1] = (entry >> VALUE_SHIFT) as u8;
                    written += 1;
                    entry = literals.entry(ahead.word);
                    word = ahead.word;
                    ahead.pass(entry);
                    if entry & IS_LITERAL != 0 {
                        room[2] = (entry >> VALUE_SHIFT) as u8;
                        written += 1;
                        entry = literals.entry(ahead.word);
                        ahead.refill(compressed)?;
                        continue;
                    }
                }
            }
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

/// As many lengths as there can be, and eight more, in whole words.
const LENGTHS_BYTES: usize = (LITERALS + DISTANCES + WORD_BYTES).next_multiple_of(64);

/// Gives the length of each symbol's code, but of those that have none.
#[inline(always)]
fn each_code(lengths: &[u8], mut push: impl FnMut(usize, usize) -> Option<()>) -> Option<()> {
    for (at, block) in lengths.chunks(64).enumerate() {
        // A bit for each that is not zero.
        let mut set = 0u64;
        for (at, word) in block.chunks(WORD_BYTES).enumerate() {
            let mut bytes = [0; WORD_BYTES];
            bytes[..word.len()].copy_from_slice(word);
            // Of less than 128 each: the sums have their highest bits set.
            let sums = u64::from_le_bytes(bytes) + u64::from_le_bytes([0x7f; WORD_BYTES]);
            let highest = sums >> 7 & u64::from_le_bytes([1; WORD_BYTES]);
            set |= (highest.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (WORD_BYTES * at);
        }
        while set != 0 {
            let symbol = set.trailing_zeros() as usize;
            push(block[symbol].into(), at * 64 + symbol)?;
            set &= set - 1;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;
    use proptest::prelude::*;

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
