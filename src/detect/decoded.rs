//! Detection in what is written in another encoding.
//!
//! In: a piece. Out: the keys that stand in it as it is, and those in encoded
//! runs, each at its place in the piece. What an encoding is stays in
//! [`crate::decode`]; what a key is, in the other files of this room.

use std::collections::BTreeMap;

use super::value::{Class, Form as Written, classify, is_token_byte};
use super::work::Work;
use super::{Detector, Found, allow, confidence, excerpt};
use crate::decode::{self, DEEPEST, Decoded, LineEnds, Unwrapped};
use crate::finding::{Confidence, Encoding, Excerpt, Skip, SkipKind, Suppression};
use crate::rule::{Form, LiteralHit};
use crate::secret::Secret;
use crate::source::Content;

/// What all compressed runs of one piece may expand to together, in bytes.
const EXPANSION_BYTES: usize = 64 << 20;

/// How many hits in decoded text one piece is followed to. Names that stand in
/// four encodings at once are decoded in every order of the four, so that 40
/// bytes give 16 hits; a bundle that holds all there is gives a few hundred.
const DECODED_HITS: usize = 20_000;

/// How many keys before one are looked at for another reading of its place.
const NEIGHBOURS: usize = 16;

/// A key at its place in a piece.
pub(super) struct Placed {
    pub(super) found: Found,
    /// The encodings from the outside in.
    pub(super) encodings: Vec<Encoding>,
    /// The decoded line, where the outer one shows nothing readable.
    pub(super) excerpt: Option<Excerpt>,
    /// An allow that stands inside the encoding.
    pub(super) suppression: Option<Suppression>,
    reading: Reading,
    /// Whether the text around it only looks encoded: its plain reading, where
    /// there is one, stands beside it.
    is_guessed: bool,
    /// Which reading of the piece gave it, from 0 for the piece as it stands;
    /// keys of one reading do not compete.
    source: usize,
}

/// How a key was read, the less trustworthy first, where readings disagree
/// about a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reading {
    /// In decoded text, at a place that the encoding leaves as it is.
    Again,
    /// In the bytes as they stand.
    Plain,
    /// In the bytes as they stand, and decoded by itself.
    Unwrapped,
    /// In decoded text, at a place that the encoding changes.
    Decoded,
}

/// Every key of a piece, in the order of their places.
pub(super) fn find(
    detector: &Detector,
    content: &Content<'_>,
    skip: &mut dyn FnMut(Skip),
) -> Vec<Placed> {
    let hits: Vec<LiteralHit> = detector
        .rules
        .prefilter()
        .hits(content.bytes)
        .filter(|hit| content.own.contains(&hit.start))
        .collect();
    let mut search = Search {
        detector,
        expanded_bytes: 0,
        is_over_budget: false,
        decoded_hits: 0,
        work: Work::new(content.bytes.len()),
    };
    let placed = search.keys(content, hits, &[]);
    let over_budget = |reason: &str| Skip {
        origin: content
            .origin
            .path
            .as_deref()
            .map_or_else(|| content.origin.root.to_string(), str::to_owned),
        kind: SkipKind::OverBudget,
        reason: reason.to_owned(),
    };
    if search.is_over_budget {
        skip(over_budget(
            "compressed text in base64 expands past the limit of 8 MiB each and 64 MiB together; \
             what comes after was not read",
        ));
    }
    if search.decoded_hits > DECODED_HITS {
        skip(over_budget(
            "encoded text holds more than 20,000 names; what comes after was read only as it \
             stands",
        ));
    }
    if search.work.is_spent() {
        skip(over_budget(
            "names and contexts of keys overlap past the budget for one piece; what comes after \
             was read only where a name is given its value directly",
        ));
    }
    placed
}

struct Search<'a> {
    detector: &'a Detector,
    expanded_bytes: usize,
    is_over_budget: bool,
    decoded_hits: usize,
    work: Work,
}

