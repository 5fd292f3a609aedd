//! The commands as their users run them: `verify`, `revoke`, `respond`, against
//! a simulator over HTTP, from planted keys to exit codes and files.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "what tests share fails as tests do, and tells its measurements"
)]

#[path = "support/api.rs"]
mod api;
#[path = "support/cli.rs"]
mod cli;

use std::fs;
use std::path::{Path, PathBuf};

use api::{Api, random_key};
use cli::{Ran, assert_no_key, assert_no_key_below, run, run_with_input, text};
use keysweep::secret::Secret;
use keysweep::vendor::simulator::{Behaviour, CallKind, Offers, RevocationManner, Simulator};

/// A project with a key in a file, and an API that knows the key.
struct Scene {
    api: Api,
    ground: tempfile::TempDir,
}

impl Scene {
    fn new(behaviour: Behaviour) -> Self {
        let api = Api::start(behaviour);
        let ground = tempfile::tempdir().unwrap();
        fs::create_dir_all(ground.path().join("app/config")).unwrap();
        let scene = Self { api, ground };
        scene.leak("app/config/.env", &scene.api.leaked);
        fs::write(scene.path("admin"), format!("{}\n", text(scene.api.admin.secret()))).unwrap();
        scene
    }

    fn leak(&self, file: &str, key: &Secret) {
        fs::write(self.path(file), format!("BITKIT_API_KEY={}\n", text(key))).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.ground.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, &[])
    }

    fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
        let url = self.api.simulator.url();
        let mut environment = environment.to_vec();
        environment.push(("KEYSWEEP_API_URL", &url));
        let ran = run(self.ground.path(), arguments, &environment);
        self.assert_nothing_leaked(&ran);
        ran
    }

    fn input(&self, arguments: &[&str], input: &str) -> Ran {
        let url = self.api.simulator.url();
        let environment = [("KEYSWEEP_API_URL", url.as_str())];
        let ran = run_with_input(self.ground.path(), arguments, &environment, input);
        self.assert_nothing_leaked(&ran);
        ran
    }

    /// Streams, every file written, and the log of what the API received.
    fn assert_nothing_leaked(&self, ran: &Ran) {
        let keys = [&self.api.leaked, &self.api.other, self.api.admin.secret()];
        assert_no_key("stdout", ran.stdout.as_bytes(), &keys);
        assert_no_key("stderr", ran.stderr.as_bytes(), &keys);
        let planted = [self.path("app"), self.path("admin"), self.path("keys")];
        let planted: Vec<&Path> = planted.iter().map(PathBuf::as_path).collect();
        assert_no_key_below(self.ground.path(), &planted, &keys);
        for request in self.api.simulator.requests() {
            assert_no_key("request", request.head.as_bytes(), &keys);
        }
    }

    fn scan(&self) -> PathBuf {
        let ran = run(self.ground.path(), &["scan", "--format", "json", "app"], &[]);
        assert_eq!(ran.code, 1, "{ran:?}");
        let path = self.path("report.json");
        fs::write(&path, ran.stdout).unwrap();
        path
    }

    fn revocations(&self) -> usize {
        let requests = self.api.simulator.requests();
        requests.iter().filter(|request| request.kind.is_revocation()).count()
    }
}

fn digest(ran: &Ran) -> String {
    let line = ran.stdout.lines().find_map(|line| line.strip_prefix("Plan digest: "));
    line.unwrap_or_else(|| panic!("no digest: {ran:?}")).to_owned()
}

fn state(path: &Path) -> String {
    let report: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    report["findings"][0]["verdict"]["state"].as_str().unwrap().to_owned()
}

const ADMIN: [&str; 2] = ["--admin-key-file", "admin"];

