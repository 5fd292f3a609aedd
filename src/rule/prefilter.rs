//! The literals of all rules in one searcher, in every encoding.
//!
//! In: the literals that rules require. Out: for any piece of bytes, whether
//! detection could find anything in it, and where the literals stand. A source
//! promises to deliver every content in which the prefilter can match; how it
//! keeps the promise is its own affair.
//!
//! A keyword may be a word that stands everywhere. So a plain one is a hit only
//! where what stands beside it can belong to a match of its rule, as far as the
//! rule's pattern tells; encoded ones always are hits.
//!
//! Besides plain text the searcher knows each literal in base64 and base64url
//! (at all three alignments), hexadecimal, percent escapes, UTF-16 and UTF-32
//! of either byte order, `\x62` and `\u0062`, `&#x62;`, and quoted-printable,
//! whatever the case of its letters; and in lower, UPPER and Title case in
//! octal, as `\u{62}` and `&#98;`, in base64 twice, in UTF-16 as base64 and in
//! base64 as UTF-16. Of gzip in base64, once or twice, it knows the head alone.
//! A vendor's word that is written as two is known plain alone.
//! It does not know mixtures within one literal (`b\x69t`), escapes with other
//! digits than these (`&#0098;`), a literal that a line break divides, digits
//! that are set apart (`0x62, 0x69`), or any other two layers of encoding. A
//! literal that stands plain beside an encoded value needs no form of its own:
//! the value is decoded by itself, or with the text around it.

mod container;
mod demands;
mod forms;
mod regions;
mod searcher;
mod searchers;
mod words;

pub use container::{HEAD_BYTES, TAIL_BYTES, marks_container};
pub(super) use demands::Demands;

use super::Form;
use super::parts::in_parts;
use crate::secret::Secret;
use forms::{Forms, Pattern};
pub use searcher::CORE_BYTES;
use searchers::Searchers;

/// A text that a rule's match always holds, ASCII case folded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Literal {
    text: String,
    is_plain: bool,
}

impl Literal {
    /// Takes a literal of at least three ASCII bytes; shorter ones would make
    /// nearly every content a candidate.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let is_fit = text.len() >= 3 && text.is_ascii();
        is_fit.then(|| Self { text: text.to_ascii_lowercase(), is_plain: false })
    }

    /// The same, searched for as it is written alone and in no encoding.
    #[must_use]
    pub(super) fn plain(self) -> Self {
        Self { is_plain: true, ..self }
    }

    /// The literal in lower case.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Where a literal stands in some bytes, half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiteralHit {
    /// Which literal, by its index in the list given to [`Prefilter::new`];
    /// past its end, which of the known keys.
    pub literal: usize,
    /// First byte.
    pub start: usize,
    /// One past the last byte; of a long encoded literal only the beginning
    /// counts, of a long plain one perhaps only one end.
    pub end: usize,
    /// How it is written.
    pub form: Form,
}

/// A byte that no literal holds, in any encoding: pieces parted by it can be
/// searched as one.
pub const SEPARATOR: u8 = 0xff;

/// The least literals that are worth a thread.
const THREAD_LITERALS: usize = 64;

/// All literals in one searcher.
#[derive(Debug)]
pub struct Prefilter {
    searchers: Searchers,
    demands: Demands,
    longest_bytes: usize,
    has_literals: bool,
    takes_everything: bool,
}

impl Prefilter {
    /// Builds the searcher. `takes_everything` says that some rule has no
    /// required literal, so that every content is a candidate.
    #[must_use]
    pub fn new(literals: &[Literal], takes_everything: bool) -> Self {
        Self::knowing(literals, &[], takes_everything)
    }

    /// As [`Prefilter::new`], and searches for the two ends of each key too, in
    /// every form.
    #[must_use]
    pub fn knowing(literals: &[Literal], keys: &[Secret], takes_everything: bool) -> Self {
        Self::asking(literals, Demands::nothing_of(literals.len()), keys, takes_everything)
    }

