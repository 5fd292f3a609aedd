//! Tells quoted-printable text (RFC 2045, section 6.7) from text that has its
//! signs by chance.
//!
//! In: bytes and a place in them. Out: the lines around the place that are
//! quoted-printable, and whether a header says so. An `.env` file whose values
//! end in base64's `=` and begin with digits shows every sign of that encoding
//! but one: in quoted-printable text no `=` stands for itself.

use std::ops::Range;

/// How far before a hit the other equals signs count, in bytes.
const BEFORE_BYTES: usize = 1 << 10;
/// How far after it, in bytes.
const AFTER_BYTES: usize = 1 << 10;
/// How far before a hit the header of its text is looked for, in bytes.
const HEADER_BYTES: usize = 8 << 10;
/// How far text is followed that is quoted-printable, in bytes.
const REACH_BYTES: Range<usize> = 2 << 10..16 << 10;
/// The longest line, in bytes, without its end.
const LONGEST_LINE_BYTES: usize = 76;
/// The shortest line that a soft break ends, in bytes without its `=`;
/// encoders fill lines up to 76, some break between words.
pub(super) const SOFT_LINE_BYTES: usize = 50;

/// Lines of quoted-printable text.
pub(super) struct Text {
    /// Where they stand.
    pub lines: Range<usize>,
    /// Whether a header says that they are; else their look does.
    pub is_declared: bool,
}

/// The quoted-printable text around a plain literal.
pub(super) fn around(bytes: &[u8], hit: &Range<usize>) -> Option<Text> {
    let near = near(bytes, hit);
    memchr::memchr_iter(b'=', &bytes[near.clone()])
        .any(|at| !matches!(sign(bytes, near.start + at), Sign::Bare))
        .then_some(())?;
    if let Some(declared) = declared(bytes, hit) {
        let own = near.start.max(declared.start)..near.end.min(declared.end);
        let is_sound = own.contains(&hit.start) && !has(bytes, &own, |sign| sign == Sign::Bare);
        return is_sound.then(|| Text { lines: lines(bytes, hit, &declared), is_declared: true });
    }
    is_shown(bytes, &near)
        .then(|| Text { lines: lines(bytes, hit, &(0..bytes.len())), is_declared: false })
}

/// The lines around a place inside `within`, up to one that is not
/// quoted-printable.
pub(super) fn lines(bytes: &[u8], hit: &Range<usize>, within: &Range<usize>) -> Range<usize> {
    let from = hit.start.saturating_sub(REACH_BYTES.start).max(within.start);
    let to = bytes.len().min(hit.end + REACH_BYTES.end).min(within.end).max(hit.end);
    let is_bare = |at: &usize| sign(bytes, *at) == Sign::Bare;
    let bare_before = memchr::memrchr_iter(b'=', &bytes[from..hit.start]).map(|at| from + at);
    let start = match bare_before.into_iter().find(is_bare) {
        Some(bare) => memchr::memchr(b'\n', &bytes[bare..hit.start])
            .map_or(hit.start, |newline| bare + newline + 1),
        None if from == within.start => from,
        None => memchr::memchr(b'\n', &bytes[from..hit.start])
            .map_or(from, |newline| from + newline + 1),
    };
    let bare_after = memchr::memchr_iter(b'=', &bytes[hit.end..to]).map(|at| hit.end + at);
    let end = match bare_after.into_iter().find(is_bare) {
        Some(bare) => bare,
        None if to == within.end => return start..to,
        None => to,
    };
    let last = memchr::memrchr(b'\n', &bytes[hit.end..end]);
    start..last.map_or(end, |newline| hit.end + newline + 1)
}

/// The lines whose equals signs count for and against a hit.
fn near(bytes: &[u8], hit: &Range<usize>) -> Range<usize> {
    let from = hit.start.saturating_sub(BEFORE_BYTES);
    let to = bytes.len().min(hit.end + AFTER_BYTES);
    let newline = |cut: bool, at: Option<usize>| at.filter(|_| cut);
    let start = newline(from > 0, memchr::memchr(b'\n', &bytes[from..hit.start]));
    let end = newline(to < bytes.len(), memchr::memrchr(b'\n', &bytes[hit.end..to]));
    start.map_or(from, |at| from + at + 1)..end.map_or(to, |at| hit.end + at + 1)
}

/// What one `=` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// An escaped `=`.
    Equals,
    /// The first of the escapes that write one character of UTF-8.
    Character,
    /// A soft line break at the end of a long line.
    Break,
    /// An escape of something that encoders escape.
    Escape,
    /// An escape of what only some encoders escape, and not everywhere.
    Odd,
    /// No sign of this encoding.
    Bare,
}

fn sign(bytes: &[u8], at: usize) -> Sign {
    let rest = &bytes[at + 1..];
    let start = memchr::memrchr(b'\n', &bytes[at.saturating_sub(LONGEST_LINE_BYTES + 1)..at]);
    let before = start.map_or_else(
        || at.min(LONGEST_LINE_BYTES + 1),
        |newline| at - (at.saturating_sub(LONGEST_LINE_BYTES + 1) + newline + 1),
    );
    if let Some(after) = after_line_end(rest) {
        let goes_on = after.first().is_some_and(|next| !matches!(next, b'\r' | b'\n'));
        return match before {
            _ if !goes_on => Sign::Bare,
            _ if is_assignment(after) => Sign::Odd,
            0 => Sign::Bare,
            SOFT_LINE_BYTES..LONGEST_LINE_BYTES => Sign::Break,
            _ => Sign::Odd,
        };
    }
    let Some(value) = escaped(&bytes[at..]) else { return Sign::Bare };
    let ends_line = after_line_end(&rest[2..]).is_some() || rest.get(2) == Some(&b'=');
    match value {
        b'=' => Sign::Equals,
        0xc2..0xf5 if is_character(&bytes[at..], value) => Sign::Character,
        b' ' | b'\t' if ends_line => Sign::Escape,
        b'\r' | b'\n' => Sign::Escape,
        0x80.. => {
            let follows = at >= 3 && escaped(&bytes[at - 3..]).is_some();
            if follows { Sign::Escape } else { Sign::Odd }
        }
        _ => Sign::Odd,
    }
}

