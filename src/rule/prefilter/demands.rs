//! Which plain hits count.
//!
//! In: for each literal the demands of its rules, and the places where it
//! stands. Out: whether a place counts. A place that meets the demand of one
//! rule counts for all. Knows nothing of other forms than the plain one.

use std::collections::HashMap;
use std::ops::Range;

use super::Literal;
use crate::rule::escape;
use crate::rule::shape::{Class, Demand, Direction};

/// How far a keyword and the demand beside it reach together, in bytes: the
/// further, the fewer places meet it by chance, and the more of its surroundings
/// does each piece of a delta keep, which measured the same up to here.
const REACH_BYTES: usize = 48;

/// How far a demand reaches at the least, in bytes; of a keyword that leaves
/// less only that end is searched for which the demand is beside.
const LEAST_REACH_BYTES: usize = 12;

/// What is asked of each literal's places.
#[derive(Debug, Default)]
pub(in crate::rule) struct Demands {
    of: Vec<Asked>,
    /// The demands of all literals, each once.
    demands: Vec<Demand>,
}

/// What is asked of one literal's places.
#[derive(Debug, Clone)]
struct Asked {
    takes_all: bool,
    /// What the byte behind must be for any demand on what follows to be met.
    next: Class,
    behind: Vec<(u32, usize)>,
    before: Vec<(u32, usize)>,
    room: usize,
    /// How many bytes decide, the literal included.
    longest: usize,
}

impl Demands {
    /// Asks nothing of the first so many literals.
    pub(in crate::rule) fn nothing_of(literals: usize) -> Self {
        let mut demands = Self::default();
        for _ in 0..literals {
            demands.of.push(Asked::new(0));
            demands.take_all();
        }
        demands
    }

    /// Goes on to the next literal, of which no place counts yet.
    pub(in crate::rule) fn begin(&mut self, literal: &Literal) {
        self.of.push(Asked::new(literal.text().len()));
    }

    /// Has every place of this literal count.
    pub(in crate::rule) fn take_all(&mut self) {
        if let Some(asked) = self.of.last_mut() {
            *asked = Asked { takes_all: true, ..Asked::new(0) };
        }
    }

    /// Has the places count that meet a demand.
    pub(in crate::rule) fn add<'a>(
        &mut self,
        demand: &'a Demand,
        numbers: &mut HashMap<&'a Demand, u32>,
    ) {
        let Some(asked) = self.of.last_mut().filter(|asked| !asked.takes_all) else { return };
        let number = *numbers.entry(demand).or_insert_with(|| {
            self.demands.push(demand.clone());
            self.demands.len() as u32 - 1
        });
        let reach = demand.reach(asked.room);
        asked.longest = asked.longest.max(reach);
        match demand.direction() {
            Direction::Behind => {
                asked.next.join(&demand.first());
                asked.next.join(&escape::signs());
                asked.behind.push((number, reach));
            }
            Direction::Before => asked.before.push((number, reach)),
        }
    }

    /// What must follow a literal for a place to count, if that is known.
    pub(super) fn next(&self, literal: usize) -> Option<Class> {
        let asked = self.of.get(literal)?;
        (!asked.takes_all && asked.before.is_empty()).then_some(asked.next)
    }

    /// How many bytes of a set must follow a literal in a row for a place to
    /// count, unless an escape stands among them.
    pub(super) fn steady_bytes(&self, literal: usize, set: &Class) -> usize {
        let Some(asked) = self.of.get(literal) else { return 0 };
        if asked.takes_all || !asked.before.is_empty() {
            return 0;
        }
        let steady = |(demand, reach): &(u32, usize)| {
            self.demands[*demand as usize].steady_bytes(set, *reach)
        };
        asked.behind.iter().map(steady).min().unwrap_or(0)
    }

    /// The part of a literal of some length that is searched for where it stands
    /// plain.
    pub(super) fn part(&self, literal: usize, length: usize) -> Range<usize> {
        let surplus = length.saturating_sub(REACH_BYTES - LEAST_REACH_BYTES);
        match self.of.get(literal) {
            Some(asked) if asked.takes_all => 0..length,
            Some(asked) if asked.before.is_empty() => surplus..length,
            Some(asked) if asked.behind.is_empty() => 0..length - surplus,
            _ => 0..length,
        }
    }

    /// By how many bytes a place of a literal is decided beyond the literal's
    /// own, at the most.
    pub(super) fn longest(&self, literal: usize) -> usize {
        self.of.get(literal).map_or(0, |asked| asked.longest)
    }

    /// Whether a literal that stands at `start..end` counts.
    #[inline]
    pub(super) fn count(&self, literal: usize, bytes: &[u8], start: usize, end: usize) -> bool {
        // Known keys come after the literals; all their places count.
        let Some(asked) = self.of.get(literal) else { return true };
        if asked.takes_all {
            return true;
        }
        let behind = &bytes[end..];
        let is_followed = behind.first().is_some_and(|next| asked.next.holds(*next));
        is_followed && self.follow(asked, behind) || self.precede(asked, bytes, start)
    }

    fn follow(&self, asked: &Asked, behind: &[u8]) -> bool {
        asked
            .behind
            .iter()
            .any(|(demand, reach)| self.demands[*demand as usize].is_met_by(behind, *reach))
    }

    fn precede(&self, asked: &Asked, bytes: &[u8], start: usize) -> bool {
        asked.before.iter().any(|(demand, reach)| {
            self.demands[*demand as usize].is_met_before(bytes, start, *reach)
        })
    }
}

impl Asked {
    fn new(length: usize) -> Self {
        Self {
            takes_all: false,
            next: Class::default(),
            behind: Vec::new(),
            before: Vec::new(),
            room: REACH_BYTES.saturating_sub(length).max(LEAST_REACH_BYTES),
            longest: 0,
        }
    }
}
