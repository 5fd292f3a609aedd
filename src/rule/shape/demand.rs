//! The bytes that a match goes on with beside its keyword.
//!
//! In: a pattern's graph and the positions that the keyword's end can have. Out:
//! a small automaton that is fed the bytes beside a keyword and says whether
//! they can be those of a match. What is written in escapes is asked both as it
//! stands and decoded, since decoding comes later. Knows nothing of keywords.

use super::class::Class;
use super::graph::{Graph, Places};
use crate::rule::escape::{self, LONGEST_ESCAPE_BYTES};

/// The most positions of a demand, a bit each.
const MOST_PLACES: usize = 64;

/// The furthest that a demand looks from its keyword, in bytes.
const FURTHEST_BYTES: usize = 64;

/// The most escapes of one place that are followed both ways; more are taken
/// for a match.
const MOST_ESCAPES: u32 = 32;

/// On which side of the keyword a demand is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::rule) enum Direction {
    /// On the bytes that follow it.
    Behind,
    /// On those that precede it, read backwards.
    Before,
}

/// What the bytes beside a keyword must be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::rule) struct Demand {
    direction: Direction,
    /// The positions that the first byte can have.
    start: u64,
    /// Those with which the demand is met.
    ends: u64,
    follow: Box<[u64]>,
    class_of: Box<[u8]>,
    classes: Box<[Class]>,
    /// How many bytes it looks at, at the most.
    longest: usize,
}

impl Demand {
    /// The demand on what follows positions; `None` where it could be nearly
    /// anything.
    pub(super) fn new(graph: &Graph, last: &Places, direction: Direction) -> Option<Self> {
        let after = |places: &Places| {
            let mut next = Places::NONE;
            places.iter().for_each(|place| next.join(&graph.follow[place]));
            next
        };
        // Level by level, as many as there is room for; what lies beyond may be
        // anything.
        let mut numbers: Vec<usize> = Vec::new();
        let mut known = Places::NONE;
        let mut level = after(last);
        for _ in 0..FURTHEST_BYTES {
            let new: Vec<usize> = level.iter().filter(|place| !known.holds(*place)).collect();
            if new.is_empty() || numbers.len() + new.len() > MOST_PLACES {
                break;
            }
            for place in &new {
                known.add(*place);
            }
            numbers.extend(new);
            level = after(&level);
        }
        if numbers.is_empty() {
            return None;
        }
        let bits = |places: Places| {
            let bit = |place: usize| numbers.iter().position(|number| *number == place);
            places.iter().filter_map(bit).fold(0u64, |bits, bit| bits | 1 << bit)
        };
        let (mut classes, mut class_of): (Vec<Class>, Vec<u8>) = (Vec::new(), Vec::new());
        let (mut follow, mut ends) = (Vec::new(), 0);
        for (number, place) in numbers.iter().enumerate() {
            let next = graph.follow[*place];
            let is_cut = next.iter().any(|next| !known.holds(next));
            if is_cut || graph.last.holds(*place) {
                ends |= 1 << number;
            }
            follow.push(bits(next));
            let class = graph.class(*place);
            let at = classes.iter().position(|known| known == class).unwrap_or_else(|| {
                classes.push(*class);
                classes.len() - 1
            });
            class_of.push(at as u8);
        }
        let mut demand = Self {
            direction,
            start: bits(after(last)),
            ends,
            follow: follow.into(),
            class_of: class_of.into(),
            classes: classes.into(),
            longest: 0,
        };
        demand.longest = demand.measure();
        Some(demand)
    }

    /// How many bytes decide, at the most.
    fn measure(&self) -> usize {
        let mut alive = self.start;
        (0..FURTHEST_BYTES)
            .find(|_| {
                let going_on = alive & !self.ends;
                alive = bits(going_on).fold(0, |next, place| next | self.follow[place]);
                going_on == 0
            })
            .map_or(FURTHEST_BYTES, |steps| steps + usize::from(self.start != 0))
    }

    /// How many bytes beside a keyword it looks at, if at `room` or a few at the
    /// most: escapes take more than what they stand for.
    pub(in crate::rule) fn reach(&self, room: usize) -> usize {
        match self.direction {
            Direction::Behind => self.longest.max(LONGEST_ESCAPE_BYTES).min(room),
            Direction::Before => self.longest.min(room) + LONGEST_ESCAPE_BYTES,
        }
    }

