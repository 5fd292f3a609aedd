//! Keys in a vendor's context: its client, its configuration section, requests
//! to its hosts.
//!
//! In: bytes and the hits of the vendors' words. Out: the literals that those
//! contexts make keys without naming them.

use std::ops::Range;

use super::context::{self, Generic};
use super::name::{around, has_left_boundary, words};
use super::text::{byte, is_word, line_end, line_start};
use super::value::Class;
use super::way::{Candidate, Way, after_name};
use super::{Found, confidence, shown};
use crate::finding::Confidence;
use crate::rule::{LiteralHit, RuleSet, Strength};
use crate::secret::Secret;

/// How many uses of one import alias are followed in a piece.
const MOST_ALIAS_USES: usize = 64;

/// The rules that a vendor's contexts feed.
struct Rules<'a> {
    api_key: usize,
    webhook: Option<usize>,
    best: Confidence,
    hosts: &'a [String],
    headers: &'a [String],
    clients: bool,
}

/// Everything in the contexts of `rules`.
pub(super) fn find(rules: &RuleSet, bytes: &[u8], hits: &[LiteralHit]) -> Vec<Found> {
    let mut found = Vec::new();
    for (index, rule) in rules.rules().iter().enumerate() {
        let (Some(context), Some(names)) = (&rule.context, &rule.names) else { continue };
        if context.hosts.is_empty() && !context.clients {
            continue;
        }
        let webhook = rules.rules().iter().position(|other| {
            other
                .names
                .as_ref()
                .is_some_and(|other| other.vendors == names.vendors && !other.requires.is_empty())
        });
        let feeds = Rules {
            api_key: index,
            webhook,
            best: rule.confidence,
            hosts: &context.hosts,
            headers: &context.headers,
            clients: context.clients,
        };
        let mut last_request = 0..0;
        for hit in hits {
            let literal = rules.literals()[hit.literal].text();
            if names.vendors.iter().any(|vendor| vendor == literal) {
                found.extend(around_word(&feeds, bytes, &(hit.start..hit.end), &mut last_request));
            }
        }
    }
    found
}

fn around_word(
    feeds: &Rules<'_>,
    bytes: &[u8],
    word: &Range<usize>,
    last_request: &mut Range<usize>,
) -> Vec<Found> {
    if let Some(host) = host(feeds, bytes, word) {
        let mut found = addressed(feeds, bytes, &host);
        if !last_request.contains(&host.start) {
            let request = context::request(bytes, &host);
            let block = context::innermost_braces(bytes, host.start)
                .or_else(|| context::indented_around(bytes, host.start))
                .unwrap_or_else(|| request.clone());
            let narrow = request.start.max(block.start)..request.end.min(block.end);
            found.extend(requested(feeds, bytes, &host, &request, &narrow));
            *last_request = request;
        }
        return found;
    }
    let mut found = Vec::new();
    if !feeds.clients || !has_left_boundary(bytes, word) {
        return found;
    }
    let name = around(bytes, word).unwrap_or_else(|| word.clone());
    if let Some(arguments) = context::arguments(bytes, &name) {
        found.extend(passed(
            feeds,
            bytes,
            &arguments,
            &shown(&bytes[name.clone()]),
            is_client(bytes, &name),
        ));
    }
    let words = words(&bytes[name.clone()]);
    let is_key =
        words.iter().any(|word| ["key", "token", "secret", "apikey"].contains(&word.as_str()));
    if words.iter().any(|word| word == "signature") {
        found.extend(signed(feeds, bytes, &name));
    }
    let resource = context::names_service(bytes, &name).then(|| context::resource(bytes, &name));
    if let Some(section) = context::section(bytes, &name).or(resource).filter(|_| !is_key) {
        found.extend(generics(
            feeds,
            bytes,
            &section,
            &format!("under {}", shown(&bytes[name.clone()])),
            feeds.best,
            false,
        ));
    }
    found.extend(declared(feeds, bytes, &name));
    for alias in context::aliases(bytes, word) {
        found.extend(aliased(feeds, bytes, &alias));
    }
    found.extend(below_comment(feeds, bytes, word));
    found
}

/// Secrets beside the vendor's signature header: they sign webhooks.
fn signed(feeds: &Rules<'_>, bytes: &[u8], header: &Range<usize>) -> Vec<Found> {
    let Some(rule) = feeds.webhook else { return Vec::new() };
    let around = context::request(bytes, header);
    let mut all =
        generics(feeds, bytes, &around, "beside ByteStack's signature header", feeds.best, true);
    all.retain(|found| {
        found.rule == rule && !context::are_siblings(bytes, found.start(), header.start)
    });
    all.extend(context::signing_literals(bytes, &around).iter().filter_map(|candidate| {
        found(
            rule,
            bytes,
            candidate,
            feeds.best,
            "signs what ByteStack's signature header is compared with",
        )
    }));
    all
}

