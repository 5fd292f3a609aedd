//! Opens files that hold others: zip, tar, gzip, bzip2, xz, zstd, nested; the
//! streams of PDF files, the rows of SQLite databases.
//!
//! In: bytes that can be read and sought. Out: each inner content as a stream,
//! with the names on the way to it, and a skip for everything inside that was
//! not read. A container is known by its magic, never by its name. Nothing is
//! written to disk, no name from inside is used for anything but to be shown,
//! links are never followed, and nothing is allocated by a declared size.
//!
//! An image that `docker save` wrote and an OCI layout are tar files whose
//! layers are tar files again, so each layer is read under its own name.
//! Budgets hold for the outermost container and everything in it together:
//! what they stop is named once, with the budget.

mod meter;
mod packed;
mod pages;
mod rows;
mod tape;
mod zipped;

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::time::Duration;

use crate::finding::SkipKind;
use meter::Meter;

/// How many bytes of a content's start tell what it is.
const MAGIC_BYTES: usize = 512;
/// The largest PDF file or SQLite database, and the largest zip file inside another container, in
/// bytes: what they hold is found from their ends, so they are held in memory
/// whole.
const LARGEST_HELD_BYTES: u64 = 64 << 20;

/// How much one outermost container may cost.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Containers inside each other.
    pub depth: usize,
    /// Bytes that all layers expand to together.
    pub expanded_bytes: u64,
    /// How many times its own size it may expand to, past
    /// [`Budget::ratio_from_bytes`].
    pub ratio: u64,
    /// The expanded size from which the ratio counts.
    pub ratio_from_bytes: u64,
    /// Files inside.
    pub entries: u64,
    /// The time that the smallest container may take.
    pub time: Duration,
    /// The bytes of a container that earn it one second more.
    pub bytes_a_second: u64,
}

impl Default for Budget {
    /// Text seldom shrinks below a fiftieth; a bomb is caught by its ratio
    /// within a fraction of a second, and by the time in any case.
    fn default() -> Self {
        Self {
            depth: 12,
            expanded_bytes: 64 << 30,
            ratio: 100,
            ratio_from_bytes: 64 << 20,
            entries: 1_000_000,
            time: Duration::from_secs(2),
            bytes_a_second: 4 << 20,
        }
    }
}

/// Takes what a container holds.
pub trait Visitor {
    /// An inner content: the names that lead to it from the outside in (raw
    /// bytes, hostile; an empty one is the only content of a compressed file)
    /// and its bytes, to be read to their end.
    ///
    /// # Errors
    /// The stream's own, which tell what is damaged or stopped.
    fn inner(&mut self, path: &[Vec<u8>], content: &mut dyn Read) -> io::Result<()>;

    /// Something inside that was not read.
    fn skip(&mut self, path: &[Vec<u8>], kind: SkipKind, reason: String);

    /// Whether to stop.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// What can be read and sought.
pub trait ReadSeek: Read + Seek {}
impl<T: Read + Seek + ?Sized> ReadSeek for T {}

/// What became of a content that was tried as a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// It is none that is opened here; its bytes are its content.
    No,
    /// Everything in it was given or named.
    Whole,
    /// What could be read was given and the rest was named, but its own bytes
    /// may show more.
    Partly,
}

/// A kind of container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Zip,
    Tar,
    Gzip,
    Bzip2,
    Xz,
    Zstd,
    Pdf,
    Sqlite,
}

impl Kind {
    fn of(head: &[u8]) -> Option<Self> {
        const HEADS: [(&[u8], Kind); 9] = [
            (b"PK\x03\x04", Kind::Zip),
            (b"PK\x05\x06", Kind::Zip),
            (b"PK\x07\x08", Kind::Zip),
            (b"\x1f\x8b\x08", Kind::Gzip),
            (b"BZh", Kind::Bzip2),
            (b"\xfd7zXZ\0", Kind::Xz),
            (b"\x28\xb5\x2f\xfd", Kind::Zstd),
            (b"%PDF-", Kind::Pdf),
            (b"SQLite format 3\0", Kind::Sqlite),
        ];
        HEADS
            .iter()
            .find(|(signature, _)| head.starts_with(signature))
            .map(|(_, kind)| *kind)
            .or_else(|| {
                head.get(257..).is_some_and(|rest| rest.starts_with(b"ustar")).then_some(Self::Tar)
            })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Zip => "zip",
            Self::Tar => "tar",
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
            Self::Pdf => "PDF",
            Self::Sqlite => "SQLite",
        }
    }
}

/// Whether contents that begin so are opened here.
#[must_use]
pub fn is_opened(head: &[u8]) -> bool {
    Kind::of(head).is_some()
}

/// Opens a content and gives everything in it to the visitor.
///
/// # Errors
/// Where the source itself cannot be read.
pub fn open(
    source: &mut dyn ReadSeek,
    budget: &Budget,
    visitor: &mut dyn Visitor,
) -> io::Result<Opened> {
    let size_bytes = source.seek(SeekFrom::End(0))?;
    source.seek(SeekFrom::Start(0))?;
    let mut head = Vec::new();
    (&mut *source).take(MAGIC_BYTES as u64).read_to_end(&mut head)?;
    let tail_at = size_bytes.saturating_sub(crate::rule::TAIL_BYTES as u64);
    let mut tail = Vec::new();
    source.seek(SeekFrom::Start(tail_at))?;
    (&mut *source).take(crate::rule::TAIL_BYTES as u64).read_to_end(&mut tail)?;
    source.seek(SeekFrom::Start(0))?;
    let ends_as_zip = tail.windows(4).any(|window| window == b"PK\x05\x06");
    let Some(kind) = Kind::of(&head).or(ends_as_zip.then_some(Kind::Zip)) else {
        return Ok(Opened::No);
    };
    let meter = Meter::new(budget, size_bytes);
    let mut opening = Opening { visitor, meter: &meter, path: Vec::new() };
    let ended = match kind {
        Kind::Zip => opening.zip(source, 0),
        Kind::Pdf => {
            // What it shows uncompressed is read as it is.
            if let Some(held) = opening.held(Kind::Pdf, &mut *source) {
                let _ = opening.pdf(&held, 0);
            }
            return Ok(Opened::Partly);
        }
        Kind::Sqlite => {
            // What lies free in its pages is read as it is.
            if let Some(held) = opening.held(Kind::Sqlite, &mut *source) {
                let _ = opening.database(&held);
            }
            return Ok(Opened::Partly);
        }
        kind => opening.unpack(kind, source, 0),
    };
    Ok(match ended {
        Err(Halt) if meter.stopped().is_none() => Opened::Partly,
        _ => Opened::Whole,
    })
}

