//! Files that change, bounds that hold, and what the coverage says of both.

mod support;

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use support::{Tree, assignment, command};

#[test]
fn file_that_grows_without_end_does_not_hold_the_run() {
    let tree = Tree::new();
    tree.write("log.txt", "start\n");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let path = tree.root().join("log.txt");
            let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
            let line = [b'x'; 4096];
            let mut written = 0;
            // At most 256 MiB, however slow the machine.
            while !done.load(Ordering::Relaxed) && written < 65_536 {
                file.write_all(&line).unwrap();
                written += 1;
            }
        });
        let run = tree.run(&["scan", "--format", "json"]);
        done.store(true, Ordering::Relaxed);
        // Read to an end that it had, or named as still growing.
        assert!(run.code == 0 || run.code == 3 && run.stdout.contains("growing"), "{run:?}");
    });
}

#[test]
fn file_that_shrinks_and_vanishes_neither_crashes_nor_reads_as_clean() {
    let tree = Tree::new();
    let done = AtomicBool::new(false);
    for index in 0..200 {
        tree.write(format!("steady/{index}.txt"), "x".repeat(5000));
    }
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                tree.write("moving/a.txt", "x".repeat(100_000)).write("moving/a.txt", "x");
                let _ = std::fs::remove_file(tree.root().join("moving/a.txt"));
            }
        });
        for _ in 0..20 {
            let report = tree.report(&[]);
            assert!(report["coverage"]["files"].as_u64() >= Some(200));
            for skip in report["coverage"]["skipped"].as_array().unwrap() {
                let kind = skip["kind"].as_str().unwrap();
                assert!(matches!(kind, "changed" | "missing"), "{skip}");
                assert_eq!(report["run"]["exit_code"], 3);
            }
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn files_of_proc_that_say_zero_bytes_are_read() {
    let tree = Tree::new();
    let run = tree.run(&["scan", "--format", "json", "/proc/self/status"]);
    assert_eq!(run.code, 0, "{run:?}");
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(report["coverage"]["bytes"].as_u64() > Some(100));
}

#[cfg(target_os = "linux")]
#[test]
fn many_files_need_few_descriptors_and_little_memory() {
    use rustix::process::{Resource, Rlimit};
    use std::os::unix::process::CommandExt as _;
    let tree = Tree::new();
    for index in 0..3000 {
        tree.write(format!("{}/{}/f{index}", index % 50, index % 40), "x");
    }
    tree.write("key.sh", assignment("a"));
    let file = std::fs::File::create(tree.root().join("big")).unwrap();
    for index in 0..96_u64 {
        let line = [b"x".repeat((1 << 20) - 1), b"\n".to_vec()].concat();
        std::os::unix::fs::FileExt::write_all_at(&file, &line, index << 20).unwrap();
    }
    let mut command = command(tree.root());
    command.args(["scan", "--format", "jsonl", "--jobs", "2"]);
    #[allow(unsafe_code, reason = "limits of a child are set between fork and exec")]
    // SAFETY: setrlimit is async-signal-safe.
    unsafe {
        command.pre_exec(|| {
            let limit = |maximum| Rlimit { current: Some(maximum), maximum: Some(maximum) };
            rustix::process::setrlimit(Resource::Nofile, limit(24))?;
            rustix::process::setrlimit(Resource::Data, limit(64 << 20))?;
            Ok(())
        });
    }
    let run = support::Run::of(command.output().unwrap());
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(run.lines().len(), 1);
}
