//! The whole response, in order: verify, plan, consent, revoke, prove.
//!
//! In: a report with its keys, a client, an open journal. Out: the report with
//! its verdicts, and the exit code that they call for. Killed anywhere, it is
//! taken up again from the journal.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Duration;

use super::error::RespondError;
use super::journal::{Event, Journal, Past};
use super::listing::Listed;
use super::notice::{Notice, Operator};
use super::plan::{Candidate, OperatorNamed, Plan, PlanContext, Step};
use super::revoke::{Receipt, Revoker};
use super::selection::Selection;
use crate::report::model::{self, Report};
use crate::secret::{Fingerprint, Secret};
use crate::vendor::{AdminKey, Client, Deadline, KeyFacts, Patience};
use crate::verify::{Round, Suspect, Verdict, Verifier, amend, exit_code, suspects, write_report};

/// Whether anything may be revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Verifies and plans.
    DryRun,
    /// Revokes what the operator agrees to.
    Execute,
}

/// How long things are waited for.
#[derive(Debug, Clone, Copy)]
pub struct Tempo {
    /// The limit for asking, and again for revoking and proving. The time that
    /// the operator takes to read the plan does not count.
    pub limit: Duration,
    /// Between the first two probes for a proof; it doubles.
    pub first_poll: Duration,
    /// The longest time between two probes for a proof.
    pub longest_poll: Duration,
    /// How long a request without a clear outcome may take to show its effect
    /// before another is sent.
    pub settle: Duration,
}

impl Default for Tempo {
    fn default() -> Self {
        Self {
            limit: Duration::from_secs(600),
            first_poll: Duration::from_millis(300),
            longest_poll: Duration::from_secs(10),
            settle: Duration::from_secs(5),
        }
    }
}

/// One response.
pub struct Incident<'a> {
    /// The client.
    pub client: &'a Client,
    /// The operator's admin key; without it nothing is revoked by a call and
    /// nothing is proven.
    pub admin: Option<&'a AdminKey>,
    /// How often a request is repeated.
    pub patience: Patience,
    /// How long things are waited for.
    pub tempo: Tempo,
    /// The journal, open.
    pub journal: Journal,
    /// What it held when it was opened.
    pub past: Past,
    /// Who is told and who consents.
    pub operator: &'a dyn Operator,
    /// Where the report is kept up to date, if anywhere.
    pub report_file: Option<&'a Path>,
    /// Whether replacements come before revocations.
    pub no_downtime: bool,
    /// Whether the report's sweep belongs to this run, so that what it could
    /// not read is part of the result.
    pub is_swept_here: bool,
}

impl std::fmt::Debug for Incident<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Incident").field("journal", &self.journal).finish_non_exhaustive()
    }
}

