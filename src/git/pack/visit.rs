//! Visits every object of some kinds in a pack, each built once.
//!
//! In: a pack and its forest. Out: each object's bytes, parents before what
//! rests on them. What cannot be read is passed over here; the sweep names it.

use std::cmp::Reverse;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Buffer, Delta, Forest, Inflater, Kind, Link, NodeId, OBJECT_LIMIT_BYTES, Pack};

/// Families lighter than this are scheduled in the order of their offsets, many
/// at a time.
const LARGE_FAMILY_BYTES: u64 = 1 << 20;

/// Looks at objects, on one thread.
pub(crate) trait Visit {
    /// What is kept of an object while others that rest on it are visited.
    type Held;
    /// An object that rests on nothing.
    fn root(&mut self, node: NodeId, kind: Kind, bytes: &[u8]) -> Self::Held;
    /// An object that rests on another.
    fn child(&mut self, node: NodeId, kind: Kind, bytes: &[u8], base: &Self::Held) -> Self::Held;
}

/// Roots to be walked by any thread: stage by stage, in each the heaviest families
/// first.
pub(crate) struct Schedule {
    units: Vec<Unit>,
    next: AtomicUsize,
}

/// What a thread takes at once.
enum Unit {
    One(NodeId),
    Many(Vec<NodeId>),
}

impl Schedule {
    /// Schedules the roots that `stage` gives a number, the lowest first: heavy
    /// families alone, heaviest first, so that none is left over at the end; light
    /// ones in chunks of about the same weight.
    pub(crate) fn new<const STAGES: usize>(
        forest: &Forest,
        stage: impl Fn(NodeId, Link) -> Option<usize>,
    ) -> Self {
        let mut stages = [const { Stage::new() }; STAGES];
        for (root, bytes) in forest.families() {
            if let Some(stage) = stage(root, forest.link(root)) {
                stages[stage].add(root, bytes);
            }
        }
        let units = stages.into_iter().flat_map(Stage::into_units).collect();
        Self { units, next: AtomicUsize::new(0) }
    }

    /// Whether no root is scheduled.
    pub(crate) fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// The next roots for the thread that asks.
    pub(crate) fn take(&self) -> Option<&[NodeId]> {
        let unit = self.units.get(self.next.fetch_add(1, Ordering::Relaxed))?;
        Some(match unit {
            Unit::One(root) => std::slice::from_ref(root),
            Unit::Many(roots) => roots,
        })
    }
}

/// Families that are scheduled together.
struct Stage {
    large: Vec<(Reverse<u64>, NodeId)>,
    small: Vec<Vec<NodeId>>,
    chunk: Vec<NodeId>,
    chunk_bytes: u64,
}

impl Stage {
    const fn new() -> Self {
        Self { large: Vec::new(), small: Vec::new(), chunk: Vec::new(), chunk_bytes: 0 }
    }

    fn add(&mut self, root: NodeId, bytes: u64) {
        if bytes >= LARGE_FAMILY_BYTES {
            return self.large.push((Reverse(bytes), root));
        }
        self.chunk.push(root);
        self.chunk_bytes += bytes;
        if self.chunk_bytes >= LARGE_FAMILY_BYTES {
            self.small.push(std::mem::take(&mut self.chunk));
            self.chunk_bytes = 0;
        }
    }

    fn into_units(mut self) -> impl Iterator<Item = Unit> {
        if !self.chunk.is_empty() {
            self.small.push(self.chunk);
        }
        self.large.sort_unstable();
        let large = self.large.into_iter().map(|(_, root)| Unit::One(root));
        large.chain(self.small.into_iter().map(Unit::Many))
    }
}

/// Visits the families of the kinds that `wants` names, on every thread; gives
/// the visitors, one a thread.
pub(crate) fn visit<V: Visit + Send>(
    pack: &Pack,
    wants: impl Fn(Kind) -> bool,
    visitor: impl Fn() -> V + Sync,
) -> Vec<V> {
    let forest = pack.forest();
    let schedule = Schedule::new::<1>(forest, |_, link| {
        matches!(link, Link::Root(kind) if wants(kind)).then_some(0)
    });
    rayon::broadcast(|_| {
        let mut visitor = visitor();
        let mut visiting = Visiting::new(pack);
        while let Some(roots) = schedule.take() {
            for root in roots {
                visiting.family(*root, &mut visitor);
            }
        }
        visitor
    })
}

/// Visits families, one worker's share.
pub(crate) struct Visiting<'a> {
    pack: &'a Pack,
    forest: &'a Forest,
    inflater: Inflater,
    delta: Buffer,
    spare: Vec<Buffer>,
}

struct Frame<H> {
    content: Buffer,
    held: H,
    next_child: Option<NodeId>,
}

impl<'a> Visiting<'a> {
    pub(crate) fn new(pack: &'a Pack) -> Self {
        let (delta, spare) = (Buffer::default(), Vec::new());
        Self { pack, forest: pack.forest(), inflater: Inflater::new(), delta, spare }
    }

    /// Visits every object of the family of `root` that can be read.
    pub(crate) fn family<V: Visit>(&mut self, root: NodeId, visitor: &mut V) {
        let Link::Root(kind) = self.forest.link(root) else { return };
        let mut content = self.spare.pop().unwrap_or_default();
        let size = self.forest.size_bytes(root);
        let compressed = self.forest.compressed(self.pack, root);
        if size > OBJECT_LIMIT_BYTES
            || self.inflater.append(compressed, size, &mut content).is_err()
        {
            return;
        }
        let held = visitor.root(root, kind, &content);
        let mut stack = vec![Frame { content, held, next_child: self.forest.first_child(root) }];
        while let Some(mut frame) = stack.pop() {
            let Some(child) = frame.next_child else {
                self.release(frame.content);
                continue;
            };
            frame.next_child = self.forest.next_sibling(child);
            let built = self.build(&frame.content, child);
            let below = built.map(|content| {
                let held = visitor.child(child, kind, &content, &frame.held);
                Frame { content, held, next_child: self.forest.first_child(child) }
            });
            if frame.next_child.is_some() {
                stack.push(frame);
            } else {
                self.release(frame.content);
            }
            stack.extend(below);
        }
    }

    fn build(&mut self, base: &Buffer, child: NodeId) -> Option<Buffer> {
        self.delta.clear();
        let compressed = self.forest.compressed(self.pack, child);
        let size = self.forest.size_bytes(child);
        if size > OBJECT_LIMIT_BYTES {
            return None;
        }
        self.inflater.append(compressed, size, &mut self.delta).ok()?;
        let delta = Delta::parse(&self.delta).ok()?;
        if delta.result_len > OBJECT_LIMIT_BYTES {
            return None;
        }
        let mut content = self.spare.pop().unwrap_or_default();
        delta.apply(base, &mut content).ok()?;
        Some(content)
    }

    fn release(&mut self, mut content: Buffer) {
        content.retire();
        self.spare.push(content);
    }
}
