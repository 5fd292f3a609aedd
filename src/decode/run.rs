//! Runs of base64 and of hexadecimal digits, on one line or wrapped over many.
//!
//! In: bytes and a place inside such a run. Out: the whole run, decoded. A run
//! goes on over line ends, over the quotes of a string that is continued on the
//! next line, and over the escapes that its surroundings put into it (`\/`,
//! `\n`, `\u002b`, `%2B`).

use std::io::Read as _;
use std::ops::Range;

use super::{BEFORE_BYTES, Decoded, Spans, Written};
use crate::finding::Encoding;

/// What may stand between the lines of one run, in bytes.
const LONGEST_JOINT_BYTES: usize = 80;
/// The shortest line, in digits, that another one continues: no tool wraps
/// shorter.
const SHORTEST_LINE_DIGITS: usize = 20;
/// How far a run is followed after a hit, in bytes: further than the largest
/// object of Kubernetes, 1.5 MiB, in which Helm keeps a release.
const RUN_AFTER_BYTES: usize = 2 << 20;
/// How much of a gzip file in base64 must expand to something, in bytes: more
/// than the longest table of codes that can stand before the first letter.
const GZIP_HEAD_BYTES: usize = 2 << 10;
/// What one compressed run may expand to, in bytes.
const LARGEST_EXPANSION_BYTES: u64 = 8 << 20;

/// The digits of an encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    Base64,
    Hex,
}

impl Alphabet {
    fn value(self, byte: u8) -> Option<u8> {
        match (self, byte) {
            (_, b'0'..=b'9') if self == Self::Hex => Some(byte - b'0'),
            (Self::Hex, b'a'..=b'f') => Some(byte - b'a' + 10),
            (Self::Hex, b'A'..=b'F') => Some(byte - b'A' + 10),
            (Self::Hex, _) => None,
            (Self::Base64, b'A'..=b'Z') => Some(byte - b'A'),
            (Self::Base64, b'a'..=b'z') => Some(byte - b'a' + 26),
            (Self::Base64, b'0'..=b'9') => Some(byte - b'0' + 52),
            (Self::Base64, b'+' | b'-') => Some(62),
            (Self::Base64, b'/' | b'_') => Some(63),
            (Self::Base64, _) => None,
        }
    }
}

/// One digit and where it stands.
#[derive(Debug, Clone, Copy)]
struct Digit {
    value: u8,
    length: u8,
    start: u32,
}

impl Digit {
    fn new(value: u8, span: Range<usize>) -> Self {
        Self { value, length: span.len() as u8, start: span.start as u32 }
    }

    fn start(self) -> usize {
        self.start as usize
    }

    fn end(self) -> usize {
        self.start() + usize::from(self.length)
    }
}

/// The base64 run around a hit that `phase` digits of its group precede.
pub(super) fn base64(bytes: &[u8], hit: Range<usize>, phase: u8) -> Option<Decoded> {
    let before = digits_before(bytes, hit.start, Alphabet::Base64);
    let surplus = (before.len() + 4 - usize::from(phase)) % 4;
    let before = before.get(surplus..).filter(|before| before.len() % 4 == usize::from(phase))?;
    let after = digits_after(bytes, hit.start, Alphabet::Base64, on_line(bytes, hit.start, before));
    let decoded = decode(before, &after, 4, Encoding::Base64)?;
    Some(decoded.cut_at(hit.start + RUN_AFTER_BYTES))
}

/// The run of hexadecimal digits around a hit.
pub(super) fn hex(bytes: &[u8], hit: Range<usize>) -> Option<Decoded> {
    let before = digits_before(bytes, hit.start, Alphabet::Hex);
    let before = &before[before.len() % 2..];
    let after = digits_after(bytes, hit.start, Alphabet::Hex, on_line(bytes, hit.start, before));
    let decoded = decode(before, &after, 2, Encoding::Hex)?;
    Some(decoded.cut_at(hit.start + RUN_AFTER_BYTES))
}

/// How many of the digits before `at` stand on its line.
fn on_line(bytes: &[u8], at: usize, before: &[Digit]) -> usize {
    let from = at.saturating_sub(BEFORE_BYTES);
    let line = memchr::memrchr(b'\n', &bytes[from..at]).map_or(from, |newline| from + newline + 1);
    before.iter().rev().take_while(|digit| digit.start() >= line).count()
}

