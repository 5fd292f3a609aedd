//! From a name to its value.
//!
//! In: bytes and a name's range. Out: the values that the name may have, in
//! the order in which they should be believed. What follows the name decides:
//! an operator, a comma, a blank, a bracket, a tag, or a field beside it.

use std::ops::Range;

use super::expression::{Expression, evaluate, is_key};
use super::{Candidate, Way, fields};
use crate::detect::text::{
    balanced, before_blanks, byte, indent, is_any, is_word, line_end, line_start, quoted,
    skip_blanks, skip_space, word_at, word_before,
};
use crate::detect::value::{Class, Form, classify};
use crate::rule::Strength;

/// Words between a name and its value that carry no meaning of their own.
const MOST_WORDS: usize = 8;
/// Rows below a header that are read for one name.
const MOST_ROWS: usize = 1000;

/// The values that a name may have.
pub(crate) fn after_name(bytes: &[u8], name: &Range<usize>) -> Vec<Candidate> {
    if bytes[..name.start].ends_with(b"</") {
        return Vec::new();
    }
    let reader = Reader::new(bytes, name);
    let mut candidates = reader.column();
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
    candidates
}

struct Reader<'a> {
    bytes: &'a [u8],
    name: Range<usize>,
    /// Past the quotes and brackets that close around the name.
    end: usize,
    indent: usize,
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

    fn expression(&self, at: usize, way: Way, in_brackets: bool) -> Option<Candidate> {
        let enclosing = self.enclosing;
        evaluate(self.bytes, at, Expression { way, indent: self.indent, in_brackets, enclosing })
    }

    /// What follows the name directly.
    fn direct(&self) -> Option<Candidate> {
        let mut at = skip_blanks(self.bytes, self.end);
        if byte(self.bytes, at) == b'[' || self.bytes[at.min(self.bytes.len())..].starts_with(b"{.")
        {
            at = skip_blanks(self.bytes, balanced(self.bytes, at, 64)?);
        }
        if let Some(after) = operator(self.bytes, at, &self.name) {
            return self.assigned(after);
        }
        match byte(self.bytes, at) {
            b',' | b'\t' => self.paired(at + 1),
            b';' if self.is_csv(at) => self.paired(at + 1),
            b'|' => self.piped(at),
            b'(' if at == self.end || quoted(self.bytes, at + 1).is_some() => {
                self.expression(at + 1, Way::Paired, true)
            }
            b'.' if byte(self.bytes, at + 1) == b' ' => self.expression(at + 1, Way::Paired, true),
            b'.' | b'?' => self.fallback(at),
            b'}' => self.subscript_closed(at),
            b'>' => self.element(at + 1),
            b'<' => self.tags(at),
            b'{' => self.block(at),
            b')' | b']' => self.lookup_closed(at),
            b'\n' => self.next_line(at),
            _ if self.is_in_tag() => self.tag(at),
            _ => self.following(at),
        }
    }

    /// After an operator.
    fn assigned(&self, at: usize) -> Option<Candidate> {
        let in_brackets = byte(self.bytes, self.name.start.wrapping_sub(1)) == b'(';
        let candidate = self.expression(at, Way::Assigned, in_brackets);
        if candidate.is_none() && byte(self.bytes, skip_blanks(self.bytes, at)) == b'\n' {
            return fields::indented_below(self.bytes, &self.name, at);
        }
        candidate
    }

    /// `$ENV{K} = "v"`, `${env:K} = 'v'`, `\newcommand{\k}{v}`.
    fn subscript_closed(&self, at: usize) -> Option<Candidate> {
        let next = skip_blanks(self.bytes, at + 1);
        let is_subscript = self.bytes[..self.name.start].iter().rev().take(12).any(|b| *b == b'{');
        match byte(self.bytes, next) {
            b'{' if next == at + 1 => self.block(next),
            b'=' | b'/' | b'|' | b'?' | b'o' if is_subscript => self.lookup_closed(at),
            _ => None,
        }
    }

    /// Whether the name stands inside an element's opening tag.
    fn is_in_tag(&self) -> bool {
        let from = self.name.start.saturating_sub(200);
        let before = &self.bytes[from..self.name.start];
        let open = memchr::memrchr(b'<', before);
        open.is_some_and(|open| {
            before.get(open + 1).is_some_and(u8::is_ascii_alphabetic)
                && memchr::memchr(b'>', &before[open..]).is_none()
        }) && matches!(byte(self.bytes, self.name.start.wrapping_sub(1)), b'"' | b'\'')
    }

    /// The value attribute of the same tag, or the element's text.
    fn tag(&self, at: usize) -> Option<Candidate> {
        let limit = self.bytes.len().min(at + 600);
        let close = at + memchr::memchr(b'>', &self.bytes[at..limit])?;
        let attribute = fields::in_record(self.bytes, at..close);
        let is_empty_element = self.bytes[close - 1] == b'/';
        attribute.or_else(|| (!is_empty_element).then(|| self.element(close + 1))?)
    }

    /// The cells below a column that the name heads: CSV with `,`, `;` or tabs.
    fn column(&self) -> Vec<Candidate> {
        let start = line_start(self.bytes, self.name.start, 2048);
        let end = line_end(self.bytes, self.name.end, 2048);
        let separator = match byte(self.bytes, self.end) {
            mark @ (b',' | b';' | b'\t') => mark,
            _ => byte(self.bytes, before_quote(self.bytes, self.name.start).wrapping_sub(1)),
        };
        let header = &self.bytes[start..end];
        let is_cell = matches!(separator, b',' | b';' | b'\t')
            && header.iter().filter(|b| **b == separator).count() >= 1
            && !header.iter().any(|b| b"(){}[]=<>:".contains(b))
            && matches!(byte(self.bytes, self.end), b',' | b';' | b'\t' | b'\r' | b'\n');
        if !is_cell {
            return Vec::new();
        }
        let index = self.bytes[start..self.name.start].iter().filter(|b| **b == separator).count();
        let mut found = Vec::new();
        let mut line = end + 1;
        for _ in 0..MOST_ROWS {
            let to = line_end(self.bytes, line, 4096);
            if to <= line {
                break;
            }
            if let Some(cell) = cell(self.bytes, line..to, separator, index) {
                let class = classify(&self.bytes[cell.clone()], Form::Quoted);
                if matches!(class, Class::Literal(Strength::Strong)) {
                    found.push(Candidate {
                        parts: vec![cell],
                        class,
                        way: Way::Field,
                        is_quoted: true,
                    });
                }
            }
            line = to + 1;
        }
        found
    }

    /// What a function of this name returns: `f(…) { return "v" }`.
    fn returned(&self) -> Vec<Candidate> {
        let open = skip_blanks(self.bytes, self.end);
        if byte(self.bytes, open) != b'(' {
            return Vec::new();
        }
        let Some(end) = balanced(self.bytes, open, 300) else { return Vec::new() };
        let limit = self.bytes.len().min(end + 80);
        let head = &self.bytes[end..limit];
        let stop = head.iter().position(|b| matches!(b, b';' | b'"' | b'(' | b','));
        let Some(brace) = memchr::memchr(b'{', &head[..stop.unwrap_or(head.len())]) else {
            return Vec::new();
        };
        let Some(close) = balanced(self.bytes, end + brace, 900) else { return Vec::new() };
        let body = end + brace..close;
        let mut found = Vec::new();
        let mut at = body.start;
        while at < body.end {
            let Some(string) = quoted(self.bytes, at) else {
                at += 1;
                continue;
            };
            let before = &self.bytes[body.start..before_blanks(self.bytes, at)];
            let is_result =
                [&b"return"[..], b"->", b"=>", b"="].iter().any(|end| before.ends_with(end));
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

    /// `("K", "v")`, `K,v`: the next piece is the value unless it is a key.
    fn paired(&self, at: usize) -> Option<Candidate> {
        let next = skip_space(self.bytes, at);
        if is_key(self.bytes, next) && !self.is_named_argument(next) {
            let is_quoted = matches!(byte(self.bytes, self.name.end), b'"' | b'\'');
            return is_quoted.then(|| fields::among_arguments(self.bytes, next))?;
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
        let candidate = self.expression(next, Way::Paired, true)?;
        self.is_near(next, &candidate, 160).then_some(candidate)
    }

    /// Whether the name is the first cell of a line of separated values.
    fn starts_row(&self) -> bool {
        let start = line_start(self.bytes, self.name.start, 512);
        before_quote(self.bytes, self.name.start) == start
    }

    /// The first random cell of the row.
    fn row(&self, at: usize) -> Option<Candidate> {
        let separator = byte(self.bytes, at - 1);
        let row = at..line_end(self.bytes, at, 1200);
        (0..6).find_map(|index| {
            let cell = cell(self.bytes, row.clone(), separator, index)?;
            let class = classify(&self.bytes[cell.clone()], Form::Quoted);
            matches!(class, Class::Literal(strength) if strength >= Strength::Fair)
                .then(|| Candidate { parts: vec![cell], class, way: Way::Paired, is_quoted: true })
        })
    }

    /// `setenv("K", value="v")`.
    fn is_named_argument(&self, at: usize) -> bool {
        is_any(
            self.bytes,
            &word_at(self.bytes, at),
            &["value", "val", "default", "to", "newvalue", "with"],
        )
    }

    /// Whether the value is close enough to be this name's, bare ones at once.
    fn is_near(&self, from: usize, candidate: &Candidate, reach: usize) -> bool {
        let start = candidate.parts.first().map_or(usize::MAX, |part| part.start);
        if candidate.is_quoted { start < from + reach } else { start <= from + 2 }
    }

    fn is_csv(&self, at: usize) -> bool {
        !self.bytes[at + 1..].starts_with(b" ")
            && classify_cell(self.bytes, at + 1, b";\n\r") == Some(Strength::Strong)
    }

    /// `| default "v"`, `|| "v"`, `| v |`.
    fn piped(&self, at: usize) -> Option<Candidate> {
        let next = skip_blanks(self.bytes, at + 1);
        if byte(self.bytes, at + 1) == b'|' {
            return self.expression(at + 2, Way::Assigned, false);
        }
        let word = word_at(self.bytes, next);
        if is_any(self.bytes, &word, &["default", "d"]) {
            return self.expression(past_closers_open(self.bytes, word.end), Way::Assigned, false);
        }
        let cell = skip_cell_marks(self.bytes, next);
        self.expression(cell, Way::Paired, false)
    }

    /// `.unwrap_or("v")`, `.equals("v")`, `?? "v"`, `?: "v"`.
    fn fallback(&self, at: usize) -> Option<Candidate> {
        if byte(self.bytes, at) == b'?' {
            return self.expression(at, Way::Assigned, false);
        }
        let next = skip_space(self.bytes, at + 1);
        let method = word_at(self.bytes, next);
        let open = skip_blanks(self.bytes, past_question(self.bytes, method.end));
        match byte(self.bytes, open) {
            b'(' if gives_value(self.bytes, &method) => {
                self.expression(open + 1, Way::Paired, true)
            }
            b'(' => {
                let after = balanced(self.bytes, open, 200)?;
                (byte(self.bytes, after) == b'.').then(|| self.fallback(after))?
            }
            _ => None,
        }
    }

    /// `<name>v<`, `name="K">v<`.
    fn element(&self, at: usize) -> Option<Candidate> {
        let mut start = skip_space(self.bytes, at);
        if self.bytes[start.min(self.bytes.len())..].starts_with(b"<![CDATA[") {
            start += 9;
        }
        if byte(self.bytes, start) == b'<' {
            return self.tags(start);
        }
        let limit = self.bytes.len().min(start + 600);
        let end = start + memchr::memchr2(b'<', b']', self.bytes.get(start..limit)?)?;
        let text = start..before_space(self.bytes, start, end);
        let text = super::expression::strip_scheme(self.bytes, &text);
        let class = classify(&self.bytes[text.clone()], Form::Quoted);
        Some(Candidate { parts: vec![text], class, way: Way::Element, is_quoted: true })
    }

    /// `</key><string>v`, `</td><td>v`, `<b>v`: up to six tags lie between.
    fn tags(&self, at: usize) -> Option<Candidate> {
        let mut at = at;
        for _ in 0..6 {
            if byte(self.bytes, at) != b'<' || !is_tag(self.bytes, at) {
                break;
            }
            let limit = self.bytes.len().min(at + 200);
            at += memchr::memchr(b'>', &self.bytes[at..limit])? + 1;
            at = skip_space(self.bytes, at);
        }
        let separator = skip_space(self.bytes, at);
        let separator = if matches!(byte(self.bytes, separator), b':' | b'=') {
            separator + 1
        } else {
            separator
        };
        if byte(self.bytes, separator) == b'<' && separator > at {
            return self.tags(separator);
        }
        (byte(self.bytes, separator) != b'<').then(|| self.element(separator))?
    }

    /// `variable "k" { default = "v" }`, `k { "v" }`, `\newcommand{\k}{v}`.
    fn block(&self, at: usize) -> Option<Candidate> {
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

    /// After `getenv("K")` or `config[K]`: an operator or a fallback.
    fn lookup_closed(&self, at: usize) -> Option<Candidate> {
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
        let word = word_at(self.bytes, next);
        if is_any(self.bytes, &word, &["or", "orelse", "else", "default"]) {
            return self.expression(word.end, Way::Assigned, false);
        }
        match byte(self.bytes, next) {
            b'.' | b'?' => self.fallback(next),
            b'{' => self.block(next),
            b'|' => self.piped(next),
            _ => None,
        }
    }

    /// The value stands on the next line: under a flag or an element.
    fn next_line(&self, at: usize) -> Option<Candidate> {
        let next = skip_space(self.bytes, at);
        match byte(self.bytes, next) {
            b'<' => self.tags(next),
            b'"' | b'\'' | b'`' if !is_key(self.bytes, next) => {
                let candidate = self.expression(next, Way::Following, false)?;
                matches!(candidate.class, Class::Literal(Strength::Strong)).then_some(candidate)
            }
            b'=' => self.assigned(next + 1),
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

    /// Only blanks or a few words lie between: directives, types, prose.
    fn following(&self, at: usize) -> Option<Candidate> {
        if at == self.end
            && !matches!(byte(self.bytes, at), b'"' | b'\'' | b'`' | b'\\' | b'&' | 0xe2)
        {
            return None;
        }
        let mut at = at;
        let mut way = Way::Following;
        for words in 0..MOST_WORDS {
            at = skip_blanks(self.bytes, at);
            if let Some(after) = operator(self.bytes, at, &self.name).filter(|_| words > 0) {
                return self.expression(after, Way::Assigned, false);
            }
            if quoted(self.bytes, at).is_some() {
                return (!is_key(self.bytes, at)).then(|| self.expression(at, way, false))?;
            }
            if words > 0 && byte(self.bytes, at) == b'(' {
                at = balanced(self.bytes, at, 40)?;
                continue;
            }
            if words > 0 && byte(self.bytes, at) == b'\n' {
                at = skip_space(self.bytes, at);
                if !is_any(self.bytes, &word_at(self.bytes, at), &["value", "default"]) {
                    return None;
                }
                continue;
            }
            let word = bare_word(self.bytes, at)?;
            if names_assignment(&self.bytes[word.clone()]) {
                return None;
            }
            let class = classify(&self.bytes[word.clone()], Form::Bare);
            if matches!(class, Class::Literal(strength) if strength >= Strength::Fair) {
                let is_key =
                    matches!(byte(self.bytes, skip_blanks(self.bytes, word.end)), b':' | b'=');
                return (!is_key).then(|| Candidate {
                    parts: vec![word],
                    class,
                    way,
                    is_quoted: false,
                });
            }
            if !is_connector(self.bytes, &word) {
                return None;
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

    /// `"v" == name`, `"v" -> name`, `"v".equals(name)`, `v | set-secret name`,
    /// `default "v" .Values.name`.
    fn reversed(&self) -> Option<Candidate> {
        let mut at = self.name.start;
        while at > 0
            && (is_word(self.bytes[at - 1]) || b"\"'`$.({@:\\".contains(&self.bytes[at - 1]))
        {
            at -= 1;
        }
        let at = before_blanks(self.bytes, at);
        let before = &self.bytes[..at];
        for operator in
            [&b"==="[..], b"!==", b"==", b"!=", b"->>", b"->", b"AS", b"as", b".equals", b".Equals"]
        {
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
        if let Some(end) = before_lookup(self.bytes, at).filter(|end| self.follows_default(*end)) {
            return string_before(self.bytes, end, Way::Assigned);
        }
        let word = before.last().is_some_and(|b| matches!(b, b'"' | b'\''));
        (word && self.follows_default(at)).then(|| string_before(self.bytes, at, Way::Assigned))?
    }

    fn follows_default(&self, end: usize) -> bool {
        let Some(string) = string_before(self.bytes, end, Way::Assigned) else { return false };
        let start = string.parts[0].start.saturating_sub(1);
        is_any(
            self.bytes,
            &word_before(self.bytes, before_blanks(self.bytes, start)),
            &["default", "coalesce", "frommaybe", "maybe", "getorelse", "or"],
        )
    }
}

/// The quote that is open at the end of a line's beginning; an apostrophe
/// inside a word opens none.
fn enclosing_quote(before: &[u8]) -> Option<u8> {
    let mut open = None;
    for (index, &here) in before.iter().enumerate() {
        if !matches!(here, b'"' | b'\'') || (index > 0 && before[index - 1] == b'\\') {
            continue;
        }
        match open {
            None if here == b'"' || index == 0 || !is_word(before[index - 1]) => open = Some(here),
            Some(quote) if quote == here => open = None,
            _ => {}
        }
    }
    open
}

/// Before the look-up of a name: `<$> lookupEnv`, `(getenv`.
fn before_lookup(bytes: &[u8], end: usize) -> Option<usize> {
    let word = word_before(bytes, end);
    let callee = bytes[word.clone()].to_ascii_lowercase();
    if memchr::memmem::find(&callee, b"env").is_none() {
        return None;
    }
    let mut at = before_blanks(bytes, word.start);
    while at > 0 && matches!(bytes[at - 1], b'<' | b'>' | b'$' | b'(' | b'.' | b'=') {
        at -= 1;
    }
    Some(before_blanks(bytes, at))
}

/// `NAME=value`: the run belongs to another name.
fn names_assignment(word: &[u8]) -> bool {
    let name = word.iter().take_while(|b| is_word(**b)).count();
    name > 1 && word.get(name) == Some(&b'=') && word[name..].iter().any(|b| *b != b'=')
}

/// Before the quote that opens around a cell.
fn before_quote(bytes: &[u8], at: usize) -> usize {
    at - usize::from(at > 0 && matches!(bytes[at - 1], b'"' | b'\''))
}

/// The cell at an index of a row, its quotes left out.
fn cell(bytes: &[u8], row: Range<usize>, separator: u8, index: usize) -> Option<Range<usize>> {
    let mut start = row.start;
    for _ in 0..index {
        let from = match byte(bytes, start) {
            b'"' => quoted(bytes, start).map_or(start, |string| string.end),
            _ => start,
        };
        start = from + memchr::memchr(separator, bytes.get(from..row.end)?)? + 1;
    }
    if byte(bytes, start) == b'"' {
        return quoted(bytes, start).map(|string| string.inner);
    }
    let length = bytes.get(start..row.end)?.iter().position(|b| *b == separator || *b == b'\r');
    Some(start..length.map_or(row.end, |length| start + length))
}

/// The strength of the literal that fills a cell up to one of `ends`.
fn classify_cell(bytes: &[u8], start: usize, ends: &[u8]) -> Option<Strength> {
    let length = bytes.get(start..)?.iter().take(520).position(|b| ends.contains(b))?;
    match classify(&bytes[start..start + length], Form::Quoted) {
        Class::Literal(strength) => Some(strength),
        _ => None,
    }
}

/// The string that ends at `end`.
fn string_before(bytes: &[u8], end: usize, way: Way) -> Option<Candidate> {
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

/// Past the quotes, backslashes, brackets and emphasis that close around a
/// name.
fn past_closers(bytes: &[u8], mut at: usize) -> usize {
    while matches!(byte(bytes, at), b'"' | b'\'' | b'`' | b']' | b'*' | b'%' | b'$')
        || (byte(bytes, at) == b'\\' && matches!(byte(bytes, at + 1), b'"' | b'\'' | b'\\'))
        || bytes[at.min(bytes.len())..].starts_with(b"&quot;")
    {
        at += if byte(bytes, at) == b'&' { 6 } else { 1 };
    }
    at
}

/// Past `(` and blanks, so that `default("v")` reads like `default "v"`.
fn past_closers_open(bytes: &[u8], at: usize) -> usize {
    let at = skip_blanks(bytes, at);
    skip_blanks(bytes, at + usize::from(matches!(byte(bytes, at), b'(' | b':')))
}

/// The operator at `at`: the place after it.
///
/// `?` and `:?` of shells introduce a message and `:+` another value, so they
/// are none; `<` and `>` alone belong to tags.
fn operator(bytes: &[u8], at: usize, name: &Range<usize>) -> Option<usize> {
    const OPERATORS: [&[u8]; 26] = [
        b"<<<=",
        b"===",
        b"!==",
        b"||=",
        b"??=",
        b"::=",
        b"<<-",
        b":==",
        b"//=",
        b"==",
        b"!=",
        b":=",
        b"=>",
        b"?=",
        b"+=",
        b"|=",
        b"<-",
        b"->",
        b"=~",
        b":-",
        b"=",
        b":",
        b"~>",
        b"\xe2\x86\x90",
        b"\xe2\x86\x92",
        b"\xef\xbc\x9a",
    ];
    let rest = bytes.get(at..)?;
    let in_braces = bytes[..name.start].ends_with(b"${");
    if in_braces && (rest.starts_with(b":?") || rest.starts_with(b":+") || rest.starts_with(b"}")) {
        return None;
    }
    if in_braces && rest.starts_with(b"-") {
        return Some(at + 1);
    }
    if rest.starts_with(b"::") && !rest.starts_with(b"::=") {
        return Some(at + 2);
    }
    let operator = OPERATORS.iter().find(|operator| rest.starts_with(operator))?;
    Some(at + operator.len())
}

fn past_question(bytes: &[u8], at: usize) -> usize {
    at + usize::from(matches!(byte(bytes, at), b'?' | b'!'))
}

/// Methods whose argument is the value, a fallback for it, or compared to it.
fn gives_value(bytes: &[u8], method: &Range<usize>) -> bool {
    const METHODS: [&str; 40] = [
        "unwrap_or",
        "unwrap_or_else",
        "unwrap_or_default",
        "or",
        "or_else",
        "orelse",
        "getorelse",
        "orelseget",
        "getordefault",
        "ordefault",
        "default",
        "defaultvalue",
        "default_value",
        "withdefault",
        "with_default",
        "fallback",
        "otherwise",
        "ifempty",
        "ifnull",
        "coalesce",
        "equals",
        "equalsignorecase",
        "eq",
        "equal",
        "isequalto",
        "tobe",
        "toequal",
        "set",
        "setvalue",
        "put",
        "value",
        "withvalue",
        "val",
        "is",
        "compareto",
        "map_or",
        "to_equal",
        "returns",
        "thenreturn",
        "and_return",
    ];
    is_any(bytes, method, &METHODS)
}

/// Past the emphasis and code marks that open a table's cell.
fn skip_cell_marks(bytes: &[u8], mut at: usize) -> usize {
    while matches!(byte(bytes, at), b'*' | b'=' | b'~' | b'|' | b' ')
        || (byte(bytes, at) == b'`' && byte(bytes, at + 1) == b'`')
    {
        at += 1;
    }
    at
}

fn before_space(bytes: &[u8], start: usize, mut end: usize) -> usize {
    while end > start && bytes[end - 1].is_ascii_whitespace() {
        end -= 1;
    }
    end
}

fn is_tag(bytes: &[u8], at: usize) -> bool {
    matches!(byte(bytes, at + 1), b'/' | b'!') || byte(bytes, at + 1).is_ascii_alphabetic()
}

/// The unquoted run at `at`, without the marks that end a sentence.
fn bare_word(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let mut end = at;
    while end - at < 560
        && byte(bytes, end).is_ascii_graphic()
        && !b"\"'`,;()[]{}<>|\\".contains(&bytes[end])
    {
        end += 1;
    }
    let run = end;
    while end > at && matches!(bytes[end - 1], b'.' | b'!' | b'?' | b'*') {
        end -= 1;
    }
    let is_code = matches!(byte(bytes, run), b'[' | b'{');
    (end > at && !is_code).then_some(at..end)
}

/// Words that may stand between a name and its value: types, SQL and COBOL
/// clauses, and what prose says.
fn is_connector(bytes: &[u8], word: &Range<usize>) -> bool {
    const WORDS: [&str; 62] = [
        "is",
        "to",
        "as",
        "was",
        "are",
        "of",
        "with",
        "value",
        "val",
        "set",
        "equals",
        "the",
        "currently",
        "now",
        "string",
        "str",
        "text",
        "char",
        "varchar",
        "varchar2",
        "nvarchar",
        "const",
        "constant",
        "default",
        "pic",
        "x",
        "dim",
        "type",
        "not",
        "null",
        "be",
        "and",
        "in",
        "for",
        "a",
        "our",
        "using",
        "use",
        "used",
        "here",
        "progmem",
        "final",
        "static",
        "readonly",
        "let",
        "var",
        "val",
        "new",
        "key",
        "prod",
        "production",
        "staging",
        "same",
        "eq",
        "ne",
        "-eq",
        "-ne",
        "-value",
        "--value",
        "--body",
        "/d",
        "-v",
    ];
    is_any(bytes, word, &WORDS)
        || (word.len() == 2 && bytes[word.start] == b'-')
        || is_any(
            bytes,
            word,
            &[
                "-b",
                "/t",
                "reg_sz",
                "/v",
                "-force",
                "-scope",
                "machine",
                "user",
                "/m",
                "--plaintext",
                "--type",
                "securestring",
                "--name",
                "--secret-string",
                "-string",
                "--data",
                "--stdin",
            ],
        )
}
