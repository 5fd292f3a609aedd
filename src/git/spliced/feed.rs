//! Cuts a tree that rests on another into entries.
//!
//! In: the pieces that a delta makes the tree of, and where the entries of its
//! base begin. Out: the entries that did not stand whole in one copied run, and
//! runs of those that did. What is not a whole entry of the base is put together
//! until the next such run begins, and read at once.

#![expect(clippy::inline_always, reason = "all kinds of looks share it, and each is to be as fast")]

use std::ops::Range;

use crate::git::pack::{Buffer, Piece};
use crate::git::trees::{Entry, first_entry};

/// A longer entry is left to whoever reads the tree whole: git allows names of
/// 4,096 bytes.
const ENTRY_LIMIT_BYTES: usize = 8 << 10;

/// A part of a tree that rests on another.
pub(super) enum Part<'a> {
    /// An entry that did not stand whole in the base.
    New(&'a Entry<'a>),
    /// Entries of the base, by number.
    Run(Range<u32>),
}

/// Cuts one tree's pieces into entries.
pub(super) struct Feed<'a> {
    hash_len: usize,
    /// Where the base's entries begin, and where the last ends.
    base: &'a [u32],
    /// Where in them the last run ended: the next begins nearby.
    near: usize,
    /// Bytes behind the last run.
    loose: &'a mut Buffer,
    /// Where in the tree they begin, and how many of them are taken.
    begin: usize,
    taken: usize,
    /// The number of the next entry.
    number: u32,
    /// Where the tree's own entries begin.
    starts: Option<&'a mut Vec<u32>>,
}

impl<'a> Feed<'a> {
    /// Feeds on a tree whose base's entries begin at `base`; where its own do is
    /// added to `starts`.
    pub(super) fn new(
        hash_len: usize,
        base: &'a [u32],
        loose: &'a mut Buffer,
        starts: Option<&'a mut Vec<u32>>,
    ) -> Self {
        loose.retire();
        Self { hash_len, base, near: 0, loose, begin: 0, taken: 0, number: 0, starts }
    }

