//! How long a key was exposed, and what still holds it.
//!
//! In: one finding of a report and its run. Out: the moments that bound the
//! exposure, each with what it rests on, and the places that remain. Nothing
//! here renders.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::model::{Commit, Finding, Occurrence, Run};
use crate::finding::SourceKind;

/// What every reader of a commit's date must know.
pub const COMMIT_DATE_CAVEAT: &str = "A commit's dates are set by whoever made it and do not prove \
     when it was published: the key may have been readable later than they say, and copies \
     elsewhere earlier.";

/// When a key could be read by others, as far as this report can tell.
#[derive(Debug, Clone)]
pub struct Exposure<'a> {
    /// The earliest commit that introduced it, with that commit's date.
    pub introduced: Option<Moment<'a>>,
    /// The latest commit that removed it from a line of history.
    pub removed: Option<Moment<'a>>,
    /// Whether HEAD's tree, the index or a file on disk holds it now.
    pub in_tree: bool,
    /// When this run found it.
    pub found: Option<Timestamp>,
    /// When the API first called it live.
    pub seen_live: Option<Timestamp>,
    /// When revocation was submitted.
    pub revoked: Option<Timestamp>,
    /// How it ends.
    pub end: End,
}

/// A moment that a commit gives.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The commit's date, the author's date where that is malformed.
    pub at: Timestamp,
    /// The commit.
    pub commit: &'a Commit,
}

/// How an exposure ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The API proved the key dead at this time.
    Dead(Timestamp),
    /// The API called the key live: the exposure goes on.
    Live,
    /// Nothing proves the key dead, nothing says that it lives.
    Unproven,
}

impl<'a> Exposure<'a> {
    /// Derives the exposure of a finding.
    #[must_use]
    pub fn of(finding: &'a Finding, run: &Run) -> Self {
        let provenances =
            || finding.occurrences.iter().filter_map(|place| place.provenance.as_ref());
        let introduced =
            provenances().filter_map(|p| moment(p.introduced.as_ref()?)).min_by_key(|m| m.at);
        let removed =
            provenances().filter_map(|p| moment(p.removed.as_ref()?)).max_by_key(|m| m.at);
        let in_tree = finding.occurrences.iter().any(|place| {
            matches!(place.source, SourceKind::Worktree | SourceKind::Index)
                || place.provenance.as_ref().is_some_and(|p| p.in_head)
        });
        let verdict = finding.verdict.as_ref();
        let end = match verdict.map(|v| (v.state.as_str(), v.at.as_deref().and_then(time))) {
            Some(("dead", Some(at))) => End::Dead(at),
            Some(("live", _)) => End::Live,
            _ => End::Unproven,
        };
        Self {
            introduced,
            removed,
            in_tree,
            found: time(&run.started_at),
            seen_live: verdict.and_then(|v| time(v.seen_live_at.as_deref()?)),
            revoked: verdict.and_then(|v| time(v.revoked_at.as_deref()?)),
            end,
        }
    }

    /// The first moment at which it may have been exposed: its introduction,
    /// or the time it was found where history gives none.
    #[must_use]
    pub fn start(&self) -> Option<Timestamp> {
        self.introduced.map(|moment| moment.at).or(self.found)
    }

    /// The last moment at which it was certainly still exposed, or its death.
    #[must_use]
    pub fn last(&self) -> Option<Timestamp> {
        match self.end {
            End::Dead(at) => Some(at),
            End::Live | End::Unproven => {
                [self.found, self.seen_live, self.revoked].into_iter().flatten().max()
            }
        }
    }
}

/// A report's time; `None` where it is malformed, as a hostile or damaged
/// report may have it.
#[must_use]
pub fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

fn moment(commit: &Commit) -> Option<Moment<'_>> {
    let date = commit.commit_date.as_deref().and_then(time);
    let at = date.or_else(|| commit.author_date.as_deref().and_then(time))?;
    Some(Moment { at, commit })
}

/// What still holds a key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holders<'a> {
    /// Files on disk and in the index.
    pub files: BTreeSet<&'a str>,
    /// Local refs.
    pub refs: BTreeSet<&'a str>,
    /// Remote-tracking refs: a server has, or had, it too.
    pub remote_refs: BTreeSet<&'a str>,
    /// Objects that only a stash reaches.
    pub stashed: usize,
    /// Objects that only a reflog reaches.
    pub reflogged: usize,
    /// Objects that only notes reach.
    pub noted: usize,
    /// Objects that nothing reaches.
    pub unreachable: usize,
    /// Places in the repository's own files.
    pub metadata: usize,
}

impl<'a> Holders<'a> {
    /// Gathers what holds a finding's key, suppressed places included.
    #[must_use]
    pub fn of(finding: &'a Finding) -> Self {
        let mut holders = Self::default();
        for place in &finding.occurrences {
            holders.add(place);
        }
        holders
    }

    fn add(&mut self, place: &'a Occurrence) {
        match place.source {
            SourceKind::Worktree | SourceKind::Index => self.files.extend(place.path.as_deref()),
            SourceKind::Metadata => self.metadata += 1,
            _ => {}
        }
        let Some(provenance) = &place.provenance else { return };
        self.refs.extend(provenance.refs.iter().map(String::as_str));
        self.remote_refs.extend(provenance.remote_refs.iter().map(String::as_str));
        match provenance.reach.as_str() {
            "stash" => self.stashed += 1,
            "reflog" => self.reflogged += 1,
            "note" => self.noted += 1,
            "nothing" => self.unreachable += 1,
            _ => {}
        }
    }

    /// Says each kind of holder in a few words, with its names.
    #[must_use]
    pub fn sentences(&self) -> Vec<(String, Vec<&'a str>)> {
        let mut said = Vec::new();
        let mut named = |what: &str, names: &BTreeSet<&'a str>| {
            if !names.is_empty() {
                said.push((format!("{} {what}", names.len()), names.iter().copied().collect()));
            }
        };
        named(plural(self.files.len(), "file", "files"), &self.files);
        named(plural(self.refs.len(), "local ref", "local refs"), &self.refs);
        named(
            plural(self.remote_refs.len(), "remote-tracking ref", "remote-tracking refs"),
            &self.remote_refs,
        );
        for (count, one, many) in [
            (self.stashed, "object in a stash", "objects in a stash"),
            (self.noted, "object in notes", "objects in notes"),
            (self.reflogged, "object that only a reflog keeps", "objects that only a reflog keeps"),
            (self.unreachable, "unreachable object", "unreachable objects"),
            (
                self.metadata,
                "place in the repository's own files",
                "places in the repository's own files",
            ),
        ] {
            if count > 0 {
                said.push((format!("{count} {}", plural(count, one, many)), Vec::new()));
            }
        }
        said
    }

    /// What copies outside this repository may hold, from what is known here.
    #[must_use]
    pub fn elsewhere(&self) -> &'static str {
        if !self.remote_refs.is_empty() {
            "A server held it when it was last fetched or pushed. Every clone and fork made since \
             may hold it, as may the server's pull-request refs, caches and CI logs."
        } else if !self.refs.is_empty() {
            "No remote-tracking ref holds it, which does not prove that it was never pushed; a \
             clone or fork of this repository holds it too."
        } else {
            "No ref holds it, so a fresh clone would not carry it; copies made earlier still may."
        }
    }
}

/// The word that fits a count.
#[must_use]
pub(crate) const fn plural<'a>(count: usize, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}
