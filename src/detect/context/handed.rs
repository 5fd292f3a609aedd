//! Records that a request is handed by name.
//!
//! In: the place of a host. Out: the records of the variables that the call
//! around it takes as headers or options, wherever they are defined above it.
//! Whether a variable is changed in between is not understood.

use std::ops::Range;

use super::section::skip_constructor;
use crate::detect::text::{
    balanced, byte, is_any, is_word, line_end, skip_blanks, skip_space, split_arguments, word_at,
};

/// How far above a call its records are looked for, in bytes.
const REACH_BYTES: usize = 8 << 10;

/// How far a call or a record reaches, in bytes.
const LONGEST_BYTES: usize = 1600;

/// How many variables of one call are followed.
const MOST_VARIABLES: usize = 4;

/// How many occurrences of one variable are looked at.
const MOST_OCCURRENCES: usize = 32;

/// The records that the call around a host is handed by name.
pub(in crate::detect) fn handed(bytes: &[u8], host: &Range<usize>) -> Vec<Range<usize>> {
    let Some(call) = call(bytes, host) else { return Vec::new() };
    variables(bytes, call.clone(), host)
        .into_iter()
        .take(MOST_VARIABLES)
        .flat_map(|variable| definition(bytes, &variable, call.start))
        .collect()
}

/// The arguments of the call whose argument the host is: its parenthesis
/// opens on the way back to the statement's begin.
fn call(bytes: &[u8], host: &Range<usize>) -> Option<Range<usize>> {
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
        if argument.contains(&host.start) {
            continue;
        }
        let start = skip_space(bytes, argument.start);
        if byte(bytes, start) == b'{' {
            let fields = start + 1..argument.end.saturating_sub(1).max(start + 1);
            found.extend(
                split_arguments(bytes, fields).into_iter().filter_map(|field| given(bytes, &field)),
            );
        } else {
            found.extend(given(bytes, &argument));
        }
    }
    found
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
        if matches!(byte(bytes, end), b'[' | b'.') {
            found.push(end..line_end(bytes, end, 300));
        } else if let Some(value) = operator(bytes, end) {
            let open = skip_constructor(bytes, value);
            let is_record = matches!(byte(bytes, open), b'{' | b'[' | b'(');
            let end = is_record.then(|| balanced(bytes, open, LONGEST_BYTES)).flatten();
            found.extend(end.map(|end| open..end));
            break;
        }
    }
    found
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
