//! A key is found in every encoding inside every container, in a tree and in
//! what a repository stores, at its place.

#[path = "support/encode.rs"]
mod encode;
#[path = "support/git.rs"]
mod git_support;
#[path = "support/pack.rs"]
mod pack;

use std::collections::BTreeMap;
use std::path::PathBuf;

use keysweep::finding::Finding;
use keysweep::pipeline;
use keysweep::settings::{Mode, Settings};

/// The containers of the table, outermost first.
const CONTAINERS: [&[&str]; 14] = [
    &[],
    &["gzip"],
    &["bzip2"],
    &["xz"],
    &["zstd"],
    &["tar"],
    &["zip"],
    &["stored-zip"],
    &["gzip", "tar"],
    &["zstd", "tar"],
    &["zip", "gzip", "tar"],
    &["tar", "zip"],
    &["tar", "gzip", "tar"],
    &["xz", "gzip", "zip", "bzip2"],
];

fn packed(containers: &[&str], bytes: &[u8]) -> Vec<u8> {
    containers
        .iter()
        .rev()
        .fold(bytes.to_vec(), |bytes, kind| pack::pack(kind, "inner/settings.txt", &bytes))
}

/// The path inside the outer file.
fn inner_path(containers: &[&str]) -> String {
    let mut path = String::new();
    for (index, kind) in containers.iter().enumerate() {
        if matches!(*kind, "tar" | "zip" | "stored-zip") {
            path.push_str("!/inner/settings.txt");
        } else if index + 1 == containers.len() {
            path.push_str("!/");
        }
    }
    path
}

/// File names and what each holds: the key and the line on which it stands.
fn table() -> (BTreeMap<String, Vec<u8>>, BTreeMap<String, encode::Planted>) {
    let mut files = BTreeMap::new();
    let mut planted = BTreeMap::new();
    for (row, encoding) in encode::ENCODINGS.iter().enumerate() {
        for (column, containers) in CONTAINERS.iter().enumerate() {
            let case = encode::planted(encoding, (row * CONTAINERS.len() + column) as u64);
            let name = format!("{encoding}/{}.bin", containers.join("-"));
            files.insert(name.clone(), packed(containers, &case.bytes));
            planted.insert(format!("{name}{}", inner_path(containers)), case);
        }
    }
    (files, planted)
}

fn findings(path: PathBuf, mode: Mode) -> Vec<Finding> {
    let settings = Settings { paths: vec![path], mode, ..Settings::default() };
    let outcome = pipeline::scan(&settings, &()).expect("the scope can be read");
    assert!(outcome.skips.is_empty(), "{:?}", outcome.skips);
    outcome.findings
}

fn assert_all_found(findings: &[Finding], planted: &BTreeMap<String, encode::Planted>) {
    let mut missed = Vec::new();
    for (place, case) in planted {
        let found = findings
            .iter()
            .filter(|finding| finding.secret.expose() == case.key.as_bytes())
            .flat_map(|finding| &finding.occurrences)
            .find(|place_found| {
                place_found.origin.path.as_deref().is_some_and(|path| path.ends_with(place))
            });
        match found {
            None => missed.push(format!("{place}: not found")),
            Some(found) => {
                let encodings: Vec<&str> =
                    found.encodings.iter().map(|encoding| encoding.name()).collect();
                if found.line != case.line || encodings != case.chain {
                    missed.push(format!(
                        "{place}: line {} and {encodings:?}, not {} and {:?}",
                        found.line, case.line, case.chain
                    ));
                }
                assert!(!found.excerpt.text.contains(&case.key), "{place}");
            }
        }
    }
    assert!(missed.is_empty(), "{} of {}:\n{}", missed.len(), planted.len(), missed.join("\n"));
    assert_eq!(findings.len(), planted.len(), "something else was found too");
}

#[test]
fn key_in_every_encoding_in_every_container_is_found_in_a_tree() {
    let (files, planted) = table();
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in &files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, bytes).expect("a file");
    }
    assert_all_found(&findings(folder.path().to_owned(), Mode::Tree), &planted);
}

#[test]
fn key_in_every_encoding_in_every_container_is_found_in_history() {
    let (files, planted) = table();
    let repo = git_support::Repo::new();
    for (name, bytes) in &files {
        repo.write(name, bytes);
    }
    repo.commit("one", 0);
    assert_all_found(&findings(repo.root().to_owned(), Mode::History), &planted);
}
