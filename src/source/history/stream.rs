//! Reads an object too large to be held, piece by piece.
//!
//! In: a stream of one object's bytes, which can be begun again. Out: its
//! pieces, if the prefilter matches in any of them.

use std::io::{self, Read};
use std::sync::Arc;

use gix_hash::ObjectId;

use super::delivery::{Delivery, finish_id, object_hasher};
use crate::finding::{Origin, Skip, SkipKind};
use crate::git::pack::{InflateError, Kind, OBJECT_LIMIT_BYTES, ObjectError};
use crate::rule::{HEAD_BYTES, TAIL_BYTES, marks_container};
use crate::source::{Content, Position};

/// How much of a piece is its own.
const PIECE_BYTES: usize = 4 << 20;

/// How much of its neighbours a piece shows on either side.
const OVERLAP_BYTES: usize = 64 << 10;

/// Reads an object of `size` bytes in two passes: one that asks the prefilter
/// and works out the id, one that hands over if it said yes. `false` where the
/// object must be read whole: a container of a size that can be, and what names
/// other objects.
pub(super) fn object<R: Read>(
    delivery: &Delivery<'_>,
    kind: Kind,
    size: u64,
    open: impl Fn() -> io::Result<R>,
) -> Result<bool, ObjectError> {
    if kind == Kind::Tree || kind != Kind::Blob && size <= OBJECT_LIMIT_BYTES {
        return Ok(false);
    }
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            ObjectError::Inflate(InflateError::Damaged)
        }
        _ => ObjectError::Unreadable(error.to_string()),
    };
    let mut hasher = object_hasher(delivery.hash, kind, size);
    let mut is_candidate = delivery.prefilter.takes_everything();
    let (mut head, mut tail) = (Vec::new(), Vec::new());
    each_piece(open().map_err(unreadable)?, Some(size), |piece| {
        hasher.update(&piece.bytes[piece.own.clone()]);
        is_candidate |= delivery.prefilter.holds_literal(piece.bytes);
        if piece.start.offset == 0 {
            head.extend_from_slice(&piece.bytes[..HEAD_BYTES.min(piece.bytes.len())]);
        }
        tail = piece.bytes[piece.bytes.len().saturating_sub(TAIL_BYTES)..].to_vec();
        !delivery.sink.is_cancelled()
    })
    .map_err(unreadable)?;
    if kind == Kind::Blob && marks_container(&head, &tail) {
        return if size > OBJECT_LIMIT_BYTES {
            Err(ObjectError::TooLarge(size))
        } else {
            Ok(false)
        };
    }
    let id: ObjectId = finish_id(hasher, delivery.hash);
    if is_candidate && delivery.is_first(id) {
        let origin = delivery.origin(kind, id);
        each_piece(open().map_err(unreadable)?, Some(size), |piece| {
            hand_over(delivery, &origin, piece);
            !delivery.sink.is_cancelled()
        })
        .map_err(unreadable)?;
    }
    Ok(true)
}

/// Reads a large file in pieces; one that is a container is named as not read.
pub(super) fn file<R: Read>(
    delivery: &Delivery<'_>,
    origin: &Arc<Origin>,
    open: impl Fn() -> io::Result<R>,
) -> io::Result<()> {
    let mut is_candidate = delivery.prefilter.takes_everything();
    let mut head = Vec::new();
    each_piece(open()?, None, |piece| {
        is_candidate |= delivery.prefilter.holds_literal(piece.bytes);
        if piece.start.offset == 0 {
            head.extend_from_slice(&piece.bytes[..HEAD_BYTES.min(piece.bytes.len())]);
        }
        !delivery.sink.is_cancelled()
    })?;
    if marks_container(&head, &[]) {
        delivery.sink.skip(Skip {
            origin: origin.path.as_deref().unwrap_or_default().to_owned(),
            kind: SkipKind::OverBudget,
            reason: "a container larger than 32 MiB".to_owned(),
        });
    }
    if is_candidate {
        each_piece(open()?, None, |piece| {
            hand_over(delivery, origin, piece);
            !delivery.sink.is_cancelled()
        })?;
    }
    Ok(())
}

fn hand_over(delivery: &Delivery<'_>, origin: &Arc<Origin>, piece: Piece<'_>) {
    let Piece { bytes, own, start } = piece;
    delivery.sink.content(Content { origin, bytes, own, start });
}

/// A piece of a stream.
struct Piece<'a> {
    bytes: &'a [u8],
    own: std::ops::Range<usize>,
    start: Position,
}

/// Cuts a stream, of `size` bytes if that is known, into overlapping pieces, until told to stop.
fn each_piece(
    mut stream: impl Read,
    size: Option<u64>,
    mut take: impl FnMut(Piece<'_>) -> bool,
) -> io::Result<()> {
    let mut bytes: Vec<u8> = Vec::new();
    let mut own_start = 0;
    let mut start = Position::default();
    let mut read = 0u64;
    loop {
        let wanted = PIECE_BYTES + OVERLAP_BYTES - (bytes.len() - own_start);
        let got = (&mut stream).take(wanted as u64).read_to_end(&mut bytes)?;
        read += got as u64;
        let is_last = got < wanted;
        if is_last && size.is_some_and(|size| size != read) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "another size"));
        }
        let own_end =
            if is_last { bytes.len() } else { (own_start + PIECE_BYTES).min(bytes.len()) };
        if !take(Piece { bytes: &bytes, own: own_start..own_end, start }) || is_last {
            return Ok(());
        }
        let cut = own_end.saturating_sub(OVERLAP_BYTES);
        start = advance(start, &bytes[..cut]);
        bytes.drain(..cut);
        own_start = own_end - cut;
    }
}

/// The position after `bytes`.
fn advance(start: Position, bytes: &[u8]) -> Position {
    let lines = memchr::memchr_iter(b'\n', bytes).count() as u64;
    let column = match memchr::memrchr(b'\n', bytes) {
        Some(last) => (bytes.len() - last) as u64,
        None => start.column + bytes.len() as u64,
    };
    Position { offset: start.offset + bytes.len() as u64, line: start.line + lines, column }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_own_every_byte_once_and_know_where_they_begin() {
        for len in [0, 1, PIECE_BYTES - 1, PIECE_BYTES + OVERLAP_BYTES, 3 * PIECE_BYTES + 7] {
            let bytes: Vec<u8> =
                (0..len).map(|at| if at % 1000 == 999 { b'\n' } else { b'x' }).collect();
            let mut owned = 0;
            each_piece(bytes.as_slice(), Some(len as u64), |piece| {
                let offset = piece.start.offset as usize;
                assert_eq!(offset + piece.own.start, owned);
                assert_eq!(piece.bytes, &bytes[offset..offset + piece.bytes.len()]);
                assert_eq!(piece.start.line as usize, offset / 1000 + 1);
                assert_eq!(piece.start.column as usize, offset % 1000 + 1);
                owned += piece.own.len();
                true
            })
            .expect("a slice can be read");
            assert_eq!(owned, len);
        }
        assert!(each_piece([1u8].as_slice(), Some(2), |_| true).is_err());
    }
}
