//! Values that are written in several literals.
//!
//! In: the place where a value begins. Out: its parts in order, where the
//! literals are joined by an operator, by standing side by side, by a call
//! (`concat!`, `String.Concat`, `join`, `format`), or by the mark that
//! continues a line inside a string. A separator between joined literals is a
//! part too.

use std::ops::Range;

use super::piece::{concatenation, is_key_end};
use super::{Candidate, Way, unescape};
use crate::detect::text::{
    Quoted, balanced, byte, is_word, line_end, quoted, skip_blanks, skip_space,
};
use crate::detect::value::{Class, Form, classify, is_token_byte};
use crate::rule::Strength;

/// How far a joined value is read, in bytes.
const REACH_BYTES: usize = 1200;

/// The inside of a string without the marks that continue it on the next line
/// and the blanks that begin that: YAML's, TOML's, C's and JavaScript's
/// backslash, Haskell's gap.
pub(crate) fn unfolded(bytes: &[u8], inner: &Range<usize>) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = inner.start;
    while let Some(length) = memchr::memchr(b'\\', &bytes[start..inner.end]) {
        let mark = start + length;
        let Some(next) = past_fold(bytes, mark).filter(|next| *next <= inner.end) else {
            // Another escape: it stays in its part.
            let from = parts.pop().map_or(start, |part: Range<usize>| part.start);
            let rest = (mark + 2).min(inner.end);
            parts.push(from..rest);
            start = rest;
            continue;
        };
        push_joined(&mut parts, start..mark);
        start = next;
        parts.push(start..start);
    }
    push_joined(&mut parts, start..inner.end);
    parts.retain(|part| !part.is_empty());
    if parts.is_empty() { vec![inner.clone()] } else { parts }
}

/// Adds a range to the last part where the two touch.
fn push_joined(parts: &mut Vec<Range<usize>>, range: Range<usize>) {
    match parts.last_mut() {
        Some(last) if last.end == range.start => last.end = range.end,
        _ => parts.push(range),
    }
}

/// Past a backslash that ends a line, and the blanks after it; past the
/// backslash that closes Haskell's gap.
fn past_fold(bytes: &[u8], mark: usize) -> Option<usize> {
    let end = skip_blanks(bytes, mark + 1);
    if byte(bytes, end) != b'\n' {
        return None;
    }
    let mut at = end;
    while matches!(byte(bytes, at), b' ' | b'\t' | b'\r' | b'\n') {
        at += 1;
    }
    let is_gap = byte(bytes, at) == b'\\' && is_token_byte(byte(bytes, at + 1));
    Some(at + usize::from(is_gap))
}

/// The literals that a string which ended at `end` is joined with: their
/// ranges, the end of the last, and whether something other than a literal
/// follows an operator.
pub(crate) fn concatenated(bytes: &[u8], end: usize) -> (Vec<Range<usize>>, usize, bool) {
    let mut parts = Vec::new();
    let mut end = end;
    while let Some(next) = concatenation(bytes, end) {
        let Some(more) = quoted_or_prefixed(bytes, next) else {
            let joins_variable =
                byte(bytes, next) != b'"' && super::piece::is_operator_join(bytes, end);
            return (parts, end, joins_variable);
        };
        let is_token = bytes[more.inner.clone()].iter().all(|b| is_token_byte(*b));
        let folded = unfolded(bytes, &more.inner);
        let is_token = is_token
            || folded.iter().all(|part| bytes[part.clone()].iter().all(|b| is_token_byte(*b)));
        if is_key_end(bytes, more.end) || !is_token {
            break;
        }
        parts.extend(folded);
        end = more.end;
    }
    (parts, end, false)
}

/// A string, with a prefix such as `b`, `u`, `L` or `@`.
fn quoted_or_prefixed(bytes: &[u8], at: usize) -> Option<Quoted> {
    let is_prefix =
        matches!(byte(bytes, at), b'b' | b'u' | b'L' | b'@' | b'N' | b'f' | b'r' | b'c')
            && matches!(byte(bytes, at + 1), b'"' | b'\'');
    quoted(bytes, at + usize::from(is_prefix))
}

/// The value at `at` where a call, a list or a format joins it of several
/// literals.
pub(super) fn assembled(bytes: &[u8], at: usize, way: Way) -> Option<Candidate> {
    let at = skip_space(bytes, at);
    by_format(bytes, at)
        .or_else(|| by_call(bytes, at))
        .or_else(|| by_list(bytes, at))
        .or_else(|| by_separator(bytes, at))
        .or_else(|| by_appending(bytes, at))
        .and_then(|parts| candidate(bytes, parts, way))
}

