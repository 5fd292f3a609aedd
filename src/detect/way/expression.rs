//! Reads the right-hand side of an assignment.
//!
//! In: the place after `=`, `:` or a comma. Out: the first literal that the
//! expression comes down to: through constructors, fallbacks, type names,
//! concatenations, block scalars, here-documents and look-ups. A look-up's own
//! argument is a name and is stepped over.

use std::ops::Range;

use super::command::printed;
use super::piece::{
    block_scalar, is_bare, is_escaped_end, is_key, is_key_end, strip_quotes, strip_scheme,
    trim_end, without_marks,
};
use super::{Candidate, Way, unescape};
use crate::detect::text::{
    byte, indent, is_any, is_word, line_end, line_start, quoted, skip_blanks, skip_space,
};
use crate::detect::value::{Class, Form, classify, is_token_byte};

/// How many pieces of an expression are read before it is given up.
const MOST_PIECES: usize = 24;
/// Up to which piece of an expression literals are looked for that a call or a
/// list joins: each look reads ahead.
const MOST_JOINED: usize = 6;
/// How far an expression is read, in bytes.
pub(super) const REACH_BYTES: usize = 1200;

/// What surrounds an expression.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expression {
    /// How the name led here.
    pub way: Way,
    /// The indentation of the name's line: a value on the next line must be
    /// deeper than it.
    pub indent: usize,
    /// Whether the expression stands inside a bracket, so that a line's end
    /// does not end it.
    pub in_brackets: bool,
    /// The quote of the string that the name itself stands in: it ends the
    /// expression.
    pub enclosing: Option<u8>,
}

pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    pub(super) end: usize,
    pub(super) depth: usize,
    pub(super) expression: Expression,
    /// Whether the last piece leaves the line open: an operator or a bracket.
    pub(super) is_open: bool,
    pub(super) found: Option<Candidate>,
}

/// Reads the expression at `at`; the literal in it, or else the first value
/// of another class.
pub(crate) fn evaluate(bytes: &[u8], at: usize, expression: Expression) -> Option<Candidate> {
    let mut reader = Reader {
        bytes,
        at,
        end: bytes.len().min(at + REACH_BYTES),
        depth: usize::from(expression.in_brackets),
        expression,
        is_open: true,
        found: None,
    };
    if let Some(candidate) = super::joined::assembled(bytes, at, expression.way) {
        return Some(candidate);
    }
    for piece in 0..MOST_PIECES {
        if !reader.step(piece) {
            break;
        }
    }
    reader.found
}

