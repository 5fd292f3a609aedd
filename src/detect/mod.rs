//! Finds keys in one [`Content`] at a time.
//!
//! In: bytes, the part of them that this piece answers for, and the loaded
//! rules. Out: what was found, in byte order, each with its line, column,
//! masked excerpt and inline allow. Nothing here knows whether a key still
//! works, and paths matter only afterwards, in [`adjust`]: one blob has many.

mod allow;
mod check;
mod context;
mod decoded;
mod digest;
mod excerpt;
mod keyless;
mod known;
mod lines;
mod name;
mod names;
mod paths;
mod pattern;
mod text;
mod trace;
pub mod value;
mod vendor;
mod vocabulary;
mod way;
mod work;

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::finding::{Confidence, Occurrence, Skip, Suppression, SuppressionKind};
use crate::rule::{Form, LiteralHit, RuleSet, Strength};
use crate::secret::Secret;
use crate::source::Content;

use self::work::Work;
pub use check::check;
pub use excerpt::mask_tokens;
pub use keyless::keyless;
pub use paths::{adjust, is_documentation, is_test};

/// One key in one place.
#[derive(Debug, Clone)]
pub struct Detected {
    /// The rule's id.
    pub rule: Arc<str>,
    /// The key.
    pub secret: Secret,
    /// Where it stands; path and history are completed later.
    pub occurrence: Occurrence,
}

/// A key as the rules' readers give it, before lines and excerpts.
#[derive(Debug, Clone)]
struct Found {
    rule: usize,
    /// The parts of the value in the piece's bytes, in the order of the value:
    /// the end of a key may be defined above its beginning.
    parts: Vec<Range<usize>>,
    secret: Secret,
    confidence: Confidence,
    evidence: String,
}

impl Found {
    /// Where the first of the parts begins in the piece.
    fn start(&self) -> usize {
        self.parts.iter().map(|part| part.start).min().unwrap_or(0)
    }

    /// Where the last of the parts ends in the piece.
    fn end(&self) -> usize {
        self.parts.iter().map(|part| part.end).max().unwrap_or(0)
    }

    /// Whether some byte belongs to both; between the parts of one, the whole
    /// of another may stand.
    fn shares_bytes(&self, other: &Self) -> bool {
        self.parts
            .iter()
            .any(|one| other.parts.iter().any(|two| one.start < two.end && two.start < one.end))
    }

    /// What is shown in place of each part: the mask at the first of them.
    fn masked(&self) -> impl Iterator<Item = (Range<usize>, String)> + '_ {
        let (start, mask) = (self.start(), self.secret.mask());
        self.parts.iter().map(move |part| {
            let shown = if part.start == start { mask.clone() } else { "…".to_owned() };
            (part.clone(), shown)
        })
    }
}

/// Detection with a fixed set of rules.
#[derive(Debug)]
pub struct Detector {
    rules: Arc<RuleSet>,
    /// Asked for when an allow ends some day: finding out the time zone reads a
    /// few dozen directories.
    today: OnceLock<String>,
}

impl Detector {
    /// Detects by `rules`; allows that expired before today hold nothing back.
    #[must_use]
    pub fn new(rules: Arc<RuleSet>) -> Self {
        Self { rules, today: OnceLock::new() }
    }

    fn today(&self) -> &str {
        self.today.get_or_init(|| jiff::Zoned::now().date().to_string())
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }

    /// Everything that the rules find in a piece, in byte order.
    #[must_use]
    pub fn detect(&self, content: &Content<'_>) -> Vec<Detected> {
        self.detect_reporting(content, &mut |_| {})
    }

    /// As [`Detector::detect`]; what was too large to decode is given to
    /// `skip`.
    pub fn detect_reporting(
        &self,
        content: &Content<'_>,
        skip: &mut dyn FnMut(Skip),
    ) -> Vec<Detected> {
        let found = decoded::find(self, content, skip);
        if found.is_empty() {
            return Vec::new();
        }
        let allows = allow::allows(content.bytes);
        let mut lines = lines::Lines::new(content);
        let masks = excerpt::Masks::of(found.iter().map(|placed| &placed.found));
        found
            .into_iter()
            .map(|decoded::Placed { found, encodings, excerpt, suppression, .. }| {
                let (line, column) = lines.place(found.start());
                let occurrence = Occurrence {
                    origin: Arc::clone(content.origin),
                    line,
                    column,
                    length_bytes: (found.end() - found.start()) as u64,
                    confidence: found.confidence,
                    evidence: excerpt::mask_tokens(found.evidence.as_bytes()),
                    encodings,
                    excerpt: excerpt.unwrap_or_else(|| {
                        excerpt::excerpt(content.bytes, found.start()..found.end(), &masks)
                    }),
                    suppression: suppression
                        .or_else(|| self.suppression(content.bytes, &allows, found.start())),
                    provenance: None,
                };
                Detected {
                    rule: Arc::clone(&self.rules.rules()[found.rule].id),
                    secret: found.secret,
                    occurrence,
                }
            })
            .collect()
    }

