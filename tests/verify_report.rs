//! A report's verdicts as its users get them: keys that are held back, scopes
//! that are gone, files that cannot be written.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/api.rs"]
mod api_support;
mod support;

use api_support::Api;
use keysweep::secret::Secret;
use keysweep::vendor::simulator::Behaviour;
use support::{NAME, Run, Tree, command};

fn text(key: &Secret) -> String {
    String::from_utf8(key.expose().to_vec()).unwrap()
}

fn line(key: &Secret) -> String {
    format!("{NAME}={}\n", text(key))
}

/// An API and a tree beside whose root reports are kept.
struct Scene {
    api: Api,
    tree: Tree,
}

impl Scene {
    fn new() -> Self {
        let scene = Self { api: Api::start(Behaviour::default()), tree: Tree::new() };
        scene.tree.write("p/.env", line(&scene.api.leaked));
        scene
    }

    /// Runs with the simulator's address and its admin key.
    fn run(&self, arguments: &[&str]) -> Run {
        let mut command = command(self.tree.root());
        command.args(arguments).env("KEYSWEEP_API_URL", self.api.simulator.url());
        command.env("KEYSWEEP_ADMIN_KEY", text(self.api.admin.secret()));
        Run::of(command.output().unwrap())
    }

    /// Writes the report of a scan and answers its path.
    fn scan(&self, arguments: &[&str]) -> String {
        let path = self.tree.beside("report.json").display().to_string();
        let option = format!("json={path}");
        let run = self.run(&[&["scan", "--report", &option][..], arguments].concat());
        assert!(matches!(run.code, 0 | 1), "{run:?}");
        path
    }
}

/// That a key may stand where it stands does not make it dead.
#[test]
fn a_key_that_is_held_back_and_not_proven_dead_is_no_clean_end() {
    let scene = Scene::new();
    let allowed = format!("{} # keysweep:allow reason=x\n", line(&scene.api.leaked).trim_end());
    scene.tree.write("p/.env", allowed);
    let report = scene.scan(&["p"]);
    let nobody = ["--api-url", "http://127.0.0.1:1/", "--timeout", "1s"];
    for command in ["verify", "revoke"] {
        let run = scene.run(&[&[command, &report][..], &nobody].concat());
        assert_eq!(run.code, 3, "{command}: {run:?}");
    }
    assert_eq!(scene.run(&["verify", &report]).code, 1);
    scene.api.simulator.revoke_by_hand(&scene.api.leaked);
    assert_eq!(scene.run(&["verify", &report]).code, 0);
    let baseline = scene.tree.beside("baseline").display().to_string();
    scene.tree.write("p/.env", line(&scene.api.leaked));
    scene.run(&["scan", "p", "--write-baseline", &baseline, "--reason", "fine"]);
    let report = scene.scan(&["p", "--baseline", &baseline]);
    let run = scene.run(&[&["verify", &report][..], &nobody].concat());
    assert_eq!(run.code, 3, "{run:?}");
}
