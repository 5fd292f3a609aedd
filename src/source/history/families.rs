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
use super::gathered::Gathered;
use super::packs::Field;
use super::trees::TreeWalker;
use crate::git::{Links, PackedCommits};

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
    gathered: Gathered,
    trees: TreeWalker<'a>,
    links: Links<'a>,
    spare: Vec<Buffer>,
    stack: Vec<Frame>,
    counted: Tally,
    /// Families walked, and those that had to be walked again.
    walked: u32,
    walked_again: u32,
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
            gathered: Gathered::default(),
            trees: TreeWalker::new(field),
            links: Links::new(field.store),
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
        if kind == Kind::Tree {
            self.trees.family(root, &mut self.inflater, &mut self.links);
        } else {
            self.gathered.begin(root);
            if self.hopefully(root, kind).is_ok() {
                self.gathered.end(prefilter);
            } else {
                while let Some(frame) = self.stack.pop() {
                    self.release(frame.content);
                }
                self.gathered.abandon();
            }
        }
        self.walk_again();
    }

    /// Asks about everything gathered, and counts; gives what the commits name.
    pub(super) fn finish(mut self) -> PackedCommits {
        let prefilter = self.field.delivery.prefilter;
        self.gathered.search(prefilter);
        self.trees.names.search(prefilter);
        self.walk_again();
        self.field.delivery.sink.count(self.counted + self.gathered.counted);
        let (missing, commits) = self.links.finish();
        self.field.delivery.missing(missing);
        commits
    }

    fn walk_again(&mut self) {
        for gathered in [&mut self.gathered, &mut self.trees.names] {
            for root in gathered.again.drain(..) {
                self.walked_again += 1;
                let (inflater, links) = (&mut self.inflater, &mut self.links);
                self.counted += carefully::family(self.field, root, inflater, links);
            }
        }
    }

    fn carefully(&mut self, root: NodeId) {
        self.gathered.again.push(root);
        self.walk_again();
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
            let start = self.gathered.bytes.len();
            self.inflater
                .append(compressed, size, &mut self.gathered.bytes)
                .map_err(ObjectError::from)?;
            let content = &self.gathered.bytes[start..];
            if kind == Kind::Blob && is_container(content) {
                return Err(Careful);
            }
            self.links.entry_object(root, kind, content)?;
            self.gathered.bytes.extend(&[SEPARATOR]);
            return Ok(());
        }
        let mut content = self.take_buffer();
        self.inflater.append(compressed, size, &mut content).map_err(ObjectError::from)?;
        if kind == Kind::Blob && is_container(&content) {
            return Err(Careful);
        }
        self.links.entry_object(root, kind, &content)?;
        if content.len() >= SEARCHED_IN_PLACE_BYTES {
            if self.field.delivery.prefilter.holds_literal(&content) {
                return Err(Careful);
            }
        } else {
            self.gathered.bytes.extend(&content);
            self.gathered.bytes.extend(&[SEPARATOR]);
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
            if self.gathered.search_within(self.field.delivery.prefilter) {
                return Err(Careful);
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
        let result_len = delta.result_len;
        let is_leaf = forest.children(child).is_empty();
        if result_len >= LARGE_OBJECT_BYTES {
            return Err(Careful);
        }
        // The headers of a commit or a tag are read whole, to see whether what
        // they name is there.
        let spare = &mut self.spare;
        let mut built = (kind != Kind::Blob || !is_leaf).then(|| spare.pop().unwrap_or_default());
        let start = self.gathered.bytes.len();
        let ends = delta
            .gather(&parent.content, self.window, &mut self.gathered.bytes, built.as_mut())
            .map_err(ObjectError::from)?;
        if kind == Kind::Blob
            && may_be_container(
                &delta,
                ends,
                &self.gathered.bytes[start..],
                &parent.content,
                &mut self.edges,
            )
            .map_err(ObjectError::from)?
        {
            return Err(Careful);
        }
        self.count(child, kind, result_len);
        if let Some(content) = &built {
            self.links.entry_object(child, kind, content)?;
        }
        if is_leaf && let Some(content) = built.take() {
            self.release(content);
        }
        Ok(built)
    }

    fn count(&mut self, node: NodeId, kind: Kind, bytes: u64) {
        if !self.field.is_duplicate(node) {
            self.gathered.count(tally(kind, bytes));
        }
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
/// both begin with the same bytes the base was asked already; `windows` is what
/// was gathered of it, if it is at hand.
pub(super) fn may_be_container(
    delta: &Delta<'_>,
    ends: Ends<'_>,
    windows: &[u8],
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
    // A short last piece stands whole in its window, mostly behind the end of the
    // one before.
    let tail = windows.strip_suffix(&[SEPARATOR]).and_then(<[u8]>::last_chunk::<TAIL_BYTES>);
    if let Some(tail) = tail.filter(|tail| !tail.contains(&SEPARATOR)) {
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
