//! Commits that add a key are stopped by the installed hook, with real git, and
//! nothing else is.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/hooked.rs"]
mod hooked_support;
mod support;

use hooked_support::{assert_passed, assert_stopped, git, hooked, install, keysweep};
use support::git::Repo;
use support::{NAME, Run, assignment, key};

/// Commits what is staged; what git and the hook said.
fn commit(repo: &Repo) -> Run {
    git(repo.root(), &["commit", "-q", "-m", "a change"])
}

fn stage(repo: &Repo, path: &str, text: &str) {
    repo.write(path, text).git(&["add", "--", path]);
}

#[test]
fn commit_with_a_key_is_stopped_and_told_what_to_do() {
    let repo = hooked(&["pre-commit"]);
    stage(&repo, "README", "nothing\n");
    assert_passed(&commit(&repo));
    stage(&repo, "src/app.py", &format!("import os\n{NAME} = \"{}\"\n", key("py")));
    let run = commit(&repo);
    assert_stopped(&run, "py");
    for part in [
        "commit stopped: it would leak 1 key",
        "src/app.py:2:",
        "assigned to",
        &format!("in src/app.py, read it from the environment: os.environ[\"{NAME}\"]"),
        "git restore --staged -- src/app.py",
        "# keysweep:allow reason=",
        "revoke it",
    ] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
    assert!(run.stderr.lines().count() <= 9, "{}", run.stderr);
    // Exactly what it says gets the commit through.
    repo.git(&["restore", "--staged", "--", "src/app.py"]);
    stage(&repo, "src/app.py", &format!("import os\n{NAME} = os.environ[\"{NAME}\"]\n"));
    let run = commit(&repo);
    assert_passed(&run);
    assert_eq!(run.stderr, "", "a hook that finds nothing is silent");
}

#[test]
fn allow_with_a_reason_lets_a_commit_through() {
    let repo = hooked(&["pre-commit"]);
    let allow = "# keysweep:allow reason=\"a test double\"";
    stage(&repo, "a.sh", &format!("{allow}\n{}", assignment("a")));
    assert_passed(&commit(&repo));
    stage(&repo, "b.sh", &format!("# keysweep:allow\n{}", assignment("b")));
    assert_stopped(&commit(&repo), "b");
}

#[test]
fn first_commit_is_looked_at_and_can_be_unstaged() {
    let repo = hooked(&["pre-commit"]);
    stage(&repo, "a.sh", &assignment("first"));
    let run = commit(&repo);
    assert_stopped(&run, "first");
    assert!(run.stderr.contains("git rm --cached -- a.sh"), "{}", run.stderr);
    repo.git(&["rm", "-q", "--cached", "--", "a.sh"]);
    assert_passed(&git(repo.root(), &["commit", "-q", "--allow-empty", "-m", "empty"]));
    assert_passed(&git(repo.root(), &["commit", "-q", "--allow-empty", "-m", "on an empty tree"]));
}

#[test]
fn only_what_is_staged_counts() {
    let repo = hooked(&["pre-commit"]);
    stage(&repo, "a.sh", "one\ntwo\n");
    // In the worktree alone.
    repo.write("a.sh", format!("one\n{}two\n", assignment("unstaged")));
    assert_passed(&commit(&repo));
    // In the index alone.
    stage(&repo, "a.sh", &format!("one\n{}two\n", assignment("staged")));
    repo.write("a.sh", "one\ntwo\n");
    assert_stopped(&commit(&repo), "staged");
    repo.git(&["reset", "-q", "--hard"]);
    // Announced, and not part of the commit.
    repo.write("b.sh", assignment("announced")).git(&["add", "--intent-to-add", "b.sh"]);
    stage(&repo, "c.sh", "c\n");
    assert_passed(&commit(&repo));
    assert_stopped(&git(repo.root(), &["commit", "-q", "-a", "-m", "all"]), "announced");
}

#[test]
fn commit_of_named_paths_is_what_is_looked_at() {
    let repo = hooked(&["pre-commit"]);
    stage(&repo, "a.sh", "a\n");
    stage(&repo, "d/b.sh", "b\n");
    assert_passed(&commit(&repo));
    stage(&repo, "a.sh", &assignment("staged"));
    repo.write("d/b.sh", "b too\n");
    assert_passed(&git(repo.root(), &["commit", "-q", "-m", "b alone", "d/b.sh"]));
    repo.write("d/b.sh", assignment("named"));
    let below = repo.root().join("d");
    assert_stopped(&git(&below, &["commit", "-q", "-m", "b", "b.sh"]), "named");
    let run = git(&below, &["commit", "-q", "-m", "a"]);
    assert_stopped(&run, "staged");
    assert!(run.stderr.contains("git restore --staged -- :/a.sh"), "{}", run.stderr);
    git(&below, &["restore", "--staged", "--", ":/a.sh"]);
    repo.git(&["diff", "--cached", "--quiet"]);
}

