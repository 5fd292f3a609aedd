//! The directory of an incident: what is put into it while no run goes on, and
//! what an argument that cannot be right does to it.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/api.rs"]
mod api_support;
#[path = "support/scene.rs"]
mod scene;
mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use scene::Scene;
use support::Run;

const RESPOND: [&str; 5] = ["respond", "p", "--out", "../incident", "--dry-run"];
const CHECK: [&str; 3] = ["audit", "check", "../incident"];

/// A scene with a sealed audit.
fn sealed() -> (Scene, PathBuf) {
    let scene = Scene::new();
    assert_eq!(scene.run(&RESPOND).code, 1);
    let directory = scene.tree.beside("incident");
    (scene, directory)
}

/// Runs, and fails where that takes long.
fn run_soon(scene: &Scene, arguments: &[&str]) -> Run {
    let mut command = scene.command(arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
            panic!("{arguments:?} hangs");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Run::of(child.wait_with_output().unwrap())
}

fn put_fifo(path: &Path) {
    fs::remove_file(path).unwrap();
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn what_is_no_plain_file_is_altered_and_never_waited_for() {
    for name in ["MANIFEST", "journal.ndjson", "report.json"] {
        let (scene, directory) = sealed();
        put_fifo(&directory.join(name));
        let run = run_soon(&scene, &CHECK);
        assert_eq!(run.code, 1, "{name}: {run:?}");
        assert!(run.stdout.contains(name), "{run:?}");
        assert_eq!(run_soon(&scene, &RESPOND).code, 2, "{name}");
    }
    let (scene, directory) = sealed();
    fs::create_dir(directory.join("MANIFEST.sig")).unwrap();
    assert_eq!(run_soon(&scene, &CHECK).code, 1);

    let (scene, directory) = sealed();
    let outside = scene.tree.beside("MANIFEST");
    fs::rename(directory.join("MANIFEST"), &outside).unwrap();
    symlink(&outside, directory.join("MANIFEST")).unwrap();
    let run = run_soon(&scene, &CHECK);
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(run_soon(&scene, &RESPOND).code, 2);
    fs::remove_file(&outside).unwrap();
    assert_eq!(run_soon(&scene, &CHECK).code, 1);
    assert_eq!(run_soon(&scene, &RESPOND).code, 2);
}

#[test]
fn argument_that_names_no_key_leaves_a_finished_audit_as_it_is() {
    let (scene, directory) = sealed();
    let read = |name: &str| fs::read(directory.join(name)).unwrap();
    let before = (read("MANIFEST"), read("journal.ndjson"), read("report.json"));
    for option in ["--only", "--except"] {
        let run = scene.run(&[&RESPOND[..], &[option, "123456"]].concat());
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains("123456"), "{run:?}");
        assert_eq!((read("MANIFEST"), read("journal.ndjson"), read("report.json")), before);
        assert_eq!(scene.run(&CHECK).code, 0);
    }
    // A key that only the earlier run knows is still one that can be named.
    let fingerprint = api_support::fingerprint(&scene.api.leaked).hex();
    scene.tree.write("p/.env", "");
    assert_eq!(scene.run(&[&RESPOND[..], &["--only", &fingerprint[..12]]].concat()).code, 3);
}

#[test]
fn directory_that_was_opened_to_others_is_closed_when_it_is_taken_up_again() {
    let (scene, directory) = sealed();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    let open = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    open(&directory, 0o755);
    let files: Vec<PathBuf> =
        fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    for file in &files {
        open(file, 0o644);
    }
    // It ends before anything is sealed.
    let run = scene.run(&[&RESPOND[..], &["--only", "123456"]].concat());
    assert_eq!(run.code, 2, "{run:?}");
    assert_eq!(mode(&directory), 0o700);
    assert!(files.iter().all(|file| mode(file) == 0o600));
}
