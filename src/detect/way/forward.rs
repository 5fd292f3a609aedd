//! From a name to its value.
//!
//! In: bytes and a name's range. Out: the values that the name may have, in
//! the order in which they should be believed. What follows the name decides:
//! an operator, a comma, a blank, a bracket, a tag, or a field beside it.

use std::ops::Range;

use super::expression::{Expression, evaluate};
use super::grammar::{enclosing_quote, operator, past_closers, past_closers_open, skip_cell_marks};
use super::markup::before_space;
use super::piece::is_key;
use super::{Candidate, Way, fields};
use crate::detect::text::{
    balanced, before_blanks, byte, indent, is_any, is_word, line_start, quoted, skip_blanks,
    skip_space, word_at, word_before,
};
use crate::detect::value::{Class, Form, classify};
use crate::rule::Strength;

/// The values that a name may have.
pub(crate) fn after_name(bytes: &[u8], name: &Range<usize>) -> Vec<Candidate> {
    if bytes[..name.start].ends_with(b"</") {
        return Vec::new();
    }
    if is_digested(bytes, name) || is_looked_up(bytes, name) {
        return Vec::new();
    }
    let reader = Reader::new(bytes, name);
    if let Some(candidates) = reader.parallel().or_else(|| reader.substituted()) {
        return candidates;
    }
    let mut candidates = reader.column();
    for read in
        [Reader::inserted, Reader::branches, Reader::several, Reader::comma_list, Reader::headed]
    {
        if candidates.is_empty() {
            candidates = read(&reader);
        }
    }
    if candidates.is_empty() {
        candidates = reader.returned();
    }
    if candidates.is_empty() {
        candidates.extend(reader.direct());
    }
    if candidates.is_empty() {
        candidates.extend(fields::beside(bytes, name, reader.end));
    }
    if candidates.is_empty() {
        candidates.extend(reader.reversed());
    }
    if !candidates.iter().any(|candidate| matches!(candidate.class, Class::Literal(_))) {
        candidates.extend(reader.given_later());
    }
    candidates
}

pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) name: Range<usize>,
    /// Past the quotes and brackets that close around the name.
    pub(super) end: usize,
    pub(super) indent: usize,
    enclosing: Option<u8>,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8], name: &Range<usize>) -> Self {
        let line = line_start(bytes, name.start, 512);
        let end = past_closers(bytes, name.end);
        let enclosing = enclosing_quote(&bytes[line..name.start])
            .filter(|quote| !bytes[name.end..end].contains(quote));
        Self { bytes, name: name.clone(), end, indent: indent(bytes, line), enclosing }
    }

    pub(super) fn expression(&self, at: usize, way: Way, in_brackets: bool) -> Option<Candidate> {
        let enclosing = self.enclosing;
        evaluate(self.bytes, at, Expression { way, indent: self.indent, in_brackets, enclosing })
    }

    /// What follows the name directly.
    fn direct(&self) -> Option<Candidate> {
        let mut at = skip_blanks(self.bytes, self.end);
        if let Some(candidate) = self.marked(at) {
            return Some(candidate);
        }
        if byte(self.bytes, at) == b'[' || self.bytes[at.min(self.bytes.len())..].starts_with(b"{.")
        {
            at = skip_blanks(self.bytes, balanced(self.bytes, at, 64)?);
        }
        if let Some(after) = operator(self.bytes, at, &self.name) {
            return self.assigned(after);
        }
        match byte(self.bytes, at) {
            b'\\' if skip_space(self.bytes, at) > at + 1 => {
                self.following(skip_space(self.bytes, at))
            }
            // `env["K"], "v"`: what follows a look-up in a list is another's.
            b',' if self.is_subscript() => None,
            b',' | b'\t' => self.paired(at + 1),
            b';' if self.is_csv(at) => self.paired(at + 1),
            b'|' => self.piped(at),
            b'(' if self.takes_unit(at) => self.lookup_closed(at + 1),
            b'(' if byte(self.bytes, self.name.start.wrapping_sub(1)) == b'-' => {
                self.expression(at, Way::Paired, true)
            }
            b'(' if at == self.end && !self.calls_key() => None,
            b'(' if at == self.end || quoted(self.bytes, at + 1).is_some() => {
                self.expression(at + 1, Way::Paired, true)
            }
            b'.' if byte(self.bytes, at + 1) == b' ' => self.expression(at + 1, Way::Paired, true),
            b'.' | b'?' => self.fallback(at),
            b'}' => self.subscript_closed(at),
            b'>' => self.element(at + 1),
            b'<' => self.tags(at),
            b'{' => self.after_accessors(at).or_else(|| self.block(at)),
            b')' | b']' => self.lookup_closed(at),
            b'\n' => self.next_line(at),
            _ if self.is_in_tag() || self.has_attributes(at) => self.tag(at),
            _ => self.following(at),
        }
    }

    /// After a mark that only a few languages have: `read K <<< v`, Robot's
    /// `${K}    v`, Smalltalk's `K [ ^ v ]`, an option's `--k <key>`.
    fn marked(&self, at: usize) -> Option<Candidate> {
        if let Some(logged) = self.logged() {
            return Some(logged);
        }
        let rest = &self.bytes[at.min(self.bytes.len())..];
        if rest.starts_with(b"<<<") {
            return self.expression(at + 3, Way::Assigned, false);
        }
        // Struct tags: `env:"K" envDefault:"v"`.
        for mark in [&b"envDefault:"[..], b"default:", b"default="] {
            if at > self.end
                && rest.starts_with(mark)
                && quoted(self.bytes, at + mark.len()).is_some()
            {
                return self.expression(at + mark.len(), Way::Field, false);
            }
        }
        // PHP's `serialize`: `s:7:"api_key";s:40:"v";`.
        if rest.starts_with(b";s:") {
            let digits = rest[3..].iter().take_while(|b| b.is_ascii_digit()).count();
            return self.expression(at + 3 + digits + 1, Way::Field, false);
        }
        // Raku's `%*ENV<K> //= v`.
        let is_subscript = rest.starts_with(b">")
            && self.bytes[..self.name.start].ends_with(b"<")
            && is_word(byte(self.bytes, self.name.start.wrapping_sub(2)));
        if is_subscript {
            return self.lookup_closed(at + 1);
        }
        if self.bytes[self.name.end..self.end].contains(&b']')
            && let Some(other) = self.otherwise(at)
        {
            return Some(other);
        }
        let is_cell = [&b"}  "[..], b"}\t"].iter().any(|end| rest.starts_with(end));
        if is_cell && self.bytes[..self.name.start].ends_with(b"${") {
            return self.expression(at + 1, Way::Field, false);
        }
        let caret = skip_space(self.bytes, at + 1);
        if rest.starts_with(b"[") && byte(self.bytes, caret) == b'^' {
            return self.expression(caret + 1, Way::Assigned, false);
        }
        let is_placeholder =
            rest.starts_with(b"<") || rest.starts_with(b"[") || rest.starts_with(b",");
        if is_placeholder && let Some(candidate) = self.declared_default() {
            return Some(candidate);
        }
        let is_body = self.bytes[self.end..].starts_with(b", do:");
        is_body.then(|| self.expression(self.end + 5, Way::Assigned, false))?
    }

    /// After an operator.
    pub(super) fn assigned(&self, at: usize) -> Option<Candidate> {
        if let Some(candidate) = self.filled(at) {
            return Some(candidate);
        }
        // A type as Java's class files write it.
        let at = match self.bytes.get(at..) {
            Some(rest) if rest.starts_with(b"Ljava/lang/String; = ") => at + 20,
            _ => at,
        };
        let in_brackets = byte(self.bytes, self.name.start.wrapping_sub(1)) == b'(';
        let candidate = self.expression(at, Way::Assigned, in_brackets);
        if !candidate.as_ref().is_some_and(|found| matches!(found.class, Class::Literal(_)))
            && let Some(other) = self.otherwise(at)
        {
            return Some(other);
        }
        if candidate.is_none() && byte(self.bytes, skip_blanks(self.bytes, at)) == b'\n' {
            return fields::indented_below(self.bytes, &self.name, at);
        }
        candidate
    }

    /// Whether the name is looked up: `env["K"]`.
    fn is_subscript(&self) -> bool {
        let before = &self.bytes[..self.name.start];
        let owner = before.strip_suffix(b"[\"").or_else(|| before.strip_suffix(b"['"));
        owner.and_then(|owner| owner.last()).is_some_and(|byte| is_word(*byte))
            && self.bytes[self.name.end..self.end].contains(&b']')
    }

    /// `("K", "v")`, `K,v`: the next piece is the value unless it is a key.
    fn paired(&self, at: usize) -> Option<Candidate> {
        let next = skip_space(self.bytes, at);
        // Transact-SQL's named parameters begin with `@`.
        let next =
            next + usize::from(byte(self.bytes, next) == b'@' && is_key(self.bytes, next + 1));
        if is_key(self.bytes, next) && !self.is_named_argument(next) {
            let is_quoted = matches!(byte(self.bytes, self.name.end), b'"' | b'\'');
            return is_quoted.then(|| fields::among_arguments(self.bytes, next))?;
        }
        if self.is_named_argument(next) && is_key(self.bytes, next) {
            let name = word_at(self.bytes, next);
            let operator = skip_blanks(self.bytes, name.end);
            return self.expression(operator + 1, Way::Paired, true);
        }
        if byte(self.bytes, next) == b'[' {
            let end = balanced(self.bytes, next, 96)?;
            if byte(self.bytes, skip_blanks(self.bytes, end)) == b'=' {
                return None;
            }
        }
        if self.starts_row() {
            return self.row(at);
        }
        let before = byte(self.bytes, self.name.start.wrapping_sub(1));
        if matches!(byte(self.bytes, self.name.end), b'"' | b'\'') && matches!(before, b' ' | b'\t')
        {
            return None;
        }
        let is_cell = matches!(byte(self.bytes, self.name.end), b'"' | b'\'' | b'`')
            || !is_word(byte(
                self.bytes,
                before_blanks(self.bytes, self.name.start).wrapping_sub(1),
            ));
        if !is_cell && quoted(self.bytes, next).is_none() {
            return None;
        }
        let candidate = self.expression(next, Way::Paired, true)?;
        if !matches!(candidate.class, Class::Literal(_)) {
            let last = candidate.parts.last().map_or(next, |part| part.end);
            if let Some(more) = self.after_short_option(&candidate, last) {
                return Some(more);
            }
        }
        is_near(next, &candidate, 160).then_some(candidate)
    }

    /// `("bitkit-api-key", "k", "v", …)`, `("--bitkit-api-key", "-k", default="v")`:
    /// a short option or nothing at all stands before the value.
    fn after_short_option(&self, first: &Candidate, end: usize) -> Option<Candidate> {
        let text: Vec<u8> = first.value(self.bytes).to_ascii_lowercase();
        let is_short =
            text.len() <= 3 || [&b"null"[..], b"none", b"undefined"].contains(&text.as_slice());
        let mut at = end;
        while matches!(byte(self.bytes, at), b'"' | b'\'' | b' ') {
            at += 1;
        }
        if !is_short || byte(self.bytes, at) != b',' {
            return None;
        }
        let next = skip_space(self.bytes, at + 1);
        if is_key(self.bytes, next) {
            return fields::among_arguments(self.bytes, next);
        }
        let candidate = self.expression(next, Way::Paired, true)?;
        matches!(candidate.class, Class::Literal(Strength::Strong)).then_some(candidate)
    }

    /// `setenv("K", value="v")`.
    fn is_named_argument(&self, at: usize) -> bool {
        is_any(
            self.bytes,
            &word_at(self.bytes, at),
            &[
                "value",
                "val",
                "default",
                "to",
                "newvalue",
                "with",
                "unset",
                "ifnotfound",
                "fallback",
            ],
        )
    }

    /// `| default "v"`, `|| "v"`, `| v |`.
    pub(super) fn piped(&self, at: usize) -> Option<Candidate> {
        let next = skip_blanks(self.bytes, at + 1);
        if byte(self.bytes, at + 1) == b'|' {
            return self.expression(at + 2, Way::Assigned, false);
        }
        let word = word_at(self.bytes, next);
        if is_any(self.bytes, &word, &["default", "d"]) {
            return self.expression(past_closers_open(self.bytes, word.end), Way::Assigned, false);
        }
        let cell = skip_cell_marks(self.bytes, next);
        if self.heads_identifiers(cell, b'|') {
            return None;
        }
        self.expression(cell, Way::Paired, false)
    }

    /// `variable "k" { default = "v" }`, `k { "v" }`, `\newcommand{\k}{v}`.
    pub(super) fn block(&self, at: usize) -> Option<Candidate> {
        let end = balanced(self.bytes, at, 1200)?;
        if let Some(candidate) = fields::in_record(self.bytes, at + 1..end - 1) {
            return Some(candidate);
        }
        let first = skip_space(self.bytes, at + 1);
        if is_key(self.bytes, first) {
            return None;
        }
        if quoted(self.bytes, first).is_some() {
            return self.expression(first, Way::Paired, true);
        }
        let inner = first..before_space(self.bytes, first, end - 1);
        let class = classify(self.bytes.get(inner.clone())?, Form::Bare);
        Some(Candidate { parts: vec![inner], class, way: Way::Paired, is_quoted: false })
    }
}

