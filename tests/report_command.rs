//! `keysweep report` and `keysweep audit`, as their users run them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::print_stderr, reason = "a test that was skipped says so")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use assert_cmd::cargo::cargo_bin;
use keysweep::report::{Format, audit};

/// A key of no vendor's, the same for the same seed.
fn made_up_key(seed: u64) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..40)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            char::from(ALPHABET[(state >> 33) as usize % ALPHABET.len()])
        })
        .collect()
}

/// What a command printed and how it ended.
struct Ended {
    out: String,
    err: String,
    code: Option<i32>,
}

fn keysweep(directory: &Path, arguments: &[&str], input: &str) -> Ended {
    use std::io::Write as _;
    let mut child = Command::new(cargo_bin("keysweep"))
        .args(arguments)
        .current_dir(directory)
        .env_remove("KEYSWEEP_FINGERPRINT_KEY")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let ended = child.wait_with_output().unwrap();
    Ended {
        out: String::from_utf8(ended.stdout).unwrap(),
        err: String::from_utf8(ended.stderr).unwrap(),
        code: ended.status.code(),
    }
}

fn git(directory: &Path, arguments: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(done.success(), "git {arguments:?}");
}

/// A repository with the key in a file, in history, encoded and in a message;
/// its report is beside it.
fn leak(key: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let repository = directory.path().join("shop");
    fs::create_dir(&repository).unwrap();
    git(&repository, &["init", "-q", "-b", "main"]);
    let line = format!("BITKIT_API_KEY={key}\n");
    fs::write(repository.join("old.env"), &line).unwrap();
    git(&repository, &["add", "."]);
    git(&repository, &["commit", "-q", "-m", &format!("Set BITKIT_API_KEY={key} for now")]);
    git(&repository, &["rm", "-q", "old.env"]);
    fs::write(repository.join("new.env"), format!("# {key} is ours\n{line}")).unwrap();
    let encoded = data_encoding::BASE64.encode(line.as_bytes());
    fs::write(repository.join("secret.yaml"), format!("data:\n  env: {encoded}\n")).unwrap();
    git(&repository, &["add", "."]);
    git(&repository, &["commit", "-q", "-m", "Move it"]);
    let scanned = keysweep(
        directory.path(),
        &["scan", "--no-progress", "--quiet", "--report", "json=report.json", "shop"],
        "",
    );
    assert_eq!(scanned.code, Some(1), "{}", scanned.err);
    directory
}

/// The key as it may be written, whole.
fn spellings(key: &str) -> Vec<String> {
    let bytes = key.as_bytes();
    let mut spelled = vec![
        key.to_owned(),
        key.to_lowercase(),
        data_encoding::HEXLOWER.encode(bytes),
        data_encoding::HEXUPPER.encode(bytes),
        bytes.iter().map(|byte| format!("%{byte:02X}")).collect(),
        bytes.iter().map(|byte| format!("&#{byte};")).collect(),
        bytes.iter().map(|byte| format!("\\u{byte:04x}")).collect(),
        key.chars().rev().collect(),
    ];
    // Base64 spells it in one of three ways, whatever stands around it.
    for shift in 0..3 {
        let encoded = data_encoding::BASE64.encode(&[&b"xxx"[..shift], bytes].concat());
        spelled.push(encoded[4..encoded.len() - 4].to_owned());
    }
    spelled
}

/// Reports are attached to tickets, so none may become the next leak.
#[test]
fn no_format_prints_the_key() {
    let key = made_up_key(7);
    let leak = leak(&key);
    let scope = ["scan", "--no-progress", "--format"];
    let mut seen = 0;
    for format in Format::ALL {
        for arguments in [
            vec!["report", "report.json", "--format", format.name()],
            [&scope[..], &[format.name(), "shop"]].concat(),
        ] {
            let ended = keysweep(leak.path(), &arguments, "");
            assert!(matches!(ended.code, Some(0 | 1)), "{arguments:?}: {}", ended.err);
            // A part of the key's middle would be the key's: the mask shows the
            // first four and the last two alone.
            let middles = (4..key.len() - 10).map(|at| key[at..at + 8].to_owned());
            for spelled in spellings(&key).into_iter().chain(middles) {
                assert!(!ended.out.contains(&spelled), "{arguments:?} prints {spelled}");
                assert!(!ended.err.contains(&spelled), "{arguments:?} says {spelled}");
            }
            seen += usize::from(ended.out.contains(&format!("{}…{}", &key[..4], &key[38..])));
        }
    }
    assert_eq!(seen, 20, "every format shows the mask");
}

