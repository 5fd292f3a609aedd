//! Names and values that are fields of one record.
//!
//! In: the place of a name that is itself a value (`name: K`), or the inside
//! of a record. Out: the value of the field beside it.

use std::ops::Range;

use super::expression::{Expression, evaluate};
use super::{Candidate, Way};
use crate::detect::text::{
    byte, indent, is_any, is_word, line_start, quoted, skip_blanks, skip_space, word_at,
};
use crate::detect::value::Class;

/// How far a sibling field may be, in bytes.
const REACH_BYTES: usize = 700;

/// Fields that hold a value: Kubernetes, Docker Compose, Terraform,
/// CloudFormation, Elastic Beanstalk, Postman, Insomnia, property lists, .NET
/// settings, Pulumi, JSON Schema, SQL.
const VALUE_FIELDS: [&str; 33] = [
    "value",
    "val",
    "default",
    "current",
    "currentvalue",
    "content",
    "contents",
    "text",
    "string",
    "stringvalue",
    "string_value",
    "plaintext",
    "plaintext_value",
    "plaintextvalue",
    "secret",
    "data",
    "parametervalue",
    "initialvalue",
    "initial",
    "defaultvalue",
    "default_value",
    "v",
    "secretvalue",
    "secret_value",
    "rawvalue",
    "raw",
    "optionvalue",
    "literal",
    "example",
    "secret_string",
    "secretstring",
    "select",
    "valuedata",
];

/// Fields that name something: where one begins, the next record began.
const NAME_FIELDS: [&str; 18] = [
    "name",
    "key",
    "variable",
    "var",
    "env",
    "parameterkey",
    "optionname",
    "id",
    "field",
    "property",
    "k",
    "parametername",
    "setting",
    "header",
    "option",
    "attribute",
    "valuename",
    "macro",
];

/// The only field of a record that wraps a value with its type: DynamoDB's
/// `{"S": "v"}`, and what converters make of an element's text.
const WRAPPERS: [&str; 4] = ["s", "t", "_text", "__text"];

/// Whether a word names the field that holds a value.
pub(super) fn names_value(bytes: &[u8], word: &Range<usize>) -> bool {
    is_any(bytes, word, &VALUE_FIELDS)
}

/// The value in the record that holds the name ending at `end`, after it or
/// before it.
pub(super) fn beside(bytes: &[u8], name: &Range<usize>, end: usize) -> Option<Candidate> {
    if !names_a_record(bytes, name) {
        return None;
    }
    // Zabbix's macros: `<macro>{$K}</macro>`.
    let is_braced = bytes[..name.start].ends_with(b"{$") && byte(bytes, end) == b'}';
    let after = after(bytes, name, end + usize::from(is_braced));
    match &after {
        Some(candidate) if matches!(candidate.class, Class::Literal(_)) => after,
        _ => before(bytes, name).or(after),
    }
}

/// The first value field between two places.
pub(crate) fn in_record(bytes: &[u8], record: Range<usize>) -> Option<Candidate> {
    first_value_field(bytes, record, 0)
}

/// The value that is wrapped between two places.
pub(super) fn wrapped(bytes: &[u8], record: Range<usize>) -> Option<Candidate> {
    let at = skip_space(bytes, record.start);
    let mark = matches!(byte(bytes, at), b'"' | b'\'');
    let start = at + usize::from(mark);
    let word = word_at(bytes, start + usize::from(matches!(byte(bytes, start), b'$' | b'#')));
    let value = skip_space(bytes, field_value(bytes, &word)?);
    let string = quoted(bytes, value).filter(|string| string.end <= record.end)?;
    let is_only = bytes[string.end..record.end].trim_ascii().is_empty();
    (is_only && is_any(bytes, &word, &WRAPPERS))
        .then(|| super::branches::strong(bytes, string.inner, Way::Field))?
}

