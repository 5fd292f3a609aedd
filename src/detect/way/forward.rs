//! From a name to its value.
//!
//! In: bytes and a name's range. Out: the values that the name may have, in
//! the order in which they should be believed. What follows the name decides:
//! an operator, a comma, a blank, a bracket, a tag, or a field beside it.

use std::ops::Range;

use super::expression::{Expression, evaluate, is_key};
use super::{Candidate, Way, fields};
use crate::detect::text::{
    balanced, before_blanks, byte, indent, is_any, is_word, line_start, quoted, skip_blanks, skip_space, word_at,
    word_before,
};
use crate::detect::value::{Class, Form, classify};
use crate::rule::Strength;

/// Words between a name and its value that carry no meaning of their own.
const MOST_WORDS: usize = 8;

/// The values that a name may have.
pub(crate) fn after_name(bytes: &[u8], name: &Range<usize>) -> Vec<Candidate> {
    let reader = Reader::new(bytes, name);
    let mut candidates = Vec::new();
    let is_settled = |candidates: &[Candidate]| {
        candidates.iter().any(|candidate| matches!(candidate.class, Class::Literal(_)))
    };
    candidates.extend(reader.direct());
    if !is_settled(&candidates) {
        candidates.extend(fields::beside(bytes, name, reader.end));
    }
    if !is_settled(&candidates) {
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
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8], name: &Range<usize>) -> Self {
        let line = line_start(bytes, name.start, 512);
        Self { bytes, name: name.clone(), end: past_closers(bytes, name.end), indent: indent(bytes, line) }
    }

    fn expression(&self, at: usize, way: Way, in_brackets: bool) -> Option<Candidate> {
        evaluate(self.bytes, at, Expression { way, indent: self.indent, in_brackets })
    }

    /// What follows the name directly.
    fn direct(&self) -> Option<Candidate> {
        let mut at = skip_blanks(self.bytes, self.end);
        if byte(self.bytes, at) == b'[' {
            at = skip_blanks(self.bytes, balanced(self.bytes, at, 64)?);
        }
        if let Some(after) = operator(self.bytes, at, &self.name) {
            return self.assigned(after);
        }
        match byte(self.bytes, at) {
            b',' | b'\t' => self.paired(at + 1),
            b';' if self.is_csv(at) => self.paired(at + 1),
            b'|' => self.piped(at),
            b'(' => self.expression(at + 1, Way::Paired, true),
            b'.' | b'?' => self.fallback(at),
            b'>' => self.element(at + 1),
            b'<' => self.tags(at),
            b'{' => self.block(at),
            b')' | b']' => self.lookup_closed(at),
            b'\n' => self.next_line(at),
            _ => self.following(at),
        }
    }

    /// After an operator.
    fn assigned(&self, at: usize) -> Option<Candidate> {
        let in_brackets = byte(self.bytes, self.name.start.wrapping_sub(1)) == b'(';
        self.expression(at, Way::Assigned, in_brackets)
    }

    /// `("K", "v")`, `K,v`: the next piece is the value unless it is a key.
    fn paired(&self, at: usize) -> Option<Candidate> {
        let next = skip_space(self.bytes, at);
        if is_key(self.bytes, next) && !self.is_named_argument(next) {
            return None;
        }
        let candidate = self.expression(next, Way::Paired, true)?;
        self.is_near(next, &candidate, 160).then_some(candidate)
    }

    /// `setenv("K", value="v")`.
    fn is_named_argument(&self, at: usize) -> bool {
        is_any(self.bytes, &word_at(self.bytes, at), &["value", "val", "default", "to", "newvalue", "with"])
    }

    /// Whether the value is close enough to be this name's, bare ones at once.
    fn is_near(&self, from: usize, candidate: &Candidate, reach: usize) -> bool {
        let start = candidate.parts.first().map_or(usize::MAX, |part| part.start);
        if candidate.is_quoted { start < from + reach } else { start <= from + 2 }
    }

    fn is_csv(&self, at: usize) -> bool {
        !self.bytes[at + 1..].starts_with(b" ") && classify_cell(self.bytes, at + 1, b";\n\r") == Some(Strength::Strong)
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
            b'(' if is_predicate(self.bytes, &method) => None,
            b'(' => self.expression(open + 1, Way::Paired, true).or_else(|| {
                let after = balanced(self.bytes, open, 200)?;
                (byte(self.bytes, after) == b'.').then(|| self.fallback(after))?
            }),
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
        let separator = if matches!(byte(self.bytes, separator), b':' | b'=') { separator + 1 } else { separator };
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
        if rest.starts_with(b"||") || rest.starts_with(b"??") || rest.starts_with(b"?:") || rest.starts_with(b"//") {
            return self.expression(next + 2, Way::Assigned, false);
        }
        let word = word_at(self.bytes, next);
        if is_any(self.bytes, &word, &["or", "orelse", "else", "default"]) {
            return self.expression(word.end, Way::Assigned, false);
        }
        match byte(self.bytes, next) {
            b'.' => self.fallback(next),
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
            _ => None,
        }
    }

    /// Only blanks or a few words lie between: directives, types, prose.
    fn following(&self, at: usize) -> Option<Candidate> {
        if at == self.end && !matches!(byte(self.bytes, at), b'"' | b'\'' | b'`' | b'\\' | b'&' | 0xe2) {
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
            let word = bare_word(self.bytes, at)?;
            let class = classify(&self.bytes[word.clone()], Form::Bare);
            if matches!(class, Class::Literal(strength) if strength >= Strength::Fair) {
                let is_key = matches!(byte(self.bytes, skip_blanks(self.bytes, word.end)), b':' | b'=');
                return (!is_key).then(|| Candidate { parts: vec![word], class, way, is_quoted: false });
            }
            if !is_connector(self.bytes, &word) {
                return None;
            }
            way = if words == 0 && is_any(self.bytes, &word, &["value", "val", "default"]) { Way::Field } else { Way::Told };
            at = word.end;
        }
        None
    }

    /// `"v" == name`, `"v" -> name`, `"v".equals(name)`, `v | set-secret name`,
    /// `default "v" .Values.name`.
    fn reversed(&self) -> Option<Candidate> {
        let mut at = self.name.start;
        while at > 0 && (is_word(self.bytes[at - 1]) || b"\"'`$.({@:\\".contains(&self.bytes[at - 1])) {
            at -= 1;
        }
        let at = before_blanks(self.bytes, at);
        let before = &self.bytes[..at];
        for operator in [&b"==="[..], b"!==", b"==", b"!=", b"->>", b"->", b"AS", b"as", b".equals", b".Equals"] {
            if let Some(rest) = before.strip_suffix(operator) {
                return string_before(self.bytes, before_blanks(self.bytes, rest.len()), Way::Assigned);
            }
        }
        let equals = [&b"equals("[..], b"Equals(", b"equalsIgnoreCase("];
        let opened = &self.bytes[..self.name.start];
        if let Some(method) = equals.iter().find(|method| opened.ends_with(method)) {
            let end = opened.len() - method.len();
            return string_before(self.bytes, end.checked_sub(1)?, Way::Assigned);
        }
        let word = before.last().is_some_and(|b| matches!(b, b'"' | b'\''));
        (word && self.follows_default(at)).then(|| string_before(self.bytes, at, Way::Assigned))?
    }

    fn follows_default(&self, end: usize) -> bool {
        let Some(string) = string_before(self.bytes, end, Way::Assigned) else { return false };
        let start = string.parts[0].start.saturating_sub(1);
        is_any(self.bytes, &word_before(self.bytes, before_blanks(self.bytes, start)), &["default", "coalesce"])
    }
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
        b"<<<=", b"===", b"!==", b"||=", b"??=", b"::=", b"<<-", b":==", b"//=", b"==", b"!=", b":=", b"=>", b"?=",
        b"+=", b"|=", b"<-", b"->", b"=~", b":-", b"=", b":", b"~>", b"\xe2\x86\x90", b"\xe2\x86\x92", b"\xef\xbc\x9a",
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

