//! Repositories whose hooks run the program, and what git says when they stop
//! it.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::path::Path;
use std::process::Output;

use crate::support::git::{Repo, command, git_in};
use crate::support::{Run, key};

/// A worktree in which some hooks are installed.
pub(crate) fn hooked(hooks: &[&str]) -> Repo {
    let repo = Repo::new();
    install(repo.root(), hooks);
    repo
}

pub(crate) fn install(directory: &Path, hooks: &[&str]) {
    for hook in hooks {
        let run = keysweep(directory, &["hook", "install", hook]);
        assert_eq!(run.code, 0, "{run:?}");
    }
}

/// The program in git's scrubbed environment.
pub(crate) fn keysweep(directory: &Path, arguments: &[&str]) -> Run {
    let run = crate::support::command(directory)
        .envs(environment(directory))
        .args(arguments)
        .output()
        .expect("the program runs");
    Run::of(run)
}

/// What tells git not to look at this machine's configuration.
pub(crate) fn environment(directory: &Path) -> Vec<(&'static str, std::ffi::OsString)> {
    vec![
        ("PATH", std::env::var_os("PATH").expect("a PATH")),
        ("HOME", directory.into()),
        ("GIT_CONFIG_GLOBAL", "/dev/null".into()),
        ("GIT_CONFIG_NOSYSTEM", "1".into()),
    ]
}

/// Runs git where it may fail; its code, and what it said.
pub(crate) fn git(directory: &Path, arguments: &[&str]) -> Run {
    said(command(directory).args(arguments).output().expect("git runs"))
}

fn said(output: Output) -> Run {
    Run::of(output)
}

/// A clone of a bare repository, both new; the bare one lies beside it.
pub(crate) fn with_server() -> (Repo, std::path::PathBuf) {
    let repo = Repo::new();
    let server = repo.beside("server.git");
    git_in(
        repo.root(),
        &["init", "-q", "--bare", "-b", "main", server.to_str().expect("UTF-8")],
        b"",
    );
    repo.git(&["remote", "add", "origin", server.to_str().expect("UTF-8")]);
    (repo, server)
}

#[track_caller]
pub(crate) fn assert_stopped(run: &Run, seed: &str) {
    assert_ne!(run.code, 0, "{run:?}");
    assert!(run.stderr.contains("would leak"), "{run:?}");
    assert!(!run.stderr.contains(&key(seed)) && !run.stdout.contains(&key(seed)), "{run:?}");
}

#[track_caller]
pub(crate) fn assert_passed(run: &Run) {
    assert_eq!(run.code, 0, "{run:?}");
}
