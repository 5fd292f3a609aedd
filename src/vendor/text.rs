//! Texts that came over a network, made fit to show.
//!
//! In: what an API or a library said. Out: one short line without control
//! characters and without what reads like a key, so that no answer can drive a terminal or forge a report.

use crate::detect::keyless;
use crate::report::inert::is_active;

/// Longest text shown, in characters.
const SHOWN_CHARACTERS: usize = 160;

/// Masks what reads like a key, escapes every character that is not plainly
/// printable and then cuts the text to a readable length: cut first, a key at
/// the end would no longer look like one.
#[must_use]
pub fn shown(text: &str) -> String {
    let text = keyless(text);
    let mut shown = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == SHOWN_CHARACTERS {
            shown.push('…');
            break;
        }
        if is_active(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_cannot_drive_a_terminal() {
        assert_eq!(shown("a\u{1b}[2Jb\nc\u{202e}d"), "a\\u{1b}[2Jb\\u{a}c\\u{202e}d");
        assert_eq!(shown(&"x".repeat(500)).chars().count(), SHOWN_CHARACTERS + 1);
    }

    #[test]
    fn a_key_is_masked_before_a_text_is_cut() {
        let alphabet = b"q7Zx2LmR9vTd4WkPbY";
        let at = |i: usize| (i * i * 5 + i * 3 + i / 7) % alphabet.len();
        let key: String = (0..40).map(|i| char::from(alphabet[at(i)])).collect();
        let shown = shown(&format!("{} {key}", "word ".repeat(26)));
        assert!(!shown.contains(&key[4..12]), "{shown}");
    }
}
