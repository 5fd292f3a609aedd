//! What a key opens and what to do about it, in the vendor's order.
//!
//! In: one finding. Out: sentences, each marked with what it rests on, so that
//! an assumption is never read as the vendor's word. Nothing here renders.

use super::model::Finding;
use super::summary::state;

/// What a sentence rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The vendor's public documentation says so.
    Documented,
    /// The vendor's documentation does not say it; this project assumes it.
    Assumed,
    /// Keysweep's own advice.
    Advice,
}

impl Basis {
    /// The mark shown beside the sentence.
    #[must_use]
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Documented => "documented by ByteStack",
            Self::Assumed => "assumed, not documented",
            Self::Advice => "advice",
        }
    }
}

/// One sentence and what it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The sentence, plain text.
    pub text: &'static str,
    /// What it rests on.
    pub basis: Basis,
}

const fn documented(text: &'static str) -> Step {
    Step { text, basis: Basis::Documented }
}

const fn assumed(text: &'static str) -> Step {
    Step { text, basis: Basis::Assumed }
}

const fn advice(text: &'static str) -> Step {
    Step { text, basis: Basis::Advice }
}

/// What whoever holds the key can do with it.
#[must_use]
pub fn blast_radius(finding: &Finding) -> Vec<Step> {
    let mut said = match scope(finding) {
        Some("read") => vec![documented(
            "A `read` key reads query results, storage objects and the status of jobs.",
        )],
        Some("write") => vec![documented(
            "A `write` key reads everything that `read` does, and creates queries and jobs; each \
             query is counted and billed.",
        )],
        Some("admin") => vec![documented(
            "An `admin` key does everything, including webhooks and the management of keys.",
        )],
        _ => vec![
            advice(
                "The key's scope is not known here: act as for `admin` until Settings → API Keys \
                 says otherwise.",
            ),
            documented(
                "Scopes are `read` (results, storage objects, job status), `write` (also creates \
                 queries and jobs) and `admin` (everything, including webhooks and key \
                 management).",
            ),
        ],
    };
    if state(finding) == "rejected" {
        said.push(assumed(
            "The API rejects the key. A revoked key is answered like a malformed one, so this is a \
             key revoked earlier, or not a key as it was extracted.",
        ));
    }
    said
}

/// What to do, in order.
#[must_use]
pub fn next_steps(finding: &Finding) -> Vec<Step> {
    let dead = state(finding) == "dead";
    let (writes, administers) = match scope(finding) {
        Some("read") => (false, false),
        Some("write") => (true, false),
        _ => (true, true),
    };
    let mut steps = Vec::new();
    if dead {
        steps.push(documented(
            "Create a replacement with the same scope, deploy it, and verify that the integration \
             works.",
        ));
    } else {
        steps.extend([
            documented(
                "On a suspected compromise revoke the key at once: Settings → API Keys → the key → \
                 Revoke. It takes effect immediately and touches no other key. Then create a \
                 replacement with the same scope, deploy it, and verify that it works.",
            ),
            documented(
                "Where the service may not stop, rotate in this order: create a key with the same \
                 scope, update the integration and deploy, verify that it works, revoke the old \
                 key.",
            ),
            advice(
                "Prove that it is dead: `keysweep verify REPORT --until-dead`. Until then count it \
                 as live.",
            ),
        ]);
    }
    steps.push(documented(
        "Audit the affected services for requests that nobody of yours made: Settings → Privacy → \
         Export gives a signed archive of every query, account record and audit event. Compare it \
         with the exposure window.",
    ));
    if writes {
        steps.push(advice(
            "Look through that archive for queries and jobs that are not yours, and through the \
             billing of the window: created jobs go on after the key is dead.",
        ));
    }
    if administers {
        steps.push(advice(
            "Look for webhooks (Settings → Webhooks) and API keys (Settings → API Keys) that an \
             attacker may have added; they outlive the leaked key. Rotate webhook secrets where a \
             webhook was changed.",
        ));
    }
    steps.extend([
        documented(
            "Where the account was accessed without authorisation, write to \
             legal@bytestack.dev.",
        ),
        advice(
            "Once the key is proven dead, rewriting history is optional: it hides a value that \
             opens nothing, and clones, forks and caches keep theirs. Where it is wanted, \
             `keysweep report REPORT --replacements` writes a list for git filter-repo.",
        ),
        documented(
            "From now on: keys in the environment (BITKIT_API_KEY) and never in code, `.env` in \
             `.gitignore`, the narrowest scope, one key a service.",
        ),
    ]);
    steps
}

fn scope(finding: &Finding) -> Option<&str> {
    finding.verdict.as_ref()?.key_scope.as_deref()
}
