//! Which trees the families of trees in a pack name.
//!
//! In: entries of trees, family by family, and ids that may be asked about. Out: of
//! each family the trees that it names, and those of the ids. Whoever looks for what
//! leads to an object so finds the few families to read, level by level, and passes
//! over the others. A name is kept where an entry is new in its tree: what one tree
//! took over from another stands in the other, which is of the same family.

use super::pack::NodeId;
use super::short::{Filter, Short, short};
use super::trees::{Entry, EntryKind};

/// What some families of a pack's trees name.
#[derive(Debug, Default, Clone)]
pub(crate) struct Mentions {
    named: Vec<Short>,
    /// The root of each family, and where what it names ends.
    families: Vec<(NodeId, usize)>,
}

impl Mentions {
    /// Takes a new entry of the family that is being read.
    #[inline]
    pub(crate) fn entry(&mut self, entry: &Entry<'_>, asked: &Filter) {
        let id = short(entry.id);
        if entry.kind == EntryKind::Tree || asked.may_hold(id) {
            self.named.push(id);
        }
    }

    /// Ends the family that is being read.
    pub(crate) fn end(&mut self, root: NodeId) {
        self.families.push((root, self.named.len()));
    }

    /// Forgets the family that is being read.
    pub(crate) fn abandon(&mut self) {
        self.named.truncate(self.families.last().map_or(0, |(_, end)| *end));
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.named.clear();
        self.families.clear();
    }

    /// How many families there are.
    pub(crate) fn len(&self) -> usize {
        self.families.len()
    }

    /// Each family's root, and what it names.
    pub(crate) fn families(&self) -> impl Iterator<Item = (NodeId, &[Short])> {
        let mut start = 0;
        self.families.iter().map(move |(root, end)| {
            let named = &self.named[start..*end];
            start = *end;
            (*root, named)
        })
    }
}
