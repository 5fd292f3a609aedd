//! What a command gives up: it starts no program, opens no socket and writes
//! nothing but its outputs, by its own doing and, where the kernel allows, by
//! the kernel's.

#![cfg(target_os = "linux")]
#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "what could not be tried is said, and a test that cannot go on has failed"
)]

#[path = "support/demanding.rs"]
mod demanding;
mod support;

use std::collections::HashMap;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

use demanding::{demanding, was_obeyed};
use keysweep::report::write_atomically;
use keysweep::sandbox::{self, Needs, Output, Sandbox};
use support::git::Repo;
use support::{Tree, command};

/// Runs something in a thread that has entered the sandbox; threads that it
/// does not start stay outside.
fn confined<T: Send>(needs: Needs, outputs: &[Output], run: impl FnOnce(Sandbox) -> T + Send) -> T {
    std::thread::scope(|scope| {
        let inside = scope.spawn(|| run(sandbox::enter(needs, outputs, &[])));
        inside.join().unwrap()
    })
}

fn denied<T>(result: std::io::Result<T>) -> bool {
    result.is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
}

#[test]
fn program_socket_and_stray_file_are_refused() {
    let (tree, apart) = (Tree::new(), Tree::new());
    apart.write("there.txt", "before");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let output = [Output::File(tree.root().join("report.json"))];
    confined(Needs::Nothing, &output, |held| {
        if held.filters_calls {
            assert!(denied(Command::new("/bin/true").status()));
            assert!(denied(TcpStream::connect(address)));
            assert!(denied(std::os::unix::net::UnixStream::pair()));
            assert!(denied(std::fs::set_permissions(
                apart.root().join("there.txt"),
                std::os::unix::fs::PermissionsExt::from_mode(0o777),
            )));
            // Threads are no programs.
            std::thread::spawn(|| ()).join().unwrap();
        }
        if held.landlock_abi.is_some() {
            assert!(denied(std::fs::write(apart.root().join("new.txt"), "x")));
            assert!(denied(std::fs::write(apart.root().join("there.txt"), "x")));
            assert!(denied(std::fs::remove_file(apart.root().join("there.txt"))));
            assert!(denied(std::fs::create_dir(apart.root().join("sub"))));
            // What is written beside an output is written by its owner alone.
            assert!(denied(std::fs::create_dir(tree.root().join("sub"))));
        }
        assert_eq!(std::fs::read(apart.root().join("there.txt")).unwrap(), b"before");
        for text in ["one", "two"] {
            let path = tree.root().join("report.json");
            write_atomically(&path, |out| out.write_all(text.as_bytes())).unwrap();
            assert_eq!(std::fs::read_to_string(path).unwrap(), text);
        }
    });
    // This thread gave up nothing.
    assert!(Command::new("/bin/true").status().unwrap().success());
}

#[test]
fn device_that_is_an_output_can_be_written() {
    confined(Needs::Nothing, &[Output::File("/dev/null".into())], |held| {
        write_atomically(Path::new("/dev/null"), |out| out.write_all(b"x")).unwrap();
        assert!(held.landlock_abi.is_none() || denied(std::fs::write("/dev/zero", "x")));
    });
}

#[test]
fn commands_that_ask_the_api_run_nothing_and_write_their_directory_alone() {
    let (tree, apart) = (Tree::new(), Tree::new());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let outputs = [Output::Directory(tree.root().join("audit"))];
    confined(Needs::Network, &outputs, |held| {
        TcpStream::connect(address).unwrap();
        std::fs::create_dir(tree.root().join("audit")).unwrap();
        std::fs::write(tree.root().join("audit/journal"), "x").unwrap();
        if held.filters_calls {
            assert!(denied(Command::new("/bin/true").status()));
            assert!(denied(TcpListener::bind("127.0.0.1:0")));
        }
        if held.landlock_abi.is_some() {
            assert!(denied(std::fs::write(apart.root().join("new.txt"), "x")));
        }
    });
    confined(Needs::Loopback, &[], |_| TcpListener::bind("127.0.0.1:0").map(drop)).unwrap();
}

