//! Pieces of an expression that hold others: calls, records, blocks,
//! here-documents.
//!
//! In: an expression's reader at such a piece. Out: the value in it, or the
//! reader past it. A look-up's own argument is a name and is stepped over.

use std::ops::Range;

use super::expression::{REACH_BYTES, Reader};
use super::piece::{is_key, reference_call, word_diff};
use crate::detect::text::{
    balanced, byte, indent, line_end, line_start, quoted, skip_blanks, skip_space, word_at,
};
use crate::detect::value::{Class, Form, classify, is_token_byte};

impl Reader<'_> {
    /// What stands before a bracket or glued to a quote: a look-up's first
    /// argument is a name, a cipher's or digest's is no key; anything else
    /// builds the value from its argument.
    pub(super) fn take_callee(&mut self, word: &Range<usize>, end: usize) -> bool {
        let callee = self.bytes[word.clone()].to_ascii_lowercase();
        let is_call = matches!(byte(self.bytes, end), b'(' | b'{' | b'[');
        self.at = end;
        self.is_open = true;
        if !is_call {
            return true;
        }
        if callee.ends_with(b"$") && byte(self.bytes, end) == b'(' {
            self.note(vec![word.clone()], Class::Reference, false);
            self.at = balanced(self.bytes, end, REACH_BYTES).unwrap_or(self.end);
            self.is_open = false;
            return self.falls_back();
        }
        if reference_call(&callee) {
            self.note(vec![word.clone()], Class::Reference, false);
            return false;
        }
        let has = |parts: &[&[u8]]| {
            parts.iter().any(|part| memchr::memmem::find(&callee, part).is_some())
        };
        if has(&[
            b"decrypt", b"unseal", b"kms", b"hash", b"sha1", b"sha256", b"sha512", b"md5",
            b"digest", b"resolve", b"verify",
        ]) {
            self.note(vec![word.clone()], Class::Code, false);
            self.at = balanced(self.bytes, end, REACH_BYTES).unwrap_or(self.end);
            return true;
        }
        let names_store = has(&[b"password", b"secret", b"keyring", b"vault", b"credential"]);
        if names_store && has(&[b"get", b"fetch", b"read", b"load", b"lookup", b"find"]) {
            self.note(vec![word.clone()], Class::Reference, false);
            self.at = balanced(self.bytes, end, REACH_BYTES).unwrap_or(self.end);
            self.is_open = false;
            return self.falls_back();
        }
        if has(&[
            b"env",
            b"getprop",
            b"lookup",
            b"fetch",
            b"secret",
            b"config",
            b"vault",
            b"param",
            b"read",
            b"load",
            b"setting",
            b"credential",
        ]) || callee.ends_with(b"get")
            || callee.ends_with(b"var")
        {
            return self.take_lookup(word, end);
        }
        self.note(vec![word.clone()], Class::Code, false);
        self.open()
    }

    /// Past a look-up's name; its second argument is a fallback.
    pub(super) fn take_lookup(&mut self, word: &Range<usize>, open: usize) -> bool {
        self.note(vec![word.clone()], Class::Reference, false);
        self.depth += 1;
        self.at = skip_space(self.bytes, open + 1);
        let Some(string) = quoted(self.bytes, self.at) else { return true };
        let first = classify(&self.bytes[string.inner.clone()], Form::Quoted);
        if !matches!(first, Class::Literal(crate::rule::Strength::Strong)) {
            self.at = string.end;
        }
        true
    }

    /// YAML's `|` and `>`: the next deeper line is the value.
    pub(super) fn take_block(&mut self, next: usize) -> bool {
        let line = line_start(self.bytes, next, 512);
        if indent(self.bytes, line) > self.expression.indent
            || self.expression.indent == 0 && indent(self.bytes, line) > 0
        {
            self.take_line(next);
        }
        false
    }

    /// `<<EOF`, `<<-'EOF'`, `<<~EOF`, `<<<EOF`: the next line is the value.
    pub(super) fn take_here_document(&mut self) -> bool {
        let mut at = self.at + 2;
        while matches!(byte(self.bytes, at), b'<' | b'-' | b'~' | b'"' | b'\'' | b' ') {
            at += 1;
        }
        let word = word_at(self.bytes, at);
        if byte(self.bytes, self.at + 2) == b'"' {
            return self.pass(2);
        }
        let end = line_end(self.bytes, word.end, 64);
        if word.is_empty() || byte(self.bytes, end) != b'\n' {
            return self.pass(2);
        }
        self.take_line(skip_blanks(self.bytes, end + 1));
        false
    }

    pub(super) fn take_line(&mut self, start: usize) {
        let mut end = line_end(self.bytes, start, 600);
        while end > start && self.bytes[end - 1].is_ascii_whitespace() {
            end -= 1;
        }
        let line = start..end;
        let class = classify(&self.bytes[line.clone()], Form::Quoted);
        self.note(vec![line], class, true);
    }

    /// `{value: v}`, `["v"]`, `{"v"}`: the field that holds the value, or the
    /// first string.
    pub(super) fn take_record(&mut self) -> bool {
        let Some(end) = balanced(self.bytes, self.at, REACH_BYTES) else { return self.open() };
        if self.bytes[self.at] == b'{' && end < self.at + 16 && is_token_byte(byte(self.bytes, end))
        {
            self.note(vec![self.at..end], Class::Reference, false);
            return false;
        }
        if let Some(inner) = word_diff(self.bytes, self.at, end) {
            let class = classify(&self.bytes[inner.clone()], Form::Bare);
            self.note(vec![inner], class, false);
            return false;
        }
        let record = self.at + 1..end - 1;
        if let Some(candidate) = super::fields::in_record(self.bytes, record.clone())
            .or_else(|| super::fields::wrapped(self.bytes, record))
        {
            self.found = Some(candidate);
            return false;
        }
        let first = skip_space(self.bytes, self.at + 1);
        if is_key(self.bytes, first) {
            return false;
        }
        self.open()
    }
}
