//! Attacks by what a tree holds that is no plain file, by names, numbers, rights.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _, symlink};

use super::{Case, Scene, clean, fifo, found, not_covered, refused, size};
use crate::support::is_root;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a FIFO, a socket and devices among files",
        build: specials,
        expected: found(1).naming(&["special"]),
    },
    Case {
        name: "a FIFO under strict coverage",
        build: |scene| fifo(&scene.root().join("pipe")),
        expected: not_covered(&["special pipe"]).with(&["--strict-coverage"]),
    },
    Case {
        name: "a FIFO that is named outright",
        build: |scene| fifo(&scene.root().join("pipe")),
        expected: refused("neither a file nor a directory").with(&["pipe"]),
    },
    Case {
        name: "links to /etc, /proc, /dev, /, themselves and each other",
        build: links,
        expected: found(1).naming(&["link"]),
    },
    Case {
        name: "a chain of a thousand links to a file outside",
        build: |scene| {
            std::fs::write(scene.beside("outside"), scene.line("outside")).expect("a file");
            symlink("../outside", scene.root().join("0")).expect("a link");
            for at in 1..1000 {
                symlink((at - 1).to_string(), scene.root().join(at.to_string())).expect("a link");
            }
        },
        expected: not_covered(&["link"]).with(&["--strict-coverage"]),
    },
    Case {
        name: "a file and a directory that may not be read",
        build: unreadable,
        expected: not_covered(&["unreadable d", "unreadable f"]).as_nobody(),
    },
    Case {
        name: "names that are no text, or act on terminals, or look like options",
        build: names,
        expected: found(8),
    },
    Case {
        name: "twenty thousand files with 24 descriptors",
        build: |scene| {
            for at in 0..size(200_000, 20_000) {
                scene.write(format!("{}/{}/{at}", at % 40, at % 7), "x\n");
            }
            let line = scene.line("a");
            scene.write("39/z", line);
        },
        expected: super::Expected { descriptors: 24, memory_mib: 64, ..found(1) },
    },
    Case {
        name: "a sparse file of 10 GiB with a key as its last bytes",
        build: |scene| {
            let file = std::fs::File::create(scene.root().join("sparse")).expect("a file");
            file.set_len(10 << 30).expect("sparse files");
            let line = scene.line("a");
            file.write_all_at(format!("\n{line}").as_bytes(), (10 << 30) - 60).expect("sparse");
        },
        expected: super::Expected { memory_mib: 64, ..found(1) },
    },
    Case {
        name: "ignore files that are a FIFO, a directory, a link to /dev/zero, 4 MB of globs",
        build: ignore_files,
        expected: found(4),
    },
    Case {
        name: "an ignore file that hides everything, itself too",
        build: |scene| {
            let line = scene.line("a");
            scene.write(".gitignore", "*\n.*\n/\n");
            scene.write("a.sh", line);
        },
        expected: not_covered(&["ignored"]).with(&["--strict-coverage"]),
    },
    Case {
        name: "a configuration that is a FIFO",
        build: |scene| fifo(&scene.root().join(".keysweep.toml")),
        expected: refused("not a plain file"),
    },
    Case {
        name: "a configuration that is a directory",
        build: |scene| scene.write(".keysweep.toml/x", ""),
        expected: refused("not a plain file"),
    },
    Case {
        name: "a configuration that is a link",
        build: |scene| symlink("/etc/passwd", scene.root().join(".keysweep.toml")).expect("a link"),
        expected: refused("not followed"),
    },
    Case {
        name: "a configuration of 8 GiB",
        build: |scene| {
            let path = scene.root().join(".keysweep.toml");
            std::fs::File::create(path).expect("a file").set_len(8 << 30).expect("sparse");
        },
        expected: refused("larger than"),
    },
    Case {
        name: "a configuration of a hundred thousand brackets",
        build: |scene| scene.write(".keysweep.toml", format!("x = {}", "[".repeat(100_000))),
        expected: refused(".keysweep.toml"),
    },
    Case {
        name: "a configuration of a hundred thousand dotted tables",
        build: |scene| scene.write(".keysweep.toml", format!("[{}a]", "a.".repeat(100_000))),
        expected: refused(".keysweep.toml"),
    },
    Case {
        name: "a baseline that is a FIFO and an empty tree",
        build: |scene| fifo(&scene.root().join(".keysweep-other")),
        expected: clean(),
    },
];

