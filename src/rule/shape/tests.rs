//! What patterns demand beside their keywords, awkward ones included.
//!
//! In: patterns, keywords and texts. Out: whether a place counts, compared with
//! whether the pattern matches there.

use proptest::prelude::*;
use regex::bytes::RegexBuilder;
use regex_syntax::ParserBuilder;

use super::*;

const REACH: usize = 48;

fn of(pattern: &str, keywords: &[&str]) -> Shape {
    let parsed =
        ParserBuilder::new().utf8(false).unicode(false).build().parse(pattern).expect("sound");
    let keywords: Vec<String> = keywords.iter().map(|keyword| (*keyword).to_owned()).collect();
    shape(&parsed, &keywords)
}

/// Whether the place counts where a keyword stands, found as a rule would.
fn counts(shape: &Shape, keywords: &[&str], text: &[u8]) -> bool {
    let Shape::Around(surroundings) = shape else { return true };
    keywords.iter().zip(surroundings).any(|(keyword, asked)| {
        let stands = |at: &usize| {
            text[*at..]
                .get(..keyword.len())
                .is_some_and(|here| here.eq_ignore_ascii_case(keyword.as_bytes()))
        };
        (0..text.len()).filter(stands).any(|start| match asked {
            Surroundings::Any => true,
            Surroundings::Never => false,
            Surroundings::Demand(demand) => match demand.direction() {
                Direction::Behind => {
                    demand.is_met_by(&text[start + keyword.len()..], demand.reach(REACH))
                }
                Direction::Before => demand.is_met_before(text, start, demand.reach(REACH)),
            },
        })
    })
}

#[test]
fn a_keyword_counts_where_a_match_can_go_on() {
    for (pattern, keywords, yes, no) in [
        (
            "word_(?P<s>[a-z0-9]{32})",
            &["word"][..],
            "word_abcdefghijklmnopqrstuvwxyz012345",
            "words",
        ),
        (
            "word_(?P<s>[a-z0-9]{32})",
            &["word"],
            "word_abcdefghijklmnopqrstuvwxyz012345",
            "word_short ",
        ),
        (
            "(?i)word[_-]?(?:key|token)\\s*[=:]\\s*[\"']?[\\w-]{20}",
            &["word"],
            "WORD-Token = 'aaaaaaaaaaaaaaaaaaaaaaaa",
            "word-of",
        ),
        (
            "(?i)word[_-]?(?:key|token)\\s*[=:]\\s*[\"']?[\\w-]{20}",
            &["word"],
            "wordkey:aaaaaaaaaaaaaaaaaaaaaaaaaa",
            "wordkey = short;",
        ),
        ("(?:foo|bar)_[a-z]{9}", &["foo", "bar"], "x bar_abcdefghi", "foobar"),
        ("\\bfoo\\b\\s*=\\s*[0-9]{4}", &["foo"], "foo = 1234", "foo == x"),
        ("[a-z]{4}foo[0-9]{4}", &["foo"], "abcdfoo1234", "abcdfoo123"),
        ("[0-9]{9}@foo", &["foo"], "x 123456789@foo", "x, 12345678@foo bar"),
        ("[0-9]{9}@foo[;,]?", &["foo"], "x123456789@foo", "a mile from bar@foo"),
        ("foo.{0,10}[0-9]{9}", &["foo"], "foo xx 123456789", "foo\nx 123456789"),
        ("(?s)foo.{3}[0-9]{3}", &["foo"], "foo\n\n\n123", "foo\n\n\n12a"),
    ] {
        let shape = of(pattern, keywords);
        assert_ne!(shape, Shape::Unknown, "{pattern}");
        assert!(counts(&shape, keywords, yes.as_bytes()), "{pattern}: {yes}");
        let far = format!("{:40}{no}", "");
        assert!(!counts(&shape, keywords, far.as_bytes()), "{pattern}: {no}");
    }
}

