//! Writes a file whole or not at all.
//!
//! In: a path, whatever fills the file and who may read it. Out: the file with
//! its bytes and its name on disk, or an error that names the path. Nothing here
//! knows what is written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The path names a directory, or has no file name.
    #[error("{}: not a file's name; name the file to write, not its directory", path.display())]
    NotAFile {
        /// The path as given.
        path: PathBuf,
    },
    /// The system refused; what stood at the path before still stands there.
    #[error("{}: cannot be written: {source}; is its directory there, writable and not full?", path.display())]
    Io {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Writes a file through a neighbour that is renamed into place, so that a
/// reader sees the old bytes or the new, never a part, and a run killed
/// halfway leaves the old.
///
/// The new file has mode 0600 whatever stood there; a symbolic link at `path`
/// is replaced, not followed, since a scanned tree may have put it there. A
/// device or pipe cannot be replaced by a file and is written directly, as is
/// whatever this process's standard output or error goes to (`/dev/stdout`):
/// through the open stream, so that what is printed later comes after it.
///
/// # Errors
///
/// Where the path is no file's name, where `fill` fails, or where the system
/// refuses; the path then holds what it held before.
pub fn write_atomically(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), WriteError> {
    write(path, tempfile::Builder::new().prefix(NEIGHBOUR), fill)
}

/// As [`write_atomically`], for a file that is shared and holds no secret: it
/// has the mode of what stood there, or 0666, less what the process's mask
/// takes away.
///
/// # Errors
///
/// As [`write_atomically`].
pub fn write_for_all(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), WriteError> {
    let mut neighbour = tempfile::Builder::new();
    // Asked for at creation: a sandboxed process may change no mode later.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let there = fs::metadata(path).ok().map(|there| there.permissions());
        neighbour.permissions(there.unwrap_or_else(|| fs::Permissions::from_mode(0o666)));
    }
    write(path, neighbour.prefix(NEIGHBOUR), fill)
}

/// How the neighbour's name begins, until it is renamed.
const NEIGHBOUR: &str = ".keysweep-";

fn write(
    path: &Path,
    neighbour: &tempfile::Builder<'_, '_>,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), WriteError> {
    let failed = |source| WriteError::Io { path: path.to_owned(), source };
    let (Some(_), Some(parent)) = (path.file_name(), path.parent()) else {
        return Err(WriteError::NotAFile { path: path.to_owned() });
    };
    if let Some(mut stream) = own_stream(path).map_err(failed)? {
        return fill(&mut stream).and_then(|()| stream.flush()).map_err(failed);
    }
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => {
            return Err(WriteError::NotAFile { path: path.to_owned() });
        }
        Ok(there) if !there.is_file() => {
            let mut device = OpenOptions::new().write(true).open(path).map_err(failed)?;
            return fill(&mut device).and_then(|()| device.flush()).map_err(failed);
        }
        _ => {}
    }
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    // `tempfile` creates with mode 0600, where nothing else is said, and removes
    // the file again on an error.
    let mut neighbour = neighbour.tempfile_in(parent).map_err(failed)?;
    {
        let mut buffered = BufWriter::new(&mut neighbour);
        fill(&mut buffered).and_then(|()| buffered.flush()).map_err(failed)?;
    }
    neighbour.as_file().sync_all().map_err(failed)?;
    neighbour.persist(path).map_err(|error| failed(error.error))?;
    sync_directory(parent).map_err(failed)
}

/// The process's own standard output or error, where the path leads to it.
#[cfg(unix)]
fn own_stream(path: &Path) -> io::Result<Option<BufWriter<File>>> {
    use std::os::fd::AsFd as _;
    use std::os::unix::fs::MetadataExt as _;
    let Ok(there) = fs::metadata(path) else { return Ok(None) };
    for stream in [io::stdout().as_fd(), io::stderr().as_fd()] {
        let stream = File::from(stream.try_clone_to_owned()?);
        let own = stream.metadata()?;
        if own.is_file() && (own.dev(), own.ino()) == (there.dev(), there.ino()) {
            return Ok(Some(BufWriter::new(stream)));
        }
    }
    Ok(None)
}

#[cfg(not(unix))]
fn own_stream(_: &Path) -> io::Result<Option<BufWriter<File>>> {
    Ok(None)
}

/// Puts a directory's names on disk, so that a rename survives a power cut.
#[cfg(unix)]
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    match File::open(directory)?.sync_all() {
        // Some network and FUSE file systems cannot sync a directory.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        done => done,
    }
}

/// Windows opens no directory as a file and orders its metadata by itself.
#[cfg(not(unix))]
pub(crate) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_write_leaves_the_old_file_and_no_other() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("report.json");
        write_atomically(&path, |out| out.write_all(b"old")).expect("written");
        let error = write_atomically(&path, |out| {
            out.write_all(b"new")?;
            Err(io::Error::other("full"))
        })
        .unwrap_err();
        assert!(error.to_string().contains("report.json"), "{error}");
        assert_eq!(fs::read(&path).expect("a file"), b"old");
        assert_eq!(fs::read_dir(directory.path()).expect("a directory").count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn file_is_for_its_owner_alone_even_where_an_open_one_or_a_link_stood() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let directory = tempfile::tempdir().expect("a directory");
        let (path, link) = (directory.path().join("a"), directory.path().join("b"));
        fs::write(&path, "old").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("its own file");
        symlink(&path, &link).expect("a link");
        write_atomically(&link, |out| out.write_all(b"new")).expect("written");
        assert_eq!(fs::read(&path).expect("a file"), b"old");
        assert_eq!(
            fs::symlink_metadata(&link).expect("a file").permissions().mode() & 0o777,
            0o600
        );
        assert!(matches!(
            write_atomically(directory.path(), |_| Ok(())),
            Err(WriteError::NotAFile { .. })
        ));
    }
}
