//! Keys that stand in a vendor's context without the name.
//!
//! In: bytes and the place of a vendor's word or host. Out: the ranges of
//! generic names (`api_key`, `token`) that this context makes the vendor's,
//! and the values that a client or a request holds. Knows nothing of rules'
//! severity or of where the bytes came from.

use std::ops::Range;

use super::text::{
    balanced, before_blanks, byte, indent, is_any, is_word, line_end, line_start, quoted,
    skip_blanks, skip_space, word_at, word_before,
};
use super::value::{Class, Form, classify};
use super::way::{Candidate, Expression, Way, evaluate};
use crate::rule::Strength;

/// How far a request, a call or a block reaches from the host, in bytes.
const REACH_BYTES: usize = 1600;
/// How far a section of a configuration reaches, in bytes.
const SECTION_BYTES: usize = 4096;

/// Generic names of a key: in a vendor's context they are the vendor's.
const KEY_NAMES: [&str; 24] = [
    "api_key",
    "apikey",
    "api-key",
    "api_token",
    "apitoken",
    "api-token",
    "api_secret",
    "apisecret",
    "token",
    "key",
    "secret",
    "access_token",
    "accesstoken",
    "access-token",
    "access_key",
    "accesskey",
    "auth_token",
    "authtoken",
    "auth",
    "bearer",
    "bearer_token",
    "secret_key",
    "secretkey",
    "password",
];

/// Generic names of a webhook secret.
const WEBHOOK_NAMES: [&str; 10] = [
    "webhook_secret",
    "webhooksecret",
    "webhook-secret",
    "webhook_signing_secret",
    "signing_secret",
    "signingsecret",
    "signing-secret",
    "webhook_key",
    "hook_secret",
    "webhook_token",
];

/// A generic name that a context makes the vendor's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Generic {
    /// The name.
    pub span: Range<usize>,
    /// Whether it names a webhook's secret.
    pub is_webhook: bool,
}

/// The part of the text that a vendor's word governs: the block, section or
/// element that it heads.
pub(super) fn section(bytes: &[u8], name: &Range<usize>) -> Option<Range<usize>> {
    let mut at = name.end;
    while matches!(byte(bytes, at), b'"' | b'\'' | b'`' | b']' | b')' | b'>' | b'\\') {
        at += 1;
    }
    if byte(bytes, name.start.wrapping_sub(1)) == b'['
        || bytes[..name.start].ends_with(b"[[")
        || is_ini_head(bytes, name)
    {
        return Some(at..ini_end(bytes, at));
    }
    let next = skip_blanks(bytes, at);
    let after = match byte(bytes, next) {
        b':' | b'=' => {
            let past = next + 1 + usize::from(matches!(byte(bytes, next + 1), b'>' | b'='));
            skip_space(bytes, past)
        }
        b'.' if byte(bytes, next + 1) == b' ' => skip_space(bytes, next + 1),
        _ => skip_space(bytes, next),
    };
    let opener = skip_constructor(bytes, after);
    let is_pair = byte(bytes, next) == b'.' && byte(bytes, opener) == b'(';
    if matches!(byte(bytes, opener), b'{' | b'[')
        || (byte(bytes, opener) == b'(' && opener > after)
        || is_pair
    {
        let end = balanced(bytes, opener, SECTION_BYTES)
            .unwrap_or(bytes.len().min(opener + SECTION_BYTES));
        return Some(opener..end);
    }
    if byte(bytes, name.start.wrapping_sub(1)) == b'<' {
        return Some(at..element_end(bytes, name, at));
    }
    (byte(bytes, next) == b':' && byte(bytes, skip_blanks(bytes, next + 1)) == b'\n')
        .then(|| next..indented_end(bytes, name.start, next))
}

/// Past `new`, `dict`, `Map.of`, `array`, `struct`, `&Config`: what a literal
/// record may begin with.
fn skip_constructor(bytes: &[u8], at: usize) -> usize {
    let mut end = at;
    while end - at < 40
        && (is_word(byte(bytes, end))
            || matches!(byte(bytes, end), b'.' | b':' | b'&' | b'%' | b' ' | b'@' | b'$'))
    {
        end += 1;
    }
    if matches!(byte(bytes, end), b'{' | b'(' | b'[') { end } else { at }
}

