//! What would be revoked, how, and in which order.
//!
//! In: keys that were just seen live or that the operator named, and what the
//! API lists. Out: a plan whose text an operator can consent to. Nothing is
//! sent from here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::journal::PlannedStep;
use super::listing::{Listed, Match};
use super::plan_text;
use crate::report::model::Report;
use crate::secret::{Fingerprint, Fingerprinter, Secret};
use crate::vendor::{AdminKey, Client, KeyFacts, KeyId, Strategy};
use crate::verify::LiveKey;

/// A key that its operator named, on standard input, as leaked.
#[derive(Debug, Clone)]
pub struct OperatorNamed {
    secret: Secret,
    fingerprint: Fingerprint,
}

impl OperatorNamed {
    /// Takes what the operator typed or piped in; never what a scan found.
    #[must_use]
    pub fn new(secret: Secret, fingerprinter: &Fingerprinter) -> Self {
        let fingerprint = fingerprinter.fingerprint(&secret);
        Self { secret, fingerprint }
    }

    /// Its fingerprint.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The key.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.secret
    }
}

/// What may enter a plan; there is no third kind.
#[derive(Debug, Clone)]
pub enum Candidate {
    /// The API just let it in.
    Live(LiveKey),
    /// The operator named it, and the API's answers decide nothing.
    Named(OperatorNamed),
}

impl Candidate {
    /// The key.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        match self {
            Self::Live(key) => key.secret(),
            Self::Named(key) => &key.secret,
        }
    }

    /// Its fingerprint.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        match self {
            Self::Live(key) => key.fingerprint(),
            Self::Named(key) => key.fingerprint,
        }
    }
}

/// A way to revoke one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// By its value.
    Value,
    /// By its id.
    Id(KeyId),
    /// By a person.
    Dashboard,
}

/// What is done about one key.
#[derive(Debug, Clone)]
pub struct Step {
    pub(super) candidate: Candidate,
    pub(super) ways: Vec<Way>,
    /// Why the key is not revoked by id.
    pub(super) why_not_by_id: Option<String>,
    pub(super) facts: KeyFacts,
    pub(super) places: Vec<String>,
    pub(super) is_admin: bool,
}

impl Step {
    /// The key.
    #[must_use]
    pub fn candidate(&self) -> &Candidate {
        &self.candidate
    }

    /// The ways to revoke it, in the order of trying.
    #[must_use]
    pub fn ways(&self) -> &[Way] {
        &self.ways
    }

    /// Whether it is the admin key in use.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.is_admin
    }

    /// The key's name and scope, as far as the listing tells.
    #[must_use]
    pub fn facts(&self) -> &KeyFacts {
        &self.facts
    }
}

/// What a plan is made with.
#[derive(Debug)]
pub struct PlanContext<'a> {
    /// The client that would carry it out.
    pub client: &'a Client,
    /// The admin key in use.
    pub admin: Option<&'a AdminKey>,
    /// Where the keys were found.
    pub report: &'a Report,
    /// The account's keys.
    pub listed: &'a Listed,
    /// Whether replacements come first.
    pub no_downtime: bool,
}

/// A plan: made once, then only read.
#[derive(Debug, Clone)]
pub struct Plan {
    steps: Vec<Step>,
    text: String,
    step_digests: Vec<PlannedStep>,
    digest: String,
}

impl Plan {
    /// Makes the plan: the keys in the order of the report, those that the
    /// operator named after them, the admin key in use last.
    #[must_use]
    pub fn new(candidates: Vec<Candidate>, context: &PlanContext<'_>) -> Self {
        let mut distinct: BTreeMap<Fingerprint, Candidate> = BTreeMap::new();
        for candidate in candidates {
            distinct.entry(candidate.fingerprint()).or_insert(candidate);
        }
        let mut matches = context.listed.matches(
            distinct.values().map(|candidate| (candidate.fingerprint(), candidate.secret())),
            context.admin,
        );
        let mut order: Vec<Fingerprint> = Vec::new();
        let mut seen = BTreeSet::new();
        let found = context.report.findings.iter().map(|finding| finding.fingerprint);
        for key in found.chain(distinct.keys().copied()) {
            if distinct.contains_key(&key) && seen.insert(key) {
                order.push(key);
            }
        }
        let mut steps: Vec<Step> = Vec::new();
        for key in order {
            if let (Some(candidate), Some(matched)) = (distinct.remove(&key), matches.remove(&key))
            {
                steps.push(step(candidate, matched, context));
            }
        }
        steps.sort_by_key(|step| step.is_admin);
        let texts: Vec<String> = steps.iter().map(|step| plan_text::step(step, context)).collect();
        let step_digests = steps
            .iter()
            .zip(&texts)
            .map(|(step, text)| PlannedStep {
                fingerprint: step.candidate.fingerprint(),
                digest: sha256_hex(b"keysweep-plan-step-v1\0", text),
            })
            .collect();
        let text = plan_text::plan(&steps, &texts, context);
        let digest = sha256_hex(b"keysweep-plan-v1\0", &text);
        Self { steps, text, step_digests, digest }
    }

    /// The steps, in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The plan as it is shown, without its digest.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The digest of exactly that text, 64 hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    pub(super) fn step_digests(&self) -> &[PlannedStep] {
        &self.step_digests
    }
}

fn step(candidate: Candidate, matched: Match, context: &PlanContext<'_>) -> Step {
    let is_admin = context.admin.is_some_and(|admin| admin.secret() == candidate.secret());
    let admin_works = context.admin.is_some()
        && !matches!(context.listed, Listed::Nothing { admin_refused: true, .. });
    let can_be_json = candidate.secret().expose().iter().all(u8::is_ascii_graphic);
    let (id, facts, why_not_by_id) = match matched {
        Match::One(id, facts) => (Some(id), facts, None),
        Match::Unclear(why) => (None, KeyFacts::default(), Some(why)),
    };
    let mut ways = Vec::new();
    for strategy in &context.client.profile().strategies {
        match (strategy, &id) {
            (Strategy::Value, _) if admin_works && can_be_json => ways.push(Way::Value),
            (Strategy::Id, Some(id)) if admin_works => ways.push(Way::Id(id.clone())),
            (Strategy::Dashboard, _) => ways.push(Way::Dashboard),
            _ => {}
        }
    }
    // Whatever the settings leave out, a person can always do it.
    if ways.is_empty() {
        ways.push(Way::Dashboard);
    }
    let places = places(context.report, candidate.fingerprint());
    Step { candidate, ways, why_not_by_id, facts, places, is_admin }
}

fn places(report: &Report, key: Fingerprint) -> Vec<String> {
    let mut places = Vec::new();
    for finding in report.findings.iter().filter(|finding| finding.fingerprint == key) {
        for place in &finding.occurrences {
            let mut text = format!("{}:{}", place_name(place), place.line);
            if let Some(commit) = &place.commit {
                let _ = write!(text, " in commit {}", commit.get(..12).unwrap_or(commit));
            }
            let _ = write!(text, " ({})", place.source);
            places.push(text);
        }
    }
    places
}

/// The path of a place; of an object without one, its id.
#[must_use]
pub fn place_name(place: &crate::report::model::Occurrence) -> String {
    match (&place.path, &place.blob) {
        (Some(path), _) => path.clone(),
        (None, Some(blob)) => format!("object {}", blob.get(..12).unwrap_or(blob)),
        (None, None) => place.source.to_string(),
    }
}

fn sha256_hex(domain: &[u8], text: &str) -> String {
    data_encoding::HEXLOWER
        .encode(&Sha256::new().chain_update(domain).chain_update(text).finalize())
}
