//! Files and flags to one set of settings, correct by construction.
//!
//! In: what the command line parsed and the text of configuration files. Out:
//! [`Settings`] and [`Configuration`]. A configuration that lies in what is
//! scanned is hostile: it may add rules and leave paths out with a reason, and
//! nothing else. Nothing here opens a repository or reads a tree.

mod configuration;
mod excludes;
mod surroundings;

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use gix_hash::ObjectId;

pub use configuration::{CONFIG_NAME, ConfigError, Configuration, Trust};
pub use excludes::{Exclude, ExcludeSet};
pub use surroundings::Surroundings;

use crate::finding::{Confidence, Severity};
use crate::secret::{Fingerprint, Fingerprinter, Secret};

/// What of each path is swept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// Files and, at a repository's root, everything that it stores.
    All,
    /// Files alone.
    Tree,
    /// What the repository stores alone.
    History,
    /// What the next commit would add.
    Staged,
    /// What the commits of a range add, `A..B`.
    Range(String),
    /// What a push brings.
    Push(Push),
    /// Standard input.
    Stdin,
}

/// What a push brings, as git tells its hooks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Push {
    /// The objects that refs are to name.
    pub tips: Vec<ObjectId>,
    /// What the other side has already.
    pub known: Vec<ObjectId>,
    /// Where the objects of a push that is being received wait.
    pub quarantine: Option<PathBuf>,
}

impl Mode {
    /// The name used in options and reports.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Tree => "tree",
            Self::History => "history",
            Self::Staged => "staged",
            Self::Range(_) => "range",
            Self::Push(_) => "push",
            Self::Stdin => "stdin",
        }
    }
}

/// Which baseline holds findings back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum BaselineChoice {
    /// None: what is swept may suppress nothing by one.
    #[default]
    None,
    /// The one at each root, where there is one.
    Found,
    /// The operator's file, which must be there.
    File(PathBuf),
}

/// Everything that decides what a sweep reads and what counts.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is an answer of its own")]
pub struct Settings {
    /// What to sweep, as given; empty for [`Mode::Stdin`].
    pub paths: Vec<PathBuf>,
    /// What of it.
    pub mode: Mode,
    /// The operator's configuration, which replaces the ones found.
    pub config: Option<PathBuf>,
    /// The baseline in force; a sweep for named keys obeys none.
    pub baseline: BaselineChoice,
    /// The trusted revision of each root's repository: configuration, baseline
    /// and ignore rules are taken from it, and inline allows that it lacks hold
    /// nothing back.
    pub config_from: Option<String>,
    /// Globs of `--exclude`, each of which needs its reason in a configuration.
    pub asked_excludes: Vec<String>,
    /// Whether `.gitignore` files are obeyed.
    pub obeys_ignore_files: bool,
    /// The weakest confidence that counts as a finding.
    pub min_confidence: Confidence,
    /// The lowest severity that counts as a failure.
    pub fail_on: Severity,
    /// Whether what lies outside the scope makes a run incomplete.
    pub strict_coverage: bool,
    /// Threads; `None` for one a processor.
    pub jobs: Option<NonZeroUsize>,
    /// Makes fingerprints.
    pub fingerprinter: Fingerprinter,
    /// Whether `keysweep:allow` beside a key holds it back; not where whoever
    /// wrote it is not trusted.
    pub obeys_allows: bool,
    /// Whether `[[exclude]]` of a configuration that lies in what is swept is
    /// obeyed; the operator's own and a trusted revision's always are.
    pub obeys_scanned_excludes: bool,
    /// Whether this scope was swept before: what is gone of it or cannot be
    /// opened any more is a skip, and the rest is swept all the same.
    pub is_swept_again: bool,
    /// What git told of the repository, where it started this run.
    pub surroundings: Surroundings,
    /// Files that this run will write; they are not read.
    pub report_paths: Vec<PathBuf>,
    /// Keys that the operator named: looked for by their value, confirmed
    /// wherever they stand.
    pub known_keys: Vec<Secret>,
    /// Fingerprints of keys that the operator named: what the rules find is
    /// compared with them.
    pub known_fingerprints: HashSet<Fingerprint>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            paths: vec![PathBuf::from(".")],
            mode: Mode::All,
            config: None,
            baseline: BaselineChoice::None,
            config_from: None,
            asked_excludes: Vec::new(),
            obeys_ignore_files: true,
            min_confidence: Confidence::Medium,
            fail_on: Severity::Low,
            strict_coverage: false,
            jobs: None,
            fingerprinter: Fingerprinter::plain(),
            obeys_allows: true,
            obeys_scanned_excludes: true,
            is_swept_again: false,
            surroundings: Surroundings::default(),
            report_paths: Vec::new(),
            known_keys: Vec::new(),
            known_fingerprints: HashSet::new(),
        }
    }
}

impl Settings {
    /// Whether the operator named keys to look for: then nothing that is swept
    /// may hold one back.
    #[must_use]
    pub fn names_keys(&self) -> bool {
        !self.known_keys.is_empty() || !self.known_fingerprints.is_empty()
    }
}
