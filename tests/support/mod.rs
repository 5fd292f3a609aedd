//! Trees and runs for tests: a temporary directory, keys made at run time, and
//! the program in a scrubbed environment.

#![allow(dead_code, reason = "each test file uses its own part of this")]

pub(crate) mod git;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use sha2::{Digest as _, Sha256};

/// A key that looks as if it were drawn at random, the same in every run.
pub(crate) fn key(seed: &str) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let digest = |part: u8| Sha256::digest([seed.as_bytes(), &[part]].concat());
    [digest(0), digest(1)]
        .iter()
        .flat_map(|half| half.iter())
        .take(40)
        .map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()]))
        .collect()
}

/// The name that announces a key, in parts so that this file holds no pair.
pub(crate) const NAME: &str = concat!("BITKIT", "_API_KEY");

/// A configuration with a rule of an operator's own: `acme_` and 40 characters.
pub(crate) const ACME_RULE: &str = r#"
[[rule]]
id = "acme"
title = "Acme key"
description = "A key of Acme."
remedy = "Revoke it."
severity = "high"
confidence = "high"
keywords = ["acme_"]
pattern = '(?P<secret>acme_[A-Za-z0-9]{40})'
examples = ["acme_⟦alnum:40⟧"]
"#;

/// A line that assigns a key to its documented name.
pub(crate) fn assignment(seed: &str) -> String {
    format!("{NAME}={}\n", key(seed))
}

/// A directory of its own for one test.
pub(crate) struct Tree {
    directory: tempfile::TempDir,
    root: PathBuf,
}

impl Tree {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let root = directory.path().canonicalize().expect("it exists").join("tree");
        std::fs::create_dir(&root).expect("the directory is new");
        Self { directory, root }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A place beside the tree, removed with it.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.root.with_file_name(name)
    }

    pub(crate) fn write(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.root.join(path);
        std::fs::create_dir_all(path.parent().expect("inside the root")).expect("a directory");
        std::fs::write(path, bytes).expect("a file");
        self
    }

    /// Runs the program in the tree.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        run_in(&self.root, arguments)
    }

    /// The occurrences that `scan --format jsonl` prints, with more arguments.
    pub(crate) fn scan(&self, arguments: &[&str]) -> Vec<Line> {
        self.run(&[&["scan", "--format", "jsonl"], arguments].concat()).lines()
    }

    /// The report that `scan --format json` prints, with more arguments.
    pub(crate) fn report(&self, arguments: &[&str]) -> serde_json::Value {
        let run = self.run(&[&["scan", "--format", "json"], arguments].concat());
        serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("no report: {run:?}"))
    }

    /// What a report skipped: `kind origin`, sorted.
    pub(crate) fn skipped(&self, arguments: &[&str]) -> Vec<String> {
        skipped(&self.report(arguments))
    }
}

/// What a report skipped: `kind origin`, sorted.
pub(crate) fn skipped(report: &serde_json::Value) -> Vec<String> {
    let skipped = report["coverage"]["skipped"].as_array().expect("a list");
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    let mut lines: Vec<String> = skipped
        .iter()
        .map(|skip| format!("{} {}", text(&skip["kind"]), text(&skip["origin"])))
        .collect();
    lines.sort();
    lines
}

/// A finished run of the program.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("UTF-8 on standard output"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8 on standard error"),
        }
    }

    pub(crate) fn lines(&self) -> Vec<Line> {
        assert!(matches!(self.code, 0 | 1 | 3), "{self:?}");
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
            .collect()
    }
}

/// One line of the `jsonl` format, as scripts read it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    pub(crate) path: Option<String>,
    pub(crate) line: u64,
    pub(crate) column: u64,
    pub(crate) rule: String,
    pub(crate) severity: String,
    pub(crate) confidence: String,
    pub(crate) fingerprint: String,
    pub(crate) redacted: String,
    pub(crate) source: String,
    pub(crate) repository: Option<String>,
    pub(crate) blob: Option<String>,
    pub(crate) commit: Option<String>,
    pub(crate) author: Option<String>,
    pub(crate) date: Option<String>,
}

/// The paths of some lines, in their order.
pub(crate) fn paths(lines: &[Line]) -> Vec<&str> {
    lines.iter().map(|line| line.path.as_deref().expect("a path")).collect()
}

/// The program, in a directory, with nothing of this process's environment.
pub(crate) fn command(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keysweep"));
    command.current_dir(directory).env_clear().stdin(Stdio::null());
    command
}

pub(crate) fn run_in(directory: &Path, arguments: &[&str]) -> Run {
    Run::of(command(directory).args(arguments).output().expect("the program runs"))
}

/// Runs the program with something on its standard input.
pub(crate) fn run_with_input(directory: &Path, arguments: &[&str], input: &[u8]) -> Run {
    use std::io::Write as _;
    let mut child = command(directory)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_owned();
    // The program may end without reading all of it.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let run = Run::of(child.wait_with_output().expect("the program ends"));
    writer.join().expect("the writer ends");
    run
}

/// Whether the tests run as a user whom no permission stops.
pub(crate) fn is_root() -> bool {
    #[cfg(unix)]
    return rustix::process::geteuid().is_root();
    #[cfg(not(unix))]
    false
}
