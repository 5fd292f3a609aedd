//! The gate: what a change under test cannot talk it into. Every case is a
//! repository made by the real git, and the program as a gate would run it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use serde_json::Value;
use support::git::{Repo, git_in};
use support::{ACME_RULE, NAME, Run, assignment, command, key, run_in};

const BASELINE: &str = ".keysweep-baseline";

/// A main branch with a trusted configuration, and a branch `change` on it.
fn repository() -> Repo {
    let repo = Repo::new();
    repo.write("src/main.rs", "fn main() {}\n")
        .write(".gitignore", "ignored/\n")
        .write(
            ".keysweep.toml",
            "[[exclude]]\nglob = \"third_party/**\"\nreason = \"swept elsewhere\"\n",
        )
        .write("tests/double.env", allowed("double"))
        .commit("base", 1);
    repo.git(&["checkout", "-q", "-b", "change"]);
    repo
}

/// A key with an allow beside it.
fn allowed(seed: &str) -> String {
    format!("{} # keysweep:allow reason=\"test double\"\n", assignment(seed).trim_end())
}

fn gate(repo: &Repo, arguments: &[&str]) -> Run {
    let all = ["scan", "--range", "main..change", "--config-from", "main"];
    run_in(repo.root(), &[&all[..], arguments].concat())
}

fn report(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("no report: {run:?}"))
}

/// `kind path` of every note on trust, sorted.
fn notes(report: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut notes: Vec<String> = report["notes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|note| format!("{} {}", text(&note["kind"]), text(&note["path"])))
        .filter(|note| note.contains("-changed ") || note.contains("-trusted "))
        .collect();
    notes.sort();
    notes
}

fn paths(run: &Run) -> Vec<String> {
    run.lines().into_iter().map(|line| line.path.unwrap_or_default()).collect()
}

#[test]
fn clean_change_passes() {
    let repo = repository();
    repo.write("src/lib.rs", "pub fn f() {}\n").commit("clean", 2);
    let run = gate(&repo, &["--format", "json"]);
    assert_eq!(run.code, 0, "{run:?}");
    let report = report(&run);
    assert_eq!(notes(&report), [""; 0]);
    assert_eq!(report["scope"]["config_from"], repo.rev("main"));
    assert_eq!(report["scope"]["config"], "main:.keysweep.toml");
    let schema = std::fs::read_to_string("fixtures/report/keysweep-report-1.schema.json").unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&report), "{report}");
}

