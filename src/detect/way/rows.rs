//! The titles of columns: in separated values, in SQL, in HTML tables.
//!
//! In: a place inside a row. Out: the title of the column that holds it, from
//! the header of the same table.

use std::ops::Range;

use super::branches::strong;
use super::forward::Reader;
use super::{Candidate, Way};
use crate::detect::text::{balanced, byte, is, line_end, line_start, quoted, skip_space, word_at};

/// How far above a row its header may stand, in bytes.
const REACH_BYTES: usize = 8192;

/// The title of the column that holds the cell at `at`.
pub(crate) fn column_title(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    sql_title(bytes, at).or_else(|| html_title(bytes, at)).or_else(|| separated_title(bytes, at))
}

/// `INSERT INTO t (a, b) VALUES (x, y)`.
fn sql_title(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let open = tuple_start(bytes, at)?;
    let index = commas(bytes, open + 1, at);
    let from = open.saturating_sub(REACH_BYTES);
    let head = bytes[from..open].to_ascii_lowercase();
    let values = from + memchr::memmem::rfind(&head, b"values")?;
    let close =
        values - bytes[..values].iter().rev().take_while(|b| b.is_ascii_whitespace()).count();
    if byte(bytes, close.wrapping_sub(1)) != b')' {
        return None;
    }
    let columns = from + memchr::memrchr(b'(', &bytes[from..close])?;
    piece(bytes, columns + 1..close - 1, b',', index)
}

/// How many rows of one statement are read.
const MOST_ROWS: usize = 200;

impl Reader<'_> {
    /// The values of a column that an insert names in its list:
    /// `INSERT INTO t (id, name) VALUES (1, 'v'), (2, 'w')`.
    pub(super) fn inserted(&self) -> Vec<Candidate> {
        let bytes = self.bytes;
        let from = self.name.start.saturating_sub(1024);
        let is_listed = matches!(byte(bytes, skip_space(bytes, self.end)), b',' | b')');
        let open = memchr::memrchr(b'(', &bytes[from..self.name.start]).map(|at| from + at);
        let Some(open) = open.filter(|_| is_listed) else { return Vec::new() };
        let Some(end) = balanced(bytes, open, 2048) else { return Vec::new() };
        let word = word_at(bytes, skip_space(bytes, end));
        if !is(bytes, &word, "values") {
            return Vec::new();
        }
        let index = commas(bytes, open + 1, self.name.start);
        let mut found = Vec::new();
        let mut row = skip_space(bytes, word.end);
        for _ in 0..MOST_ROWS {
            if byte(bytes, row) != b'(' {
                break;
            }
            let Some(close) = balanced(bytes, row, 2048) else { break };
            let string = string_of_column(bytes, row + 1..close, index);
            found.extend(string.and_then(|inner| strong(bytes, inner, Way::Field)));
            let comma = skip_space(bytes, close);
            if byte(bytes, comma) != b',' {
                break;
            }
            row = skip_space(bytes, comma + 1);
        }
        found
    }
}

/// The string in a row behind so many commas.
fn string_of_column(bytes: &[u8], row: Range<usize>, index: usize) -> Option<Range<usize>> {
    let mut at = row.start;
    let mut column = 0;
    while at < row.end && column <= index {
        match bytes[at] {
            b',' => column += 1,
            b'(' | b'[' => {
                at = balanced(bytes, at, row.end - at).unwrap_or(at + 1);
                continue;
            }
            b'\'' | b'"' => {
                if let Some(string) = quoted(bytes, at) {
                    if column == index {
                        return Some(string.inner);
                    }
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

/// The parenthesis that opens the tuple around `at`.
fn tuple_start(bytes: &[u8], at: usize) -> Option<usize> {
    let from = line_start(bytes, at, 1024);
    let mut here = from;
    let mut open = None;
    while here < at {
        match bytes[here] {
            b'(' => open = Some(here),
            b')' => open = None,
            b'\'' | b'"' => {
                if let Some(string) = quoted(bytes, here).filter(|string| string.end <= at) {
                    here = string.end;
                    continue;
                }
            }
            _ => {}
        }
        here += 1;
    }
    open
}

fn commas(bytes: &[u8], from: usize, to: usize) -> usize {
    let mut at = from;
    let mut count = 0;
    while at < to {
        match bytes[at] {
            b',' => count += 1,
            b'(' | b'[' => {
                at = balanced(bytes, at, to - at).unwrap_or(at + 1);
                continue;
            }
            b'\'' | b'"' => {
                if let Some(string) = quoted(bytes, at).filter(|string| string.end <= to) {
                    at = string.end;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    count
}

/// `<tr><th>a</th><th>b</th></tr> … <tr><td>x</td><td>y</td></tr>`.
fn html_title(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let from = at.saturating_sub(REACH_BYTES);
    let before = &bytes[from..at];
    let row = memchr::memmem::rfind(before, b"<tr")?;
    let cells = memchr::memmem::find_iter(&before[row..], b"<td").count();
    let heads: Vec<usize> = memchr::memmem::find_iter(&before[..row], b"<th").collect();
    let table = memchr::memmem::rfind(before, b"<table").unwrap_or(0);
    let mut heads = heads.into_iter().filter(|head| *head > table && before[head + 3] != b'e');
    let head = heads.nth(cells.checked_sub(1)?)?;
    let start = from + head + memchr::memchr(b'>', &before[head..])? + 1;
    let length = memchr::memchr(b'<', &bytes[start..])?;
    Some(start..start + length)
}

/// A header line of the same number of cells, some lines above.
fn separated_title(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let line = line_start(bytes, at, 2048);
    let row = line..line_end(bytes, at, 2048);
    let separator = *b"\t,;|".iter().find(|mark| bytes[row.clone()].contains(mark))?;
    let count = |range: &Range<usize>| cells(bytes, range, separator);
    let own = count(&row);
    let index = cells(bytes, &(line..at), separator);
    let mut header: Option<Range<usize>> = None;
    let mut next = line;
    while next > 0 && line - next < REACH_BYTES {
        let start = line_start(bytes, next - 1, 2048);
        let above = start..next - 1;
        if start >= next || count(&above) != own {
            break;
        }
        header = Some(above);
        next = start;
    }
    // Titles are words, not assignments.
    let header = header.filter(|header| {
        !bytes[header.clone()].iter().any(|b| b"(){}[]=<>:;".contains(b) && *b != separator)
    })?;
    piece(bytes, header, separator, index)
}

/// How many separators outside of quotes a range holds.
fn cells(bytes: &[u8], range: &Range<usize>, separator: u8) -> usize {
    let mut at = range.start;
    let mut count = 0;
    while at < range.end {
        if bytes[at] == b'"'
            && let Some(string) = quoted(bytes, at).filter(|string| string.end <= range.end)
        {
            at = string.end;
            continue;
        }
        count += usize::from(bytes[at] == separator);
        at += 1;
    }
    count
}

/// The piece at an index between separators, blanks and quotes left out.
fn piece(bytes: &[u8], range: Range<usize>, separator: u8, index: usize) -> Option<Range<usize>> {
    let mut start = range.start;
    for _ in 0..index {
        start += memchr::memchr(separator, bytes.get(start..range.end)?)? + 1;
    }
    let length = memchr::memchr(separator, bytes.get(start..range.end)?);
    let mut end = length.map_or(range.end, |length| start + length);
    start = skip_space(bytes, start).min(end);
    while end > start && bytes[end - 1].is_ascii_whitespace() {
        end -= 1;
    }
    (start < end).then_some(start..end)
}
