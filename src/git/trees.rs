//! The entries of trees.
//!
//! In: a tree's bytes, hostile. Out: its entries as far as they are sound.

#![expect(clippy::inline_always, reason = "an entry given through memory waits for its stores")]

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
#[inline(always)]
pub(crate) fn first_entry(bytes: &[u8], hash_len: usize) -> Option<Entry<'_>> {
    let (kind, mode_len) = mode(bytes)?;
    let name = &bytes[mode_len + 1..];
    let end = zero(name)?;
    let id = name.get(end + 1..end + 1 + hash_len)?;
    Some(Entry { kind, mode_len, name: &name[..end], id })
}

/// What the mode at the start of `bytes` says, and its length; a space ends it.
#[inline]
fn mode(bytes: &[u8]) -> Option<(EntryKind, usize)> {
    // All but the last bit of `100644 ` and `100755 `, as git has written files
    // at all times, and `40000 `.
    const FILE: (u64, u64) = (word(b"100644 "), word(&[255, 255, 255, 254, 254, 254, 255]));
    const TREE: (u64, u64) = (word(b"40000 "), word(&[255; 6]));
    let head = bytes.first_chunk().map_or(0, |head| u64::from_le_bytes(*head));
    if head & FILE.1 == FILE.0 {
        Some((EntryKind::Blob, 6))
    } else if head & TREE.1 == TREE.0 {
        Some((EntryKind::Tree, 5))
    } else {
        rare_mode(bytes)
    }
}

/// Eight bytes as a number, the first lowest; zeros behind the last.
const fn word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word.split_at_mut(bytes.len()).0.copy_from_slice(bytes);
    u64::from_le_bytes(word)
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

/// Where a zero first stands. Most names are shorter than what a call of
/// `memchr` pays for.
#[inline]
fn zero(bytes: &[u8]) -> Option<usize> {
    const NEAR: usize = 4;
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    for (at, chunk) in bytes.as_chunks().0.iter().take(NEAR).enumerate() {
        let word = u64::from_le_bytes(*chunk);
        // The highest bit of each zero byte, and of others after the first.
        let zeros = word.wrapping_sub(ONES) & !word & ONES << 7;
        if zeros != 0 {
            return Some(8 * at + zeros.trailing_zeros() as usize / 8);
        }
    }
    let searched = bytes.len().min(8 * NEAR) / 8 * 8;
    Some(searched + memchr::memchr(0, &bytes[searched..])?)
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
