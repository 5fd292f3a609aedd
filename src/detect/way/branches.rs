//! Values that a condition chooses, and values that options fall back to.
//!
//! In: a name. Out: every random literal of the branches of a `?:`, `match`,
//! `case` or `if` that the name is given, of the list that it is given without
//! quotes, or of the record that it heads.

use std::ops::Range;

use super::forward::Reader;
use super::grammar::operator;
use super::{Candidate, Way};
use crate::detect::text::{
    balanced, before_blanks, byte, indent, is_any, line_end, line_start, quoted, skip_blanks,
    skip_space, word_at,
};
use crate::detect::value::{Class, Form, classify, is_token_byte};
use crate::rule::Strength;

/// How far the branches of one value are read, in bytes.
const REACH_BYTES: usize = 900;

impl Reader<'_> {
    /// The literals of the branches that may give the name its value.
    pub(super) fn branches(&self) -> Vec<Candidate> {
        let at = skip_blanks(self.bytes, self.end);
        let Some(after) = operator(self.bytes, at, &self.name) else { return Vec::new() };
        let start = skip_space(self.bytes, after);
        let Some(region) = self.branching(start) else { return Vec::new() };
        let found = chosen(self.bytes, region);
        // A single branch is what an expression reads as well.
        if found.is_empty() { Vec::new() } else { found }
    }

    /// The range of a condition's branches: up to the end of its braces, of its
    /// `end`, or of its statement.
    fn branching(&self, start: usize) -> Option<Range<usize>> {
        let word = word_at(self.bytes, start);
        let limit = self.bytes.len().min(start + REACH_BYTES);
        if is_any(self.bytes, &word, &["match", "switch", "when", "case", "if", "cond"]) {
            let line = line_end(self.bytes, start, 300);
            let brace = memchr::memchr(b'{', &self.bytes[start..line]).map(|at| start + at);
            if let Some(end) = brace.and_then(|brace| balanced(self.bytes, brace, REACH_BYTES)) {
                return Some(start..end);
            }
            return Some(start..self.deeper_end(start, limit));
        }
        let end = self.statement_end(start, limit);
        let text = &self.bytes[start..end];
        let question = memchr::memmem::find(text, b"? ").map(|at| start + at)?;
        // `??` falls back, `?.` and `?:` are operators of their own.
        let is_condition = byte(self.bytes, question.wrapping_sub(1)) != b'?'
            && memchr::memchr(b':', &self.bytes[question..end]).is_some();
        is_condition.then_some(question..end)
    }

    /// The end of a statement: `;`, or a line after which nothing deeper and no
    /// operator follows.
    fn statement_end(&self, start: usize, limit: usize) -> usize {
        let mut end = line_end(self.bytes, start, 600);
        for _ in 0..8 {
            let next = (end + 1).min(self.bytes.len());
            let first = skip_blanks(self.bytes, next);
            let goes_on = matches!(byte(self.bytes, first), b'?' | b':')
                || self.bytes[start..end].trim_ascii_end().ends_with(b"?");
            if !goes_on || end >= limit {
                break;
            }
            end = line_end(self.bytes, next, 600);
        }
        end.min(limit)
    }

    /// The end of the lines that are indented deeper than the name's, a closing
    /// `end` included.
    fn deeper_end(&self, start: usize, limit: usize) -> usize {
        let mut end = line_end(self.bytes, start, 600);
        while end < limit {
            let next = end + 1;
            let to = line_end(self.bytes, next.min(self.bytes.len()), 600);
            if to <= next || indent(self.bytes, next) <= self.indent {
                break;
            }
            end = to;
        }
        end.min(limit)
    }

    /// `K=a,b`: keys in one unquoted or quoted list.
    pub(super) fn comma_list(&self) -> Vec<Candidate> {
        let at = skip_blanks(self.bytes, self.end);
        let Some(after) = operator(self.bytes, at, &self.name) else { return Vec::new() };
        let start = skip_blanks(self.bytes, after);
        let start = start + usize::from(matches!(byte(self.bytes, start), b'"' | b'\''));
        let mut found = Vec::new();
        let mut from = start;
        loop {
            let length = self.bytes[from.min(self.bytes.len())..]
                .iter()
                .take(560)
                .take_while(|b| is_token_byte(**b))
                .count();
            let Some(key) = strong(self.bytes, from..from + length, Way::Assigned) else { break };
            found.push(key);
            from += length;
            if !matches!(byte(self.bytes, from), b',' | b';') {
                break;
            }
            from = skip_blanks(self.bytes, from + 1);
        }
        if found.len() > 1 { found } else { Vec::new() }
    }

    /// `[bitkit.api_keys]` and the environments below it.
    pub(super) fn headed(&self) -> Vec<Candidate> {
        let line = line_start(self.bytes, self.name.start, 200);
        let is_head = byte(self.bytes, line + indent(self.bytes, line)) == b'['
            && byte(self.bytes, self.name.end) == b']'
            && byte(self.bytes, skip_blanks(self.bytes, self.end)) == b'\n';
        if !is_head {
            return Vec::new();
        }
        let mut found = Vec::new();
        let mut at = line_end(self.bytes, self.end, 200);
        let limit = self.bytes.len().min(at + REACH_BYTES);
        while at < limit {
            let next = at + 1;
            let end = line_end(self.bytes, next.min(self.bytes.len()), 600);
            let word = word_at(self.bytes, skip_blanks(self.bytes, next));
            if end <= next || byte(self.bytes, word.start) == b'[' {
                break;
            }
            let equals = skip_blanks(self.bytes, word.end);
            if byte(self.bytes, equals) == b'=' && super::several::is_environment(self.bytes, &word)
            {
                let value = quoted(self.bytes, skip_blanks(self.bytes, equals + 1));
                found.extend(
                    value.and_then(|string| strong(self.bytes, string.inner, Way::Assigned)),
                );
            }
            at = end;
        }
        found
    }

    /// What a function or branch returns for want of the looked-up value:
    /// `if (k = getenv("K")) return k; return "v";`.
    pub(super) fn returned_instead(&self, at: usize) -> Option<Candidate> {
        let limit = self.bytes.len().min(at + 240);
        let text = &self.bytes[at.min(limit)..limit];
        let end = memchr::memmem::find(text, b"\n\n").unwrap_or(text.len());
        memchr::memmem::find_iter(&text[..end], b"return ").find_map(|word| {
            let value = skip_blanks(self.bytes, at + word + 7);
            let string = quoted(self.bytes, value)?;
            strong(self.bytes, string.inner, Way::Assigned)
        })
    }

    /// `… if C else "v"`, `if C then … else "v"`: the branch for want of it.
    pub(super) fn otherwise(&self, at: usize) -> Option<Candidate> {
        let line = line_start(self.bytes, at, 400);
        let end = line_end(self.bytes, at, 300);
        let is_condition = memchr::memmem::find(&self.bytes[line..end], b"if ").is_some();
        let word = is_condition
            .then(|| memchr::memmem::find(&self.bytes[at.min(end)..end], b"else "))??;
        let string = quoted(self.bytes, skip_blanks(self.bytes, at + word + 5))?;
        strong(self.bytes, string.inner, Way::Assigned)
    }

    /// The default of an option that a call declares by its name, behind a
    /// short name, a mode and a description: `option('-k, --key <key>', 'Key',
    /// 'v')`, `addOption('key', null, REQUIRED, 'Key', 'v')`.
    pub(super) fn declared_default(&self) -> Option<Candidate> {
        let line = line_start(self.bytes, self.name.start, 160);
        let open = memchr::memrchr(b'(', &self.bytes[line..self.name.start])? + line;
        let callee = super::super::text::word_before(self.bytes, before_blanks(self.bytes, open));
        let lower = self.bytes[callee].to_ascii_lowercase();
        let declares = [&b"option"[..], b"flag", b"argument", b"param", b"setting", b"define"]
            .iter()
            .any(|word| memchr::memmem::find(&lower, word).is_some());
        let end = declares.then(|| balanced(self.bytes, open, REACH_BYTES))??;
        let mut at = open + 1;
        let mut last = None;
        while at < end {
            match quoted(self.bytes, at).filter(|string| string.end < end) {
                Some(string) => {
                    if string.inner.start > self.name.end {
                        last = strong(self.bytes, string.inner, Way::Paired).or(last);
                    }
                    at = string.end;
                }
                None => at += 1,
            }
        }
        last
    }

    /// The argument that fills the hole after the name in a format:
    /// `printf 'K=%s\n' v`, `"K=%s" % "v"`, `format("--k={}", "v")`.
    pub(super) fn filled(&self, at: usize) -> Option<Candidate> {
        const HOLES: [&[u8]; 6] = [b"%s", b"{}", b"{0}", b"%v", b"%@", b"%q"];
        let rest = self.bytes.get(at..)?;
        HOLES.iter().find(|hole| rest.starts_with(hole))?;
        let line = line_start(self.bytes, self.name.start, 512);
        let quote = super::grammar::enclosing_quote(&self.bytes[line..self.name.start])?;
        let open = line + memchr::memrchr(quote, &self.bytes[line..self.name.start])? + 1;
        let end = at + memchr::memchr(quote, &rest[..rest.len().min(200)])?;
        let index = holes(&self.bytes[open..at]);
        let mut next = end + 1;
        let limit = self.bytes.len().min(next + 400);
        let mut seen = 0;
        while next < limit && byte(self.bytes, next) != b'\n' {
            if let Some(string) = quoted(self.bytes, next) {
                if seen == index {
                    return strong(self.bytes, string.inner, Way::Paired);
                }
                seen += 1;
                next = string.end;
            } else if byte(self.bytes, next) == b';' {
                break;
            } else {
                next += 1;
            }
        }
        None
    }

    /// What the function below an annotation returns that names it:
    /// `@Bean("K") String k() { return "v"; }`.
    pub(super) fn annotated(&self, at: usize) -> Option<Candidate> {
        let line = line_start(self.bytes, self.name.start, 120);
        if !self.bytes[line..self.name.start].trim_ascii_start().starts_with(b"@") {
            return None;
        }
        let limit = self.bytes.len().min(at + 200);
        let open = at + memchr::memchr(b'{', &self.bytes[at.min(limit)..limit])?;
        let end = balanced(self.bytes, open, 400)?;
        let word = memchr::memmem::find(&self.bytes[open..end], b"return ")?;
        let string = quoted(self.bytes, skip_blanks(self.bytes, open + word + 7))?;
        strong(self.bytes, string.inner, Way::Assigned)
    }
}

