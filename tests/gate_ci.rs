//! `--range ci`: the change that a job is about, and never less than that.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::path::{Path, PathBuf};

use support::git::{Repo, git_in};
use support::{Run, assignment, command};

/// A repository whose `main` moved on after `change` left it.
struct Scene {
    repo: Repo,
    base: String,
    main: String,
    change: String,
}

fn scene() -> Scene {
    let repo = Repo::new();
    repo.write("old.env", assignment("old")).commit("base", 1);
    let base = repo.rev("HEAD");
    repo.git(&["checkout", "-q", "-b", "change"]);
    repo.write("new.env", assignment("new")).commit("leak", 2);
    repo.git(&["rm", "-q", "new.env"]);
    repo.commit_index("hide", 3);
    let change = repo.rev("HEAD");
    repo.git(&["checkout", "-q", "main"]);
    repo.write("late.env", assignment("late")).commit("main goes on", 4);
    let main = repo.rev("HEAD");
    Scene { repo, base, main, change }
}

impl Scene {
    /// A clone of it, as a job's checkout makes one.
    fn clone(&self, name: &str, arguments: &[&str]) -> PathBuf {
        let target = self.repo.beside(name);
        let url = format!("file://{}", self.repo.root().display());
        let all = [&["clone", "-q"][..], arguments, &[&url, target.to_str().unwrap()]].concat();
        git_in(self.repo.root(), &all, b"");
        target
    }
}