fn candidate(bytes: &[u8], parts: Vec<Range<usize>>, way: Way) -> Option<Candidate> {
    let raw: Vec<u8> = parts.iter().flat_map(|part| bytes[part.clone()].iter().copied()).collect();
    let class = classify(&unescape(&raw), Form::Quoted);
    (parts.len() > 1 && matches!(class, Class::Literal(Strength::Strong))).then_some(Candidate {
        parts,
        class,
        way,
        is_quoted: true,
    })
}

/// `concat!("a", "b")`, `string.Concat("a", "b")`, `join("", ["a", "b"])`,
/// `(str "a" "b")`, `fmt.Sprintf("%s%s", "a", "b")`.
fn by_call(bytes: &[u8], at: usize) -> Option<Vec<Range<usize>>> {
    const JOINS: [&[u8]; 14] = [
        b"concat",
        b"join",
        b"implode",
        b"format",
        b"sprintf",
        b"paste0",
        b"strcat",
        b"str",
        b"string-append",
        b"cat",
        b"concatenate",
        b"joinstrings",
        b"strjoin",
        b"concat_string",
    ];
    let is_list = byte(bytes, at) == b'(';
    let start = at + usize::from(is_list);
    let mut end = start;
    while end - start < 48
        && (is_word(byte(bytes, end)) || matches!(byte(bytes, end), b'.' | b':' | b'!' | b'-'))
    {
        end += 1;
    }
    let callee = bytes[start..end].to_ascii_lowercase();
    let name = callee.rsplit(|b| matches!(b, b'.' | b':')).next().unwrap_or_default();
    let name = name.strip_suffix(b"!").unwrap_or(name);
    if !JOINS.contains(&name) {
        return None;
    }
    let open = if is_list { at } else { end };
    if !matches!(byte(bytes, open), b'(' | b'[') {
        return None;
    }
    let close = balanced(bytes, open, REACH_BYTES)?;
    let strings = literals(bytes, (if is_list { end } else { open + 1 })..close - 1)?;
    let is_format = strings.first().is_some_and(|first| is_all_holes(&bytes[first.clone()]));
    let has_separator = [&b"join"[..], b"implode", b"strjoin"].contains(&name);
    let strings = if is_format { strings[1..].to_vec() } else { strings };
    match strings.split_first() {
        Some((separator, rest)) if has_separator && separator.len() < 3 => {
            Some(interleaved(rest, separator))
        }
        // `strings.Join([]string{"a", "b"}, "")`
        _ if has_separator => {
            let (separator, rest) = strings.split_last()?;
            (separator.len() < 3).then(|| interleaved(rest, separator))
        }
        _ => Some(strings),
    }
}

/// `["a", "b"].join("")`, `("a", "b") -join ""`, `["a" "b"] | str join`,
/// `%w[a b].join`.
fn by_list(bytes: &[u8], at: usize) -> Option<Vec<Range<usize>>> {
    let open = at
        + bytes[at.min(bytes.len())..]
            .iter()
            .take(12)
            .take_while(|b| is_word(**b) || matches!(**b, b'@' | b'!' | b'&' | b'.'))
            .count();
    if !matches!(byte(bytes, open), b'[' | b'(' | b'{') {
        return None;
    }
    let close = balanced(bytes, open, REACH_BYTES)?;
    let after = skip_space(bytes, close);
    let line = line_end(bytes, after, 60);
    let tail = bytes[after..line].to_ascii_lowercase();
    let says_join =
        [&b".join"[..], b"-join", b".concat", b"|> enum.join", b"| join", b".reduce", b".mkstring"]
            .iter()
            .any(|word| tail.starts_with(word));
    if !says_join {
        return None;
    }
    let strings = literals(bytes, open + 1..close - 1)?;
    let separator = (after..line).find_map(|at| quoted(bytes, at)).map(|string| string.inner);
    // An empty separator is no part.
    Some(interleaved(&strings, &separator.unwrap_or(close..close)))
}

/// `"".join(["a", "b"])`.
fn by_separator(bytes: &[u8], at: usize) -> Option<Vec<Range<usize>>> {
    let prefix = usize::from(matches!(byte(bytes, at), b'b' | b'u'));
    let separator = quoted(bytes, at + prefix)?;
    let rest = bytes.get(separator.end..)?;
    if separator.inner.len() > 2 || !rest.starts_with(b".join(") {
        return None;
    }
    let open = separator.end + 5;
    let close = balanced(bytes, open, REACH_BYTES)?;
    let strings = literals(bytes, open + 1..close - 1)?;
    Some(interleaved(&strings, &separator.inner))
}

