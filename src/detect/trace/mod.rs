//! From a reference to the literals that it was given, within one piece.
//!
//! In: the place where a key is wanted and something else than a literal
//! stands: a variable, a field, a constant, an interpolation, a sum of those.
//! Out: the literals that it comes down to. The reading is lexical and knows
//! no language: a definition is whatever [`after_name`] reads as one, and the
//! nearest that is in sight of the use has it. What an import or another piece
//! defines is not followed.

mod definition;
mod parameter;
mod reference;
mod scope;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use self::reference::Reference;
use super::text::{byte, quoted, skip_space};
use super::value::{Class, Form, classify, is_stored, is_token_byte};
use super::way::{Candidate, Way, after_name, concatenation, strip_scheme, unescape, unfolded};
use super::work::{READING_BYTES, Work};
use crate::rule::Strength;

/// What looking for one name costs, in bytes looked at.
const LOOK_BYTES: usize = 1 << 10;

/// The lines between a use and a definition are walked in search of line
/// starts alone, which costs a part of reading them.
const WALK_SHARE: usize = 16;

/// How many definitions lie between a use and its literal at most.
const DEEPEST: usize = 4;

/// How many terms a sum has at most.
const MOST_TERMS: usize = 12;

/// The parts of one value, in order.
type Parts = Vec<Range<usize>>;

/// Follows references in one piece.
pub(super) struct Tracer<'a> {
    bytes: &'a [u8],
    work: &'a Work,
    /// What each occurrence of a name is given, by where it begins: every use
    /// of a name reads the others.
    given: RefCell<BTreeMap<usize, Rc<[Candidate]>>>,
    /// What a use comes down to, by where it begins: requests overlap.
    referred: RefCell<BTreeMap<usize, Rc<[Parts]>>>,
}

impl<'a> Tracer<'a> {
    pub(super) fn new(bytes: &'a [u8], work: &'a Work) -> Self {
        Self { bytes, work, given: RefCell::default(), referred: RefCell::default() }
    }

    /// The random literals that a candidate other than a literal comes down to.
    pub(super) fn follow(&self, candidate: &Candidate) -> Vec<Candidate> {
        let [span] = candidate.parts.as_slice() else { return Vec::new() };
        if matches!(candidate.class, Class::Literal(Strength::Strong) | Class::Empty)
            || is_stored(&self.bytes[span.start..self.bytes.len().min(span.end + 16)])
        {
            return Vec::new();
        }
        let values = if candidate.is_quoted {
            self.text(&strip_scheme(self.bytes, span), true, 0)
        } else if self.is_reference(span) {
            self.expression(span.start, 0)
        } else {
            return Vec::new();
        };
        self.candidates(values, candidate.way)
    }

    /// Whether an unquoted run is one reference, or begins a sum of some.
    fn is_reference(&self, span: &Range<usize>) -> bool {
        reference::at(self.bytes, span.start).is_some_and(|reference| {
            reference.end >= span.end || concatenation(self.bytes, reference.end).is_some()
        })
    }

    fn candidates(&self, values: Vec<Parts>, way: Way) -> Vec<Candidate> {
        values
            .into_iter()
            .filter_map(|parts| {
                let raw: Vec<u8> = parts
                    .iter()
                    .flat_map(|part| self.bytes[part.clone()].iter().copied())
                    .collect();
                let class = classify(&unescape(&raw), Form::Quoted);
                matches!(class, Class::Literal(Strength::Strong)).then_some(Candidate {
                    parts,
                    class,
                    way,
                    is_quoted: true,
                })
            })
            .collect()
    }

    /// The values of a sum of literals and references; each alternative of its
    /// only term, or the terms joined.
    fn expression(&self, at: usize, depth: usize) -> Vec<Parts> {
        let mut joined: Vec<Parts> = Vec::new();
        let mut at = reference::past_keywords(self.bytes, skip_space(self.bytes, at));
        for term in 0..MOST_TERMS {
            let (values, end) = match quoted(self.bytes, at) {
                Some(string) => (self.text(&string.inner, false, depth), string.end),
                None => match reference::at(self.bytes, at) {
                    Some(reference) => (self.referred(&reference, depth), reference.end),
                    None => break,
                },
            };
            joined = match (term, values.as_slice()) {
                (0, _) => values,
                (_, [value]) if joined.len() == 1 => {
                    vec![joined.into_iter().flatten().chain(value.iter().cloned()).collect()]
                }
                _ => return Vec::new(),
            };
            if joined.is_empty() {
                return joined;
            }
            match concatenation(self.bytes, end).filter(|next| *next > end) {
                Some(next) if byte(self.bytes, next) != b'=' => at = next,
                _ => break,
            }
        }
        joined
    }