/// The host that holds the vendor's word, if it is one of the rule's.
fn host(feeds: &Rules<'_>, bytes: &[u8], word: &Range<usize>) -> Option<Range<usize>> {
    feeds.hosts.iter().find_map(|host| {
        let offset = host.find("bytestack").or_else(|| host.find('.').map(|_| 0))?;
        let start = word.start.checked_sub(offset)?;
        let range = start..start + host.len();
        let is_here = bytes.get(range.clone())?.eq_ignore_ascii_case(host.as_bytes());
        let is_whole = !is_word(byte(bytes, range.end))
            && (offset > 0 || byte(bytes, start.wrapping_sub(1)) != b'.');
        (is_here && is_whole).then_some(range)
    })
}

fn addressed(feeds: &Rules<'_>, bytes: &[u8], host: &Range<usize>) -> Vec<Found> {
    context::in_address(bytes, host)
        .iter()
        .filter_map(|candidate| {
            found(
                feeds.api_key,
                bytes,
                candidate,
                feeds.best,
                "part of an address of ByteStack's API",
            )
        })
        .collect()
}

/// Keys in a request to a host of the vendor: bearer tokens and headers.
fn requested(
    feeds: &Rules<'_>,
    bytes: &[u8],
    host: &Range<usize>,
    request: &Range<usize>,
    block: &Range<usize>,
) -> Vec<Found> {
    let mut all: Vec<Found> = context::bearers(bytes, request)
        .iter()
        .filter(|candidate| !context::are_siblings(bytes, candidate.parts[0].start, host.start))
        .filter_map(|candidate| {
            found(
                feeds.api_key,
                bytes,
                candidate,
                feeds.best,
                "bearer token in a request to ByteStack's API",
            )
        })
        .collect();
    all.extend(generics(feeds, bytes, block, "in a request to ByteStack's API", feeds.best, true));
    all
}

/// Keys among the arguments of a client.
fn passed(
    feeds: &Rules<'_>,
    bytes: &[u8],
    arguments: &Range<usize>,
    callee: &str,
    is_client: bool,
) -> Vec<Found> {
    let mut all =
        generics(feeds, bytes, arguments, &format!("argument of {callee}"), feeds.best, false);
    if is_client {
        all.extend(context::positional(bytes, arguments).and_then(|candidate| {
            let is_random =
                matches!(candidate.class, Class::Literal(strength) if strength >= Strength::Fair);
            is_random.then(|| {
                found(
                    feeds.api_key,
                    bytes,
                    &candidate,
                    feeds.best,
                    &format!("argument of {callee}"),
                )
            })?
        }));
    }
    all
}

/// Whether a callee makes a client or hands it a key: `NewClient`, `ByteStack`,
/// `connect`, `WithAPIKey`, `authenticate`.
fn is_client(bytes: &[u8], callee: &Range<usize>) -> bool {
    const WORDS: [&str; 24] = [
        "client",
        "new",
        "init",
        "connect",
        "create",
        "make",
        "build",
        "builder",
        "of",
        "configure",
        "setup",
        "auth",
        "authenticate",
        "login",
        "open",
        "session",
        "api",
        "sdk",
        "key",
        "token",
        "start",
        "get",
        "instance",
        "with",
    ];
    let callee = last_segment(bytes, callee);
    let words = words(&bytes[callee]);
    let last_is_vendor =
        words.last().is_some_and(|word| word.contains("bytestack") || word.contains("bitkit"));
    let not_client = [
        "hash",
        "verify",
        "url",
        "idempotency",
        "page",
        "cursor",
        "object",
        "find",
        "download",
        "get",
        "log",
        "query",
        "fetch",
        "storage",
        "webhook",
        "error",
        "id",
        "test",
    ];
    last_is_vendor
        || (words.iter().any(|word| WORDS.contains(&word.as_str()) || word.ends_with("client"))
            && !words.iter().any(|word| not_client.contains(&word.as_str())))
}

/// The last part of `a.b::c`: what is called, not on what.
fn last_segment(bytes: &[u8], callee: &Range<usize>) -> Range<usize> {
    let name = bytes[callee.clone()].trim_ascii_end();
    let end = callee.start + name.len();
    let from = name
        .iter()
        .rposition(|b| matches!(b, b'.' | b':' | b'>'))
        .map_or(callee.start, |at| callee.start + at + 1);
    from..end
}

/// Keys of a client that is declared, built in a chain or handed over with its
/// options: `ByteStackClient c{"v"}`, `.builder().apiKey("v")`, `use(ByteStack, {…})`.
fn declared(feeds: &Rules<'_>, bytes: &[u8], name: &Range<usize>) -> Vec<Found> {
    let callee = shown(&bytes[name.clone()]);
    let mut all = Vec::new();
    if let Some(chain) = context::chain(bytes, name) {
        all.extend(generics(
            feeds,
            bytes,
            &chain,
            &format!("given to {callee}"),
            feeds.best,
            false,
        ));
    }
    if is_client(bytes, name)
        && let Some(arguments) = context::declaration(bytes, name)
    {
        all.extend(passed(feeds, bytes, &arguments, &callee, true));
    }
    all
}

