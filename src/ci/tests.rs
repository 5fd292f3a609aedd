//! One row a kind of job, as its platform describes it.

use super::{CiError, Event, Job, Platform, read};

const ZERO: &str = "0000000000000000000000000000000000000000";

fn job(variables: &[(&str, &str)], event: Option<&str>) -> Result<Job, CiError> {
    let get = |name: &str| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    read(&get, event)
}

#[track_caller]
fn check(
    variables: &[(&str, &str)],
    payload: Option<&str>,
    (platform, event): (Platform, Event),
    bases: &[&str],
    tip: &str,
) {
    let job = job(variables, payload).expect("a job");
    assert_eq!((job.platform, job.event), (platform, event));
    assert_eq!(job.bases, bases);
    assert_eq!(job.tip, tip);
    let is_review = matches!(event, Event::PullRequest | Event::MergeQueue);
    // Of a push, the default branch; nothing where the push is to that.
    let expected: Vec<&str> = match bases {
        bases if is_review => bases.to_vec(),
        [before @ .., default] if default.starts_with("refs/") => [&[*default], before].concat(),
        _ => Vec::new(),
    };
    assert_eq!(job.trusted, expected);
}

fn github<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[("GITHUB_ACTIONS", "true"), ("GITHUB_SHA", "merged")], more].concat()
}

#[test]
fn github_tells_by_its_payload() {
    let environment = github(&[("GITHUB_EVENT_NAME", "pull_request"), ("GITHUB_BASE_REF", "main")]);
    let of = |event| (Platform::GitHub, event);
    let payload = r#"{"pull_request":{"base":{"sha":"b"},"head":{"sha":"h"}},"number":3}"#;
    let origin = "refs/remotes/origin/main";
    check(&environment, Some(payload), of(Event::PullRequest), &["b", origin], "h");
    check(&environment, None, of(Event::PullRequest), &[origin], "merged");
    check(&environment, Some("nonsense"), of(Event::PullRequest), &[origin], "merged");
    let payload = r#"{"merge_group":{"base_sha":"b","head_sha":"h"}}"#;
    check(&github(&[]), Some(payload), of(Event::MergeQueue), &["b"], "h");
    for name in ["schedule", "workflow_dispatch", "release"] {
        let environment = github(&[("GITHUB_EVENT_NAME", name)]);
        check(&environment, Some("{}"), of(Event::Other), &[], "merged");
    }
}

#[test]
fn github_push_rests_on_what_was_there_before() {
    let push = |reference, before: &str, forced| {
        let payload = format!(
            r#"{{"before":"{before}","after":"a","forced":{forced},
                "repository":{{"default_branch":"main"}}}}"#
        );
        let environment = github(&[("GITHUB_EVENT_NAME", "push"), ("GITHUB_REF", reference)]);
        job(&environment, Some(&payload)).expect("a job").bases
    };
    let origin = "refs/remotes/origin/main";
    assert_eq!(push("refs/heads/side", "b", false), ["b", origin]);
    assert_eq!(push("refs/heads/main", "b", false), ["b"]);
    assert_eq!(push("refs/heads/side", "b", true), [origin], "no clone holds what was replaced");
    assert_eq!(push("refs/heads/side", ZERO, false), [origin], "a new branch");
    assert_eq!(push("refs/heads/main", "b", true), [""; 0], "everything is new");
    assert_eq!(push("refs/tags/v1", ZERO, false), [origin]);
}

