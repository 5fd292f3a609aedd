//! Walks families of deltas, hoping for no hit.
//!
//! In: roots of families. Out: their candidates. A base is read whole; of what
//! rests on it only what its delta adds, since a literal that stands within one
//! copied run stood in the base already. That pass gathers the new pieces of
//! many entries in one buffer and asks the prefilter once; only a family with a
//! hit, a container or a fault is walked again, [`carefully`].
//!
//! A parent's bytes are let go before its last child, the heaviest, is walked;
//! so the bytes held at once grow with the logarithm of a family, not with its
//! depth: 600 versions of a 1 MB file take ten buffers at most.

use crate::finding::Tally;
use crate::git::pack::{
    Buffer, Delta, DeltaError, Ends, Inflater, Kind, Link, NodeId, ObjectError, Window,
};
use crate::rule::{HEAD_BYTES, SEPARATOR, TAIL_BYTES, marks_container};

use super::carefully;
use super::delivery::tally;
use super::packs::Field;

/// Gathered bytes are searched when there are so many; they and what they are
/// copied from still fit a core's second-level cache.
const GATHERED_BYTES: usize = 128 << 10;

/// A whole content from this size on is searched where it lies.
const SEARCHED_IN_PLACE_BYTES: usize = 16 << 10;

/// An object from this size on is left to the careful walk, which takes turns
/// with large ones.
pub(super) const LARGE_OBJECT_BYTES: u64 = 32 << 20;

/// Walks families, one worker's share.
pub(super) struct Walker<'a> {
    field: &'a Field<'a>,
    window: Window,
    inflater: Inflater,
    delta: Buffer,
    edges: Buffer,
    gathered: Buffer,
    pending: Vec<Pending>,
    spare: Vec<Buffer>,
    stack: Vec<Frame>,
    counted: Tally,
    /// Families walked, and those that had to be walked again.
    walked: u32,
    walked_again: u32,
}

/// A family whose pieces wait in the gathered bytes.
struct Pending {
    root: NodeId,
    start: usize,
    tally: Tally,
}

/// An entry whose children are being walked.
struct Frame {
    node: NodeId,
    content: Buffer,
    next_child: usize,
}

/// The family must be walked carefully.
struct Careful;

impl From<ObjectError> for Careful {
    fn from(_: ObjectError) -> Self {
        Self
    }
}

impl<'a> Walker<'a> {
    pub(super) fn new(field: &'a Field<'a>) -> Self {
        Self {
            field,
            window: window(field),
            inflater: Inflater::new(),
            delta: Buffer::default(),
            edges: Buffer::default(),
            gathered: Buffer::default(),
            pending: Vec::new(),
            spare: Vec::new(),
            stack: Vec::new(),
            counted: Tally::default(),
            walked: 0,
            walked_again: 0,
        }
    }

    /// Walks the family of `root`.
    pub(super) fn family(&mut self, root: NodeId) {
        let Link::Root(kind) = self.field.forest.link(root) else {
            return self.carefully(root);
        };
        self.walked += 1;
        let prefilter = self.field.delivery.prefilter;
        // Where every second family is walked again, hoping costs more than it
        // saves.
        let is_hopeless = self.walked > 64 && self.walked_again * 2 > self.walked;
        if prefilter.takes_everything() || is_hopeless {
            return self.carefully(root);
        }
        self.pending.push(Pending { root, start: self.gathered.len(), tally: Tally::default() });
        if self.hopefully(root, kind).is_err() {
            while let Some(frame) = self.stack.pop() {
                self.release(frame.content);
            }
            let pending = self.pending.pop().expect("pushed above, and a flush keeps the last");
            self.gathered.truncate(pending.start);
            self.carefully(root);
        } else if self.gathered.len() >= GATHERED_BYTES {
            self.flush();
        }
    }

    /// Asks about everything gathered, and counts.
    pub(super) fn finish(mut self) {
        self.flush();
        self.field.delivery.sink.count(self.counted);
    }

    fn carefully(&mut self, root: NodeId) {
        self.walked_again += 1;
        self.counted += carefully::family(self.field, root, &mut self.inflater);
    }

    /// Gathers what is new in each entry of the family.
    fn hopefully(&mut self, root: NodeId, kind: Kind) -> Result<(), Careful> {
        let forest = self.field.forest;
        let size = forest.size_bytes(root);
        if size >= LARGE_OBJECT_BYTES {
            return Err(Careful);
        }
        self.count(root, kind, size);
        let compressed = forest.compressed(self.field.pack, root);
        if forest.children(root).is_empty() {
            let start = self.gathered.len();
            self.inflater
                .append(compressed, size, &mut self.gathered)
                .map_err(ObjectError::from)?;
            if kind == Kind::Blob && is_container(&self.gathered[start..]) {
                return Err(Careful);
            }
            self.gathered.extend(&[SEPARATOR]);
            return Ok(());
        }
        let mut content = self.take_buffer();
        self.inflater.append(compressed, size, &mut content).map_err(ObjectError::from)?;
        if kind == Kind::Blob && is_container(&content) {
            return Err(Careful);
        }
        if content.len() >= SEARCHED_IN_PLACE_BYTES {
            if self.field.delivery.prefilter.holds_literal(&content) {
                return Err(Careful);
            }
        } else {
            self.gathered.extend(&content);
            self.gathered.extend(&[SEPARATOR]);
        }
        self.stack.push(Frame { node: root, content, next_child: 0 });
        self.descend(kind)
    }