#[test]
fn key_that_head_holds_already_is_a_note() {
    let repo = Repo::new();
    repo.write("old.sh", format!("one\n{}", assignment("old"))).commit("before the hook", 1);
    install(repo.root(), &["pre-commit"]);
    stage(&repo, "old.sh", &format!("one\ntwo\n{}", assignment("old")));
    let run = commit(&repo);
    assert_passed(&run);
    assert!(run.stderr.contains("note: old.sh:"), "{}", run.stderr);
    assert!(run.stderr.contains("HEAD holds it already"), "{}", run.stderr);
    // A rename, a change of mode and a rename with a change.
    repo.git(&["mv", "old.sh", "moved.sh"]);
    assert_passed(&commit(&repo));
    repo.git(&["update-index", "--chmod=+x", "moved.sh"]);
    assert_passed(&commit(&repo));
    std::fs::create_dir(repo.root().join("deep")).unwrap();
    repo.git(&["mv", "moved.sh", "deep/again.sh"]);
    stage(&repo, "deep/again.sh", &format!("three\n{}", assignment("old")));
    assert_passed(&commit(&repo));
    // A whole directory.
    repo.git(&["mv", "deep", "deeper"]);
    stage(&repo, "deeper/again.sh", &format!("four\n{}", assignment("old")));
    assert_passed(&commit(&repo));
    // Another key beside it.
    let both = format!("{}{}", assignment("old"), assignment("new"));
    stage(&repo, "deeper/again.sh", &both);
    let run = commit(&repo);
    assert_stopped(&run, "new");
    assert!(run.stderr.contains("would leak 1 key"), "{}", run.stderr);
}

#[test]
fn key_that_was_removed_and_comes_back_is_stopped() {
    let repo = Repo::new();
    repo.write("a.sh", assignment("back")).commit("in", 1);
    repo.write("a.sh", "clean\n").commit("out", 2);
    install(repo.root(), &["pre-commit"]);
    stage(&repo, "a.sh", &assignment("back"));
    assert_stopped(&commit(&repo), "back");
}

#[test]
fn merge_brings_what_its_parents_hold_and_nothing_else() {
    let repo = Repo::new();
    repo.write("a.sh", "a\n").write("b.sh", "b\n").commit("base", 1);
    repo.git(&["checkout", "-q", "-b", "side"]);
    repo.write("a.sh", format!("side\n{}", assignment("side"))).commit("side", 2);
    repo.git(&["checkout", "-q", "main"]);
    repo.write("a.sh", "main\n").commit("main", 3);
    install(repo.root(), &["pre-commit"]);
    assert_ne!(git(repo.root(), &["merge", "-q", "side"]).code, 0, "it conflicts");
    // While it does, each side is looked at.
    let staged = keysweep(repo.root(), &["scan", "--staged"]);
    assert_eq!(staged.code, 0, "{staged:?}");
    stage(&repo, "a.sh", &format!("main\nside\n{}", assignment("side")));
    stage(&repo, "b.sh", &assignment("merged"));
    let run = commit(&repo);
    assert_stopped(&run, "merged");
    assert!(!run.stderr.contains("a.sh:2"), "{}", run.stderr);
    repo.git(&["restore", "--staged", "b.sh"]);
    assert_passed(&commit(&repo));
}

#[test]
fn linked_worktree_submodule_and_separate_git_directory_are_guarded() {
    let repo = hooked(&["pre-commit"]);
    stage(&repo, "a.sh", "a\n");
    assert_passed(&commit(&repo));
    let linked = repo.beside("linked");
    repo.git(&["worktree", "add", "-q", linked.to_str().unwrap(), "-b", "topic"]);
    std::fs::write(linked.join("b.sh"), assignment("linked")).unwrap();
    git(&linked, &["add", "b.sh"]);
    assert_stopped(&git(&linked, &["commit", "-q", "-m", "b"]), "linked");

    let outer = Repo::new();
    outer.git(&["submodule", "--quiet", "add", repo.root().to_str().unwrap(), "sub"]);
    let sub = outer.root().join("sub");
    install(&sub, &["pre-commit"]);
    std::fs::write(sub.join("c.sh"), assignment("sub")).unwrap();
    git(&sub, &["add", "c.sh"]);
    assert_stopped(&git(&sub, &["commit", "-q", "-m", "c"]), "sub");
    // The gitlink itself is the outer repository's and holds nothing.
    install(outer.root(), &["pre-commit"]);
    assert_passed(&commit(&outer));

    let (tree, git_dir) = (repo.beside("tree"), repo.beside("elsewhere"));
    std::fs::create_dir(&tree).unwrap();
    let apart = ["init", "-q", "--separate-git-dir", git_dir.to_str().unwrap()];
    assert_passed(&git(&tree, &apart));
    install(&tree, &["pre-commit"]);
    std::fs::remove_file(tree.join(".git")).unwrap();
    std::fs::write(tree.join("d.sh"), assignment("apart")).unwrap();
    let named = ["--git-dir", git_dir.to_str().unwrap(), "--work-tree", tree.to_str().unwrap()];
    git(&tree, &[&named[..], &["add", "d.sh"]].concat());
    let run = git(&tree, &[&named[..], &["commit", "-q", "-m", "d"]].concat());
    assert_stopped(&run, "apart");
}