#[test]
fn verify_writes_verdicts_into_the_report_and_ends_with_their_code() {
    let scene = Scene::new(Behaviour::default());
    let report = scene.scan();
    let ran = scene.run(&["verify", "report.json", ADMIN[0], ADMIN[1]]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(state(&report), "live");
    scene.api.simulator.revoke_by_hand(&scene.api.leaked);
    let ran = scene.run(&["verify", "report.json", ADMIN[0], ADMIN[1]]);
    assert_eq!((ran.code, state(&report).as_str()), (0, "dead"), "{ran:?}");
    assert!(scene.api.simulator.requests().iter().all(|r| r.kind == CallKind::Probe));
    // A run that reaches nobody ends with 3 and takes no proof away.
    let nobody = ["verify", "report.json", "--api-url", "http://127.0.0.1:1/v1", "--timeout", "1s"];
    let ran = scene.run(&nobody);
    assert_eq!((ran.code, state(&report).as_str()), (3, "dead"), "{ran:?}");
}

#[test]
fn verify_takes_the_admin_key_from_the_environment_and_keys_from_standard_input() {
    let scene = Scene::new(Behaviour::default());
    scene.scan();
    let admin = text(scene.api.admin.secret());
    fs::remove_dir_all(scene.path("app")).unwrap();
    let environment = [("KEYSWEEP_ADMIN_KEY", admin.as_str())];
    // Without its file the key cannot be read again, which is said.
    fs::create_dir(scene.path("app")).unwrap();
    let ran = scene.run_with(&["verify", "report.json"], &environment);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stdout.contains("value unavailable"), "{ran:?}");
    let ran = scene.input(&["verify", "report.json", "--keys-stdin"], &text(&scene.api.leaked));
    assert_eq!(ran.code, 1, "{ran:?}");
    let report = fs::read_to_string(scene.path("report.json")).unwrap();
    let ran = scene.input(&["verify", "-", "--keys-stdin"], &report);
    assert_eq!(ran.code, 2, "two readers of standard input: {ran:?}");
}

#[test]
fn verify_until_dead_waits_for_a_revocation_by_hand() {
    let scene = Scene::new(Behaviour::default());
    let report = scene.scan();
    let ran = scene.run(&["verify", "report.json", "--until-dead"]);
    assert_eq!(ran.code, 2, "no admin key, no proof: {ran:?}");
    let ran = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(std::time::Duration::from_secs(1));
            scene.api.simulator.revoke_by_hand(&scene.api.leaked);
        });
        scene.run(&[
            "verify",
            "report.json",
            "--until-dead",
            "--timeout",
            "20s",
            ADMIN[0],
            ADMIN[1],
        ])
    });
    assert_eq!((ran.code, state(&report).as_str()), (0, "dead"), "{ran:?}");
    let scene = Scene::new(Behaviour::default());
    scene.scan();
    let ran = scene.run(&[
        "verify",
        "report.json",
        "--until-dead",
        "--timeout",
        "1s",
        ADMIN[0],
        ADMIN[1],
    ]);
    assert_eq!(ran.code, 1, "time is up and it lives: {ran:?}");
}

