//! The grammar of names: `BITKIT_API_KEY` in every spelling.
//!
//! In: a vendor's word in some bytes. Out: the whole name around it and what
//! it promises to hold. Knows nothing of values.

use std::ops::Range;

use super::text::{byte, is_word};
use super::vocabulary;
use crate::rule::Names;

/// How far a name reaches to either side of the vendor's word, in bytes.
const REACH_BYTES: usize = 96;

/// What a name promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Promise {
    /// Something else about a key (its file, its address): the value decides.
    Other,
    /// Probably a key.
    Loose,
    /// A key and nothing else.
    Key,
}

/// The name around a vendor's word, without judging its noun: the range that
/// it takes, or `None` where the word is the tail of another word (the left
/// boundary that `ORBITKIT_API_KEY` lacks).
pub(super) fn around(bytes: &[u8], vendor: &Range<usize>) -> Option<Range<usize>> {
    (has_left_boundary(bytes, vendor) && has_right_boundary(bytes, vendor))
        .then(|| extend_left(bytes, vendor.start)..extend_right(bytes, vendor.end))
}

/// What the name in `span` promises under a rule; `None` where it holds no
/// noun of that rule.
pub(super) fn promise(
    bytes: &[u8],
    span: &Range<usize>,
    vendor: &Range<usize>,
    names: &Names,
) -> Option<Promise> {
    let before = words(&bytes[span.start..vendor.start]);
    let after = words(&bytes[vendor.end..span.end]);
    let has = |list: &[String]| {
        before.iter().chain(&after).any(|word| list.iter().any(|known| known == word))
    };
    if !(names.requires.is_empty() || has(&names.requires)) {
        return None;
    }
    let behind = noun(&after, names);
    let (noun, words) = behind.clone().or_else(|| noun(&before, names))?;
    let last = words.end;
    if has(&names.unless) && noun != Promise::Key {
        return None;
    }
    if is_key_of_another_kind(&after, last) {
        return None;
    }
    if behind.is_some() && is_another_vendors(&after, words.start) {
        return Some(Promise::Other);
    }
    let tail = if last <= after.len() { &after[last..] } else { &[][..] };
    if tail.iter().any(|word| vocabulary::holds_something_else(word))
        || before.iter().any(|word| vocabulary::negates(word))
    {
        return Some(Promise::Other);
    }
    Some(noun)
}

/// A key or token that opens nothing: `cache_key`, `page_token`, `public key`.
fn is_key_of_another_kind(words: &[String], last: usize) -> bool {
    let before = last.checked_sub(2).and_then(|at| words.get(at));
    before.is_some_and(|word| vocabulary::qualifies_another_key(word))
}

/// Whether another vendor's word stands just before the noun:
/// `BITKIT_STRIPE_API_KEY`, and not `BITKIT_GITHUB_ACTIONS_API_KEY`.
fn is_another_vendors(words: &[String], noun: usize) -> bool {
    let before = words.get(..noun).unwrap_or_default();
    before
        .iter()
        .rev()
        .find(|word| *word != "secret")
        .is_some_and(|word| vocabulary::names_another_vendor(word))
}

/// The best noun of a rule in some words, and which of them it is.
fn noun(words: &[String], names: &Names) -> Option<(Promise, Range<usize>)> {
    let mut loose = None;
    for start in 0..words.len() {
        let mut joined = String::new();
        for (index, word) in words.iter().enumerate().skip(start).take(4) {
            joined.push_str(word.trim_end_matches(|c: char| c.is_ascii_digit()));
            let matches = |list: &[String]| {
                list.iter().any(|noun| *noun == joined || is_plural(&joined, noun))
            };
            if matches(&names.nouns) {
                return Some((Promise::Key, start..index + 1));
            }
            if loose.is_none() && matches(&names.loose_nouns) {
                loose = Some((Promise::Loose, start..index + 1));
            }
        }
    }
    loose
}

fn is_plural(word: &str, noun: &str) -> bool {
    word.strip_suffix('s') == Some(noun)
}

/// Whether a name's tail says that its value identifies a key rather than
/// being one, or is another vendor's, so that even a random value is none.
pub(super) fn identifies(bytes: &[u8], span: &Range<usize>, vendor: &Range<usize>) -> bool {
    let span = &(vendor.end..span.end.max(vendor.end));
    words(&bytes[span.clone()])
        .iter()
        .any(|word| vocabulary::identifies(word) || vocabulary::names_another_vendor(word))
}

