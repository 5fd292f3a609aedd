//! The entries of trees.
//!
//! In: a tree's bytes, hostile. Out: its entries as far as they are sound.

/// What an entry of a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// A file or a link.
    Blob,
    /// A directory.
    Tree,
    /// A submodule's commit.
    Gitlink,
}

/// An entry of a tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) kind: EntryKind,
    mode_len: usize,
    pub(crate) name: &'a [u8],
    pub(crate) id: &'a [u8],
}

impl Entry<'_> {
    /// How many bytes it takes in its tree.
    pub(crate) fn len(&self) -> usize {
        self.mode_len + 1 + self.name.len() + 1 + self.id.len()
    }
}

/// The entries of a tree; a damaged one ends early.
pub(crate) fn entries(bytes: &[u8], hash_len: usize) -> impl Iterator<Item = Entry<'_>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let entry = first_entry(rest, hash_len)?;
        rest = &rest[entry.len()..];
        Some(entry)
    })
}

/// The entry at the start of `bytes`; `None` where it is damaged or cut off.
#[inline]
pub(crate) fn first_entry(bytes: &[u8], hash_len: usize) -> Option<Entry<'_>> {
    let (kind, mode_len) = mode(bytes)?;
    let name = &bytes[mode_len + 1..];
    let end = short_position(name, 0)?;
    let id = name.get(end + 1..end + 1 + hash_len)?;
    Some(Entry { kind, mode_len, name: &name[..end], id })
}

/// What the mode at the start of `bytes` says, and its length; a space ends it.
#[inline]
fn mode(bytes: &[u8]) -> Option<(EntryKind, usize)> {
    match bytes {
        [b'1', b'0', b'0', b'6' | b'7', b'4' | b'5', b'4' | b'5', b' ', ..] => {
            Some((EntryKind::Blob, 6))
        }
        [b'4', b'0', b'0', b'0', b'0', b' ', ..] => Some((EntryKind::Tree, 5)),
        _ => rare_mode(bytes),
    }
}

/// As git reads it: octal digits, however many, of whose value some bits count.
fn rare_mode(bytes: &[u8]) -> Option<(EntryKind, usize)> {
    let mut value = 0u32;
    let mut len = 0;
    while let digit @ b'0'..=b'7' = bytes.get(len)? {
        value = value << 3 | u32::from(digit - b'0');
        len += 1;
    }
    let kind = match value & 0o170_000 {
        0o040_000 => EntryKind::Tree,
        0o160_000 => EntryKind::Gitlink,
        // Git takes the undefined for a submodule; a file may lie there too.
        _ => EntryKind::Blob,
    };
    (len > 0 && bytes[len] == b' ').then_some((kind, len))
}

/// Where a byte first stands. Most names are shorter than what a call of
/// `memchr` pays for.
#[inline]
fn short_position(bytes: &[u8], wanted: u8) -> Option<usize> {
    const NEAR: usize = 24;
    let near = bytes.iter().take(NEAR).position(|byte| *byte == wanted);
    near.or_else(|| Some(NEAR + memchr::memchr(wanted, bytes.get(NEAR..)?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_off_tree_gives_what_is_sound_of_it() {
        let mut tree = b"40000 dir\0".to_vec();
        tree.extend([b' '; 20]);
        tree.extend(b"100644 file\0");
        tree.extend([0; 20]);
        let whole: Vec<_> = entries(&tree, 20).map(|entry| (entry.kind, entry.name)).collect();
        assert_eq!(whole, [(EntryKind::Tree, &b"dir"[..]), (EntryKind::Blob, b"file")]);
        for end in 0..tree.len() {
            assert!(entries(&tree[..end], 20).count() < 2);
        }
        assert_eq!(entries(b"", 20).count(), 0);
    }

    #[test]
    fn a_mode_is_octal_digits_of_which_some_bits_count() {
        let kind = |mode: &str| {
            let bytes = format!("{mode} name\0{}", " ".repeat(20));
            first_entry(bytes.as_bytes(), 20).map(|entry| (entry.kind, entry.len() == bytes.len()))
        };
        for mode in ["100644", "100755", "000000000000100644", "120000", "100600", "10644", "1"] {
            assert_eq!(kind(mode), Some((EntryKind::Blob, true)), "{mode}");
        }
        for mode in ["40000", "040000", "0000040000", "40755", "240000", "1640000"] {
            assert_eq!(kind(mode), Some((EntryKind::Tree, true)), "{mode}");
        }
        for mode in ["160000", "0160000"] {
            assert_eq!(kind(mode), Some((EntryKind::Gitlink, true)), "{mode}");
        }
        for mode in ["", "100844", "x"] {
            assert_ne!(kind(mode).map(|(_, is_whole)| is_whole), Some(true), "{mode}");
        }
    }
}
