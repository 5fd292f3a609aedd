//! How a literal looks in each encoding, whatever its letters' case.
//!
//! In: a literal. Out: forms, each a row of byte sets: at every place the bytes
//! that may stand there. A letter's case is one bit, and in nearly every encoding
//! here that bit decides one byte at most, so the sets are exact: a form matches
//! the literal in every casing and nothing else. Where it decides more, in
//! decimal character references (`t` is `116`, `T` is `84`) and in two layers of
//! encoding, UPPER has a form of its own, and lower and Title, which differ in
//! what the first letter decides, share one where nothing behind it is moved.

use std::ops::Range;

use super::short::Short;
use super::{ByteSet, FORM_BYTES, Forms};
use crate::rule::{Form, Wide, escape};

/// Adds all forms of a literal in lower case: plain, of which a part may be
/// enough, and in each encoding.
pub(in super::super) fn looks(literal: usize, text: &[u8], part: Range<usize>, to: &mut Forms) {
    plain(literal, &text[part], to);
    // No encoding takes less than a byte for a byte.
    let text = &text[..text.len().min(FORM_BYTES)];
    for alignment in 0..3 {
        let form = Form::Base64 { phase: phase(alignment) };
        to.add(literal, form, base64(text, alignment).take(FORM_BYTES));
    }
    for (form, before, after) in [
        (Form::Hex, &b""[..], &b""[..]),
        (Form::Percent, b"%", b""),
        (Form::Escapes, b"\\x", b""),
        (Form::Escapes, b"\\u00", b""),
        (Form::Html, b"&#x", b";"),
        (Form::QuotedPrintable, b"=", b""),
    ] {
        to.add(literal, form, units(text, before, after).take(FORM_BYTES));
    }
    for (kind, before, after) in [
        (Wide::Utf16Le, &b""[..], &b"\0"[..]),
        (Wide::Utf16Be, b"\0", b""),
        (Wide::Utf32Le, b"", b"\0\0\0"),
        (Wide::Utf32Be, b"\0\0\0", b""),
    ] {
        to.add(literal, Form::Wide(kind), wide(text, before, after).take(FORM_BYTES));
    }
    let lower = exact(text);
    let mut title = Short::of(text);
    title.capitalise(1);
    let mut upper = title;
    upper.capitalise(FORM_BYTES);
    for ((lower, title), upper) in
        lower.into_iter().zip(exact(title.bytes())).zip(exact(upper.bytes()))
    {
        let form = lower.form;
        let (lower, title, upper) = (lower.bytes(), title.bytes(), upper.bytes());
        // Where a reference to the first letter is longer in one of them, all
        // that follows is moved.
        let are_alike = lower.len() == title.len()
            && lower.iter().zip(title).all(|(one, other)| !escape::is_sign(*one) || one == other);
        if are_alike {
            let either = lower.iter().zip(title).map(|(one, other)| ByteSet::either(*one, *other));
            to.add(literal, form, either);
        } else {
            to.add(literal, form, singles(lower));
            to.add(literal, form, singles(title));
        }
        if upper != lower && upper != title {
            to.add(literal, form, singles(upper));
        }
    }
}

/// Adds the plain form alone of a literal in lower case.
pub(in super::super) fn plain(literal: usize, text: &[u8], to: &mut Forms) {
    to.add(literal, Form::Plain, text.iter().map(|byte| cases(*byte)));
}

/// The bytes of a known key's two ends that are searched for: nine make twelve
/// characters of base64, and a line break cuts one end at the most.
const KNOWN_END_BYTES: usize = 9;

/// Adds the ends of a key that is known exactly, in every form, in this very
/// case.
pub(in super::super) fn known(literal: usize, key: &[u8], to: &mut Forms) {
    let length = key.len().min(KNOWN_END_BYTES);
    let (start, end) = (&key[..length], &key[key.len() - length..]);
    known_end(literal, start, to);
    if end != start {
        known_end(literal, end, to);
    }
}

fn known_end(literal: usize, end: &[u8], to: &mut Forms) {
    to.add(literal, Form::Plain, singles(end));
    for look in exact(end) {
        to.add(literal, look.form, singles(look.bytes()));
    }
    let text = Short::of(end);
    for alignment in 0..3 {
        let form = Form::Base64 { phase: phase(alignment) };
        to.add(literal, form, singles(text.base64(alignment).bytes()).take(FORM_BYTES));
    }
    for kind in Wide::ALL {
        to.add(literal, Form::Wide(kind), singles(&kind.encode(end)).take(FORM_BYTES));
    }
    for (form, before, after, both) in [
        (Form::Hex, "", "", true),
        (Form::Percent, "%", "", true),
        (Form::QuotedPrintable, "=", "", false),
        (Form::Escapes, "\\x", "", true),
        (Form::Escapes, "\\u00", "", true),
        (Form::Html, "&#x", ";", true),
    ] {
        for capitals in if both { &[false, true][..] } else { &[true] } {
            let mut spelled = Short::new();
            for byte in end {
                spelled.extend(before.as_bytes());
                spelled.number(*byte, 16, 2, *capitals);
                spelled.extend(after.as_bytes());
            }
            to.add(literal, form, singles(spelled.bytes()).take(FORM_BYTES));
        }
    }
}

