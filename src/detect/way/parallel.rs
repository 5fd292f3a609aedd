//! Lists of names that are given a list of values at once.
//!
//! In: a name. Out: where it is one of several targets of an assignment
//! (`a, K = x, "v"`, `let (a, K) = (x, "v")`), the value at its place, and no
//! other. Where the lists differ in length, nothing is known of the places, and
//! of names that are declared one by one (`let a, K = "v", b`) nothing is said.

use std::ops::Range;

use super::forward::Reader;
use super::piece::is_key;
use super::{Candidate, Way};
use crate::detect::text::{
    balanced, before_blanks, byte, is_any, is_word, line_end, line_start, skip_blanks, skip_space,
    split_arguments,
};
use crate::detect::value::Class;

/// How far a list of targets is read to either side of a name, in bytes.
const TARGETS_BYTES: usize = 300;

/// How far a list of values is read, in bytes.
const VALUES_BYTES: usize = 1200;

/// The targets of one assignment.
struct Targets {
    /// All of them, without the brackets around them.
    list: Range<usize>,
    /// One past the operator.
    values: usize,
    /// Whether brackets stand around them.
    in_brackets: bool,
}

impl Reader<'_> {
    /// The value at the name's place in a list; `None` where the name is not
    /// one of several targets.
    pub(super) fn parallel(&self) -> Option<Vec<Candidate>> {
        let target = target(self.bytes, &self.name);
        let has_neighbour = byte(self.bytes, skip_blanks(self.bytes, target.end)) == b','
            || self.bytes[..target.start].trim_ascii_end().ends_with(b",");
        if !has_neighbour {
            return None;
        }
        let targets = targets(self.bytes, &target)?;
        let names = pieces(self.bytes, targets.list.clone());
        let place = names.iter().position(|piece| piece.contains(&target.start))?;
        let values = values(self.bytes, &targets)?;
        if names.len() < 2
            || values.len() != names.len()
            || values.iter().any(|value| is_key(self.bytes, value.start))
        {
            return None;
        }
        let value = values[place].clone();
        let candidate = self.expression(value.start, Way::Assigned, true);
        let is_inside = |candidate: &Candidate| {
            candidate.parts.iter().all(|part| value.start <= part.start && part.end <= value.end)
        };
        let candidate = candidate.filter(is_inside);
        if !targets.in_brackets && self.declares(&names[0]) {
            // `let a, K = "v", b;` gives K its value, and `var a, K = "x", "v"` does so in Go.
            let is_literal = |candidate: &Candidate| matches!(candidate.class, Class::Literal(_));
            return candidate.filter(is_literal).map(|candidate| vec![candidate]);
        }
        Some(candidate.into_iter().collect())
    }

    /// Whether the first target of a list says that each of them is declared by
    /// itself: behind a keyword or a type, `static char *a`.
    fn declares(&self, first: &Range<usize>) -> bool {
        let mut words = self.bytes[first.clone()]
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        let keyword = words.next();
        words.next().is_some() && keyword != Some(b"local")
    }
}

/// The whole target that a name stands in: with its sigil, or with the
/// subscript that the name is: `os.environ["K"]`.
fn target(bytes: &[u8], name: &Range<usize>) -> Range<usize> {
    let is_subscript = [&b"[\""[..], b"['"].iter().any(|open| bytes[..name.start].ends_with(open))
        && matches!(byte(bytes, name.end), b'"' | b'\'')
        && byte(bytes, name.end + 1) == b']';
    let mut start = name.start - if is_subscript { 2 } else { 0 };
    while start > 0 && name.start - start < 64 && is_target_byte(bytes[start - 1]) {
        start -= 1;
    }
    start..name.end + if is_subscript { 2 } else { 0 }
}

/// Bytes of a variable, a member or a sigil.
fn is_target_byte(byte: u8) -> bool {
    is_word(byte) || matches!(byte, b'.' | b'$' | b'@' | b'*' | b'&')
}

