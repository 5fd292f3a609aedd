//! Keys given to the vendor's client.
//!
//! In: a callee, an import's alias or a declaration. Out: the literals among
//! its arguments, and those that its arguments refer to.

use std::ops::Range;

use super::generic::{found, generics};
use super::{Found, Rules};
use crate::detect::context;
use crate::detect::name::words;
use crate::detect::shown;
use crate::detect::text::{byte, is_word};

/// How many uses of one import alias are followed in a piece.
const MOST_ALIAS_USES: usize = 64;

/// Keys among the arguments of a client.
pub(super) fn passed(
    feeds: &Rules<'_>,
    bytes: &[u8],
    arguments: &Range<usize>,
    callee: &str,
    is_client: bool,
) -> Vec<Found> {
    let mut all = generics(feeds, bytes, arguments, &format!("argument of {callee}"), false);
    if is_client && let Some(candidate) = context::positional(bytes, arguments) {
        let evidence = format!("argument of {callee}");
        all.extend(found(feeds, feeds.api_key, bytes, &candidate, &evidence));
    }
    all
}

/// Whether a callee makes a client or hands it a key: `NewClient`, `ByteStack`,
/// `connect`, `WithAPIKey`, `authenticate`.
pub(super) fn is_client(bytes: &[u8], callee: &Range<usize>) -> bool {
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
    if names_resource(bytes, callee) {
        return false;
    }
    let callee = last_segment(bytes, callee);
    let words = words(&bytes[callee]);
    // In camel case the vendor's name is two words.
    let name = words.concat();
    let last_is_vendor = ["bytestack", "bitkit"].iter().any(|vendor| {
        name.ends_with(vendor) || words.last().is_some_and(|word| word.contains(vendor))
    });
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

/// Whether something between the vendor's word and what is called makes no
/// client: `bytestack.jobs.create("id")` names a job.
fn names_resource(bytes: &[u8], callee: &Range<usize>) -> bool {
    const CLIENTS: [&str; 38] = [
        "client",
        "sdk",
        "api",
        "auth",
        "key",
        "token",
        "session",
        "builder",
        "factory",
        "config",
        "configuration",
        "connection",
        "credentials",
        "core",
        "lib",
        "http",
        "rest",
        "default",
        "async",
        "options",
        "service",
        "instance",
        "aio",
        "asyncio",
        "sync",
        "node",
        "web",
        "server",
        "cloud",
        "admin",
        "connect",
        "setup",
        "init",
        "initialize",
        "configure",
        "authenticate",
        "login",
        "provider",
    ];
    let segments: Vec<&[u8]> = bytes[callee.clone()]
        .trim_ascii_end()
        .split(|b| matches!(b, b'.' | b':' | b'>'))
        .filter(|segment| segment.iter().any(u8::is_ascii_alphanumeric))
        .collect();
    let is_vendors = |segment: &[u8]| {
        let name = words(segment).concat();
        name.contains("bytestack") || name.contains("bitkit")
    };
    let is_client = |segment: &[u8]| {
        is_vendors(segment)
            || words(segment).iter().any(|word| {
                let plain = word.trim_end_matches(|c: char| c.is_ascii_digit());
                CLIENTS.contains(&plain) || plain == "v"
            })
    };
    let Some((last, owners)) = segments.split_last() else { return false };
    let first = owners.iter().position(|segment| is_vendors(segment)).unwrap_or(0);
    let between = owners.get(first + 1..).unwrap_or_default();
    !is_client(last) && between.last().is_some_and(|segment| !is_client(segment))
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
pub(super) fn declared(feeds: &Rules<'_>, bytes: &[u8], name: &Range<usize>) -> Vec<Found> {
    let callee = shown(&bytes[name.clone()]);
    let mut all = Vec::new();
    if let Some(chain) = context::chain(bytes, name) {
        // Any call takes an atom and options: there `key` names other things too.
        let is_loose = byte(bytes, name.end) == b',' && byte(bytes, chain.start) != b'{';
        all.extend(generics(feeds, bytes, &chain, &format!("given to {callee}"), is_loose));
    }
    if is_client(bytes, name)
        && let Some(arguments) = context::declaration(bytes, name)
    {
        all.extend(passed(feeds, bytes, &arguments, &callee, true));
    }
    all
}

/// Keys given to the vendor's package under a local name.
pub(super) fn aliased(feeds: &Rules<'_>, bytes: &[u8], alias: &[u8]) -> Vec<Found> {
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
