//! Finds many short forms at once.
//!
//! In: forms and bytes. Out: the places where a form stands.
//!
//! Of each form the four-byte pieces at as many successive places as the stride
//! is wide are put in a small bit table; a search looks up one piece of the
//! bytes every stride, and a form that stands anywhere is met by exactly one of
//! its pieces. No copy or case folding is needed, since pieces are put in with
//! every casing. Of few forms a sieve tells beforehand which blocks of the bytes
//! need not be looked up.

mod cores;
mod pieces;
mod sieve;
mod table;

use std::ops::Range;
use std::sync::Arc;

use super::forms::{ByteSet, Forms, Pattern, all_stand};
pub use cores::CORE_BYTES;
pub(super) use cores::Pairs;
use cores::core;
pub(super) use pieces::commonness;
use pieces::{Piece, Pieces, rarest};
use sieve::{BLOCK_BYTES, LEAST_BYTES, Sieve};
use table::{Bits, Lookup, Table};

/// The widest stride; a wider one puts more pieces in for less.
const WIDEST_STRIDE: usize = 4;

/// A searcher for a fixed list of forms.
#[derive(Debug)]
pub(super) struct Searcher {
    forms: Arc<Forms>,
    sieve: Option<Sieve>,
    table: Table,
    pieces: Pieces,
    shortest: usize,
    longest: usize,
    stride: usize,
    /// 4, or 3 where some form is no longer.
    piece_bytes: usize,
}

/// Look-ups that share one branch, since hits are rare.
const GROUP: usize = 8;

impl Searcher {
    /// A searcher for some of the forms, by number.
    pub(super) fn new(forms: &Arc<Forms>, chosen: &[u32]) -> Self {
        let lengths = chosen.iter().map(|form| forms.get(*form).places.len());
        let (shortest, longest) = lengths
            .fold((usize::MAX, 4), |(least, most), length| (least.min(length), most.max(length)));
        let shortest = shortest.min(longest);
        let piece_bytes = shortest.min(4);
        let stride = (shortest - piece_bytes + 1).min(WIDEST_STRIDE);
        let pieces = Pieces::new(forms, chosen, stride, piece_bytes);
        let table = Table::new(pieces.all().iter().map(|piece| piece.bytes));
        let forms = Arc::clone(forms);
        Self { forms, sieve: None, table, pieces, shortest, longest, stride, piece_bytes }
    }

    /// As [`Searcher::new`], with a sieve if that pays.
    pub(super) fn sieving(forms: &Arc<Forms>, chosen: &[u32]) -> Self {
        let mut searcher = Self::new(forms, chosen);
        let places = |form: &u32| forms.get(*form).places;
        let cores = chosen.iter().map(places).map(|places| &places[searcher.core(places)]);
        searcher.sieve = Sieve::of(cores);
        searcher
    }

    /// Whether the core of a form stands in `bytes`: a part of it that all its
    /// pieces lie in, [`CORE_BYTES`] at most. The rest need not stand there.
    pub(super) fn finds_core(&self, bytes: &[u8]) -> bool {
        self.met(bytes, 0..bytes.len(), &mut |piece, at| {
            let places = self.forms.get(piece.form).places;
            let core = self.core(places);
            let start = (at + core.start).checked_sub(piece.offset as usize);
            start.is_some_and(|start| all_stand(&places[core], &bytes[start..]))
        })
    }

    /// Which two bytes can stand in the core of one of the forms chosen.
    pub(super) fn pairs(&self, chosen: &[u32]) -> Pairs {
        let mut pairs = Pairs::new();
        for form in chosen {
            let places = self.forms.get(*form).places;
            pairs.add(&places[self.core(places)]);
        }
        pairs
    }

    fn core(&self, places: &[ByteSet]) -> Range<usize> {
        let start = rarest(places, self.stride, self.piece_bytes, &mut Vec::new());
        core(places, start..start + self.stride + self.piece_bytes - 1)
    }

