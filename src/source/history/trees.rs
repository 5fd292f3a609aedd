//! Searches the names in trees, and looks up what their entries name.
//!
//! In: roots of families of trees. Out: the families in which a name holds a
//! literal, and every id that an entry names.

use super::gathered::{Gathered, Sought};
use super::packs::Field;
use crate::git::pack::{Inflater, NodeId};
use crate::git::{Entry, Links, Look, TreeWalk};
use crate::rule::{Prefilter, SEPARATOR};
use std::ops::Range;

/// Walks families of trees, one worker's share.
pub(super) struct TreeWalker<'a> {
    walk: TreeWalk<'a, ()>,
    prefilter: &'a Prefilter,
    /// The names of new entries.
    pub(super) names: Gathered,
}

impl<'a> TreeWalker<'a> {
    pub(super) fn new(field: &Field<'a>) -> Self {
        Self {
            walk: TreeWalk::new(field.pack),
            prefilter: field.delivery.prefilter,
            names: Gathered::new(Sought::Literals),
        }
    }

    /// Walks the family of `root`.
    pub(super) fn family(&mut self, root: NodeId, inflater: &mut Inflater, links: &mut Links<'_>) {
        self.names.begin(root);
        let names = &mut self.names;
        let mut reading = Reading { names, links, prefilter: self.prefilter };
        if self.walk.family(root, inflater, &mut reading).is_some() {
            self.names.end(self.prefilter);
        } else {
            self.names.abandon();
        }
    }
}

/// Takes each new entry: its name to be searched, its id to be looked up.
struct Reading<'a, 'b> {
    names: &'a mut Gathered,
    links: &'a mut Links<'b>,
    prefilter: &'a Prefilter,
}

impl Look for Reading<'_, '_> {
    type Held = ();

    #[inline]
    fn entry(&mut self, (): &mut (), _: u32, entry: &Entry<'_>) {
        self.names.bytes.extend_ended(entry.name, SEPARATOR);
        self.links.entry(entry);
    }

    #[inline]
    fn run(&mut self, (): &mut (), _: u32, (): &(), _: Range<u32>) {}

    fn tree(&mut self, _: NodeId, (): &mut (), _: Option<&()>) {
        // A hit does not end the walk: what the rest names is looked at here.
        self.names.search_within(self.prefilter);
    }

    fn forget((): &mut ()) {}
}
