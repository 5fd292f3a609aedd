//! SQLite databases.
//!
//! In: the bytes of a database. Out: the rows of each page as lines of text,
//! their columns between commas, for stored as they are a name and its value
//! touch. What lies free in a page is read with the bytes as they stand. The
//! format is that of <https://www.sqlite.org/fileformat2.html>.

use std::ops::Range;

use super::{Halt, Opening};
use crate::finding::SkipKind;

/// The database's own header, which stands before the first page's.
const HEADER_BYTES: usize = 100;
/// A leaf of a table's tree.
const TABLE_LEAF: u8 = 13;
/// The longest row that is read, in bytes.
const LONGEST_ROW_BYTES: usize = 16 << 20;
/// The most text that one page's rows are made of, in bytes: hostile cells may
/// all lead to one long row.
const MOST_TEXT_BYTES: usize = 32 << 20;
/// How many columns of a row are read.
const MOST_COLUMNS: usize = 256;

impl Opening<'_> {
    /// Reads the rows of every page of a database.
    pub(super) fn database(&mut self, bytes: &[u8]) -> Result<(), Halt> {
        let page_bytes = match u16::from_be_bytes([at(bytes, 16), at(bytes, 17)]) {
            1 => 1 << 16,
            size if size.is_power_of_two() && size >= 512 => usize::from(size),
            _ => return Ok(()),
        };
        let usable = page_bytes.saturating_sub(usize::from(at(bytes, 20)));
        let database = Database { bytes, page_bytes, usable };
        let mut is_cut = false;
        for number in 1..=bytes.len().div_ceil(page_bytes) {
            let text = database.rows(number, &mut is_cut);
            if text.is_empty() {
                continue;
            }
            self.enter()?;
            self.path.push(format!("page {number}").into_bytes());
            let mut content = self.meter.read(&text[..]);
            let ended = self.deliver(&mut content, false);
            self.path.pop();
            ended?;
        }
        if is_cut {
            let reason = "rows of an SQLite database past the budget of 16 MiB each and 32 MiB a \
                          page were read only as they are stored";
            self.skip(SkipKind::OverBudget, reason.to_owned());
        }
        Ok(())
    }
}

fn at(bytes: &[u8], place: usize) -> u8 {
    bytes.get(place).copied().unwrap_or(0)
}

struct Database<'a> {
    bytes: &'a [u8],
    page_bytes: usize,
    /// The bytes of a page without what extensions keep at its end.
    usable: usize,
}

impl Database<'_> {
    /// The page of a number, from 1.
    fn page(&self, number: usize) -> Option<&[u8]> {
        let start = number.checked_sub(1)?.checked_mul(self.page_bytes)?;
        self.bytes.get(start..self.bytes.len().min(start.checked_add(self.page_bytes)?))
    }

    /// The rows of one page, a line each.
    fn rows(&self, number: usize, is_cut: &mut bool) -> Vec<u8> {
        let mut text = Vec::new();
        let Some(page) = self.page(number) else { return text };
        let head = if number == 1 { HEADER_BYTES } else { 0 };
        if at(page, head) != TABLE_LEAF {
            return text;
        }
        let number =
            |place: usize| usize::from(u16::from_be_bytes([at(page, place), at(page, place + 1)]));
        // A page holds no more text than its size but for what overflows it.
        for cell in 0..number(head + 3).min(self.page_bytes / 4) {
            let Some(row) = self.row(page, number(head + 8 + 2 * cell), is_cut) else { continue };
            if text.len() + row.len() > MOST_TEXT_BYTES {
                *is_cut = true;
                break;
            }
            let columns = columns(&row);
            for (index, column) in columns.into_iter().enumerate() {
                if index > 0 {
                    text.push(b',');
                }
                text.extend_from_slice(&row[column]);
            }
            text.push(b'\n');
        }
        text
    }

    /// The record of the cell at a place of a page, overflow included.
    fn row(&self, page: &[u8], cell: usize, is_cut: &mut bool) -> Option<Vec<u8>> {
        let (length, place) = varint(page, cell)?;
        let (_, start) = varint(page, place)?;
        let length = usize::try_from(length).ok()?;
        if length > LONGEST_ROW_BYTES {
            // No row is longer than its file; such a length is no row's.
            *is_cut |= length <= self.bytes.len();
            return None;
        }
        let most = self.usable.checked_sub(35)?;
        if length <= most {
            return page.get(start..start.checked_add(length)?).map(<[u8]>::to_vec);
        }
        let least = (self.usable - 12) * 32 / 255 - 23;
        let fitting = least + (length - least) % (self.usable - 4);
        let local = if fitting <= most { fitting } else { least };
        let mut row = page.get(start..start.checked_add(local)?)?.to_vec();
        let mut next = word(page, start + local)?;
        while row.len() < length && next > 0 {
            let more = self.page(next)?;
            let count = (length - row.len()).min(self.usable - 4);
            row.extend_from_slice(more.get(4..4 + count)?);
            next = word(more, 0)?;
        }
        Some(row)
    }
}

fn word(bytes: &[u8], place: usize) -> Option<usize> {
    let four = bytes.get(place..place.checked_add(4)?)?;
    usize::try_from(u32::from_be_bytes(four.try_into().ok()?)).ok()
}

/// A number of one to nine bytes, and the place after it.
fn varint(bytes: &[u8], place: usize) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for index in 0..8 {
        let byte = *bytes.get(place.checked_add(index)?)?;
        value = value << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            return Some((value, place + index + 1));
        }
    }
    Some((value << 8 | u64::from(*bytes.get(place + 8)?), place + 9))
}

/// Where the texts and blobs of a record stand in it.
fn columns(row: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let Some((head, mut place)) = varint(row, 0) else { return found };
    let head = usize::try_from(head).unwrap_or(usize::MAX);
    let mut start = head;
    while place < head.min(row.len()) && found.len() < MOST_COLUMNS {
        let Some((kind, next)) = varint(row, place) else { break };
        place = next;
        let length = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind as usize,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => break,
            _ => usize::try_from((kind - 12) / 2).unwrap_or(usize::MAX),
        };
        let Some(end) = start.checked_add(length).filter(|end| *end <= row.len()) else { break };
        if kind >= 12 {
            found.push(start..end);
        }
        start = end;
    }
    found
}