/// A gzip file in base64 whose head stands at a hit.
pub(super) fn gzip_base64(bytes: &[u8], hit: Range<usize>) -> Option<Decoded> {
    let is_inside =
        bytes[..hit.start].last().is_some_and(|before| Alphabet::Base64.value(*before).is_some())
            && joint_before(bytes, hit.start).is_none();
    // A head by chance, or one of many in a row, is not followed to its end.
    let head = &bytes[..bytes.len().min(hit.start + GZIP_HEAD_BYTES)];
    if is_inside || inflated(head, hit.start, 1)?.0.is_empty() {
        return None;
    }
    let (plain, packed) = inflated(bytes, hit.start, LARGEST_EXPANSION_BYTES)?;
    let packed = packed.cut_at(hit.start + RUN_AFTER_BYTES);
    let is_cut = plain.len() as u64 == LARGEST_EXPANSION_BYTES || packed.is_cut;
    (!plain.is_empty()).then(|| Decoded {
        is_cut,
        is_guessed: false,
        bytes: plain,
        run: packed.run(),
        spans: Spans::Whole,
        encodings: vec![Encoding::Base64, Encoding::Gzip],
    })
}

/// What the gzip file in base64 at `at` expands to, up to a limit, and its
/// bytes. What a damaged or cut file gives before the damage counts.
fn inflated(bytes: &[u8], at: usize, limit: u64) -> Option<(Vec<u8>, Decoded)> {
    let digits = digits_after(bytes, at, Alphabet::Base64, 0);
    let packed = decode(&[], &digits, 4, Encoding::Base64)?;
    let mut plain = Vec::new();
    let reader = flate2::read::MultiGzDecoder::new(packed.bytes());
    let _ = reader.take(limit).read_to_end(&mut plain);
    Some((plain, packed))
}

/// Turns groups of digits into bytes, of which each knows its digits.
fn decode(before: &[Digit], after: &[Digit], group: usize, encoding: Encoding) -> Option<Decoded> {
    let digits: Vec<Digit> = before.iter().chain(after).copied().collect();
    let start = digits.first()?.start();
    let end = digits.last()?.end();
    let bits_each = if group == 4 { 6 } else { 4 };
    let mut written = Written::default();
    for group in digits.chunks(group) {
        let bits = group.len() * bits_each;
        let value = group.iter().fold(0_u32, |value, d| value << bits_each | u32::from(d.value));
        for byte in 0..bits / 8 {
            let first = group[8 * byte / bits_each].start() - start;
            let last = group[(8 * byte + 7) / bits_each].end() - start;
            written.push((value >> (bits - 8 * byte - 8)) as u8, first..last);
        }
    }
    (!written.bytes.is_empty()).then(|| Decoded::each(start..end, written, encoding))
}

/// The digits that precede `at`, in their order.
fn digits_before(bytes: &[u8], at: usize, alphabet: Alphabet) -> Vec<Digit> {
    let limit = at.saturating_sub(BEFORE_BYTES);
    let mut digits: Vec<Digit> = Vec::new();
    let mut at = at;
    while at > limit {
        let byte = bytes[at - 1];
        let is_escaped = at >= 2 && bytes[at - 2] == b'\\';
        if let Some(value) = alphabet.value(byte).filter(|_| !is_escaped) {
            digits.push(Digit::new(value, at - 1..at));
            at -= 1;
        } else if alphabet == Alphabet::Base64 && is_escaped && byte == b'/' {
            digits.push(Digit::new(63, at - 2..at));
            at -= 2;
        } else if alphabet == Alphabet::Base64
            && let Some((digit, length)) = escaped(&bytes[at - 1..])
            && digits.len() + 1 >= length
        {
            // The escape's own digits were taken for digits of the run.
            digits.truncate(digits.len() + 1 - length);
            digits.push(Digit::new(digit, at - 1..at - 1 + length));
            at -= 1;
        } else {
            let Some(joint) = joint_before(bytes, at) else { break };
            if line_before(bytes, joint, alphabet) < SHORTEST_LINE_DIGITS {
                break;
            }
            at = joint;
        }
    }
    digits.reverse();
    digits
}

/// A digit of base64 as JSON and URLs escape it, and the escape's length.
fn escaped(text: &[u8]) -> Option<(u8, usize)> {
    [(&b"\\u002b"[..], 62), (b"\\u002f", 63), (b"%2b", 62), (b"%2f", 63)]
        .into_iter()
        .find(|(escape, _)| {
            text.get(..escape.len()).is_some_and(|head| head.eq_ignore_ascii_case(escape))
        })
        .map(|(escape, value)| (value, escape.len()))
}

