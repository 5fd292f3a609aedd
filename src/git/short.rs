//! Ids cut short, for maps of many.
//!
//! In: ids. Out: eight of their bytes, maps by those, and a filter that says quickly
//! of most that they are not in a set.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};

/// Half of an id: enough to tell trees apart, at half the memory. Whoever makes
/// two trees collide on purpose wrongs nothing but the path shown for a finding.
pub(crate) type Short = u64;

/// A map by such ids. Its hashes are keyed: an index holds whatever ids it likes.
pub(crate) type ByShort<V> = HashMap<Short, V>;

/// A set of them.
pub(crate) type ShortSet = HashSet<Short>;

/// The bytes 4 to 11 of an id.
pub(crate) fn short(id: &[u8]) -> Short {
    id.get(4..12).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes)
}

/// Says quickly of most ids that they are not in a set, while others add to it.
#[derive(Debug)]
pub(crate) struct Filter(Box<[AtomicU64; FILTER_WORDS]>);

/// 8 KiB, which leave a core's first cache to other bytes.
const FILTER_WORDS: usize = 1024;

impl Default for Filter {
    fn default() -> Self {
        Self(Box::new([const { AtomicU64::new(0) }; FILTER_WORDS]))
    }
}

impl Filter {
    pub(crate) fn insert(&self, id: Short) {
        let (word, bit) = Self::place(id);
        self.0[word].fetch_or(bit, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn may_hold(&self, id: Short) -> bool {
        let (word, bit) = Self::place(id);
        self.0[word].load(Ordering::Relaxed) & bit != 0
    }

    #[inline]
    fn place(id: Short) -> (usize, u64) {
        ((id as usize >> 6) % FILTER_WORDS, 1 << (id & 63))
    }
}
