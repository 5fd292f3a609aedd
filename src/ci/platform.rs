//! What each platform says of a job.
//!
//! In: environment variables, and the payload that GitHub keeps in a file. Out:
//! a [`Job`]. Nothing is looked up anywhere else, so each platform is a row of
//! a test's table. Branch names and ids in here come from whoever pushed; they
//! are only ever resolved as revisions.

use serde::Deserialize;

use super::{CiError, Job};
use crate::finding::lower_case_names;

/// Who runs a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// <https://docs.github.com/en/actions/reference/workflows-and-actions/variables>,
    /// <https://docs.github.com/en/webhooks/webhook-events-and-payloads>.
    GitHub,
    /// <https://docs.gitlab.com/ci/variables/predefined_variables/>.
    GitLab,
    /// <https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/>.
    Bitbucket,
    /// <https://learn.microsoft.com/en-us/azure/devops/pipelines/build/variables>.
    Azure,
    /// <https://circleci.com/docs/variables/>.
    CircleCi,
    /// <https://plugins.jenkins.io/git/#plugin-content-environment-variables>,
    /// <https://www.jenkins.io/doc/book/pipeline/multibranch/>.
    Jenkins,
    /// <https://buildkite.com/docs/pipelines/configure/environment-variables>.
    Buildkite,
}

lower_case_names!(Platform {
    GitHub = "GitHub Actions",
    GitLab = "GitLab CI",
    Bitbucket = "Bitbucket Pipelines",
    Azure = "Azure Pipelines",
    CircleCi = "CircleCI",
    Jenkins = "Jenkins",
    Buildkite = "Buildkite",
});

impl Platform {
    /// The one line that makes a clone deep enough.
    #[must_use]
    pub const fn mend(self) -> &'static str {
        match self {
            Self::GitHub => "give actions/checkout `fetch-depth: 0`",
            Self::GitLab => "give the job `variables: { GIT_DEPTH: \"0\" }`",
            Self::Bitbucket => "put `clone: { depth: full }` into the step",
            Self::Azure => "give the step `- checkout: self` the line `fetchDepth: 0`",
            Self::CircleCi => "give the checkout step `method: full`",
            Self::Jenkins => {
                "turn off `Shallow clone` in the checkout, and run `git fetch origin \
                 '+refs/heads/*:refs/remotes/origin/*'` first"
            }
            Self::Buildkite => {
                "take `--depth` out of BUILDKITE_GIT_CLONE_FLAGS and BUILDKITE_GIT_FETCH_FLAGS, \
                 and run `git fetch origin '+refs/heads/*:refs/remotes/origin/*'` first"
            }
        }
    }
}

/// What started a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A pull request, or merge request.
    PullRequest,
    /// A merge queue, or merge train.
    MergeQueue,
    /// A push to a branch or of a tag.
    Push,
    /// A schedule, a person, another job.
    Other,
}

lower_case_names!(Event {
    PullRequest = "pull request",
    MergeQueue = "merge queue",
    Push = "push",
    Other = "other event",
});

/// What the environment says of the job; `event` is the text of the file that
/// `GITHUB_EVENT_PATH` names, where there is one.
///
/// # Errors
/// An environment of no platform that is known, or one that lacks what the
/// platform always sets.
pub fn read(
    variable: &dyn Fn(&str) -> Option<String>,
    event: Option<&str>,
) -> Result<Job, CiError> {
    let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    let is_true = |name: &str| variable(name).is_some_and(|v| v.eq_ignore_ascii_case("true"));
    let environment = Environment { variable: &variable };
    if is_true("GITHUB_ACTIONS") {
        environment.github(event)
    } else if is_true("GITLAB_CI") {
        environment.gitlab()
    } else if is_true("TF_BUILD") {
        environment.azure()
    } else if is_true("CIRCLECI") {
        environment.circle_ci()
    } else if is_true("BUILDKITE") {
        environment.buildkite()
    } else if variable("BITBUCKET_COMMIT").is_some() {
        environment.bitbucket()
    } else if variable("JENKINS_URL").is_some() {
        environment.jenkins()
    } else {
        Err(CiError::NoPlatform)
    }
}

struct Environment<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
}

/// The part of a webhook's payload that tells commits apart.
#[derive(Debug, Default, Deserialize)]
struct Payload {
    pull_request: Option<PullRequest>,
    merge_group: Option<MergeGroup>,
    before: Option<String>,
    #[serde(default)]
    forced: bool,
    repository: Option<Hosted>,
}

