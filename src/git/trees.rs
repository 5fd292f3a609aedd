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
        // A mode is five or six digits.
        let space = rest.iter().take(8).position(|byte| *byte == b' ')?;
        let end = space + memchr::memchr(0, rest.get(space..)?)?;
        let id = rest.get(end + 1..end + 1 + hash_len)?;
        let kind = match &rest[..space] {
            b"40000" | b"040000" => EntryKind::Tree,
            b"160000" => EntryKind::Gitlink,
            _ => EntryKind::Blob,
        };
        let entry = Entry { kind, mode_len: space, name: &rest[space + 1..end], id };
        rest = &rest[end + 1 + hash_len..];
        Some(entry)
    })
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
