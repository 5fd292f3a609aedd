//! What was done, in an order that nobody can change unnoticed.
//!
//! In: events. Out: `journal.ndjson`, one line an event, each with its number,
//! its time and the hash of the line before; and, when a run is taken up again,
//! what the lines before say. An event that [`Journal::append`] returned for is
//! on disk: a request is sent only after that. It holds fingerprints, no key.

mod entry;
mod past;
mod storage;

pub use entry::{Event, JOURNAL_SCHEMA, PlannedStep, RunIdentity};
pub use past::Past;
pub use storage::{FileStorage, MemoryStorage, Storage};

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::vendor::now;
use entry::{Entry, WrittenEntry};

/// The journal's name in its directory.
pub const JOURNAL_FILE: &str = "journal.ndjson";

/// What stands for the line before the first.
const NO_LINE: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Why a journal cannot be opened or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The file cannot be opened or read.
    #[error("cannot open the journal {path}: {cause}; nothing was sent")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// Another process works on it.
    #[error(
        "another run holds the journal {0}; wait until it ends, or choose another --out; nothing \
         was sent"
    )]
    Locked(PathBuf),
    /// A line is not what was written.
    #[error(
        "the journal {path} was altered or damaged at line {line}: {why}; nothing was sent; keep \
         the directory as it is and start again with another --out"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The first line that is wrong, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// The directory is another run's.
    #[error(
        "the journal {path} belongs to another run ({theirs}); this one is {ours}; choose another \
         --out; nothing was sent"
    )]
    OtherRun {
        /// The file.
        path: PathBuf,
        /// What the journal says.
        theirs: String,
        /// What was asked for now.
        ours: String,
    },
    /// An event could not be brought to disk.
    #[error(
        "cannot write the journal ({cause}), so no further request is sent; make room and run \
         the same command again: it takes up where the journal ends"
    )]
    Write {
        /// Why.
        cause: io::Error,
    },
}

/// An open journal, locked for this process.
#[derive(Debug)]
pub struct Journal {
    storage: Box<dyn Storage>,
    length_bytes: u64,
    next_seq: u64,
    previous: String,
    last_at: Option<Timestamp>,
    is_broken: bool,
    clock: fn() -> Timestamp,
}

impl Journal {
    /// Opens the journal in a directory, or begins one.
    ///
    /// # Errors
    /// Where it is locked, damaged or another run's.
    pub fn open(directory: &Path, run: &RunIdentity) -> Result<(Self, Past), JournalError> {
        let path = directory.join(JOURNAL_FILE);
        let storage = FileStorage::open(&path)?;
        Self::open_on(Box::new(storage), &path, run, now)
    }

    /// Begins a journal that is kept nowhere, for runs that change nothing.
    ///
    /// # Errors
    /// Does not fail in memory.
    pub fn ephemeral(run: &RunIdentity) -> Result<(Self, Past), JournalError> {
        Self::open_on(Box::new(MemoryStorage::default()), Path::new(JOURNAL_FILE), run, now)
    }

    /// Says what the journal in a directory holds and writes nothing: for what
    /// must be known before a run begins.
    ///
    /// # Errors
    /// As for [`Journal::open`].
    pub fn look(directory: &Path, run: &RunIdentity) -> Result<Past, JournalError> {
        let path = directory.join(JOURNAL_FILE);
        if path.symlink_metadata().is_err() {
            return Ok(Past::default());
        }
        let storage = FileStorage::open(&path)?;
        Ok(Self::read_on(Box::new(storage), &path, run, now)?.1)
    }

    /// Opens the journal that a storage holds; `path` only names it in errors.
    ///
    /// # Errors
    /// As for [`Journal::open`].
    pub fn open_on(
        storage: Box<dyn Storage>,
        path: &Path,
        run: &RunIdentity,
        clock: fn() -> Timestamp,
    ) -> Result<(Self, Past), JournalError> {
        let (mut journal, mut past, torn) = Self::read_on(storage, path, run, clock)?;
        if !torn.is_empty() {
            let whole = journal.length_bytes;
            journal.storage.truncate(whole).map_err(|cause| JournalError::Write { cause })?;
        }
        let begun = past.run().is_some();
        let mut events = Vec::new();
        if !begun {
            events.push(Event::opened(run.clone()));
        }
        if !torn.is_empty() {
            events.push(Event::Recovered {
                dropped_bytes: torn.len() as u64,
                dropped_sha256: sha256_hex(&torn),
            });
            past.torn_bytes = torn.len() as u64;
        }
        if begun {
            events.push(Event::Resumed { entries: journal.next_seq });
        }
        journal.append(&events)?;
        Ok((journal, past))
    }