#[derive(Debug, Deserialize)]
struct PullRequest {
    base: Side,
    head: Side,
}

#[derive(Debug, Deserialize)]
struct Side {
    sha: String,
}

#[derive(Debug, Deserialize)]
struct MergeGroup {
    base_sha: String,
    head_sha: String,
}

#[derive(Debug, Deserialize)]
struct Hosted {
    default_branch: Option<String>,
}

impl Environment<'_> {
    fn get(&self, name: &str) -> Option<String> {
        (self.variable)(name)
    }

    fn need(&self, platform: Platform, variable: &'static str) -> Result<String, CiError> {
        self.get(variable).ok_or(CiError::Missing { platform, variable })
    }

    /// The branch as a clone holds it.
    fn remote(&self, name: &str) -> Option<String> {
        self.get(name).map(|branch| remote(&branch))
    }

    fn github(&self, event: Option<&str>) -> Result<Job, CiError> {
        let platform = Platform::GitHub;
        let tip = self.need(platform, "GITHUB_SHA")?;
        let payload: Payload =
            event.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        if let Some(change) = payload.pull_request {
            let bases = [Some(change.base.sha), self.remote("GITHUB_BASE_REF")];
            return Ok(review(platform, Event::PullRequest, bases, change.head.sha));
        }
        if let Some(group) = payload.merge_group {
            let bases = [Some(group.base_sha)];
            return Ok(review(platform, Event::MergeQueue, bases, group.head_sha));
        }
        let name = self.get("GITHUB_EVENT_NAME").unwrap_or_default();
        if name.starts_with("pull_request") {
            let bases = [self.remote("GITHUB_BASE_REF")];
            return Ok(review(platform, Event::PullRequest, bases, tip));
        }
        if name != "push" {
            return Ok(push(platform, Event::Other, None, None, tip));
        }
        let default = payload.repository.and_then(|repository| repository.default_branch);
        let reference = self.get("GITHUB_REF").unwrap_or_default();
        let current = reference.strip_prefix("refs/heads/");
        // What was there before a forced push is no ancestor of what is there
        // now, and no clone holds it.
        let before = payload.before.filter(|before| !payload.forced && !is_zero(before));
        let default = unless_on_it(default.as_deref(), current);
        Ok(push(platform, Event::Push, before, default, tip))
    }

    fn gitlab(&self) -> Result<Job, CiError> {
        let platform = Platform::GitLab;
        let tip = self.need(platform, "CI_COMMIT_SHA")?;
        let is_train = self.get("CI_MERGE_REQUEST_EVENT_TYPE").is_some_and(|t| t == "merge_train");
        if self.get("CI_MERGE_REQUEST_IID").is_some() {
            // Only pipelines of merged results have the target's commit; in
            // them the change lies on top of it.
            let bases = [
                self.get("CI_MERGE_REQUEST_TARGET_BRANCH_SHA"),
                self.get("CI_MERGE_REQUEST_DIFF_BASE_SHA"),
                self.remote("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"),
            ];
            let event = if is_train { Event::MergeQueue } else { Event::PullRequest };
            return Ok(review(platform, event, bases, tip));
        }
        let before = self.get("CI_COMMIT_BEFORE_SHA").filter(|before| !is_zero(before));
        let default = self.get("CI_DEFAULT_BRANCH");
        let current = self.get("CI_COMMIT_BRANCH");
        let default = unless_on_it(default.as_deref(), current.as_deref());
        let is_push = self.get("CI_PIPELINE_SOURCE").is_none_or(|source| source == "push");
        let event = if is_push { Event::Push } else { Event::Other };
        Ok(push(platform, event, before, default, tip))
    }

    fn azure(&self) -> Result<Job, CiError> {
        let platform = Platform::Azure;
        let tip = self.need(platform, "BUILD_SOURCEVERSION")?;
        if self.get("BUILD_REASON").is_some_and(|reason| reason == "PullRequest") {
            let bases = [self.remote("SYSTEM_PULLREQUEST_TARGETBRANCH")];
            // The tip is the merge, which holds the change whole.
            return Ok(review(platform, Event::PullRequest, bases, tip));
        }
        let is_started =
            self.get("BUILD_REASON").is_some_and(|why| why == "Schedule" || why == "Manual");
        let event = if is_started { Event::Other } else { Event::Push };
        Ok(push(platform, event, None, head_of_origin(), tip))
    }

    fn circle_ci(&self) -> Result<Job, CiError> {
        let platform = Platform::CircleCi;
        let tip = self.need(platform, "CIRCLE_SHA1")?;
        Ok(push(platform, Event::Push, None, head_of_origin(), tip))
    }

    fn buildkite(&self) -> Result<Job, CiError> {
        let platform = Platform::Buildkite;
        // It may be the word HEAD, in builds that a person started.
        let tip = self.need(platform, "BUILDKITE_COMMIT")?;
        if let Some(base) = self.get("BUILDKITE_MERGE_QUEUE_BASE_COMMIT") {
            return Ok(review(platform, Event::MergeQueue, [Some(base)], tip));
        }
        if self.get("BUILDKITE_PULL_REQUEST").is_some_and(|number| number != "false") {
            let bases = [self.remote("BUILDKITE_PULL_REQUEST_BASE_BRANCH")];
            return Ok(review(platform, Event::PullRequest, bases, tip));
        }
        let default = self.get("BUILDKITE_PIPELINE_DEFAULT_BRANCH");
        let current = self.get("BUILDKITE_BRANCH");
        let default = unless_on_it(default.as_deref(), current.as_deref());
        Ok(push(platform, Event::Push, None, default, tip))
    }

    fn bitbucket(&self) -> Result<Job, CiError> {
        let platform = Platform::Bitbucket;
        let tip = self.need(platform, "BITBUCKET_COMMIT")?;
        if self.get("BITBUCKET_PR_ID").is_some() {
            let bases = [
                self.get("BITBUCKET_PR_DESTINATION_COMMIT"),
                self.remote("BITBUCKET_PR_DESTINATION_BRANCH"),
            ];
            return Ok(review(platform, Event::PullRequest, bases, tip));
        }
        Ok(push(platform, Event::Push, None, head_of_origin(), tip))
    }

    fn jenkins(&self) -> Result<Job, CiError> {
        let platform = Platform::Jenkins;
        let tip = self.need(platform, "GIT_COMMIT")?;
        if self.get("CHANGE_ID").is_some() {
            let bases = [self.remote("CHANGE_TARGET")];
            return Ok(review(platform, Event::PullRequest, bases, tip));
        }
        // The last commit that passed, not the last that was built: a key that
        // failed one build must fail the next.
        let before = self.get("GIT_PREVIOUS_SUCCESSFUL_COMMIT").filter(|before| before != "null");
        Ok(push(platform, Event::Push, before, head_of_origin(), tip))
    }
}

