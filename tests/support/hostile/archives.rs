//! Attacks by files that hold files.

use flate2::Crc;

use super::{Case, Scene, clean, found, not_covered, size};
use crate::pack::{KINDS, pack, tar, zip};
use crate::support::git::Repo;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "a zip bomb whose entries overlap",
        build: |scene| scene.write("bomb.zip", overlapping(2000, 8 << 20)),
        expected: not_covered(&["over-budget bomb.zip"]),
    },
    Case {
        name: "the same bomb in history alone",
        build: |scene| {
            let repo = Repo::new();
            repo.write("bomb.zip", overlapping(2000, 8 << 20)).commit("one", 0);
            repo.git(&["rm", "-q", "bomb.zip"]);
            repo.commit("two", 1);
            scene.adopt(repo);
        },
        expected: not_covered(&["over-budget"]),
    },
    Case {
        name: "bombs of each stream, beside a key",
        build: |scene| {
            let zeros = vec![0; size(1 << 30, 72 << 20)];
            // Packing xz takes a debug build ten seconds.
            let kinds = ["gzip", "bzip2", "zip", "xz"];
            for kind in &kinds[..size(4, 3)] {
                scene.write(format!("bomb.{kind}"), pack(kind, "zeros", &zeros));
            }
            let line = scene.line("a");
            scene.write("a.sh", line);
        },
        expected: found(1).naming(&["over-budget"]),
    },
    Case {
        name: "a bomb of bombs: ten of ten of ten",
        build: |scene| {
            let mut bytes = pack("gzip", "zeros", &vec![0; 10 << 20]);
            for _ in 0..size(6, 4) {
                let names: Vec<String> = (0..10).map(|at| at.to_string()).collect();
                let files: Vec<(&str, &[u8])> =
                    names.iter().map(|name| (&name[..], &bytes[..])).collect();
                bytes = zip(&files, ::zip::CompressionMethod::Deflated);
            }
            scene.write("bomb", bytes);
        },
        expected: not_covered(&["over-budget"]),
    },
    Case {
        name: "archives forty deep around a key",
        build: |scene| {
            for kind in ["zip", "gzip", "tar", "xz"] {
                let mut bytes = scene.line(kind).into_bytes();
                for _ in 0..40 {
                    bytes = pack(kind, "inner", &bytes);
                }
                scene.write(format!("deep.{kind}"), bytes);
            }
        },
        expected: not_covered(&["over-budget"]),
    },
    Case {
        name: "archives ten deep around a key",
        build: |scene| {
            for kind in ["zip", "gzip", "tar", "xz", "zstd", "bzip2"] {
                let mut bytes = scene.line(kind).into_bytes();
                for _ in 0..10 {
                    bytes = pack(kind, "inner", &bytes);
                }
                scene.write(format!("deep.{kind}"), bytes);
            }
        },
        expected: found(6),
    },
    Case {
        name: "entries named .., absolute, long, controls; links and devices as entries",
        build: entries,
        expected: found(6),
    },
    Case {
        name: "each container cut short after a key",
        build: |scene| {
            for kind in ["gzip", "zstd", "tar", "stored-zip"] {
                let mut noise = 1_u32;
                let mut text = scene.line(kind).into_bytes();
                text.extend((0..400_000).map(|_| {
                    noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (noise >> 24) as u8
                }));
                let bytes = pack(kind, "inner", &text);
                scene.write(format!("cut.{kind}"), &bytes[..bytes.len() * 3 / 4]);
            }
        },
        expected: found(4).naming(&["corrupt"]),
    },
    Case {
        name: "each container cut at its first bytes",
        build: |scene| {
            for kind in KINDS {
                let bytes = pack(kind, "inner", b"text");
                for length in [3, 4, 10, 20, 29, 31, 300] {
                    scene.write(format!("{kind}-{length}"), &bytes[..length.min(bytes.len() - 1)]);
                }
            }
        },
        expected: not_covered(&["corrupt"]),
    },
    Case {
        name: "a zip file with a password",
        build: |scene| {
            let line = scene.line("a");
            let mut bytes = pack("stored-zip", "a", line.as_bytes());
            let at = bytes.windows(4).position(|window| window == b"PK\x01\x02");
            bytes[at.expect("a directory") + 8] |= 1;
            for byte in &mut bytes[31..31 + line.len()] {
                *byte ^= 0x55;
            }
            scene.write("locked.zip", bytes);
        },
        expected: not_covered(&["unsupported"]),
    },
    Case {
        name: "a zip directory that declares four thousand million entries",
        build: |scene| {
            let mut bytes = pack("stored-zip", "a", b"text");
            let end = bytes.len() - 22;
            bytes[end + 8..end + 12].copy_from_slice(&[0xff; 4]);
            scene.write("many.zip", bytes);
        },
        expected: not_covered(&["corrupt"]),
    },
    Case {
        name: "a zip file of many empty entries",
        build: |scene| {
            let names: Vec<String> = (0..size(60_000, 20_000)).map(|at| format!("{at}")).collect();
            let files: Vec<(&str, &[u8])> =
                names.iter().map(|name| (&name[..], &b""[..])).collect();
            scene.write("many.zip", zip(&files, ::zip::CompressionMethod::Stored));
        },
        expected: clean(),
    },
    Case {
        name: "an xz file that wants a dictionary of 4 GiB",
        build: |scene| {
            let mut bytes = pack("xz", "", b"text that is compressed");
            let header = 12;
            let length = (usize::from(bytes[header]) + 1) * 4;
            assert_eq!(bytes[header + 2], 0x21, "an LZMA2 filter");
            bytes[header + 4] = 40;
            let sum = crc(&bytes[header..header + length - 4]);
            bytes[header + length - 4..header + length].copy_from_slice(&sum.to_le_bytes());
            scene.write("large.xz", bytes);
        },
        expected: not_covered(&[]),
    },
    Case {
        name: "a zstd frame that wants a window of a terabyte",
        build: |scene| {
            scene.write("large.zst", [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf0, 0x01, 0x00, 0x00]);
        },
        expected: not_covered(&[]),
    },
    Case {
        name: "a gzip header whose file name never ends",
        build: |scene| {
            let head = [0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3];
            scene.write("endless.gz", [&head[..], &vec![b'a'; size(512 << 20, 32 << 20)]].concat());
        },
        expected: not_covered(&["corrupt"]),
    },
    Case {
        name: "a hundred thousand gzip members in a row, the last with a key",
        build: |scene| {
            let line = scene.line("a");
            let empty = pack("gzip", "", b"");
            let all = [empty.repeat(size(1_000_000, 100_000)), pack("gzip", "", line.as_bytes())];
            scene.write("members.gz", all.concat());
        },
        expected: found(1),
    },
    Case {
        name: "tar headers with sizes below nothing and above everything",
        build: |scene| {
            for (at, field) in [[0x80, 0x7f], [0xff, 0xff], [b'7', b'7'], [b'-', b'1'], [b'z', 0]]
                .into_iter()
                .enumerate()
            {
                let mut bytes = tar(&[("a", b"text"), ("b", b"text")]);
                bytes[124..126].copy_from_slice(&field);
                let sum: u32 = (0..512)
                    .map(|at| if (148..156).contains(&at) { 32 } else { u32::from(bytes[at]) })
                    .sum();
                bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
                scene.write(format!("{at}.tar"), bytes);
            }
        },
        expected: not_covered(&["corrupt"]),
    },
    Case {
        name: "a tar entry whose name takes 64 MB",
        build: |scene| {
            let name = vec![b'n'; size(512 << 20, 64 << 20)];
            let mut header = ::tar::Header::new_gnu();
            header.set_entry_type(::tar::EntryType::GNULongName);
            header.set_size(name.len() as u64);
            header.set_cksum();
            let file = tar(&[("a", b"text")]);
            scene.write("long.tar", [header.as_bytes(), &name[..], &file].concat());
        },
        expected: clean(),
    },
    Case {
        name: "a PDF file whose streams are bombs",
        build: |scene| {
            let zeros = vec![0; 64 << 20];
            let mut encoder =
                flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut encoder, &zeros).expect("memory");
            let stream = encoder.finish().expect("memory");
            let mut bytes = b"%PDF-1.7\n".to_vec();
            for at in 0..size(64, 8) {
                let head = format!(
                    "{at} 0 obj\n<< /Filter /FlateDecode /Length {} >>\nstream\n",
                    stream.len()
                );
                bytes.extend([head.as_bytes(), &stream, b"\nendstream\nendobj\n"].concat());
            }
            scene.write("bomb.pdf", bytes);
        },
        expected: not_covered(&["over-budget"]),
    },
];

