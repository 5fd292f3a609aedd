//! The ways in which a name meets its value.
//!
//! In: bytes and the range of a name in them. Out: the values that the name
//! may have, best first, each with its class. Path and language are not asked:
//! the same text means the same in every file, and a blob has many paths.

mod backward;
mod branches;
mod command;
mod expression;
mod fields;
mod following;
mod forward;
mod grammar;
mod joined;
mod later;
mod lookup;
mod markup;
mod nested;
mod parallel;
mod piece;
mod rows;
mod several;
mod table;

use std::ops::Range;

use super::value::Class;

pub(super) use expression::{Expression, evaluate};
pub(super) use fields::in_record;
pub(super) use forward::after_name;
pub(super) use joined::{concatenated, unfolded};
pub(super) use piece::{concatenation, is_key, strip_scheme};
pub(super) use rows::column_title;

/// How a name met its value; this is what the report says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// `name = value`, `name: value` and their kin.
    Assigned,
    /// `f(name, value)`, `name, value`, `| name | value |`.
    Paired,
    /// Two fields of one record: `name: K`, `value: v`.
    Field,
    /// `<name>value</name>`.
    Element,
    /// `ENV K v`, `#define K "v"`: only a blank between them.
    Following,
    /// Only words between them, as in prose.
    Told,
}

/// A value that a name may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// The parts of the value, in order: one, or several where a literal is
    /// split over more than one pair of quotes.
    pub parts: Vec<Range<usize>>,
    /// What the value is.
    pub class: Class,
    /// How it was met.
    pub way: Way,
    /// Whether it stood between quotes or as an element's text.
    pub is_quoted: bool,
}

impl Candidate {
    /// The value's bytes, escapes of slashes and Unicode resolved.
    pub(super) fn value(&self, bytes: &[u8]) -> Vec<u8> {
        let raw: Vec<u8> =
            self.parts.iter().flat_map(|part| bytes[part.clone()].iter().copied()).collect();
        let mut value = unescape(&raw);
        if self.is_reversed(bytes) {
            value.reverse();
        }
        value
    }

    /// Whether the literal is written backwards: `"v"[::-1]`, `"v".reverse`,
    /// `strrev("v")`, `"v".split("").reverse().join("")`.
    fn is_reversed(&self, bytes: &[u8]) -> bool {
        let (Some(first), Some(last)) = (self.parts.first(), self.parts.last()) else {
            return false;
        };
        let after = bytes.get(last.end + 1..).unwrap_or_default();
        let before = &bytes[..first.start.saturating_sub(1)];
        let turns_after =
            [&b"[::-1]"[..], b".reverse", b".split('').reverse", b".split(\"\").reverse"]
                .iter()
                .any(|turn| after.starts_with(turn));
        let turns_before = [&b"strrev("[..], b"reverse("].iter().any(|turn| before.ends_with(turn));
        self.is_quoted && (turns_after || turns_before)
    }
}

/// Resolves `\/`, `\u002f`, `\x2f` and drops the backslash of line
/// continuations; other escapes stay, and no key holds one.
pub(super) fn unescape(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut at = 0;
    while at < raw.len() {
        if raw[at] != b'\\' {
            out.push(raw[at]);
            at += 1;
            continue;
        }
        let (value, length) = match raw.get(at + 1) {
            Some(b'/' | b'=' | b'+' | b'-' | b'.' | b'_') => (Some(raw[at + 1]), 2),
            Some(b'u') => (hex(raw.get(at + 2..at + 6)), 6),
            Some(b'x') => (hex(raw.get(at + 2..at + 4)), 4),
            _ => (None, 1),
        };
        out.push(value.unwrap_or(b'\\'));
        at += if value.is_some() { length } else { 1 };
    }
    out
}

fn hex(digits: Option<&[u8]>) -> Option<u8> {
    let text = std::str::from_utf8(digits?).ok()?;
    u8::try_from(u32::from_str_radix(text, 16).ok()?).ok()
}
