//! The audit directory: every change is named, and the tools that everybody
//! has come to the same verdict.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::print_stderr, reason = "a test that was skipped says so")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use keysweep::report::audit::{
    AuditError, Authenticity, NAMESPACE, Problem, SignError, Signer, TrustedKeys, check, seal,
};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

fn journal(events: &[&str]) -> String {
    let mut previous = "0".repeat(64);
    let mut text = String::new();
    for (seq, event) in events.iter().enumerate() {
        let line = format!(
            r#"{{"seq":{seq},"at":"2026-03-14T09:26:5{seq}Z","previous":"{previous}","event":"{event}"}}"#
        );
        previous = hex(line.as_bytes());
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// An audit of a few small files, not sealed.
fn audit() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    fs::write(at.join("journal.ndjson"), journal(&["opened", "intent", "outcome"])).unwrap();
    fs::write(at.join("report.json"), "{\"schema\":\"keysweep-report/1\"}\n").unwrap();
    fs::create_dir(at.join("rendered")).unwrap();
    fs::write(at.join("rendered/report.csv"), "\"kind\"\r\n").unwrap();
    fs::write(at.join("empty.jsonl"), "").unwrap();
    directory
}

/// A key made by `ssh-keygen`; `None`, said aloud, where that is missing.
fn key(directory: &Path, kind: &str, bits: &str, passphrase: &str) -> Option<PathBuf> {
    let path = directory.join(format!("id_{kind}_{bits}_{}", passphrase.len()));
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", kind, "-b", bits, "-N", passphrase, "-C", "auditor", "-f"])
        .arg(&path)
        .status();
    if made.is_err() {
        eprintln!("SKIPPED: a test of signatures needs ssh-keygen (openssh-client)");
        return None;
    }
    assert!(made.unwrap().success());
    Some(path)
}

/// How many bytes the private number of an unencrypted ECDSA key takes: it
/// follows the second time that the file gives the public point.
fn scalar_bytes(key: &Path) -> usize {
    let public = fs::read_to_string(public_half(key)).unwrap();
    let blob = public.split_whitespace().nth(1).unwrap();
    let blob = data_encoding::BASE64.decode(blob.as_bytes()).unwrap();
    let point = &blob[blob.len() - 65..];
    let private = fs::read_to_string(key).unwrap();
    let lines = private.lines().filter(|line| !line.starts_with('-'));
    let private = data_encoding::BASE64.decode(lines.collect::<String>().as_bytes()).unwrap();
    let at = private.windows(65).rposition(|window| window == point).unwrap() + 65;
    u32::from_be_bytes(*private[at..].first_chunk().unwrap()) as usize
}

/// A P-256 key whose private number takes fewer than 32 bytes, or not.
fn p256_key(directory: &Path, is_short: bool) -> Option<PathBuf> {
    loop {
        let key = key(directory, "ecdsa", "256", "")?;
        if (scalar_bytes(&key) < 32) == is_short {
            return Some(key);
        }
        fs::remove_file(public_half(&key)).unwrap();
        fs::remove_file(key).unwrap();
    }
}

fn public_half(key: &Path) -> PathBuf {
    PathBuf::from(format!("{}.pub", key.display()))
}

/// Whether `ssh-keygen -Y verify` accepts the audit from the key's owner.
fn ssh_keygen_accepts(audit: &Path, key: &Path) -> bool {
    let signers = key.with_extension("signers");
    let public = fs::read_to_string(public_half(key)).unwrap();
    fs::write(&signers, format!("auditor namespaces=\"{NAMESPACE}\" {public}")).unwrap();
    let trusted = TrustedKeys::open(&signers).unwrap();
    assert!(check(audit, Some(&trusted)).unwrap().is_intact());
    Command::new("ssh-keygen")
        .args(["-Y", "verify", "-n", NAMESPACE, "-I", "auditor", "-f"])
        .arg(&signers)
        .arg("-s")
        .arg(audit.join("MANIFEST.sig"))
        .stdin(fs::File::open(audit.join("MANIFEST")).unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success()
}

fn every_file(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        ["journal.ndjson", "report.json", "rendered/report.csv", "MANIFEST", "MANIFEST.sig"]
            .map(str::to_owned)
            .to_vec();
    names.retain(|name| directory.join(name).exists());
    names
}

fn named(problems: &[Problem], name: &str) -> bool {
    problems.iter().any(|problem| {
        let said = problem.to_string();
        said.starts_with(&format!("{name}:")) || said.contains(name)
    })
}

#[test]
fn unsigned_audit_is_consistent_and_not_authenticated() {
    let audit = audit();
    let sealed = seal(audit.path(), None).unwrap();
    assert_eq!((sealed.files, sealed.signer), (4, None));
    let found = check(audit.path(), None).unwrap();
    assert!(found.is_intact(), "{:?}", found.problems);
    assert_eq!(found.authenticity, Authenticity::Unsigned);
    assert_eq!((found.files, found.journal_lines), (4, 3));
    assert_eq!(sealed.manifest_sha256, hex(&fs::read(audit.path().join("MANIFEST")).unwrap()));
}

#[test]
fn every_flipped_cut_or_added_byte_is_named() {
    let keys = tempfile::tempdir().unwrap();
    for signed in [false, true] {
        let audit = audit();
        let signer = if signed {
            let Some(key) = key(keys.path(), "ed25519", "256", "") else { return };
            Some(Signer::open(&key, None).unwrap())
        } else {
            None
        };
        seal(audit.path(), signer.as_ref()).unwrap();
        let mut flips = 0;
        for name in every_file(audit.path()) {
            let path = audit.path().join(&name);
            let whole = fs::read(&path).unwrap();
            let mut try_bytes = |bytes: &[u8], what: &str| {
                fs::write(&path, bytes).unwrap();
                let found = check(audit.path(), None).unwrap();
                assert!(named(&found.problems, &name), "{name}: {what}: {:?}", found.problems);
                flips += 1;
            };
            for at in 0..whole.len() {
                for bit in if at % 5 == 0 { vec![0x01, 0x20, 0x80] } else { vec![0x01] } {
                    let mut flipped = whole.clone();
                    flipped[at] ^= bit;
                    try_bytes(&flipped, &format!("byte {at} ^ {bit:#x}"));
                }
                if at % 7 == 0 {
                    let mut without = whole.clone();
                    without.remove(at);
                    try_bytes(&without, &format!("byte {at} removed"));
                }
            }
            for added in [b"\n".as_slice(), b" ", b"\0"] {
                try_bytes(&[&whole, added].concat(), "added at the end");
                try_bytes(&[added, &whole].concat(), "added at the start");
            }
            fs::write(&path, &whole).unwrap();
        }
        assert!(check(audit.path(), None).unwrap().is_intact());
        assert!(flips > 1_000, "{flips}");
    }
}

#[test]
fn removed_added_renamed_and_reordered_are_named() {
    let audit = audit();
    let at = audit.path();
    seal(at, None).unwrap();
    let problems = || check(at, None).unwrap().problems;

    fs::rename(at.join("report.json"), at.join("report2.json")).unwrap();
    assert_eq!(
        problems(),
        [Problem::Removed("report.json".into()), Problem::Added("report2.json".into())]
    );
    fs::rename(at.join("report2.json"), at.join("report.json")).unwrap();

    fs::write(at.join("rendered/extra"), "").unwrap();
    assert_eq!(problems(), [Problem::Added("rendered/extra".into())]);
    fs::remove_file(at.join("rendered/extra")).unwrap();

    let whole = fs::read_to_string(at.join("journal.ndjson")).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    fs::write(at.join("journal.ndjson"), format!("{}\n{}\n{}\n", lines[0], lines[2], lines[1]))
        .unwrap();
    assert!(problems().iter().any(|problem| matches!(problem, Problem::Journal { line: 2, .. })));
    // A journal made anew, whole in itself, does not end where the seal says.
    fs::write(at.join("journal.ndjson"), journal(&["opened", "intent"])).unwrap();
    assert!(problems().iter().any(|problem| matches!(problem, Problem::Journal { .. })));
    fs::write(at.join("journal.ndjson"), &whole).unwrap();

    let manifest = fs::read_to_string(at.join("MANIFEST")).unwrap();
    let mut lines: Vec<&str> = manifest.lines().collect();
    lines.swap(3, 4);
    fs::write(at.join("MANIFEST"), format!("{}\n", lines.join("\n"))).unwrap();
    assert!(matches!(problems()[..], [Problem::Manifest { line: 4, .. }]));
    fs::write(at.join("MANIFEST"), &manifest).unwrap();
    assert_eq!(problems(), []);
}

#[test]
fn what_is_no_audit_is_refused_without_a_verdict() {
    let empty = tempfile::tempdir().unwrap();
    let refused = |path: &Path| match check(path, None) {
        Err(AuditError::NoAudit { why, .. }) => why,
        other => panic!("{other:?}"),
    };
    assert!(refused(&empty.path().join("nowhere")).contains("no such directory"));
    assert!(refused(empty.path()).contains("no MANIFEST"));
    let half = audit();
    assert!(refused(half.path()).contains("did not end"));
    assert!(refused(&half.path().join("report.json")).contains("no directory"));

    // A manifest without its files names each; garbage is no panic.
    seal(half.path(), None).unwrap();
    let bare = tempfile::tempdir().unwrap();
    fs::copy(half.path().join("MANIFEST"), bare.path().join("MANIFEST")).unwrap();
    let found = check(bare.path(), None).unwrap();
    assert_eq!(found.problems.len(), 4, "{:?}", found.problems);
    assert!(found.problems.iter().all(|problem| matches!(problem, Problem::Removed(_))));
    for garbage in ["", "\n", "# keysweep-audit/1\n", "\u{feff}# keysweep-audit/1\n", "\0\0"] {
        fs::write(bare.path().join("MANIFEST"), garbage).unwrap();
        assert!(!check(bare.path(), None).unwrap().is_intact(), "{garbage:?}");
    }
    // A name that would lead elsewhere is not followed.
    let sum = hex(b"");
    let text = format!("# keysweep-audit/1\n# journal: none\n# signer: none\n{sum}  ../up\n");
    fs::write(bare.path().join("MANIFEST"), text).unwrap();
    assert!(matches!(
        check(bare.path(), None).unwrap().problems[..],
        [Problem::Manifest { line: 4, .. }]
    ));
}

#[test]
fn broken_journal_is_not_sealed() {
    let audit = audit();
    let path = audit.path().join("journal.ndjson");
    let torn = fs::read_to_string(&path).unwrap();
    fs::write(&path, &torn[..torn.len() - 3]).unwrap();
    match seal(audit.path(), None) {
        Err(AuditError::Journal { line: 3, .. }) => {}
        other => panic!("{other:?}"),
    }
    assert!(!audit.path().join("MANIFEST").exists());
}

#[cfg(unix)]
#[test]
fn sealed_audit_is_for_its_owner_alone_and_holds_plain_files_alone() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let audit = audit();
    fs::set_permissions(audit.path().join("report.json"), fs::Permissions::from_mode(0o666))
        .unwrap();
    seal(audit.path(), None).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(audit.path()), 0o700);
    for name in every_file(audit.path()) {
        assert_eq!(mode(&audit.path().join(&name)), 0o600, "{name}");
    }
    fs::rename(audit.path().join("report.json"), audit.path().join("kept")).unwrap();
    symlink("kept", audit.path().join("report.json")).unwrap();
    let found = check(audit.path(), None).unwrap();
    assert!(found.problems.contains(&Problem::Changed("report.json".into())), "{found:?}");
    assert!(matches!(seal(audit.path(), None), Err(AuditError::NotAFile { .. })));
}

