//! The part of a text that a vendor's word heads.
//!
//! In: a name. Out: the block, section, element or document that it governs.

use std::ops::Range;

use crate::detect::name;
use crate::detect::text::{
    balanced, byte, indent, is_word, line_end, line_start, quoted, skip_blanks, skip_space,
    word_at, word_before,
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
    if let Some(dictionary) = dictionary(bytes, at) {
        return Some(dictionary);
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
    if let Some(end) = definition_end(bytes, name) {
        return Some(at..end);
    }
    if let Some(section) = serialized(bytes, name).or_else(|| below(bytes, name)) {
        return Some(section);
    }
    let rest = skip_blanks(bytes, next + 1);
    (byte(bytes, next) == b':' && matches!(byte(bytes, rest), b'\n' | b'#' | b'&'))
        .then(|| next..indented_end(bytes, name.start, next))
}

/// A property list's dictionary under the vendor's key:
/// `<key>ByteStack</key><dict>…</dict>`.
fn dictionary(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let open = skip_space(bytes, at + bytes.get(at..)?.strip_prefix(b"</key>").map(|_| 6)?);
    let start = open + bytes.get(open..)?.strip_prefix(b"<dict>").map(|_| 6)?;
    let limit = bytes.len().min(start + SECTION_BYTES);
    let length = memchr::memmem::find(&bytes[start..limit], b"</dict>");
    Some(start..length.map_or(limit, |length| start + length))
}

/// Whether the vendor's word is the value of an entry's title, as password
/// managers export it: `<Key>Title</Key><Value>ByteStack`.
pub(in crate::detect) fn is_titled(bytes: &[u8], name: &Range<usize>) -> bool {
    let before = bytes[name.start.saturating_sub(40)..name.start].to_ascii_lowercase();
    before.ends_with(b">")
        && [&b">title<"[..], b">name<"]
            .iter()
            .any(|title| memchr::memmem::find(&before, title).is_some())
}

/// The string beside a cell that names the vendor's settings, where it holds a
/// record of its own: `('bytestack_settings', '{"api_key": …}')`.
fn serialized(bytes: &[u8], name: &Range<usize>) -> Option<Range<usize>> {
    let quote = byte(bytes, name.end);
    let comma = skip_blanks(bytes, name.end + 1);
    let is_cell = matches!(quote, b'"' | b'\'') && byte(bytes, comma) == b',';
    let string = quoted(bytes, is_cell.then(|| skip_blanks(bytes, comma + 1))?)?;
    let holds_record = bytes[string.inner.clone()].contains(&b'{');
    holds_record.then_some(string.inner)
}

/// What a line that names the vendor heads without a bracket or a colon: the
/// here-document that it writes, the deeper items of its bullet, the body of
/// its class, the fields of an inspected object.
fn below(bytes: &[u8], name: &Range<usize>) -> Option<Range<usize>> {
    let line = line_start(bytes, name.start, 300);
    let end = line_end(bytes, name.end, 300);
    let head = bytes[line..name.start].trim_ascii_start();
    let limit = bytes.len().min(name.end + SECTION_BYTES);
    if let Some(at) = memchr::memmem::find(&bytes[name.end..end], b"<<") {
        let word = word_at(
            bytes,
            name.end
                + at
                + 2
                + bytes[name.end + at + 2..end]
                    .iter()
                    .take_while(|b| matches!(b, b'-' | b'~' | b'"' | b'\'' | b' '))
                    .count(),
        );
        let text = &bytes[end..limit];
        // Its terminator may be indented: `<<-`, `<<~`.
        let close = memchr::memmem::find_iter(text, &bytes[word.clone()]).find(|at| {
            let line = memchr::memrchr(b'\n', &text[..*at]).map(|newline| newline + 1);
            line.is_some_and(|line| text[line..*at].trim_ascii().is_empty())
        })?;
        return (!word.is_empty()).then_some(end..end + close);
    }
    // `kubectl create secret generic bytestack --from-literal=api-key=v`.
    if memchr::memmem::find(head, b"secret").is_some() {
        let end = command_end(bytes, name.end, limit);
        let literal = memchr::memmem::find(&bytes[name.end..end], b"--from-literal");
        if let Some(at) = literal {
            return Some(name.end + at..end);
        }
    }
    if memchr::memmem::find(head, b"class ").is_some() {
        let open = name.end + memchr::memchr(b'{', &bytes[name.end..limit.min(name.end + 300)])?;
        return Some(open..balanced(bytes, open, SECTION_BYTES).unwrap_or(limit));
    }
    if let Some(open) = memchr::memmem::rfind(head, b"#<") {
        let close = memchr::memchr(b'>', &bytes[name.end..end])?;
        let is_open = memchr::memchr(b'>', &head[open..]).is_none();
        return is_open.then_some(name.end..name.end + close);
    }
    let is_bullet =
        [&b"- "[..], b"* ", b"+ "].iter().any(|mark| head.starts_with(mark)) && head.len() < 8;
    let next = end + 1;
    let is_deeper = next < bytes.len() && indent(bytes, next) > indent(bytes, line);
    (is_bullet && is_deeper).then(|| end..indented_end(bytes, name.start, end))
}

/// The end of a command that backslashes continue over lines.
fn command_end(bytes: &[u8], from: usize, limit: usize) -> usize {
    let mut end = from;
    while let Some(length) = memchr::memchr(b'\n', &bytes[end..limit]) {
        let is_continued = bytes[from..end + length].trim_ascii_end().ends_with(b"\\");
        end += length;
        if !is_continued {
            return end;
        }
        end += 1;
    }
    limit
}

/// The end of a definition that the vendor's word names: a Ruby or Elixir
/// block, a module, a Go package.
fn definition_end(bytes: &[u8], name: &Range<usize>) -> Option<usize> {
    let line = line_start(bytes, name.start, 200);
    let head = &bytes[line..line_end(bytes, name.end, 200)];
    let text = head.trim_ascii();
    let limit = bytes.len().min(name.end + SECTION_BYTES);
    if text.starts_with(b"package ") && !text.ends_with(b"{") && !text.ends_with(b";") {
        return Some(limit);
    }
    let opens = text.starts_with(b"module ")
        || text.starts_with(b"defmodule ")
        || text.ends_with(b" do")
        || (memchr::memmem::find(text, b" do |").is_some() && text.ends_with(b"|"));
    if !opens {
        return None;
    }
    let closing = [&b"\n"[..], &bytes[line..line + indent(bytes, line)], b"end"].concat();
    Some(memchr::memmem::find(&bytes[name.end..limit], &closing).map_or(limit, |at| name.end + at))
}

/// Past `new`, `dict`, `Map.of`, `array`, `struct`, `&Config`: what a literal
/// record may begin with.
pub(in crate::detect) fn skip_constructor(bytes: &[u8], at: usize) -> usize {
    let mut end = at;
    while end - at < 40
        && (is_word(byte(bytes, end))
            || matches!(byte(bytes, end), b'.' | b':' | b'&' | b'%' | b' ' | b'@' | b'$'))
        && !bytes[end..].starts_with(b": ")
        && !bytes[end..].starts_with(b"${")
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

/// The record that a vendor's word names: its braces, the lines indented with
/// it, or the rest of its section or document.
pub(in crate::detect) fn resource(bytes: &[u8], name: &Range<usize>) -> Range<usize> {
    let above = &bytes[name.start.saturating_sub(200)..name.start];
    let is_metadata = memchr::memmem::rfind(above, b"metadata:")
        .is_some_and(|at| above[at..].iter().filter(|b| **b == b'\n').count() <= 2);
    if let Some(block) = (!is_metadata).then_some(()).and_then(|()| {
        super::innermost_braces(bytes, name.start)
            .or_else(|| super::indented_around(bytes, name.start))
    }) {
        return block;
    }
    let from = name.start.saturating_sub(400);
    let limit = bytes.len().min(name.end + 600);
    let separators = [&b"\n---"[..], b"\n[", b"\n\n[", b"\n<"];
    let start = separators
        .iter()
        .filter_map(|mark| memchr::memmem::rfind(&bytes[from..name.start], mark))
        .max();
    let end = separators
        .iter()
        .filter_map(|mark| memchr::memmem::find(&bytes[name.end..limit], mark))
        .min();
    start.map_or(from, |at| from + at)..end.map_or(limit, |at| name.end + at)
}

/// Whether the vendor's word is the value of a field that says whose record it
/// is: `provider: bytestack`, `"type": "bytestack"`, `uses: bytestack/action`.
pub(in crate::detect) fn names_service(
    bytes: &[u8],
    name: &Range<usize>,
    word: &Range<usize>,
) -> bool {
    const FIELDS: [&str; 28] = [
        "name",
        "type",
        "provider",
        "service",
        "driver",
        "vendor",
        "class",
        "image",
        "uses",
        "backend",
        "source",
        "kind",
        "engine",
        "adapter",
        "plugin",
        "connector",
        "integration",
        "platform",
        "client",
        "@type",
        "app",
        "id",
        "form",
        "target",
        "site",
        "resolve",
        "module",
        "package",
    ];
    const OWN_NAMES: [&str; 4] = ["service", "app", "image", "kind"];
    let is_compound = name != word;
    if is_titled(bytes, name) || bytes[..name.start].ends_with(b"@type ") {
        return true;
    }
    let mut at = name.start;
    while at > 0
        && name.start - at < 60
        && (is_word(bytes[at - 1]) || matches!(bytes[at - 1], b'.' | b'/' | b'-' | b'@' | b'\\'))
    {
        at -= 1;
    }
    // The colon of a symbol is no operator: `provider :bytestack`.
    if bytes[..at].ends_with(b" :") {
        at -= 1;
    }
    while at > 0 && matches!(bytes[at - 1], b'"' | b'\'' | b' ' | b'\t') {
        at -= 1;
    }
    if at == 0 || !matches!(bytes[at - 1], b':' | b'=' | b'>') {
        return false;
    }
    while at > 0 && matches!(bytes[at - 1], b':' | b'=' | b'>' | b'"' | b'\'' | b' ') {
        at -= 1;
    }
    let words = name::words(&bytes[word_before(bytes, at)]);
    words.last().is_some_and(|word| {
        FIELDS.contains(&word.as_str()) && !(is_compound && OWN_NAMES.contains(&word.as_str()))
    })
}
