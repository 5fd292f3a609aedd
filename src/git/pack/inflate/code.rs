//! A prefix code of deflate, and the table that it is read by.
//!
//! In: symbols, each with the length of its code, in their order. Out: for every
//! run of bits the entry of the symbol whose code it begins with. What an entry
//! says beyond its lengths, the caller knows.

#![expect(clippy::inline_always, reason = "a symbol costs less than a call would")]

/// How many bits the longest code has that a table of some code is made for.
const MOST_BITS: u32 = 10;

/// The longest code that deflate allows, in bits.
const LONGEST: usize = 15;

/// What an entry begins with and [`Code::build`] adds: how many bits the code
/// and what belongs to it take, and how many the code alone, a byte each.
const ONE_BIT: u32 = 0x101;

/// Numbers of [`MOST_BITS`], the first bit last.
static REVERSED: [u16; 1 << MOST_BITS] = {
    let mut reversed = [0; 1 << MOST_BITS];
    let mut number = 0;
    while number < reversed.len() {
        reversed[number] = (number as u16).reverse_bits() >> (u16::BITS - MOST_BITS);
        number += 1;
    }
    reversed
};

/// A code for some symbols, and its table, which has a place for every run of as
/// many bits as its longest code may have.
///
/// Symbols are sorted by length while their lengths are read, and those without a
/// code, most of all, are never looked at. libdeflate counts the lengths of all of
/// them, then sorts them, each step waiting for the one before: two thirds of what
/// its tables take.
pub(super) struct Code<const SYMBOLS: usize, const PLACES: usize> {
    /// How many symbols have a code of each length.
    counts: [u16; LONGEST + 1],
    /// Those symbols.
    symbols: [[u16; SYMBOLS]; LONGEST + 1],
    table: [u32; PLACES],
}

impl<const SYMBOLS: usize, const PLACES: usize> Code<SYMBOLS, PLACES> {
    const BITS: u32 = PLACES.ilog2();

    pub(super) const fn new() -> Self {
        assert!(PLACES.is_power_of_two() && Self::BITS <= MOST_BITS, "a table of that size");
        Self { counts: [0; LONGEST + 1], symbols: [[0; SYMBOLS]; LONGEST + 1], table: [0; PLACES] }
    }

    /// Forgets all symbols.
    #[inline(always)]
    pub(super) fn clear(&mut self) {
        self.counts = [0; LONGEST + 1];
    }

    /// Takes the next symbol that has a code, of `length` bits.
    #[inline(always)]
    pub(super) fn push(&mut self, length: usize, symbol: usize) -> Option<()> {
        let count = self.counts.get_mut(length)?;
        *self.symbols[length].get_mut(usize::from(*count))? = symbol as u16;
        *count += 1;
        Some(())
    }

    /// Makes the table of each symbol's entry; `None` where the codes are not all
    /// there is room for, or some are longer than the table is made for.
    #[inline(always)]
    pub(super) fn build(&mut self, entries: &[u32; SYMBOLS]) -> Option<()> {
        // The next code, shifted to the left of `MOST_BITS`.
        let mut code = 0;
        for length in 1..=Self::BITS {
            // What is there so far stands for either value of one more bit.
            if code > 0 {
                double(&mut self.table, 1 << (length - 1));
            }
            let count = usize::from(self.counts[length as usize]);
            for symbol in self.symbols[length as usize].get(..count)? {
                let place = usize::from(*REVERSED.get(code)?);
                self.table[place & (PLACES - 1)] =
                    entries.get(usize::from(*symbol))? + length * ONE_BIT;
                code += 1 << (MOST_BITS - length);
            }
        }
        let longer = &self.counts[Self::BITS as usize + 1..];
        (code == 1 << MOST_BITS && longer.iter().all(|count| *count == 0)).then_some(())
    }

    /// The entry of the symbol whose code these bits begin with, the first lowest.
    #[inline(always)]
    pub(super) fn entry(&self, bits: u64) -> u32 {
        self.table[bits as usize & (PLACES - 1)]
    }
}

/// Copies the first `known` places, a power of two, behind themselves. That is
/// done for a few places many times, and a call would cost more than they.
#[inline(always)]
fn double(table: &mut [u32], known: usize) {
    const TOGETHER: usize = 8;
    let (without, with) = table.split_at_mut(known);
    let (blocks, places) = with[..known].as_chunks_mut::<TOGETHER>();
    for (to, from) in blocks.iter_mut().zip(without.as_chunks::<TOGETHER>().0) {
        *to = *from;
    }
    for (to, from) in places.iter_mut().zip(&*without) {
        *to = *from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(lengths: &[usize]) -> Option<Code<8, 16>> {
        let mut code = Code::new();
        // Another code before it leaves nothing behind.
        for symbol in 0..2 {
            code.push(1, symbol)?;
        }
        code.build(&[0xf << 16; 8])?;
        code.clear();
        for (symbol, length) in lengths.iter().enumerate().filter(|(_, length)| **length > 0) {
            code.push(*length, symbol)?;
        }
        code.build(&std::array::from_fn(|symbol| (symbol as u32) << 16))?;
        Some(code)
    }

    /// The example of RFC 1951, section 3.2.2: F has the code 00, and G 1110.
    #[test]
    fn codes_are_given_by_length_and_then_by_symbol() {
        let code = built(&[3, 3, 3, 3, 3, 2, 4, 4]).expect("a complete code");
        let codes = [(0b010u64, 3), (0b011, 3), (0b100, 3), (0b101, 3), (0b110, 3), (0b00, 2)];
        for (symbol, (bits, length)) in
            codes.into_iter().chain([(0b1110, 4), (0b1111, 4)]).enumerate()
        {
            let first_lowest = bits.reverse_bits() >> (64 - length);
            for after in 0..1 << (4 - length) {
                let entry = code.entry(first_lowest | after << length);
                assert_eq!(entry, ((symbol as u32) << 16) + length * ONE_BIT, "{symbol}");
            }
        }
    }

    #[test]
    fn a_code_that_is_not_complete_has_no_table() {
        for lengths in [
            &[][..],
            &[1],
            &[1, 2],
            &[1, 1, 1],
            &[1, 1, 4],
            &[1, 1, 5],
            &[1, 2, 3, 4, 5, 5],
            &[4; 8],
            &[16, 1, 1],
        ] {
            assert!(built(lengths).is_none(), "{lengths:?}");
        }
        assert!(built(&[1, 2, 3, 4, 4]).is_some());
    }
}
