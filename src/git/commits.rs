//! What commits and tags say.
//!
//! In: their bytes, hostile. Out: what a commit names and when it was made, in a form
//! for millions of them, and what is shown of one.

use gix_hash::ObjectId;

use super::names::escape;
use super::pack::NodeId;
use crate::finding::Commit;

/// What is read of a commit before the others are known.
pub(crate) struct Raw {
    pub(crate) tree: ObjectId,
    pub(crate) parents: Vec<ObjectId>,
    pub(crate) time: i64,
}

/// What the commits of a pack name, some 60 bytes each, gathered by whoever reads
/// them all anyway.
#[derive(Debug, Default)]
pub(crate) struct PackedCommits {
    facts: Vec<PackedCommit>,
    /// Of each its tree and its parents.
    named: Vec<u8>,
}

#[derive(Debug)]
struct PackedCommit {
    node: NodeId,
    parents: u32,
    time: i64,
}

/// What a commit names, ids as they stand one after the other.
pub(super) struct Named<'c> {
    pub(super) tree: &'c [u8],
    pub(super) parents: &'c [u8],
    pub(super) time: i64,
}

impl PackedCommits {
    /// Takes the commit that an entry of the pack holds.
    pub(crate) fn push(&mut self, node: NodeId, raw: &Raw) {
        let (parents, time) = (raw.parents.len() as u32, raw.time);
        self.facts.push(PackedCommit { node, parents, time });
        for id in std::iter::once(&raw.tree).chain(&raw.parents) {
            self.named.extend_from_slice(id.as_bytes());
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.facts.len()
    }

    /// The entries that they are.
    pub(super) fn nodes(&self) -> impl Iterator<Item = NodeId> {
        self.facts.iter().map(|facts| facts.node)
    }

    /// What each names, with ids of this length.
    pub(super) fn iter(&self, hash_len: usize) -> impl Iterator<Item = Named<'_>> {
        let mut named = self.named.as_slice();
        self.facts.iter().map(move |facts| {
            let (tree, after) = named.split_at(hash_len);
            let (parents, after) = after.split_at(hash_len * facts.parents as usize);
            named = after;
            Named { tree, parents, time: facts.time }
        })
    }
}

/// Reads the headers of a commit; `None` where they are damaged, or name an id of
/// another length than `hash` gives.
pub(crate) fn parse(hash: gix_hash::Kind, bytes: &[u8]) -> Option<Raw> {
    let named = |hex| ObjectId::from_hex(hex).ok().filter(|named| named.kind() == hash);
    let mut lines = lines(bytes);
    let tree = named(lines.next()?.strip_prefix(b"tree ")?)?;
    let mut parents = Vec::new();
    let mut time = 0;
    for line in lines {
        if let Some(parent) = line.strip_prefix(b"parent ") {
            parents.push(named(parent)?);
        } else if let Some(committer) = line.strip_prefix(b"committer ") {
            time = seconds(committer).map_or(0, |(seconds, _)| seconds);
            break;
        } else if line.is_empty() {
            break;
        }
    }
    Some(Raw { tree, parents, time })
}

/// What stands between line feeds.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest?;
        let end = memchr::memchr(b'\n', bytes);
        rest = end.map(|end| &bytes[end + 1..]);
        Some(&bytes[..end.unwrap_or(bytes.len())])
    })
}

/// The seconds and the offset at the end of an author or committer line.
fn seconds(line: &[u8]) -> Option<(i64, i32)> {
    let after = &line[memchr::memrchr(b'>', line)? + 1..];
    let text = std::str::from_utf8(after).ok()?;
    let mut words = text.split_ascii_whitespace();
    let seconds = words.next()?.parse().ok()?;
    let offset: i32 = words.next()?.parse().ok()?;
    Some((seconds, (offset / 100) * 3600 + (offset % 100) * 60))
}

/// What is shown of a commit: who, when, and the first line.
pub(crate) fn describe(id: ObjectId, bytes: &[u8]) -> Commit {
    let end = memchr::memmem::find(bytes, b"\n\n");
    let (headers, message) = match end {
        Some(end) => (&bytes[..end], &bytes[end + 2..]),
        None => (bytes, &[][..]),
    };
    let find = |name: &[u8]| lines(headers).find_map(|line| line.strip_prefix(name));
    let author = find(b"author ").unwrap_or_default();
    let name_len = memchr::memrchr(b'>', author).map_or(author.len(), |end| end + 1);
    let summary = lines(message).find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    Commit {
        id,
        author: escape(author[..name_len].trim_ascii()),
        author_date: date(author),
        commit_date: find(b"committer ").and_then(date),
        summary: escape(summary.trim_ascii()),
    }
}

/// RFC 3339 with the recorded offset; `None` where malformed or out of range.
fn date(line: &[u8]) -> Option<String> {
    let (seconds, offset) = seconds(line)?;
    let timestamp = jiff::Timestamp::from_second(seconds).ok()?;
    let zone = jiff::tz::Offset::from_seconds(offset).ok()?.to_time_zone();
    let zoned = timestamp.to_zoned(zone);
    Some(zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

/// The object that a tag names.
pub(crate) fn tagged(bytes: &[u8]) -> Option<ObjectId> {
    let line = lines(bytes.strip_prefix(b"object ")?).next()?;
    ObjectId::from_hex(line).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_whatever_they_hold() {
        let date = |text: &str| date(text.as_bytes());
        assert_eq!(date("A <a@b> 1700000000 +0530").as_deref(), Some("2023-11-15T03:43:20+05:30"));
        assert_eq!(date("A <a@b> 0 -0000").as_deref(), Some("1970-01-01T00:00:00+00:00"));
        for malformed in [
            "A <a@b>",
            "A <a@b> x +0000",
            "A <a@b> 99999999999999999999 +0000",
            "A <a@b> 9223372036854775807 +0000",
            "A <a@b> 1 +9999",
            "A <a@b> 1 +99999999999",
            "",
        ] {
            assert_eq!(date(malformed), None, "{malformed}");
        }
    }

    #[test]
    fn a_commit_without_message_or_author_is_described() {
        let id = ObjectId::null(gix_hash::Kind::Sha1);
        assert_eq!(describe(id, b"tree x").summary, "");
        let commit = describe(id, b"author A\x1b <a> 1 +0000\n\n\n two\nthree");
        assert_eq!((commit.author.as_str(), commit.summary.as_str()), ("A%1B <a>", "two"));
    }
}
