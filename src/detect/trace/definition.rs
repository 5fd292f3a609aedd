//! Definitions of a name in one piece.
//!
//! In: a reference. Out: the literals of the definition that it sees: the
//! nearest before it, or, for constants, members and functions, after it.

use std::ops::Range;

use super::scope::{self, Enclosure};
use super::{Parts, Tracer};
use crate::detect::text::{byte, is_any, is_word, line_start, skip_blanks, word_at, word_before};
use crate::detect::trace::reference::{self, Reference};
use crate::detect::value::{Class, is_token_byte};
use crate::detect::way::{Candidate, Way};
use crate::rule::Strength;

/// How far from its use a definition is looked for, in bytes.
const REACH_BYTES: usize = 96 << 10;
/// How many occurrences of a name are read on each side of its use.
const MOST_OCCURRENCES: usize = 48;
/// How many places are looked at for them: a short name is part of many words.
const MOST_MATCHES: usize = 1_000;

/// What one occurrence of a name gives it.
enum Given {
    /// Nothing: it is no definition.
    Nothing,
    /// Something that is no literal of this piece.
    Opaque,
    /// These values.
    Values(Vec<Parts>),
}

/// What a loop goes through, by where it begins.
enum Collection {
    Expression(usize),
    Reference(usize),
}

