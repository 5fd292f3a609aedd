//! What an escape could stand for.
//!
//! In: bytes that begin with an escape's sign. Out: each byte that the escape
//! can stand for, more rather than fewer, so that what decoding may turn into a
//! match is not passed over before. What is decoded in the end is decided in
//! [`crate::decode`]; nothing here knows rules.

use super::shape::Class;

/// The longest escape, in bytes.
pub(super) const LONGEST_ESCAPE_BYTES: usize = 12;

/// What an escape can stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelled {
    /// A byte.
    Byte(u8),
    /// A character beyond ASCII, by the first of its bytes.
    Character(u8),
    /// Nothing: a line that goes on.
    Nothing,
    /// Nobody knows yet: it is cut off, or written in escapes itself.
    Anything,
}

/// What HTML's named references stand for, those that are decoded and are no
/// signs of escapes.
const NAMED: &[u8] = b"\"'<>:_ /+.,;\n\t$`()[]";

/// Whether an escape can begin with a byte.
#[inline]
pub(super) fn is_sign(byte: u8) -> bool {
    matches!(byte, b'%' | b'\\' | b'&' | b'=')
}

/// The bytes that an escape can begin with.
pub(super) fn signs() -> Class {
    let mut signs = Class::default();
    (0..=u8::MAX).filter(|byte| is_sign(*byte)).for_each(|byte| signs.add(byte, byte));
    signs
}

/// Gives whatever the escape at the front of `text` can stand for, with its
/// length; nothing where none is there. `is_cut` says that `text` goes on past
/// its end.
pub(super) fn read(text: &[u8], is_cut: bool, mut take: impl FnMut(Spelled, usize)) {
    let mut escape = Escape { text, is_cut, take: &mut take };
    match text {
        [b'%', ..] => escape.digits(1, 16, 2),
        [b'=', ..] => escape.quoted_printable(),
        [b'&', ..] => escape.reference(),
        [b'\\', ..] => escape.backslash(),
        _ => {}
    }
}

struct Escape<'a> {
    text: &'a [u8],
    is_cut: bool,
    take: &'a mut dyn FnMut(Spelled, usize),
}

