//! Where a repository keeps its objects.
//!
//! In: a repository. Out: its packs and its directories of loose objects, those
//! of its alternates and of unfinished pushes included, and any single object.
//! What cannot be opened is named as a `Skip`.

use std::collections::HashSet;
use std::fs::DirEntry;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gix_hash::{ObjectId, oid};

use super::catalog::Catalog;
use super::commits::PackedCommits;
use super::layout::Repository;
use super::loose::{loose_ids, loose_path, read_loose};
use super::mentions::Mentions;
use super::names::{escape, is_absent, list, read_plain, to_bytes, to_path};
use super::pack::{
    Basis, Buffer, Delta, Inflater, Kind, Link, NodeId, OBJECT_LIMIT_BYTES, ObjectError, Pack,
};
use crate::finding::{Skip, SkipKind};

/// How many alternates may lead to one another, as in git.
const ALTERNATES_DEPTH: usize = 5;

/// How many deltas may rest on one another across packs before it is called a
/// cycle; git writes at most 4,095.
const CHAIN_LIMIT: usize = 10_000;

/// All packs and directories of loose objects.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) packs: Vec<Pack>,
    /// `objects` directories, the repository's own first.
    pub(crate) directories: Vec<PathBuf>,
    /// What could not be opened.
    pub(crate) skips: Vec<Skip>,
    /// Whether a pack came from a server that keeps some of the objects.
    pub(crate) has_promisor_pack: bool,
    hash: gix_hash::Kind,
    /// The ids of several packs, once somebody prepared them.
    catalog: OnceLock<Option<Catalog>>,
    /// What a sweep of every pack saw, once there was one.
    sight: OnceLock<Sight>,
}

/// What a sweep of every pack saw.
#[derive(Debug)]
struct Sight {
    /// By pack, in parts.
    packs: Vec<Vec<Seen>>,
    asked: HashSet<ObjectId>,
}

/// What one thread of a sweep saw of a pack.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) commits: PackedCommits,
    /// Of those families of trees that were read when it was known what would be
    /// asked.
    pub(crate) mentions: Mentions,
}

impl Store {
    /// Opens everything that holds objects.
    pub(crate) fn open(repository: &Repository) -> Self {
        let mut store = Self {
            packs: Vec::new(),
            directories: Vec::new(),
            skips: Vec::new(),
            has_promisor_pack: false,
            hash: repository.hash(),
            catalog: OnceLock::new(),
            sight: OnceLock::new(),
        };
        let mut seen = HashSet::new();
        store.add_directory(&repository.common_dir().join("objects"), 0, &mut seen);
        for directory in repository.told_objects() {
            store.add_directory(directory, 0, &mut seen);
        }
        for directory in store.directories.clone() {
            store.add_packs(&directory.join("pack"));
        }
        store
    }

    fn skip(&mut self, path: &Path, kind: SkipKind, reason: impl Into<String>) {
        self.skips.push(Skip { origin: escape(&to_bytes(path)), kind, reason: reason.into() });
    }

    /// Adds a directory, its alternates and the quarantines within it.
    fn add_directory(&mut self, path: &Path, depth: usize, seen: &mut HashSet<PathBuf>) {
        let canonical = match path.canonicalize() {
            Ok(canonical) => canonical,
            Err(error) => {
                let kind = if is_absent(&error) { SkipKind::Missing } else { SkipKind::Unreadable };
                return self.skip(path, kind, format!("an object directory: {error}"));
            }
        };
        if !seen.insert(canonical) {
            return;
        }
        self.directories.push(path.to_owned());
        self.add_quarantines(path, seen);
        let file = path.join("info/alternates");
        if file.is_symlink() {
            // Its lines are named where they lead nowhere: a link could have any
            // file of this machine told in the report.
            return self.skip(&file, SkipKind::Unsupported, "a link, which is not followed");
        }
        let lines = match read_plain(&file) {
            Ok(lines) => lines.unwrap_or_default(),
            Err(error) => return self.skip(&file, SkipKind::Unreadable, error.to_string()),
        };
        for line in lines.split(|byte| *byte == b'\n') {
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            if depth >= ALTERNATES_DEPTH {
                let reason = "alternates lead to one another more than five deep";
                return self.skip(&file, SkipKind::Unsupported, reason);
            }
            match to_path(line) {
                Some(target) => self.add_directory(&path.join(target), depth + 1, seen),
                None => self.skip(&file, SkipKind::Corrupt, "a line is no path"),
            }
        }
    }

