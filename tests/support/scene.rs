//! What tests of commands that ask the API share: a planted key, the simulator
//! that knows it, and runs that reach it.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::process::Command;

use keysweep::secret::Secret;
use keysweep::vendor::simulator::Behaviour;

use super::api_support::Api;
use super::support::{NAME, Run, Tree, command};

pub(crate) fn text(key: &Secret) -> String {
    String::from_utf8(key.expose().to_vec()).unwrap()
}

pub(crate) fn line(key: &Secret) -> String {
    format!("{NAME}={}\n", text(key))
}

/// An API and a tree beside whose root reports are kept.
pub(crate) struct Scene {
    pub(crate) api: Api,
    pub(crate) tree: Tree,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let scene = Self { api: Api::start(Behaviour::default()), tree: Tree::new() };
        scene.tree.write("p/.env", line(&scene.api.leaked));
        scene
    }

    /// The program with the simulator's address and its admin key.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(self.tree.root());
        command.args(arguments).env("KEYSWEEP_API_URL", self.api.simulator.url());
        command.env("KEYSWEEP_ADMIN_KEY", text(self.api.admin.secret()));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().unwrap())
    }

    /// Writes the report of a scan and answers its path.
    pub(crate) fn scan(&self, arguments: &[&str]) -> String {
        let path = self.tree.beside("report.json").display().to_string();
        let option = format!("json={path}");
        let run = self.run(&[&["scan", "--report", &option][..], arguments].concat());
        assert!(matches!(run.code, 0 | 1), "{run:?}");
        path
    }
}
