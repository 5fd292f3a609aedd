//! Ids cut short, for maps of many.
//!
//! In: ids. Out: eight of their bytes, and maps that take those as their own
//! hash.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Half of an id: enough to tell trees apart, at half the memory. Whoever makes
/// two trees collide on purpose wrongs nothing but the path shown for a finding.
pub(crate) type Short = u64;

/// A map by something already as good as random.
pub(crate) type ByShort<V> = HashMap<Short, V, BuildHasherDefault<Identity>>;

/// Hashes a number to itself.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// The bytes 4 to 11 of an id.
pub(crate) fn short(id: &[u8]) -> Short {
    id.get(4..12).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes)
}
