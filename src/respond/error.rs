//! Why a response stops.
//!
//! In: failures of the journal, the report's file or the operator's choice.
//! Out: a text that says what was sent and what is safe to do next.

use super::journal::JournalError;
use super::{DirectoryError, SelectionError};
use crate::verify::ReportFileError;

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
    Report(#[from] ReportFileError),
    /// The choice of keys.
    #[error(transparent)]
    Selection(#[from] SelectionError),
}
