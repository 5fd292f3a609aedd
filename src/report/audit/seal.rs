//! Seals an audit directory.
//!
//! In: a directory that nobody writes to any more, and perhaps a signer. Out:
//! its manifest and signature. Sealing again, after a run was resumed, replaces
//! both.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::chain::Chain;
use super::manifest::Manifest;
use super::{
    AuditError, JOURNAL_FILE, MANIFEST_FILE, SIGNATURE_FILE, Signer, Stands, files, open, read,
};
use crate::report::write_atomically;

/// What was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// How many files the manifest names.
    pub files: usize,
    /// The manifest's own SHA-256, in hexadecimal: whoever keeps it elsewhere
    /// can tell even an unsigned audit from one made anew.
    pub manifest_sha256: String,
    /// The fingerprint of the key that signed, `SHA256:…`.
    pub signer: Option<String>,
}

/// Writes `MANIFEST` over every file in `directory` and, with a signer,
/// `MANIFEST.sig`; on Unix closes the directory and its files to everybody but
/// their owner.
///
/// # Errors
///
/// Where the directory cannot be read or written, holds anything but plain
/// files, where its journal's chain is broken, or where it cannot be signed.
/// Whatever the error, no signature is left that does not fit.
pub fn seal(directory: &Path, signer: Option<&Signer>) -> Result<Seal, AuditError> {
    let entries = files(directory)?;
    close(directory, 0o700)?;
    let mut sums = BTreeMap::new();
    for entry in entries {
        let path = directory.join(&entry.name);
        if !entry.is_plain {
            return Err(AuditError::NotAFile { path });
        }
        close(&path, 0o600)?;
        sums.insert(entry.name, sum(&path)?);
    }
    let journal_path = directory.join(JOURNAL_FILE);
    let journal = match read(&journal_path)? {
        None => None,
        Some(bytes) => Some(Chain::follow(&bytes).map_err(|broken| AuditError::Journal {
            path: journal_path,
            line: broken.line,
            why: broken.why,
        })?),
    };
    let manifest = Manifest { journal, signer: signer.map(Signer::fingerprint), sums };
    let text = manifest.render();
    // Signed before anything is written: a key that is declined or missing
    // leaves the directory as it was.
    let signature = signer.map(|signer| signer.sign(text.as_bytes())).transpose()?;
    let signature_path = directory.join(SIGNATURE_FILE);
    match fs::remove_file(&signature_path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(AuditError::Io { path: signature_path, source: error });
        }
        _ => {}
    }
    write_atomically(&directory.join(MANIFEST_FILE), |out| out.write_all(text.as_bytes()))?;
    if let Some(signature) = signature {
        write_atomically(&signature_path, |out| out.write_all(signature.as_bytes()))?;
    }
    Ok(Seal {
        files: manifest.sums.len(),
        manifest_sha256: super::chain::hex(text.as_bytes()),
        signer: manifest.signer,
    })
}

/// The SHA-256 of a file, in hexadecimal.
pub(super) fn sum(path: &Path) -> Result<String, AuditError> {
    let failed = |source| AuditError::Io { path: path.to_owned(), source };
    let Stands::Plain(mut file) = open(path)? else {
        return Err(AuditError::NotAFile { path: path.to_owned() });
    };
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => return Ok(data_encoding::HEXLOWER.encode(&digest.finalize())),
            length => digest.update(&buffer[..length]),
        }
    }
}

#[cfg(unix)]
fn close(path: &Path, mode: u32) -> Result<(), AuditError> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .map_err(|source| AuditError::Io { path: path.to_owned(), source })
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "it can fail where there are modes")]
fn close(_: &Path, _: u32) -> Result<(), AuditError> {
    Ok(())
}
