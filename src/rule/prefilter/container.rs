//! Which contents hold others, or stand for one.
//!
//! In: a content's first and last bytes. Out: whether it may be a container,
//! packed so that no literal shows and somebody must look inside, or a pointer
//! to a file kept elsewhere, which must be counted.

/// How many bytes of a content's start may mark a container.
pub const HEAD_BYTES: usize = 265;

/// How many bytes of a content's end may mark a container.
pub const TAIL_BYTES: usize = 22;

/// Signatures at the very start: zip (an entry, an empty archive, a split one),
/// gzip, bzip2, xz, zstd, PDF, `SQLite`; and a large-file pointer.
const HEADS: [&[u8]; 10] = [
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"PK\x07\x08",
    b"\x1f\x8b\x08",
    b"BZh",
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
    b"%PDF-",
    b"SQLite format 3\0",
    b"version https://git-lfs.github.com/spec/v1\n",
];

/// Where a tar header says that it is one.
const TAR_AT: usize = 257;

/// Whether a content that begins and ends so may hold others, packed so that no
/// literal shows, or stands for one.
///
/// Takes up to [`HEAD_BYTES`] of its start and [`TAIL_BYTES`] of its end; a
/// shorter content gives all that it has.
#[must_use]
pub fn marks_container(head: &[u8], tail: &[u8]) -> bool {
    // Hardly any content begins with one of these bytes, and this is asked of
    // every content.
    let may_be =
        matches!(head.first(), Some(b'P' | 0x1f | b'B' | 0xfd | 0x28 | b'%' | b'S' | b'v'));
    may_be && HEADS.iter().any(|signature| head.starts_with(signature))
        || head.get(TAR_AT..).is_some_and(|rest| rest.starts_with(b"ustar"))
        || tail.windows(4).any(|window| window == b"PK\x05\x06")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signature_marks_a_container() {
        for signature in HEADS {
            assert!(marks_container(signature, &[]), "{signature:?}");
            assert!(!marks_container(&[b" ", signature].concat(), &[]), "{signature:?}");
        }
        let mut tar = [b'a'; HEAD_BYTES];
        tar[TAR_AT..TAR_AT + 5].copy_from_slice(b"ustar");
        assert!(marks_container(&tar, &[]));
        assert!(marks_container(b"a", b"PK\x05\x06 and the rest"));
        assert!(!marks_container(b"a", b"PK\x05"));
    }
}
