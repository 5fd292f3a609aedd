//! What the drill tells of each step, for somebody who never saw the tool.
//!
//! In: what happens. Out: text. The steps themselves are those of `respond`.

use std::cell::Cell;
use std::fmt::Write as _;
use std::path::Path;

use keysweep::report::model::Report;
use keysweep::respond::journal::Past;
use keysweep::respond::{Consent, Notice, Operator, Plan, place_name};
use keysweep::secret::Secret;
use keysweep::source::path::escape;
use keysweep::verify::{Calibration, Calibrator, Evidence, Round};

use super::plant::{LEAKY_FILE, Planted};
use crate::cli::telling::{Terminal, Word, say};

pub(super) fn opening(
    repository: &Path,
    commits: &[Planted],
    leaked: &Secret,
    api: &str,
) -> String {
    let mut text = format!(
        "\
A drill: one leaked key, from discovery to proof.
Nothing here is yours: the key, the repository and the API are made up and live
on this machine only. A real response runs the very same code.

1. THE LEAK
   A developer put the API key {} into {LEAKY_FILE}, and took it
   out again two commits later:

",
        leaked.mask()
    );
    for (number, commit) in commits.iter().enumerate() {
        let note = match number {
            1 => "   <- adds the key",
            3 => "   <- removes it",
            _ => "",
        };
        let _ = writeln!(text, "     {}  {}{note}", commit.id, commit.message);
    }
    let _ = write!(
        text,
        "
   The files are clean now. The history is not, everybody who cloned it has the
   key, and the key still works.
     repository  {}
     API         {api} (a simulator)
",
        escape(repository)
    );
    text
}

pub(super) fn before_sweep() -> String {
    "
2. FIND IT
   Every file, and everything that git still holds, is read.
"
    .to_owned()
}

pub(super) fn after_sweep(report: &Report) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let _ = writeln!(text, "   {}  ({})", finding.redacted, finding.rule);
        for place in &finding.occurrences {
            let _ = writeln!(text, "     {}:{} ({})", place_name(place), place.line, place.source);
            if let Some(commit) = &place.commit {
                let author = place.author.as_deref().unwrap_or("unknown");
                let _ =
                    writeln!(text, "     commit {} by {author}", &commit[..commit.len().min(8)]);
            }
        }
    }
    text.push_str(
        "   A key is never shown whole: the first four characters and the last two at most.\n",
    );
    text
}

pub(super) fn ending(out: &Path, is_dead: bool, bystander_lives: bool) -> String {
    let verdict = if is_dead {
        "The key is dead, and there is proof."
    } else {
        "The key LIVES. A real run would end the same way: exit code 1, and the key named above.\n\
         Somebody must now revoke it by hand; the same command then proves it."
    };
    let bystander = if bystander_lives {
        "The account's other keys were not touched."
    } else {
        "The account's other keys were touched: this is a bug, please report it."
    };
    let out = escape(out);
    format!(
        "
{verdict} {bystander}

   {out}/report.html     what happened, to read and to attach
   {out}/report.json     the same for scripts
   {out}/journal.ndjson  every request and answer, each line chained to the last
   {out}/MANIFEST        the sums of all files: `keysweep audit check {out}`

When it is real:
   keysweep respond . --out incident --admin-key-file KEYFILE --dry-run
"
    )
}

/// Tells each step as `respond` takes it.
pub(super) struct Narrator {
    terminal: Terminal,
    proving: Cell<bool>,
}

impl Default for Narrator {
    fn default() -> Self {
        Self { terminal: Terminal::new(Word::Rehearsed), proving: Cell::new(false) }
    }
}

impl Operator for Narrator {
    fn told(&self, notice: &Notice<'_>) {
        match notice {
            Notice::Asking(_) => say("
3. IS IT LIVE?
   First two questions whose answers are known: a random token must be refused,
   and the admin key must be let in. Otherwise no answer would mean anything.
   Then the key itself, with one harmless request.
"),
            Notice::Asked { round, .. } => say(&calibrated(round)),
            Notice::Planned(_) => say("
4. THE PLAN
   Nothing is revoked before somebody has agreed to exactly this text, by the
   beginning of its digest. Here the drill agrees for you.
"),
            Notice::Agreed(_) => say("
5. REVOKE
   Before each request its intent is written to the journal, after it the
   answer: killed at any moment, the run takes up where it was.
"),
            Notice::Proving(_) if !self.proving.replace(true) => say("
6. PROVE
   \"Submitted\" is a promise. The proof is the key itself, refused.
"),
            _ => {}
        }
        self.terminal.told(notice);
    }

    fn consent<'p>(&self, plan: &'p Plan, past: &Past) -> Option<Consent<'p>> {
        self.terminal.consent(plan, past)
    }
}

/// What the two questions with known answers brought.
fn calibrated(round: &Round) -> String {
    let said = |calibrator: &Calibrator| match calibrator {
        Calibrator::Good(Evidence { status: 401, .. }) => "refused (401), as it must be".to_owned(),
        Calibrator::Good(evidence) => format!("let in ({}), as it must be", evidence.status),
        Calibrator::Bad { why, .. } => why.clone(),
        Calibrator::NotAsked => "not asked".to_owned(),
    };
    let Calibration { random_token, known_live } = round.opening();
    format!("   a random token: {}; the admin key: {}\n", said(random_token), said(known_live))
}
