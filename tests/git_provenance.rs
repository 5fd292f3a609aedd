//! What history says of an object equals what git says of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/git.rs"]
mod git_support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use git_support::Repo;
use keysweep::finding::{Provenance, Reach, Skip, Tally};
use keysweep::git::{Repository, provenance};
use keysweep::rule::{Literal, Prefilter};
use keysweep::source::{Content, Sink, history};
use proptest::prelude::*;

/// Takes what a sweep delivers and does nothing with it.
struct Nothing;

impl Sink for Nothing {
    fn content(&self, _: Content<'_>) {}
    fn skip(&self, _: Skip) {}
    fn count(&self, _: Tally) {}
}

/// What stands in the objects that the tests ask about.
const LITERALS: [&str; 3] = ["content 1", "content", "wanted"];

fn ask(repo: &Repo, ids: &[&str]) -> BTreeMap<String, Provenance> {
    let repository = Repository::discover_root(repo.root()).unwrap().unwrap();
    let ids: Vec<_> =
        ids.iter().map(|id| gix_hash::ObjectId::from_hex(id.as_bytes()).unwrap()).collect();
    let found = provenance(&repository, &ids).expect("it can be read");
    // After a sweep the commits come from there; where that handed the objects over,
    // what the trees say of them, too; and every tree is read again where it handed over
    // some of them, or did not read the trees in the usual way.
    for (literals, takes_everything) in
        [(&[][..], false), (&LITERALS, false), (&LITERALS[..1], false), (&[], true)]
    {
        let swept = Repository::discover_root(repo.root()).unwrap().unwrap();
        let literals: Vec<_> =
            literals.iter().map(|text| Literal::new(text).expect("ASCII")).collect();
        let prefilter = Prefilter::new(&literals, takes_everything);
        history::sweep(&swept, &Arc::from("root"), &prefilter, &Nothing).expect("it can be swept");
        assert_eq!(provenance(&swept, &ids).expect("it can be read"), found, "{literals:?}");
    }
    found.into_iter().map(|(id, provenance)| (id.to_string(), provenance)).collect()
}

fn ask_one(repo: &Repo, id: &str) -> Provenance {
    ask(repo, &[id]).remove(id).expect("every id is answered")
}

fn commit_id(commit: Option<&keysweep::finding::Commit>) -> Option<String> {
    commit.map(|commit| commit.id.to_string())
}

#[test]
fn a_blob_is_followed_from_its_commit_to_its_removal() {
    let repo = Repo::new();
    repo.write("a/b/file", "other\n").commit("root", 1);
    let blob = repo.blob(b"the wanted bytes\n");
    repo.write("a/b/secret", "the wanted bytes\n");
    let introduced = repo.commit("bring it\n\nbody", 2);
    repo.write("more", "x").commit("more", 3);
    repo.git(&["mv", "a/b/secret", "moved"]);
    repo.commit_index("move it", 4);
    repo.git(&["tag", "v1"]);
    repo.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    repo.git(&["rm", "-q", "moved"]);
    let removed = repo.commit_index("take it away", 5);
    repo.write("more", "y").commit("after", 6);

    let found = ask_one(&repo, &blob);
    assert_eq!(found.reach, Reach::Ref);
    assert_eq!(commit_id(found.introduced.as_ref()), Some(introduced));
    assert_eq!(commit_id(found.removed.as_ref()), Some(removed));
    let commit = found.introduced.unwrap();
    assert_eq!(commit.author, "Ada Author <ada@example.org>");
    assert_eq!(commit.author_date.as_deref(), Some("2023-11-14T22:13:22+00:00"));
    assert_eq!(commit.summary, "bring it");
    assert!(!found.in_head);
    assert_eq!(found.paths.iter().map(|path| &**path).collect::<Vec<_>>(), ["a/b/secret", "moved"]);
    assert_eq!(found.paths_total, 2);
    assert_eq!(found.refs, ["refs/heads/main", "refs/tags/v1"]);
    assert_eq!(found.remote_refs, ["refs/remotes/origin/main"]);
}

#[test]
fn each_reach_is_told_from_the_others() {
    let repo = Repo::new();
    repo.write("file", "one\n").commit("one", 1);
    let on_index = repo.blob(b"index only\n");
    let on_stash = repo.blob(b"stashed first\n");
    let on_note = repo.blob(b"a note\n");
    let on_reflog = repo.blob(b"reset away\n");
    let on_nothing = repo.blob(b"dangling\n");
    let in_tag = repo.blob(b"tagged blob\n");

    repo.write("file", "stashed first\n").git(&["stash", "-q"]);
    repo.write("file", "stashed later\n").git(&["stash", "-q"]);
    repo.git(&["notes", "add", "-m", "a note"]);
    repo.write("file", "reset away\n").commit("lost", 2);
    repo.git(&["reset", "-q", "--hard", "HEAD~1"]);
    repo.git(&["tag", "-a", "-m", "a blob", "blobtag", &in_tag]);
    repo.write("new", "index only\n").git(&["add", "new"]);

    let ids = [&on_index, &on_stash, &on_note, &on_reflog, &on_nothing, &in_tag];
    for (pass, is_packed) in [("loose", false), ("packed", true)] {
        if is_packed {
            repo.git(&["repack", "-q", "-a", "-d", "-f"]);
        }
        let found = ask(&repo, &ids.map(String::as_str));
        assert_eq!(found[&on_index].reach, Reach::Index, "{pass}");
        assert_eq!(found[&on_index].paths, ["new".into()], "{pass}");
        assert_eq!(found[&on_stash].reach, Reach::Stash, "{pass}");
        assert_eq!(found[&on_note].reach, Reach::Note, "{pass}");
        assert_eq!(found[&on_reflog].reach, Reach::Reflog, "{pass}");
        assert_eq!(found[&on_nothing].reach, Reach::Nothing, "{pass}");
        assert_eq!(found[&in_tag].reach, Reach::Ref, "{pass}");
        assert_eq!(found[&in_tag].refs, ["refs/tags/blobtag"]);
        let lost = found[&on_reflog].introduced.as_ref().expect("the lost commit");
        assert_eq!(lost.summary, "lost");
    }
}

#[test]
fn messages_tags_and_trees_have_a_provenance_too() {
    let repo = Repo::new();
    repo.write("dir/file", "one\n");
    let commit = repo.commit("a message", 1);
    repo.git(&["tag", "-a", "-m", "a tag", "v1"]);
    let tag = repo.rev("v1");
    let tree = repo.rev("HEAD:dir");
    let root = repo.rev("HEAD^{tree}");
    repo.write("dir/file", "two\n").commit("next", 2);
    let found = ask(&repo, &[&commit, &tag, &tree, &root]);
    assert_eq!(commit_id(found[&commit].introduced.as_ref()), Some(commit.clone()));
    assert!(found[&commit].removed.is_none());
    assert_eq!(found[&commit].refs, ["refs/heads/main", "refs/tags/v1"]);
    assert_eq!(found[&tag].refs, ["refs/tags/v1"]);
    assert_eq!(found[&tree].paths, ["dir".into()]);
    assert_eq!(commit_id(found[&tree].introduced.as_ref()), Some(commit.clone()));
    assert_eq!(commit_id(found[&root].introduced.as_ref()), Some(commit));
}

#[test]
fn a_key_that_comes_back_and_goes_again_was_removed_by_the_last_commit() {
    let repo = Repo::new();
    let blob = repo.blob(b"wanted\n");
    repo.write("f", "wanted\n");
    let first = repo.commit("in", 1);
    repo.write("f", "x\n").commit("out", 2);
    repo.write("f", "wanted\n").commit("in again", 3);
    repo.write("f", "y\n");
    let last = repo.commit("out again", 4);
    let found = ask_one(&repo, &blob);
    assert_eq!(commit_id(found.introduced.as_ref()), Some(first));
    assert_eq!(commit_id(found.removed.as_ref()), Some(last));
}

#[test]
fn a_merge_of_an_old_branch_is_not_what_removed_a_blob() {
    let repo = Repo::new();
    let blob = repo.blob(b"wanted\n");
    repo.write("f", "wanted\n").write("other", "1").commit("in", 1);
    repo.git(&["branch", "old"]);
    repo.write("f", "clean\n");
    let removed = repo.commit("out", 2);
    repo.git(&["checkout", "-q", "old"]);
    repo.write("other", "2").commit("on the side", 3);
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["merge", "-q", "--no-ff", "-m", "merge", "old"]);
    let found = ask_one(&repo, &blob);
    assert_eq!(commit_id(found.removed.as_ref()), Some(removed));
    assert_eq!(found.refs, ["refs/heads/main", "refs/heads/old"]);
}

