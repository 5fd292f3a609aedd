//! Where git looks for hooks.
//!
//! In: a repository and the operator's environment. Out: the value of
//! `core.hooksPath` and the file that sets it, by reading configurations as
//! git does, the later before the earlier. Conditional includes that name a
//! repository (`includeIf "gitdir:…"`) are not evaluated.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::git::Repository;

/// The setting.
const KEY: &str = "core.hooksPath";

/// A value of `core.hooksPath` and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HooksPath {
    /// As written, `~` expanded; relative to where hooks run.
    pub(super) path: PathBuf,
    /// The file, or the environment.
    pub(super) set_by: String,
    /// Whether it holds for this repository alone.
    pub(super) is_local: bool,
}

/// The value that holds in a repository; `None` where nobody sets one.
///
/// # Errors
/// A configuration file that git would refuse too, in words.
pub(super) fn hooks_path(
    repository: &Repository,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Option<HooksPath>, String> {
    if let Some(path) = from_environment(variable) {
        return Ok(Some(HooksPath { path, set_by: "GIT_CONFIG_COUNT".into(), is_local: false }));
    }
    let local =
        [repository.git_dir().join("config.worktree"), repository.common_dir().join("config")];
    for (file, is_local) in
        local.into_iter().map(|file| (file, true)).chain(shared(variable).map(|file| (file, false)))
    {
        if !file.is_file() {
            continue;
        }
        let unreadable = |error: git2::Error| format!("{}: {}", file.display(), error.message());
        let config = git2::Config::open(&file).map_err(unreadable)?;
        match config.get_path(KEY) {
            Ok(path) if path.as_os_str().is_empty() => {}
            Ok(path) => {
                let set_by = file.display().to_string();
                return Ok(Some(HooksPath { path, set_by, is_local }));
            }
            Err(error) if error.code() == git2::ErrorCode::NotFound => {}
            Err(error) => return Err(unreadable(error)),
        }
    }
    Ok(None)
}

/// The user's and the system's files, the one that wins first.
fn shared(variable: &dyn Fn(&str) -> Option<OsString>) -> impl Iterator<Item = PathBuf> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = set("HOME").or_else(|| set("USERPROFILE"));
    let mut files = Vec::new();
    if let Some(file) = variable("GIT_CONFIG_GLOBAL") {
        files.push(PathBuf::from(file));
    } else {
        files.extend(home.as_deref().map(|home| home.join(".gitconfig")));
        let xdg = set("XDG_CONFIG_HOME").or_else(|| home.map(|home| home.join(".config")));
        files.extend(xdg.map(|xdg| xdg.join("git/config")));
    }
    let is_refused = set("GIT_CONFIG_NOSYSTEM")
        .is_some_and(|value| !matches!(value.to_str(), Some("0" | "false" | "no")));
    if !is_refused {
        files.extend(set("GIT_CONFIG_SYSTEM").or_else(|| git2::Config::find_system().ok()));
    }
    files.into_iter()
}

/// `GIT_CONFIG_COUNT` and its pairs, the last of which wins.
fn from_environment(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let count: usize = variable("GIT_CONFIG_COUNT")?.to_str()?.parse().ok()?;
    (0..count.min(1000)).rev().find_map(|number| {
        let key = variable(&format!("GIT_CONFIG_KEY_{number}"))?;
        let is_ours = key.to_str().is_some_and(|key| key.eq_ignore_ascii_case(KEY));
        is_ours.then(|| variable(&format!("GIT_CONFIG_VALUE_{number}")).map(PathBuf::from))?
    })
}

/// Where hooks of a repository lie by default.
pub(super) fn default_directory(repository: &Repository) -> PathBuf {
    repository.common_dir().join("hooks")
}

/// Where a relative `core.hooksPath` starts: where hooks run.
pub(super) fn base(repository: &Repository) -> &Path {
    repository.work_tree().unwrap_or(repository.git_dir())
}
