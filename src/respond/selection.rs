//! Which of a report's keys the operator wants to deal with.
//!
//! In: beginnings of fingerprints. Out: a choice in which each of them names
//! exactly one key.

use std::collections::BTreeSet;

use crate::secret::Fingerprint;

/// The fewest hexadecimal digits that name a key.
const SHORTEST_PREFIX: usize = 6;

/// Which keys may enter a plan.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    only: Option<BTreeSet<Fingerprint>>,
    except: BTreeSet<Fingerprint>,
}

/// Why a fingerprint names no key, or more than one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectionError {
    /// It is not the beginning of a fingerprint.
    #[error(
        "`{0}` is not a fingerprint: give at least {SHORTEST_PREFIX} of its hexadecimal digits"
    )]
    Malformed(String),
    /// No key of the report has it.
    #[error("no key of this report has a fingerprint that begins with `{0}`")]
    Unknown(String),
    /// Several keys have it.
    #[error("{count} keys of this report begin with `{prefix}`: give more digits")]
    Ambiguous {
        /// What was given.
        prefix: String,
        /// How many keys it fits.
        count: usize,
    },
}

impl Selection {
    /// Finds the named keys among those of the report.
    ///
    /// # Errors
    /// Where a text names none of them or several.
    pub fn new(
        only: &[String],
        except: &[String],
        keys: &BTreeSet<Fingerprint>,
    ) -> Result<Self, SelectionError> {
        let find = |texts: &[String]| -> Result<BTreeSet<Fingerprint>, SelectionError> {
            texts.iter().map(|text| named(text, keys)).collect()
        };
        Ok(Self {
            only: (!only.is_empty()).then(|| find(only)).transpose()?,
            except: find(except)?,
        })
    }

    /// Whether a key may enter the plan.
    #[must_use]
    pub fn takes(&self, key: Fingerprint) -> bool {
        !self.except.contains(&key) && self.only.as_ref().is_none_or(|only| only.contains(&key))
    }
}

fn named(text: &str, keys: &BTreeSet<Fingerprint>) -> Result<Fingerprint, SelectionError> {
    let shown = || crate::vendor::shown(text);
    let digits = text.split_once(':').map_or(text, |(_, digits)| digits).to_ascii_lowercase();
    if digits.len() < SHORTEST_PREFIX || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(SelectionError::Malformed(shown()));
    }
    let mut found = keys.iter().filter(|key| {
        let whole = key.to_string();
        let algorithm_fits = !text.contains(':') || whole.starts_with(&text.to_ascii_lowercase());
        algorithm_fits && key.hex().starts_with(&digits)
    });
    match (found.next(), found.count()) {
        (Some(key), 0) => Ok(*key),
        (Some(_), more) => Err(SelectionError::Ambiguous { prefix: shown(), count: more + 1 }),
        (None, _) => Err(SelectionError::Unknown(shown())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_names_exactly_one_key_or_none() {
        let key = |digits: &str| format!("sha256:{digits:0<64}").parse().expect("a fingerprint");
        let keys: BTreeSet<Fingerprint> = [key("abcdef01"), key("abcdef02"), key("123456")].into();
        let only = |text: &str| Selection::new(&[text.to_owned()], &[], &keys);
        let chosen = only("sha256:ABCDEF01").expect("one");
        assert!(chosen.takes(key("abcdef01")) && !chosen.takes(key("123456")));
        assert!(matches!(only("abcdef"), Err(SelectionError::Ambiguous { count: 2, .. })));
        assert!(matches!(only("999999"), Err(SelectionError::Unknown(_))));
        assert!(matches!(only("abc"), Err(SelectionError::Malformed(_))));
        assert!(matches!(only("hmac-sha256:123456"), Err(SelectionError::Unknown(_))));
        let except = Selection::new(&[], &["123456".to_owned()], &keys).expect("one");
        assert!(except.takes(key("abcdef01")) && !except.takes(key("123456")));
    }
}
