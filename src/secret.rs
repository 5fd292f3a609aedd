//! The secret value and what may be shown of it.
//!
//! In: the bytes of a key. Out: its fingerprint and its mask. Nothing else in
//! the crate may print, serialize or compare a key; this file knows neither
//! where a key was found nor what it opens.

mod keys;

use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

pub use keys::Keys;

/// Separates these digests from every other SHA-256 of the same bytes, so that
/// a table of plain SHA-256 sums does not open a report.
const DOMAIN: &[u8] = b"keysweep-fingerprint-v1\0";

/// The shortest key, in bytes, of which a mask shows anything at all.
///
/// The mask shows six bytes; below sixteen that would be too much of the key.
const LONG_KEY_BYTES: usize = 16;

/// A key in memory: wiped when dropped, without `Display`, `Serialize` or a
/// `Debug` that shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the key's bytes.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// The key itself; every call of this is a place to review.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The key's length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the key holds no byte.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What may be shown of the key: see [`mask`].
    #[must_use]
    pub fn mask(&self) -> String {
        mask(&self.0)
    }
}

impl std::hash::Hash for Secret {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.as_slice().hash(state);
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Shows the first four and the last two bytes of a long key, nothing of a
/// short one (fewer than 16 bytes), with an ellipsis for the rest.
///
/// Bytes that are not printable ASCII are shown as `?`, so the mask is safe on
/// a terminal whatever the key holds.
#[must_use]
pub fn mask(key: &[u8]) -> String {
    if key.len() < LONG_KEY_BYTES {
        return "…".to_owned();
    }
    let shown = |byte: &u8| if byte.is_ascii_graphic() { char::from(*byte) } else { '?' };
    let mut masked: String = key[..4].iter().map(shown).collect();
    masked.push('…');
    masked.extend(key[key.len() - 2..].iter().map(shown));
    masked
}

/// Identifies a key by its value alone.
///
/// Written `sha256:<hex>`, or `hmac-sha256:<hex>` where the operator set a
/// fingerprint key: the two never compare equal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint {
    keyed: bool,
    digest: [u8; 32],
}

impl Fingerprint {
    /// The digest's 64 lower-case hexadecimal digits, without the algorithm.
    #[must_use]
    pub fn hex(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.digest)
    }

    /// Whether the fingerprint was made with the operator's own key.
    #[must_use]
    pub fn is_keyed(&self) -> bool {
        self.keyed
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithm = if self.keyed { "hmac-sha256" } else { "sha256" };
        write!(f, "{algorithm}:{}", self.hex())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Fingerprint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Why a text is not a fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a fingerprint: expected `sha256:` or `hmac-sha256:` and 64 hexadecimal digits")]
pub struct FingerprintError;

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let (algorithm, hex) = text.split_once(':').ok_or(FingerprintError)?;
        let keyed = match algorithm {
            "sha256" => false,
            "hmac-sha256" => true,
            _ => return Err(FingerprintError),
        };
        let digest = data_encoding::HEXLOWER_PERMISSIVE
            .decode(hex.as_bytes())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(FingerprintError)?;
        Ok(Self { keyed, digest })
    }
}

/// Makes fingerprints: SHA-256, or HMAC-SHA-256 under the operator's key.
#[derive(Clone, Default)]
pub struct Fingerprinter {
    key: Option<Secret>,
}

impl Fingerprinter {
    /// Makes fingerprints that anybody who holds the key can make again.
    #[must_use]
    pub fn plain() -> Self {
        Self { key: None }
    }

    /// Makes fingerprints that only a holder of `key` can make again.
    #[must_use]
    pub fn keyed(key: Secret) -> Self {
        Self { key: Some(key) }
    }

    /// Whether the fingerprints are made under an operator's key.
    #[must_use]
    pub fn is_keyed(&self) -> bool {
        self.key.is_some()
    }

    /// The fingerprint of a key's value.
    #[must_use]
    pub fn fingerprint(&self, secret: &Secret) -> Fingerprint {
        let digest = match &self.key {
            None => Sha256::new().chain_update(DOMAIN).chain_update(secret.expose()).finalize(),
            Some(key) => Hmac::<Sha256>::new_from_slice(key.expose())
                .expect("HMAC takes a key of any length")
                .chain_update(DOMAIN)
                .chain_update(secret.expose())
                .finalize()
                .into_bytes(),
        };
        Fingerprint { keyed: self.key.is_some(), digest: digest.into() }
    }
}

impl fmt::Debug for Fingerprinter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fingerprinter").field("keyed", &self.key.is_some()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_key() {
        assert_eq!(format!("{:?}", Secret::new(*b"abcdefghijklmnopqrst")), "Secret(..)");
    }

    #[test]
    fn mask_shows_nothing_of_a_short_key_and_six_bytes_of_a_long_one() {
        assert_eq!(mask(b"abcdefghijklmno"), "…");
        assert_eq!(mask(b"abcdefghijklmnop"), "abcd…op");
        assert_eq!(mask(b"\x1b[2Jefghijklmnop"), "?[2J…op");
    }

    #[test]
    fn fingerprint_depends_on_value_and_on_the_operators_key() {
        let secret = Secret::new(*b"value");
        let plain = Fingerprinter::plain().fingerprint(&secret);
        let keyed = Fingerprinter::keyed(Secret::new(*b"k")).fingerprint(&secret);
        assert_eq!(plain, Fingerprinter::plain().fingerprint(&Secret::new(*b"value")));
        assert_ne!(plain.hex(), data_encoding::HEXLOWER.encode(&Sha256::digest(b"value")));
        assert_ne!(plain, keyed);
        assert_eq!(keyed.to_string().parse(), Ok(keyed));
        assert_eq!("md5:00".parse::<Fingerprint>(), Err(FingerprintError));
    }
}
