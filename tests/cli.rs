//! What the command line accepts, refuses and answers.

mod support;

use std::io::Read as _;
use std::process::Stdio;

use support::{Tree, assignment, command, key, run_with_input};

#[test]
fn exit_codes_tell_clean_found_refused_and_incomplete_apart() {
    let tree = Tree::new();
    tree.write("clean/a.txt", "nothing\n").write("found/a.sh", assignment("a"));
    assert_eq!(tree.run(&["scan", "clean"]).code, 0);
    assert_eq!(tree.run(&["scan", "found"]).code, 1);
    assert_eq!(tree.run(&["scan", "missing"]).code, 2);
    assert_eq!(tree.run(&["scan", "clean", "missing"]).code, 2);
    assert_eq!(tree.run(&["scan", "found", "--fail-on", "critical"]).code, 1);
    tree.write("odd/.gitignore", "x\n").write("odd/x", "x");
    assert_eq!(tree.run(&["scan", "odd"]).code, 0);
    assert_eq!(tree.run(&["scan", "odd", "--strict-coverage"]).code, 3);
}

#[cfg(target_os = "linux")]
#[test]
fn file_that_cannot_be_read_is_never_clean() {
    // Reading a process's memory from its start fails for everybody.
    let tree = Tree::new();
    let run = tree.run(&["scan", "--format", "json", "/proc/self/mem"]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stdout.contains("\"unreadable\""), "{}", run.stdout);
    tree.write("a.sh", assignment("a"));
    assert_eq!(tree.run(&["scan", "-q", "/proc/self/mem", "a.sh"]).code, 1);
}

#[cfg(unix)]
#[test]
fn unreadable_directory_and_file_are_named() {
    use std::os::unix::fs::PermissionsExt as _;
    if support::is_root() {
        return;
    }
    let tree = Tree::new();
    tree.write("shut/a.sh", assignment("a")).write("b.sh", assignment("b")).write("c", "c");
    let mode = |path: &str, mode| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(tree.root().join(path), permissions).unwrap();
    };
    mode("shut", 0o000);
    mode("b.sh", 0o000);
    let skipped = tree.skipped(&["."]);
    let code = tree.run(&["scan"]).code;
    mode("shut", 0o700);
    assert_eq!(skipped, ["unreadable b.sh", "unreadable shut"]);
    assert_eq!(code, 3);
}

#[test]
fn mistakes_are_refused_with_what_to_do() {
    let tree = Tree::new();
    tree.write("a.txt", "a");
    for (arguments, expected) in [
        (&["scan", "--tree", "--history"][..], "cannot be used with"),
        (&["scan", "--stdin", "--known-keys-stdin"], "both read standard input"),
        (&["scan", "--stdin", "."], "not both"),
        (&["scan", "--format", "yaml"], "no such format"),
        (&["scan", "--report", "json"], "expected FORMAT=PATH"),
        (&["scan", "--report", "json=no/such/x"], "create it first"),
        (&["scan", "--report", "json=."], "name the file"),
        (&["scan", "--report", "json=x", "--report", "csv=x"], "named twice"),
        (&["scan", "--min-confidence", "sure"], "expected low"),
        (&["scan", "--fail-on", "blocker"], "expected low"),
        (&["scan", "--report", "json=x", "--report", "csv=./x"], "named twice"),
        (&["scan", "--jobs", "0"], "1 to 512"),
        (&["scan", "--jobs", "513"], "1 to 512"),
        (&["scan", "--write-baseline", "b", "--reason", ""], "--write-baseline: --reason is empty"),
        (&["scan", "--config", "none.toml"], "none.toml: cannot be read"),
        (&["scan", "--exclude", "vendor/**"], "no configuration gives a reason"),
        (&["scan", "--history", "."], "not the root of a git repository"),
        (&["scan", "nowhere"], "nowhere: cannot be opened"),
        (&["rules", "show", "none"], "no rule `none`"),
        (&["frobnicate"], "unrecognized subcommand"),
        (&[], "Usage"),
    ] {
        let run = tree.run(arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {run:?}");
        assert!(run.stderr.contains(expected), "{arguments:?}: {}", run.stderr);
        assert!(run.stdout.is_empty(), "{arguments:?}: {}", run.stdout);
    }
    assert!(!tree.root().join("x").exists());
}

#[test]
fn every_command_helps_with_an_example() {
    let tree = Tree::new();
    let help = tree.run(&["--help"]);
    assert_eq!(help.code, 0);
    let commands: Vec<&str> = help
        .stdout
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| !name.is_empty() && *name != "help")
        .collect();
    assert!(commands.len() >= 4, "{}", help.stdout);
    for name in commands {
        let help = tree.run(&[name, "--help"]);
        assert_eq!(help.code, 0, "{name}");
        assert!(help.stdout.contains("Example"), "{name}: {}", help.stdout);
        assert!(help.stdout.contains(&format!("keysweep {name}")), "{name}");
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(tree.run(&["completions", shell]).stdout.contains("keysweep"), "{shell}");
    }
    assert!(tree.run(&["man"]).stdout.contains(".TH keysweep"));
    assert!(tree.run(&["man", "--command", "scan"]).stdout.contains("strict"));
}

