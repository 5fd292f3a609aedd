//! Text for a terminal.
//!
//! In: the versioned report. Out: lines for a reader. Knows neither the
//! command line nor how a key was found.

use std::io::{self, Write};

use super::model::Report;

/// How text is decorated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// No escape sequences.
    #[default]
    Plain,
    /// ANSI colours.
    Colour,
}

/// Renders the report as text.
///
/// # Errors
///
/// Only what `out` answers.
pub fn render(report: &Report, _style: Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{} findings", report.findings.len())
}
