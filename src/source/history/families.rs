//! Decides how each family of deltas is walked.
//!
//! In: roots of families. Out: their candidates. Nearly every family is walked
//! [`hopefully`](super::hopefully), by literals' cores first; one that holds a
//! core by their whole forms; only one with a hit, a container or a fault is
//! walked [`carefully`].

use crate::finding::Tally;
use crate::git::pack::{Inflater, Kind, Link, NodeId};

use super::carefully;
use super::delivery::Part;
use super::hopefully::Hopeful;
use super::packs::Field;
use super::trees::TreeWalker;
use crate::git::Links;

/// Walks families, one worker's share.
pub(super) struct Walker<'a> {
    field: &'a Field<'a>,
    inflater: Inflater,
    links: Links<'a>,
    /// Looks for cores, if literals are few.
    by_cores: Option<Hopeful<'a>>,
    by_literals: Hopeful<'a>,
    trees: TreeWalker<'a>,
    /// Families walked, and those that had to be walked again carefully.
    walked: u32,
    walked_carefully: u32,
    counted: Tally,
}

impl<'a> Walker<'a> {
    pub(super) fn new(field: &'a Field<'a>) -> Self {
        Self {
            field,
            inflater: Inflater::new(),
            links: Links::new(field.store),
            by_cores: Hopeful::by_cores(field),
            by_literals: Hopeful::by_literals(field),
            trees: TreeWalker::new(field),
            walked: 0,
            walked_carefully: 0,
            counted: Tally::default(),
        }
    }

    /// Walks the family of `root`.
    pub(super) fn family(&mut self, root: NodeId) {
        let Link::Root(kind) = self.field.forest.link(root) else {
            return self.carefully(root);
        };
        self.walked += 1;
        // Where every second family is walked again, hoping costs more than it
        // saves.
        let is_hopeless = self.walked > 64 && self.walked_carefully * 2 > self.walked;
        if self.field.delivery.prefilter.takes_everything() || is_hopeless {
            return self.carefully(root);
        }
        if kind == Kind::Tree {
            self.settle();
            self.trees.family(root, &mut self.inflater, &mut self.links);
        } else if let Some(by_cores) =
            self.by_cores.as_mut().filter(|walk| !walk.gathered.is_wasteful())
        {
            by_cores.family(root, kind, &mut self.inflater, &mut self.links);
        } else {
            self.by_literals.family(root, kind, &mut self.inflater, &mut self.links);
        }
        self.walk_again();
    }

    /// Asks about everything gathered, and counts; gives what was seen.
    pub(super) fn finish(mut self) -> Part {
        self.settle();
        self.trees.names.search(self.field.delivery.prefilter);
        self.walk_again();
        let by_cores = self.by_cores.map(|walk| walk.gathered.counted).unwrap_or_default();
        let hoped = by_cores + self.by_literals.gathered.counted;
        self.field.delivery.sink.count(self.counted + hoped);
        let (missing, commits) = self.links.finish();
        self.field.delivery.missing(missing);
        Part { commits, mentioned: self.trees.mentioned }
    }

    /// Asks about everything gathered but names.
    fn settle(&mut self) {
        let prefilter = self.field.delivery.prefilter;
        if let Some(by_cores) = &mut self.by_cores {
            by_cores.gathered.search(prefilter);
        }
        self.walk_again();
        self.by_literals.gathered.search(prefilter);
        self.walk_again();
    }

    /// Walks again what could not be told so far.
    fn walk_again(&mut self) {
        let Self { field, inflater, links, .. } = self;
        if let Some(by_cores) = &mut self.by_cores {
            for root in by_cores.gathered.unsure.drain(..) {
                let Link::Root(kind) = field.forest.link(root) else { continue };
                self.by_literals.family(root, kind, inflater, links);
            }
        }
        let hoped = self.by_cores.as_mut().map(|walk| &mut walk.gathered);
        for gathered in
            hoped.into_iter().chain([&mut self.by_literals.gathered, &mut self.trees.names])
        {
            for root in gathered.again.drain(..) {
                self.walked_carefully += 1;
                self.counted += carefully::family(field, root, inflater, links);
            }
        }
    }

    fn carefully(&mut self, root: NodeId) {
        self.walked_carefully += 1;
        self.counted += carefully::family(self.field, root, &mut self.inflater, &mut self.links);
    }
}