/// In packs that overlap, and loose beside them.
#[test]
fn commits_that_are_stored_more_than_once_count_once() {
    let repo = Repo::new();
    let root = repo.write("file", "other\n").commit("root", 1);
    let blob = repo.blob(b"the wanted bytes\n");
    let introduced = repo.write("secret", "the wanted bytes\n").commit("bring it", 2);
    repo.git(&["repack", "-q", "-a"]);
    repo.git(&["rm", "-q", "secret"]);
    let removed = repo.commit_index("take it away", 3);
    repo.git(&["checkout", "-q", "-b", "side", &root]);
    repo.write("more", "x").commit("side", 4);
    repo.git(&["merge", "-q", "-m", "both", &removed]);
    repo.git(&["repack", "-q", "-a"]);
    let packs = std::fs::read_dir(repo.root().join(".git/objects/pack")).unwrap();
    let is_pack = |entry: &std::fs::DirEntry| entry.path().extension() == Some("pack".as_ref());
    assert_eq!(packs.flatten().filter(is_pack).count(), 2);

    let ids = [&*blob, &root, &introduced, &removed];
    let found = ask(&repo, &ids);
    assert_eq!(commit_id(found[&blob].introduced.as_ref()), Some(introduced.clone()));
    assert_eq!(commit_id(found[&blob].removed.as_ref()), Some(removed.clone()));
    repo.git(&["repack", "-q", "-a", "-d", "-f"]);
    assert_eq!(ask(&repo, &ids), found);
}

