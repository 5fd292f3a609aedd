//! Reads text the way most languages write it: blanks, words, quotes.
//!
//! In: bytes and a place in them. Out: the place or range of the next piece.
//! Every function looks at a bounded number of bytes, so that a line of any
//! length costs a bounded amount for each hit in it. Nothing here knows names
//! or keys.

use std::ops::Range;

use super::value::is_token_byte;

/// The longest quoted string that is read, in bytes.
const LONGEST_STRING_BYTES: usize = 2048;

/// A quoted string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Quoted {
    /// What stands between the quotes.
    pub inner: Range<usize>,
    /// One past the closing quote.
    pub end: usize,
}

/// The byte at `at`, or 0 past the end.
pub(super) fn byte(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

/// Whether a byte belongs to a plain identifier.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Past blanks and tabs, and past no-break spaces.
pub(super) fn skip_blanks(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match byte(bytes, at) {
            b' ' | b'\t' | b'\r' => at += 1,
            0xc2 if byte(bytes, at + 1) == 0xa0 => at += 2,
            _ => return at,
        }
    }
}

/// Past blanks and line ends, and past the marks that continue a line: a
/// backslash, a backtick, a caret or an underscore before the line's end; at
/// the begin of a line, the marks of patches, comments and quotations.
pub(super) fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    loop {
        at = skip_blanks(bytes, at);
        match byte(bytes, at) {
            b'\n' => at += 1,
            b'\\' | b'`' | b'^' if is_line_end(bytes, at + 1) => at += 1,
            b'\\'
                if matches!(byte(bytes, at + 1), b'n' | b'r' | b't')
                    && !is_word(byte(bytes, at + 2)) =>
            {
                at += 2;
            }
            _ => return at,
        }
    }
}

fn is_line_end(bytes: &[u8], at: usize) -> bool {
    matches!(byte(bytes, at), b'\n') || (byte(bytes, at) == b'\r' && byte(bytes, at + 1) == b'\n')
}

/// The start of the line that holds `at`, at most `limit` bytes before it.
pub(super) fn line_start(bytes: &[u8], at: usize, limit: usize) -> usize {
    let from = at.saturating_sub(limit);
    memchr::memrchr(b'\n', &bytes[from..at]).map_or(from, |newline| from + newline + 1)
}

/// The start of the line that holds `at`, or of the first of the lines above it
/// that end in one of `marks` and so go on in the next; about `limit` bytes before
/// it at most.
pub(super) fn continued_start(bytes: &[u8], at: usize, limit: usize, marks: &[u8]) -> usize {
    let mut line = line_start(bytes, at, limit);
    while line > 0 && at - line < limit {
        let above = line_start(bytes, line - 1, limit);
        if !bytes[above..line].trim_ascii_end().last().is_some_and(|last| marks.contains(last)) {
            break;
        }
        line = above;
    }
    line
}

/// The end of the line that holds `at`, at most `limit` bytes after it.
pub(super) fn line_end(bytes: &[u8], at: usize, limit: usize) -> usize {
    let to = bytes.len().min(at + limit);
    memchr::memchr(b'\n', &bytes[at.min(to)..to]).map_or(to, |newline| at + newline)
}

/// How far a line is indented, in bytes, patch marks and list dashes included.
pub(super) fn indent(bytes: &[u8], line: usize) -> usize {
    let mut at = line;
    if matches!(byte(bytes, at), b'+' | b'-')
        && byte(bytes, at + 1) == b' '
        && byte(bytes, at + 2) == b' '
    {
        at += 1;
    }
    while matches!(byte(bytes, at), b' ' | b'\t') {
        at += 1;
    }
    at - line
}

/// The word that ends at `end` (exclusive).
pub(super) fn word_before(bytes: &[u8], end: usize) -> Range<usize> {
    let mut start = end;
    while start > 0 && end - start < 64 && is_word(bytes[start - 1]) {
        start -= 1;
    }
    start..end
}

