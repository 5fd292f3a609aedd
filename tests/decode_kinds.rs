//! Files of kinds whose lines, layers or cells are not those of plain text: a
//! key in each is found at its place, in a tree and in what a repository
//! stores.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps in vain")]

#[path = "support/encode.rs"]
mod encode;
#[path = "support/git.rs"]
mod git_support;
#[path = "support/pack.rs"]
mod pack;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;

use data_encoding::BASE64;
use keysweep::finding::Finding;
use keysweep::pipeline;
use keysweep::settings::{Mode, Settings};

/// The name that announces a key, in parts so that this file holds no pair.
const NAME: &str = concat!("BITKIT", "_API_KEY");

/// A file and where its key stands.
struct Kind {
    path: &'static str,
    bytes: Vec<u8>,
    inner: &'static str,
    line: u64,
    column: u64,
    key: String,
}

fn wide(text: &str, write: impl Fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(write).collect()
}

/// More lines than one piece of a file holds, then the key's.
fn long(key: &str, end: &str) -> (String, u64) {
    let lines = 60_000;
    let mut text: String =
        (0..lines).map(|line| format!("a line of text {line:06}{end}")).collect();
    text.push_str(&format!("{NAME}={key}{end}"));
    text.extend((0..20_000).map(|line| format!("more {line}{end}")));
    (text, lines + 1)
}

/// Text whose units or line ends are not those of UTF-8 with `\n`.
fn texts() -> Vec<Kind> {
    let mut kinds = Vec::new();
    let before = NAME.len() as u64 + 1;
    let mut add = |path, line, column, make: &dyn Fn(&str) -> Vec<u8>| {
        let key = encode::key(1000 + kinds.len() as u64);
        kinds.push(Kind { path, bytes: make(&key), inner: "", line, column, key });
    };
    add("long-utf-16-le.log", 60_001, 2 * before + 1, &|key| {
        wide(&format!("\u{feff}{}", long(key, "\r\n").0), u16::to_le_bytes)
    });
    add("long-utf-16-be.log", 60_001, 2 * before + 1, &|key| {
        wide(&format!("\u{feff}{}", long(key, "\n").0), u16::to_be_bytes)
    });
    add("long-utf-16-no-mark.log", 60_001, 2 * before + 1, &|key| {
        wide(&long(key, "\n").0, u16::to_le_bytes)
    });
    add("long-utf-32.log", 60_001, 4 * before + 1, &|key| {
        let text = format!("\u{feff}{}", long(key, "\n").0);
        text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect()
    });
    add("long-cr-only.log", 60_001, before + 1, &|key| long(key, "\r").0.into_bytes());
    add("long.log", 60_001, before + 1, &|key| long(key, "\n").0.into_bytes());
    add("utf-32-be.txt", 2, 4 * before + 1, &|key| {
        let text = format!("one\n{NAME}={key}\n");
        text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect()
    });
    add("latin-1.txt", 3, before + 1, &|key| {
        [&b"caf\xe9\n\xfcber\xdf\n"[..], format!("{NAME}={key}\n").as_bytes()].concat()
    });
    add("nul-laden.bin", 3, before + 9, &|key| {
        [
            b"\0\0\x01\n\0\x02\nsettings".as_slice(),
            b"\0",
            format!("{NAME}={key}").as_bytes(),
            b"\0\0",
        ]
        .concat()
        .into_iter()
        .collect()
    });
    // The column counts from the line's start, the eight letters and the NUL.
    kinds.last_mut().unwrap().column = before + 10;
    kinds
}