    /// Adds the directories in which a push waits for its hooks, or was left.
    fn add_quarantines(&mut self, path: &Path, seen: &mut HashSet<PathBuf>) {
        let entries = list(path, |error| self.skip(path, SkipKind::Unreadable, error.to_string()));
        let mut found: Vec<PathBuf> = entries
            .iter()
            .filter(|entry| {
                let name = to_bytes(Path::new(&entry.file_name()));
                name.starts_with(b"tmp_objdir-") || name.starts_with(b"incoming-")
            })
            .map(DirEntry::path)
            .collect();
        found.sort();
        for directory in found {
            let canonical = directory.canonicalize().unwrap_or_else(|_| directory.clone());
            if directory.is_dir() && seen.insert(canonical) {
                self.directories.push(directory);
            }
        }
    }

    fn add_packs(&mut self, directory: &Path) {
        let entries = list(directory, |error| {
            if !is_absent(error) {
                self.skip(directory, SkipKind::Unreadable, error.to_string());
            }
        });
        let mut names: Vec<PathBuf> = entries.iter().map(DirEntry::path).collect();
        names.sort();
        for path in names {
            let name = to_bytes(Path::new(path.file_name().unwrap_or_default()));
            if name.starts_with(b"tmp_pack_") {
                self.skip(&path, SkipKind::Corrupt, "an unfinished pack without an index");
            } else if name.ends_with(b".idx") && !path.with_extension("pack").exists() {
                self.skip(&path, SkipKind::Missing, "an index without its pack");
            } else if name.ends_with(b".pack") {
                self.add_pack(&path);
            }
        }
    }

    fn add_pack(&mut self, path: &Path) {
        if !path.with_extension("idx").exists() {
            return self.skip(path, SkipKind::Corrupt, "a pack without an index");
        }
        self.has_promisor_pack |= path.with_extension("promisor").exists();
        match Pack::open(path, self.hash) {
            Ok(pack) => {
                if pack.declared_len() != pack.len() {
                    let (held, named) = (pack.declared_len(), pack.len());
                    let reason = format!("it says that it holds {held} objects, its index {named}");
                    self.skip(path, SkipKind::Corrupt, reason);
                }
                self.packs.push(pack);
            }
            Err(reason) => self.skip(path, SkipKind::Corrupt, reason),
        }
    }

    /// The ids of everything in one directory of objects, sorted, and the packs
    /// there that cannot be read.
    pub(crate) fn lying_in(&self, directory: &Path) -> (Vec<ObjectId>, Vec<Skip>) {
        let mut there = Self {
            packs: Vec::new(),
            directories: Vec::new(),
            skips: Vec::new(),
            has_promisor_pack: false,
            hash: self.hash,
            catalog: OnceLock::new(),
            sight: OnceLock::new(),
        };
        there.add_packs(&directory.join("pack"));
        let mut ids = loose_ids(directory, self.hash);
        for pack in &there.packs {
            ids.extend((0..pack.len()).map(|at| pack.id_at(at).to_owned()));
        }
        ids.sort_unstable();
        ids.dedup();
        (ids, there.skips)
    }

    /// The hash that names objects.
    pub(crate) fn hash(&self) -> gix_hash::Kind {
        self.hash
    }

    /// Keeps what a sweep of every pack saw, so that their commits need not be read
    /// again, and few of their trees: where those mention one of `asked` is known.
    pub(crate) fn remember(&self, packs: Vec<Vec<Seen>>, asked: HashSet<ObjectId>) {
        // Whoever comes second saw the same.
        let _is_first = self.sight.set(Sight { packs, asked });
    }