/// Adds the head of a gzip file in base64 with the flags that tools set, none
/// or a name, and that in base64 again, as Helm keeps its releases. The sixth
/// character holds the rest of the flags, of which all are taken.
pub(in super::super) fn gzip(to: &mut Forms) {
    for last in [*b"ABCD", *b"EFGH", *b"IJKL", *b"MNOP"] {
        let flags = [ByteSet::either(b'A', b'C'), ByteSet::of(last)];
        to.add(0, Form::GzipBase64, singles(b"H4sI").chain(flags));
    }
    to.add(0, Form::Base64 { phase: 0 }, singles(b"SDRzSU"));
}

/// A look in one casing, as far as a form reaches.
struct Look {
    form: Form,
    bytes: [u8; FORM_BYTES],
    len: usize,
}

impl Look {
    fn new(form: Form, text: &Short) -> Self {
        let mut bytes = [0; FORM_BYTES];
        let len = text.bytes().len().min(FORM_BYTES);
        bytes[..len].copy_from_slice(&text.bytes()[..len]);
        Self { form, bytes, len }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// The looks of a text in one casing: octal escapes, `\u{62}`, decimal character
/// references, and two layers: base64 twice, base64 as UTF-16, UTF-16 as
/// base64.
fn exact(text: &[u8]) -> [Look; 24] {
    let spelled = |form, before: &[u8], radix, least, after: &[u8]| {
        let mut spelled = Short::new();
        for byte in text {
            spelled.extend(before);
            spelled.number(*byte, radix, least, false);
            spelled.extend(after);
        }
        Look::new(form, &spelled)
    };
    let utf16 = [Wide::Utf16Le, Wide::Utf16Be];
    let in_base64 = |text: &Short, alignment| {
        Look::new(Form::Base64 { phase: phase(alignment) }, &text.base64(alignment))
    };
    let once = [0, 1, 2].map(|alignment| Short::of(text).base64(alignment));
    let units = utf16.map(|kind| Short::of(&kind.encode(text)));
    std::array::from_fn(|number| match number {
        0 => spelled(Form::Html, b"&#", 10, 1, b";"),
        1 => spelled(Form::Escapes, b"\\", 8, 3, b""),
        2 => spelled(Form::Escapes, b"\\u{", 16, 1, b"}"),
        3..12 => in_base64(&once[(number - 3) / 3], (number - 3) % 3),
        12..18 => {
            let kind = utf16[(number - 12) % 2];
            let text = Short::of(&kind.encode(once[(number - 12) / 2].bytes()));
            Look::new(Form::Wide(kind), &text)
        }
        _ => in_base64(&units[(number - 18) / 3], (number - 18) % 3),
    })
}

/// How many characters of their group of four stand before those that hang on
/// a text alone when `alignment` bytes stand before it in its group of three.
fn phase(alignment: usize) -> u8 {
    ((8 * alignment).div_ceil(6) % 4) as u8
}

fn singles(bytes: &[u8]) -> impl Iterator<Item = ByteSet> {
    bytes.iter().map(|byte| ByteSet::one(*byte))
}

fn cases(byte: u8) -> ByteSet {
    ByteSet::either(byte.to_ascii_lowercase(), byte.to_ascii_uppercase())
}

/// Two hexadecimal digits a byte, in either case, between fixed bytes.
fn units(text: &[u8], before: &[u8], after: &[u8]) -> impl Iterator<Item = ByteSet> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| DIGITS[usize::from(value & 15)];
    text.iter().flat_map(move |byte| {
        let (lower, upper) = (byte.to_ascii_lowercase(), byte.to_ascii_uppercase());
        let digits = [ByteSet::either(digit(lower >> 4), digit(upper >> 4)), cases(digit(*byte))];
        let (before, after) = (before.iter().copied(), after.iter().copied());
        before.map(cases).chain(digits).chain(after.map(cases))
    })
}

/// One letter a code unit, between the unit's other bytes.
fn wide(text: &[u8], before: &[u8], after: &[u8]) -> impl Iterator<Item = ByteSet> {
    text.iter().flat_map(move |byte| singles(before).chain([cases(*byte)]).chain(singles(after)))
}

/// The characters that the literal alone decides when `alignment` other bytes
/// stand before it in its group of three.
fn base64(text: &[u8], alignment: usize) -> impl Iterator<Item = ByteSet> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    // The bits of a text, and of them those that are a letter's case.
    let (mut bits, mut free) = ([0; FORM_BYTES + 4], [0; FORM_BYTES + 4]);
    for (at, byte) in text.iter().enumerate() {
        bits[alignment + at] = *byte;
        free[alignment + at] = if byte.is_ascii_alphabetic() { 0x20 } else { 0 };
    }
    let sextet = |bytes: &[u8; FORM_BYTES + 4], number: usize| {
        let pair = u16::from_be_bytes([bytes[6 * number / 8], bytes[6 * number / 8 + 1]]);
        (pair >> (10 - 6 * number % 8)) as u8 & 63
    };
    ((8 * alignment).div_ceil(6)..8 * (alignment + text.len()) / 6).map(move |number| {
        let (expected, mask) = (sextet(&bits, number), sextet(&free, number));
        let values = [expected & !mask, expected | mask];
        ByteSet::of(values.into_iter().flat_map(|value| match value {
            62 => [b'+', b'-'],
            63 => [b'/', b'_'],
            value => [ALPHABET[usize::from(value)]; 2],
        }))
    })
}