fn scan(directory: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> Run {
    let mut command = command(directory);
    command.args(["scan", "--range", "ci", "--format", "jsonl"]).args(arguments);
    Run::of(command.envs(environment.iter().copied()).output().unwrap())
}

fn paths(run: &Run) -> Vec<String> {
    let mut paths: Vec<String> =
        run.lines().into_iter().map(|line| line.path.unwrap_or_default()).collect();
    paths.sort();
    paths
}

/// The environment of a GitHub pull request.
fn pull_request(directory: &Path, base: &str, head: &str) -> Vec<(&'static str, String)> {
    let payload =
        format!(r#"{{"pull_request":{{"base":{{"sha":"{base}"}},"head":{{"sha":"{head}"}}}}}}"#);
    let path = directory.with_extension("event.json");
    std::fs::write(&path, payload).unwrap();
    vec![
        ("GITHUB_ACTIONS", "true".to_owned()),
        ("GITHUB_EVENT_NAME", "pull_request".to_owned()),
        ("GITHUB_BASE_REF", "main".to_owned()),
        ("GITHUB_SHA", head.to_owned()),
        ("GITHUB_EVENT_PATH", path.to_str().unwrap().to_owned()),
    ]
}

fn as_pairs<'a>(environment: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    environment.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

#[test]
fn pull_request_is_swept_from_where_it_left_its_base() {
    let scene = scene();
    let clone = scene.clone("clone", &[]);
    let environment = pull_request(&clone, &scene.main, &scene.change);
    let run = scan(&clone, &as_pairs(&environment), &[]);
    assert_eq!(paths(&run), ["new.env"], "neither main's keys nor what came later");
    assert!(run.stderr.contains("GitHub Actions (pull request): "), "{run:?}");
    // The same as the other platforms tell it.
    let (base, tip) = (scene.base.as_str(), scene.change.as_str());
    for environment in [
        &[
            ("GITLAB_CI", "true"),
            ("CI_MERGE_REQUEST_IID", "1"),
            ("CI_MERGE_REQUEST_DIFF_BASE_SHA", base),
            ("CI_COMMIT_SHA", tip),
        ][..],
        &[
            ("TF_BUILD", "True"),
            ("BUILD_REASON", "PullRequest"),
            ("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main"),
            ("BUILD_SOURCEVERSION", tip),
        ],
        &[
            ("BITBUCKET_PR_ID", "1"),
            ("BITBUCKET_PR_DESTINATION_COMMIT", &scene.main[..12]),
            ("BITBUCKET_COMMIT", tip),
        ],
        &[("JENKINS_URL", "u"), ("CHANGE_ID", "1"), ("CHANGE_TARGET", "main"), ("GIT_COMMIT", tip)],
        &[
            ("BUILDKITE", "true"),
            ("BUILDKITE_PULL_REQUEST", "1"),
            ("BUILDKITE_PULL_REQUEST_BASE_BRANCH", "main"),
            ("BUILDKITE_COMMIT", tip),
        ],
        &[("CIRCLECI", "true"), ("CIRCLE_SHA1", tip)],
    ] {
        assert_eq!(paths(&scan(&clone, environment, &[])), ["new.env"], "{environment:?}");
    }
}

#[test]
fn pull_request_is_held_to_what_its_base_says() {
    let scene = scene();
    let repo = &scene.repo;
    repo.git(&["checkout", "-q", "change"]);
    let allowed = format!("{} # keysweep:allow reason=mine\n", assignment("new").trim_end());
    repo.write("new.env", allowed).commit("allow myself", 5);
    let environment = pull_request(repo.root(), &scene.main, &repo.rev("HEAD"));
    let run = scan(repo.root(), &as_pairs(&environment), &[]);
    assert_eq!(paths(&run), ["new.env", "new.env"], "with its allow and without");
    let trusting = scan(repo.root(), &as_pairs(&environment), &["--config-from", "HEAD"]);
    assert_eq!(paths(&trusting), ["new.env"], "the operator may name another commit");
}

#[test]
fn shallow_checkout_is_refused_with_the_line_that_mends_it() {
    let scene = scene();
    let shallow = scene.clone("shallow", &["--depth=1", "--branch=change", "--no-single-branch"]);
    let (base, tip) = (scene.main.as_str(), scene.change.as_str());
    let github = pull_request(&shallow, base, tip);
    let push = [("GITLAB_CI", "true"), ("CI_COMMIT_BEFORE_SHA", base), ("CI_COMMIT_SHA", tip)];
    let azure = [
        ("TF_BUILD", "True"),
        ("BUILD_REASON", "PullRequest"),
        ("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main"),
        ("BUILD_SOURCEVERSION", tip),
    ];
    let bitbucket = [
        ("BITBUCKET_PR_ID", "1"),
        ("BITBUCKET_PR_DESTINATION_BRANCH", "main"),
        ("BITBUCKET_COMMIT", tip),
    ];
    let circle = [("CIRCLECI", "true"), ("CIRCLE_SHA1", tip)];
    for (environment, mend) in [
        (&as_pairs(&github)[..], "fetch-depth: 0"),
        (&push, "GIT_DEPTH: \"0\""),
        (&azure, "fetchDepth: 0"),
        (&bitbucket, "depth: full"),
        (&circle, "method: full"),
    ] {
        let run = scan(&shallow, environment, &[]);
        assert_eq!(run.code, 2, "{environment:?}: {run:?}");
        assert!(run.stderr.contains(mend), "{environment:?}: {run:?}");
        assert_eq!(run.stdout, "");
    }
}

#[test]
fn push_is_swept_from_what_was_there_before() {
    let scene = scene();
    let clone = scene.clone("clone", &[]);
    let push = |before: &str, forced: bool, branch: &str, tip: &str| {
        let payload = format!(
            r#"{{"before":"{before}","forced":{forced},"repository":{{"default_branch":"main"}}}}"#
        );
        let path = clone.with_extension("push.json");
        std::fs::write(&path, payload).unwrap();
        let reference = format!("refs/heads/{branch}");
        let environment = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", "push"),
            ("GITHUB_REF", &reference),
            ("GITHUB_SHA", tip),
            ("GITHUB_EVENT_PATH", path.to_str().unwrap()),
        ];
        scan(&clone, &environment, &[])
    };
    let zero = "0".repeat(40);
    let gone = "1".repeat(40);
    let (change, main) = (scene.change.as_str(), scene.main.as_str());
    assert_eq!(paths(&push(&scene.base, false, "main", main)), ["late.env"]);
    assert_eq!(paths(&push(&zero, false, "change", change)), ["new.env"], "a new branch");
    assert_eq!(paths(&push(&gone, true, "change", change)), ["new.env"], "a forced push");
    // Where nothing tells what is new, nothing is taken for old.
    let all = ["late.env", "new.env", "old.env"];
    assert_eq!(paths(&push(&gone, true, "main", main)), all);
    assert_eq!(paths(&push(&gone, false, "main", main)), all, "it was replaced all the same");
    assert_eq!(paths(&push(main, false, "main", main)), all, "no commit is new");
}

#[test]
fn default_branch_is_swept_whole_where_the_platform_tells_no_base() {
    let scene = scene();
    let clone = scene.clone("clone", &[]);
    let run = scan(&clone, &[("CIRCLECI", "true"), ("CIRCLE_SHA1", &scene.main)], &[]);
    assert_eq!(paths(&run), ["late.env", "new.env", "old.env"]);
    assert!(run.stderr.contains("sweeping all"), "{run:?}");
}

#[test]
fn allows_of_the_default_branch_hold_in_all_of_its_history() {
    let repo = Repo::new();
    let allowed = format!("{} # keysweep:allow reason=double\n", assignment("double").trim_end());
    repo.write("a.env", allowed).commit("allowed", 1);
    repo.git(&["mv", "a.env", "b.env"]);
    repo.commit_index("moved", 2);
    let head = repo.rev("HEAD");
    repo.git(&["update-ref", "refs/remotes/origin/HEAD", &head]);
    let run = scan(repo.root(), &[("CIRCLECI", "true"), ("CIRCLE_SHA1", &head)], &[]);
    assert_eq!(run.code, 0, "{run:?}");
}

#[test]
fn environment_that_tells_nothing_is_refused() {
    let scene = scene();
    let root = scene.repo.root();
    let run = scan(root, &[("CI", "true")], &[]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("--range A..B"), "{run:?}");
    let github = [("GITHUB_ACTIONS", "true"), ("GITHUB_SHA", "nowhere")];
    assert_eq!(scan(root, &github, &[]).code, 2);
    let two = scan(root, &github, &[".", "old.env"]);
    assert!(two.stderr.contains("give one path"), "{two:?}");
    let outside = tempfile::tempdir().unwrap();
    assert_eq!(scan(outside.path(), &github, &[]).code, 2);
}
