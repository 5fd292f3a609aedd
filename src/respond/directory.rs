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
    /// It holds a link, a FIFO or a device.
    #[error(
        "{0} is no plain file, and an audit holds nothing else; move it away, or choose another \
         --out; nothing was sent"
    )]
    NotAFile(PathBuf),
}

/// Makes the directory, or takes it up again where it holds a journal; either
/// way nobody but its owner can read it or its files afterwards.
///
/// # Errors
/// Where it cannot be made or closed to others, or holds something else.
pub fn open_directory(path: &Path) -> Result<(), DirectoryError> {
    let io = |cause| DirectoryError::Io { path: path.to_owned(), cause };
    match std::fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path).map_err(io),
        Err(error) => Err(io(error)),
        Ok(mut entries) => {
            if path.join(JOURNAL_FILE).symlink_metadata().is_ok() {
                return close_all(path);
            }
            match entries.next() {
                None => close_to_others(path, 0o700).map_err(io),
                Some(_) => Err(DirectoryError::NotOurs(path.to_owned())),
            }
        }
    }
}

/// Closes a directory that is taken up again, and all that it holds: somebody
/// may have opened it since.
fn close_all(path: &Path) -> Result<(), DirectoryError> {
    let io = |cause| DirectoryError::Io { path: path.to_owned(), cause };
    close_to_others(path, 0o700).map_err(io)?;
    for entry in std::fs::read_dir(path).map_err(io)? {
        let entry = entry.map_err(io)?;
        let kind = entry.file_type().map_err(io)?;
        if kind.is_dir() {
            close_all(&entry.path())?;
        } else if kind.is_file() {
            close_to_others(&entry.path(), 0o600)
                .map_err(|cause| DirectoryError::Io { path: entry.path(), cause })?;
        } else {
            return Err(DirectoryError::NotAFile(entry.path()));
        }
    }
    Ok(())
}

#[cfg(unix)]
fn make(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    close_to_others(path, 0o700)
}

#[cfg(not(unix))]
fn make(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

#[cfg(unix)]
fn close_to_others(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    // A mode that is right needs no right to change it.
    if path.metadata()?.permissions().mode() & 0o7777 == mode {
        return Ok(());
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn close_to_others(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}