/// The list of targets that a target stands in, and where its values begin.
fn targets(bytes: &[u8], target: &Range<usize>) -> Option<Targets> {
    let limit = bytes.len().min(target.end + TARGETS_BYTES);
    let end = target.end + targets_length(&bytes[target.end..limit]);
    if !matches!(byte(bytes, end), b')' | b']' | b'}') {
        let line = line_start(bytes, target.start, TARGETS_BYTES);
        let start =
            memchr::memrchr(b';', &bytes[line..target.start]).map_or(line, |at| line + at + 1);
        let is_list = !bytes[target.end..end].contains(&b'\n')
            && start + targets_length(&bytes[start..target.start]) == target.start;
        let values = operator(bytes, end)?;
        let is_spaced =
            byte(bytes, end.wrapping_sub(1)) == b' ' || matches!(byte(bytes, values), b'"' | b'\'');
        return (is_list && is_spaced).then_some(Targets {
            list: start..end,
            values,
            in_brackets: false,
        });
    }
    let from = target.start.saturating_sub(TARGETS_BYTES);
    let open = from + bytes[from..target.start].iter().rposition(|b| b"([{".contains(b))?;
    if open + 1 + targets_length(&bytes[open + 1..target.start]) != target.start {
        return None;
    }
    let mut after = skip_blanks(bytes, end + 1);
    if byte(bytes, after) == b':' && byte(bytes, after + 1) != b'=' {
        // A type stands between: `let (a, b): (A, B) = …`.
        let line = line_end(bytes, after, TARGETS_BYTES);
        after += memchr::memchr(b'=', &bytes[after..line])?;
    }
    Some(Targets { list: open + 1..end, values: operator(bytes, after)?, in_brackets: true })
}

/// How many bytes are nothing but targets, the words before them, and the
/// commas between them.
fn targets_length(text: &[u8]) -> usize {
    let mut at = 0;
    while at < text.len() {
        let length = match text[at] {
            b'[' if at > 0 && is_word(text[at - 1]) => {
                balanced(text, at, 96).map_or(0, |end| end - at)
            }
            b'-' | b':' => match &text[at..] {
                [b'-', b'>', ..] | [b':', b':', ..] => 2,
                _ => 0,
            },
            b',' | b' ' | b'\t' | b'\r' | b'\n' => 1,
            byte => usize::from(is_target_byte(byte)),
        };
        if length == 0 {
            return at;
        }
        at += length;
    }
    at
}

/// Past `=` or `:=`.
fn operator(bytes: &[u8], at: usize) -> Option<usize> {
    let sign = at + usize::from(byte(bytes, at) == b':');
    let is_operator =
        byte(bytes, sign) == b'=' && !matches!(byte(bytes, sign + 1), b'=' | b'>' | b'~');
    is_operator.then(|| skip_blanks(bytes, sign + 1))
}

/// The values that the targets are given.
fn values(bytes: &[u8], targets: &Targets) -> Option<Vec<Range<usize>>> {
    let at = if targets.in_brackets { skip_space(bytes, targets.values) } else { targets.values };
    if let Some(inner) = bracketed(bytes, at) {
        return Some(pieces(bytes, inner));
    }
    let limit = bytes.len().min(at + VALUES_BYTES);
    let mut end = at;
    while end < limit {
        match bytes[end] {
            b'(' | b'[' | b'{' => end = balanced(bytes, end, VALUES_BYTES)?,
            b'"' | b'\'' | b'`' => {
                end = crate::detect::text::quoted(bytes, end).map_or(end + 1, |string| string.end);
            }
            b';' | b')' | b']' | b'}' => break,
            b'#' | b'/' if end > at && bytes[end - 1] == b' ' => break,
            b'\n' if !matches!(bytes[before_blanks(bytes, end) - 1], b',' | b'\\') => break,
            _ => end += 1,
        }
    }
    Some(pieces(bytes, at..end))
}

/// The inside of the list, tuple or pair that the whole right-hand side is.
fn bracketed(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    const CONSTRUCTORS: [&str; 12] = [
        "",
        "array",
        "list",
        "listof",
        "arrayof",
        "pair",
        "triple",
        "tuple",
        "vec",
        "make_tuple",
        "make_pair",
        "of",
    ];
    let length = bytes[at..].iter().take(32).take_while(|b| is_word(**b) || b".:!&%".contains(b));
    let open = at + length.count();
    let word =
        crate::detect::text::word_before(bytes, open - usize::from(bytes[..open].ends_with(b"!")));
    let word = word.start.max(at)..word.end.max(at);
    if !matches!(byte(bytes, open), b'(' | b'[' | b'{') || !is_any(bytes, &word, &CONSTRUCTORS) {
        return None;
    }
    let end = balanced(bytes, open, VALUES_BYTES)?;
    let after = skip_blanks(bytes, end);
    let is_whole = matches!(byte(bytes, after), b'\n' | b';' | b')' | b'}' | b'#' | 0)
        || bytes[after..].starts_with(b"//")
        || bytes[after..].starts_with(b"--");
    is_whole.then_some(open + 1..end - 1)
}

/// The pieces of a list, each from its first byte that is no blank; what
/// follows the last comma is none where it is blank.
fn pieces(bytes: &[u8], list: Range<usize>) -> Vec<Range<usize>> {
    let mut pieces = split_arguments(bytes, list);
    pieces.retain(|piece| !bytes[piece.clone()].trim_ascii().is_empty());
    for piece in &mut pieces {
        piece.start = skip_space(bytes, piece.start).min(piece.end);
    }
    pieces
}
