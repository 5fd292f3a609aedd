//! Attacks by what a repository stores: objects, packs, history.

use std::io::Write as _;

use super::{Case, Scene, found, not_covered, size};
use crate::pack_support::{Entry, PackWriter, blob_id, copy, delta, lengths, literal_delta};
use crate::support::git::Repo;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a tree bomb: twelve trees, 10^10 paths, a key at every end",
        build: |scene| {
            let (repo, mut id) = stored(scene);
            let mut mode = "100644";
            for _ in 0..10 {
                let names: Vec<(String, &str)> =
                    (0..10).map(|at| (at.to_string(), &id[..])).collect();
                id = tree(&repo, mode, &names);
                mode = "40000";
            }
            name_commit(&repo, &commit_of(&repo, &id, &[], "a bomb"));
            scene.adopt(repo);
        },
        expected: found(1),
    },
    Case {
        name: "trees five thousand deep",
        build: |scene| {
            let (repo, mut id) = stored(scene);
            let mut mode = "100644";
            for _ in 0..size(5000, 1500) {
                id = tree(&repo, mode, &[("d".to_owned(), &id)]);
                mode = "40000";
            }
            name_commit(&repo, &commit_of(&repo, &id, &[], "deep"));
            scene.adopt(repo);
        },
        expected: found(1),
    },
    Case {
        name: "tree entries named .., .git, absolute, empty, with controls, twice",
        build: |scene| {
            let (repo, blob) = stored(scene);
            let names =
                ["..", ".git", ".", "/etc/passwd", "", "a/b", "x\u{1b}[2J\n", "x", "x", "-rf"];
            let names: Vec<(String, &str)> =
                names.iter().map(|name| ((*name).to_owned(), &blob[..])).collect();
            name_commit(&repo, &commit_of(&repo, &tree(&repo, "100644", &names), &[], "names"));
            scene.adopt(repo);
        },
        expected: found(1),
    },
    Case {
        name: "trees with modes of nothing, cut entries and missing objects",
        build: |scene| {
            let (repo, blob) = stored(scene);
            let sound = tree(&repo, "100644", &[("a".to_owned(), &blob)]);
            for bytes in [&b"100644 a\0short"[..], b"x", b"999999999999999999999 a\0", &[0xff; 50]]
            {
                let odd = loose(&repo, "tree", bytes);
                name_commit(&repo, &commit_of(&repo, &odd, &[], "odd"));
            }
            name_commit(&repo, &commit_of(&repo, &sound, &[&"12".repeat(20)], "orphan"));
            scene.adopt(repo);
        },
        expected: found(1),
    },
    Case {
        name: "authors and dates of every malformed kind",
        build: malformed_commits,
        expected: found(8),
    },
    Case {
        name: "a message of 30 MB with a key as its last line",
        build: |scene| {
            let (line, repo) = (scene.line("a"), Repo::new());
            let empty = loose(&repo, "tree", b"");
            let message = format!("{}\n{line}", "x\n".repeat(size(15 << 20, 2 << 20)));
            name_commit(&repo, &commit_of(&repo, &empty, &[], &message));
            scene.adopt(repo);
        },
        expected: found(1),
    },
    Case {
        name: "a line of thirty thousand commits, and one with ten thousand parents",
        build: |scene| {
            let (repo, blob) = stored(scene);
            let mut stream = String::new();
            for at in 0..size(300_000, 30_000) {
                stream.push_str(&format!(
                    "commit refs/heads/line\nmark :{}\ncommitter A <a@b> {} +0000\ndata 1\nx\n",
                    at + 1,
                    1_700_000_000 + at
                ));
            }
            repo.git_bytes(&["fast-import", "--quiet"], stream.as_bytes());
            let top = tree(&repo, "100644", &[("a".to_owned(), &blob)]);
            let all = repo.git(&["rev-list", "line", "-n", "10000"]);
            let parents: Vec<&str> = all.lines().collect();
            name_commit(&repo, &commit_of(&repo, &top, &parents, "octopus"));
            scene.adopt(repo);
        },
        expected: found(1),
    },
    Case {
        name: "ten thousand tags, each of the one before",
        build: |scene| {
            let (repo, mut id) = stored(scene);
            let mut kind = "blob";
            for at in 0..size(10_000, 3_000) {
                let text =
                    format!("object {id}\ntype {kind}\ntag t{at}\ntagger A <a@b> 1 +0000\n\nx\n");
                id = loose(&repo, "tag", text.as_bytes());
                kind = "tag";
            }
            repo.write(".git/refs/tags/deep", format!("{id}\n"));
            scene.adopt(repo);
        },
        expected: found(1),
    },
    Case {
        name: "loose objects that are empty, cut, lie about their size or kind",
        build: broken_loose,
        expected: found(1).naming(&["corrupt"]),
    },
    Case {
        name: "a pack with a flipped byte in its only blob",
        build: |scene| {
            let mut pack = PackWriter::new();
            let line = scene.line("a");
            pack.add(Entry::blob(line.as_bytes()).damaged());
            scene.adopt(pack.into_repository());
        },
        expected: not_covered(&["corrupt"]),
    },
    Case {
        name: "a pack cut in half",
        build: |scene| {
            let mut pack = PackWriter::new();
            for at in 0..2000_u32 {
                pack.add(Entry::blob(&at.to_le_bytes().repeat(50)));
            }
            let repo = pack.into_repository();
            let path = repo.root().join(".git/objects/pack/pack-0.pack");
            let length = std::fs::metadata(&path).expect("a pack").len();
            let file = std::fs::OpenOptions::new().write(true).open(path).expect("writable");
            file.set_len(length / 2).expect("cut");
            scene.adopt(repo);
        },
        expected: not_covered(&["corrupt"]),
    },
    Case {
        name: "entries that declare sizes of exabytes",
        build: |scene| {
            let mut pack = PackWriter::new();
            let line = scene.line("a");
            pack.add(Entry::blob(line.as_bytes()));
            for (at, size) in [1_u64 << 40, 1 << 60, u64::MAX].into_iter().enumerate() {
                pack.add(Entry::blob(&[at as u8; 9]).with_size(size));
            }
            let base = pack.add(Entry::blob(b"base"));
            let vast = [lengths(4, 1 << 50), copy(0, 4)].concat();
            pack.add(Entry::offset_delta(&base, vast, b"vast"));
            let false_base = [lengths(1 << 50, 4), copy(0, 4)].concat();
            pack.add(Entry::offset_delta(&base, false_base, b"false"));
            scene.adopt(pack.into_repository());
        },
        expected: found(1).naming(&["corrupt"]),
    },
    Case {
        name: "an index that declares four thousand million objects",
        build: |scene| {
            let mut pack = PackWriter::new();
            pack.add(Entry::blob(b"x"));
            let repo = pack.into_repository();
            let path = repo.root().join(".git/objects/pack/pack-0.idx");
            let mut bytes = std::fs::read(&path).expect("an index");
            bytes[8 + 255 * 4..8 + 256 * 4].copy_from_slice(&[0xff; 4]);
            std::fs::write(path, bytes).expect("writable");
            scene.adopt(repo);
        },
        expected: not_covered(&["corrupt"]),
    },
    Case {
        name: "a blob of 700 MB in a pack of one, a key at its end",
        build: |scene| {
            let mut pack = PackWriter::new();
            let line = scene.line("a");
            let zeros = vec![0; size(700 << 20, 48 << 20)];
            pack.add(Entry::blob(&[zeros, b"\n".to_vec(), line.into()].concat()));
            scene.adopt(pack.into_repository());
        },
        expected: found(1),
    },
    Case {
        name: "a delta of a few kilobytes that copies a gigabyte",
        build: |scene| {
            let mut pack = PackWriter::new();
            let line = scene.line("a");
            let base = [line.as_bytes(), &[b'x'; 65_000]].concat();
            let id = pack.add(Entry::blob(&base));
            let copies = size(20_000, 300);
            let whole = delta(base.len() as u64, &vec![(0, base.len() as u16); copies]);
            pack.add(Entry::offset_delta(&id, whole, b"named by what it is not"));
            scene.adopt(pack.into_repository());
        },
        expected: found(1).within_mib(1024),
    },
    Case {
        name: "a million deltas on one base, a key in the last",
        build: |scene| {
            let line = scene.line("a");
            let mut pack = PackWriter::new();
            let base = b"a base of some length that all of them share".to_vec();
            let id = pack.add(Entry::blob(&base));
            for at in 0..size(1_000_000, 30_000) {
                let text = format!("{at:07}");
                let bytes = literal_delta(base.len() as u64, 7, text.as_bytes());
                pack.add(Entry::offset_delta(&id, bytes, text.as_bytes()));
            }
            let bytes = literal_delta(base.len() as u64, line.len() as u64, line.as_bytes());
            pack.add(Entry::offset_delta(&id, bytes, line.as_bytes()));
            scene.adopt(pack.into_repository());
        },
        expected: found(1),
    },
    Case {
        name: "a chain of five thousand deltas, a key in its last link",
        build: |scene| {
            let line = scene.line("a");
            let mut pack = PackWriter::new();
            let mut content = b"0000 start of a long chain".to_vec();
            let mut base = pack.add(Entry::blob(&content));
            for at in 1..5000 {
                let prefix = format!("{at:04}");
                let step = [&[4], prefix.as_bytes()].concat();
                let bytes = [lengths(26, 26), step, copy(4, 22)].concat();
                content[..4].copy_from_slice(prefix.as_bytes());
                base = pack.add(Entry::offset_delta(&base, bytes, &content));
            }
            let bytes = literal_delta(26, line.len() as u64, line.as_bytes());
            pack.add(Entry::offset_delta(&base, bytes, line.as_bytes()));
            scene.adopt(pack.into_repository());
        },
        expected: found(1),
    },
    Case {
        name: "deltas that rest on themselves, each other and on nothing",
        build: |scene| {
            let line = scene.line("a");
            let mut pack = PackWriter::new();
            pack.add(Entry::blob(line.as_bytes()));
            let (one, two) = ("a1".repeat(20), "b2".repeat(20));
            pack.add(Entry::id_delta(&two, delta(6, &[(0, 6)]), b"").named(&one));
            pack.add(Entry::id_delta(&one, delta(6, &[(0, 6)]), b"").named(&two));
            pack.add(Entry::id_delta(&blob_id(b"none"), delta(6, &[(0, 6)]), b"needle"));
            pack.add(Entry::raw_offset_delta(1 << 40, delta(6, &[(0, 6)]), b"far"));
            pack.add(Entry::raw_offset_delta(0, delta(6, &[(0, 6)]), b"zero"));
            scene.adopt(pack.into_repository());
        },
        expected: found(1).naming(&["corrupt"]),
    },
];

