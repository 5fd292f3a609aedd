//! What the walk reads, what it leaves out, and that it says so.

mod support;

use support::git::Repo;
use support::{NAME, Tree, assignment, key, paths, run_in, skipped};

#[test]
fn hidden_files_are_read_and_places_are_exact() {
    let tree = Tree::new();
    tree.write(".env", format!("A=1\n  {NAME}={}\n", key("a")));
    tree.write(".config/.deep/x.sh", assignment("b"));
    let lines = tree.scan(&["."]);
    assert_eq!(paths(&lines), [".config/.deep/x.sh", ".env"]);
    assert_eq!((lines[1].line, lines[1].column), (2, 4 + NAME.len() as u64));
    assert_eq!(lines[1].source, "worktree");
    assert_eq!(lines[1].repository.as_deref(), Some("."));
}

#[test]
fn key_across_any_edge_of_a_buffer_is_found_once() {
    let tree = Tree::new();
    let line = assignment("edge");
    for edge in [64 << 10, 1 << 20, (1 << 20) + (64 << 10), 2 << 20] {
        for shift in [0, 1, 10, 15, 16, 17, 30, line.len() - 1, line.len()] {
            let mut bytes = vec![b'.'; edge - shift - 1];
            bytes.push(b'\n');
            bytes.extend(line.as_bytes());
            bytes.extend(vec![b'.'; 200_000]);
            tree.write("big.txt", bytes);
            let lines = tree.scan(&["."]);
            assert_eq!(lines.len(), 1, "edge {edge} shift {shift}");
            assert_eq!((lines[0].line, lines[0].column), (2, 2 + NAME.len() as u64));
        }
    }
}

#[test]
fn ignored_file_is_counted_with_its_rule_and_read_on_demand() {
    let tree = Tree::new();
    tree.write(".gitignore", "*.log\n!keep.log\n/build/\n");
    tree.write("a.log", assignment("a")).write("keep.log", assignment("b"));
    tree.write("build/x/y.sh", assignment("c")).write("sub/build/z.sh", assignment("d"));
    tree.write("sub/.gitignore", "!*.log\n").write("sub/n.log", assignment("e"));
    assert_eq!(paths(&tree.scan(&["."])), ["keep.log", "sub/build/z.sh", "sub/n.log"]);
    let report = tree.report(&["."]);
    assert_eq!(skipped(&report), ["ignored a.log", "ignored build"]);
    assert_eq!(
        report["coverage"]["skipped"][0]["reason"].as_str(),
        Some("ignored by *.log in .gitignore")
    );
    assert_eq!(report["coverage"]["complete"].as_bool(), Some(true));
    assert_eq!(tree.scan(&["--no-ignore", "."]).len(), 5);
    assert!(tree.skipped(&["--no-ignore", "."]).is_empty());
}

#[test]
fn no_other_ignore_file_is_obeyed() {
    let repo = Repo::new();
    repo.write("a.sh", assignment("a"));
    for file in [".ignore", ".rgignore", ".git/info/exclude", ".keysweepignore"] {
        repo.write(file, "*\n");
    }
    let run = run_in(repo.root(), &["scan", "--tree", "--format", "jsonl"]);
    assert_eq!(paths(&run.lines()), ["a.sh"]);
}

#[test]
fn tracked_file_is_read_though_a_rule_ignores_it() {
    let repo = Repo::new();
    repo.write("out/deep/tracked.sh", assignment("a")).write("top.log", assignment("b"));
    repo.commit("before the rule", 0);
    repo.write(".gitignore", "out/\n*.log\n");
    repo.write("out/deep/stray.sh", assignment("c")).write("out/other/stray.sh", assignment("d"));
    repo.write("stray.log", assignment("e"));
    let report = |place: &str| {
        let run = run_in(repo.root(), &["scan", "--tree", "--format", "json", place]);
        serde_json::from_str::<serde_json::Value>(&run.stdout).unwrap()
    };
    let run = run_in(repo.root(), &["scan", "--tree", "--format", "jsonl"]);
    assert_eq!(paths(&run.lines()), ["out/deep/tracked.sh", "top.log"]);
    assert_eq!(
        skipped(&report(".")),
        ["ignored out/deep/stray.sh", "ignored out/other", "ignored stray.log"]
    );
    // The rules above a directory hold in it too.
    repo.write("sub/a.log", assignment("f"));
    assert_eq!(skipped(&report("sub")), ["ignored sub/a.log"]);
}