/// The value of the escape at the front of `text`. The standard's digits are
/// upper case; hexadecimal values are not.
fn escaped(text: &[u8]) -> Option<u8> {
    let digit = |byte: &u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    match text {
        [b'=', first, second, ..] => Some(digit(first)? << 4 | digit(second)?),
        _ => None,
    }
}

/// Whether escapes at the front of `text` write one character of UTF-8 whole.
fn is_character(text: &[u8], first: u8) -> bool {
    let more = match first {
        0xc2..0xe0 => 1,
        0xe0..0xf0 => 2,
        _ => 3,
    };
    (1..=more).all(|index| {
        text.get(3 * index..).and_then(escaped).is_some_and(|byte| byte & 0xc0 == 0x80)
    })
}

/// Whether a line gives a name its value, as the one before it may do.
fn is_assignment(line: &[u8]) -> bool {
    let end = line.iter().take(LONGEST_LINE_BYTES).position(|byte| matches!(byte, b'=' | b':'));
    end.is_some_and(|end| {
        line[..end].iter().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'+' | b' ')
        })
    })
}

/// What comes after the line end at the front of `text`, blanks before it
/// skipped.
fn after_line_end(text: &[u8]) -> Option<&[u8]> {
    let blanks = text.iter().take(8).take_while(|b| matches!(b, b' ' | b'\t')).count();
    let rest = &text[blanks..];
    rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n"))
}

fn has(bytes: &[u8], lines: &Range<usize>, is: impl Fn(Sign) -> bool) -> bool {
    signs(bytes, lines).any(is)
}

fn signs<'a>(bytes: &'a [u8], lines: &Range<usize>) -> impl Iterator<Item = Sign> + use<'a> {
    let start = lines.start;
    memchr::memchr_iter(b'=', &bytes[lines.clone()]).map(move |at| sign(bytes, start + at))
}

/// Whether lines without a header look quoted-printable: all are short enough
/// and of ASCII, no `=` stands for itself, and what is escaped is what encoders
/// escape, more than once.
fn is_shown(bytes: &[u8], lines: &Range<usize>) -> bool {
    let text = &bytes[lines.clone()];
    if !text.is_ascii() || has(bytes, lines, |sign| matches!(sign, Sign::Bare | Sign::Odd)) {
        return false;
    }
    let is_short = |line: &[u8]| line.trim_ascii_end().len() <= LONGEST_LINE_BYTES;
    if !text.split(|byte| *byte == b'\n').all(is_short) {
        return false;
    }
    let count = |wanted: Sign| signs(bytes, lines).filter(|sign| *sign == wanted).count();
    // One value in 4,096 begins with an escaped `=` by chance.
    count(Sign::Character) > 0 || count(Sign::Equals) > 1
}

/// The text that a header before the hit declares quoted-printable: the body
/// below a `Content-Transfer-Encoding`, up to the boundary of the next part, or
/// the value of a vCard's property.
fn declared(bytes: &[u8], hit: &Range<usize>) -> Option<Range<usize>> {
    let from = hit.start.saturating_sub(HEADER_BYTES);
    let before = bytes[from..hit.start].to_ascii_lowercase();
    let word = memchr::memmem::rfind(&before, b"quoted-printable")?;
    let head = before[..word].trim_ascii_end();
    let after = word + b"quoted-printable".len();
    if head.ends_with(b"encoding=") || head.ends_with(b";") {
        let value = after + memchr::memchr(b':', &before[after..])? + 1;
        let start = from + value;
        let mut end = start;
        loop {
            end = memchr::memchr(b'\n', &bytes[end..]).map_or(bytes.len(), |at| end + at + 1);
            let line = bytes[start..end].trim_ascii_end();
            if end == bytes.len() || end > hit.end + AFTER_BYTES || !line.ends_with(b"=") {
                break;
            }
        }
        return (hit.start < end).then_some(start..end);
    }
    let name = b"content-transfer-encoding";
    let header = memchr::memmem::rfind(&before, name)?;
    let is_header = head.strip_suffix(b":").is_some_and(|head| head.ends_with(name));
    let blank = [&b"\n\n"[..], b"\n\r\n"]
        .iter()
        .filter_map(|blank| Some(memchr::memmem::find(&before[after..], blank)? + blank.len()))
        .min()?;
    if !is_header || header > word {
        return None;
    }
    let start = from + after + blank;
    let boundary = |text: &[u8]| memchr::memmem::find(text, b"\n--").map(|at| at + 1);
    let is_ended = boundary(&bytes[start..hit.start]).is_some_and(|at| {
        // A signature and a patch's line of dashes end no part.
        let line = bytes[start + at..].split(|byte| *byte == b'\n').next().unwrap_or_default();
        !matches!(line.trim_ascii_end(), b"--" | b"---")
    });
    if is_ended {
        return None;
    }
    let to = bytes.len().min(hit.end + REACH_BYTES.end);
    let end = boundary(&bytes[hit.end..to]).map_or(bytes.len(), |at| hit.end + at);
    Some(start..end)
}
