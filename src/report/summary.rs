//! What a report comes to, for the top of every rendering.
//!
//! In: a report. Out: counts, and the one sentence that may say "clean".
//! Nothing here renders.

use std::collections::BTreeMap;

use super::exposure::plural;
use super::model::{Finding, Note, Occurrence, Report, Skipped};
use crate::finding::SkipKind;

/// A report's counts.
#[derive(Debug, Clone)]
pub struct Summary<'a> {
    /// Findings that nothing holds back.
    pub active: Vec<&'a Finding>,
    /// Findings held back whole, by a baseline or by an allow at every place.
    pub suppressed: Vec<&'a Finding>,
    /// Unsuppressed places of active findings.
    pub places: usize,
    /// Active findings by verdict; `not asked` where there is none.
    pub verdicts: BTreeMap<&'a str, usize>,
    /// What was in scope and could not be read.
    pub not_read: Vec<&'a Skipped>,
    /// What lies outside the scope.
    pub outside: Vec<&'a Skipped>,
}

/// How a report looks at first sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing found, everything read.
    Clean,
    /// No key that may live was found, but not everything was read.
    Incomplete,
    /// Every key found is proven dead, everything read.
    Dead,
    /// Keys that are not proven dead.
    Exposed,
}

impl<'a> Summary<'a> {
    /// Counts a report.
    #[must_use]
    pub fn of(report: &'a Report) -> Self {
        let (active, suppressed): (Vec<_>, Vec<_>) =
            report.findings.iter().partition(|f| is_active(f));
        let mut verdicts = BTreeMap::new();
        for finding in &active {
            *verdicts.entry(state(finding)).or_default() += 1;
        }
        let (outside, not_read) = report.coverage.skipped.iter().partition(|s| is_outside(&s.kind));
        Self {
            places: active.iter().map(|finding| active_places(finding).count()).sum(),
            active,
            suppressed,
            verdicts,
            not_read,
            outside,
        }
    }

    /// The tone of the whole.
    #[must_use]
    pub fn tone(&self, report: &Report) -> Tone {
        let dead = self.verdicts.get("dead").copied().unwrap_or(0);
        match (self.active.len(), report.coverage.complete) {
            (0, true) => Tone::Clean,
            (keys, true) if keys == dead => Tone::Dead,
            (keys, false) if keys == dead => Tone::Incomplete,
            _ => Tone::Exposed,
        }
    }

    /// The report in one sentence.
    #[must_use]
    pub fn headline(&self, report: &Report) -> String {
        let keys = self.active.len();
        if keys == 0 && report.coverage.complete {
            let held = match self.suppressed.len() {
                0 => String::new(),
                held => format!(" but the {held} held back"),
            };
            return format!("No leaked key found{held}; everything in scope was read.");
        }
        if keys == 0 {
            return "No leaked key found, but not everything in scope could be read: this is not a \
                    clean result."
                .to_owned();
        }
        let mut said = format!(
            "{keys} leaked {} in {} {}",
            plural(keys, "key", "keys"),
            self.places,
            plural(self.places, "place", "places"),
        );
        let states: Vec<String> = ["live", "unknown", "rejected", "not asked", "dead"]
            .into_iter()
            .filter_map(|state| Some(format!("{} {state}", self.verdicts.get(state)?)))
            .collect();
        if self.verdicts.len() > 1 || !self.verdicts.contains_key("not asked") {
            said.push_str(": ");
            said.push_str(&states.join(", "));
        }
        said.push('.');
        if !report.coverage.complete {
            said.push_str(" Not everything in scope could be read.");
        }
        said
    }
}

/// Whether nothing holds a finding back.
#[must_use]
pub fn is_active(finding: &Finding) -> bool {
    finding.suppression.is_none() && active_places(finding).next().is_some()
}

/// A finding's places that no allow holds back.
pub fn active_places(finding: &Finding) -> impl Iterator<Item = &Occurrence> {
    finding.occurrences.iter().filter(|place| place.suppression.is_none())
}

/// Whether a note says that what is swept changed what could hold its own keys
/// back.
#[must_use]
pub fn is_about_trust(note: &Note) -> bool {
    note.kind == "allow-not-trusted" || note.kind.ends_with("-changed")
}

/// The verdict's state; `not asked` where there is none.
#[must_use]
pub fn state(finding: &Finding) -> &str {
    finding.verdict.as_ref().map_or("not asked", |verdict| verdict.state.as_str())
}

/// Whether a kind of skip lies outside the scope; an unknown kind does not.
fn is_outside(kind: &str) -> bool {
    const OUTSIDE: [SkipKind; 7] = [
        SkipKind::Gitlink,
        SkipKind::Lfs,
        SkipKind::Link,
        SkipKind::Special,
        SkipKind::Ignored,
        SkipKind::Excluded,
        SkipKind::NestedRepository,
    ];
    OUTSIDE.iter().any(|outside| outside.name() == kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::read;

    #[test]
    fn unread_scope_is_never_toned_as_safe() {
        let mut report =
            read(include_bytes!("../../fixtures/report/samples/responded.json")).expect("a report");
        report.findings.retain(|finding| state(finding) == "dead");
        assert_eq!(Summary::of(&report).tone(&report), Tone::Dead);
        report.coverage.complete = false;
        let summary = Summary::of(&report);
        assert_eq!(summary.tone(&report), Tone::Incomplete);
        assert_eq!(
            summary.headline(&report),
            "1 leaked key in 3 places: 1 dead. Not everything in scope could be read."
        );
    }
}
