//! What a repository is and everything that it stores.
//!
//! In: a path. Out: its refs, index and revisions, its objects, and what
//! history says of an object. Everything is read from the files themselves:
//! nothing of a repository's configuration is obeyed, nobody's environment is
//! asked and no process is started, so a hostile repository can only be read.
//! Nothing here knows what a key looks like.

mod catalog;
mod changed;
mod commits;
mod config;
mod error;
mod graph;
mod index;
mod layout;
mod links;
mod loose;
mod mentions;
pub(crate) mod names;
pub mod pack;
mod provenance;
mod range;
mod reader;
mod refs;
mod revision;
mod short;
mod snapshot;
mod spliced;
mod staged;
mod store;
mod trees;

#[cfg(test)]
#[path = "../../tests/support/git.rs"]
mod git_support;

pub use changed::{Brought, Changed, brought_by, changed_by, files_of};
pub(crate) use commits::{PackedCommits, describe, tagged};
pub use error::GitError;
pub(crate) use index::read_index;
pub use index::{Tracked, TrackedKind, tracked_paths};
pub use layout::{RefStorage, Repository};
pub(crate) use links::{Links, Missing};
pub(crate) use loose::{list_loose, loose_header, loose_ids, loose_path, read_loose};
pub(crate) use mentions::Mentions;
pub(crate) use names::{escape, to_bytes, to_path};
pub use provenance::provenance;
pub(crate) use provenance::{Standing, standing};
pub use range::{Range, file_at};
pub use reader::{Object, Objects, Reader};
pub(crate) use refs::ReadFiles;
pub use refs::{BrokenRef, Ref, RefFault, Refs};
pub(crate) use short::{Filter, short};
pub use snapshot::{Snapshot, touched_by};
pub(crate) use spliced::{Look, TreeWalk};
pub use staged::{Staged, staged};
pub(crate) use store::{Seen, Store, scattered_ids};
pub(crate) use trees::Entry;
