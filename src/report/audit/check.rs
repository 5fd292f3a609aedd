//! Checks an audit directory.
//!
//! In: a directory and the keys that whoever checks trusts. Out: every file
//! that is not what was sealed, by name, and who vouches for the rest.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use super::chain::Chain;
use super::manifest::Manifest;
use super::seal::sum;
use super::signature::{self, TrustedKeys};
use super::{
    AuditError, JOURNAL_FILE, MANIFEST_FILE, SIGNATURE_FILE, Stands, files, open, read, read_all,
};
use crate::report::inert::visible;

/// One way in which an audit is not what was sealed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Problem {
    /// The manifest itself is not as it is written.
    Manifest {
        /// The first wrong line, from 1.
        line: u64,
        /// What was expected there.
        expected: &'static str,
    },
    /// The manifest or its signature is a link, a directory, a FIFO or a device.
    NotAFile(&'static str),
    /// A file is not the one that was sealed.
    Changed(String),
    /// A sealed file is gone.
    Removed(String),
    /// A file was not there when the audit was sealed.
    Added(String),
    /// The journal is not an unbroken chain up to the sealed head.
    Journal {
        /// The first wrong line, from 1.
        line: u64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The signature does not fit.
    Signature(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest { line, expected } => {
                write!(f, "{MANIFEST_FILE}: changed: line {line} is not {expected}")
            }
            Self::NotAFile(name) => {
                write!(f, "{name}: changed: not a plain file, so nothing of it was read")
            }
            Self::Changed(name) => write!(
                f,
                "{}: changed: it is not what {MANIFEST_FILE} was written for",
                visible(name)
            ),
            Self::Removed(name) => {
                write!(f, "{}: removed, though {MANIFEST_FILE} names it", visible(name))
            }
            Self::Added(name) => {
                write!(f, "{}: added; {MANIFEST_FILE} does not name it", visible(name))
            }
            Self::Journal { line, why } => write!(f, "{JOURNAL_FILE}: changed: line {line}: {why}"),
            Self::Signature(why) => write!(f, "{SIGNATURE_FILE}: {why}"),
        }
    }
}

/// Who vouches for an audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authenticity {
    /// Nobody: it is consistent, and anybody could have made it anew.
    Unsigned,
    /// A key that nobody here says is trusted.
    SignedBySomebody {
        /// Its fingerprint, `SHA256:…`.
        fingerprint: String,
    },
    /// A key that whoever checks trusts.
    Trusted {
        /// Its fingerprint, `SHA256:…`.
        fingerprint: String,
    },
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Everything that is not as it was sealed; empty for an intact audit.
    pub problems: Vec<Problem>,
    /// Who vouches for it; of no worth beside a problem.
    pub authenticity: Authenticity,
    /// How many files the manifest names.
    pub files: usize,
    /// How many lines the journal has.
    pub journal_lines: u64,
}