#[test]
fn standard_input_is_swept() {
    let tree = Tree::new();
    let input = format!("x\n{}", assignment("a"));
    let run =
        run_with_input(tree.root(), &["scan", "--stdin", "--format", "jsonl"], input.as_bytes());
    assert_eq!(run.code, 1);
    let lines = run.lines();
    assert_eq!(lines.len(), 1);
    assert_eq!((lines[0].source.as_str(), lines[0].line), ("stdin", 2));
    assert_eq!((&lines[0].path, &lines[0].repository), (&None, &None));
    assert_eq!(run_with_input(tree.root(), &["scan", "--stdin"], b"").code, 0);
}

#[test]
fn quiet_hides_human_output_and_nothing_else() {
    let tree = Tree::new();
    tree.write("a.sh", assignment("a"));
    let run = tree.run(&["scan", "--quiet", "--report", "json=out.json"]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (1, "", ""));
    assert!(tree.root().join("out.json").is_file());
    assert_eq!(tree.scan(&["--quiet"]).len(), 1);
}

#[test]
fn closed_pipe_is_neither_panic_nor_clean() {
    let tree = Tree::new();
    for index in 0..2000 {
        tree.write(format!("{index}.sh"), assignment(&index.to_string()));
    }
    for format in ["human", "jsonl", "json"] {
        let mut child = command(tree.root())
            .args(["scan", "--format", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 10]).unwrap();
        drop(stdout);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{format}");
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[cfg(unix)]
#[test]
fn signal_leaves_no_report() {
    use rustix::process::{Pid, Signal, kill_process};
    let tree = Tree::new();
    // Enough to be busy for a while with one thread in a debug build.
    let file = std::fs::File::create(tree.root().join("big")).unwrap();
    let line = vec![b'b'; 1 << 20];
    for index in 0..512_u64 {
        std::os::unix::fs::FileExt::write_all_at(&file, &line, index << 20).unwrap();
    }
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let child = command(tree.root())
            .args(["scan", "--jobs", "1", "--format", "json", "--report", "json=out.json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(150));
        kill_process(Pid::from_child(&child), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert!(output.stdout.is_empty());
        assert!(!tree.root().join("out.json").exists());
    }
}

#[test]
fn fingerprint_depends_on_the_operators_key_only_where_one_is_set() {
    let tree = Tree::new();
    tree.write("a.sh", assignment("a"));
    let keyed = |value: &str| {
        let output = command(tree.root())
            .args(["scan", "--format", "jsonl"])
            .env("KEYSWEEP_FINGERPRINT_KEY", value)
            .output()
            .unwrap();
        support::Run::of(output).lines()[0].fingerprint.clone()
    };
    let plain = tree.scan(&[])[0].fingerprint.clone();
    assert!(plain.starts_with("sha256:"));
    assert_eq!(keyed(""), plain);
    assert!(keyed("one").starts_with("hmac-sha256:"));
    assert_ne!(keyed("one"), keyed("two"));
}

#[test]
fn thresholds_hide_nothing_in_silence() {
    let tree = Tree::new();
    // A test's path lowers confidence by a step, so `high` leaves it below.
    tree.write("tests/a.sh", assignment("a"));
    let run = tree.run(&["scan", "--min-confidence", "high"]);
    assert_eq!(run.code, 0);
    assert!(run.stdout.contains("1 weaker hit is not shown"), "{}", run.stdout);
    let report = tree.report(&["--min-confidence", "high"]);
    assert_eq!(report["run"]["below_min_confidence"].as_u64(), Some(1));
    tree.write("hook.sh", format!("{}={}\n", concat!("BITKIT", "_WEBHOOK_SECRET"), key("h")));
    let run = tree.run(&["scan", "hook.sh", "--fail-on", "critical"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("None is of severity critical"), "{}", run.stdout);
}

#[test]
fn rules_are_listed_shown_and_checked() {
    let tree = Tree::new();
    let list = tree.run(&["rules", "list"]);
    assert_eq!(list.code, 0);
    assert!(list.stdout.lines().any(|line| line.starts_with("bytestack-api-key ")));
    let show = tree.run(&["rules", "show", "bytestack-api-key"]);
    assert!(show.stdout.contains("remedy"), "{}", show.stdout);
    assert_eq!(tree.run(&["rules", "check"]).code, 0);
}

#[test]
fn key_too_short_to_search_for_is_refused_by_every_command() {
    let tree = Tree::new();
    tree.write("a.txt", "a\n");
    for arguments in [
        &["scan", "--known-keys-stdin"][..],
        &["respond", "a.txt", "--known-keys-stdin", "--out", "../d", "--dry-run"],
    ] {
        for input in ["a\n", "seven-b\n"] {
            let run = run_with_input(tree.root(), arguments, input.as_bytes());
            assert_eq!(run.code, 2, "{run:?}");
            assert!(run.stderr.contains("shorter than 8 bytes"), "{run:?}");
        }
    }
}

#[cfg(unix)]
#[test]
fn report_at_the_streams_own_file_goes_through_the_stream() {
    use std::os::unix::fs::symlink;
    let tree = Tree::new();
    tree.write("a.sh", assignment("a")).write("r.json", "");
    let run = |arguments: &[&str], out: &str| {
        let file = std::fs::File::create(tree.beside(out)).unwrap();
        let output = command(tree.root()).args(arguments).stdout(file).output().unwrap();
        (output.status.code(), std::fs::read_to_string(tree.beside(out)).unwrap())
    };
    for link in ["/proc/self/fd/1", "/dev/fd/1"] {
        let at = tree.beside("link");
        if symlink(link, &at).is_err() || !std::path::Path::new("/proc/self/fd").exists() {
            return;
        }
        let (code, text) = run(&["scan", "a.sh", "--report", "json=../link"], "o");
        assert_eq!(code, Some(1));
        assert!(text.starts_with('{') && text.contains("1 leaked key"), "{text}");
        assert!(std::fs::symlink_metadata(&at).unwrap().is_symlink());
        tree.run(&["scan", "a.sh", "-q", "--report", "json=r.json"]);
        let (code, text) =
            run(&["report", "r.json", "--format", "csv", "--output", "../link"], "p");
        assert_eq!(code, Some(0));
        assert!(text.contains("a.sh"), "{text}");
        std::fs::remove_file(at).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn closed_standard_input_is_not_called_clean() {
    let tree = Tree::new();
    let program = command(tree.root()).get_program().to_owned();
    let run = |redirection: &str| {
        let line = format!("\"$0\" scan --stdin {redirection}");
        let shell = std::process::Command::new("sh").arg("-c").arg(line).arg(&program).output();
        support::Run::of(shell.unwrap())
    };
    let closed = run("<&-");
    assert_eq!(closed.code, 2, "{closed:?}");
    assert!(closed.stderr.contains("standard input is closed"), "{closed:?}");
    assert_eq!(run("</dev/null").code, 0);
}