    /// The values of a string with holes; the string itself where it has none,
    /// unless it must have one.
    fn text(&self, inner: &Range<usize>, must_refer: bool, depth: usize) -> Vec<Parts> {
        let mut parts: Vec<Parts> = vec![Vec::new()];
        let mut at = inner.start;
        let mut chunk = at;
        let mut holes = 0;
        while at < inner.end {
            let Some((hole, end)) = reference::hole(self.bytes, at, inner.end) else {
                at += 1;
                continue;
            };
            let first = skip_space(self.bytes, hole.start).min(hole.end);
            let values = match quoted(self.bytes, first) {
                Some(string) if string.end <= hole.end => vec![vec![string.inner]],
                _ => reference::at(self.bytes, hole.start)
                    .map_or_else(Vec::new, |reference| self.referred(&reference, depth)),
            };
            if values.is_empty() || (parts.len() > 1 && values.len() > 1) {
                return Vec::new();
            }
            parts = parts
                .iter()
                .flat_map(|before| {
                    values.iter().map(|value| {
                        let mut whole = before.clone();
                        whole.extend((chunk < at).then_some(chunk..at));
                        whole.extend(value.iter().cloned());
                        whole
                    })
                })
                .collect();
            holes += 1;
            at = end.max(at + 1);
            chunk = at;
        }
        for whole in &mut parts {
            if chunk < inner.end {
                whole.extend(unfolded(self.bytes, &(chunk..inner.end)));
            }
        }
        let is_token = |parts: &Parts| {
            parts.iter().all(|part| self.bytes[part.clone()].iter().all(|b| is_token_byte(*b)))
        };
        if holes > 0 || !must_refer {
            parts.retain(|parts| !parts.is_empty() && is_token(parts));
            parts
        } else {
            Vec::new()
        }
    }

    /// The values of what a reference names.
    fn referred(&self, reference: &Reference, depth: usize) -> Vec<Parts> {
        if depth >= DEEPEST || !reference.may_be_local(self.bytes) {
            return Vec::new();
        }
        let start = reference.path.first().map_or(reference.end, |first| first.start);
        let known = self.referred.borrow().get(&start).cloned();
        if let Some(known) = known.filter(|_| depth == 0) {
            return known.to_vec();
        }
        if !self.may_look() {
            return Vec::new();
        }
        let values = self.looked_up(reference, depth);
        if depth == 0 {
            self.referred.borrow_mut().insert(start, values.as_slice().into());
        }
        values
    }

    fn looked_up(&self, reference: &Reference, depth: usize) -> Vec<Parts> {
        if let Some(argument) = reference.wrapped {
            return self.expression(argument, depth + 1);
        }
        self.defined(reference, depth + 1)
    }

    /// Whether another name may be looked for in this piece.
    pub(super) fn may_look(&self) -> bool {
        self.work.take(LOOK_BYTES)
    }

    /// Whether the lines between a use and an occurrence may be looked at.
    fn may_walk(&self, distance_bytes: usize) -> bool {
        self.work.take(distance_bytes / WALK_SHARE)
    }

    /// Reads what a name is given where it stands, unless too much was read.
    fn read(&self, name: &Range<usize>) -> Rc<[Candidate]> {
        let known = self.given.borrow().get(&name.start).cloned();
        if let Some(known) = known {
            return known;
        }
        if !self.work.take(READING_BYTES) {
            return Rc::default();
        }
        let candidates: Rc<[Candidate]> = after_name(self.bytes, name).into();
        self.given.borrow_mut().insert(name.start, Rc::clone(&candidates));
        candidates
    }
}