/// The lower-case words of an identifier: split at separators, at the humps of
/// camel case, and between letters and digits that follow a separator.
pub(super) fn words(identifier: &[u8]) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut current = String::new();
    for (index, &here) in identifier.iter().enumerate() {
        if !here.is_ascii_alphanumeric() {
            if !current.is_empty() {
                words.push(std::mem::take(&mut current));
            }
            continue;
        }
        let before = if index == 0 { 0 } else { identifier[index - 1] };
        let after = identifier.get(index + 1).copied().unwrap_or(0);
        let hump = here.is_ascii_uppercase()
            && (before.is_ascii_lowercase()
                || (before.is_ascii_uppercase() && after.is_ascii_lowercase()));
        if hump && !current.is_empty() {
            words.push(std::mem::take(&mut current));
        }
        current.push(char::from(here.to_ascii_lowercase()));
    }
    if !current.is_empty() {
        words.push(current);
    }
    words
}

/// Whether the vendor's word begins a word.
pub(super) fn has_left_boundary(bytes: &[u8], vendor: &Range<usize>) -> bool {
    let Some(&before) = vendor.start.checked_sub(1).and_then(|at| bytes.get(at)) else {
        return true;
    };
    if !before.is_ascii_alphabetic() {
        return true;
    }
    let (first, second) = (bytes[vendor.start], byte(bytes, vendor.start + 1));
    let begins_hump =
        first.is_ascii_uppercase() && (before.is_ascii_lowercase() || second.is_ascii_lowercase());
    begins_hump || ends_escape(&bytes[..vendor.start]) || is_define_flag(&bytes[..vendor.start])
}

/// Whether the vendor's word ends a word, or a word of names goes on with it:
/// `bitkitapikey`, and not `BITKITTEN_SECRET`.
fn has_right_boundary(bytes: &[u8], vendor: &Range<usize>) -> bool {
    #[rustfmt::skip]
    const WORDS: [&[u8]; 29] = [
        b"api", b"key", b"token", b"secret", b"auth", b"access", b"webhook", b"hook", b"sign",
        b"client", b"live", b"prod", b"test", b"dev", b"stag", b"admin", b"read", b"write", b"sdk",
        b"bearer", b"cred", b"pass", b"private", b"service", b"main", b"my", b"s_", b"s-", b"config",
    ];
    let last = bytes[vendor.end - 1];
    let rest = &bytes[vendor.end..bytes.len().min(vendor.end + 8)];
    let first = rest.first().copied().unwrap_or(0);
    let goes_on =
        first.is_ascii_alphabetic() && !(first.is_ascii_uppercase() && last.is_ascii_lowercase());
    let lower = rest.to_ascii_lowercase();
    !goes_on || WORDS.iter().any(|word| lower.starts_with(word))
}

/// `\n`, `\t`, `\r` or `%0A` just before a word.
fn ends_escape(before: &[u8]) -> bool {
    match before {
        [.., b'%', high, low] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        [.., b'\\', letter] => matches!(letter, b'n' | b't' | b'r'),
        _ => false,
    }
}

/// `-Dbitkit…`, `-Pbitkit…`, `-ebitkit…` of compilers and runners.
fn is_define_flag(before: &[u8]) -> bool {
    match before {
        [b'-', b'D' | b'P' | b'e' | b'E' | b'X'] => true,
        [.., space, b'-', b'D' | b'P' | b'e' | b'E' | b'X'] => !is_word(*space),
        _ => false,
    }
}

fn extend_left(bytes: &[u8], from: usize) -> usize {
    let mut start = from;
    while start > 0 && from - start < REACH_BYTES {
        let before = bytes[start - 1];
        let escape = ends_escape(&bytes[..start]);
        let joins = matches!(before, b'-' | b'.') && start >= 2 && is_word(bytes[start - 2]);
        if (is_word(before) && !escape) || joins {
            start -= 1;
        } else {
            break;
        }
    }
    start
}

fn extend_right(bytes: &[u8], from: usize) -> usize {
    let mut end = from;
    let start = extend_left(bytes, from);
    let is_tag = bytes[..start].ends_with(b"<");
    let is_variable = bytes[..start].ends_with(b"${");
    let is_property = is_workflow_property(&bytes[..start]);
    while end - from < REACH_BYTES {
        if is_word(byte(bytes, end)) {
            end += 1;
            continue;
        }
        if is_tag && byte(bytes, end) == b' ' {
            break;
        }
        let joint = joint(&bytes[end.min(bytes.len())..]);
        if joint == 0 || !is_word(byte(bytes, end + joint)) {
            break;
        }
        // A shell's `${NAME-default}`: its names hold no hyphen.
        let is_default = is_variable
            && bytes[end] == b'-'
            && bytes[start..end].iter().all(|byte| is_word(*byte))
            && bytes[start..end].contains(&b'_');
        if is_default || is_property && bytes[end..].starts_with(b"::") {
            break;
        }
        end += joint;
    }
    end
}

/// Whether a name is the property of a workflow command of GitHub's, which two
/// colons end: `::set-output name=K::v`.
fn is_workflow_property(before: &[u8]) -> bool {
    let Some(command) = before.strip_suffix(b" name=") else { return false };
    let word =
        command.iter().rev().take(24).take_while(|b| b.is_ascii_lowercase() || **b == b'-').count();
    word > 0 && command[..command.len() - word].ends_with(b"::")
}

