//! What a path adds to what bytes say.
//!
//! In: an occurrence whose path is known. Out: whether its rule applies there,
//! and a lower confidence in tests and documentation.

use crate::finding::{Confidence, Occurrence};
use crate::rule::RuleSet;

/// Applies a rule's path filter and the path's own evidence; `false` where the
/// rule does not apply.
#[must_use]
pub fn adjust(rules: &RuleSet, rule: &str, occurrence: &mut Occurrence) -> bool {
    let Some(path) = occurrence.origin.path.clone() else { return true };
    if rules.get(rule).is_some_and(|rule| !rule.paths.applies(&path)) {
        return false;
    }
    let root = &*occurrence.origin.root;
    let path = path.strip_prefix(root).map_or(&*path, |rest| rest.trim_start_matches('/'));
    if is_test(path) || is_documentation(path) {
        occurrence.confidence = match occurrence.confidence {
            Confidence::High => Confidence::Medium,
            Confidence::Medium | Confidence::Low => Confidence::Low,
            Confidence::Confirmed => Confidence::Confirmed,
        };
    }
    true
}

/// Whether a path is a test's, a fixture's or a sample's.
#[must_use]
pub fn is_test(path: &str) -> bool {
    const FOLDERS: [&str; 16] = [
        "test",
        "tests",
        "spec",
        "specs",
        "__tests__",
        "testdata",
        "fixtures",
        "__fixtures__",
        "mocks",
        "__mocks__",
        "examples",
        "example",
        "samples",
        "sample",
        "e2e",
        "testing",
    ];
    let lower = path.to_ascii_lowercase();
    let (folders, file) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let stem = file.split('.').next().unwrap_or(file);
    let marks = [".test.", ".spec.", ".example", ".sample", ".dist", ".template", ".tmpl"];
    folders.split('/').any(|folder| FOLDERS.contains(&folder))
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem.ends_with("_spec")
        || marks.iter().any(|mark| file.contains(mark))
}

/// Whether a path is documentation.
#[must_use]
pub fn is_documentation(path: &str) -> bool {
    const FOLDERS: [&str; 4] = ["docs", "doc", "documentation", "man"];
    const ENDINGS: [&str; 6] = [".md", ".rst", ".adoc", ".mdx", ".textile", ".asciidoc"];
    let lower = path.to_ascii_lowercase();
    let (folders, file) = lower.rsplit_once('/').unwrap_or(("", &lower));
    folders.split('/').any(|folder| FOLDERS.contains(&folder))
        || ENDINGS.iter().any(|ending| file.ends_with(ending))
        || file.starts_with("readme")
}
