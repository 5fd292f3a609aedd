//! A response as its operator sees it on a terminal.
//!
//! In: notices. Out: lines on standard output, and, where a person sits there,
//! the consent that the person types. Nothing here decides anything.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use keysweep::report::inert;
use keysweep::report::model::Report;
use keysweep::respond::journal::Past;
use keysweep::respond::{Consent, Notice, Operator, Plan, Step, place_name};
use keysweep::secret::Fingerprint;
use keysweep::vendor::shown;
use keysweep::verify::Verdict;

use super::output;

/// Where consent comes from.
#[derive(Debug, Clone)]
pub(crate) enum Word {
    /// A person types it.
    Prompt,
    /// It was given as a plan's digest.
    Digest(String),
    /// The plan's own beginning: for the drill alone, which revokes nothing of
    /// anybody's.
    Rehearsed,
}

/// Tells a person at a terminal.
pub(crate) struct Terminal {
    word: Word,
}

impl Terminal {
    pub(crate) fn new(word: Word) -> Self {
        Self { word }
    }
}

impl Operator for Terminal {
    fn told(&self, notice: &Notice<'_>) {
        say(&in_words(notice));
    }

    fn consent<'p>(&self, plan: &'p Plan, past: &Past) -> Option<Consent<'p>> {
        match &self.word {
            Word::Digest(digest) => Consent::by_digest(plan, digest, past)
                .map_err(|error| output::remark(&error.to_string()))
                .ok(),
            Word::Rehearsed => Consent::typed(plan, plan.digest()).ok(),
            Word::Prompt => {
                let typed = ask(plan)?;
                Consent::typed(plan, &typed)
                    .map_err(|error| output::remark(&error.to_string()))
                    .ok()
            }
        }
    }
}

/// Whether a person can be asked: at standard input, or, where that brings
/// keys, at the terminal itself.
pub(crate) fn can_prompt() -> bool {
    io::stdout().is_terminal() && (io::stdin().is_terminal() || terminal().is_some())
}

#[cfg(unix)]
fn terminal() -> Option<std::fs::File> {
    std::fs::File::open("/dev/tty").ok()
}

#[cfg(not(unix))]
fn terminal() -> Option<std::fs::File> {
    None
}

fn ask(plan: &Plan) -> Option<String> {
    let keys = count(plan.steps().len(), "key");
    say(&format!(
        "\nTo revoke {keys} as planned, type the first 8 characters of the digest; anything else \
         stops here: "
    ));
    let mut typed = String::new();
    if io::stdin().is_terminal() {
        io::stdin().lock().read_line(&mut typed).ok()?;
    } else {
        io::BufReader::new(terminal()?).read_line(&mut typed).ok()?;
    }
    Some(typed)
}

