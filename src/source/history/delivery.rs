//! Hands contents over, each object once.
//!
//! In: candidate objects from any thread, in any order. Out: contents with
//! their origin, their id worked out from their bytes; names from trees, each
//! name once.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use gix_hash::ObjectId;

use super::lfs::lfs_pointer;
use super::missing;
use super::trees::Mentioned;
use crate::finding::{Origin, Skip, SkipKind, SourceKind, Tally};
use crate::git::names::escape;
use crate::git::pack::{Kind, ObjectError};
use crate::git::{Filter, Missing, PackedCommits, Repository, Seen, Store, short};
use crate::rule::Prefilter;
use crate::source::{Content, Sink};

/// The objects that were handed over so far.
#[derive(Debug, Default)]
pub(super) struct Handed {
    ids: Mutex<HashSet<ObjectId>>,
    filter: Filter,
    count: AtomicUsize,
}

impl Handed {
    fn insert(&self, id: ObjectId) -> bool {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = ids.insert(id);
        if is_new {
            // Whoever sees the count has the filter as it was then.
            self.filter.insert(short(id.as_bytes()));
            self.count.store(ids.len(), Ordering::Release);
        }
        is_new
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Knows all that [`Handed::count`] counted.
    pub(super) fn filter(&self) -> &Filter {
        &self.filter
    }

    fn into_ids(self) -> HashSet<ObjectId> {
        self.ids.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one thread saw of a pack.
pub(super) struct Part {
    pub(super) commits: PackedCommits,
    pub(super) mentioned: Mentioned,
}

/// Where all parts of a sweep hand over what they find.
pub(super) struct Delivery<'a> {
    repository: &'a Repository,
    pub(super) hash: gix_hash::Kind,
    pub(super) root: &'a Arc<str>,
    pub(super) prefilter: &'a Prefilter,
    pub(super) sink: &'a dyn Sink,
    pub(super) handed: Handed,
    /// Names that stand in trees and hold a literal, each with the least id of
    /// the trees that hold it, so that the choice does not hang on threads.
    names: Mutex<BTreeMap<Vec<u8>, ObjectId>>,
    /// What is named somewhere and not stored.
    missing: Mutex<Missing>,
    /// Held by the one worker that keeps large objects in memory.
    pub(super) large: Mutex<()>,
}

impl<'a> Delivery<'a> {
    pub(super) fn new(
        repository: &'a Repository,
        root: &'a Arc<str>,
        prefilter: &'a Prefilter,
        sink: &'a dyn Sink,
    ) -> Self {
        Self {
            repository,
            hash: repository.hash(),
            root,
            prefilter,
            sink,
            handed: Handed::default(),
            names: Mutex::default(),
            missing: Mutex::default(),
            large: Mutex::default(),
        }
    }

    /// Whether an object must be handed over; only a blob can be a container.
    pub(super) fn is_candidate(&self, kind: Kind, bytes: &[u8]) -> bool {
        if kind == Kind::Blob {
            return self.prefilter.is_candidate(bytes);
        }
        self.prefilter.takes_everything() || self.prefilter.holds_literal(bytes)
    }

    /// Hands over a candidate, unless it was handed over before.
    pub(super) fn object(&self, kind: Kind, bytes: &[u8]) {
        let id = object_id(self.hash, kind, bytes);
        if kind == Kind::Tree {
            return self.tree(id, bytes);
        }
        if self.is_first(id) {
            if let Some(pointer) = lfs_pointer(bytes)
                && !self.repository.has_lfs_object(&pointer)
            {
                let reason = format!("a pointer to the large file {pointer}, not stored here");
                self.sink.skip(Skip { origin: id.to_string(), kind: SkipKind::Lfs, reason });
            }
            let origin = self.origin(kind, id);
            self.sink.content(Content::whole(&origin, bytes));
        }
    }

    /// Whether an object has not been handed over before. Those whose bytes were
    /// made to collide share the null id, and each is the first.
    pub(super) fn is_first(&self, id: ObjectId) -> bool {
        id.is_null() || self.handed.insert(id)
    }

    /// The origin of an object.
    pub(super) fn origin(&self, kind: Kind, id: ObjectId) -> Arc<Origin> {
        Arc::new(Origin {
            source: match kind {
                Kind::Blob => SourceKind::History,
                Kind::Commit => SourceKind::Message,
                Kind::Tag => SourceKind::Tag,
                Kind::Tree => SourceKind::Metadata,
            },
            root: Arc::clone(self.root),
            path: None,
            object: Some(id),
        })
    }

    /// Keeps the names of a tree that are candidates; its ids are no text.
    fn tree(&self, id: ObjectId, bytes: &[u8]) {
        for name in tree_names(bytes, self.hash.len_in_bytes()) {
            if self.is_candidate(Kind::Tree, name) {
                let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
                let least = names.entry(name.to_vec()).or_insert(id);
                *least = id.min(*least);
            }
        }
    }

    /// Names an object as not read.
    pub(super) fn fault(&self, id: ObjectId, error: &ObjectError) {
        let kind = match error {
            ObjectError::BaseMissing(_) => SkipKind::Missing,
            ObjectError::TooLarge(_) => SkipKind::OverBudget,
            ObjectError::Unreadable(_) => SkipKind::Unreadable,
            _ => SkipKind::Corrupt,
        };
        self.sink.skip(Skip { origin: id.to_string(), kind, reason: error.to_string() });
    }

    /// Keeps ids that are named and not stored.
    pub(super) fn missing(&self, ids: Missing) {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).add(ids);
    }

    /// Hands over what had to wait for the whole sweep, and has the store remember
    /// what was seen of its packs.
    pub(super) fn finish(self, store: &Store, seen: Option<Vec<Vec<Part>>>) {
        let missing = self.missing.into_inner().unwrap_or_else(PoisonError::into_inner);
        for skip in missing::skips(self.repository, store, self.root, missing) {
            self.sink.skip(skip);
        }
        let names = self.names.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = seen {
            let count = self.handed.count();
            let told = |Part { commits, mentioned }: Part| Seen {
                commits,
                mentions: mentioned.told(count),
            };
            let pack = |parts: Vec<Part>| parts.into_iter().map(told).collect();
            let mut asked = self.handed.into_ids();
            asked.extend(names.values());
            store.remember(seen.into_iter().map(pack).collect(), asked);
        }
        for (name, id) in names {
            let origin = Arc::new(Origin {
                source: SourceKind::Metadata,
                root: Arc::clone(self.root),
                path: Some(escape(&name).into()),
                object: Some(id),
            });
            self.sink.content(Content::whole(&origin, &name));
        }
    }
}

/// The id that git gives to these bytes.
pub(super) fn object_id(hash: gix_hash::Kind, kind: Kind, bytes: &[u8]) -> ObjectId {
    let mut hasher = object_hasher(hash, kind, bytes.len() as u64);
    hasher.update(bytes);
    finish_id(hasher, hash)
}

/// A hasher that has taken the header of an object.
pub(super) fn object_hasher(hash: gix_hash::Kind, kind: Kind, len: u64) -> gix_hash::Hasher {
    let mut hasher = gix_hash::hasher(hash);
    hasher.update(format!("{} {len}\0", kind.name()).as_bytes());
    hasher
}

/// The id; of bytes made to collide under SHA-1, which git refuses to store, a
/// null one.
pub(super) fn finish_id(hasher: gix_hash::Hasher, hash: gix_hash::Kind) -> ObjectId {
    hasher.try_finalize().unwrap_or_else(|_| ObjectId::null(hash))
}

/// What a content of this kind adds to the count.
pub(in crate::source) fn tally(kind: Kind, bytes: u64) -> Tally {
    match kind {
        Kind::Blob => Tally { blobs: 1, bytes, ..Tally::default() },
        Kind::Commit => Tally { commits: 1, bytes, ..Tally::default() },
        Kind::Tag => Tally { bytes, ..Tally::default() },
        Kind::Tree => Tally::default(),
    }
}

/// The names in a tree; a damaged one ends early.
fn tree_names(bytes: &[u8], hash_len: usize) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let space = memchr::memchr(b' ', rest)?;
        let end = memchr::memchr(0, rest)?;
        let name = rest.get(space + 1..end)?;
        rest = rest.get(end + 1 + hash_len..).unwrap_or_default();
        Some(name)
    })
}
