//! Every kind of place that holds bytes is swept, and what is not is named.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/git.rs"]
pub(crate) mod git_support;
#[path = "support/git_sweep.rs"]
mod sweep_support;

use std::collections::BTreeMap;
use std::path::Path;

use git_support::{Repo, command, git_in};
use keysweep::finding::SourceKind;
use keysweep::rule::{Literal, Prefilter};
use sweep_support::{Kept, assert_equals_brute_force, sweep};

fn prefilter() -> Prefilter {
    Prefilter::new(&[Literal::new("needle").unwrap()], false)
}

/// The number that stands after each `needle`, with the kind of place.
fn places(kept: &Kept) -> BTreeMap<String, SourceKind> {
    let contents = kept.contents.lock().unwrap();
    let mut found = BTreeMap::new();
    for (origin, bytes) in contents.iter() {
        let text = String::from_utf8_lossy(bytes);
        for (at, _) in text.match_indices("needle-") {
            let word: String =
                text[at + 7..].chars().take_while(char::is_ascii_alphanumeric).collect();
            // A message stands in the reflog too.
            let source = found.entry(word).or_insert(origin.source);
            *source = origin.source.min(*source);
        }
    }
    found
}

fn kinds(kept: &Kept) -> Vec<&'static str> {
    kept.skipped().into_iter().map(|(_, kind)| kind).collect()
}

/// What a file is depends on where in the repository it lies, not on where that lies.
#[test]
fn a_repository_below_a_directory_of_logs_is_one_like_any_other() {
    let repo = Repo::new();
    repo.write("f", "x").commit("one", 1);
    repo.git(&["clone", "-q", "--bare", ".", "logs/inner.git"]);
    let inner = repo.root().join("logs/inner.git");
    std::fs::write(inner.join("description"), "needle-description\n").unwrap();
    std::fs::create_dir_all(inner.join("logs")).unwrap();
    std::fs::write(inner.join("logs/HEAD"), "needle-log\n").unwrap();
    let expected = [("description", SourceKind::Metadata), ("log", SourceKind::Reflog)];
    let expected = expected.map(|(word, kind)| (word.to_owned(), kind)).into();
    assert_eq!(places(&sweep(&inner, &prefilter())), expected);
}