#[test]
fn a_pattern_that_may_hold_no_keyword_is_unknown() {
    for (pattern, keywords) in [
        ("[a-z]{20}", &["word"][..]),
        ("(?:word)?_[a-z]{20}", &["word"]),
        ("(?:word|other)_[a-z]{20}", &["word"]),
        ("w[o0]rd_[a-z]{20}", &["word"]),
        ("word_[a-z]{20}", &["wording"]),
        ("word_[a-z]{20}", &[]),
        ("(?:[a-z]{100}){100}word", &["word"]),
    ] {
        assert_eq!(of(pattern, keywords), Shape::Unknown, "{pattern}");
    }
}

#[test]
fn a_secret_may_hold_its_keyword_again() {
    let shape = of("abc_[a-z_]{8}", &["abc"]);
    assert!(counts(&shape, &["abc"], b"abc_xxxxxabc"));
    assert!(counts(&shape, &["abc"], b"abc_abc_abcx"));
    let shape = of("[a-z_]{8}_abc", &["abc"]);
    assert!(counts(&shape, &["abc"], b"  abcxxxxx_abc"));
}

#[test]
fn escapes_behind_a_keyword_are_read_both_ways() {
    let (keywords, value) = (["word"], "abcdefghij");
    let shape = of("word_[a-z]{10}", &keywords);
    for rest in [
        "\\x5fabcdefghij",
        "%5Fabcdefghij",
        "=5Fabcdefghij",
        "&#95;abcdefghij",
        "&lowbar;abcdefghij",
        "=\n_abcdefghij",
        "\\u005fabcdefghij",
        "_abc\\u0064efghij",
        "_abc%64%65fghij",
        "%255Fabcdefghij",
        "\\x5f%61bcdefghij",
        "_abcdef=\r\nghij",
    ] {
        assert!(counts(&shape, &keywords, format!("word{rest}").as_bytes()), "{rest}");
    }
    for rest in ["\\n", "%d", "&& x", " = 1", "&lt;", "_abc\\n", "\\x41bcdefghij", "_abc%20"] {
        assert!(!counts(&shape, &keywords, format!("word{rest}  {value}").as_bytes()), "{rest}");
    }
    let shape = of("[a-z]{10}_word", &keywords);
    assert!(counts(&shape, &keywords, b"                abcdefghij%5Fword"));
    assert!(counts(&shape, &keywords, b"                abcdefgh&#105;j_word"));
    assert!(!counts(&shape, &keywords, b"                 hij%5 fg word"));
}

/// Patterns around keywords, of all that a pattern can be made of.
fn pattern() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => Just("foo".to_owned()),
        3 => Just("(?i:foo)".to_owned()),
        2 => Just("ba".to_owned()),
        1 => Just("\\b".to_owned()),
        1 => Just("^".to_owned()),
        1 => Just("$".to_owned()),
        1 => Just("[a-c]".to_owned()),
        1 => Just("[^a]".to_owned()),
        1 => Just(".".to_owned()),
        1 => Just("\\w".to_owned()),
        1 => Just("_".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            4 => proptest::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            2 => proptest::collection::vec(inner.clone(), 2..4)
                .prop_map(|parts| format!("(?:{})", parts.join("|"))),
            1 => (inner, prop_oneof![
                Just("?"), Just("*"), Just("+?"), Just("{2}"), Just("{1,3}"), Just("{2,}")
            ]).prop_map(|(part, count)| format!("(?:{part}){count}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 3000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_match_always_holds_a_keyword_that_counts(
        pattern in pattern(),
        texts in proptest::collection::vec("[fobaFO_c \n]{0,14}", 20),
    ) {
        let keywords = ["foo", "ooba"];
        let shape = of(&pattern, &keywords);
        let regex = RegexBuilder::new(&pattern).unicode(false).build().expect("sound");
        for text in texts {
            for found in regex.find_iter(text.as_bytes()) {
                prop_assert!(counts(&shape, &keywords, text.as_bytes()), "{pattern} {text:?}");
                if shape != Shape::Unknown {
                    // What the match alone holds decides, wherever it stands.
                    let around = [&[0xff; 40], found.as_bytes(), &[0xff; 40]].concat();
                    prop_assert!(counts(&shape, &keywords, &around), "{pattern} {text:?}");
                }
            }
        }
    }
}
