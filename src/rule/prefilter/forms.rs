//! How a literal looks in each encoding, whatever its letters' case.
//!
//! In: a literal. Out: forms, each a row of byte sets: at every place the bytes
//! that may stand there. A letter's case is one bit, and in every encoding here
//! that bit decides one byte at most, so the sets are exact: a form matches the
//! literal in every casing and nothing else. Decimal character references are
//! the exception, for `t` is `116` and `T` is `84`: of those the usual casings
//! have a form each.

use crate::finding::Encoding;

/// The longest form of an encoding, in bytes. A longer one is cut, since what
/// is left is rare enough, and each byte here widens every piece of a delta
/// that a sweep looks at.
const FORM_BYTES: usize = 20;

/// The shortest form, in bytes.
pub(super) const SHORTEST_FORM_BYTES: usize = 3;

/// The bytes that may stand at one place: four at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ByteSet {
    bytes: [u8; 4],
    len: u8,
}

impl ByteSet {
    fn of(bytes: impl IntoIterator<Item = u8>) -> Self {
        let mut set = Self { bytes: [0; 4], len: 0 };
        for byte in bytes {
            if !set.bytes().contains(&byte) {
                set.bytes[usize::from(set.len)] = byte;
                set.len += 1;
            }
        }
        // Filled up with a member, so that a test compares four bytes always.
        for at in usize::from(set.len)..4 {
            set.bytes[at] = set.bytes[0];
        }
        set
    }

    /// The bytes, each once.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// Whether a byte is among them.
    pub(super) fn holds(self, byte: u8) -> bool {
        self.bytes.contains(&byte)
    }
}

/// One look of one literal.
#[derive(Debug, Clone)]
pub(super) struct Form {
    pub(super) literal: usize,
    pub(super) encoding: Option<Encoding>,
    pub(super) places: Box<[ByteSet]>,
}

impl Form {
    /// Whether the form stands at the start of `bytes`.
    pub(super) fn stands_at(&self, bytes: &[u8]) -> bool {
        bytes.len() >= self.places.len()
            && self.places.iter().zip(bytes).all(|(place, byte)| place.holds(*byte))
    }
}

/// All forms of a literal in lower case: plain, and in each encoding.
pub(super) fn forms(literal: usize, text: &[u8]) -> Vec<Form> {
    let mut forms = Vec::new();
    let mut add = |encoding, places: Vec<ByteSet>, limit: usize| {
        if places.len() >= SHORTEST_FORM_BYTES {
            let places = places[..places.len().min(limit)].into();
            forms.push(Form { literal, encoding, places });
        }
    };
    add(None, text.iter().map(|byte| cases(*byte)).collect(), usize::MAX);
    for alignment in 0..3 {
        add(Some(Encoding::Base64), base64(text, alignment), FORM_BYTES);
    }
    add(Some(Encoding::Hex), units(text, b"", b""), FORM_BYTES);
    for (encoding, before, after) in [
        (Encoding::Percent, &b"%"[..], &b""[..]),
        (Encoding::Escapes, b"\\x", b""),
        (Encoding::Escapes, b"\\u00", b""),
        (Encoding::Html, b"&#x", b";"),
        (Encoding::QuotedPrintable, b"=", b""),
    ] {
        add(Some(encoding), units(text, before, after), FORM_BYTES);
    }
    for (encoding, before, after) in [
        (Encoding::Utf16, &b""[..], &b"\0"[..]),
        (Encoding::Utf16, b"\0", b""),
        (Encoding::Utf32, b"", b"\0\0\0"),
        (Encoding::Utf32, b"\0\0\0", b""),
    ] {
        add(Some(encoding), wide(text, before, after), FORM_BYTES);
    }
    for cased in casings(text) {
        let references = cased.iter().flat_map(|byte| format!("&#{byte};").into_bytes());
        add(Some(Encoding::Html), references.map(|byte| ByteSet::of([byte])).collect(), FORM_BYTES);
    }
    forms
}

fn cases(byte: u8) -> ByteSet {
    ByteSet::of([byte.to_ascii_lowercase(), byte.to_ascii_uppercase()])
}

/// Two hexadecimal digits a byte, in either case, between fixed bytes.
fn units(text: &[u8], before: &[u8], after: &[u8]) -> Vec<ByteSet> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| DIGITS[usize::from(value & 15)];
    let mut places = Vec::new();
    for byte in text {
        let (lower, upper) = (byte.to_ascii_lowercase(), byte.to_ascii_uppercase());
        let fixed = |bytes: &[u8]| bytes.iter().map(|byte| cases(*byte)).collect::<Vec<_>>();
        places.extend(fixed(before));
        places.push(ByteSet::of([digit(lower >> 4), digit(upper >> 4)]));
        places.push(cases(digit(*byte)));
        places.extend(fixed(after));
    }
    places
}

/// One letter a code unit, between the unit's other bytes.
fn wide(text: &[u8], before: &[u8], after: &[u8]) -> Vec<ByteSet> {
    let fixed = |bytes: &[u8]| bytes.iter().map(|byte| ByteSet::of([*byte])).collect::<Vec<_>>();
    text.iter()
        .flat_map(|byte| [fixed(before), vec![cases(*byte)], fixed(after)].concat())
        .collect()
}

/// The characters that the literal alone decides when `alignment` other bytes
/// stand before it in its group of three.
fn base64(text: &[u8], alignment: usize) -> Vec<ByteSet> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut free) = (vec![false; 8 * alignment], vec![false; 8 * alignment]);
    for byte in text {
        for bit in (0..8).rev() {
            bits.push(byte >> bit & 1 == 1);
            free.push(bit == 5 && byte.is_ascii_alphabetic());
        }
    }
    let first = (8 * alignment).div_ceil(6);
    let last = bits.len() / 6;
    let value = |bits: &[bool]| bits.iter().fold(0u8, |value, bit| value << 1 | u8::from(*bit));
    (first..last)
        .map(|at| {
            let expected = value(&bits[6 * at..6 * at + 6]);
            let mask = value(&free[6 * at..6 * at + 6]);
            let values = [expected & !mask, expected | mask];
            ByteSet::of(values.into_iter().flat_map(|value| match value {
                62 => vec![b'+', b'-'],
                63 => vec![b'/', b'_'],
                value => vec![ALPHABET[usize::from(value)]],
            }))
        })
        .collect()
}

/// lower, UPPER, Title.
fn casings(text: &[u8]) -> Vec<Vec<u8>> {
    let mut title = text.to_ascii_lowercase();
    title[..1].make_ascii_uppercase();
    let mut casings = vec![text.to_ascii_lowercase(), text.to_ascii_uppercase(), title];
    casings.sort();
    casings.dedup();
    casings
}
