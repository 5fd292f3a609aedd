//! Searches the names in trees, and looks up what their entries name.
//!
//! In: roots of families of trees. Out: the families in which a name holds a
//! literal, every id that an entry names, and which family names what was handed
//! over, for whoever asks how that is reached.

use super::delivery::Handed;
use super::gathered::{Gathered, Sought};
use super::packs::Field;
use crate::git::pack::{Inflater, NodeId};
use crate::git::{Entry, Filter, Links, Look, Mentions, TreeWalk};
use crate::rule::{Prefilter, SEPARATOR};
use crate::source::Sink;
use std::ops::Range;

/// Walks families of trees, one worker's share.
pub(super) struct TreeWalker<'a> {
    walk: TreeWalk<'a, ()>,
    prefilter: &'a Prefilter,
    handed: &'a Handed,
    sink: &'a dyn Sink,
    /// The names of new entries.
    pub(super) names: Gathered,
    pub(super) mentioned: Mentioned,
}

/// What is mentioned in the families that were read since the last object was handed
/// over: of those before nobody noted whether they mention it.
#[derive(Default)]
pub(super) struct Mentioned {
    mentions: Mentions,
    /// How many objects had been handed over; none where nothing was noted.
    known: usize,
}

impl Mentioned {
    /// The mentions to add to, now that so many objects are handed over.
    fn now(&mut self, known: usize) -> &mut Mentions {
        if known != self.known {
            self.mentions.clear();
            self.known = known;
        }
        &mut self.mentions
    }

    /// What may be told of them once so many objects are handed over.
    pub(super) fn told(self, known: usize) -> Mentions {
        if self.known == known { self.mentions } else { Mentions::default() }
    }
}

/// Where more objects are handed over, what is mentioned is not kept: nearly every
/// entry would be.
const ASKED_LIMIT: usize = 1 << 14;

impl<'a> TreeWalker<'a> {
    pub(super) fn new(field: &Field<'a>) -> Self {
        Self {
            walk: TreeWalk::new(field.pack),
            prefilter: field.delivery.prefilter,
            handed: &field.delivery.handed,
            sink: field.delivery.sink,
            names: Gathered::new(Sought::Literals),
            mentioned: Mentioned::default(),
        }
    }

    /// Walks the family of `root`.
    pub(super) fn family(&mut self, root: NodeId, inflater: &mut Inflater, links: &mut Links<'_>) {
        // Where no key was found nobody will ask.
        let known = if self.sink.has_found() { self.handed.count() } else { 0 };
        let mentions = self.mentioned.now(known);
        self.names.begin(root);
        let (names, prefilter) = (&mut self.names, self.prefilter);
        let is_asked = (1..=ASKED_LIMIT).contains(&known);
        let asked = is_asked.then_some((&mut *mentions, self.handed.filter()));
        let mut reading = Reading { names, links, prefilter, asked };
        let is_read = self.walk.family(root, inflater, &mut reading).is_some();
        if is_read {
            self.names.end(self.prefilter);
        } else {
            self.names.abandon();
        }
        // One that is not kept is read again by whoever asks.
        mentions.end(root, is_read && is_asked);
    }
}

/// Takes each new entry: its name to be searched, its id to be looked up.
struct Reading<'a, 'b> {
    names: &'a mut Gathered,
    links: &'a mut Links<'b>,
    prefilter: &'a Prefilter,
    /// Where to note what is asked about.
    asked: Option<(&'a mut Mentions, &'a Filter)>,
}

impl Look for Reading<'_, '_> {
    type Held = ();

    #[inline]
    fn entry(&mut self, (): &mut (), _: u32, entry: &Entry<'_>) {
        self.names.bytes.extend_ended(entry.name, SEPARATOR);
        self.links.entry(entry);
        if let Some((mentions, asked)) = &mut self.asked {
            mentions.entry(entry, asked);
        }
    }

    #[inline]
    fn run(&mut self, (): &mut (), _: u32, (): &(), _: Range<u32>) {}

    fn tree(&mut self, _: NodeId, (): &mut (), _: Option<&()>) {
        // A hit does not end the walk: what the rest names is looked at here.
        self.names.search_within(self.prefilter);
    }

    fn forget((): &mut ()) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_the_last_object_came_is_not_told() {
        let told = |counts: &[usize], known| {
            let mut mentioned = Mentioned::default();
            for (root, count) in counts.iter().enumerate() {
                mentioned.now(*count).end(root as NodeId, true);
            }
            mentioned.told(known).families().map(|(root, _)| root).collect::<Vec<_>>()
        };
        assert_eq!(told(&[1, 1, 2, 2], 2), [2, 3]);
        assert_eq!(told(&[2, 2], 2), [0, 1]);
        assert!(told(&[1, 2], 3).is_empty());
        assert!(told(&[], 1).is_empty());
    }
}