impl Search<'_> {
    /// The keys of a piece under the layers of encoding that were taken off,
    /// from the outside in.
    fn keys(
        &mut self,
        content: &Content<'_>,
        mut hits: Vec<LiteralHit>,
        layers: &[Encoding],
    ) -> Vec<Placed> {
        let found = self.detector.find(content, &hits, &self.work);
        let mut placed: Vec<Placed> =
            found.into_iter().filter_map(|found| self.unwrapped(found)).collect();
        if layers.len() < DEEPEST {
            hits.sort_unstable_by_key(|hit| (hit.start, hit.end));
            drop_other_byte_order(content, &mut hits);
            self.reveal(content, &hits, layers, &mut placed);
        }
        settle(placed)
    }

    /// Adds the keys of the encoded runs around the hits.
    fn reveal(
        &mut self,
        content: &Content<'_>,
        hits: &[LiteralHit],
        layers: &[Encoding],
        placed: &mut Vec<Placed>,
    ) {
        // Up to where a form's runs have been decoded, so that many hits in
        // one run cost one decoding.
        let mut answered: BTreeMap<Kind, usize> = BTreeMap::new();
        let mut source = 0;
        for hit in hits {
            let kind = Kind::of(hit);
            if answered.get(&kind).is_some_and(|end| hit.start < *end) {
                continue;
            }
            for decoded in decode::around(content.bytes, hit.start..hit.end, hit.form) {
                let end = answered.entry(kind).or_default();
                *end = decoded.answers_to().max(*end);
                // A header still stands above text that was decoded already.
                let quoted = Some(&Encoding::QuotedPrintable);
                let is_again = hit.form == Form::Plain
                    && layers.last() == quoted
                    && decoded.encodings().first() == quoted;
                if !is_again && self.is_affordable(&decoded) {
                    source += 1;
                    let keys = self.read(content, &decoded, layers);
                    placed.extend(keys.into_iter().map(|key| Placed { source, ..key }));
                }
            }
        }
    }

    fn is_affordable(&mut self, decoded: &Decoded) -> bool {
        if !decoded.encodings().contains(&Encoding::Gzip) {
            return true;
        }
        self.expanded_bytes += decoded.bytes().len();
        let is_affordable = self.expanded_bytes <= EXPANSION_BYTES;
        self.is_over_budget |= !is_affordable || decoded.is_cut();
        is_affordable
    }

    /// The keys of one decoded run, at their places in the outer bytes.
    fn read(&mut self, outer: &Content<'_>, decoded: &Decoded, layers: &[Encoding]) -> Vec<Placed> {
        let content = Content::whole(outer.origin, decoded.bytes());
        if self.decoded_hits > DECODED_HITS {
            return Vec::new();
        }
        let hits: Vec<LiteralHit> = self.detector.rules.prefilter().hits(decoded.bytes()).collect();
        self.decoded_hits += hits.len();
        let layers = [layers, decoded.encodings()].concat();
        let mut inner = self.keys(&content, hits, &layers);
        if inner.is_empty() {
            return inner;
        }
        let allows = allow::allows(decoded.bytes());
        let masks = excerpt::Masks::of(inner.iter().map(|placed| &placed.found));
        for key in &mut inner {
            let span = key.found.start()..key.found.end();
            let is_verbatim = key.encodings.is_empty()
                && key
                    .found
                    .parts
                    .iter()
                    .all(|part| decoded.is_verbatim(outer.bytes, part.clone()));
            if key.excerpt.is_none() {
                key.excerpt = Some(excerpt::excerpt(decoded.bytes(), span.clone(), &masks));
            }
            key.suppression = key
                .suppression
                .take()
                .or_else(|| self.detector.suppression(decoded.bytes(), &allows, span.start));
            key.encodings.splice(0..0, decoded.encodings().iter().copied());
            for part in &mut key.found.parts {
                *part = decoded.outer(part.clone());
            }
            key.is_guessed = decoded.is_guessed();
            key.reading = if is_verbatim { Reading::Again } else { Reading::Decoded };
        }
        inner
    }

    /// A value that is encoded by itself is the key that it encodes, so that
    /// it has the same fingerprint wherever it is found; one that encodes a
    /// placeholder is none.
    fn unwrapped(&self, mut found: Found) -> Option<Placed> {
        let mut encodings = Vec::new();
        let has_pattern = self.detector.rules.rules()[found.rule].pattern.is_some();
        let is_known = found.confidence == Confidence::Confirmed;
        let inner =
            if has_pattern || is_known { None } else { decode::unwrapped(found.secret.expose()) };
        match inner {
            None => {}
            Some(Unwrapped::File) => return None,
            Some(Unwrapped::Text { text, encodings: layers }) => {
                match classify(&text, Written::Quoted) {
                    Class::Literal(strength) => {
                        found.confidence = confidence(found.confidence, strength);
                        found.secret = Secret::new(text.to_vec());
                        encodings = layers;
                    }
                    Class::Placeholder | Class::Reference | Class::Empty => return None,
                    Class::Code | Class::Other if text.iter().all(|b| is_token_byte(*b)) => {
                        return None;
                    }
                    Class::Code | Class::Other => {}
                }
            }
        }
        let reading = if encodings.is_empty() { Reading::Plain } else { Reading::Unwrapped };
        Some(Placed {
            found,
            encodings,
            excerpt: None,
            suppression: None,
            reading,
            is_guessed: false,
            source: 0,
        })
    }
}

