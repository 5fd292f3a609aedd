//! Walks families of trees, looking at each entry once.
//!
//! In: roots of families of trees. Out: the families in which a name holds a
//! literal, and every id that an entry names. Of a tree that rests on another
//! only the entries that its delta touches are new: for each tree that others
//! rest on it is kept where its entries begin, so that a copied run can be cut
//! at its first and last whole entry.

use super::families::LARGE_OBJECT_BYTES;
use super::gathered::Gathered;
use super::packs::Field;
use crate::git::Links;
use crate::git::pack::{Buffer, Delta, Inflater, NodeId};
use crate::git::{Entry, entries, first_entry};
use crate::rule::SEPARATOR;

/// A longer entry is left to the careful walk: git allows names of 4,096 bytes.
const ENTRY_LIMIT_BYTES: usize = 8 << 10;

/// Walks families of trees, one worker's share.
pub(super) struct TreeWalker<'a> {
    field: &'a Field<'a>,
    /// The names of new entries.
    pub(super) names: Gathered,
    delta: Buffer,
    /// An entry that is not whole yet.
    partial: Vec<u8>,
    spare: Vec<(Buffer, Vec<u32>)>,
    stack: Vec<Frame>,
}

/// A tree whose children are being walked.
struct Frame {
    node: NodeId,
    content: Buffer,
    /// Where its entries begin, and where the last one ends.
    starts: Vec<u32>,
    next_child: usize,
}

impl<'a> TreeWalker<'a> {
    pub(super) fn new(field: &'a Field<'a>) -> Self {
        Self {
            field,
            names: Gathered::default(),
            delta: Buffer::default(),
            partial: Vec::new(),
            spare: Vec::new(),
            stack: Vec::new(),
        }
    }

    /// Walks the family of `root`.
    pub(super) fn family(&mut self, root: NodeId, inflater: &mut Inflater, links: &mut Links<'_>) {
        self.names.begin(root);
        if self.walk(root, inflater, links).is_some() {
            self.names.end(self.field.delivery.prefilter);
        } else {
            while let Some(frame) = self.stack.pop() {
                self.release(frame);
            }
            self.names.abandon();
        }
    }

    /// `None` where the family must be walked carefully.
    fn walk(&mut self, root: NodeId, inflater: &mut Inflater, links: &mut Links<'_>) -> Option<()> {
        let forest = self.field.forest;
        let mut frame = self.take(root);
        self.inflate(root, inflater, &mut frame.content)?;
        let mut end = 0;
        for entry in entries(&frame.content, self.field.delivery.hash.len_in_bytes()) {
            frame.starts.push(end);
            end += entry.len() as u32;
            look_at(&entry, &mut self.names.bytes, links);
        }
        frame.starts.push(end);
        if end as usize != frame.content.len() {
            return None;
        }
        self.stack.push(frame);
        while let Some(mut frame) = self.stack.pop() {
            let Some(child) = forest.children(frame.node).get(frame.next_child).copied() else {
                self.release(frame);
                continue;
            };
            frame.next_child += 1;
            let below = self.child(&frame, child, inflater, links);
            if frame.next_child < forest.children(frame.node).len() {
                self.stack.push(frame);
            } else {
                self.release(frame);
            }
            self.stack.push(below?);
            // A hit does not end the walk: what the rest names is looked at here.
            self.names.search_within(self.field.delivery.prefilter);
        }
        Some(())
    }

    /// Looks at the new entries of a tree that rests on another.
    fn child(
        &mut self,
        parent: &Frame,
        child: NodeId,
        inflater: &mut Inflater,
        links: &mut Links<'_>,
    ) -> Option<Frame> {
        let mut bytes = std::mem::take(&mut self.delta);
        bytes.clear();
        self.inflate(child, inflater, &mut bytes)?;
        let delta = Delta::parse(&bytes).ok()?;
        let mut frame = self.take(child);
        let is_leaf = self.field.forest.children(child).is_empty();
        self.new_entries(&delta, parent, (!is_leaf).then_some(&mut frame), links)?;
        bytes.retire();
        self.delta = bytes;
        Some(frame)
    }

    /// Looks at every entry that is not whole in one copied run of the parent;
    /// builds the tree, if there is a place for it.
    fn new_entries(
        &mut self,
        delta: &Delta<'_>,
        parent: &Frame,
        built: Option<&mut Frame>,
        links: &mut Links<'_>,
    ) -> Option<()> {
        if delta.result_len >= LARGE_OBJECT_BYTES {
            return None;
        }
        let hash_len = self.hash_len();
        let Self { names, partial, .. } = self;
        partial.clear();
        let (starts, mut content) =
            built.map(|frame| (&mut frame.starts, &mut frame.content)).unzip();
        let mut feed =
            Feed { hash_len, parent: &parent.starts, near: 0, begin: 0, starts, partial };
        let mut is_sound = true;
        let taken = delta.each_piece(&parent.content, |piece| {
            if let Some(content) = &mut content {
                piece.append_to(content);
            }
            is_sound &= feed.piece(piece.bytes(), piece.copied_from, |entry| {
                look_at(entry, &mut names.bytes, links);
            });
        });
        taken.ok()?;
        (feed.end() && is_sound).then_some(())
    }

