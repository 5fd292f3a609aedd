//! The GitHub action's scripts, run by a real bash as a runner would.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::git::Repo;
use support::{Run, assignment, key};

/// A runner: its workspace is a repository with a branch `change`.
struct Runner {
    repo: Repo,
    temp: PathBuf,
    variables: Vec<(&'static str, String)>,
}

fn runner() -> Runner {
    let repo = Repo::new();
    repo.write("a", "a").commit("base", 1);
    repo.git(&["checkout", "-q", "-b", "change"]);
    let temp = repo.beside("temp");
    std::fs::create_dir_all(temp.join("keysweep-bin")).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_keysweep"), temp.join("keysweep-bin/keysweep")).unwrap();
    let text = |path: PathBuf| path.to_str().unwrap().to_owned();
    let action = Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/actions/keysweep");
    let variables = vec![
        ("GITHUB_ACTIONS", "true".to_owned()),
        ("GITHUB_ACTION_PATH", text(action)),
        ("GITHUB_OUTPUT", text(temp.join("output"))),
        ("GITHUB_STEP_SUMMARY", text(temp.join("summary"))),
        ("RUNNER_TEMP", text(temp.clone())),
        ("KEYSWEEP_PATH", ".".to_owned()),
        ("KEYSWEEP_SCOPE", "change".to_owned()),
        ("KEYSWEEP_CONFIG_FROM", String::new()),
        ("KEYSWEEP_FAIL_ON", "low".to_owned()),
        ("KEYSWEEP_MIN_CONFIDENCE", "medium".to_owned()),
        ("KEYSWEEP_UPLOAD_SARIF", "true".to_owned()),
        ("KEYSWEEP_SUMMARY", "true".to_owned()),
        ("KEYSWEEP_CACHE", "trusted".to_owned()),
        ("GITHUB_EVENT_NAME", "push".to_owned()),
        ("GITHUB_REF_PROTECTED", "true".to_owned()),
    ];
    Runner { repo, temp, variables }
}

impl Runner {
    fn run(&self, script: &str, more: &[(&str, &str)]) -> Run {
        let _ = std::fs::remove_file(self.temp.join("output"));
        let _ = std::fs::remove_file(self.temp.join("summary"));
        let mut command = Command::new("bash");
        let variables = self.variables.iter().map(|(name, value)| (*name, value.as_str()));
        let action =
            &self.variables.iter().find(|(name, _)| *name == "GITHUB_ACTION_PATH").unwrap().1;
        command
            .arg(format!("{action}/{script}"))
            .current_dir(self.repo.root())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .envs(variables.chain(more.iter().copied()));
        Run::of(command.output().expect("bash runs"))
    }

    /// Scans what a pull request of `change` onto `main` adds.
    fn scan(&self, more: &[(&str, &str)]) -> Run {
        let payload = format!(
            r#"{{"pull_request":{{"base":{{"sha":"{}"}},"head":{{"sha":"{}"}}}}}}"#,
            self.repo.rev("main"),
            self.repo.rev("change")
        );
        let path = self.temp.join("event.json");
        std::fs::write(&path, payload).unwrap();
        let head = self.repo.rev("change");
        let event = [
            ("GITHUB_EVENT_NAME", "pull_request"),
            ("GITHUB_EVENT_PATH", path.to_str().unwrap()),
            ("GITHUB_SHA", head.as_str()),
        ];
        self.run("scan.sh", &[&event[..], more].concat())
    }

    fn output(&self, name: &str) -> Option<String> {
        let text = std::fs::read_to_string(self.temp.join("output")).unwrap_or_default();
        let prefix = format!("{name}=");
        text.lines().find_map(|line| line.strip_prefix(&prefix)).map(str::to_owned)
    }

    fn summary(&self) -> String {
        std::fs::read_to_string(self.temp.join("summary")).unwrap_or_default()
    }
}

#[test]
fn leak_is_annotated_summed_up_and_reported() {
    let runner = runner();
    runner.repo.write("src/new.env", assignment("leaked")).commit("leak", 2);
    let run = runner.scan(&[]);
    assert_eq!(run.code, 0, "the last step fails the job: {run:?}");
    assert_eq!(runner.output("exit-code").as_deref(), Some("1"));
    assert!(run.stdout.contains("::error file=src/new.env,line=1,"), "{run:?}");
    assert!(runner.summary().contains("src/new.env"), "{}", runner.summary());
    for (name, word) in [("sarif", "\"version\": \"2.1.0\""), ("report", "keysweep-report/1")] {
        let path = runner.output(name).unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.contains(word), "{name}");
        assert!(!text.contains(&key("leaked")), "{name}");
    }
    assert!(!format!("{run:?}{}", runner.summary()).contains(&key("leaked")));
}

