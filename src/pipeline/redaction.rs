//! Keys out of everything that names a place.
//!
//! In: findings, skips and notes. Out: the same, with every key that was found
//! masked wherever it stands in a path, a ref's name, a reason or an excerpt:
//! a file may be named after the key that it holds.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::detect::Detector;
use crate::finding::{Finding, Occurrence, Origin, Provenance, Skip, SourceKind, Suppression};
use crate::outcome::Note;
use crate::rule::RuleSet;
use crate::secret::{Secret, mask};
use crate::source::Content;

/// The length by which keys are looked up, in bytes; shorter keys are found by
/// their own length.
const HEAD_BYTES: usize = 8;

/// The keys of a run, by their first bytes.
struct Keys {
    by_head: HashMap<[u8; HEAD_BYTES], Vec<Secret>>,
}

/// Masks every key of `findings` in all that describes them.
///
/// A name may hold a key that nothing else holds, such as that of a link which
/// is not followed, so names are looked at by `rules` too.
pub(super) fn redact(
    findings: &mut [Finding],
    skips: &mut [Skip],
    notes: &mut [Note],
    rules: &[Arc<RuleSet>],
) {
    let mut by_head: HashMap<[u8; HEAD_BYTES], Vec<Secret>> = HashMap::new();
    let named = in_names(findings, skips, rules);
    for secret in findings.iter().map(|finding| &finding.secret).chain(&named) {
        if let Some(head) = secret.expose().first_chunk::<HEAD_BYTES>() {
            by_head.entry(*head).or_default().push(secret.clone());
        }
    }
    if by_head.is_empty() {
        return;
    }
    let keys = Keys { by_head };
    let mut origins: HashMap<Arc<Origin>, Arc<Origin>> = HashMap::new();
    let held = findings.iter_mut().filter_map(|finding| finding.suppression.as_mut());
    held.for_each(|suppression| keys.clean_suppression(suppression));
    for occurrence in findings.iter_mut().flat_map(|finding| finding.occurrences.iter_mut()) {
        keys.clean_occurrence(occurrence, &mut origins);
    }
    for skip in skips {
        keys.clean(&mut skip.origin);
        keys.clean(&mut skip.reason);
    }
    for note in notes {
        keys.clean(&mut note.message);
        if let Some(path) = &mut note.path {
            keys.clean(path);
        }
    }
}

/// The keys that names of files and of skipped things hold.
fn in_names(findings: &[Finding], skips: &[Skip], rules: &[Arc<RuleSet>]) -> Vec<Secret> {
    let occurrences = findings.iter().flat_map(|finding| &finding.occurrences);
    let paths = occurrences.filter_map(|occurrence| occurrence.origin.path.as_deref());
    let names: BTreeSet<&str> =
        paths.chain(skips.iter().map(|skip| skip.origin.as_str())).collect();
    let mut secrets = Vec::new();
    for rules in rules {
        let suspects = names.iter().filter(|name| rules.prefilter().is_candidate(name.as_bytes()));
        let mut suspects = suspects.peekable();
        if suspects.peek().is_none() {
            continue;
        }
        let detector = Detector::new(Arc::clone(rules));
        let origin = Arc::new(Origin {
            source: SourceKind::Metadata,
            root: Arc::from(""),
            path: None,
            object: None,
        });
        for name in suspects.flat_map(|name| std::iter::once(*name).chain(name.split('/'))) {
            let detected = detector.detect(&Content::whole(&origin, name.as_bytes()));
            secrets.extend(detected.into_iter().map(|detected| detected.secret));
        }
    }
    secrets
}

impl Keys {
    fn clean_occurrence(
        &self,
        occurrence: &mut Occurrence,
        origins: &mut HashMap<Arc<Origin>, Arc<Origin>>,
    ) {
        self.clean(&mut occurrence.evidence);
        self.clean(&mut occurrence.excerpt.text);
        if let Some(suppression) = &mut occurrence.suppression {
            self.clean_suppression(suppression);
        }
        let clean =
            origins.entry(Arc::clone(&occurrence.origin)).or_insert_with(|| {
                match occurrence.origin.path.as_deref().and_then(|path| self.cleaned(path)) {
                    Some(path) => {
                        Arc::new(Origin { path: Some(path.into()), ..(*occurrence.origin).clone() })
                    }
                    None => Arc::clone(&occurrence.origin),
                }
            });
        occurrence.origin = Arc::clone(clean);
        if let Some(provenance) = &occurrence.provenance
            && self.is_in_provenance(provenance)
        {
            let mut provenance = (**provenance).clone();
            self.clean_provenance(&mut provenance);
            occurrence.provenance = Some(Arc::new(provenance));
        }
    }

    fn clean_suppression(&self, suppression: &mut Suppression) {
        self.clean(&mut suppression.reason);
        if let Some(actor) = &mut suppression.actor {
            self.clean(actor);
        }
    }

    fn is_in_provenance(&self, provenance: &Provenance) -> bool {
        let commits = provenance.introduced.iter().chain(&provenance.removed);
        provenance.paths.iter().any(|path| self.cleaned(path).is_some())
            || provenance
                .refs
                .iter()
                .chain(&provenance.remote_refs)
                .any(|name| self.cleaned(name).is_some())
            || commits.into_iter().any(|commit| {
                self.cleaned(&commit.summary).is_some() || self.cleaned(&commit.author).is_some()
            })
    }

    fn clean_provenance(&self, provenance: &mut Provenance) {
        for path in &mut provenance.paths {
            if let Some(clean) = self.cleaned(path) {
                *path = clean.into();
            }
        }
        for name in provenance.refs.iter_mut().chain(&mut provenance.remote_refs) {
            self.clean(name);
        }
        for commit in provenance.introduced.iter_mut().chain(&mut provenance.removed) {
            self.clean(&mut commit.summary);
            self.clean(&mut commit.author);
        }
    }

    fn clean(&self, text: &mut String) {
        if let Some(clean) = self.cleaned(text) {
            *text = clean;
        }
    }

    /// The text with every key masked; `None` where it holds none.
    fn cleaned(&self, text: &str) -> Option<String> {
        let bytes = text.as_bytes();
        let mut clean: Option<Vec<u8>> = None;
        let mut copied = 0;
        let mut at = 0;
        while let Some(head) = bytes.get(at..).and_then(|rest| rest.first_chunk::<HEAD_BYTES>()) {
            let key = self.by_head.get(head).and_then(|keys| {
                keys.iter()
                    .filter(|key| bytes[at..].starts_with(key.expose()))
                    .max_by_key(|key| key.len())
            });
            let Some(key) = key else {
                at += 1;
                continue;
            };
            let out = clean.get_or_insert_with(Vec::new);
            out.extend_from_slice(&bytes[copied..at]);
            out.extend_from_slice(mask(key.expose()).as_bytes());
            at += key.len();
            copied = at;
        }
        let mut out = clean?;
        out.extend_from_slice(&bytes[copied..]);
        Some(String::from_utf8_lossy(&out).into_owned())
    }
}
