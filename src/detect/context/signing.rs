//! Secrets that sign, beside a signature header.
//!
//! In: a range. Out: the keys of the HMACs in it, written out or referred to.
//! What makes a call an HMAC is the word: as its callee, its type, an option
//! of it, or a flag.

use std::ops::Range;

use super::request::reference;
use crate::detect::text::{
    balanced, byte, indent, is_word, line_end, line_start, quoted, skip_blanks, skip_space,
    split_arguments, word_before,
};
use crate::detect::value::{Class, Form, classify};
use crate::detect::way::{Candidate, Expression, Way, evaluate};
use crate::rule::Strength;

/// Words of calls that take a signing key.
const WORDS: [&[u8]; 5] =
    [b"hmac", b"secretkeyspec", b"symmetrickey", b"new_from_slice", b"mac/hash"];

/// The keys of the HMACs in a range: `hmac.new(b"v", …)`,
/// `createHmac('sha256', 'v')`, `importKey('raw', v, {name: 'HMAC'})`,
/// `:crypto.mac(:hmac, :sha256, "v", …)`, `openssl dgst -hmac v`.
///
/// Where the function that holds the header signs by itself, no other counts.
pub(in crate::detect) fn signing_keys(
    bytes: &[u8],
    range: &Range<usize>,
    header: usize,
) -> Vec<Candidate> {
    let lower = bytes[range.clone()].to_ascii_lowercase();
    let mut found = Vec::new();
    for word in WORDS {
        for at in memchr::memmem::find_iter(&lower, word).map(|at| range.start + at) {
            found.extend(around(bytes, at, at + word.len(), range));
        }
    }
    found.sort_by_key(|candidate| candidate.parts[0].start);
    found.dedup_by_key(|candidate| candidate.parts[0].start);
    let is_beside = |candidate: &Candidate| {
        !are_in_different_functions(bytes, candidate.parts[0].start, header)
    };
    if found.iter().any(is_beside) {
        found.retain(is_beside);
    }
    found
}

/// Whether a line between two places that stand deeper begins a function.
fn are_in_different_functions(bytes: &[u8], one: usize, other: usize) -> bool {
    const HEADS: [&[u8]; 9] = [
        b"def ",
        b"func ",
        b"fn ",
        b"function ",
        b"async ",
        b"sub ",
        b"public ",
        b"private ",
        b"fun ",
    ];
    let (from, to) = (one.min(other), one.max(other));
    let depth = |at: usize| indent(bytes, line_start(bytes, at, 512));
    let least = depth(from).min(depth(to));
    let mut line = line_start(bytes, to, 512);
    while line > from {
        let own = indent(bytes, line);
        let text = &bytes[line + own..];
        if own < least && HEADS.iter().any(|head| text.starts_with(head)) {
            return true;
        }
        let above = line_start(bytes, line - 1, 512);
        if above >= line {
            return false;
        }
        line = above;
    }
    false
}

fn around(bytes: &[u8], at: usize, end: usize, range: &Range<usize>) -> Vec<Candidate> {
    if byte(bytes, at.wrapping_sub(1)) == b'-' {
        return flag(bytes, end).into_iter().collect();
    }
    let mut open = end;
    while open < range.end
        && open - end < 60
        && (is_word(byte(bytes, open)) || matches!(byte(bytes, open), b'.' | b':' | b'<' | b'>'))
    {
        open += 1;
    }
    let callee = bytes[at..open].to_ascii_lowercase();
    let has = |word: &[u8]| memchr::memmem::find(&callee, word).is_some();
    if has(b"compare") || has(b"equal") || has(b"verify") {
        return Vec::new();
    }
    let open = skip_blanks(bytes, open);
    if byte(bytes, open) == b'(' {
        let wanted = if has(b"hash_hmac") { 2..=2 } else { 0..=1 };
        return keys(bytes, open, |index| wanted.contains(&index));
    }
    let from = at.saturating_sub(300).max(range.start);
    let Some(open) = enclosing(bytes, from, at) else { return Vec::new() };
    let before = word_before(bytes, open);
    let callee = if before.is_empty() {
        // A Lisp's callee stands inside.
        let end =
            bytes[open + 1..].iter().take(40).take_while(|b| !b.is_ascii_whitespace()).count();
        open + 1..open + 1 + end
    } else {
        before
    };
    let callee = bytes[callee].to_ascii_lowercase();
    let signs = [&b"mac"[..], b"importkey", b"sign", b"hash"]
        .iter()
        .any(|word| memchr::memmem::find(&callee, word).is_some());
    if signs { keys(bytes, open, |_| true) } else { Vec::new() }
}

/// The parenthesis around a place.
fn enclosing(bytes: &[u8], from: usize, at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for here in (from..at).rev() {
        match bytes[here] {
            b')' => depth += 1,
            b'(' if depth == 0 => return Some(here),
            b'(' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// `-hmac v`.
fn flag(bytes: &[u8], end: usize) -> Option<Candidate> {
    let start = skip_blanks(bytes, end + usize::from(byte(bytes, end) == b'='));
    let expression =
        Expression { way: Way::Paired, indent: 0, in_brackets: false, enclosing: None };
    let candidate = evaluate(bytes, start, expression)?;
    (start > end && start < line_end(bytes, end, 200)).then_some(candidate)
}

/// The arguments that may be the key: literals, references, and the `key` of
/// an options map.
fn keys(bytes: &[u8], open: usize, is_wanted: impl Fn(usize) -> bool) -> Vec<Candidate> {
    let Some(close) = balanced(bytes, open, 600) else { return Vec::new() };
    let mut found = Vec::new();
    for (index, argument) in split_arguments(bytes, open + 1..close - 1).into_iter().enumerate() {
        if !is_wanted(index) {
            continue;
        }
        let start = skip_space(bytes, argument.start);
        let mut strings = strings(bytes, start..argument.end);
        if strings.is_empty() && start < argument.end {
            let end = (start..argument.end).find(|at| !is_word(bytes[*at])).unwrap_or(argument.end);
            strings.push(reference(start..end.max(start + 1)));
        }
        found.extend(strings);
    }
    found
}

/// The random strings of an argument.
fn strings(bytes: &[u8], range: Range<usize>) -> Vec<Candidate> {
    let mut found = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let Some(string) = quoted(bytes, at) else {
            at += 1;
            continue;
        };
        let class = classify(&bytes[string.inner.clone()], Form::Quoted);
        if matches!(class, Class::Literal(Strength::Strong)) {
            let parts = vec![string.inner];
            found.push(Candidate { parts, class, way: Way::Assigned, is_quoted: true });
        }
        at = string.end;
    }
    found
}
