//! A pattern as a graph of the bytes that a match may consist of.
//!
//! In: a parsed pattern. Out: its positions, each with the bytes that may stand
//! there, and which may come first, last, and after which (Glushkov's
//! construction). Every match is a path; look-arounds and long counts are
//! widened, so that some paths are no match. Knows nothing of keywords.

use regex_syntax::hir::{self, Hir, HirKind};

use super::class::Class;

/// The most positions; a pattern that needs more is not looked into.
pub(super) const MOST_POSITIONS: usize = 512;

/// The most copies of what is repeated; more are as good as without end, since
/// no demand is so long.
const MOST_COPIES: u32 = 64;

/// A set of positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Places([u64; MOST_POSITIONS / 64]);

impl Places {
    pub(super) const NONE: Self = Self([0; MOST_POSITIONS / 64]);

    pub(super) fn add(&mut self, place: usize) {
        self.0[place / 64] |= 1 << (place % 64);
    }

    pub(super) fn holds(&self, place: usize) -> bool {
        self.0[place / 64] >> (place % 64) & 1 == 1
    }

    pub(super) fn join(&mut self, other: &Self) {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            *own |= other;
        }
    }

    pub(super) fn meet(mut self, other: &Self) -> Self {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            *own &= other;
        }
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::NONE
    }

    pub(super) fn iter(self) -> impl Iterator<Item = usize> {
        self.0.into_iter().enumerate().flat_map(|(word, mut bits)| {
            std::iter::from_fn(move || {
                let bit = bits.trailing_zeros() as usize;
                bits &= bits.wrapping_sub(1);
                (bit < 64).then_some(word * 64 + bit)
            })
        })
    }
}

/// A pattern's positions and how they follow each other.
#[derive(Debug, Clone)]
pub(super) struct Graph {
    /// The different sets of bytes.
    pub(super) classes: Vec<Class>,
    /// Which of them each position has.
    pub(super) class_of: Vec<u16>,
    /// What may stand directly after each position.
    pub(super) follow: Vec<Places>,
    pub(super) first: Places,
    pub(super) last: Places,
    /// Whether the empty text is a path too.
    pub(super) is_nullable: bool,
}

/// A part of a pattern.
struct Part {
    first: Places,
    last: Places,
    is_nullable: bool,
}

impl Part {
    fn empty() -> Self {
        Self { first: Places::NONE, last: Places::NONE, is_nullable: true }
    }
}

impl Graph {
    /// The graph of a pattern; `None` for one that is too large.
    pub(super) fn of(pattern: &Hir) -> Option<Self> {
        let mut graph = Self {
            classes: Vec::new(),
            class_of: Vec::new(),
            follow: Vec::new(),
            first: Places::NONE,
            last: Places::NONE,
            is_nullable: false,
        };
        let whole = graph.part(pattern)?;
        graph.first = whole.first;
        graph.last = whole.last;
        graph.is_nullable = whole.is_nullable;
        Some(graph)
    }

    /// The graph of the same texts read backwards.
    pub(super) fn mirrored(&self) -> Self {
        let mut follow = vec![Places::NONE; self.follow.len()];
        for (place, after) in self.follow.iter().enumerate() {
            for next in after.iter() {
                follow[next].add(place);
            }
        }
        Self { follow, first: self.last, last: self.first, ..self.clone() }
    }

    /// The bytes that may stand at a position.
    pub(super) fn class(&self, place: usize) -> &Class {
        &self.classes[usize::from(self.class_of[place])]
    }

    fn part(&mut self, hir: &Hir) -> Option<Part> {
        Some(match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Part::empty(),
            HirKind::Literal(hir::Literal(bytes)) => {
                let mut whole = Part::empty();
                for byte in bytes {
                    let next = self.place(Class::of(*byte))?;
                    whole = self.joined(&whole, &next);
                }
                whole
            }
            HirKind::Class(class) => self.class_part(class)?,
            HirKind::Capture(capture) => self.part(&capture.sub)?,
            HirKind::Concat(parts) => {
                let mut whole = Part::empty();
                for part in parts {
                    let next = self.part(part)?;
                    whole = self.joined(&whole, &next);
                }
                whole
            }
            HirKind::Alternation(branches) => {
                let mut whole = Part { is_nullable: false, ..Part::empty() };
                for branch in branches {
                    let branch = self.part(branch)?;
                    whole.first.join(&branch.first);
                    whole.last.join(&branch.last);
                    whole.is_nullable |= branch.is_nullable;
                }
                whole
            }
            HirKind::Repetition(repetition) => self.repeated(repetition)?,
        })
    }

    /// A position of its own.
    fn place(&mut self, class: Class) -> Option<Part> {
        let place = self.class_of.len();
        if place == MOST_POSITIONS {
            return None;
        }
        let known = self.classes.iter().position(|known| *known == class);
        let number = known.unwrap_or_else(|| {
            self.classes.push(class);
            self.classes.len() - 1
        });
        self.class_of.push(number as u16);
        self.follow.push(Places::NONE);
        let mut only = Places::NONE;
        if !class.is_empty() {
            only.add(place);
        }
        Some(Part { first: only, last: only, is_nullable: false })
    }

    /// A class of bytes; of one of characters, those beyond ASCII are taken for
    /// any bytes beyond it.
    fn class_part(&mut self, class: &hir::Class) -> Option<Part> {
        let (mut bytes, mut beyond) = (Class::default(), false);
        match class {
            hir::Class::Bytes(class) => {
                class.ranges().iter().for_each(|range| bytes.add(range.start(), range.end()));
            }
            hir::Class::Unicode(class) => {
                for range in class.ranges() {
                    if range.start().is_ascii() {
                        bytes.add(range.start() as u8, (range.end() as u32).min(0x7f) as u8);
                    }
                    beyond |= !range.end().is_ascii();
                }
            }
        }
        let mut part = self.place(bytes)?;
        if beyond {
            let mut wide = Class::default();
            wide.add(0x80, 0xff);
            let wide = self.place(wide)?;
            self.link(&wide.last, &wide.first);
            part.first.join(&wide.first);
            part.last.join(&wide.last);
        }
        Some(part)
    }

    fn repeated(&mut self, repetition: &hir::Repetition) -> Option<Part> {
        let most = repetition.max.filter(|max| *max <= MOST_COPIES);
        let least = repetition.min.min(MOST_COPIES);
        let copies = most.unwrap_or(least.max(1));
        let mut whole = Part::empty();
        let mut before = Places::NONE;
        for number in 1..=copies {
            let copy = self.part(&repetition.sub)?;
            // What may be left out may be left out at the end.
            let least = if copy.is_nullable { 0 } else { least };
            self.link(&before, &copy.first);
            if number == 1 {
                whole.first = copy.first;
                whole.is_nullable = least == 0;
            }
            if number >= least.max(1) {
                whole.last.join(&copy.last);
            }
            if number == copies && most.is_none() {
                self.link(&copy.last, &copy.first);
            }
            before = copy.last;
        }
        Some(whole)
    }

    fn joined(&mut self, before: &Part, after: &Part) -> Part {
        self.link(&before.last, &after.first);
        let mut whole = Part {
            first: before.first,
            last: after.last,
            is_nullable: before.is_nullable && after.is_nullable,
        };
        if before.is_nullable {
            whole.first.join(&after.first);
        }
        if after.is_nullable {
            whole.last.join(&before.last);
        }
        whole
    }

    fn link(&mut self, before: &Places, after: &Places) {
        for place in before.iter() {
            self.follow[place].join(after);
        }
    }
}