#[test]
fn revoke_plans_first_and_acts_only_on_exactly_that_plan() {
    let scene = Scene::new(Behaviour::default());
    scene.scan();
    let ran = scene.run(&["revoke", "report.json", ADMIN[0], ADMIN[1]]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(scene.revocations(), 0);
    assert!(!scene.path("report.audit").exists(), "a plan leaves nothing behind");
    let plan = digest(&ran);
    for wrong in [
        vec!["--execute"],
        vec!["--yes"],
        vec!["--plan", &plan],
        vec!["--yes", "--plan", "0000000000000000"],
        vec!["--yes", "--plan", &plan, "--only", "ffffff"],
        vec!["--yes", "--plan", &plan, "--no-downtime"],
    ] {
        let mut arguments = vec!["revoke", "report.json", ADMIN[0], ADMIN[1]];
        arguments.extend(wrong);
        let ran = scene.run(&arguments);
        assert_ne!(ran.code, 0, "{ran:?}");
        assert_eq!(scene.revocations(), 0, "{ran:?}");
    }
    let ran = scene.run(&["revoke", "report.json", "--yes", "--plan", &plan, ADMIN[0], ADMIN[1]]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(scene.revocations(), 1);
    assert_eq!(state(&scene.path("report.json")), "dead");
    assert_eq!(state(&scene.path("report.audit/report.json")), "dead");
    // The audit directory itself can be verified and revoked again.
    let ran = scene.run(&["verify", "report.audit", ADMIN[0], ADMIN[1]]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn respond_goes_from_a_leak_to_its_proof_and_leaves_a_private_audit() {
    let scene = Scene::new(Behaviour::default());
    let base = ["respond", "app", "--out", "incident", ADMIN[0], ADMIN[1]];
    let ran = scene.run(&[&base[..], &["--dry-run"]].concat());
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(scene.revocations(), 0);
    let plan = digest(&ran);
    let ran = scene.run(&[&base[..], &["--yes", "--plan", &plan]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("DEAD"), "{ran:?}");
    assert!(!scene.api.simulator.is_live(&scene.api.leaked));
    assert!(scene.api.simulator.is_live(&scene.api.other));
    assert_eq!(scene.revocations(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&scene.path("incident")), 0o700);
        for entry in fs::read_dir(scene.path("incident")).unwrap() {
            assert_eq!(mode(&entry.unwrap().path()), 0o600);
        }
    }
    let check = || {
        let audit = keysweep::report::audit::check(&scene.path("incident"), None).unwrap();
        assert!(audit.is_intact(), "{audit:?}");
    };
    check();
    let ran = scene.run(&["verify", "incident", ADMIN[0], ADMIN[1]]);
    assert_eq!(ran.code, 0, "{ran:?}");
    check();
    // The same command once more finds nothing left to do.
    let ran = scene.run(&[&base[..], &["--yes", "--plan", &plan]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(scene.revocations(), 1);
    check();
    let ran = scene.run(&["revoke", "incident", ADMIN[0], ADMIN[1], "--yes", "--plan", &plan]);
    assert_eq!(ran.code, 0, "{ran:?}");
    check();
    // An altered audit is not sealed again.
    let page = scene.path("incident/report.html");
    fs::write(&page, "all is well").unwrap();
    let before = scene.api.simulator.requests().len();
    let ran = scene.run(&[&base[..], &["--yes", "--plan", &plan]].concat());
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("report.html"), "{ran:?}");
    assert_eq!(scene.api.simulator.requests().len(), before);
}

/// The operator cleans the file up between two runs: the key must not be
/// forgotten.
#[test]
fn a_key_that_is_gone_from_the_scope_is_not_dropped_from_the_incident() {
    let scene = Scene::new(Behaviour::default());
    let base = ["respond", "app", "--out", "incident", ADMIN[0], ADMIN[1]];
    assert_eq!(scene.run(&[&base[..], &["--dry-run"]].concat()).code, 1);
    fs::write(scene.path("app/config/.env"), "").unwrap();
    let ran = scene.run(&[&base[..], &["--dry-run"]].concat());
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stdout.contains("value unavailable"), "{ran:?}");
    // As a run leaves it that was killed before its report was written.
    fs::remove_file(scene.path("incident/report.json")).unwrap();
    fs::remove_file(scene.path("incident/MANIFEST")).unwrap();
    let ran = scene.run(&[&base[..], &["--dry-run"]].concat());
    assert_eq!(ran.code, 3, "the journal alone remembers: {ran:?}");
    let arguments = [&base[..], &["--keys-stdin", "--dry-run"]].concat();
    let ran = scene.input(&arguments, &text(&scene.api.leaked));
    assert_eq!(ran.code, 1, "given again, it can be asked about: {ran:?}");
    // Named, it is dealt with all the same.
    let arguments = [&base[..], &["--known-keys-stdin", "--dry-run"]].concat();
    let ran = scene.input(&arguments, &text(&scene.api.leaked));
    let plan = digest(&ran);
    let arguments = [&base[..], &["--known-keys-stdin", "--yes", "--plan", &plan]].concat();
    let ran = scene.input(&arguments, &text(&scene.api.leaked));
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn a_named_key_is_killed_wherever_it_is() {
    let scene = Scene::new(Behaviour::default());
    let base = ["respond", "app", "--out", "incident", "--known-keys-stdin", ADMIN[0], ADMIN[1]];
    let named = text(&scene.api.other);
    let ran = scene.input(&[&base[..], &["--dry-run"]].concat(), &named);
    let plan = digest(&ran);
    assert!(ran.stdout.contains("nowhere in what was read"), "{ran:?}");
    let ran = scene.input(&[&base[..], &["--yes", "--plan", &plan]].concat(), &named);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!scene.api.simulator.is_live(&scene.api.other));
    assert!(!scene.api.simulator.is_live(&scene.api.leaked), "the found one too");
}

/// "This key leaked: where is it, and kill it": no context is asked for.
#[test]
fn a_named_key_is_found_in_the_plainest_of_places() {
    let scene = Scene::new(Behaviour::default());
    let named = text(&scene.api.other);
    fs::write(scene.path("app/notes.txt"), format!("lunch {} at noon\n", named.trim())).unwrap();
    let base = ["respond", "app", "--out", "incident", "--known-keys-stdin", ADMIN[0], ADMIN[1]];
    let ran = scene.input(&[&base[..], &["--dry-run"]].concat(), &named);
    assert!(ran.stdout.contains("notes.txt"), "{ran:?}");
    assert!(!ran.stdout.contains("nowhere in what was read"), "{ran:?}");
    let plan = digest(&ran);
    let ran = scene.input(&[&base[..], &["--yes", "--plan", &plan]].concat(), &named);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!scene.api.simulator.is_live(&scene.api.other));
}

#[test]
fn only_and_except_narrow_the_plan() {
    let scene = Scene::new(Behaviour::default());
    scene.leak("app/second.env", &scene.api.other);
    let base = ["respond", "app", "--out", "incident", ADMIN[0], ADMIN[1]];
    let key = api::fingerprint(&scene.api.other).hex();
    let short = &key[..8];
    let narrowed = [&base[..], &["--except", short]].concat();
    let ran = scene.run(&[&narrowed[..], &["--dry-run"]].concat());
    assert!(!ran.stdout.split("Plan to").nth(1).unwrap().contains(&key), "{ran:?}");
    let plan = digest(&ran);
    let ran = scene.run(&[&narrowed[..], &["--yes", "--plan", &plan]].concat());
    assert_eq!(ran.code, 1, "the excepted key lives: {ran:?}");
    assert!(scene.api.simulator.is_live(&scene.api.other));
    assert!(!scene.api.simulator.is_live(&scene.api.leaked));
}

#[test]
fn a_hostile_configuration_in_the_repository_changes_neither_address_nor_asking() {
    let thief = Simulator::start(Behaviour::default()).unwrap();
    let scene = Scene::new(Behaviour::default());
    for text in [
        format!("api_url = \"{}\"\n", thief.url()),
        format!("[vendor]\nbase_url = \"{}\"\nca_file = \"x\"\n", thief.url()),
        "verify = true\nrevoke = true\n".to_owned(),
    ] {
        fs::write(scene.path("app/.keysweep.toml"), text).unwrap();
        let ran =
            scene.run(&["respond", "app", "--out", "incident", "--dry-run", ADMIN[0], ADMIN[1]]);
        assert!(matches!(ran.code, 1 | 2), "{ran:?}");
        let _ = fs::remove_dir_all(scene.path("incident"));
    }
    // Nor can the environment's proxies reach loopback traffic.
    fs::remove_file(scene.path("app/.keysweep.toml")).unwrap();
    let proxy = format!("http://{}", thief.address());
    let environment: Vec<(&str, &str)> =
        ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"]
            .into_iter()
            .map(|name| (name, proxy.as_str()))
            .collect();
    scene.scan();
    let ran = scene.run_with(&["verify", "report.json", ADMIN[0], ADMIN[1]], &environment);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(thief.requests().is_empty());
}

#[test]
fn suppressions_in_the_repository_hide_no_live_key_from_a_response() {
    let scene = Scene::new(Behaviour::default());
    let line = format!("BITKIT_API_KEY={} # keysweep:allow reason=test\n", text(&scene.api.leaked));
    fs::write(scene.path("app/config/.env"), line).unwrap();
    fs::write(scene.path("app/.gitignore"), "*.env\n.env\nconfig\n").unwrap();
    let ran = scene.run(&["respond", "app", "--out", "incident", "--dry-run", ADMIN[0], ADMIN[1]]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("Plan digest"), "{ran:?}");
}

#[test]
fn what_cannot_run_says_so_before_anything_is_sent() {
    let scene = Scene::new(Behaviour::default());
    scene.scan();
    fs::write(scene.path("two"), "a\nb\n").unwrap();
    fs::write(scene.path("nothing"), "\n").unwrap();
    fs::write(scene.path("cut.json"), &fs::read(scene.path("report.json")).unwrap()[..200])
        .unwrap();
    fs::write(scene.path("other.json"), "{\"schema\":\"keysweep-report/9\"}").unwrap();
    fs::create_dir(scene.path("taken")).unwrap();
    fs::write(scene.path("taken/mine"), "x").unwrap();
    let cases: &[(&[&str], &str)] = &[
        (&["verify", "missing.json"], "missing.json"),
        (&["verify", "cut.json"], "cut.json"),
        (&["verify", "other.json"], "keysweep-report/9"),
        (&["verify", "report.json", "--api-url", "http://example.com/"], "https"),
        (&["verify", "report.json", "--api-url", "https://u:p@example.com/"], "password"),
        (&["verify", "report.json", "--admin-key-file", "two"], "2 lines"),
        (&["verify", "report.json", "--admin-key-file", "nothing"], "0 lines"),
        (
            &["verify", "report.json", "--ca-file", "two", "--api-url", "https://[::1]:1/"],
            "CA file",
        ),
        (&["verify", "report.json", "--rate", "0"], "rate"),
        (&["verify", "report.json", "--timeout", "soon"], "timeout"),
        (&["verify", "report.json", "--vendor-profile", "two"], "two"),
        (&["respond", "app", "--out", "taken", ADMIN[0], ADMIN[1], "--dry-run"], "not empty"),
        (&["respond", "app", "--out", "x", "--yes", "--plan", "0"], "admin key"),
        (&["respond", "app", "--out", "x", ADMIN[0], ADMIN[1]], "no terminal"),
        (
            &["respond", "app", "--out", "x", "--keys-stdin", "--known-keys-stdin"],
            "--known-keys-stdin",
        ),
        (&["respond", "nowhere", "--out", "x", ADMIN[0], ADMIN[1], "--dry-run"], "nowhere"),
    ];
    for (arguments, says) in cases {
        let ran = scene.run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains(says), "{arguments:?}: {ran:?}");
    }
    assert!(scene.api.simulator.requests().is_empty());
}

#[test]
fn another_runs_directory_is_refused() {
    let scene = Scene::new(Behaviour::default());
    let run = |path: &str| {
        scene.run(&["respond", path, "--out", "incident", ADMIN[0], ADMIN[1], "--dry-run"])
    };
    assert_eq!(run("app").code, 1);
    let ran = run("app/config");
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("belongs to another run"), "{ran:?}");
    // An edited journal is refused and left alone.
    let journal = scene.path("incident/journal.ndjson");
    let edited = fs::read_to_string(&journal).unwrap().replacen("live", "dead", 1);
    fs::write(&journal, &edited).unwrap();
    let before = scene.api.simulator.requests().len();
    let ran = run("app");
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("altered since it was sealed"), "{ran:?}");
    fs::remove_file(scene.path("incident/MANIFEST")).unwrap();
    let ran = run("app");
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("altered or damaged"), "{ran:?}");
    assert_eq!(fs::read_to_string(&journal).unwrap(), edited);
    assert_eq!(scene.api.simulator.requests().len(), before);
}