    /// Gives every place where a form stands, all of it in the range, and perhaps
    /// some that reach beyond it, until told to stop; they come in no particular
    /// order. Says whether it was told to stop.
    #[inline]
    pub(super) fn search(
        &self,
        bytes: &[u8],
        range: Range<usize>,
        take: &mut impl FnMut(Pattern<'_>, usize) -> bool,
    ) -> bool {
        if range.len() < self.shortest {
            return false;
        }
        self.met(bytes, range, &mut |piece, at| {
            let Some(start) = at.checked_sub(piece.offset as usize) else { return false };
            let form = self.forms.get(piece.form);
            form.stands_at(&bytes[start..]) && take(form, start)
        })
    }

    /// Gives every piece of a form and where it is met, until told to stop.
    #[inline]
    fn met(
        &self,
        bytes: &[u8],
        range: Range<usize>,
        take: &mut impl FnMut(&Piece, usize) -> bool,
    ) -> bool {
        let Some(sieve) = &self.sieve else { return self.look_up(bytes, range, take) };
        // The next block, and the next place to look up.
        let (mut at, mut next) = (range.start, range.start);
        loop {
            at += sieve.pass(&bytes[at..range.end]);
            let is_last = range.end - at < LEAST_BYTES;
            // A core in the block is of a form that reaches so far beyond it.
            let end = if is_last { range.end } else { at + BLOCK_BYTES + self.longest };
            let start = at.saturating_sub(self.longest).max(next);
            let part = start - (start - next) % self.stride..end.min(range.end);
            let looked_up = (part.len() + self.stride).saturating_sub(self.piece_bytes);
            next = part.start + looked_up / self.stride * self.stride;
            if self.look_up(bytes, part, take) {
                return true;
            }
            if is_last {
                return false;
            }
            at += BLOCK_BYTES;
        }
    }

    /// As [`Searcher::met`], without a sieve.
    fn look_up(
        &self,
        bytes: &[u8],
        range: Range<usize>,
        take: &mut impl FnMut(&Piece, usize) -> bool,
    ) -> bool {
        match &self.table {
            Table::Small(table) => self.scan(&**table, bytes, range, take),
            Table::Medium(table) => self.scan(&**table, bytes, range, take),
            Table::Large(table) => self.scan(Bits(table), bytes, range, take),
        }
    }

    fn scan(
        &self,
        table: impl Lookup,
        bytes: &[u8],
        range: Range<usize>,
        take: &mut impl FnMut(&Piece, usize) -> bool,
    ) -> bool {
        match (self.stride, self.piece_bytes) {
            (4, _) => self.stride::<4, 4, _>(table, bytes, range, take),
            (3, _) => self.stride::<3, 4, _>(table, bytes, range, take),
            (2, _) => self.stride::<2, 4, _>(table, bytes, range, take),
            (_, 4) => self.stride::<1, 4, _>(table, bytes, range, take),
            _ => self.stride::<1, 3, _>(table, bytes, range, take),
        }
    }

    /// Looks up the piece of `PIECE` bytes at every `STRIDE`th place.
    fn stride<const STRIDE: usize, const PIECE: usize, L: Lookup>(
        &self,
        table: L,
        bytes: &[u8],
        range: Range<usize>,
        take: &mut impl FnMut(&Piece, usize) -> bool,
    ) -> bool {
        let mask = u32::MAX >> (8 * (4 - PIECE));
        let (mut at, inside) = (range.start, &bytes[..range.end]);
        while let Some(group) = inside.get(at..at + (GROUP - 1) * STRIDE + 4) {
            let piece = |number: usize| {
                let start = number * STRIDE;
                let bytes = group[start..start + 4].try_into().expect("four bytes");
                u32::from_le_bytes(bytes) & mask
            };
            let mut found = 0;
            for number in 0..GROUP {
                found |= table.glance(piece(number));
            }
            if found & L::COUNTS != 0 && self.group::<STRIDE, L>(table, group, mask, at, take) {
                return true;
            }
            at += GROUP * STRIDE;
        }
        while at + PIECE <= range.end {
            let piece = u32::from_le_bytes(piece_at(bytes, at)) & mask;
            if table.may_hold(piece) && self.confirm(piece, at, take) {
                return true;
            }
            at += STRIDE;
        }
        false
    }

    /// Looks up the pieces of a group again, one by one. Apart, so that a search
    /// need not keep them at hand for the rare group that holds one.
    #[inline(never)]
    fn group<const STRIDE: usize, L: Lookup>(
        &self,
        table: L,
        group: &[u8],
        mask: u32,
        at: usize,
        take: &mut impl FnMut(&Piece, usize) -> bool,
    ) -> bool {
        group.windows(4).step_by(STRIDE).enumerate().any(|(number, bytes)| {
            let piece = u32::from_le_bytes(bytes.try_into().expect("four bytes")) & mask;
            table.may_hold(piece) && self.confirm(piece, at + number * STRIDE, take)
        })
    }

    /// Looks at the forms that have this piece.
    #[inline(never)]
    fn confirm(&self, piece: u32, at: usize, take: &mut impl FnMut(&Piece, usize) -> bool) -> bool {
        self.pieces.near(piece).iter().any(|found| found.bytes == piece && take(found, at))
    }
}

/// The bytes from `at` on, filled up with zeros behind the last.
#[inline]
pub(super) fn piece_at<const BYTES: usize>(bytes: &[u8], at: usize) -> [u8; BYTES] {
    let rest = &bytes[at..];
    rest.first_chunk().copied().unwrap_or_else(|| {
        let mut piece = [0; BYTES];
        piece[..rest.len()].copy_from_slice(rest);
        piece
    })
}