#[test]
fn a_commit_that_names_ids_of_another_length_is_passed_over() {
    let repo = Repo::new();
    let wanted = repo.blob(b"the wanted bytes\n");
    repo.write("secret", "the wanted bytes\n");
    let introduced = repo.commit("bring it", 1);
    let (short, long) = ("1".repeat(40), "2".repeat(64));
    let end = "author A <a> 1 +0000\ncommitter A <a> 1 +0000\n\nfaulty\n";
    for header in [
        format!("tree {long}\nparent {introduced}\n"),
        format!("tree {short}\nparent {long}\nparent {introduced}\n"),
    ] {
        let commit = format!("{header}{end}");
        let arguments = ["hash-object", "-t", "commit", "-w", "--literally", "--stdin"];
        repo.git_bytes(&arguments, commit.as_bytes());
    }
    let all = ["cat-file", "--batch-all-objects", "--batch-check=%(objectname)"];
    let ids = repo.git_bytes(&all, b"");
    repo.git_bytes(&["pack-objects", "-q", ".git/objects/pack/pack"], &ids);
    repo.git(&["prune-packed", "-q"]);
    let found = ask_one(&repo, &wanted);
    assert_eq!(commit_id(found.introduced.as_ref()), Some(introduced));
}

#[test]
fn grafts_and_replacements_change_nothing() {
    let repo = Repo::new();
    let blob = repo.blob(b"wanted\n");
    repo.write("f", "wanted\n");
    let first = repo.commit("in", 1);
    repo.write("g", "x").commit("middle", 2);
    repo.write("f", "gone\n");
    let last = repo.commit("out", 3);
    let before = ask_one(&repo, &blob);
    let grafts = repo.root().join(".git/info/grafts");
    std::fs::create_dir_all(grafts.parent().unwrap()).unwrap();
    std::fs::write(grafts, format!("{last}\n")).unwrap();
    repo.git(&["replace", "-f", &first, &last]);
    let after = ask_one(&repo, &blob);
    assert_eq!(commit_id(after.introduced.as_ref()), Some(first));
    assert_eq!(after.removed, before.removed);
}

/// One step in the life of a repository with branches.
#[derive(Debug, Clone)]
enum Step {
    Write(u8, u8),
    Remove(u8),
    Branch(u8),
    Merge(u8),
    Orphan,
    /// Packs what is loose, or all anew.
    Pack(bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..5u8, 0..4u8).prop_map(|(path, content)| Step::Write(path, content)),
        2 => (0..5u8).prop_map(Step::Remove),
        3 => (0..4u8).prop_map(Step::Branch),
        2 => (0..4u8).prop_map(Step::Merge),
        1 => Just(Step::Orphan),
        2 => any::<bool>().prop_map(Step::Pack),
    ]
}

const PATHS: [&str; 5] = ["a", "d/a", "d/e/a", "d/e/b", "z/a"];