#[test]
fn a_key_that_will_not_die_is_named_and_fails_the_run() {
    let manner = RevocationManner::Never;
    let scene = Scene::new(Behaviour { manner, ..Behaviour::default() });
    let base = ["respond", "app", "--out", "incident", "--timeout", "1s", ADMIN[0], ADMIN[1]];
    let plan = digest(&scene.run(&[&base[..], &["--dry-run"]].concat()));
    let ran = scene.run(&[&base[..], &["--yes", "--plan", &plan]].concat());
    assert_eq!(ran.code, 1, "{ran:?}");
    let short = &api::fingerprint(&scene.api.leaked).hex()[..12];
    assert!(ran.stdout.lines().any(|l| l.contains("LIVE") && l.contains(short)), "{ran:?}");
}

#[test]
fn without_a_call_the_dashboard_is_explained_and_the_proof_waited_for() {
    let offers = Offers { revoke_by_value: false, list: false, revoke_by_id: false };
    let scene = Scene::new(Behaviour { offers, ..Behaviour::default() });
    let base = ["respond", "app", "--out", "incident", "--timeout", "20s", ADMIN[0], ADMIN[1]];
    let plan = digest(&scene.run(&[&base[..], &["--dry-run"]].concat()));
    let ran = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(std::time::Duration::from_secs(1));
            scene.api.simulator.revoke_by_hand(&scene.api.leaked);
        });
        scene.run(&[&base[..], &["--yes", "--plan", &plan]].concat())
    });
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("Settings → API Keys"), "{ran:?}");
}