    /// What a sweep saw of a pack, if there was one.
    pub(crate) fn seen(&self, pack: usize) -> Option<&[Seen]> {
        self.sight.get()?.packs.get(pack).map(Vec::as_slice)
    }

    /// Whether a sweep knew that these would be asked about.
    pub(crate) fn was_asked<'i>(&self, mut ids: impl Iterator<Item = &'i ObjectId>) -> bool {
        self.sight.get().is_some_and(|sight| ids.all(|id| sight.asked.contains(id)))
    }

    /// Makes the catalog of several packs, on every thread: so it must be called by
    /// one of them alone, before the others ask. Without it packs are asked one
    /// after the other.
    pub(crate) fn prepare(&self) {
        if self.packs.len() > 1 {
            self.catalog.get_or_init(|| Catalog::of(&self.packs));
        }
    }

    fn catalog(&self) -> Option<&Catalog> {
        self.catalog.get()?.as_ref()
    }

    /// Takes from `ids`, which stand one after the other, those that a pack holds.
    pub(crate) fn remove_packed(&self, ids: &mut Vec<u8>) {
        match self.catalog() {
            Some(catalog) => {
                catalog.remove_contained(&self.packs, ids, self.hash.len_in_bytes());
            }
            None => self.packs.iter().for_each(|pack| pack.remove_contained(ids)),
        }
    }

    /// Of each pack the offsets of those entries that an earlier pack holds too;
    /// none where there is no catalog.
    pub(crate) fn duplicates(&self) -> Vec<HashSet<u64>> {
        match self.catalog() {
            Some(catalog) => catalog.duplicates(&self.packs),
            None => vec![HashSet::new(); self.packs.len()],
        }
    }

    /// Every pack that holds an object, and the offset of the entry there.
    fn holders<'s>(&'s self, id: &'s oid) -> impl Iterator<Item = (&'s Pack, u64)> {
        let catalog = self.catalog();
        let listed = catalog.into_iter().flat_map(|catalog| catalog.holders(&self.packs, id));
        let listed = listed.map(|(pack, offset)| (&self.packs[pack as usize], offset));
        let unlisted = if catalog.is_some() { &[] } else { &*self.packs };
        listed.chain(unlisted.iter().filter_map(|pack| Some((pack, pack.offset_of(id)?))))
    }

    /// Whether a pack holds the object.
    pub(crate) fn is_packed(&self, id: &oid) -> bool {
        self.holders(id).next().is_some()
    }

    /// Whether the object is stored anywhere.
    pub(crate) fn contains(&self, id: &oid) -> bool {
        self.is_packed(id) || self.is_loose(id)
    }

    /// Whether the object is stored as a file of its own.
    pub(crate) fn is_loose(&self, id: &oid) -> bool {
        self.directories.iter().any(|directory| loose_path(directory, id).is_file())
    }

    /// The ids that begin with these hexadecimal digits.
    pub(crate) fn ids_with_prefix(&self, prefix: gix_hash::Prefix) -> Vec<ObjectId> {
        let mut found: Vec<ObjectId> =
            self.packs.iter().flat_map(|pack| pack.ids_with_prefix(prefix)).collect();
        for directory in &self.directories {
            found.extend(
                loose_ids(directory, self.hash)
                    .into_iter()
                    .filter(|id| prefix.cmp_oid(id) == std::cmp::Ordering::Equal),
            );
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Reads one object; `None` where it is stored nowhere. A damaged copy
    /// gives way to a sound one.
    pub(crate) fn read(
        &self,
        id: &oid,
        inflater: &mut Inflater,
    ) -> Result<Option<(Kind, Buffer)>, ObjectError> {
        self.read_within(id, None, inflater, CHAIN_LIMIT)
    }

    /// Reads one object from anywhere but one pack, where it is damaged.
    pub(crate) fn read_elsewhere(
        &self,
        id: &oid,
        damaged: &Pack,
        inflater: &mut Inflater,
    ) -> Result<Option<(Kind, Buffer)>, ObjectError> {
        self.read_within(id, Some(damaged), inflater, CHAIN_LIMIT)
    }

    fn read_within(
        &self,
        id: &oid,
        except: Option<&Pack>,
        inflater: &mut Inflater,
        limit: usize,
    ) -> Result<Option<(Kind, Buffer)>, ObjectError> {
        let mut fault = None;
        let is_excepted = |pack: &Pack| except.is_some_and(|except| std::ptr::eq(pack, except));
        for (pack, offset) in self.holders(id).filter(|(pack, _)| !is_excepted(pack)) {
            match self.read_packed(pack, offset, inflater, limit) {
                Ok(object) => return Ok(Some(object)),
                Err(error) => fault = fault.or(Some(error)),
            }
        }
        for directory in &self.directories {
            match read_loose(&loose_path(directory, id), inflater) {
                Ok(Some(object)) => return Ok(Some(object)),
                Ok(None) => {}
                Err(error) => fault = fault.or(Some(error)),
            }
        }
        fault.map_or(Ok(None), Err)
    }

    /// Reads the entry at `offset`: down the chain of bases, then up again.
    fn read_packed(
        &self,
        pack: &Pack,
        offset: u64,
        inflater: &mut Inflater,
        mut limit: usize,
    ) -> Result<(Kind, Buffer), ObjectError> {
        let hash_len = self.hash.len_in_bytes();
        let mut chain = Vec::new();
        let mut at = offset;
        let (kind, mut content) = loop {
            limit = limit.checked_sub(1).ok_or(ObjectError::Cycle)?;
            let header = pack.header(at)?;
            let body = pack.bytes(at + header.length as u64, pack.end());
            if header.size_bytes > OBJECT_LIMIT_BYTES {
                return Err(ObjectError::TooLarge(header.size_bytes));
            }
            match header.basis {
                Basis::Whole(kind) => {
                    let mut content = Buffer::default();
                    inflater.append(body, header.size_bytes, &mut content)?;
                    break (kind, content);
                }
                Basis::Distance(distance) => {
                    chain.push((body, header.size_bytes));
                    at = at.checked_sub(distance).ok_or(ObjectError::BaseOffset)?;
                    if distance == 0 {
                        return Err(ObjectError::Cycle);
                    }
                }
                Basis::Id(start) => {
                    chain.push((body, header.size_bytes));
                    let bytes = pack.bytes(at, pack.end());
                    let id = ObjectId::try_from(&bytes[start..start + hash_len])
                        .map_err(|_| ObjectError::BaseOffset)?;
                    match pack.offset_of(&id) {
                        Some(offset) => at = offset,
                        // Halved, so that packs which lead to one another in
                        // circles end before the stack does.
                        None => match self.read_within(&id, None, inflater, (limit / 2).min(64))? {
                            Some(base) => break base,
                            None => return Err(ObjectError::BaseMissing(id)),
                        },
                    }
                }
            }
        };
        let (mut delta, mut next) = (Buffer::default(), Buffer::default());
        while let Some((body, size_bytes)) = chain.pop() {
            delta.clear();
            inflater.append(body, size_bytes, &mut delta)?;
            let parsed = Delta::parse(&delta)?;
            if parsed.result_len > OBJECT_LIMIT_BYTES {
                return Err(ObjectError::TooLarge(parsed.result_len));
            }
            parsed.apply(&content, &mut next)?;
            std::mem::swap(&mut content, &mut next);
        }
        Ok((kind, content))
    }
}

/// The objects of packs that no visit of the packs' families comes to.
pub(crate) fn scattered_ids(store: &Store) -> Vec<ObjectId> {
    let mut found = Vec::new();
    for pack in &store.packs {
        let forest = pack.forest();
        let is_elsewhere = |node: &NodeId| forest.link(*node) == Link::Elsewhere;
        let roots = forest.families().map(|(root, _)| root);
        let mut open: Vec<NodeId> = roots.filter(is_elsewhere).collect();
        while let Some(node) = open.pop() {
            open.extend(forest.children(node));
            found.extend(pack.id_by_offset(forest.offset(node)));
        }
    }
    found
}