    /// Reads what a storage holds: the journal after its last whole line, what
    /// the lines say, and the torn rest.
    fn read_on(
        mut storage: Box<dyn Storage>,
        path: &Path,
        run: &RunIdentity,
        clock: fn() -> Timestamp,
    ) -> Result<(Self, Past, Vec<u8>), JournalError> {
        let bytes =
            storage.read().map_err(|cause| JournalError::Open { path: path.to_owned(), cause })?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let torn = &bytes[whole..];
        let mut past = Past::default();
        let mut journal = Self {
            storage,
            length_bytes: whole as u64,
            next_seq: 0,
            previous: NO_LINE.to_owned(),
            last_at: None,
            is_broken: false,
            clock,
        };
        journal.replay(&bytes[..whole], path, &mut past)?;
        match past.run() {
            Some(theirs) if theirs != run => {
                return Err(JournalError::OtherRun {
                    path: path.to_owned(),
                    theirs: theirs.to_string(),
                    ours: run.to_string(),
                });
            }
            _ => {}
        }
        Ok((journal, past, torn.to_vec()))
    }

    /// Brings events to disk, in this order, and returns the last one's number.
    ///
    /// # Errors
    /// Where not all of them are on disk for certain; what was half written is
    /// taken back.
    pub fn append(&mut self, events: &[Event]) -> Result<u64, JournalError> {
        if self.is_broken {
            let cause = io::Error::other("an earlier entry could not be written");
            return Err(JournalError::Write { cause });
        }
        let mut lines = Vec::new();
        let (mut seq, mut previous, mut last_at) =
            (self.next_seq, self.previous.clone(), self.last_at);
        for event in events {
            let at = (self.clock)();
            let clock_went_back_ms = last_at.and_then(|last: Timestamp| {
                u64::try_from(last.duration_since(at).as_millis()).ok().filter(|ms| *ms > 0)
            });
            let entry = Entry { seq, at, previous: &previous, clock_went_back_ms, event };
            let line = serde_json::to_vec(&entry)
                .map_err(|error| JournalError::Write { cause: error.into() })?;
            previous = sha256_hex(&line);
            lines.extend_from_slice(&line);
            lines.push(b'\n');
            seq += 1;
            last_at = Some(at);
        }
        let written = self.storage.write(&lines).and_then(|()| self.storage.sync());
        if let Err(cause) = written {
            // Half a line would be recovered later; it is better gone now. That
            // this fails too changes nothing but the next run's notice.
            self.is_broken = true;
            let _ = self.storage.truncate(self.length_bytes);
            return Err(JournalError::Write { cause });
        }
        self.length_bytes += lines.len() as u64;
        self.next_seq = seq;
        self.previous = previous;
        self.last_at = last_at;
        Ok(seq.saturating_sub(1))
    }

    /// The last line's hash: what the audit's manifest is chained to.
    #[must_use]
    pub fn head(&self) -> &str {
        &self.previous
    }

    /// How many entries there are.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.next_seq
    }

    fn replay(&mut self, bytes: &[u8], path: &Path, past: &mut Past) -> Result<(), JournalError> {
        let lines = bytes.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty());
        let mut read_bytes = 0;
        for (index, line) in lines.enumerate() {
            let damaged =
                |why: String| JournalError::Damaged { path: path.to_owned(), line: index + 1, why };
            let entry: WrittenEntry = serde_json::from_slice(line)
                .map_err(|error| damaged(format!("it is no entry: {}", shown_error(&error))))?;
            if entry.seq != self.next_seq {
                return Err(damaged(format!("its number is {}, not {}", entry.seq, self.next_seq)));
            }
            if entry.previous != self.previous {
                return Err(damaged("it does not follow from the line before".to_owned()));
            }
            if (index == 0) != matches!(entry.event, Event::Opened { .. }) {
                return Err(damaged("a journal begins with its opening, once".to_owned()));
            }
            past.take(entry.seq, entry.at, entry.event).map_err(damaged)?;
            self.next_seq += 1;
            self.previous = sha256_hex(line);
            self.last_at = Some(entry.at);
            read_bytes += line.len() + 1;
        }
        if read_bytes == bytes.len() {
            return Ok(());
        }
        let line = usize::try_from(self.next_seq).unwrap_or(usize::MAX).saturating_add(1);
        Err(JournalError::Damaged { path: path.to_owned(), line, why: "it is empty".to_owned() })
    }
}

fn shown_error(error: &serde_json::Error) -> String {
    crate::vendor::shown(&error.to_string())
}

fn sha256_hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}
