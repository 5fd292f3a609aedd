//! Requests to a vendor's host.
//!
//! In: the place of a host. Out: how far its request reaches, and the bearer
//! tokens in it.

use std::ops::Range;

use super::call::positional;
use crate::detect::text::{balanced, byte, is_any, line_end, line_start, skip_blanks, word_at};
use crate::detect::value::{self, Class, Form, classify};
use crate::detect::way::{self, Candidate, Way};
use crate::rule::Strength;

use super::REACH_BYTES;

/// The command, call or block around a host: as far as blank lines, request
/// separators and other hosts allow.
pub(in crate::detect) fn request(bytes: &[u8], host: &Range<usize>) -> Range<usize> {
    let from = host.start.saturating_sub(REACH_BYTES);
    let to = bytes.len().min(host.end + REACH_BYTES);
    let own = bytes[from..host.start]
        .iter()
        .rposition(|b| b.is_ascii_whitespace() || matches!(b, b'"' | b'\''));
    let before = &bytes[from..own.map_or(host.start, |at| from + at + 1)];
    let after = &bytes[host.end..to];
    let defines_variable = byte(bytes, line_start(bytes, host.start, 200)) == b'@';
    let is_complete = is_authorized(before, after);
    let start = boundary_before(before, is_complete).map_or(from, |at| from + at);
    if defines_variable {
        return start..to;
    }
    let end = boundary_after(after, before, is_complete).map_or(to, |at| host.end + at);
    start..comment_end(bytes, host).map_or(end, |comment| end.min(comment))
}

/// Whether the paragraph around a host says how its request is authorized.
fn is_authorized(before: &[u8], after: &[u8]) -> bool {
    let start = memchr::memmem::rfind(before, b"\n\n").unwrap_or(0);
    let end = memchr::memmem::find(after, b"\n\n").unwrap_or(after.len());
    [&before[start..], &after[..end]].iter().any(|part| {
        [&b"uthorization"[..], b"earer"]
            .iter()
            .any(|word| memchr::memmem::find(part, word).is_some())
    })
}

/// Where the comment ends that names a host, if one of the two lines below it
/// asks another: then the comment is about that request, which is another's.
fn comment_end(bytes: &[u8], host: &Range<usize>) -> Option<usize> {
    let is_comment = |line: usize| {
        let head = bytes[line..line_end(bytes, line, 200)].trim_ascii_start();
        // A command's long option is no comment.
        let is_option = head.starts_with(b"--") && !head.starts_with(b"-- ");
        !is_option && COMMENTS.iter().any(|mark| head.starts_with(mark))
    };
    let mut line = line_start(bytes, host.start, 200);
    // A comment that goes on beyond that is about more than a request.
    let limit = bytes.len().min(host.end + REACH_BYTES);
    while line < limit && is_comment(line) {
        line = line_end(bytes, line, 400) + 1;
    }
    let end = (line > host.end && (line < limit || limit == bytes.len())).then_some(line)?;
    let end = end.min(bytes.len());
    let first = line_end(bytes, end, 400);
    let second = line_end(bytes, (first + 1).min(bytes.len()), 400);
    let below = &bytes[end..second];
    memchr::memmem::find_iter(below, b"://")
        .any(|at| !is_vendor_or_local(&below[at + 3..]))
        .then_some(end)
}

fn boundary_before(text: &[u8], is_complete: bool) -> Option<usize> {
    let separators = [&b"\n###"[..], b"\n\n\n", b"\n---\n", b"machine "];
    let last = separators
        .iter()
        .filter_map(|separator| {
            memchr::memmem::rfind(text, separator).map(|at| at + separator.len())
        })
        .max();
    // Where a request is complete, the paragraph of another host is another's.
    let host = memchr::memmem::rfind(text, b"://")
        .filter(|at| !is_vendor_or_local(&text[at + 3..]) && !is_in_comment(text, *at))
        .map(|at| {
            let blank = memchr::memmem::find(&text[at..], b"\n\n").filter(|_| is_complete);
            at + blank.unwrap_or(3)
        });
    let verb = VERBS.iter().filter_map(|verb| memchr::memmem::rfind(text, verb)).max();
    last.max(host).max(verb).max(second_opening(text))
}

fn boundary_after(text: &[u8], before: &[u8], is_complete: bool) -> Option<usize> {
    let separators = [&b"\n###"[..], b"\n\n\n", b"\n---\n", b"\nmachine ", b"\ndefault "];
    let first =
        separators.iter().filter_map(|separator| memchr::memmem::find(text, separator)).min();
    let host = memchr::memmem::find_iter(text, b"://")
        .find(|at| !is_vendor_or_local(&text[at + 3..]) && !is_in_comment(text, *at))
        .map(|at| {
            let blank = memchr::memmem::rfind(&text[..at], b"\n\n").filter(|_| is_complete);
            blank.unwrap_or(at)
        });
    let verb = VERBS.iter().filter_map(|verb| memchr::memmem::find(text, verb)).min();
    let opening = OPENINGS
        .iter()
        .filter(|opening| memchr::memmem::find(before, opening).is_some())
        .filter_map(|opening| memchr::memmem::find(text, opening))
        .min();
    [first, host, verb, opening].into_iter().flatten().min()
}

