//! A report's verdicts as its users get them: keys that are held back, scopes
//! that are gone, files that cannot be written.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/api.rs"]
mod api_support;
#[path = "support/scene.rs"]
mod scene;
mod support;

use std::fs;
use std::path::Path;

use scene::{Scene, line};
use serde_json::Value;
use support::git::Repo;
use support::{ACME_RULE, Run, Tree};

/// `state: why` of each finding, sorted.
fn verdicts(report: &str) -> Vec<String> {
    let report: Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
    let mut verdicts: Vec<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let verdict = &finding["verdict"];
            let why = verdict["why"].as_str().unwrap_or_default();
            format!("{}{why}", verdict["state"].as_str().unwrap())
        })
        .collect();
    verdicts.sort();
    verdicts
}

/// That a key may stand where it stands does not make it dead.
#[test]
fn a_key_that_is_held_back_and_not_proven_dead_is_no_clean_end() {
    let scene = Scene::new();
    let allowed = format!("{} # keysweep:allow reason=x\n", line(&scene.api.leaked).trim_end());
    scene.tree.write("p/.env", allowed);
    let report = scene.scan(&["p"]);
    let nobody = ["--api-url", "http://127.0.0.1:1/", "--timeout", "1s"];
    for command in ["verify", "revoke"] {
        let run = scene.run(&[&[command, &report][..], &nobody].concat());
        assert_eq!(run.code, 3, "{command}: {run:?}");
    }
    assert_eq!(scene.run(&["verify", &report]).code, 1);
    scene.api.simulator.revoke_by_hand(&scene.api.leaked);
    assert_eq!(scene.run(&["verify", &report]).code, 0);
    let baseline = scene.tree.beside("baseline").display().to_string();
    scene.tree.write("p/.env", line(&scene.api.leaked));
    scene.run(&["scan", "p", "--write-baseline", &baseline, "--reason", "fine"]);
    let report = scene.scan(&["p", "--baseline", &baseline]);
    let run = scene.run(&[&["verify", &report][..], &nobody].concat());
    assert_eq!(run.code, 3, "{run:?}");
}

#[test]
fn nothing_that_is_swept_holds_a_key_back_in_a_response() {
    let scene = Scene::new();
    let respond = |out: &str, more: &[&str]| {
        scene.run(&[&["respond", "p", "--dry-run", "--out", out], more].concat())
    };
    let allowed = format!("{} # keysweep:allow reason=x\n", line(&scene.api.leaked).trim_end());
    scene.tree.write("p/.env", allowed);
    let nobody = ["--api-url", "http://127.0.0.1:1/v1", "--timeout", "1s"];
    assert_eq!(respond("../first", &nobody).code, 3);
    let report = fs::read_to_string(scene.tree.beside("first/report.json")).unwrap();
    assert!(!report.contains("\"inline\""), "{report}");
    let exclude = "[[exclude]]\nglob = \".env\"\nreason = \"fixtures\"\n";
    scene.tree.write("p/.keysweep.toml", exclude);
    assert_eq!(respond("../second", &[]).code, 1);
    // Its keys are read again where they were found; the operator's own file holds.
    assert_eq!(scene.run(&["verify", "../second"]).code, 1);
    fs::rename(scene.tree.root().join("p/.keysweep.toml"), scene.tree.beside("own.toml")).unwrap();
    assert_eq!(respond("../third", &["--config", "../own.toml"]).code, 0);
}

#[derive(Debug, Clone, Copy)]
enum Loss {
    Directory,
    File,
    OperatorsConfiguration,
    BrokenConfiguration,
}

impl Loss {
    /// The arguments of the sweep, and what was lost after it.
    fn arrange(self, tree: &Tree) -> Vec<&'static str> {
        match self {
            Self::Directory => vec!["p", "q"],
            Self::File => vec!["p", "q/.env"],
            Self::OperatorsConfiguration => vec!["p", "q", "--config", "own.toml"],
            Self::BrokenConfiguration => {
                tree.write("p/.keysweep.toml", "");
                vec!["p", "q"]
            }
        }
    }

    fn strike(self, root: &Path) {
        match self {
            Self::Directory => fs::remove_dir_all(root.join("q")).unwrap(),
            Self::File => fs::remove_file(root.join("q/.env")).unwrap(),
            Self::OperatorsConfiguration => fs::remove_file(root.join("own.toml")).unwrap(),
            Self::BrokenConfiguration => fs::write(root.join("p/.keysweep.toml"), "[[").unwrap(),
        }
    }

    fn takes_a_value(self) -> bool {
        matches!(self, Self::Directory | Self::File)
    }
}

const LOSSES: [Loss; 4] =
    [Loss::Directory, Loss::File, Loss::OperatorsConfiguration, Loss::BrokenConfiguration];

/// What is gone of a report's scope keeps no other key from being asked about.
#[test]
fn a_scope_that_is_gone_in_part_drops_no_key() {
    for loss in LOSSES {
        let scene = Scene::new();
        scene.tree.write("q/.env", line(&scene.api.other)).write("own.toml", "");
        let report = scene.scan(&loss.arrange(&scene.tree));
        loss.strike(scene.tree.root());
        let run = scene.run(&["verify", &report]);
        assert_eq!(run.code, 1, "{loss:?}: {run:?}");
        assert!(!loss.takes_a_value() || run.stderr.contains("not read again"), "{run:?}");
        let lost = if loss.takes_a_value() { "unknownvalue unavailable" } else { "live" };
        assert_eq!(verdicts(&report), ["live", lost], "{loss:?}: {run:?}");
        assert_eq!(scene.run(&["revoke", &report]).code, 1, "{loss:?}");
    }
}

