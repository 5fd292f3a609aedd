//! Ranges, revisions and the index: what is new, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/git.rs"]
pub(crate) mod git_support;
#[path = "support/git_sweep.rs"]
mod sweep_support;

use std::collections::BTreeSet;
use std::sync::Arc;

use git_support::{Repo, git_in};
use keysweep::git::{GitError, Objects, Repository, file_at};
use keysweep::rule::{Literal, Prefilter};
use keysweep::source::range;
use keysweep::source::worktree::Excludes;
use sweep_support::Kept;

fn prefilter() -> Prefilter {
    Prefilter::new(&[Literal::new("needle").unwrap()], false)
}

/// Leaves nothing out.
struct Nothing;

impl Excludes for Nothing {
    fn reason(&self, _: &std::path::Path) -> Option<String> {
        None
    }
}

fn open(path: &std::path::Path) -> Repository {
    Repository::discover_root(path).expect("readable").expect("a repository")
}

fn sweep(path: &std::path::Path, range: &str) -> Result<Kept, GitError> {
    let kept = Kept::default();
    let nothing = &|_: &[u8]| false;
    range::sweep(&open(path), range, &Arc::from("root"), &prefilter(), nothing, &kept).map(|_| kept)
}

/// `path` or `message`, and the first line, of everything that was found.
fn found(kept: &Kept) -> BTreeSet<String> {
    let contents = kept.contents.lock().unwrap();
    contents
        .iter()
        .map(|(origin, bytes)| match &origin.path {
            Some(path) => {
                format!("{path}: {}", String::from_utf8_lossy(bytes).lines().next().unwrap())
            }
            None => "message".to_owned(),
        })
        .collect()
}

#[test]
fn a_range_shows_what_each_commit_brings_and_nothing_older() {
    let repo = Repo::new();
    repo.write("old", "needle old\n").commit("one", 1);
    repo.write("new", "needle new\n").write("clean", "x").commit("two", 2);
    repo.write("gone", "needle gone\n").commit("three", 3);
    repo.git(&["rm", "-q", "gone"]);
    repo.commit_index("a needle in the message", 4);
    repo.git(&["mv", "old", "moved"]);
    repo.commit_index("five", 5);
    let kept = sweep(repo.root(), "HEAD~4..HEAD").expect("a range");
    let expected = ["new: needle new", "gone: needle gone", "message", "moved: needle old"];
    assert_eq!(found(&kept), expected.map(ToOwned::to_owned).into());
    assert_eq!(kept.tally.lock().unwrap().commits, 4);
    assert_eq!(
        found(&sweep(repo.root(), "HEAD~1..").unwrap()),
        ["moved: needle old".into()].into()
    );
    assert_eq!(found(&sweep(repo.root(), "HEAD..HEAD~3").unwrap()), BTreeSet::new());
    assert_eq!(found(&sweep(repo.root(), "..HEAD~3").unwrap()), BTreeSet::new());
}

#[test]
fn a_key_that_was_removed_and_comes_back_is_seen() {
    let repo = Repo::new();
    repo.write("f", "needle\n").commit("in", 1);
    repo.write("f", "clean\n").commit("out", 2);
    repo.write("f", "needle\n").commit("in again", 3);
    assert_eq!(found(&sweep(repo.root(), "HEAD~1..HEAD").unwrap()), ["f: needle".into()].into());
}

#[test]
fn a_merge_shows_what_neither_parent_holds() {
    let repo = Repo::new();
    repo.write("f", "base\n").write("g", "base\n").commit("base", 1);
    repo.git(&["checkout", "-q", "-b", "side"]);
    repo.write("g", "needle side\n").commit("side", 2);
    repo.git(&["checkout", "-q", "main"]);
    repo.write("h", "needle main\n").commit("main", 3);
    repo.git(&["merge", "-q", "--no-ff", "--no-commit", "side"]);
    repo.write("d/evil", "needle merged\n").commit("merge", 4);
    let all = sweep(repo.root(), "HEAD~1..HEAD").unwrap();
    assert_eq!(found(&all), ["g: needle side".into(), "d/evil: needle merged".into()].into());
    let merge = sweep(repo.root(), "HEAD^2..HEAD").unwrap();
    assert_eq!(found(&merge), ["h: needle main".into(), "d/evil: needle merged".into()].into());
}

