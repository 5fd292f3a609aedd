//! Writing to the two standard streams.
//!
//! In: finished bytes, or text that may quote what others wrote. Out: the same
//! bytes; of the text, no key and nothing that a terminal obeys. A reader that closed
//! its end had enough: that is neither an error nor a panic.

use std::io::{self, Write as _};

use keysweep::report::inert;

/// Writes finished bytes to standard output.
///
/// # Errors
///
/// What the system answers, such as a full disk; never a closed pipe.
pub(crate) fn print(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(anyhow::Error::new(error).context("cannot write to standard output"))
        }
        _ => Ok(()),
    }
}

/// Writes lines that quote what others wrote, such as a configuration, to
/// standard output.
///
/// # Errors
///
/// As [`print`].
pub(crate) fn print_lines(text: &str) -> anyhow::Result<()> {
    print(inert::lines(text).as_bytes())
}

/// Writes one line to standard error; where that is closed, nobody listens.
pub(crate) fn remark(line: &str) {
    let _ = writeln!(io::stderr().lock(), "keysweep: {}", inert::message(line));
}

/// Writes finished lines to standard error; where that is closed, nobody
/// listens.
pub(crate) fn tell(text: &str) {
    let _ = io::stderr().lock().write_all(inert::lines(text).as_bytes());
}

/// Says on standard error why a command could not run.
pub(crate) fn complain(error: &anyhow::Error) {
    let _ = writeln!(io::stderr().lock(), "error: {}", inert::message(&causes(error)));
}

/// Says what `clap` has to say; a mistake quotes what was typed, which may be a
/// key in the wrong place. Help quotes nothing.
pub(crate) fn answer(error: &clap::Error) {
    use clap::error::ErrorKind;
    // A closed pipe is no reason to fail: the reader had enough.
    let _ = match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        | ErrorKind::DisplayVersion => error.print(),
        _ => {
            tell(&error.render().to_string());
            Ok(())
        }
    };
}

/// An error and its causes, less those that the error's own text told.
fn causes(error: &anyhow::Error) -> String {
    let mut said = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !said.contains(&cause) {
            said = format!("{said}: {cause}");
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cause_is_told_twice() {
        let full = io::Error::other("the disk is full");
        let error = anyhow::Error::new(full).context("cannot write");
        assert_eq!(causes(&error), "cannot write: the disk is full");
        let error = error.context("r.json: cannot write: the disk is full; make room");
        assert_eq!(causes(&error), "r.json: cannot write: the disk is full; make room");
    }
}
