//! Keys inside addresses.
//!
//! In: the place of a host. Out: the literals in its user part and its query.

use std::ops::Range;

use super::split_ranges;
use crate::detect::text::{byte, is_any};
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
