//! Where the keys of a report are read again.
//!
//! In: a report, which holds none, and a source that does. Out: key values by
//! fingerprint. Whether they come from standard input or from the report's
//! scope is the source's affair.

use std::collections::HashMap;
use std::io::{self, Read};

use zeroize::Zeroizing;

use crate::report::model::Report;
use crate::secret::{Fingerprint, Fingerprinter, Secret};

/// The most that is read of keys from standard input or a key file.
const INPUT_LIMIT_BYTES: usize = 64 << 20;

/// Reads a report's keys again.
pub trait KeySource {
    /// The values that it can find; those that it cannot are simply absent.
    ///
    /// # Errors
    /// Where nothing could be read at all.
    fn keys(&self, report: &Report) -> Result<HashMap<Fingerprint, Secret>, KeySourceError>;
}

/// Why a report's keys could not be read again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeySourceError {
    /// The input failed.
    #[error("cannot read keys: {0}")]
    Input(io::Error),
    /// The report's fingerprints were made with a key that is not set now.
    #[error(
        "the report's fingerprints are keyed: set KEYSWEEP_FINGERPRINT_KEY to the value that it \
         was made with"
    )]
    FingerprintKeyMissing,
    /// A fingerprint key is set, but the report was made without one.
    #[error(
        "the report's fingerprints are not keyed: unset KEYSWEEP_FINGERPRINT_KEY and run again"
    )]
    FingerprintKeyUnexpected,
    /// The report's scope could not be read again.
    #[error("cannot read the report's scope again: {0}")]
    Scope(String),
}

/// Keys that the operator gave.
#[derive(Debug)]
pub struct GivenKeys {
    keys: Vec<Secret>,
    fingerprinter: Fingerprinter,
}

impl GivenKeys {
    /// Takes the keys and what makes their fingerprints.
    #[must_use]
    pub fn new(keys: Vec<Secret>, fingerprinter: Fingerprinter) -> Self {
        Self { keys, fingerprinter }
    }
}

impl KeySource for GivenKeys {
    fn keys(&self, report: &Report) -> Result<HashMap<Fingerprint, Secret>, KeySourceError> {
        let keyed = self.fingerprinter.fingerprint(&Secret::new(*b"")).is_keyed();
        match (report.run.keyed_fingerprints, keyed) {
            (true, false) => return Err(KeySourceError::FingerprintKeyMissing),
            (false, true) => return Err(KeySourceError::FingerprintKeyUnexpected),
            _ => {}
        }
        let named = self.keys.iter().map(|key| (self.fingerprinter.fingerprint(key), key.clone()));
        Ok(named.collect())
    }
}

/// Reads one key a line; blanks around a key and empty lines are dropped.
///
/// # Errors
/// Where the input fails or is larger than 64 MiB.
pub fn read_keys(input: impl Read) -> io::Result<Vec<Secret>> {
    let bytes = read_wiped(input)?;
    let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    Ok(lines.filter(|line| !line.is_empty()).map(Secret::new).collect())
}

/// Reads everything into memory that is wiped, without leaving copies behind
/// where a buffer grew.
///
/// # Errors
/// Where the input fails or is larger than 64 MiB.
pub fn read_wiped(mut input: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut chunk = Zeroizing::new([0_u8; 8192]);
    let mut bytes: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::with_capacity(chunk.len()));
    loop {
        let read = match input.read(&mut chunk[..]) {
            Ok(0) => return Ok(bytes),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if bytes.len() + read > INPUT_LIMIT_BYTES {
            return Err(io::Error::other("more than 64 MiB were given"));
        }
        if bytes.capacity() < bytes.len() + read {
            let mut larger = Zeroizing::new(Vec::with_capacity(2 * bytes.capacity() + read));
            larger.extend_from_slice(&bytes);
            bytes = larger;
        }
        bytes.extend_from_slice(&chunk[..read]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_one_a_line_whatever_ends_it() {
        let keys = read_keys(&b"first\r\n\n  second \nthird"[..]).expect("read");
        let texts: Vec<_> = keys.iter().map(Secret::expose).collect();
        assert_eq!(texts, [&b"first"[..], b"second", b"third"]);
        let long = vec![b'x'; 100_000];
        assert_eq!(read_keys(&long[..]).expect("read")[0].len(), 100_000);
    }
}