/// The word that begins at `start`.
pub(super) fn word_at(bytes: &[u8], start: usize) -> Range<usize> {
    let mut end = start;
    while end - start < 64 && is_word(byte(bytes, end)) {
        end += 1;
    }
    start..end
}

/// The place before any blanks that precede `at`.
pub(super) fn before_blanks(bytes: &[u8], mut at: usize) -> usize {
    while at > 0 && matches!(bytes[at - 1], b' ' | b'\t' | b'\r') {
        at -= 1;
    }
    at
}

/// The quoted string that begins at `at`: with `"`, `'` or a backtick, tripled
/// or behind backslashes (a string inside a string), typographic quotes, Lua's
/// `[[…]]`, C++'s `R"(…)"`, Rust's `r#"…"#`, Perl's `q(…)`, Ruby's `%q(…)`,
/// PostgreSQL's `$$…$$`, HTML's `&quot;…&quot;`.
pub(super) fn quoted(bytes: &[u8], at: usize) -> Option<Quoted> {
    let backslashes =
        bytes[at.min(bytes.len())..].iter().take(8).take_while(|b| **b == b'\\').count();
    let open = at + backslashes;
    match byte(bytes, open) {
        mark @ (b'"' | b'\'' | b'`') if backslashes == 0 => plain_string(bytes, open, mark),
        mark @ (b'"' | b'\'' | b'`') => nested_string(bytes, open, mark, backslashes),
        _ if backslashes > 0 => None,
        b'[' => lua_string(bytes, open),
        b'R' | b'r' => raw_string(bytes, open),
        b'q' | b'%' => perl_string(bytes, open),
        b'$' if byte(bytes, open + 1) == b'$' => delimited(bytes, open + 2, b"$$"),
        0xe2 if byte(bytes, open + 1) == 0x80 => match byte(bytes, open + 2) {
            0x9c | 0x9e => delimited(bytes, open + 3, "\u{201d}".as_bytes()),
            0x98 => delimited(bytes, open + 3, "\u{2019}".as_bytes()),
            _ => None,
        },
        0xc2 if byte(bytes, open + 1) == 0xab => delimited(bytes, open + 2, "\u{bb}".as_bytes()),
        b'&' => ["&quot;", "&#34;", "&#39;", "&apos;", "&#x27;", "&#x22;"]
            .iter()
            .find(|mark| bytes[open..].starts_with(mark.as_bytes()))
            .and_then(|mark| delimited(bytes, open + mark.len(), mark.as_bytes())),
        _ => None,
    }
}

fn plain_string(bytes: &[u8], open: usize, mark: u8) -> Option<Quoted> {
    if byte(bytes, open + 1) == mark && byte(bytes, open + 2) == mark {
        return delimited(bytes, open + 3, &[mark; 3]);
    }
    // Code in reStructuredText and Markdown.
    if mark == b'`' && byte(bytes, open + 1) == mark && is_word(byte(bytes, open + 2)) {
        return delimited(bytes, open + 2, b"``");
    }
    let mut at = open + 1;
    let limit = bytes.len().min(open + LONGEST_STRING_BYTES);
    while at < limit {
        match bytes[at] {
            found if found == mark => return Some(Quoted { inner: open + 1..at, end: at + 1 }),
            b'\\' if at + 1 < limit => at += 2,
            b'\n' if mark != b'`' => return None,
            _ => at += 1,
        }
    }
    None
}

fn nested_string(bytes: &[u8], open: usize, mark: u8, backslashes: usize) -> Option<Quoted> {
    let limit = bytes.len().min(open + LONGEST_STRING_BYTES);
    let mut at = open + 1;
    while at < limit {
        if bytes[at] == mark {
            let before = bytes[..at].iter().rev().take_while(|b| **b == b'\\').count();
            if before <= backslashes {
                return Some(Quoted { inner: open + 1..(at - before).max(open + 1), end: at + 1 });
            }
        } else if bytes[at] == b'\n' {
            return None;
        }
        at += 1;
    }
    None
}

