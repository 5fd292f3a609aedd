//! Texts that may quote a key nobody found.
//!
//! In: a text that others wrote, or that a person typed into the wrong place.
//! Out: the same text, each run in it that reads like a key masked. Knows no
//! key: those that were found are masked by their values elsewhere.

use std::borrow::Cow;

use super::value::{Class, Form, classify};
use crate::rule::Strength;
use crate::secret::mask;

/// The shortest run that is taken for a key, in bytes. Names of temporary
/// directories have ten random characters or fewer.
const SHORTEST_RUN_BYTES: usize = 20;

/// Masks each run of letters, digits, `-` and `_` that looks random.
///
/// Hexadecimal of 40 and 64 digits and with hyphens is left as it is: it may be
/// a key, but ids of commits, fingerprints and UUIDs are what a message most
/// often has to name.
#[must_use]
pub fn keyless(text: &str) -> Cow<'_, str> {
    let mut masked = String::new();
    let mut copied = 0;
    let mut at = 0;
    for run in text.split(|c: char| !is_of_run(c)) {
        let end = at + run.len();
        if is_key_like(run) {
            masked.push_str(&text[copied..at]);
            masked.push_str(&mask(run.as_bytes()));
            copied = end;
        }
        at = end + text[end..].chars().next().map_or(0, char::len_utf8);
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    masked.push_str(&text[copied..]);
    Cow::Owned(masked)
}

fn is_of_run(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

fn is_key_like(run: &str) -> bool {
    if run.len() < SHORTEST_RUN_BYTES {
        return false;
    }
    let is_random = |part: &str| {
        part.len() >= SHORTEST_RUN_BYTES
            && !is_id(part)
            && matches!(
                classify(part.as_bytes(), Form::Quoted),
                Class::Literal(strength) if strength >= Strength::Fair
            )
    };
    // A key keeps its looks whatever is joined to it by a hyphen.
    is_random(run) || run.split(['-', '_']).any(is_random)
}

fn is_id(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
        && (matches!(part.len(), 40 | 64) || part.contains('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(length: usize) -> String {
        let alphabet = b"q7Zx2LmR9vTd4WkPbY";
        let at = |i: usize| (i * i * 5 + i * 3 + i / 7) % alphabet.len();
        (0..length).map(|i| char::from(alphabet[at(i)])).collect()
    }

    #[test]
    fn run_that_looks_random_is_masked_wherever_it_stands() {
        let key = random(40);
        for text in [
            key.clone(),
            format!("unknown field `{key}`, expected one of"),
            format!("a/{key}/b: cannot be read"),
            format!("--only={key}"),
            format!("é{key}é"),
            format!("leaked-{key}"),
        ] {
            let shown = keyless(&text);
            assert!(!shown.contains(&key[4..38]), "{shown}");
            assert!(shown.contains('…'), "{shown}");
        }
    }

    #[test]
    fn digits_of_no_id_are_masked() {
        let hex: String = (0..64_u32).map(|i| format!("{:x}", (i * i * 7 + i / 3) % 16)).collect();
        for length in [24, 32, 48] {
            let shown = keyless(&hex[..length]).into_owned();
            assert!(!shown.contains(&hex[4..length - 2]), "{shown}");
        }
    }

    #[test]
    fn words_ids_and_fingerprints_stay() {
        let hex: String = (0..64_u32).map(|i| format!("{:x}", (i * i * 7 + i) % 16)).collect();
        for text in [
            "unknown field `whenasked`, expected `glob` or `when-asked`".to_owned(),
            format!("sha256:{hex} in commit {}", &hex[..40]),
            "https://api.bytestack.dev/v1/storage/keysweep-probe".to_owned(),
            "the_name_of_a_function_that_is_long_and_says_what_it_does".to_owned(),
            "src/rule/prefilter/forms/short.rs:76 com.example.ServiceAccountCredentials".to_owned(),
        ] {
            assert_eq!(keyless(&text), text);
        }
    }
}
