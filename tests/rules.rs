//! Rules of an operator's own find the same whether or not the prefilter can
//! tell from their pattern which keywords matter.
//!
//! In: patterns of every make, contents with matches, near misses and encoded
//! ones. Out: what is found, compared with rules whose every keyword counts, and
//! with the patterns run over the whole contents.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use data_encoding::{BASE64, HEXLOWER};
use keysweep::detect::Detector;
use keysweep::detect::value::{Class, Form, classify};
use keysweep::finding::{Origin, SourceKind};
use keysweep::rule::RuleSet;
use keysweep::source::Content;
use proptest::prelude::*;

/// Patterns and keywords; each as people write them. None takes an escape for a
/// part of a key: of the readings of such a place, as it stands and decoded once
/// or twice, another may win where other places are decoded too.
const RULES: [(&[&str], &str); 12] = [
    (&["redis"], "redis_(?P<secret>[A-Za-z0-9]{12})"),
    (&["redis"], "(?i)\\bredis[_-]?(?:key|token)\\s*[=:]\\s*[\"']?(?P<secret>[\\w-]{10,})"),
    (&["redis", "cargo"], "(?:redis|cargo)-(?P<secret>[a-z0-9]{8,16})\\b"),
    (&["cargo"], "(?P<secret>[a-z0-9]{12})@cargo\\.[a-z]{2,3}"),
    (&["commit"], "(?P<secret>[a-z0-9]{4}commit[a-z0-9]{8})"),
    (&["commit"], "(?m)^commit\\s+(?P<secret>[0-9a-f]{10})$"),
    (&["object"], "(?s)object.{1,4}(?P<secret>[A-Z0-9]{10,14})"),
    (&["object"], "object\\s*(?::=|=>|=|:)\\s*(?P<secret>[^\\s\"'%&=\\\\]{9,})"),
    (&["object_type"], "object_type(?P<secret>[^a%&=\\\\]{12})"),
    (&["object", "tree"], "(?P<secret>[a-z]{3}(?:object|tree)[a-z]{6})"),
    (
        &["tree"],
        "[\\w.-]{0,20}?(?:tree)(?:[ \\t\\w.-]{0,10})[=:]{1,2}\\s*(?P<secret>[a-z0-9_-]{10})\\b",
    ),
    (&["tree"], "tree(?P<secret>(?:_?[a-z0-9]{4}){3,5})"),
];

/// So many rules that their forms are parted, of words that need a longer or a
/// shorter run of letters and digits behind them.
const LONG_RULES: usize = 48;

fn long_word(number: usize) -> String {
    format!("word{number:02}{}", "xyz".repeat(number % 4))
}

fn long_key_bytes(number: usize) -> usize {
    8 + 8 * (number % 5)
}

/// [`RULES`], and [`LONG_RULES`] if `are_many` says so; `is_open` adds to each
/// pattern a match that holds no keyword, so that nothing can be told from it.
fn rules(are_many: bool, is_open: bool) -> Arc<RuleSet> {
    let few = RULES.iter().map(|(keywords, pattern)| {
        (keywords.iter().map(|word| (*word).to_owned()).collect(), (*pattern).to_owned())
    });
    let long = (0..LONG_RULES).map(|number| {
        let (word, bytes) = (long_word(number), long_key_bytes(number));
        (vec![word.clone()], format!("{word}_?(?P<secret>[a-z0-9]{{{bytes}}})"))
    });
    let rules: Vec<(Vec<String>, String)> =
        few.chain(long.take(if are_many { LONG_RULES } else { 0 })).collect();
    let mut text = String::new();
    for (number, (keywords, pattern)) in rules.iter().enumerate() {
        let pattern =
            if is_open { format!("{pattern}|\\x00\\x01\\x02\\x03") } else { pattern.clone() };
        writeln!(
            text,
            "[[rule]]\nid = \"r{number}\"\ntitle = \"t\"\ndescription = \"d\"\nremedy = \"r\"\n\
             severity = \"high\"\nconfidence = \"high\"\nkeywords = {keywords:?}\n\
             pattern = '''{pattern}'''\nexamples = [\"x\"]\nvalue = {{ min_length = 4 }}",
        )
        .unwrap();
    }
    Arc::new(RuleSet::builtin().unwrap().extended(&text, "rules.toml").unwrap())
}

