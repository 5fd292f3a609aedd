//! Encodings that spell some characters and leave the others: percent escapes,
//! backslash escapes, HTML character references, quoted-printable; and text
//! with characters in it that nobody sees.
//!
//! In: bytes and a place in them. Out: the lines around it, decoded.

use std::ops::Range;

use super::quoted::{self, SOFT_LINE_BYTES};
use super::{Decoded, Written};
use crate::finding::Encoding;

/// How much of the text before a hit is decoded with it, in bytes.
const REGION_BEFORE_BYTES: usize = 2 << 10;
/// How much of the text after a hit is decoded with it, in bytes.
const REGION_AFTER_BYTES: usize = 16 << 10;
/// How far before a plain hit signs of an encoding count, in bytes.
const SIGNS_BEFORE_BYTES: usize = 256;
/// How far after it, in bytes.
const SIGNS_AFTER_BYTES: usize = 1 << 10;

/// Reads one unit at the front of a text: what it stands for and its length.
type Unit = fn(&[u8]) -> Option<(Spelled, usize)>;

/// The lines around a hit, decoded.
pub(super) fn region(bytes: &[u8], hit: Range<usize>, encoding: Encoding) -> Option<Decoded> {
    if encoding == Encoding::QuotedPrintable {
        let lines = quoted::lines(bytes, &hit, &(0..bytes.len()));
        return decoded(bytes, lines, quoted_printable, encoding);
    }
    let unit = match encoding {
        Encoding::Percent => percent,
        Encoding::Escapes => escape,
        Encoding::Html => reference,
        _ => return None,
    };
    lines(bytes, hit, unit, encoding)
}

/// The lines around a hit, their units read.
fn lines(bytes: &[u8], hit: Range<usize>, unit: Unit, encoding: Encoding) -> Option<Decoded> {
    let from = hit.start.saturating_sub(REGION_BEFORE_BYTES);
    let start = match memchr::memchr(b'\n', &bytes[from..hit.start]) {
        Some(newline) if from > 0 => from + newline + 1,
        _ => from,
    };
    let to = bytes.len().min(hit.end + REGION_AFTER_BYTES);
    let end = match memchr::memrchr(b'\n', &bytes[hit.end..to]) {
        Some(newline) if to < bytes.len() => hit.end + newline + 1,
        _ => to,
    };
    decoded(bytes, start..end, unit, encoding)
        .map(|decoded| decoded.cut_at(if to < bytes.len() { end } else { usize::MAX }))
}

/// Some lines, decoded.
fn decoded(bytes: &[u8], lines: Range<usize>, unit: Unit, encoding: Encoding) -> Option<Decoded> {
    let text = &bytes[lines.clone()];
    let mut written = Written::default();
    let mut has_changed = false;
    let mut at = 0;
    while at < text.len() {
        let spelled = unit(&text[at..]).filter(|unit| is_sound(text, at, *unit));
        let (spelled, length) = spelled.unwrap_or((Spelled::Byte(text[at]), 1));
        has_changed |= length > 1;
        match spelled {
            Spelled::Byte(byte) => written.push(byte, at..at + length),
            Spelled::Char(c) => written.push_char(c, &(at..at + length)),
            Spelled::Nothing => {}
        }
        at += length;
    }
    has_changed.then(|| Decoded::each(lines, written, encoding))
}

/// The lines around a plain literal, decoded once for each encoding whose
/// signs stand nearby.
pub(super) fn signed(bytes: &[u8], hit: Range<usize>) -> Vec<Decoded> {
    let from = hit.start.saturating_sub(SIGNS_BEFORE_BYTES);
    let near = &bytes[from..bytes.len().min(hit.end + SIGNS_AFTER_BYTES)];
    let mut signs = Vec::new();
    for at in memchr::memchr3_iter(b'%', b'\\', b'&', near) {
        let rest = &near[at..];
        let (is_sign, encoding) = match near[at] {
            b'%' => (percent(rest).is_some(), Encoding::Percent),
            b'\\' => (spells(rest), Encoding::Escapes),
            _ => (reference(rest).is_some(), Encoding::Html),
        };
        if is_sign && !signs.contains(&encoding) {
            signs.push(encoding);
        }
    }
    let quoted = quoted::around(bytes, &hit).and_then(|text| {
        let mut decoded = decoded(bytes, text.lines, quoted_printable, Encoding::QuotedPrintable)?;
        decoded.is_guessed = !text.is_declared;
        Some(decoded)
    });
    // A terminal's sequences are escapes too, though no backslash begins them.
    let is_unseen = memchr::memchr3_iter(0x1b, 0xe2, 0xc2, near)
        .chain(memchr::memchr_iter(0xef, near))
        .any(|at| unseen(&near[at..]).is_some());
    let seen = is_unseen.then(|| lines(bytes, hit.clone(), unseen, Encoding::Escapes)).flatten();
    signs
        .into_iter()
        .filter_map(|encoding| region(bytes, hit.clone(), encoding))
        .chain(quoted)
        .chain(seen)
        .collect()
}

