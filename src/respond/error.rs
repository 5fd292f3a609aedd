//! Why a response stops.
//!
//! In: failures of the journal, the report's file or the operator's choice.
//! Out: a text that says what was sent and what is safe to do next.

use super::journal::JournalError;
use super::{DirectoryError, SelectionError};
use crate::verify::ReportFileError;

// Errors of this room and of `verify` tell their cause in their own text; none
// is chained as a source too, which would tell it twice.

/// Why a response stops before its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RespondError {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The audit's directory.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The report's file.
    #[error("{0}; what was done so far is in the journal; run the same command again")]
    Report(ReportFileError),
    /// The choice of keys.
    #[error(transparent)]
    Selection(#[from] SelectionError),
}

impl From<ReportFileError> for RespondError {
    fn from(error: ReportFileError) -> Self {
        Self::Report(error)
    }
}
