//! Places where the vendor's word alone is the name, and what encloses it says
//! that it holds keys.
//!
//! In: the vendor's word. Out: the heads of the records, calls and functions
//! around it, from the innermost outwards, and the cells of its row that stand
//! under a key's title.

use std::ops::Range;

use super::generic::{Generic, generic};
use crate::detect::name::words;
use crate::detect::text::{byte, indent, line_end, line_start, quoted};
use crate::detect::value::{Class, Form, classify, is_token_byte};
use crate::detect::way::{Candidate, Way, column_title};
use crate::rule::Strength;

/// How far outwards heads are looked for, in bytes.
const REACH_BYTES: usize = 1600;

/// How many heads around a place are read.
const MOST_HEADS: usize = 3;

/// How many cells of one row are keys at most.
const MOST_CELLS: usize = 4;

/// Whether the heads around a place say that the values there are keys:
/// `apiKeys: {`, `register_token(`, `String apiKey(String vendor) {`.
pub(in crate::detect) fn is_among_keys(bytes: &[u8], at: usize) -> bool {
    const NOUNS: [&str; 13] = [
        "key",
        "keys",
        "apikey",
        "apikeys",
        "token",
        "tokens",
        "secret",
        "secrets",
        "credential",
        "credentials",
        "passwords",
        "auth",
        "bearer",
    ];
    heads(bytes, at)
        .iter()
        .any(|head| words(&bytes[head.clone()]).iter().any(|word| NOUNS.contains(&word.as_str())))
}

/// Whether the heads around a place say that it is about webhooks.
pub(in crate::detect) fn is_among_webhooks(bytes: &[u8], at: usize) -> bool {
    heads(bytes, at).iter().any(|head| {
        words(&bytes[head.clone()])
            .iter()
            .any(|word| ["webhook", "webhooks", "hook", "hooks"].contains(&word.as_str()))
    })
}

/// What stands before the brackets around a place, on their line, and the
/// lines above that are indented less and end with a colon.
fn heads(bytes: &[u8], at: usize) -> Vec<Range<usize>> {
    let from = at.saturating_sub(REACH_BYTES);
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut least = indent(bytes, line_start(bytes, at, 512));
    let mut here = at;
    while here > from && found.len() < MOST_HEADS {
        here -= 1;
        match bytes[here] {
            b')' | b']' | b'}' => depth += 1,
            b'(' | b'[' | b'{' if depth > 0 => depth -= 1,
            b'(' | b'[' | b'{' => {
                let line = line_start(bytes, here, 200);
                let is_alone = bytes[line..here].trim_ascii().is_empty();
                let line =
                    if is_alone && line > 0 { line_start(bytes, line - 1, 200) } else { line };
                found.push(line..here);
                least = least.min(indent(bytes, line));
            }
            b'\n' if depth == 0 => {
                let line = line_start(bytes, here, 400);
                let text = bytes[line..here].trim_ascii_end();
                let own = indent(bytes, line);
                if text.ends_with(b":") && own < least {
                    found.push(line..here);
                    least = own;
                }
            }
            _ => {}
        }
    }
    found.extend(ini_head(bytes, at, from));
    found
}

/// The head of the section around a place: `[tokens]`.
fn ini_head(bytes: &[u8], at: usize, from: usize) -> Option<Range<usize>> {
    let mut line = line_start(bytes, at, 512);
    while line > from {
        let above = line_start(bytes, line - 1, 512);
        let text = bytes[above..line].trim_ascii();
        if let Some(inner) = text.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")) {
            let is_head =
                inner.iter().all(|b| b.is_ascii_alphanumeric() || b"_-. \"[]".contains(b));
            return is_head.then_some(above..line);
        }
        if above >= line {
            return None;
        }
        line = above;
    }
    None
}

/// The random cells of the row that holds the vendor's word, whose columns
/// have a key's title.
pub(in crate::detect) fn cells(bytes: &[u8], word: &Range<usize>) -> Vec<Candidate> {
    let row = line_start(bytes, word.start, 1024)..line_end(bytes, word.end, 1024);
    let is_row = bytes[row.clone()].iter().any(|b| matches!(b, b',' | b';' | b'\t' | b'|'));
    if !is_row {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut at = row.start;
    let mut asked = 0;
    while at < row.end && found.len() < MOST_CELLS {
        let length = bytes[at..row.end].iter().take_while(|b| is_token_byte(**b)).count();
        let cell = at..at + length;
        at = cell.end + 1;
        let class =
            if length < 16 { Class::Empty } else { classify(&bytes[cell.clone()], Form::Quoted) };
        if !matches!(class, Class::Literal(Strength::Strong)) {
            continue;
        }
        asked += 1;
        if asked > 2 * MOST_CELLS {
            break;
        }
        if is_titled_key(bytes, cell.start) {
            found.push(Candidate { parts: vec![cell], class, way: Way::Field, is_quoted: true });
        }
    }
    found
}

fn is_titled_key(bytes: &[u8], at: usize) -> bool {
    let Some(title) = column_title(bytes, at) else { return false };
    let title = quoted(bytes, title.start).map_or(title, |string| string.inner);
    let title = title.start + usize::from(byte(bytes, title.start) == b'`')..title.end;
    matches!(generic(bytes, &title), Some(Generic { is_webhook: false, .. }))
}
