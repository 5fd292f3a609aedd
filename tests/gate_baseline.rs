//! Baselines: what is accepted, by whom and why, and what is not held back.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::path::Path;

use serde_json::Value;
use support::git::{Repo, git_in};
use support::{Run, Tree, assignment, command, key, run_in, run_with_input};

const NAME: &str = ".keysweep-baseline";

fn read(tree: &Tree) -> String {
    std::fs::read_to_string(tree.root().join(NAME)).unwrap()
}

/// The entries of a baseline.
fn entries(text: &str) -> Vec<Value> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn accept(tree: &Tree, arguments: &[&str]) -> Run {
    let all = ["scan", "--write-baseline", NAME, "--by", "ana", "--reason"];
    tree.run(&[&all[..], arguments].concat())
}

fn notes(report: &Value, kind: &str) -> Vec<String> {
    let notes = report["notes"].as_array().unwrap().iter();
    notes
        .filter(|note| note["kind"] == kind)
        .map(|note| note["message"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn accepted_finding_is_held_back_and_listed_with_its_reason() {
    let tree = Tree::new();
    tree.write("a.env", assignment("one")).write("b.env", assignment("two"));
    let run = accept(&tree, &["revoked in May", "--expires", "2999-12-31"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stderr.contains("2 added, 0 kept, 0 left out"), "{run:?}");
    assert!(run.stderr.contains("merge=union"), "{run:?}");
    let text = read(&tree);
    let found = entries(&text);
    assert_eq!(found.len(), 2);
    for entry in &found {
        assert_eq!(entry["reason"], "revoked in May");
        assert_eq!(entry["by"], "ana");
        assert_eq!(entry["expires"], "2999-12-31");
        assert_eq!(entry["added"].as_str().unwrap().len(), 10);
    }
    let mut sorted: Vec<&str> = text.lines().skip(2).collect();
    sorted.sort_unstable();
    assert_eq!(text.lines().skip(2).collect::<Vec<_>>(), sorted, "sorted");
    assert!(!text.contains(&key("one")) && !text.contains("a.env"), "neither key nor place");
    // The next sweep finds the file by itself, and nothing in it.
    let report = tree.report(&[]);
    assert_eq!(report["run"]["exit_code"], 0);
    let by = &report["findings"][0]["suppression"];
    assert_eq!(by["kind"], "baseline");
    assert_eq!(by["reason"], "revoked in May");
    assert_eq!(by["actor"], "ana");
    assert_eq!(by["expires"], "2999-12-31");
    let human = tree.run(&["scan"]);
    assert!(human.stdout.contains("revoked in May"), "{human:?}");
    // It holds back these keys, wherever they move, and no other.
    std::fs::rename(tree.root().join("a.env"), tree.root().join("moved.env")).unwrap();
    tree.write("b.env", format!("\n\n{}", assignment("two")));
    assert_eq!(tree.run(&["scan"]).code, 0);
    tree.write("b.env", assignment("three"));
    assert_eq!(support::paths(&tree.scan(&[])), ["b.env"]);
}

#[test]
fn nothing_is_accepted_without_a_reason() {
    let tree = Tree::new();
    tree.write("a.env", assignment("one"));
    let run = tree.run(&["scan", "--write-baseline", NAME]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("1 finding to add and no reason"), "{run:?}");
    for bad in ["", "  ", "two\nlines"] {
        assert_eq!(accept(&tree, &[bad]).code, 2, "{bad:?}");
    }
    for bad in ["soon", "2020-01-01", "2030-1-1"] {
        let run = accept(&tree, &["fine", "--expires", bad]);
        assert_eq!(run.code, 2, "{bad}");
        assert!(run.stderr.contains("--expires"), "{run:?}");
    }
    let run = accept(&tree, &[&format!("it is {}", key("one"))]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(!run.stderr.contains(&key("one")), "{run:?}");
    assert!(!tree.root().join(NAME).exists());
    assert_eq!(tree.run(&["scan", "--reason", "x"]).code, 2);
    // Where there is nothing to add, there is nothing to explain.
    let clean = Tree::new();
    assert_eq!(clean.run(&["scan", "--write-baseline", NAME]).code, 0);
    assert_eq!(entries(&read(&clean)).len(), 0);
}

#[test]
fn rewriting_keeps_reasons_and_drops_what_is_gone() {
    let tree = Tree::new();
    tree.write("a.env", assignment("one")).write("b.env", assignment("two"));
    accept(&tree, &["first"]);
    let text = read(&tree).replace("# Findings", "# Ours\n# Findings");
    tree.write(NAME, &text).write("c.env", assignment("three"));
    // Part of the scope says nothing of the rest.
    let run = accept(&tree, &["second", "c.env"]);
    assert!(run.stderr.contains("1 added, 2 kept, 0 left out"), "{run:?}");
    std::fs::remove_file(tree.root().join("a.env")).unwrap();
    let stale = notes(&tree.report(&[]), "suppression-stale");
    assert_eq!(stale.len(), 1, "{stale:?}");
    assert!(stale[0].contains("1 entry is for no key"), "{stale:?}");
    assert_eq!(notes(&tree.report(&["b.env"]), "suppression-stale"), [""; 0]);
    let run = tree.run(&["scan", "--write-baseline", NAME]);
    assert!(run.stderr.contains("0 added, 2 kept, 1 left out"), "{run:?}");
    assert!(read(&tree).starts_with("# Ours\n"));
    let mut reasons: Vec<String> =
        entries(&read(&tree)).iter().map(|e| e["reason"].as_str().unwrap().to_owned()).collect();
    reasons.sort();
    assert_eq!(reasons, ["first", "second"]);
    assert_eq!(notes(&tree.report(&[]), "suppression-stale"), [""; 0]);
}

#[test]
fn expired_entry_holds_nothing_back_and_says_so() {
    let tree = Tree::new();
    tree.write("a.env", assignment("one"));
    accept(&tree, &["until the move", "--expires", "2999-01-01"]);
    let text = read(&tree).replace("2999-01-01", "2020-01-01");
    tree.write(NAME, &text);
    let report = tree.report(&[]);
    assert_eq!(report["run"]["exit_code"], 1);
    assert_eq!(report["findings"][0]["suppression"], Value::Null);
    let expired = notes(&report, "suppression-expired");
    assert!(expired[0].contains("until the move") && expired[0].contains("2020-01-01"));
    assert_eq!(tree.run(&["scan", "--write-baseline", NAME]).code, 2, "it needs a new reason");
    assert_eq!(accept(&tree, &["moved again"]).code, 0);
    assert_eq!(entries(&read(&tree)).len(), 1);
    assert_eq!(entries(&read(&tree))[0]["expires"], Value::Null);
}

#[test]
fn baseline_that_is_missing_or_malformed_is_refused() {
    let tree = Tree::new();
    tree.write("a.env", assignment("one"));
    let run = tree.run(&["scan", "--baseline", "nowhere"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("nowhere: cannot be read"), "{run:?}");
    accept(&tree, &["fine"]);
    let good = read(&tree);
    tree.write(NAME, format!("{good}oops\n"));
    for arguments in [&["scan"][..], &["scan", "--baseline", NAME]] {
        let run = tree.run(arguments);
        assert_eq!(run.code, 2);
        assert!(run.stderr.contains(&format!("{NAME}:4: ")), "{run:?}");
    }
    // What cannot be read is not overwritten either.
    assert_eq!(accept(&tree, &["fine"]).code, 2);
    assert!(read(&tree).ends_with("oops\n"));
    tree.write(NAME, "");
    #[cfg(unix)]
    {
        tree.write("elsewhere", &good);
        std::fs::remove_file(tree.root().join(NAME)).unwrap();
        std::os::unix::fs::symlink("elsewhere", tree.root().join(NAME)).unwrap();
        let run = tree.run(&["scan"]);
        assert_eq!(run.code, 2);
        assert!(run.stderr.contains("a link, which is not followed"), "{run:?}");
    }
}

#[test]
fn keyed_fingerprints_are_told_from_plain_ones() {
    let tree = Tree::new();
    tree.write("a.env", assignment("one"));
    let keyed = |arguments: &[&str], secret: &str| {
        let mut command = command(tree.root());
        command.args(arguments).env("KEYSWEEP_FINGERPRINT_KEY", secret);
        Run::of(command.output().unwrap())
    };
    let write = ["scan", "--write-baseline", NAME, "--reason", "fine"];
    assert_eq!(keyed(&write, "k").code, 0);
    assert!(read(&tree).contains("\"hmac-sha256:"));
    assert_eq!(keyed(&["scan"], "k").code, 0);
    let run = tree.run(&["scan"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("KEYSWEEP_FINGERPRINT_KEY"), "{run:?}");
    let other = keyed(&["scan"], "another");
    assert_eq!(other.code, 1, "another key's fingerprints hold nothing back");
    let said = other.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("is KEYSWEEP_FINGERPRINT_KEY the one"), "{said}");
}

#[test]
fn baseline_of_one_root_says_nothing_of_another() {
    let tree = Tree::new();
    tree.write("mine/a.env", assignment("shared")).write("yours/b.env", assignment("shared"));
    let all = ["scan", "--write-baseline", "mine/.keysweep-baseline", "--reason", "x", "mine"];
    assert_eq!(tree.run(&all).code, 0);
    assert_eq!(tree.run(&["scan", "mine"]).code, 0);
    assert_eq!(support::paths(&tree.scan(&["mine", "yours"])), ["yours/b.env"]);
}

#[test]
fn named_keys_obey_no_baseline() {
    let tree = Tree::new();
    tree.write("a.env", assignment("one"));
    accept(&tree, &["fine"]);
    let input = key("one");
    let named = ["scan", "--known-keys-stdin"];
    assert_eq!(run_with_input(tree.root(), &named, input.as_bytes()).code, 1);
    for option in ["--baseline", "--write-baseline"] {
        let arguments = [&named[..], &[option, NAME]].concat();
        let run = run_with_input(tree.root(), &arguments, input.as_bytes());
        assert_eq!(run.code, 2);
        assert!(run.stderr.contains(option), "{run:?}");
    }
}

#[test]
fn named_keys_obey_neither_allows_nor_excludes_of_what_is_swept() {
    let tree = Tree::new();
    let allow = "# keysweep:allow reason=x";
    tree.write("sub/a.env", format!("{} {allow}\n", assignment("a").trim_end()));
    tree.write("sub/b.env", format!("{} {allow}\n", assignment("b").trim_end()));
    let exclude = "[[exclude]]\nglob = \"sub\"\nreason = \"r\"\nwhen-asked = ";
    tree.write(".keysweep.toml", format!("{exclude}false\n"));
    let named = ["scan", "--known-keys-stdin", "--format", "jsonl"];
    let run = run_with_input(tree.root(), &named, key("a").as_bytes());
    assert_eq!(run.lines().len(), 2, "{run:?}");
    // What the operator asks to leave out is left out.
    tree.write(".keysweep.toml", format!("{exclude}true\n"));
    let run = run_with_input(
        tree.root(),
        &[&named[..], &["--exclude", "sub"]].concat(),
        key("a").as_bytes(),
    );
    assert_eq!((run.code, run.lines().len()), (0, 0), "{run:?}");
}

#[test]
fn hooks_of_a_developer_obey_the_baseline() {
    let repo = Repo::new();
    repo.write("a.env", assignment("one")).git(&["add", "-A"]);
    let hook = |name: &str, input: &str| {
        run_with_input(repo.root(), &["hook", "run", name], input.as_bytes()).code
    };
    assert_eq!(hook("pre-commit", ""), 1);
    let write = ["scan", "--staged", "--write-baseline", NAME, "--reason", "revoked"];
    assert_eq!(run_in(repo.root(), &write).code, 0);
    assert_eq!(hook("pre-commit", ""), 0);
    let head = repo.commit("accepted", 1);
    let input = format!("refs/heads/main {head} refs/heads/main {}\n", "0".repeat(40));
    assert_eq!(hook("pre-push", &input), 0);
    std::fs::remove_file(repo.root().join(NAME)).unwrap();
    assert_eq!(hook("pre-push", &input), 1);
}

#[test]
fn branches_that_both_add_entries_merge_by_themselves() {
    let repo = Repo::new();
    let accept = |seed: &str| {
        repo.write(&format!("{seed}.env"), assignment(seed));
        let all = ["scan", "--write-baseline", NAME, "--tree", "--reason", seed];
        assert_eq!(run_in(repo.root(), &all).code, 0);
    };
    repo.write(".gitattributes", format!("{NAME} merge=union\n"));
    accept("base");
    repo.commit("base", 1);
    repo.git(&["checkout", "-q", "-b", "side"]);
    accept("side");
    accept("aside");
    repo.commit("side", 2);
    repo.git(&["checkout", "-q", "main"]);
    accept("main");
    repo.commit("main", 3);
    git_in(repo.root(), &["merge", "-q", "--no-edit", "side"], b"");
    let text = std::fs::read_to_string(repo.root().join(NAME)).unwrap();
    assert_eq!(entries(&text).len(), 4, "{text}");
    let run = run_in(repo.root(), &["scan"]);
    assert_eq!(run.code, 0, "{run:?}");
}

#[cfg(unix)]
#[test]
fn written_baseline_can_be_read_by_others() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let tree = Tree::new();
    tree.write("a.env", assignment("one")).write("plain", "");
    accept(&tree, &["fine"]);
    let path = tree.root().join(NAME);
    assert_eq!(mode(&path), mode(&tree.root().join("plain")));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    accept(&tree, &["fine"]);
    assert_eq!(mode(&path), 0o640);
}