/// What begins a line that is a comment.
const COMMENTS: [&[u8]; 5] = [b"# ", b"//", b"--", b"* ", b"/*"];

/// Whether a comment's mark begins the line of a place.
fn is_in_comment(text: &[u8], at: usize) -> bool {
    let line = line_start(text, at, 200);
    let head = text[line..at].trim_ascii_start();
    line > 0 && COMMENTS.iter().any(|mark| head.starts_with(mark))
}

pub(in crate::detect) fn is_vendor_or_local(rest: &[u8]) -> bool {
    let head = &rest[..rest.len().min(64)];
    let head =
        head.split(|b| matches!(b, b'/' | b'"' | b'\'' | b' ' | b'\n')).next().unwrap_or(head);
    let lower = head.to_ascii_lowercase();
    memchr::memmem::find(&lower, b"bytestack").is_some()
        || lower.starts_with(b"localhost")
        || lower.starts_with(b"127.")
        || lower.starts_with(b"$")
        || lower.starts_with(b"{")
}

/// Begins of requests in HTTP messages.
const VERBS: [&[u8]; 5] = [b"\nGET ", b"\nPOST ", b"\nPUT ", b"\nDELETE ", b"\nPATCH "];

/// Begins of requests in code, scripts and playbooks.
const OPENINGS: [&[u8]; 5] = [b"fetch(", b"curl ", b"- name:", b"\nlocation ", b"requests.get("];

/// Where the last request before a host begins, if another begins before it.
fn second_opening(text: &[u8]) -> Option<usize> {
    OPENINGS
        .iter()
        .filter_map(|opening| {
            let last = memchr::memmem::rfind(text, opening)?;
            memchr::memmem::rfind(&text[..last], opening).map(|_| last)
        })
        .max()
}

/// The places in a range where the scheme is named apart from its token:
/// `type: Bearer`, `--auth-type=bearer`, `auth:bearer {`.
pub(in crate::detect) fn schemes(bytes: &[u8], range: &Range<usize>) -> Vec<Range<usize>> {
    memchr::memchr2_iter(b'B', b'b', &bytes[range.clone()])
        .map(|at| range.start + at..range.start + at + 6)
        .filter(|at| {
            let before = bytes[..at.start].trim_ascii_end();
            is_any(bytes, at, &["bearer"])
                && !byte(bytes, at.end).is_ascii_alphanumeric()
                && (before.last().is_some_and(|b| matches!(b, b':' | b'=' | b'"' | b'\''))
                    || before.to_ascii_lowercase().ends_with(b"-authentication"))
                && matches!(
                    byte(bytes, skip_blanks(bytes, at.end)),
                    b'"' | b'\'' | b'\n' | b',' | b'}' | b'{' | b')' | b'`' | b'-' | b'\\' | 0
                )
        })
        .collect()
}

/// The record, block or command that names a scheme, and the tokens that are
/// handed to it by position or by a flag: `.auth('v', {type: 'bearer'})`,
/// `--auth=v`.
pub(in crate::detect) fn values_beside_scheme(
    bytes: &[u8],
    scheme: &Range<usize>,
) -> (Range<usize>, Vec<Candidate>) {
    let open = skip_blanks(bytes, scheme.end);
    let block = if byte(bytes, open) == b'{' {
        open..balanced(bytes, open, 600).unwrap_or(open + 1)
    } else {
        super::innermost_braces(bytes, scheme.start)
            .or_else(|| super::indented_around(bytes, scheme.start))
            .unwrap_or_else(|| {
                line_start(bytes, scheme.start, 300)..line_end(bytes, scheme.end, 300)
            })
    };
    let mut found: Vec<Candidate> = Vec::new();
    let line = line_start(bytes, scheme.start, 300)..line_end(bytes, scheme.end, 300);
    for flag in [&b"--auth="[..], b"--auth ", b" -a ", b".auth(", b".auth_token("] {
        let Some(at) = memchr::memmem::find(&bytes[line.clone()], flag) else { continue };
        let expression =
            way::Expression { way: Way::Paired, indent: 0, in_brackets: false, enclosing: None };
        found.extend(way::evaluate(bytes, line.start + at + flag.len(), expression));
    }
    (block, found)
}

