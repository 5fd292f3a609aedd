//! The command line: types for `clap`, one file a command, progress, prompts.
//!
//! In: arguments and the environment. Out: calls of the library and an exit
//! code. Nothing here decides what a key is or whether one is live.
//!
//! A command is a module with `XArgs` (what `clap` parses) and
//! `run(XArgs) -> anyhow::Result<Exit>`; adding one takes its line in
//! [`commands!`] below and its `mod`.

mod api;
mod audit;
mod core_dumps;
mod drill;
mod hook;
mod input;
mod interrupt;
mod manual;
mod output;
mod panics;
mod progress;
mod report;
mod rescan;
mod respond;
mod response;
mod revoke;
mod rules;
mod scan;
mod telling;
mod verify;
mod version;

use std::ffi::OsString;

use clap::{CommandFactory as _, Parser};

/// How a command ends; the table of codes stands in `main.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Nothing is wrong: 0.
    Clean,
    /// Findings, a live key, an altered audit: 1.
    Found,
    /// Could not run: 2.
    Refused,
    /// Something could not be read or asked: 3.
    Incomplete,
    /// Ended by a signal: 128 and its number.
    Interrupted(u8),
}

impl Exit {
    /// The process's exit code.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Found => 1,
            Self::Refused => 2,
            Self::Incomplete => 3,
            Self::Interrupted(signal) => 128 + signal,
        }
    }
}

/// Finds leaked ByteStack keys, tells which are live, revokes those that you
/// confirm, and proves that they are dead.
#[derive(Debug, Parser)]
#[command(name = "keysweep", version, max_term_width = 100, propagate_version = false)]
#[command(disable_version_flag = true, arg_required_else_help = true)]
#[command(after_help = "Exit codes of `scan`: 0 all read and nothing found, 1 findings, \
    2 could not run, 3 nothing found but something could not be read.\n\
    Run `keysweep COMMAND --help` for examples.")]
pub(crate) struct Cli {
    #[command(flatten)]
    version: version::VersionArgs,

    #[command(subcommand)]
    command: Option<Command>,
}

/// One line a command: its variant, its arguments, what runs it.
macro_rules! commands {
    ($($variant:ident($args:ty) => $run:path,)+) => {
        #[derive(Debug, clap::Subcommand)]
        enum Command { $($variant($args),)+ }

        impl Command {
            fn run(self) -> anyhow::Result<Exit> {
                match self { $(Self::$variant(args) => $run(args),)+ }
            }
        }
    };
}

commands! {
    Scan(scan::ScanArgs) => scan::run,
    Verify(verify::VerifyArgs) => verify::run,
    Revoke(revoke::RevokeArgs) => revoke::run,
    Respond(respond::RespondArgs) => respond::run,
    Drill(drill::DrillArgs) => drill::run,
    Hook(hook::HookArgs) => hook::run,
    Report(report::ReportArgs) => report::run,
    Audit(audit::AuditArgs) => audit::run,
    Rules(rules::RulesArgs) => rules::run,
    Completions(manual::CompletionsArgs) => manual::completions,
    Man(manual::ManArgs) => manual::man,
}

/// Runs the command that the arguments name; says on standard error why one
/// could not run.
pub(crate) fn run(arguments: impl Iterator<Item = OsString>) -> Exit {
    panics::keep_silent();
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            output::answer(&error);
            return if error.use_stderr() { Exit::Refused } else { Exit::Clean };
        }
    };
    let done = match cli.command {
        _ if cli.version.is_asked() => version::run(cli.version),
        Some(command) => command.run(),
        None => Err(anyhow::anyhow!("no command given; see `keysweep --help`")),
    };
    match done {
        Ok(exit) => exit,
        Err(error) => {
            output::complain(&error);
            Exit::Refused
        }
    }
}

/// The whole command tree, for completions and the manual.
pub(crate) fn tree() -> clap::Command {
    Cli::command()
}