impl Reader<'_> {
    /// Reads one piece; whether there may be more.
    fn step(&mut self, piece: usize) -> bool {
        if !self.skip_to_piece(piece) {
            return false;
        }
        if let Some(next) = block_scalar(self.bytes, self.at).filter(|_| piece == 0) {
            return self.take_block(next);
        }
        if self.expression.enclosing == Some(byte(self.bytes, self.at)) {
            return false;
        }
        if (1..MOST_JOINED).contains(&piece)
            && let Some(joined) = super::joined::assembled(self.bytes, self.at, self.expression.way)
        {
            self.found = Some(joined);
            return false;
        }
        if let Some(printed) = printed(self.bytes, self.at, self.expression.way) {
            self.found = Some(printed);
            return false;
        }
        if let Some(string) = quoted(self.bytes, self.at) {
            return self.take_string(&string.inner, string.end);
        }
        match byte(self.bytes, self.at) {
            b'<' if self.bytes[self.at..].starts_with(b"<<") => self.take_here_document(),
            b'{' | b'[' if piece == 0 => self.take_record(),
            b'(' | b'{' | b'[' => self.open(),
            b')' | b'}' | b']' => self.close(),
            b',' if self.depth > usize::from(self.expression.in_brackets) => self.pass(1),
            b'*' if self.bytes[self.at..].starts_with(b"**") => self.take_mask(),
            b'|' if self.bytes[self.at..].starts_with(b"||") => self.pass(2),
            b'!' if piece == 0 => self.skip_tag(),
            b';' | b',' | 0 => false,
            b'/' if self.bytes[self.at..].starts_with(b"//") && self.is_comment() => false,
            b'#' if self.is_comment() => false,
            b'-' | b'+' | b'.'
                if piece == 0 && byte(self.bytes, self.at + 1).is_ascii_alphanumeric() =>
            {
                self.take_bare(piece)
            }
            b'=' | b':' | b'?' | b'|' | b'+' | b'.' | b'@' | b'<' | b'>' | b'&' | b'*' | b'\\'
            | b'-' | b'^' => self.operator(),
            _ => self.take_bare(piece),
        }
    }

    /// Past blanks; past line ends too where the expression goes on.
    fn skip_to_piece(&mut self, piece: usize) -> bool {
        let next = skip_blanks(self.bytes, self.at);
        let past = skip_space(self.bytes, next);
        let crosses = self.bytes[next..past.min(self.bytes.len())].contains(&b'\n');
        let continues = !crosses || self.depth > 0 || self.continues_on_next_line(past, piece);
        self.at = past;
        if continues && (self.depth > 0 || piece == 0) && crosses_comment(self.bytes, past) {
            let line = line_end(self.bytes, past, 300);
            let block = memchr::memmem::find(&self.bytes[past..self.end.max(past)], b"*/")
                .map(|length| past + length + 2);
            self.at =
                if self.bytes[past..].starts_with(b"/*") { block.unwrap_or(line) } else { line };
            return self.skip_to_piece(piece);
        }
        continues && self.at < self.end
    }

    fn continues_on_next_line(&self, next: usize, piece: usize) -> bool {
        let rest = &self.bytes[next.min(self.bytes.len())..];
        let goes_on =
            [&b"??"[..], b"||", b"?", ":".as_bytes(), b"+", b".", b"or ", b"//", b"&", b"?:"]
                .iter()
                .any(|start| rest.starts_with(start) && !rest.starts_with(b"//"));
        if piece > 0 {
            return self.is_open || goes_on || rest.starts_with(b"get() =");
        }
        if rest.starts_with(b"string(") {
            return true;
        }
        let line = line_start(self.bytes, next, 512);
        let is_deeper = indent(self.bytes, line) > self.expression.indent;
        if quoted(self.bytes, next).is_some() {
            return is_deeper || self.expression.way == Way::Assigned && !is_key(self.bytes, next);
        }
        is_deeper && !is_key(self.bytes, next) && !rest.starts_with(b"- ")
    }

    /// Whether `//` or `#` here begins a comment rather than an operator.
    fn is_comment(&self) -> bool {
        let before = self.at.checked_sub(1).map_or(b' ', |at| self.bytes[at]);
        before.is_ascii_whitespace()
            && byte(self.bytes, self.at + 2) != b'"'
            && !self.is_perl_fallback()
    }

    /// Perl's `$ENV{K} // "v"`.
    fn is_perl_fallback(&self) -> bool {
        byte(self.bytes, self.at) == b'/'
            && quoted(self.bytes, skip_blanks(self.bytes, self.at + 2)).is_some()
    }

    pub(super) fn pass(&mut self, length: usize) -> bool {
        self.at += length;
        self.is_open = true;
        true
    }

    pub(super) fn open(&mut self) -> bool {
        self.depth += 1;
        self.pass(1)
    }

    fn close(&mut self) -> bool {
        if self.depth == 0 {
            return false;
        }
        self.depth -= 1;
        self.at += 1;
        self.is_open = false;
        self.depth > 0 || !self.expression.in_brackets || self.falls_back()
    }

    /// Whether an operator follows that gives another value for want of this.
    pub(super) fn falls_back(&self) -> bool {
        let rest = &self.bytes[skip_space(self.bytes, self.at).min(self.bytes.len())..];
        [&b"||"[..], b"??", b"?:", b"or ", b"//", b"| default"]
            .iter()
            .any(|start| rest.starts_with(start))
    }

    fn operator(&mut self) -> bool {
        // What `>` closes at a line's end is no comparison.
        let closes = self.bytes[self.at] == b'>'
            && matches!(byte(self.bytes, self.at + 1), b'\n' | b'\r' | 0);
        self.pass(1);
        self.is_open = !closes;
        true
    }

    /// `***`: what a log shows of a secret.
    fn take_mask(&mut self) -> bool {
        self.note(vec![self.at..self.at + 2], Class::Placeholder, false);
        false
    }

    /// YAML's `!!str`, `!Sub`, `!vault`: the last names a reference.
    fn skip_tag(&mut self) -> bool {
        let end =
            self.bytes[self.at..].iter().take(40).take_while(|b| !b.is_ascii_whitespace()).count();
        let tag = &self.bytes[self.at..self.at + end];
        if tag.eq_ignore_ascii_case(b"!vault")
            || tag.eq_ignore_ascii_case(b"!secret")
            || tag.starts_with(b"!encrypted")
        {
            self.note(vec![self.at..self.at + end], Class::Reference, false);
            return false;
        }
        if tag.eq_ignore_ascii_case(b"!!null") {
            self.note(vec![self.at..self.at + end], Class::Empty, false);
            return false;
        }
        self.at += end.max(1);
        let next = skip_blanks(self.bytes, self.at);
        if let Some(next) = block_scalar(self.bytes, next) {
            return self.take_block(next);
        }
        self.is_open = false;
        true
    }

    pub(super) fn note(&mut self, parts: Vec<Range<usize>>, class: Class, is_quoted: bool) {
        let is_better = match &self.found {
            None => true,
            Some(found) => {
                !matches!(found.class, Class::Literal(_)) && matches!(class, Class::Literal(_))
            }
        };
        if is_better {
            self.found = Some(Candidate { parts, class, way: self.expression.way, is_quoted });
        }
    }

    /// A quoted string, joined with those that follow it.
    fn take_string(&mut self, inner: &Range<usize>, end: usize) -> bool {
        if is_key_end(self.bytes, end) {
            let is_value = super::fields::names_value(self.bytes, inner);
            self.at = skip_blanks(self.bytes, end) + 1;
            self.is_open = true;
            return self.depth > 0 && is_value;
        }
        let mut parts = super::joined::unfolded(self.bytes, &strip_scheme(self.bytes, inner));
        if let [only] = parts.as_mut_slice() {
            *only = strip_quotes(self.bytes, only.clone());
        }
        let (more, end, joins_variable) = super::joined::concatenated(self.bytes, end);
        parts.extend(more);
        let value: Vec<u8> =
            parts.iter().flat_map(|part| self.bytes[part.clone()].iter().copied()).collect();
        let class = classify(&unescape(&value), Form::Quoted);
        self.at = end;
        self.is_open = false;
        if joins_variable
            && !matches!(class, Class::Literal(strength) if strength >= crate::rule::Strength::Strong)
        {
            self.note(parts, Class::Code, true);
            return true;
        }
        self.note(parts, class, true);
        let is_inside = self.depth > usize::from(self.expression.in_brackets);
        !matches!(class, Class::Literal(_)) && (is_inside || self.falls_back() || self.is_ternary())
    }

    /// `"a" ? x : "v"`, `"a" : "v"`.
    fn is_ternary(&self) -> bool {
        matches!(byte(self.bytes, skip_space(self.bytes, self.at)), b'?' | b':')
    }

    /// An unquoted run: a literal, a word of code, or a constructor's name.
    fn take_bare(&mut self, piece: usize) -> bool {
        let start = self.at;
        let mut end = start;
        while end < self.end && is_bare(self.bytes[end]) && !is_escaped_end(self.bytes, end) {
            end += 1;
        }
        if end == start {
            self.at += 1;
            return self.at < self.end;
        }
        if self.bytes[start..].starts_with(b"get() =") {
            return self.pass(7);
        }
        // A shell's `${NAME-default}`.
        let name = self.bytes[start..end].iter().take_while(|b| is_word(**b)).count();
        if self.bytes[..start].ends_with(b"${")
            && byte(self.bytes, start + name) == b'-'
            && self.bytes[start..start + name].contains(&b'_')
        {
            self.is_open = true;
            return self.pass(name + 1);
        }
        let (word, is_call) = (start..end, matches!(byte(self.bytes, end), b'(' | b'{' | b'['));
        if is_call || matches!(byte(self.bytes, end), b'"' | b'\'' | b'`') && end - start <= 6 {
            return self.take_callee(&word, end);
        }
        if is_any(self.bytes, &word, &["bearer", "basic", "token"]) && self.is_scheme(end) {
            return self.pass(end - start);
        }
        self.take_bare_value(word, piece)
    }

    /// `Bearer v`, unquoted.
    fn is_scheme(&self, end: usize) -> bool {
        byte(self.bytes, end) == b' ' && is_token_byte(byte(self.bytes, end + 1))
    }

    fn take_bare_value(&mut self, word: Range<usize>, piece: usize) -> bool {
        let trimmed = without_marks(self.bytes, trim_end(self.bytes, &word));
        let trimmed = before_assignment(self.bytes, trimmed);
        let value = &self.bytes[trimmed.clone()];
        let class = classify(value, Form::Bare);
        let is_assignment = value.iter().position(|b| *b == b'=').is_some_and(|equals| {
            value[equals..].iter().any(|b| *b != b'=')
                && value[..equals].iter().all(|b| is_word(*b) || *b == b'-')
        });
        self.at = word.end;
        self.is_open = false;
        if is_assignment {
            return self.depth > usize::from(self.expression.in_brackets);
        }
        if is_any(
            self.bytes,
            &word,
            &[
                "return", "new", "await", "const", "mut", "ref", "in", "or", "if", "else", "then",
                "and", "unless", "default",
            ],
        ) {
            self.is_open = true;
            return true;
        }
        let (parts, class) = match self.continued(&trimmed, word.end) {
            Some(parts) => {
                let raw: Vec<u8> = parts
                    .iter()
                    .flat_map(|part| self.bytes[part.clone()].iter().copied())
                    .collect();
                let class = classify(&raw, Form::Bare);
                (parts, class)
            }
            None => (vec![trimmed], class),
        };
        self.note(parts, class, false);
        let goes_on = !matches!(class, Class::Literal(_)) || self.is_declared_type(word.end);
        if matches!(class, Class::Literal(_)) && self.is_declared_type(word.end) {
            self.found = None;
        }
        goes_on && (piece < 16)
    }

    /// An unquoted run that a backslash continues on the next line, as in
    /// properties files: its parts.
    fn continued(&self, first: &Range<usize>, end: usize) -> Option<Vec<Range<usize>>> {
        let mut parts = vec![first.clone()];
        let mut end = end;
        while self.bytes.get(end) == Some(&b'\\')
            && matches!(byte(self.bytes, end + 1), b'\n' | b'\r')
        {
            let start = skip_space(self.bytes, end);
            let length =
                self.bytes[start..].iter().take(560).take_while(|b| is_token_byte(**b)).count();
            if length == 0 || is_key_end(self.bytes, start + length) {
                break;
            }
            parts.push(start..start + length);
            end = start + length;
        }
        (parts.len() > 1).then_some(parts)
    }

    /// `key: Type = "v"`: what was read is the type.
    fn is_declared_type(&self, end: usize) -> bool {
        let at = skip_blanks(self.bytes, end);
        byte(self.bytes, at) == b'=' && !matches!(byte(self.bytes, at + 1), b'=') && at > end
    }
}

/// Without the next assignment of a list that is separated by an uncommon mark:
/// `v@NAME=…` of `--set-env-vars=^@^…`.
fn before_assignment(bytes: &[u8], word: Range<usize>) -> Range<usize> {
    let text = &bytes[word.clone()];
    let cut = memchr::memchr3_iter(b'@', b'#', b':', text).find(|at| {
        let name = text[at + 1..].iter().take_while(|b| b.is_ascii_uppercase() || **b == b'_');
        let length = name.count();
        *at >= 16 && length > 1 && text.get(at + 1 + length) == Some(&b'=')
    });
    word.start..cut.map_or(word.end, |at| word.start + at)
}

/// Whether a comment stands at `at`, alone between a name and its value.
fn crosses_comment(bytes: &[u8], at: usize) -> bool {
    let rest = &bytes[at.min(bytes.len())..];
    let before = at.checked_sub(1).map_or(b' ', |at| bytes[at]);
    before.is_ascii_whitespace()
        && (rest.starts_with(b"/*") || rest.starts_with(b"// ") || rest.starts_with(b"# "))
}
