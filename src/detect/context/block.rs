//! Blocks: which of them a place stands in, and whose they are.
//!
//! In: places. Out: the braces or the indentation around one, and whether two
//! places stand in blocks side by side. Knows no language's grammar.

use std::ops::Range;

use super::REACH_BYTES;
use crate::detect::text::{
    balanced, before_blanks, byte, indent, is_any, line_end, line_start, word_before,
};

/// Names of records that belong to the request or section around them.
const OWN_RECORDS: [&str; 50] = [
    "stringdata",
    "webhook",
    "webhooks",
    "authentication",
    "headers",
    "header",
    "auth",
    "authorization",
    "params",
    "options",
    "opts",
    "config",
    "configuration",
    "credentials",
    "credential",
    "request",
    "env",
    "environment",
    "query",
    "defaults",
    "default",
    "data",
    "args",
    "client",
    "api",
    "prod",
    "production",
    "staging",
    "dev",
    "development",
    "settings",
    "with",
    "props",
    "values",
    "secrets",
    "keys",
    "production_key",
    "login",
    "securejsondata",
    "jsondata",
    "security",
    "general",
    "connection",
    "common",
    "base",
    "account",
    "main",
    "http",
    "rest",
    "parameters",
];

/// The innermost braces around a place, within reach: an object, a block.
pub(in crate::detect) fn innermost_braces(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let from = at.saturating_sub(REACH_BYTES);
    let mut braces = 0_usize;
    let mut brackets = 0_usize;
    for start in (from..at).rev() {
        let opens = match bytes[start] {
            b'}' => {
                braces += 1;
                false
            }
            b']' => {
                brackets += 1;
                false
            }
            b'{' if braces > 0 => {
                braces -= 1;
                false
            }
            b'[' if brackets > 0 => {
                brackets -= 1;
                false
            }
            b'{' => true,
            b'[' => braces == 0 && is_array_record(bytes, start),
            _ => false,
        };
        if opens {
            let end = balanced(bytes, start, 2 * REACH_BYTES)?;
            return (end > at).then_some(start..end);
        }
    }
    None
}

/// PHP's and Perl's `key => […]`.
fn is_array_record(bytes: &[u8], open: usize) -> bool {
    bytes[open.saturating_sub(40)..open].trim_ascii_end().ends_with(b"=>")
}

/// The lines around a place that are indented at least as far as its own line;
/// `None` where that line is not indented.
pub(in crate::detect) fn indented_around(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let line = line_start(bytes, at, 512);
    let own = indent(bytes, line);
    let is_field = bytes[line..at].contains(&b':')
        && !bytes[line..at].iter().any(|b| matches!(b, b'(' | b'{'));
    if own == 0 || !is_field {
        return None;
    }
    let begins_item =
        |line: usize| indent(bytes, line) == own && bytes[line + own..].starts_with(b"- ");
    let from = at.saturating_sub(REACH_BYTES);
    let mut start = line;
    while start > from && !begins_item(start) {
        let before = line_start(bytes, start - 1, 512);
        if before >= start || (indent(bytes, before) < own && before + 1 < start) {
            break;
        }
        start = before;
    }
    let limit = bytes.len().min(at + REACH_BYTES);
    let mut end = line_end(bytes, at, 1024);
    while end < limit {
        let next = end + 1;
        let to = line_end(bytes, next.min(bytes.len()), 1024);
        if to <= next || indent(bytes, next) < own || begins_item(next) {
            break;
        }
        end = to;
    }
    Some(start..end)
}

/// Whether two places stand in blocks side by side: the way from the first to
/// the second leaves a block and enters another.
pub(in crate::detect) fn are_siblings(bytes: &[u8], one: usize, other: usize) -> bool {
    let (from, to) = if one < other { (one, other) } else { (other, one) };
    let mut depth = 0_i32;
    let mut lowest = 0_i32;
    for at in from..to {
        let is_line_end = matches!(byte(bytes, at + 1), b'\n' | b'\r');
        let is_line_start =
            line_start(bytes, at, 200) + indent(bytes, line_start(bytes, at, 200)) == at;
        match bytes[at] {
            b'{' if is_line_end => depth += 1,
            b'}' if is_line_start => {
                depth -= 1;
                lowest = lowest.min(depth);
            }
            _ => {}
        }
    }
    lowest < 0 && depth > lowest
}

/// Where the list opens that holds the record which begins at `at`, if it is
/// one of several.
fn list_around(bytes: &[u8], at: usize, from: usize) -> Option<usize> {
    let before = bytes[from..at].trim_ascii_end();
    if before.last() != Some(&b',') {
        return None;
    }
    let mut depth = 0_usize;
    for here in (from..from + before.len()).rev() {
        match bytes[here] {
            b']' | b'}' | b')' => depth += 1,
            b'[' if depth == 0 => return Some(here),
            b'{' | b'(' if depth == 0 => return None,
            b'[' | b'{' | b'(' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Whether two places stand in records of their own, neither inside the
/// other's.
pub(in crate::detect) fn are_in_different_records(bytes: &[u8], one: usize, other: usize) -> bool {
    let (Some(first), Some(second)) =
        (innermost_braces(bytes, one), innermost_braces(bytes, other))
    else {
        return false;
    };
    !first.contains(&other) && !second.contains(&one)
}

/// Whether a place inside a section or request stands in a record of its own
/// that something else names: `"chat": {"token": …}`, `cache:` and `key:`
/// below it.
pub(in crate::detect) fn is_in_foreign_record(
    bytes: &[u8],
    place: &Range<usize>,
    range: &Range<usize>,
) -> bool {
    let is_own = |end: usize| {
        let mut end = before_blanks(bytes, end);
        if let Some(list) = list_around(bytes, end, range.start) {
            end = list;
        }
        while end > range.start
            && matches!(
                bytes[end - 1],
                b':' | b'=' | b'"' | b'\'' | b'>' | b' ' | b'[' | b'\n' | b'\r' | b'\t'
            )
        {
            end -= 1;
        }
        let word = word_before(bytes, end);
        // PHP's `serialize` writes a count before each record.
        let is_count = bytes[word.clone()].iter().all(u8::is_ascii_digit);
        is_count || word.start < range.start || is_any(bytes, &word, &OWN_RECORDS)
    };
    if let Some(braces) = innermost_braces(bytes, place.start) {
        let is_record = matches!(
            bytes[braces.start.saturating_sub(80)..braces.start].trim_ascii_end().last(),
            Some(b':' | b'=' | b'[' | b',' | b'>')
        );
        if braces.start > range.start && is_record {
            return !is_own(braces.start);
        }
        return false;
    }
    let line = line_start(bytes, place.start, 512);
    let own = indent(bytes, line);
    let mut above = line;
    while above > range.start {
        let before = line_start(bytes, above - 1, 512);
        let text = bytes[before..above].trim_ascii();
        if before >= above {
            break;
        }
        if indent(bytes, before) < own && !text.is_empty() {
            let is_head = before < range.start || text.last() != Some(&b':');
            return !is_head && !is_own(before + bytes[before..above].trim_ascii_end().len());
        }
        above = before;
    }
    false
}
