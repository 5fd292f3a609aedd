//! The journal's chain: each line holds the digest of the line before.
//!
//! In: the journal's bytes. Out: how many lines it has and the digest of the
//! last, or the first line that breaks the chain. Knows no event.

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::super::exposure::time;

/// What stands for the line before the first.
pub(super) const NO_LINE: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A journal whose chain holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chain {
    /// How many lines it has.
    pub(super) lines: u64,
    /// The SHA-256 of the last line without its newline, in hexadecimal.
    pub(super) head: String,
}

/// The first line that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Break {
    /// The line, from 1.
    pub(super) line: u64,
    /// What is wrong with it.
    pub(super) why: &'static str,
}

#[derive(Deserialize)]
struct Link {
    seq: u64,
    at: String,
    #[serde(rename = "event")]
    _event: String,
    previous: String,
}

impl Chain {
    /// Follows the chain from the first line to the last.
    pub(super) fn follow(journal: &[u8]) -> Result<Self, Break> {
        let mut chain = Self { lines: 0, head: NO_LINE.to_owned() };
        for line in journal.split_inclusive(|byte| *byte == b'\n') {
            let broken = |why| Break { line: chain.lines + 1, why };
            let Some(line) = line.strip_suffix(b"\n") else {
                return Err(broken("it ends in the middle of a line"));
            };
            let entry: Link =
                serde_json::from_slice(line).map_err(|_| broken("it is no journal entry"))?;
            if entry.seq != chain.lines {
                return Err(broken("its number is not the next"));
            }
            if entry.previous != chain.head {
                return Err(broken("it does not follow from the line before it"));
            }
            if time(&entry.at).is_none() {
                return Err(broken("it has no time"));
            }
            chain.lines += 1;
            chain.head = hex(line);
        }
        Ok(chain)
    }
}

/// The SHA-256 of some bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}
