//! What objects and refs name, and which of it is not stored.
//!
//! In: objects, entries of trees, or ids. Out: the ids named in vain. A
//! repository that lost an object would be called clean by whoever reads only
//! what is there.

use std::collections::BTreeSet;

use gix_hash::{ObjectId, oid};

use super::Store;
use super::commits::{PackedCommits, parse, tagged};
use super::pack::{Kind, NodeId, ObjectError};
use super::trees::{Entry, EntryKind, entries};

/// How many ids are remembered, so that a name that comes again, as most do, is
/// not looked up again: 128 KiB, which leave a core's cache to other bytes.
const REMEMBERED: usize = 1 << 14;

/// How many ids are looked up together, so that the processor waits for many
/// places of the index at once and not for one after the other.
const TOGETHER: usize = 256;

/// One thread's names.
pub(crate) struct Links<'a> {
    store: &'a Store,
    /// The heads of ids that were named, by their last bits.
    remembered: Vec<u64>,
    /// Ids to look up, one after the other.
    waiting: Vec<u8>,
    missing: Missing,
    commits: PackedCommits,
}

/// How many ids that are named in vain are kept, about 50 MB of them: deltas of a
/// few bytes each can name more than there is memory for.
const MOST_MISSING: usize = 1 << 20;

/// What is named and not stored: all of it, or the least ids where there are more
/// than [`MOST_MISSING`], so that what is kept does not hang on threads.
#[derive(Debug, Default)]
pub(crate) struct Missing {
    ids: BTreeSet<ObjectId>,
    is_cut: bool,
}

impl Missing {
    pub(crate) fn insert(&mut self, id: ObjectId) {
        self.ids.insert(id);
        if self.ids.len() > MOST_MISSING {
            self.ids.pop_last();
            self.is_cut = true;
        }
    }

    /// Takes what another thread named in vain.
    pub(crate) fn add(&mut self, other: Self) {
        self.is_cut |= other.is_cut;
        other.ids.into_iter().for_each(|id| self.insert(id));
    }

    /// The ids, in order.
    pub(crate) fn ids(&self) -> &BTreeSet<ObjectId> {
        &self.ids
    }

    /// Leaves out what is known to lie elsewhere.
    pub(crate) fn without(mut self, elsewhere: &Self) -> Self {
        self.ids.retain(|id| !elsewhere.ids.contains(id));
        self
    }

    /// Whether there were more than are kept.
    pub(crate) fn is_cut(&self) -> bool {
        self.is_cut
    }
}

impl<'a> Links<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        // No id's head belongs where the first value stands; zero does in place 0.
        let mut remembered = vec![0; REMEMBERED];
        remembered[0] = 1;
        let (waiting, missing) = (Vec::new(), Missing::default());
        Self { store, remembered, waiting, missing, commits: PackedCommits::default() }
    }

    /// Takes an object: what it names must be stored.
    ///
    /// # Errors
    /// A tree that does not end where its last entry ends.
    pub(crate) fn object(&mut self, kind: Kind, bytes: &[u8]) -> Result<(), ObjectError> {
        self.take(None, kind, bytes)
    }

    /// As [`Links::object`], of an entry of the one pack that these links are of;
    /// what a commit names is kept.
    ///
    /// # Errors
    /// As [`Links::object`].
    pub(crate) fn entry_object(
        &mut self,
        node: NodeId,
        kind: Kind,
        bytes: &[u8],
    ) -> Result<(), ObjectError> {
        self.take(Some(node), kind, bytes)
    }

    fn take(&mut self, node: Option<NodeId>, kind: Kind, bytes: &[u8]) -> Result<(), ObjectError> {
        match kind {
            Kind::Tree => {
                let mut read = 0;
                for entry in entries(bytes, self.store.hash().len_in_bytes()) {
                    self.entry(&entry);
                    read += entry.len();
                }
                if read < bytes.len() {
                    return Err(ObjectError::TreeEntry);
                }
            }
            Kind::Commit => {
                if let Some(commit) = parse(self.store.hash(), bytes) {
                    self.name(commit.tree.as_bytes());
                    for parent in &commit.parents {
                        self.name(parent.as_bytes());
                    }
                    if let Some(node) = node {
                        self.commits.push(node, &commit);
                    }
                }
            }
            Kind::Tag => {
                if let Some(id) = tagged(bytes) {
                    self.id(&id);
                }
            }
            Kind::Blob => {}
        }
        Ok(())
    }

    /// Takes an entry of a tree. A submodule's commit is stored elsewhere.
    pub(crate) fn entry(&mut self, entry: &Entry<'_>) {
        if entry.kind != EntryKind::Gitlink {
            self.name(entry.id);
        }
    }

    /// Takes the id of an object that must be stored; one of another length than
    /// the repository's ids names nothing.
    pub(crate) fn id(&mut self, id: &oid) {
        if id.kind() == self.store.hash() {
            self.name(id.as_bytes());
        }
    }

    /// Takes an id that must be stored.
    #[inline]
    fn name(&mut self, id: &[u8]) {
        let Some(head) = id.first_chunk() else { return };
        let head = u64::from_le_bytes(*head);
        let slot = &mut self.remembered[head as usize % REMEMBERED];
        if *slot != head {
            *slot = head;
            self.waiting.extend_from_slice(id);
            if self.waiting.len() >= TOGETHER * id.len() {
                self.look_up();
            }
        }
    }

    fn look_up(&mut self) {
        let len = self.store.hash().len_in_bytes();
        self.store.remove_packed(&mut self.waiting);
        for id in self.waiting.chunks_exact(len) {
            let Ok(id) = ObjectId::try_from(id) else { continue };
            // Git takes the empty tree and the empty blob for granted.
            if !id.is_empty_tree() && !id.is_empty_blob() && !self.store.is_loose(&id) {
                self.missing.insert(id);
            }
        }
        self.waiting.clear();
    }

    /// What is not stored.
    pub(crate) fn into_missing(self) -> Missing {
        self.finish().0
    }

    /// What is not stored, and what the pack's commits name.
    pub(crate) fn finish(mut self) -> (Missing, PackedCommits) {
        self.look_up();
        (self.missing, self.commits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> ObjectId {
        let mut bytes = [0; 20];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        ObjectId::Sha1(bytes)
    }

    #[test]
    fn the_least_ids_are_kept_whichever_thread_names_them() {
        let (mut one, mut two) = (Missing::default(), Missing::default());
        for number in (0..MOST_MISSING).rev() {
            one.insert(id(number));
        }
        assert!(!one.is_cut());
        for number in [0, 7, MOST_MISSING + 3] {
            two.insert(id(number));
        }
        two.add(one);
        assert!(two.is_cut());
        assert_eq!(two.ids().len(), MOST_MISSING);
        assert_eq!(two.ids().last(), Some(&id(MOST_MISSING - 1)));
    }
}
