//! Values that a variable is given for want of the one that was looked up.
//!
//! In: a name that a statement looks up. Out: the literal that a condition
//! below gives to the same variable. The reading is lexical: what a branch
//! tests is not understood.

use super::branches::strong;
use super::forward::Reader;
use super::{Candidate, Way};
use crate::detect::text::{
    before_blanks, byte, is_word, line_end, line_start, quoted, skip_blanks, word_before,
};

/// How far below the look-up the fallback stands, in bytes.
const REACH_BYTES: usize = 320;

impl Reader<'_> {
    /// `key := os.Getenv("K")`, `if key == "" { key = "v" }`.
    pub(super) fn given_later(&self) -> Option<Candidate> {
        let line = line_start(self.bytes, self.name.start, 200);
        let equals = memchr::memchr(b'=', &self.bytes[line..self.name.start])? + line;
        let sign = equals - usize::from(byte(self.bytes, equals.wrapping_sub(1)) == b':');
        let variable = &self.bytes[word_before(self.bytes, before_blanks(self.bytes, sign))];
        if variable.is_empty() || variable[0].is_ascii_digit() {
            return None;
        }
        let from = line_end(self.bytes, self.end, 200);
        let limit = self.bytes.len().min(from + REACH_BYTES);
        let text = &self.bytes[from..limit];
        let text = &text[..memchr::memmem::find(text, b"\n\n").unwrap_or(text.len())];
        memchr::memmem::find_iter(text, variable).find_map(|found| {
            let at = from + found;
            let end = at + variable.len();
            let is_whole = !is_word(byte(self.bytes, at.wrapping_sub(1)))
                && !matches!(byte(self.bytes, at - 1), b'$' | b'.' | b'"' | b'\'')
                && !is_word(byte(self.bytes, end));
            let sign = skip_blanks(self.bytes, end);
            let sign = sign + if self.bytes[sign..].starts_with(b"||=") { 2 } else { 0 };
            let is_given = byte(self.bytes, sign) == b'=' && byte(self.bytes, sign + 1) != b'=';
            if !is_whole || !is_given {
                return None;
            }
            let until = line_end(self.bytes, at, 300);
            let is_conditional = [&b"if "[..], b"if(", b"unless ", b"-z ", b"||="]
                .iter()
                .any(|word| memchr::memmem::find(&self.bytes[from..until], word).is_some());
            let string = quoted(self.bytes, skip_blanks(self.bytes, sign + 1))?;
            is_conditional.then(|| strong(self.bytes, string.inner, Way::Assigned))?
        })
    }
}