fn is_ini_head(bytes: &[u8], name: &Range<usize>) -> bool {
    let line = line_start(bytes, name.start, 200);
    let head = line + indent(bytes, line);
    byte(bytes, head) == b'['
        && memchr::memchr(b']', &bytes[name.end..line_end(bytes, name.end, 200)]).is_some()
        && memchr::memchr2(b'=', b':', &bytes[head..name.start]).is_none()
}

fn ini_end(bytes: &[u8], from: usize) -> usize {
    let limit = bytes.len().min(from + SECTION_BYTES);
    let mut at = from;
    while let Some(newline) = memchr::memchr(b'\n', &bytes[at..limit]) {
        at += newline + 1;
        let first = at + indent(bytes, at.min(limit.saturating_sub(1)));
        if byte(bytes, first) == b'[' {
            return at;
        }
    }
    limit
}

fn element_end(bytes: &[u8], name: &Range<usize>, from: usize) -> usize {
    let limit = bytes.len().min(from + SECTION_BYTES);
    let closing = [&b"</"[..], &bytes[name.clone()]].concat();
    memchr::memmem::find(&bytes[from..limit], &closing).map_or(limit, |length| from + length)
}

fn indented_end(bytes: &[u8], name: usize, from: usize) -> usize {
    let own = indent(bytes, line_start(bytes, name, 512));
    let limit = bytes.len().min(from + SECTION_BYTES);
    let mut at = from;
    while let Some(newline) = memchr::memchr(b'\n', &bytes[at..limit]) {
        at += newline + 1;
        let here = indent(bytes, at);
        let first = byte(bytes, at + here);
        if here <= own && !matches!(first, b'\n' | b'\r' | b'#' | 0) {
            return at;
        }
    }
    limit
}

/// The arguments of the call whose callee holds the vendor's word or an alias:
/// `bytestack.NewClient(…)`, `new ByteStack({…})`, `Bytestack::Client.new …`.
pub(super) fn arguments(bytes: &[u8], callee: &Range<usize>) -> Option<Range<usize>> {
    let mut end = callee.end;
    while end - callee.end < 96
        && (is_word(byte(bytes, end))
            || matches!(byte(bytes, end), b'.' | b':' | b'>' | b'-' | b'!' | b'?' | b'\\'))
    {
        end += 1;
    }
    if byte(bytes, end) == b'<' {
        let limit = bytes.len().min(end + 60);
        end += memchr::memchr(b'>', &bytes[end..limit])? + 1;
    }
    let open = skip_blanks(bytes, end);
    if matches!(byte(bytes, open), b'(' | b'{') {
        let close =
            balanced(bytes, open, REACH_BYTES).unwrap_or(bytes.len().min(open + REACH_BYTES));
        return Some(open + 1..close.saturating_sub(1).max(open + 1));
    }
    let method = word_before(bytes, end);
    let takes_bare_arguments = is_any(
        bytes,
        &method,
        &["new", "newclient", "client", "configure", "connect", "init", "new_client"],
    );
    (takes_bare_arguments && open > end).then(|| open..line_end(bytes, open, 300))
}

/// The first positional argument of a client, where it is a literal.
pub(super) fn positional(bytes: &[u8], arguments: &Range<usize>) -> Option<Candidate> {
    let mut at = skip_space(bytes, arguments.start);
    while bytes[at.min(bytes.len())..].starts_with(b"//")
        || (byte(bytes, at) == b'#' && byte(bytes, at + 1) == b' ')
    {
        at = skip_space(bytes, line_end(bytes, at, 400));
    }
    if at >= arguments.end || super::way::is_key(bytes, at) {
        return None;
    }
    let candidate = evaluate(
        bytes,
        at,
        Expression { way: Way::Paired, indent: 0, in_brackets: true, enclosing: None },
    )?;
    let is_inside = candidate.parts.iter().all(|part| part.end <= arguments.end);
    (is_inside && candidate.is_quoted).then_some(candidate)
}

