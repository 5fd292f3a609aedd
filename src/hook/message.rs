//! What a stopped commit or push needs to know, in a few lines.
//!
//! In: the outcome of a hook's sweep. Out: which file and line, why it is
//! believed a key, how to move it to the environment, how to take it out of
//! the commit, how to allow it, and that a pushed key must be revoked. Every
//! string of hostile origin is made inert and no key is in any of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::Hook;
use super::idiom::{Idiom, idiom, variable};
use crate::finding::{Finding, Occurrence};
use crate::outcome::Outcome;
use crate::report::inert::visible;

/// Places, notes and things not read that are shown; the rest is counted.
const SHOWN: usize = 10;

/// Files that the command to unstage names; more are unstaged all at once.
const NAMED_FILES: usize = 4;

/// Languages whose idiom is shown.
const NAMED_IDIOMS: usize = 3;

/// What a hook has to say.
#[derive(Debug)]
pub struct Message<'a> {
    /// The hook.
    pub hook: Hook,
    /// What its sweep found.
    pub outcome: &'a Outcome,
    /// Whether git was called below the worktree's root, where a path of the
    /// repository is not a path of the shell.
    pub is_below_root: bool,
}

impl Message<'_> {
    /// The lines for standard error; empty where there is nothing to say.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        if self.outcome.fails() {
            self.stopped(&mut text);
        }
        if !self.outcome.is_complete() {
            self.not_read(&mut text);
        }
        for note in
            self.outcome.notes.iter().filter(|note| note.kind == "key-held-before").take(SHOWN)
        {
            let path = note.path.as_deref().unwrap_or("a message");
            line(&mut text, &format!("keysweep: note: {path}: {}", note.message));
        }
        text
    }

    /// The name of what the hook holds back.
    fn act(&self) -> &'static str {
        match self.hook {
            Hook::PreCommit => "commit stopped",
            Hook::PrePush => "push stopped",
            Hook::PreReceive => "push refused",
        }
    }

    fn stopped(&self, text: &mut String) {
        let findings: Vec<&Finding> = self
            .outcome
            .findings
            .iter()
            .filter(|one| one.is_active() && one.severity >= self.outcome.fail_on)
            .collect();
        let places: Vec<(&Finding, &Occurrence)> = findings
            .iter()
            .flat_map(|finding| finding.occurrences.iter().map(move |place| (*finding, place)))
            .filter(|(_, place)| place.suppression.is_none())
            .collect();
        let count = findings.len();
        let keys = if count == 1 { "key" } else { "keys" };
        line(text, &format!("keysweep: {}: it would leak {count} {keys}", self.act()));
        text.push('\n');
        for (finding, place) in places.iter().take(SHOWN) {
            line(text, &format!("  {}", self.place(finding, place)));
        }
        if places.len() > SHOWN {
            line(text, &format!("  … and {} more places", places.len() - SHOWN));
        }
        text.push('\n');
        self.ways_out(&places, text);
    }

    /// One place: where it is, what it is, why it is believed a key.
    fn place(&self, finding: &Finding, place: &Occurrence) -> String {
        let title = self.outcome.rule(&finding.rule).map_or("key", |rule| rule.title.as_str());
        let mut said = match &place.origin.path {
            Some(path) if !path.is_empty() => format!("{path}:{}:{}", place.line, place.column),
            _ => format!("{}, line {}", place.origin.source.name(), place.line),
        };
        if let Some(commit) = place.provenance.as_ref().and_then(|known| known.introduced.as_ref())
        {
            let _ = write!(said, " in {:.12} ({})", commit.id.to_string(), commit.summary);
        }
        let _ = write!(said, ": {title} {}, {}", finding.secret.mask(), place.evidence);
        if !place.encodings.is_empty() {
            let names: Vec<&str> = place.encodings.iter().map(|encoding| encoding.name()).collect();
            let _ = write!(said, ", read through {}", names.join(" → "));
        }
        let _ = write!(said, " ({} confidence)", place.confidence);
        said
    }

    fn ways_out(&self, places: &[(&Finding, &Occurrence)], text: &mut String) {
        // The first file of each language stands for the others.
        let mut idioms: BTreeMap<Idiom, &str> = BTreeMap::new();
        for (finding, place) in places {
            let path = place.origin.path.as_deref().filter(|path| !path.is_empty());
            if let Some(path) = path {
                idioms.entry(idiom(path, &variable(&finding.rule))).or_insert(path);
            }
        }
        for (idiom, path) in idioms.iter().take(NAMED_IDIOMS) {
            line(text, &format!("  mend     in {path}, {}", idiom.mend));
        }
        match self.hook {
            Hook::PreCommit => line(text, &format!("  unstage  {}", self.unstage(places))),
            Hook::PrePush | Hook::PreReceive => line(text, &format!("  undo     {}", undo(places))),
        }
        if self.hook == Hook::PreReceive {
            line(
                text,
                "  allow    is it no key? Allows in what is pushed do not count here: ask whoever \
                 runs this server",
            );
        } else {
            let comment = idioms.keys().find_map(|idiom| idiom.comment);
            line(text, &format!("  allow    is it no key? {}", allow(comment)));
        }
        line(
            text,
            "  revoke   was it ever pushed or shared? Then removing it is not enough: revoke it \
             (keysweep respond)",
        );
    }

    fn unstage(&self, places: &[(&Finding, &Occurrence)]) -> String {
        let paths: BTreeSet<&str> = places
            .iter()
            .filter_map(|(_, place)| place.origin.path.as_deref())
            .map(|path| path.split("!/").next().unwrap_or(path))
            .collect();
        // An escaped name is not the file's own.
        let is_plain = !paths.iter().any(|path| path.contains('%'));
        let has_head = self.outcome.scope.roots.iter().any(|root| root.head.is_some());
        if !is_plain || paths.is_empty() || paths.len() > NAMED_FILES {
            return if has_head { "git reset" } else { "git rm -r --cached ." }.to_owned();
        }
        let command = if has_head { "git restore --staged --" } else { "git rm --cached --" };
        let paths: Vec<String> = paths.into_iter().map(|path| self.quoted(path)).collect();
        format!("{command} {}", paths.join(" "))
    }

    /// A path for a shell that may stand anywhere in the worktree.
    fn quoted(&self, path: &str) -> String {
        let path = if self.is_below_root { format!(":/{path}") } else { path.to_owned() };
        let is_bare_word = path.chars().all(|c| {
            c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | ':' | '+' | ',')
        });
        if is_bare_word { path } else { format!("'{}'", path.replace('\'', "'\\''")) }
    }

    fn not_read(&self, text: &mut String) {
        let skips: Vec<_> = self
            .outcome
            .skips
            .iter()
            .filter(|skip| self.outcome.strict_coverage || !skip.kind.is_outside())
            .collect();
        line(text, &format!("keysweep: {}: not all of it could be read", self.act()));
        for skip in skips.iter().take(SHOWN) {
            line(text, &format!("  {}: {} ({})", skip.origin, skip.reason, skip.kind.name()));
        }
        if skips.len() > SHOWN {
            line(text, &format!("  … and {} more", skips.len() - SHOWN));
        }
        let way = match self.hook {
            Hook::PreCommit => "look at it yourself, then `git commit --no-verify`",
            Hook::PrePush => "look at it yourself, then `git push --no-verify`",
            Hook::PreReceive => "push it in smaller parts, or ask whoever runs this server",
        };
        line(text, &format!("  What is not read is not called clean: {way}."));
    }
}

/// How a key is taken out of commits that are made already.
fn undo(places: &[(&Finding, &Occurrence)]) -> String {
    let commit = places
        .iter()
        .find_map(|(_, place)| place.provenance.as_ref()?.introduced.as_ref())
        .map(|commit| format!("{:.12}", commit.id.to_string()));
    match commit {
        Some(commit) => format!(
            "a commit holds it, so a new one does not help: git commit --amend if it is the last, \
             else git rebase -i {commit}^ (--root for the first) and edit it"
        ),
        None => "it is no file of a commit: make the tag or object anew without it".to_owned(),
    }
}

fn allow(comment: Option<(&'static str, &'static str)>) -> String {
    match comment {
        Some((start, end)) => format!(
            "Say so on its line, or alone on the line above: {start}keysweep:allow reason=\"…\"{end}"
        ),
        None => {
            "Accept it with a reason: keysweep scan --staged --write-baseline .keysweep-baseline"
                .to_owned()
        }
    }
}

fn line(text: &mut String, said: &str) {
    text.push_str(&visible(said));
    text.push('\n');
}
