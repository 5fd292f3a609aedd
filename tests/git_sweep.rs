//! The sweep of a repository's storage equals brute force over `git cat-file`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/git.rs"]
pub(crate) mod git_support;
#[path = "support/git_sweep.rs"]
mod sweep_support;

use std::path::Path;

use git_support::Repo;
use keysweep::rule::{Literal, Prefilter};
use proptest::prelude::*;
use sweep_support::{assert_equals_brute_force, sweep};

fn prefilter(literals: &[&str]) -> Prefilter {
    let literals: Vec<Literal> =
        literals.iter().map(|text| Literal::new(text).expect("long enough")).collect();
    Prefilter::new(&literals, false)
}

const SOUGHT: [&str; 2] = ["needle", "long_haystack"];

/// A change to a repository under test.
#[derive(Debug, Clone)]
enum Change {
    /// Replaces a part of a file: file, place, bytes.
    Edit(u8, u16, Vec<u8>),
    /// Cuts a part out of a file, so that what stood apart joins.
    Cut(u8, u16, u8),
    /// Renames a file.
    Rename(u8),
    /// Takes some of many files away and names others anew: first, how many, name.
    Name(u8, u8, String),
    /// Commits on a side branch and merges.
    Merge(u8, Vec<u8>),
    /// Packs everything with this window and depth.
    Repack(u8, u8, bool),
    /// Packs what is loose into a pack of its own.
    Pack,
    /// Stores a blob that nothing names.
    Dangling(Vec<u8>),
    /// Commits or tags with a message.
    Say(Vec<u8>, bool),
}

/// Bytes that often hold a literal, a part of one, or begin like a container.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let literal = prop_oneof![
        Just(b"needle".to_vec()),
        Just(b"NeeDLe".to_vec()),
        Just(b"nee".to_vec()),
        Just(b"dle".to_vec()),
        Just(b"ne".to_vec()),
        Just(b"edle".to_vec()),
        // A literal longer than its core, and one as base64 and digits spell it.
        Just(b"long_hay".to_vec()),
        // Cores without the rest.
        Just(b"g_haystack".to_vec()),
        Just(b"long_haystac".to_vec()),
        Just(b"stack".to_vec()),
        Just(b"bmVl".to_vec()),
        Just(b"ZGxl".to_vec()),
        Just(b"6E65".to_vec()),
        Just(b"65646c65".to_vec()),
        Just(b"PK\x03\x04".to_vec()),
        Just(b"PK\x05\x06".to_vec()),
        Just(b"\0\xff\n".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..40),
        "[a-z \n]{0,60}".prop_map(String::into_bytes),
        // Longer than what is left whole of a copy.
        "[a-z \n]{40,150}".prop_map(String::into_bytes),
    ];
    proptest::collection::vec(literal, 0..4).prop_map(|parts| parts.concat())
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => (0..3u8, any::<u16>(), piece()).prop_map(|(f, at, b)| Change::Edit(f, at, b)),
        3 => (0..3u8, any::<u16>(), any::<u8>()).prop_map(|(f, at, n)| Change::Cut(f, at, n)),
        1 => (0..3u8).prop_map(Change::Rename),
        3 => (any::<u8>(), 0..4u8, "(needle)?[a-z]{1,9}(nee|dle)?")
            .prop_map(|(first, count, name)| Change::Name(first, count, name)),
        1 => (0..3u8, piece()).prop_map(|(f, b)| Change::Merge(f, b)),
        1 => (1..20u8, 1..60u8, any::<bool>()).prop_map(|(w, d, r)| Change::Repack(w, d, r)),
        1 => Just(Change::Pack),
        1 => piece().prop_map(Change::Dangling),
        1 => (piece(), any::<bool>()).prop_map(|(b, tag)| Change::Say(b, tag)),
    ]
}

/// The files' contents while changes are applied.
struct Bench {
    repo: Repo,
    files: Vec<(String, Vec<u8>)>,
    time: u64,
}

impl Bench {
    fn new(arguments: &[&str]) -> Self {
        let text: String = (0..80).map(|line| format!("line {line} of some text\n")).collect();
        let files = (0..3)
            .map(|file| (format!("dir{file}/file"), format!("{file}{text}").into_bytes()))
            .chain((0..40).map(|file| (format!("many/file{file}"), vec![b'a', file])))
            .collect();
        let mut bench = Self { repo: Repo::init(arguments), files, time: 0 };
        bench.commit("first");
        bench
    }

    fn commit(&mut self, message: &str) {
        for (path, bytes) in &self.files {
            self.repo.write(path, bytes);
        }
        self.time += 1;
        self.repo.commit(message, self.time);
    }

    fn edit(&mut self, file: u8, at: u16, piece: &[u8]) {
        let bytes = &mut self.files[usize::from(file)].1;
        let at = usize::from(at) % (bytes.len() + 1);
        let end = (at + piece.len() / 2).min(bytes.len());
        bytes.splice(at..end, piece.iter().copied());
    }

