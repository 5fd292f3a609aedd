//! Ranges, revisions and the index: what is new, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/git.rs"]
pub(crate) mod git_support;
#[path = "support/git_sweep.rs"]
mod sweep_support;

use std::collections::BTreeSet;
use std::sync::Arc;

use git_support::{Repo, git_in};
use gix_hash::ObjectId;
use keysweep::finding::SourceKind;
use keysweep::git::{GitError, Objects, Repository, file_at};
use keysweep::rule::{Literal, Prefilter};
use keysweep::settings::Push;
use keysweep::source::worktree::Excludes;
use keysweep::source::{push, range};
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

/// Leaves out one directory.
struct Third;

impl Excludes for Third {
    fn reason(&self, relative: &std::path::Path) -> Option<String> {
        relative.starts_with("third").then(|| "not ours".to_owned())
    }
}

fn open(path: &std::path::Path) -> Repository {
    Repository::discover_root(path).expect("readable").expect("a repository")
}

fn sweep(path: &std::path::Path, range: &str) -> Result<Kept, GitError> {
    let kept = Kept::default();
    let nothing = &|_: &[u8]| false;
    let root = Arc::from("root");
    range::sweep(&open(path), range, &root, &prefilter(), &Nothing, nothing, &kept).map(|_| kept)
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

/// A history of 1,201 commits with a needle wherever one may hide, packed.
fn long_history() -> Repo {
    use std::io::Write as _;
    let repo = Repo::new();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"needle inside\n").unwrap();
    let packed = packed.finish().unwrap();
    let mut stream: Vec<u8> = Vec::new();
    let data = |bytes: &[u8]| [format!("data {}\n", bytes.len()).as_bytes(), bytes, b"\n"].concat();
    for at in 1..=1200_u32 {
        let message = if at == 700 { "a needle in a message" } else { "a change" };
        let time = 1_700_000_000 + at;
        let head = format!("commit refs/heads/main\nmark :{at}\ncommitter A <a@b> {time} +0000\n");
        stream.extend(head.bytes().chain(data(message.as_bytes())));
        if at == 1000 {
            stream.extend(b"merge :2000\n");
        }
        let mut file = |path: &str, bytes: &[u8]| {
            stream.extend(format!("M 100644 inline {path}\n").bytes().chain(data(bytes)));
        };
        file(&format!("d{}/f{}", at % 7, at % 50), format!("line {at}\n").as_bytes());
        match at {
            300 => file("secret/old.env", b"needle old\n"),
            400 => file("packed/a.gz", &packed),
            500 => ["z/again.env", "a/again.env"].iter().for_each(|at| file(at, b"needle old\n")),
            600 => file("third/party", b"needle third\n"),
            650 => file("named/needle.txt", b"nothing\n"),
            1000 => file("merge/only", b"needle merge\n"),
            301 | 501 => stream.extend(b"D secret\nD z\n"),
            _ => {}
        }
        if at == 900 {
            let head = "commit refs/heads/side\nmark :2000\ncommitter A <a@b> 1700000000 +0000\n";
            stream.extend(head.bytes().chain(data(b"side")));
            stream.extend(b"from :900\nM 100644 inline side/s\n".iter().copied());
            stream.extend(data(b"needle side\n"));
        }
    }
    let head = "commit refs/heads/other\ncommitter A <a@b> 1700000000 +0000\n";
    stream.extend(head.bytes().chain(data(b"other needle")));
    stream.extend(b"from :1100\nM 100644 inline other/o\n".iter().copied());
    stream.extend(data(b"needle other\n"));
    repo.git_bytes(&["fast-import", "--quiet"], &stream);
    repo.blob(b"needle loose\n");
    repo
}

/// The first push of a long history is swept in another way than later ones,
/// and finds the same.
#[test]
fn history_that_is_new_to_the_other_side_gives_what_each_commit_brings() {
    let repo = long_history();
    let main = ObjectId::from_hex(repo.rev("main").as_bytes()).unwrap();
    // A commit that shares nothing has each commit compared with its parents.
    let empty = repo.git(&["mktree"]);
    let stranger = repo.git(&["commit-tree", "-m", "stranger", empty.trim()]);
    let stranger = ObjectId::from_hex(stranger.trim().as_bytes()).unwrap();
    // Objects that wait for the answer, one of which nothing names.
    let waiting = repo.root().join(".git/objects/incoming-1");
    let unnamed = repo.blob(b"needle unnamed\n");
    let (fan, rest) = unnamed.split_at(2);
    std::fs::create_dir_all(waiting.join(fan)).unwrap();
    let objects = repo.root().join(".git/objects");
    std::fs::rename(objects.join(fan).join(rest), waiting.join(fan).join(rest)).unwrap();
    let repository = open(repo.root());
    let swept = |known: Vec<ObjectId>| {
        let kept = Kept::default();
        let push = Push { tips: vec![main], known, quarantine: Some(waiting.clone()) };
        let root = Arc::from("root");
        let swept = push::sweep(&repository, &push, &root, &prefilter(), &Third, &kept).unwrap();
        let contents = kept.contents.into_inner().unwrap();
        let commits: BTreeSet<_> = contents
            .iter()
            .filter(|(origin, _)| origin.source != SourceKind::Metadata)
            .filter_map(|(origin, _)| origin.object)
            .filter_map(|id| Some((id, *swept.commits.get(&id)?)))
            .collect();
        let (names, texts): (Vec<_>, Vec<_>) =
            contents.into_iter().partition(|(origin, _)| origin.source == SourceKind::Metadata);
        let texts: BTreeSet<_> = texts
            .into_iter()
            .map(|(origin, bytes)| (origin.path.clone(), origin.object, bytes))
            .collect();
        let names = names.len();
        let skips = kept.skips.into_inner().unwrap();
        (texts, commits, names, skips, kept.tally.into_inner().unwrap())
    };
    let (compared, whole) = (swept(vec![stranger]), swept(Vec::new()));
    assert_eq!(compared.0, whole.0);
    assert_eq!(compared.1, whole.1);
    assert_eq!((compared.2, whole.2), (1, 1));
    assert_eq!(compared.3, whole.3);
    let paths: BTreeSet<_> = whole.0.iter().filter_map(|(path, ..)| path.as_deref()).collect();
    let expected = ["merge/only", "packed/a.gz", "secret/old.env", "side/s"];
    assert_eq!(paths, BTreeSet::from(expected));
    assert_eq!(whole.0.len(), expected.len() + 2, "and a message, and what nothing names");
    assert_eq!(compared.4.commits, whole.4.commits);
    assert!(whole.4.blobs > compared.4.blobs, "the other branch's were read too");
}

