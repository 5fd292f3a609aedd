//! Keys out of everything that names a place.
//!
//! In: findings, skips, notes and the scope. Out: the same, with every key that
//! was found masked wherever it stands in a path, a ref's name, a reason or an
//! excerpt: a file, or a root, may be named after the key that it holds.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::detect::{Detector, keyless};
use crate::finding::{Finding, Occurrence, Origin, Provenance, Skip, SourceKind, Suppression};
use crate::outcome::{Note, Scope};
use crate::rule::RuleSet;
use crate::secret::{Keys, Secret};
use crate::source::Content;

/// Masks every key of `findings` in all that describes them.
///
/// A name may hold a key that nothing else holds, such as that of a link which
/// is not followed, so names are looked at by `rules` too.
pub(super) fn redact(
    findings: &mut [Finding],
    skips: &mut [Skip],
    notes: &mut [Note],
    scope: &mut Scope,
    rules: &[Arc<RuleSet>],
) {
    let named = in_names(findings, skips, scope, rules);
    let found = findings.iter().map(|finding| &finding.secret);
    let redaction = Redaction { keys: Keys::of(found.chain(&named)) };
    let mut origins: HashMap<Arc<Origin>, Arc<Origin>> = HashMap::new();
    let held = findings.iter_mut().filter_map(|finding| finding.suppression.as_mut());
    held.for_each(|suppression| redaction.clean_suppression(suppression));
    for occurrence in findings.iter_mut().flat_map(|finding| finding.occurrences.iter_mut()) {
        redaction.clean_occurrence(occurrence, &mut origins);
    }
    for skip in skips {
        redaction.keys.clean(&mut skip.origin);
        redaction.clean_prose(&mut skip.reason);
    }
    for note in notes {
        redaction.clean_prose(&mut note.message);
        if let Some(path) = &mut note.path {
            redaction.keys.clean(path);
        }
    }
    redaction.clean_scope(scope);
}

/// What is masked: the keys of a run and, where nothing is read again by its
/// text, whatever reads like one.
struct Redaction {
    keys: Keys,
}

/// The keys that names of files, of roots and of skipped things hold.
fn in_names(
    findings: &[Finding],
    skips: &[Skip],
    scope: &Scope,
    rules: &[Arc<RuleSet>],
) -> Vec<Secret> {
    let occurrences = findings.iter().flat_map(|finding| &finding.occurrences);
    let paths = occurrences.filter_map(|occurrence| occurrence.origin.path.as_deref());
    let of_scope = scope.roots.iter().map(|root| root.path.as_str());
    let of_scope = of_scope.chain(scope.working_directory.as_deref());
    let names: BTreeSet<&str> =
        paths.chain(skips.iter().map(|skip| skip.origin.as_str())).chain(of_scope).collect();
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

impl Redaction {
    fn clean_occurrence(
        &self,
        occurrence: &mut Occurrence,
        origins: &mut HashMap<Arc<Origin>, Arc<Origin>>,
    ) {
        self.keys.clean(&mut occurrence.evidence);
        self.keys.clean(&mut occurrence.excerpt.text);
        if let Some(suppression) = &mut occurrence.suppression {
            self.clean_suppression(suppression);
        }
        let clean = origins.entry(Arc::clone(&occurrence.origin)).or_insert_with(|| {
            let origin = &occurrence.origin;
            let root = self.keys.cleaned(&origin.root);
            let path = origin.path.as_deref().and_then(|path| self.keys.cleaned(path));
            if root.is_none() && path.is_none() {
                return Arc::clone(origin);
            }
            Arc::new(Origin {
                root: root.map_or_else(|| Arc::clone(&origin.root), Arc::from),
                path: path.map(Into::into).or_else(|| origin.path.clone()),
                ..(**origin).clone()
            })
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
        self.clean_prose(&mut suppression.reason);
        if let Some(actor) = &mut suppression.actor {
            self.clean_prose(actor);
        }
    }

    fn is_in_provenance(&self, provenance: &Provenance) -> bool {
        let commits = provenance.introduced.iter().chain(&provenance.removed);
        provenance.paths.iter().any(|path| self.keys.cleaned(path).is_some())
            || provenance
                .refs
                .iter()
                .chain(&provenance.remote_refs)
                .any(|name| self.keys.cleaned(name).is_some())
            || commits.into_iter().any(|commit| {
                self.keys.cleaned(&commit.summary).is_some()
                    || self.keys.cleaned(&commit.author).is_some()
            })
    }

    fn clean_provenance(&self, provenance: &mut Provenance) {
        for path in &mut provenance.paths {
            if let Some(clean) = self.keys.cleaned(path) {
                *path = clean.into();
            }
        }
        for name in provenance.refs.iter_mut().chain(&mut provenance.remote_refs) {
            self.keys.clean(name);
        }
        for commit in provenance.introduced.iter_mut().chain(&mut provenance.removed) {
            self.keys.clean(&mut commit.summary);
            self.keys.clean(&mut commit.author);
        }
    }

    /// A scope is read again later, so only keys are masked in the places that
    /// it names; one that holds a key cannot be read again.
    fn clean_scope(&self, scope: &mut Scope) {
        for root in &mut scope.roots {
            self.keys.clean(&mut root.path);
        }
        for text in [&mut scope.working_directory, &mut scope.config].into_iter().flatten() {
            self.keys.clean(text);
        }
        if let Some(range) = &mut scope.range {
            self.clean_prose(range);
        }
    }

    /// Text in which a person may have quoted a key that no rule sees there.
    fn clean_prose(&self, text: &mut String) {
        self.keys.clean(text);
        if let Cow::Owned(clean) = keyless(text) {
            *text = clean;
        }
    }
}
