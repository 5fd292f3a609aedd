//! Packs written byte by byte, sound and otherwise; git itself makes none of
//! the faulty ones.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::collections::BTreeMap;
use std::io::Write as _;

use super::git_support::Repo;

/// An entry to be written.
pub(crate) struct Entry {
    basis: Basis,
    /// What is compressed.
    body: Vec<u8>,
    id: String,
    size: Option<u64>,
    is_damaged: bool,
    after: Vec<u8>,
}

enum Basis {
    /// Nothing: a commit, tree, blob or tag, by its number.
    Whole(u8),
    Entry(String),
    Distance(u64),
    Id(String),
}

/// The id of a blob.
pub(crate) fn blob_id(content: &[u8]) -> String {
    object_id(3, content)
}

/// The id of an object of the kind with this number.
pub(crate) fn object_id(kind: u8, content: &[u8]) -> String {
    let kind = ["commit", "tree", "blob", "tag"][usize::from(kind) - 1];
    let mut hasher = gix_hash::hasher(gix_hash::Kind::Sha1);
    hasher.update(format!("{kind} {}\0", content.len()).as_bytes());
    hasher.update(content);
    hasher.try_finalize().unwrap().to_string()
}

impl Entry {
    fn new(basis: Basis, body: Vec<u8>, id: String) -> Self {
        Self { basis, body, id, size: None, is_damaged: false, after: Vec::new() }
    }

    pub(crate) fn blob(content: &[u8]) -> Self {
        Self::new(Basis::Whole(3), content.to_vec(), blob_id(content))
    }

    /// An object of the kind with this number.
    pub(crate) fn whole(kind: u8, content: &[u8]) -> Self {
        Self::new(Basis::Whole(kind), content.to_vec(), object_id(kind, content))
    }

    /// A delta on an earlier entry; `content` names it, whatever the delta gives.
    pub(crate) fn offset_delta(base: &str, delta: Vec<u8>, content: &[u8]) -> Self {
        Self::new(Basis::Entry(base.to_owned()), delta, blob_id(content))
    }

    pub(crate) fn raw_offset_delta(distance: u64, delta: Vec<u8>, content: &[u8]) -> Self {
        Self::new(Basis::Distance(distance), delta, blob_id(content))
    }

    pub(crate) fn id_delta(base: &str, delta: Vec<u8>, content: &[u8]) -> Self {
        Self::new(Basis::Id(base.to_owned()), delta, blob_id(content))
    }

    /// The id under which the index knows it.
    pub(crate) fn named(mut self, id: &str) -> Self {
        id.clone_into(&mut self.id);
        self
    }

    /// The size that its header says.
    pub(crate) fn with_size(mut self, size: u64) -> Self {
        self.size = Some(size);
        self
    }

    /// Its compressed bytes do not inflate.
    pub(crate) fn damaged(mut self) -> Self {
        self.is_damaged = true;
        self
    }

    /// Bytes that stand between it and the next.
    pub(crate) fn followed_by(mut self, bytes: &[u8]) -> Self {
        self.after = bytes.to_vec();
        self
    }
}

/// Writes a pack and its index.
pub(crate) struct PackWriter {
    bytes: Vec<u8>,
    offsets: BTreeMap<String, u64>,
}

impl PackWriter {
    pub(crate) fn new() -> Self {
        Self { bytes: b"PACK\0\0\0\x02\0\0\0\0".to_vec(), offsets: BTreeMap::new() }
    }