/// A job about a change that somebody reviews: what it goes into has the word.
fn review<const N: usize>(
    platform: Platform,
    event: Event,
    bases: [Option<String>; N],
    tip: String,
) -> Job {
    let bases: Vec<String> = bases.into_iter().flatten().collect();
    Job { platform, event, trusted: bases.clone(), bases, tip }
}

/// A job about what arrived: what the branch held before is its base, but the
/// default branch has the word, since whoever pushes to another wrote both.
fn push(
    platform: Platform,
    event: Event,
    before: Option<String>,
    default: Option<String>,
    tip: String,
) -> Job {
    let bases = before.iter().chain(&default).cloned().collect();
    let trusted = match default {
        Some(default) => std::iter::once(default).chain(before).collect(),
        None => Vec::new(),
    };
    Job { platform, event, bases, tip, trusted }
}

/// The default branch, on a platform that does not tell it: it is called so in
/// what `git clone` made, and names nothing elsewhere.
#[allow(clippy::unnecessary_wraps, reason = "it stands where a platform's own answer would")]
fn head_of_origin() -> Option<String> {
    Some("refs/remotes/origin/HEAD".to_owned())
}

/// The default branch, unless the job is on it: then all that is on the branch
/// is what was pushed.
fn unless_on_it(default: Option<&str>, current: Option<&str>) -> Option<String> {
    let default = default?;
    (current != Some(default)).then(|| remote(default))
}

fn remote(branch: &str) -> String {
    format!("refs/remotes/origin/{}", branch.strip_prefix("refs/heads/").unwrap_or(branch))
}

/// Whether an id stands for no commit.
fn is_zero(id: &str) -> bool {
    id.bytes().all(|digit| digit == b'0')
}