fn specials(scene: &mut Scene) {
    let line = scene.line("a");
    scene.write("a.sh", line);
    fifo(&scene.root().join("pipe"));
    let socket = std::os::unix::net::UnixListener::bind(scene.root().join("socket"));
    scene.keep(socket.expect("a socket"));
    if is_root() {
        // /dev/zero and the first loop device, by numbers.
        for (name, kind, device) in [
            ("zero", rustix::fs::FileType::CharacterDevice, rustix::fs::makedev(1, 5)),
            ("disk", rustix::fs::FileType::BlockDevice, rustix::fs::makedev(7, 0)),
        ] {
            let (path, mode) = (scene.root().join(name), rustix::fs::Mode::from_raw_mode(0o600));
            // A container may forbid it.
            let _ = rustix::fs::mknodat(rustix::fs::CWD, &path, kind, mode, device);
        }
    }
}

fn links(scene: &mut Scene) {
    let line = scene.line("a");
    scene.write("a.sh", line);
    for (at, target) in [
        "/etc/passwd",
        "/etc",
        "/proc/self/environ",
        "/proc/self/fd/0",
        "/proc/self/cwd",
        "/proc/self/root",
        "/dev/zero",
        "/dev/stdin",
        "/",
        "..",
        "../..",
        "self",
        "one",
        "two",
        "",
    ]
    .into_iter()
    .enumerate()
    {
        let name = ["one", "two", "self"].get(at.wrapping_sub(11)).copied();
        let path = scene.root().join(name.map_or(format!("link-{at}"), str::to_owned));
        // The empty target is refused by the system itself.
        let _ = symlink(target, path);
    }
}

fn unreadable(scene: &mut Scene) {
    let line = scene.line("a");
    scene.write("d/a.sh", &line);
    scene.write("f", &line);
    for path in ["d", "f"] {
        let none = std::fs::Permissions::from_mode(0o000);
        std::fs::set_permissions(scene.root().join(path), none).expect("its owner");
    }
    // Whoever is nobody must at least get there.
    let parent = scene.root().parent().expect("a directory").to_owned();
    for path in [scene.root(), &parent] {
        let all = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(path, all).expect("its owner");
    }
}

fn names(scene: &mut Scene) {
    let long = "é".repeat(127);
    let hostile: [&[u8]; 8] = [
        b"\xff\xfe\x80.sh",
        b"\x1b]0;owned\x07\x1b[2J.sh",
        b"two\nlines\r.sh",
        "\u{202e}hs.\u{2066}exe\u{200b}".as_bytes(),
        b"--format=csv",
        b"-rf",
        b" ",
        long.as_bytes(),
    ];
    for (at, name) in hostile.into_iter().enumerate() {
        let line = scene.line(&format!("name {at}"));
        scene.write(OsStr::from_bytes(name), line);
    }
}

fn ignore_files(scene: &mut Scene) {
    for name in ["a", "b", "c", "d"] {
        let line = scene.line(name);
        scene.write(format!("{name}/x.sh"), line);
    }
    fifo(&scene.root().join("a/.gitignore"));
    scene.write("b/.gitignore/inner", "*");
    symlink("/dev/zero", scene.root().join("c/.gitignore")).expect("a link");
    scene.write("d/.gitignore", "[z-a]**/{{{\\\n".repeat(size(300_000, 20_000)));
}