#[test]
fn change_that_edits_the_configuration_is_held_to_the_trusted_one() {
    let repo = repository();
    repo.write(".keysweep.toml", "[[exclude]]\nglob = \"**\"\nreason = \"nothing to see\"\n")
        .write("src/main.rs", assignment("leaked"))
        .commit("hide", 2);
    let run = gate(&repo, &["--format", "json"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(notes(&report(&run)), ["configuration-changed .keysweep.toml"]);
    // In the tree too, where excludes would hide files.
    let tree = ["scan", "--tree", "--config-from", "main", "--format", "json"];
    let run = run_in(repo.root(), &tree);
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(notes(&report(&run)), ["configuration-changed .keysweep.toml"]);
    assert_eq!(run_in(repo.root(), &["scan", "--tree"]).code, 0, "its own word hides it");
    // A configuration that would not even load has no say either.
    repo.write(".keysweep.toml", "nonsense").commit("break", 3);
    assert_eq!(gate(&repo, &[]).code, 1);
    repo.git(&["rm", "-q", ".keysweep.toml"]);
    repo.commit_index("remove", 4);
    let run = gate(&repo, &["--format", "json"]);
    assert_eq!(notes(&report(&run)), ["configuration-changed .keysweep.toml"]);
    let excluded = run_in(repo.root(), &["scan", "--tree", "--config-from", "main"]);
    assert_eq!(excluded.code, 1, "{excluded:?}");
}

/// Named on the command line it is still the change's own word.
#[test]
fn configuration_or_baseline_in_the_change_is_refused_beside_a_trusted_revision() {
    let repo = repository();
    let exclude = "[[exclude]]\nglob = \"*\"\nreason = \"r\"\n";
    repo.write(".keysweep.toml", exclude).write("x.env", assignment("leaked"));
    repo.write("empty", "").commit("leak", 2);
    let own = repo.beside("own.toml");
    std::fs::write(&own, "").expect("a file");
    let inside = repo.root().join(".keysweep.toml").display().to_string();
    for config in [".keysweep.toml", "./.keysweep.toml", &inside] {
        let run = gate(&repo, &["--config", config]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains("lies in what is swept"), "{run:?}");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&own, repo.root().join("link.toml")).expect("a link");
        assert_eq!(gate(&repo, &["--config", "link.toml"]).code, 2);
    }
    assert_eq!(gate(&repo, &["--baseline", "empty"]).code, 2);
    let own = own.display().to_string();
    let run = gate(&repo, &["--config", &own]);
    assert_eq!(run.code, 1, "{run:?}");
}

#[test]
fn path_that_the_trusted_configuration_leaves_out_is_left_out_of_a_change() {
    let repo = repository();
    repo.write("third_party/lib.env", assignment("vendored")).commit("vendor", 2);
    let run = gate(&repo, &["--format", "json"]);
    assert_eq!(run.code, 0, "{run:?}");
    let skipped = &report(&run)["coverage"]["skipped"][0];
    assert_eq!(
        (&skipped["kind"], &skipped["origin"]),
        (&"excluded".into(), &"third_party/lib.env".into())
    );
    assert_eq!(gate(&repo, &["--strict-coverage"]).code, 3);
    // The same bytes elsewhere are not left out.
    repo.write("lib.env", assignment("vendored")).commit("copy", 3);
    assert_eq!(paths(&gate(&repo, &["--format", "jsonl"])), ["lib.env"]);
}

#[test]
fn change_that_adds_a_baseline_entry_is_held_to_the_trusted_one() {
    let repo = repository();
    repo.write("src/main.rs", assignment("leaked"));
    let write = ["scan", "--tree", "--write-baseline", BASELINE, "--reason", "trust me"];
    assert_eq!(run_in(repo.root(), &write).code, 0);
    repo.commit("accept myself", 2);
    assert_eq!(run_in(repo.root(), &["scan", "--range", "main..change"]).code, 0);
    let run = gate(&repo, &["--format", "json"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(notes(&report(&run)), ["baseline-changed .keysweep-baseline"]);
    // Nor is it the operator's because it was named.
    let run = gate(&repo, &["--baseline", BASELINE]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("it lies in what is swept"), "{run:?}");
    // Once main has the entry, it holds.
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["checkout", "-q", "change", "--", BASELINE]);
    repo.commit_index("accepted by review", 3);
    let run = gate(&repo, &["--format", "json"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(report(&run)["findings"][0]["suppression"]["reason"], "trust me");
}

#[test]
fn change_that_adds_an_inline_allow_is_reported() {
    let repo = repository();
    repo.write("src/new.env", allowed("leaked")).commit("allow myself", 2);
    assert_eq!(run_in(repo.root(), &["scan", "--range", "main..change"]).code, 0);
    for mode in [&["--range", "main..change"][..], &["--tree"]] {
        let all = [&["scan", "--config-from", "main", "--format", "json"], mode].concat();
        let run = run_in(repo.root(), &all);
        assert_eq!(run.code, 1, "{run:?}");
        assert_eq!(notes(&report(&run)), ["allow-not-trusted src/new.env"]);
    }
    // In a message there is nothing to trust.
    repo.git(&["checkout", "-q", "-B", "change", "main"]);
    repo.commit_index(&format!("say {}", allowed("leaked")), 3);
    assert_eq!(gate(&repo, &[]).code, 1);
}

#[test]
fn allow_that_main_has_holds_for_its_key_at_its_path_alone() {
    let repo = repository();
    // The file changes, its allow stays.
    repo.write("tests/double.env", format!("# more\n{}", allowed("double"))).commit("edit", 2);
    let run = gate(&repo, &["--format", "json"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(notes(&report(&run)), [""; 0]);
    for (directory, path) in
        [("", "."), ("", "tests"), ("tests", "double.env"), ("", "tests/double.env")]
    {
        let all = ["scan", "--tree", "--config-from", "main", path];
        let run = run_in(&repo.root().join(directory), &all);
        assert_eq!(run.code, 0, "{path}: {run:?}");
    }
    // Another key under the same allow, and the same key elsewhere.
    repo.write("tests/double.env", allowed("another")).commit("swap", 3);
    assert_eq!(gate(&repo, &[]).code, 1);
    repo.write("tests/double.env", allowed("double")).write("src/copy.env", allowed("double"));
    repo.commit("copy", 4);
    let run = gate(&repo, &["--format", "jsonl"]);
    assert!(paths(&run).contains(&"src/copy.env".to_owned()), "{run:?}");
}

#[test]
fn change_that_adds_ignore_rules_hides_nothing() {
    let repo = repository();
    repo.write(".ignore", "*\n")
        .write("src/.gitignore", "*.env\n")
        .write(".gitignore", "ignored/\nsrc/built*\n")
        .commit("ignore all", 2);
    // Made by a build, so that git does not track them.
    repo.write("src/built.env", assignment("built")).write("ignored/x", assignment("ignored"));
    let run = run_in(repo.root(), &["scan", "--tree", "--format", "jsonl"]);
    assert_eq!(paths(&run), [""; 0], "its own rules ignore the file");
    let trusting = ["scan", "--tree", "--config-from", "main", "--format"];
    let run = run_in(repo.root(), &[&trusting[..], &["jsonl"]].concat());
    assert_eq!(paths(&run), ["src/built.env"], "and main's ignore the other alone");
    let run = run_in(repo.root(), &[&trusting[..], &["json"]].concat());
    assert_eq!(notes(&report(&run)), ["ignore-rules-changed .gitignore"]);
    let skipped = support::skipped(&report(&run));
    assert_eq!(skipped, ["ignored ignored"]);
    // A directory below the root is under the same rules.
    let below = run_in(&repo.root().join("src"), &["scan", "--tree", "--config-from", "main"]);
    assert_eq!(below.code, 1, "{below:?}");
    let run = gate(&repo, &["--format", "json"]);
    let expected = ["ignore-rules-changed .gitignore", "ignore-rules-changed src/.gitignore"];
    assert_eq!(notes(&report(&run)), expected);
    // Rules that the change removes still hold.
    repo.git(&["rm", "-q", "-f", ".gitignore"]);
    std::fs::remove_file(repo.root().join("src/built.env")).unwrap();
    assert_eq!(run_in(repo.root(), &[&trusting[..], &["jsonl"]].concat()).code, 0);
}

#[test]
fn range_without_a_commit_says_that_it_swept_nothing() {
    let repo = repository();
    let run = gate(&repo, &[]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("main..change holds no commit"), "{run:?}");
}

#[test]
fn key_that_main_once_held_is_found_when_it_comes_back() {
    let repo = repository();
    repo.git(&["checkout", "-q", "main"]);
    repo.write("old.env", assignment("old")).commit("leak", 2);
    repo.git(&["rm", "-q", "old.env"]);
    repo.commit_index("remove", 3);
    repo.git(&["checkout", "-q", "-B", "change", "main"]);
    repo.git(&["revert", "--no-edit", "HEAD"]);
    let run = gate(&repo, &["--format", "jsonl"]);
    assert_eq!(run.code, 1);
    assert_eq!(paths(&run), ["old.env"]);
}

#[test]
fn key_that_only_a_merge_brings_is_found() {
    let repo = repository();
    repo.write("a", "a").commit("a", 2);
    repo.git(&["checkout", "-q", "-b", "side", "main"]);
    repo.write("b", "b").commit("b", 3);
    repo.git(&["checkout", "-q", "change"]);
    repo.git(&["merge", "-q", "--no-ff", "--no-commit", "side"]);
    repo.write("evil.env", assignment("merged")).commit("merge", 4);
    let run = gate(&repo, &["--format", "jsonl"]);
    assert_eq!(paths(&run), ["evil.env"]);
}

#[test]
fn key_of_a_commit_that_a_later_one_removes_is_found() {
    let repo = repository();
    repo.write("x.env", assignment("brief")).commit("in", 2);
    repo.git(&["rm", "-q", "x.env"]);
    repo.commit_index("out", 3);
    assert_eq!(paths(&gate(&repo, &["--format", "jsonl"])), ["x.env"]);
}

#[test]
fn rewritten_branch_is_swept_from_where_it_left_main() {
    let repo = repository();
    repo.write("a", "a").commit("pushed", 2);
    let before = repo.rev("HEAD");
    repo.git(&["reset", "-q", "--hard", "main"]);
    repo.write("x.env", assignment("forced")).commit("forced", 3);
    let range = format!("{before}..change");
    let run = run_in(
        repo.root(),
        &["scan", "--range", &range, "--config-from", "main", "--format", "jsonl"],
    );
    assert_eq!(paths(&run), ["x.env"]);
    // In a fresh clone nothing leads to what was there before the push.
    let clone = repo.beside("clone");
    let url = format!("file://{}", repo.root().display());
    git_in(repo.root(), &["clone", "-q", &url, clone.to_str().unwrap()], b"");
    let run = run_in(&clone, &["scan", "--range", &range]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains(&before), "{run:?}");
}

#[test]
fn shallow_clone_that_cannot_see_the_base_is_refused() {
    let repo = repository();
    repo.write("x.env", assignment("deep")).commit("leak", 2);
    repo.git(&["rm", "-q", "x.env"]);
    repo.commit_index("out", 3);
    let clone = repo.beside("shallow");
    let url = format!("file://{}", repo.root().display());
    let clone_arguments =
        ["clone", "-q", "--no-single-branch", "--depth=1", &url, clone.to_str().unwrap()];
    git_in(repo.root(), &clone_arguments, b"");
    let run = run_in(&clone, &["scan", "--range", "origin/main..HEAD"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("shallow"), "{run:?}");
}

#[test]
fn revision_that_names_nothing_is_refused() {
    let repo = repository();
    for revision in ["nowhere", "main:src", "main@{upstream}", ""] {
        let run = run_in(repo.root(), &["scan", "--tree", "--config-from", revision]);
        assert_eq!(run.code, 2, "{revision}: {run:?}");
        assert!(run.stderr.contains(revision), "{run:?}");
    }
    let outside = tempfile::tempdir().unwrap();
    let run = run_in(outside.path(), &["scan", "--config-from", "main"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("in no git repository"), "{run:?}");
    let stdin = ["scan", "--stdin", "--config-from", "main"];
    assert_eq!(run_in(repo.root(), &stdin).code, 2);
}

#[test]
fn keys_of_a_gated_report_are_read_again_under_the_same_trust() {
    let repo = repository();
    repo.git(&["checkout", "-q", "main"]);
    repo.write(".keysweep.toml", ACME_RULE).commit("rule", 2);
    repo.git(&["checkout", "-q", "-B", "change", "main"]);
    let token = format!("acme_{}", key("acme"));
    repo.write(".keysweep.toml", "").write("x", &token).commit("leak", 3);
    let path = repo.beside("report.json");
    let option = format!("json={}", path.display());
    let run = gate(&repo, &["--report", &option]);
    assert_eq!(run.code, 1, "{run:?}");
    // Nothing listens there: the key is found again, and nobody can be asked.
    let mut verify = command(repo.root());
    verify.args(["verify", path.to_str().unwrap(), "--api-url", "http://127.0.0.1:9/v1"]);
    let run = Run::of(verify.args(["--timeout", "1s"]).output().unwrap());
    assert!(!run.stderr.contains("cannot be read again"), "{run:?}");
    assert!(!run.stdout.contains(&token), "{run:?}");
}

#[test]
fn names_in_refs_and_reports_hold_no_key() {
    let repo = repository();
    repo.write("x.env", assignment("leaked")).commit(NAME, 2);
    for format in ["human", "json", "sarif", "gitlab", "junit", "github", "markdown", "html"] {
        let run = gate(&repo, &["--format", format]);
        assert_eq!(run.code, 1);
        assert!(!run.stdout.contains(&key("leaked")), "{format}");
    }
}
