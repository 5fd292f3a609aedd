//! Keys looked up by their values in texts that name or describe something.
//!
//! In: the keys of a run, and any text. Out: the text with each of them masked.
//! Knows neither where a text comes from nor what reads like a key.

use std::collections::HashMap;

use super::{Secret, mask};

/// The length by which keys are looked up, in bytes; shorter keys are found by
/// their first byte.
const HEAD_BYTES: usize = 8;

/// The keys of a run, by their first bytes.
#[derive(Debug, Default)]
pub struct Keys {
    by_head: HashMap<[u8; HEAD_BYTES], Vec<Secret>>,
    short_by_first: HashMap<u8, Vec<Secret>>,
}

impl Keys {
    /// Takes the keys; an empty one is none.
    pub fn of<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut keys = Self::default();
        for secret in secrets {
            let bytes = secret.expose();
            let alike = match (bytes.first_chunk::<HEAD_BYTES>(), bytes.first()) {
                (Some(head), _) => keys.by_head.entry(*head).or_default(),
                (None, Some(first)) => keys.short_by_first.entry(*first).or_default(),
                (None, None) => continue,
            };
            if !alike.contains(secret) {
                alike.push(secret.clone());
            }
        }
        keys
    }

    /// Masks every key in the text.
    pub fn clean(&self, text: &mut String) {
        if let Some(clean) = self.cleaned(text) {
            *text = clean;
        }
    }

    /// The text with every key masked; `None` where it holds none.
    #[must_use]
    pub fn cleaned(&self, text: &str) -> Option<String> {
        if self.by_head.is_empty() && self.short_by_first.is_empty() {
            return None;
        }
        let bytes = text.as_bytes();
        let mut clean: Option<Vec<u8>> = None;
        let mut copied = 0;
        let mut at = 0;
        while at < bytes.len() {
            let Some(key) = self.longest_at(&bytes[at..]) else {
                at += 1;
                continue;
            };
            let out = clean.get_or_insert_with(Vec::new);
            out.extend_from_slice(&bytes[copied..at]);
            out.extend_from_slice(mask(key.expose()).as_bytes());
            at += key.len();
            copied = at;
        }
        let mut out = clean?;
        out.extend_from_slice(&bytes[copied..]);
        Some(String::from_utf8_lossy(&out).into_owned())
    }

    fn longest_at(&self, bytes: &[u8]) -> Option<&Secret> {
        let long = bytes.first_chunk::<HEAD_BYTES>().and_then(|head| self.by_head.get(head));
        let short = bytes.first().and_then(|first| self.short_by_first.get(first));
        let alike = long.into_iter().chain(short).flatten();
        alike.filter(|key| bytes.starts_with(key.expose())).max_by_key(|key| key.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_masked_the_longest_first_and_short_ones_whole() {
        let secrets = [&b"abcdefghijklmnopqrst"[..], b"abcdefghijklmnop", b"p4829", b""];
        let keys = Keys::of(&secrets.map(Secret::new));
        let cleaned = |text: &str| keys.cleaned(text);
        assert_eq!(cleaned("x/abcdefghijklmnopqrst.txt").as_deref(), Some("x/abcd…st.txt"));
        assert_eq!(cleaned("abcdefghijklmnop p4829").as_deref(), Some("abcd…op …"));
        assert_eq!(cleaned("abcdefgh p482"), None);
    }
}
