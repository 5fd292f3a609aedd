//! The head of a block: the codes that are its own.
//!
//! In: the bits of a block, hostile. Out: its codes for literals, lengths and
//! distances, ready to be read by; or that they are none, or unusual.

#![expect(clippy::inline_always, reason = "a symbol costs less than a call would")]

use std::hint::select_unpredictable;

use super::bits::{Bits, VALUE_SHIFT, value};
use super::code::Code;

/// Symbols for literals, the end and lengths; and for distances.
const LITERALS: usize = 288;
const DISTANCES: usize = 32;

/// The symbol that ends a stream, and its entry.
const END: usize = 256;
pub(super) const IS_END: u32 = 1 << 14;
/// An entry that is none of a literal, a length or a distance.
pub(super) const IS_OTHER: u32 = 1 << 15;
/// The entry of a literal: which it is stands in the third byte.
pub(super) const IS_LITERAL: u32 = 1 << 31;

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
/// are stored, which whoever writes a block by hand must know.
const LENGTHS: usize = 19;
pub(super) const LENGTHS_ORDER: [usize; LENGTHS] =
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

/// The codes of a block.
pub(super) struct Codes {
    pub(super) literals: Code<LITERALS, 1024>,
    pub(super) distances: Code<DISTANCES, 256>,
    lengths: Code<LENGTHS, 128>,
}

impl Codes {
    pub(super) const fn new() -> Self {
        Self { literals: Code::new(), distances: Code::new(), lengths: Code::new() }
    }

    /// Reads the head of a block, and its codes.
    #[inline(always)]
    pub(super) fn read(&mut self, bits: &mut Bits, compressed: &[u8]) -> Option<()> {
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
            // Four take 56 bits at most.
            for _ in 0..4 {
                let entry = self.lengths.entry(bits.word);
                let times = value(entry & !(u32::MAX << LENGTH_SHIFT), bits.word);
                bits.pass(entry);
                let is_again = entry & IS_AGAIN != 0;
                last = select_unpredictable(is_again, last, (entry >> LENGTH_SHIFT) as u8);
                *lengths.get_mut(symbol..)?.first_chunk_mut()? = [last; TOGETHER];
                symbol += times;
                if symbol >= all {
                    break;
                }
            }
        }
        lengths[all..].fill(0);
        (symbol == all).then_some(lengths)
    }
}

/// How many lengths are written, and looked at, at once.
const TOGETHER: usize = 8;

/// As many lengths as there can be, and eight more, in whole words.
const LENGTHS_BYTES: usize = (LITERALS + DISTANCES + TOGETHER).next_multiple_of(64);

/// Gives the length of each symbol's code, but of those that have none.
#[inline(always)]
fn each_code(lengths: &[u8], mut push: impl FnMut(usize, usize) -> Option<()>) -> Option<()> {
    for (at, block) in lengths.chunks(64).enumerate() {
        // A bit for each that is not zero.
        let mut set = 0u64;
        for (at, word) in block.chunks(TOGETHER).enumerate() {
            let mut bytes = [0; TOGETHER];
            bytes[..word.len()].copy_from_slice(word);
            // Of less than 128 each: the sums have their highest bits set.
            let sums = u64::from_le_bytes(bytes) + u64::from_le_bytes([0x7f; TOGETHER]);
            let highest = sums >> 7 & u64::from_le_bytes([1; TOGETHER]);
            set |= (highest.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (TOGETHER * at);
        }
        while set != 0 {
            let symbol = set.trailing_zeros() as usize;
            push(block[symbol].into(), at * 64 + symbol)?;
            set &= set - 1;
        }
    }
    Some(())
}
