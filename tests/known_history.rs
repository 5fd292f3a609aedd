//! One known key in every disguise that is worth the name, a commit each, over
//! the history of a packed repository: one run finds all of them, each at its
//! commit, path, line and chain of encodings. The same for a tree.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps in vain")]

#[path = "support/cli.rs"]
mod cli;
#[path = "support/git.rs"]
mod git_support;
#[path = "support/pack.rs"]
mod pack;

use std::collections::BTreeMap;

use cli::run_with_input;
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use git_support::Repo;
use keysweep::secret::{Fingerprinter, Secret};
use serde_json::Value;

/// A key that no name announces, made of parts.
fn key() -> String {
    ["q7Zk2mWc", "Xp9RtV4b", "Ln6HsY1d", "Gf8JuA3e", "Be5CwQ0x"].concat()
}

/// A file that holds the key where only its value tells.
struct Disguise {
    path: &'static str,
    bytes: Vec<u8>,
    /// The way inside the file, `!/…`.
    inner: &'static str,
    line: u64,
    chain: &'static [&'static str],
}

fn disguise(
    path: &'static str,
    bytes: impl Into<Vec<u8>>,
    line: u64,
    chain: &'static [&'static str],
) -> Disguise {
    Disguise { path, bytes: bytes.into(), inner: "", line, chain }
}

fn container(
    path: &'static str,
    bytes: Vec<u8>,
    inner: &'static str,
    line: u64,
    chain: &'static [&'static str],
) -> Disguise {
    Disguise { path, bytes, inner, line, chain }
}

/// Texts and their encodings.
fn encoded(key: &str) -> Vec<Disguise> {
    let each = |unit: &dyn Fn(u8) -> String| key.bytes().map(unit).collect::<String>();
    let third = |text: &str| format!("one\ntwo\n{text}\n");
    let base64 = |before: &str| third(&BASE64.encode(format!("{before}{key}~").as_bytes()));
    let wide = |write: &dyn Fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("one\ntwo {key}\n").encode_utf16().flat_map(write).collect()
    };
    let gzipped = pack::pack("gzip", "", third(key).as_bytes());
    // Most tools write the file's time into the head.
    let mut timed = gzipped.clone();
    timed[4..8].copy_from_slice(&0x6b04_47b6_u32.to_le_bytes());
    vec![
        disguise("plain.txt", third(key), 3, &[]),
        disguise("base64-at-0.txt", base64("abc"), 3, &["base64"]),
        disguise("base64-at-1.txt", base64("a"), 3, &["base64"]),
        disguise("base64-at-2.txt", base64("ab"), 3, &["base64"]),
        disguise(
            "base64url.txt",
            third(&BASE64URL_NOPAD.encode(format!("?>?>?{key}?>?>").as_bytes())),
            3,
            &["base64"],
        ),
        disguise(
            "base64-twice.txt",
            third(&BASE64.encode(BASE64.encode(key.as_bytes()).as_bytes())),
            3,
            &["base64", "base64"],
        ),
        disguise("hex-lower.txt", third(&HEXLOWER.encode(key.as_bytes())), 3, &["hex"]),
        disguise("hex-upper.txt", third(&HEXUPPER.encode(key.as_bytes())), 3, &["hex"]),
        disguise("percent.txt", third(&each(&|byte| format!("%{byte:02X}"))), 3, &["percent"]),
        disguise("json.json", third(&each(&|byte| format!("\\u{byte:04x}"))), 3, &["escapes"]),
        disguise("octal.c", third(&each(&|byte| format!("\\{byte:03o}"))), 3, &["escapes"]),
        disguise("references.html", third(&each(&|byte| format!("&#{byte};"))), 3, &["html"]),
        disguise("hex-lower.html", third(&each(&|byte| format!("&#x{byte:x};"))), 3, &["html"]),
        disguise("hex-upper.html", third(&each(&|byte| format!("&#x{byte:X};"))), 3, &["html"]),
        disguise("utf-16-le.txt", wide(&u16::to_le_bytes), 2, &["utf-16"]),
        disguise("utf-16-be.txt", wide(&u16::to_be_bytes), 2, &["utf-16"]),
        disguise(
            "utf-32.txt",
            format!("one\n{key}\n")
                .chars()
                .flat_map(|c| u32::from(c).to_le_bytes())
                .collect::<Vec<u8>>(),
            2,
            &["utf-32"],
        ),
        disguise("gzip-base64.txt", third(&BASE64.encode(&gzipped)), 3, &["base64", "gzip"]),
        disguise("gzip-timed.txt", third(&BASE64.encode(&timed)), 3, &["base64", "gzip"]),
        disguise(
            "soft-break.eml",
            format!(
                "Content-Transfer-Encoding: quoted-printable\n\n{}{}=\n{}\n",
                "w".repeat(55),
                &key[..20],
                &key[20..]
            ),
            3,
            &["quoted-printable"],
        ),
        disguise(
            "split.js",
            format!("// parts\nconst it = '{}' +\n  '{}';\n", &key[..18], &key[18..]),
            2,
            &[],
        ),
        // Found by its end: the first part is too short to be searched for.
        disguise(
            "split-in-a-list.py",
            format!("it = ''.join(['{}', '{}',\n  '{}'])\n", &key[..4], &key[4..25], &key[25..]),
            1,
            &[],
        ),
        disguise("cr-only.txt", format!("one\rtwo\r{key}\r"), 3, &[]),
    ]
}

