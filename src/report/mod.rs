//! What is written of a run.
//!
//! In: findings, coverage and verdicts. Out: one versioned report, and one
//! rendering of it for each format.

mod format;
pub mod human;
pub mod jsonl;
pub mod model;
mod write;

pub use format::{Format, UnknownFormat, render};
pub use write::{WriteError, write_atomically};