/// Documents and databases that hold text in a form of their own.
fn documents() -> Vec<Kind> {
    let mut kinds = Vec::new();
    let mut add = |path, inner, line, column, make: &dyn Fn(&str) -> Vec<u8>| {
        let key = encode::key(2000 + kinds.len() as u64);
        kinds.push(Kind { path, bytes: make(&key), inner, line, column, key });
    };
    add("notebook.ipynb", "", 5, 15 + NAME.len() as u64, &|key| {
        format!(
            "{{\n \"cells\": [{{\n  \"cell_type\": \"code\",\n  \"source\": [\n    \"{NAME} = \
             '{key}'\\n\",\n    \"run()\\n\"\n  ]\n }}],\n \"nbformat\": 4\n}}\n"
        )
        .replace("    \"BITKIT", "        \"BITKIT")
        .into_bytes()
    });
    add("session.har", "", 1, 140, &|key| {
        let head = "{\"log\":{\"entries\":[{\"request\":{\"url\":\"https://api.bytestack.dev/v1/x\",\
                    \"headers\":[{\"name\":\"Authorization\",\"value\":\"Bearer ";
        let head = format!("{head}{key}\"}}]}}}}]}}}}\n");
        head.into_bytes()
    });
    let length = "{\"log\":{\"entries\":[{\"request\":{\"url\":\"https://api.bytestack.dev/v1/x\",\
                  \"headers\":[{\"name\":\"Authorization\",\"value\":\"Bearer "
        .len() as u64;
    add("settings.db", "!/page 2", 2, NAME.len() as u64 + 2, &|key| {
        database(&[&["theme", "dark"], &[NAME, key]])
    });
    add("handbook.pdf", "!/stream 1", 1, NAME.len() as u64 + 6, &|key| {
        pdf(&format!("BT ({NAME} {key}) Tj ET"))
    });
    add("image.tar", "!/0a1b/layer.tar!/app/.env", 1, NAME.len() as u64 + 2, &|key| {
        let layer = pack::tar(&[("app/.env", format!("{NAME}={key}\n").as_bytes())]);
        let files: [(&str, &[u8]); 3] = [
            ("manifest.json", br#"[{"Config":"c.json","Layers":["0a1b/layer.tar"]}]"#),
            ("c.json", b"{}"),
            ("0a1b/layer.tar", &layer),
        ];
        pack::tar(&files)
    });
    // An OCI layout unpacked: a layer is a blob without an ending.
    add("layout/blobs/sha256/5e1f", "!/app/.env", 1, NAME.len() as u64 + 2, &|key| {
        pack::pack("gzip", "", &pack::tar(&[("app/.env", format!("{NAME}={key}\n").as_bytes())]))
    });
    add("secret.yaml", "", 5, NAME.len() as u64 + 5, &|key| {
        let value = BASE64.encode(key.as_bytes());
        format!("apiVersion: v1\nkind: Secret\ntype: Opaque\ndata:\n  {NAME}: {value}\n")
            .into_bytes()
    });
    for kind in &mut kinds {
        match kind.path {
            "session.har" => kind.column = length + 1,
            "notebook.ipynb" => kind.column = "        \"".len() as u64 + NAME.len() as u64 + 5,
            _ => {}
        }
    }
    kinds
}

/// A PDF file whose only stream is compressed.
fn pdf(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    let head = b"%PDF-1.7\n1 0 obj\n<< /Filter /FlateDecode >>\nstream\n";
    [&head[..], &packed, b"\nendstream\nendobj\n"].concat()
}

/// An SQLite database of one table, whose rows are texts.
fn database(rows: &[&[&str]]) -> Vec<u8> {
    const PAGE_BYTES: usize = 512;
    let leaf = |head: usize, cells: &[Vec<u8>]| {
        let mut page = vec![0; PAGE_BYTES];
        page[head] = 13;
        page[head + 3..head + 5].copy_from_slice(&(cells.len() as u16).to_be_bytes());
        let mut start = PAGE_BYTES;
        for (index, cell) in cells.iter().enumerate() {
            start -= cell.len();
            page[start..start + cell.len()].copy_from_slice(cell);
            let pointer = head + 8 + 2 * index;
            page[pointer..pointer + 2].copy_from_slice(&(start as u16).to_be_bytes());
        }
        page
    };
    let cells: Vec<Vec<u8>> = rows
        .iter()
        .enumerate()
        .map(|(index, row)| {
            let mut record = vec![row.len() as u8 + 1];
            record.extend(row.iter().map(|column| 13 + 2 * column.len() as u8));
            row.iter().for_each(|column| record.extend_from_slice(column.as_bytes()));
            let mut cell = vec![record.len() as u8, index as u8 + 1];
            cell.append(&mut record);
            cell
        })
        .collect();
    let mut first = leaf(100, &[]);
    first[..16].copy_from_slice(b"SQLite format 3\0");
    first[16..18].copy_from_slice(&(PAGE_BYTES as u16).to_be_bytes());
    [first, leaf(0, &cells)].concat()
}

fn findings(path: PathBuf, mode: Mode) -> Vec<Finding> {
    let settings = Settings { paths: vec![path], mode, ..Settings::default() };
    let outcome = pipeline::scan(&settings, &()).expect("the scope can be read");
    assert!(outcome.skips.is_empty(), "{:?}", outcome.skips);
    outcome.findings
}

fn assert_found(findings: &[Finding], kinds: &[Kind]) {
    let found: BTreeMap<&[u8], &Finding> =
        findings.iter().map(|finding| (finding.secret.expose(), finding)).collect();
    let mut wrong = Vec::new();
    for kind in kinds {
        let Some(finding) = found.get(kind.key.as_bytes()) else {
            wrong.push(format!("{}: missed", kind.path));
            continue;
        };
        let places: Vec<(String, u64, u64)> = finding
            .occurrences
            .iter()
            .map(|place| {
                let path = place.origin.path.as_deref().unwrap_or_default().to_owned();
                (path, place.line, place.column)
            })
            .collect();
        let end = format!("{}{}", kind.path, kind.inner);
        let is_there = places.iter().any(|(path, line, column)| {
            path.ends_with(&end) && (*line, *column) == (kind.line, kind.column)
        });
        if !is_there {
            wrong.push(format!("{end}:{}:{}: found at {places:?}", kind.line, kind.column));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(findings.len(), kinds.len(), "something else was found too");
}

#[test]
fn key_in_files_of_every_kind_is_found_at_its_place() {
    let kinds: Vec<Kind> = texts().into_iter().chain(documents()).collect();
    let repo = git_support::Repo::new();
    for kind in &kinds {
        repo.write(kind.path, &kind.bytes);
    }
    repo.commit("one", 0);
    assert_found(&findings(repo.root().to_owned(), Mode::Tree), &kinds);
    assert_found(&findings(repo.root().to_owned(), Mode::History), &kinds);
}

/// What a Kubernetes Secret holds is the key that stands plain elsewhere.
#[test]
fn base64_under_a_name_and_plain_are_one_finding_with_one_fingerprint() {
    let key = encode::key(77);
    let folder = tempfile::tempdir().unwrap();
    let value = BASE64.encode(key.as_bytes());
    let secret = format!("kind: Secret\ndata:\n  {NAME}: {value}\n");
    std::fs::write(folder.path().join("secret.yaml"), secret).unwrap();
    std::fs::write(folder.path().join("plain.env"), format!("{NAME}={key}\n")).unwrap();
    let findings = findings(folder.path().to_owned(), Mode::Tree);
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].occurrences.len(), 2);
    assert_eq!(findings[0].secret.expose(), key.as_bytes());
}