#[test]
fn signed_audit_is_accepted_by_ssh_keygen_and_a_foreign_key_is_not() {
    let keys = tempfile::tempdir().unwrap();
    let Some(foreign) = key(keys.path(), "ed25519", "256", "") else { return };
    let foreign_keys = TrustedKeys::open(&public_half(&foreign)).unwrap();
    let ecdsa = |bits| key(keys.path(), "ecdsa", bits, "").unwrap();
    for key in [p256_key(keys.path(), false).unwrap(), ecdsa("384"), ecdsa("521")] {
        accepted(&Signer::open(&key, None).unwrap(), &key, &foreign_keys);
    }
    let audit = accepted_by_its_own(&foreign);
    // What ssh-keygen signs is what is written here: Ed25519 has no chance in it.
    let ours = fs::read(audit.path().join("MANIFEST.sig")).unwrap();
    fs::remove_file(audit.path().join("MANIFEST.sig")).unwrap();
    let made = Command::new("ssh-keygen")
        .args(["-q", "-Y", "sign", "-n", NAMESPACE, "-f"])
        .args([&foreign, &audit.path().join("MANIFEST")])
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(made.success());
    assert_eq!(fs::read(audit.path().join("MANIFEST.sig")).unwrap(), ours);
}

fn accepted_by_its_own(key: &Path) -> TempDir {
    let audit = audit();
    seal(audit.path(), Some(&Signer::open(key, None).unwrap())).unwrap();
    assert!(ssh_keygen_accepts(audit.path(), key));
    audit
}