/// Containers, and files that are read as containers are.
fn contained(key: &str) -> Vec<Disguise> {
    let third = format!("one\ntwo\n{key}\n");
    let third = third.as_bytes();
    let stored = pack::pack("zip", "app/settings.txt", third);
    let layer = pack::tar(&[("etc/hostname", b"web\n"), ("app/.settings", third)]);
    let saved = pack::tar(&[
        ("manifest.json", br#"[{"Config":"c.json","Layers":["0a1b/layer.tar"]}]"#),
        ("c.json", b"{}"),
        ("0a1b/layer.tar", &layer),
    ]);
    let layout = pack::tar(&[
        ("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#),
        ("index.json", br#"{"schemaVersion":2,"manifests":[]}"#),
        ("blobs/sha256/5e1f", &pack::pack("gzip", "", &layer)),
    ]);
    let nested = pack::pack("gzip", "", &pack::pack("tar", "backup/inner.zip", &stored));
    vec![
        container("rotated.log.gz", pack::pack("gzip", "", third), "!/", 3, &[]),
        container("app.jar", stored, "!/app/settings.txt", 3, &[]),
        container("backup.tar.gz", nested, "!/backup/inner.zip!/app/settings.txt", 3, &[]),
        container("image.tar", saved, "!/0a1b/layer.tar!/app/.settings", 3, &[]),
        container("layout.tar", layout, "!/blobs/sha256/5e1f!/app/.settings", 3, &[]),
        container(
            "dump.sql.xz",
            pack::pack("xz", "", BASE64.encode(third).as_bytes()),
            "!/",
            1,
            &["base64"],
        ),
        container(
            "events.zst",
            pack::pack("zstd", "", HEXLOWER.encode(third).as_bytes()),
            "!/",
            1,
            &["hex"],
        ),
    ]
}

fn disguises(key: &str) -> Vec<Disguise> {
    encoded(key).into_iter().chain(contained(key)).collect()
}

/// The places of the only finding that a report holds: by path and source, the
/// line, the chain, the commit and the confidence.
fn places(
    report: &str,
    fingerprint: &str,
) -> BTreeMap<(String, String), (u64, Vec<String>, String)> {
    let report: Value = serde_json::from_str(report).unwrap();
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "one key is one finding: {report:#}");
    assert_eq!(findings[0]["fingerprint"], fingerprint);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let occurrences = findings[0]["occurrences"].as_array().unwrap();
    let places: BTreeMap<_, _> = occurrences
        .iter()
        .map(|place| {
            assert_eq!(place["confidence"], "confirmed", "{place:#}");
            let chain = place["encodings"].as_array().unwrap().iter().map(text).collect();
            let at = (text(&place["source"]), text(&place["path"]));
            (at, (place["line"].as_u64().unwrap(), chain, text(&place["commit"])))
        })
        .collect();
    assert_eq!(places.len(), occurrences.len(), "no place twice");
    places
}

fn wanted<'a>(
    disguises: &'a [Disguise],
    source: &'a str,
    root: &'a str,
    commit: impl Fn(&Disguise) -> String + 'a,
) -> impl Iterator<Item = ((String, String), (u64, Vec<String>, String))> + 'a {
    disguises.iter().map(move |disguise| {
        let path = format!("{root}{}{}", disguise.path, disguise.inner);
        let chain = disguise.chain.iter().map(|encoding| (*encoding).to_owned()).collect();
        ((source.to_owned(), path), (disguise.line, chain, commit(disguise)))
    })
}

