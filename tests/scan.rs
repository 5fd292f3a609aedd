//! A whole sweep: configurations, suppressions, notes, and what is never read
//! or printed.

mod support;

use std::process::Stdio;

use support::git::Repo;
use support::{NAME, Tree, assignment, command, key, paths, run_in};

const RULE: &str = r#"
[[rule]]
id = "acme"
title = "Acme key"
description = "A key of Acme."
remedy = "Revoke it."
severity = "high"
confidence = "high"
keywords = ["acme_"]
pattern = '(?P<secret>acme_[a-z0-9]{32})'
examples = ["acme_⟦lower:32⟧"]
"#;

fn acme(seed: &str) -> String {
    format!("acme_{}\n", &key(seed).to_ascii_lowercase()[..32])
}

#[test]
fn configuration_at_a_root_adds_rules_and_excludes_with_reasons() {
    let tree = Tree::new();
    tree.write("a.txt", acme("a"))
        .write("gen/b.sh", assignment("b"))
        .write("c.sh", assignment("c"));
    assert_eq!(paths(&tree.scan(&[])), ["c.sh", "gen/b.sh"]);
    let exclude = "[[exclude]]\nglob = \"gen/**\"\nreason = \"made by the build\"\n";
    tree.write(".keysweep.toml", format!("{exclude}{RULE}"));
    assert_eq!(paths(&tree.scan(&[])), ["a.txt", "c.sh"]);
    let report = tree.report(&[]);
    let skipped = &report["coverage"]["skipped"][0];
    assert_eq!(skipped["kind"], "excluded");
    assert_eq!(skipped["origin"], "gen/b.sh");
    assert_eq!(skipped["reason"], "made by the build (gen/** in .keysweep.toml)");
    assert_eq!(report["scope"]["config"], ".keysweep.toml");
    assert_eq!(tree.run(&["scan", "--strict-coverage", "gen"]).code, 1);
}

