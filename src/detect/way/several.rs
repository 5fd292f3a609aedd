//! Several keys under one name: lists, and records by environment.
//!
//! In: a name. Out: every random literal of the list or record that it is
//! given; nothing where the name is given a single value.

use std::ops::Range;

use super::forward::Reader;
use super::grammar::operator;
use super::piece::is_key;
use super::{Candidate, Way};
use crate::detect::text::{
    balanced, byte, indent, is_any, line_end, line_start, quoted, skip_blanks, skip_space, word_at,
};
use crate::detect::value::{Class, Form, classify};
use crate::rule::Strength;

/// How far a list or record is read, in bytes.
const REACH_BYTES: usize = 1200;

/// Keys of a record that say where its value is used, and not what it is.
const ENVIRONMENTS: [&str; 30] = [
    "prod",
    "production",
    "live",
    "staging",
    "stage",
    "dev",
    "development",
    "test",
    "testing",
    "qa",
    "uat",
    "sandbox",
    "default",
    "local",
    "preview",
    "eu",
    "us",
    "ap",
    "primary",
    "secondary",
    "read",
    "write",
    "admin",
    "backend",
    "frontend",
    "ci",
    "demo",
    "old",
    "new",
    "current",
];

/// Whether a word names an environment.
pub(super) fn is_environment(bytes: &[u8], word: &Range<usize>) -> bool {
    is_any(bytes, word, &ENVIRONMENTS)
}

impl Reader<'_> {
    /// The keys of a list or of a record by environment.
    pub(super) fn several(&self) -> Vec<Candidate> {
        let mut at = skip_blanks(self.bytes, self.end);
        if self.bytes[at.min(self.bytes.len())..].starts_with(b"[]") {
            at = skip_blanks(self.bytes, at + 2);
        }
        let Some(after) = operator(self.bytes, at, &self.name) else { return Vec::new() };
        if let Some(joined) = super::joined::assembled(self.bytes, after, Way::Assigned) {
            return vec![joined];
        }
        let next = skip_space(self.bytes, after);
        let open = past_type(self.bytes, next);
        if matches!(byte(self.bytes, open), b'[' | b'{' | b'(') {
            let Some(end) = balanced(self.bytes, open, REACH_BYTES) else { return Vec::new() };
            return self.literals(open + 1..end - 1);
        }
        let is_block = byte(self.bytes, skip_blanks(self.bytes, after)) == b'\n'
            && indent(self.bytes, line_start(self.bytes, next, 512)) >= self.indent;
        if is_block { self.block_list(next) } else { Vec::new() }
    }

    /// The strings of a list; of a record, those under environments.
    fn literals(&self, range: Range<usize>) -> Vec<Candidate> {
        let mut found = Vec::new();
        let mut at = range.start;
        let mut is_wanted = true;
        while at < range.end {
            let Some(string) = quoted(self.bytes, at) else {
                let word = word_at(self.bytes, at);
                if !word.is_empty() && is_key(self.bytes, word.start) {
                    is_wanted = is_any(self.bytes, &word, &ENVIRONMENTS);
                }
                at = word.end.max(at + 1);
                continue;
            };
            if is_key(self.bytes, at) {
                is_wanted = is_any(self.bytes, &string.inner, &ENVIRONMENTS);
            } else if is_wanted {
                let (more, end, _) = super::joined::concatenated(self.bytes, string.end);
                let mut parts = super::joined::unfolded(self.bytes, &string.inner);
                parts.extend(more);
                found.extend(strong_parts(self.bytes, parts));
                at = end.max(string.end);
                continue;
            }
            at = string.end;
        }
        found
    }

    /// `- v` and `prod: v` on the lines indented below.
    fn block_list(&self, first: usize) -> Vec<Candidate> {
        let mut found = Vec::new();
        let mut line = line_start(self.bytes, first, 512);
        let limit = self.bytes.len().min(first + REACH_BYTES);
        while line < limit {
            let here = indent(self.bytes, line);
            let at = line + here;
            let end = line_end(self.bytes, at, 600);
            let is_item = byte(self.bytes, at) == b'-' && byte(self.bytes, at + 1) == b' ';
            if end == at || (here <= self.indent && !(is_item && here == self.indent)) {
                break;
            }
            let word = word_at(self.bytes, at);
            let start = if is_item {
                skip_blanks(self.bytes, at + 1)
            } else if is_any(self.bytes, &word, &ENVIRONMENTS) && is_key(self.bytes, at) {
                skip_blanks(self.bytes, skip_blanks(self.bytes, word.end) + 1)
            } else {
                line = end + 1;
                continue;
            };
            let value = match quoted(self.bytes, start) {
                Some(string) => string.inner,
                None => {
                    start
                        ..start
                            + self.bytes[start..end]
                                .iter()
                                .take_while(|b| b.is_ascii_graphic())
                                .count()
                }
            };
            found.extend(strong(self.bytes, value));
            line = end + 1;
        }
        found
    }
}

/// Past `new[]`, `[]string`, `Map.of`, `dict`: what a literal begins with.
fn past_type(bytes: &[u8], at: usize) -> usize {
    let mut end = at;
    if bytes[at.min(bytes.len())..].starts_with(b"[]") {
        end += 2;
    }
    while end - at < 40
        && (byte(bytes, end).is_ascii_alphanumeric()
            || matches!(byte(bytes, end), b'_' | b'.' | b' '))
    {
        end += 1;
    }
    if matches!(byte(bytes, end), b'{') || end == at { end } else { at }
}

fn strong(bytes: &[u8], range: Range<usize>) -> Option<Candidate> {
    strong_parts(bytes, vec![range])
}

fn strong_parts(bytes: &[u8], parts: Vec<Range<usize>>) -> Option<Candidate> {
    let raw: Vec<u8> = parts
        .iter()
        .filter_map(|part| bytes.get(part.clone()))
        .flat_map(|part| part.iter().copied())
        .collect();
    let class = classify(&super::unescape(&raw), Form::Quoted);
    matches!(class, Class::Literal(Strength::Strong)).then_some(Candidate {
        parts,
        class,
        way: Way::Assigned,
        is_quoted: true,
    })
}