/// The length of what joins two parts of one name: `.`, `-`, `::`, `->`, `?.`,
/// `/`, `:` and a blank before a noun, `["…`, `['…`, `[:…`.
fn joint(rest: &[u8]) -> usize {
    const SUBSCRIPTS: [&[u8]; 12] = [
        b"::",
        b"->",
        b"?.",
        b"[\"",
        b"['",
        b"[:",
        b"][:",
        b"\"][\"",
        b"']['",
        b"\\\"][\\\"",
        b"\"]?.[\"",
        b"?->",
    ];
    if let Some(joint) = SUBSCRIPTS.iter().find(|joint| rest.starts_with(joint)) {
        return joint.len();
    }
    match rest {
        [b'.' | b'-', ..] => 1,
        [b'/' | b':' | b' ', tail @ ..] if begins_with_noun(tail) => 1,
        _ => 0,
    }
}

/// A blank or a colon joins only what reads as one name: `ByteStack API key`,
/// `ByteStack:ApiKey`.
fn begins_with_noun(rest: &[u8]) -> bool {
    const NOUNS: [&[u8]; 8] =
        [b"api", b"webhook", b"key", b"token", b"secret", b"access", b"signing", b"auth"];
    const QUALIFIERS: [&[u8]; 12] = [
        b"production",
        b"prod",
        b"staging",
        b"stage",
        b"live",
        b"test",
        b"dev",
        b"development",
        b"admin",
        b"read",
        b"write",
        b"sandbox",
    ];
    let first = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let is_qualifier = QUALIFIERS.iter().any(|word| rest[..first].eq_ignore_ascii_case(word));
    let rest = match rest.get(first) {
        Some(b' ' | b'/' | b'-' | b'_') if is_qualifier => &rest[first + 1..],
        _ => rest,
    };
    let word: Vec<u8> =
        rest.iter().take(24).take_while(|b| is_word(**b)).map(u8::to_ascii_lowercase).collect();
    let starts = NOUNS.iter().any(|noun| word.starts_with(noun));
    starts && word.len() < 18 && !word.iter().any(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::RuleSet;

    fn read(text: &str) -> Option<(String, Promise)> {
        let rules = RuleSet::builtin().expect("built-in rules parse");
        let names = rules.rules()[0].names.as_ref().expect("the first rule has names");
        let lower = text.to_ascii_lowercase();
        let start = lower.find("bitkit").or_else(|| lower.find("bytestack"))?;
        let vendor = start..start + if lower[start..].starts_with("bitkit") { 6 } else { 9 };
        let span = around(text.as_bytes(), &vendor)?;
        let promise = promise(text.as_bytes(), &span, &vendor, names)?;
        Some((text[span].to_owned(), promise))
    }

    #[test]
    fn every_spelling_is_one_name() {
        for text in [
            "BITKIT_API_KEY",
            "bitkit_api_key",
            "bitkitApiKey",
            "BitkitAPIKey",
            "bitkit-api-key",
            "bitkit.api.key",
            "bitkitapikey",
            "BITKIT_APIKEY",
            "NEXT_PUBLIC_BITKIT_API_KEY",
            "BITKIT_API_KEY_PROD",
            "prodBitkitApiKey",
            "spring.bitkit.api-key",
            "BYTESTACK_API_KEY",
            "bytestackApiToken",
            "ByteStack:ApiKey",
            "ByteStack__ApiKey",
            "bytestack.api_key",
            "Bytestack::API_KEY",
            "bytestack[\"api_key",
            "bitkit_api_keys",
            "api_key_bitkit",
            "ByteStack API key",
        ] {
            assert_eq!(read(text), Some((text.to_owned(), Promise::Key)), "{text}");
        }
        assert_eq!(read("-DbitkitApiKey=x").map(|read| read.1), Some(Promise::Key));
        assert_eq!(read("a\\nbitkit_api_key=x"), Some(("bitkit_api_key".to_owned(), Promise::Key)));
        assert_eq!(read("bytestack_key").map(|read| read.1), Some(Promise::Loose));
    }

    #[test]
    fn other_vendors_names_lack_the_boundary() {
        for text in [
            "ORBITKIT_API_KEY",
            "RABBITKIT_API_KEY",
            "orbitkit_api_key",
            "rabbitkitApiKey",
            "OrbitkitApiKey",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn names_of_something_else_leave_it_to_the_value() {
        for text in
            ["BITKIT_API_KEY_FILE", "bitkitApiKeyHeader", "bitkit-api-key-id", "bytestackTokenUrl"]
        {
            assert_eq!(read(text).map(|read| read.1), Some(Promise::Other), "{text}");
        }
        for text in ["bytestack.NewClient", "bitkit_region", "BITKIT_WEBHOOK_SECRET"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
