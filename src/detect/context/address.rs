//! Keys inside addresses, and secrets beside a signature header.
//!
//! In: the place of a host or header. Out: the literals in its user part, its
//! query, or in the calls that sign.

use std::ops::Range;

use super::split_ranges;
use crate::detect::text::{balanced, byte, is_any, is_word, quoted};
use crate::detect::value::{self, Class, Form, classify};
use crate::detect::way::{Candidate, Way};
use crate::rule::Strength;

/// A key inside the address itself: `https://key@host`, `https://user:key@host`,
/// `?api_key=v`.
pub(in crate::detect) fn in_address(bytes: &[u8], host: &Range<usize>) -> Vec<Candidate> {
    let mut found = Vec::new();
    if byte(bytes, host.start.wrapping_sub(1)) == b'@' {
        let end = host.start - 1;
        let from = end.saturating_sub(560);
        let start = bytes[from..end]
            .iter()
            .rposition(|b| !value::is_token_byte(*b) || *b == b'/')
            .map_or(from, |at| from + at + 1);
        found.extend(strong(bytes, start..end));
        if byte(bytes, start.wrapping_sub(1)) == b':' {
            let user =
                bytes[..start - 1].iter().rposition(|b| matches!(b, b'/' | b'"' | b'\'' | b' '));
            found.extend(user.and_then(|at| strong(bytes, at + 1..start - 1)));
        }
    }
    found.extend(in_query(bytes, host));
    found
}

pub(in crate::detect) fn in_query(bytes: &[u8], host: &Range<usize>) -> Vec<Candidate> {
    const PARAMETERS: [&str; 12] = [
        "api_key",
        "apikey",
        "api-key",
        "key",
        "token",
        "access_token",
        "auth",
        "auth_token",
        "bearer",
        "secret",
        "api_token",
        "authorization",
    ];
    let limit = bytes.len().min(host.end + 600);
    let length = bytes[host.end..limit]
        .iter()
        .position(|b| b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'`' | b'<' | b'>'));
    let address = host.end..length.map_or(limit, |length| host.end + length);
    let mut found = Vec::new();
    let Some(question) = memchr::memchr2(b'?', b'#', &bytes[address.clone()]) else { return found };
    for pair in split_ranges(bytes, address.start + question + 1..address.end, b"&;") {
        let Some(equals) = memchr::memchr(b'=', &bytes[pair.clone()]) else { continue };
        let name = pair.start..pair.start + equals;
        if is_any(bytes, &name, &PARAMETERS) {
            found.extend(strong(bytes, name.end + 1..pair.end));
        }
    }
    found
}

pub(in crate::detect) fn strong(bytes: &[u8], range: Range<usize>) -> Option<Candidate> {
    let class = classify(bytes.get(range.clone())?, Form::Bare);
    matches!(class, Class::Literal(strength) if strength >= Strength::Fair).then(|| Candidate {
        parts: vec![range],
        class,
        way: Way::Assigned,
        is_quoted: true,
    })
}

/// The literals that key an HMAC in a range: `hmac.new(b"v", …)`,
/// `createHmac('sha256', 'v')`, `SecretKeySpec("v".getBytes(), …)`.
pub(in crate::detect) fn signing_literals(bytes: &[u8], range: &Range<usize>) -> Vec<Candidate> {
    let mut found = Vec::new();
    let mut at = range.start;
    while at < range.end {
        if !is_word(bytes[at]) {
            at += 1;
            continue;
        }
        let mut end = at;
        while end < range.end && (is_word(bytes[end]) || matches!(bytes[end], b'.' | b':')) {
            end += 1;
        }
        let callee = bytes[at..end].to_ascii_lowercase();
        let signs = [&b"hmac"[..], b"secretkeyspec", b"new_from_slice"]
            .iter()
            .any(|word| memchr::memmem::find(&callee, word).is_some());
        if signs && byte(bytes, end) == b'(' {
            found.extend(signing_key(bytes, &callee, end));
        }
        at = end.max(at + 1);
    }
    found
}

/// The literal in the argument that is the key: the third of PHP's
/// `hash_hmac`, the second of `digest(alg, key, …)`, else one of the first two.
fn signing_key(bytes: &[u8], callee: &[u8], open: usize) -> Option<Candidate> {
    let has = |word: &[u8]| memchr::memmem::find(callee, word).is_some();
    if has(b"compare") || has(b"equal") || has(b"verify") {
        return None;
    }
    let allowed = if has(b"hash_hmac") { 2..=2 } else { 0..=1 };
    strings(bytes, open)
        .into_iter()
        .filter(|candidate| {
            let before = &bytes[open..candidate.parts[0].start];
            allowed.contains(&before.iter().filter(|b| **b == b',').count())
        })
        .find(|candidate| matches!(candidate.class, Class::Literal(Strength::Strong)))
}

pub(in crate::detect) fn strings(bytes: &[u8], open: usize) -> Vec<Candidate> {
    let end = balanced(bytes, open, 300).unwrap_or(open);
    let mut found = Vec::new();
    let mut at = open + 1;
    while at < end {
        if let Some(string) = quoted(bytes, at) {
            let class = classify(&bytes[string.inner.clone()], Form::Quoted);
            found.push(Candidate {
                parts: vec![string.inner],
                class,
                way: Way::Assigned,
                is_quoted: true,
            });
            at = string.end;
        } else {
            at += 1;
        }
    }
    found
}
