//! Records that a request is handed by name.
//!
//! In: the place of a host. Out: the records and strings of the variables that
//! the call or command around it takes as headers or options, wherever they are
//! defined above it. Whether a variable is changed in between is not understood.

use std::ops::Range;

use super::section::skip_constructor;
use crate::detect::text::{
    balanced, before_blanks, byte, continued_start, is_any, is_word, line_end, line_start, quoted,
    skip_blanks, skip_space, split_arguments, word_at,
};

/// How far above a call its records are looked for, in bytes.
const REACH_BYTES: usize = 8 << 10;

/// How far a call or a record reaches, in bytes.
const LONGEST_BYTES: usize = 1600;

/// How many variables of one call are followed.
const MOST_VARIABLES: usize = 4;

/// How many occurrences of one variable are looked at.
const MOST_OCCURRENCES: usize = 32;

/// The records that the call or command around a host is handed by name.
pub(in crate::detect) fn handed(bytes: &[u8], host: &Range<usize>) -> Vec<Range<usize>> {
    let (variables, start) = if let Some(call) = call(bytes, host) {
        (variables(bytes, call.clone(), host), call.start)
    } else {
        let command = command(bytes, host);
        (expanded(bytes, command.clone()), command.start)
    };
    variables
        .iter()
        .take(MOST_VARIABLES)
        .flat_map(|variable| definition(bytes, variable, start))
        .collect()
}

/// The arguments of the call that asks the host: of the innermost around it
/// with more than the address, which `URI(…)` and its kin may wrap.
fn call(bytes: &[u8], host: &Range<usize>) -> Option<Range<usize>> {
    let inner = arguments_around(bytes, host)?;
    let is_wrapper = split_arguments(bytes, inner.clone()).len() == 1
        && byte(bytes, skip_space(bytes, inner.start)) != b'{';
    let outer =
        is_wrapper.then(|| arguments_around(bytes, &(inner.start - 1..inner.end))).flatten();
    Some(outer.unwrap_or(inner))
}

/// The arguments among which a place is: their parenthesis opens on the way
/// back to the statement's begin.
fn arguments_around(bytes: &[u8], host: &Range<usize>) -> Option<Range<usize>> {
    let from = host.start.saturating_sub(300);
    let mut depth = 0_usize;
    for open in (from..host.start).rev() {
        match bytes[open] {
            b')' => depth += 1,
            b'(' if depth > 0 => depth -= 1,
            b'(' => {
                let end = balanced(bytes, open, LONGEST_BYTES)?;
                return (end > host.end).then_some(open + 1..end - 1);
            }
            b';' => return None,
            _ => {}
        }
    }
    None
}

/// The variables among the arguments of a call, or given to its headers.
fn variables(bytes: &[u8], call: Range<usize>, host: &Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for argument in split_arguments(bytes, call) {
        let start = skip_space(bytes, argument.start);
        let pieces = if byte(bytes, start) == b'{' {
            let end = balanced(bytes, start, LONGEST_BYTES).unwrap_or(argument.end);
            split_arguments(bytes, start + 1..(end - 1).max(start + 1))
        } else {
            vec![argument]
        };
        found.extend(
            pieces
                .iter()
                .filter(|piece| !piece.contains(&host.start))
                .filter_map(|piece| given(bytes, piece)),
        );
    }
    found
}

/// The command on the line of a place, with the lines that continue it.
fn command(bytes: &[u8], at: &Range<usize>) -> Range<usize> {
    const MARKS: &[u8] = b"\\`";
    let start = continued_start(bytes, at.start, LONGEST_BYTES, MARKS);
    let is_open =
        |end: usize| bytes[start..end].trim_ascii_end().last().is_some_and(|b| MARKS.contains(b));
    let mut end = line_end(bytes, at.end, LONGEST_BYTES);
    while end + 1 < bytes.len() && end - at.end < LONGEST_BYTES && is_open(end) {
        end = line_end(bytes, end + 1, LONGEST_BYTES);
    }
    one_of_many(bytes, start..end, at)
}

/// Of commands that `;`, `|` or `&` parts, outside of quotes, the one around a
/// place.
fn one_of_many(bytes: &[u8], commands: Range<usize>, place: &Range<usize>) -> Range<usize> {
    let (mut start, mut quote) = (commands.start, None);
    let mut at = commands.start;
    while at < commands.end {
        match bytes[at] {
            b'\\' => at += 1,
            mark @ (b'"' | b'\'') => match quote {
                None => quote = Some(mark),
                Some(open) if open == mark => quote = None,
                Some(_) => {}
            },
            b';' | b'|' | b'&' if quote.is_none() && at < place.start => start = at + 1,
            b';' | b'|' | b'&' if quote.is_none() && at >= place.end => return start..at,
            _ => {}
        }
        at += 1;
    }
    start..commands.end
}

