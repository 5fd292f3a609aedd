//! The directory that a response leaves.
//!
//! In: the path that the operator gave. Out: a directory that only the operator
//! can read and that holds this run's files alone.

use std::io;
use std::path::{Path, PathBuf};

use super::journal::JOURNAL_FILE;

/// Why a directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// It cannot be made or read.
    #[error("cannot use {path} for the audit: {cause}; nothing was sent")]
    Io {
        /// The directory.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// It holds something else.
    #[error(
        "{0} is not empty and holds no journal of Keysweep's; choose another --out; nothing was \
         sent"
    )]
    NotOurs(PathBuf),
}

/// Makes the directory, or takes it up again where it holds a journal.
///
/// # Errors
/// Where it cannot be made, or holds something else.
pub fn open_directory(path: &Path) -> Result<(), DirectoryError> {
    let io = |cause| DirectoryError::Io { path: path.to_owned(), cause };
    match std::fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path).map_err(io),
        Err(error) => Err(io(error)),
        Ok(mut entries) => {
            if path.join(JOURNAL_FILE).symlink_metadata().is_ok() {
                return Ok(());
            }
            match entries.next() {
                None => close_to_others(path).map_err(io),
                Some(_) => Err(DirectoryError::NotOurs(path.to_owned())),
            }
        }
    }
}

#[cfg(unix)]
fn make(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    close_to_others(path)
}

#[cfg(not(unix))]
fn make(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

#[cfg(unix)]
fn close_to_others(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn close_to_others(_: &Path) -> io::Result<()> {
    Ok(())
}