    /// Appends an entry; its id.
    pub(crate) fn add(&mut self, entry: Entry) -> String {
        let offset = self.bytes.len() as u64;
        let kind = match entry.basis {
            Basis::Whole(kind) => kind,
            Basis::Entry(_) | Basis::Distance(_) => 6,
            Basis::Id(_) => 7,
        };
        let mut size = entry.size.unwrap_or(entry.body.len() as u64);
        let mut byte = kind << 4 | (size & 15) as u8;
        size >>= 4;
        while size > 0 {
            self.bytes.push(byte | 0x80);
            byte = (size & 0x7f) as u8;
            size >>= 7;
        }
        self.bytes.push(byte);
        match &entry.basis {
            Basis::Whole(_) => {}
            Basis::Entry(base) => self.push_distance(offset - self.offsets[base]),
            Basis::Distance(distance) => self.push_distance(*distance),
            Basis::Id(id) => {
                let id = gix_hash::ObjectId::from_hex(id.as_bytes()).unwrap();
                self.bytes.extend(id.as_bytes());
            }
        }
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&entry.body).unwrap();
        let mut compressed = encoder.finish().unwrap();
        if entry.is_damaged {
            let last = compressed.len() - 1;
            compressed[last] ^= 0xff;
        }
        self.bytes.extend(compressed);
        self.bytes.extend(entry.after);
        self.offsets.insert(entry.id.clone(), offset);
        entry.id
    }

    /// Has the index say that an object is somewhere else.
    pub(crate) fn misplace(&mut self, id: &str, offset: u64) {
        self.offsets.insert(id.to_owned(), offset);
    }

    fn push_distance(&mut self, distance: u64) {
        let mut bytes = vec![(distance & 0x7f) as u8];
        let mut left = distance >> 7;
        while left > 0 {
            left -= 1;
            bytes.push(0x80 | (left & 0x7f) as u8);
            left >>= 7;
        }
        bytes.reverse();
        self.bytes.extend(bytes);
    }

    /// A repository whose only pack is this one.
    pub(crate) fn into_repository(self) -> Repo {
        let repo = Repo::new();
        self.into_pack_of(&repo, "pack-0");
        repo
    }

    /// Gives this pack to a repository.
    pub(crate) fn into_pack_of(mut self, repo: &Repo, name: &str) {
        let count = u32::try_from(self.offsets.len()).unwrap();
        self.bytes[8..12].copy_from_slice(&count.to_be_bytes());
        let checksum = sha1(&self.bytes);
        self.bytes.extend(&checksum);
        let mut index = b"\xfftOc\0\0\0\x02".to_vec();
        for first in 0..=255u8 {
            let below =
                self.offsets.keys().filter(|id| u8::from_str_radix(&id[..2], 16).unwrap() <= first);
            index.extend(u32::try_from(below.count()).unwrap().to_be_bytes());
        }
        for id in self.offsets.keys() {
            index.extend(gix_hash::ObjectId::from_hex(id.as_bytes()).unwrap().as_bytes());
        }
        index.extend(self.offsets.iter().flat_map(|_| [0; 4]));
        for offset in self.offsets.values() {
            index.extend(u32::try_from(*offset).unwrap().to_be_bytes());
        }
        index.extend(&checksum);
        index.extend(sha1(&index));
        let directory = repo.root().join(".git/objects/pack");
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join(format!("{name}.pack")), &self.bytes).unwrap();
        std::fs::write(directory.join(format!("{name}.idx")), index).unwrap();
    }
}

fn sha1(bytes: &[u8]) -> Vec<u8> {
    let mut hasher = gix_hash::hasher(gix_hash::Kind::Sha1);
    hasher.update(bytes);
    hasher.try_finalize().unwrap().as_bytes().to_vec()
}

/// The two lengths at the start of a delta.
pub(crate) fn lengths(base: u64, result: u64) -> Vec<u8> {
    let length = |mut value: u64| {
        let mut bytes = Vec::new();
        while value > 0x7f {
            bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        bytes.push(value as u8);
        bytes
    };
    [length(base), length(result)].concat()
}

/// A step that copies.
pub(crate) fn copy(start: u32, len: u16) -> Vec<u8> {
    let mut bytes = vec![0x80 | 0x0f | 0x30];
    bytes.extend(start.to_le_bytes());
    bytes.extend(len.to_le_bytes());
    bytes
}

/// A delta that copies ranges (start, length) of a base of `base` bytes.
pub(crate) fn delta(base: u64, ranges: &[(u32, u16)]) -> Vec<u8> {
    let result = ranges.iter().map(|(_, len)| u64::from(*len)).sum();
    let steps: Vec<u8> = ranges.iter().flat_map(|(start, len)| copy(*start, *len)).collect();
    [lengths(base, result), steps].concat()
}

/// A delta that inserts some bytes and says that it gives `result` of them.
pub(crate) fn literal_delta(base: u64, result: u64, bytes: &[u8]) -> Vec<u8> {
    [lengths(base, result), vec![bytes.len() as u8], bytes.to_vec()].concat()
}