#[test]
fn clean_change_and_gate_that_cannot_run_are_told_apart() {
    let runner = runner();
    runner.repo.write("b", "b").commit("clean", 2);
    runner.scan(&[]);
    assert_eq!(runner.output("exit-code").as_deref(), Some("0"));
    let run = runner.scan(&[("KEYSWEEP_CONFIG_FROM", "nowhere%\n::error::x")]);
    assert_eq!(runner.output("exit-code").as_deref(), Some("2"));
    assert_eq!(runner.output("sarif"), None, "no report is uploaded");
    assert!(run.stdout.contains("::error title=Keysweep could not run::"), "{run:?}");
    assert_eq!(run.stdout.lines().filter(|line| line.starts_with("::error")).count(), 1);
    assert!(runner.summary().contains("could not run"));
    runner.scan(&[("KEYSWEEP_SCOPE", "everything")]);
    assert_eq!(runner.output("exit-code").as_deref(), Some("0"));
}

#[test]
fn input_that_is_none_is_refused_and_not_printed() {
    let runner = runner();
    let run = runner.run("inputs.sh", &[]);
    assert_eq!(run.code, 0, "{run:?}");
    let digest = runner.output("digest").unwrap();
    assert_eq!(digest.len(), 64);
    runner.run("inputs.sh", &[("KEYSWEEP_PATH", "sub/dir"), ("KEYSWEEP_CONFIG_FROM", "v1.0^{}")]);
    assert_eq!(runner.output("digest").unwrap(), digest, "the same source");
    for (name, value) in [
        ("KEYSWEEP_SCOPE", "all"),
        ("KEYSWEEP_FAIL_ON", "low medium"),
        ("KEYSWEEP_FAIL_ON", ""),
        ("KEYSWEEP_MIN_CONFIDENCE", "--quiet"),
        ("KEYSWEEP_UPLOAD_SARIF", "yes"),
        ("KEYSWEEP_SUMMARY", "1"),
        ("KEYSWEEP_CACHE", "true"),
        ("KEYSWEEP_PATH", ""),
        ("KEYSWEEP_PATH", "/etc"),
        ("KEYSWEEP_PATH", "../elsewhere"),
        ("KEYSWEEP_PATH", "a/../../b"),
        ("KEYSWEEP_PATH", "--help"),
        ("KEYSWEEP_PATH", "a\n::error::evil"),
        ("KEYSWEEP_CONFIG_FROM", "--help"),
        ("KEYSWEEP_CONFIG_FROM", "main$(evil)"),
        ("KEYSWEEP_CONFIG_FROM", "main\n::error::evil"),
    ] {
        let run = runner.run("inputs.sh", &[(name, value)]);
        assert_eq!(run.code, 2, "{name}={value}: {run:?}");
        assert!(run.stdout.starts_with("::error title=Keysweep could not run::"), "{run:?}");
        assert!(!run.stdout.contains("evil"), "{run:?}");
    }
}

/// A pull request's own runs could fill the cache that its later runs take.
#[test]
fn binary_that_a_pull_request_may_have_left_is_not_run() {
    let runner = runner();
    for (wish, event, uses) in [
        ("trusted", "push", "true"),
        ("trusted", "merge_group", "true"),
        ("trusted", "pull_request", "false"),
        ("trusted", "pull_request_target", "false"),
        ("trusted", "workflow_dispatch", "false"),
        ("all", "pull_request", "true"),
        ("none", "push", "false"),
    ] {
        let run =
            runner.run("inputs.sh", &[("KEYSWEEP_CACHE", wish), ("GITHUB_EVENT_NAME", event)]);
        assert_eq!(run.code, 0, "{run:?}");
        assert_eq!(runner.output("cache").as_deref(), Some(uses), "{wish} {event}");
    }
    assert_eq!(runner.run("inputs.sh", &[("GITHUB_REF_PROTECTED", "false")]).code, 0);
    assert_eq!(runner.output("cache").as_deref(), Some("false"));
}

#[test]
fn action_runs_no_expression_in_a_script_and_pins_what_it_uses() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(".github");
    for file in ["actions/keysweep/action.yml", "workflows/ci.yml"] {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        for line in text.lines().map(str::trim_start) {
            if let Some(script) = line.strip_prefix("run: ").or(line.strip_prefix("- run: ")) {
                assert!(!script.contains("${{"), "{file}: {line}");
            }
            let used = line.strip_prefix("uses: ").or(line.strip_prefix("- uses: "));
            if let Some(used) = used.filter(|used| !used.starts_with("$/")) {
                let commit = used.split('@').nth(1).and_then(|rest| rest.split(' ').next());
                let is_commit = commit.is_some_and(|c| {
                    c.len() == 40 && c.bytes().all(|digit| digit.is_ascii_hexdigit())
                });
                assert!(is_commit, "{file}: {line}");
            }
        }
    }
}
