//! `keysweep --version`, and with `--verbose` what this build is and which
//! sandbox the system gives it.

use clap::{ArgAction, Args};
use keysweep::sandbox::{self, Needs};

use super::{Exit, output};

/// Which version this is.
#[derive(Debug, Args)]
pub(crate) struct VersionArgs {
    /// Prints the version.
    #[arg(long, short = 'V', action = ArgAction::SetTrue)]
    version: bool,

    /// With --version: also the system and the sandbox in force.
    #[arg(long, requires = "version")]
    verbose: bool,
}

impl VersionArgs {
    /// Whether that is all that is asked.
    pub(super) fn is_asked(&self) -> bool {
        self.version
    }
}

/// Prints the version. The sandbox is entered, not guessed at: what is printed
/// is what a scan in the same place would be held by.
pub(crate) fn run(args: VersionArgs) -> anyhow::Result<Exit> {
    let mut text = format!("keysweep {}\n", env!("CARGO_PKG_VERSION"));
    if args.verbose {
        let held = sandbox::enter(Needs::Nothing, &[], &[]);
        let (system, architecture) = (std::env::consts::OS, std::env::consts::ARCH);
        text.push_str(&format!("system:  {system} {architecture}\nsandbox: {held}\n"));
    }
    output::print(text.as_bytes())?;
    Ok(Exit::Clean)
}
