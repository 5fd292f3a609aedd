//! Hooks are put where git looks for them, beside what is there, and taken away
//! without a trace.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![cfg(unix)]

#[path = "support/hooked.rs"]
mod hooked_support;
mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use hooked_support::{git, keysweep};
use support::git::Repo;
use support::{Run, assignment};

fn script(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn install(repo: &Repo, more: &[&str]) -> Run {
    keysweep(repo.root(), &[&["hook", "install"], more].concat())
}

/// Whether a commit with a key is stopped.
fn stops(repo: &Repo) -> bool {
    let seed = format!("{:?}", std::time::Instant::now());
    repo.write("key.sh", assignment(&seed)).git(&["add", "key.sh"]);
    let run = git(repo.root(), &["commit", "-q", "-m", "x"]);
    if run.code == 0 {
        repo.git(&["rm", "-q", "--cached", "key.sh"]);
        repo.git(&["commit", "-q", "--no-verify", "--allow-empty", "-m", "away"]);
    }
    run.code != 0 && run.stderr.contains("would leak")
}

#[test]
fn installing_twice_and_leaving_changes_nothing_else() {
    let repo = Repo::new();
    let path = repo.root().join(".git/hooks/pre-commit");
    let run = install(&repo, &[]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("pre-commit: installed at "), "{run:?}");
    assert!(stops(&repo));
    let text = std::fs::read(&path).unwrap();
    let again = install(&repo, &["pre-commit"]);
    assert!(again.stdout.contains("already installed"), "{again:?}");
    assert_eq!(std::fs::read(&path).unwrap(), text);
    // An older script is brought up to date.
    let older = String::from_utf8(text).unwrap().replace("exit 1\n", "exit 9\n");
    std::fs::write(&path, older).unwrap();
    assert!(install(&repo, &[]).stdout.contains("brought up to date"));
    let status = keysweep(repo.root(), &["hook", "status"]);
    assert_eq!(status.code, 0);
    assert!(status.stdout.contains("pre-commit: installed at"), "{status:?}");
    assert!(status.stdout.contains("pre-push: not installed"), "{status:?}");
    assert_eq!(keysweep(repo.root(), &["hook", "status", "pre-push"]).code, 1);
    assert_eq!(keysweep(repo.root(), &["hook", "status", "pre-commit"]).code, 0);
    let gone = keysweep(repo.root(), &["hook", "uninstall"]);
    assert!(gone.stdout.contains("pre-commit: removed"), "{gone:?}");
    assert!(!path.exists());
    assert!(!stops(&repo));
    assert!(keysweep(repo.root(), &["hook", "uninstall"]).stdout.contains("not installed"));
}

#[test]
fn hook_that_was_there_runs_first_and_comes_back() {
    let repo = Repo::new();
    let path = repo.root().join(".git/hooks/pre-commit");
    script(&path, "echo before >> ran; [ ! -e fail ]");
    let own = std::fs::read(&path).unwrap();
    let run = install(&repo, &[]);
    assert!(run.stdout.contains("is kept at") && run.stdout.contains("runs first"), "{run:?}");
    assert!(stops(&repo));
    assert_eq!(std::fs::read_to_string(repo.root().join("ran")).unwrap(), "before\n");
    // Where it refuses, so does the commit.
    repo.git(&["rm", "-q", "--cached", "key.sh"]);
    repo.write("fail", "").write("a", "a").git(&["add", "a"]);
    assert_ne!(git(repo.root(), &["commit", "-q", "-m", "a"]).code, 0);
    std::fs::remove_file(repo.root().join("fail")).unwrap();
    assert_eq!(git(repo.root(), &["commit", "-q", "-m", "a"]).code, 0);
    assert!(install(&repo, &[]).stdout.contains("already installed"));
    let gone = keysweep(repo.root(), &["hook", "uninstall", "pre-commit"]);
    assert!(gone.stdout.contains("is back at"), "{gone:?}");
    assert_eq!(std::fs::read(&path).unwrap(), own);
    assert!(path.metadata().unwrap().permissions().mode() & 0o111 != 0);
    // Somebody wrote another hook over ours: neither is lost.
    install(&repo, &[]);
    script(&path, "true");
    let run = install(&repo, &[]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("join them into one"), "{run:?}");
}

#[test]
fn both_hooks_read_what_git_says_of_a_push() {
    let (repo, server) = hooked_support::with_server();
    let seen = repo.beside("seen");
    script(&server.join("hooks/pre-receive"), &format!("cat > '{}'", seen.display()));
    let run = keysweep(&server, &["hook", "install"]);
    assert!(run.stdout.contains("pre-receive: installed"), "{run:?}");
    repo.write("a.sh", "a\n").commit("one", 1);
    assert_eq!(git(repo.root(), &["push", "-q", "origin", "main"]).code, 0);
    let line = format!("{} {} refs/heads/main\n", "0".repeat(40), repo.rev("HEAD"));
    assert_eq!(std::fs::read_to_string(&seen).unwrap(), line);
    repo.write("a.sh", assignment("a")).commit("two", 2);
    let run = git(repo.root(), &["push", "-q", "origin", "main"]);
    assert!(run.code != 0 && run.stderr.contains("would leak"), "{run:?}");
}

#[test]
fn hook_goes_where_git_looks_for_it() {
    // Relative, of this repository.
    let repo = Repo::new();
    repo.git(&["config", "core.hooksPath", "tools/my hooks"]);
    let run = install(&repo, &[]);
    assert!(run.stdout.contains("tools/my hooks/pre-commit"), "{run:?}");
    assert!(stops(&repo));
    // Included.
    let repo = Repo::new();
    let elsewhere = repo.beside("elsewhere");
    let value = format!("[core]\n\thooksPath = {}\n", elsewhere.display());
    std::fs::write(repo.root().join(".git/more"), value).unwrap();
    repo.git(&["config", "include.path", "more"]);
    install(&repo, &[]);
    assert!(elsewhere.join("pre-commit").exists());
    assert!(stops(&repo));
    // Of the user, for all repositories; and no directory of hooks yet.
    let repo = Repo::new();
    let home = repo.beside("home");
    std::fs::create_dir(&home).unwrap();
    std::fs::write(home.join(".gitconfig"), "[core]\n\thooksPath = ~/githooks\n").unwrap();
    let run = |arguments: &[&str]| {
        let mut command = support::command(repo.root());
        command.env("HOME", &home).env("GIT_CONFIG_NOSYSTEM", "1").args(arguments);
        Run::of(command.output().unwrap())
    };
    let said = run(&["hook", "install"]);
    assert!(said.stdout.contains("every repository of yours"), "{said:?}");
    assert!(home.join("githooks/pre-commit").exists());
    // A linked worktree's hooks are the repository's.
    let repo = Repo::new();
    repo.write("a", "a").commit("a", 1);
    std::fs::remove_dir_all(repo.root().join(".git/hooks")).unwrap();
    let linked = repo.beside("linked");
    repo.git(&["worktree", "add", "-q", linked.to_str().unwrap()]);
    std::fs::create_dir(linked.join("below")).unwrap();
    let said = keysweep(&linked.join("below"), &["hook", "install"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(stops(&repo));
}

#[test]
fn managers_of_hooks_are_told_of_and_left_alone() {
    let cases = [
        (".pre-commit-config.yaml", "repos: []\n", "- id: keysweep", "  - id: keysweep\n"),
        (
            "lefthook.yml",
            "pre-push: {}\n",
            "lefthook install",
            "      run: keysweep hook run pre-commit\n",
        ),
        (
            ".husky/pre-commit",
            "npm test\n",
            "keysweep hook run pre-commit",
            "keysweep hook run pre-commit\n",
        ),
    ];
    for (file, text, told, line) in cases {
        let repo = Repo::new();
        repo.write(file, text);
        let run = install(&repo, &[]);
        assert_eq!(run.code, 2, "{file}: {run:?}");
        assert!(run.stdout.contains("not installed") && run.stdout.contains(told), "{run:?}");
        assert!(!repo.root().join(".git/hooks/pre-commit").exists(), "{file}");
        assert_eq!(std::fs::read_to_string(repo.root().join(file)).unwrap(), text);
        let status = keysweep(repo.root(), &["hook", "status", "pre-commit"]);
        assert_eq!(status.code, 1, "{status:?}");
        repo.write(file, format!("{text}{line}"));
        let run = install(&repo, &[]);
        assert_eq!(run.code, 0, "{file}: {run:?}");
        assert!(run.stdout.contains("already run by"), "{run:?}");
        assert_eq!(keysweep(repo.root(), &["hook", "status", "pre-commit"]).code, 0);
        assert_eq!(keysweep(repo.root(), &["hook", "uninstall", "pre-commit"]).code, 2);
        // All the same.
        assert_eq!(install(&repo, &["--force"]).code, 0);
        assert!(stops(&repo), "{file}");
    }
    let husky = Repo::new();
    husky.write(".husky/_/h", "").git(&["config", "core.hooksPath", ".husky/_"]);
    let run = install(&husky, &["pre-push"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stdout.contains("/.husky/pre-push"), "{run:?}");
}

#[test]
fn hook_without_its_program_stops_the_commit_and_says_why() {
    let repo = Repo::new();
    install(&repo, &[]);
    let path = repo.root().join(".git/hooks/pre-commit");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace(env!("CARGO_BIN_EXE_keysweep"), "/nowhere/keysweep"))
        .unwrap();
    repo.write("a", "a").git(&["add", "a"]);
    let run = support::git::command(repo.root())
        .env("PATH", "/usr/bin:/bin")
        .args(["commit", "-q", "-m", "a"])
        .output()
        .unwrap();
    let run = Run::of(run);
    assert_ne!(run.code, 0, "{run:?}");
    for part in ["the program is gone", "nothing was checked", "git commit --no-verify"] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
}

#[test]
fn outside_of_a_repository_nothing_is_installed() {
    let tree = support::Tree::new();
    let run = keysweep(tree.root(), &["hook", "install"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("in no git repository"), "{run:?}");
}