#[test]
fn a_response_whose_scope_is_gone_in_part_is_taken_up_again() {
    for loss in LOSSES {
        let scene = Scene::new();
        scene.tree.write("q/.env", line(&scene.api.other)).write("own.toml", "");
        let mut arguments = vec!["respond", "--out", "../incident", "--dry-run"];
        arguments.extend(loss.arrange(&scene.tree));
        assert_eq!(scene.run(&arguments).code, 1, "{loss:?}");
        loss.strike(scene.tree.root());
        let run = scene.run(&arguments);
        assert_eq!(run.code, 1, "{loss:?}: {run:?}");
        let report = scene.tree.beside("incident/report.json").display().to_string();
        let lost = if loss.takes_a_value() { "unknownvalue unavailable" } else { "live" };
        assert_eq!(verdicts(&report), ["live", lost], "{loss:?}: {run:?}");
        scene.api.simulator.revoke_by_hand(&scene.api.leaked);
        scene.api.simulator.revoke_by_hand(&scene.api.other);
        assert_eq!(scene.run(&arguments).code, 3, "not all was read: {loss:?}");
    }
    // Nothing was swept there before, so nothing can be gone.
    let scene = Scene::new();
    let run = scene.run(&["respond", "nowhere", "--out", "../incident", "--dry-run"]);
    assert_eq!(run.code, 2, "{run:?}");
}

#[test]
fn a_range_whose_branch_is_gone_leaves_its_keys_unknown() {
    let scene = Scene::new();
    let repo = Repo::new();
    repo.write("a", "a").commit("first", 1);
    repo.git(&["branch", "-m", "main"]);
    repo.git(&["checkout", "-q", "-b", "change"]);
    repo.write("x.env", line(&scene.api.leaked)).commit("leak", 2);
    let root = repo.root().display().to_string();
    let report = scene.scan(&[&root, "--range", "main..change"]);
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["branch", "-q", "-D", "change"]);
    let run = scene.run(&["verify", &report]);
    assert_eq!(run.code, 3, "{run:?}");
    assert_eq!(verdicts(&report), ["unknownvalue unavailable"]);
}

/// Each root was swept under its own configuration, and so is it again.
#[test]
fn every_root_is_read_again_under_its_own_configuration() {
    let scene = Scene::new();
    scene.tree.write("one/.keysweep.toml", "").write("one/f", line(&scene.api.leaked));
    scene.tree.write("two/sub/.keysweep.toml", ACME_RULE);
    scene.tree.write("two/sub/f", format!("acme_{}\n", support::key("acme")));
    let report = scene.scan(&["one/f", "two/sub/f"]);
    let run = scene.run(&["verify", &report]);
    assert!(!run.stderr.contains("cannot be read again"), "{run:?}");
    assert_eq!(verdicts(&report).len(), 2, "{run:?}");
}

/// What cannot be written says nothing of the keys.
#[cfg(target_os = "linux")]
#[test]
fn a_verdict_survives_a_report_that_cannot_be_written() {
    // A file of this name can be read and never be replaced.
    const UNWRITABLE: &str = "/proc/self/fd/0";
    let scene = Scene::new();
    let report = scene.scan(&["p"]);
    let run = |arguments: &[&str]| {
        let mut command = scene.command(arguments);
        command.stdin(fs::File::open(&report).unwrap());
        Run::of(command.output().unwrap())
    };
    let ran = run(&["verify", UNWRITABLE]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("1 live") && ran.stderr.contains("cannot be written"), "{ran:?}");
    let nobody = ["--api-url", "http://127.0.0.1:1/", "--timeout", "1s"];
    let mut to_stdout = scene.command(&["verify", "-"]);
    to_stdout.stdin(fs::File::open(&report).unwrap());
    to_stdout.stdout(fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    assert_eq!(to_stdout.output().unwrap().status.code(), Some(1));
    to_stdout.args(nobody).stdin(fs::File::open(&report).unwrap());
    assert_eq!(to_stdout.output().unwrap().status.code(), Some(3));

    let revoke = ["revoke", UNWRITABLE, "--out", "../incident"];
    let planned = run(&revoke);
    let digest = planned.stdout.lines().find_map(|line| line.strip_prefix("Plan digest: "));
    let ran = run(&[&revoke[..], &["--yes", "--plan", digest.unwrap()]].concat());
    assert_eq!(ran.code, 0, "the audit holds the proof: {ran:?}");
    assert!(ran.stderr.contains("cannot be written"), "{ran:?}");
    assert_eq!(
        verdicts(&scene.tree.beside("incident/report.json").display().to_string()),
        ["dead"]
    );

    let accept = ["--write-baseline", &"x".repeat(300), "--reason", "r"];
    let ran = scene.run(&[&["scan", "p"][..], &accept].concat());
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("cannot be written"), "{ran:?}");
    scene.tree.write("p/.env", "");
    assert_eq!(scene.run(&[&["scan", "p"][..], &accept].concat()).code, 2);
}