fn crc(bytes: &[u8]) -> u32 {
    let mut sum = Crc::new();
    sum.update(bytes);
    sum.sum()
}

/// Many entries of a zip directory that all lie on the same compressed bytes.
fn overlapping(entries: u16, zeros: usize) -> Vec<u8> {
    let plain = vec![0; zeros];
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, &plain).expect("memory takes writes");
    let packed = encoder.finish().expect("memory takes writes");
    let facts = [
        &[20, 0, 0, 0, 8, 0, 0, 0, 0, 0][..],
        &crc(&plain).to_le_bytes(),
        &(packed.len() as u32).to_le_bytes(),
        &(zeros as u32).to_le_bytes(),
    ]
    .concat();
    let mut bytes = [b"PK\x03\x04", &facts[..], &[4, 0, 0, 0], b"0000", &packed].concat();
    let start = bytes.len() as u32;
    for at in 0..entries {
        let name = format!("{at:04}");
        bytes.extend([b"PK\x01\x02\x14\x00", &facts[..], &[4, 0], &[0; 16]].concat());
        bytes.extend(name.as_bytes());
    }
    let length = bytes.len() as u32 - start;
    let counts = [entries.to_le_bytes(), entries.to_le_bytes()].concat();
    let places = [length.to_le_bytes(), start.to_le_bytes()].concat();
    bytes.extend([b"PK\x05\x06\0\0\0\0", &counts[..], &places, &[0, 0]].concat());
    bytes
}

