//! Texts that came over a network, made fit to show.
//!
//! In: what an API or a library said. Out: one short line without control
//! characters, so that no answer can drive a terminal or forge a report.

/// Longest text shown, in characters.
const SHOWN_CHARACTERS: usize = 160;

/// Escapes every character that is not plainly printable and cuts the text to
/// a readable length.
#[must_use]
pub fn shown(text: &str) -> String {
    let mut shown = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == SHOWN_CHARACTERS {
            shown.push('…');
            break;
        }
        if is_plain(character) {
            shown.push(character);
        } else {
            shown.extend(character.escape_unicode());
        }
    }
    shown
}

/// Printable and neither a control nor a character that reorders or hides
/// others (bidirectional controls, zero width).
fn is_plain(character: char) -> bool {
    !character.is_control()
        && !matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_cannot_drive_a_terminal() {
        assert_eq!(shown("a\u{1b}[2Jb\nc\u{202e}d"), "a\\u{1b}[2Jb\\u{a}c\\u{202e}d");
        assert_eq!(shown(&"x".repeat(500)).chars().count(), SHOWN_CHARACTERS + 1);
    }
}
