//! Keys that the operator named are found whatever stands around them.

#[path = "support/encode.rs"]
mod encode;
#[path = "support/git.rs"]
mod git_support;
#[path = "support/pack.rs"]
mod pack;

use std::collections::{BTreeSet, HashSet};

use data_encoding::{BASE64, HEXLOWER};
use keysweep::finding::{Confidence, Finding};
use keysweep::pipeline;
use keysweep::secret::{Fingerprinter, Secret};
use keysweep::settings::{Mode, Settings};

/// The key in disguises, none of which names it or its vendor.
fn disguises(key: &str) -> Vec<(&'static str, Vec<u8>)> {
    let spelled = |unit: &dyn Fn(u8) -> String| key.bytes().map(unit).collect::<String>();
    let text = format!("some words\nx {key} y\n");
    let wrapped: Vec<String> = BASE64
        .encode(format!("{}{key}{}", "a".repeat(50), "b".repeat(50)).as_bytes())
        .as_bytes()
        .chunks(76)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    vec![
        ("plain.txt", text.clone().into_bytes()),
        ("inside-a-token.txt", format!("v=prefix{key}suffix\n").into_bytes()),
        ("base64.txt", format!("v: {}\n", BASE64.encode(text.as_bytes())).into_bytes()),
        ("base64-wrapped.txt", format!("-\n{}\n", wrapped.join("\n")).into_bytes()),
        ("hex.txt", format!("v: {}\n", HEXLOWER.encode(text.as_bytes())).into_bytes()),
        ("percent.txt", spelled(&|byte| format!("%{byte:02X}")).into_bytes()),
        ("escapes.js", format!("'{}'", spelled(&|byte| format!("\\x{byte:02x}"))).into_bytes()),
        ("references.html", spelled(&|byte| format!("&#{byte};")).into_bytes()),
        ("utf-16.txt", text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("utf-32.txt", text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect()),
        ("packed.gz", pack::pack("gzip", "", text.as_bytes())),
        ("packed.zip", pack::pack("zip", "a", &pack::pack("tar", "b", text.as_bytes()))),
        (
            "gzip-in-base64.txt",
            format!("v: {}\n", BASE64.encode(&pack::pack("gzip", "", text.as_bytes())))
                .into_bytes(),
        ),
        ("base64-twice.txt", BASE64.encode(BASE64.encode(text.as_bytes()).as_bytes()).into_bytes()),
        (
            "soft-breaks.eml",
            format!(
                "Content-Transfer-Encoding: quoted-printable\n\n{}{}=\n{}\n",
                "w".repeat(50),
                &key[..20],
                &key[20..]
            )
            .into_bytes(),
        ),
    ]
}

fn places(findings: &[Finding], key: &str) -> BTreeSet<String> {
    findings
        .iter()
        .filter(|finding| finding.secret.expose() == key.as_bytes())
        .flat_map(|finding| &finding.occurrences)
        .map(|place| {
            assert_eq!(place.confidence, Confidence::Confirmed);
            let path = place.origin.path.as_deref().unwrap_or_default();
            path.split("!/")
                .next()
                .unwrap_or_default()
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned()
        })
        .collect()
}

#[test]
fn known_key_in_every_disguise_is_found_in_tree_and_history_and_confirmed() {
    let key = encode::key(7);
    let repo = git_support::Repo::new();
    let disguises = disguises(&key);
    for (name, bytes) in &disguises {
        repo.write(&format!("tests/{name}"), bytes);
    }
    repo.write(".gitignore", "ignored\n").commit("one", 0);
    repo.write("ignored", format!("{key} # keysweep:allow reason=hidden\n"));
    let wanted: BTreeSet<String> = disguises.iter().map(|(name, _)| (*name).to_owned()).collect();
    let settings = |mode| Settings {
        paths: vec![repo.root().to_owned()],
        mode,
        known_keys: vec![Secret::new(key.as_bytes()), Secret::new(*b"another-key-not-there")],
        obeys_ignore_files: false,
        ..Settings::default()
    };
    let tree = pipeline::scan(&settings(Mode::Tree), &()).expect("the scope can be read");
    let mut in_tree = wanted.clone();
    in_tree.insert("ignored".to_owned());
    assert_eq!(places(&tree.findings, &key), in_tree);
    assert_eq!(tree.findings.len(), 1, "one key is one finding");
    assert!(tree.findings[0].occurrences.iter().all(|place| place.suppression.is_none()));
    let history = pipeline::scan(&settings(Mode::History), &()).expect("the scope can be read");
    assert_eq!(places(&history.findings, &key), wanted);
}

#[test]
fn known_fingerprint_confirms_what_a_rule_finds_and_says_what_it_cannot() {
    let key = encode::key(9);
    let folder = tempfile::tempdir().expect("a folder");
    let docs = folder.path().join("docs");
    std::fs::create_dir(&docs).expect("a folder");
    let text = format!("BITKIT_API_KEY={key} # keysweep:allow reason=sample\n");
    std::fs::write(docs.join("guide.md"), text).expect("a file");
    std::fs::write(folder.path().join("bare.txt"), format!("{key}\n")).expect("a file");
    let fingerprint = Fingerprinter::plain().fingerprint(&Secret::new(key.as_bytes()));
    let settings = Settings {
        paths: vec![folder.path().to_owned()],
        mode: Mode::Tree,
        known_fingerprints: HashSet::from([fingerprint]),
        min_confidence: Confidence::Confirmed,
        ..Settings::default()
    };
    let outcome = pipeline::scan(&settings, &()).expect("the scope can be read");
    assert_eq!(places(&outcome.findings, &key), BTreeSet::from(["guide.md".to_owned()]));
    assert!(outcome.findings[0].is_active());
    assert!(outcome.notes.iter().any(|note| note.kind == "known-fingerprints"));
}