#[test]
fn each_kind_of_place_is_swept() {
    let repo = Repo::new();
    repo.write("f", "needle-history\n").commit("one", 1);
    repo.write("f", "clean\n").commit("needle-message here", 2);
    repo.git(&["tag", "-a", "-m", "needle-tag", "v1"]);
    repo.git(&["notes", "add", "-m", "needle-note"]);
    repo.git(&["branch", "needle-branch"]);
    repo.write("needle-name", "x").commit("names", 3);
    repo.write("f", "needle-stash1\n").git(&["stash", "-q"]);
    repo.write("f", "needle-stash2\n").git(&["stash", "-q"]);
    repo.write("f", "needle-reset\n").commit("lost", 4);
    repo.git(&["reset", "-q", "--hard", "HEAD~1"]);
    repo.git(&["update-ref", "-m", "needle-reflog", "refs/heads/side", "HEAD~1"]);
    repo.git(&["reflog", "show"]);
    let log = repo.root().join(".git/logs/HEAD");
    let mut lines = std::fs::read_to_string(&log).unwrap();
    let id = repo.rev("HEAD");
    lines.push_str(&format!("{id} {id} A <a@b> 1 +0000\tneedle-logged\n"));
    std::fs::write(&log, lines).unwrap();
    repo.write("staged", "needle-index\n").git(&["add", "staged"]);
    repo.blob(b"needle-dangling\n");
    repo.git(&["config", "remote.origin.url", "https://needle-remote@example.org/x"]);
    std::fs::create_dir_all(repo.root().join(".git/hooks")).unwrap();
    repo.write(".git/hooks/pre-commit", "#!/bin/sh\n# needle-hook\n");
    repo.write(".git/FETCH_HEAD", format!("{id}\t\tbranch 'x' of https://needle-fetched@h/\n"));
    repo.write(".git/COMMIT_EDITMSG", "needle-edited\n");
    repo.write(".git/rr-cache/ab/preimage", "needle-rerere\n");
    repo.write(".git/lfs/objects/12/34/1234", "needle-lfs\n");
    repo.git(&["worktree", "add", "-q", "../linked"]);
    let linked = repo.beside("linked");
    std::fs::write(linked.join("w"), "needle-linked\n").unwrap();
    git_in(&linked, &["add", "w"], b"");
    let alternate = Repo::new();
    alternate.write("a", "needle-alternate\n").commit("a", 1);
    let objects = alternate.root().join(".git/objects");
    repo.write(".git/objects/info/alternates", format!("{}\n", objects.display()));
    let quarantine = repo.root().join(".git/objects/tmp_objdir-incoming-x1");
    std::fs::create_dir_all(&quarantine).unwrap();
    let mut hash = command(repo.root());
    hash.env("GIT_OBJECT_DIRECTORY", &quarantine).args(["hash-object", "-w", "--stdin"]);
    let source = repo.beside("input");
    std::fs::write(&source, "needle-quarantine\n").unwrap();
    assert!(hash.stdin(std::fs::File::open(source).unwrap()).status().unwrap().success());
    let headed = format!(
        "tree {}\nauthor A needle-author <a@b> 1 +0000\ncommitter C <c@d> 1 +0000\nextra needle-header\n\nm\n",
        repo.rev("HEAD^{tree}")
    );
    repo.git_bytes(&["hash-object", "-t", "commit", "-w", "--stdin"], headed.as_bytes());

    use SourceKind::{History, Index, Message, Metadata, Reflog, Tag};
    let expected: BTreeMap<String, SourceKind> = [
        ("history", History),
        ("message", Message),
        ("tag", Tag),
        ("note", History),
        ("branch", Metadata),
        ("name", Index),
        ("stash1", History),
        ("stash2", History),
        ("reset", History),
        ("logged", Reflog),
        ("reflog", Reflog),
        ("index", History),
        ("dangling", History),
        ("remote", Metadata),
        ("hook", Metadata),
        ("fetched", Metadata),
        ("edited", Metadata),
        ("rerere", Metadata),
        ("lfs", Metadata),
        ("linked", History),
        ("alternate", History),
        ("quarantine", History),
        ("author", Message),
        ("header", Message),
    ]
    .map(|(word, kind)| (word.to_owned(), kind))
    .into();
    for pass in ["loose", "packed"] {
        let kept = sweep(repo.root(), &prefilter());
        assert_eq!(places(&kept), expected, "{pass}");
        assert_eq!(kinds(&kept), Vec::<&str>::new(), "{pass}");
        let from_linked = sweep(&linked, &prefilter());
        assert_eq!(places(&from_linked), expected, "{pass}, from the linked worktree");
        repo.git(&["repack", "-q", "-a", "-d", "-k"]);
    }
}

#[test]
fn a_bare_repository_and_one_of_sha_256_are_swept() {
    let repo = Repo::init(&["--object-format=sha256"]);
    repo.write("d/f", "needle-one\n").commit("needle-two", 1);
    repo.git(&["repack", "-q", "-a", "-d"]);
    let bare = repo.beside("bare.git");
    repo.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    for root in [repo.root(), bare.as_path()] {
        assert_eq!(assert_equals_brute_force(root, &prefilter()), 2);
    }
}

#[test]
fn refs_stored_as_reftable_are_named_and_the_objects_are_swept() {
    let repo = Repo::init(&["--ref-format=reftable"]);
    repo.write("f", "needle-one\n").commit("one", 1);
    let kept = sweep(repo.root(), &prefilter());
    assert!(places(&kept).contains_key("one"));
    assert_eq!(kinds(&kept), ["unsupported"]);
}

#[test]
fn a_shallow_boundary_a_submodule_and_a_nested_repository_are_named() {
    let inner = Repo::new();
    inner.write("f", "x").commit("inner", 1);
    let repo = Repo::new();
    repo.write("f", "1").commit("one", 1);
    repo.write("f", "2").commit("two", 2);
    let url = format!("file://{}", inner.root().display());
    repo.git(&["submodule", "--quiet", "add", &url, "sub"]);
    repo.commit("three", 3);
    let kept = sweep(repo.root(), &prefilter());
    assert_eq!(kinds(&kept), ["nested-repository", "gitlink"]);
    let shallow = repo.beside("shallow");
    let url = format!("file://{}", repo.root().display());
    repo.git(&["clone", "-q", "--depth=1", &url, shallow.to_str().unwrap()]);
    let kept = sweep(&shallow, &prefilter());
    assert!(kinds(&kept).contains(&"shallow"), "{:?}", kept.skipped());
}

