//! Attacks by a repository's layout: where it lies, what it says of itself, and
//! files of its own that are none.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::{Case, Scene, clean, fifo, found, not_covered, refused, size};
use crate::demanding::demanding;
use crate::support::git::Repo;
use crate::support::is_root;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a configuration that asks for programs, fetches and writes",
        build: |scene| {
            // Its two keys are not of this scene; they are counted all the same.
            scene.line("a");
            scene.line("b");
            scene.adopt(demanding());
        },
        expected: found(2).naming(&["unreadable /dev/zero"]),
    },
    Case {
        name: "a .git that is a link to a repository elsewhere",
        build: |scene| {
            let repo = committed(scene);
            let apart = repo.beside("apart");
            std::fs::rename(repo.root().join(".git"), &apart).expect("a move");
            symlink(apart, repo.root().join(".git")).expect("a link");
            scene.adopt(repo);
        },
        expected: found(1),
    },
    Case {
        name: "a .git that is a link to itself",
        build: |scene| {
            symlink(".git", scene.root().join(".git")).expect("a link");
            let line = scene.line("a");
            scene.write("a.sh", line);
        },
        expected: found(1).naming(&["unsupported"]),
    },
    Case {
        name: "a .git file that leads to the directory it stands in",
        build: |scene| scene.write(".git", "gitdir: .\n"),
        expected: not_covered(&["unsupported"]),
    },
    Case {
        name: "a .git file that leads to /proc/self/fd and to a terabyte of name",
        build: |scene| {
            scene.write(".git", format!("gitdir: /proc/self/fd/{}", "x/".repeat(1 << 20)));
        },
        expected: not_covered(&["unsupported"]),
    },
    Case {
        name: "another owner's repository",
        build: |scene| {
            let repo = committed(scene);
            if is_root() {
                let status = std::process::Command::new("chown")
                    .args(["-R", "65534:65534"])
                    .arg(repo.root())
                    .status();
                assert!(status.expect("chown runs").success());
            }
            scene.adopt(repo);
        },
        expected: found(1),
    },
    Case {
        name: "a repository that nobody may read",
        build: |scene| {
            let repo = committed(scene);
            let all: std::fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            let none: std::fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o000);
            let parent = repo.root().parent().expect("a directory");
            std::fs::set_permissions(parent, all).expect("its owner");
            std::fs::remove_file(repo.root().join("a.sh")).expect("it is there");
            std::fs::set_permissions(repo.root().join(".git/objects"), none).expect("its owner");
            scene.adopt(repo);
        },
        expected: not_covered(&["unreadable"]).as_nobody(),
    },
    Case {
        name: "an empty repository",
        build: |scene| scene.adopt(Repo::new()),
        expected: clean(),
    },
    Case { name: "a bare repository", build: bare, expected: found(1) },
    Case {
        name: "a SHA-256 repository",
        build: |scene| {
            let line = scene.line("a");
            let repo = Repo::init(&["--object-format=sha256"]);
            gone(&repo, &line);
            scene.adopt(repo);
        },
        expected: found(1),
    },
    Case {
        name: "refs stored as reftable: objects are swept, refs named as not read",
        build: |scene| {
            let line = scene.line("a");
            let repo = Repo::init(&["--ref-format=reftable"]);
            gone(&repo, &line);
            scene.adopt(repo);
        },
        expected: found(1).naming(&["unsupported"]),
    },
    Case {
        name: "refs stored as reftable without a key",
        build: |scene| {
            let repo = Repo::init(&["--ref-format=reftable"]);
            repo.write("a", "x").commit("one", 0);
            scene.adopt(repo);
        },
        expected: not_covered(&["unsupported"]),
    },
    Case {
        name: "refs stored as reftable and a range of them",
        build: |scene| {
            let repo = Repo::init(&["--ref-format=reftable"]);
            repo.write("a", "x").commit("one", 0);
            repo.write("a", "y").commit("two", 1);
            scene.adopt(repo);
        },
        expected: refused("cannot resolve revision").with(&["--range", "HEAD~1..HEAD"]),
    },
    Case { name: "a shallow clone", build: shallow, expected: not_covered(&["shallow"]) },
    Case { name: "a partial clone", build: partial, expected: not_covered(&["partial"]) },
    Case {
        name: "a linked worktree, swept from there",
        build: |scene| {
            let repo = committed(scene);
            gone_commit(&repo);
            repo.git(&["worktree", "add", "-q", "../linked"]);
            let linked = repo.beside("linked");
            scene.keep(repo);
            scene.root = linked;
        },
        expected: found(1),
    },
    Case {
        name: "a submodule under strict coverage",
        build: |scene| {
            let (inner, repo) = (Repo::new(), Repo::new());
            inner.write("f", "x").commit("inner", 0);
            let url = format!("file://{}", inner.root().display());
            repo.git(&["submodule", "--quiet", "add", &url, "sub"]);
            repo.commit("one", 0);
            scene.adopt(repo);
        },
        expected: not_covered(&["gitlink", "nested-repository"]).with(&["--strict-coverage"]),
    },
    Case {
        name: "a pointer to a large file under strict coverage",
        build: |scene| {
            let repo = Repo::new();
            let id = "34".repeat(32);
            let text =
                format!("version https://git-lfs.github.com/spec/v1\noid sha256:{id}\nsize 5\n");
            repo.write("big", text).commit("one", 0);
            scene.adopt(repo);
        },
        expected: not_covered(&["lfs"]).with(&["--strict-coverage"]),
    },
    Case { name: "a FIFO for each of a repository's files", build: fifos, expected: found(1) },
    Case {
        name: "a FIFO for configuration",
        build: |scene| {
            let repo = committed(scene);
            replace(&repo, "config", fifo);
            scene.adopt(repo);
        },
        expected: found(1).naming(&["unsupported"]),
    },
    Case {
        name: "repository files that are links to a secret file outside",
        build: secret_files,
        expected: not_covered(&[]),
    },
    Case {
        name: "alternates: itself, each other, /dev/zero, a FIFO, a hundred in a row",
        build: alternates,
        expected: found(1),
    },
    Case {
        name: "an index of garbage",
        build: |scene| {
            let repo = committed(scene);
            repo.write(".git/index", [b"DIRC\0\0\0\x02", &[0xff; 400][..]].concat());
            scene.adopt(repo);
        },
        expected: found(1).naming(&["corrupt"]),
    },
    Case {
        name: "replace refs and grafts that hide a commit",
        build: |scene| {
            let line = scene.line("a");
            let repo = Repo::new();
            repo.write("b", "b").commit("zero", 0);
            repo.write("a.sh", &line);
            let leak = repo.commit("one", 1);
            repo.git(&["rm", "-q", "a.sh"]);
            repo.commit("two", 2);
            let (first, last) = (repo.rev("HEAD~2"), repo.rev("HEAD"));
            let grafts = format!("{last} {first}\n");
            repo.git(&["replace", &leak, &first]);
            repo.write(".git/info/grafts", grafts);
            scene.adopt(repo);
        },
        expected: found(1),
    },
    Case {
        name: "twenty thousand refs, some of them loose",
        build: |scene| {
            let repo = committed(scene);
            gone_commit(&repo);
            let id = repo.rev("HEAD");
            let count = 20_000;
            let refs: String = (0..count).map(|at| format!("{id} refs/x/{at:06}\n")).collect();
            repo.write(".git/packed-refs", format!("# pack-refs with: sorted\n{refs}"));
            for at in 0..size(count / 10, 500) {
                repo.write(&format!(".git/refs/y/{}/{at}", at % 50), format!("{id}\n"));
            }
            scene.adopt(repo);
        },
        expected: found(1),
    },
    Case {
        name: "packed refs that are a sparse file of 8 GiB",
        build: |scene| {
            let repo = committed(scene);
            let file = std::fs::File::create(repo.root().join(".git/packed-refs")).expect("a file");
            file.set_len(8 << 30).expect("sparse");
            scene.adopt(repo);
        },
        expected: found(1).naming(&["corrupt"]),
    },
    Case {
        name: "a HEAD and refs that lead in circles, out, and to nothing",
        build: |scene| {
            let repo = committed(scene);
            repo.write(".git/HEAD", "ref: refs/heads/loop\n");
            repo.write(".git/refs/heads/loop", "ref: refs/heads/pool\n");
            repo.write(".git/refs/heads/pool", "ref: refs/heads/loop\n");
            repo.write(".git/refs/heads/out", "ref: ../../../../etc/passwd\n");
            repo.write(".git/refs/heads/none", "0123456789012345678901234567890123456789\n");
            repo.write(".git/refs/heads/noise", [0xff; 4096]);
            scene.adopt(repo);
        },
        expected: found(1).naming(&["corrupt"]),
    },
    Case {
        name: "--history of what is no repository",
        build: |scene| scene.write("a", "x"),
        expected: refused("not the root of a git repository").with(&["--history"]),
    },
];