/// Whose, what, and where.
type Key = (String, Vec<u8>, u64, u64);

fn found(detector: &Detector, bytes: &[u8]) -> BTreeSet<Key> {
    let origin = Arc::new(Origin {
        source: SourceKind::Stdin,
        root: Arc::from("-"),
        path: None,
        object: None,
    });
    let keys = detector.detect(&Content::whole(&origin, bytes)).into_iter().map(|key| {
        let place = (key.occurrence.line, key.occurrence.column);
        (key.rule.to_string(), key.secret.expose().to_vec(), place.0, place.1)
    });
    keys.collect()
}

/// Texts that match, nearly match, or only hold a keyword.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "(redis|REDIS|Redis)[_-](key|token|[a-zA-Z0-9]{3,14})( ?[=:] ?[\"']?[a-z0-9-]{8,14})?",
        2 => "cargo-[a-z0-9]{6,18}",
        2 => "[a-z0-9]{10,13}@cargo\\.(io|dev|x)",
        2 => "[a-z0-9]{3,5}commit[a-z0-9]{7,9}",
        2 => "commit [0-9a-f]{9,11}",
        3 => "object(_type)?(\n| => | := |=|: )?[A-Zb-z0-9]{8,14}",
        2 => "[a-z]{2,4}(object|tree)[a-z]{5,7}",
        2 => "(redis\\.)?tree[a-z_]{0,6} ?=:? ?[a-z0-9_-]{9,11}",
        2 => "tree(_?[a-z0-9]{3,4}){2,6}",
        2 => "redis|cargo|commit|object|tree|object_type",
    ]
}

/// As [`text`], of a rule that needs a run of some length.
fn long_text() -> impl Strategy<Value = String> {
    ((0..LONG_RULES), "_?[a-z0-9]{42}", -2..3isize).prop_map(|(number, key, more)| {
        let bytes = long_key_bytes(number).saturating_add_signed(more);
        format!("{}{}", long_word(number), &key[..bytes])
    })
}

/// A text as it is, encoded as a whole, or with some of its characters escaped
/// that belong to no keyword.
fn written(text: impl Strategy<Value = String>) -> impl Strategy<Value = Vec<u8>> {
    (text, 0..14u8, any::<u64>()).prop_map(|(text, look, seed)| {
        let words = (0..LONG_RULES).rev().map(long_word);
        let keywords = ["redis", "cargo", "commit", "object", "tree", "_type"];
        let keywords: Vec<String> = keywords.map(str::to_owned).into_iter().chain(words).collect();
        let folded = text.to_ascii_lowercase();
        let is_free = |at: usize| {
            !keywords.iter().any(|word| {
                folded
                    .match_indices(word.as_str())
                    .any(|(start, _)| (start..start + word.len()).contains(&at))
            })
        };
        let escaped = |escape: &dyn Fn(u8) -> String| -> Vec<u8> {
            let escapes = text.bytes().enumerate().map(|(at, byte)| {
                if is_free(at) && (seed >> (at % 64)).is_multiple_of(4) {
                    escape(byte)
                } else {
                    char::from(byte).to_string()
                }
            });
            escapes.collect::<String>().into_bytes()
        };
        match look {
            0 => BASE64.encode(text.as_bytes()).into_bytes(),
            1 => HEXLOWER.encode(text.as_bytes()).into_bytes(),
            2 => text.bytes().flat_map(|byte| [byte, 0]).collect(),
            3 => text.bytes().flat_map(|byte| format!("%{byte:02X}").into_bytes()).collect(),
            4 => escaped(&|byte| format!("%{byte:02x}")),
            5 => escaped(&|byte| format!("\\x{byte:02x}")),
            6 => escaped(&|byte| format!("\\u{byte:04x}")),
            7 => escaped(&|byte| format!("&#{byte};")),
            8 => escaped(&|byte| format!("%25{byte:02X}")),
            9 => {
                // One soft break, at the end of a long line; two other signs.
                let line = "=3D=3D quoted printable text in a line that is long enough ";
                let at = seed as usize % text.len();
                let at = (at..text.len()).find(|at| is_free(*at)).unwrap_or(text.len());
                format!("{line}{}=\n{}", &text[..at], &text[at..]).into_bytes()
            }
            _ => text.into_bytes(),
        }
    })
}

