//! Reads single objects, remembering what deltas rest on.
//!
//! In: a store and ids. Out: objects. Neighbours in history rest on the same
//! bases, so what was just built is kept, up to a budget.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use gix_hash::{ObjectId, oid};

use super::pack::{Inflater, Kind, ObjectError};
use super::{GitError, Repository, Store};
use crate::finding::Skip;

/// The most bytes of trees and commits that are kept.
const KEPT_BYTES: usize = 32 << 20;

/// An object of up to this size is kept.
const KEPT_OBJECT_BYTES: usize = 1 << 20;

/// An object's kind and bytes.
#[derive(Debug, Clone)]
pub struct Object {
    /// What kind of object it is.
    pub kind: Kind,
    /// Its bytes, without the header that its id is made from.
    pub bytes: Arc<[u8]>,
}

/// Reads objects of one repository, on one thread.
#[derive(Debug)]
pub struct Reader<'a> {
    store: &'a Store,
    inflater: Inflater,
    kept: HashMap<ObjectId, Object>,
    kept_bytes: usize,
}

/// The objects of a repository, open for reading.
#[derive(Debug)]
pub struct Objects(Store);

impl Objects {
    /// Opens the repository's packs and directories of loose objects.
    #[must_use]
    pub fn open(repository: &Repository) -> Self {
        Self(Store::open(repository))
    }

    /// The ids of everything that lies in one directory of objects, sorted; and
    /// the packs there that cannot be read.
    #[must_use]
    pub fn lying_in(&self, directory: &Path) -> (Vec<ObjectId>, Vec<Skip>) {
        self.0.lying_in(directory)
    }

    /// What could not be opened.
    #[must_use]
    pub fn skips(&self) -> &[Skip] {
        &self.0.skips
    }

    /// A reader for one thread.
    #[must_use]
    pub fn reader(&self) -> Reader<'_> {
        Reader::new(&self.0)
    }
}

impl<'a> Reader<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store, inflater: Inflater::new(), kept: HashMap::new(), kept_bytes: 0 }
    }

    pub(crate) fn store(&self) -> &'a Store {
        self.store
    }

    /// Reads an object; `None` where it is not stored here.
    ///
    /// # Errors
    /// A damaged object, or one too large to be held.
    pub fn read(&mut self, id: &oid) -> Result<Option<Object>, ObjectError> {
        if let Some(kept) = self.kept.get(id) {
            return Ok(Some(kept.clone()));
        }
        let Some((kind, bytes)) = self.store.read(id, &mut self.inflater)? else {
            // Git takes the empty tree for granted.
            let object = Object { kind: Kind::Tree, bytes: Arc::from([]) };
            return Ok(id.is_empty_tree().then_some(object));
        };
        let object = Object { kind, bytes: Arc::from(&*bytes) };
        let is_kept = kind != Kind::Blob && bytes.len() <= KEPT_OBJECT_BYTES;
        if is_kept {
            self.kept_bytes += bytes.len();
            if self.kept_bytes > KEPT_BYTES {
                self.kept.clear();
                self.kept_bytes = bytes.len();
            }
            self.kept.insert(id.to_owned(), object.clone());
        }
        Ok(Some(object))
    }

    /// Reads an object that must be there and of this kind.
    pub(crate) fn expect(&mut self, id: &oid, kind: Kind) -> Result<Arc<[u8]>, GitError> {
        let fault = |reason: String| GitError::Object { id: id.to_owned(), reason };
        match self.read(id) {
            Ok(Some(object)) if object.kind == kind => Ok(object.bytes),
            Ok(Some(object)) => {
                Err(fault(format!("expected a {}, found a {}", kind.name(), object.kind.name())))
            }
            Ok(None) => Err(fault("it is missing".to_owned())),
            Err(error) => Err(fault(error.to_string())),
        }
    }
}