#[test]
fn gitlab_tells_merge_requests_from_pushes() {
    let of = |event| (Platform::GitLab, event);
    let gitlab = |more: &[(&'static str, &'static str)]| {
        let common = [("GITLAB_CI", "true"), ("CI_COMMIT_SHA", "t"), ("CI_DEFAULT_BRANCH", "main")];
        [&common[..], more].concat()
    };
    let request = [
        ("CI_MERGE_REQUEST_IID", "7"),
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "d"),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
        ("CI_COMMIT_BEFORE_SHA", ZERO),
    ];
    let origin = "refs/remotes/origin/main";
    let detached = [&request[..], &[("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "")]].concat();
    check(&gitlab(&detached), None, of(Event::PullRequest), &["d", origin], "t");
    let merged = [&request[..], &[("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "m")]].concat();
    check(&gitlab(&merged), None, of(Event::PullRequest), &["m", "d", origin], "t");
    let train = [&merged[..], &[("CI_MERGE_REQUEST_EVENT_TYPE", "merge_train")]].concat();
    check(&gitlab(&train), None, of(Event::MergeQueue), &["m", "d", origin], "t");
    let push = [("CI_COMMIT_BEFORE_SHA", "b"), ("CI_COMMIT_BRANCH", "side")];
    check(&gitlab(&push), None, of(Event::Push), &["b", origin], "t");
    let new = [("CI_COMMIT_BEFORE_SHA", ZERO), ("CI_COMMIT_BRANCH", "side")];
    check(&gitlab(&new), None, of(Event::Push), &[origin], "t");
    let scheduled = [
        ("CI_COMMIT_BEFORE_SHA", ZERO),
        ("CI_COMMIT_BRANCH", "main"),
        ("CI_PIPELINE_SOURCE", "schedule"),
    ];
    check(&gitlab(&scheduled), None, of(Event::Other), &[], "t");
}

#[test]
fn other_platforms_tell_the_target_of_a_pull_request() {
    let origin = "refs/remotes/origin/main";
    let review = |platform| (platform, Event::PullRequest);
    let azure = [
        ("TF_BUILD", "True"),
        ("BUILD_SOURCEVERSION", "t"),
        ("BUILD_REASON", "PullRequest"),
        ("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main"),
    ];
    check(&azure, None, review(Platform::Azure), &[origin], "t");
    let bitbucket = [
        ("BITBUCKET_COMMIT", "t"),
        ("BITBUCKET_PR_ID", "7"),
        ("BITBUCKET_PR_DESTINATION_COMMIT", "0123456789ab"),
        ("BITBUCKET_PR_DESTINATION_BRANCH", "main"),
    ];
    check(&bitbucket, None, review(Platform::Bitbucket), &["0123456789ab", origin], "t");
    let jenkins = [
        ("JENKINS_URL", "https://ci.example/"),
        ("GIT_COMMIT", "t"),
        ("CHANGE_ID", "7"),
        ("CHANGE_TARGET", "main"),
    ];
    check(&jenkins, None, review(Platform::Jenkins), &[origin], "t");
    let buildkite = [
        ("BUILDKITE", "true"),
        ("BUILDKITE_COMMIT", "t"),
        ("BUILDKITE_PULL_REQUEST", "7"),
        ("BUILDKITE_PULL_REQUEST_BASE_BRANCH", "main"),
    ];
    check(&buildkite, None, review(Platform::Buildkite), &[origin], "t");
    let queue = [&buildkite[..], &[("BUILDKITE_MERGE_QUEUE_BASE_COMMIT", "b")]].concat();
    check(&queue, None, (Platform::Buildkite, Event::MergeQueue), &["b"], "t");
}

#[test]
fn other_platforms_tell_little_of_a_push() {
    let push = |platform| (platform, Event::Push);
    let buildkite = |branch: &'static str| {
        [
            ("BUILDKITE", "true"),
            ("BUILDKITE_COMMIT", "t"),
            ("BUILDKITE_PULL_REQUEST", "false"),
            ("BUILDKITE_BRANCH", branch),
            ("BUILDKITE_PIPELINE_DEFAULT_BRANCH", "main"),
        ]
    };
    let origin = "refs/remotes/origin/main";
    check(&buildkite("side"), None, push(Platform::Buildkite), &[origin], "t");
    check(&buildkite("main"), None, push(Platform::Buildkite), &[], "t");
    let jenkins = [("JENKINS_URL", "u"), ("GIT_COMMIT", "t")];
    check(&jenkins, None, push(Platform::Jenkins), &["refs/remotes/origin/HEAD"], "t");
    let passed = [&jenkins[..], &[("GIT_PREVIOUS_SUCCESSFUL_COMMIT", "s")]].concat();
    check(&passed, None, push(Platform::Jenkins), &["s", "refs/remotes/origin/HEAD"], "t");
    let circle = [("CIRCLECI", "true"), ("CIRCLE_SHA1", "t"), ("CIRCLE_BRANCH", "side")];
    check(&circle, None, push(Platform::CircleCi), &["refs/remotes/origin/HEAD"], "t");
    let bitbucket = [("BITBUCKET_COMMIT", "t"), ("BITBUCKET_BRANCH", "side")];
    check(&bitbucket, None, push(Platform::Bitbucket), &["refs/remotes/origin/HEAD"], "t");
    let azure = [("TF_BUILD", "True"), ("BUILD_SOURCEVERSION", "t"), ("BUILD_REASON", "Schedule")];
    check(&azure, None, (Platform::Azure, Event::Other), &["refs/remotes/origin/HEAD"], "t");
}

#[test]
fn environment_without_a_platform_is_refused() {
    assert!(matches!(job(&[("CI", "true")], None), Err(CiError::NoPlatform)));
    let missing = job(&[("GITLAB_CI", "true")], None).expect_err("no commit");
    assert!(missing.to_string().contains("CI_COMMIT_SHA"), "{missing}");
}
