//! The header of a pack entry.
//!
//! In: the bytes at an entry's offset. Out: its kind, its base, its size and
//! where its compressed bytes begin. Every length is checked; none is trusted.

/// What kind of object bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A commit.
    Commit,
    /// A tree.
    Tree,
    /// A blob.
    Blob,
    /// An annotated tag.
    Tag,
}

impl Kind {
    /// The name that stands in an object's own header.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
            Self::Tag => "tag",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        [Self::Commit, Self::Tree, Self::Blob, Self::Tag]
            .into_iter()
            .find(|kind| kind.name().as_bytes() == name)
    }
}

/// What an entry's bytes are built on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Nothing: the entry holds an object of this kind.
    Whole(Kind),
    /// The entry so many bytes earlier in the same pack.
    Distance(u64),
    /// The object whose id stands in the header, its first byte here.
    Id(usize),
}

/// The header of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryHeader {
    /// What the entry is built on.
    pub basis: Basis,
    /// The size of what is compressed: an object, or a delta.
    pub size_bytes: u64,
    /// The header's own length; compressed bytes begin here.
    pub length: usize,
}

/// A header that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The bytes end inside the header.
    #[error("its header is cut off")]
    Truncated,
    /// A number does not fit 64 bits.
    #[error("a number in its header is too large")]
    Overflow,
    /// A type that no object has.
    #[error("it is of type {0}, which no object has")]
    Type(u8),
}

impl EntryHeader {
    /// Reads the header at the start of `bytes`.
    ///
    /// # Errors
    /// Bytes that end early, numbers beyond 64 bits, and types that git does
    /// not define.
    pub fn parse(bytes: &[u8], hash_len: usize) -> Result<Self, EntryError> {
        let mut at = 0;
        let mut next = || {
            let byte = bytes.get(at).copied().ok_or(EntryError::Truncated);
            at += 1;
            byte
        };
        let mut byte = next()?;
        let kind = (byte >> 4) & 7;
        let mut size_bytes = u64::from(byte & 15);
        let mut shift = 4;
        while byte & 0x80 != 0 {
            byte = next()?;
            let part = u64::from(byte & 0x7f);
            if shift > 63 || (part << shift) >> shift != part {
                return Err(EntryError::Overflow);
            }
            size_bytes |= part << shift;
            shift += 7;
        }
        let basis = match kind {
            1 => Basis::Whole(Kind::Commit),
            2 => Basis::Whole(Kind::Tree),
            3 => Basis::Whole(Kind::Blob),
            4 => Basis::Whole(Kind::Tag),
            6 => {
                let mut byte = next()?;
                let mut distance = u64::from(byte & 0x7f);
                while byte & 0x80 != 0 {
                    byte = next()?;
                    distance = distance
                        .checked_add(1)
                        .and_then(|distance| distance.checked_mul(128))
                        .ok_or(EntryError::Overflow)?
                        | u64::from(byte & 0x7f);
                }
                Basis::Distance(distance)
            }
            7 => {
                let start = at;
                at += hash_len;
                if at > bytes.len() {
                    return Err(EntryError::Truncated);
                }
                Basis::Id(start)
            }
            other => return Err(EntryError::Type(other)),
        };
        Ok(Self { basis, size_bytes, length: at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_git_writes_them() {
        let parse = |bytes: &[u8]| EntryHeader::parse(bytes, 20);
        let blob = parse(&[0xb5, 0x0a]).expect("a header");
        assert_eq!(
            (blob.basis, blob.size_bytes, blob.length),
            (Basis::Whole(Kind::Blob), 5 + (10 << 4), 2)
        );
        // The distance's bytes each add one: 0x80 0x00 is 128, not 0.
        let delta = parse(&[0x61, 0x80, 0x00]).expect("a header");
        assert_eq!((delta.basis, delta.length), (Basis::Distance(128), 3));
        assert_eq!(parse(&[0x71; 21]).expect("a header").basis, Basis::Id(1));
    }

    #[test]
    fn hostile_headers_are_errors() {
        let parse = |bytes: &[u8]| EntryHeader::parse(bytes, 20);
        assert_eq!(parse(&[]), Err(EntryError::Truncated));
        assert_eq!(parse(&[0xb5]), Err(EntryError::Truncated));
        assert_eq!(parse(&[0x71; 20]), Err(EntryError::Truncated));
        assert_eq!(parse(&[0x50]), Err(EntryError::Type(5)));
        assert_eq!(parse(&[0xff; 40]), Err(EntryError::Overflow));
        let mut far = vec![0x61];
        far.extend([0xff; 20]);
        assert_eq!(parse(&far), Err(EntryError::Overflow));
    }
}