impl Incident<'_> {
    /// Runs the response to its end.
    ///
    /// # Errors
    /// Where the journal or the report cannot be written; nothing is sent after
    /// that.
    pub async fn run(
        &mut self,
        report: &mut Report,
        keys: &HashMap<Fingerprint, Secret>,
        named: &[OperatorNamed],
        selection: &Selection,
        mode: Mode,
    ) -> Result<u8, RespondError> {
        if !self.past.is_empty() {
            self.operator.told(&Notice::Resumed(&self.past));
        }
        self.save(report)?;
        let candidates = if report.findings.is_empty() {
            Vec::new()
        } else {
            let round = self.verify(report, keys).await?;
            if round.opening().admin_key_was_refused() {
                // No plan could be carried out, and none proven.
                return self.finish(report);
            }
            candidates(report, &round, named, selection)
        };
        if candidates.is_empty() {
            self.operator.told(&Notice::NothingToRevoke(report));
            return self.finish(report);
        }
        let plan = self.plan(report, candidates).await?;
        self.operator.told(&Notice::Planned(&plan));
        if mode == Mode::DryRun {
            self.operator.told(&Notice::DryRun);
            return self.finish(report);
        }
        let Some(consent) = self.operator.consent(&plan, &self.past) else {
            self.journal.append(&[Event::Declined { digest: plan.digest().to_owned() }])?;
            self.operator.told(&Notice::Declined);
            return self.finish(report);
        };
        self.journal.append(&[Event::Consented {
            digest: plan.digest().to_owned(),
            how: consent.how().to_owned(),
        }])?;
        self.operator.told(&Notice::Agreed(&consent));
        self.revoke_and_prove(report, consent.plan()).await?;
        self.finish(report)
    }

    async fn verify(
        &mut self,
        report: &mut Report,
        keys: &HashMap<Fingerprint, Secret>,
    ) -> Result<Round, RespondError> {
        let mut suspects = suspects(report, keys, &self.client.profile().not_bearer);
        for suspect in &mut suspects {
            suspect.seen_live_at =
                suspect.seen_live_at.max(self.past.seen_live_at(suspect.fingerprint));
        }
        self.operator.told(&Notice::Asking(suspects.len()));
        let deadline = Deadline::after(self.tempo.limit);
        let round = self.ask(&suspects, "which keys are live", deadline).await?;
        self.record(report, round.verdicts().iter())?;
        for finding in &mut report.findings {
            if let Some(verdict) = &mut finding.verdict {
                let submitted = self.past.submitted_at(finding.fingerprint);
                verdict.revoked_at =
                    submitted.map(|at| at.to_string()).or(verdict.revoked_at.take());
                let (name, scope) = self.past.facts(finding.fingerprint);
                verdict.key_name = name.or(verdict.key_name.take());
                verdict.key_scope = scope.or(verdict.key_scope.take());
            }
        }
        self.save(report)?;
        self.operator.told(&Notice::Asked { round: &round, report });
        if round.opening().admin_key_was_refused() {
            self.operator.told(&Notice::AdminRefused);
        }
        Ok(round)
    }

    async fn plan(
        &mut self,
        report: &mut Report,
        candidates: Vec<Candidate>,
    ) -> Result<Plan, RespondError> {
        let listed = match self.admin {
            None => Listed::nothing("no admin key was given".to_owned(), false),
            Some(admin) => {
                let endpoint = self.client.list_endpoint();
                self.journal.append(&[Event::Listing { endpoint }])?;
                let deadline = Deadline::after(self.tempo.limit);
                let listed = Listed::read(self.client, admin, self.patience, deadline).await;
                self.journal.append(&[Event::Listed { result: listed.in_words() }])?;
                listed
            }
        };
        let context = PlanContext {
            client: self.client,
            admin: self.admin,
            report,
            listed: &listed,
            no_downtime: self.no_downtime,
        };
        let plan = Plan::new(candidates, &context);
        for step in plan.steps() {
            note_facts(report, step.candidate().fingerprint(), step.facts());
        }
        self.journal.append(&[Event::Planned {
            digest: plan.digest().to_owned(),
            steps: plan.step_digests().to_vec(),
        }])?;
        Ok(plan)
    }

    async fn revoke_and_prove(
        &mut self,
        report: &mut Report,
        plan: &Plan,
    ) -> Result<(), RespondError> {
        let deadline = Deadline::after(self.tempo.limit);
        let (admins, others): (Vec<&Step>, Vec<&Step>) =
            plan.steps().iter().partition(|step| step.is_admin());
        if !self.revoke(report, &others, deadline).await? {
            // Whatever was sent before is still asked about, once.
            self.prove(report, &others, Deadline::after(Duration::ZERO)).await?;
            return Ok(());
        }
        let alive = self.prove(report, &others, deadline).await?;
        let Some(admin) = admins.first() else { return Ok(()) };
        if alive > 0 {
            self.operator.told(&Notice::AdminHeldBack { others: alive });
            return Ok(());
        }
        self.revoke(report, &[admin], deadline).await?;
        self.prove(report, &[admin], deadline).await?;
        Ok(())
    }

    /// Carries out the steps; `false` where the admin key was refused.
    async fn revoke(
        &mut self,
        report: &mut Report,
        steps: &[&Step],
        deadline: Deadline,
    ) -> Result<bool, RespondError> {
        let mut revoker = Revoker {
            client: self.client,
            admin: self.admin,
            patience: self.patience,
            tempo: self.tempo,
            deadline,
            journal: &mut self.journal,
            operator: self.operator,
            value_is_missing: false,
            id_is_missing: false,
        };
        for step in steps {
            match revoker.revoke(step, &self.past).await? {
                Receipt::Submitted { at, facts } => {
                    let key = step.candidate().fingerprint();
                    note_facts(report, key, &facts);
                    for finding in report.findings.iter_mut().filter(|f| f.fingerprint == key) {
                        if let Some(verdict) = &mut finding.verdict {
                            verdict.revoked_at = Some(at.to_string());
                        }
                    }
                }
                Receipt::AdminRefused => return Ok(false),
                Receipt::ByHand | Receipt::Unclear => {}
            }
        }
        Ok(true)
    }

    pub(super) async fn ask(
        &mut self,
        suspects: &[Suspect],
        purpose: &str,
        deadline: Deadline,
    ) -> Result<Round, RespondError> {
        self.journal.append(&[Event::Asking {
            purpose: purpose.to_owned(),
            endpoint: self.client.probe_endpoint(),
            keys: suspects.iter().map(|suspect| suspect.fingerprint).collect(),
        }])?;
        let (client, admin, patience) = (self.client, self.admin, self.patience);
        Ok(Verifier { client, admin, patience, deadline }.ask(suspects).await)
    }

    /// Writes verdicts into the journal and the report.
    pub(super) fn record<'v>(
        &mut self,
        report: &mut Report,
        verdicts: impl Iterator<Item = (&'v Fingerprint, &'v Verdict)>,
    ) -> Result<(), RespondError> {
        let verdicts: BTreeMap<Fingerprint, Verdict> =
            verdicts.map(|(key, verdict)| (*key, verdict.clone())).collect();
        amend(report, &verdicts);
        let events: Vec<Event> = verdicts
            .iter()
            .map(|(key, verdict)| {
                let written = report.findings.iter().find(|finding| finding.fingerprint == *key);
                let written = written.and_then(|finding| finding.verdict.clone());
                let verdict = written.unwrap_or_else(|| verdict.to_model(None));
                Event::Verdict { fingerprint: *key, verdict }
            })
            .collect();
        self.journal.append(&events)?;
        Ok(())
    }

    pub(super) fn save(&self, report: &Report) -> Result<(), RespondError> {
        if let Some(path) = self.report_file {
            write_report(path, report)?;
        }
        Ok(())
    }

    fn finish(&mut self, report: &Report) -> Result<u8, RespondError> {
        self.save(report)?;
        let exit_code = match exit_code(report) {
            // Where not all was read, no key found is no proof of none there.
            0 if self.is_swept_here && !report.coverage.complete => 3,
            code => code,
        };
        self.journal.append(&[Event::Finished { exit_code }])?;
        Ok(exit_code)
    }
}

/// The keys that may enter a plan: those just seen live, and those that the
/// operator named and of which the answers decide nothing.
fn candidates(
    report: &Report,
    round: &Round,
    named: &[OperatorNamed],
    selection: &Selection,
) -> Vec<Candidate> {
    let found = report.findings.iter().filter_map(|finding| round.live().get(&finding.fingerprint));
    let live = found.cloned().map(Candidate::Live);
    let undecided = named.iter().filter(|key| {
        let verdict = round.verdicts().get(&key.fingerprint());
        !matches!(verdict, Some(Verdict::Live(_) | Verdict::Dead(_) | Verdict::Rejected(_)))
    });
    live.chain(undecided.cloned().map(Candidate::Named))
        .filter(|candidate| selection.takes(candidate.fingerprint()))
        .collect()
}

fn note_facts(report: &mut Report, key: Fingerprint, facts: &KeyFacts) {
    for finding in report.findings.iter_mut().filter(|finding| finding.fingerprint == key) {
        let verdict: &mut Option<model::Verdict> = &mut finding.verdict;
        if let Some(verdict) = verdict {
            verdict.key_name = facts.name.clone().or(verdict.key_name.take());
            verdict.key_scope = facts.scope.clone().or(verdict.key_scope.take());
        }
    }
}
