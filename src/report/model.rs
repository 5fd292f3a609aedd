//! The versioned report, `keysweep-report/1`: what scripts read.
//!
//! In and out: JSON. Every struct owns its fields and stands apart from the
//! internal types, so that those may change while this does not. It holds
//! fingerprints and masks, never a key.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::{Confidence, Severity, SourceKind};
use crate::secret::Fingerprint;

/// The schema's name and version, the first field of every report.
pub const SCHEMA: &str = "keysweep-report/1";

/// A whole report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// What made the report.
    pub tool: Tool,
    /// When and how it was made.
    pub run: Run,
    /// What was swept; enough to read each key again.
    pub scope: Scope,
    /// What was read and what was not.
    pub coverage: Coverage,
    /// The rules that findings refer to, by id.
    pub rules: BTreeMap<String, RuleSummary>,
    /// One entry a key and rule, suppressed ones included, sorted.
    pub findings: Vec<Finding>,
    /// Advice that is no finding and changes no exit code.
    pub notes: Vec<Note>,
}

/// What made the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// `keysweep`.
    pub name: String,
    /// The version, `MAJOR.MINOR.PATCH`.
    pub version: String,
}

/// When and how a report was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// When the run began, RFC 3339 in UTC.
    pub started_at: String,
    /// When the run ended, RFC 3339 in UTC.
    pub finished_at: String,
    /// The exit code that `scan` ended with: 0, 1 or 3.
    pub exit_code: u8,
    /// The weakest confidence that counts as a finding.
    pub min_confidence: Confidence,
    /// The lowest severity that counts as a failure.
    pub fail_on: Severity,
    /// Whether fingerprints are keyed (`KEYSWEEP_FINGERPRINT_KEY`).
    pub keyed_fingerprints: bool,
    /// Occurrences below `min_confidence`, counted and left out.
    pub below_min_confidence: u64,
}

/// What was swept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// `all`, `tree`, `history`, `staged`, `range` or `stdin`.
    pub mode: String,
    /// The range as given, for `range`.
    pub range: Option<String>,
    /// The directory that relative roots start from, escaped.
    pub working_directory: Option<String>,
    /// What was swept, in the order given.
    pub roots: Vec<Root>,
    /// The configuration file in force, escaped.
    pub config: Option<String>,
    /// Whether the operator named that file (`--config`), so that it holds at
    /// every root; absent where each root's own was found.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub config_given: bool,
    /// The commit that configuration, baseline and ignore rules were taken
    /// from (`--config-from`), in hexadecimal; absent where none was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_from: Option<String>,
}

/// One path that was swept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// The path as given, escaped.
    pub path: String,
    /// `file`, `directory`, `repository`, `bare` or `stdin`.
    pub kind: String,
    /// HEAD's commit at the time of the run, for a repository that has one.
    pub head: Option<String>,
}

/// What was read and what was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// Whether everything in scope was read.
    pub complete: bool,
    /// Files of a tree.
    pub files: u64,
    /// Distinct blobs of an object database.
    pub blobs: u64,
    /// Bytes of content, expanded.
    pub bytes: u64,
    /// Distinct commits.
    pub commits: u64,
    /// Everything that was not read, sorted.
    pub skipped: Vec<Skipped>,
    /// What no clone can hold and this run therefore did not see.
    pub cannot_hold: Vec<String>,
}

/// One thing that was not read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skipped {
    /// An escaped path, an object id or a pack's name.
    pub origin: String,
    /// The kind of reason: `unreadable`, `corrupt`, `missing`, `over-budget`,
    /// `shallow`, `partial`, `changed`, `unsupported` (incomplete), or
    /// `gitlink`, `lfs`, `link`, `special`, `ignored`, `excluded`,
    /// `nested-repository` (outside the scope).
    pub kind: String,
    /// The reason in words.
    pub reason: String,
}

/// What a report says of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSummary {
    /// A few words.
    pub title: String,
    /// What it finds and why that matters.
    pub description: String,
    /// What to do about a finding.
    pub remedy: String,
    /// The rule's severity.
    pub severity: Severity,
}

/// One distinct key under one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The rule's id, a key of [`Report::rules`].
    pub rule: String,
    /// How bad it is if the key is real.
    pub severity: Severity,
    /// The best confidence of any occurrence.
    pub confidence: Confidence,
    /// The key's fingerprint.
    pub fingerprint: Fingerprint,
    /// The mask: first four, `…`, last two of a long key; `…` of a short one.
    pub redacted: String,
    /// What the API said, where it was asked.
    pub verdict: Option<Verdict>,
    /// Why a baseline holds the finding back.
    pub suppression: Option<Suppression>,
    /// Every place, sorted; suppressed ones included.
    pub occurrences: Vec<Occurrence>,
}

