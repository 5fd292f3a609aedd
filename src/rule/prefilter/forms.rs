//! How a literal looks in each encoding, whatever its letters' case.
//!
//! In: a literal. Out: forms, each a row of byte sets: at every place the bytes
//! that may stand there. A letter's case is one bit, and in every encoding here
//! that bit decides one byte at most, so the sets are exact: a form matches the
//! literal in every casing and nothing else. Decimal character references are
//! the exception, for `t` is `116` and `T` is `84`: of those the usual casings
//! have a form each.

use std::fmt::Write as _;
use std::ops::Range;

use crate::rule::{Form, Wide};

/// The longest form of an encoding, in bytes. A longer one is cut, since what
/// is left is rare enough, and each byte here widens every piece of a delta
/// that a sweep looks at.
const FORM_BYTES: usize = 17;

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
pub(super) struct Pattern {
    pub(super) literal: usize,
    pub(super) form: Form,
    pub(super) places: Box<[ByteSet]>,
}

impl Pattern {
    /// Whether the form stands at the start of `bytes`.
    pub(super) fn stands_at(&self, bytes: &[u8]) -> bool {
        bytes.len() >= self.places.len()
            && self.places.iter().zip(bytes).all(|(place, byte)| place.holds(*byte))
    }
}

/// All forms of a literal in lower case: plain, of which a part may be enough,
/// and in each encoding.
pub(super) fn forms(literal: usize, text: &[u8], part: Range<usize>) -> Vec<Pattern> {
    let mut forms = Vec::new();
    let mut add = |form, places: Vec<ByteSet>, limit: usize| {
        if places.len() >= SHORTEST_FORM_BYTES {
            let places = places[..places.len().min(limit)].into();
            forms.push(Pattern { literal, form, places });
        }
    };
    add(Form::Plain, text[part].iter().map(|byte| cases(*byte)).collect(), usize::MAX);
    // No encoding takes less than a byte for a byte.
    let text = &text[..text.len().min(FORM_BYTES)];
    for alignment in 0..3 {
        add(Form::Base64 { phase: phase(alignment) }, base64(text, alignment), FORM_BYTES);
    }
    add(Form::Hex, units(text, b"", b""), FORM_BYTES);
    for (form, before, after) in [
        (Form::Percent, &b"%"[..], &b""[..]),
        (Form::Escapes, b"\\x", b""),
        (Form::Escapes, b"\\u00", b""),
        (Form::Html, b"&#x", b";"),
        (Form::QuotedPrintable, b"=", b""),
    ] {
        add(form, units(text, before, after), FORM_BYTES);
    }
    for (kind, before, after) in [
        (Wide::Utf16Le, &b""[..], &b"\0"[..]),
        (Wide::Utf16Be, b"\0", b""),
        (Wide::Utf32Le, b"", b"\0\0\0"),
        (Wide::Utf32Be, b"\0\0\0", b""),
    ] {
        add(Form::Wide(kind), wide(text, before, after), FORM_BYTES);
    }
    for cased in casings(text) {
        for (form, bytes) in exact(&cased) {
            add(form, bytes.into_iter().map(|byte| ByteSet::of([byte])).collect(), FORM_BYTES);
        }
    }
    forms
}

/// The bytes of a known key's two ends that are searched for: nine make twelve
/// characters of base64, and a line break cuts one end at the most.
const KNOWN_END_BYTES: usize = 9;

/// The ends of a key that is known exactly, in every form, in this very case.
pub(super) fn known(literal: usize, key: &[u8]) -> Vec<Pattern> {
    let length = key.len().min(KNOWN_END_BYTES);
    let mut ends = vec![&key[..length], &key[key.len() - length..]];
    ends.dedup();
    let mut forms = Vec::new();
    for end in ends {
        let mut looks = exact(end);
        looks.push((Form::Plain, end.to_vec()));
        looks.extend(once_in_base64(end));
        looks.extend(Wide::ALL.map(|kind| (Form::Wide(kind), kind.encode(end))));
        for (form, before, after, capitals) in [
            (Form::Hex, "", "", false),
            (Form::Hex, "", "", true),
            (Form::Percent, "%", "", false),
            (Form::Percent, "%", "", true),
            (Form::QuotedPrintable, "=", "", true),
            (Form::Escapes, "\\x", "", false),
            (Form::Escapes, "\\x", "", true),
            (Form::Escapes, "\\u00", "", false),
            (Form::Escapes, "\\u00", "", true),
            (Form::Html, "&#x", ";", false),
            (Form::Html, "&#x", ";", true),
        ] {
            let spell = |byte: &u8| {
                let digits = if capitals { format!("{byte:02X}") } else { format!("{byte:02x}") };
                format!("{before}{digits}{after}")
            };
            looks.push((form, end.iter().flat_map(|byte| spell(byte).into_bytes()).collect()));
        }
        forms.extend(looks.into_iter().map(|(form, bytes)| {
            let places = bytes.into_iter().take(FORM_BYTES).map(|byte| ByteSet::of([byte]));
            Pattern { literal, form, places: places.collect() }
        }));
    }
    forms
}