#[test]
fn running_scan_is_held_and_the_version_says_by_what() {
    let tree = Tree::new();
    let said = tree.run(&["--version", "--verbose"]);
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
    let short = tree.run(&["-V"]).stdout;
    assert!(said.stdout.starts_with(&short), "{said:?}");
    assert_eq!(short, format!("keysweep {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(tree.run(&["--verbose"]).code, 2);

    let mut child = command(tree.root())
        .args(["scan", "--stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let field = |name: &str| {
        let text = std::fs::read_to_string(&status).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.map(|value| value.trim().to_owned())
    };
    let is_expected = said.stdout.contains("seccomp") && !said.stdout.contains("no seccomp");
    for _ in 0..500 {
        if !is_expected || field("Seccomp").as_deref() == Some("2") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let seen = (field("Seccomp"), field("NoNewPrivs"));
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    if is_expected {
        assert_eq!(seen, (Some("2".to_owned()), Some("1".to_owned())));
    }
}

/// The calls of a traced run, without process ids and without those that failed
/// for want of the thing that they looked for.
fn traced(repo: &Repo, arguments: &[&str]) -> Option<Vec<String>> {
    let log = repo.beside("trace.log");
    let mut strace = Command::new("strace");
    let calls = "trace=%file,%network,%process,ftruncate,fallocate,fchmod,fchown";
    strace.args(["-f", "-qq", "-s", "300", "-e", calls, "-e", "signal=none", "-o"]);
    strace.arg(&log).arg(env!("CARGO_BIN_EXE_keysweep")).args(arguments);
    strace.current_dir(repo.root()).env_clear().stdin(Stdio::null());
    let output = match strace.output() {
        Ok(output) => output,
        Err(error) => {
            eprintln!("no strace, so nothing is traced: {error}");
            return None;
        }
    };
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = std::fs::read_to_string(&log).unwrap();
    // A call during which another thread's began stands in two lines.
    let mut begun: HashMap<&str, &str> = HashMap::new();
    let mut calls = Vec::new();
    for (process, call) in text.lines().filter_map(|line| line.split_once(' ')) {
        let call = call.trim();
        if let Some(start) = call.strip_suffix("<unfinished ...>") {
            begun.insert(process, start);
        } else if let Some((_, end)) = call.split_once(" resumed>") {
            calls.push(begun.remove(process).unwrap_or_default().to_owned() + end);
        } else {
            calls.push(call.to_owned());
        }
    }
    calls.extend(begun.into_values().map(str::to_owned));
    Some(calls)
}

fn name(call: &str) -> &str {
    call.split(['(', ' ']).next().unwrap_or_default()
}

/// Whether a call changes something that outlives the process.
fn writes(call: &str) -> bool {
    const CHANGES: [&str; 9] =
        ["creat", "mk", "rename", "unlink", "link", "symlink", "truncate", "chmod", "chown"];
    let name = name(call);
    let plain = name.trim_start_matches('f').trim_start_matches('l');
    let opens = name.starts_with("open")
        && ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"].iter().any(|flag| call.contains(flag));
    opens
        || name.contains("xattr") && name.contains("set")
        || name.starts_with("utime")
        || name == "fallocate"
        || name == "rmdir"
        || CHANGES.iter().any(|change| plain.starts_with(change))
}

#[test]
fn traced_scan_of_a_hostile_repository_runs_nothing_and_writes_its_report_alone() {
    let repo = demanding();
    let report = repo.beside("out");
    std::fs::create_dir(&report).unwrap();
    let argument = format!("json={}", report.join("report.json").display());
    let Some(calls) = traced(&repo, &["scan", "--no-progress", "--report", &argument]) else {
        return;
    };
    assert!(calls.len() > 50, "{calls:#?}");
    let named = |wanted: &[&str]| -> Vec<&String> {
        calls.iter().filter(|call| wanted.contains(&name(call))).collect()
    };
    assert_eq!(named(&["execve", "execveat"]).len(), 1, "the program itself, and nothing else");
    assert_eq!(named(&["fork", "vfork"]).len(), 0);
    let forks = |call: &&&String| !call.contains("CLONE_THREAD");
    let clones = named(&["clone", "clone3"]);
    let clones: Vec<_> =
        clones.iter().filter(forks).filter(|call| !call.contains("ENOSYS")).collect();
    assert!(clones.is_empty(), "{clones:?}");
    for call in ["socket", "socketpair", "connect", "bind", "sendto", "sendmsg", "listen"] {
        assert_eq!(named(&[call]).len(), 0, "{call}");
    }
    let written: Vec<&String> = calls.iter().filter(|call| writes(call)).collect();
    let is_own = |call: &str| {
        // A process that forbids core dumps hides its strings from a tracer that
        // is not root.
        call.contains(report.to_str().unwrap()) || call.contains("(0x") || call.contains(", 0x")
    };
    for call in &written {
        assert!(is_own(call) || call.contains("= -1"), "{call}");
    }
    // The neighbour and its renaming.
    assert_eq!(written.len(), 2, "{written:#?}");
    assert_eq!(std::fs::read_dir(&report).unwrap().count(), 1);
    assert!(!was_obeyed(&repo));
}

#[test]
fn traced_scan_without_outputs_writes_nothing() {
    let repo = demanding();
    let Some(calls) = traced(&repo, &["scan", "--no-progress", "--format", "json"]) else { return };
    let written: Vec<&String> = calls.iter().filter(|call| writes(call)).collect();
    assert!(written.is_empty(), "{written:#?}");
}

#[test]
fn traced_hook_runs_nothing_and_writes_nothing() {
    let repo = demanding();
    // A branch without a commit makes everything in the index new.
    std::fs::write(repo.root().join(".git/HEAD"), "ref: refs/heads/none\n").unwrap();
    let Some(calls) = traced(&repo, &["hook", "run", "pre-commit"]) else { return };
    let programs = calls.iter().filter(|call| name(call).starts_with("execve")).count();
    assert_eq!(programs, 1, "the program itself, and nothing else");
    let sockets = calls.iter().filter(|call| name(call).starts_with("socket")).count();
    assert_eq!(sockets, 0);
    let written: Vec<&String> = calls.iter().filter(|call| writes(call)).collect();
    assert!(written.is_empty(), "{written:#?}");
    assert!(!was_obeyed(&repo));
}