/// Methods that ask about a value rather than give or compare it.
fn is_predicate(bytes: &[u8], method: &Range<usize>) -> bool {
    is_any(bytes, method, &["startswith", "starts_with", "endswith", "ends_with", "includes", "contains", "match", "matches", "test", "replace", "split", "describe", "expect", "ok_or", "error"])
}

/// Past the emphasis and code marks that open a table's cell.
fn skip_cell_marks(bytes: &[u8], mut at: usize) -> usize {
    while matches!(byte(bytes, at), b'*' | b'=' | b'~' | b'|' | b' ') || (byte(bytes, at) == b'`' && byte(bytes, at + 1) == b'`') {
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
    while end - at < 560 && byte(bytes, end).is_ascii_graphic() && !b"\"'`,;()[]{}<>|\\".contains(&bytes[end]) {
        end += 1;
    }
    let run = end;
    while end > at && matches!(bytes[end - 1], b'.' | b'!' | b'?' | b'*') {
        end -= 1;
    }
    let is_code = matches!(byte(bytes, run), b'(' | b'[' | b'{');
    (end > at && !is_code).then_some(at..end)
}

/// Words that may stand between a name and its value: types, SQL and COBOL
/// clauses, and what prose says.
fn is_connector(bytes: &[u8], word: &Range<usize>) -> bool {
    const WORDS: [&str; 62] = [
        "is", "to", "as", "was", "are", "of", "with", "value", "val", "set", "equals", "the", "currently", "now",
        "string", "str", "text", "char", "varchar", "varchar2", "nvarchar", "const", "constant", "default", "pic",
        "x", "dim", "type", "not", "null", "be", "and", "in", "for", "a", "our", "using", "use", "used", "here",
        "progmem", "final", "static", "readonly", "let", "var", "val", "new", "key", "prod", "production", "staging",
        "same", "eq", "ne", "-eq", "-ne", "-value", "--value", "--body", "/d", "-v",
    ];
    is_any(bytes, word, &WORDS) || (word.len() == 2 && bytes[word.start] == b'-') || is_any(bytes, word, &["-b", "/t", "reg_sz", "/v", "-force", "-scope", "machine", "user", "/m", "--plaintext", "--type", "securestring", "--name", "--secret-string", "-string", "--data", "--stdin"])
}
