//! Short texts without an allocation.
//!
//! In: bytes. Out: their encodings, as far as a form reaches. A thousand
//! literals have seventy thousand such texts.

use data_encoding::BASE64_NOPAD;

/// More than any text here takes: 17 letters in UTF-16, in base64.
const ROOM: usize = 64;

/// A text of at most [`ROOM`] bytes; what is written beyond is dropped.
#[derive(Clone, Copy)]
pub(super) struct Short {
    bytes: [u8; ROOM],
    len: usize,
}

impl Short {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; ROOM], len: 0 }
    }

    pub(super) fn of(text: &[u8]) -> Self {
        let mut short = Self::new();
        short.extend(text);
        short
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    pub(super) fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
            self.len += 1;
        }
    }

    pub(super) fn extend(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.push(*byte);
        }
    }

    /// Makes the first `count` letters capitals.
    pub(super) fn capitalise(&mut self, count: usize) {
        let count = count.min(self.len);
        self.bytes[..count].make_ascii_uppercase();
    }

    /// Writes a number in digits of either case, no fewer than `least`.
    pub(super) fn number(&mut self, value: u8, radix: u8, least: usize, capitals: bool) {
        let digits = if capitals { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
        let (mut reversed, mut count, mut left) = ([0; 8], 0, value);
        while left > 0 || count < least {
            reversed[count] = digits[usize::from(left % radix)];
            count += 1;
            left /= radix;
        }
        for digit in reversed[..count].iter().rev() {
            self.push(*digit);
        }
    }

    /// The characters of base64 that hang on the text alone when `alignment`
    /// bytes stand before it in its group of three.
    pub(super) fn base64(&self, alignment: usize) -> Self {
        let mut padded = [0; ROOM];
        // Of a longer text more than a form's characters are decided anyway.
        let len = self.len.min(3 * ROOM / 4 - alignment);
        padded[alignment..alignment + len].copy_from_slice(&self.bytes[..len]);
        let padded = &padded[..alignment + len];
        let mut characters = [0; ROOM];
        BASE64_NOPAD.encode_mut(padded, &mut characters[..BASE64_NOPAD.encode_len(padded.len())]);
        // Of no text at all, or of too little, no character is decided.
        let decided = (8 * alignment).div_ceil(6)..8 * padded.len() / 6;
        Self::of(characters.get(decided).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_little_or_nothing_is_short() {
        for length in 0..4 {
            for alignment in 0..3 {
                let decided = Short::of(&b"abc"[..length]).base64(alignment);
                assert!(decided.bytes().len() <= 4, "{length} {alignment}");
            }
        }
    }
}
