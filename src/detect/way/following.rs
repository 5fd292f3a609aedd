//! Values that follow their name without an operator.
//!
//! In: a name and the place after it. Out: the value behind a blank, a few
//! words, a flag of the same command, or on the next line.

use super::forward::Reader;
use super::grammar::{bare_word, is_connector, names_assignment, operator};
use super::piece::is_key;
use super::{Candidate, Way, fields};
use crate::detect::text::{
    balanced, byte, is_any, is_word, line_end, line_start, quoted, skip_blanks, skip_space, word_at,
};
use crate::detect::value::{Class, Form, classify};
use crate::rule::Strength;

/// Words between a name and its value that carry no meaning of their own.
const MOST_WORDS: usize = 8;

impl Reader<'_> {
    /// A flag of the same command that carries the value: `--value v`,
    /// `--secret-string "v"`.
    fn flagged(&self) -> Option<Candidate> {
        const FLAGS: [&[u8]; 7] = [
            b"--value",
            b"--secret-string",
            b"--body",
            b"--secret",
            b"--plaintext",
            b"--data",
            b"--string-value",
        ];
        let limit = self.bytes.len().min(self.end + 300);
        let text = &self.bytes[self.end..limit];
        let end = memchr::memmem::find(text, b"\n")
            .filter(|at| text[..*at].trim_ascii_end().last() != Some(&b'\\'))
            .unwrap_or(text.len());
        let (at, flag) = FLAGS
            .iter()
            .find_map(|flag| memchr::memmem::find(&text[..end], flag).map(|at| (at, flag)))?;
        let start = self.end + at + flag.len();
        let value = skip_blanks(self.bytes, start + usize::from(byte(self.bytes, start) == b'='));
        let candidate = self.expression(value, Way::Paired, false)?;
        matches!(candidate.class, Class::Literal(Strength::Strong)).then_some(candidate)
    }

    /// SQL's `CREATE SECRET k` with its clauses below.
    fn creates_secret(&self) -> bool {
        let line = line_start(self.bytes, self.name.start, 120);
        let head = self.bytes[line..self.name.start].trim_ascii().to_ascii_lowercase();
        head.starts_with(b"create") && head.ends_with(b"secret")
    }

    /// A type between a declared name and its operator:
    /// `declare variable $k as xs:string := …`, `DECLARE @k sql_variant = …`.
    fn declared_type(&self, words: usize, word: &std::ops::Range<usize>) -> Option<usize> {
        let line = line_start(self.bytes, self.name.start, 120);
        let head = self.bytes[line..self.name.start].trim_ascii_start().to_ascii_lowercase();
        let is_declared = words > 0
            || [&b"declare"[..], b"dim ", b"var ", b"let "].iter().any(|d| head.starts_with(d));
        let at = skip_blanks(self.bytes, word.end);
        let rest = self.bytes.get(at..)?;
        let length = if rest.starts_with(b":=") {
            2
        } else if rest.starts_with(b"=") && !rest.starts_with(b"==") {
            1
        } else {
            return None;
        };
        is_declared.then_some(at + length)
    }

    /// The value stands on the next line: under a flag or an element.
    pub(super) fn next_line(&self, at: usize) -> Option<Candidate> {
        let next = skip_space(self.bytes, at);
        if byte(self.bytes, next) == b'-'
            && byte(self.bytes, next + 1) == b' '
            && self.bytes[..self.name.start].ends_with(b"--")
        {
            let candidate = self.expression(next + 2, Way::Following, true)?;
            return matches!(candidate.class, Class::Literal(Strength::Strong))
                .then_some(candidate);
        }
        match byte(self.bytes, next) {
            b'<' => self.tags(next),
            b'"' | b'\'' | b'`' if !is_key(self.bytes, next) => {
                let candidate = self.expression(next, Way::Following, false)?;
                matches!(candidate.class, Class::Literal(Strength::Strong)).then_some(candidate)
            }
            b'=' => self.assigned(next + 1),
            // Markdown's definition lists.
            b':' if byte(self.bytes, next + 1) == b' ' => {
                let candidate = self.expression(next + 2, Way::Following, false)?;
                matches!(candidate.class, Class::Literal(Strength::Strong)).then_some(candidate)
            }
            // Redis writes a length before each argument.
            b'$' if byte(self.bytes, next + 1).is_ascii_digit() => {
                let end = word_at(self.bytes, next + 1).end;
                let value = skip_space(self.bytes, end);
                (value > end).then(|| self.expression(value, Way::Field, false))?
            }
            _ if self.creates_secret() => fields::indented_below(self.bytes, &self.name, at),
            b'?' | b'.' => self.fallback(next),
            _ if is_any(
                self.bytes,
                &word_at(self.bytes, next),
                &["with", "rescue", "catch", "except", "otherwise", "or", "else"],
            ) =>
            {
                let candidate = self.expression(next, Way::Assigned, true)?;
                matches!(candidate.class, Class::Literal(Strength::Strong)).then_some(candidate)
            }
            _ => None,
        }
    }

    /// `… key for production is:` and the value alone on the next line that is
    /// not blank.
    fn set_apart(&self, at: usize) -> Option<Candidate> {
        let start = skip_space(self.bytes, at);
        let line = &self.bytes[start..line_end(self.bytes, start, 600)];
        let text = line.trim_ascii();
        let marks = text.iter().take_while(|b| matches!(b, b'`' | b'"' | b'\'')).count();
        let inner = &text[marks..text.len().saturating_sub(marks).max(marks)];
        let class = classify(inner, Form::Bare);
        let parts = vec![start + marks..start + marks + inner.len()];
        matches!(class, Class::Literal(Strength::Strong)).then_some(Candidate {
            parts,
            class,
            way: Way::Told,
            is_quoted: false,
        })
    }

    /// Only blanks or a few words lie between: directives, types, prose.
    pub(super) fn following(&self, at: usize) -> Option<Candidate> {
        if self.bytes[self.end..at].contains(&b'\t') && self.heads_identifiers(at, b'\t') {
            return None;
        }
        if at > self.end && super::table::is_aligned_under_identifiers(self.bytes, at) {
            return None;
        }
        if at == self.end
            && !matches!(byte(self.bytes, at), b'"' | b'\'' | b'`' | b'\\' | b'&' | 0xe2)
        {
            return None;
        }
        let mut at = at;
        let mut way = Way::Following;
        let mut is_loose = false;
        for words in 0..MOST_WORDS {
            at = skip_blanks(self.bytes, at);
            if let Some(after) = operator(self.bytes, at, &self.name).filter(|_| words > 0) {
                return self.expression(after, Way::Assigned, false);
            }
            if quoted(self.bytes, at).is_some() {
                return (!is_key(self.bytes, at)).then(|| self.expression(at, way, false))?;
            }
            if byte(self.bytes, at) == b'(' {
                at = balanced(self.bytes, at, 40)?;
                let after = operator(self.bytes, skip_blanks(self.bytes, at), &self.name);
                if words == 0 {
                    return self.expression(after?, Way::Assigned, false);
                }
                continue;
            }
            if words > 0 && byte(self.bytes, at) == b'\n' {
                if self.bytes[..at].trim_ascii_end().ends_with(b":") {
                    return self.set_apart(at);
                }
                at = skip_space(self.bytes, at);
                if !is_any(self.bytes, &word_at(self.bytes, at), &["value", "default"]) {
                    return None;
                }
                continue;
            }
            let word = bare_word(self.bytes, at)?;
            // `set -gx K $t`.
            if words == 0 && byte(self.bytes, at) == b'$' && is_word(byte(self.bytes, at + 1)) {
                let class = Class::Reference;
                return Some(Candidate { parts: vec![word], class, way, is_quoted: false });
            }
            if word.len() <= 2 && matches!(byte(self.bytes, word.end), b'"' | b'\'') {
                return self.expression(at, way, false);
            }
            if names_assignment(&self.bytes[word.clone()]) {
                let value = word_at(self.bytes, word.start);
                let is_value = fields::names_value(self.bytes, &value)
                    || is_any(self.bytes, &value, &["override"]);
                return is_value.then(|| self.expression(value.end + 1, Way::Field, false))?;
            }
            let class = classify(&self.bytes[word.clone()], Form::Bare);
            if matches!(class, Class::Literal(strength) if strength >= Strength::Fair) {
                let is_id = is_loose && self.bytes[word.clone()].iter().all(u8::is_ascii_hexdigit);
                let is_key = is_id
                    || matches!(byte(self.bytes, skip_blanks(self.bytes, word.end)), b':' | b'=');
                return (!is_key).then(|| Candidate {
                    parts: vec![word],
                    class,
                    way,
                    is_quoted: false,
                });
            }
            if !is_connector(self.bytes, &word) {
                if let Some(after) = self.declared_type(words, &word) {
                    return self.expression(after, Way::Assigned, false);
                }
                return self.flagged();
            }
            if is_any(self.bytes, &word, &["init", "inz", "value"])
                && byte(self.bytes, word.end) == b'('
            {
                return self.expression(word.end + 1, Way::Field, true);
            }
            if is_any(self.bytes, &word, &["in", "used", "for", "of", "and"]) {
                is_loose = true;
            }
            way = if words == 0 && is_any(self.bytes, &word, &["value", "val", "default"]) {
                Way::Field
            } else {
                Way::Told
            };
            at = word.end;
        }
        None
    }
}
