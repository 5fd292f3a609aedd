//! What may be shown of a line that holds a key.
//!
//! In: bytes and the ranges of the keys in them. Out: printable text in which
//! every key is masked, and, to be safe, everything else that looks random.

use std::ops::Range;

use super::text::{line_end, line_start};
use super::value::{Class, Form, classify, is_token_byte};
use crate::finding::Excerpt;
use crate::rule::Strength;
use crate::secret::mask;

/// How much of a line is shown before and after a key, in bytes.
const CONTEXT_BYTES: usize = 60;
/// The shortest run that is masked because it looks random, in bytes.
const SHORTEST_RANDOM_BYTES: usize = 12;

/// The line around `span`, keys in `masked` replaced by their masks.
pub(super) fn excerpt(
    bytes: &[u8],
    span: Range<usize>,
    masked: &[(Range<usize>, String)],
) -> Excerpt {
    let first = masked
        .partition_point(|(range, _)| range.end <= span.start.saturating_sub(2 * CONTEXT_BYTES));
    let near = &masked[first..];
    let start = line_start(bytes, span.start, CONTEXT_BYTES);
    let start = near
        .iter()
        .find(|(range, _)| range.contains(&start))
        .map_or(start, |(range, _)| range.start);
    let end = line_end(bytes, span.end.max(span.start), CONTEXT_BYTES);
    let mut text = String::new();
    let mut mark = (0, 0);
    let mut at = start;
    for (range, mask) in near {
        if range.start >= end {
            break;
        }
        if range.start < at {
            continue;
        }
        text.push_str(&mask_tokens(&bytes[at..range.start]));
        if range.start == span.start {
            mark = (text.chars().count(), mask.chars().count());
        }
        text.push_str(mask);
        at = range.end;
    }
    if at < end {
        text.push_str(&mask_tokens(&bytes[at..end]));
    }
    let blank = text.chars().take_while(|c| *c == ' ').count();
    let text: String = text.chars().skip(blank).collect();
    Excerpt { text: text.trim_end().to_owned(), start: mark.0 - blank.min(mark.0), length: mark.1 }
}

/// Printable text of hostile bytes, with every run that looks random masked.
///
/// Control characters and bytes that are not UTF-8 are shown as `\xNN`, tabs
/// and line ends as a blank; marks that turn the direction of text are shown
/// by their number.
#[must_use]
pub fn mask_tokens(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut at = 0;
    while at < bytes.len() {
        let run = bytes[at..].iter().take_while(|b| is_token_byte(**b)).count();
        if run > 0 {
            text.push_str(&shown_run(&bytes[at..at + run]));
            at += run;
        } else {
            let rest = bytes[at..].iter().take_while(|b| !is_token_byte(**b)).count();
            push_printable(&mut text, &bytes[at..at + rest]);
            at += rest;
        }
    }
    text
}

/// A run of token bytes, taken apart at `=`, so that `NAME=value` shows its
/// name.
fn shown_run(run: &[u8]) -> String {
    let parts: Vec<String> = run
        .split(|b| *b == b'=')
        .map(|part| {
            let is_random = part.len() >= SHORTEST_RANDOM_BYTES
                && matches!(classify(part, Form::Quoted), Class::Literal(s) if s >= Strength::Fair);
            if is_random { mask(part) } else { part.iter().map(|b| char::from(*b)).collect() }
        })
        .collect();
    parts.join("=")
}

fn push_printable(text: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\t' | '\n' | '\r' => text.push(' '),
                c if c.is_control() || is_invisible(c) => {
                    text.push_str(&c.escape_unicode().to_string());
                }
                c => text.push(c),
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
}

/// Marks that turn, join or hide text.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_and_direction_marks_are_escaped() {
        let shown = mask_tokens("a\u{1b}[31m\u{202e}b\u{7}".as_bytes());
        assert_eq!(shown, "a\\u{1b}[31m\\u{202e}b\\u{7}");
        assert_eq!(mask_tokens(b"a\xffb"), "a\\xffb");
    }

    #[test]
    fn whatever_looks_random_is_masked() {
        let random: String = (0..24_u32)
            .map(|i| char::from(b"q7Zx2LmR9vTd4"[(i * i * 5 + i * 3 + i / 7) as usize % 13]))
            .collect();
        let shown = mask_tokens(format!("other = '{random}'").as_bytes());
        assert!(!shown.contains(&random[..8]), "{shown}");
    }
}