/// The head of a gzip file in base64 with the flags that tools set, none or a
/// name, and that in base64 again, as Helm keeps its releases. The sixth
/// character holds the rest of the flags, of which all are taken.
pub(super) fn gzip() -> Vec<Pattern> {
    let head = |last: &[u8; 4]| {
        let mut places: Vec<ByteSet> = b"H4sI".iter().map(|byte| ByteSet::of([*byte])).collect();
        places.push(ByteSet::of(*b"AC"));
        places.push(ByteSet::of(*last));
        Pattern { literal: 0, form: Form::GzipBase64, places: places.into() }
    };
    let twice = b"SDRzSU".iter().map(|byte| ByteSet::of([*byte])).collect();
    [b"ABCD", b"EFGH", b"IJKL", b"MNOP"]
        .into_iter()
        .map(head)
        .chain([Pattern { literal: 0, form: Form::Base64 { phase: 0 }, places: twice }])
        .collect()
}

/// The looks of a text in one casing: octal escapes, `\u{62}`, decimal character
/// references, and two layers: base64 twice, base64 as UTF-16, UTF-16 as
/// base64.
fn exact(text: &[u8]) -> Vec<(Form, Vec<u8>)> {
    let spelled = |unit: &dyn Fn(&mut String, u8)| -> Vec<u8> {
        let mut spelled = String::with_capacity(8 * text.len());
        for byte in text {
            unit(&mut spelled, *byte);
        }
        spelled.into_bytes()
    };
    let mut looks = vec![
        (Form::Html, spelled(&|to, byte| _ = write!(to, "&#{byte};"))),
        (Form::Escapes, spelled(&|to, byte| _ = write!(to, "\\{byte:03o}"))),
        (Form::Escapes, spelled(&|to, byte| _ = write!(to, "\\u{{{byte:x}}}"))),
    ];
    let utf16 = [Wide::Utf16Le, Wide::Utf16Be];
    for (_, once) in once_in_base64(text) {
        looks.extend(once_in_base64(&once));
        looks.extend(utf16.map(|kind| (Form::Wide(kind), kind.encode(&once))));
    }
    looks.extend(utf16.iter().flat_map(|kind| once_in_base64(&kind.encode(text))));
    looks
}

/// The characters of base64 that hang on a text alone, at each alignment.
fn once_in_base64(text: &[u8]) -> Vec<(Form, Vec<u8>)> {
    (0..3)
        .map(|alignment| {
            let padded = [&[0; 3][..alignment], text].concat();
            let characters = data_encoding::BASE64_NOPAD.encode(&padded);
            let whole = (8 * alignment).div_ceil(6)..8 * padded.len() / 6;
            (Form::Base64 { phase: phase(alignment) }, characters.as_bytes()[whole].to_vec())
        })
        .collect()
}

/// How many characters of their group of four stand before those that hang on
/// a text alone when `alignment` bytes stand before it in its group of three.
fn phase(alignment: usize) -> u8 {
    ((8 * alignment).div_ceil(6) % 4) as u8
}

fn cases(byte: u8) -> ByteSet {
    ByteSet::of([byte.to_ascii_lowercase(), byte.to_ascii_uppercase()])
}

/// Two hexadecimal digits a byte, in either case, between fixed bytes.
fn units(text: &[u8], before: &[u8], after: &[u8]) -> Vec<ByteSet> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| DIGITS[usize::from(value & 15)];
    let mut places = Vec::with_capacity(text.len() * (before.len() + 2 + after.len()));
    for byte in text {
        let (lower, upper) = (byte.to_ascii_lowercase(), byte.to_ascii_uppercase());
        places.extend(before.iter().map(|byte| cases(*byte)));
        places.push(ByteSet::of([digit(lower >> 4), digit(upper >> 4)]));
        places.push(cases(digit(*byte)));
        places.extend(after.iter().map(|byte| cases(*byte)));
    }
    places
}

/// One letter a code unit, between the unit's other bytes.
fn wide(text: &[u8], before: &[u8], after: &[u8]) -> Vec<ByteSet> {
    let mut places = Vec::with_capacity(text.len() * (before.len() + 1 + after.len()));
    for byte in text {
        places.extend(before.iter().map(|byte| ByteSet::of([*byte])));
        places.push(cases(*byte));
        places.extend(after.iter().map(|byte| ByteSet::of([*byte])));
    }
    places
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