/// The generic names of keys inside a range.
pub(super) fn generics(bytes: &[u8], range: &Range<usize>) -> Vec<Generic> {
    let mut found = Vec::new();
    let mut at = range.start;
    while at < range.end.min(bytes.len()) {
        if !is_word(bytes[at]) {
            at += 1;
            continue;
        }
        let word = hyphenated(bytes, at);
        if word.end <= range.end {
            found.extend(generic(bytes, &word));
        }
        at = word.end.max(at + 1);
    }
    found
}

fn generic(bytes: &[u8], word: &Range<usize>) -> Option<Generic> {
    if word.len() > 48 {
        return None;
    }
    let words = super::name::words(&bytes[word.clone()]);
    let joined = words.concat();
    let is_webhook = WEBHOOK_NAMES.iter().any(|name| same_letters(name, &joined))
        || (words.iter().any(|word| word == "webhook")
            && words.last().is_some_and(|last| last == "secret"));
    let is_key = KEY_NAMES.iter().any(|name| same_letters(name, &joined))
        || joined.starts_with("bearer")
        || is_qualified(&words);
    (is_webhook || is_key).then(|| Generic { span: word.clone(), is_webhook })
}

/// A plain qualifier before the noun: `prodApiKey`, `x-api-key`; another
/// vendor's word is none.
fn is_qualified(words: &[String]) -> bool {
    const QUALIFIERS: [&str; 28] = [
        "x",
        "my",
        "our",
        "live",
        "prod",
        "production",
        "staging",
        "stage",
        "dev",
        "secret",
        "default",
        "client",
        "server",
        "app",
        "public",
        "private",
        "test",
        "backend",
        "service",
        "user",
        "main",
        "current",
        "real",
        "oauth",
        "k",
        "g",
        "m",
        "s",
    ];
    let plain = words.iter().take_while(|word| QUALIFIERS.contains(&word.as_str())).count();
    let noun = words[plain..].concat();
    plain > 0
        && ["apikey", "apitoken", "accesstoken", "authtoken", "bearertoken", "token", "key"]
            .contains(&noun.as_str())
}

fn same_letters(name: &str, joined: &str) -> bool {
    name.bytes().filter(u8::is_ascii_alphanumeric).eq(joined.bytes())
}

fn hyphenated(bytes: &[u8], start: usize) -> Range<usize> {
    let mut end = start;
    while end - start < 64
        && (is_word(byte(bytes, end))
            || (byte(bytes, end) == b'-' && is_word(byte(bytes, end + 1))))
    {
        end += 1;
    }
    start..end
}

/// The command, call or block around a host: as far as blank lines, request
/// separators and other hosts allow.
pub(super) fn request(bytes: &[u8], host: &Range<usize>) -> Range<usize> {
    let from = host.start.saturating_sub(REACH_BYTES);
    let to = bytes.len().min(host.end + REACH_BYTES);
    let own = bytes[from..host.start]
        .iter()
        .rposition(|b| b.is_ascii_whitespace() || matches!(b, b'"' | b'\''));
    let before = &bytes[from..own.map_or(host.start, |at| from + at + 1)];
    let after = &bytes[host.end..to];
    let defines_variable = byte(bytes, line_start(bytes, host.start, 200)) == b'@';
    let start = boundary_before(before).map_or(from, |at| from + at);
    if defines_variable {
        return start..to;
    }
    let end = boundary_after(after).map_or(to, |at| host.end + at);
    start..end
}

fn boundary_before(text: &[u8]) -> Option<usize> {
    let separators = [&b"\n###"[..], b"\n\n\n", b"\n---\n", b"machine "];
    let last = separators
        .iter()
        .filter_map(|separator| {
            memchr::memmem::rfind(text, separator).map(|at| at + separator.len())
        })
        .max();
    let host = memchr::memmem::rfind(text, b"://")
        .filter(|at| !is_vendor_or_local(&text[at + 3..]))
        .map(|at| at + 3);
    last.max(host)
}

