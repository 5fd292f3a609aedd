//! What reading around the vendors' words may cost in one piece.
//!
//! In: how many bytes are looked at, as each place asks. Out: whether that is
//! affordable still. What a name is given directly is read in any case: it
//! costs a bounded amount a name. Contexts overlap, and a piece made of nothing
//! but their heads would be read thousands of times over.

use std::cell::Cell;

/// What every piece may cost, in bytes looked at: some hundred references to
/// one name in a small file, each of which reads the others.
const BASE_BYTES: usize = 4 << 20;

/// How often each byte of a piece may be looked at besides. Text that people
/// write stays below one.
const TIMES: usize = 8;

/// The cost of reading what one name is given, in bytes looked at.
pub(super) const READING_BYTES: usize = 512;

/// The budget of one piece and of what is decoded from it.
#[derive(Debug)]
pub(super) struct Work {
    left_bytes: Cell<usize>,
    is_spent: Cell<bool>,
}

impl Work {
    /// The budget of a piece of some length.
    pub(super) fn new(piece_bytes: usize) -> Self {
        let left_bytes = Cell::new(BASE_BYTES.saturating_add(piece_bytes.saturating_mul(TIMES)));
        Self { left_bytes, is_spent: Cell::new(false) }
    }

    /// Takes a cost; false where it is more than is left.
    pub(super) fn take(&self, bytes: usize) -> bool {
        let left = self.left_bytes.get().checked_sub(bytes);
        self.left_bytes.set(left.unwrap_or(0));
        if left.is_none() {
            self.is_spent.set(true);
        }
        left.is_some()
    }

    /// Whether anything was not read for its cost.
    pub(super) fn is_spent(&self) -> bool {
        self.is_spent.get()
    }
}