/// Whether the name is the value of a name field: `name: K`, `key="K"`,
/// `<name>K`, `"id": "K"`, `ParameterKey=K`.
pub(crate) fn names_a_record(bytes: &[u8], name: &Range<usize>) -> bool {
    let mut at = name.start;
    // The folders before a name that is a path's end: `name = "/prod/…"`.
    while byte(bytes, name.start.wrapping_sub(1)) == b'/'
        && name.start - at < 64
        && bytes.get(at.wrapping_sub(1)).is_some_and(|b| is_word(*b) || b"/-.".contains(b))
    {
        at -= 1;
    }
    let name = at..name.end;
    while at > 0 && b"\"'`\\ \t:=>{(@$".contains(&bytes[at - 1]) && name.start - at < 24 {
        at -= 1;
    }
    // A string's prefix: SQL's `N'…'`, Python's `b'…'`.
    if at + 1 == name.start
        && bytes.get(at.wrapping_sub(1)).is_some_and(u8::is_ascii_alphabetic)
        && matches!(byte(bytes, at.wrapping_sub(2)), b' ' | b'=' | b'(')
    {
        at -= 1;
        while at > 0 && b" \t:=>(".contains(&bytes[at - 1]) && name.start - at < 24 {
            at -= 1;
        }
    }
    let bridge = &bytes[at..name.start];
    let has_operator = bridge.iter().any(|b| matches!(b, b':' | b'=' | b'>'));
    let field = crate::detect::text::word_before(bytes, at);
    let words = crate::detect::name::words(&bytes[field]);
    has_operator && words.last().is_some_and(|last| NAME_FIELDS.contains(&last.as_str()))
}

/// The value among the arguments that follow a name in the same call:
/// `add_argument("--key", default="v")`, `option('k', type: 't', value: 'v')`.
pub(super) fn among_arguments(bytes: &[u8], end: usize) -> Option<Candidate> {
    let to = record_end(bytes, end, 0);
    first_value_field(bytes, end..to, 0)
}

/// The value in the block that is indented below a name: CloudFormation's
/// `Default:`, GitLab's `value:`.
pub(super) fn indented_below(bytes: &[u8], name: &Range<usize>, end: usize) -> Option<Candidate> {
    let own = indent(bytes, line_start(bytes, name.start, 512));
    let limit = bytes.len().min(end + REACH_BYTES);
    let mut to = end;
    while let Some(newline) = memchr::memchr(b'\n', &bytes[to..limit]) {
        let next = to + newline + 1;
        let here = indent(bytes, next);
        if here <= own && !matches!(byte(bytes, next + here), b'\n' | b'\r' | b'#') {
            to += newline;
            break;
        }
        to = next;
    }
    first_value_field(bytes, end..to, own)
}

fn after(bytes: &[u8], name: &Range<usize>, end: usize) -> Option<Candidate> {
    let line = line_start(bytes, name.start, 512);
    let own_indent = indent(bytes, line);
    let to = record_end(bytes, end, own_indent);
    let from = name.start.saturating_sub(120);
    let record = bytes[from..to].to_ascii_lowercase();
    let is_encrypted = [&b"encrypted"[..], b"protected=\"true", b"ciphertext"]
        .iter()
        .any(|word| memchr::memmem::find(&record, word).is_some());
    (!is_encrypted).then(|| first_value_field(bytes, end..to, own_indent))?
}

/// Where the record that holds `from` ends: at the bracket that closes it, at
/// the next list item, or where the indentation falls below it.
fn record_end(bytes: &[u8], from: usize, own_indent: usize) -> usize {
    let limit = bytes.len().min(from + REACH_BYTES);
    let mut depth = 0_usize;
    let mut at = from;
    while at < limit {
        match bytes[at] {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' if depth == 0 => return at,
            b'}' | b']' | b')' => depth -= 1,
            b'"' | b'\'' => {
                if let Some(string) = quoted(bytes, at) {
                    at = string.end;
                    continue;
                }
            }
            b'\n' if depth == 0 && ends_record(bytes, at + 1, own_indent) => return at,
            _ => {}
        }
        at += 1;
    }
    limit
}

fn ends_record(bytes: &[u8], line: usize, own_indent: usize) -> bool {
    let here = indent(bytes, line);
    let first = byte(bytes, line + here);
    if matches!(first, b'\n' | b'\r' | b'}' | b']' | b')' | b'<' | b'"' | b'\'') {
        return false;
    }
    here < own_indent
        || (first == b'-' && byte(bytes, line + here + 1) == b' ' && here <= own_indent)
}