fn holes(format: &[u8]) -> usize {
    memchr::memmem::find_iter(format, b"%s").count()
        + memchr::memmem::find_iter(format, b"{}").count()
        + memchr::memmem::find_iter(format, b"%v").count()
}

/// The random strings that stand behind the marks of a branch.
fn chosen(bytes: &[u8], range: Range<usize>) -> Vec<Candidate> {
    let mut found = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let Some(string) = quoted(bytes, at).filter(|string| string.end <= range.end) else {
            at += 1;
            continue;
        };
        let before = bytes[range.start..at].trim_ascii_end();
        let is_branch = [&b"=>"[..], b"->", b"then", b"else", b"?", b":", b"{", b"return"]
            .iter()
            .any(|mark| before.ends_with(mark));
        if is_branch {
            found.extend(strong(bytes, string.inner.clone(), Way::Assigned));
        }
        at = string.end;
    }
    found
}

/// A literal that looks random and nothing else.
pub(super) fn strong(bytes: &[u8], range: Range<usize>, way: Way) -> Option<Candidate> {
    let range = super::piece::strip_quotes(bytes, range);
    let class = classify(bytes.get(range.clone())?, Form::Quoted);
    matches!(class, Class::Literal(Strength::Strong)).then(|| Candidate {
        parts: vec![range],
        class,
        way,
        is_quoted: true,
    })
}
