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
    missing: BTreeSet<ObjectId>,
    commits: PackedCommits,
}

impl<'a> Links<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        // No id's head belongs where the first value stands; zero does in place 0.
        let mut remembered = vec![0; REMEMBERED];
        remembered[0] = 1;
        let (waiting, missing) = (Vec::new(), BTreeSet::new());
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
    pub(crate) fn into_missing(self) -> BTreeSet<ObjectId> {
        self.finish().0
    }

    /// What is not stored, and what the pack's commits name.
    pub(crate) fn finish(mut self) -> (BTreeSet<ObjectId>, PackedCommits) {
        self.look_up();
        (self.missing, self.commits)
    }
}