#[test]
fn damaged_index_hides_nothing() {
    let repo = Repo::new();
    repo.write("a.log", assignment("a")).commit("one", 0);
    repo.write(".gitignore", "*.log\n").write(".git/index", "not an index");
    let run = run_in(repo.root(), &["scan", "--tree", "--format", "jsonl"]);
    assert_eq!(paths(&run.lines()), ["a.log"]);
}

#[test]
fn git_directory_is_not_walked_unless_it_is_no_repository() {
    let repo = Repo::new();
    repo.write("a.sh", "true\n").write(".git/stray.sh", assignment("a"));
    let run = run_in(repo.root(), &["scan", "--tree", "--format", "jsonl"]);
    assert!(run.lines().is_empty());
    let tree = Tree::new();
    tree.write(".git/stray.sh", assignment("a")).write("sub/.git/x", assignment("b"));
    assert_eq!(paths(&tree.scan(&["."])), [".git/stray.sh", "sub/.git/x"]);
}

#[test]
fn nested_repository_is_named_and_its_files_are_read() {
    let outer = Repo::new();
    outer.write(".gitignore", "*.log\n").write("a.txt", "a").commit("outer", 0);
    let inner = Repo::new();
    inner.write("tracked.log", assignment("a")).commit("inner", 0);
    std::fs::rename(inner.root(), outer.root().join("inner")).unwrap();
    outer.git(&["clone", "-q", "--bare", "inner", "bare.git"]);
    let run = run_in(outer.root(), &["scan", "--tree", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(skipped(&report), ["nested-repository bare.git", "nested-repository inner"]);
    let run = run_in(outer.root(), &["scan", "--tree", "--format", "jsonl"]);
    assert_eq!(paths(&run.lines()), ["inner/tracked.log"]);
}

#[test]
fn several_roots_are_each_swept_once() {
    let tree = Tree::new();
    tree.write("a/b/x.sh", assignment("a")).write("a/y.sh", assignment("b"));
    // In the order of the roots, which is that of their names.
    assert_eq!(paths(&tree.scan(&["a", "a/b", "a"])), ["a/y.sh", "a/b/x.sh"]);
    assert_eq!(paths(&tree.scan(&["a/b/x.sh", "./a"])), ["a/y.sh", "a/b/x.sh"]);
    let root = tree.root().to_str().unwrap().to_owned();
    assert_eq!(paths(&tree.scan(&[&root])), [format!("{root}/a/b/x.sh"), format!("{root}/a/y.sh")]);
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn link_out_of_the_scope_is_never_followed() {
        let tree = Tree::new();
        std::fs::write(tree.beside("outside.sh"), assignment("a")).unwrap();
        std::fs::create_dir(tree.beside("outside")).unwrap();
        std::fs::write(tree.beside("outside/x.sh"), assignment("b")).unwrap();
        tree.write("in.sh", assignment("c"));
        for (target, name) in [
            ("../outside.sh", "file"),
            ("../outside", "directory"),
            ("in.sh", "inside"),
            (".", "loop"),
            ("self", "self"),
            ("nowhere", "dangling"),
            ("/proc/self/environ", "proc"),
        ] {
            symlink(target, tree.root().join(name)).unwrap();
        }
        assert_eq!(paths(&tree.scan(&["."])), ["in.sh"]);
        assert_eq!(
            tree.skipped(&["."]),
            ["link dangling", "link directory", "link file", "link proc", "link self"]
        );
        assert_eq!(tree.run(&["scan", "--strict-coverage", "-q", "file"]).code, 1);
    }

    #[test]
    fn link_that_the_operator_names_is_followed() {
        let tree = Tree::new();
        tree.write("real/x.sh", assignment("a"));
        symlink("real", tree.root().join("link")).unwrap();
        symlink("real/x.sh", tree.root().join("file")).unwrap();
        assert_eq!(paths(&tree.scan(&["link"])), ["link/x.sh"]);
        assert_eq!(paths(&tree.scan(&["file"])), ["file"]);
    }

    #[test]
    fn special_files_are_skipped_unopened() {
        let tree = Tree::new();
        tree.write("a.sh", assignment("a"));
        let fifo = tree.root().join("fifo");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &fifo,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        let _socket = UnixListener::bind(tree.root().join("socket")).unwrap();
        assert_eq!(tree.skipped(&["."]), ["special fifo", "special socket"]);
        assert_eq!(tree.run(&["scan", "-q"]).code, 1);
        // Named outright, such a path cannot be swept: that is no clean run.
        assert_eq!(tree.run(&["scan", "fifo"]).code, 2);
    }

    #[test]
    fn names_that_are_no_text_are_escaped_and_their_files_read() {
        let tree = Tree::new();
        tree.write(OsStr::from_bytes(b"\xff\x1b[2J%.sh"), assignment("a"));
        tree.write("line\nbreak.sh", assignment("b"));
        tree.write("-rf.sh", assignment("c")).write("\u{202e}hs.x", assignment("d"));
        assert_eq!(
            paths(&tree.scan(&["."])),
            ["%E2%80%AEhs.x", "%FF%1B[2J%25.sh", "-rf.sh", "line%0Abreak.sh"]
        );
    }

    #[test]
    fn sparse_file_costs_what_it_stores() {
        let tree = Tree::new();
        let file = std::fs::File::create(tree.root().join("sparse")).unwrap();
        file.set_len(64 << 30).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, assignment("a").as_bytes(), 40 << 30)
            .unwrap();
        let lines = tree.scan(&["."]);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].column, (40 << 30) + 2 + NAME.len() as u64);
        let report = tree.report(&["."]);
        assert_eq!(report["coverage"]["complete"].as_bool(), Some(true));
        assert_eq!(report["coverage"]["bytes"].as_u64(), Some(64 << 30));
    }

    #[test]
    fn deep_tree_ends_with_its_depths_named() {
        let tree = Tree::new();
        let mut at =
            rustix::fs::open(tree.root(), rustix::fs::OFlags::DIRECTORY, rustix::fs::Mode::empty())
                .unwrap();
        let name = "d".repeat(100);
        for _ in 0..60 {
            rustix::fs::mkdirat(&at, &name, rustix::fs::Mode::from_raw_mode(0o700)).unwrap();
            at = rustix::fs::openat(
                &at,
                &name,
                rustix::fs::OFlags::DIRECTORY,
                rustix::fs::Mode::empty(),
            )
            .unwrap();
        }
        let run = tree.run(&["scan", "--format", "json"]);
        assert_eq!(run.code, 3, "{}", run.stderr);
        assert!(run.stdout.contains("longer than the system takes"));
    }
}

