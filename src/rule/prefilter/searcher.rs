//! Finds many short forms at once.
//!
//! In: forms and bytes. Out: the places where a form stands.
//!
//! Of each form the four-byte pieces at as many successive places as the stride
//! is wide are put in a small bit table; a search looks up one piece of the
//! bytes every stride, and a form that stands anywhere is met by exactly one of
//! its pieces. No copy or case folding is needed, since pieces are put in with
//! every casing.

mod pieces;
mod table;

use super::forms::Pattern;
use pieces::Pieces;
pub(super) use pieces::commonness;
use table::{Bits, Lookup, Table};

/// The widest stride; a wider one puts more pieces in for less.
const WIDEST_STRIDE: usize = 4;

/// A searcher for a fixed list of forms.
#[derive(Debug)]
pub(super) struct Searcher {
    forms: Vec<Pattern>,
    table: Table,
    pieces: Pieces,
    stride: usize,
    /// 4, or 3 where some form is no longer.
    piece_bytes: usize,
}

/// Look-ups that share one branch, since hits are rare.
const GROUP: usize = 8;

impl Searcher {
    pub(super) fn new(forms: Vec<Pattern>) -> Self {
        let shortest = forms.iter().map(|form| form.places.len()).min().unwrap_or(4);
        let piece_bytes = shortest.min(4);
        let stride = (shortest - piece_bytes + 1).min(WIDEST_STRIDE);
        let pieces = Pieces::new(&forms, stride, piece_bytes);
        let table = Table::new(pieces.all().iter().map(|piece| piece.bytes));
        Self { forms, table, pieces, stride, piece_bytes }
    }

    /// The length of the longest form.
    pub(super) fn longest(&self) -> usize {
        self.forms.iter().map(|form| form.places.len()).max().unwrap_or(0)
    }

    /// Gives every place where a form stands, until told to stop; they come in
    /// no particular order. Says whether it was told to stop.
    pub(super) fn search(
        &self,
        bytes: &[u8],
        mut take: impl FnMut(&Pattern, usize) -> bool,
    ) -> bool {
        match &self.table {
            Table::Small(table) => self.scan(&**table, bytes, &mut take),
            Table::Medium(table) => self.scan(&**table, bytes, &mut take),
            Table::Large(table) => self.scan(Bits(table), bytes, &mut take),
        }
    }

    fn scan(
        &self,
        table: impl Lookup,
        bytes: &[u8],
        take: &mut impl FnMut(&Pattern, usize) -> bool,
    ) -> bool {
        match (self.stride, self.piece_bytes) {
            (4, _) => self.stride::<4, 4>(table, bytes, take),
            (3, _) => self.stride::<3, 4>(table, bytes, take),
            (2, _) => self.stride::<2, 4>(table, bytes, take),
            (_, 4) => self.stride::<1, 4>(table, bytes, take),
            _ => self.stride::<1, 3>(table, bytes, take),
        }
    }

    /// Looks up the piece of `PIECE` bytes at every `STRIDE`th place.
    fn stride<const STRIDE: usize, const PIECE: usize>(
        &self,
        table: impl Lookup,
        bytes: &[u8],
        take: &mut impl FnMut(&Pattern, usize) -> bool,
    ) -> bool {
        let mask = u32::MAX >> (8 * (4 - PIECE));
        let mut at = 0;
        while let Some(group) = bytes.get(at..at + (GROUP - 1) * STRIDE + 4) {
            let piece = |number: usize| {
                let start = number * STRIDE;
                let bytes = group[start..start + 4].try_into().expect("four bytes");
                u32::from_le_bytes(bytes) & mask
            };
            let mut found = 0;
            for number in 0..GROUP {
                found |= table.look_up(piece(number));
            }
            if found & 1 != 0 {
                for number in 0..GROUP {
                    let piece = piece(number);
                    if table.look_up(piece) & 1 != 0
                        && self.confirm(bytes, at + number * STRIDE, piece, take)
                    {
                        return true;
                    }
                }
            }
            at += GROUP * STRIDE;
        }
        while let Some(rest) = bytes.get(at..).filter(|rest| rest.len() >= PIECE) {
            let mut piece = [0; 4];
            piece[..PIECE].copy_from_slice(&rest[..PIECE]);
            let piece = u32::from_le_bytes(piece);
            if table.look_up(piece) & 1 != 0 && self.confirm(bytes, at, piece, take) {
                return true;
            }
            at += STRIDE;
        }
        false
    }

    /// Looks at the forms that have this piece.
    #[inline(never)]
    fn confirm(
        &self,
        bytes: &[u8],
        at: usize,
        piece: u32,
        take: &mut impl FnMut(&Pattern, usize) -> bool,
    ) -> bool {
        for candidate in self.pieces.near(piece).iter().filter(|found| found.bytes == piece) {
            let Some(start) = at.checked_sub(candidate.offset as usize) else { continue };
            let form = &self.forms[candidate.form as usize];
            if form.stands_at(&bytes[start..]) && take(form, start) {
                return true;
            }
        }
        false
    }
}
