//! Walks a family of deltas entry by entry.
//!
//! In: the root of a family that holds a hit, a container, a fault or something
//! large. Out: its candidates, each read whole, and its faults, each named. A
//! damaged entry takes only its children with it, and neither where a sound
//! copy lies elsewhere.

use std::sync::{MutexGuard, PoisonError};

use crate::finding::Tally;
use crate::git::Links;
use crate::git::pack::{
    Buffer, Delta, InflateError, Inflater, Kind, Link, NodeId, OBJECT_LIMIT_BYTES, ObjectError,
    Window,
};

use super::delivery::tally;
use super::hopefully::{LARGE_OBJECT_BYTES, may_be_container, window};
use super::packs::Field;
use super::stream;

/// The most bytes of one family that are held at once.
const FAMILY_LIMIT_BYTES: u64 = 2 * OBJECT_LIMIT_BYTES;

/// An entry whose children are being walked.
struct Frame {
    node: NodeId,
    kind: Kind,
    /// Its bytes; `None` where it could not be read.
    content: Option<Buffer>,
    is_candidate: bool,
    next_child: Option<NodeId>,
}

/// What reading an entry gave.
enum Reading {
    /// Its bytes, to be looked at whole.
    Whole(Kind, Buffer),
    /// Its bytes, in which no literal can stand.
    Clean(Buffer),
    /// It holds no literal, nothing rests on it, and it was not even built.
    CleanLeaf(u64),
    /// It was read in pieces and dealt with.
    Streamed(u64),
}

/// The walk of one family.
struct Walk<'a, 'b> {
    field: &'a Field<'a>,
    window: Window,
    inflater: &'b mut Inflater,
    links: &'b mut Links<'a>,
    delta: Buffer,
    windows: Buffer,
    spare: Vec<Buffer>,
    held_bytes: u64,
    turn: Option<MutexGuard<'a, ()>>,
    counted: Tally,
}

/// Walks the family of `root` and counts what was read of it.
pub(super) fn family<'a>(
    field: &'a Field<'a>,
    root: NodeId,
    inflater: &mut Inflater,
    links: &mut Links<'a>,
) -> Tally {
    let mut walk = Walk {
        field,
        window: window(field),
        inflater,
        links,
        delta: Buffer::default(),
        windows: Buffer::default(),
        spare: Vec::new(),
        held_bytes: 0,
        turn: None,
        counted: Tally::default(),
    };
    walk.run(root);
    walk.counted
}

/// Deals with the entries that no root leads to: each is named, unless a sound
/// copy lies elsewhere.
pub(super) fn sweep_unrooted(field: &Field<'_>) {
    if field.forest.unrooted().is_empty() {
        return;
    }
    let mut inflater = Inflater::new();
    let mut links = Links::new(field.store);
    for node in field.forest.unrooted() {
        let id = field.id(*node);
        match field.store.read_elsewhere(&id, field.pack, &mut inflater) {
            Ok(Some((kind, content))) => {
                if let Err(error) = links.object(kind, &content) {
                    field.delivery.fault(id, &error);
                }
                if field.delivery.is_candidate(kind, &content) {
                    field.delivery.object(kind, &content);
                }
            }
            Ok(None) | Err(_) => field.delivery.fault(id, &ObjectError::Cycle),
        }
    }
    field.delivery.missing(links.into_missing());
}

impl Walk<'_, '_> {
    fn run(&mut self, root: NodeId) {
        // Of what rests on nothing readable only a copy elsewhere knows the kind.
        let kind = match self.field.forest.link(root) {
            Link::Root(kind) => kind,
            _ => Kind::Blob,
        };
        let mut stack = Vec::new();
        let reading = self.root(root);
        stack.extend(self.settle(root, kind, reading));
        while let Some(mut frame) = stack.pop() {
            if self.field.delivery.sink.is_cancelled() {
                return;
            }
            let Some(child) = frame.next_child else { continue };
            frame.next_child = self.field.forest.next_sibling(child);
            let kind = frame.kind;
            let reading = self.child(&frame, child);
            if frame.next_child.is_none() {
                self.release(frame.content);
            } else {
                stack.push(frame);
            }
            stack.extend(self.settle(child, kind, reading));
        }
    }

