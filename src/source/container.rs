//! Contents inside containers, as contents of their own.
//!
//! In: a file or an object that is marked as a container. Out: each candidate
//! inside it, under the path `outer.zip!/inner/path`, and a skip for everything
//! inside that was not read. How containers are opened is [`crate::decode::container`]'s
//! affair.

use std::cell::OnceCell;
use std::io::{self, Cursor, Read};
use std::sync::Arc;

use super::pieces::{self, Stream};
use super::{Content, Sink};
use crate::decode::container::{self, Budget, Opened, ReadSeek, Visitor};
use crate::finding::{Origin, Skip, SkipKind, SourceKind, Tally};
use crate::git::names::escape;
use crate::rule::{HEAD_BYTES, Prefilter, TAIL_BYTES, marks_container};

/// Opens what `source` holds.
///
/// # Errors
///
/// Where `source` itself cannot be read.
pub(super) fn sweep(
    source: &mut dyn ReadSeek,
    outer: &Origin,
    prefilter: &Prefilter,
    sink: &dyn Sink,
) -> io::Result<Opened> {
    let mut inside = Inside { outer, prefilter, sink };
    container::open(source, &Budget::default(), &mut inside)
}

/// Opens a content that comes as it is stored and is a container; says whether
/// that leaves nothing to be read in its own bytes. Files of a tree are opened
/// where they are read, whatever their size.
pub fn sweep_stored(content: &Content<'_>, prefilter: &Prefilter, sink: &dyn Sink) -> bool {
    let bytes = content.bytes;
    let tail = &bytes[bytes.len().saturating_sub(TAIL_BYTES)..];
    let is_inner = content.origin.path.as_deref().is_some_and(|path| path.contains("!/"));
    if content.origin.source == SourceKind::Worktree
        || is_inner
        || content.start.offset > 0
        || !marks_container(&bytes[..bytes.len().min(HEAD_BYTES)], tail)
    {
        return false;
    }
    if content.own.end < bytes.len() {
        // Who gives an object in pieces names it where it is a container.
        if content.origin.source == SourceKind::Stdin && container::is_opened(bytes) {
            sink.skip(Skip {
                origin: "standard input".to_owned(),
                kind: SkipKind::OverBudget,
                reason: "a container larger than 1 MiB, whose bytes were read as they are; give \
                         it as a file"
                    .to_owned(),
            });
        }
        return false;
    }
    let opened = sweep(&mut Cursor::new(bytes), content.origin, prefilter, sink);
    matches!(opened, Ok(Opened::Whole))
}

/// What an origin is called in a skip.
fn name(origin: &Origin) -> String {
    let path = origin.path.as_deref().unwrap_or_default();
    match origin.object {
        Some(object) => format!("{object}{path}"),
        None if path.is_empty() => origin.root.to_string(),
        None => path.to_owned(),
    }
}

/// One outermost container.
struct Inside<'a> {
    outer: &'a Origin,
    prefilter: &'a Prefilter,
    sink: &'a dyn Sink,
}

impl Inside<'_> {
    fn origin(&self, path: &[Vec<u8>]) -> Origin {
        let inner: Vec<String> = path.iter().map(|name| escape(name)).collect();
        self.outer.inside(&inner.join("!/"))
    }
}

impl Visitor for Inside<'_> {
    fn inner(&mut self, path: &[Vec<u8>], content: &mut dyn Read) -> io::Result<()> {
        let origin = OnceCell::new();
        let origin = || Arc::clone(origin.get_or_init(|| Arc::new(self.origin(path))));
        let (bytes, ended) =
            pieces::deliver(&mut InnerStream(content), self.prefilter, &origin, self.sink);
        self.sink.count(Tally { bytes, ..Tally::default() });
        ended
    }

    fn skip(&mut self, path: &[Vec<u8>], kind: SkipKind, reason: String) {
        let origin = if path.is_empty() { name(self.outer) } else { name(&self.origin(path)) };
        self.sink.skip(Skip { origin, kind, reason });
    }

    fn is_cancelled(&self) -> bool {
        self.sink.is_cancelled()
    }
}

struct InnerStream<'a>(&'a mut dyn Read);

impl Stream for InnerStream<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }
}
