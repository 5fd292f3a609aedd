//! Sweeping in tests, and the brute force that a sweep is compared with.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use keysweep::finding::{Origin, Skip, Tally};
use keysweep::git::Repository;
use keysweep::rule::Prefilter;
use keysweep::source::{Content, Sink, history};

/// Keeps everything that a source gives.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) contents: Mutex<Vec<(Arc<Origin>, Vec<u8>)>>,
    pub(crate) skips: Mutex<Vec<Skip>>,
    pub(crate) tally: Mutex<Tally>,
}

impl Sink for Kept {
    fn content(&self, content: Content<'_>) {
        let own = content.bytes[content.own.clone()].to_vec();
        self.contents.lock().unwrap().push((Arc::clone(content.origin), own));
    }

    fn skip(&self, skip: Skip) {
        self.skips.lock().unwrap().push(skip);
    }

    fn count(&self, tally: Tally) {
        *self.tally.lock().unwrap() += tally;
    }
}

impl Kept {
    /// The ids of objects that were handed over, of trees the names apart.
    pub(crate) fn objects(&self) -> BTreeSet<String> {
        let contents = self.contents.lock().unwrap();
        contents
            .iter()
            .filter(|(origin, _)| origin.path.is_none())
            .filter_map(|(origin, _)| Some(origin.object?.to_string()))
            .collect()
    }

    /// The names in trees that were handed over.
    pub(crate) fn names(&self) -> BTreeSet<Vec<u8>> {
        let contents = self.contents.lock().unwrap();
        contents
            .iter()
            .filter(|(origin, _)| origin.path.is_some() && origin.object.is_some())
            .map(|(_, bytes)| bytes.clone())
            .collect()
    }

    /// Each thing not read: its origin and the kind of reason.
    pub(crate) fn skipped(&self) -> BTreeSet<(String, &'static str)> {
        let skips = self.skips.lock().unwrap();
        skips.iter().map(|skip| (skip.origin.clone(), skip.kind.name())).collect()
    }

    /// The contents of one kind of place.
    pub(crate) fn texts(&self, source: keysweep::finding::SourceKind) -> Vec<String> {
        let contents = self.contents.lock().unwrap();
        contents
            .iter()
            .filter(|(origin, _)| origin.source == source)
            .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
            .collect()
    }
}

/// Sweeps the storage of the repository at `root`.
pub(crate) fn sweep(root: &Path, prefilter: &Prefilter) -> Kept {
    let repository = Repository::discover_root(root).expect("readable").expect("a repository");
    let kept = Kept::default();
    history::sweep(&repository, &Arc::from("root"), prefilter, &kept).expect("it can be swept");
    kept
}

/// What brute force found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Brute {
    pub(crate) objects: BTreeSet<String>,
    pub(crate) names: BTreeSet<Vec<u8>>,
    pub(crate) blobs: u64,
    pub(crate) commits: u64,
    pub(crate) bytes: u64,
}

/// Reads every object with `git cat-file` and asks the prefilter about each.
pub(crate) fn brute_force(root: &Path, prefilter: &Prefilter) -> Brute {
    use std::io::{BufRead as _, Read as _};
    let mut child = crate::git_support::command(root)
        .args(["cat-file", "--batch-all-objects", "--unordered", "--batch"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("git runs");
    let mut stream = std::io::BufReader::new(child.stdout.take().expect("piped"));
    let mut brute = Brute::default();
    let (mut header, mut content) = (String::new(), Vec::new());
    loop {
        header.clear();
        if stream.read_line(&mut header).expect("readable") == 0 {
            break;
        }
        let words: Vec<&str> = header.split_whitespace().collect();
        let [id, kind, len] = words[..] else { panic!("{header:?}") };
        let len: usize = len.parse().expect("a number");
        content.resize(len + 1, 0);
        stream.read_exact(&mut content).expect("as long as said");
        let bytes = &content[..len];
        if kind == "tree" {
            let takes_all = prefilter.takes_everything();
            let is_candidate = |name: &Vec<u8>| takes_all || prefilter.holds_literal(name);
            brute.names.extend(names(bytes, id.len() / 2).filter(is_candidate));
            continue;
        }
        brute.blobs += u64::from(kind == "blob");
        brute.commits += u64::from(kind == "commit");
        brute.bytes += len as u64;
        // Only a blob can be a container.
        let is_candidate = match kind {
            "blob" => prefilter.is_candidate(bytes),
            _ => prefilter.takes_everything() || prefilter.holds_literal(bytes),
        };
        if is_candidate {
            brute.objects.insert(id.to_owned());
        }
    }
    assert!(child.wait().expect("git ends").success());
    brute
}

fn names(mut tree: &[u8], hash_len: usize) -> impl Iterator<Item = Vec<u8>> {
    std::iter::from_fn(move || {
        let end = tree.iter().position(|byte| *byte == 0)?;
        let space = tree.iter().position(|byte| *byte == b' ')?;
        let name = tree[space + 1..end].to_vec();
        tree = &tree[end + 1 + hash_len..];
        Some(name)
    })
}

/// Asserts that a sweep hands over what brute force finds, and counts the same.
pub(crate) fn assert_equals_brute_force(root: &Path, prefilter: &Prefilter) -> usize {
    let kept = sweep(root, prefilter);
    let brute = brute_force(root, prefilter);
    assert_eq!(kept.skipped(), BTreeSet::new());
    assert_eq!(kept.objects(), brute.objects);
    assert_eq!(kept.names(), brute.names);
    let tally = *kept.tally.lock().unwrap();
    assert_eq!(
        (tally.blobs, tally.commits, tally.bytes),
        (brute.blobs, brute.commits, brute.bytes)
    );
    let contents = kept.contents.lock().unwrap();
    let mut ids: Vec<_> = contents
        .iter()
        .filter(|(origin, _)| origin.path.is_none())
        .filter_map(|(origin, _)| origin.object)
        .collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "an object was handed over twice");
    all
}
