//! Which commits a CI job is about.
//!
//! In: the environment of a job, and for GitHub the event that started it.
//! Out: the commits that a change rests on and the commit that it leads to, or
//! that the job is about no change; then, in a clone, the range between them.
//! A clone that does not reach back to the base is refused with the one line
//! that mends it: what was not fetched was not looked at.

mod platform;
#[cfg(test)]
mod tests;

use gix_hash::ObjectId;

use crate::git::{GitError, Objects, Range, Repository};

pub use platform::{Event, Platform, read};

/// What a job is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Who runs it.
    pub platform: Platform,
    /// What started it.
    pub event: Event,
    /// Commits and branches that the change rests on, best first: the first
    /// one that is stored is taken.
    pub bases: Vec<String>,
    /// The commit that the change leads to.
    pub tip: String,
    /// Whose word counts on what may stay, best first; empty on the default
    /// branch itself, where what was reviewed has arrived.
    pub trusted: Vec<String>,
}

/// What of a repository a job has to sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `A..B`, by ids; `None` where everything that is stored is to be swept,
    /// because nothing tells what is new.
    pub range: Option<String>,
    /// The commit whose word counts, in hexadecimal: one that the change had no
    /// part in. `None` where there is no such commit.
    pub trusted: Option<String>,
}

impl Change {
    /// Nothing is known to be new, so that nobody's word stands against what is
    /// swept.
    const EVERYTHING: Self = Self { range: None, trusted: None };
}

/// Why a job's range cannot be told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CiError {
    /// The environment is of no platform that is known.
    #[error(
        "--range ci: this is no job of GitHub Actions, GitLab CI, Bitbucket Pipelines, Azure \
         Pipelines, CircleCI, Jenkins or Buildkite; give the range itself, --range A..B"
    )]
    NoPlatform,
    /// A variable that the platform always sets is missing.
    #[error("--range ci: {platform} sets no {variable} here; give the range itself, --range A..B")]
    Missing {
        /// The platform.
        platform: Platform,
        /// The variable.
        variable: &'static str,
    },
    /// The clone does not hold what the range needs.
    #[error("--range ci: {reason}, so the change cannot be told; {mend}")]
    NotStored {
        /// What is missing.
        reason: String,
        /// What mends it, on this platform.
        mend: String,
    },
    /// The repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl Job {
    /// What the job has to sweep in this clone.
    ///
    /// A range without a commit would pass whatever was pushed: then, and where
    /// no base is told, everything is swept.
    ///
    /// # Errors
    /// A clone that does not hold the tip, or a pull request's base, or all
    /// that lies between them; and a repository that cannot be read.
    pub fn change(&self, repository: &Repository) -> Result<Change, CiError> {
        let objects = Objects::open(repository);
        let mut reader = objects.reader();
        let tip = repository
            .resolve_commit(&self.tip, &mut reader)
            .map_err(|_| self.not_stored(format!("commit {} is not stored", self.tip)))?;
        let base: Option<ObjectId> =
            self.bases.iter().find_map(|base| repository.resolve_commit(base, &mut reader).ok());
        let Some(base) = base else {
            let is_review = matches!(self.event, Event::PullRequest | Event::MergeQueue);
            if is_review || (is_shallow(repository) && !self.bases.is_empty()) {
                let reason = match self.bases.first() {
                    Some(first) => format!("the base {first} is not stored"),
                    None => format!("{} names no base", self.platform),
                };
                return Err(self.not_stored(reason));
            }
            return Ok(Change::EVERYTHING);
        };
        let text = format!("{base}..{tip}");
        let range = Range::between(&text, vec![tip], vec![base]);
        let commits = range.commits(&mut reader).map_err(|error| match error {
            GitError::Range { .. } => {
                self.not_stored("commits between the base and the change are not stored".to_owned())
            }
            other => CiError::Git(other),
        })?;
        if commits.is_empty() {
            return Ok(Change::EVERYTHING);
        }
        let mut stored = self.trusted.iter();
        let trusted = stored.find_map(|name| repository.resolve_commit(name, &mut reader).ok());
        Ok(Change { range: Some(text), trusted: trusted.map(|id| id.to_string()) })
    }

    fn not_stored(&self, reason: String) -> CiError {
        CiError::NotStored { reason, mend: self.platform.mend().to_owned() }
    }
}

/// Whether the clone's history was cut.
fn is_shallow(repository: &Repository) -> bool {
    std::fs::metadata(repository.common_dir().join("shallow")).is_ok_and(|file| file.len() > 0)
}