fn delimited(bytes: &[u8], start: usize, closing: &[u8]) -> Option<Quoted> {
    let limit = bytes.len().min(start + LONGEST_STRING_BYTES);
    let length = memchr::memmem::find(bytes.get(start..limit)?, closing)?;
    Some(Quoted { inner: start..start + length, end: start + length + closing.len() })
}

fn lua_string(bytes: &[u8], open: usize) -> Option<Quoted> {
    let level = bytes[open + 1..].iter().take(4).take_while(|b| **b == b'=').count();
    if byte(bytes, open + 1 + level) != b'[' {
        return None;
    }
    let closing = [&b"]"[..], &b"===="[..level], b"]"].concat();
    delimited(bytes, open + 2 + level, &closing)
}

fn raw_string(bytes: &[u8], open: usize) -> Option<Quoted> {
    let hashes = bytes[open + 1..].iter().take(4).take_while(|b| **b == b'#').count();
    if hashes > 0 && byte(bytes, open + 1 + hashes) == b'"' {
        let closing = [&b"\""[..], &b"####"[..hashes]].concat();
        return delimited(bytes, open + 2 + hashes, &closing);
    }
    (bytes[open..].starts_with(b"R\"(")).then(|| delimited(bytes, open + 3, b")\""))?
}

fn perl_string(bytes: &[u8], open: usize) -> Option<Quoted> {
    let mut at = open + usize::from(bytes[open] == b'%');
    if !matches!(byte(bytes, at), b'q' | b'Q') {
        return None;
    }
    at += 1;
    if matches!(byte(bytes, at), b'q' | b'Q') {
        at += 1;
    }
    let closing = match byte(bytes, at) {
        b'(' => b')',
        b'{' => b'}',
        b'[' => b']',
        b'<' => b'>',
        mark @ (b'|' | b'/' | b'!') => mark,
        _ => return None,
    };
    let string = delimited(bytes, at + 1, &[closing])?;
    // A bare value in base64 begins with `q/` too.
    let is_value = matches!(closing, b'/' | b'|' | b'!')
        && (bytes[string.inner.clone()].contains(&b'\n') || is_token_byte(byte(bytes, string.end)));
    (!is_value).then_some(string)
}

/// One past the bracket that closes the one at `open`, at most `limit` bytes
/// on; strings are stepped over.
pub(super) fn balanced(bytes: &[u8], open: usize, limit: usize) -> Option<usize> {
    let to = bytes.len().min(open + limit);
    let mut depth = 0_usize;
    let mut at = open;
    while at < to {
        match bytes[at] {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b'"' | b'\'' | b'`' => {
                if let Some(string) = quoted(bytes, at) {
                    at = string.end;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The pieces of a list, of a call's arguments too: what stands between the
/// commas of its own depth.
pub(super) fn split_arguments(bytes: &[u8], range: Range<usize>) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut start = range.start;
    let mut at = range.start;
    while at < range.end {
        match bytes[at] {
            b'(' | b'[' | b'{' => {
                at = balanced(bytes, at, range.end - at).unwrap_or(range.end);
                continue;
            }
            b'"' | b'\'' | b'`' => {
                at = quoted(bytes, at).map_or(at + 1, |string| string.end);
                continue;
            }
            b',' => {
                pieces.push(start..at);
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    if start < range.end {
        pieces.push(start..range.end);
    }
    pieces
}

/// Whether the range equals a text, ASCII case folded.
pub(super) fn is(bytes: &[u8], range: &Range<usize>, text: &str) -> bool {
    bytes.get(range.clone()).is_some_and(|word| word.eq_ignore_ascii_case(text.as_bytes()))
}

/// Whether the range equals one of several texts, ASCII case folded.
pub(super) fn is_any(bytes: &[u8], range: &Range<usize>, texts: &[&str]) -> bool {
    texts.iter().any(|text| is(bytes, range, text))
}