    /// Takes the next piece; gives entries, numbered, as soon as it is known
    /// what they are. Says whether the bytes can be entries.
    #[inline(always)]
    pub(super) fn piece(&mut self, piece: &Piece<'_>, mut take: impl FnMut(u32, Part<'_>)) -> bool {
        let Some(run) = piece.copied_from.and_then(|from| self.run(from, piece.len())) else {
            piece.append_to(self.loose);
            return true;
        };
        let from = piece.copied_from.unwrap_or_default();
        let (start, end) =
            (self.base[run.start] as usize - from, self.base[run.end] as usize - from);
        piece.append_part(0..start, self.loose);
        self.read(&mut take);
        if self.taken < self.loose.len() {
            // An entry goes on where one of the base begins.
            let is_sound = self.loose.len() - self.taken < ENTRY_LIMIT_BYTES;
            piece.append_part(start..piece.len(), self.loose);
            return is_sound;
        }
        self.begin += self.loose.len();
        if let Some(starts) = &mut self.starts {
            let shift = (self.begin as u32).wrapping_sub(self.base[run.start]);
            starts.extend(self.base[run.clone()].iter().map(|start| start.wrapping_add(shift)));
        }
        let number = self.number;
        self.number += run.len() as u32;
        take(number, Part::Run(run.start as u32..run.end as u32));
        self.begin += end - start;
        self.loose.clear();
        self.taken = 0;
        piece.append_part(end..piece.len(), self.loose);
        true
    }

    /// Ends the tree; says whether that is where an entry ends.
    pub(super) fn end(mut self, mut take: impl FnMut(u32, Part<'_>)) -> bool {
        self.read(&mut take);
        if let Some(starts) = self.starts {
            starts.push((self.begin + self.loose.len()) as u32);
        }
        self.taken == self.loose.len()
    }

    /// Takes the whole entries behind the last run.
    #[inline(always)]
    fn read(&mut self, take: &mut impl FnMut(u32, Part<'_>)) {
        while let Some(entry) = first_entry(&self.loose[self.taken..], self.hash_len) {
            if let Some(starts) = &mut self.starts {
                starts.push((self.begin + self.taken) as u32);
            }
            self.taken += entry.len();
            take(self.number, Part::New(&entry));
            self.number += 1;
        }
    }

    /// The entries of the base that stand whole in a piece of it.
    #[inline(always)]
    fn run(&mut self, from: usize, len: usize) -> Option<Range<usize>> {
        let near = if *self.base.get(self.near)? <= from as u32 { self.near } else { 0 };
        let first = passed(self.base, near, |start| start < from as u32);
        let last = passed(self.base, first, |start| start <= (from + len) as u32);
        self.near = last.saturating_sub(1);
        (last > first + 1).then(|| first..last - 1)
    }
}

/// The first place in `sorted`, from `near` on, whose number `is_before` denies.
#[inline]
fn passed(sorted: &[u32], near: usize, is_before: impl Fn(u32) -> bool) -> usize {
    let mut reach = 1;
    while sorted.get(near + reach - 1).is_some_and(|number| is_before(*number)) {
        reach *= 2;
    }
    let (low, high) = (near + reach / 2, sorted.len().min(near + reach));
    low + sorted[low..high].partition_point(|number| is_before(*number))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::git::pack::Delta;
    use crate::git::trees::entries;

    /// Short ids, of bytes that an entry may have elsewhere too.
    const HASH_LEN: usize = 4;

    /// One entry: a mode, a name, an id.
    type Owned = (Vec<u8>, Vec<u8>, Vec<u8>);

    fn entry() -> impl Strategy<Value = Owned> {
        let mode = prop::sample::select(vec!["100644", "100755", "40000", "160000", "1", "01"]);
        let name = prop::collection::vec(prop::sample::select(&b"1 a\xff"[..]), 0..12);
        let id = prop::collection::vec(prop::sample::select(&b"1 a\0"[..]), HASH_LEN);
        (mode, name, id).prop_map(|(mode, name, id)| (mode.as_bytes().to_vec(), name, id))
    }

    fn tree(entries: &[Owned]) -> Vec<u8> {
        let spell = |(mode, name, id): &Owned| [&**mode, b" ", name, &b"\0"[..], id].concat();
        entries.iter().flat_map(spell).collect()
    }

    fn starts(tree: &[u8]) -> Vec<u32> {
        let mut starts = vec![0];
        for entry in entries(tree, HASH_LEN) {
            starts.push(starts[starts.len() - 1] + entry.len() as u32);
        }
        starts
    }

    /// A delta that copies some of what the base has too, cut anywhere.
    fn delta(base: &[u8], tree: &[u8], cuts: &[(bool, u8)]) -> Vec<u8> {
        let mut delta = Vec::new();
        for len in [base.len(), tree.len()] {
            delta.extend([len as u8 | 0x80, (len >> 7) as u8]);
        }
        let mut cuts = cuts.iter().cycle();
        let mut at = 0;
        while at < tree.len() {
            let (is_copy, len) = cuts.next().copied().unwrap_or((false, 9));
            let len = usize::from(len).min(tree.len() - at);
            let wanted = &tree[at..at + len];
            let found = base.windows(len).position(|bytes| bytes == wanted);
            if let Some(from) = found.filter(|_| is_copy) {
                delta.extend([0x93, from as u8, (from >> 8) as u8, len as u8]);
            } else {
                delta.push(len as u8);
                delta.extend(wanted);
            }
            at += len;
        }
        delta
    }

    /// What a feed gives of a tree: its entries, and where each begins; `None`
    /// where it says that they are none.
    fn fed(base: &[u8], delta: &[u8]) -> Option<(Vec<Vec<u8>>, Vec<u32>)> {
        let spell = |entry: &Entry<'_>| [entry.name, b"\0", entry.id].concat();
        let old: Vec<_> = entries(base, HASH_LEN).map(|entry| spell(&entry)).collect();
        let (base_starts, mut own_starts) = (starts(base), Vec::new());
        let (mut loose, mut is_sound) = (Buffer::default(), true);
        let mut feed = Feed::new(HASH_LEN, &base_starts, &mut loose, Some(&mut own_starts));
        let mut given = Vec::new();
        let mut take = |number, part: Part<'_>| {
            assert_eq!(number as usize, given.len());
            match part {
                Part::New(entry) => given.push(spell(entry)),
                Part::Run(run) => {
                    given.extend_from_slice(&old[run.start as usize..run.end as usize]);
                }
            }
        };
        let delta = Delta::parse(delta).expect("two lengths");
        delta
            .each_piece(base, |piece| is_sound &= feed.piece(piece, &mut take))
            .expect("a sound delta");
        (is_sound & feed.end(take)).then_some((given, own_starts))
    }

    proptest! {
        #[test]
        fn a_tree_is_cut_as_if_it_were_read_whole(
            old in prop::collection::vec(entry(), 0..12),
            changes in prop::collection::vec((0..6u8, entry()), 0..14),
            cuts in prop::collection::vec((prop::bool::weighted(0.8), 1..60u8), 1..12),
            lost in 0..40usize,
        ) {
            let (mut new, mut rest) = (Vec::new(), old.iter());
            for (change, entry) in changes {
                match change {
                    0 => new.push(entry),
                    1 => drop(rest.next()),
                    2 => new.extend(rest.next().map(|old| (old.0.clone(), old.1.clone(), entry.2))),
                    // An entry of the base, whole, at the end of another.
                    3 => new.extend(rest.next().map(|(mode, name, id)| {
                        (b"1".to_vec(), [mode, &b" "[..], name].concat(), id.clone())
                    })),
                    4 => new.extend(old.first().cloned()),
                    _ => new.extend(rest.by_ref().take(2).cloned()),
                }
            }
            new.extend(rest.cloned());
            let (base, mut tree) = (tree(&old), tree(&new));
            for _ in 0..2 {
                let whole: Vec<_> = entries(&tree, HASH_LEN)
                    .map(|entry| [entry.name, b"\0", entry.id].concat())
                    .collect();
                let own = starts(&tree);
                let is_whole = own.last().copied() == Some(tree.len() as u32);
                let expected = is_whole.then_some((whole, own));
                prop_assert_eq!(fed(&base, &delta(&base, &tree, &cuts)), expected);
                tree.truncate(tree.len().saturating_sub(lost));
            }
        }
    }
}