    /// Hands over or names what was read; gives a frame if children rest on it.
    fn settle(
        &mut self,
        node: NodeId,
        mut kind: Kind,
        reading: Result<Reading, ObjectError>,
    ) -> Option<Frame> {
        let reading = reading.or_else(|error| self.rescue(node, error));
        let next_child = self.field.forest.first_child(node);
        let (content, is_candidate) = match reading {
            Ok(Reading::Whole(found, content)) => {
                kind = found;
                self.count(node, kind, content.len() as u64);
                self.look_up(node, kind, &content);
                let is_candidate = self.field.delivery.is_candidate(kind, &content);
                if is_candidate {
                    self.field.delivery.object(kind, &content);
                }
                (Some(content), is_candidate)
            }
            Ok(Reading::Clean(content)) => {
                self.count(node, kind, content.len() as u64);
                self.look_up(node, kind, &content);
                (Some(content), false)
            }
            Ok(Reading::CleanLeaf(len) | Reading::Streamed(len)) => {
                self.count(node, kind, len);
                return None;
            }
            Err(error) => {
                self.field.delivery.fault(self.field.id(node), &error);
                (None, false)
            }
        };
        if next_child.is_some() {
            return Some(Frame { node, kind, content, is_candidate, next_child });
        }
        self.release(content);
        None
    }

    /// Looks up what an object names.
    fn look_up(&mut self, node: NodeId, kind: Kind, content: &[u8]) {
        if let Err(error) = self.links.entry_object(node, kind, content) {
            self.field.delivery.fault(self.field.id(node), &error);
        }
    }

    /// Looks for a sound copy of an entry that could not be read.
    fn rescue(&mut self, node: NodeId, error: ObjectError) -> Result<Reading, ObjectError> {
        let id = self.field.id(node);
        match self.field.store.read_elsewhere(&id, self.field.pack, self.inflater) {
            Ok(Some((kind, content))) => {
                self.hold(content.len() as u64)?;
                Ok(Reading::Whole(kind, content))
            }
            Ok(None) | Err(_) => Err(error),
        }
    }

    fn root(&mut self, root: NodeId) -> Result<Reading, ObjectError> {
        let forest = self.field.forest;
        match forest.link(root) {
            Link::Root(kind) => {
                let size = forest.size_bytes(root);
                if size >= LARGE_OBJECT_BYTES && !forest.is_base(root) {
                    let compressed = forest.compressed_and_beyond(self.field.pack, root);
                    let streamed = stream::object(self.field.delivery, kind, size, || {
                        Ok(flate2::bufread::ZlibDecoder::new(compressed))
                    })?;
                    if streamed {
                        return Ok(Reading::Streamed(size));
                    }
                }
                self.hold(size)?;
                let mut content = self.take_buffer();
                self.inflate(root, &mut content)?;
                Ok(Reading::Whole(kind, content))
            }
            Link::Elsewhere => {
                let hash_len = self.field.delivery.hash.len_in_bytes();
                let base_id = forest
                    .base_id(self.field.pack, root, hash_len)
                    .ok_or(ObjectError::BaseOffset)?;
                let base = self.field.store.read(&base_id, self.inflater)?;
                let (kind, base) = base.ok_or(ObjectError::BaseMissing(base_id))?;
                let content = Some(base);
                let (is_candidate, next_child) = (true, None);
                let parent = Frame { node: root, kind, content, is_candidate, next_child };
                self.hold(parent.content.as_ref().map_or(0, |content| content.len() as u64))?;
                let reading = self.child(&parent, root);
                self.release(parent.content);
                reading
            }
            Link::Base(_) | Link::Nowhere => Err(ObjectError::BaseOffset),
            Link::Faulty(error) => Err(error.into()),
        }
    }