/// Rules and the same rules of which nothing can be told find the same.
fn both_find_the_same(
    [told, open]: &[Detector; 2],
    parts: Vec<(Vec<u8>, String)>,
) -> Result<(), TestCaseError> {
    let bytes: Vec<u8> =
        parts.into_iter().flat_map(|(text, gap)| [text, gap.into_bytes()].concat()).collect();
    prop_assert_eq!(
        found(told, &bytes),
        found(open, &bytes),
        "{}",
        String::from_utf8_lossy(&bytes)
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("KEYSWEEP_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(1500),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_a_pattern_tells_loses_nothing(
        parts in proptest::collection::vec(
            (written(text()), "[ \n;,.\"]{1,3}|[a-z /*=]{0,30}"),
            1..12,
        ),
    ) {
        thread_local! {
            static BOTH: [Detector; 2] = [false, true].map(|open| Detector::new(rules(false, open)));
        }
        BOTH.with(|both| both_find_the_same(both, parts))?;
    }

    #[test]
    fn what_many_patterns_tell_loses_nothing(
        parts in proptest::collection::vec(
            (
                prop_oneof![written(text()), written(long_text())],
                "[ \n;,.\"]{1,3}|[a-z /*=]{0,30}|[a-z0-9]{0,20}",
            ),
            1..8,
        ),
    ) {
        thread_local! {
            static BOTH: [Detector; 2] = [false, true].map(|open| Detector::new(rules(true, open)));
        }
        BOTH.with(|both| both_find_the_same(both, parts))?;
    }

    #[test]
    fn what_is_found_is_what_the_patterns_match(
        parts in proptest::collection::vec((text(), "[ \n;,.\"]{1,3}|[a-z /*]{0,30}"), 1..40),
    ) {
        thread_local! {
            static TOLD: Detector = Detector::new(rules(false, false));
        }
        let text: String = parts.into_iter().map(|(text, gap)| text + &gap).collect();
        let keys: BTreeSet<(String, Vec<u8>)> = TOLD
            .with(|told| found(told, text.as_bytes()))
            .into_iter()
            .map(|(rule, secret, ..)| (rule, secret))
            .collect();
        for (number, (_, pattern)) in RULES.iter().enumerate() {
            let regex = regex::bytes::RegexBuilder::new(pattern).unicode(false).build().unwrap();
            for captures in regex.captures_iter(text.as_bytes()) {
                let secret = captures.name("secret").unwrap().as_bytes();
                let is_key = !matches!(
                    classify(secret, Form::Quoted),
                    Class::Placeholder | Class::Reference | Class::Empty
                );
                let key = (format!("r{number}"), secret.to_vec());
                prop_assert!(!is_key || keys.contains(&key), "{key:?} in {text:?}");
            }
        }
    }
}

/// Only what stands around the hits is looked at.
#[test]
fn a_match_far_from_other_hits_is_found() {
    let value = ["q8Zr", "2LmX", "7bTc"].concat();
    let filler = "a redis_server, a cargo-cult and some object types\n".repeat(3000);
    let text = format!("{filler}redis_{value}\n{filler}");
    let keys = found(&Detector::new(rules(false, false)), text.as_bytes());
    let keys: Vec<_> =
        keys.into_iter().map(|(rule, _, line, column)| (rule, line, column)).collect();
    assert_eq!(keys, [("r0".to_owned(), 3001, 7)]);
}

/// Two texts in UTF-16, the second an odd number of bytes after the first, and
/// nothing between them that could not be text too.
#[test]
fn wide_texts_at_odd_and_even_places_are_read() {
    let wide = |text: &str| text.bytes().flat_map(|byte| [byte, 0]).collect::<Vec<u8>>();
    let value = ["q8zr", "2lmx", "7btc"].concat();
    for between in ["some text", "even text!"] {
        let (first, second) = (wide("the cargo"), wide(&format!("cargo-{value};")));
        let bytes = [&first, between.as_bytes(), &second].concat();
        let keys = found(&Detector::new(rules(false, false)), &bytes);
        assert!(keys.iter().any(|key| key.1 == value.as_bytes()), "{between}");
    }
}
