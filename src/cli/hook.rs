//! `keysweep hook`: git's hooks, installed, removed, looked at and run.
//!
//! In: arguments, and what git tells a hook. Out: lines that say what was
//! done, and the exit code that lets a commit or a push go on.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use keysweep::hook::{
    self, Hook, Hooks, Installed, Managed, Message, Removed, Status, Told, Wishes,
};
use keysweep::pipeline;
use keysweep::sandbox::{self, Needs};
use keysweep::source::path::escape;

use super::{Exit, core_dumps, output};

/// The most that git writes to a hook: one line a ref.
const INPUT_LIMIT_BYTES: u64 = 256 << 20;

/// Stops leaked keys before they are commits, or before they arrive.
///
/// `keysweep hook install` in a repository is all that it takes: from then on
/// a commit that would add a key is stopped, with the file, the line and what
/// to do. A key that HEAD holds already in a file that the commit changes is
/// named and does not stop it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    keysweep hook install                 check every commit made in this repository\n  \
    keysweep hook install pre-push        and everything that is about to leave it\n  \
    keysweep hook install --repository app.git   on a server: refuse pushes with keys\n  \
    keysweep hook status                  what is in place\n  \
    keysweep hook uninstall               put back what was there before")]
pub(crate) struct HookArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Puts hooks into place; a hook that is there already runs first.
    ///
    /// Without a name: `pre-commit`, or `pre-receive` in a bare repository. The
    /// hook goes where git looks for it, `core.hooksPath` included. Where
    /// husky, lefthook or the pre-commit framework manages hooks, nothing is
    /// written and you are told what to add to its file (exit code 2 until it
    /// is there).
    Install {
        #[command(flatten)]
        which: Which,
        /// Installs even where another program manages hooks.
        #[arg(long)]
        force: bool,
        /// A revision, such as a reviewed branch, whose configuration, baseline
        /// and allows the hook trusts, instead of those of what it looks at.
        #[arg(long, value_name = "REV")]
        config_from: Option<String>,
    },
    /// Takes hooks away and puts back what was there before; without a name,
    /// all of them.
    Uninstall(Which),
    /// Says what stands in each hook's place. With names, exits 1 where one of
    /// them does not run keysweep.
    Status(Which),
    /// What the installed hook runs.
    ///
    /// `pre-commit` looks at what is staged, `pre-push` at what the remote does
    /// not have, `pre-receive` at everything that a push brings, where nothing
    /// that is pushed may allow a key. Exit codes: 0 go on, 1 a key, 2 could
    /// not run, 3 something could not be read; git stops at all but 0.
    Run {
        /// Trusts the configuration, baseline and allows of a revision alone.
        #[arg(long, value_name = "REV")]
        config_from: Option<String>,
        /// The hook.
        #[arg(value_parser = hook_name())]
        hook: Hook,
        /// What git gives the hook; its standard input is read too.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

#[derive(Debug, Args)]
struct Which {
    /// The hooks.
    #[arg(value_name = "HOOK", value_parser = hook_name())]
    hooks: Vec<Hook>,
    /// The repository.
    #[arg(long, value_name = "PATH", default_value = ".")]
    repository: PathBuf,
}

/// Reads a hook's name, and lists them all in the help.
fn hook_name() -> impl TypedValueParser<Value = Hook> {
    PossibleValuesParser::new(Hook::ALL.map(Hook::name)).map(|name| {
        Hook::ALL.into_iter().find(|hook| hook.name() == name).expect("one of the names above")
    })
}

/// Runs `keysweep hook`.
pub(crate) fn run(args: HookArgs) -> anyhow::Result<Exit> {
    match args.action {
        Action::Install { which, force, config_from } => {
            install(&which, force, config_from.as_deref())
        }
        Action::Uninstall(which) => uninstall(&which),
        Action::Status(which) => status(&which),
        Action::Run { config_from, hook, arguments } => {
            run_hook(hook, &arguments, config_from.as_deref())
        }
    }
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

fn hooks(which: &Which) -> anyhow::Result<Hooks> {
    Ok(Hooks::of(&which.repository, &variable)?)
}

fn install(which: &Which, insists: bool, config_from: Option<&str>) -> anyhow::Result<Exit> {
    let hooks = hooks(which)?;
    let program = std::env::current_exe().context("cannot tell where this program lies")?;
    let wanted: Vec<Hook> = match &which.hooks[..] {
        [] => vec![hooks.usual()],
        named => named.to_vec(),
    };
    let wishes = Wishes { program: &program, insists, config_from };
    let mut exit = Exit::Clean;
    for hook in wanted {
        let mut text = String::new();
        match hooks.install(hook, &wishes)? {
            Installed::New(path) => {
                let _ = writeln!(text, "{hook}: installed at {}", escape(&path));
            }
            Installed::Chained(path, before) => {
                let _ = writeln!(text, "{hook}: installed at {}", escape(&path));
                let _ = writeln!(
                    text,
                    "  The hook that was there is kept at {} and runs first.",
                    escape(&before)
                );
            }
            Installed::Renewed(path) => {
                let _ = writeln!(text, "{hook}: brought up to date at {}", escape(&path));
            }
            Installed::Already(path) => {
                let _ = writeln!(text, "{hook}: already installed at {}", escape(&path));
            }
            Installed::Managed(managed) => {
                if !managed.runs_us {
                    exit = Exit::Refused;
                }
                text = tell_managed(hook, &managed);
            }
        }
        if let Some(by) = hooks.shared_by().filter(|_| exit == Exit::Clean) {
            let _ = writeln!(
                text,
                "  It runs in every repository of yours: core.hooksPath is set in {by}."
            );
        }
        output::print(text.as_bytes())?;
    }
    Ok(exit)
}

fn tell_managed(hook: Hook, managed: &Managed) -> String {
    let (by, file) = (managed.by.name(), escape(&managed.file));
    if managed.runs_us {
        return format!("{hook}: already run by {by}, from {file}\n");
    }
    let mut text =
        format!("{hook}: not installed, since {by} manages the hooks here. Add to {file}:\n\n");
    for line in managed.lines.lines() {
        let _ = writeln!(text, "    {line}");
    }
    if let Some(then) = managed.then {
        let _ = writeln!(text, "\n  then run: {then}");
    }
    text.push_str("  (keysweep hook install --force installs a script of its own all the same.)\n");
    text
}

fn all_or_named(which: &Which) -> Vec<Hook> {
    match &which.hooks[..] {
        [] => Hook::ALL.to_vec(),
        named => named.to_vec(),
    }
}

fn uninstall(which: &Which) -> anyhow::Result<Exit> {
    let hooks = hooks(which)?;
    let mut exit = Exit::Clean;
    for hook in all_or_named(which) {
        let text = match hooks.uninstall(hook)? {
            Removed::Gone(path) => format!("{hook}: removed {}\n", escape(&path)),
            Removed::Restored(path) => {
                format!(
                    "{hook}: removed; the hook that was there before is back at {}\n",
                    escape(&path)
                )
            }
            Removed::NotThere(_) => format!("{hook}: not installed\n"),
            Removed::Managed(managed) => {
                exit = Exit::Refused;
                let (by, file) = (managed.by.name(), escape(&managed.file));
                format!("{hook}: run by {by}; take it out of {file}\n")
            }
        };
        output::print(text.as_bytes())?;
    }
    Ok(exit)
}

fn status(which: &Which) -> anyhow::Result<Exit> {
    let hooks = hooks(which)?;
    let mut exit = Exit::Clean;
    for hook in all_or_named(which) {
        let status = hooks.status(hook)?;
        if !which.hooks.is_empty() && !status.is_installed() {
            exit = Exit::Found;
        }
        let text = match status {
            Status::Ours(path, None) => format!("installed at {}", escape(&path)),
            Status::Ours(path, Some(before)) => {
                format!("installed at {}, after {}", escape(&path), escape(&before))
            }
            Status::Missing(_) => "not installed".to_owned(),
            Status::Other(path) => {
                format!("not installed; another hook is at {}", escape(&path))
            }
            Status::Managed(managed) => {
                let run = if managed.runs_us { "installed" } else { "not installed" };
                format!("{run}; {} manages it in {}", managed.by.name(), escape(&managed.file))
            }
        };
        output::print(format!("{hook}: {text}\n").as_bytes())?;
    }
    Ok(exit)
}

fn run_hook(hook: Hook, arguments: &[OsString], config_from: Option<&str>) -> anyhow::Result<Exit> {
    core_dumps::forbid();
    sandbox::enter(Needs::Nothing, &[], &[]);
    let mut input = Vec::new();
    if hook.reads_input() {
        std::io::stdin()
            .lock()
            .take(INPUT_LIMIT_BYTES)
            .read_to_end(&mut input)
            .context("cannot read standard input")?;
    }
    let told = Told { arguments, input: &input, config_from, variable: &variable };
    let Some(settings) = hook::sweep(hook, &told)? else { return Ok(Exit::Clean) };
    sandbox::enter(Needs::Nothing, &[], &settings.paths);
    let outcome = pipeline::scan(&settings, &())?;
    let is_below_root = variable("GIT_PREFIX").is_some_and(|prefix| !prefix.is_empty());
    output::tell(&Message { hook, outcome: &outcome, is_below_root }.text());
    Ok(match outcome.exit_code() {
        0 => Exit::Clean,
        1 => Exit::Found,
        _ => Exit::Incomplete,
    })
}