/// Prints; a reader that closed its end had enough, and the work goes on.
pub(crate) fn say(text: &str) {
    let text = inert::lines(text);
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// `1 key`, `2 keys`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// The first digits of a fingerprint, enough to name a key on the command line.
pub(crate) fn short(key: Fingerprint) -> String {
    key.hex()[..12].to_owned()
}

/// One line a distinct key of a report, with its verdict.
pub(crate) fn verdict_lines(report: &Report) -> String {
    let mut lines = String::new();
    let mut seen = std::collections::BTreeSet::new();
    for finding in &report.findings {
        if !seen.insert(finding.fingerprint) {
            continue;
        }
        let (state, why) = finding.verdict.as_ref().map_or(("not asked", ""), |verdict| {
            (verdict.state.as_str(), verdict.why.as_deref().unwrap_or_default())
        });
        lines.push_str(&format!(
            "  {state:<9}  {:<8}  {}  {}\n",
            finding.redacted,
            short(finding.fingerprint),
            first_place(finding),
        ));
        if !why.is_empty() {
            lines.push_str(&format!("             because: {}\n", shown_why(why)));
        }
    }
    lines
}

/// That no key is in a plan may be good news, or none at all.
fn nothing_to_revoke(report: &Report) -> String {
    let in_state = |is_wanted: fn(&str) -> bool| {
        let keys = report.findings.iter().filter(|finding| {
            is_wanted(
                finding.verdict.as_ref().map_or("not asked", |verdict| verdict.state.as_str()),
            )
        });
        keys.map(|finding| finding.fingerprint).collect::<std::collections::BTreeSet<_>>().len()
    };
    if in_state(|state| state == "live") > 0 {
        return "Nothing is revoked: every live key was left out of the plan.\n".to_owned();
    }
    match in_state(|state| state != "dead") {
        0 => "No live key, so there is nothing to revoke.\n".to_owned(),
        1 => {
            "No key was seen live, so none can be revoked. 1 key is not proven dead either: count \
              it as live until it is.\n"
                .to_owned()
        }
        many => format!(
            "No key was seen live, so none can be revoked. {many} keys are not proven dead either: \
             count them as live until they are.\n"
        ),
    }
}

fn shown_why(why: &str) -> String {
    // A report's text may be anybody's.
    why.lines().map(shown).collect::<Vec<_>>().join(" ")
}

fn first_place(finding: &keysweep::report::model::Finding) -> String {
    let Some(place) = finding.occurrences.first() else { return "found nowhere".to_owned() };
    let more = finding.occurrences.len() - 1;
    let more =
        if more == 0 { String::new() } else { format!(" and {}", count(more, "more place")) };
    format!("{}:{}{more}", shown(&place_name(place)), place.line)
}

fn in_words(notice: &Notice<'_>) -> String {
    let name = |step: &Step| {
        let key = step.candidate();
        format!("{} ({})", key.secret().mask(), short(key.fingerprint()))
    };
    match notice {
        Notice::Resumed(past) => {
            let torn = match past.torn_bytes {
                0 => String::new(),
                bytes => format!(
                    "\nThe last line of its journal was half written ({bytes} bytes); it is \
                     dropped, and nothing depended on it."
                ),
            };
            format!("Taking up the run that this directory holds.{torn}\n")
        }
        Notice::Asking(keys) => format!("Asking the API about {} …\n", count(*keys, "key")),
        Notice::Asked { report, .. } => verdict_lines(report),
        Notice::NothingToRevoke(report) => nothing_to_revoke(report),
        Notice::Planned(plan) => format!("\n{}\nPlan digest: {}\n", plan.text(), plan.digest()),
        Notice::DryRun => "Nothing was revoked: this only shows the plan.\n".to_owned(),
        Notice::Declined => "Nothing was revoked: the plan was not agreed to.\n".to_owned(),
        Notice::Agreed(consent) => format!("Agreed ({}).\n", consent.how()),
        Notice::MayBeSent(step) => format!(
            "An earlier run may have revoked {}: asking before anything is sent again …\n",
            name(step)
        ),
        Notice::Sending { step, endpoint } => format!("Revoking {}: {endpoint} …", name(step)),
        Notice::Outcome { result, detail, .. } => {
            let detail = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
            format!(" {}{detail}\n", result.replace('-', " "))
        }
        Notice::ByHand { step, instructions } => by_hand(&name(step), instructions),
        Notice::Proving(keys) => {
            format!("Asking with {} until the API refuses …\n", count(*keys, "key"))
        }
        Notice::StillAsking(_) => String::new(),
        Notice::Proven { fingerprint, mask, proof } => format!(
            "  DEAD       {mask:<8}  {}  let in at {}, refused with 401 at {}\n",
            short(*fingerprint),
            proof.seen_live_at(),
            proof.refusal().at,
        ),
        Notice::NotProven { fingerprint, mask, verdict, instructions } => {
            not_proven(*fingerprint, verdict, mask, instructions)
        }
        Notice::AdminHeldBack { others } => format!(
            "The admin key in use was not revoked: {} not dead yet and can only be revoked with \
             it. Run the same command again once they are.\n",
            if *others == 1 { "1 key is".to_owned() } else { format!("{others} keys are") },
        ),
        Notice::AdminRefused => "The API refuses the admin key, so nothing can be revoked or \
             proven with it. Nothing more is sent. Check that the key is whole, has the `admin` \
             scope and belongs to this account, then run the same command again.\n"
            .to_owned(),
        _ => String::new(),
    }
}

fn by_hand(name: &str, instructions: &[String]) -> String {
    let mut text = format!("{name} must be revoked by hand:\n");
    text.push_str(&numbered(instructions));
    text.push_str("Waiting for it: the API is asked until it refuses the key.\n");
    text
}

fn numbered(lines: &[String]) -> String {
    let numbered = lines.iter().zip(1..).map(|(line, number)| format!("    {number}. {line}\n"));
    numbered.collect()
}

fn not_proven(key: Fingerprint, verdict: &Verdict, mask: &str, instructions: &[String]) -> String {
    let state = match verdict {
        Verdict::Live(_) => "LIVE",
        Verdict::Rejected(_) => "rejected",
        _ => "unknown",
    };
    let more = match verdict {
        Verdict::Live(seen) => format!(
            "still let in at {} (status {}) although its revocation was due: it is NOT dead",
            seen.at, seen.status
        ),
        Verdict::Rejected(_) => "refused, but it was never seen live".to_owned(),
        other => other.why().unwrap_or_default().to_owned(),
    };
    let mut text = format!("  {state:<9}  {mask:<8}  {}  {more}\n", short(key));
    if matches!(verdict, Verdict::Live(_)) {
        text.push_str("  Revoke it by hand now, then run the same command again to prove it:\n");
        text.push_str(&numbered(instructions));
    }
    text
}