/// What the API said of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// `live`, `dead`, `rejected`, `unknown` or `not asked`.
    pub state: String,
    /// Why, for `unknown` and `not asked`.
    pub why: Option<String>,
    /// When the deciding answer came, RFC 3339 in UTC.
    pub at: Option<String>,
    /// The endpoint that was asked, without any key.
    pub endpoint: Option<String>,
    /// The HTTP status that decided.
    pub status: Option<u16>,
    /// When the key was first seen live, RFC 3339 in UTC.
    pub seen_live_at: Option<String>,
    /// When revocation was submitted, RFC 3339 in UTC.
    pub revoked_at: Option<String>,
    /// The key's name at the vendor, escaped, where the API told it.
    pub key_name: Option<String>,
    /// The key's scope (`read`, `write`, `admin`), where the API told it.
    pub key_scope: Option<String>,
}

/// Why something is held back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suppression {
    /// `inline` or `baseline`.
    pub kind: String,
    /// The reason as written, escaped.
    pub reason: String,
    /// Who added it, where known.
    pub actor: Option<String>,
    /// The last day on which it holds (`YYYY-MM-DD`), where one is set.
    pub expires: Option<String>,
}

/// One place that holds the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Occurrence {
    /// The kind of place.
    pub source: SourceKind,
    /// The root as given, escaped.
    pub repository: Option<String>,
    /// The escaped path.
    pub path: Option<String>,
    /// The line of the secret's first byte, from 1.
    pub line: u64,
    /// The column of the secret's first byte, from 1, in bytes.
    pub column: u64,
    /// The bytes that it takes there, encoded as it stands.
    pub length_bytes: u64,
    /// How sure detection is here.
    pub confidence: Confidence,
    /// Why it is believed a key.
    pub evidence: String,
    /// Encodings from the outside in; empty for plain text.
    pub encodings: Vec<String>,
    /// The line, escaped, every key on it masked.
    pub excerpt: String,
    /// Where the mask stands in `excerpt`, in characters from 0: start, length.
    pub excerpt_mask: [usize; 2],
    /// The inline allow that holds it back.
    pub suppression: Option<Suppression>,
    /// The git object that holds it, in hexadecimal.
    pub blob: Option<String>,
    /// The commit that introduced it.
    pub commit: Option<String>,
    /// That commit's author, `Name <email>`.
    pub author: Option<String>,
    /// That commit's author date, RFC 3339.
    pub date: Option<String>,
    /// What else history says, for git; apart, since files have none and a report
    /// may hold a million places.
    pub provenance: Option<Box<Provenance>>,
}

/// What history says of the object that holds a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// `ref`, `note`, `stash`, `index`, `reflog` or `nothing`.
    pub reach: String,
    /// The first few paths that held it.
    pub paths: Vec<String>,
    /// How many paths ever held it.
    pub paths_total: u64,
    /// The commit that introduced it.
    pub introduced: Option<Commit>,
    /// The commit that removed it, where it is gone.
    pub removed: Option<Commit>,
    /// Whether HEAD's tree holds it.
    pub in_head: bool,
    /// Local refs whose history holds it.
    pub refs: Vec<String>,
    /// Remote-tracking refs whose history holds it.
    pub remote_refs: Vec<String>,
}

/// A commit's facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// Its id in hexadecimal.
    pub id: String,
    /// `Name <email>`, escaped.
    pub author: String,
    /// The author's date, RFC 3339; absent where it is malformed.
    pub author_date: Option<String>,
    /// The committer's date, RFC 3339; absent where it is malformed.
    pub commit_date: Option<String>,
    /// The message's first line, escaped and masked.
    pub summary: String,
}

/// Advice beside the findings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// The kind: `env-file-tracked`, `env-file-not-ignored`, `key-shared`,
    /// `suppression-expired`, `suppression-stale`, `allow-not-trusted`,
    /// `configuration-changed`, `baseline-changed`, `ignore-rules-changed`,
    /// `range-empty`, `known-fingerprints`, …
    pub kind: String,
    /// The escaped path that it is about, where there is one.
    pub path: Option<String>,
    /// What is advised, in one or two sentences.
    pub message: String,
}
