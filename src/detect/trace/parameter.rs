//! Parameters and the arguments of their calls.
//!
//! In: a name that is a parameter of a function, a constructor or a record of
//! the same piece. Out: the literals that calls give it.

use std::ops::Range;

use super::definition::is_declared;
use super::reference::Reference;
use super::scope::{self, Enclosure};
use super::{Parts, Tracer};
use crate::detect::text::{
    balanced, before_blanks, byte, is_any, is_word, skip_blanks, skip_space, word_at, word_before,
};

/// How many calls of one function are read.
const MOST_CALLS: usize = 24;

impl Tracer<'_> {
    /// What the calls give to the parameter that the reference names.
    pub(super) fn passed(
        &self,
        reference: &Reference,
        occurrences: &[Range<usize>],
        depth: usize,
    ) -> Vec<Parts> {
        for at in occurrences.iter().rev() {
            let Enclosure::Parentheses(open) = scope::enclosure(self.bytes, at) else { continue };
            if open > reference.name().start || !is_declared(self.bytes, open) {
                continue;
            }
            let Some((function, offset)) = self.function(open) else { continue };
            let index = self.index(open, at.start);
            let values = self.arguments(&function, open, index.saturating_sub(offset), depth);
            if !values.is_empty() {
                return values;
            }
        }
        Vec::new()
    }

    /// The name that calls the function whose parameters open at `open`, and
    /// how many of its parameters a call leaves out.
    fn function(&self, open: usize) -> Option<(Range<usize>, usize)> {
        let name = scope::callee(self.bytes, open);
        let takes_self = is_any(
            self.bytes,
            &word_at(self.bytes, skip_space(self.bytes, open + 1)),
            &["self", "cls"],
        );
        if is_any(
            self.bytes,
            &name,
            &["constructor", "__init__", "initialize", "init", "__construct"],
        ) {
            let from = open.saturating_sub(4096);
            let class = memchr::memmem::rfind(&self.bytes[from..open], b"class ")?;
            let word = word_at(self.bytes, skip_blanks(self.bytes, from + class + 6));
            return (!word.is_empty()).then_some((word, usize::from(takes_self)));
        }
        if name.is_empty() || is_any(self.bytes, &name, &["async"]) {
            let equals = before_blanks(self.bytes, name.start.min(open));
            let is_bound = byte(self.bytes, equals.wrapping_sub(1)) == b'=';
            let bound =
                is_bound.then(|| word_before(self.bytes, before_blanks(self.bytes, equals - 1)))?;
            return (!bound.is_empty()).then_some((bound, 0));
        }
        let is_control = is_any(
            self.bytes,
            &name,
            &["if", "for", "while", "switch", "catch", "return", "match"],
        );
        (!is_control).then_some((name, usize::from(takes_self)))
    }

    /// How many commas stand before a place in the brackets that open at
    /// `open`.
    fn index(&self, open: usize, at: usize) -> usize {
        let mut depth = 0_usize;
        let mut commas = 0;
        for here in open + 1..at {
            match self.bytes[here] {
                b'(' | b'[' | b'{' | b'<' => depth += 1,
                b')' | b']' | b'}' | b'>' => depth = depth.saturating_sub(1),
                b',' if depth == 0 => commas += 1,
                _ => {}
            }
        }
        commas
    }

    /// The arguments at `index` of the calls of a function.
    fn arguments(
        &self,
        function: &Range<usize>,
        declared: usize,
        index: usize,
        depth: usize,
    ) -> Vec<Parts> {
        let text = &self.bytes[function.clone()];
        let mut values = Vec::new();
        for at in memchr::memmem::find_iter(self.bytes, text).take(MOST_CALLS) {
            let end = at + text.len();
            if is_word(byte(self.bytes, at.wrapping_sub(1))) || is_word(byte(self.bytes, end)) {
                continue;
            }
            let Some(open) = self.call(end).filter(|open| *open != declared) else { continue };
            let Some(close) = balanced(self.bytes, open, 1200) else { continue };
            let Some(argument) = self.argument(open, close, index) else { continue };
            values.extend(self.expression(argument, depth));
        }
        values
    }

    /// Where the arguments of the function named before `end` open: at once,
    /// or after `name = new`.
    fn call(&self, end: usize) -> Option<usize> {
        let mut at = skip_blanks(self.bytes, end);
        if self.bytes[at.min(self.bytes.len())..].starts_with(b".new") {
            at += 4;
        }
        if byte(self.bytes, at) == b'(' {
            return Some(at);
        }
        let variable = word_at(self.bytes, at);
        let equals = skip_blanks(self.bytes, variable.end);
        if variable.is_empty() || byte(self.bytes, equals) != b'=' {
            return None;
        }
        let new = word_at(self.bytes, skip_blanks(self.bytes, equals + 1));
        let open = skip_blanks(self.bytes, new.end);
        (is_any(self.bytes, &new, &["new"]) && byte(self.bytes, open) == b'(').then_some(open)
    }

    /// Where the argument at `index` begins.
    fn argument(&self, open: usize, close: usize, index: usize) -> Option<usize> {
        let mut at = open + 1;
        let mut commas = 0;
        while commas < index {
            match byte(self.bytes, at) {
                _ if at + 1 >= close => return None,
                b'(' | b'[' | b'{' => at = balanced(self.bytes, at, close - at)?,
                b'"' | b'\'' | b'`' => {
                    at = crate::detect::text::quoted(self.bytes, at).map_or(at + 1, |s| s.end);
                }
                b',' => {
                    commas += 1;
                    at += 1;
                }
                _ => at += 1,
            }
        }
        let at = skip_space(self.bytes, at);
        (at + 1 < close).then_some(at)
    }
}
