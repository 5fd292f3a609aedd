//! Walks families of trees, looking at each entry once.
//!
//! In: roots of families of trees. Out: of each tree the entries that the tree
//! it rests on lacks, and the runs of entries that it took over whole. For each
//! tree that others rest on it is kept where its entries begin, so that a copied
//! run of bytes can be cut at its first and last whole entry. What an entry is
//! good for, the caller knows.

use std::ops::Range;

use super::pack::{Buffer, Delta, Forest, Inflater, NodeId, Pack};
use super::trees::{Entry, entries, first_entry};

/// A tree from this size on is left to whoever reads it whole.
const LARGE_TREE_BYTES: u64 = 32 << 20;

/// So is a longer entry: git allows names of 4,096 bytes.
const ENTRY_LIMIT_BYTES: usize = 8 << 10;

/// Looks at trees, on one thread.
pub(crate) trait Look {
    /// What is kept of a tree while others that rest on it are walked.
    type Held: Default;
    /// An entry that did not stand whole in the base, and its number in its
    /// tree.
    fn entry(&mut self, held: &mut Self::Held, number: u32, entry: &Entry<'_>);
    /// Entries that stood in the base in a row: those numbered `run` there are
    /// numbered from `number` on here.
    fn run(&mut self, held: &mut Self::Held, number: u32, base: &Self::Held, run: Range<u32>);
    /// The end of a tree.
    fn tree(&mut self, node: NodeId, held: &mut Self::Held, base: Option<&Self::Held>);
    /// Empties what was kept, to be used again.
    fn forget(held: &mut Self::Held);
}

/// Walks families of trees, one worker's share.
pub(crate) struct TreeWalk<'a, H> {
    pack: &'a Pack,
    forest: &'a Forest,
    delta: Buffer,
    /// An entry that is not whole yet.
    partial: Vec<u8>,
    spare: Vec<Frame<H>>,
    stack: Vec<Frame<H>>,
}

/// A tree whose children are being walked.
struct Frame<H> {
    node: NodeId,
    content: Buffer,
    /// Where its entries begin, and where the last one ends.
    starts: Vec<u32>,
    held: H,
    next_child: usize,
}

impl<'a, H: Default> TreeWalk<'a, H> {
    pub(crate) fn new(pack: &'a Pack) -> Self {
        Self {
            pack,
            forest: pack.forest(),
            delta: Buffer::default(),
            partial: Vec::new(),
            spare: Vec::new(),
            stack: Vec::new(),
        }
    }

    /// Walks the family of `root`; `None` where some tree of it cannot be read
    /// so, and the caller must forget what it saw of the family.
    pub(crate) fn family<L: Look<Held = H>>(
        &mut self,
        root: NodeId,
        inflater: &mut Inflater,
        look: &mut L,
    ) -> Option<()> {
        let walked = self.walk(root, inflater, look);
        while let Some(frame) = self.stack.pop() {
            self.release::<L>(frame);
        }
        walked
    }

    fn walk<L: Look<Held = H>>(
        &mut self,
        root: NodeId,
        inflater: &mut Inflater,
        look: &mut L,
    ) -> Option<()> {
        let root = self.root(root, inflater, look)?;
        self.stack.push(root);
        while let Some(mut frame) = self.stack.pop() {
            let children = self.forest.children(frame.node);
            let Some(child) = children.get(frame.next_child).copied() else {
                self.release::<L>(frame);
                continue;
            };
            frame.next_child += 1;
            let is_last = frame.next_child == children.len();
            let below = self.child(&frame, child, inflater, look);
            if is_last {
                self.release::<L>(frame);
            } else {
                self.stack.push(frame);
            }
            self.stack.push(below?);
        }
        Some(())
    }

    fn root<L: Look<Held = H>>(
        &mut self,
        root: NodeId,
        inflater: &mut Inflater,
        look: &mut L,
    ) -> Option<Frame<H>> {
        let mut frame = self.take(root);
        self.inflate(root, inflater, &mut frame.content)?;
        let mut end = 0;
        for (number, entry) in entries(&frame.content, self.pack.hash_len()).enumerate() {
            frame.starts.push(end);
            end += entry.len() as u32;
            look.entry(&mut frame.held, number as u32, &entry);
        }
        frame.starts.push(end);
        look.tree(root, &mut frame.held, None);
        (end as usize == frame.content.len()).then_some(frame)
    }

