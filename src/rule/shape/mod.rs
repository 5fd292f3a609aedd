//! What must stand around a keyword in every match of its rule's pattern.
//!
//! In: a pattern and the keywords of its rule. Out: for each keyword the
//! [`Demand`] on the bytes that follow it, or that precede it; or that nothing
//! is known. Nothing here knows how keywords are searched for.
//!
//! Where every match holds a keyword, the first one in it is followed by the
//! rest of the match. That rest is what the demand asks for, as far as it
//! reaches; so an identifier that happens to be a keyword is passed over unless
//! what follows it could be the rest of a match. Where nothing need follow, the
//! same is asked of what precedes the last keyword. The first, because a secret
//! may hold its keyword again by chance, and may end with it.

mod class;
mod demand;
mod graph;
mod keywords;

use regex_syntax::hir::Hir;

pub(super) use class::Class;
pub(super) use demand::{Demand, Direction};
use graph::{Graph, Places};
use keywords::Keywords;

/// Steps of one search through a pattern; what takes more is not decided.
const STEPS: usize = 1 << 16;

/// What matches of a rule hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// A match may hold no keyword, or nobody knows.
    Unknown,
    /// Every match holds a keyword that meets its demand; the demands are in
    /// the order of the keywords.
    Around(Vec<Surroundings>),
}

/// What is asked of a place where a keyword stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Surroundings {
    /// Nothing.
    Any,
    /// That the bytes there can be those of a match.
    Demand(Demand),
    /// That it stood elsewhere: no match needs this keyword.
    Never,
}

/// Works out what a pattern's matches hold around the keywords, which are in
/// lower case.
pub(super) fn shape(pattern: &Hir, keywords: &[String]) -> Shape {
    around(pattern, keywords).map_or(Shape::Unknown, Shape::Around)
}

fn around(pattern: &Hir, keywords: &[String]) -> Option<Vec<Surroundings>> {
    if keywords.is_empty() {
        return None;
    }
    let graph = Graph::of(pattern)?;
    let texts: Vec<Vec<u8>> = keywords.iter().map(|keyword| keyword.as_bytes().to_vec()).collect();
    let behind = demands(&graph, &texts, Direction::Behind)?;
    if !behind.contains(&Surroundings::Any) {
        return Some(behind);
    }
    // One keyword of a match is looked at, the first or the last, so all must be
    // looked at from the same side.
    let mirrored: Vec<Vec<u8>> =
        texts.iter().map(|text| text.iter().rev().copied().collect()).collect();
    let before = demands(&graph.mirrored(), &mirrored, Direction::Before)?;
    let any = |demands: &[Surroundings]| {
        demands.iter().filter(|demand| **demand == Surroundings::Any).count()
    };
    Some(if any(&before) < any(&behind) { before } else { behind })
}

/// What is asked around each keyword; `None` where a match may hold none.
fn demands(graph: &Graph, texts: &[Vec<u8>], direction: Direction) -> Option<Vec<Surroundings>> {
    let ends = first_ends(graph, texts)?;
    let demand = |ends: &Places| {
        if ends.is_empty() {
            Surroundings::Never
        } else if !ends.meet(&graph.last).is_empty() {
            Surroundings::Any
        } else {
            Demand::new(graph, ends, direction).map_or(Surroundings::Any, Surroundings::Demand)
        }
    };
    Some(ends.iter().map(demand).collect())
}

/// For each keyword the positions that its last byte can have where no other
/// ended before; `None` where a path holds no keyword, or that takes too long to
/// say.
fn first_ends(graph: &Graph, texts: &[Vec<u8>]) -> Option<Vec<Places>> {
    let keywords = Keywords::new(texts)?;
    let letters: Vec<u64> = graph.classes.iter().map(|class| keywords.letters_in(class)).collect();
    let mut ends = vec![Places::NONE; texts.len()];
    let mut seen = vec![false; keywords.states() * graph.follow.len()];
    let mut open: Vec<(Places, usize)> = vec![(graph.first, 0)];
    let mut steps = 0;
    while let Some((places, state)) = open.pop() {
        for place in places.iter() {
            let mut letters = letters[usize::from(graph.class_of[place])];
            while letters != 0 {
                steps += 1;
                let letter = letters.trailing_zeros() as usize;
                letters &= letters - 1;
                let state = keywords.after(state, letter);
                if keywords.is_end(state) {
                    keywords.ended(state, |keyword| ends[keyword].add(place));
                } else if !std::mem::replace(&mut seen[place * keywords.states() + state], true) {
                    if graph.last.holds(place) || steps > STEPS {
                        return None;
                    }
                    open.push((graph.follow[place], state));
                }
            }
        }
    }
    (!graph.is_nullable).then_some(ends)
}

#[cfg(test)]
mod tests;