fn committed(scene: &mut Scene) -> Repo {
    let line = scene.line("a");
    let repo = Repo::new();
    repo.write("a.sh", line).commit("one", 0);
    repo
}

fn gone_commit(repo: &Repo) {
    repo.git(&["rm", "-q", "a.sh"]);
    repo.commit_index("two", 1);
}

/// A key that only history holds.
fn gone(repo: &Repo, line: &str) {
    repo.write("a.sh", line).commit("one", 0);
    gone_commit(repo);
}

fn bare(scene: &mut Scene) {
    let repo = committed(scene);
    repo.git(&["clone", "-q", "--bare", ".", "../bare.git"]);
    let bare = repo.beside("bare.git");
    scene.keep(repo);
    scene.root = bare;
}

/// Clones what has no key, so that what lacks is all that can be said.
fn clone(scene: &mut Scene, arguments: &[&str]) {
    let repo = Repo::new();
    repo.write("f", "1").commit("one", 0);
    repo.write("f", "2").commit("two", 1);
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", repo.root().display());
    let target = repo.beside("clone");
    let target = target.to_str().expect("UTF-8");
    repo.git(&[&["clone", "-q"], arguments, &[&url[..], target]].concat());
    scene.root = PathBuf::from(target);
    scene.keep(repo);
}