impl Tracer<'_> {
    /// The values of the definition that the reference sees.
    pub(super) fn defined(&self, reference: &Reference, depth: usize) -> Vec<Parts> {
        let name = reference.name();
        let (before, after) = self.occurrences(&name);
        for at in before.iter().rev() {
            match self.given(at, reference, depth) {
                Given::Values(values) => return values,
                Given::Opaque if scope::dominates(self.bytes, at.start, name.start) => {
                    return self.passed(reference, &before, depth);
                }
                Given::Opaque | Given::Nothing => {}
            }
        }
        for at in &after {
            if let Given::Values(values) = self.given(at, reference, depth) {
                return values;
            }
        }
        let mut passed = self.passed(reference, &before, depth);
        if passed.is_empty() {
            passed = self.passed(reference, &after, depth);
        }
        passed
    }

    /// The occurrences of a name as a whole word, before and after its use.
    fn occurrences(&self, name: &Range<usize>) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
        let text = &self.bytes[name.clone()];
        let finder = memchr::memmem::Finder::new(text);
        let from = name.start.saturating_sub(REACH_BYTES);
        let to = self.bytes.len().min(name.end + REACH_BYTES);
        let last = memchr::memmem::FinderRev::new(text);
        let range = |at: usize| at..at + text.len();
        let mut before: Vec<Range<usize>> = last
            .rfind_iter(&self.bytes[from..name.start])
            .take(MOST_MATCHES)
            .map(|at| range(from + at))
            .filter(|at| is_whole(self.bytes, at))
            .take(MOST_OCCURRENCES)
            .collect();
        before.reverse();
        let after = finder
            .find_iter(&self.bytes[name.end..to])
            .take(MOST_MATCHES)
            .map(|at| range(name.end + at))
            .filter(|at| is_whole(self.bytes, at))
            .take(MOST_OCCURRENCES)
            .collect();
        (before, after)
    }

    fn given(&self, at: &Range<usize>, reference: &Reference, depth: usize) -> Given {
        let used = reference.name();
        // First what is known after one look: of a name that is used a hundred
        // times each use asks for the others, and hardly any of them gives it
        // anything.
        let collection = self.collection(at);
        let candidates: Vec<Candidate> =
            self.read(at).iter().filter(|candidate| self.defines(at, candidate)).cloned().collect();
        if collection.is_none() && candidates.is_empty() {
            return Given::Nothing;
        }
        let qualifier = scope::qualifier(self.bytes, at);
        if !self.may_walk(at.start.abs_diff(used.start)) {
            return Given::Nothing;
        }
        let block = scope::declaration_block(self.bytes, at);
        if !scope::agrees(self.bytes, qualifier.as_ref(), reference)
            || (scope::are_apart(self.bytes, block, used.start)
                && !scope::is_known_beside(self.bytes, reference))
        {
            return Given::Nothing;
        }
        if let Some(values) = collection.and_then(|collection| self.members(&collection, depth)) {
            return Given::Values(values);
        }
        if candidates.is_empty() || !self.is_in_sight(at, reference) {
            return Given::Nothing;
        }
        let mut values = Vec::new();
        for candidate in &candidates {
            if self.is_literal(candidate) {
                values.push(candidate.parts.clone());
                continue;
            }
            let [span] = candidate.parts.as_slice() else { continue };
            let overlaps = span.start <= used.end && used.start <= span.end;
            if overlaps {
                return Given::Nothing;
            }
            values.extend(if candidate.is_quoted {
                self.text(span, false, depth)
            } else {
                self.expression(span.start, depth)
            });
        }
        if values.is_empty() { Given::Opaque } else { Given::Values(values) }
    }

    /// Whether what was read beside a name is given to it, and not merely a
    /// neighbour of it.
    fn defines(&self, name: &Range<usize>, candidate: &Candidate) -> bool {
        let is_named = matches!(byte(self.bytes, name.end), b'"' | b'\'');
        match candidate.way {
            Way::Assigned | Way::Field | Way::Element => true,
            Way::Following => {
                self.is_literal(candidate)
                    && (candidate.is_quoted || begins_directive(self.bytes, name))
            }
            Way::Paired => is_named || begins_directive(self.bytes, name),
            Way::Told => false,
        }
    }

    fn is_literal(&self, candidate: &Candidate) -> bool {
        let is_token = || {
            candidate
                .parts
                .iter()
                .all(|part| self.bytes[part.clone()].iter().all(|b| is_token_byte(*b)))
        };
        match candidate.class {
            Class::Literal(Strength::Strong | Strength::Fair) => true,
            // Half a key may look like anything.
            Class::Literal(Strength::Weak) | Class::Other => candidate.is_quoted && is_token(),
            _ => false,
        }
    }

    /// Whether the reference can mean the definition by what encloses it: a
    /// field of a record is meant by its record's name, a parameter's default
    /// by its function.
    fn is_in_sight(&self, at: &Range<usize>, reference: &Reference) -> bool {
        let scope = reference.scope().filter(|scope| !scope::is_own(self.bytes, scope));
        match scope::enclosure(self.bytes, at) {
            Enclosure::Block => true,
            Enclosure::Parentheses(open) => {
                let is_owned =
                    scope.as_ref().is_some_and(|scope| scope::is_owned(self.bytes, open, scope));
                is_owned
                    || is_declared(self.bytes, open)
                    || begins_directive(self.bytes, at)
                    || matches!(byte(self.bytes, at.end), b'"' | b'\'')
            }
            Enclosure::Record(open) => match scope {
                Some(scope) => scope::is_owned(self.bytes, open, &scope),
                None => reference.is_marked || reference.is_global || reference.scope().is_some(),
            },
        }
    }

    /// What a loop goes through that gives a name its members: `for k in keys`,
    /// `for _, k := range keys`, `keys.each do |k|`, `keys.map(k => …)`,
    /// `foreach ($keys as $k)`, `for (String k : keys)`.
    fn collection(&self, at: &Range<usize>) -> Option<Collection> {
        let next = skip_blanks(self.bytes, at.end);
        let word = word_at(self.bytes, next);
        if is_any(self.bytes, &word, &["in", "of"]) {
            return Some(Collection::Expression(word.end));
        }
        if byte(self.bytes, next) == b':' && byte(self.bytes, next + 1) == b' ' {
            let line = line_start(self.bytes, at.start, 200);
            let head = self.bytes[line..at.start].trim_ascii_start();
            if head.starts_with(b"for") || head.ends_with(b" for ") {
                return Some(Collection::Expression(next + 1));
            }
        }
        collection_before(self.bytes, at).map(Collection::Reference)
    }

    /// The members of a collection.
    fn members(&self, collection: &Collection, depth: usize) -> Option<Vec<Parts>> {
        let values = match collection {
            Collection::Expression(at) => self.expression(*at, depth),
            Collection::Reference(at) => self.referred(&reference::at(self.bytes, *at)?, depth),
        };
        (!values.is_empty()).then_some(values)
    }
}