    /// Reads an entry that rests on `parent`.
    fn child(&mut self, parent: &Frame, child: NodeId) -> Result<Reading, ObjectError> {
        let Some(base) = &parent.content else {
            return Err(ObjectError::BaseFaulty(self.field.id(parent.node)));
        };
        if self.field.forest.size_bytes(child) > OBJECT_LIMIT_BYTES {
            return Err(ObjectError::TooLarge(self.field.forest.size_bytes(child)));
        }
        let mut bytes = std::mem::take(&mut self.delta);
        bytes.clear();
        let reading =
            self.inflate(child, &mut bytes).and_then(|()| self.build(base, parent, child, &bytes));
        bytes.retire();
        self.delta = bytes;
        reading
    }

    fn build(
        &mut self,
        base: &Buffer,
        parent: &Frame,
        child: NodeId,
        bytes: &Buffer,
    ) -> Result<Reading, ObjectError> {
        let delta = Delta::parse(bytes)?;
        let (kind, prefilter) = (parent.kind, self.field.delivery.prefilter);
        // The pieces that are looked at may be as many bytes as the object.
        self.take_turn(delta.result_len)?;
        let is_clean = !parent.is_candidate
            && !prefilter.takes_everything()
            && !self.adds_candidate(&delta, base, kind)?;
        let is_leaf = !self.field.forest.is_base(child);
        if is_clean && is_leaf && kind == Kind::Blob {
            return Ok(Reading::CleanLeaf(delta.result_len));
        }
        self.hold(delta.result_len)?;
        let mut content = self.take_buffer();
        delta.apply(base, &mut content)?;
        Ok(if is_clean { Reading::Clean(content) } else { Reading::Whole(kind, content) })
    }

    /// Whether the object may be a candidate although its base is none.
    fn adds_candidate(
        &mut self,
        delta: &Delta<'_>,
        base: &Buffer,
        kind: Kind,
    ) -> Result<bool, ObjectError> {
        self.windows.clear();
        let ends = delta.gather(base, self.window, &mut self.windows, None)?;
        if self.field.delivery.prefilter.holds_literal(&self.windows) {
            return Ok(true);
        }
        Ok(kind == Kind::Blob && may_be_container(delta, ends, base, &mut self.windows)?)
    }

    /// Inflates an entry, also one that does not end where the next begins.
    fn inflate(&mut self, node: NodeId, out: &mut Buffer) -> Result<(), ObjectError> {
        let (pack, forest) = (self.field.pack, self.field.forest);
        let size = forest.size_bytes(node);
        let fitting = self.inflater.append(forest.compressed(pack, node), size, out);
        if fitting.is_ok() {
            return Ok(());
        }
        let beyond = forest.compressed_and_beyond(pack, node);
        self.inflater.append(beyond, size, out).map_err(|_: InflateError| {
            ObjectError::from(fitting.err().unwrap_or(InflateError::Damaged))
        })
    }

    /// Makes room for `len` more bytes.
    fn hold(&mut self, len: u64) -> Result<(), ObjectError> {
        if self.held_bytes.saturating_add(len) > FAMILY_LIMIT_BYTES {
            return Err(ObjectError::TooLarge(len));
        }
        self.take_turn(len)?;
        self.held_bytes += len;
        Ok(())
    }

    /// Waits for a turn with `len` bytes if they are many.
    fn take_turn(&mut self, len: u64) -> Result<(), ObjectError> {
        if len > OBJECT_LIMIT_BYTES {
            return Err(ObjectError::TooLarge(len));
        }
        if len >= LARGE_OBJECT_BYTES && self.turn.is_none() {
            let lane = &self.field.delivery.large;
            self.turn = Some(lane.lock().unwrap_or_else(PoisonError::into_inner));
        }
        Ok(())
    }

    fn count(&mut self, node: NodeId, kind: Kind, bytes: u64) {
        if !self.field.is_duplicate(node) {
            self.counted += tally(kind, bytes);
        }
    }

    fn take_buffer(&mut self) -> Buffer {
        self.spare.pop().unwrap_or_default()
    }

    fn release(&mut self, content: Option<Buffer>) {
        if let Some(mut content) = content {
            self.held_bytes = self.held_bytes.saturating_sub(content.len() as u64);
            content.retire();
            self.spare.push(content);
        }
    }
}