fn boundary_after(text: &[u8]) -> Option<usize> {
    let separators = [&b"\n###"[..], b"\n\n\n", b"\n---\n", b"\nmachine ", b"\ndefault "];
    let first =
        separators.iter().filter_map(|separator| memchr::memmem::find(text, separator)).min();
    let host =
        memchr::memmem::find_iter(text, b"://").find(|at| !is_vendor_or_local(&text[at + 3..]));
    [first, host].into_iter().flatten().min()
}

fn is_vendor_or_local(rest: &[u8]) -> bool {
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

/// Every `Bearer v` literal in a range.
pub(super) fn bearers(bytes: &[u8], range: &Range<usize>) -> Vec<Candidate> {
    let mut found = Vec::new();
    for at in memchr::memchr2_iter(b'B', b'b', &bytes[range.clone()]).map(|at| range.start + at) {
        if !is_any(bytes, &(at..(at + 6).min(bytes.len())), &["bearer"])
            || is_word(byte(bytes, at.wrapping_sub(1)))
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
        while end - start < 520 && super::value::is_token_byte(byte(bytes, end)) {
            end += 1;
        }
        if matches!(byte(bytes, start), b'[' | b'{') {
            found.extend(record_of_bearer(bytes, start));
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
        }
    }
    found
}

/// Past the rest of `BearerTokens(`, `bearer_auth(`, `bearerToken:`, so that
/// the value is read and not the word.
fn past_bearer_word(bytes: &[u8], at: usize) -> usize {
    let word = word_at(bytes, at);
    if matches!(byte(bytes, word.end), b'(' | b'{' | b'=' | b':') { word.end } else { at }
}

/// Postman's and Insomnia's `"bearer": [{"key": "token", "value": "v"}]`.
fn record_of_bearer(bytes: &[u8], open: usize) -> Option<Candidate> {
    let end = balanced(bytes, open, 600)?;
    let candidate = super::way::in_record(bytes, open + 1..end - 1)
        .or_else(|| positional(bytes, &(open + 1..end - 1)))?;
    matches!(candidate.class, Class::Literal(strength) if strength >= Strength::Fair)
        .then_some(candidate)
}

/// The resource that a vendor's word names: the rest of its document.
pub(super) fn resource(bytes: &[u8], name: &Range<usize>) -> Range<usize> {
    let limit = bytes.len().min(name.end + 600);
    let end =
        memchr::memmem::find(&bytes[name.end..limit], b"\n---").map_or(limit, |at| name.end + at);
    name.end..end
}

/// The literals that key an HMAC in a range: `hmac.new(b"v", …)`,
/// `createHmac('sha256', 'v')`, `SecretKeySpec("v".getBytes(), …)`.
pub(super) fn signing_literals(bytes: &[u8], range: &Range<usize>) -> Vec<Candidate> {
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
            found.extend(
                strings(bytes, end)
                    .into_iter()
                    .find(|candidate| matches!(candidate.class, Class::Literal(Strength::Strong))),
            );
        }
        at = end.max(at + 1);
    }
    found
}

