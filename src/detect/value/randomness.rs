//! Tells random text from words.
//!
//! In: a token. Out: how many bits of evidence speak for "drawn at random"
//! against "written by a person". The model is a table of letter pairs; it
//! knows no language and no format.

use crate::rule::Strength;

/// The evidence, in bits, from which a value counts as random, and how many of its
/// bytes must lie in chunks that speak for it: many an id has a shorter one. Of the
/// 63,492 names, words and numbers of 16 bytes or more in four large repositories
/// the one word with more than 13 bits is Polish; of random keys of 20 letters and
/// digits 3 % have less, of 40 one in 13,000.
const STRONG: (f64, usize) = (13.0, 16);
/// The same for a value that may be random.
const FAIR: (f64, usize) = (7.0, 10);
/// From this length in bytes on a value in one piece may be random where any
/// evidence speaks for it, and one of letters of both cases, or of letters and
/// digits, unless this much speaks for words. Of the names in four large
/// repositories the nearest to chance has -11 bits; of ten million random keys of
/// 40 letters and digits none had fewer than -7.
const LONG: (f64, usize) = (-9.0, 32);

/// What a change between letters and digits inside a chunk is worth, in bits.
const CLASS_CHANGE_BITS: f64 = 1.5;
/// What a word of one or two letters between other classes is worth, in bits. Names
/// have such words too, but seldom more than one.
const SHORT_RUN_BITS: f64 = 2.0;

/// Judges a token by its evidence.
#[must_use]
pub(super) fn strength(value: &[u8], bits: f64) -> Strength {
    if bits >= STRONG.0 && random_bytes(value) >= STRONG.1 {
        Strength::Strong
    } else if bits >= FAIR.0 && value.len() >= FAIR.1 || may_be_long_and_random(value) {
        Strength::Fair
    } else {
        Strength::Weak
    }
}

fn may_be_long_and_random(value: &[u8]) -> bool {
    let has = |wanted| value.iter().any(|byte| kind(*byte) == wanted);
    let kinds = [Kind::Lower, Kind::Upper, Kind::Digit].into_iter().filter(|kind| has(*kind));
    value.len() >= LONG.1
        && value.iter().all(u8::is_ascii_alphanumeric)
        && chunk_bits(value) > if kinds.count() > 1 { LONG.0 } else { 0.0 }
}

/// Sums the evidence of the chunks between separators; a chunk that reads as a
/// word adds nothing and takes nothing away, so that a prefix such as `prod_`
/// does not hide what follows it.
#[must_use]
pub(super) fn bits(value: &[u8]) -> f64 {
    chunks(value).map(|chunk| chunk_bits(chunk).max(0.0)).sum()
}

/// How many bytes stand in chunks that speak for random text.
fn random_bytes(value: &[u8]) -> usize {
    chunks(value).filter(|chunk| chunk_bits(chunk) > 0.0).map(<[u8]>::len).sum()
}

fn chunks(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| !byte.is_ascii_alphanumeric()).filter(|chunk| chunk.len() >= 3)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Lower,
    Upper,
    Digit,
}

fn kind(byte: u8) -> Kind {
    match byte {
        b'0'..=b'9' => Kind::Digit,
        b'A'..=b'Z' => Kind::Upper,
        _ => Kind::Lower,
    }
}

/// Positive for random, negative for words.
fn chunk_bits(chunk: &[u8]) -> f64 {
    let mut bits = 0.0;
    let mut run_letters = 1_u32;
    for pair in chunk.windows(2) {
        let (before, after) = (kind(pair[0]), kind(pair[1]));
        match (before, after) {
            (Kind::Digit, Kind::Digit) => {}
            (Kind::Lower, Kind::Lower) | (Kind::Upper, Kind::Upper | Kind::Lower) => {
                bits -= f64::from(pair_eighths(pair[0], pair[1])) / 8.0;
                run_letters += 1;
            }
            (Kind::Lower, Kind::Upper) => {
                if run_letters < 3 {
                    bits += SHORT_RUN_BITS;
                }
                run_letters = 1;
            }
            (Kind::Digit, _) | (_, Kind::Digit) => {
                bits += CLASS_CHANGE_BITS;
                if before != Kind::Digit && run_letters < 3 {
                    bits += SHORT_RUN_BITS;
                }
                run_letters = 1;
            }
        }
    }
    bits
}

fn pair_eighths(first: u8, second: u8) -> i8 {
    let index = |byte: u8| usize::from(byte.to_ascii_lowercase() - b'a');
    PAIRS[index(first)][index(second)]
}

