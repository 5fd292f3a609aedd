//! Any bytes at an entry's offset: an entry header or an error, never a panic,
//! and never a header longer than the bytes.
#![no_main]

use keysweep::git::pack::{Basis, EntryHeader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for hash_len in [20, 32] {
        if let Ok(header) = EntryHeader::parse(bytes, hash_len) {
            assert!(header.length <= bytes.len());
            if let Basis::Id(start) = header.basis {
                assert!(start + hash_len == header.length);
            }
        }
    }
});
