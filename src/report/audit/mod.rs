//! The audit directory: what a response leaves, and how nobody changes it
//! unnoticed.
//!
//! In: a directory with a report, its renderings and a journal. Out: a
//! `MANIFEST` of SHA-256 sums that also names the journal's last line, a
//! `MANIFEST.sig` where the operator signs, and later a verdict on every byte.
//! `sha256sum -c MANIFEST` and `ssh-keygen -Y verify` check the same without
//! this program. Nothing here knows what a report says.

mod agent;
mod chain;
mod check;
mod manifest;
mod seal;
mod signature;

pub use check::{Authenticity, Check, Problem, check};
pub use seal::{Seal, seal};
pub use signature::{NAMESPACE, SignError, Signer, TrustError, TrustedKeys};

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// The manifest's name in its directory.
pub const MANIFEST_FILE: &str = "MANIFEST";

/// The signature's name in its directory, as `ssh-keygen -Y sign` names it.
pub const SIGNATURE_FILE: &str = "MANIFEST.sig";

/// The journal's name in its directory.
pub const JOURNAL_FILE: &str = "journal.ndjson";

/// Why a directory cannot be sealed or checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// There is no audit at the path.
    #[error("{}: no audit: {why}", path.display())]
    NoAudit {
        /// The path as given.
        path: PathBuf,
        /// What is missing.
        why: &'static str,
    },
    /// A file of it cannot be read or written.
    #[error("{}: {source}; the audit can be neither sealed nor checked without it", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It holds what a manifest cannot name.
    #[error(
        "{}: not a plain file with a plain name; an audit holds nothing else: move it away",
        path.display()
    )]
    NotAFile {
        /// What it is.
        path: PathBuf,
    },
    /// Its journal is not whole, so there is nothing to seal.
    #[error("{}: line {line} is not what was written: {why}; the audit is not sealed", path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// The first line that is wrong, from 1.
        line: u64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The manifest or its signature cannot be written.
    #[error(transparent)]
    Write(#[from] super::WriteError),
    /// It cannot be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// Names every file below a directory, relative, `/`-separated, sorted; apart
/// from the manifest and its signature.
fn files(directory: &Path) -> Result<Vec<Entry>, AuditError> {
    let mut found = Vec::new();
    walk(directory, "", &mut found)?;
    found.retain(|entry| !matches!(entry.name.as_str(), MANIFEST_FILE | SIGNATURE_FILE));
    found.sort();
    Ok(found)
}

/// One thing in an audit directory.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    /// Its name, relative to the directory.
    name: String,
    /// Whether it is a regular file that a manifest can name.
    is_plain: bool,
}

fn walk(directory: &Path, prefix: &str, found: &mut Vec<Entry>) -> Result<(), AuditError> {
    let failed = |source| AuditError::Io { path: directory.to_owned(), source };
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        let own = entry.file_name();
        let name = format!("{prefix}{}", own.to_string_lossy());
        let is_nameable = own.to_str().is_some_and(manifest::is_nameable);
        if kind.is_dir() && is_nameable {
            walk(&entry.path(), &format!("{name}/"), found)?;
        } else {
            found.push(Entry { name, is_plain: kind.is_file() && is_nameable });
        }
    }
    Ok(())
}

/// What stands at a path where a file is expected.
#[derive(Debug)]
enum Stands {
    /// Nothing.
    Nothing,
    /// A regular file, open.
    Plain(File),
    /// A link, directory, FIFO or device, of which nothing is read: whoever
    /// could put it there would choose what is checked.
    Other,
}

/// Opens a regular file, without following a link or waiting for a FIFO.
fn open(path: &Path) -> Result<Stands, AuditError> {
    let failed = |source| AuditError::Io { path: path.to_owned(), source };
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Stands::Nothing),
        Err(source) => return Err(failed(source)),
        Ok(metadata) if !metadata.is_file() => return Ok(Stands::Other),
        Ok(_) => {}
    }
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // It may have been replaced since it was looked at.
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.custom_flags(flags.bits().cast_signed());
    }
    let file = options.open(path).map_err(failed)?;
    let is_plain = file.metadata().map_err(failed)?.is_file();
    Ok(if is_plain { Stands::Plain(file) } else { Stands::Other })
}

/// The bytes of a file; `None` where it is missing or no plain file.
fn read(path: &Path) -> Result<Option<Vec<u8>>, AuditError> {
    let Stands::Plain(file) = open(path)? else { return Ok(None) };
    read_all(file, path).map(Some)
}

fn read_all(mut file: File, path: &Path) -> Result<Vec<u8>, AuditError> {
    let mut bytes = Vec::new();
    match file.read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(source) => Err(AuditError::Io { path: path.to_owned(), source }),
    }
}