#[test]
fn what_a_partial_clone_lacks_and_what_a_pointer_stands_for_is_named() {
    let repo = Repo::new();
    repo.write("f", "1").commit("one", 1);
    let id = "34".repeat(32);
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{id}\nsize 5\n");
    repo.write("big", &pointer).commit("two", 2);
    repo.git(&["repack", "-q", "-a", "-d"]);
    assert_eq!(kinds(&sweep(repo.root(), &prefilter())), ["lfs"]);
    repo.write(&format!(".git/lfs/objects/34/34/{id}"), "the file");
    assert_eq!(kinds(&sweep(repo.root(), &prefilter())), Vec::<&str>::new());

    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    let partial = repo.beside("partial");
    let url = format!("file://{}", repo.root().display());
    repo.git(&[
        "clone",
        "-q",
        "--no-checkout",
        "--filter=blob:none",
        &url,
        partial.to_str().unwrap(),
    ]);
    let kept = sweep(&partial, &prefilter());
    assert_eq!(kinds(&kept), ["partial"]);
    let skips = kept.skips.lock().unwrap();
    assert!(skips[0].reason.starts_with("2 objects"), "{}", skips[0].reason);
}

#[test]
fn an_unknown_extension_and_an_unknown_format_are_loud() {
    let repo = Repo::new();
    repo.write("f", "needle-one\n").commit("one", 1);
    let config = repo.root().join(".git/config");
    let sound = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{sound}[extensions]\n\tquantum = true\n")).unwrap();
    assert_eq!(kinds(&sweep(repo.root(), &prefilter())), ["unsupported"]);
    std::fs::write(&config, format!("{sound}[extensions]\n\tobjectFormat = sha3\n")).unwrap();
    let error = keysweep::git::Repository::discover_root(repo.root()).expect_err("unknown");
    assert!(error.to_string().contains("sha3"), "{error}");
}

/// What a hostile configuration asks for is not done.
#[test]
#[cfg(unix)]
fn nothing_of_the_configuration_is_obeyed_and_links_are_not_followed() {
    let repo = Repo::new();
    repo.write("f", "needle-one\n").commit("one", 1);
    let trace = repo.beside("executed");
    let evil = format!("touch {}", trace.display());
    for key in
        ["core.fsmonitor", "diff.external", "core.sshCommand", "core.pager", "filter.x.clean"]
    {
        repo.git(&["config", key, &evil]);
    }
    let outside = repo.beside("outside");
    std::fs::write(&outside, "needle-outside\n").unwrap();
    std::os::unix::fs::symlink(&outside, repo.root().join(".git/link")).unwrap();
    std::os::unix::fs::symlink(&outside, repo.root().join(".git/refs/heads/link")).unwrap();
    let fifo = repo.root().join(".git/fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    std::fs::write(repo.root().join(".git/config.lock"), "needle-lock").unwrap();
    let kept = sweep(repo.root(), &prefilter());
    assert!(!trace.exists());
    assert!(!places(&kept).contains_key("outside"));
    assert!(places(&kept).contains_key("lock"));
    let kinds = kinds(&kept);
    assert!(
        kinds.contains(&"special") && kinds.contains(&"link") && kinds.contains(&"corrupt"),
        "{kinds:?}"
    );
}

#[test]
fn a_missing_alternate_is_named() {
    let repo = Repo::new();
    repo.write("f", "x").commit("one", 1);
    repo.write(".git/objects/info/alternates", "/nowhere/objects\n# comment\n../../loop\n");
    let kept = sweep(repo.root(), &prefilter());
    assert_eq!(kinds(&kept), ["missing", "missing"]);
    assert!(Path::new("/nowhere").metadata().is_err());
}