/// Whether a soft line break stands where one can: at the end of a long line.
/// Elsewhere a `=` before a line's end is an assignment of nothing.
fn is_sound(text: &[u8], at: usize, unit: (Spelled, usize)) -> bool {
    text[at] != b'='
        || unit.0 != Spelled::Nothing
        || text[..at].iter().rev().take_while(|byte| **byte != b'\n').count() >= SOFT_LINE_BYTES
}

/// So many digits behind one `\x` are PostgreSQL's way to write all bytes of a
/// value, not a character.
const BYTEA_DIGITS: usize = 8;

/// What one unit stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelled {
    Byte(u8),
    Char(char),
    Nothing,
}

/// The number that digits at the front of `text` write.
fn number(text: &[u8], radix: u32, least: usize, most: usize) -> Option<(u32, usize)> {
    let digits =
        text.iter().take(most).take_while(|byte| char::from(**byte).is_digit(radix)).count();
    let number = text.get(..digits).filter(|_| digits >= least)?;
    let number = u32::from_str_radix(std::str::from_utf8(number).ok()?, radix).ok()?;
    Some((number, digits))
}

fn byte(text: &[u8], radix: u32, digits: usize) -> Option<u8> {
    number(text, radix, digits, digits).and_then(|(value, _)| u8::try_from(value).ok())
}

/// RFC 3986, section 2.1.
fn percent(text: &[u8]) -> Option<(Spelled, usize)> {
    let rest = text.strip_prefix(b"%")?;
    Some((Spelled::Byte(byte(rest, 16, 2)?), 3))
}

/// RFC 2045, section 6.7: `=NN` and the soft line break (see [`is_sound`]).
fn quoted_printable(text: &[u8]) -> Option<(Spelled, usize)> {
    let rest = text.strip_prefix(b"=")?;
    let blanks = rest.iter().take(8).take_while(|b| matches!(b, b' ' | b'\t')).count();
    match &rest[blanks..] {
        [b'\r', b'\n', ..] => Some((Spelled::Nothing, blanks + 3)),
        [b'\n', ..] => Some((Spelled::Nothing, blanks + 2)),
        // The standard's digits are upper case; hexadecimal values are not.
        [first, second, ..] if first.is_ascii_lowercase() || second.is_ascii_lowercase() => None,
        _ => Some((Spelled::Byte(byte(rest, 16, 2)?), 3)),
    }
}

/// What nobody sees: a terminal's control sequences (ECMA-48, section 5.4, as
/// they color logs), characters of no width, and the blank that only looks
/// different.
fn unseen(text: &[u8]) -> Option<(Spelled, usize)> {
    match text {
        [0x1b, b'[', rest @ ..] => {
            let inner = rest.iter().take(32).take_while(|b| matches!(b, b' '..=b'?')).count();
            let is_whole = matches!(rest.get(inner), Some(b'@'..=b'~'));
            is_whole.then_some((Spelled::Nothing, inner + 3))
        }
        [0x1b, b'(', _, ..] => Some((Spelled::Nothing, 3)),
        // No-break space.
        [0xc2, 0xa0, ..] => Some((Spelled::Byte(b' '), 2)),
        // Soft hyphen.
        [0xc2, 0xad, ..] => Some((Spelled::Nothing, 2)),
        // From the space of no width to the marks of direction; word joiner.
        [0xe2, 0x80, 0x8b..=0x8f, ..] | [0xe2, 0x81, 0xa0, ..] => Some((Spelled::Nothing, 3)),
        // Byte order mark.
        [0xef, 0xbb, 0xbf, ..] => Some((Spelled::Nothing, 3)),
        _ => None,
    }
}

/// Whether an escape writes a character by its number; `\n` and `\"` alone are
/// no reason to decode, detection reads past them as they are.
fn spells(text: &[u8]) -> bool {
    matches!(escape(text), Some((spelled, length)) if length > 2 || is_bytea(&text[1..]) && spelled == Spelled::Nothing)
}

