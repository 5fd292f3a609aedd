//! Values that are encoded by themselves, such as those of a Kubernetes
//! `Secret`.
//!
//! In: a value as it stands under a name. Out: what it encodes, if it is a
//! text. Knows nothing of keys: who asks decides what the text is worth.

use super::DEEPEST;
use crate::finding::Encoding;

/// The shortest text, in bytes, that is believed to have been encoded: twelve
/// random bytes are all printable once in 150,000 times, and the shortest
/// random value that is decoded to as many has sixteen digits.
const SHORTEST_TEXT_BYTES: usize = 12;

/// What a value encodes.
pub enum Unwrapped {
    /// A printable text.
    Text {
        /// The text.
        text: zeroize::Zeroizing<Vec<u8>>,
        /// The encodings taken off, from the outside in.
        encodings: Vec<Encoding>,
    },
    /// A file of some kind: compressed, an image, a certificate, ciphertext.
    File,
}

impl std::fmt::Debug for Unwrapped {
    /// Shows no text, which may be a key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text { .. } => "Text(..)",
            Self::File => "File",
        })
    }
}

/// How files begin that people keep in base64: gzip, zip, bzip2, xz, zstd, PNG,
/// JPEG, GIF, PDF, ELF, SQLite, certificates and keys in DER, ciphertext of
/// OpenSSL, PEM.
const FILE_HEADS: [&[u8]; 14] = [
    b"\x1f\x8b\x08",
    b"PK\x03\x04",
    b"BZh",
    b"\xfd7zXZ",
    b"\x28\xb5\x2f\xfd",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"%PDF",
    b"\x7fELF",
    b"SQLite format",
    b"\x30\x82\x02\x01",
    b"Salted__",
    b"-----BEGIN",
];

/// What a value encodes, a text without the line end that `echo` adds to it;
/// `None` where it encodes nothing that can be told.
#[must_use]
pub fn unwrapped(value: &[u8]) -> Option<Unwrapped> {
    let mut text = zeroize::Zeroizing::new(value.to_vec());
    let mut encodings = Vec::new();
    while encodings.len() < DEEPEST
        && let Some((inner, more)) = layer(&text)
    {
        text = zeroize::Zeroizing::new(inner);
        encodings.extend(more);
    }
    if encodings.is_empty() {
        let is_file = decodings(value)
            .any(|(decoded, _)| FILE_HEADS.iter().any(|head| decoded.starts_with(head)));
        return is_file.then_some(Unwrapped::File);
    }
    Some(Unwrapped::Text { text, encodings })
}

fn layer(value: &[u8]) -> Option<(Vec<u8>, Vec<Encoding>)> {
    decodings(value).find_map(|(decoded, encoding)| {
        if let Some(text) = printable(&decoded) {
            return Some((text.to_vec(), vec![encoding]));
        }
        let narrow = narrowed(&decoded)?;
        let text = printable(&narrow)?.to_vec();
        Some((text, vec![encoding, Encoding::Utf16]))
    })
}

/// The bytes that a value writes in hexadecimal digits or in base64, behind
/// what PostgreSQL, C and Laravel put before them.
fn decodings(value: &[u8]) -> impl Iterator<Item = (Vec<u8>, Encoding)> {
    let value = value.trim_ascii();
    let hex = [&b"\\\\x"[..], b"\\x", b"0x", b"x"]
        .iter()
        .find_map(|prefix| value.strip_prefix(*prefix))
        .unwrap_or(value);
    let hex = data_encoding::HEXLOWER_PERMISSIVE.decode(hex).ok().map(|text| (text, Encoding::Hex));
    let digits = value.strip_prefix(b"base64:").unwrap_or(value);
    let padding = digits.iter().rev().take(2).take_while(|b| **b == b'=').count();
    let digits = &digits[..digits.len() - padding];
    let is_for_urls = digits.iter().any(|b| matches!(b, b'-' | b'_'));
    let base64 =
        if is_for_urls { &data_encoding::BASE64URL_NOPAD } else { &data_encoding::BASE64_NOPAD };
    let base64 = base64.decode(digits).ok().map(|text| (text, Encoding::Base64));
    [hex, base64].into_iter().flatten()
}

fn printable(decoded: &[u8]) -> Option<&[u8]> {
    let text = decoded.trim_ascii_end();
    (text.len() >= SHORTEST_TEXT_BYTES && text.iter().all(u8::is_ascii_graphic)).then_some(text)
}

/// ASCII written as UTF-16, least byte first, as Windows does.
fn narrowed(decoded: &[u8]) -> Option<Vec<u8>> {
    let units = decoded.chunks_exact(2);
    (units.remainder().is_empty() && decoded.len() >= 2)
        .then(|| units.map(|unit| (unit[1] == 0).then_some(unit[0])).collect())?
}
