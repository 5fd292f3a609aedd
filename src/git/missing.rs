//! Objects that others name and that are not stored here.
//!
//! In: the store of a partial clone. Out: what its trees and commits name in
//! vain. Every tree is read, so this is asked of partial clones alone.

use std::collections::{BTreeSet, HashSet};

use gix_hash::ObjectId;

use super::commits::parse;
use super::pack::{Forest, Inflater, Kind, NodeId, Visit, visit};
use super::trees::{EntryKind, entries};
use super::{Store, loose_ids, scattered_ids};

/// One thread's share.
struct Missing<'a> {
    store: &'a Store,
    known: HashSet<ObjectId>,
    missing: BTreeSet<ObjectId>,
}

impl<'a> Missing<'a> {
    fn new(store: &'a Store) -> Self {
        Self { store, known: HashSet::new(), missing: BTreeSet::new() }
    }

    fn name(&mut self, id: ObjectId) {
        if self.known.insert(id) && !self.store.contains(&id) {
            self.missing.insert(id);
        }
    }

    fn object(&mut self, kind: Kind, bytes: &[u8]) {
        let hash = self.store.hash();
        match kind {
            Kind::Tree => {
                for entry in entries(bytes, hash.len_in_bytes()) {
                    if entry.kind != EntryKind::Gitlink
                        && let Ok(id) = ObjectId::try_from(entry.id)
                    {
                        self.name(id);
                    }
                }
            }
            Kind::Commit => {
                if let Some(commit) = parse(ObjectId::null(hash), bytes) {
                    self.name(commit.tree);
                }
            }
            Kind::Blob | Kind::Tag => {}
        }
    }
}

impl Visit for Missing<'_> {
    type Held = ();

    fn root(&mut self, _: NodeId, kind: Kind, bytes: &[u8]) {
        self.object(kind, bytes);
    }

    fn child(&mut self, _: NodeId, kind: Kind, bytes: &[u8], (): &()) {
        self.object(kind, bytes);
    }
}

/// The trees and blobs that are named and not stored.
pub(crate) fn missing_objects(store: &Store) -> BTreeSet<ObjectId> {
    let hash_len = store.hash().len_in_bytes();
    let forests: Vec<Forest> =
        store.packs.iter().map(|pack| Forest::grow(pack, hash_len)).collect();
    let is_wanted = |kind| matches!(kind, Kind::Tree | Kind::Commit);
    let mut found = BTreeSet::new();
    for (pack, forest) in store.packs.iter().zip(&forests) {
        for part in visit(pack, forest, is_wanted, || Missing::new(store)) {
            found.extend(part.missing);
        }
    }
    let mut rest = Missing::new(store);
    let mut inflater = Inflater::new();
    let loose = store.directories.iter().flat_map(|directory| loose_ids(directory, store.hash()));
    for id in scattered_ids(store, &forests).into_iter().chain(loose) {
        if let Ok(Some((kind, bytes))) = store.read(&id, &mut inflater) {
            rest.object(kind, &bytes);
        }
    }
    found.extend(rest.missing);
    found
}