fn shallow(scene: &mut Scene) {
    clone(scene, &["--depth=1"]);
}

fn partial(scene: &mut Scene) {
    clone(scene, &["--no-checkout", "--filter=blob:none"]);
}

fn replace(repo: &Repo, name: &str, make: fn(&std::path::Path)) {
    let path = repo.root().join(".git").join(name);
    std::fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
    let _ = std::fs::remove_file(&path);
    make(&path);
}

fn fifos(scene: &mut Scene) {
    let repo = committed(scene);
    for name in [
        "index",
        "packed-refs",
        "shallow",
        "refs/heads/pipe",
        "logs/HEAD",
        "info/grafts",
        "info/exclude",
        "info/attributes",
        "objects/info/alternates",
        "objects/info/commit-graph",
        "objects/ab/cdabcdabcdabcdabcdabcdabcdabcdabcdabcd",
        "objects/pack/pack-0.pack",
        "objects/pack/pack-0.idx",
        "objects/pack/pack-1.idx",
        "objects/pack/multi-pack-index",
        "objects/pack/pack-2.promisor",
        "worktrees/x/HEAD",
        "worktrees/x/gitdir",
        "worktrees/x/index",
        "worktrees/y/commondir",
        "sharedindex.0123456789012345678901234567890123456789",
        "COMMIT_EDITMSG",
        "hooks/pre-commit",
    ] {
        replace(&repo, name, fifo);
    }
    scene.adopt(repo);
}

fn secret_files(scene: &mut Scene) {
    let repo = Repo::new();
    repo.write("f", "x").commit("one", 0);
    // What a report must not be made to carry out: neither keys nor words.
    let secret = scene.line("secret");
    scene.planted.extend(["correct-horse-battery", "root:x:0", "hunter2"].map(str::to_owned));
    let outside = repo.beside("outside");
    std::fs::write(
        &outside,
        format!("root:x:0:0::/root:\n{secret}correct-horse-battery\nhunter2\n"),
    )
    .expect("a file");
    for name in [
        "shallow",
        "packed-refs",
        "refs/heads/stolen",
        "ORIG_HEAD",
        "FETCH_HEAD",
        "logs/HEAD",
        "objects/info/alternates",
        "info/exclude",
        "worktrees/x/HEAD",
        "description",
    ] {
        let path = repo.root().join(".git").join(name);
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        let _ = std::fs::remove_file(&path);
        symlink(&outside, path).expect("a link");
    }
    scene.adopt(repo);
}

fn alternates(scene: &mut Scene) {
    let repo = committed(scene);
    gone_commit(&repo);
    let pipe = repo.beside("pipe");
    fifo(&pipe);
    let mut lines = format!(".\n../objects\n/dev/zero\n/proc/self/fd\n{}\n", pipe.display());
    for at in 0..100 {
        let objects = repo.beside(&format!("alternate-{at}"));
        std::fs::create_dir_all(objects.join("info")).expect("a directory");
        let next = repo.beside(&format!("alternate-{}", (at + 1) % 100));
        let own = format!("{}\n{}\n", next.display(), objects.display());
        std::fs::write(objects.join("info/alternates"), own).expect("a file");
        lines.push_str(&format!("{}\n", objects.display()));
    }
    repo.write(".git/objects/info/alternates", lines);
    scene.adopt(repo);
}
