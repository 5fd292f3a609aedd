//! Faults of the machine: full and read-only disks, closed streams, signals at
//! any moment, a pack that is cut while it is read, two runs at once. A run ends
//! with what it owes or says why not; it never ends clean by mistake and never
//! leaves half a report.
//!
//! Disks full at each write of the journal and crashes there stand in
//! `journal.rs`.

#![cfg(target_os = "linux")]
#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "what could not be tried is said, and a test that cannot go on has failed"
)]

#[path = "support/git_pack.rs"]
mod pack_support;
mod support;

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use pack_support::{Entry, PackWriter};
use rustix::process::{Pid, Signal, kill_process};
// The writer of packs looks for it here.
use support::git as git_support;
use support::{Tree, assignment, command, key};

/// Runs a shell line in mounts of its own, which end with it; `None` where the
/// system does not allow that.
fn with_own_mounts(tree: &Tree, line: &str) -> Option<(ExitStatus, String)> {
    let output = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-ec", line, env!("CARGO_BIN_EXE_keysweep")])
        .current_dir(tree.root())
        .stdin(Stdio::null())
        .output();
    let output = match output {
        Ok(output) => output,
        Err(error) => {
            eprintln!("no unshare: {error}");
            return None;
        }
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if said.contains("unshare failed") || said.contains("mount:") {
        eprintln!("no mounts of one's own here: {said}");
        return None;
    }
    Some((output.status, said))
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).expect("a directory");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn full_disk_leaves_the_old_report_and_no_half_of_a_new_one() {
    let tree = Tree::new();
    std::fs::create_dir(tree.beside("small")).expect("a directory");
    for at in 0..200 {
        tree.write(format!("{at}.sh"), assignment(&format!("many {at}")));
    }
    let line = "mount -t tmpfs -o size=64k none ../small; echo old > ../small/report.json; \
                code=0; \"$0\" scan -q --report json=../small/report.json || code=$?; \
                test \"$(cat ../small/report.json)\" = old; test \"$(ls -A ../small)\" = report.json; \
                exit $((code + 100))";
    let Some((status, said)) = with_own_mounts(&tree, line) else { return };
    // There are keys, so 1, whatever became of the report; and it says so.
    assert_eq!(status.code(), Some(101), "{said}");
    assert!(said.contains("report.json: cannot be written"), "{said}");
    for at in [0, 199] {
        assert!(!said.contains(&key(&format!("many {at}"))));
    }
}

#[test]
fn clean_run_whose_report_cannot_be_written_is_no_clean_run() {
    let tree = Tree::new();
    tree.write("a.txt", "nothing\n");
    std::fs::create_dir(tree.beside("fixed")).expect("a directory");
    let line = "mount --bind ../fixed ../fixed; mount -o remount,ro,bind ../fixed; code=0; \
                \"$0\" scan -q --report json=../fixed/report.json || code=$?; exit $((code + 100))";
    if let Some((status, said)) = with_own_mounts(&tree, line) {
        assert_eq!(status.code(), Some(102), "{said}");
        assert!(said.contains("report.json: cannot be written"), "{said}");
    }
    let run = tree.run(&["scan", "-q", "--report", "json=/dev/full"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("/dev/full"), "{run:?}");
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let status = command(tree.root()).arg("scan").stdout(full()).status().expect("it runs");
    assert_eq!(status.code(), Some(2));
    // Nobody can be told on a full standard error; the exit code still tells.
    let status =
        command(tree.root()).args(["scan", "none"]).stderr(full()).status().expect("it runs");
    assert_eq!(status.code(), Some(2));
}

#[test]
fn closed_streams_change_no_verdict_and_no_report() {
    let tree = Tree::new();
    tree.write("a.sh", assignment("a"));
    for closed in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"] {
        let out = tree.beside("out.json");
        let line = format!("\"$0\" scan --report json=../out.json {closed}");
        let status = Command::new("sh")
            .args(["-c", &line, env!("CARGO_BIN_EXE_keysweep")])
            .current_dir(tree.root())
            .status()
            .expect("sh runs");
        assert_eq!(status.code(), Some(1), "{closed}");
        let text = std::fs::read(&out).expect("a report");
        assert!(serde_json::from_slice::<serde_json::Value>(&text).is_ok(), "{closed}");
        std::fs::remove_file(out).expect("just read");
    }
    assert_eq!(names(tree.root()), ["a.sh"]);
}

/// A tree that takes a while to sweep.
fn slow_tree() -> Tree {
    let tree = Tree::new();
    for at in 0..3000 {
        tree.write(format!("{}/{at}.txt", at % 30), "A=1 and words\n".repeat(200));
    }
    tree.write("z.sh", assignment("z"));
    tree
}

fn start(tree: &Tree) -> Child {
    let mut scan = command(tree.root());
    scan.args(["scan", "--format", "json", "--jobs", "2", "--report", "json=../report.json"]);
    scan.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts")
}

fn pid(child: &Child) -> Pid {
    Pid::from_child(child)
}

#[test]
fn signal_at_any_moment_ends_the_run_without_half_a_report() {
    let tree = slow_tree();
    let report = tree.beside("report.json");
    let (mut ended, mut whole) = (0, 0);
    for signal in [Signal::TERM, Signal::INT, Signal::KILL] {
        for step in 0..12 {
            let _ = std::fs::remove_file(&report);
            let mut child = start(&tree);
            std::thread::sleep(Duration::from_millis(step * step * 6));
            let _ = kill_process(pid(&child), signal);
            let status = child.wait().expect("it ends");
            let is_signal = status.signal() == Some(signal.as_raw())
                || status.code() == Some(128 + signal.as_raw());
            assert!(is_signal || status.code() == Some(1), "{status}");
            if report.exists() {
                let text = std::fs::read(&report).expect("a report");
                let report: serde_json::Value = serde_json::from_slice(&text).expect("whole");
                assert_eq!(report["findings"].as_array().map(Vec::len), Some(1));
                whole += 1;
            } else {
                assert!(is_signal, "{status}");
                ended += 1;
            }
            if signal != Signal::KILL {
                let beside = names(report.parent().expect("a directory"));
                assert!(!beside.iter().any(|name| name.starts_with(".keysweep-")), "{beside:?}");
            }
        }
    }
    eprintln!("{ended} ended without a report, {whole} after it");
    assert!(ended > 0);
}

#[test]
fn run_that_is_stopped_and_interrupted_all_the_time_reads_everything() {
    let tree = slow_tree();
    let mut child = start(&tree);
    while child.try_wait().expect("a child").is_none() {
        for signal in [Signal::STOP, Signal::WINCH, Signal::CONT, Signal::CHILD] {
            let _ = kill_process(pid(&child), signal);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(child.wait().expect("it ended").code(), Some(1));
    let text = std::fs::read(tree.beside("report.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_slice(&text).expect("whole");
    assert_eq!(report["coverage"]["files"], 3001);
    assert_eq!(report["coverage"]["complete"], true);
}

#[test]
fn pack_that_is_cut_while_it_is_read_never_reads_as_clean() {
    let mut ends = Vec::new();
    for step in 0..8 {
        let mut pack = PackWriter::new();
        for at in 0..6000_u32 {
            let noise =
                (0..500_u32).flat_map(|n| (n ^ at).wrapping_mul(2_654_435_761).to_le_bytes());
            pack.add(Entry::blob(&noise.collect::<Vec<u8>>()));
        }
        pack.add(Entry::blob(assignment("cut").as_bytes()));
        let repo = pack.into_repository();
        let path = repo.root().join(".git/objects/pack/pack-0.pack");
        let mut child = command(repo.root())
            .args(["scan", "-q", "--jobs", "2"])
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        std::thread::sleep(Duration::from_millis(step * 15));
        let file = std::fs::OpenOptions::new().write(true).open(path).expect("writable");
        file.set_len(4096).expect("cut");
        let status = child.wait().expect("it ends");
        assert_ne!(status.code(), Some(0));
        ends.push(status.to_string());
    }
    eprintln!("{ends:?}");
}

#[test]
fn two_runs_never_share_an_audit_directory() {
    let tree = Tree::new();
    let drill = || {
        let mut drill = command(tree.root());
        drill.args(["drill", "--out", "audit"]).stdout(Stdio::null()).stderr(Stdio::piped());
        drill.spawn().expect("it starts")
    };
    let runs: Vec<_> = (0..3).map(|_| drill()).collect();
    let codes: Vec<Option<i32>> = runs
        .into_iter()
        .map(|run| run.wait_with_output().expect("it ends").status.code())
        .collect();
    assert_eq!(codes.iter().filter(|code| **code == Some(0)).count(), 1, "{codes:?}");
    assert!(codes.iter().all(|code| matches!(code, Some(0 | 2))), "{codes:?}");
    assert_eq!(tree.run(&["audit", "check", "audit"]).code, 0);
}

#[test]
fn runs_that_write_one_report_leave_a_whole_one() {
    let tree = Tree::new();
    for at in 0..100 {
        tree.write(format!("{at}.sh"), assignment(&format!("many {at}")));
    }
    let runs: Vec<Child> = (0..4).map(|_| start(&tree)).collect();
    for mut run in runs {
        assert_eq!(run.wait().expect("it ends").code(), Some(1));
    }
    let text = std::fs::read(tree.beside("report.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_slice(&text).expect("whole");
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(100));
    assert_eq!(names(tree.beside("report.json").parent().expect("a directory")).len(), 2);
}

/// A library that is loaded before the system's own and sets the wall clock up to
/// five years on or back at every look.
#[cfg(target_env = "gnu")]
const JUMPING_CLOCK: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <time.h>

static atomic_long looks;

int clock_gettime(clockid_t clock, struct timespec *at) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, at);
    if (!failed && clock == CLOCK_REALTIME)
        at->tv_sec += (atomic_fetch_add(&looks, 1) * 5 % 9 - 4) * 40000000;
    return failed;
}
"#;

#[cfg(target_env = "gnu")]
#[test]
fn clock_that_jumps_changes_no_verdict_and_no_audit() {
    let tree = Tree::new();
    tree.write("clock.c", JUMPING_CLOCK).write("leak.env", assignment("clock"));
    let (source, library) = (tree.root().join("clock.c"), tree.root().join("clock.so"));
    // What links Rust's programs links this too.
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .status()
        .unwrap();
    assert!(built.success());
    let run = |arguments: &[&str]| {
        command(tree.root()).args(arguments).env("LD_PRELOAD", &library).output().unwrap()
    };
    let scanned = run(&["scan", "--format", "jsonl", "leak.env"]);
    assert_eq!(scanned.status.code(), Some(1), "{scanned:?}");
    assert_eq!(
        scanned.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count(),
        1
    );

    let drilled = run(&["drill", "--out", "audit"]);
    assert_eq!(drilled.status.code(), Some(0), "{drilled:?}");
    let audit = tree.root().join("audit");
    let journal = std::fs::read_to_string(audit.join("journal.ndjson")).unwrap();
    assert!(
        journal.contains("\"clock_went_back_ms\":"),
        "no look at the clock was faked: {journal}"
    );
    assert!(keysweep::report::audit::check(&audit, None).unwrap().is_intact());
    let report = std::fs::read(audit.join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["findings"][0]["verdict"]["state"], "dead");
}
