//! JSON whose strings act on nothing that shows them.
//!
//! In: any serialisable value. Out: the same value; characters that a terminal
//! or a reader's eye would act on are written as `\u` escapes, which every
//! parser reads back as they were.

use std::io::{self, Write};

use serde::{Serialize, Serializer as Format};
use serde_json::Serializer;
use serde_json::ser::{Formatter, PrettyFormatter};

use super::inert::{OLD_COMMAND, is_active};

/// Writes a value on several lines, with a newline at the end.
///
/// # Errors
///
/// What `out` answers, or what the value's serialisation refuses.
pub fn write_pretty(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *out, Inert(PrettyFormatter::new())))?;
    out.write_all(b"\n")
}

/// Writes a value on one line, with a newline at the end.
///
/// # Errors
///
/// What `out` answers, or what the value's serialisation refuses.
pub fn write_line(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *out, Inert(Plain)))?;
    out.write_all(b"\n")
}

/// A list whose items are made while it is written, so that a hundred thousand
/// findings are not held twice.
pub(super) struct Each<F>(pub(super) F);

impl<F: Fn() -> I, I: Iterator<Item: Serialize>> Serialize for Each<F> {
    fn serialize<S: Format>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq((self.0)())
    }
}

/// One line.
struct Plain;

impl Formatter for Plain {}

/// Escapes active characters on top of what JSON demands.
struct Inert<F>(F);

impl<F: Formatter> Formatter for Inert<F> {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        loop {
            let command = rest.find(OLD_COMMAND).map(|at| at + OLD_COMMAND.len() - 1);
            let active = rest.find(is_active);
            let Some(at) = command.into_iter().chain(active).min() else { break };
            out.write_all(&rest.as_bytes()[..at])?;
            let escaped = rest[at..].chars().next().expect("found above");
            for unit in escaped.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = &rest[at + escaped.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn active_characters_are_escaped_and_read_back() {
        let text = "##[a\u{9b}31m\u{202e}\x1b\n\u{e0041}ä";
        let mut bytes = Vec::new();
        write_line(&mut bytes, &text).expect("a vector takes it");
        let written = String::from_utf8(bytes).expect("text");
        assert_eq!(written, "\"##\\u005ba\\u009b31m\\u202e\\u001b\\n\\udb40\\udc41ä\"\n");
        assert_eq!(serde_json::from_str::<String>(&written).expect("JSON"), text);
    }
}
