//! Where a key stands.
//!
//! In: what a source knows of a content and what detection knows of a hit.
//! Out: an occurrence. Paths in here are already escaped for printing.

use std::sync::Arc;

use gix_hash::ObjectId;

use super::{Confidence, Suppression, lower_case_names};

/// What kind of place held the key.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// A file of a tree on disk.
    Worktree,
    /// A blob of the index.
    Index,
    /// A blob that a commit reachable from a ref holds.
    History,
    /// A commit's message or headers.
    Message,
    /// An annotated tag.
    Tag,
    /// A reflog's message, or an object only a reflog reaches.
    Reflog,
    /// A blob that only a stash holds.
    Stash,
    /// A note.
    Note,
    /// An object that nothing reaches.
    Unreachable,
    /// The repository's own files: configuration, hooks, names of refs.
    Metadata,
    /// Standard input.
    Stdin,
}

lower_case_names!(SourceKind {
    Worktree = "worktree",
    Index = "index",
    History = "history",
    Message = "message",
    Tag = "tag",
    Reflog = "reflog",
    Stash = "stash",
    Note = "note",
    Unreachable = "unreachable",
    Metadata = "metadata",
    Stdin = "stdin",
});

/// Where a content came from, before anything is known of its history.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The kind of place.
    pub source: SourceKind,
    /// The scanned root as it was given, escaped.
    pub root: Arc<str>,
    /// The escaped path; for a blob, its first path once that is known.
    pub path: Option<Arc<str>>,
    /// The git object that holds the bytes.
    pub object: Option<ObjectId>,
}

impl Origin {
    /// The origin of a content inside this one, which is a container; `inner`
    /// is the escaped path in it. Where the outer path is not known yet, the
    /// inner one begins with `!/`, and [`Origin::path_under`] completes it.
    #[must_use]
    pub fn inside(&self, inner: &str) -> Self {
        let outer = self.path.as_deref().unwrap_or_default();
        Self { path: Some(format!("{outer}!/{inner}").into()), ..self.clone() }
    }

    /// The path, now that the outer one is known.
    #[must_use]
    pub fn path_under(&self, outer: Option<&Arc<str>>) -> Option<Arc<str>> {
        match (&self.path, outer) {
            (Some(inner), Some(outer)) if inner.starts_with("!/") => {
                Some(format!("{outer}{inner}").into())
            }
            (Some(path), _) => Some(Arc::clone(path)),
            (None, outer) => outer.cloned(),
        }
    }
}

/// One layer of encoding between the outer bytes and the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encoding {
    /// Base64 or base64url.
    Base64,
    /// Hexadecimal digits.
    Hex,
    /// Percent escapes.
    Percent,
    /// UTF-16, either byte order.
    Utf16,
    /// UTF-32, either byte order.
    Utf32,
    /// Backslash escapes of JSON, C or JavaScript.
    Escapes,
    /// HTML character references.
    Html,
    /// Quoted-printable.
    QuotedPrintable,
    /// Gzip.
    Gzip,
}

lower_case_names!(Encoding {
    Base64 = "base64",
    Hex = "hex",
    Percent = "percent",
    Utf16 = "utf-16",
    Utf32 = "utf-32",
    Escapes = "escapes",
    Html = "html",
    QuotedPrintable = "quoted-printable",
    Gzip = "gzip",
});

/// One place that holds a key.
#[derive(Debug, Clone)]
pub struct Occurrence {
    /// Where the content came from.
    pub origin: Arc<Origin>,
    /// The line of the secret's first byte, from 1, in the outer content.
    pub line: u64,
    /// The column of the secret's first byte, from 1, in bytes of the outer
    /// content.
    pub column: u64,
    /// The length, in bytes, that the secret (or its encoded run) takes in the
    /// outer content.
    pub length_bytes: u64,
    /// How sure detection is at this place.
    pub confidence: Confidence,
    /// Why it is believed a key, in a few words, such as `assigned to BITKIT_API_KEY`.
    pub evidence: String,
    /// The encodings from the outside in; empty for plain text.
    pub encodings: Vec<Encoding>,
    /// The line that holds it, escaped and with every key on it masked.
    pub excerpt: Excerpt,
    /// An inline allow beside it, if one holds.
    pub suppression: Option<Suppression>,
    /// What history says of the place; `None` outside git.
    pub provenance: Option<Arc<Provenance>>,
}

/// A masked, escaped line and where in it the mask stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Excerpt {
    /// The line, cut to a readable length.
    pub text: String,
    /// The mask's first character, counted in characters from 0.
    pub start: usize,
    /// The mask's length in characters.
    pub length: usize,
}

/// A commit's facts, escaped for printing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its object id.
    pub id: ObjectId,
    /// `Name <email>` of the author, as recorded.
    pub author: String,
    /// The author's date, RFC 3339 with the recorded offset; `None` where the
    /// recorded date is malformed or out of range.
    pub author_date: Option<String>,
    /// The committer's date, likewise.
    pub commit_date: Option<String>,
    /// The message's first line.
    pub summary: String,
}

/// How an object is reached, best way first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// From a branch, tag, remote-tracking or other ref, or from HEAD.
    Ref,
    /// Only from the notes' refs.
    Note,
    /// Only from the stash.
    Stash,
    /// Only from the index.
    Index,
    /// Only from a reflog.
    Reflog,
    /// From nothing.
    Nothing,
}

/// What history says of the object that holds a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// How it is reached.
    pub reach: Reach,
    /// The first paths that held it, in the order of introduction; a few only.
    pub paths: Vec<Arc<str>>,
    /// How many distinct paths ever held it.
    pub paths_total: u64,
    /// The commit that introduced it, first by topology.
    pub introduced: Option<Commit>,
    /// The commit that removed it from the line of HEAD (or of the newest ref
    /// that held it); `None` while it is held.
    pub removed: Option<Commit>,
    /// Whether HEAD's tree holds it now.
    pub in_head: bool,
    /// Local refs whose history holds it, escaped, sorted.
    pub refs: Vec<String>,
    /// Remote-tracking refs whose history holds it, escaped, sorted.
    pub remote_refs: Vec<String>,
}