/// Keys given to the vendor's package under a local name.
fn aliased(feeds: &Rules<'_>, bytes: &[u8], alias: &[u8]) -> Vec<Found> {
    let mut all = Vec::new();
    for at in memchr::memmem::find_iter(bytes, alias).take(MOST_ALIAS_USES) {
        let end = at + alias.len();
        let is_use = !is_word(byte(bytes, at.wrapping_sub(1)))
            && (matches!(byte(bytes, end), b'.' | b'(' | b':' | b'-' | b'{' | b'\\'));
        if !is_use || (byte(bytes, end) == b':' && byte(bytes, end + 1) != b':') {
            continue;
        }
        let Some(arguments) = context::arguments(bytes, &(at..end)) else { continue };
        let callee = at..arguments.start.saturating_sub(1);
        all.extend(passed(
            feeds,
            bytes,
            &arguments,
            &shown(&bytes[callee.clone()]),
            is_client(bytes, &callee) || byte(bytes, end) == b'(',
        ));
    }
    all
}

/// A comment that names the vendor above a generic name: weak evidence.
fn below_comment(feeds: &Rules<'_>, bytes: &[u8], word: &Range<usize>) -> Vec<Found> {
    let line = line_start(bytes, word.start, 200);
    let head = bytes[line..word.start].trim_ascii_start();
    if ![&b"#"[..], b"//", b";", b"--", b"/*", b"*", b"<!--", b"rem ", b"REM "]
        .iter()
        .any(|mark| head.starts_with(mark))
    {
        return Vec::new();
    }
    let first = line_end(bytes, word.end, 300);
    let second = line_end(bytes, first + 1, 400);
    let third = line_end(bytes, second + 1, 400);
    generics(
        feeds,
        bytes,
        &(first..third.min(bytes.len())),
        "below a comment that names ByteStack",
        Confidence::Low,
        false,
    )
}

/// The literals of generic names in a range.
fn generics(
    feeds: &Rules<'_>,
    bytes: &[u8],
    range: &Range<usize>,
    place: &str,
    best: Confidence,
    is_request: bool,
) -> Vec<Found> {
    let mut all = Vec::new();
    for generic in context::generics(bytes, range) {
        let name = &bytes[generic.span.clone()];
        if is_request && !is_request_name(feeds, name) {
            continue;
        }
        let Some(rule) = rule_for(feeds, &generic) else { continue };
        for candidate in after_name(bytes, &generic.span) {
            let is_apart =
                !generic.is_webhook && context::is_in_foreign_record(bytes, &generic.span, range);
            if is_apart || !is_fitting(bytes, &generic.span, candidate.way) {
                continue;
            }
            let is_inside = candidate
                .parts
                .iter()
                .all(|part| part.start >= range.start && part.end <= range.end);
            let is_random =
                matches!(candidate.class, Class::Literal(strength) if strength >= Strength::Fair);
            if is_inside && is_random {
                let evidence = format!("{} {place}", shown(name));
                all.extend(found(rule, bytes, &candidate, best, &evidence));
            }
        }
    }
    all
}

/// Generic words meet their value in fewer ways: a short one is a name only
/// before an operator, and a pair must begin its bracket.
fn is_fitting(bytes: &[u8], name: &Range<usize>, way: Way) -> bool {
    let mut before = name.start;
    while before > 0 && matches!(bytes[before - 1], b'"' | b'\'' | b'`' | b':' | b'@') {
        before -= 1;
    }
    let opener = byte(bytes, before.wrapping_sub(1));
    match way {
        Way::Told => false,
        Way::Paired => {
            matches!(opener, b'(' | b'[' | b'{')
                || byte(bytes, name.end) == b'('
                || bytes[name.clone()].iter().any(|b| matches!(b, b'_' | b'-'))
        }
        Way::Following => name.len() > 4,
        _ => name.len() > 3 || opener != b' ' || !is_word(byte(bytes, before.wrapping_sub(2))),
    }
}

fn rule_for(feeds: &Rules<'_>, generic: &Generic) -> Option<usize> {
    if generic.is_webhook { feeds.webhook } else { Some(feeds.api_key) }
}

/// In a request, `key` and `secret` name other things too.
fn is_request_name(feeds: &Rules<'_>, name: &[u8]) -> bool {
    let lower = String::from_utf8_lossy(name).to_ascii_lowercase();
    feeds.headers.contains(&lower) || !["key", "secret", "auth"].contains(&lower.as_str())
}

fn found(
    rule: usize,
    bytes: &[u8],
    candidate: &Candidate,
    best: Confidence,
    evidence: &str,
) -> Option<Found> {
    let Class::Literal(strength) = candidate.class else { return None };
    Some(Found {
        rule,
        parts: candidate.parts.clone(),
        secret: Secret::new(candidate.value(bytes)),
        confidence: confidence(best, strength),
        evidence: evidence.to_owned(),
    })
}
