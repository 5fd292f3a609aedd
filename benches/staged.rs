//! How long a commit waits for the hook: the whole process, ten staged files.
//!
//! `cargo bench --bench staged -- REPOSITORY.git` clones a repository into a
//! temporary directory (sharing its objects), changes ten of its files, stages
//! them and times `keysweep hook run pre-commit`, start-up included. Where
//! `gitleaks` is on the PATH it is timed in turn, pair by pair.

#![expect(clippy::print_stdout, reason = "a program that measures and prints")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Files that are changed.
const FILES: usize = 10;

/// Runs of each program; the median counts.
const ROUNDS: usize = 41;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Fallible<()> {
    let Some(repository) = std::env::args().skip(1).find(|argument| !argument.starts_with("--"))
    else {
        println!("usage: staged REPOSITORY.git");
        return Ok(());
    };
    let directory = tempfile::tempdir()?;
    let clone = directory.path().join("clone");
    let clone_text = clone.to_str().ok_or("a temporary directory that is not UTF-8")?;
    git(Path::new("."), &["clone", "--quiet", "--shared", &repository, clone_text])?;
    stage(&clone)?;
    let mut ours = Command::new(env!("CARGO_BIN_EXE_keysweep"));
    ours.args(["hook", "run", "pre-commit"]);
    let mut bare = Command::new(env!("CARGO_BIN_EXE_keysweep"));
    bare.arg("--version");
    let mut theirs = Command::new("gitleaks");
    theirs.args(["git", "--staged", "--no-banner", "--log-level", "error"]);
    let has_theirs = time(&mut theirs, &clone)?.is_some();
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let own = time(&mut ours, &clone)?.ok_or("the program does not start")?;
        times[0].push(own);
        times[1].extend(time(&mut bare, &clone)?);
        if has_theirs && let Some(other) = time(&mut theirs, &clone)? {
            times[2].push(other);
            ratios.push(other.as_secs_f64() / own.as_secs_f64());
        }
    }
    println!("\n| program | median, ms | least, ms |\n|---|--:|--:|");
    for (name, times) in ["keysweep", "keysweep --version", "gitleaks"].iter().zip(&mut times) {
        times.sort();
        if let (Some(least), Some(median)) = (times.first(), times.get(times.len() / 2)) {
            let in_ms = |time: &Duration| time.as_secs_f64() * 1e3;
            println!("| {name} | {:.1} | {:.1} |", in_ms(median), in_ms(least));
        }
    }
    println!();
    ratios.sort_by(f64::total_cmp);
    match ratios.get(ratios.len() / 2) {
        Some(ratio) => println!("gitleaks takes {ratio:.1} times as long, pair by pair (median)"),
        None => println!("gitleaks is not on the PATH, so nothing was compared"),
    }
    Ok(())
}

/// Appends a line to files from all over the tree and stages them.
fn stage(clone: &Path) -> Fallible<()> {
    let listed = Command::new("git").current_dir(clone).args(["ls-files", "-z"]).output()?;
    let paths: Vec<&str> = std::str::from_utf8(&listed.stdout)?.split('\0').collect();
    let mut staged = 0;
    for path in paths.iter().step_by((paths.len() / (4 * FILES)).max(1)) {
        let file = clone.join(path);
        if staged == FILES || !file.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
            continue;
        }
        let mut bytes = std::fs::read(&file)?;
        bytes.extend_from_slice(b"\na line more\n");
        std::fs::write(&file, bytes)?;
        git(clone, &["add", "--", path])?;
        staged += 1;
    }
    println!("{staged} files staged of {}", paths.len());
    Ok(())
}

fn git(directory: &Path, arguments: &[&str]) -> Fallible<()> {
    let status = Command::new("git").current_dir(directory).args(arguments).status()?;
    if status.success() { Ok(()) } else { Err(format!("git {arguments:?}: {status}").into()) }
}

/// How long a program takes from its start to its end; `None` where it does not
/// start. One that fails, or finds something where nothing is, does not count.
fn time(command: &mut Command, directory: &Path) -> Fallible<Option<Duration>> {
    let quiet = || Stdio::null();
    let command = command.current_dir(directory).stdin(quiet()).stdout(quiet()).stderr(quiet());
    let start = Instant::now();
    let Ok(status) = command.status() else { return Ok(None) };
    let taken = start.elapsed();
    if status.success() { Ok(Some(taken)) } else { Err(format!("{command:?}: {status}").into()) }
}