fn strings(bytes: &[u8], open: usize) -> Vec<Candidate> {
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

/// The innermost braces around a place, within reach: an object, a block.
pub(super) fn innermost_braces(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let from = at.saturating_sub(REACH_BYTES);
    let mut depth = 0_usize;
    for start in (from..at).rev() {
        match bytes[start] {
            b'}' => depth += 1,
            b'{' if depth == 0 => {
                let end = balanced(bytes, start, 2 * REACH_BYTES)?;
                return (end > at).then_some(start..end);
            }
            b'{' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// A key inside the address itself: `https://key@host`, `https://user:key@host`,
/// `?api_key=v`.
pub(super) fn in_address(bytes: &[u8], host: &Range<usize>) -> Vec<Candidate> {
    let mut found = Vec::new();
    if byte(bytes, host.start.wrapping_sub(1)) == b'@' {
        let end = host.start - 1;
        let from = end.saturating_sub(560);
        let start = bytes[from..end]
            .iter()
            .rposition(|b| !super::value::is_token_byte(*b) || *b == b'/')
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

fn in_query(bytes: &[u8], host: &Range<usize>) -> Vec<Candidate> {
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

fn split_ranges(bytes: &[u8], range: Range<usize>, separators: &[u8]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = range.start;
    for at in range.clone() {
        if separators.contains(&bytes[at]) {
            ranges.push(start..at);
            start = at + 1;
        }
    }
    ranges.push(start..range.end);
    ranges
}

fn strong(bytes: &[u8], range: Range<usize>) -> Option<Candidate> {
    let class = classify(bytes.get(range.clone())?, Form::Bare);
    matches!(class, Class::Literal(strength) if strength >= Strength::Fair).then(|| Candidate {
        parts: vec![range],
        class,
        way: Way::Assigned,
        is_quoted: true,
    })
}

/// The local names that an import gives to the vendor's package: Go, Python,
/// JavaScript, Rust, C#, Elixir, Java, PHP, Ruby, Perl.
pub(super) fn aliases(bytes: &[u8], vendor: &Range<usize>) -> Vec<Vec<u8>> {
    let line = line_start(bytes, vendor.start, 300)..line_end(bytes, vendor.end, 300);
    let text = &bytes[line.clone()];
    let mut found = Vec::new();
    let mut push = |word: &[u8]| {
        let is_plain = !word.is_empty()
            && word.len() < 40
            && word.iter().all(|b| is_word(*b))
            && !word[0].is_ascii_digit();
        if is_plain && !KEYWORDS.iter().any(|keyword| keyword.as_bytes() == word) {
            found.push(word.to_vec());
        }
    };
    let open = before_blanks(
        bytes,
        (line.start..vendor.start)
            .rev()
            .find(|at| matches!(bytes[*at], b'"' | b'\'' | b'`'))
            .unwrap_or(line.start),
    );
    if memchr::memmem::find(text, b"bytestack-go").is_some() {
        if byte(bytes, open.wrapping_sub(1)) == b'.' {
            push(b"NewClient");
        }
        push(&bytes[word_before(bytes, open)]);
    }
    let lower = text.to_ascii_lowercase();
    let imports = [&b"import"[..], b"require", b"from ", b"use ", b"using ", b"alias ", b"include"];
    if !imports.iter().any(|word| memchr::memmem::find(&lower, word).is_some()) {
        return found;
    }
    for at in memchr::memmem::find_iter(text, b" as ").map(|at| line.start + at + 4) {
        push(&bytes[word_at(bytes, skip_blanks(bytes, at))]);
    }
    for at in memchr::memmem::find_iter(text, b"as: ").map(|at| line.start + at + 4) {
        push(&bytes[word_at(bytes, at)]);
    }
    if let Some(equals) = memchr::memchr(b'=', text) {
        push(&bytes[word_before(bytes, before_blanks(bytes, line.start + equals))]);
    }
    for list in imported_names(bytes, &line) {
        push(&bytes[list]);
    }
    found
}

const KEYWORDS: [&str; 20] = [
    "import", "from", "use", "using", "as", "const", "let", "var", "require", "type", "static",
    "default", "export", "alias", "local", "my", "pub", "os", "fmt", "self",
];

/// The names in `import { A, B } from`, `from x import A, B`, `import A from`,
/// `x::{A, B}`.
fn imported_names(bytes: &[u8], line: &Range<usize>) -> Vec<Range<usize>> {
    let text = &bytes[line.clone()];
    let after =
        |needle: &[u8]| memchr::memmem::find(text, needle).map(|at| line.start + at + needle.len());
    let list = if let (Some(open), Some(close)) =
        (memchr::memchr(b'{', text), memchr::memchr(b'}', text))
    {
        line.start + open + 1..(line.start + close).max(line.start + open + 1)
    } else if let Some(start) = after(b" import ") {
        start..line.end
    } else if let (Some(start), Some(end)) =
        (after(b"import "), memchr::memmem::find(text, b" from "))
    {
        start..(line.start + end).max(start)
    } else {
        return Vec::new();
    };
    split_ranges(bytes, list, b",;()")
        .into_iter()
        .map(|part| word_at(bytes, skip_blanks(bytes, part.start)))
        .filter(|word| !word.is_empty() && quoted(bytes, word.start).is_none())
        .collect()
}