fn perform(repo: &Repo, steps: &[Step]) {
    repo.write("base", "base\n").commit("base", 0);
    for (time, step) in steps.iter().enumerate() {
        let time = time as u64 / 2;
        match step {
            Step::Write(path, content) => {
                repo.write(PATHS[usize::from(*path)], format!("content {content}\n"));
                repo.commit("write", time);
            }
            Step::Remove(path) => {
                let _ = std::fs::remove_file(repo.root().join(PATHS[usize::from(*path)]));
                repo.commit("remove", time);
            }
            Step::Branch(name) => {
                let name = format!("branch{name}");
                let exists = !repo.git(&["branch", "--list", &name]).is_empty();
                let how: &[&str] = if exists { &["-q"] } else { &["-q", "-b"] };
                repo.git(&[&["checkout"], how, &[&name]].concat());
            }
            Step::Merge(name) => {
                let name = format!("branch{name}");
                if !repo.git(&["branch", "--list", &name]).is_empty() {
                    let merge =
                        ["merge", "-q", "--no-ff", "--allow-unrelated-histories", "-m", "m"];
                    let merged = git_support::command(repo.root())
                        .args(merge)
                        .arg(&name)
                        .output()
                        .expect("git runs");
                    // Conflicts are committed as they are: what counts is what
                    // the trees hold.
                    if !merged.status.success() {
                        repo.commit("conflict", time);
                    }
                }
            }
            Step::Orphan => {
                let name = format!("orphan{time}");
                if repo.git(&["branch", "--list", &name]).is_empty() {
                    repo.git(&["checkout", "-q", "--orphan", &name]);
                    repo.commit_index("orphan", time);
                }
            }
            Step::Pack(false) => drop(repo.git(&["repack", "-q", "-d"])),
            Step::Pack(true) => drop(repo.git(&["repack", "-q", "-a", "-d", "-f", "--depth=30"])),
        }
    }
}

/// Which paths hold the blob in each commit, and each commit's parents.
type Brute = BTreeMap<String, (Vec<String>, BTreeSet<String>)>;

fn brute(repo: &Repo, blob: &str) -> Brute {
    let listed = repo.git(&["rev-list", "--all", "--parents"]);
    listed
        .lines()
        .map(|line| {
            let mut words = line.split(' ').map(ToOwned::to_owned);
            let commit = words.next().unwrap();
            let tree = repo.git(&["ls-tree", "-r", &commit]);
            let paths = tree
                .lines()
                .filter_map(|line| line.split_once('\t'))
                .filter(|(facts, _)| facts.ends_with(blob))
                .map(|(_, path)| path.to_owned())
                .collect();
            (commit, (words.collect(), paths))
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 16,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn provenance_of_any_history_equals_brute_force(
        steps in proptest::collection::vec(step(), 1..24),
    ) {
        let repo = Repo::new();
        perform(&repo, &steps);
        let blobs: Vec<String> =
            (0..4).map(|content| repo.blob(format!("content {content}\n").as_bytes())).collect();
        let found = ask(&repo, &blobs.iter().map(String::as_str).collect::<Vec<_>>());
        let head = repo.rev("HEAD");
        let refs = repo.git(&["for-each-ref", "--format=%(refname)"]);
        for blob in &blobs {
            let told = &found[blob];
            let brute = brute(&repo, blob);
            let holds = |commit: &String| brute.get(commit).is_some_and(|(_, paths)| !paths.is_empty());
            prop_assert_eq!(told.in_head, holds(&head));
            let paths: BTreeSet<&String> = brute.values().flat_map(|(_, paths)| paths).collect();
            prop_assert_eq!(told.paths_total, paths.len() as u64);
            let own: Vec<&str> = refs
                .lines()
                .filter(|name| repo.git(&["rev-list", "--objects", name]).contains(blob.as_str()))
                .collect();
            prop_assert_eq!(&told.refs, &own);
            let introducing: Vec<&String> = brute
                .iter()
                .filter(|(commit, (parents, _))| holds(commit) && !parents.iter().any(holds))
                .map(|(commit, _)| commit)
                .collect();
            match commit_id(told.introduced.as_ref()) {
                None => prop_assert!(introducing.is_empty()),
                Some(introduced) => {
                    prop_assert!(introducing.contains(&&introduced));
                    for other in introducing.iter().filter(|other| ***other != introduced) {
                        let base = repo.git(&["rev-list", "--max-count=1", &introduced, &format!("^{other}")]);
                        let is_after = repo.git(&["rev-list", &introduced]).contains(other.as_str());
                        prop_assert!(!is_after, "{} is after {} ({})", introduced, other, base);
                    }
                }
            }
            if let Some(removed) = commit_id(told.removed.as_ref()) {
                let (parents, paths) = &brute[&removed];
                prop_assert!(paths.is_empty() && parents.iter().all(holds));
                prop_assert!(!told.in_head);
            }
        }
    }
}