/// The file that a pointer stands for may hold a key, and was not read.
#[test]
fn pointer_whose_large_file_is_not_here_is_named() {
    let id = "34".repeat(32);
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{id}\nsize 5\n");
    let tree = Tree::new();
    tree.write("sub/big.bin", &pointer);
    let repo = Repo::new();
    repo.write("sub/big.bin", &pointer).commit("pointer", 1);
    for root in [tree.root(), repo.root()] {
        let roots: [(&[&str], &str); 4] = [
            (&["--tree"], "sub/big.bin"),
            (&["sub"], "sub/big.bin"),
            (&["sub/big.bin"], "sub/big.bin"),
            (&["."], "sub/big.bin"),
        ];
        for (arguments, origin) in roots {
            let json = [&["scan", "--format", "json"], arguments].concat();
            let report: serde_json::Value =
                serde_json::from_str(&run_in(root, &json).stdout).expect("a report");
            assert!(skipped(&report).contains(&format!("lfs {origin}")), "{arguments:?}");
            let strict = [&["scan", "--strict-coverage"], arguments].concat();
            assert_eq!(run_in(root, &strict).code, 3, "{arguments:?}");
        }
    }
    // Where it is stored, it is read with all else that the repository stores.
    repo.write(&format!(".git/lfs/objects/34/34/{id}"), "words");
    for arguments in [&["--tree"][..], &["sub"], &["sub/big.bin"], &["."]] {
        let strict = [&["scan", "--strict-coverage"], arguments].concat();
        assert_eq!(run_in(repo.root(), &strict).code, 0, "{arguments:?}");
    }
}
