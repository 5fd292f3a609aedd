//! Tells digests and ids that stand beside a name from a key under it.
//!
//! In: a name and a value of a digest's or UUID's form that it may have. Out:
//! whether what stands between them, above them or beside them says that the
//! value is a digest, a revision or an id. A random value of another form is
//! never asked about here.

use std::ops::Range;

use super::name::words;
use super::text::{byte, indent, is_word, line_end, line_start};
use super::way::column_title;

/// How far a heading is looked for above a value, in bytes.
const HEADING_BYTES: usize = 4096;
/// How much text between a name and its value is read.
const BETWEEN_BYTES: usize = 400;

const WORDS: [&str; 34] = [
    "sha",
    "sha1",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "md5",
    "blake2b",
    "blake3",
    "crc32",
    "checksum",
    "checksums",
    "digest",
    "digests",
    "hash",
    "hashes",
    "hashed",
    "integrity",
    "alg",
    "commit",
    "commits",
    "revision",
    "revisions",
    "rev",
    "sums",
    "fingerprint",
    "fingerprints",
    "etag",
    "uuid",
    "uuids",
    "pins",
    "hex",
    "id",
    "ids",
];

/// Whether a value has a digest's or a UUID's form.
pub(super) fn has_form(value: &[u8]) -> bool {
    let digits = value.iter().filter(|b| b.is_ascii_hexdigit()).count();
    let is_hex = digits == value.len() && matches!(digits, 32 | 40 | 56 | 64 | 96 | 128);
    let is_uuid =
        value.len() == 36 && digits == 32 && value.iter().filter(|b| **b == b'-').count() == 4;
    is_hex || is_uuid
}

/// Whether something around the two says that the value is a digest or an id.
pub(super) fn is_said(bytes: &[u8], name: &Range<usize>, value: &Range<usize>) -> bool {
    let between = name.end..value.start.max(name.end);
    (between.len() < BETWEEN_BYTES && says_digest_between(&bytes[between]))
        || follows_digest_word(bytes, name)
        || is_in_address(bytes, name)
        || is_titled(bytes, value)
        || stands_under_heading(bytes, value)
        || (is_file(bytes, name) && has_sibling(bytes, value))
}

fn says(text: &[u8]) -> bool {
    words(text).iter().any(|word| WORDS.contains(&word.as_str()))
}

/// A digest's name, a version, an address or a file stands between them.
fn says_digest_between(text: &[u8]) -> bool {
    let is_field = text.iter().any(|b| matches!(b, b',' | b'<' | b'{'));
    is_field && (says(text) || holds_version(text) || memchr::memmem::find(text, b"://").is_some())
}

/// `"1.2.0"`.
fn holds_version(text: &[u8]) -> bool {
    text.split(|b| matches!(b, b'"' | b'\'')).any(|piece| {
        piece.len() < 24
            && piece.first().is_some_and(u8::is_ascii_digit)
            && piece.iter().filter(|b| **b == b'.').count() >= 2
    })
}

/// `SHA256 (name) = …`.
fn follows_digest_word(bytes: &[u8], name: &Range<usize>) -> bool {
    let line = line_start(bytes, name.start, 40);
    let head = &bytes[line..name.start];
    head.ends_with(b"(") && says(head)
}

/// The name is part of an address: a repository's, a package's.
fn is_in_address(bytes: &[u8], name: &Range<usize>) -> bool {
    let from = name.start.saturating_sub(120);
    let run = bytes[from..name.start].iter().rposition(|b| {
        b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'<' | b'>' | b'(' | b'=')
    });
    let start = run.map_or(from, |at| from + at + 1);
    memchr::memmem::find(&bytes[start..name.start], b"://").is_some()
}

/// The column that holds the value is headed so.
fn is_titled(bytes: &[u8], value: &Range<usize>) -> bool {
    column_title(bytes, value.start).is_some_and(|title| says(&bytes[title]))
}

/// A line above that is indented less, or a comment, names digests.
fn stands_under_heading(bytes: &[u8], value: &Range<usize>) -> bool {
    let line = line_start(bytes, value.start, 1024);
    let own = indent(bytes, line);
    let mut at = line;
    while at > 0 && line - at < HEADING_BYTES {
        let above = line_start(bytes, at - 1, 1024);
        let text = bytes[above..at].trim_ascii();
        if above >= at || text.is_empty() {
            return false;
        }
        let is_heading = text.ends_with(b":") || text.starts_with(b"#") || text.starts_with(b"[");
        if is_heading && (indent(bytes, above) < own || text.starts_with(b"#")) {
            return says(text);
        }
        if indent(bytes, above) < own {
            return false;
        }
        at = above;
    }
    false
}

/// Whether the name is a file's: a folder before it, or an ending after it.
fn is_file(bytes: &[u8], name: &Range<usize>) -> bool {
    let before = byte(bytes, name.start.wrapping_sub(1));
    let is_below = before == b'/' && is_word(byte(bytes, name.start.wrapping_sub(2)));
    let is_package = bytes[name.clone()].iter().any(|b| matches!(b, b'-' | b'.'));
    is_below || is_package
}

/// Whether a line beside the value's ends with a value of its form and length.
fn has_sibling(bytes: &[u8], value: &Range<usize>) -> bool {
    let line = line_start(bytes, value.start, 1024);
    let end = line_end(bytes, value.end, 1024);
    let before = line_start(bytes, line.saturating_sub(1), 1024)..line.saturating_sub(1);
    let after = (end + 1).min(bytes.len())..line_end(bytes, (end + 1).min(bytes.len()), 1024);
    [before, after].into_iter().any(|range| {
        let text = bytes.get(range).unwrap_or_default();
        let last = text.trim_ascii().rsplit(|b| !b.is_ascii_alphanumeric() && *b != b'-').next();
        last.is_some_and(|last| last.len() == value.len() && has_form(last))
    })
}