fn assert_same<K: Ord + std::fmt::Debug, V: PartialEq + std::fmt::Debug>(
    found: &BTreeMap<K, V>,
    wanted: &BTreeMap<K, V>,
) {
    let missing: Vec<_> =
        wanted.iter().filter(|(key, value)| found.get(key) != Some(value)).collect();
    let surplus: Vec<_> =
        found.iter().filter(|(key, value)| wanted.get(key) != Some(value)).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "missing {missing:#?}\nsurplus {surplus:#?}");
}

/// The purpose of the sweep for known keys: whoever holds a leaked key learns
/// of every place, whatever it looks like there.
#[test]
fn known_key_in_many_disguises_over_a_history_is_found_in_one_run() {
    let key = key();
    let disguises = disguises(&key);
    assert!(disguises.len() >= 12);
    let repo = Repo::new();
    let mut introduced = BTreeMap::new();
    let mut time = 0;
    repo.write("src/main.txt", "0\n").commit("start", time);
    for disguise in &disguises {
        repo.write(&format!("d/{}", disguise.path), &disguise.bytes);
        time += 60;
        introduced.insert(disguise.path, repo.commit(&format!("add {}", disguise.path), time));
        for step in 0..4 {
            time += 60;
            repo.write("src/main.txt", format!("{time}\n{step}\n").repeat(40));
            repo.commit("work", time);
        }
        // Half of them are gone again.
        if introduced.len() % 2 == 0 {
            std::fs::remove_file(repo.root().join("d").join(disguise.path)).unwrap();
            time += 60;
            repo.commit("tidy", time);
        }
    }
    repo.git(&["gc", "-q", "--aggressive", "--prune=now"]);
    let fingerprint = Fingerprinter::plain().fingerprint(&Secret::new(key.as_bytes())).to_string();
    let arguments = ["scan", "--history", "--known-keys-stdin", "--format", "json"];
    let ran = run_with_input(repo.root(), &arguments, &[], &format!("{key}\n"));
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    cli::assert_no_key("output", ran.stdout.as_bytes(), &[&Secret::new(key.as_bytes())]);
    let commit = |disguise: &Disguise| introduced[disguise.path].clone();
    let wanted: BTreeMap<_, _> = wanted(&disguises, "history", "d/", commit).collect();
    assert_same(&places(&ran.stdout, &fingerprint), &wanted);
}

#[test]
fn known_key_in_many_disguises_in_a_tree_is_found_in_one_run() {
    let key = key();
    let disguises = disguises(&key);
    let folder = tempfile::tempdir().unwrap();
    for disguise in &disguises {
        std::fs::write(folder.path().join(disguise.path), &disguise.bytes).unwrap();
    }
    let fingerprint = Fingerprinter::plain().fingerprint(&Secret::new(key.as_bytes())).to_string();
    let arguments = ["scan", "--tree", "--known-keys-stdin", "--format", "json"];
    let ran = run_with_input(folder.path(), &arguments, &[], &format!("{key}\n"));
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let wanted: BTreeMap<_, _> = wanted(&disguises, "worktree", "", |_| String::new()).collect();
    assert_same(&places(&ran.stdout, &fingerprint), &wanted);
}

/// Who may not hold the key compares fingerprints, and is told what that
/// cannot find.
#[test]
fn known_fingerprints_compare_what_rules_extract_over_a_history_and_say_so() {
    let key = key();
    let repo = Repo::new();
    let named = concat!("BITKIT", "_API_KEY");
    repo.write("a/named.env", format!("{named}={key}\n")).commit("named", 0);
    let secret = format!("data:\n  {named}: {}\n", BASE64.encode(key.as_bytes()));
    repo.write("a/secret.yaml", secret).commit("encoded", 60);
    repo.write("a/bare.txt", format!("{key}\n")).commit("bare", 120);
    let fingerprint = Fingerprinter::plain().fingerprint(&Secret::new(key.as_bytes())).to_string();
    let file = repo.beside("fingerprints");
    std::fs::write(&file, format!("# the leaked one\n{fingerprint}\n")).unwrap();
    let file = file.to_str().unwrap();
    let arguments = ["scan", "--history", "--known-fingerprints", file, "--format", "json"];
    let ran = cli::run(repo.root(), &arguments, &[]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let found: Vec<String> =
        places(&ran.stdout, &fingerprint).into_keys().map(|(_, path)| path).collect();
    assert_eq!(found, ["a/named.env", "a/secret.yaml"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let note = report["notes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|note| note["kind"] == "known-fingerprints")
        .expect("a note on what was not compared");
    let message = note["message"].as_str().unwrap();
    assert!(message.contains("only the values that rules extract"), "{message}");
    let human = cli::run(repo.root(), &arguments[..4], &[]);
    assert!(human.stdout.contains("only the values that rules"), "{}", human.stdout);
}
