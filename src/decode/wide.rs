//! UTF-16 and UTF-32, with and without a mark of their byte order.
//!
//! In: bytes and a place whose units are known. Out: the text around it.

use std::ops::Range;

use super::{AFTER_BYTES, BEFORE_BYTES, Decoded, Written};
use crate::finding::Encoding;
use crate::rule::Wide;

/// The text around a hit: as far as the units can be text.
pub(super) fn run(bytes: &[u8], hit: Range<usize>, wide: Wide) -> Option<Decoded> {
    let step = wide.unit_bytes();
    let mut start = hit.start;
    while start >= step
        && hit.start - start < BEFORE_BYTES
        && is_text(unit(&bytes[start - step..start], wide))
    {
        start -= step;
    }
    let limit = bytes.len().min(hit.end + AFTER_BYTES);
    let mut end = hit.start;
    while end + step <= limit && is_text(unit(&bytes[end..end + step], wide)) {
        end += step;
    }
    let written = decode(&bytes[start..end], wide);
    let encoding = if step == 2 { Encoding::Utf16 } else { Encoding::Utf32 };
    (end > start)
        .then(|| Decoded::each(start..end, written, encoding).cut_at(hit.end + AFTER_BYTES))
}

/// The value of one unit.
pub(super) fn unit(bytes: &[u8], wide: Wide) -> u32 {
    let fold = |value: u32, byte: &u8| value << 8 | u32::from(*byte);
    if wide.is_little_endian() {
        bytes.iter().rev().fold(0, fold)
    } else {
        bytes.iter().fold(0, fold)
    }
}

/// Whether a unit can stand in text: no control but tabs and line ends, no
/// byte order mark, nothing that Unicode leaves out.
fn is_text(unit: u32) -> bool {
    match unit {
        0x09 | 0x0a | 0x0c | 0x0d => true,
        0..0x20 | 0x7f..0xa0 | 0xfeff | 0xfffe | 0xffff => false,
        _ => unit <= 0x10_ffff,
    }
}

fn decode(bytes: &[u8], wide: Wide) -> Written {
    let step = wide.unit_bytes();
    let mut written = Written::default();
    let mut at = 0;
    while at + step <= bytes.len() {
        let first = unit(&bytes[at..at + step], wide);
        let second = (step == 2 && (0xd800..0xdc00).contains(&first))
            .then(|| bytes.get(at + 2..at + 4))
            .flatten()
            .map(|next| unit(next, wide))
            .filter(|next| (0xdc00..0xe000).contains(next));
        let (value, length) = match second {
            Some(second) => (0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00), 2 * step),
            None => (first, step),
        };
        let c = char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER);
        written.push_char(c, &(at..at + length));
        at += length;
    }
    written
}

/// The units of a content that begins so, if it is text of wide units: by its
/// byte order mark, or because most units hold nothing but their least byte.
pub(super) fn of(head: &[u8]) -> Option<Wide> {
    const MARKS: [(&[u8], Wide); 4] = [
        (b"\xff\xfe\0\0", Wide::Utf32Le),
        (b"\0\0\xfe\xff", Wide::Utf32Be),
        (b"\xff\xfe", Wide::Utf16Le),
        (b"\xfe\xff", Wide::Utf16Be),
    ];
    if let Some((_, wide)) = MARKS.iter().find(|(mark, _)| head.starts_with(mark)) {
        return Some(*wide);
    }
    let sample = &head[..head.len().min(1024)];
    [Wide::Utf32Le, Wide::Utf32Be, Wide::Utf16Le, Wide::Utf16Be].into_iter().find(|wide| {
        let units = sample.chunks_exact(wide.unit_bytes());
        let count = units.len();
        let latin = units.filter(|unit_bytes| (1..256).contains(&unit(unit_bytes, *wide))).count();
        count >= 4 && latin * 10 >= count * 7
    })
}