/// Nothing more can be read here; the visitor was told why.
struct Halt;

/// One outermost container being read.
struct Opening<'a> {
    visitor: &'a mut dyn Visitor,
    meter: &'a Meter,
    /// The names on the way to where reading is.
    path: Vec<Vec<u8>>,
}

impl Opening<'_> {
    /// Reads whatever a stream is; `is_body` says that it is the only content
    /// of a compressed file, which has no name of its own.
    fn stream(&mut self, reader: &mut dyn Read, depth: usize, is_body: bool) -> Result<(), Halt> {
        let mut head = Vec::new();
        let read = (&mut *reader).take(MAGIC_BYTES as u64).read_to_end(&mut head);
        if let Err(error) = read {
            return Err(self.damage(&error));
        }
        let kind = Kind::of(&head);
        let mut whole = Cursor::new(head).chain(reader);
        match kind {
            None => self.deliver(&mut whole, is_body),
            Some(kind) if depth >= self.meter.budget.depth => {
                let reason = format!(
                    "a {} file inside {depth} other containers: over the budget for depth",
                    kind.name()
                );
                self.skip(SkipKind::OverBudget, reason);
                Ok(())
            }
            Some(Kind::Zip) => match self.held(Kind::Zip, &mut whole) {
                Some(file) => self.zip(&mut Cursor::new(&file[..]), depth),
                None => Ok(()),
            },
            Some(Kind::Pdf) => match self.held(Kind::Pdf, &mut whole) {
                Some(file) => {
                    self.deliver(&mut &file[..], is_body)?;
                    self.pdf(&file, depth)
                }
                None => Ok(()),
            },
            Some(Kind::Sqlite) => match self.held(Kind::Sqlite, &mut whole) {
                Some(file) => {
                    self.deliver(&mut &file[..], is_body)?;
                    self.database(&file)
                }
                None => Ok(()),
            },
            Some(kind) => self.unpack(kind, &mut whole, depth),
        }
    }

    /// The whole of a stream whose kind needs it; `None` where it is too large,
    /// which is named. What a damaged stream gives before the damage counts.
    fn held(&mut self, kind: Kind, reader: &mut dyn Read) -> Option<Vec<u8>> {
        let mut held = Vec::new();
        let read = reader.take(LARGEST_HELD_BYTES + 1).read_to_end(&mut held);
        if held.len() as u64 > LARGEST_HELD_BYTES {
            let reason = format!(
                "a {} file larger than {} MiB: over the budget for what is held in memory",
                kind.name(),
                LARGEST_HELD_BYTES >> 20
            );
            self.skip(SkipKind::OverBudget, reason);
            return None;
        }
        if let Err(error) = read {
            let Halt = self.damage(&error);
        }
        Some(held)
    }

    /// Reads a stream of a kind that needs no seeking.
    fn unpack(&mut self, kind: Kind, reader: &mut dyn Read, depth: usize) -> Result<(), Halt> {
        if kind == Kind::Tar {
            return self.tar(reader, depth);
        }
        match packed::decoder(kind, reader) {
            Ok(decoder) => {
                let mut metered = self.meter.read(decoder);
                self.stream(&mut metered, depth + 1, true)
            }
            Err(error) => Err(self.damage(&error)),
        }
    }

    fn deliver(&mut self, content: &mut dyn Read, is_body: bool) -> Result<(), Halt> {
        if is_body {
            self.path.push(Vec::new());
        }
        let ended = if self.visitor.is_cancelled() {
            Err(Halt)
        } else {
            let read = self.visitor.inner(&self.path, content);
            read.map_err(|error| self.damage(&error))
        };
        if is_body {
            self.path.pop();
        }
        ended
    }

    /// Names what a failed read means.
    fn damage(&mut self, error: &io::Error) -> Halt {
        match self.meter.stopped() {
            None => {
                let kind = match error.kind() {
                    io::ErrorKind::OutOfMemory => SkipKind::OverBudget,
                    io::ErrorKind::Unsupported => SkipKind::Unsupported,
                    _ => SkipKind::Corrupt,
                };
                self.skip(kind, format!("cannot be unpacked further: {error}"));
            }
            Some(reason) => {
                if self.meter.is_first_report() {
                    self.skip(SkipKind::OverBudget, reason);
                }
            }
        }
        Halt
    }

    /// Counts an entry; says whether to go on.
    fn enter(&mut self) -> Result<(), Halt> {
        match self.meter.enter() {
            Ok(()) if self.visitor.is_cancelled() => Err(Halt),
            Ok(()) => Ok(()),
            Err(error) => Err(self.damage(&error)),
        }
    }

    fn skip(&mut self, kind: SkipKind, reason: String) {
        self.visitor.skip(&self.path, kind, reason);
    }
}