/// A repository with one loose blob that holds a key, and the blob's id.
fn stored(scene: &mut Scene) -> (Repo, String) {
    let repo = Repo::new();
    let blob = loose(&repo, "blob", scene.line("a").as_bytes());
    (repo, blob)
}

/// Stores an object as it is, whatever git would say of it; its id.
fn loose(repo: &Repo, kind: &str, bytes: &[u8]) -> String {
    let whole = [format!("{kind} {}\0", bytes.len()).as_bytes(), bytes].concat();
    let id = sha1(&whole);
    store(repo, &id, &deflated(&whole));
    id
}

fn store(repo: &Repo, id: &str, bytes: &[u8]) {
    let path = repo.root().join(".git/objects").join(&id[..2]).join(&id[2..]);
    std::fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
    std::fs::write(path, bytes).expect("a file");
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes writes");
    encoder.finish().expect("memory takes writes")
}

fn sha1(bytes: &[u8]) -> String {
    let mut hasher = gix_hash::hasher(gix_hash::Kind::Sha1);
    hasher.update(bytes);
    hasher.try_finalize().expect("no collision").to_string()
}

fn tree(repo: &Repo, mode: &str, entries: &[(String, &str)]) -> String {
    let mut bytes = Vec::new();
    for (name, id) in entries {
        bytes.extend(format!("{mode} {name}\0").as_bytes());
        let id = gix_hash::ObjectId::from_hex(id.as_bytes()).expect("an id");
        bytes.extend(id.as_bytes());
    }
    loose(repo, "tree", &bytes)
}