#[test]
fn exclude_option_needs_its_reason_in_the_configuration() {
    let tree = Tree::new();
    tree.write("docs/a.sh", assignment("a"));
    let entry = "[[exclude]]\nglob = \"docs\"\nreason = \"old\"\nwhen-asked = true\n";
    tree.write(".keysweep.toml", entry);
    assert_eq!(tree.scan(&[]).len(), 1);
    assert!(tree.scan(&["--exclude", "docs"]).is_empty());
    assert_eq!(tree.skipped(&["--exclude", "docs"]), ["excluded docs"]);
    let run = tree.run(&["scan", "--exclude", "other"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("--exclude other"), "{}", run.stderr);
}

#[test]
fn configuration_of_a_repository_holds_in_its_directories() {
    let repo = Repo::new();
    repo.write("sub/gen/a.sh", assignment("a")).write("sub/b.txt", acme("b"));
    let exclude = "[[exclude]]\nglob = \"sub/gen\"\nreason = \"made by the build\"\n";
    repo.write(".keysweep.toml", format!("{exclude}{RULE}"));
    let scan =
        |place: &str| run_in(repo.root(), &["scan", "--tree", "--format", "jsonl", place]).lines();
    assert_eq!(paths(&scan("sub")), ["sub/b.txt"]);
    assert_eq!(paths(&scan("sub/b.txt")), ["sub/b.txt"]);
    assert!(scan("sub/gen/a.sh").is_empty());
    // A file outside everything that is scanned replaces the one found.
    std::fs::write(repo.beside("own.toml"), "").unwrap();
    let own =
        run_in(repo.root(), &["scan", "--tree", "--format", "jsonl", "--config", "../own.toml"]);
    assert_eq!(paths(&own.lines()), ["sub/gen/a.sh"]);
}

#[test]
fn hostile_configuration_cannot_send_keys_anywhere() {
    let tree = Tree::new();
    tree.write("a.sh", assignment("a"));
    for text in [
        "[vendor]\nurl = \"https://attacker.example\"\n",
        "api-url = \"https://attacker.example\"\n",
        "\n\nverify = true\n",
        "tls = false\n",
    ] {
        tree.write(".keysweep.toml", text);
        // Naming the file does not make it the operator's.
        for arguments in [&["scan"][..], &["scan", "--config", ".keysweep.toml"]] {
            let run = tree.run(arguments);
            assert_eq!(run.code, 2, "{text}");
            assert!(run.stderr.contains(".keysweep.toml:"), "{}", run.stderr);
            assert!(run.stderr.contains("may not be set"), "{}", run.stderr);
        }
    }
    let blind = RULE.replace("examples = [\"acme_", "examples = [\"acne_");
    for (text, expected) in [
        (blind.as_str(), ".keysweep.toml:11: rule `acme` does not find its example"),
        ("[[exclud]]\n", ".keysweep.toml:1: unknown field `exclud`"),
        ("[[exclude]]\nglob = \"**\"\n", ".keysweep.toml:1: missing field `reason`"),
        ("[[rule]]\nid = \"x\"\npattern = \"(\"\n", ".keysweep.toml:1: missing field"),
    ] {
        tree.write(".keysweep.toml", text);
        let run = tree.run(&["scan"]);
        assert_eq!(run.code, 2);
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }
}

#[cfg(unix)]
#[test]
fn configuration_that_is_a_link_is_refused() {
    let tree = Tree::new();
    std::fs::write(tree.beside("other.toml"), "").unwrap();
    std::os::unix::fs::symlink("../other.toml", tree.root().join(".keysweep.toml")).unwrap();
    let run = tree.run(&["scan"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("a link"), "{}", run.stderr);
}

#[test]
fn inline_allow_with_a_reason_holds_a_finding_back_in_sight() {
    let tree = Tree::new();
    let allow = concat!("keysweep", ":allow");
    let line = assignment("a");
    tree.write("a.sh", format!("{} # {allow} reason=\"revoked in May\"\n", line.trim_end()));
    let run = tree.run(&["scan"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("revoked in May"), "{}", run.stdout);
    assert!(tree.scan(&[]).is_empty());
    let report = tree.report(&[]);
    let place = &report["findings"][0]["occurrences"][0];
    assert_eq!(place["suppression"]["kind"], "inline");
    tree.write("a.sh", format!("{} # {allow}\n", line.trim_end()));
    assert_eq!(tree.run(&["scan", "-q"]).code, 1);
}

#[test]
fn one_key_in_many_places_is_one_finding() {
    let tree = Tree::new();
    tree.write("a.sh", assignment("a")).write("b/c.sh", assignment("a").repeat(3));
    tree.write("d.sh", assignment("d"));
    let report = tree.report(&[]);
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 2);
    assert_eq!(findings[0]["occurrences"].as_array().unwrap().len(), 4);
    assert_eq!(tree.scan(&[]).len(), 5);
}

#[test]
fn output_is_the_same_in_every_run_and_with_any_threads() {
    let tree = Tree::new();
    for index in 0..300 {
        let path = format!("{}/{}/f.sh", index % 7, index % 31);
        tree.write(path, assignment(&index.to_string()).repeat(index % 3 + 1));
    }
    for format in ["human", "jsonl"] {
        let run = |jobs: &str| tree.run(&["scan", "--format", format, "--jobs", jobs]).stdout;
        let first = run("1");
        for jobs in ["1", "2", "8"] {
            assert_eq!(run(jobs), first, "{format} {jobs}");
        }
    }
}

#[test]
fn the_run_never_reads_what_it_writes() {
    let tree = Tree::new();
    tree.write("a.sh", assignment("a"));
    // Reports of earlier runs stand where this one's will.
    tree.write("out.json", assignment("old report")).write("err.txt", "");
    let stdout = std::fs::File::create(tree.root().join("out.jsonl")).unwrap();
    let stderr = std::fs::File::create(tree.root().join("err.txt")).unwrap();
    let status = command(tree.root())
        .args(["scan", "--format", "jsonl", "--report", "json=out.json"])
        .stdout(Stdio::from(stdout))
        .stderr(Stdio::from(stderr))
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(1));
    let lines = std::fs::read_to_string(tree.root().join("out.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 1);
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(tree.root().join("out.json")).unwrap()).unwrap();
    assert_eq!(
        support::skipped(&report),
        ["excluded err.txt", "excluded out.json", "excluded out.jsonl"]
    );
}

#[cfg(unix)]
#[test]
fn report_files_are_private_and_whole() {
    use std::os::unix::fs::PermissionsExt as _;
    let tree = Tree::new();
    tree.write("a.sh", assignment("a"));
    let run = tree.run(&["scan", "-q", "--report", "json=r.json", "--report", "jsonl=r.jsonl"]);
    assert_eq!(run.code, 1);
    for name in ["r.json", "r.jsonl"] {
        let mode = tree.root().join(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let names: Vec<_> = std::fs::read_dir(tree.root()).unwrap().collect();
    assert_eq!(names.len(), 3);
}

#[test]
fn environment_file_that_git_holds_or_would_take_is_noted() {
    let repo = Repo::new();
    repo.write("held/.env", assignment("a")).commit("one", 0);
    repo.write("loose/.env.local", assignment("b"));
    repo.write("ignored/.env", assignment("c")).write("ignored/.gitignore", ".env\n");
    repo.write("sample/.env.example", assignment("d"));
    let notes = |arguments: &[&str]| -> Vec<(String, String)> {
        let all = [&["scan", "--tree", "--format", "json"], arguments].concat();
        let run = run_in(repo.root(), &all);
        let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let notes = report["notes"].as_array().unwrap().iter();
        notes
            .map(|note| {
                let text = |name: &str| note[name].as_str().unwrap_or_default().to_owned();
                (text("kind"), text("path"))
            })
            .collect()
    };
    let expected =
        [("env-file-not-ignored", "loose/.env.local"), ("env-file-tracked", "held/.env")];
    let expected: Vec<_> = expected.map(|(kind, path)| (kind.to_owned(), path.to_owned())).into();
    assert_eq!(notes(&[]), expected);
}

#[test]
fn key_shared_by_services_is_noted() {
    let tree = Tree::new();
    tree.write("billing/.env", assignment("a")).write("search/.env", assignment("a"));
    tree.write("tests/x.env", assignment("a"));
    let report = tree.report(&[]);
    let notes: Vec<_> = report["notes"].as_array().unwrap().iter().collect();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert_eq!(notes[0]["kind"], "key-shared");
    let message = notes[0]["message"].as_str().unwrap();
    assert!(message.contains("(billing, search)"), "{message}");
}

#[test]
fn no_stream_and_no_report_holds_the_key() {
    let tree = Tree::new();
    let secret = key("the one");
    tree.write("a.sh", format!("{NAME}={secret}\n")).write(".env", format!("{NAME}={secret}\n"));
    tree.write("b.js", format!("f(process.env.{NAME} || '{secret}', \"{secret}\")\n"));
    for format in
        ["human", "json", "jsonl", "sarif", "gitlab", "junit", "github", "markdown", "html", "csv"]
    {
        let file = format!("{format}={format}.out");
        let run = tree.run(&["scan", "--format", format, "--report", &file]);
        assert_eq!(run.code, 1, "{format}");
        let written = std::fs::read_to_string(tree.root().join(format!("{format}.out"))).unwrap();
        for text in [&run.stdout, &run.stderr, &written] {
            assert!(!text.contains(&secret), "{format}");
            assert!(!text.contains(&secret[8..28]), "{format}: a part of the key");
        }
        std::fs::remove_file(tree.root().join(format!("{format}.out"))).unwrap();
    }
}

#[test]
fn removed_key_is_found_in_history_with_who_brought_and_who_took_it() {
    let repo = Repo::new();
    repo.write("deploy/prod.sh", assignment("a")).commit("deploy", 0);
    repo.write("deploy/prod.sh", "true\n").commit("clean up", 60);
    repo.write("now.sh", assignment("b")).commit("again", 120);
    let scan = |mode: &[&str]| {
        let all = [&["scan", "--format", "jsonl"], mode].concat();
        run_in(repo.root(), &all).lines()
    };
    let sources = |lines: &[support::Line]| -> Vec<(String, String)> {
        lines.iter().map(|l| (l.path.clone().unwrap_or_default(), l.source.clone())).collect()
    };
    let place = |path: &str, source: &str| (path.to_owned(), source.to_owned());
    let history = [place("deploy/prod.sh", "history"), place("now.sh", "history")];
    assert_eq!(sources(&scan(&["--tree"])), [place("now.sh", "worktree")]);
    let mut found = sources(&scan(&["--history"]));
    found.sort();
    assert_eq!(found, history);
    assert_eq!(scan(&[]).len(), 3);
    let lines = scan(&["--history"]);
    let removed = lines.iter().find(|line| line.path.as_deref() == Some("deploy/prod.sh")).unwrap();
    assert_eq!(removed.commit, Some(repo.rev("HEAD~2")));
    assert!(removed.author.as_deref().unwrap().contains('@'));
    assert!(removed.date.is_some() && removed.blob.is_some());
    let run = run_in(repo.root(), &["scan", "--history"]);
    assert!(run.stdout.contains("; removed in "), "{}", run.stdout);
    assert!(run.stdout.contains("; still in HEAD"), "{}", run.stdout);
}

#[test]
fn two_hundred_thousand_findings_are_linear_and_whole() {
    // A tenth of that in a debug build; the count is what must hold.
    let count = if cfg!(debug_assertions) { 2_000 } else { 200_000 };
    let tree = Tree::new();
    let mut text = String::new();
    for index in 0..count {
        text.push_str(&assignment(&format!("many {index}")));
    }
    tree.write("many.env", text);
    let run = tree.run(&["scan", "--format", "jsonl"]);
    assert_eq!(run.stdout.lines().count(), count);
}