/// For each letter pair, eight times the base-two logarithm of how much more
/// often the second letter follows the first in words than by chance.
///
/// Counted over the 39,941 distinct words of the Rust crates that this package
/// depends on and of the Python 3.11 standard library, each word weighted by
/// the logarithm of its count, cut at ±48.
#[rustfmt::skip]
const PAIRS: [[i8; 26]; 26] = [
    [-7, 2, 8, 5, -22, -17, -2, -31, -1, -42, -14, 12, 3, 11, -37, 2, -44, 12, 7, 17, -9, -13, -19, -14, -11, -31],
    [13, -4, 1, -8, 10, -12, -21, -27, 14, -10, -24, 17, -11, -20, 6, -12, -40, 4, 7, -9, 9, -24, -42, -32, -4, -26],
    [12, -18, -3, -11, 11, -16, -9, 10, 1, -40, 7, 3, -9, -16, 18, -10, -31, 2, 0, 11, -4, -14, -30, -33, -18, -48],
    [8, -10, -10, 5, 23, -7, -14, -20, 17, -25, -34, -2, -12, -13, 5, -11, -25, 5, 5, -8, 0, -13, -20, -25, -18, -45],
    [3, -17, 6, 12, -5, -5, -9, -29, -16, -42, -25, 2, -1, 12, -17, -5, -18, 16, 13, 10, -23, -7, -15, 0, -19, -40],
    [7, -12, -5, 1, 7, 16, -13, -30, 17, -48, -34, 9, -12, -12, 12, -8, -33, 5, 6, -3, -1, -33, -26, -32, -13, -48],
    [3, -17, -9, -17, 23, -15, -8, 3, 10, -48, -27, -1, -8, 6, 0, -8, -27, 11, 8, -10, 1, -19, -25, -25, -25, -16],
    [19, -21, -16, -3, 20, -18, -31, -26, 14, -40, -22, -9, -5, -15, 15, -17, -45, 3, -6, 1, -1, -37, -13, -43, -8, -28],
    [-3, -7, 6, 3, -3, -1, 1, -42, -32, -38, -28, 3, 3, 21, 11, -4, -37, -4, 6, 10, -34, -4, -43, -17, -48, -3],
    [13, -9, -8, -29, 19, -13, -12, -17, 7, -30, 5, -22, -19, -9, 15, -10, -25, -13, 11, -7, 14, -21, -21, -34, -21, -48],
    [5, -7, -8, 2, 24, -8, -11, -13, 14, -38, -34, -1, -14, -3, -5, -5, -29, -8, 13, 1, -6, -18, -9, -40, -16, -29],
    [12, -21, -13, -2, 19, -15, -24, -34, 17, -48, -12, 11, -17, -17, 13, -15, -42, -19, 0, 1, -5, -19, -30, -48, 6, -34],
    [18, -2, -13, -8, 20, -20, -23, -32, 12, -48, -20, -11, -2, -16, 8, 13, -36, -17, 4, -6, 2, -32, -38, -35, -21, -48],
    [7, -21, 6, 10, 11, -1, 15, -23, 3, -37, -10, -11, -22, -9, 6, -14, -37, -18, 10, 16, -8, -9, -30, -35, -20, -34],
    [-13, -9, 9, 1, -20, -6, -8, -30, -10, -32, -13, 4, 6, 19, -3, 5, -48, 14, 3, 2, 5, -5, -1, -23, -32, -44],
    [14, -18, -8, -14, 15, -16, -16, -4, 6, -48, -16, 8, -16, -19, 11, 5, -29, 16, 1, 7, -1, -25, -20, -32, -14, -48],
    [-9, -10, -11, 2, -4, -17, -14, -24, -5, -21, -34, -2, -15, -5, -21, -10, 14, 1, -1, -9, 29, -21, -21, -36, -29, -24],
    [13, -21, -4, -3, 22, -14, -10, -38, 12, -48, -11, -11, -1, -7, 11, -9, -33, -3, 7, 5, -5, -14, -23, -33, -5, -43],
    [0, -22, 2, -17, 18, -19, -11, 4, 14, -45, -10, -8, -9, -14, 0, 3, -26, -12, 7, 18, 4, -23, -17, -29, -6, -25],
    [10, -20, -3, -13, 18, -12, -25, 3, 18, -48, -30, -5, -11, -17, 5, -8, -36, 11, 6, -1, -4, -25, -24, -17, -2, -32],
    [-2, 3, 1, -8, 2, -4, -9, -41, 1, -48, -37, 9, 6, 18, -16, 5, -45, 9, 12, 12, -33, -34, -39, -21, -46, -32],
    [16, -16, -8, -13, 27, -7, -19, -22, 15, -48, -32, -7, -3, -12, 1, -8, -29, -12, -2, -9, -25, -31, -23, -25, -38, -29],
    [18, -17, -6, -4, 12, -12, -22, 3, 15, -38, -28, -5, -9, 10, 8, -9, -25, 10, 5, -5, -18, -32, -19, -17, -26, -48],
    [6, -10, 8, -2, 13, 3, -20, -10, 8, -32, -24, -5, -6, -11, -6, 14, -18, -9, 0, 18, -14, -19, -24, -5, -10, -27],
    [-1, -5, 0, -9, 3, -8, -14, -24, 5, -39, -30, 1, 5, 11, -1, 20, -46, -7, 14, 7, -18, -15, -11, -37, -8, -15],
    [10, -21, -14, -12, 30, -14, -16, -17, 11, -48, -26, -18, -8, -17, 5, -23, -20, -21, -6, -26, -14, -26, -23, -26, -13, -1],
];