    /// Walks depth first below the frames on the stack.
    fn descend(&mut self, kind: Kind) -> Result<(), Careful> {
        let forest = self.field.forest;
        while let Some(mut frame) = self.stack.pop() {
            let children = forest.children(frame.node);
            let child = children[frame.next_child];
            frame.next_child += 1;
            let is_last = frame.next_child == children.len();
            let below = self.child(&frame, child, kind)?;
            if is_last {
                self.release(frame.content);
            } else {
                self.stack.push(frame);
            }
            if let Some(content) = below {
                self.stack.push(Frame { node: child, content, next_child: 0 });
            }
            if self.gathered.len() >= GATHERED_BYTES {
                self.flush_within_family()?;
            }
        }
        Ok(())
    }

    /// Gathers what is new in one entry; gives its bytes if others rest on it.
    fn child(
        &mut self,
        parent: &Frame,
        child: NodeId,
        kind: Kind,
    ) -> Result<Option<Buffer>, Careful> {
        let forest = self.field.forest;
        let size = forest.size_bytes(child);
        if size >= LARGE_OBJECT_BYTES {
            return Err(Careful);
        }
        self.delta.clear();
        let compressed = forest.compressed(self.field.pack, child);
        self.inflater.append(compressed, size, &mut self.delta).map_err(ObjectError::from)?;
        let delta = Delta::parse(&self.delta).map_err(ObjectError::from)?;
        let ends = delta
            .gather(&parent.content, self.window, &mut self.gathered)
            .map_err(ObjectError::from)?;
        if kind == Kind::Blob
            && may_be_container(&delta, ends, &parent.content, &mut self.edges)
                .map_err(ObjectError::from)?
        {
            return Err(Careful);
        }
        let result_len = delta.result_len;
        if !forest.children(child).is_empty() {
            if result_len >= LARGE_OBJECT_BYTES {
                return Err(Careful);
            }
            let mut content = self.spare.pop().unwrap_or_default();
            let delta = Delta::parse(&self.delta).map_err(ObjectError::from)?;
            delta.apply(&parent.content, &mut content).map_err(ObjectError::from)?;
            self.count(child, kind, result_len);
            return Ok(Some(content));
        }
        self.count(child, kind, result_len);
        Ok(None)
    }

    fn count(&mut self, node: NodeId, kind: Kind, bytes: u64) {
        if !self.field.is_duplicate(node)
            && let Some(pending) = self.pending.last_mut()
        {
            pending.tally += tally(kind, bytes);
        }
    }

    /// Searches what is gathered while a family is being walked.
    fn flush_within_family(&mut self) -> Result<(), Careful> {
        let mut current = self.pending.pop().expect("a family is being walked");
        let has_hit = self.field.delivery.prefilter.holds_literal(&self.gathered[current.start..]);
        let own = self.gathered.len() - current.start;
        self.gathered.truncate(current.start);
        if own * 2 < GATHERED_BYTES {
            self.flush();
            current.start = 0;
        }
        self.pending.push(current);
        if has_hit { Err(Careful) } else { Ok(()) }
    }

    /// Searches what is gathered of families walked to their ends.
    fn flush(&mut self) {
        let prefilter = self.field.delivery.prefilter;
        let pending = std::mem::take(&mut self.pending);
        let has_hit = prefilter.holds_literal(&self.gathered);
        let mut again = Vec::new();
        for (at, family) in pending.iter().enumerate() {
            let end = pending.get(at + 1).map_or(self.gathered.len(), |next| next.start);
            if has_hit && prefilter.holds_literal(&self.gathered[family.start..end]) {
                again.push(family.root);
            } else {
                self.counted += family.tally;
            }
        }
        self.gathered.retire();
        for root in again {
            self.carefully(root);
        }
        self.pending = pending;
        self.pending.clear();
    }

    fn take_buffer(&mut self) -> Buffer {
        self.spare.pop().unwrap_or_default()
    }

    fn release(&mut self, mut content: Buffer) {
        content.retire();
        self.spare.push(content);
    }
}

/// How much of an entry's surroundings its new pieces keep.
pub(super) fn window(field: &Field<'_>) -> Window {
    Window {
        context: field.delivery.prefilter.longest_bytes().saturating_sub(1),
        separator: SEPARATOR,
    }
}

/// Whether a blob that rests on another begins or ends like a container. Where
/// both begin with the same bytes the base was asked already.
pub(super) fn may_be_container(
    delta: &Delta<'_>,
    ends: Ends<'_>,
    base: &[u8],
    scratch: &mut Buffer,
) -> Result<bool, DeltaError> {
    let keeps_head =
        ends.first.len() >= HEAD_BYTES && std::ptr::eq(ends.first.as_ptr(), base.as_ptr());
    if !keeps_head {
        delta.head(base, HEAD_BYTES, scratch)?;
        if marks_container(scratch, &[]) {
            return Ok(true);
        }
    }
    if let Some(tail) = ends.last.last_chunk::<TAIL_BYTES>() {
        return Ok(marks_container(&[], tail));
    }
    delta.tail(base, TAIL_BYTES, scratch)?;
    Ok(marks_container(&[], scratch))
}

/// Whether a whole content is a container.
fn is_container(bytes: &[u8]) -> bool {
    let tail = bytes.len().saturating_sub(TAIL_BYTES);
    marks_container(&bytes[..bytes.len().min(HEAD_BYTES)], &bytes[tail..])
}
