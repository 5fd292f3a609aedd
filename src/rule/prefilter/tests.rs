//! The searcher finds every literal in every encoding, and nothing else.
//!
//! In: literals written in each encoding. Out: hits, compared with plain search.

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use proptest::prelude::*;

use super::*;
use crate::finding::Encoding;
use crate::rule::Wide;

fn prefilter(texts: &[&str]) -> Prefilter {
    let literals: Vec<Literal> =
        texts.iter().map(|text| Literal::new(text).expect("a literal")).collect();
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
    let literals = ["bitkit", "bytestack", "a_to_z-9"];
    for prefilter in [prefilter(&literals), among_many(&literals), among_long(&literals)] {
        every_encoding_is_found(&prefilter, &NAMES);
    }
}

/// Knows so many other literals, of all lengths, that they are parted.
fn among_many(literals: &[&str]) -> Prefilter {
    among(literals, |number| number % 17)
}

/// As [`among_many`]; so few can stand anywhere that a sieve passes most bytes.
fn among_long(literals: &[&str]) -> Prefilter {
    among(literals, |_| 0)
}

/// Knows many others, each without as many of its first bytes.
fn among(literals: &[&str], cut: impl Fn(usize) -> usize) -> Prefilter {
    let others: Vec<String> = (0..300u64)
        .map(|number| format!("{:016x}.:-_", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .enumerate()
        .map(|(number, text)| text[cut(number)..].to_owned())
        .collect();
    prefilter(
        &others.iter().map(String::as_str).chain(literals.iter().copied()).collect::<Vec<_>>(),
    )
}

fn every_encoding_is_found(prefilter: &Prefilter, names: &[&str]) {
    for name in names {
        for before in ["", "x", "xy", "xyz", "four", "fifty"] {
            let whole = format!("{before}{name}_API_KEY=v");
            let check = |bytes: Vec<u8>, encoding: Encoding| {
                let shown = String::from_utf8_lossy(&bytes).into_owned();
                assert!(encodings(prefilter, &bytes).contains(&Some(encoding)), "{shown}");
                let filled = [b"\xff\0 ".as_slice(), &bytes, b"\n"].concat();
                assert!(prefilter.holds_literal(&filled), "{shown}");
                holds_core_of(prefilter, &filled, &shown);
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
        assert!(encodings(prefilter, &references).contains(&Some(Encoding::Html)));
        for before in ["", "x", "xy"] {
            let once = BASE64.encode(format!("{before}{name}_api_key").as_bytes());
            let wide = |text: &str| Wide::ALL.map(|kind| kind.encode(text.as_bytes()));
            for more in ["", "y", "yz"] {
                let twice = BASE64.encode(format!("{more}{once}").as_bytes());
                assert!(prefilter.holds_literal(twice.as_bytes()), "{twice}");
            }
            for bytes in &wide(&once)[..2] {
                assert!(prefilter.holds_literal(bytes), "{once}");
            }
            for bytes in &wide(&format!("{before}{name}_api_key"))[..2] {
                let encoded = BASE64.encode(bytes);
                assert!(prefilter.holds_literal(encoded.as_bytes()), "{encoded}");
            }
        }
    }
}

/// Whether few bytes of what holds a literal hold its core, and any two of them
/// count: so much is left of a literal around the joints of a delta.
fn holds_core_of(prefilter: &Prefilter, bytes: &[u8], shown: &str) {
    if !prefilter.knows_cores() {
        return;
    }
    let pairs = prefilter.core_pairs();
    let mut cores = bytes.windows(CORE_BYTES).filter(|part| prefilter.holds_core(part));
    let count = |part: &[u8]| {
        // A shorter core, with a byte more on either side.
        let all = |part: &[u8]| part.windows(2).all(|pair| pairs(pair[0], pair[1]));
        all(part)
            || all(&part[1..])
            || all(&part[..part.len() - 1])
            || all(&part[1..part.len() - 1])
    };
    assert!(cores.any(count), "{shown}");
}

/// Parting the forms loses none and finds no other.
#[test]
fn a_literal_among_many_is_found_where_it_is_found_alone() {
    for text in
        ["key", "tok_", "secret", "api.acme", "acme:key", "a_much_longer_keyword", "acme_live_key"]
    {
        let (alone, among) = (prefilter(&[text]), [among_many(&[text]), among_long(&[text])]);
        let places = |prefilter: &Prefilter, literal: usize, bytes: &[u8]| -> Vec<(usize, Form)> {
            let hits = prefilter.hits(bytes).filter(|hit| hit.literal == literal);
            let mut places: Vec<_> = hits
                .filter(|hit| hit.form != Form::GzipBase64)
                .map(|hit| (hit.start, hit.form))
                .collect();
            places.sort_unstable();
            places
        };
        for before in 0..70 {
            let spelled = [
                units(text, |byte| format!("\\x{byte:02x}")),
                units(text, |byte| format!("\\u{byte:04X}")),
                units(text, |byte| format!("\\{byte:03o}")),
                units(text, |byte| format!("\\u{{{byte:x}}}")),
                units(text, |byte| format!("%{byte:02X}")),
                units(text, |byte| format!("={byte:02X}")),
                units(text, |byte| format!("&#x{byte:x};")),
                units(text, |byte| format!("&#{byte};")),
                units(text, |byte| format!("{byte:02x}")),
            ];
            let whole = format!("{}{text}=", "z".repeat(before % 5));
            let bytes = [
                " ".repeat(before).into_bytes(),
                text.to_uppercase().into_bytes(),
                spelled.join(&b"\t."[..]),
                BASE64.encode(whole.as_bytes()).into_bytes(),
                b"\n".to_vec(),
                Wide::Utf16Le.encode(text.as_bytes()),
            ]
            .concat();
            let expected = places(&alone, 0, &bytes);
            assert!(expected.len() >= 12, "{text} {expected:?}");
            for among in &among {
                assert_eq!(places(among, 300, &bytes), expected, "{text} {before}");
            }
        }
    }
}

#[test]
fn a_plain_literal_is_plain_and_what_is_none_is_none() {
    let prefilter = prefilter(&["bitkit", "bytestack"]);
    assert_eq!(encodings(&prefilter, b"export ORBITKIT_API_KEY"), [None]);
    for clean in ["bit kit", "bitki", "itkit", "byte stack", "Yml0", "6269746b69", "", "b"] {
        assert!(!prefilter.is_candidate(clean.as_bytes()), "{clean}");
        // Of digits and of the longer name a part tells.
        let holds_core = clean.starts_with("6269");
        assert_eq!(prefilter.holds_core(clean.as_bytes()), holds_core, "{clean}");
    }
    assert!(prefilter.holds_core(b"ytestack"));
}

/// Each form of each spelling would cost every sweep.
#[test]
fn vendor_in_two_words_is_found_plain_alone() {
    let rules = crate::rule::RuleSet::builtin().expect("built-in rules parse");
    for name in ["BYTE_STACK_API_KEY", "byte-stack-api-key", "BIT_KIT_API_KEY", "bit-kit-key"] {
        assert!(rules.prefilter().holds_literal(name.as_bytes()), "{name}");
        let encoded = BASE64.encode(name.as_bytes());
        assert!(!rules.prefilter().holds_literal(encoded.as_bytes()), "{name}");
    }
    let encoded = BASE64.encode(b"BYTESTACK_API_KEY");
    assert!(rules.prefilter().holds_literal(encoded.as_bytes()));
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
    let literals: Vec<Literal> =
        texts.iter().map(|text| Literal::new(text).expect("a literal")).collect();
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
            prop_assert!(prefilter.holds_core(bytes.as_bytes()));
        }
    }
}