impl Check {
    /// Whether every byte is what was sealed.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Checks every byte of an audit directory. With `trusted`, a signature of one
/// of those keys is demanded.
///
/// # Errors
///
/// [`AuditError::NoAudit`] where there is nothing to check, and
/// [`AuditError::Io`] where something cannot be read: neither says "altered".
pub fn check(directory: &Path, trusted: Option<&TrustedKeys>) -> Result<Check, AuditError> {
    let text = manifest_bytes(directory)?;
    let mut found = Check {
        problems: Vec::new(),
        authenticity: Authenticity::Unsigned,
        files: 0,
        journal_lines: 0,
    };
    let Some(text) = text else {
        found.problems.push(Problem::NotAFile(MANIFEST_FILE));
        return Ok(found);
    };
    let manifest = match Manifest::parse(&text) {
        Ok(manifest) => manifest,
        Err(bad) => {
            found.problems.push(Problem::Manifest { line: bad.line, expected: bad.why });
            return Ok(found);
        }
    };
    found.files = manifest.sums.len();
    check_files(directory, &manifest, &mut found)?;
    check_journal(directory, &manifest, &mut found)?;
    let path = directory.join(SIGNATURE_FILE);
    let signature = match open(&path)? {
        Stands::Nothing => None,
        Stands::Plain(file) => Some(read_all(file, &path)?),
        Stands::Other => {
            found.problems.push(Problem::NotAFile(SIGNATURE_FILE));
            found.problems.sort();
            return Ok(found);
        }
    };
    check_signature(&manifest, &text, signature.as_deref(), trusted, &mut found);
    found.problems.sort();
    Ok(found)
}

/// The manifest's bytes; `None` where what has its name is no plain file.
fn manifest_bytes(directory: &Path) -> Result<Option<Vec<u8>>, AuditError> {
    let none = |why| AuditError::NoAudit { path: directory.to_owned(), why };
    if !directory.exists() {
        return Err(none("there is no such directory"));
    }
    if !directory.is_dir() {
        return Err(none("it is no directory; name the one that `--out` named"));
    }
    let path = directory.join(MANIFEST_FILE);
    match open(&path)? {
        Stands::Plain(file) => return read_all(file, &path).map(Some),
        Stands::Other => return Ok(None),
        Stands::Nothing => {}
    }
    let holds = |name| directory.join(name).symlink_metadata().is_ok();
    Err(none(if holds(SIGNATURE_FILE) {
        "its MANIFEST is gone, and only the signature over it is there"
    } else if holds(JOURNAL_FILE) {
        "it holds a journal and no MANIFEST: the run did not end; run the same command again"
    } else {
        "it holds no MANIFEST"
    }))
}

fn check_files(directory: &Path, manifest: &Manifest, found: &mut Check) -> Result<(), AuditError> {
    let mut there = BTreeSet::new();
    for entry in files(directory)? {
        match manifest.sums.get(&entry.name) {
            None => found.problems.push(Problem::Added(entry.name)),
            Some(_) if !entry.is_plain => {
                there.insert(entry.name.clone());
                found.problems.push(Problem::Changed(entry.name));
            }
            Some(expected) => {
                if sum(&directory.join(&entry.name))? != *expected {
                    found.problems.push(Problem::Changed(entry.name.clone()));
                }
                there.insert(entry.name);
            }
        }
    }
    let removed = manifest.sums.keys().filter(|name| !there.contains(*name));
    found.problems.extend(removed.cloned().map(Problem::Removed));
    Ok(())
}

fn check_journal(
    directory: &Path,
    manifest: &Manifest,
    found: &mut Check,
) -> Result<(), AuditError> {
    // Where it is gone, added or no plain file, that is said already.
    let (Some(bytes), Some(sealed)) = (read(&directory.join(JOURNAL_FILE))?, &manifest.journal)
    else {
        return Ok(());
    };
    match Chain::follow(&bytes) {
        Err(broken) => {
            found.problems.push(Problem::Journal { line: broken.line, why: broken.why });
        }
        Ok(chain) if chain == *sealed => found.journal_lines = chain.lines,
        Ok(chain) => found.problems.push(Problem::Journal {
            line: chain.lines.min(sealed.lines).max(1),
            why: "the chain does not end in the line that MANIFEST names",
        }),
    }
    Ok(())
}

fn check_signature(
    manifest: &Manifest,
    text: &[u8],
    signature: Option<&[u8]>,
    trusted: Option<&TrustedKeys>,
    found: &mut Check,
) {
    let mut problem = |why: String| found.problems.push(Problem::Signature(why));
    let signer = match (&manifest.signer, signature) {
        (None, None) => {
            if trusted.is_some() {
                problem("missing: nobody signed this audit".to_owned());
            }
            return;
        }
        (Some(_), None) => return problem("removed; MANIFEST says who signed".to_owned()),
        (None, Some(_)) => return problem("added; MANIFEST says that nobody signed".to_owned()),
        (Some(signer), Some(bytes)) => match signature::verify(text, bytes) {
            Err(why) => return problem(why),
            Ok(key) if key.fingerprint != *signer => {
                return problem(format!(
                    "made by {}, but MANIFEST names {}",
                    key.fingerprint,
                    visible(signer)
                ));
            }
            Ok(key) => key,
        },
    };
    match trusted {
        None => {
            let fingerprint = signer.fingerprint;
            found.authenticity = Authenticity::SignedBySomebody { fingerprint };
        }
        Some(trusted) if trusted.holds(&signer.key) => {
            found.authenticity = Authenticity::Trusted { fingerprint: signer.fingerprint };
        }
        Some(_) => problem(format!("made by {}, which is not a trusted key", signer.fingerprint)),
    }
}