/// `new StringBuilder("a").append("b").toString()`.
fn by_appending(bytes: &[u8], at: usize) -> Option<Vec<Range<usize>>> {
    let start = at + if bytes.get(at..)?.starts_with(b"new ") { 4 } else { 0 };
    let end = start + bytes[start..].iter().take(32).take_while(|b| is_word(**b)).count();
    let builder = bytes[start..end].to_ascii_lowercase();
    if ![&b"stringbuilder"[..], b"stringbuffer"].contains(&builder.as_slice()) {
        return None;
    }
    let mut open = end;
    let mut strings = Vec::new();
    while byte(bytes, open) == b'(' && strings.len() < 16 {
        let close = balanced(bytes, open, REACH_BYTES)?;
        strings.extend(literals(bytes, open + 1..close - 1)?);
        let next = skip_space(bytes, close);
        let is_more = [&b".append("[..], b".Append("].iter().any(|m| bytes[next..].starts_with(m));
        open = if is_more { next + 7 } else { next };
        if !is_more {
            break;
        }
    }
    Some(strings)
}

/// `'{0}{1}' -f 'a', 'b'`, `"%s%s" % ("a", "b")`, `"{}{}".format("a", "b")`.
fn by_format(bytes: &[u8], at: usize) -> Option<Vec<Range<usize>>> {
    let format = quoted(bytes, at)?;
    if !is_all_holes(&bytes[format.inner.clone()]) {
        return None;
    }
    let next = skip_space(bytes, format.end);
    let rest = bytes.get(next..)?;
    const OPERATORS: [&[u8]; 6] = [b"-f ", b"% ", b".format(", b"%", b".formatted(", b", "];
    let operator = OPERATORS.iter().find(|operator| rest.starts_with(operator))?;
    let start = next + operator.len();
    let end = if operator.ends_with(b"(") {
        balanced(bytes, start - 1, REACH_BYTES)? - 1
    } else if byte(bytes, skip_blanks(bytes, start)) == b'(' {
        balanced(bytes, skip_blanks(bytes, start), REACH_BYTES)?
    } else {
        line_end(bytes, start, REACH_BYTES)
    };
    literals(bytes, start..end)
}

/// Whether a format holds nothing but places to fill: `{0}{1}`, `%s%s`.
fn is_all_holes(format: &[u8]) -> bool {
    let mut rest = format;
    let mut holes = 0;
    while !rest.is_empty() {
        let length = match rest {
            [b'%', b's' | b'v' | b'@' | b'S', ..] => 2,
            [b'{', tail @ ..] => {
                let digits = tail.iter().take_while(|b| is_word(**b)).count();
                if tail.get(digits) != Some(&b'}') {
                    return false;
                }
                digits + 2
            }
            [b'\\', b'n', ..] => 2,
            _ => return false,
        };
        holes += 1;
        rest = &rest[length..];
    }
    holes > 0
}

/// The strings of a list of nothing but strings, types and marks; `None` where
/// a name stands among them whose value is not known here.
fn literals(bytes: &[u8], range: Range<usize>) -> Option<Vec<Range<usize>>> {
    const TYPES: [&[u8]; 10] =
        [b"string", b"str", b"String", b"new", b"b", b"vec", b"list", b"array", b"of", b"char"];
    let mut found = Vec::new();
    let mut at = range.start;
    while at < range.end {
        if let Some(string) = quoted(bytes, at).filter(|string| string.end <= range.end) {
            found.extend(unfolded_or_empty(bytes, &string.inner));
            at = string.end;
        } else if is_word(bytes[at]) {
            let end = at + bytes[at..range.end].iter().take_while(|b| is_word(**b)).count();
            if !TYPES.contains(&&bytes[at..end]) {
                return None;
            }
            at = end;
        } else {
            at += 1;
        }
    }
    Some(found)
}

fn unfolded_or_empty(bytes: &[u8], inner: &Range<usize>) -> Vec<Range<usize>> {
    if inner.is_empty() { vec![inner.clone()] } else { unfolded(bytes, inner) }
}

/// The strings with the separator between them, unless it is empty.
fn interleaved(strings: &[Range<usize>], separator: &Range<usize>) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    for (index, string) in strings.iter().enumerate() {
        if index > 0 && !separator.is_empty() {
            parts.push(separator.clone());
        }
        parts.push(string.clone());
    }
    parts
}