fn first_value_field(bytes: &[u8], range: Range<usize>, own_indent: usize) -> Option<Candidate> {
    let mut at = range.start;
    let mut fields = 0;
    while at < range.end {
        if !is_word(bytes[at]) {
            at = past_plain_string(bytes, at).unwrap_or(at + 1);
            continue;
        }
        let word = word_at(bytes, at);
        let Some(value) = field_value(bytes, &word) else {
            at = word.end;
            continue;
        };
        if is_any(bytes, &word, &NAME_FIELDS) && fields > 0 && own_indent_allows(bytes, at) {
            return None;
        }
        if is_any(bytes, &word, &VALUE_FIELDS) {
            let expression = Expression {
                way: Way::Field,
                indent: own_indent,
                in_brackets: false,
                enclosing: None,
            };
            let candidate = evaluate(bytes, value, expression);
            if candidate.as_ref().is_some_and(|candidate| candidate.class != Class::Empty) {
                return candidate;
            }
        }
        fields += 1;
        at = value.max(word.end);
    }
    None
}

/// Past a string that is no field's name, so that its text is not read as
/// fields.
fn past_plain_string(bytes: &[u8], at: usize) -> Option<usize> {
    let string = quoted(bytes, at)?;
    (!super::piece::is_key(bytes, at)).then_some(string.end)
}

/// A second name field begins another record unless it closes an element
/// (`</name>`) of the same one.
fn own_indent_allows(bytes: &[u8], at: usize) -> bool {
    byte(bytes, at.wrapping_sub(1)) != b'/'
}

/// Where the value of the field named by `word` begins: after `:`, `=`, `=>`,
/// or `>` of an element.
fn field_value(bytes: &[u8], word: &Range<usize>) -> Option<usize> {
    let mut at = word.end;
    while matches!(byte(bytes, at), b'"' | b'\'' | b'\\' | b'`') {
        at += 1;
    }
    at = skip_blanks(bytes, at);
    match byte(bytes, at) {
        b':' | b'=' => {
            at += 1;
            if matches!(byte(bytes, at), b'>' | b'=') {
                at += 1;
            }
            Some(at)
        }
        b'>' if byte(bytes, word.start.wrapping_sub(1)) == b'<' => Some(skip_space(bytes, at + 1)),
        _ => None,
    }
}

/// A value field that stands before the name, in the same brackets, list item
/// or tag.
fn before(bytes: &[u8], name: &Range<usize>) -> Option<Candidate> {
    let from = name.start.saturating_sub(REACH_BYTES / 2);
    let mut depth = 0_usize;
    let mut start = name.start;
    while start > from {
        match bytes[start - 1] {
            b'}' | b']' | b')' => depth += 1,
            b'{' | b'[' | b'(' if depth == 0 => break,
            b'{' | b'[' | b'(' => depth -= 1,
            b'<' if depth == 0 => break,
            b'\n' if depth == 0 && begins_item(bytes, start) => break,
            b';' if depth == 0 => break,
            _ => {}
        }
        start -= 1;
    }
    let candidate = last_value_field(bytes, start..name.start)?;
    (candidate.parts.last()?.end <= name.start).then_some(candidate)
}

fn begins_item(bytes: &[u8], line: usize) -> bool {
    let at = line + indent(bytes, line);
    (byte(bytes, at) == b'-' && byte(bytes, at + 1) == b' ') || byte(bytes, line) == b'\n'
}

fn last_value_field(bytes: &[u8], range: Range<usize>) -> Option<Candidate> {
    let mut at = range.start;
    let mut last = None;
    while at < range.end {
        if !is_word(bytes[at]) {
            at += 1;
            continue;
        }
        let word = word_at(bytes, at);
        if is_any(bytes, &word, &VALUE_FIELDS) {
            if let Some(value) = field_value(bytes, &word) {
                let expression =
                    Expression { way: Way::Field, indent: 0, in_brackets: false, enclosing: None };
                last = evaluate(bytes, value, expression).or(last);
            }
        } else if is_any(bytes, &word, &NAME_FIELDS)
            && field_value(bytes, &word).is_some_and(|v| v + 8 < range.end)
        {
            last = None;
        }
        at = word.end;
    }
    last
}
