//! The searchers that share the forms.
//!
//! In: forms of all lengths. Out: the places where one stands. Few forms go into
//! one searcher. Of many, one short form would have all others searched for at
//! every byte, by short pieces; so they are parted by what suits them.

use super::forms::Pattern;
use super::searcher::Searcher;
use super::words::{self, Words};
use crate::rule::Form;
use crate::rule::shape::Class;

/// So many forms are searched for at once; those of two dozen literals.
const FEW_FORMS: usize = 2_000;

/// The shortest form that most others are searched for with: nearly all are as
/// long.
const LONG_BYTES: usize = 6;

/// All forms, parted.
#[derive(Debug)]
pub(super) struct Searchers {
    searchers: Vec<Searcher>,
    words: Option<Words>,
}

impl Searchers {
    /// Takes all forms; `next` says what must follow a literal that stands
    /// plain, if that is known.
    pub(super) fn new(forms: Vec<Pattern>, next: impl Fn(usize) -> Option<Class>) -> Self {
        if forms.len() <= FEW_FORMS {
            return Self { searchers: vec![Searcher::new(forms)], words: None };
        }
        let (words, encoded): (Vec<Pattern>, Vec<Pattern>) = forms.into_iter().partition(|form| {
            form.form == Form::Plain && form.places.len() >= words::SHORTEST_BYTES
        });
        let (long, short): (Vec<Pattern>, Vec<Pattern>) =
            encoded.into_iter().partition(|form| form.places.len() >= LONG_BYTES);
        let searchers = [long, short].into_iter().filter(|forms| !forms.is_empty());
        Self {
            searchers: searchers.map(Searcher::new).collect(),
            words: (!words.is_empty()).then(|| Words::new(words, next)),
        }
    }

    /// The length of the longest form.
    pub(super) fn longest(&self) -> usize {
        let words = self.words.as_ref().map_or(0, Words::longest);
        self.searchers.iter().map(Searcher::longest).max().unwrap_or(0).max(words)
    }

    /// Gives every place where a form stands, until told to stop; they come in
    /// no particular order. Says whether it was told to stop.
    pub(super) fn search(
        &self,
        bytes: &[u8],
        mut take: impl FnMut(&Pattern, usize) -> bool,
    ) -> bool {
        self.words.as_ref().is_some_and(|words| words.search(bytes, &mut take))
            || self.searchers.iter().any(|searcher| searcher.search(bytes, &mut take))
    }
}
