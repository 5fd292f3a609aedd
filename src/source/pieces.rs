//! A stream of any length in pieces that overlap.
//!
//! In: something to read from. Out: each piece in which the prefilter can
//! match, with context on both sides, within one fixed buffer a thread. Knows
//! neither files nor what a rule is beyond the prefilter.

use std::cell::RefCell;
use std::io;
use std::sync::Arc;

use super::{Content, Position, Sink};
use crate::finding::Origin;
use crate::rule::Prefilter;

/// The bytes that one piece answers for.
const PIECE_BYTES: usize = 1 << 20;

/// The bytes shown before and after them: a name and its value stand closer
/// together than this in anything that a person or a program writes.
const CONTEXT_BYTES: usize = 64 << 10;

/// What one thread holds, whatever the file's size.
const BUFFER_BYTES: usize = CONTEXT_BYTES + PIECE_BYTES + CONTEXT_BYTES;

thread_local! {
    // Zeroed pages cost nothing until a file reaches them, so a tree of small
    // files touches only the buffer's head, which stays in the cache.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; BUFFER_BYTES]);
}

/// What there is to read.
pub(super) trait Stream {
    /// Fills the front of `room`; 0 at the end.
    ///
    /// # Errors
    ///
    /// What the system answers; an interrupted call is tried again here, not
    /// by the caller.
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize>;

    /// Whether a read that was asked for `asked` bytes and brought `last` of
    /// them was the last, so that no other need be tried.
    fn is_at_end(&self, last: usize, asked: usize) -> bool {
        let _ = (last, asked);
        false
    }

    /// Bytes of nothing but zeros that come next and can be passed over; 0
    /// where that is unknown.
    fn pass_hole(&mut self) -> u64 {
        0
    }

    /// Shows the first and the last bytes that were read; true where they are
    /// those of a container that the caller opens, so that nothing more is
    /// read here.
    fn is_container(&mut self, read: &[u8], ends: Ends) -> bool {
        let _ = (read, ends);
        false
    }
}

/// Which ends of a content some bytes hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    pub(super) first: bool,
    pub(super) last: bool,
}

/// Reads a stream to its end and gives each candidate piece to the sink;
/// answers how many bytes were read.
///
/// # Errors
///
/// The first error of the stream; the pieces before it have been delivered,
/// the bytes read since then too.
pub(super) fn deliver(
    stream: &mut dyn Stream,
    prefilter: &Prefilter,
    origin: &dyn Fn() -> Arc<Origin>,
    sink: &dyn Sink,
) -> (u64, io::Result<()>) {
    let mut run = |buffer: &mut Vec<u8>| {
        let mut window = Window {
            buffer,
            filled: 0,
            answered: 0,
            start: Position::default(),
            read_bytes: 0,
            origin: None,
        };
        let ended = window.run(stream, prefilter, origin, sink);
        (window.read_bytes, ended)
    };
    BUFFER.with(|buffer| match buffer.try_borrow_mut() {
        Ok(mut buffer) => run(&mut buffer),
        // What the sink opens inside a piece is read in pieces of its own.
        Err(_) => run(&mut vec![0; BUFFER_BYTES]),
    })
}

/// The part of a stream that is in memory.
struct Window<'a> {
    buffer: &'a mut Vec<u8>,
    /// Bytes of the buffer that hold content.
    filled: usize,
    /// Where in the buffer the bytes begin that no piece has answered for.
    answered: usize,
    /// The place of the buffer's first byte in the whole content.
    start: Position,
    read_bytes: u64,
    origin: Option<Arc<Origin>>,
}