    /// As [`Prefilter::knowing`]; of the places where a literal stands plain,
    /// only those count that meet its demands.
    pub(super) fn asking(
        literals: &[Literal],
        demands: Demands,
        keys: &[Secret],
        takes_everything: bool,
    ) -> Self {
        let numbered: Vec<(usize, &Literal)> = literals.iter().enumerate().collect();
        let parts = in_parts(&numbered, THREAD_LITERALS, |literals| {
            let mut forms = Forms::for_literals(literals.len());
            for (number, literal) in literals {
                let text = literal.text().as_bytes();
                let part = demands.part(*number, text.len());
                if literal.is_plain {
                    forms::plain(*number, &text[part], &mut forms);
                } else {
                    forms::looks(*number, text, part, &mut forms);
                }
            }
            forms
        });
        let mut forms = Forms::joined(&parts);
        drop(parts);
        for (number, key) in keys.iter().enumerate() {
            forms::known(literals.len() + number, key.expose(), &mut forms);
        }
        let has_literals = forms.len() > 0;
        if has_literals {
            forms::gzip(&mut forms);
        }
        let searchers = Searchers::new(forms, &demands);
        let decided =
            literals.iter().enumerate().map(|(number, literal)| match demands.longest(number) {
                0 => 0,
                beside => demands.part(number, literal.text().len()).len() + beside,
            });
        let longest_bytes = decided.max().unwrap_or(0).max(searchers.longest());
        Self { searchers, demands, longest_bytes, has_literals, takes_everything }
    }

    /// Whether detection could find anything in `bytes`: a literal stands in
    /// them, or they are a container, or some rule has no literal.
    #[must_use]
    pub fn is_candidate(&self, bytes: &[u8]) -> bool {
        let tail = bytes.len().saturating_sub(TAIL_BYTES);
        self.takes_everything
            || marks_container(&bytes[..bytes.len().min(HEAD_BYTES)], &bytes[tail..])
            || self.holds_literal(bytes)
    }

    /// Whether a literal stands in `bytes`, which may be any part of a content.
    #[must_use]
    pub fn holds_literal(&self, bytes: &[u8]) -> bool {
        self.has_literals
            && self.searchers.search(bytes, |form, start| self.counts(bytes, form, start))
    }

    /// Whether it can look for cores. A literal has a core in each encoding: a
    /// part of at most [`CORE_BYTES`], rarer than the rest, that stands wherever
    /// the whole does. Those of many literals would stand nearly everywhere.
    #[must_use]
    pub fn knows_cores(&self) -> bool {
        self.has_literals && self.searchers.pairs().is_some()
    }

    /// Whether two bytes can stand in a core, one after the other.
    pub fn core_pairs(&self) -> impl Fn(u8, u8) -> bool {
        let pairs = self.searchers.pairs();
        move |first, second| pairs.is_none_or(|pairs| pairs.hold(first, second))
    }

    /// Whether the core of a literal stands in `bytes`, whatever stands beside
    /// it. Where none does, [`Prefilter::holds_literal`] finds none either.
    #[must_use]
    pub fn holds_core(&self, bytes: &[u8]) -> bool {
        self.has_literals && self.searchers.finds_core(bytes)
    }

    /// Whether every content is a candidate, because some rule has no literal.
    #[must_use]
    pub fn takes_everything(&self) -> bool {
        self.takes_everything
    }

    /// The length in bytes of the longest literal in any encoding, with what
    /// decides whether it counts: two pieces that overlap by one byte less lose
    /// no hit between them.
    #[must_use]
    pub fn longest_bytes(&self) -> usize {
        self.longest_bytes
    }

    /// Whether a form that stands somewhere is a hit.
    #[inline]
    fn counts(&self, bytes: &[u8], form: Pattern<'_>, start: usize) -> bool {
        form.form != Form::Plain
            || self.demands.count(form.literal, bytes, start, start + form.places.len())
    }

    /// Every hit, overlapping ones included, in the order of their ends.
    pub fn hits<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = LiteralHit> + 'a {
        let mut hits = Vec::new();
        if self.has_literals {
            self.searchers.search(bytes, |form, start| {
                if self.counts(bytes, form, start) {
                    let end = start + form.places.len();
                    hits.push(LiteralHit { literal: form.literal, start, end, form: form.form });
                }
                false
            });
        }
        hits.sort_unstable_by_key(|hit| (hit.end, hit.start, hit.literal, hit.form));
        hits.into_iter()
    }
}

#[cfg(test)]
mod tests;
