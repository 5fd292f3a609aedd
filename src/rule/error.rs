//! Why a rule file is refused.
//!
//! In: nothing. Out: errors that name the file, the line and the cause, so
//! that the writer of a rule can mend it without reading this program.

/// Why a rule was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {reason}")]
pub struct RuleError {
    /// The file, as the operator named it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what would be right.
    pub reason: String,
}

/// Where the lines of a text end.
#[derive(Debug)]
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        Self(memchr::memchr_iter(b'\n', text.as_bytes()).collect())
    }

    /// The line, from 1, that holds the byte at `offset`.
    pub(super) fn holding(&self, offset: usize) -> usize {
        self.0.partition_point(|end| *end < offset) + 1
    }
}