    /// What the rules find in the bytes as they stand.
    fn find(&self, content: &Content<'_>, hits: &[LiteralHit], work: &Work) -> Vec<Found> {
        let (hits, known): (Vec<LiteralHit>, Vec<LiteralHit>) = hits
            .iter()
            .filter(|hit| hit.form == Form::Plain)
            .partition(|hit| hit.literal < self.rules.literals().len());
        let known = known::find(&self.rules, content.bytes, &known);
        if hits.is_empty() && !self.rules.prefilter().takes_everything() {
            return known;
        }
        let mut found = names::find(&self.rules, content.bytes, &hits, work);
        found.extend(vendor::find(&self.rules, content.bytes, &hits, work));
        found.extend(pattern::find(&self.rules, content, &hits));
        // What a named key is part of was read too far or not far enough.
        let is_known = |found: &Found| known.iter().any(|key| key.shares_bytes(found));
        found.retain(|found| !is_known(found));
        let mut found = self.settle(found);
        known::confirm(&self.rules, &mut found);
        found.extend(known);
        found.sort_by_key(|found| (found.start(), found.end()));
        found
    }

    /// One key a place and rule, the best confidence; where the rules of one
    /// vendor disagree on a place, the surer one has it.
    fn settle(&self, mut found: Vec<Found>) -> Vec<Found> {
        found.retain(|found| self.meets_needs(found));
        found.sort_by(|a, b| {
            (a.start(), a.end())
                .cmp(&(b.start(), b.end()))
                .then(b.confidence.cmp(&a.confidence))
                .then(a.rule.cmp(&b.rule))
        });
        let is_contextual = |rule: usize| self.rules.rules()[rule].pattern.is_none();
        let mut settled: Vec<Found> = Vec::with_capacity(found.len());
        // Those that reach so far: between the parts of one, others may end.
        let mut reaching: Vec<usize> = Vec::new();
        for next in found {
            reaching.retain(|known| settled[*known].end() >= next.start());
            let is_known = reaching.iter().any(|known| {
                let known = &settled[*known];
                known.shares_bytes(&next)
                    && (known.rule == next.rule
                        || (is_contextual(known.rule) && is_contextual(next.rule)))
            });
            if !is_known {
                reaching.push(settled.len());
                settled.push(next);
            }
        }
        settled
    }

    fn meets_needs(&self, found: &Found) -> bool {
        let needs = self.rules.rules()[found.rule].value;
        (needs.min_length..=needs.max_length).contains(&found.secret.len())
    }

    /// The allow that holds for a place; none does in a sweep for named keys,
    /// where who leaked a key may have allowed it.
    fn suppression(&self, bytes: &[u8], allows: &[allow::Allow], at: usize) -> Option<Suppression> {
        if !self.rules.known().is_empty() {
            return None;
        }
        let allow = allow::covering(bytes, allows, at)?;
        let is_expired = allow.expires.as_deref().is_some_and(|expires| expires < self.today());
        (!is_expired).then(|| Suppression {
            kind: SuppressionKind::Inline,
            reason: allow.reason.clone(),
            actor: allow.actor.clone(),
            expires: allow.expires.clone(),
        })
    }
}

/// The confidence of a literal in a context that alone would give `context`.
fn confidence(context: Confidence, strength: Strength) -> Confidence {
    match strength {
        Strength::Strong => context,
        Strength::Fair => context.min(Confidence::Medium),
        Strength::Weak => Confidence::Low,
    }
}

/// A name as evidence shows it: printable ASCII, cut to 48 bytes.
fn shown(name: &[u8]) -> String {
    name.iter()
        .take(48)
        .filter(|b| b.is_ascii_graphic() || **b == b' ')
        .map(|b| char::from(*b))
        .collect()
}
