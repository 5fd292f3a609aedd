//! The hostile kit: cases made at run time, each with its expected verdict.
//!
//! In: a table of cases. Out: one run of the program a case, under limits of
//! memory, descriptors and time that the system holds, and everything that was
//! not as expected. Sizes are a tenth or less of what an attacker would send;
//! `KEYSWEEP_HOSTILE_FULL=1` makes them whole.

pub(crate) mod archives;
pub(crate) mod files;
pub(crate) mod layouts;
pub(crate) mod objects;
pub(crate) mod texts;

use std::any::Any;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::git::Repo;
use crate::support::{NAME, Tree, is_root, key};

/// Whether attacks have their full size.
pub(crate) fn is_full() -> bool {
    std::env::var_os("KEYSWEEP_HOSTILE_FULL").is_some()
}

/// The full size, or what a debug build deals with in a second.
pub(crate) fn size(full: usize, small: usize) -> usize {
    if is_full() { full } else { small }
}

/// One attack.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) build: fn(&mut Scene),
    pub(crate) expected: Expected,
}

/// What must come of it.
#[derive(Clone, Copy)]
pub(crate) struct Expected {
    code: i32,
    keys: usize,
    names: &'static [&'static str],
    says: &'static str,
    arguments: &'static [&'static str],
    memory_mib: u64,
    descriptors: u64,
    is_nobody: bool,
}

const EXPECTED: Expected = Expected {
    code: 0,
    keys: 0,
    names: &[],
    says: "",
    arguments: &[],
    memory_mib: 256,
    descriptors: 64,
    is_nobody: false,
};

/// As many keys as were planted.
pub(crate) const ALL: usize = usize::MAX;

/// Exit code 1: so many distinct keys.
pub(crate) const fn found(keys: usize) -> Expected {
    Expected { code: 1, keys, ..EXPECTED }
}

/// Exit code 3: nothing found, and these kinds of things not read.
pub(crate) const fn not_covered(names: &'static [&'static str]) -> Expected {
    Expected { code: 3, names, ..EXPECTED }
}

/// Exit code 2, with these words.
pub(crate) const fn refused(says: &'static str) -> Expected {
    Expected { code: 2, says, ..EXPECTED }
}

/// Exit code 0: there is nothing, and all of it was read.
pub(crate) const fn clean() -> Expected {
    EXPECTED
}

impl Expected {
    /// Also names these kinds of things as not read.
    pub(crate) const fn naming(self, names: &'static [&'static str]) -> Self {
        Self { names, ..self }
    }
    /// With more arguments for `scan`.
    pub(crate) const fn with(self, arguments: &'static [&'static str]) -> Self {
        Self { arguments, ..self }
    }
    /// With so much memory.
    pub(crate) const fn within_mib(self, memory_mib: u64) -> Self {
        Self { memory_mib, ..self }
    }
    /// As a user whom permissions stop.
    pub(crate) const fn as_nobody(self) -> Self {
        Self { is_nobody: true, ..self }
    }
}

/// Where an attack is built.
pub(crate) struct Scene {
    root: PathBuf,
    planted: Vec<String>,
    kept: Vec<Box<dyn Any>>,
}

impl Scene {
    fn new() -> Self {
        let tree = Tree::new();
        Self { root: tree.root().to_owned(), planted: Vec::new(), kept: vec![Box::new(tree)] }
    }

    /// What is scanned.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A place beside what is scanned.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.root.with_file_name(name)
    }

    /// Writes a file below what is scanned.
    pub(crate) fn write(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        let path = self.root.join(path);
        std::fs::create_dir_all(path.parent().expect("inside the root")).expect("a directory");
        std::fs::write(path, bytes).expect("a file");
    }

    /// A line with a key of its own, which no output may hold.
    pub(crate) fn line(&mut self, seed: &str) -> String {
        self.planted.push(key(seed));
        format!("{NAME}={}\n", key(seed))
    }

    /// Scans a repository instead of a directory.
    pub(crate) fn adopt(&mut self, repo: Repo) {
        repo.root().clone_into(&mut self.root);
        self.keep(repo);
    }

    /// Keeps a thing until the run has ended.
    pub(crate) fn keep(&mut self, thing: impl Any) {
        self.kept.push(Box::new(thing));
    }
}

