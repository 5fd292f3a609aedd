//! Pieces of many families in one buffer, searched at once.
//!
//! In: pieces. Out: the families in whose pieces a literal stands or may stand,
//! and the counts of the others.

use crate::finding::Tally;
use crate::git::pack::{Buffer, NodeId};
use crate::rule::Prefilter;

/// Gathered bytes are searched when there are so many; they and what they are
/// copied from still fit a core's second-level cache.
const FULL_BYTES: usize = 128 << 10;

/// So many bytes may be searched for nothing before it tells anything.
const WASTE_BYTES: usize = 1 << 19;

/// What is looked for in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sought {
    /// A literal's core: where one stands, the literal may.
    Cores,
    /// A literal, whole.
    Literals,
}

/// Pieces, by the families that they are of.
pub(super) struct Gathered {
    sought: Sought,
    pub(super) bytes: Buffer,
    /// More pieces of the same families, searched by themselves.
    pub(super) joints: Buffer,
    families: Vec<Family>,
    /// Families that hold a hit.
    pub(super) again: Vec<NodeId>,
    /// Families that hold a core and, as far as could be seen, no literal.
    pub(super) unsure: Vec<NodeId>,
    /// What the others hold.
    pub(super) counted: Tally,
    /// Bytes searched, and those of them that are of families that hold a core
    /// alone, so that it was for nothing.
    searched: usize,
    wasted: usize,
}

/// A family whose pieces wait.
struct Family {
    root: NodeId,
    start: Place,
    tally: Tally,
    found: Found,
    /// How many bytes of it were searched.
    searched: usize,
}

/// A place in both buffers.
#[derive(Clone, Copy, Default)]
struct Place {
    bytes: usize,
    joints: usize,
}

/// What a family's pieces hold.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    Nothing,
    Core,
    Literal,
}

impl Gathered {
    pub(super) fn new(sought: Sought) -> Self {
        Self {
            sought,
            bytes: Buffer::default(),
            joints: Buffer::default(),
            families: Vec::new(),
            again: Vec::new(),
            unsure: Vec::new(),
            counted: Tally::default(),
            searched: 0,
            wasted: 0,
        }
    }

    /// Whether cores stand in so much that looking for them first costs more than
    /// it saves, which is a twentieth.
    pub(super) fn is_wasteful(&self) -> bool {
        self.wasted > WASTE_BYTES + self.searched / 64
    }

    /// Begins a family.
    pub(super) fn begin(&mut self, root: NodeId) {
        self.families.push(Family {
            root,
            start: self.end_place(),
            tally: Tally::default(),
            found: Found::Nothing,
            searched: 0,
        });
    }

    /// Counts something of the family begun last.
    pub(super) fn count(&mut self, tally: Tally) {
        if let Some(family) = self.families.last_mut() {
            family.tally += tally;
        }
    }

    /// Forgets the family begun last: it must be walked again.
    pub(super) fn abandon(&mut self) {
        if let Some(family) = self.families.pop() {
            self.cut(family.start);
            match family.found {
                Found::Core => {
                    self.unsure.push(family.root);
                    self.wasted += family.searched;
                }
                Found::Nothing | Found::Literal => self.again.push(family.root),
            }
        }
    }

    /// Ends the family begun last, and searches if there is enough.
    pub(super) fn end(&mut self, prefilter: &Prefilter) {
        if self.families.last().is_some_and(|family| family.found != Found::Nothing) {
            self.abandon();
        } else if self.is_full() {
            self.search(prefilter);
        }
    }

    /// Says of bytes of the family begun last, which are not gathered, whether a
    /// literal stands in them.
    pub(super) fn finds_in(&mut self, bytes: &[u8], prefilter: &Prefilter) -> bool {
        let found = self.found(prefilter, bytes, &[]);
        self.searched += bytes.len();
        if let Some(family) = self.families.last_mut() {
            family.found = family.found.max(found);
            family.searched += bytes.len();
        }
        found != Found::Nothing
    }

    /// Searches, if there is enough, what is gathered of the family begun last;
    /// says whether a literal stands in it.
    pub(super) fn search_within(&mut self, prefilter: &Prefilter) -> bool {
        if !self.is_full() {
            return false;
        }
        let Some(mut current) = self.families.pop() else { return false };
        let (start, end) = (current.start, self.end_place());
        current.found = current.found.max(self.found_between(prefilter, start, end));
        let own = end.bytes - start.bytes + end.joints - start.joints;
        current.searched += own;
        self.searched += own;
        self.cut(start);
        if own * 2 < FULL_BYTES {
            self.search(prefilter);
            current.start = Place::default();
        }
        let has_hit = current.found != Found::Nothing;
        self.families.push(current);
        has_hit
    }

    /// Searches what is gathered of families walked to their ends.
    pub(super) fn search(&mut self, prefilter: &Prefilter) {
        if self.families.is_empty() {
            return;
        }
        let end = self.end_place();
        self.searched += end.bytes + end.joints;
        let is_clean = self.found_between(prefilter, Place::default(), end) == Found::Nothing;
        for at in 0..self.families.len() {
            let family = &self.families[at];
            let end = self.families.get(at + 1).map_or(end, |next| next.start);
            let found = if is_clean {
                Found::Nothing
            } else {
                self.found_between(prefilter, family.start, end)
            };
            match found {
                Found::Nothing => self.counted += family.tally,
                Found::Core => {
                    self.unsure.push(family.root);
                    let own = end.bytes - family.start.bytes + end.joints - family.start.joints;
                    self.wasted += family.searched + own;
                }
                Found::Literal => self.again.push(family.root),
            }
        }
        self.bytes.retire();
        self.joints.retire();
        self.families.clear();
    }

    fn found_between(&self, prefilter: &Prefilter, start: Place, end: Place) -> Found {
        let bytes = &self.bytes[start.bytes..end.bytes];
        self.found(prefilter, bytes, &self.joints[start.joints..end.joints])
    }

    fn found(&self, prefilter: &Prefilter, bytes: &[u8], joints: &[u8]) -> Found {
        let may_hold = match self.sought {
            Sought::Cores => prefilter.holds_core(bytes) || prefilter.holds_core(joints),
            Sought::Literals => prefilter.holds_literal(bytes),
        };
        if !may_hold {
            Found::Nothing
        } else if self.sought == Sought::Literals || prefilter.holds_literal(bytes) {
            Found::Literal
        } else {
            Found::Core
        }
    }

    fn is_full(&self) -> bool {
        self.bytes.len() + self.joints.len() >= FULL_BYTES
    }

    fn end_place(&self) -> Place {
        Place { bytes: self.bytes.len(), joints: self.joints.len() }
    }

    fn cut(&mut self, place: Place) {
        self.bytes.truncate(place.bytes);
        self.joints.truncate(place.joints);
    }
}
