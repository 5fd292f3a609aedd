//! Values that stand before their name, or inside what it returns.
//!
//! In: a name. Out: the literal it is compared with, falls back to, or
//! returns.

use super::forward::Reader;
use super::{Candidate, Way};
use crate::detect::text::{
    balanced, before_blanks, byte, is_any, is_word, line_end, line_start, quoted, skip_blanks,
    word_before,
};
use crate::detect::value::{Class, Form, classify};
use crate::rule::Strength;

impl Reader<'_> {
    /// `"v" == name`, `"v" -> name`, `"v".equals(name)`, `v | set-secret name`,
    /// `default "v" .Values.name`.
    pub(super) fn reversed(&self) -> Option<Candidate> {
        let mut at = self.name.start;
        while at > 0
            && (is_word(self.bytes[at - 1]) || b"\"'`$.({@:\\".contains(&self.bytes[at - 1]))
        {
            at -= 1;
        }
        let at = before_blanks(self.bytes, at);
        let before = &self.bytes[..at];
        for operator in [
            &b"==="[..],
            b"!==",
            b"==",
            b"!=",
            b"->>",
            b"->",
            b"AS",
            b"as",
            b".equals",
            b"TO",
            b"to",
            b".Equals",
        ] {
            if let Some(rest) = before.strip_suffix(operator) {
                return string_before(
                    self.bytes,
                    before_blanks(self.bytes, rest.len()),
                    Way::Assigned,
                );
            }
        }
        let equals = [&b"equals("[..], b"Equals(", b"equalsIgnoreCase("];
        let opened = &self.bytes[..self.name.start];
        if let Some(method) = equals.iter().find(|method| opened.ends_with(method)) {
            let end = opened.len() - method.len();
            return string_before(self.bytes, end.checked_sub(1)?, Way::Assigned);
        }
        if let Some(piped) = self.piped_in() {
            return Some(piped);
        }
        if let Some(end) = before_lookup(self.bytes, at).filter(|end| self.follows_default(*end)) {
            return string_before(self.bytes, end, Way::Assigned);
        }
        let word = before.last().is_some_and(|b| matches!(b, b'"' | b'\''));
        (word && self.follows_default(at)).then(|| string_before(self.bytes, at, Way::Assigned))?
    }

    /// `echo v | wrangler secret put K`, `printf '%s' "v" | gh secret set K`.
    fn piped_in(&self) -> Option<Candidate> {
        let line = line_start(self.bytes, self.name.start, 400);
        let text = &self.bytes[line..self.name.start];
        let pipe = memchr::memchr(b'|', text)?;
        let echo = [&b"echo "[..], b"printf ", b"Write-Output "]
            .iter()
            .find_map(|word| memchr::memmem::find(&text[..pipe], word).map(|at| at + word.len()))?;
        let mut at = line + echo;
        while at < line + pipe {
            let end = at
                + self.bytes[at..line + pipe]
                    .iter()
                    .take_while(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\''))
                    .count();
            let class = classify(&self.bytes[at..end], Form::Quoted);
            if matches!(class, Class::Literal(Strength::Strong)) {
                return Some(Candidate {
                    parts: vec![at..end],
                    class,
                    way: Way::Paired,
                    is_quoted: true,
                });
            }
            at = end + 1;
        }
        None
    }

    pub(super) fn follows_default(&self, end: usize) -> bool {
        let Some(string) = string_before(self.bytes, end, Way::Assigned) else { return false };
        let start = string.parts[0].start.saturating_sub(1);
        is_any(
            self.bytes,
            &word_before(self.bytes, before_blanks(self.bytes, start)),
            &["default", "coalesce", "frommaybe", "maybe", "getorelse", "or"],
        )
    }

    /// What a function of this name returns: `f(…) { return "v" }`, `def f():`
    /// and an indented `return`, a body that is the literal alone.
    pub(super) fn returned(&self) -> Vec<Candidate> {
        let open = skip_blanks(self.bytes, self.end);
        if byte(self.bytes, open) != b'(' {
            return Vec::new();
        }
        let Some(end) = balanced(self.bytes, open, 300) else { return Vec::new() };
        let Some(body) = self.body(end) else { return Vec::new() };
        let mut found = Vec::new();
        let mut at = body.start;
        while at < body.end {
            let Some(string) = quoted(self.bytes, at) else {
                at += 1;
                continue;
            };
            let before = &self.bytes[body.start..before_blanks(self.bytes, at)];
            let is_result = [&b"return"[..], b"->", b"=>", b"=", b"echo", b"do:", b"^"]
                .iter()
                .any(|end| before.ends_with(end))
                || before.trim_ascii().is_empty();
            let class = classify(&self.bytes[string.inner.clone()], Form::Quoted);
            if is_result && matches!(class, Class::Literal(Strength::Strong)) {
                found.push(Candidate {
                    parts: vec![string.inner.clone()],
                    class,
                    way: Way::Assigned,
                    is_quoted: true,
                });
            }
            at = string.end;
        }
        found
    }

    /// The body of a function whose parameters end at `end`: braces, or the
    /// lines indented below its head.
    fn body(&self, end: usize) -> Option<std::ops::Range<usize>> {
        let limit = self.bytes.len().min(end + 90);
        let head = &self.bytes[end..limit];
        let stop = head
            .iter()
            .position(|b| matches!(b, b';' | b'"' | b'(' | b',' | b'\n'))
            .unwrap_or(head.len());
        if let Some(brace) = memchr::memchr(b'{', &head[..stop]) {
            let close = balanced(self.bytes, end + brace, 900)?;
            return Some(end + brace + 1..close);
        }
        let line = line_end(self.bytes, end, 200);
        let mut to = line;
        for _ in 0..6 {
            let next = to + 1;
            let after = line_end(self.bytes, next.min(self.bytes.len()), 400);
            if after <= next || crate::detect::text::indent(self.bytes, next) <= self.indent {
                break;
            }
            to = after;
        }
        (to > line).then_some(line..to)
    }
}

/// Before the look-up of a name: `<$> lookupEnv`, `(getenv`.
pub(super) fn before_lookup(bytes: &[u8], end: usize) -> Option<usize> {
    let word = word_before(bytes, end);
    let callee = bytes[word.clone()].to_ascii_lowercase();
    memchr::memmem::find(&callee, b"env")?;
    let mut at = before_blanks(bytes, word.start);
    while at > 0 && matches!(bytes[at - 1], b'<' | b'>' | b'$' | b'(' | b'.' | b'=') {
        at -= 1;
    }
    Some(before_blanks(bytes, at))
}

/// The string that ends at `end`.
pub(super) fn string_before(bytes: &[u8], end: usize, way: Way) -> Option<Candidate> {
    let mark = *bytes.get(end.checked_sub(1)?)?;
    if !matches!(mark, b'"' | b'\'' | b'`') {
        return None;
    }
    let from = end.saturating_sub(600);
    let start = from + memchr::memrchr(mark, &bytes[from..end - 1])? + 1;
    let inner = start..end - 1;
    let class = classify(&bytes[inner.clone()], Form::Quoted);
    Some(Candidate { parts: vec![inner], class, way, is_quoted: true })
}