    fn hash_len(&self) -> usize {
        self.field.delivery.hash.len_in_bytes()
    }

    fn inflate(&self, node: NodeId, inflater: &mut Inflater, out: &mut Buffer) -> Option<()> {
        let (pack, forest) = (self.field.pack, self.field.forest);
        let size = forest.size_bytes(node);
        if size >= LARGE_OBJECT_BYTES {
            return None;
        }
        inflater.append(forest.compressed(pack, node), size, out).ok()
    }

    fn take(&mut self, node: NodeId) -> Frame {
        let (content, starts) = self.spare.pop().unwrap_or_default();
        Frame { node, content, starts, next_child: 0 }
    }

    fn release(&mut self, mut frame: Frame) {
        frame.content.retire();
        frame.starts.clear();
        self.spare.push((frame.content, frame.starts));
    }
}

/// Takes an entry: its name to be searched, its id to be looked up.
fn look_at(entry: &Entry<'_>, names: &mut Buffer, links: &mut Links<'_>) {
    names.extend_ended(entry.name, SEPARATOR);
    links.entry(entry);
}

/// Cuts one tree's pieces into entries.
struct Feed<'a> {
    hash_len: usize,
    /// Where the parent's entries begin, and where the last ends.
    parent: &'a [u32],
    /// Where in them the last copied run ended: the next goes on nearby.
    near: usize,
    /// Where the next piece begins in the tree.
    begin: usize,
    /// Where the tree's own entries begin.
    starts: Option<&'a mut Vec<u32>>,
    /// An entry that began in an earlier piece.
    partial: &'a mut Vec<u8>,
}

impl Feed<'_> {
    /// Gives each entry that ends in the piece and did not stand whole in the
    /// parent; `copied_from` says where there the piece begins. Says whether all
    /// of them are entries.
    fn piece(
        &mut self,
        piece: &[u8],
        copied_from: Option<usize>,
        mut look_at: impl FnMut(&Entry<'_>),
    ) -> bool {
        let mut at = 0;
        let mut is_sound = self.partial.len() <= ENTRY_LIMIT_BYTES;
        while at < piece.len() && is_sound {
            if !self.partial.is_empty() {
                let (taken, is_whole) = self.complete(&piece[at..]);
                at += taken;
                if is_whole {
                    let entry = first_entry(self.partial, self.hash_len);
                    is_sound = entry.is_some();
                    entry.iter().for_each(&mut look_at);
                    self.partial.clear();
                }
            } else if let Some(skipped) = self.skip(piece.len(), at, copied_from) {
                at += skipped;
            } else {
                if let Some(starts) = &mut self.starts {
                    starts.push((self.begin + at) as u32);
                }
                if let Some(entry) = first_entry(&piece[at..], self.hash_len) {
                    look_at(&entry);
                    at += entry.len();
                } else {
                    self.partial.extend_from_slice(&piece[at..]);
                    at = piece.len();
                }
            }
        }
        self.begin += piece.len();
        is_sound
    }

    /// Notes where the tree ends; says whether that is where an entry ends.
    fn end(self) -> bool {
        if let Some(starts) = self.starts {
            starts.push(self.begin as u32);
        }
        self.partial.is_empty()
    }

    /// Passes over the entries that stood in the parent, whole and in a row.
    fn skip(&mut self, len: usize, at: usize, copied_from: Option<usize>) -> Option<usize> {
        let from = copied_from?;
        let first = self.first_from((from + at) as u32)?;
        let end = (from + len) as u32;
        let last = self.last_until(end, first);
        self.near = last;
        if last == first {
            return None;
        }
        if let Some(starts) = &mut self.starts {
            let shift = (self.begin as u32).wrapping_sub(from as u32);
            starts.extend(self.parent[first..last].iter().map(|start| start.wrapping_add(shift)));
        }
        Some((self.parent[last] - self.parent[first]) as usize)
    }

    /// The number of the parent's entry that begins at `start`.
    fn first_from(&self, start: u32) -> Option<usize> {
        let mut near = self.parent.iter().skip(self.near).take(4);
        let at = near.position(|near| *near == start).map(|at| self.near + at);
        at.or_else(|| self.parent.binary_search(&start).ok())
    }

    /// The number of the last of the parent's entries that begins at or before
    /// `end`, and not before the entry `first`.
    fn last_until(&self, end: u32, first: usize) -> usize {
        let mut reach = 1;
        while self.parent.get(first + reach).is_some_and(|start| *start <= end) {
            reach *= 2;
        }
        let (low, high) = (first + reach / 2, self.parent.len().min(first + reach));
        low + self.parent[low..high].partition_point(|start| *start <= end) - 1
    }

    /// Takes what an entry still lacks; says how much that was, and whether it
    /// has its whole length now.
    fn complete(&mut self, rest: &[u8]) -> (usize, bool) {
        let had = self.partial.len();
        let named = memchr::memchr(0, self.partial);
        let name_end = named.or_else(|| memchr::memchr(0, rest).map(|end| had + end));
        let lacking =
            name_end.map_or(usize::MAX, |end| (end + 1 + self.hash_len).saturating_sub(had));
        let taken = lacking.min(rest.len());
        self.partial.extend_from_slice(&rest[..taken]);
        (taken, taken == lacking)
    }
}