#[test]
fn nothing_of_the_repository_is_written() {
    let repo = hooked(&[]);
    stage(&repo, "a.sh", &assignment("a"));
    let state = |directory: &std::path::Path| {
        let mut found = Vec::new();
        let mut open = vec![directory.to_owned()];
        while let Some(at) = open.pop() {
            for entry in std::fs::read_dir(at).unwrap() {
                let entry = entry.unwrap();
                let metadata = entry.metadata().unwrap();
                if metadata.is_dir() {
                    open.push(entry.path());
                }
                found.push((entry.path(), metadata.modified().unwrap(), metadata.len()));
            }
        }
        found.sort();
        found
    };
    let before = state(repo.root());
    assert_eq!(keysweep(repo.root(), &["hook", "run", "pre-commit"]).code, 1);
    assert_eq!(keysweep(repo.root(), &["scan", "--staged"]).code, 1);
    assert_eq!(state(repo.root()), before);
}

#[test]
fn sparse_and_split_indexes_are_read() {
    let repo = Repo::new();
    for directory in ["kept", "left/deep", "left/other"] {
        repo.write(&format!("{directory}/a.sh"), "a\n");
    }
    repo.commit("one", 1);
    install(repo.root(), &["pre-commit"]);
    repo.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "kept"]);
    stage(&repo, "kept/b.sh", &assignment("sparse"));
    assert_stopped(&commit(&repo), "sparse");
    repo.git(&["reset", "-q", "--hard"]);
    repo.git(&["sparse-checkout", "disable"]);
    repo.git(&["update-index", "--split-index"]);
    stage(&repo, "kept/b.sh", &assignment("split"));
    assert_stopped(&commit(&repo), "split");
    repo.git(&["reset", "-q", "--hard"]);
    stage(&repo, "kept/b.sh", "b\n");
    assert_passed(&commit(&repo));
}

#[test]
fn excluded_path_is_left_out_of_a_commit_too() {
    let repo = hooked(&["pre-commit"]);
    let config = "[[exclude]]\nglob = \"vendor\"\nreason = \"swept elsewhere\"\n";
    stage(&repo, ".keysweep.toml", config);
    stage(&repo, "lib/vendor/a.sh", &assignment("vendored"));
    assert_passed(&commit(&repo));
    stage(&repo, "lib/a.sh", &assignment("own"));
    assert_stopped(&commit(&repo), "own");
}

#[test]
fn hook_run_by_hand_says_what_it_lacks() {
    let tree = support::Tree::new();
    let run = keysweep(tree.root(), &["hook", "run", "pre-commit"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("no git repository here"), "{}", run.stderr);
    let repo = Repo::new();
    let run =
        support::run_with_input(repo.root(), &["hook", "run", "pre-push", "origin"], b"x y\n");
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("line 1: pre-push takes lines of"), "{}", run.stderr);
    assert_eq!(keysweep(repo.root(), &["hook", "run", "pre-push", "origin", "url"]).code, 0);
}

#[test]
fn file_that_is_named_after_its_key_is_stopped_and_not_named_in_full() {
    let repo = hooked(&["pre-commit"]);
    stage(&repo, &format!("notes/{}", assignment("name").trim()), "nothing\n");
    let run = commit(&repo);
    assert_stopped(&run, "name");
    assert!(run.stderr.contains("notes/"), "{}", run.stderr);
    repo.git(&["commit", "-q", "--no-verify", "-m", "past it"]);
    stage(&repo, &format!("notes/{}", assignment("name").trim()), "more\n");
    let run = commit(&repo);
    assert_passed(&run);
    assert!(!run.stderr.contains(&key("name")), "{}", run.stderr);
}

#[test]
fn accepted_finding_lets_a_commit_through() {
    let repo = hooked(&["pre-commit"]);
    stage(&repo, "a.sh", &assignment("accepted"));
    assert_stopped(&commit(&repo), "accepted");
    let accepted = keysweep(
        repo.root(),
        &[
            "scan",
            "--staged",
            "--write-baseline",
            ".keysweep-baseline",
            "--reason",
            "known",
            "--by",
            "Ada",
        ],
    );
    assert!(repo.root().join(".keysweep-baseline").exists(), "{accepted:?}");
    assert_passed(&commit(&repo));
}

#[test]
fn what_cannot_be_read_stops_a_commit_and_is_named() {
    let repo = hooked(&["pre-commit"]);
    stage(&repo, "a.sh", "a\n");
    let blob = repo.rev(":a.sh");
    let (fan, rest) = blob.split_at(2);
    std::fs::remove_file(repo.root().join(format!(".git/objects/{fan}/{rest}"))).unwrap();
    let run = keysweep(repo.root(), &["hook", "run", "pre-commit"]);
    assert_eq!(run.code, 3, "{run:?}");
    for part in ["not all of it could be read", "a.sh", "git commit --no-verify"] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
    let index = repo.root().join(".git/index");
    std::fs::write(&index, b"DIRC no index").unwrap();
    let run = keysweep(repo.root(), &["hook", "run", "pre-commit"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("index"), "{}", run.stderr);
}
