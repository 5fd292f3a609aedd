//! Pieces of many families in one buffer, searched at once.
//!
//! In: pieces. Out: the families in whose pieces a literal stands, and the
//! counts of the others.

use crate::finding::Tally;
use crate::git::pack::{Buffer, NodeId};
use crate::rule::Prefilter;

/// Gathered bytes are searched when there are so many; they and what they are
/// copied from still fit a core's second-level cache.
const FULL_BYTES: usize = 128 << 10;

/// Pieces, by the families that they are of.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) bytes: Buffer,
    families: Vec<Family>,
    /// Families that hold a hit.
    pub(super) again: Vec<NodeId>,
    /// What the others hold.
    pub(super) counted: Tally,
}

/// A family whose pieces wait.
struct Family {
    root: NodeId,
    start: usize,
    tally: Tally,
    has_hit: bool,
}

impl Gathered {
    /// Begins a family.
    pub(super) fn begin(&mut self, root: NodeId) {
        let start = self.bytes.len();
        self.families.push(Family { root, start, tally: Tally::default(), has_hit: false });
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
            self.bytes.truncate(family.start);
            self.again.push(family.root);
        }
    }

    /// Ends the family begun last, and searches if there is enough.
    pub(super) fn end(&mut self, prefilter: &Prefilter) {
        if self.families.last().is_some_and(|family| family.has_hit) {
            self.abandon();
        } else if self.bytes.len() >= FULL_BYTES {
            self.search(prefilter);
        }
    }

    /// Searches, if there is enough, what is gathered of the family begun last;
    /// says whether a literal stands in it.
    pub(super) fn search_within(&mut self, prefilter: &Prefilter) -> bool {
        if self.bytes.len() < FULL_BYTES {
            return false;
        }
        let Some(mut current) = self.families.pop() else { return false };
        current.has_hit |= prefilter.holds_literal(&self.bytes[current.start..]);
        let own = self.bytes.len() - current.start;
        self.bytes.truncate(current.start);
        if own * 2 < FULL_BYTES {
            self.search(prefilter);
            current.start = 0;
        }
        let has_hit = current.has_hit;
        self.families.push(current);
        has_hit
    }

    /// Searches what is gathered of families walked to their ends.
    pub(super) fn search(&mut self, prefilter: &Prefilter) {
        let has_hit = prefilter.holds_literal(&self.bytes);
        for (at, family) in self.families.iter().enumerate() {
            let end = self.families.get(at + 1).map_or(self.bytes.len(), |next| next.start);
            if has_hit && prefilter.holds_literal(&self.bytes[family.start..end]) {
                self.again.push(family.root);
            } else {
                self.counted += family.tally;
            }
        }
        self.bytes.retire();
        self.families.clear();
    }
}