    /// Whether the demand is on what follows.
    pub(in crate::rule) fn direction(&self) -> Direction {
        self.direction
    }

    /// The bytes with which it can begin to be met, written as they are.
    pub(in crate::rule) fn first(&self) -> Class {
        let mut first = Class::default();
        bits(self.start).for_each(|place| first.join(self.class(place)));
        first
    }

    /// How many of the first `reach` bytes must all be of a set for it to be met,
    /// unless an escape stands among them.
    pub(in crate::rule) fn steady_bytes(&self, set: &Class, reach: usize) -> usize {
        let (mut alive, mut count) = (self.start, 0);
        while count < reach
            && alive != 0
            && bits(alive).all(|place| self.class(place).is_within(set))
        {
            count += 1;
            if alive & self.ends != 0 {
                break;
            }
            alive = bits(alive).fold(0, |next, place| next | self.follow[place]);
        }
        count
    }

    /// Whether what follows a keyword can be the rest of a match; looks at
    /// `reach` bytes at the most.
    pub(in crate::rule) fn is_met_by(&self, behind: &[u8], reach: usize) -> bool {
        let is_cut = behind.len() >= reach;
        let text = &behind[..behind.len().min(reach)];
        self.goes_on(self.start, text, is_cut, &mut MOST_ESCAPES.clone())
    }

    fn goes_on(&self, mut alive: u64, text: &[u8], is_cut: bool, escapes: &mut u32) -> bool {
        for (at, byte) in text.iter().enumerate() {
            if escape::is_sign(*byte) {
                let mut is_met = false;
                escape::read(&text[at..], is_cut, |spelled, length| {
                    is_met = is_met
                        || self.goes_on_by(alive, spelled, &text[at + length..], is_cut, escapes);
                });
                if is_met {
                    return true;
                }
            }
            match self.step(alive, *byte) {
                None => return true,
                Some(0) => return false,
                Some(next) => alive = next,
            }
        }
        is_cut
    }

    /// As [`Demand::goes_on`], past an escape.
    fn goes_on_by(
        &self,
        alive: u64,
        spelled: escape::Spelled,
        rest: &[u8],
        is_cut: bool,
        escapes: &mut u32,
    ) -> bool {
        if *escapes == 0 {
            return true;
        }
        *escapes -= 1;
        match spelled {
            escape::Spelled::Anything => true,
            escape::Spelled::Character(first) => self.step(alive, first) != Some(0),
            escape::Spelled::Nothing => self.goes_on(alive, rest, is_cut, escapes),
            escape::Spelled::Byte(byte) => match self.step(alive, byte) {
                None => true,
                Some(0) => false,
                Some(next) => self.goes_on(next, rest, is_cut, escapes),
            },
        }
    }

    /// Whether what precedes the keyword at `at` can be the head of a match;
    /// looks at `reach` bytes at the most.
    pub(in crate::rule) fn is_met_before(&self, bytes: &[u8], at: usize, reach: usize) -> bool {
        let limit = at.saturating_sub(reach - LONGEST_ESCAPE_BYTES);
        let mut alive = self.start;
        let mut start = at;
        loop {
            if start == limit {
                // Of what begins here something may have stood before.
                return true;
            }
            start -= 1;
            match self.step(alive, bytes[start]) {
                None => return true,
                Some(0) => break,
                Some(next) => alive = next,
            }
        }
        let Some(from) = start.checked_sub(LONGEST_ESCAPE_BYTES) else { return true };
        (from..at).filter(|sign| escape::is_sign(bytes[*sign])).any(|sign| {
            let mut is_escape = false;
            escape::read(&bytes[sign..at], false, |_, _| is_escape = true);
            is_escape
        })
    }

    /// The positions after one more byte; `None` where the demand is met.
    #[inline]
    fn step(&self, alive: u64, byte: u8) -> Option<u64> {
        let mut next = 0;
        for place in bits(alive) {
            if self.class(place).holds(byte) {
                if self.ends >> place & 1 == 1 {
                    return None;
                }
                next |= self.follow[place];
            }
        }
        Some(next)
    }

    fn class(&self, place: usize) -> &Class {
        &self.classes[usize::from(self.class_of[place])]
    }
}

fn bits(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = bits.trailing_zeros() as usize;
        bits &= bits.wrapping_sub(1);
        (bit < 64).then_some(bit)
    })
}
