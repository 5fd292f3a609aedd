//! What an answer says, by the contract's table and nothing else.
//!
//! In: a status and a bounded body. Out: its meaning. Whether a key is live or
//! dead needs more than one answer and is decided in `verify`.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Profile, VendorError, shown};
use crate::secret::{Secret, mask};

/// What a probe with a key was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The key was let in: 2xx, or 402, 403, 404.
    Admitted {
        /// The status.
        status: u16,
    },
    /// 401: the key was refused.
    Refused,
}

impl Answer {
    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Admitted { status } => status,
            Self::Refused => 401,
        }
    }

    pub(super) fn of(status: u16, profile: &Profile) -> Result<Self, VendorError> {
        match status {
            401 => Ok(Self::Refused),
            live if profile.is_live(live) => Ok(Self::Admitted { status }),
            _ => Err(VendorError::Unexpected { status }),
        }
    }
}

/// What the API tells of a key, escaped for printing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyFacts {
    /// Its name.
    pub name: Option<String>,
    /// `read`, `write` or `admin`, where the contract's words are used.
    pub scope: Option<String>,
}

/// What a request to revoke was answered. None of these proves a death.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revocation {
    /// 200, 202 or 204: the API took the request.
    Submitted {
        /// The status.
        status: u16,
        /// What it said of the key.
        facts: KeyFacts,
    },
    /// 409: it says that the key was revoked before.
    Already,
    /// It does not know the key: 404, for a call by value with the error
    /// `key_not_found`.
    UnknownKey,
    /// This API has no such call: 404 without that error, 405 or 501.
    NotOffered {
        /// The status.
        status: u16,
    },
    /// 401 or 403: the admin key is refused.
    AdminRefused {
        /// The status.
        status: u16,
    },
}

#[derive(Deserialize)]
struct Revoked {
    name: Option<String>,
    scope: Option<String>,
}

#[derive(Deserialize)]
struct Failure {
    error: FailureCode,
}

#[derive(Deserialize)]
struct FailureCode {
    code: String,
}

impl Revocation {
    /// The meaning of an answer to a revocation by value, told without `keys`.
    ///
    /// # Errors
    /// A status that the contract gives no meaning.
    pub fn by_value(status: u16, body: &[u8], keys: &[&Secret]) -> Result<Self, VendorError> {
        let is_unknown_key = || {
            serde_json::from_slice::<Failure>(body)
                .is_ok_and(|failure| failure.error.code == "key_not_found")
        };
        match status {
            404 if is_unknown_key() => Ok(Self::UnknownKey),
            404 => Ok(Self::NotOffered { status }),
            _ => Self::common(status, body, keys),
        }
    }

    /// The meaning of an answer to a revocation by id, told without `keys`.
    ///
    /// # Errors
    /// A status that the contract gives no meaning.
    pub fn by_id(status: u16, body: &[u8], keys: &[&Secret]) -> Result<Self, VendorError> {
        if status == 404 { Ok(Self::UnknownKey) } else { Self::common(status, body, keys) }
    }

    fn common(status: u16, body: &[u8], keys: &[&Secret]) -> Result<Self, VendorError> {
        match status {
            // The body only adds facts; a revocation whose body is garbage was
            // submitted all the same, and the probe decides.
            200 | 202 | 204 => {
                let facts = serde_json::from_slice::<Revoked>(body).map_or_else(
                    |_| KeyFacts::default(),
                    |revoked| KeyFacts {
                        name: revoked.name.map(|name| shown_without(&name, keys)),
                        scope: revoked.scope.map(|scope| shown_without(&scope, keys)),
                    },
                );
                Ok(Self::Submitted { status, facts })
            }
            409 => Ok(Self::Already),
            401 | 403 => Ok(Self::AdminRefused { status }),
            405 | 501 => Ok(Self::NotOffered { status }),
            _ => Err(VendorError::Unexpected { status }),
        }
    }
}

/// Escapes and cuts a text of the API's, in which keys are masked: those that
/// are known here and whatever else reads like one.
#[must_use]
pub fn shown_without(text: &str, keys: &[&Secret]) -> String {
    let values = keys.iter().filter_map(|key| std::str::from_utf8(key.expose()).ok());
    let mut text = Cow::Borrowed(text);
    for value in values.filter(|value| !value.is_empty()) {
        if text.contains(value) {
            text = Cow::Owned(text.replace(value, &mask(value.as_bytes())));
        }
    }
    shown(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_401_is_a_refusal_and_nothing_unlisted_has_a_meaning() {
        let profile = Profile::builtin();
        for status in 200..600 {
            let answer = Answer::of(status, &profile);
            match status {
                200..=299 | 402 | 403 | 404 => assert_eq!(answer, Ok(Answer::Admitted { status })),
                401 => assert_eq!(answer, Ok(Answer::Refused)),
                _ => assert_eq!(answer, Err(VendorError::Unexpected { status })),
            }
        }
    }

    #[test]
    fn an_api_that_echoes_the_key_cannot_make_us_print_it() {
        let key = Secret::new(*b"abcdefghijklmnopqrst");
        let admin = Secret::new(*b"zyxwvutsrqponmlkjihg");
        let body = br#"{"name":"n abcdefghijklmnopqrst","scope":"zyxwvutsrqponmlkjihg"}"#;
        let keys = [&key, &admin];
        for answer in [Revocation::by_value(200, body, &keys), Revocation::by_id(200, body, &keys)]
        {
            let said = format!("{:?}", answer.expect("submitted"));
            assert!(!said.contains("efghij") && !said.contains("vutsrq"), "{said}");
            assert!(said.contains("abcd…st") && said.contains("zyxw…hg"), "{said}");
        }
    }
}
