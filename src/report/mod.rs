//! What is written of a run.
//!
//! In: findings, coverage and verdicts. Out: one versioned report, and one
//! rendering of it for each format.

pub mod audit;
pub mod build;
mod csv;
pub mod exposure;
mod format;
mod github;
mod gitlab;
mod html;
pub mod human;
pub mod inert;
pub mod json;
pub mod jsonl;
mod junit;
mod markdown;
pub mod model;
pub mod place;
mod read;
mod replacement;
mod sarif;
pub mod steps;
pub mod summary;
mod write;

pub use format::{Format, UnknownFormat, render};
pub use read::{ReadError, read};
pub use replacement::Replacements;
pub use write::{WriteError, write_atomically, write_for_all};

/// The JSON Schema of [`model::Report`], as `keysweep report --schema` prints
/// it.
pub const JSON_SCHEMA: &str = include_str!("../../fixtures/report/keysweep-report-1.schema.json");
