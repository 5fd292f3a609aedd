//! Paths that a configuration leaves out, each with its reason.
//!
//! In: globs and reasons. Out: for a path, the reason to leave it out. A glob
//! is matched against the path from the configuration's directory, `*` stays
//! within a name, and one without `/` matches a name at any depth.

use std::path::Path;

use globset::{Candidate, GlobBuilder, GlobSet, GlobSetBuilder};

/// One entry of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclude {
    /// As written.
    pub glob: String,
    /// Why.
    pub reason: String,
    /// Whether it holds only where `--exclude` names the same glob.
    pub when_asked: bool,
}

/// The entries that hold in this run.
#[derive(Debug, Clone, Default)]
pub struct ExcludeSet {
    entries: Vec<Exclude>,
    globs: GlobSet,
}

impl ExcludeSet {
    /// Keeps the entries that hold: all but those that wait to be asked for
    /// and are not in `asked`.
    ///
    /// # Errors
    ///
    /// The index of the entry whose glob is none, and what is wrong with it.
    pub fn new(entries: &[Exclude], asked: &[String]) -> Result<Self, (usize, String)> {
        let mut builder = GlobSetBuilder::new();
        let mut kept = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let pattern = entry.glob.trim_end_matches('/');
            let anchored = pattern.strip_prefix('/').unwrap_or(pattern);
            let is_anywhere = !pattern.contains('/');
            let pattern = if is_anywhere { format!("**/{anchored}") } else { anchored.to_owned() };
            let glob = GlobBuilder::new(&pattern)
                .literal_separator(true)
                .build()
                .map_err(|error| (index, error.kind().to_string()))?;
            if !entry.when_asked || asked.contains(&entry.glob) {
                builder.add(glob);
                kept.push(entry.clone());
            }
        }
        let globs = builder.build().map_err(|error| (0, error.kind().to_string()))?;
        Ok(Self { entries: kept, globs })
    }

    /// Whether an entry with this glob holds.
    #[must_use]
    pub fn holds(&self, glob: &str) -> bool {
        self.entries.iter().any(|entry| entry.glob == glob)
    }

    /// Why `path`, from the configuration's directory, is left out; the first
    /// entry that says so.
    #[must_use]
    pub fn reason(&self, path: &Path) -> Option<&Exclude> {
        if self.globs.is_empty() || path.as_os_str().is_empty() {
            return None;
        }
        let first = self.globs.matches_candidate(&Candidate::new(path)).into_iter().min()?;
        self.entries.get(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glob_matches_from_the_configurations_directory() {
        let cases = [
            ("vendor/**", "vendor/a/b", true),
            ("vendor/**", "x/vendor/a", false),
            ("vendor", "x/vendor", true),
            ("/vendor", "x/vendor", false),
            ("/vendor/", "vendor", true),
            ("*.min.js", "a/b/c.min.js", true),
            ("a/*.js", "a/b/c.js", false),
            ("a/**/*.js", "a/b/c.js", true),
        ];
        for (glob, path, expected) in cases {
            let entry =
                Exclude { glob: glob.into(), reason: "generated".into(), when_asked: false };
            let set = ExcludeSet::new(&[entry], &[]).expect("a glob");
            assert_eq!(set.reason(Path::new(path)).is_some(), expected, "{glob} {path}");
        }
    }

    #[test]
    fn entry_that_waits_to_be_asked_for_holds_only_then() {
        let entry = Exclude { glob: "docs".into(), reason: "slow".into(), when_asked: true };
        let entries = [entry];
        let holds = |asked: &[String]| {
            ExcludeSet::new(&entries, asked).expect("globs").reason(Path::new("docs")).is_some()
        };
        assert!(!holds(&[]));
        assert!(holds(&["docs".to_owned()]));
    }
}
