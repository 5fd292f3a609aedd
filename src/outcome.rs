//! What a sweep brings home.
//!
//! In: everything that the sources and detection delivered. Out: the facts
//! that reports, verification and exit codes are made from, in a fixed order.

use std::sync::Arc;

use crate::baseline::Baseline;
use crate::finding::{Confidence, Finding, Severity, Skip, Tally, lower_case_names};
use crate::rule::RuleSet;

/// What a sweep found, what it read and what it did not.
#[derive(Debug)]
pub struct Outcome {
    /// When the run began, RFC 3339 in UTC.
    pub started_at: String,
    /// When it ended, RFC 3339 in UTC.
    pub finished_at: String,
    /// What was swept.
    pub scope: Scope,
    /// The rules in force; more than one set where roots have their own.
    pub rules: Vec<Arc<RuleSet>>,
    /// The baseline in force; the first root's where each has its own.
    pub baseline: Option<Arc<Baseline>>,
    /// Whether everything at the roots was read, so that a key of a baseline
    /// which was not found is gone.
    pub saw_everything: bool,
    /// One entry a key and rule, suppressed ones included, sorted.
    pub findings: Vec<Finding>,
    /// Occurrences below the threshold, which are not among the findings.
    pub below_min_confidence: u64,
    /// How much was read.
    pub tally: Tally,
    /// Everything that was not read, sorted.
    pub skips: Vec<Skip>,
    /// Advice beside the findings, sorted.
    pub notes: Vec<Note>,
    /// The weakest confidence that counts as a finding.
    pub min_confidence: Confidence,
    /// The lowest severity that counts as a failure.
    pub fail_on: Severity,
    /// Whether what lies outside the scope makes a run incomplete.
    pub strict_coverage: bool,
    /// Whether fingerprints are keyed.
    pub keyed_fingerprints: bool,
}

impl Outcome {
    /// Whether everything in scope was read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.skips.iter().any(|skip| self.strict_coverage || !skip.kind.is_outside())
    }

    /// Whether a finding stands that nothing holds back and that is severe
    /// enough to fail a gate.
    #[must_use]
    pub fn fails(&self) -> bool {
        self.findings.iter().any(|finding| finding.is_active() && finding.severity >= self.fail_on)
    }

    /// The exit code of `scan`: 0, 1 or 3.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match (self.fails(), self.is_complete()) {
            (true, _) => 1,
            (false, false) => 3,
            (false, true) => 0,
        }
    }

    /// The rule of that id, from whichever set has it.
    #[must_use]
    pub fn rule(&self, id: &str) -> Option<&crate::rule::Rule> {
        self.rules.iter().find_map(|set| set.get(id))
    }
}

/// What was swept; enough to read each key again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// `all`, `tree`, `history`, `staged`, `range` or `stdin`.
    pub mode: &'static str,
    /// The range as given.
    pub range: Option<String>,
    /// The directory that relative roots start from, escaped.
    pub working_directory: Option<String>,
    /// What was swept, in the order given.
    pub roots: Vec<Root>,
    /// The configuration file in force, escaped; the first root's where each
    /// has its own.
    pub config: Option<String>,
    /// Whether the operator named that file, so that it holds at every root.
    pub config_given: bool,
    /// The commit that configuration, baseline and ignore rules were taken
    /// from, in hexadecimal; the first root's.
    pub config_from: Option<String>,
}

/// One path that was swept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// As given, escaped.
    pub path: String,
    /// What it is.
    pub kind: RootKind,
    /// HEAD's commit at the time of the run, in hexadecimal.
    pub head: Option<String>,
}

/// What a swept path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RootKind {
    /// One file.
    File,
    /// A directory that is no repository's root.
    Directory,
    /// The root of a git worktree.
    Repository,
    /// A repository without a worktree.
    Bare,
    /// Standard input.
    Stdin,
}

lower_case_names!(RootKind {
    File = "file",
    Directory = "directory",
    Repository = "repository",
    Bare = "bare",
    Stdin = "stdin",
});

/// Advice that is no finding and changes no exit code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The kind, such as `env-file-tracked`.
    pub kind: &'static str,
    /// The escaped path that it is about.
    pub path: Option<String>,
    /// What is advised.
    pub message: String,
}