impl Window<'_> {
    fn run(
        &mut self,
        stream: &mut dyn Stream,
        prefilter: &Prefilter,
        origin: &dyn Fn() -> Arc<Origin>,
        sink: &dyn Sink,
    ) -> io::Result<()> {
        loop {
            let ended = self.fill(stream);
            let is_last = !matches!(ended, Ok(false));
            let ends = Ends { first: self.start.offset == 0 && self.answered == 0, last: is_last };
            if (ends.first || ends.last)
                && ended.is_ok()
                && stream.is_container(&self.buffer[..self.filled], ends)
            {
                return Ok(());
            }
            let own_end = if is_last { self.filled } else { self.filled - CONTEXT_BYTES };
            self.answer(own_end, prefilter, origin, sink);
            if is_last || sink.is_cancelled() {
                return ended.map(|_| ());
            }
            self.slide(own_end);
            self.pass_hole(stream);
        }
    }

    /// Fills the buffer; answers whether the stream ended.
    fn fill(&mut self, stream: &mut dyn Stream) -> io::Result<bool> {
        while self.filled < self.buffer.len() {
            let asked = self.buffer.len() - self.filled;
            let count = stream.read(&mut self.buffer[self.filled..])?;
            self.filled += count;
            self.read_bytes += count as u64;
            if count == 0 || stream.is_at_end(count, asked) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn answer(
        &mut self,
        own_end: usize,
        prefilter: &Prefilter,
        origin: &dyn Fn() -> Arc<Origin>,
        sink: &dyn Sink,
    ) {
        // A literal that begins in this piece may end past it.
        let reach = prefilter.longest_bytes().saturating_sub(1);
        let searched = self.answered..self.filled.min(own_end + reach);
        if !searched.is_empty() && prefilter.is_candidate(&self.buffer[searched]) {
            sink.content(Content {
                origin: self.origin.get_or_insert_with(origin),
                bytes: &self.buffer[..self.filled],
                own: self.answered..own_end,
                start: self.start,
            });
        }
        self.answered = own_end;
    }

    /// Drops what is no longer needed, but for the context before `own_end`.
    fn slide(&mut self, own_end: usize) {
        let dropped = own_end - CONTEXT_BYTES;
        self.start.pass_lines(&self.buffer[..self.filled], dropped);
        self.buffer.copy_within(dropped..self.filled, 0);
        self.filled -= dropped;
        self.answered = own_end - dropped;
    }

    /// Passes over a hole of a sparse file when all that is in memory is zeros
    /// too, so that no key is cut.
    fn pass_hole(&mut self, stream: &mut dyn Stream) {
        if self.buffer[..self.filled].iter().all(|&byte| byte == 0) {
            let hole = stream.pass_hole();
            self.start.offset += hole;
            self.start.column += hole;
            self.read_bytes += hole;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::finding::{Skip, SourceKind, Tally};
    use crate::rule::Literal;

    struct Bytes<'a>(&'a [u8]);

    impl Stream for Bytes<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            // An odd stride, so that reads end anywhere.
            let count = self.0.len().min(room.len()).min(77_777);
            room[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    /// Notes the place of each literal in a piece's own part.
    struct Places<'a>(&'a Prefilter, Mutex<Vec<(u64, u64, u64)>>);

    impl Sink for Places<'_> {
        fn content(&self, content: Content<'_>) {
            for hit in self.0.hits(content.bytes) {
                if content.own.contains(&hit.start) {
                    let mut place = content.start;
                    place.pass(&content.bytes[..hit.start]);
                    self.1.lock().expect("no panic holds it").push((
                        place.offset,
                        place.line,
                        place.column,
                    ));
                }
            }
        }
        fn skip(&self, _: Skip) {}
        fn count(&self, _: Tally) {}
    }

    #[test]
    fn literal_at_every_edge_is_delivered_once_with_its_place() {
        let prefilter = Prefilter::new(&[Literal::new("needle").expect("a literal")], false);
        let length = 2 * PIECE_BYTES + CONTEXT_BYTES + 1234;
        let edges = [
            0,
            CONTEXT_BYTES,
            PIECE_BYTES,
            PIECE_BYTES + CONTEXT_BYTES,
            2 * PIECE_BYTES,
            2 * PIECE_BYTES + CONTEXT_BYTES,
            length - 6,
        ];
        for edge in edges {
            for shift in 0..8 {
                let at = (edge + 1).saturating_sub(shift).min(length - 6);
                let mut bytes = vec![b'.'; length];
                bytes.iter_mut().step_by(1000).for_each(|byte| *byte = b'\n');
                bytes[at..at + 6].copy_from_slice(b"needle");
                let mut expected = Position::default();
                expected.pass(&bytes[..at]);
                let origin = Arc::new(Origin {
                    source: SourceKind::Stdin,
                    root: Arc::from("-"),
                    path: None,
                    object: None,
                });
                let sink = Places(&prefilter, Mutex::default());
                let (read, ended) =
                    deliver(&mut Bytes(&bytes), &prefilter, &|| Arc::clone(&origin), &sink);
                ended.expect("a file that reads");
                assert_eq!(read, length as u64);
                assert_eq!(
                    sink.1.into_inner().expect("no panic held it"),
                    [(expected.offset, expected.line, expected.column)],
                    "edge {edge} shift {shift}"
                );
            }
        }
    }
}
