//! Generic names of keys, which a context makes the vendor's.
//!
//! In: a range. Out: the names such as `api_key` and `token` in it.

use std::ops::Range;

use crate::detect::name;
use crate::detect::text::{byte, is_word, skip_space};

/// Generic names of a key: in a vendor's context they are the vendor's.
const KEY_NAMES: [&str; 25] = [
    "api_key",
    "apikey",
    "api-key",
    "api_token",
    "apitoken",
    "api-token",
    "api_secret",
    "apisecret",
    "token",
    "key",
    "secret",
    "access_token",
    "accesstoken",
    "access-token",
    "access_key",
    "accesskey",
    "auth_token",
    "authtoken",
    "auth",
    "bearer",
    "bearer_token",
    "secret_key",
    "secretkey",
    "password",
    "credentials",
];

/// Generic names of a webhook secret.
const WEBHOOK_NAMES: [&str; 10] = [
    "webhook_secret",
    "webhooksecret",
    "webhook-secret",
    "webhook_signing_secret",
    "signing_secret",
    "signingsecret",
    "signing-secret",
    "webhook_key",
    "hook_secret",
    "webhook_token",
];

/// A generic name that a context makes the vendor's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::detect) struct Generic {
    /// The name.
    pub(in crate::detect) span: Range<usize>,
    /// Whether it names a webhook's secret.
    pub(in crate::detect) is_webhook: bool,
}

/// The generic names of keys inside a range.
pub(in crate::detect) fn generics(bytes: &[u8], range: &Range<usize>) -> Vec<Generic> {
    let mut found = Vec::new();
    let mut at = range.start;
    while at < range.end.min(bytes.len()) {
        if !is_word(bytes[at]) {
            at += 1;
            continue;
        }
        let word = hyphenated(bytes, at);
        if word.end <= range.end {
            found.extend(generic(bytes, &word));
        }
        at = word.end.max(at + 1);
    }
    found
}

pub(in crate::detect) fn generic(bytes: &[u8], word: &Range<usize>) -> Option<Generic> {
    if word.len() > 48 {
        return None;
    }
    let words = name::words(&bytes[word.clone()]);
    let joined = words.concat();
    let is_webhook = WEBHOOK_NAMES.iter().any(|name| same_letters(name, &joined))
        || (words.iter().any(|word| word == "webhook")
            && words.last().is_some_and(|last| last == "secret"));
    let is_key = KEY_NAMES.iter().any(|name| same_letters(name, &joined))
        || joined.starts_with("bearer")
        || is_qualified(&words);
    (is_webhook || is_key).then(|| Generic { span: word.clone(), is_webhook })
}

/// A plain qualifier before the noun: `prodApiKey`, `x-api-key`; another
/// vendor's word is none.
pub(in crate::detect) fn is_qualified(words: &[String]) -> bool {
    const QUALIFIERS: [&str; 38] = [
        "x",
        "my",
        "our",
        "live",
        "prod",
        "production",
        "staging",
        "stage",
        "dev",
        "secret",
        "default",
        "client",
        "server",
        "app",
        "primary",
        "private",
        "test",
        "backend",
        "service",
        "user",
        "main",
        "current",
        "real",
        "oauth",
        "login",
        "with",
        "set",
        "use",
        "k",
        "g",
        "m",
        "s",
        "admin",
        "read",
        "write",
        "readonly",
        "master",
        "old",
    ];
    // `api_key_v2`, `api_key_2`.
    let is_number = |word: &String| {
        let digits = word.strip_prefix('v').unwrap_or(word);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let (words, is_numbered) = match words.split_last() {
        Some((last, words)) if is_number(last) => (words, true),
        _ => (words, false),
    };
    let plain = words.iter().take_while(|word| QUALIFIERS.contains(&word.as_str())).count();
    let noun = words[plain..].concat();
    (plain > 0 || is_numbered && noun.len() > 3)
        && [
            "apikey",
            "apitoken",
            "accesstoken",
            "authtoken",
            "bearertoken",
            "token",
            "key",
            "password",
        ]
        .contains(&noun.as_str())
}

/// Whether a field's name stands for the variable of that name too: `{ apiKey }`,
/// `Config { api_key, .. }`, Ruby's `api_key:` before a comma or a bracket.
pub(in crate::detect) fn is_shorthand(bytes: &[u8], name: &Range<usize>) -> bool {
    let before = bytes[name.start.saturating_sub(200)..name.start].trim_ascii_end().last();
    let (after, is_omitted) = match byte(bytes, name.end) {
        b':' => (skip_space(bytes, name.end + 1), true),
        _ => (skip_space(bytes, name.end), false),
    };
    match (before, byte(bytes, after)) {
        (Some(b'{' | b','), b',' | b'}') => true,
        (Some(b'('), b',' | b')') | (Some(b','), b')') => is_omitted,
        _ => false,
    }
}

pub(in crate::detect) fn same_letters(name: &str, joined: &str) -> bool {
    name.bytes().filter(u8::is_ascii_alphanumeric).eq(joined.bytes())
}

pub(in crate::detect) fn hyphenated(bytes: &[u8], start: usize) -> Range<usize> {
    let mut end = start;
    while end - start < 64
        && (is_word(byte(bytes, end))
            || (byte(bytes, end) == b'-' && is_word(byte(bytes, end + 1))))
    {
        end += 1;
    }
    start..end
}