#[test]
fn what_does_not_resolve_is_refused_with_its_name() {
    let repo = Repo::new();
    repo.write("f", "x").commit("one", 1);
    let blob = repo.rev("HEAD:f");
    for (range, word) in [
        ("nowhere..HEAD", "nowhere"),
        ("HEAD..nowhere", "nowhere"),
        ("HEAD", "A..B"),
        ("HEAD...HEAD", "A...B"),
        ("..", "A..B"),
        ("HEAD~7..HEAD", "HEAD~7"),
        ("HEAD^2..HEAD", "HEAD^2"),
        ("HEAD..main@{upstream}", "configuration"),
        ("HEAD..:/one", ":/one"),
        ("HEAD..--all", "--all"),
        ("HEAD..HEAD^{tree}", "commit"),
        ("HEAD..HEAD@{9}", "reflog"),
        ("HEAD..../../x", "A...B"),
        (&format!("HEAD..{blob}"), "commit"),
        (&format!("HEAD..{}", "0".repeat(40)), "0000"),
        ("HEAD..HEAD~99999999999999999999", "number"),
        ("HEAD..é^", "é"),
        ("HEAD..HEAD^é", "é"),
        ("HEAD..HEAD@{é}", "é"),
        ("HEAD..@{", "@{"),
    ] {
        let error = sweep(repo.root(), range).err().unwrap_or_else(|| panic!("{range}"));
        assert!(
            matches!(error, GitError::Revision { .. } | GitError::Range { .. }),
            "{range}: {error}"
        );
        assert!(error.to_string().contains(word), "{range}: {error}");
    }
}

#[test]
fn a_range_cut_by_a_shallow_boundary_is_refused() {
    let repo = Repo::new();
    for time in 1..6 {
        repo.write("f", format!("needle {time}")).commit("c", time);
    }
    repo.git(&["branch", "side", "HEAD~3"]);
    repo.git(&["checkout", "-q", "side"]);
    repo.write("s", "s").commit("side", 9);
    repo.git(&["checkout", "-q", "main"]);
    let shallow = repo.beside("shallow");
    let url = format!("file://{}", repo.root().display());
    let target = shallow.to_str().unwrap();
    repo.git(&["clone", "-q", "--no-single-branch", "--depth=2", &url, target]);
    assert_eq!(found(&sweep(&shallow, "HEAD~1..HEAD").unwrap()), ["f: needle 5".into()].into());
    let error = sweep(&shallow, "origin/side..HEAD").expect_err("it is cut");
    assert!(error.to_string().contains("unshallow"), "{error}");
    assert!(sweep(&shallow, "HEAD~3..HEAD").is_err());
}

