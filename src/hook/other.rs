//! Programs that manage a repository's hooks.
//!
//! In: a worktree and its directory of hooks. Out: which program writes the
//! hooks there, and what to add to its own file, since a script beside it would
//! be lost the next time it writes.

use std::path::{Path, PathBuf};

use super::Hook;

/// A program that manages hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    /// husky, from npm.
    Husky,
    /// lefthook.
    Lefthook,
    /// The pre-commit framework.
    PreCommit,
}

impl Manager {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Husky => "husky",
            Self::Lefthook => "lefthook",
            Self::PreCommit => "the pre-commit framework",
        }
    }
}

/// Hooks that another program manages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Managed {
    /// The program.
    pub by: Manager,
    /// Its file that says what the hook runs.
    pub file: PathBuf,
    /// Whether that file names this program for the hook.
    pub runs_us: bool,
    /// What to add to the file, as it stands there.
    pub lines: String,
    /// What to run afterwards, where something has to be.
    pub then: Option<&'static str>,
}

/// The program that manages a hook, if one does.
pub(super) fn managed(root: &Path, hooks: &Path, hook: Hook) -> Option<Managed> {
    if hook == Hook::PreReceive {
        return None;
    }
    let (by, file) = husky(root, hooks, hook)
        .map(|file| (Manager::Husky, file))
        .or_else(|| lefthook(root).map(|file| (Manager::Lefthook, file)))
        .or_else(|| framework(root).map(|file| (Manager::PreCommit, file)))?;
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let runs_us = match by {
        Manager::PreCommit => match hook {
            Hook::PreCommit => has_id(&text, &["keysweep", "keysweep-system"]),
            _ => has_id(&text, &["keysweep-pre-push", "keysweep-pre-push-system"]),
        },
        _ => text
            .lines()
            .any(|line| !is_comment(line) && line.contains(&format!("keysweep hook run {hook}"))),
    };
    let (lines, then) = match by {
        Manager::Husky => (husky_line(hook), None),
        Manager::Lefthook => (
            format!(
                "{hook}:\n  commands:\n    keysweep:\n      run: keysweep hook run {hook}{}\n",
                if hook.reads_input() { " -- {1} {2}\n      use_stdin: true" } else { "" }
            ),
            Some("lefthook install"),
        ),
        Manager::PreCommit => (
            format!(
                "- repo: {}\n  rev: v{}\n  hooks:\n  - id: keysweep{}\n",
                env!("CARGO_PKG_REPOSITORY"),
                env!("CARGO_PKG_VERSION"),
                if hook == Hook::PrePush { "-pre-push" } else { "" }
            ),
            Some(match hook {
                Hook::PrePush => "pre-commit install --hook-type pre-push",
                _ => "pre-commit install",
            }),
        ),
    };
    Some(Managed { by, file, runs_us, lines, then })
}

fn husky_line(hook: Hook) -> String {
    if hook.reads_input() {
        format!("keysweep hook run {hook} -- \"$@\"\n")
    } else {
        format!("keysweep hook run {hook}\n")
    }
}

/// Since version 9 husky's own scripts lie in `.husky/_`, before it in
/// `.husky`; both times git is told so by `core.hooksPath`.
fn husky(root: &Path, hooks: &Path, hook: Hook) -> Option<PathBuf> {
    let is_husky = hooks.ends_with(".husky/_")
        || hooks.ends_with(".husky")
        || (root.join(".husky").is_dir() && hooks.starts_with(root));
    is_husky.then(|| root.join(".husky").join(hook.name()))
}

fn lefthook(root: &Path) -> Option<PathBuf> {
    const ENDINGS: [&str; 5] = ["yml", "yaml", "toml", "json", "jsonc"];
    ["lefthook", ".lefthook", ".config/lefthook"]
        .iter()
        .flat_map(|name| ENDINGS.map(|ending| root.join(format!("{name}.{ending}"))))
        .find(|file| file.is_file())
}

fn framework(root: &Path) -> Option<PathBuf> {
    Some(root.join(".pre-commit-config.yaml")).filter(|file| file.is_file())
}

/// Whether one of these is a hook's id in a configuration of the framework.
fn has_id(text: &str, ids: &[&str]) -> bool {
    text.lines().filter(|line| !is_comment(line)).any(|line| {
        let after = line.split_once("id:").map_or("", |(_, after)| after);
        let id = after.split(['#', ',', '}', ']']).next().unwrap_or_default();
        ids.contains(&id.trim().trim_matches(['"', '\'']))
    })
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_is_found_in_either_style_and_not_in_a_comment() {
        let ids = ["keysweep", "keysweep-system"];
        for text in
            ["  - id: keysweep\n", "hooks: [{id: keysweep-system}]", "- id: \"keysweep\" # x"]
        {
            assert!(has_id(text, &ids), "{text}");
        }
        for text in ["# - id: keysweep\n", "- id: keysweep-other", "name: keysweep"] {
            assert!(!has_id(text, &ids), "{text}");
        }
    }
}