/// Every `Bearer v` literal in a range.
pub(in crate::detect) fn bearers(bytes: &[u8], range: &Range<usize>) -> Vec<Candidate> {
    let mut found = Vec::new();
    for at in memchr::memchr2_iter(b'B', b'b', &bytes[range.clone()]).map(|at| range.start + at) {
        let before = byte(bytes, at.wrapping_sub(1));
        // `setBearerAuth("v")`, `withBearerToken("v")`.
        let is_hump = before.is_ascii_lowercase() && bytes[at] == b'B';
        if !is_any(bytes, &(at..(at + 6).min(bytes.len())), &["bearer"])
            || (before.is_ascii_alphanumeric() && !is_hump)
        {
            continue;
        }
        let mut start = past_bearer_word(bytes, at + 6);
        while matches!(
            byte(bytes, start),
            b' ' | b'\t'
                | b'+'
                | b'"'
                | b'\''
                | b','
                | b':'
                | b'='
                | b'.'
                | b'&'
                | b'('
                | b'\\'
                | b'`'
        ) || bytes[start.min(bytes.len())..].starts_with(b"%20")
        {
            start += if bytes[start] == b'%' { 3 } else { 1 };
        }
        let mut end = start;
        while end - start < 520 && value::is_token_byte(byte(bytes, end)) {
            end += 1;
        }
        if let Some(argument) = format_argument(bytes, start) {
            found.push(argument);
            continue;
        }
        if let Some(joined) = joined_bearer(bytes, start, end) {
            found.push(joined);
            continue;
        }
        if matches!(byte(bytes, start), b'[' | b'{')
            && let Some(candidate) = record_of_bearer(bytes, start)
        {
            found.push(candidate);
            continue;
        }
        let token = start..end;
        let class = classify(&bytes[token.clone()], Form::Bare);
        if start > at + 6 && matches!(class, Class::Literal(strength) if strength >= Strength::Fair)
        {
            found.push(Candidate {
                parts: vec![token],
                class,
                way: Way::Assigned,
                is_quoted: true,
            });
        } else if start > at + 6 && is_reference_start(byte(bytes, start)) {
            found.push(reference(start..end.max(start + 1)));
        }
    }
    found
}

fn is_reference_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'$' | b'{' | b'#' | b'%' | b'@' | b'*')
}

/// Something that a definition elsewhere gives its value.
pub(in crate::detect) fn reference(span: Range<usize>) -> Candidate {
    Candidate { parts: vec![span], class: Class::Reference, way: Way::Assigned, is_quoted: false }
}

/// `'Bearer ' . 'a' . 'b'`, `"Bearer a" + "b"`: a token in several literals.
fn joined_bearer(bytes: &[u8], start: usize, end: usize) -> Option<Candidate> {
    if end == start || !matches!(byte(bytes, end), b'"' | b'\'' | b'`') {
        return None;
    }
    let (more, _, _) = way::concatenated(bytes, end + 1);
    let mut parts = vec![start..end];
    parts.extend(more);
    let raw: Vec<u8> = parts.iter().flat_map(|part| bytes[part.clone()].iter().copied()).collect();
    let class = classify(&raw, Form::Quoted);
    (parts.len() > 1 && matches!(class, Class::Literal(Strength::Strong))).then_some(Candidate {
        parts,
        class,
        way: Way::Assigned,
        is_quoted: true,
    })
}

/// Past the rest of `BearerTokens(`, `bearer_auth(`, `bearerToken:`, so that
/// the value is read and not the word.
pub(in crate::detect) fn past_bearer_word(bytes: &[u8], at: usize) -> usize {
    let word = word_at(bytes, at);
    if matches!(byte(bytes, word.end), b'(' | b'{' | b'=' | b':') { word.end } else { at }
}

/// `"Bearer %s", "v"`, `"Bearer {}", "v"`: the literal that the format takes.
fn format_argument(bytes: &[u8], at: usize) -> Option<Candidate> {
    const HOLES: [&[u8]; 5] = [b"%s", b"{}", b"{0}", b"%v", b"%@"];
    let hole = HOLES.iter().find(|hole| bytes[at.min(bytes.len())..].starts_with(hole))?;
    let mut next = at + hole.len();
    while matches!(
        byte(bytes, next),
        b'"' | b'\'' | b',' | b' ' | b')' | b'.' | b'%' | b'\n' | b'('
    ) || bytes[next.min(bytes.len())..].starts_with(b"format(")
    {
        next += if byte(bytes, next) == b'f' { 7 } else { 1 };
        if next > at + 60 {
            return None;
        }
    }
    let open = next.checked_sub(1)?;
    let Some(string) = crate::detect::text::quoted(bytes, open) else {
        let word = word_at(bytes, next);
        return (!word.is_empty()).then(|| reference(word));
    };
    let inner = string.inner;
    let class = classify(&bytes[inner.clone()], Form::Quoted);
    matches!(class, Class::Literal(Strength::Strong)).then(|| Candidate {
        parts: vec![inner],
        class,
        way: Way::Paired,
        is_quoted: true,
    })
}

/// Postman's and Insomnia's `"bearer": [{"key": "token", "value": "v"}]`.
pub(in crate::detect) fn record_of_bearer(bytes: &[u8], open: usize) -> Option<Candidate> {
    let end = balanced(bytes, open, 600)?;
    let candidate = way::in_record(bytes, open + 1..end - 1)
        .or_else(|| positional(bytes, &(open + 1..end - 1)))?;
    Some(candidate)
}
