//! One file of a tree, from its name to the sink.
//!
//! In: an open file. Out: its pieces, its bytes counted, and a skip where it
//! could not be read as it was when it was opened.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::sync::Arc;

use super::open::{EntryKind, Opened, PlainFile};
use super::{OwnOutput, Worktree};
use crate::decode::container::Opened as Unpacked;
use crate::finding::{Origin, Skip, SkipKind, SourceKind, Tally};
use crate::rule::{HEAD_BYTES, TAIL_BYTES, marks_container};
use crate::source::history::lfs_pointer;
use crate::source::pieces::{self, Ends, Stream};
use crate::source::{Sink, container};

/// The bytes of a hole that make it worth asking the system where it ends.
const HOLE_BYTES: u64 = 1 << 20;

/// How far a file is followed past the size that it had when that was reached.
const GROWTH_BYTES: u64 = 64 << 20;

/// Reads what was opened under `name` and gives it to the sink.
pub(super) fn read(
    worktree: &Worktree<'_>,
    name: &dyn Fn() -> String,
    opened: io::Result<Opened>,
    sink: &dyn Sink,
) {
    let skip = |kind, reason: String| sink.skip(Skip { origin: name(), kind, reason });
    let plain = match opened {
        Ok(Opened::Plain(plain)) => plain,
        Ok(Opened::Other(EntryKind::Special(what))) => {
            return skip(SkipKind::Special, format!("a {what}, which is never read"));
        }
        Ok(Opened::Other(_)) => {
            return skip(SkipKind::Changed, "no longer a file when it was opened".to_owned());
        }
        Err(error) => {
            let (kind, reason) = why_unread(&error);
            return skip(kind, reason);
        }
    };
    if let Some(OwnOutput { what, .. }) =
        worktree.own_outputs.iter().find(|output| Some(output.id) == plain.id)
    {
        return skip(SkipKind::Excluded, format!("{what} of this run is written to it"));
    }
    let mut stream = FileStream::new(plain);
    let origin = || {
        Arc::new(Origin {
            source: SourceKind::Worktree,
            root: Arc::clone(&worktree.name.given),
            path: Some(Arc::from(name())),
            object: None,
        })
    };
    let (mut bytes, mut ended) = pieces::deliver(&mut stream, worktree.prefilter, &origin, sink);
    if stream.container == Container::Marked {
        match container::sweep(&mut stream.file, &origin(), worktree.prefilter, sink) {
            Ok(Unpacked::Whole) => {
                return sink.count(Tally { files: 1, ..Tally::default() });
            }
            Ok(Unpacked::No | Unpacked::Partly) => {
                stream.rewind();
                (bytes, ended) = pieces::deliver(&mut stream, worktree.prefilter, &origin, sink);
            }
            Err(error) => ended = Err(error),
        }
    }
    sink.count(Tally { files: 1, bytes, ..Tally::default() });
    if let Some(pointer) = &stream.pointer
        && !(worktree.has_lfs_object)(pointer)
    {
        let reason = format!("a pointer to the large file {pointer}, not stored here");
        skip(SkipKind::Lfs, reason);
    }
    match ended {
        Err(error) => {
            skip(SkipKind::Unreadable, format!("the read failed after {bytes} bytes: {error}"));
        }
        Ok(()) if sink.is_cancelled() => {}
        Ok(()) if bytes < stream.size_bytes => skip(
            SkipKind::Changed,
            format!("shrank from {} to {bytes} bytes while it was read", stream.size_bytes),
        ),
        Ok(()) if stream.outgrew_us => skip(
            SkipKind::Changed,
            format!("still growing when it was read; the first {bytes} bytes were read"),
        ),
        Ok(()) => {}
    }
}

/// What an error says of a file or directory that the tree lists.
pub(super) fn why_unread(error: &io::Error) -> (SkipKind, String) {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            (SkipKind::Missing, "gone when it was opened".to_owned())
        }
        io::ErrorKind::PermissionDenied => (SkipKind::Unreadable, "permission denied".to_owned()),
        #[cfg(unix)]
        _ if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            (SkipKind::Changed, "became a link while the tree was walked".to_owned())
        }
        #[cfg(unix)]
        _ if error.raw_os_error() == Some(rustix::io::Errno::NAMETOOLONG.raw_os_error()) => (
            SkipKind::Unreadable,
            "its path is longer than the system takes; scan a directory nearer to it".to_owned(),
        ),
        _ => (SkipKind::Unreadable, error.to_string()),
    }
}

