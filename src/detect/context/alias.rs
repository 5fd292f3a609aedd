//! Variables that hold the vendor's address.
//!
//! In: the place of a host. Out: the variable that is given the string which
//! holds it, and where that is used.

use std::ops::Range;

use crate::detect::text::{before_blanks, byte, is_word, line_start, word_before};

/// How far from its definition a use is looked for, in bytes.
const REACH_BYTES: usize = 64 << 10;

/// The variable that the string around a host is given to: `HOST = "…"`,
/// `#define HOST "…"`, `URI t = URI.create("…")`, `{url: "…"}` is none.
pub(in crate::detect) fn variable_of(bytes: &[u8], host: &Range<usize>) -> Option<Range<usize>> {
    let line = line_start(bytes, host.start, 300);
    let head = &bytes[line..host.start];
    let equals = head
        .iter()
        .position(|b| *b == b'=')
        .filter(|at| !head[..*at].iter().any(|b| matches!(b, b'"' | b'\'' | b'(')));
    let name = match equals {
        Some(at) => {
            let end = before_blanks(bytes, line + at);
            let end = end - usize::from(byte(bytes, end.wrapping_sub(1)) == b':');
            let word = word_before(bytes, before_blanks(bytes, end));
            typed_name(bytes, line, &word).unwrap_or(word)
        }
        None => directive_name(bytes, line, host.start)?,
    };
    (name.len() > 1).then_some(name)
}

/// `const host: &str =`: the name before the colon.
fn typed_name(bytes: &[u8], line: usize, word: &Range<usize>) -> Option<Range<usize>> {
    // A word may begin before the part of a long line that is looked at.
    let colon = line + memchr::memchr(b':', bytes.get(line..word.start)?)?;
    let name = word_before(bytes, before_blanks(bytes, colon));
    (!name.is_empty() && byte(bytes, colon + 1) == b' ').then_some(name)
}

/// `#define HOST "…`, `set $upstream …`, `HOST "…`.
fn directive_name(bytes: &[u8], line: usize, at: usize) -> Option<Range<usize>> {
    let mut words = bytes[line..at]
        .split(|b| !(is_word(*b) || matches!(b, b'#' | b'$' | b'@')))
        .filter(|word| !word.is_empty());
    let first = words.next()?;
    let second = words.next()?;
    let is_directive =
        [&b"#define"[..], b"define", b"set", b"SET", b"let", b"const", b"local"].contains(&first);
    let name = second.strip_prefix(b"$").unwrap_or(second);
    let start =
        line + memchr::memmem::find(&bytes[line..at], second)? + (second.len() - name.len());
    is_directive.then(|| start..start + name.len())
}

/// Whether a host stands in a list of addresses that something may reach or
/// trace, and is not what is asked.
pub(in crate::detect) fn is_listed_only(bytes: &[u8], host: &Range<usize>) -> bool {
    let line = line_start(bytes, host.start, 200);
    let words = crate::detect::name::words(&bytes[line..host.start]);
    words.iter().any(|word| {
        ["allowed", "allow", "tracing", "cors", "origins", "csp", "whitelist", "allowlist"]
            .contains(&word.as_str())
    })
}

/// Where a variable is used.
pub(in crate::detect) fn uses<'a>(
    bytes: &'a [u8],
    variable: &Range<usize>,
) -> impl Iterator<Item = Range<usize>> + 'a {
    let from = variable.start.saturating_sub(REACH_BYTES);
    let to = bytes.len().min(variable.end + REACH_BYTES);
    let own = variable.clone();
    let length = variable.len();
    let text = &bytes[variable.clone()];
    memchr::memmem::find_iter(&bytes[from..to], text)
        .map(move |at| from + at..from + at + length)
        .filter(move |at| {
            *at != own
                && !is_word(byte(bytes, at.start.wrapping_sub(1)))
                && !is_word(byte(bytes, at.end))
        })
        .collect::<Vec<_>>()
        .into_iter()
}