/// Stores a tree as it is given; its id.
fn tree(repo: &Repo, entries: &[(&str, &str, &str)], after: &[u8]) -> String {
    let mut bytes = Vec::new();
    for (mode, name, id) in entries {
        bytes.extend(format!("{mode} {name}\0").bytes());
        bytes.extend(ObjectId::from_hex(id.as_bytes()).unwrap().as_bytes());
    }
    bytes.extend(after);
    let arguments = ["hash-object", "-w", "-t", "tree", "--literally", "--stdin"];
    String::from_utf8(repo.git_bytes(&arguments, &bytes)).unwrap().trim().to_owned()
}

/// Git reads a mode as octal digits, as many as there are, and of their value
/// the bits that say what the entry is; by default it takes such pushes in.
#[test]
fn modes_mean_what_git_takes_them_for() {
    for (directory, file) in [
        ("40000", "100644"),
        ("040000", "0100644"),
        ("0040000", "00100644"),
        ("00000000040000", "00000000100644"),
        ("240000", "100600"),
        ("1640000", "100644"),
    ] {
        let repo = Repo::new();
        repo.write("clean", "x").commit("one", 1);
        let (clean, hit) = (repo.blob(b"x"), repo.blob(b"needle\n"));
        let below = tree(&repo, &[(file, "a", &clean), (file, "f", &hit)], b"");
        let root = tree(&repo, &[(file, "clean", &clean), (directory, "d", &below)], b"");
        assert_eq!(repo.git(&["show", &format!("{root}:d/f")]), "needle\n", "{directory}");
        let commit = repo.git(&["commit-tree", "-p", "HEAD", "-m", "two", &root]);
        repo.git(&["update-ref", "HEAD", commit.trim()]);
        let kept = sweep(repo.root(), "HEAD~1..HEAD").expect("a range");
        assert_eq!(found(&kept), ["d/f: needle".to_owned()].into(), "{directory} {file}");
        let swept = sweep_support::sweep(repo.root(), &prefilter());
        assert_eq!(swept.skipped(), BTreeSet::new(), "{directory} {file}");
        assert_eq!(swept.objects(), [hit].into());
    }
}

/// What follows the damage could be anything.
#[test]
fn a_range_with_a_damaged_tree_is_refused() {
    let repo = Repo::new();
    repo.write("clean", "x").commit("one", 1);
    let clean = repo.blob(b"x");
    for after in [&b"100644 cut"[..], b"1006x4 f\0aaaaaaaaaaaaaaaaaaaa", b"\0"] {
        let root = tree(&repo, &[("100644", "a", &clean)], after);
        let object = format!("tree {root}\nparent {}\nauthor a <a> 1 +0000\n", repo.rev("HEAD"));
        let object = format!("{object}committer a <a> 1 +0000\n\nm\n");
        let arguments = ["hash-object", "-w", "-t", "commit", "--literally", "--stdin"];
        let commit = String::from_utf8(repo.git_bytes(&arguments, object.as_bytes())).unwrap();
        let error = sweep(repo.root(), &format!("HEAD..{}", commit.trim())).unwrap_err();
        assert!(error.to_string().contains(&root), "{error}");
    }
}

/// Git takes the empty tree for granted and may not store it.
#[test]
fn a_commit_of_nothing_is_compared_like_any() {
    let repo = Repo::new();
    let empty = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    let first = repo.git(&["commit-tree", "-m", "no file", empty]);
    repo.git(&["update-ref", "refs/heads/main", first.trim()]);
    repo.write("f", "needle\n").commit("two", 2);
    repo.git(&["rm", "-q", "f"]);
    let third = repo.git(&["commit-tree", "-m", "none again", "-p", "HEAD", empty]);
    let _ = std::fs::remove_file(repo.root().join(".git/objects/4b").join(&empty[2..]));
    let kept = sweep(repo.root(), &format!("{}..{}", first.trim(), third.trim())).unwrap();
    assert_eq!(found(&kept), ["f: needle".to_owned()].into());
}
