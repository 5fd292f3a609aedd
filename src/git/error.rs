//! Why a repository could not be read at all.
//!
//! In: what went wrong and where. Out: one sentence for the operator. What
//! concerns a single object or file is a `Skip`, never one of these.

use std::path::{Path, PathBuf};

/// Why a repository could not be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GitError {
    /// The system refused to read a file of the repository.
    #[error("cannot read {}: {source}", shown(path))]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of the repository is not what its format promises.
    #[error("{} is damaged: {reason}", shown(path))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The repository is of a kind that this version does not read.
    #[error("{} uses {what}, which this version does not read", shown(path))]
    Unsupported {
        /// The repository's git directory.
        path: PathBuf,
        /// The format or extension.
        what: String,
    },
    /// A revision that names nothing here.
    #[error("cannot resolve revision {revision:?}: {reason}")]
    Revision {
        /// The revision as given.
        revision: String,
        /// Why it names nothing.
        reason: String,
    },
    /// A range whose commits are not all here.
    #[error("cannot look at range {range:?}: {reason}")]
    Range {
        /// The range as given.
        range: String,
        /// What is missing, and how to get it.
        reason: String,
    },
    /// An object that must be there is missing or damaged.
    #[error("object {id}: {reason}")]
    Object {
        /// The object.
        id: gix_hash::ObjectId,
        /// What is wrong with it.
        reason: String,
    },
}

impl GitError {
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    pub(crate) fn damaged(path: &Path, reason: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), reason: reason.into() }
    }
}

/// A path for a terminal: control characters of hostile names escaped.
fn shown(path: &Path) -> String {
    super::names::escape(path.as_os_str().as_encoded_bytes())
}