#[test]
fn revisions_mean_what_git_takes_them_for() {
    let repo = Repo::new();
    for time in 1..5 {
        repo.write("f", format!("{time}")).commit("c", time);
    }
    repo.git(&["checkout", "-q", "-b", "topic/x", "HEAD~2"]);
    repo.write("g", "g").commit("t", 6);
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["merge", "-q", "--no-ff", "-m", "m", "topic/x"]);
    repo.git(&["tag", "-a", "-m", "t", "v1", "HEAD~1"]);
    repo.git(&["tag", "-a", "-m", "tt", "v2", "v1"]);
    repo.git(&["update-ref", "refs/remotes/origin/main", "HEAD~1"]);
    repo.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"]);
    let repository = open(repo.root());
    let id = repo.rev("HEAD");
    for pass in 0..2 {
        let objects = Objects::open(&repository);
        let mut reader = objects.reader();
        for revision in [
            "HEAD",
            "@",
            "main",
            "heads/main",
            "refs/heads/main",
            "topic/x",
            "v1",
            "v2",
            "v2^{}",
            "v2~1",
            "HEAD^",
            "HEAD^2",
            "HEAD^^",
            "HEAD~2^0",
            "HEAD^2~1",
            "origin",
            "origin/main",
            "main@{1}",
            "@{1}",
            "HEAD@{2}",
            "main@{0}^",
            &id,
            &id[..7],
            "HEAD^{commit}~1",
        ] {
            let expected = repo.rev(&format!("{revision}^{{commit}}"));
            let found = repository.resolve_commit(revision, &mut reader);
            assert_eq!(found.expect(revision).to_string(), expected, "{revision} {pass}");
        }
        repo.git(&["pack-refs", "--all"]);
        repo.git(&["repack", "-q", "-a", "-d"]);
    }
}

#[test]
fn the_index_is_compared_with_head() {
    let sweep = |repo: &Repo| {
        let kept = Kept::default();
        let root = Arc::from("root");
        range::sweep_staged(&open(repo.root()), &root, &prefilter(), &Nothing, &kept)
            .expect("readable");
        found(&kept)
    };
    let repo = Repo::new();
    repo.write("first", "needle first\n").git(&["add", "first"]);
    assert_eq!(sweep(&repo), ["first: needle first".into()].into());
    repo.commit("one", 1);
    assert_eq!(sweep(&repo), BTreeSet::new());
    repo.write("first", "needle unstaged\n").write("d/n", "needle staged\n").git(&["add", "d/n"]);
    repo.write("d/n", "clean again, but staged all the same\n");
    assert_eq!(sweep(&repo), ["d/n: needle staged".into()].into());
    repo.write("d/n", "needle staged\n").commit("two", 2);
    repo.git(&["mv", "d/n", "d/m"]);
    assert_eq!(sweep(&repo), BTreeSet::new(), "a file that only moved brings nothing");
}

#[test]
fn a_submodule_and_a_large_file_pointer_are_named_as_outside() {
    let other = Repo::new();
    other.write("f", "x").commit("o", 1);
    let repo = Repo::new();
    repo.write("f", "x").commit("one", 1);
    let commit = other.rev("HEAD");
    repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},sub")]);
    let pointer = format!(
        "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 5\n",
        "12".repeat(32)
    );
    repo.write("big.bin", &pointer).git(&["add", "big.bin"]);
    repo.commit_index("two", 2);
    let kept = sweep(repo.root(), "HEAD~1..HEAD").unwrap();
    let kinds: BTreeSet<&str> = kept.skipped().into_iter().map(|(_, kind)| kind).collect();
    assert_eq!(kinds, ["gitlink", "lfs"].into());
}

#[test]
fn a_file_of_a_commit_is_read_as_it_stood() {
    let repo = Repo::new();
    repo.write("d/conf", "one\n").commit("1", 1);
    repo.write("d/conf", "two\n").commit("2", 2);
    let repository = open(repo.root());
    let read = |revision: &str, path: &str| file_at(&repository, revision, path);
    assert_eq!(read("HEAD~1", "d/conf").unwrap().as_deref(), Some(&b"one\n"[..]));
    assert_eq!(read("HEAD", "d/conf").unwrap().as_deref(), Some(&b"two\n"[..]));
    assert_eq!(read("HEAD", "d").unwrap(), None);
    assert_eq!(read("HEAD", "d/conf/x").unwrap(), None);
    assert_eq!(read("HEAD", "nothing").unwrap(), None);
    assert!(read("nothing", "d/conf").is_err());
    let bare = repo.beside("bare.git");
    git_in(repo.root(), &["clone", "-q", "--bare", ".", bare.to_str().unwrap()], b"");
    assert_eq!(file_at(&open(&bare), "main", "d/conf").unwrap().as_deref(), Some(&b"two\n"[..]));
}