#[test]
fn a_report_without_keys_needs_no_network() {
    let scene = Scene::new(Behaviour::default());
    fs::write(scene.path("app/config/.env"), "").unwrap();
    let ran = run(scene.ground.path(), &["scan", "--format", "json", "app"], &[]);
    fs::write(scene.path("report.json"), ran.stdout).unwrap();
    for arguments in [
        &["verify", "report.json", ADMIN[0], ADMIN[1]][..],
        &["revoke", "report.json", ADMIN[0], ADMIN[1]],
        &["respond", "app", "--out", "incident", ADMIN[0], ADMIN[1], "--yes", "--plan", "0"],
    ] {
        let ran = scene.run(arguments);
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    assert!(scene.api.simulator.requests().is_empty());
}

/// Nobody's false alarm may look like a proof.
#[test]
fn a_value_that_never_was_a_key_ends_as_rejected_with_code_3() {
    let scene = Scene::new(Behaviour::default());
    scene.leak("app/config/.env", &random_key());
    let ran = scene
        .run(&["respond", "app", "--out", "incident", ADMIN[0], ADMIN[1], "--yes", "--plan", "0"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stdout.contains("rejected"), "{ran:?}");
    assert!(ran.stdout.contains("1 key is not proven dead either"), "{ran:?}");
    assert_eq!(scene.revocations(), 0);
}
