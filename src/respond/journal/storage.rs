//! Where a journal's bytes are kept.
//!
//! In: whole lines. Out: the same bytes after a crash. Tests put a storage in
//! its place that dies at any step.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::Duration;

use super::JournalError;

/// Keeps bytes that are only ever appended.
pub trait Storage: fmt::Debug + Send {
    /// All bytes.
    ///
    /// # Errors
    /// Where they cannot be read.
    fn read(&mut self) -> io::Result<Vec<u8>>;
    /// Appends bytes.
    ///
    /// # Errors
    /// Where not all of them were taken.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Returns when the bytes survive a loss of power.
    ///
    /// # Errors
    /// Where that is not certain.
    fn sync(&mut self) -> io::Result<()>;
    /// Drops everything after this length, for good.
    ///
    /// # Errors
    /// Where that is not certain.
    fn truncate(&mut self, length_bytes: u64) -> io::Result<()>;
}

/// A file of mode 0600, locked for as long as it is open.
#[derive(Debug)]
pub struct FileStorage {
    file: File,
}

impl FileStorage {
    /// Opens or creates the file and takes its lock. A symbolic link is not
    /// followed.
    ///
    /// # Errors
    /// Where it cannot be opened or is locked by another process.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let open = |cause| JournalError::Open { path: path.to_owned(), cause };
        let mut options = OpenOptions::new();
        // Not `append`: on Windows that forbids to drop a torn line.
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            let no_follow = rustix::fs::OFlags::NOFOLLOW.bits();
            options.mode(0o600).custom_flags(no_follow.cast_signed());
        }
        let file = options.open(path).map_err(open)?;
        if !file.metadata().map_err(open)?.is_file() {
            return Err(open(io::Error::other("it is not a regular file")));
        }
        lock(&file, path)?;
        // A file that was created is only safe once its directory entry is.
        #[cfg(unix)]
        if let Some(directory) = path.parent() {
            File::open(directory).and_then(|directory| directory.sync_all()).map_err(open)?;
        }
        Ok(Self { file })
    }
}

/// Takes the lock. A process that was just killed, or a child that it was about
/// to start, may hold it for a moment longer.
fn lock(file: &File, path: &Path) -> Result<(), JournalError> {
    for _ in 0..10 {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(50)),
            Err(TryLockError::Error(cause)) => {
                return Err(JournalError::Open { path: path.to_owned(), cause });
            }
        }
    }
    Err(JournalError::Locked(path.to_owned()))
}

impl Storage for FileStorage {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(0))?;
        self.file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::End(0))?;
        self.file.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn truncate(&mut self, length_bytes: u64) -> io::Result<()> {
        self.file.set_len(length_bytes)?;
        self.file.sync_all()
    }
}

/// Bytes in memory, for runs that change nothing.
#[derive(Debug, Default)]
pub struct MemoryStorage {
    bytes: Vec<u8>,
}

impl Storage for MemoryStorage {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        Ok(self.bytes.clone())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn truncate(&mut self, length_bytes: u64) -> io::Result<()> {
        self.bytes.truncate(usize::try_from(length_bytes).unwrap_or(usize::MAX));
        Ok(())
    }
}