    /// Looks at the new entries of a tree that rests on another.
    fn child<L: Look<Held = H>>(
        &mut self,
        parent: &Frame<H>,
        child: NodeId,
        inflater: &mut Inflater,
        look: &mut L,
    ) -> Option<Frame<H>> {
        let mut bytes = std::mem::take(&mut self.delta);
        bytes.clear();
        self.inflate(child, inflater, &mut bytes)?;
        let delta = Delta::parse(&bytes).ok()?;
        let mut frame = self.take(child);
        let is_base = !self.forest.children(child).is_empty();
        self.splice(&delta, parent, &mut frame, is_base, look)?;
        look.tree(child, &mut frame.held, Some(&parent.held));
        bytes.retire();
        self.delta = bytes;
        Some(frame)
    }

    /// Looks at every entry that is not whole in one copied run of the parent;
    /// builds the tree, if others rest on it.
    fn splice<L: Look<Held = H>>(
        &mut self,
        delta: &Delta<'_>,
        parent: &Frame<H>,
        frame: &mut Frame<H>,
        is_base: bool,
        look: &mut L,
    ) -> Option<()> {
        if delta.result_len >= LARGE_TREE_BYTES {
            return None;
        }
        let hash_len = self.pack.hash_len();
        let Frame { content, starts, held, .. } = frame;
        self.partial.clear();
        let mut feed = Feed {
            hash_len,
            parent: &parent.starts,
            near: 0,
            begin: 0,
            number: 0,
            starts: is_base.then_some(starts),
            partial: &mut self.partial,
        };
        let mut is_sound = true;
        let taken = delta.each_piece(&parent.content, |piece| {
            if is_base {
                piece.append_to(content);
            }
            is_sound &= feed.piece(piece.bytes(), piece.copied_from, |number, part| match part {
                Part::New(entry) => look.entry(held, number, entry),
                Part::Run(run) => look.run(held, number, &parent.held, run),
            });
        });
        taken.ok()?;
        (feed.end() && is_sound).then_some(())
    }

    fn inflate(&self, node: NodeId, inflater: &mut Inflater, out: &mut Buffer) -> Option<()> {
        let size = self.forest.size_bytes(node);
        if size >= LARGE_TREE_BYTES {
            return None;
        }
        inflater.append(self.forest.compressed(self.pack, node), size, out).ok()
    }

    fn take(&mut self, node: NodeId) -> Frame<H> {
        match self.spare.pop() {
            Some(frame) => Frame { node, next_child: 0, ..frame },
            None => Frame {
                node,
                content: Buffer::default(),
                starts: Vec::new(),
                held: H::default(),
                next_child: 0,
            },
        }
    }

    fn release<L: Look<Held = H>>(&mut self, mut frame: Frame<H>) {
        frame.content.retire();
        frame.starts.clear();
        L::forget(&mut frame.held);
        self.spare.push(frame);
    }
}

/// A part of a tree that rests on another.
enum Part<'a> {
    /// An entry that did not stand whole in the parent.
    New(&'a Entry<'a>),
    /// Entries of the parent, by number.
    Run(Range<u32>),
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
    /// The number of the next entry.
    number: u32,
    /// Where the tree's own entries begin.
    starts: Option<&'a mut Vec<u32>>,
    /// An entry that began in an earlier piece.
    partial: &'a mut Vec<u8>,
}

impl Feed<'_> {
    /// Gives each entry that ends in the piece, numbered; `copied_from` says
    /// where in the parent the piece begins. Says whether all of them are
    /// entries.
    fn piece(
        &mut self,
        piece: &[u8],
        copied_from: Option<usize>,
        mut take: impl FnMut(u32, Part<'_>),
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
                    if let Some(entry) = &entry {
                        take(self.number, Part::New(entry));
                        self.number += 1;
                    }
                    self.partial.clear();
                }
            } else if let Some(run) = self.skip(piece.len(), at, copied_from) {
                at += (self.parent[run.end] - self.parent[run.start]) as usize;
                let len = run.len() as u32;
                take(self.number, Part::Run(run.start as u32..run.end as u32));
                self.number += len;
            } else {
                if let Some(starts) = &mut self.starts {
                    starts.push((self.begin + at) as u32);
                }
                if let Some(entry) = first_entry(&piece[at..], self.hash_len) {
                    take(self.number, Part::New(&entry));
                    self.number += 1;
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
    fn skip(&mut self, len: usize, at: usize, copied_from: Option<usize>) -> Option<Range<usize>> {
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
        Some(first..last)
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
