//! The drill, as a newcomer runs it.

#![allow(clippy::unwrap_used, reason = "what tests share fails as tests do")]

#[path = "support/cli.rs"]
mod cli;

use std::fs;
use std::time::{Duration, Instant};

use cli::run;

#[test]
fn a_drill_goes_from_the_planted_leak_to_the_proof_and_leaves_its_audit() {
    let ground = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let ran = run(ground.path(), &["drill"], &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(begun.elapsed() < Duration::from_secs(20));
    for step in ["THE LEAK", "FIND IT", "IS IT LIVE?", "THE PLAN", "REVOKE", "PROVE", "DEAD"] {
        assert!(ran.stdout.contains(step), "{step}: {ran:?}");
    }
    let audit = ground.path().join("keysweep-drill");
    for file in ["report.json", "report.html", "journal.ndjson", "MANIFEST"] {
        assert!(fs::metadata(audit.join(file)).unwrap().len() > 0, "{file}");
    }
    let journal = fs::read_to_string(audit.join("journal.ndjson")).unwrap();
    for event in ["opened", "asking", "verdict", "planned", "consented", "intent", "outcome"] {
        assert!(journal.contains(&format!("\"event\":\"{event}\"")), "{event}");
    }
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(audit.join("report.json")).unwrap()).unwrap();
    assert_eq!(report["findings"].as_array().unwrap().len(), 1);
    assert_eq!(report["findings"][0]["verdict"]["state"], "dead");
    assert_eq!(report["findings"][0]["verdict"]["status"], 401);
    assert!(keysweep::report::audit::check(&audit, None).unwrap().is_intact());
    // Nothing else is left, and a second drill finds a name of its own.
    assert_eq!(fs::read_dir(ground.path()).unwrap().count(), 1);
    assert_eq!(run(ground.path(), &["drill"], &[]).code, 0);
    assert!(ground.path().join("keysweep-drill-2").is_dir());
}

#[test]
fn a_drill_whose_key_will_not_die_fails_and_names_the_key() {
    let ground = tempfile::tempdir().unwrap();
    let ran = run(ground.path(), &["drill", "--stubborn", "--out", "audit"], &[]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(ground.path().join("audit/report.json")).unwrap())
            .unwrap();
    let finding = &report["findings"][0];
    assert_eq!(finding["verdict"]["state"], "live");
    let fingerprint = finding["fingerprint"].as_str().unwrap();
    let short = &fingerprint.split(':').nth(1).unwrap()[..12];
    let mask = finding["redacted"].as_str().unwrap();
    let named = ran
        .stdout
        .lines()
        .any(|line| line.contains("LIVE") && line.contains(short) && line.contains(mask));
    assert!(named, "{ran:?}");
}

#[test]
fn a_drill_needs_nothing_of_the_users_environment() {
    let ground = tempfile::tempdir().unwrap();
    let hostile = [
        ("KEYSWEEP_API_URL", "https://example.invalid/v1"),
        ("KEYSWEEP_FINGERPRINT_KEY", "something"),
        ("HTTP_PROXY", "http://127.0.0.1:1"),
        ("ALL_PROXY", "http://127.0.0.1:1"),
        ("GIT_DIR", "/nonexistent"),
        ("SSL_CERT_FILE", "/nonexistent"),
    ];
    let ran = run(ground.path(), &["drill"], &hostile);
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = run(ground.path(), &["drill", "--out", "keysweep-drill"], &[]);
    assert_eq!(ran.code, 2, "another run's directory: {ran:?}");
}
