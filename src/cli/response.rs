//! What `revoke`, `respond` and `drill` share: consent, the audit's directory
//! and the run itself.
//!
//! In: a report with its keys. Out: an exit code, and the audit in its
//! directory.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use keysweep::report::model::Report;
use keysweep::report::{self, Format};
use keysweep::respond::journal::{Journal, Past, RunIdentity};
use keysweep::respond::{
    Incident, Mode, Operator, OperatorNamed, Selection, add_named, carry_over, carry_over_journal,
    open_directory,
};
use keysweep::secret::{Fingerprint, Secret};
use keysweep::verify::{REPORT_FILE, read_report};

use super::api::Connection;
use super::telling::{Terminal, Word, can_prompt, say};
use super::verify::exit;
use super::{Exit, output};

/// How the operator says what may be revoked.
#[derive(Debug, Args, Default)]
#[command(next_help_heading = "Consent")]
pub(crate) struct ConsentArgs {
    /// Agrees without a prompt; needs --plan.
    #[arg(long, requires = "plan")]
    yes: bool,

    /// The digest of the plan that --yes agrees to, as it was printed.
    #[arg(long, value_name = "DIGEST", requires = "yes")]
    plan: Option<String>,

    /// Only these keys, by the beginning of their fingerprints; repeatable.
    #[arg(long, value_name = "FINGERPRINT")]
    only: Vec<String>,

    /// Not these keys; repeatable.
    #[arg(long, value_name = "FINGERPRINT")]
    except: Vec<String>,

    /// Puts the steps that replace a key first, so that nothing stops working.
    #[arg(long)]
    no_downtime: bool,
}

impl ConsentArgs {
    /// Whether consent was given on the command line.
    pub(super) fn is_given(&self) -> bool {
        self.yes && self.plan.is_some()
    }

    /// Where consent comes from; refuses what could only end in a refusal.
    pub(super) fn word(&self, executes: bool) -> anyhow::Result<Word> {
        match &self.plan {
            Some(digest) => Ok(Word::Digest(digest.clone())),
            None if executes && !can_prompt() => bail!(
                "this is no terminal, so nobody can be asked; print the plan first and give its \
                 digest with --yes --plan"
            ),
            None => Ok(Word::Prompt),
        }
    }
}

/// One response, ready to run.
pub(crate) struct Job<'a> {
    pub(crate) connection: Connection,
    /// The audit's directory; `None` where nothing is kept.
    pub(crate) out: Option<PathBuf>,
    pub(crate) mode: Mode,
    pub(crate) consent: &'a ConsentArgs,
    /// Whether the sweep belongs to this run.
    pub(crate) is_swept_here: bool,
}

impl Job<'_> {
    /// Runs with a person at a terminal.
    pub(crate) fn run(
        &self,
        report: &mut Report,
        keys: &HashMap<Fingerprint, Secret>,
        named: &[OperatorNamed],
        word: Word,
    ) -> anyhow::Result<Exit> {
        self.run_with(report, keys, named, &Terminal::new(word))
    }

    /// Runs, telling whoever is given.
    pub(crate) fn run_with(
        &self,
        report: &mut Report,
        keys: &HashMap<Fingerprint, Secret>,
        named: &[OperatorNamed],
        operator: &dyn Operator,
    ) -> anyhow::Result<Exit> {
        let Connection { client, admin, tempo, patience } = &self.connection;
        if self.mode == Mode::Execute && admin.is_none() {
            bail!(
                "revoking and proving need an admin key: give --admin-key-file or set \
                 KEYSWEEP_ADMIN_KEY"
            );
        }
        let identity = RunIdentity::of(report, &client.profile().base_url.to_string());
        let (journal, past) = match &self.out {
            Some(out) => {
                open_directory(out)?;
                Journal::open(out, &identity)?
            }
            None => Journal::ephemeral(&identity)?,
        };
        self.carry(report, &past);
        add_named(report, named);
        let known: BTreeSet<Fingerprint> = report.findings.iter().map(|f| f.fingerprint).collect();
        let selection = Selection::new(&self.consent.only, &self.consent.except, &known)?;
        let report_file = self.out.as_ref().map(|out| out.join(REPORT_FILE));
        let mut incident = Incident {
            client,
            admin: admin.as_ref(),
            patience: *patience,
            tempo: *tempo,
            journal,
            past,
            operator,
            report_file: report_file.as_deref(),
            no_downtime: self.consent.no_downtime,
            is_swept_here: self.is_swept_here,
        };
        let runtime = keysweep::vendor::runtime()?;
        let run = incident.run(report, keys, named, &selection, self.mode);
        let code = runtime.block_on(run)?;
        drop(incident);
        self.leave_audit(report)?;
        if code == 3 && keysweep::verify::exit_code(report) == 0 {
            output::remark("not everything was read, so this is not called clean; see the report");
        }
        Ok(exit(code))
    }

    /// Takes over what an earlier run in the same directory knew.
    fn carry(&self, report: &mut Report, past: &Past) {
        if past.is_empty() {
            return;
        }
        if let Some(out) = &self.out {
            match read_report(&out.join(REPORT_FILE)) {
                Ok(earlier) => carry_over(report, &earlier),
                // The journal holds every verdict; the report only adds places.
                Err(error) => output::remark(&format!("{error}; its journal is used alone")),
            }
        }
        carry_over_journal(report, past);
    }

    fn leave_audit(&self, report: &Report) -> anyhow::Result<()> {
        let Some(out) = &self.out else { return Ok(()) };
        report::write_atomically(&out.join("report.html"), |file| {
            report::render(report, Format::Html, file)
        })?;
        if self.mode == Mode::Execute && !report.findings.is_empty() {
            say("\nWhat is left for a person to do:\n");
            for line in &self.connection.client.profile().steps.afterwards {
                say(&format!("  - {line}\n"));
            }
        }
        say(&format!("\nThe audit is in {}\n", keysweep::source::path::escape(out)));
        Ok(())
    }
}
