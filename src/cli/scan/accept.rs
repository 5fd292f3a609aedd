//! `--write-baseline`: accepts what a sweep found, with a reason.
//!
//! In: a sweep's outcome and who accepts why. Out: the baseline's file, and
//! the outcome as the next sweep with that file would have it.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use keysweep::baseline::{self, Acceptance, Baseline, Recorded};
use keysweep::outcome::Outcome;
use keysweep::report;
use keysweep::source::path::escape;

use super::super::output;

/// What is written about accepted findings.
#[derive(Debug, Args)]
pub(super) struct AcceptArgs {
    /// Accepts the findings: writes an entry for each into a baseline, which
    /// holds them back from then on; entries that are there keep their reasons.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["config_from", "verify"])]
    pub(super) write_baseline: Option<PathBuf>,
    /// Why the findings may stay; asked for at a terminal where it is not given.
    #[arg(long, value_name = "TEXT", requires = "write_baseline")]
    reason: Option<String>,
    /// Who accepts them [default: $USER].
    #[arg(long, value_name = "WHO", requires = "write_baseline")]
    by: Option<String>,
    /// The last day on which the new entries hold, such as 2026-12-31.
    #[arg(long, value_name = "DATE", requires = "write_baseline")]
    expires: Option<String>,
}

/// A baseline that is to be written after the sweep.
pub(super) struct Acceptor {
    path: PathBuf,
    known: Baseline,
    is_new: bool,
    reason: Option<String>,
    by: Option<String>,
    expires: Option<String>,
    today: String,
}

impl AcceptArgs {
    /// Reads what stands in the file and refuses now what could not be written
    /// after a long sweep.
    pub(super) fn acceptor(&self, is_keyed: bool) -> anyhow::Result<Option<Acceptor>> {
        let Some(path) = &self.write_baseline else { return Ok(None) };
        let name = escape(path);
        let is_new = !path.exists();
        let known =
            if is_new { Baseline::empty(&name) } else { Baseline::load(path, &name, is_keyed)? };
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        if !parent.unwrap_or(Path::new(".")).is_dir() {
            bail!("--write-baseline {name}: its directory does not exist; create it first");
        }
        let by = self.by.clone().or_else(user);
        let today = baseline::today();
        let acceptor = Acceptor {
            path: path.clone(),
            known,
            is_new,
            reason: self.reason.clone(),
            by,
            expires: self.expires.clone(),
            today,
        };
        // A bad text is refused before the sweep, a missing reason after it.
        acceptor.acceptance(self.reason.as_deref().unwrap_or("asked for later"))?;
        Ok(Some(acceptor))
    }
}

/// Who runs this, as the system calls them.
fn user() -> Option<String> {
    ["USER", "USERNAME"].iter().find_map(|name| {
        let name = std::env::var(name).ok()?;
        (!name.trim().is_empty() && !name.chars().any(char::is_control)).then_some(name)
    })
}

impl Acceptor {
    fn acceptance(&self, reason: &str) -> anyhow::Result<Acceptance> {
        Acceptance::new(reason, self.by.as_deref(), &self.today, self.expires.as_deref()).map_err(
            |error| {
                let error = error.replacen('`', "--", 1).replacen('`', "", 1);
                anyhow::anyhow!("--write-baseline: {error}")
            },
        )
    }

    /// Writes the baseline and holds back what it names.
    pub(super) fn accept(&self, outcome: &mut Outcome) -> anyhow::Result<()> {
        let Recorded { baseline, added, kept, removed } = match self.recorded(outcome, None) {
            Ok(recorded) => recorded,
            Err(missing) => {
                let reason = match &self.reason {
                    Some(reason) => reason.clone(),
                    None => self.ask(missing.count)?,
                };
                self.refuse_keys(&reason, outcome)?;
                self.recorded(outcome, Some(&self.acceptance(&reason)?))?
            }
        };
        report::write_for_all(&self.path, |out| out.write_all(baseline.to_text().as_bytes()))?;
        let name = escape(&self.path);
        output::remark(&format!("{name}: {added} added, {kept} kept, {removed} left out"));
        if self.is_new && added > 0 {
            output::remark(&format!(
                "commit it, and put the line `{name} merge=union` into .gitattributes so that \
                 branches which both add to it merge by themselves"
            ));
        }
        baseline.hold_back(&mut outcome.findings, &self.today);
        // What they say was true of the file as it was.
        outcome.notes.retain(|note| {
            !matches!(note.kind, "suppression-expired" | "suppression-stale")
                || note.path.as_deref() != Some(&*name)
        });
        Ok(())
    }

    fn recorded(
        &self,
        outcome: &Outcome,
        acceptance: Option<&Acceptance>,
    ) -> Result<Recorded, baseline::NoReason> {
        baseline::record(
            &self.known,
            outcome.baseline.as_deref(),
            &outcome.findings,
            &self.today,
            outcome.saw_everything,
            acceptance,
        )
    }

    /// A reason is public; it must not repeat the key that it is about.
    fn refuse_keys(&self, reason: &str, outcome: &Outcome) -> anyhow::Result<()> {
        let texts = [Some(reason), self.by.as_deref()];
        let holds = |key: &[u8]| {
            texts.iter().flatten().any(|text| {
                text.len() >= key.len() && text.as_bytes().windows(key.len()).any(|w| w == key)
            })
        };
        if outcome.findings.iter().any(|finding| holds(finding.secret.expose())) {
            bail!("--write-baseline: the reason repeats a key that was found; nothing was written");
        }
        Ok(())
    }

    fn ask(&self, count: usize) -> anyhow::Result<String> {
        let findings = if count == 1 { "finding" } else { "findings" };
        let name = escape(&self.path);
        if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
            bail!(
                "--write-baseline {name}: {count} {findings} to add and no reason; \
                 give --reason \"why they may stay\". Nothing was written"
            );
        }
        let mut err = io::stderr().lock();
        write!(err, "{count} {findings} to add to {name}. Why may they stay? ")?;
        err.flush()?;
        let mut reason = String::new();
        io::stdin().read_line(&mut reason)?;
        if reason.trim().is_empty() {
            bail!("--write-baseline {name}: no reason, so nothing was written");
        }
        Ok(reason.trim().to_owned())
    }
}