/// How many digits stand directly before `at`, counted up to the least that a
/// line takes.
fn line_before(bytes: &[u8], at: usize, alphabet: Alphabet) -> usize {
    bytes[..at]
        .iter()
        .rev()
        .take(SHORTEST_LINE_DIGITS)
        .take_while(|byte| alphabet.value(**byte).is_some())
        .count()
}

/// The digits from `at` on; `on_line` digits of the same line precede it.
fn digits_after(bytes: &[u8], at: usize, alphabet: Alphabet, on_line: usize) -> Vec<Digit> {
    let limit = bytes.len().min(at + RUN_AFTER_BYTES);
    let mut digits: Vec<Digit> = Vec::new();
    let (mut at, mut line) = (at, on_line);
    // The first line may be shorter than the next, because something stands
    // before the run on it; later ones all have one length but the last.
    let mut width = None;
    while at < limit {
        if let Some(value) = alphabet.value(bytes[at]) {
            digits.push(Digit::new(value, at..at + 1));
            at += 1;
            line += 1;
        } else if alphabet == Alphabet::Base64 && bytes[at..].starts_with(b"\\/") {
            digits.push(Digit::new(63, at..at + 2));
            at += 2;
            line += 1;
        } else if alphabet == Alphabet::Base64
            && let Some((value, length)) = escaped(&bytes[at..])
        {
            digits.push(Digit::new(value, at..at + length));
            at += length;
            line += 1;
        } else {
            let Some(next) = joint_after(bytes, at) else { break };
            let length = full_line(bytes, next, alphabet);
            let fits = width.is_none_or(|width| line == width);
            if line < SHORTEST_LINE_DIGITS || !fits || length == 0 {
                break;
            }
            if width.is_some_and(|width| length > width) {
                break;
            }
            width = Some(if width.is_none() { line.max(length) } else { line });
            (at, line) = (next, 0);
        }
    }
    digits
}

/// How many digits the line at `at` holds, if it holds nothing else.
fn full_line(bytes: &[u8], at: usize, alphabet: Alphabet) -> usize {
    let rest = &bytes[at..bytes.len().min(at + RUN_AFTER_BYTES)];
    // Nothing wraps the alphabet of URLs, but rules of dashes follow base64.
    let digits = rest
        .iter()
        .take_while(|b| alphabet.value(**b).is_some() && !matches!(b, b'-' | b'_'))
        .count();
    let is_full = match rest.get(digits) {
        None => true,
        Some(byte) => b"\r\n=\"'\\,;)<`".contains(byte),
    };
    if is_full { digits } else { 0 }
}

/// Whether a byte can stand between two lines of a run: blanks, quotes, and
/// the marks that continue strings and comments.
fn is_joint(byte: u8) -> bool {
    b" \t\r\n\"'\\.&>#*|`,(".contains(&byte)
}

/// Past the joint that begins at `at`, if one does.
fn joint_after(bytes: &[u8], at: usize) -> Option<usize> {
    let limit = bytes.len().min(at + LONGEST_JOINT_BYTES);
    let (mut end, mut breaks, mut is_quoted) = (at, false, false);
    while end < limit {
        match bytes[end] {
            b'\\' if matches!(bytes.get(end + 1), Some(b'n' | b'r')) => {
                breaks = true;
                end += 1;
            }
            b'+' if is_quoted => {}
            byte if is_joint(byte) => {
                breaks |= matches!(byte, b'\n' | b'\r');
                is_quoted |= matches!(byte, b'"' | b'\'');
            }
            _ => break,
        }
        end += 1;
    }
    (breaks && end < limit).then_some(end)
}

/// The start of the joint that ends at `at`, if one does.
fn joint_before(bytes: &[u8], at: usize) -> Option<usize> {
    let limit = at.saturating_sub(LONGEST_JOINT_BYTES);
    let (mut start, mut breaks, mut is_quoted) = (at, false, false);
    while start > limit {
        match bytes[start - 1] {
            b'n' | b'r' if start >= 2 && bytes[start - 2] == b'\\' => {
                breaks = true;
                start -= 1;
            }
            b'+' if is_quoted => {}
            byte if is_joint(byte) => {
                breaks |= matches!(byte, b'\n' | b'\r');
                is_quoted |= matches!(byte, b'"' | b'\'');
            }
            _ => break,
        }
        start -= 1;
    }
    (breaks && start > limit).then_some(start)
}
