//! What is written of a run.
//!
//! In: findings, coverage and verdicts. Out: one versioned report, and one
//! rendering of it for each format.

pub mod model;