    fn apply(&mut self, change: &Change) {
        match change {
            Change::Edit(file, at, piece) => {
                self.edit(*file, *at, piece);
                self.commit("edit");
            }
            Change::Cut(file, at, len) => {
                let bytes = &mut self.files[usize::from(*file)].1;
                let at = usize::from(*at) % (bytes.len() + 1);
                bytes.drain(at..(at + usize::from(*len)).min(bytes.len()));
                self.commit("cut");
            }
            Change::Rename(file) => {
                let path = &mut self.files[usize::from(*file)].0;
                std::fs::remove_file(self.repo.root().join(&*path)).expect("it is there");
                path.push_str("needle");
                self.commit("rename");
            }
            Change::Name(first, count, name) => {
                let first = 3 + usize::from(*first) % (self.files.len() - 3);
                let last = (first + usize::from(*count)).min(self.files.len() - 1);
                for (path, _) in &self.files[first..=last] {
                    std::fs::remove_file(self.repo.root().join(path)).expect("it is there");
                }
                self.files.drain(first..last);
                self.files[first].0 = format!("many/{name}{}", self.time);
                self.commit("name");
            }
            Change::Merge(file, piece) => {
                self.repo.git(&["checkout", "-q", "-b", "side"]);
                self.edit(*file, 500, piece);
                self.commit("side");
                self.repo.git(&["checkout", "-q", "main"]);
                self.repo.git(&["merge", "-q", "--no-ff", "-m", "merge", "side"]);
                self.repo.git(&["branch", "-q", "-D", "side"]);
            }
            Change::Repack(window, depth, keeps_reuse) => {
                let window = format!("--window={window}");
                let depth = format!("--depth={depth}");
                let reuse = if *keeps_reuse { "-a" } else { "-F" };
                self.repo.git(&["repack", "-q", "-a", "-d", reuse, &window, &depth]);
            }
            Change::Pack => drop(self.repo.git(&["repack", "-q", "-d"])),
            Change::Dangling(bytes) => drop(self.repo.blob(bytes)),
            Change::Say(bytes, is_tag) => {
                let message = String::from_utf8_lossy(bytes).replace('\0', "");
                if *is_tag {
                    self.time += 1;
                    let name = format!("tag{}", self.time);
                    self.repo.git(&["tag", "-a", "-m", &format!("x{message}"), &name]);
                } else {
                    self.commit(&format!("x{message}"));
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_sweep_of_any_repository_equals_brute_force(
        changes in proptest::collection::vec(change(), 1..14),
        is_sha256 in proptest::bool::weighted(0.2),
    ) {
        let arguments: &[&str] = if is_sha256 { &["--object-format=sha256"] } else { &[] };
        let mut bench = Bench::new(arguments);
        for change in &changes {
            bench.apply(change);
        }
        assert_equals_brute_force(bench.repo.root(), &prefilter(&SOUGHT));
        bench.repo.git(&["gc", "-q", "--prune=now"]);
        assert_equals_brute_force(bench.repo.root(), &prefilter(&SOUGHT));
        let everything = Prefilter::new(&[], true);
        assert_equals_brute_force(bench.repo.root(), &everything);
    }
}

/// Of the repositories that `KEYSWEEP_CORPUS` names, parted by `:`; without it of
/// the one that this file is in, unless the sources came without it.
#[test]
fn a_sweep_of_real_repositories_equals_brute_force() {
    let own = env!("CARGO_MANIFEST_DIR");
    let corpora = std::env::var("KEYSWEEP_CORPUS").unwrap_or_else(|_| own.to_owned());
    for corpus in corpora.split(':') {
        if corpus == own && !Path::new(own).join(".git").exists() {
            return;
        }
        for literals in [&["bitkit", "bytestack"][..], &["antirez", "rerere", "semver", "galaxy"]] {
            assert_equals_brute_force(corpus.as_ref(), &prefilter(literals));
        }
    }
}

#[test]
fn an_object_in_two_packs_and_loose_is_handed_over_and_counted_once() {
    let repo = Repo::new();
    repo.write("a", "needle one\n").commit("one", 1);
    repo.git(&["repack", "-q", "-d"]);
    repo.write("b", "needle two\n").commit("two", 2);
    let pack = repo.root().join(".git/objects/pack");
    let old: Vec<_> =
        std::fs::read_dir(&pack).unwrap().map(|entry| entry.unwrap().path()).collect();
    for path in &old {
        std::fs::copy(path, repo.beside(path.file_name().unwrap().to_str().unwrap())).unwrap();
    }
    repo.git(&["repack", "-q", "-a", "-d"]);
    for path in &old {
        std::fs::copy(repo.beside(path.file_name().unwrap().to_str().unwrap()), path).unwrap();
    }
    assert_eq!(assert_equals_brute_force(repo.root(), &prefilter(&["needle"])), 2);
}

#[test]
fn a_cancelled_sweep_ends_without_a_fault() {
    struct Cancelled;
    impl keysweep::source::Sink for Cancelled {
        fn content(&self, _: keysweep::source::Content<'_>) {}
        fn skip(&self, _: keysweep::finding::Skip) {}
        fn count(&self, _: keysweep::finding::Tally) {}
        fn is_cancelled(&self) -> bool {
            true
        }
    }
    let repo = Repo::new();
    repo.write("a", "needle").commit("one", 1);
    let repository = keysweep::git::Repository::discover_root(repo.root()).unwrap().unwrap();
    let root = std::sync::Arc::from("root");
    keysweep::source::history::sweep(&repository, &root, &prefilter(&["needle"]), &Cancelled)
        .expect("cancelling is no error");
    assert_eq!(sweep(repo.root(), &prefilter(&["needle"])).objects().len(), 1);
}