fn accepted(signer: &Signer, key: &Path, foreign: &TrustedKeys) {
    let audit = audit();
    let sealed = seal(audit.path(), Some(signer)).unwrap();
    assert!(ssh_keygen_accepts(audit.path(), key), "{}", key.display());
    let fingerprint = sealed.signer.unwrap();
    let own = TrustedKeys::open(&public_half(key)).unwrap();
    let found = check(audit.path(), Some(&own)).unwrap();
    assert!(found.is_intact(), "{:?}", found.problems);
    assert_eq!(found.authenticity, Authenticity::Trusted { fingerprint: fingerprint.clone() });
    let found = check(audit.path(), None).unwrap();
    assert_eq!(found.authenticity, Authenticity::SignedBySomebody { fingerprint });
    let found = check(audit.path(), Some(foreign)).unwrap();
    assert!(matches!(found.problems[..], [Problem::Signature(_)]), "{:?}", found.problems);

    // Sealed again without a signature it is unsigned, and a foreign one does
    // not fit.
    let signature = fs::read(audit.path().join("MANIFEST.sig")).unwrap();
    seal(audit.path(), None).unwrap();
    assert_eq!(check(audit.path(), None).unwrap().authenticity, Authenticity::Unsigned);
    assert!(!check(audit.path(), Some(&own)).unwrap().is_intact());
    fs::write(audit.path().join("MANIFEST.sig"), signature).unwrap();
    assert!(!check(audit.path(), None).unwrap().is_intact());
}

