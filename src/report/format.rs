//! The formats that a report is rendered in.
//!
//! In: a report and a format. Out: that format's bytes. Knows neither the
//! command line nor where the bytes go.

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use super::model::Report;
use super::{csv, github, gitlab, html, human, json, jsonl, junit, markdown, sarif};

/// A format that every report can be rendered in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Text for a terminal.
    Human,
    /// The versioned report itself, the only format that is read back.
    Json,
    /// One unsuppressed occurrence a line.
    Jsonl,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// GitLab's secret detection report.
    Gitlab,
    /// `JUnit` XML, for CI systems that show tests.
    Junit,
    /// GitHub Actions workflow commands, shown as annotations.
    Github,
    /// Markdown, for an issue or a job summary.
    Markdown,
    /// One self-contained page.
    Html,
    /// One occurrence a row, for a spreadsheet.
    Csv,
}

impl Format {
    /// Every format, in the order of the documentation.
    pub const ALL: [Self; 10] = [
        Self::Human,
        Self::Json,
        Self::Jsonl,
        Self::Sarif,
        Self::Gitlab,
        Self::Junit,
        Self::Github,
        Self::Markdown,
        Self::Html,
        Self::Csv,
    ];

    /// The name used in options.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Sarif => "sarif",
            Self::Gitlab => "gitlab",
            Self::Junit => "junit",
            Self::Github => "github",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Csv => "csv",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text that names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such format; known are {}", Format::ALL.map(Format::name).join(", "))]
pub struct UnknownFormat;

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Self::ALL.into_iter().find(|format| format.name() == name).ok_or(UnknownFormat)
    }
}

/// Renders a report in any format; `human` without colour.
///
/// # Errors
///
/// Only what `out` answers.
pub fn render(report: &Report, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Human => human::render(report, human::Style::default(), out),
        Format::Jsonl => jsonl::render(report, out),
        Format::Json => json::write_pretty(out, report),
        Format::Sarif => sarif::render(report, out),
        Format::Gitlab => gitlab::render(report, out),
        Format::Junit => junit::render(report, out),
        Format::Github => github::render(report, out),
        Format::Markdown => markdown::render(report, out),
        Format::Html => html::render(report, out),
        Format::Csv => csv::render(report, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_name() {
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
        }
        assert_eq!("sarif2".parse::<Format>(), Err(UnknownFormat));
    }
}
