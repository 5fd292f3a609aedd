//! Borders of sections: what a request's context does not cross.
//!
//! In: the range around a host that may be its request. Out: the part of it in
//! the same section of a configuration, the same element of a document.

use std::ops::Range;

use super::section::element_end;
use crate::detect::name::words;
use crate::detect::text::{byte, line_end, line_start, skip_space};

/// How long a section's heading or an element's tag is at most, in bytes.
const LONGEST_HEAD_BYTES: usize = 300;

/// The part of `request` that no heading of another's section parts from the
/// host: `[datadog]`, `[[table]]`, a tag that closes itself.
pub(in crate::detect) fn within_borders(
    bytes: &[u8],
    request: &Range<usize>,
    host: &Range<usize>,
) -> Range<usize> {
    if let Some(tag) = empty_element(bytes, host) {
        let end = past_headers(bytes, tag.end);
        return request.start.max(tag.start)..request.end.min(end);
    }
    // What stands above the heading of the host's own section is another's.
    let mut start = request.start;
    let mut own = None;
    let mut line = line_start(bytes, host.start, LONGEST_HEAD_BYTES);
    while line > request.start {
        let above = memchr::memrchr(b'\n', &bytes[request.start..line - 1])
            .map_or(request.start, |newline| request.start + newline + 1);
        if let Some(head) = head(&bytes[above..line]) {
            (start, own) = (above, Some(head));
            break;
        }
        line = above;
    }
    let mut end = request.end;
    let mut at = line_end(bytes, host.end, LONGEST_HEAD_BYTES);
    while at < request.end {
        let next = memchr::memchr(b'\n', &bytes[at + 1..request.end]);
        let line = at + 1..next.map_or(request.end, |length| at + 1 + length);
        if head(&bytes[line.clone()]).is_some_and(|head| is_of_another(head, own)) {
            end = line.start;
            break;
        }
        at = line.end;
    }
    start..end.max(host.end)
}

/// The name in a line that is a heading of INI or TOML and nothing else.
fn head(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii();
    let inner = line.strip_prefix(b"[")?.strip_suffix(b"]")?;
    let inner = inner.strip_prefix(b"[").map_or(inner, |inner| inner.trim_ascii_end());
    let inner = inner.strip_suffix(b"]").unwrap_or(inner);
    let is_head = inner.first().is_some_and(u8::is_ascii_alphabetic)
        && inner.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:/ \"@".contains(byte));
    is_head.then_some(inner)
}

/// Whether a heading names neither the vendor nor a part of the host's own
/// section.
fn is_of_another(head: &[u8], own: Option<&[u8]>) -> bool {
    let lower = head.to_ascii_lowercase();
    let is_vendors = [&b"bytestack"[..], b"bitkit"]
        .iter()
        .any(|vendor| memchr::memmem::find(&lower, vendor).is_some());
    let is_part = own
        .and_then(|own| head.strip_prefix(own))
        .is_some_and(|rest| matches!(rest.first(), Some(b'.' | b':' | b'/' | b' ')));
    !is_vendors && !is_part
}

/// Past the elements behind a tag that hold the headers or credentials of the
/// same request: MuleSoft's `<http:default-headers>` beside its connection.
fn past_headers(bytes: &[u8], tag_end: usize) -> usize {
    const PARTS: [&str; 6] =
        ["headers", "header", "authentication", "authorization", "auth", "credentials"];
    let mut end = tag_end;
    loop {
        let open = skip_space(bytes, end + usize::from(byte(bytes, end) == b'>'));
        let length = bytes[(open + 1).min(bytes.len())..]
            .iter()
            .take(64)
            .take_while(|b| b.is_ascii_alphanumeric() || b"-_:.".contains(b))
            .count();
        let element = open + 1..open + 1 + length;
        let is_part = byte(bytes, open) == b'<'
            && length > 0
            && words(&bytes[element.clone()])
                .last()
                .is_some_and(|word| PARTS.contains(&word.as_str()));
        if !is_part {
            return end;
        }
        let close = element_end(bytes, &element, element.end);
        end = close + memchr::memchr(b'>', &bytes[close..]).unwrap_or(0);
    }
}

/// The tag around a place that closes itself.
fn empty_element(bytes: &[u8], host: &Range<usize>) -> Option<Range<usize>> {
    let from = host.start.saturating_sub(LONGEST_HEAD_BYTES);
    let before = &bytes[from..host.start];
    let open = from + memchr::memrchr(b'<', before)?;
    let is_tag = byte(bytes, open + 1).is_ascii_alphabetic()
        && memchr::memchr(b'>', &bytes[open..host.start]).is_none();
    let limit = bytes.len().min(host.end + LONGEST_HEAD_BYTES);
    let close = host.end + memchr::memchr(b'>', &bytes[host.end..limit])?;
    (is_tag && bytes[close - 1] == b'/').then_some(open..close)
}