#[test]
fn rendered_file_is_whole_and_private() {
    let leak = leak(&made_up_key(8));
    for format in Format::ALL {
        let name = format!("out.{format}");
        let arguments = ["report", "report.json", "--format", format.name(), "--output", &name];
        let ended = keysweep(leak.path(), &arguments, "");
        assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""), "{}", ended.err);
        let piped = fs::read_to_string(leak.path().join("report.json")).unwrap();
        let to_stdout = keysweep(leak.path(), &["report", "-", "--format", format.name()], &piped);
        assert_eq!(fs::read_to_string(leak.path().join(&name)).unwrap(), to_stdout.out);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(leak.path().join(&name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}

#[test]
fn what_cannot_be_rendered_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let value = made_up_key(9);
    fs::write(at.join("broken.json"), "{").unwrap();
    fs::write(at.join("other.json"), r#"{"schema":"keysweep-report/9"}"#).unwrap();
    fs::write(
        at.join("surplus.json"),
        format!(r#"{{"schema":"keysweep-report/1","key":"{value}"}}"#),
    )
    .unwrap();
    for (arguments, said) in [
        (vec!["report", "nowhere.json"], "nowhere.json: cannot be read"),
        (vec!["report", "broken.json"], "not a report"),
        (vec!["report", "other.json"], "another version, `keysweep-report/9`"),
        (vec!["report", "surplus.json"], "unknown field `key`"),
        (vec!["report", "surplus.json", "--format", "pdf"], "no such format"),
        (vec!["report"], "REPORT"),
        (vec!["report", "-", "--replacements", "--keys-stdin", "--output", "x"], "standard input"),
        #[cfg(unix)]
        (
            vec!["report", "/dev/stdin", "--replacements", "--keys-stdin", "--output", "x"],
            "standard input",
        ),
        (vec!["report", "broken.json", "--replacements", "--keys-stdin"], "--output"),
        (vec!["audit", "check", "nowhere"], "no audit"),
        (vec!["audit", "check", "."], "no MANIFEST"),
    ] {
        let ended = keysweep(at, &arguments, "");
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ended.err.contains(said), "{arguments:?}: {}", ended.err);
        assert!(!ended.err.contains(&value) && !ended.err.contains("panicked"), "{}", ended.err);
    }
}

#[test]
fn schema_is_printed() {
    let directory = tempfile::tempdir().unwrap();
    let ended = keysweep(directory.path(), &["report", "--schema"], "");
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), keysweep::report::JSON_SCHEMA));
}

#[test]
fn audit_check_ends_with_its_verdict() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    fs::write(at.join("report.json"), "{}\n").unwrap();
    audit::seal(at, None).unwrap();
    let intact = keysweep(at, &["audit", "check", "."], "");
    assert_eq!(intact.code, Some(0), "{}", intact.err);
    assert!(intact.out.contains("consistent (1 files, 0 journal lines), not authenticated"));
    fs::write(at.join("report.json"), "{} \n").unwrap();
    let altered = keysweep(at, &["audit", "check", "."], "");
    assert_eq!(altered.code, Some(1));
    assert!(altered.out.contains("report.json: changed"), "{}", altered.out);
}

#[test]
fn replacement_list_holds_no_key_unless_asked_for() {
    let key = made_up_key(10);
    let leak = leak(&key);
    let path = leak.path().join("report.json");
    let mut report: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let places = report["findings"][0]["occurrences"].as_array_mut().unwrap();
    let mut encoded = places[0].clone();
    encoded["encodings"] = serde_json::json!(["base64"]);
    places.push(encoded);
    fs::write(&path, report.to_string()).unwrap();
    let masked = keysweep(leak.path(), &["report", "report.json", "--replacements"], "");
    assert_eq!(masked.code, Some(0), "{}", masked.err);
    assert!(!masked.out.contains(&key) && !masked.err.contains(&key));
    let pattern = format!("regex:{}\\S{{34}}{}==>", &key[..4], &key[38..]);
    assert!(masked.out.starts_with(&pattern), "{}", masked.out);
    assert!(masked.err.contains("encoded (base64)"), "{}", masked.err);

    let arguments =
        ["report", "report.json", "--replacements", "--keys-stdin", "--output", "clear.txt"];
    let clear = keysweep(leak.path(), &arguments, &format!("{key}\n{}\n", made_up_key(11)));
    assert_eq!((clear.code, clear.out.as_str()), (Some(0), ""), "{}", clear.err);
    assert!(!clear.err.contains(&key));
    let list = fs::read_to_string(leak.path().join("clear.txt")).unwrap();
    assert!(list.starts_with(&format!("literal:{key}==>")), "asked for");
    assert!(!list.contains(&made_up_key(11)), "a key that the report does not name is dropped");
}

#[test]
fn git_filter_repo_takes_either_list() {
    if Command::new("git-filter-repo").arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("SKIPPED: git_filter_repo_takes_either_list needs git-filter-repo");
        return;
    }
    let key = made_up_key(12);
    for clear in [false, true] {
        let leak = leak(&key);
        let mut arguments = vec!["report", "report.json", "--replacements", "--output", "list.txt"];
        if clear {
            arguments.push("--keys-stdin");
        }
        let made = keysweep(leak.path(), &arguments, &format!("{key}\n"));
        assert_eq!(made.code, Some(0), "{}", made.err);
        let repository = leak.path().join("shop");
        fs::remove_file(repository.join("secret.yaml")).unwrap();
        git(&repository, &["commit", "-q", "-a", "-m", "Drop the encoded one"]);
        let rewritten = Command::new("git-filter-repo")
            .args(["--force", "--quiet", "--path", "secret.yaml", "--invert-paths"])
            .args(["--replace-text", "../list.txt", "--replace-message", "../list.txt"])
            .current_dir(&repository)
            .status()
            .unwrap();
        assert!(rewritten.success());
        let log = Command::new("git")
            .args(["log", "--all", "-p"])
            .current_dir(&repository)
            .output()
            .unwrap();
        let log = String::from_utf8(log.stdout).unwrap();
        assert!(!log.contains(&key), "{log}");
        assert!(log.contains("BITKIT_API_KEY=***REMOVED BY KEYSWEEP***"), "{log}");
    }
}
