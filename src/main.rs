//! Parses the command line, runs one command, ends with its exit code.
//!
//! | code | `scan` | `verify`, `revoke`, `respond`, `drill` | `audit check` |
//! |---|---|---|---|
//! | 0 | all read, nothing found | every key proven dead, or none there | intact |
//! | 1 | findings | a key is live | altered |
//! | 2 | could not run | could not run | no audit |
//! | 3 | nothing found, but not all read | a key unknown, declined or not asked | |
//! | 128 + n | ended by signal n: 130 is Ctrl-C | | |

#![allow(clippy::needless_pass_by_value, reason = "a command consumes its arguments")]

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(cli::run(std::env::args_os()).code())
}