impl Escape<'_> {
    /// A fixed number of digits from `at` on.
    fn digits(&mut self, at: usize, radix: u32, count: usize) {
        let read = self.count(at, radix, count);
        if read < count {
            return self.broken(at + read);
        }
        self.value(at..at + count, radix, at + count);
    }

    /// One to `most` digits from `at` on, and an end.
    fn ended(&mut self, at: usize, radix: u32, most: usize, end: u8) {
        let read = self.count(at, radix, most);
        if read > 0 && self.text.get(at + read) == Some(&end) {
            self.value(at..at + read, radix, at + read + 1);
        } else {
            self.broken(at + read);
        }
    }

    fn count(&self, at: usize, radix: u32, most: usize) -> usize {
        let digits = self.text.iter().skip(at).take(most);
        digits.take_while(|byte| char::from(**byte).is_digit(radix)).count()
    }

    fn value(&mut self, digits: std::ops::Range<usize>, radix: u32, length: usize) {
        let value = self.text[digits].iter().fold(0u32, |value, digit| {
            value.wrapping_mul(radix) + char::from(*digit).to_digit(radix).unwrap_or(0)
        });
        // Only these write bytes, whatever the number; the others characters.
        let is_byte = radix == 8 || matches!(self.text, [b'%' | b'=', ..] | [b'\\', b'x', ..]);
        if let Some(byte) = u8::try_from(value).ok().filter(|byte| is_byte || byte.is_ascii()) {
            self.byte(byte, length);
        } else {
            // Half a pair, or none, is whatever the decoder makes of it.
            let spelled = char::from_u32(value).map_or(Spelled::Anything, |character| {
                Spelled::Character(character.encode_utf8(&mut [0; 4]).as_bytes()[0])
            });
            (self.take)(spelled, length);
        }
    }

    /// Gives a byte, and that it may be the sign of another escape.
    fn byte(&mut self, byte: u8, length: usize) {
        (self.take)(Spelled::Byte(byte), length);
        let next = self.text.get(length).copied();
        let goes_on = match (byte, next) {
            _ if !is_sign(byte) => false,
            (_, None) => self.is_cut,
            (_, Some(next)) if is_sign(next) => true,
            (b'%', Some(next)) => next.is_ascii_hexdigit(),
            (b'&', Some(next)) => next == b'#' || next.is_ascii_alphabetic(),
            (b'=', Some(next)) => next.is_ascii_hexdigit() || next.is_ascii_whitespace(),
            (_, Some(next)) => b"uUx0123nrt\"'/\n".contains(&next),
        };
        if goes_on {
            (self.take)(Spelled::Anything, length);
        }
    }

    /// Nothing is written here, unless the escape is cut off, or broken by
    /// another that is decoded first: `%5=`, a line's end, `F`.
    fn broken(&mut self, at: usize) {
        let is_other = match self.text.get(at) {
            None => self.is_cut,
            Some(byte) if !is_sign(*byte) || *byte == self.text[0] => false,
            Some(_) => {
                let mut is_escape = false;
                read(&self.text[at..], self.is_cut, |_, _| is_escape = true);
                is_escape
            }
        };
        if is_other {
            (self.take)(Spelled::Anything, at.min(self.text.len()));
        }
    }

    fn quoted_printable(&mut self) {
        let blanks =
            self.text[1..].iter().take(8).take_while(|b| matches!(b, b' ' | b'\t')).count();
        let at = 1 + blanks;
        match &self.text[at..] {
            [b'\r', b'\n', ..] => (self.take)(Spelled::Nothing, at + 2),
            [b'\n', ..] => (self.take)(Spelled::Nothing, at + 1),
            [] | [b'\r'] if self.is_cut => (self.take)(Spelled::Anything, self.text.len()),
            _ if blanks > 0 => self.broken(at),
            // The standard's digits are upper case; hexadecimal values are not.
            [b'0'..=b'9' | b'A'..=b'F', b'a'..=b'f', ..] | [b'a'..=b'f', ..] => {}
            _ => self.digits(1, 16, 2),
        }
    }

    fn reference(&mut self) {
        match &self.text[1..] {
            [b'#', b'x' | b'X', ..] => return self.ended(3, 16, 7, b';'),
            [b'#', ..] => return self.ended(2, 10, 7, b';'),
            _ => {}
        }
        let letters = self.text[1..].iter().take(8).take_while(|b| b.is_ascii_alphabetic()).count();
        if letters < 2 || self.text.get(1 + letters) != Some(&b';') {
            return self.broken(1 + letters);
        }
        let sign = match &self.text[1..=letters] {
            b"amp" => &b"&"[..],
            b"bsol" => b"\\",
            b"equals" => b"=",
            _ => NAMED,
        };
        for byte in sign {
            self.byte(*byte, letters + 2);
        }
    }

    fn backslash(&mut self) {
        let Some(next) = self.text.get(1) else { return self.broken(1) };
        match next {
            b'u' if self.text.get(2) == Some(&b'{') => self.ended(3, 16, 6, b'}'),
            b'u' => self.digits(2, 16, 4),
            b'U' => self.digits(2, 16, 8),
            b'x' => {
                self.bytes_of_a_database(1);
                self.digits(2, 16, 2);
            }
            b'0'..=b'3' => self.digits(1, 8, 3),
            b'n' => self.byte(b'\n', 2),
            b'r' => self.byte(b'\r', 2),
            b't' => self.byte(b'\t', 2),
            b'\\' => {
                self.bytes_of_a_database(2);
                self.byte(b'\\', 2);
            }
            b'"' | b'\'' | b'/' => self.byte(*next, 2),
            b'\n' => (self.take)(Spelled::Nothing, 2),
            _ => self.broken(1),
        }
    }

    /// PostgreSQL's mark before the digits of a value.
    fn bytes_of_a_database(&mut self, at: usize) {
        let digits = self.count(at + 1, 16, 8);
        let is_mark = self.text.get(at) == Some(&b'x')
            && (digits == 8 || (self.is_cut && at + 1 + digits == self.text.len()));
        if is_mark {
            (self.take)(Spelled::Nothing, at + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Spelled::{Anything, Byte, Nothing};
    use super::*;

    fn all(text: &str, is_cut: bool) -> Vec<(Spelled, usize)> {
        let mut all = Vec::new();
        read(text.as_bytes(), is_cut, |spelled, length| all.push((spelled, length)));
        all
    }

    #[test]
    fn escapes_stand_for_their_bytes() {
        for (text, byte, length) in [
            ("%5Fx", b'_', 3),
            ("%5fx", b'_', 3),
            ("=5F", b'_', 3),
            ("\\x5f", b'_', 4),
            ("\\u005F", b'_', 6),
            ("\\u{5f}", b'_', 6),
            ("\\U0000005f", b'_', 10),
            ("\\137", b'_', 4),
            ("\\n", b'\n', 2),
            ("\\\"", b'"', 2),
            ("&#95;", b'_', 5),
            ("&#x5f;", b'_', 6),
            ("\\\\ ", b'\\', 2),
        ] {
            assert_eq!(all(text, false), [(Byte(byte), length)], "{text}");
        }
        assert!(all("&UnderBar;", false).contains(&(Byte(b'_'), 10)));
        assert_eq!(all("=\n", false), [(Nothing, 2)]);
        assert_eq!(all("=  \r\n", false), [(Nothing, 5)]);
        assert_eq!(all("\\\n", false), [(Nothing, 2)]);
        assert_eq!(all("\\x41424344", false), [(Nothing, 2), (Byte(b'A'), 4)]);
        for text in
            ["%", "%4", "%d", "=", "==", "= x", "&&", "& x", "&a", "\\", "\\p", "\\400", "=ab"]
        {
            assert_eq!(all(text, false), [], "{text}");
        }
    }

    #[test]
    fn what_is_cut_or_escaped_twice_may_be_anything() {
        for text in ["%", "%4", "=", "= ", "=\r", "&", "&#", "&#9", "&gt", "\\", "\\u{5", "\\x"] {
            assert!(all(text, true).contains(&(Anything, text.len())), "{text}");
        }
        for text in ["%255F", "\\\\x5f", "%5=\nF", "&#=\n95;", "=\\n", "%26lt;", "%5Cn", "=3D\n"] {
            assert!(all(text, false).iter().any(|(spelled, _)| *spelled == Anything), "{text}");
        }
        assert_eq!(all("%25 ", false), [(Byte(b'%'), 3)]);
    }
}
