//! Repositories for tests, made by the real `git` in a scrubbed environment
//! with fixed dates and identities. The product itself never starts it.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A repository in a temporary directory.
pub(crate) struct Repo {
    directory: tempfile::TempDir,
    root: PathBuf,
}

impl Repo {
    /// An empty repository with a worktree, on branch `main`.
    pub(crate) fn new() -> Self {
        Self::init(&[])
    }

    /// An empty repository made by `git init` with more arguments.
    pub(crate) fn init(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let root = directory.path().canonicalize().expect("it exists").join("repo");
        std::fs::create_dir(&root).expect("the directory is new");
        let repo = Self { directory, root };
        let mut all = vec!["init", "-q", "-b", "main"];
        all.extend_from_slice(arguments);
        repo.git(&all);
        repo
    }

    /// The worktree's root, or the bare repository.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A place beside the repository, removed with it.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().canonicalize().expect("it exists").join(name)
    }

    /// Runs git in the repository and returns what it printed.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.git_bytes(arguments, b"")).expect("UTF-8")
    }

    /// Runs git with something on its standard input.
    pub(crate) fn git_bytes(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        git_in(&self.root, arguments, input)
    }

    /// Writes a file of the worktree.
    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.root.join(path);
        std::fs::create_dir_all(path.parent().expect("inside the root")).expect("a directory");
        std::fs::write(path, bytes).expect("a file");
        self
    }

    /// Commits everything at `time` seconds after a fixed date; its id.
    pub(crate) fn commit(&self, message: &str, time: u64) -> String {
        self.git(&["add", "-A"]);
        self.commit_index(message, time)
    }

    /// Commits the index.
    pub(crate) fn commit_index(&self, message: &str, time: u64) -> String {
        let date = format!("{} +0000", 1_700_000_000 + time);
        let output = command(&self.root)
            .args(["commit", "-q", "--allow-empty", "-m", message])
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .output()
            .expect("git runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        self.rev("HEAD")
    }

    /// What a revision names.
    pub(crate) fn rev(&self, revision: &str) -> String {
        self.git(&["rev-parse", revision]).trim().to_owned()
    }

    /// Stores a blob without naming it anywhere; its id.
    pub(crate) fn blob(&self, bytes: &[u8]) -> String {
        let id = self.git_bytes(&["hash-object", "-w", "--stdin"], bytes);
        String::from_utf8(id).expect("hexadecimal").trim().to_owned()
    }
}

/// Runs git in a directory and returns what it printed.
pub(crate) fn git_in(directory: &Path, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = command(directory)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("git runs");
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // A git that reads nothing closes the pipe; that is its right.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().expect("git ends");
    writer.join().expect("the writer ends");
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// Git with nothing of this machine's configuration.
pub(crate) fn command(directory: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(directory)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").expect("a PATH"))
        .env("HOME", directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "Ada Author")
        .env("GIT_AUTHOR_EMAIL", "ada@example.org")
        .env("GIT_AUTHOR_DATE", "1700000000 +0000")
        .env("GIT_COMMITTER_NAME", "Cora Committer")
        .env("GIT_COMMITTER_EMAIL", "cora@example.org")
        .env("GIT_COMMITTER_DATE", "1700000000 +0000")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C")
        .args(["-c", "protocol.file.allow=always", "-c", "gc.auto=0", "-c", "maintenance.auto=0"]);
    command
}
