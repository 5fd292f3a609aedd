//! The searcher finds every literal in every encoding, and nothing else.
//!
//! In: literals written in each encoding. Out: hits, compared with plain search.

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use proptest::prelude::*;

use super::*;
use crate::finding::Encoding;

fn prefilter(texts: &[&str]) -> Prefilter {
    let literals: Vec<Literal> = texts.iter().map(|text| Literal::new(text).unwrap()).collect();
    Prefilter::new(&literals, false)
}

/// The encoding of a form; `None` for plain text.
fn encoding(form: Form) -> Option<Encoding> {
    Some(match form {
        Form::Plain => return None,
        Form::Base64 { .. } | Form::GzipBase64 => Encoding::Base64,
        Form::Hex => Encoding::Hex,
        Form::Percent => Encoding::Percent,
        Form::Escapes => Encoding::Escapes,
        Form::Html => Encoding::Html,
        Form::QuotedPrintable => Encoding::QuotedPrintable,
        Form::Wide(wide) if wide.unit_bytes() == 2 => Encoding::Utf16,
        Form::Wide(_) => Encoding::Utf32,
    })
}

fn encodings(prefilter: &Prefilter, bytes: &[u8]) -> Vec<Option<Encoding>> {
    let mut found: Vec<_> = prefilter.hits(bytes).map(|hit| encoding(hit.form)).collect();
    found.dedup();
    found
}

/// The plain search, as slow and as simple as can be.
fn naive(texts: &[&str], bytes: &[u8]) -> Vec<(usize, usize, usize)> {
    let mut found = Vec::new();
    for (literal, text) in texts.iter().enumerate() {
        for start in 0..bytes.len() {
            let end = start + text.len();
            if bytes.get(start..end).is_some_and(|at| at.eq_ignore_ascii_case(text.as_bytes())) {
                found.push((end, start, literal));
            }
        }
    }
    found.sort_unstable();
    found
}

fn units(text: &str, write: impl Fn(u8) -> String) -> Vec<u8> {
    text.bytes().flat_map(|byte| write(byte).into_bytes()).collect()
}

#[test]
fn every_encoding_is_found_in_every_casing_at_every_place() {
    const NAMES: [&str; 7] =
        ["bitkit", "BITKIT", "BitKit", "bitKit", "bYteStAck", "BYTESTACK", "a_to_z-9"];
    let prefilter = prefilter(&["bitkit", "bytestack", "a_to_z-9"]);
    for name in NAMES {
        for before in ["", "x", "xy", "xyz", "four", "fifty"] {
            let whole = format!("{before}{name}_API_KEY=v");
            let check = |bytes: Vec<u8>, encoding: Encoding| {
                let shown = String::from_utf8_lossy(&bytes).into_owned();
                assert!(encodings(&prefilter, &bytes).contains(&Some(encoding)), "{shown}");
                let filled = [b"\xff\0 ".as_slice(), &bytes, b"\n"].concat();
                assert!(prefilter.holds_literal(&filled), "{shown}");
            };
            check(BASE64.encode(whole.as_bytes()).into(), Encoding::Base64);
            check(BASE64URL_NOPAD.encode(whole.as_bytes()).into(), Encoding::Base64);
            check(HEXLOWER.encode(whole.as_bytes()).into(), Encoding::Hex);
            check(HEXUPPER.encode(whole.as_bytes()).into(), Encoding::Hex);
            check(units(&whole, |byte| format!("%{byte:02X}")), Encoding::Percent);
            check(units(&whole, |byte| format!("%{byte:02x}")), Encoding::Percent);
            check(units(&whole, |byte| format!("\\x{byte:02x}")), Encoding::Escapes);
            check(units(&whole, |byte| format!("\\u{byte:04X}")), Encoding::Escapes);
            check(units(&whole, |byte| format!("&#x{byte:x};")), Encoding::Html);
            check(units(&whole, |byte| format!("={byte:02X}")), Encoding::QuotedPrintable);
            let wide = |width: usize, at: usize| {
                let unit = |byte: u8| {
                    let mut unit = vec![0; width];
                    unit[at] = byte;
                    unit
                };
                whole.bytes().flat_map(unit).collect::<Vec<u8>>()
            };
            check(wide(2, 0), Encoding::Utf16);
            check(wide(2, 1), Encoding::Utf16);
            check(wide(4, 0), Encoding::Utf32);
            check(wide(4, 3), Encoding::Utf32);
        }
    }
    for name in ["bitkit", "BITKIT", "Bitkit"] {
        let references = units(name, |byte| format!("&#{byte};"));
        assert!(encodings(&prefilter, &references).contains(&Some(Encoding::Html)));
    }
}

#[test]
fn a_plain_literal_is_plain_and_what_is_none_is_none() {
    let prefilter = prefilter(&["bitkit", "bytestack"]);
    assert_eq!(encodings(&prefilter, b"export ORBITKIT_API_KEY"), [None]);
    for clean in ["bit kit", "bitki", "itkit", "byte stack", "Yml0", "6269746b69", "", "b"] {
        assert!(!prefilter.is_candidate(clean.as_bytes()), "{clean}");
    }
}

#[test]
fn without_a_literal_nothing_is_found() {
    let none = Prefilter::new(&[], false);
    assert!(!none.is_candidate(b"bitkit"));
    assert_eq!(none.hits(b"bitkit").count(), 0);
    assert!(Prefilter::new(&[], true).is_candidate(b""));
}

#[test]
fn a_thousand_literals_are_found_each() {
    let texts: Vec<String> =
        (0..1000u32).map(|number| format!("word{:x}", number.wrapping_mul(0x9e37_79b1))).collect();
    let literals: Vec<Literal> = texts.iter().map(|text| Literal::new(text).unwrap()).collect();
    let prefilter = Prefilter::new(&literals, false);
    for (number, text) in texts.iter().enumerate() {
        let plain = format!("x {} y", text.to_uppercase());
        assert!(prefilter.hits(plain.as_bytes()).any(|hit| hit.literal == number));
        let encoded = BASE64.encode(plain.as_bytes());
        assert!(prefilter.hits(encoded.as_bytes()).any(|hit| hit.literal == number));
    }
}

proptest! {
    #[test]
    fn plain_hits_are_those_of_a_naive_search(
        texts in proptest::collection::vec("[a-cA-C_]{3,12}", 1..6),
        bytes in "[a-dA-D_ ]{0,300}",
    ) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let prefilter = prefilter(&texts);
        let found: Vec<_> = prefilter
            .hits(bytes.as_bytes())
            .filter(|hit| hit.form == Form::Plain)
            .map(|hit| (hit.end, hit.start, hit.literal))
            .collect();
        prop_assert_eq!(&found, &naive(&texts, bytes.as_bytes()));
        if !found.is_empty() {
            prop_assert!(prefilter.holds_literal(bytes.as_bytes()));
        }
    }
}