/// The variables that a command expands: `$headers`, `"${HEADERS[@]}"`.
fn expanded(bytes: &[u8], command: Range<usize>) -> Vec<Range<usize>> {
    memchr::memchr_iter(b'$', &bytes[command.clone()])
        .map(|at| command.start + at + 1)
        .map(|at| word_at(bytes, at + usize::from(byte(bytes, at) == b'{')))
        .filter(|name| name.len() > 1 && !bytes[name.start].is_ascii_digit())
        .collect()
}

/// The variable that an argument or a field is: `headers`, `...headers`,
/// `headers: common`, `headers=HEADERS`.
fn given(bytes: &[u8], piece: &Range<usize>) -> Option<Range<usize>> {
    let mut at = skip_space(bytes, piece.start);
    while matches!(byte(bytes, at), b'.' | b'*' | b'&' | b'$' | b'"' | b'\'') {
        at += 1;
    }
    let name = word_at(bytes, at);
    let mark = skip_blanks(bytes, name.end);
    let variable = if matches!(byte(bytes, mark), b':' | b'=') {
        if !is_any(bytes, &name, &["headers", "header", "options", "config", "opts", "init"]) {
            return None;
        }
        let value = skip_space(bytes, mark + 1);
        word_at(bytes, value + usize::from(byte(bytes, value) == b'$'))
    } else {
        name
    };
    let is_whole =
        variable.end <= piece.end && bytes[variable.end..piece.end].trim_ascii().is_empty();
    (is_whole && variable.len() > 1 && !bytes[variable.start].is_ascii_digit()).then_some(variable)
}

/// The record that a variable is given above a place, by the nearest
/// definition, and the statements below it that give its members values.
fn definition(bytes: &[u8], variable: &Range<usize>, before: usize) -> Vec<Range<usize>> {
    let from = before.saturating_sub(REACH_BYTES);
    let text = &bytes[variable.clone()];
    let mut found = Vec::new();
    for at in memchr::memmem::rfind_iter(&bytes[from..before], text).take(MOST_OCCURRENCES) {
        let start = from + at;
        let end = start + text.len();
        let before = byte(bytes, start.wrapping_sub(1));
        if is_word(before) || matches!(before, b'.' | b'>') || is_word(byte(bytes, end)) {
            continue;
        }
        if is_parameter(bytes, start..end) {
            // The caller hands it over, and what stands above is another's.
            break;
        }
        if matches!(byte(bytes, end), b'[' | b'.') {
            found.push(end..line_end(bytes, end, 300));
        } else if let Some(value) = operator(bytes, end) {
            found.extend(record(bytes, value));
            break;
        }
    }
    found
}

/// Whether a word is one of a function's parameters: `function f(a, K) {`,
/// `(K) => …`, `def f(K):`.
fn is_parameter(bytes: &[u8], word: Range<usize>) -> bool {
    let opener = byte(bytes, before_blanks(bytes, word.start).wrapping_sub(1));
    let limit = bytes.len().min(word.end + 200);
    let Some(close) = memchr::memchr2(b')', b'(', &bytes[word.end..limit]) else { return false };
    let close = word.end + close;
    let line = line_start(bytes, word.start, 200);
    let is_condition = [&b"if"[..], b"for", b"while", b"switch", b"match"].iter().any(|keyword| {
        memchr::memmem::rfind(&bytes[line..word.start], keyword)
            .is_some_and(|at| !is_word(byte(bytes, line + at + keyword.len())))
    });
    let after = skip_blanks(bytes, close + 1);
    let begins_body =
        [&b"{"[..], b"=>", b"->", b":"].iter().any(|mark| bytes[after..].starts_with(mark));
    matches!(opener, b'(' | b',') && bytes[close] == b')' && begins_body && !is_condition
}

/// The string or record at a place, behind the type of a literal.
fn record(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    if let Some(string) = quoted(bytes, at) {
        return Some(string.inner);
    }
    let open = skip_constructor(bytes, at);
    if !matches!(byte(bytes, open), b'{' | b'[' | b'(') {
        return None;
    }
    let end = balanced(bytes, open, LONGEST_BYTES)?;
    // Go's `map[string]string{…}`.
    let brace = word_at(bytes, end).end;
    let is_type = byte(bytes, open) == b'[' && byte(bytes, brace) == b'{';
    let (open, end) =
        if is_type { (brace, balanced(bytes, brace, LONGEST_BYTES)?) } else { (open, end) };
    Some(open..end)
}

/// Past the operator of a definition, and the type before it.
fn operator(bytes: &[u8], name_end: usize) -> Option<usize> {
    let mut at = skip_blanks(bytes, name_end);
    if byte(bytes, at) == b':' && byte(bytes, at + 1) != b'=' {
        // A type: `const headers: HeadersInit = {`.
        let limit = bytes.len().min(at + 80);
        at += bytes[at..limit].iter().position(|b| matches!(b, b'=' | b'\n' | b'{' | b'"'))?;
    }
    at += usize::from(byte(bytes, at) == b':');
    let is_operator = byte(bytes, at) == b'=' && !matches!(byte(bytes, at + 1), b'=' | b'>');
    is_operator.then(|| skip_space(bytes, at + 1))
}