/// Whether an occurrence is the whole of a name.
fn is_whole(bytes: &[u8], at: &Range<usize>) -> bool {
    let before = byte(bytes, at.start.wrapping_sub(1));
    let after = byte(bytes, at.end);
    let joins = |mark: u8, far: u8| mark == b'-' && is_word(far);
    let is_part = is_word(before)
        || is_word(after)
        || joins(before, byte(bytes, at.start.wrapping_sub(2)))
        || joins(after, byte(bytes, at.end + 1));
    !is_part
}

/// Words that begin a definition without an operator: `#define T "v"`,
/// `set $t v`, `ARG t v`, `!ENTITY t "v"`, `&t "v"`, `@t "v"`.
fn begins_directive(bytes: &[u8], name: &Range<usize>) -> bool {
    let line = line_start(bytes, name.start, 120);
    let head = bytes[line..name.start].trim_ascii();
    let head = head.strip_suffix(b"$").unwrap_or(head).trim_ascii_end();
    let word = head.rsplit(|b| !(is_word(*b) || *b == b'#')).next().unwrap_or_default();
    const WORDS: [&[u8]; 16] = [
        b"#define",
        b"define",
        b"set",
        b"arg",
        b"env",
        b"entity",
        b"const",
        b"constant",
        b"def",
        b"defvar",
        b"defparameter",
        b"setq",
        b"let",
        b"setenv",
        b"variable",
        b"parameter",
    ];
    WORDS.iter().any(|known| word.eq_ignore_ascii_case(known))
        || matches!(head.last(), Some(b'@' | b'&' | b'('))
}

/// Whether parentheses hold a declaration's parameters and not a call's
/// arguments: a block, a type or an arrow follows them, or a word that
/// declares stands before.
pub(super) fn is_declared(bytes: &[u8], open: usize) -> bool {
    let line = line_start(bytes, open, 200);
    let head = bytes[line..open].trim_ascii_start();
    const WORDS: [&[u8]; 18] = [
        b"def ",
        b"func ",
        b"fn ",
        b"function",
        b"fun ",
        b"sub ",
        b"record ",
        b"class ",
        b"constructor",
        b"pub fn ",
        b"async def ",
        b"async function",
        b"public ",
        b"private ",
        b"data class ",
        b"case class ",
        b"static ",
        b"export function",
    ];
    if WORDS.iter().any(|word| head.starts_with(word)) && !head.contains(&b'=') {
        return true;
    }
    let Some(close) = crate::detect::text::balanced(bytes, open, 600) else { return false };
    let after = skip_blanks(bytes, close);
    byte(bytes, after) == b'{' || bytes[after.min(bytes.len())..].starts_with(b"=>")
}

/// Where the collection begins whose member the name at `at` is, by a block or
/// an arrow function that takes it: `keys.each do |k|`, `keys.map(k =>`.
fn collection_before(bytes: &[u8], at: &Range<usize>) -> Option<usize> {
    const METHODS: [&str; 14] = [
        "map", "foreach", "each", "flatmap", "for_each", "iter", "filter", "find", "some", "every",
        "collect", "any", "all", "select",
    ];
    let mut end = at.start;
    while end > 0 && matches!(bytes[end - 1], b'(' | b'|' | b' ' | b'{' | b'&' | b'$') {
        end -= 1;
    }
    let word = word_before(bytes, end);
    if is_any(bytes, &word, &["as"]) {
        let mut path = crate::detect::text::before_blanks(bytes, word.start);
        while path > 0 && (is_word(bytes[path - 1]) || b"$->.:[]'\"".contains(&bytes[path - 1])) {
            path -= 1;
        }
        return Some(path);
    }
    let word = if is_any(bytes, &word, &["do"]) {
        word_before(bytes, crate::detect::text::before_blanks(bytes, word.start))
    } else {
        word
    };
    if end == at.start
        || !is_any(bytes, &word, &METHODS)
        || byte(bytes, word.start.wrapping_sub(1)) != b'.'
    {
        return None;
    }
    Some(word_before(bytes, word.start - 1).start)
}
