//! The pre-commit framework runs the program as the manifest says, tried with
//! the real one. It is looked for in `target/tools/pre-commit`, then on the
//! PATH; a machine without it fails here, since a test that is passed over
//! proves nothing. CONTRIBUTING says how to get it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/hooked.rs"]
mod hooked_support;
mod support;

use std::path::{Path, PathBuf};

use hooked_support::with_server;
use support::git::Repo;
use support::{Run, assignment, key};

/// The manifest of this package.
const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/.pre-commit-hooks.yaml");

/// The framework's program.
fn framework() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/pre-commit/bin/pre-commit");
    let path = std::env::var_os("PATH").unwrap();
    let on_path = std::env::split_paths(&path).map(|directory| directory.join("pre-commit"));
    std::iter::once(own).chain(on_path).find(|program| program.is_file()).expect(
        "pre-commit is not installed; run: python3 -m venv target/tools/pre-commit && \
         target/tools/pre-commit/bin/pip install pre-commit==4.7.0",
    )
}

/// A PATH on which the built program is found, and the framework.
fn path() -> std::ffi::OsString {
    let built = Path::new(env!("CARGO_BIN_EXE_keysweep")).parent().unwrap().to_owned();
    let framework = framework().parent().unwrap().to_owned();
    let rest = std::env::var_os("PATH").unwrap();
    std::env::join_paths([built, framework].into_iter().chain(std::env::split_paths(&rest)))
        .unwrap()
}

/// Runs the framework, or git, in a repository.
fn run(repo: &Repo, program: &Path, arguments: &[&str]) -> Run {
    let mut command = support::git::command(repo.root());
    let mut run = std::process::Command::new(program);
    run.current_dir(repo.root()).args(arguments).env_clear();
    for (name, value) in command.arg("--version").get_envs() {
        run.env(name, value.unwrap());
    }
    let output = run
        .env("PATH", path())
        .env("PRE_COMMIT_HOME", repo.beside("cache"))
        .env("PRE_COMMIT_COLOR", "never")
        .output()
        .unwrap();
    Run::of(output)
}

/// A repository that offers the manifest, as a clone of this one would.
fn offered() -> Repo {
    let repo = Repo::new();
    repo.write(".pre-commit-hooks.yaml", std::fs::read(MANIFEST).unwrap()).commit("manifest", 1);
    repo
}

#[test]
fn manifest_is_what_the_framework_takes() {
    let repo = Repo::new();
    let done = run(&repo, &framework(), &["validate-manifest", MANIFEST]);
    assert_eq!(done.code, 0, "{done:?}");
}

#[test]
fn framework_tries_the_hook_and_stops_a_key() {
    let (offered, repo) = (offered(), Repo::new());
    let attempt = ["try-repo", offered.root().to_str().unwrap(), "keysweep-system", "--verbose"];
    repo.write("a.py", "a = 1\n").git(&["add", "a.py"]);
    let clean = run(&repo, &framework(), &attempt);
    assert_eq!(clean.code, 0, "{clean:?}");
    assert!(clean.stdout.contains("Passed"), "{clean:?}");
    repo.write("a.py", assignment("tried")).git(&["add", "a.py"]);
    let stopped = run(&repo, &framework(), &attempt);
    assert_eq!(stopped.code, 1, "{stopped:?}");
    for part in ["Failed", "commit stopped", "a.py:1:", "os.environ"] {
        assert!(stopped.stdout.contains(part), "{part}: {stopped:?}");
    }
    assert!(!stopped.stdout.contains(&key("tried")), "{stopped:?}");
}

#[test]
fn framework_that_is_installed_stops_commits_and_pushes() {
    let offered = offered();
    let (repo, _) = with_server();
    let configuration = format!(
        "default_install_hook_types: [pre-commit, pre-push]\nrepos:\n- repo: {}\n  rev: {}\n  \
         hooks:\n  - id: keysweep-system\n  - id: keysweep-pre-push-system\n",
        offered.root().display(),
        offered.rev("HEAD")
    );
    repo.write(".pre-commit-config.yaml", configuration).commit("configuration", 1);
    repo.git(&["push", "-q", "origin", "main"]);
    let installed = run(&repo, &framework(), &["install"]);
    assert_eq!(installed.code, 0, "{installed:?}");
    let git = Path::new("git");
    // Not all of what changed is staged.
    repo.write("a.sh", "a\n").git(&["add", "a.sh"]);
    repo.write("a.sh", format!("a\n{}", assignment("unstaged")));
    let done = run(&repo, git, &["commit", "-q", "-m", "clean"]);
    assert_eq!(done.code, 0, "{done:?}");
    repo.git(&["add", "a.sh"]);
    let stopped = run(&repo, git, &["commit", "-q", "-m", "a key"]);
    assert!(stopped.code != 0 && stopped.stderr.contains("commit stopped"), "{stopped:?}");
    let forced = run(&repo, git, &["commit", "-q", "--no-verify", "-m", "a key"]);
    assert_eq!(forced.code, 0, "{forced:?}");
    let stopped = run(&repo, git, &["push", "-q", "origin", "main"]);
    let said = format!("{}{}", stopped.stdout, stopped.stderr);
    assert!(stopped.code != 0 && said.contains("push stopped"), "{stopped:?}");
    repo.git(&["reset", "-q", "--hard", "main~1"]);
    let done = run(&repo, git, &["push", "-q", "origin", "main"]);
    assert_eq!(done.code, 0, "{done:?}");
}
