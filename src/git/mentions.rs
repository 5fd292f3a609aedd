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

/// Fewer names are kept, 128 MiB of them at most, since a few kilobytes of deltas can
/// name millions of trees. A family for whose names no room is left is read by whoever
/// asks.
const MOST_NAMED: usize = 1 << 24;

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
        let is_kept = entry.kind == EntryKind::Tree || asked.may_hold(id);
        if is_kept && self.named.len() < MOST_NAMED {
            self.named.push(id);
        }
    }

    /// Ends the family that is being read, and keeps it if `is_read` says that all of
    /// it was taken; says whether it is kept.
    pub(crate) fn end(&mut self, root: NodeId, is_read: bool) -> bool {
        let is_kept = is_read && self.named.len() < MOST_NAMED;
        if is_kept {
            self.families.push((root, self.named.len()));
        } else {
            self.named.truncate(self.families.last().map_or(0, |(_, end)| *end));
        }
        is_kept
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::trees::entries;

    #[test]
    fn a_family_that_names_more_than_there_is_room_for_is_not_kept() {
        let tree = [&b"40000 dir\0"[..], &[7; 20]].concat();
        let (mut mentions, asked) = (Mentions::default(), Filter::default());
        let mut read = |root, times| {
            for entry in std::iter::repeat_n(&tree, times).flat_map(|tree| entries(tree, 20)) {
                mentions.entry(&entry, &asked);
            }
            let is_kept = mentions.end(root, true);
            let kept = mentions.families().map(|(root, named)| (root, named.len()));
            (is_kept, mentions.named.len(), kept.collect::<Vec<_>>())
        };
        assert_eq!(read(1, 3), (true, 3, vec![(1, 3)]));
        assert_eq!(read(2, MOST_NAMED), (false, 3, vec![(1, 3)]));
        assert_eq!(read(3, 2), (true, 5, vec![(1, 3), (3, 2)]));
        assert!(mentions.named.capacity() <= MOST_NAMED);
    }
}