/// A plain file that may change while it is read.
struct FileStream {
    file: File,
    /// Its size when it was opened, then when that size was first reached.
    limit_bytes: u64,
    size_bytes: u64,
    read_bytes: u64,
    is_sparse: bool,
    has_grown: bool,
    /// Whether it grew again after it was looked at anew: a file that another
    /// process writes faster than we read has no end.
    outgrew_us: bool,
    container: Container,
    /// The large file that it stands for.
    pointer: Option<String>,
}

/// What is known of a file that may be a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Container {
    /// Its ends have not been seen.
    Unseen,
    /// They are those of one.
    Marked,
    /// It was opened; what is read now is its own bytes.
    Opened,
}

impl FileStream {
    fn new(plain: PlainFile) -> Self {
        Self {
            file: plain.file,
            limit_bytes: plain.size_bytes,
            size_bytes: plain.size_bytes,
            read_bytes: 0,
            is_sparse: plain.is_sparse,
            has_grown: false,
            outgrew_us: false,
            container: Container::Unseen,
            pointer: None,
        }
    }

    /// Goes back to the begin, to read the bytes of a container as they are.
    /// A file that cannot go back gives no bytes, which reads as one that
    /// shrank.
    fn rewind(&mut self) {
        self.container = Container::Opened;
        self.has_grown = false;
        self.read_bytes = 0;
        if self.file.rewind().is_err() {
            self.limit_bytes = 0;
        }
    }

    /// Looks at the size anew, once, when bytes come past the first size;
    /// answers whether to go on. Files of `/proc` say 0 and hold more.
    fn follow_growth(&mut self) -> bool {
        if self.has_grown {
            self.outgrew_us = true;
            return false;
        }
        self.has_grown = true;
        let now = self.file.metadata().map_or(0, |metadata| metadata.len());
        self.limit_bytes = now.max(self.read_bytes) + GROWTH_BYTES;
        true
    }
}

impl Stream for FileStream {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.read_bytes > self.limit_bytes && !self.follow_growth() {
            return Ok(0);
        }
        let count = loop {
            match self.file.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => break done?,
            }
        };
        self.read_bytes += count as u64;
        Ok(count)
    }

    fn is_container(&mut self, read: &[u8], ends: Ends) -> bool {
        if ends.first && ends.last {
            self.pointer = lfs_pointer(read);
        }
        let head = if ends.first { &read[..read.len().min(HEAD_BYTES)] } else { &[] };
        let tail = if ends.last { &read[read.len().saturating_sub(TAIL_BYTES)..] } else { &[] };
        if self.container == Container::Unseen && marks_container(head, tail) {
            self.container = Container::Marked;
        }
        // Pieces before the last have been given as they are by then.
        self.container == Container::Marked && ends.first
    }

    fn is_at_end(&self, last: usize, asked: usize) -> bool {
        // A plain file answers fewer bytes than asked only at its end; some
        // network file systems do so elsewhere too, but never at its size.
        last < asked && self.read_bytes == self.size_bytes && last > 0
    }

    fn pass_hole(&mut self) -> u64 {
        if !self.is_sparse {
            return 0;
        }
        next_bytes(&mut self.file, &mut self.read_bytes, self.size_bytes)
    }
}

/// Moves to where bytes are stored next; answers how far that was.
#[cfg(any(target_os = "linux", target_os = "macos", target_os = "freebsd"))]
fn next_bytes(file: &mut File, read_bytes: &mut u64, size_bytes: u64) -> u64 {
    use rustix::fs::{SeekFrom, seek};
    let here = *read_bytes;
    let next = match seek(&*file, SeekFrom::Data(here)) {
        Ok(next) => next.min(size_bytes),
        // No stored byte follows.
        Err(rustix::io::Errno::NXIO) => size_bytes,
        Err(_) => here,
    };
    let next = if next < here + HOLE_BYTES { here } else { next };
    if seek(&*file, SeekFrom::Start(next)).is_err() {
        return 0;
    }
    *read_bytes = next;
    next - here
}

#[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "freebsd")))]
fn next_bytes(_: &mut File, _: &mut u64, _: u64) -> u64 {
    0
}