/// Wide text without a mark reads the same in either byte order, one byte off:
/// a literal that stands there in both is read in the order of the content, or
/// else with the least byte first, as nearly all such text is written.
fn drop_other_byte_order(content: &Content<'_>, hits: &mut Vec<LiteralHit>) {
    let wide = |hit: &LiteralHit| match hit.form {
        Form::Wide(wide) => Some(wide),
        _ => None,
    };
    if !hits.iter().any(|hit| wide(hit).is_some()) {
        return;
    }
    let of_content = LineEnds::of(content.bytes, content.start.offset).wide();
    let is_big_endian = of_content.is_some_and(|wide| !wide.is_little_endian());
    let dropped: Vec<bool> = hits
        .iter()
        .enumerate()
        .map(|(index, hit)| {
            let Some(own) = wide(hit).filter(|own| own.is_little_endian() == is_big_endian) else {
                return false;
            };
            let shift = own.unit_bytes() - 1;
            let is_other = |other: &LiteralHit| {
                other.literal == hit.literal
                    && hit.start.abs_diff(other.start) == shift
                    && wide(other).is_some_and(|other| {
                        other.unit_bytes() == own.unit_bytes()
                            && other.is_little_endian() != own.is_little_endian()
                    })
            };
            let near = |other: &&LiteralHit| hit.start.abs_diff(other.start) <= shift;
            hits[index + 1..].iter().take_while(near).any(is_other)
                || hits[..index].iter().rev().take_while(near).any(is_other)
        })
        .collect();
    let mut dropped = dropped.into_iter();
    hits.retain(|_| !dropped.next().unwrap_or(false));
}

/// One reading a place. What an encoding leaves as it is was read before; what
/// it changes was read wrongly before.
fn settle(mut placed: Vec<Placed>) -> Vec<Placed> {
    placed.sort_by_key(|key| (key.found.start(), key.found.end()));
    let mut settled: Vec<Placed> = Vec::with_capacity(placed.len());
    for next in placed {
        let rank = |key: &Placed, other: &Placed| {
            // What stands verbatim inside a longer plain reading ends where an
            // escape does that the plain one took for a part of the key.
            let is_shorter =
                key.found.end() - key.found.start() < other.found.end() - other.found.start();
            let reading = match key.reading {
                Reading::Again if is_shorter => Reading::Decoded,
                reading => reading,
            };
            (key.found.confidence == Confidence::Confirmed, reading, key.encodings.len())
        };
        // Keys of one compressed run all stand in one place, by the thousand.
        let nearest = settled.len().saturating_sub(NEIGHBOURS);
        let rival = settled[nearest..]
            .iter()
            .rposition(|known| {
                let is_other_guess =
                    known.is_guessed != next.is_guessed && known.found.parts != next.found.parts;
                known.found.end() > next.found.start()
                    && known.source != next.source
                    && !is_other_guess
            })
            .map(|rival| nearest + rival);
        match rival {
            Some(rival) if rank(&settled[rival], &next) < rank(&next, &settled[rival]) => {
                settled[rival] = next;
            }
            Some(_) => {}
            None => settled.push(next),
        }
    }
    settled.sort_by_key(|key| key.found.start());
    settled
}

/// The kinds of form that are decoded apart from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kind(u8);

impl Kind {
    fn of(hit: &LiteralHit) -> Self {
        Self(match hit.form {
            Form::Plain => 0,
            Form::Base64 { .. } => 1,
            Form::GzipBase64 => 2,
            Form::Hex => 3,
            Form::Percent => 4,
            Form::Escapes => 5,
            Form::Html => 6,
            Form::QuotedPrintable => 7,
            // Other bytes can be text in wide units too, so that a run goes on
            // over another one that begins within a unit of it.
            Form::Wide(wide) => 8 + 4 * wide as u8 + (hit.start % wide.unit_bytes()) as u8,
        })
    }
}