/// Runs every case; panics with all that was not as expected.
pub(crate) fn run_all(cases: &[Case]) {
    let wrong: Vec<String> = cases
        .iter()
        .flat_map(|case| {
            let begun = std::time::Instant::now();
            let faults = run(case);
            let (built, taken) = (faults.0, begun.elapsed());
            eprintln!("{:<60} built in {built:>5} ms, {:>6} ms", case.name, taken.as_millis());
            faults.1.into_iter().map(|fault| format!("{}: {fault}", case.name)).collect::<Vec<_>>()
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}

fn run(case: &Case) -> (u128, Vec<String>) {
    let begun = std::time::Instant::now();
    let mut scene = Scene::new();
    (case.build)(&mut scene);
    let built = begun.elapsed().as_millis();
    let expected = case.expected;
    let output = command(&scene, &expected).output().expect("sh runs");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut faults = Vec::new();
    let mut check = |holds: bool, what: String| {
        if !holds {
            let start = |text: &str| text.chars().take(1500).collect::<String>();
            faults.push(format!("{what}\n  {}\n  {}", start(&stderr), start(&stdout)));
        }
    };
    let code = output.status.code();
    check(code == Some(expected.code), format!("ended with {}", output.status));
    for word in ["internal error", "panicked", "overflowed", "memory allocation"] {
        check(!stderr.contains(word), format!("{word} on standard error"));
    }
    // A hundred stand for all: each is searched for in all that was printed.
    for planted in scene.planted.iter().take(100) {
        check(!stdout.contains(planted) && !stderr.contains(planted), "a key is shown".to_owned());
    }
    let is_raw = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t');
    check(!stdout.contains(is_raw) && !stderr.contains(is_raw), "raw controls".to_owned());
    check(stderr.contains(expected.says), format!("does not say {:?}", expected.says));
    if expected.code != 2 {
        match serde_json::from_str::<serde_json::Value>(&stdout) {
            Err(error) => check(false, format!("no report: {error}")),
            Ok(report) => {
                let keys = report["findings"].as_array().map_or(0, Vec::len);
                let wanted = expected.keys.min(scene.planted.len());
                check(keys == wanted, format!("{keys} keys, not {wanted}"));
                let skipped = crate::support::skipped(&report);
                for name in expected.names {
                    let is_named = skipped.iter().any(|skip| skip.starts_with(name));
                    check(is_named, format!("{name} is not named: {skipped:?}"));
                }
            }
        }
    }
    (built, faults)
}

/// Address space beyond data: the program itself, its libraries, threads'
/// stacks, what the allocator sets aside for each thread, and mapped packs.
const MAPPED_KIB: u64 = 512 << 10;

/// The program under its limits: data in memory, address space, descriptors, a
/// minute (ten for attacks of full size).
fn command(scene: &Scene, expected: &Expected) -> Command {
    let seconds = if is_full() { "600" } else { "90" };
    let (memory_kib, descriptors) = (expected.memory_mib << 10, expected.descriptors);
    let space_kib = memory_kib + MAPPED_KIB;
    let limits = format!(
        "ulimit -d {memory_kib} && ulimit -v {space_kib} && ulimit -n {descriptors} && exec \"$@\""
    );
    let mut command = Command::new("sh");
    command.args(["-c", &limits, "sh", "timeout", "-s", "KILL", seconds]);
    if expected.is_nobody && is_root() {
        command.args(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]);
    }
    command.arg(env!("CARGO_BIN_EXE_keysweep"));
    command.args(["scan", "--format", "json", "--no-progress", "--jobs", "2"]);
    command.args(expected.arguments);
    command.current_dir(&scene.root).stdin(Stdio::null()).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// Makes a FIFO; whoever opens it waits for ever.
pub(crate) fn fifo(path: &Path) {
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    let kind = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, path, kind, mode, 0).expect("a FIFO");
}
