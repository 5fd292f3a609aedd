//! Recognises what is written where a secret will be, or was.
//!
//! In: a value and the evidence for its randomness. Out: whether it is a
//! placeholder, a mask or a made-up sequence. Real keys are random, so none of
//! these tests fires on one but by an accident of a few in a million.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// Words that announce a placeholder; see [`announces`] for where.
const ANYWHERE: [&str; 34] = [
    "example",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "redacted",
    "replace",
    "dummy",
    "sample",
    "yourkey",
    "your_",
    "your-",
    "yourapi",
    "insert",
    "notreal",
    "not_real",
    "not-real",
    "fake_",
    "fake-",
    "fakekey",
    "fakeapi",
    "masked",
    "hidden",
    "deadbeef",
    "cafebabe",
    "invalid",
    "mustbe",
    "removed",
    "my-api",
    "my_api",
    "myapikey",
    "foobar",
    "notasecret",
    "apikeyhere",
];

/// Words that announce one only as a word of their own.
const ALONE: [&str; 56] = [
    "todo",
    "fixme",
    "tbd",
    "none",
    "null",
    "nil",
    "undefined",
    "true",
    "false",
    "empty",
    "unset",
    "missing",
    "secret",
    "token",
    "key",
    "apikey",
    "api",
    "password",
    "string",
    "test",
    "testing",
    "fake",
    "mock",
    "stub",
    "demo",
    "foo",
    "bar",
    "baz",
    "here",
    "value",
    "default",
    "required",
    "optional",
    "xxx",
    "abc",
    "your",
    "my",
    "the",
    "some",
    "any",
    "enter",
    "set",
    "use",
    "put",
    "paste",
    "bitkit",
    "bytestack",
    "unused",
    "disabled",
    "n",
    "a",
    "wrong",
    "bad",
    "bogus",
    "noop",
    "asdf",
];

/// Whether the value hides a secret behind a mask: runs of `*`, `•`, `x`, `#`
/// or an ellipsis.
#[must_use]
pub(super) fn is_masked(value: &[u8]) -> bool {
    const MASKS: [&[u8]; 7] =
        [b"***", b"...", b"\xe2\x80\xa6", b"\xe2\x80\xa2", b"####", b"[REDACTED", b"<redacted"];
    MASKS.iter().any(|mask| memchr::memmem::find(value, mask).is_some())
        || (value.first() == Some(&b'<') && value.last() == Some(&b'>'))
        || (value.first() == Some(&b'[') && value.last() == Some(&b']'))
        || [b'x', b'X'].iter().any(|mask| {
            // A random key of 40 characters has five in a row once in ten million.
            let run = longest_run(value, |byte| byte == mask);
            run >= 5 && run >= (value.len() / 4).min(8)
        })
        || value.iter().all(|byte| matches!(byte, b'*' | b'.' | b'-' | b'_' | b'#' | b'?'))
}

/// Whether the value is a placeholder; `bits` is the evidence for randomness.
#[must_use]
pub(super) fn is_placeholder(value: &[u8], bits: f64) -> bool {
    let lower = value.to_ascii_lowercase();
    (bits < 30.0 && announces(&lower))
        || is_worded(&lower, bits)
        || is_monotone(&lower)
        || is_sequence(&lower)
        || is_repetition(&lower)
}

/// Whether such a word stands in the value; one of fewer than seven letters must
/// begin or end it, or stand beside a separator.
fn announces(lower: &[u8]) -> bool {
    static WORDS: LazyLock<AhoCorasick> =
        LazyLock::new(|| AhoCorasick::new(ANYWHERE).expect("a few short words"));
    WORDS.find_overlapping_iter(lower).any(|word| {
        let is_edge = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
        let before = word.start().checked_sub(1).and_then(|at| lower.get(at));
        word.len() >= 7 || is_edge(before) || is_edge(lower.get(word.end()))
    })
}

/// Words only, one of them a word that announces a placeholder.
fn is_worded(lower: &[u8], bits: f64) -> bool {
    bits < 7.0
        && lower
            .split(|byte| !byte.is_ascii_alphabetic())
            .any(|word| ALONE.iter().any(|known| known.as_bytes() == word && word.len() > 1))
}

/// Too few different characters for its length.
fn is_monotone(lower: &[u8]) -> bool {
    let mut seen = [false; 256];
    for byte in lower {
        seen[usize::from(*byte)] = true;
    }
    let distinct = seen.iter().filter(|seen| **seen).count();
    lower.len() >= 8 && distinct < (lower.len() / 3).clamp(3, 7)
}

/// Half of the steps or more go to a neighbour in the alphabet, among the
/// digits or on the keyboard, alone or interleaved (`a1b2c3`).
fn is_sequence(lower: &[u8]) -> bool {
    let chars: Vec<u8> = lower.iter().copied().filter(u8::is_ascii_alphanumeric).collect();
    if chars.len() < 8 {
        return false;
    }
    let near = chars.windows(2).filter(|pair| are_neighbours(pair[0], pair[1])).count();
    let interleaved = chars.windows(3).filter(|three| three[2] == three[0].wrapping_add(1)).count();
    near * 2 > chars.len() - 1 || interleaved * 5 > (chars.len() - 2) * 3
}

fn are_neighbours(first: u8, second: u8) -> bool {
    const ROWS: [&[u8]; 4] = [b"1234567890", b"qwertyuiop", b"asdfghjkl", b"zxcvbnm"];
    first.abs_diff(second) == 1
        || ROWS.iter().any(|row| {
            row.windows(2).any(|pair| pair == [first, second] || pair == [second, first])
        })
}

/// One unit of up to half the length, again and again.
fn is_repetition(lower: &[u8]) -> bool {
    lower.len() >= 8
        && (1..=lower.len() / 2)
            .any(|period| lower.iter().zip(&lower[period..]).all(|(a, b)| a == b))
}

fn longest_run(value: &[u8], is_in_run: impl Fn(&u8) -> bool) -> usize {
    let mut longest = 0;
    let mut current = 0;
    for byte in value {
        current = if is_in_run(byte) { current + 1 } else { 0 };
        longest = longest.max(current);
    }
    longest
}
