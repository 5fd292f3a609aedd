//! Names that are looked up, called or subscripted.
//!
//! In: a name inside a call, a subscript or a function's head. Out: the value
//! that is given to it, or that the look-up falls back to.

use super::forward::Reader;
use super::grammar::{gives_value, operator, past_question};
use super::{Candidate, Way};
use crate::detect::text::{
    balanced, byte, is_any, line_start, quoted, skip_blanks, skip_space, word_at,
};
use crate::detect::value::Class;
use crate::rule::Strength;

impl Reader<'_> {
    /// `.unwrap_or("v")`, `.equals("v")`, `?? "v"`, `?: "v"`.
    pub(super) fn fallback(&self, at: usize) -> Option<Candidate> {
        if self.bytes[at..].starts_with(b"? ") {
            // CoffeeScript's existential operator; a condition has two branches.
            let candidate = self.expression(at + 1, Way::Assigned, false)?;
            let end = candidate.parts.last().map_or(at, |part| part.end + 1);
            let is_condition = byte(self.bytes, skip_space(self.bytes, end)) == b':';
            return (!is_condition).then_some(candidate);
        }
        if byte(self.bytes, at) == b'?' {
            let is_fallback = matches!(byte(self.bytes, at + 1), b'?' | b':' | b'.');
            return is_fallback.then(|| self.expression(at, Way::Assigned, false))?;
        }
        let next = skip_space(self.bytes, at + 1);
        let method = word_at(self.bytes, next);
        let open = skip_blanks(self.bytes, past_question(self.bytes, method.end));
        match byte(self.bytes, open) {
            b'(' if gives_value(self.bytes, &method) => {
                self.expression(open + 1, Way::Paired, true)
            }
            b'(' => {
                let after = skip_space(self.bytes, balanced(self.bytes, open, 200)?);
                (byte(self.bytes, after) == b'.').then(|| self.fallback(after))?
            }
            _ => None,
        }
    }

    /// `$ENV{K} = "v"`, `${env:K} = 'v'`, `\newcommand{\k}{v}`.
    pub(super) fn subscript_closed(&self, at: usize) -> Option<Candidate> {
        let next = skip_blanks(self.bytes, at + 1);
        let is_subscript = self.bytes[..self.name.start].iter().rev().take(12).any(|b| *b == b'{');
        match byte(self.bytes, next) {
            b'{' if next == at + 1 => self.block(next),
            b'=' | b'/' | b'|' | b'?' | b'o' if is_subscript => self.lookup_closed(at),
            _ => None,
        }
    }

    /// After `getenv("K")` or `config[K]`: an operator or a fallback.
    pub(super) fn lookup_closed(&self, at: usize) -> Option<Candidate> {
        let mut at = at;
        while matches!(byte(self.bytes, at), b')' | b']' | b'}') {
            at = skip_blanks(self.bytes, at + 1);
        }
        let next = skip_space(self.bytes, at);
        let rest = &self.bytes[next.min(self.bytes.len())..];
        if let Some(after) = operator(self.bytes, at, &self.name) {
            return self.assigned(after);
        }
        if rest.starts_with(b"||")
            || rest.starts_with(b"??")
            || rest.starts_with(b"?:")
            || rest.starts_with(b"//")
        {
            return self.expression(next + 2, Way::Assigned, false);
        }
        if let Some(outer) = self.outer_fallback(next) {
            return Some(outer);
        }
        let word = word_at(self.bytes, next + usize::from(byte(self.bytes, next) == b'~'));
        if is_any(self.bytes, &word, &["or", "orelse", "else", "default", "value", "init", "inz"]) {
            return self.expression(word.end, Way::Assigned, false);
        }
        if let Some(other) = self
            .annotated(next)
            .or_else(|| self.otherwise(at))
            .or_else(|| self.returned_instead(at))
        {
            return Some(other);
        }
        match byte(self.bytes, next) {
            b'.' | b'?' => self.fallback(next),
            b'{' => self.block(next),
            b'|' => self.piped(next),
            _ => None,
        }
    }

    /// `cmp.Or(os.Getenv("K"), "v")`, `(or (getenv "K") "v")`: the call around
    /// the look-up takes a fallback.
    pub(super) fn outer_fallback(&self, at: usize) -> Option<Candidate> {
        let next = skip_space(self.bytes, at + usize::from(byte(self.bytes, at) == b','));
        quoted(self.bytes, next)?;
        let from = line_start(self.bytes, self.name.start, 120);
        let before = self.bytes[from..self.name.start].to_ascii_lowercase();
        let takes_fallback = [
            &b"or("[..],
            b"(or ",
            b"coalesce",
            b"nonnull",
            b"default",
            b"fallback",
            b"if(",
            b"ifnull",
            b"else",
        ]
        .iter()
        .any(|word| memchr::memmem::find(&before, word).is_some());
        let candidate = takes_fallback.then(|| self.expression(next, Way::Paired, true))??;
        matches!(candidate.class, Class::Literal(Strength::Strong)).then_some(candidate)
    }

    /// C#'s `K { get; set; } = "v"`.
    pub(super) fn after_accessors(&self, at: usize) -> Option<Candidate> {
        let end = skip_blanks(self.bytes, balanced(self.bytes, at, 200)?);
        (byte(self.bytes, end) == b'=').then(|| self.assigned(end + 1))?
    }

    /// `f() = "v"`, `f () = "v"`.
    pub(super) fn takes_unit(&self, at: usize) -> bool {
        byte(self.bytes, at + 1) == b')'
            && matches!(byte(self.bytes, skip_blanks(self.bytes, at + 2)), b'=' | b':')
    }

    /// Whether a call's own name holds the noun: `withBitkitApiKey(`, and not
    /// `bitkitTokenCache.get(`.
    pub(super) fn calls_key(&self) -> bool {
        let name = &self.bytes[self.name.clone()];
        let last = name
            .iter()
            .rposition(|b| matches!(b, b'.' | b':' | b'>'))
            .map_or(name, |at| &name[at + 1..]);
        last.len() == name.len()
            || crate::detect::name::words(last).iter().any(|word| {
                ["key", "token", "secret", "apikey", "auth", "credential", "password", "bearer"]
                    .contains(&word.as_str())
            })
    }
}