/// JSON, JavaScript, C, Python, Java, Rust, shells' `$'…'`.
fn escape(text: &[u8]) -> Option<(Spelled, usize)> {
    let rest = text.strip_prefix(b"\\")?;
    let first = *rest.first()?;
    match first {
        b'u' => unicode(rest),
        b'U' => {
            let (value, _) = number(&rest[1..], 16, 8, 8)?;
            Some((Spelled::Char(char::from_u32(value)?), 10))
        }
        b'x' if is_bytea(rest) => Some((Spelled::Nothing, 2)),
        b'\\' if is_bytea(&rest[1..]) => Some((Spelled::Nothing, 3)),
        b'x' => Some((Spelled::Byte(byte(&rest[1..], 16, 2)?), 4)),
        b'0'..=b'3' if byte(rest, 8, 3).is_some() => Some((Spelled::Byte(byte(rest, 8, 3)?), 4)),
        b'n' => Some((Spelled::Byte(b'\n'), 2)),
        b'r' => Some((Spelled::Byte(b'\r'), 2)),
        b't' => Some((Spelled::Byte(b'\t'), 2)),
        b'"' | b'\'' | b'\\' | b'/' => Some((Spelled::Byte(first), 2)),
        b'\n' => Some((Spelled::Nothing, 2)),
        _ => None,
    }
}

/// Whether PostgreSQL's hexadecimal bytes begin here, behind their backslash:
/// without their mark they are read as any value in such digits.
fn is_bytea(rest: &[u8]) -> bool {
    rest.first() == Some(&b'x') && number(&rest[1..], 16, BYTEA_DIGITS, BYTEA_DIGITS).is_some()
}

/// `uNNNN`, a pair of surrogates, or `u{N…}`, behind its backslash.
fn unicode(rest: &[u8]) -> Option<(Spelled, usize)> {
    if rest.get(1) == Some(&b'{') {
        let (value, digits) = number(&rest[2..], 16, 1, 6)?;
        let closes = rest.get(2 + digits) == Some(&b'}');
        return closes.then(|| character(value, digits + 4));
    }
    let (first, _) = number(&rest[1..], 16, 4, 4)?;
    let second = rest
        .get(5..)
        .and_then(|next| next.strip_prefix(b"\\u"))
        .and_then(|next| number(next, 16, 4, 4))
        .map(|(second, _)| second)
        .filter(|second| (0xd800..0xdc00).contains(&first) && (0xdc00..0xe000).contains(second));
    Some(match second {
        Some(second) => character(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00), 12),
        None => character(first, 6),
    })
}

fn character(value: u32, length: usize) -> (Spelled, usize) {
    (Spelled::Char(char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER)), length)
}

/// HTML's character references: by number, and the named ones of ASCII.
fn reference(text: &[u8]) -> Option<(Spelled, usize)> {
    /// From the list of the HTML standard, section 13.5.
    const NAMED: [(&[u8], char); 24] = [
        (b"quot;", '"'),
        (b"amp;", '&'),
        (b"apos;", '\''),
        (b"lt;", '<'),
        (b"gt;", '>'),
        (b"equals;", '='),
        (b"colon;", ':'),
        (b"lowbar;", '_'),
        (b"UnderBar;", '_'),
        (b"nbsp;", ' '),
        (b"sol;", '/'),
        (b"bsol;", '\\'),
        (b"plus;", '+'),
        (b"period;", '.'),
        (b"comma;", ','),
        (b"semi;", ';'),
        (b"NewLine;", '\n'),
        (b"Tab;", '\t'),
        (b"dollar;", '$'),
        (b"grave;", '`'),
        (b"lpar;", '('),
        (b"rpar;", ')'),
        (b"lbrack;", '['),
        (b"rbrack;", ']'),
    ];
    let rest = text.strip_prefix(b"&")?;
    if let Some(digits) = rest.strip_prefix(b"#") {
        let (radix, prefix) =
            if matches!(digits.first(), Some(b'x' | b'X')) { (16, 1) } else { (10, 0) };
        let (value, count) = number(&digits[prefix..], radix, 1, 7)?;
        let end = prefix + count;
        let semicolon = usize::from(digits.get(end) == Some(&b';'));
        return (semicolon == 1)
            .then(|| Some((Spelled::Char(char::from_u32(value)?), 2 + end + semicolon)))?;
    }
    let (name, c) = NAMED.iter().find(|(name, _)| rest.starts_with(name))?;
    Some((Spelled::Char(*c), 1 + name.len()))
}
