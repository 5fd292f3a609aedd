//! The ids of several packs, in one order.
//!
//! In: packs. Out: which ids are in one of them, where, and which entries an
//! earlier pack holds too. A repository that is fetched into has fifty packs before
//! git joins them, and a server's may have thousands: to ask one after the other
//! would cost as much as they are many.

use std::cmp::Ordering;
use std::collections::HashSet;

use gix_hash::oid;
use rayon::prelude::*;

use super::pack::Pack;
use super::pack::heads::{Heads, Listed, is_same};

/// The ids of several packs.
pub(crate) struct Catalog {
    /// By id, and the same id by pack.
    entries: Vec<Entry>,
    heads: Heads,
}

/// Where an id stands.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// The id's first bytes.
    head: u64,
    /// The pack's number, and where in its index.
    pack: u32,
    position: u32,
}

impl Entry {
    fn id<'p>(&self, packs: &'p [Pack]) -> &'p oid {
        packs[self.pack as usize].id_at(self.position)
    }

    fn compare(&self, id: &[u8], packs: &[Pack]) -> Ordering {
        self.head.cmp(&first_bytes(id)).then_with(|| self.id(packs).as_bytes().cmp(id))
    }
}

impl std::fmt::Debug for Catalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Catalog({})", self.entries.len())
    }
}

impl Catalog {
    /// Of several packs, on every thread; `None` where they hold more objects than
    /// one pack can.
    pub(super) fn of(packs: &[Pack]) -> Option<Self> {
        let entries_of = |(number, pack)| {
            (0..Pack::len(pack)).map(move |position| {
                let head = first_bytes(pack.id_at(position).as_bytes());
                Entry { head, pack: number as u32, position }
            })
        };
        let mut entries: Vec<Entry> =
            packs.par_iter().enumerate().flat_map_iter(entries_of).collect();
        let len = u32::try_from(entries.len()).ok()?;
        entries.par_sort_unstable_by(|one, other| {
            one.compare(other.id(packs).as_bytes(), packs)
                .then(one.pack.cmp(&other.pack))
                .then(one.position.cmp(&other.position))
        });
        let heads = Heads::new(len, entries.iter().map(|entry| (entry.head >> 32) as u32));
        Some(Self { entries, heads })
    }

    /// Takes from `ids`, which stand one after the other, those that a pack holds.
    pub(super) fn remove_contained(&self, packs: &[Pack], ids: &mut Vec<u8>, id_len: usize) {
        self.heads.remove_listed(&View { entries: &self.entries, packs }, ids, id_len);
    }

    /// Every pack that holds an id, by number, and the offset of the entry there.
    pub(super) fn holders(&self, packs: &[Pack], id: &oid) -> impl Iterator<Item = (u32, u64)> {
        let view = View { entries: &self.entries, packs };
        let first = self.heads.first(&view, id.as_bytes()).unwrap_or(u32::MAX);
        let from_first = self.entries.get(first as usize..).unwrap_or_default();
        from_first
            .iter()
            .take_while(move |entry| entry.id(packs) == id)
            .map(|entry| (entry.pack, packs[entry.pack as usize].offset_at(entry.position)))
    }

    /// Of each pack the offsets of those entries that an earlier pack holds too, or
    /// that it names twice.
    pub(super) fn duplicates(&self, packs: &[Pack]) -> Vec<HashSet<u64>> {
        let mut duplicates = vec![HashSet::new(); packs.len()];
        for pair in self.entries.windows(2) {
            let [one, other] = pair else { continue };
            if one.head == other.head && one.id(packs) == other.id(packs) {
                let pack = &packs[other.pack as usize];
                duplicates[other.pack as usize].insert(pack.offset_at(other.position));
            }
        }
        duplicates
    }
}

/// The entries and what they are of.
struct View<'a> {
    entries: &'a [Entry],
    packs: &'a [Pack],
}

impl Listed for View<'_> {
    fn fetch(&self, at: u32) -> u8 {
        self.entries[at as usize].head as u8
    }

    fn is(&self, at: u32, id: &[u8]) -> bool {
        let entry = &self.entries[at as usize];
        entry.head == first_bytes(id) && is_same(entry.id(self.packs).as_bytes(), id)
    }

    fn is_before(&self, at: u32, id: &[u8]) -> bool {
        self.entries[at as usize].compare(id, self.packs) == Ordering::Less
    }
}

/// The first bytes of an id, in the order of ids.
fn first_bytes(id: &[u8]) -> u64 {
    id.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::git::git_support::Repo;

    /// Packs of which some hold the same objects, all by git.
    fn packs(repo: &Repo) -> Vec<Pack> {
        for number in 0..7u8 {
            repo.write("file", vec![b'0' + number; 40]).write("other", [number]);
            repo.commit("message", number.into());
            let all = number % 3 == 2;
            repo.git(&["repack", if all { "-aq" } else { "-q" }]);
        }
        let found = std::fs::read_dir(repo.root().join(".git/objects/pack")).expect("packs");
        let mut paths: Vec<_> = found
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "pack"))
            .collect();
        paths.sort();
        let open = |path| Pack::open(path, gix_hash::Kind::Sha1).expect("sound");
        paths.iter().map(|path| open(path)).collect()
    }

    #[test]
    fn it_knows_what_every_pack_knows() {
        let repo = Repo::new();
        let packs = packs(&repo);
        assert_eq!(packs.len(), 7);
        let catalog = Catalog::of(&packs).expect("not so many");
        let mut held: BTreeMap<_, Vec<(u32, u64)>> = BTreeMap::new();
        for (number, pack) in packs.iter().enumerate() {
            for at in 0..pack.len() {
                let holders = held.entry(pack.id_at(at).to_owned()).or_default();
                holders.push((number as u32, pack.offset_at(at)));
            }
        }
        let mut duplicates = vec![HashSet::new(); packs.len()];
        for (id, holders) in &held {
            assert_eq!(&catalog.holders(&packs, id).collect::<Vec<_>>(), holders);
            for (number, offset) in &holders[1..] {
                duplicates[*number as usize].insert(*offset);
            }
        }
        assert!(duplicates.iter().any(|some| !some.is_empty()));
        assert_eq!(catalog.duplicates(&packs), duplicates);
    }

    /// One differs from an id that is held in its last bit, one comes after all.
    #[test]
    fn only_what_no_pack_holds_is_kept() {
        let repo = Repo::new();
        let packs = packs(&repo);
        let catalog = Catalog::of(&packs).expect("not so many");
        let (mut ids, mut unknown) = (Vec::new(), Vec::new());
        for pack in &packs {
            for at in 0..pack.len() {
                let mut id = pack.id_at(at).as_bytes().to_vec();
                ids.extend_from_slice(&id);
                id[19] ^= 1;
                ids.extend_from_slice(&id);
                unknown.extend_from_slice(&id);
                let id = oid::try_from_bytes(&id).expect("of this length");
                assert_eq!(catalog.holders(&packs, id).next(), None);
            }
        }
        for last in [[0xff; 20], [0; 20]] {
            ids.extend(last);
            unknown.extend(last);
            assert_eq!(catalog.holders(&packs, (&last).into()).next(), None);
        }
        catalog.remove_contained(&packs, &mut ids, 20);
        assert_eq!(ids, unknown);
    }
}
