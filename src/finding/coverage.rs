//! What was read and what was not.
//!
//! In: counts and skips from the sources. Out: the facts that decide between
//! "clean" and "not fully read". Knows nothing of findings.

use super::lower_case_names;

/// Why something in scope was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SkipKind {
    /// The system refused to read it.
    Unreadable,
    /// Its bytes are not what its format promises.
    Corrupt,
    /// It is referred to, but not there.
    Missing,
    /// Reading it whole would exceed a limit that the reason names.
    OverBudget,
    /// History ends here because the clone is shallow.
    Shallow,
    /// An object that a partial clone left on its server.
    Partial,
    /// It changed while it was read.
    Changed,
    /// A format that this version does not read.
    Unsupported,
    /// A submodule's commit: its objects are in another repository.
    Gitlink,
    /// A large-file pointer whose object is not stored here.
    Lfs,
    /// A symbolic link, which is never followed out of the scope.
    Link,
    /// A FIFO, socket or device, never opened.
    Special,
    /// An ignore rule leaves it out.
    Ignored,
    /// The configuration leaves it out, for the reason given there.
    Excluded,
    /// A repository of its own inside the tree; its files are read, its
    /// objects are not.
    NestedRepository,
}

lower_case_names!(SkipKind {
    Unreadable = "unreadable",
    Corrupt = "corrupt",
    Missing = "missing",
    OverBudget = "over-budget",
    Shallow = "shallow",
    Partial = "partial",
    Changed = "changed",
    Unsupported = "unsupported",
    Gitlink = "gitlink",
    Lfs = "lfs",
    Link = "link",
    Special = "special",
    Ignored = "ignored",
    Excluded = "excluded",
    NestedRepository = "nested-repository",
});

impl SkipKind {
    /// Whether it lies outside the scope, so that leaving it out keeps the run
    /// complete (unless the operator asked for strict coverage).
    #[must_use]
    pub const fn is_outside(self) -> bool {
        matches!(
            self,
            Self::Gitlink
                | Self::Lfs
                | Self::Link
                | Self::Special
                | Self::Ignored
                | Self::Excluded
                | Self::NestedRepository
        )
    }
}

/// One thing that was not read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skip {
    /// What was left out: an escaped path, an object id, a pack's name.
    pub origin: String,
    /// The kind of reason.
    pub kind: SkipKind,
    /// The reason, in words for the operator.
    pub reason: String,
}

/// How much was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Files of a tree.
    pub files: u64,
    /// Distinct blobs of an object database.
    pub blobs: u64,
    /// Bytes of content that the prefilter answered for, expanded.
    pub bytes: u64,
    /// Distinct commits.
    pub commits: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.files += other.files;
        self.blobs += other.blobs;
        self.bytes += other.bytes;
        self.commits += other.commits;
    }
}

impl std::ops::Add for Tally {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}
