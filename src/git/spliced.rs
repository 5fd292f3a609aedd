//! Walks families of trees, looking at each entry once.
//!
//! In: roots of families of trees. Out: of each tree the entries that the tree
//! it rests on lacks, and the runs of entries that it took over whole. For each
//! tree that others rest on it is kept where its entries begin, so that a copied
//! run of bytes can be cut at its first and last whole entry. What an entry is
//! good for, the caller knows.

mod feed;

use std::ops::Range;

use super::pack::{Buffer, Delta, Forest, Inflater, NodeId, Pack};
use super::trees::{Entry, entries};
use feed::{Feed, Part};

/// A tree from this size on is left to whoever reads it whole.
const LARGE_TREE_BYTES: u64 = 32 << 20;

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
    /// What is not a run of entries of the base.
    loose: Buffer,
    spare: Vec<Frame<H>>,
    stack: Vec<Frame<H>>,
}

/// A tree whose children are being walked.
struct Frame<H> {
    content: Buffer,
    /// Where its entries begin, and where the last one ends.
    starts: Vec<u32>,
    held: H,
    next_child: Option<NodeId>,
}

impl<'a, H: Default> TreeWalk<'a, H> {
    pub(crate) fn new(pack: &'a Pack) -> Self {
        Self {
            pack,
            forest: pack.forest(),
            delta: Buffer::default(),
            loose: Buffer::default(),
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
            let Some(child) = frame.next_child else {
                self.release::<L>(frame);
                continue;
            };
            frame.next_child = self.forest.next_sibling(child);
            let below = self.child(&frame, child, inflater, look);
            if frame.next_child.is_none() {
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
        let is_base = self.forest.is_base(child);
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
        let Frame { content, starts, held, .. } = frame;
        let starts = is_base.then_some(starts);
        let mut feed = Feed::new(self.pack.hash_len(), &parent.starts, &mut self.loose, starts);
        let mut take = |number, part: Part<'_>| match part {
            Part::New(entry) => look.entry(held, number, entry),
            Part::Run(run) => look.run(held, number, &parent.held, run),
        };
        let mut is_sound = true;
        let taken = delta.each_piece(&parent.content, |piece| {
            if is_base {
                piece.append_to(content);
            }
            is_sound = is_sound && feed.piece(piece, &mut take);
        });
        taken.ok()?;
        (is_sound && feed.end(take)).then_some(())
    }

    fn inflate(&self, node: NodeId, inflater: &mut Inflater, out: &mut Buffer) -> Option<()> {
        let size = self.forest.size_bytes(node);
        if size >= LARGE_TREE_BYTES {
            return None;
        }
        inflater.append(self.forest.compressed(self.pack, node), size, out).ok()
    }

    fn take(&mut self, node: NodeId) -> Frame<H> {
        let next_child = self.forest.first_child(node);
        match self.spare.pop() {
            Some(frame) => Frame { next_child, ..frame },
            None => Frame {
                content: Buffer::default(),
                starts: Vec::new(),
                held: H::default(),
                next_child,
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
