//! `keysweep completions` and `keysweep man`.
//!
//! In: the command tree. Out: a shell's completion script, or roff.

use clap::Args;
use clap_complete::Shell;

use super::{Exit, output};

/// Prints a completion script for a shell.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    keysweep completions bash > /etc/bash_completion.d/keysweep\n  \
    keysweep completions zsh  > \"${fpath[1]}/_keysweep\"\n  \
    keysweep completions fish > ~/.config/fish/completions/keysweep.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell to print for.
    shell: Shell,
}

/// Prints the manual page.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    keysweep man > /usr/local/share/man/man1/keysweep.1\n  \
    keysweep man | man -l -\n  \
    keysweep man --command scan | man -l -")]
pub(crate) struct ManArgs {
    /// The command whose page to print, instead of the whole tool's.
    #[arg(long, value_name = "COMMAND")]
    command: Option<String>,
}

/// Runs `keysweep completions`.
pub(crate) fn completions(args: CompletionsArgs) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::tree(), "keysweep", &mut script);
    output::print(&script)?;
    Ok(Exit::Clean)
}

/// Runs `keysweep man`.
pub(crate) fn man(args: ManArgs) -> anyhow::Result<Exit> {
    let mut tree = super::tree();
    tree.build();
    let command = match &args.command {
        None => tree,
        Some(name) => tree
            .find_subcommand(name)
            .cloned()
            .ok_or_else(|| anyhow::anyhow!("no command `{name}`; see `keysweep --help`"))?,
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    output::print(&page)?;
    Ok(Exit::Clean)
}
