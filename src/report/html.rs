//! One self-contained page.
use super::model::Report;
use std::io::{self, Write};
pub(super) fn render(_report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<!doctype html>")
}