fn entries(scene: &mut Scene) {
    let mut builder = ::tar::Builder::new(Vec::new());
    let names: [&[u8]; 5] = [
        b"../../../../evil.sh",
        b"/etc/cron.d/evil",
        b"a\x1b[2J\n\xff.sh",
        b"C:\\Windows\\evil.bat",
        b"..",
    ];
    for (at, name) in names.into_iter().enumerate() {
        let line = scene.line(&format!("entry {at}"));
        let mut header = ::tar::Header::new_gnu();
        header.set_size(line.len() as u64);
        header.as_mut_bytes()[..name.len()].copy_from_slice(name);
        header.set_cksum();
        builder.append(&header, line.as_bytes()).expect("memory takes writes");
    }
    for (at, kind) in [
        ::tar::EntryType::Symlink,
        ::tar::EntryType::Link,
        ::tar::EntryType::Block,
        ::tar::EntryType::Fifo,
        ::tar::EntryType::Directory,
    ]
    .into_iter()
    .enumerate()
    {
        let mut header = ::tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        if at < 2 {
            builder.append_link(&mut header, "link", "/etc/passwd").expect("memory");
        } else {
            builder.append_data(&mut header, "odd", &b""[..]).expect("memory");
        }
    }
    let bytes = builder.into_inner().expect("memory takes writes");
    scene.write("entries.tar", bytes);
    let line = scene.line("zipped");
    let mut bytes = pack("stored-zip", "aaaaaaaaaaaaaaaa", line.as_bytes());
    while let Some(at) = bytes.windows(16).position(|window| window == b"aaaaaaaaaaaaaaaa") {
        bytes[at..at + 16].copy_from_slice(b"../../../../evil");
    }
    scene.write("entries.zip", bytes);
}
