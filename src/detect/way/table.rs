//! Values in tables: the cell beside a name, the column below it.
//!
//! In: a name that is a cell of separated values. Out: the random cells of its
//! row or column.

use std::ops::Range;

use super::forward::Reader;
use super::{Candidate, Way};
use crate::detect::text::{byte, line_end, line_start, quoted};
use crate::detect::value::{Class, Form, classify};
use crate::rule::Strength;

/// How far above a row of an aligned table its titles may stand, in lines.
const MOST_TABLE_LINES: usize = 40;

/// Rows below a header that are read for one name.
const MOST_ROWS: usize = 1000;

impl Reader<'_> {
    /// The cells below a column that the name heads: CSV with `,`, `;` or tabs.
    pub(super) fn column(&self) -> Vec<Candidate> {
        let start = line_start(self.bytes, self.name.start, 2048);
        let end = line_end(self.bytes, self.name.end, 2048);
        let separator = match byte(self.bytes, self.end) {
            mark @ (b',' | b';' | b'\t') => mark,
            _ => byte(self.bytes, before_quote(self.bytes, self.name.start).wrapping_sub(1)),
        };
        let header = &self.bytes[start..end];
        let is_cell = matches!(separator, b',' | b';' | b'\t')
            && matches!(byte(self.bytes, self.end), b',' | b';' | b'\t' | b'\r' | b'\n')
            && header.contains(&separator)
            && !header.iter().any(|b| {
                matches!(b, b'(' | b')' | b'{' | b'}' | b'[' | b']' | b'=' | b'<' | b'>' | b':')
            });
        if !is_cell || is_below_row(self.bytes, start, header, separator) {
            return Vec::new();
        }
        let index = self.bytes[start..self.name.start].iter().filter(|b| **b == separator).count();
        let mut found = Vec::new();
        let mut line = end + 1;
        for _ in 0..MOST_ROWS {
            let to = line_end(self.bytes, line, 4096);
            // A line that goes on is no row.
            if to <= line || to < self.bytes.len() && self.bytes[to] != b'\n' {
                break;
            }
            if let Some(cell) = cell(self.bytes, line..to, separator, index) {
                let class = classify(&self.bytes[cell.clone()], Form::Quoted);
                if matches!(class, Class::Literal(Strength::Strong)) {
                    found.push(Candidate {
                        parts: vec![cell],
                        class,
                        way: Way::Field,
                        is_quoted: true,
                    });
                }
            }
            line = to + 1;
        }
        found
    }

    /// Whether the name is the first cell of a line of separated values.
    pub(super) fn starts_row(&self) -> bool {
        let start = line_start(self.bytes, self.name.start, 512);
        before_quote(self.bytes, self.name.start) == start
    }

    /// Whether the column that holds `at` is headed as one of ids or digests.
    pub(super) fn heads_identifiers(&self, at: usize, separator: u8) -> bool {
        let line = line_start(self.bytes, at, 2048);
        let index = self.bytes[line..at].iter().filter(|b| **b == separator).count();
        let mut first = line;
        while first > 0 && line - first < 4096 {
            let above = line_start(self.bytes, first - 1, 2048);
            let is_row = self.bytes[above..first].contains(&separator);
            if above >= first || !is_row {
                break;
            }
            first = above;
        }
        let header = &self.bytes[first..line_end(self.bytes, first, 2048)];
        let title = header.split(|b| *b == separator).nth(index).unwrap_or_default();
        first < line && says_identifiers(title)
    }

    /// The first random cell of the row.
    pub(super) fn row(&self, at: usize) -> Option<Candidate> {
        let separator = byte(self.bytes, at - 1);
        let row = at..line_end(self.bytes, at, 1200);
        (0..6).find_map(|index| {
            let cell = cell(self.bytes, row.clone(), separator, index)?;
            if self.heads_identifiers(cell.start, separator) {
                return None;
            }
            let class = classify(&self.bytes[cell.clone()], Form::Quoted);
            matches!(class, Class::Literal(strength) if strength >= Strength::Fair)
                .then(|| Candidate { parts: vec![cell], class, way: Way::Paired, is_quoted: true })
        })
    }

    pub(super) fn is_csv(&self, at: usize) -> bool {
        !self.bytes[at + 1..].starts_with(b" ")
            && classify_cell(self.bytes, at + 1, b";\n\r") == Some(Strength::Strong)
    }
}

/// Whether a line stands below one of as many cells, and so heads no table; a table
/// of nothing but names would be read as often as it has rows.
fn is_below_row(bytes: &[u8], start: usize, line: &[u8], separator: u8) -> bool {
    let cells = |line: &[u8]| line.iter().filter(|b| **b == separator).count();
    let above = line_start(bytes, start.saturating_sub(1), 2048);
    start > 0 && cells(&bytes[above..start]) == cells(line)
}

/// Whether a column's title says that it holds ids or digests.
fn says_identifiers(title: &[u8]) -> bool {
    const WORDS: [&str; 14] = [
        "id",
        "uuid",
        "sha",
        "sha256",
        "sha1",
        "md5",
        "hash",
        "digest",
        "checksum",
        "commit",
        "introduced",
        "fingerprint",
        "etag",
        "version",
    ];
    crate::detect::name::words(title).iter().any(|word| WORDS.contains(&word.as_str()))
}

/// Whether blanks alone align a value under a title of ids or digests, as tools
/// print their tables.
pub(super) fn is_aligned_under_identifiers(bytes: &[u8], at: usize) -> bool {
    let line = line_start(bytes, at, 512);
    let column = at - line;
    let mut head = line;
    for _ in 0..MOST_TABLE_LINES {
        let above = line_start(bytes, head.saturating_sub(1), 512);
        if above >= head || bytes[above..head].trim_ascii().is_empty() {
            break;
        }
        head = above;
    }
    let titles = &bytes[head..line_end(bytes, head, 512)];
    let Some(title) = titles.get(column..) else { return false };
    let is_start = column > 1 && titles[..column].ends_with(b"  ") && title.first() != Some(&b' ');
    let end = memchr::memmem::find(title, b"  ").unwrap_or(title.len());
    head < line && is_start && says_identifiers(&title[..end])
}

/// Before the quote that opens around a cell.
pub(super) fn before_quote(bytes: &[u8], at: usize) -> usize {
    at - usize::from(at > 0 && matches!(bytes[at - 1], b'"' | b'\''))
}

/// The cell at an index of a row, its quotes left out.
pub(super) fn cell(
    bytes: &[u8],
    row: Range<usize>,
    separator: u8,
    index: usize,
) -> Option<Range<usize>> {
    let mut start = row.start;
    for _ in 0..index {
        let from = match byte(bytes, start) {
            b'"' => quoted(bytes, start).map_or(start, |string| string.end),
            _ => start,
        };
        start = from + memchr::memchr(separator, bytes.get(from..row.end)?)? + 1;
    }
    if byte(bytes, start) == b'"' {
        return quoted(bytes, start).map(|string| string.inner);
    }
    let length = bytes.get(start..row.end)?.iter().position(|b| *b == separator || *b == b'\r');
    Some(start..length.map_or(row.end, |length| start + length))
}

/// The strength of the literal that fills a cell up to one of `ends`.
pub(super) fn classify_cell(bytes: &[u8], start: usize, ends: &[u8]) -> Option<Strength> {
    let length = bytes.get(start..)?.iter().take(520).position(|b| ends.contains(b))?;
    match classify(&bytes[start..start + length], Form::Quoted) {
        Class::Literal(strength) => Some(strength),
        _ => None,
    }
}
