//! What may be shown of a line that holds a key.
//!
//! In: bytes and the keys in them. Out: printable text in which
//! every key is masked, and, to be safe, everything else that looks random.

use std::ops::Range;

use super::Found;
use super::text::{line_end, line_start};
use super::value::{Class, Form, classify, is_token_byte};
use crate::finding::Excerpt;
use crate::rule::Strength;
use crate::secret::mask;

/// How much of a line is shown before and after a key, in bytes.
const CONTEXT_BYTES: usize = 60;
/// The shortest run that is masked because it looks random, in bytes.
const SHORTEST_RANDOM_BYTES: usize = 12;

/// What is shown in place of the keys of a piece, in the order of their places.
pub(super) struct Masks(Vec<Mask>);

struct Mask {
    place: Range<usize>,
    shown: String,
    /// Where the furthest of this place and all before it ends: one may hold
    /// others.
    reach: usize,
}

impl Masks {
    pub(super) fn of<'a>(found: impl IntoIterator<Item = &'a Found>) -> Self {
        let mut places: Vec<_> = found.into_iter().flat_map(Found::masked).collect();
        places.sort_by_key(|(place, _)| (place.start, place.end));
        let mut reach = 0;
        let masks = places.into_iter().map(|(place, shown)| {
            reach = place.end.max(reach);
            Mask { place, shown, reach }
        });
        Self(masks.collect())
    }

    /// Those that begin before `end`, without any that ends before `start` does.
    fn near(&self, start: usize, end: usize) -> &[Mask] {
        let first = self.0.partition_point(|mask| mask.reach <= start);
        let near = &self.0[first..];
        &near[..near.partition_point(|mask| mask.place.start < end)]
    }
}

/// The line around `span`, every key in it replaced by its mask.
pub(super) fn excerpt(bytes: &[u8], span: Range<usize>, masks: &Masks) -> Excerpt {
    let start = line_start(bytes, span.start, CONTEXT_BYTES);
    let end = line_end(bytes, span.end.max(span.start), CONTEXT_BYTES);
    let near = masks.near(start, end);
    let start = near.first().map_or(start, |first| first.place.start.min(start));
    let mut text = String::new();
    let mut mark = (0, 0);
    let mut at = start;
    for Mask { place, shown, .. } in near {
        if place.start >= at {
            text.push_str(&mask_tokens(&bytes[at..place.start]));
            if place.start == span.start {
                mark = (text.chars().count(), shown.chars().count());
            }
            text.push_str(shown);
        }
        at = at.max(place.end);
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
    use crate::finding::Confidence;
    use crate::secret::Secret;

    #[test]
    fn controls_and_direction_marks_are_escaped() {
        let shown = mask_tokens("a\u{1b}[31m\u{202e}b\u{7}".as_bytes());
        assert_eq!(shown, "a\\u{1b}[31m\\u{202e}b\\u{7}");
        assert_eq!(mask_tokens(b"a\xffb"), "a\\xffb");
    }

    #[test]
    fn nothing_is_shown_of_keys_that_share_bytes() {
        let text = b"key = correct-horse-battery-staple # and more";
        let found = |parts: Vec<Range<usize>>| Found {
            rule: 0,
            secret: Secret::new(
                parts.iter().flat_map(|part| text[part.clone()].to_vec()).collect::<Vec<u8>>(),
            ),
            parts,
            confidence: Confidence::High,
            evidence: String::new(),
        };
        let (short, long, inner) = (found(vec![6..19]), found(vec![6..34]), found(vec![14..26]));
        let split = found(vec![20..34, 6..13]);
        for keys in [vec![&short, &long], vec![&long, &inner], vec![&short, &inner, &split]] {
            let shown = excerpt(text, 6..19, &Masks::of(keys));
            assert!(shown.text.starts_with("key = "), "{shown:?}");
            assert!(shown.text.ends_with(" # and more"), "{shown:?}");
            for word in ["rect", "horse", "tery", "stap"] {
                assert!(!shown.text.contains(word), "{shown:?}");
            }
            assert_eq!(shown.start, 6, "{shown:?}");
        }
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
