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
    // A mode is five or six digits.
    let space = bytes.iter().take(8).position(|byte| *byte == b' ')?;
    let name = &bytes[space + 1..];
    let end = short_position(name, 0)?;
    let id = name.get(end + 1..end + 1 + hash_len)?;
    let kind = match bytes[..space] {
        [b'4', ..] | [b'0', b'4', ..] => EntryKind::Tree,
        [b'1', b'6', ..] => EntryKind::Gitlink,
        _ => EntryKind::Blob,
    };
    Some(Entry { kind, mode_len: space, name: &name[..end], id })
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
}
