//! Forms: rows of byte sets, thousands of them in one store.
//!
//! In: forms, one at a time. Out: each by its number. What a literal looks like
//! in which encoding, [`looks()`] knows; how forms are found, a searcher.

mod looks;
mod short;

pub(super) use looks::{gzip, known, looks, plain};

use super::regions::Region;
use crate::rule::Form;

/// The longest form of an encoding, in bytes. A longer one is cut, since what
/// is left is rare enough, and each byte here widens every piece of a delta
/// that a sweep looks at.
const FORM_BYTES: usize = 17;

/// The shortest form, in bytes.
const SHORTEST_FORM_BYTES: usize = 3;

/// The bytes that may stand at one place: four at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ByteSet([u8; 4]);

impl ByteSet {
    fn of(bytes: impl IntoIterator<Item = u8>) -> Self {
        let (mut set, mut len) = ([0; 4], 0);
        for byte in bytes {
            if !set[..len].contains(&byte) {
                set[len] = byte;
                len += 1;
            }
        }
        // Filled up with a member, so that a test compares four bytes always.
        let first = set[0];
        set[len..].fill(first);
        Self(set)
    }

    fn one(byte: u8) -> Self {
        Self([byte; 4])
    }

    fn either(one: u8, other: u8) -> Self {
        Self([one, other, one, one])
    }

    /// The bytes, each once.
    pub(super) fn bytes(&self) -> &[u8] {
        let others = self.0[1..].iter().take_while(|byte| **byte != self.0[0]).count();
        &self.0[..=others]
    }

    /// One of them.
    pub(super) fn first(self) -> u8 {
        self.0[0]
    }

    /// Whether a byte is among them.
    fn holds(self, byte: u8) -> bool {
        self.0.contains(&byte)
    }
}

/// One look of one literal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pattern<'a> {
    pub(super) literal: usize,
    pub(super) form: Form,
    /// The only regions that it can stand in, if any is.
    pub(super) region: Option<Region>,
    pub(super) places: &'a [ByteSet],
}

impl Pattern<'_> {
    /// Whether the form stands at the start of `bytes`.
    pub(super) fn stands_at(&self, bytes: &[u8]) -> bool {
        all_stand(self.places, bytes)
    }
}

/// Whether bytes of these sets stand at the start of `bytes`.
pub(super) fn all_stand(places: &[ByteSet], bytes: &[u8]) -> bool {
    bytes.len() >= places.len() && places.iter().zip(bytes).all(|(place, byte)| place.holds(*byte))
}

/// Forms of literals, their places in one row: of a thousand literals there are
/// tens of thousands, each too short for an allocation of its own.
#[derive(Debug, Default)]
pub(super) struct Forms {
    rows: Vec<Row>,
    places: Vec<ByteSet>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    literal: u32,
    form: Form,
    start: u32,
    len: u32,
    region: Option<Region>,
}

/// About how many forms a literal has, and how many places they have together.
const FORMS_EACH: usize = 64;
const PLACES_EACH: usize = 1_024;

impl Forms {
    /// Has room for the forms of so many literals.
    pub(super) fn for_literals(count: usize) -> Self {
        Self {
            rows: Vec::with_capacity(FORMS_EACH * count),
            places: Vec::with_capacity(PLACES_EACH * count),
        }
    }

    /// Adds a form, unless it is too short to be searched for.
    fn add(&mut self, literal: usize, form: Form, places: impl IntoIterator<Item = ByteSet>) {
        let start = self.places.len();
        self.places.extend(places);
        let len = self.places.len() - start;
        if len < SHORTEST_FORM_BYTES {
            self.places.truncate(start);
            return;
        }
        let region = Region::of(&self.places[start..], |place, is_one| {
            place.0.iter().all(|byte| is_one(*byte))
        });
        let (literal, start, len) = (literal as u32, start as u32, len as u32);
        self.rows.push(Row { literal, form, start, len, region });
    }

    /// Puts several together, numbered on.
    pub(super) fn joined(parts: &[Self]) -> Self {
        let (rows, places) = parts.iter().fold((0, 0), |(rows, places), part| {
            (rows + part.rows.len(), places + part.places.len())
        });
        let mut all = Self { rows: Vec::with_capacity(rows), places: Vec::with_capacity(places) };
        for part in parts {
            let shift = all.places.len() as u32;
            all.rows.extend(part.rows.iter().map(|row| Row { start: row.start + shift, ..*row }));
            all.places.extend_from_slice(&part.places);
        }
        all
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The form with a number.
    #[inline]
    pub(super) fn get(&self, number: u32) -> Pattern<'_> {
        let row = &self.rows[number as usize];
        let (start, len) = (row.start as usize, row.len as usize);
        let places = &self.places[start..start + len];
        let Row { literal, form, region, .. } = *row;
        Pattern { literal: literal as usize, form, region, places }
    }

    /// All of them, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Pattern<'_>> {
        (0..self.rows.len() as u32).map(|number| self.get(number))
    }
}
