//! The part of a text that a vendor's word heads.
//!
//! In: a name. Out: the block, section, element or document that it governs.

use std::ops::Range;

use crate::detect::text::{
    balanced, byte, indent, is_word, line_end, line_start, skip_blanks, skip_space,
};

/// How far a section of a configuration reaches, in bytes.
const SECTION_BYTES: usize = 4096;

/// The part of the text that a vendor's word governs: the block, section or
/// element that it heads.
pub(in crate::detect) fn section(bytes: &[u8], name: &Range<usize>) -> Option<Range<usize>> {
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
        let close =
            memchr::memchr(b'>', &bytes[at..bytes.len().min(at + 600)]).map(|length| at + length);
        if let Some(close) = close.filter(|close| bytes[close - 1] == b'/') {
            return Some(at..close);
        }
        return Some(at..element_end(bytes, name, at));
    }
    (byte(bytes, next) == b':' && byte(bytes, skip_blanks(bytes, next + 1)) == b'\n')
        .then(|| next..indented_end(bytes, name.start, next))
}

/// Past `new`, `dict`, `Map.of`, `array`, `struct`, `&Config`: what a literal
/// record may begin with.
pub(in crate::detect) fn skip_constructor(bytes: &[u8], at: usize) -> usize {
    let mut end = at;
    while end - at < 40
        && (is_word(byte(bytes, end))
            || matches!(byte(bytes, end), b'.' | b':' | b'&' | b'%' | b' ' | b'@' | b'$'))
    {
        end += 1;
    }
    if matches!(byte(bytes, end), b'{' | b'(' | b'[') { end } else { at }
}

pub(in crate::detect) fn is_ini_head(bytes: &[u8], name: &Range<usize>) -> bool {
    let line = line_start(bytes, name.start, 200);
    let head = line + indent(bytes, line);
    byte(bytes, head) == b'['
        && memchr::memchr(b']', &bytes[name.end..line_end(bytes, name.end, 200)]).is_some()
        && memchr::memchr2(b'=', b':', &bytes[head..name.start]).is_none()
}

pub(in crate::detect) fn ini_end(bytes: &[u8], from: usize) -> usize {
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

pub(in crate::detect) fn element_end(bytes: &[u8], name: &Range<usize>, from: usize) -> usize {
    let limit = bytes.len().min(from + SECTION_BYTES);
    let closing = [&b"</"[..], &bytes[name.clone()]].concat();
    memchr::memmem::find(&bytes[from..limit], &closing).map_or(limit, |length| from + length)
}

pub(in crate::detect) fn indented_end(bytes: &[u8], name: usize, from: usize) -> usize {
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

/// The resource that a vendor's word names: the rest of its document.
pub(in crate::detect) fn resource(bytes: &[u8], name: &Range<usize>) -> Range<usize> {
    let limit = bytes.len().min(name.end + 600);
    let end =
        memchr::memmem::find(&bytes[name.end..limit], b"\n---").map_or(limit, |at| name.end + at);
    name.end..end
}