/// An agent of the test's own.
struct Agent(Child);

impl Agent {
    fn listening_at(socket: &Path) -> Self {
        let mut agent = Command::new("ssh-agent");
        agent.args(["-D", "-a"]).arg(socket).stdout(Stdio::null());
        let agent = Self(agent.spawn().unwrap());
        for _ in 0..100 {
            if socket.exists() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        agent
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(unix)]
#[test]
fn rsa_and_encrypted_keys_sign_through_ssh_agent() {
    let keys = tempfile::tempdir().unwrap();
    let Some(rsa) = key(keys.path(), "rsa", "2048", "") else { return };
    let encrypted = key(keys.path(), "ed25519", "256", "correct horse").unwrap();
    let foreign = key(keys.path(), "ed25519", "256", "").unwrap();
    let foreign = TrustedKeys::open(&public_half(&foreign)).unwrap();
    let socket = keys.path().join("agent");
    for path in [&rsa, &encrypted, &public_half(&rsa)] {
        assert!(matches!(Signer::open(path, None), Err(SignError::NoAgent { .. })));
    }
    let _agent = Agent::listening_at(&socket);
    let askpass = keys.path().join("askpass");
    fs::write(&askpass, "#!/bin/sh\necho correct horse\n").unwrap();
    assert!(Command::new("chmod").arg("700").arg(&askpass).status().unwrap().success());
    // Before the agent holds the key it declines, and nothing is written.
    let bare = audit();
    let signer = Signer::open(&rsa, Some(&socket)).unwrap();
    assert!(matches!(seal(bare.path(), Some(&signer)), Err(AuditError::Sign(_))));
    assert!(!bare.path().join("MANIFEST").exists());
    for key in [&rsa, &encrypted] {
        let added = Command::new("ssh-add")
            .arg("-q")
            .arg(key)
            .env("SSH_AUTH_SOCK", &socket)
            .env("SSH_ASKPASS", &askpass)
            .env("SSH_ASKPASS_REQUIRE", "force")
            .stdin(Stdio::null())
            .status()
            .unwrap();
        assert!(added.success());
    }
    accepted(&signer, &rsa, &foreign);
    accepted(&Signer::open(&public_half(&rsa), Some(&socket)).unwrap(), &rsa, &foreign);
    accepted(&Signer::open(&encrypted, Some(&socket)).unwrap(), &encrypted, &foreign);
}

/// One P-256 key of 256: the library refuses its short number, so it signs
/// through the agent, and whoever has none is told what to do.
#[cfg(unix)]
#[test]
fn key_that_is_not_read_signs_through_ssh_agent() {
    let keys = tempfile::tempdir().unwrap();
    let Some(key) = p256_key(keys.path(), true) else { return };
    let other = self::key(keys.path(), "ed25519", "256", "").unwrap();
    let foreign = TrustedKeys::open(&public_half(&other)).unwrap();
    let socket = keys.path().join("agent");
    let _agent = Agent::listening_at(&socket);
    let mut add = Command::new("ssh-add");
    let added = add.arg("-q").arg(&key).env("SSH_AUTH_SOCK", &socket).status().unwrap();
    assert!(added.success());
    assert!(matches!(Signer::open(&key, None), Err(SignError::NoAgent { .. })));
    accepted(&Signer::open(&key, Some(&socket)).unwrap(), &key, &foreign);

    let alone = keys.path().join("alone");
    fs::copy(&key, &alone).unwrap();
    let error = Signer::open(&alone, Some(&socket)).unwrap_err();
    assert!(matches!(error, SignError::Unread { .. }), "{error}");
    let text = fs::read_to_string(&alone).unwrap();
    let secret = text.lines().nth(4).unwrap();
    assert!(!format!("{error} {error:?}").contains(secret));
    assert!(error.to_string().contains("alone.pub"), "{error}");
}

#[test]
fn signature_for_another_purpose_does_not_fit() {
    let keys = tempfile::tempdir().unwrap();
    let Some(key) = key(keys.path(), "ed25519", "256", "") else { return };
    let audit = audit();
    seal(audit.path(), Some(&Signer::open(&key, None).unwrap())).unwrap();
    fs::remove_file(audit.path().join("MANIFEST.sig")).unwrap();
    let made = Command::new("ssh-keygen")
        .args(["-q", "-Y", "sign", "-n", "file", "-f"])
        .args([&key, &audit.path().join("MANIFEST")])
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(made.success());
    let found = check(audit.path(), None).unwrap();
    let [Problem::Signature(why)] = &found.problems[..] else { panic!("{:?}", found.problems) };
    assert!(why.contains("another purpose"), "{why}");
}

#[test]
fn sha256sum_checks_the_manifest_too() {
    let audit = audit();
    seal(audit.path(), None).unwrap();
    let checked = Command::new("sha256sum")
        .args(["--check", "--quiet", "--strict", "MANIFEST"])
        .current_dir(audit.path())
        .status();
    match checked {
        Ok(status) => assert!(status.success()),
        Err(_) => eprintln!("SKIPPED: sha256sum_checks_the_manifest_too needs sha256sum"),
    }
}

#[test]
fn options_that_are_not_understood_trust_nobody() {
    let keys = tempfile::tempdir().unwrap();
    let Some(key) = key(keys.path(), "ed25519", "256", "") else { return };
    let public = fs::read_to_string(public_half(&key)).unwrap();
    let path = keys.path().join("signers");
    for (line, is_read) in [
        (public.clone(), true),
        (format!("auditor {public}"), true),
        (format!("auditor namespaces=\"git,{NAMESPACE}\" {public}"), true),
        (format!("auditor namespaces=\"git\" {public}"), false),
        (format!("auditor cert-authority {public}"), false),
        (format!("auditor valid-before=\"20200101\" {public}"), false),
        ("nothing of use".to_owned(), false),
        (String::new(), false),
    ] {
        fs::write(&path, &line).unwrap();
        assert_eq!(TrustedKeys::open(&path).is_ok(), is_read, "{line}");
    }
}