fn commit_of(repo: &Repo, tree: &str, parents: &[&str], message: &str) -> String {
    let parents: String = parents.iter().map(|id| format!("parent {id}\n")).collect();
    let who = "A <a@example.org> 1700000000 +0000";
    let text = format!("tree {tree}\n{parents}author {who}\ncommitter {who}\n\n{message}\n");
    loose(repo, "commit", text.as_bytes())
}

fn name_commit(repo: &Repo, id: &str) {
    repo.write(&format!(".git/refs/heads/{id}"), format!("{id}\n"));
    repo.write(".git/refs/heads/main", format!("{id}\n"));
}

fn malformed_commits(scene: &mut Scene) {
    let repo = Repo::new();
    let heads = [
        "author <<>> 99999999999999999999999 +99999999\ncommitter > < -1 -0000",
        "author \u{1b}[2J\u{202e} <\0> 1 +0000\ncommitter A <a@b> 1700000000 +0000",
        "author A <a@b>\ncommitter",
        "author\nauthor\ncommitter A <a@b> NaN UTC",
        "committer A <a@b> 9223372036854775807 +1400",
        "author A <a@b> -9223372036854775808 -1400\nauthor B <b@b> 1 +0000",
        "gpgsig -----BEGIN\n x\n y\nencoding \u{fffd}\nauthor A <a@b> 253402300800 +2359",
        "",
    ];
    for (at, head) in heads.into_iter().enumerate() {
        let blob = loose(&repo, "blob", scene.line(&format!("commit {at}")).as_bytes());
        let tree = tree(&repo, "100644", &[("a".to_owned(), &blob)]);
        let text = format!("tree {tree}\n{head}\n\nx\n");
        name_commit(&repo, &loose(&repo, "commit", text.as_bytes()));
    }
    scene.adopt(repo);
}

fn broken_loose(scene: &mut Scene) {
    let (repo, _) = stored(scene);
    let bodies: [Vec<u8>; 8] = [
        Vec::new(),
        deflated(b"blob 4\0text")[..6].to_vec(),
        deflated(b"blob 99999999999999999999\0text"),
        deflated(b"blob 4\0text and more text"),
        deflated(b"blub 4\0text"),
        deflated(&b"x".repeat(1 << 20)),
        b"not compressed".to_vec(),
        deflated(b""),
    ];
    for (at, body) in bodies.into_iter().enumerate() {
        store(&repo, &format!("{at:02}").repeat(20), &body);
    }
    scene.adopt(repo);
}
