//! What a sweep brings home, as the versioned report.
//!
//! In: an [`Outcome`]. Out: a [`Report`], whose structs are its own so that
//! the internal types may change while the schema does not. Keys stay behind:
//! only fingerprints and masks pass.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::model::{
    Commit, Coverage, Finding, Note, Occurrence, Provenance, Report, Root, RuleSummary, Run,
    SCHEMA, Scope, Skipped, Suppression, Tool,
};
use crate::detect::keyless;
use crate::finding::{self, SourceKind};
use crate::outcome::{Outcome, RootKind};
use crate::secret::Keys;

/// Makes the report of a sweep; verdicts are added by verification.
#[must_use]
pub fn report(outcome: &Outcome) -> Report {
    Report {
        schema: SCHEMA.to_owned(),
        tool: Tool {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        run: Run {
            started_at: outcome.started_at.clone(),
            finished_at: outcome.finished_at.clone(),
            exit_code: outcome.exit_code(),
            min_confidence: outcome.min_confidence,
            fail_on: outcome.fail_on,
            keyed_fingerprints: outcome.keyed_fingerprints,
            below_min_confidence: outcome.below_min_confidence,
        },
        scope: scope(outcome),
        coverage: coverage(outcome),
        rules: rules(outcome),
        findings: outcome.findings.iter().map(finding).collect(),
        notes: outcome
            .notes
            .iter()
            .map(|note| Note {
                kind: note.kind.to_owned(),
                path: note.path.clone(),
                message: note.message.clone(),
            })
            .collect(),
    }
}

fn scope(outcome: &Outcome) -> Scope {
    Scope {
        mode: outcome.scope.mode.to_owned(),
        range: outcome.scope.range.clone(),
        working_directory: outcome.scope.working_directory.clone(),
        roots: outcome
            .scope
            .roots
            .iter()
            .map(|root| Root {
                path: root.path.clone(),
                kind: root.kind.name().to_owned(),
                head: root.head.clone(),
            })
            .collect(),
        config: outcome.scope.config.clone(),
        config_given: outcome.scope.config_given,
        config_from: outcome.scope.config_from.clone(),
    }
}

fn coverage(outcome: &Outcome) -> Coverage {
    Coverage {
        complete: outcome.is_complete(),
        files: outcome.tally.files,
        blobs: outcome.tally.blobs,
        bytes: outcome.tally.bytes,
        commits: outcome.tally.commits,
        skipped: outcome
            .skips
            .iter()
            .map(|skip| Skipped {
                origin: skip.origin.clone(),
                kind: skip.kind.name().to_owned(),
                reason: skip.reason.clone(),
            })
            .collect(),
        cannot_hold: cannot_hold(outcome),
    }
}

/// What no clone holds; said wherever a repository was swept.
fn cannot_hold(outcome: &Outcome) -> Vec<String> {
    let holds_repository = outcome
        .scope
        .roots
        .iter()
        .any(|root| matches!(root.kind, RootKind::Repository | RootKind::Bare));
    if !holds_repository {
        return Vec::new();
    }
    [
        "refs of pull requests that were not fetched",
        "forks and other clones",
        "CI logs and artefacts",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// The rules that findings refer to.
fn rules(outcome: &Outcome) -> BTreeMap<String, RuleSummary> {
    // Rules may be those of what was scanned.
    let keys = Keys::of(outcome.findings.iter().map(|finding| &finding.secret));
    let clean = |text: &str| {
        keyless(&keys.cleaned(text).map_or(Cow::Borrowed(text), Cow::Owned)).into_owned()
    };
    let named: BTreeSet<&str> = outcome.findings.iter().map(|finding| &*finding.rule).collect();
    named
        .into_iter()
        .filter_map(|id| outcome.rule(id))
        .map(|rule| {
            let summary = RuleSummary {
                title: clean(&rule.title),
                description: clean(&rule.description),
                remedy: clean(&rule.remedy),
                severity: rule.severity,
            };
            (rule.id.to_string(), summary)
        })
        .collect()
}

fn finding(finding: &finding::Finding) -> Finding {
    Finding {
        rule: finding.rule.to_string(),
        severity: finding.severity,
        confidence: finding.confidence,
        fingerprint: finding.fingerprint,
        redacted: finding.secret.mask(),
        verdict: None,
        suppression: finding.suppression.as_ref().map(suppression),
        occurrences: finding.occurrences.iter().map(occurrence).collect(),
    }
}

fn suppression(suppression: &finding::Suppression) -> Suppression {
    Suppression {
        kind: suppression.kind.name().to_owned(),
        reason: suppression.reason.clone(),
        actor: suppression.actor.clone(),
        expires: suppression.expires.clone(),
    }
}

fn occurrence(place: &finding::Occurrence) -> Occurrence {
    let origin = &*place.origin;
    let introduced = place.provenance.as_ref().and_then(|history| history.introduced.as_ref());
    Occurrence {
        source: origin.source,
        repository: (origin.source != SourceKind::Stdin).then(|| origin.root.to_string()),
        path: origin.path.as_deref().map(str::to_owned),
        line: place.line,
        column: place.column,
        length_bytes: place.length_bytes,
        confidence: place.confidence,
        evidence: place.evidence.clone(),
        encodings: place.encodings.iter().map(|encoding| encoding.name().to_owned()).collect(),
        excerpt: place.excerpt.text.clone(),
        excerpt_mask: [place.excerpt.start, place.excerpt.length],
        suppression: place.suppression.as_ref().map(suppression),
        blob: origin.object.map(|id| id.to_string()),
        commit: introduced.map(|commit| commit.id.to_string()),
        author: introduced.map(|commit| commit.author.clone()),
        date: introduced.and_then(|commit| commit.author_date.clone()),
        provenance: place.provenance.as_deref().map(|history| Box::new(provenance(history))),
    }
}

fn provenance(history: &finding::Provenance) -> Provenance {
    Provenance {
        reach: reach(history.reach).to_owned(),
        paths: history.paths.iter().map(ToString::to_string).collect(),
        paths_total: history.paths_total,
        introduced: history.introduced.as_ref().map(commit),
        removed: history.removed.as_ref().map(commit),
        in_head: history.in_head,
        refs: history.refs.clone(),
        remote_refs: history.remote_refs.clone(),
    }
}

fn reach(reach: finding::Reach) -> &'static str {
    match reach {
        finding::Reach::Ref => "ref",
        finding::Reach::Note => "note",
        finding::Reach::Stash => "stash",
        finding::Reach::Index => "index",
        finding::Reach::Reflog => "reflog",
        finding::Reach::Nothing => "nothing",
    }
}

fn commit(commit: &finding::Commit) -> Commit {
    Commit {
        id: commit.id.to_string(),
        author: commit.author.clone(),
        author_date: commit.author_date.clone(),
        commit_date: commit.commit_date.clone(),
        summary: commit.summary.clone(),
    }
}
