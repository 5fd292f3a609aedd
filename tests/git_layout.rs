//! What is a repository, what it tracks, and where `HEAD` is.

#[path = "support/git.rs"]
mod git_support;

use git_support::Repo;
use keysweep::git::{GitError, Repository, tracked_paths};

fn tracked(directory: &std::path::Path) -> Vec<String> {
    let paths = tracked_paths(directory).expect("a sound index").expect("a repository");
    paths.into_iter().map(|path| String::from_utf8(path).expect("UTF-8")).collect()
}

#[test]
fn every_kind_of_root_is_recognised_and_nothing_else_is() {
    let repo = Repo::new();
    repo.write("a/b.txt", "b").commit("one", 0);
    repo.git(&["worktree", "add", "-q", "../linked"]);
    repo.git(&["clone", "-q", "--bare", ".", "../bare.git"]);
    repo.git(&["init", "-q", "--separate-git-dir", "../apart", "../main"]);
    let open = |path: &std::path::Path| Repository::discover_root(path).expect("readable");

    let found = open(repo.root()).expect("a worktree");
    assert_eq!(found.work_tree(), Some(repo.root()));
    let head = found.head().expect("a sound HEAD").expect("a commit");
    assert_eq!(head.to_string(), repo.rev("HEAD"));
    assert_eq!(found.head_branch().expect("readable").as_deref(), Some(&b"refs/heads/main"[..]));

    let linked = open(&repo.beside("linked")).expect("a linked worktree");
    assert_eq!(linked.common_dir(), repo.root().join(".git"));
    assert_eq!(linked.head_branch().expect("readable").as_deref(), Some(&b"refs/heads/linked"[..]));

    assert!(open(&repo.beside("bare.git")).expect("bare").work_tree().is_none());
    assert!(open(&repo.beside("main")).expect("separate").head().expect("unborn").is_none());
    assert!(open(&repo.root().join("a")).is_none());
    assert!(open(&repo.beside("nowhere")).is_none());
    assert_eq!(
        Repository::containing(&repo.root().join("a"))
            .expect("readable")
            .expect("found above")
            .work_tree(),
        Some(repo.root())
    );
}

#[test]
fn every_form_of_index_gives_the_tracked_paths_below_a_directory() {
    let repo = Repo::new();
    for name in ["z", "a/b", "a/c/d", "a.txt", "é"] {
        repo.write(name, name);
    }
    repo.commit("one", 0);
    let whole = ["a.txt", "a/b", "a/c/d", "z", "é"];
    assert_eq!(tracked(repo.root()), whole);
    assert_eq!(tracked(&repo.root().join("a")), ["b", "c/d"]);

    repo.git(&["update-index", "--index-version", "4"]);
    assert_eq!(tracked(repo.root()), whole);

    repo.git(&["update-index", "--split-index"]);
    repo.write("y", "y").git(&["add", "y"]);
    std::fs::remove_file(repo.root().join("z")).expect("it is there");
    repo.git(&["rm", "-q", "--cached", "z"]);
    assert_eq!(tracked(repo.root()), ["a.txt", "a/b", "a/c/d", "y", "é"]);

    repo.git(&["update-index", "--no-split-index"]);
    repo.commit("two", 1);
    repo.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "nothing"]);
    assert_eq!(tracked(repo.root()), ["a.txt", "y", "é"]);
}

#[test]
fn a_damaged_index_is_an_error_that_names_it() {
    let repo = Repo::new();
    repo.write("a", "a").commit("one", 0);
    let path = repo.root().join(".git/index");
    let sound = std::fs::read(&path).expect("an index");
    for at in [4, 11, 12 + 40, sound.len() - 30] {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x55;
        std::fs::write(&path, &bytes).expect("writable");
        let error = tracked_paths(repo.root()).expect_err("it is damaged");
        assert!(matches!(&error, GitError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("index"), "{error}");
    }
    for length in 0..sound.len() {
        std::fs::write(&path, &sound[..length]).expect("writable");
        assert!(tracked_paths(repo.root()).is_err(), "{length}");
    }
}

#[test]
fn a_git_file_that_leads_nowhere_is_an_error_and_not_a_plain_directory() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for contents in ["", "gitdir:", "gitdir: /nowhere/at/all", "nonsense", "gitdir: \0"] {
        std::fs::write(directory.path().join(".git"), contents).expect("writable");
        let error = Repository::discover_root(directory.path()).expect_err("a broken .git file");
        assert!(error.to_string().contains(".git"), "{error}");
    }
}

#[test]
fn hostile_symbolic_refs_lead_out_of_no_repository() {
    let repo = Repo::new();
    repo.write("a", "a").commit("one", 0);
    let id = repo.rev("HEAD");
    std::fs::write(repo.beside("outside"), format!("{id}\n")).expect("writable");
    let found = Repository::discover_root(repo.root()).expect("readable").expect("a root");
    for target in ["../../outside", "refs/../../../outside", "/etc/hostname", "refs/heads/loop"] {
        std::fs::write(repo.root().join(".git/HEAD"), format!("ref: {target}\n")).expect("write");
        std::fs::write(repo.root().join(".git/refs/heads/loop"), "ref: refs/heads/loop\n")
            .expect("writable");
        assert!(!matches!(found.head(), Ok(Some(_))), "{target}");
    }
    assert!(
        found.refs().expect("readable").broken.iter().any(|broken| broken.name.contains("loop"))
    );
}
