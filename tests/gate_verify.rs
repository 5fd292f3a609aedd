//! `scan --verify`: the API is asked when that is asked for, and only then.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/api.rs"]
mod api_support;
mod support;

use api_support::Api;
use keysweep::vendor::simulator::Behaviour;
use support::{NAME, Run, Tree, command};

fn text(key: &keysweep::secret::Secret) -> String {
    String::from_utf8(key.expose().to_vec()).unwrap()
}

/// A tree that holds a key which the API knows.
fn scene() -> (Api, Tree) {
    let api = Api::start(Behaviour::default());
    let tree = Tree::new();
    tree.write("leaked.env", format!("{NAME}={}\n", text(&api.leaked)));
    (api, tree)
}

fn scan(api: &Api, tree: &Tree, arguments: &[&str]) -> Run {
    let mut command = command(tree.root());
    command.arg("scan").args(arguments).env("KEYSWEEP_API_URL", api.simulator.url());
    command.env("KEYSWEEP_ADMIN_KEY", text(api.admin.secret()));
    Run::of(command.output().unwrap())
}

#[test]
fn verdicts_stand_in_every_output_and_the_exit_code_stays() {
    let (api, tree) = scene();
    let run = scan(&api, &tree, &["--verify"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("[live]"), "{run:?}");
    let option = format!("sarif={}", tree.beside("out.sarif").display());
    let run = scan(&api, &tree, &["--verify", "--format", "json", "--report", &option]);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("nothing but JSON");
    assert_eq!(report["findings"][0]["verdict"]["state"], "live");
    assert_eq!(report["run"]["exit_code"], 1);
    let sarif = std::fs::read_to_string(tree.beside("out.sarif")).unwrap();
    assert!(sarif.contains("live"));
    for said in [&run.stdout, &run.stderr, &sarif] {
        assert!(!said.contains(&text(&api.leaked)) && !said.contains(&text(api.admin.secret())));
    }
}

#[test]
fn nothing_is_sent_unless_asked_for() {
    let (api, tree) = scene();
    assert_eq!(scan(&api, &tree, &[]).code, 1);
    assert_eq!(api.simulator.requests().len(), 0);
    let clean = Tree::new();
    assert_eq!(scan(&api, &clean, &["--verify"]).code, 0);
    assert_eq!(api.simulator.requests().len(), 0, "there is nothing to ask about");
    for option in ["--admin-key-file", "--ca-file", "--vendor-profile"] {
        let run = scan(&api, &tree, &[option, "nowhere"]);
        assert_eq!(run.code, 2);
        assert!(run.stderr.contains(option), "{run:?}");
    }
}

#[test]
fn configuration_that_is_scanned_says_neither_whether_nor_whom_to_ask() {
    let (api, tree) = scene();
    for text in ["verify = true\n", "[vendor]\nbase_url = \"https://evil.example/v1\"\n"] {
        tree.write(".keysweep.toml", text);
        for arguments in [&[][..], &["--verify"]] {
            let run = scan(&api, &tree, arguments);
            assert_eq!(run.code, 2, "{run:?}");
            assert!(run.stderr.contains("may not be set"), "{run:?}");
        }
    }
    assert_eq!(api.simulator.requests().len(), 0);
}

#[test]
fn api_that_cannot_be_asked_is_refused_before_the_sweep_or_leaves_keys_unknown() {
    let (api, tree) = scene();
    for bad in ["http://example.org/v1", "nonsense"] {
        let run = scan(&api, &tree, &["--verify", "--api-url", bad]);
        assert_eq!(run.code, 2, "{run:?}");
        assert_eq!(run.stdout, "");
    }
    let run =
        scan(&api, &tree, &["--verify", "--api-url", "http://127.0.0.1:9/v1", "--timeout", "2s"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(!run.stdout.contains("[live"), "{run:?}");
    let run = scan(&api, &tree, &["--verify", "--keys-stdin"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("--known-keys-stdin"), "{run:?}");
}