/// Whether the value is close enough to be this name's, bare ones at once.
fn is_near(from: usize, candidate: &Candidate, reach: usize) -> bool {
    let start = candidate.parts.first().map_or(usize::MAX, |part| part.start);
    if candidate.is_quoted { start < from + reach } else { start <= from + 2 }
}

/// Whether the name is the argument of a digest: what follows is compared with
/// the digest, not with the key; or systemd's name of a sealed credential.
fn is_digested(bytes: &[u8], name: &Range<usize>) -> bool {
    let line = line_start(bytes, name.start, 40);
    let before = bytes[line..name.start].to_ascii_lowercase();
    [
        &b"sha256("[..],
        b"sha1(",
        b"sha256hex(",
        b"sha512(",
        b"sum256(",
        b"md5(",
        b"hash(",
        b"hexdigest(",
        b"digest(",
    ]
    .iter()
    .any(|call| memchr::memmem::find(&before, call).is_some())
        || before.ends_with(b"encrypted=")
}

/// Whether the name is what a store is asked for: `get_secret("K", …)`.
fn is_looked_up(bytes: &[u8], name: &Range<usize>) -> bool {
    let mut at = name.start;
    while at > 0 && matches!(bytes[at - 1], b'"' | b'\'' | b' ') {
        at -= 1;
    }
    if at == 0 || bytes[at - 1] != b'(' {
        return false;
    }
    let callee = bytes[word_before(bytes, at - 1)].to_ascii_lowercase();
    let has =
        |words: &[&[u8]]| words.iter().any(|word| memchr::memmem::find(&callee, word).is_some());
    has(&[b"get", b"fetch", b"read", b"load", b"find", b"access"])
        && has(&[b"secret", b"password", b"credential", b"keyring", b"vault"])
}
