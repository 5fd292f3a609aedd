//! Makes hostile text inert for the format that it is written into.
//!
//! In: any string of a report; paths, reasons, authors and excerpts come from
//! what was scanned. Out: the same text, which can neither leave its place in
//! the format nor act on whatever shows it. Knows the formats' syntax alone.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::detect::keyless;
use crate::git::names::is_invisible;

/// Whether a character acts on a terminal or hides or reorders what is read:
/// controls, bidirectional and zero-width formatting, blanks of no width, line
/// separators, and what XML cannot hold.
pub(crate) fn is_active(c: char) -> bool {
    c.is_control()
        || is_invisible(c)
        || matches!(c, '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

/// What opens a workflow command of the older form: a CI runner that shows a
/// line obeys it wherever it stands.
pub(crate) const OLD_COMMAND: &str = "##[";

/// Shows every active character as `\n`, `\r` or `\u{…}` and a tab as a space;
/// fit for a terminal and for one line of plain text.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_active) && !text.contains(OLD_COMMAND) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '[' if shown.ends_with("##") => shown.push_str("\\u{5b}"),
            '\t' => shown.push(' '),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            c if is_active(c) => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// A message for a terminal or a log: key-like runs masked, active characters
/// visible. Its lines stay, since some errors draw where the mistake is, but
/// each after the first is marked, so that none can pass for another message.
#[must_use]
pub fn message(text: &str) -> String {
    let lines: Vec<_> = text.trim_end_matches('\n').split('\n').map(plain).collect();
    lines.join("\n  | ")
}

/// Lines of our own that quote others: as [`message`], but a line end is ours.
#[must_use]
pub fn lines(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(plain).collect();
    lines.join("\n")
}

fn plain(line: &str) -> String {
    visible(&keyless(line)).into_owned()
}

/// Text for an element or a quoted attribute of HTML or XML.
#[must_use]
pub fn markup(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in visible(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A Markdown code span, the one construct in which no markup, link, mention
/// or reference is recognised. A pipe is escaped, so that it fits a table of
/// GitHub's and GitLab's dialect too.
#[must_use]
pub fn code_span(text: &str) -> String {
    if text.is_empty() {
        return "–".to_owned();
    }
    let text = visible(text).replace('|', "\\|");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // A span that begins or ends with a backtick or a space loses one space on
    // either side when it is rendered.
    if longest > 0 || text.starts_with(' ') || text.ends_with(' ') {
        format!("{fence} {text} {fence}")
    } else {
        format!("{fence}{text}{fence}")
    }
}

/// A quoted field of a comma-separated file, inert in a spreadsheet.
///
/// An apostrophe goes before whatever a spreadsheet would take for a formula,
/// at the field's start and after each character that a program set to
/// another separator could split at.
#[must_use]
pub fn csv_field(text: &str) -> String {
    let mut field = String::with_capacity(text.len() + 4);
    field.push('"');
    let mut at_start = true;
    for c in visible(text).chars() {
        if at_start && matches!(c, '=' | '+' | '-' | '@' | '|' | '%' | '＝' | '＋' | '－' | '＠')
        {
            field.push('\'');
        }
        if c == '"' {
            field.push('"');
        }
        field.push(c);
        at_start = matches!(c, ';' | ',' | '"') || (at_start && c.is_whitespace());
    }
    field.push('"');
    field
}

/// The message of a GitHub workflow command.
#[must_use]
pub fn command_message(text: &str) -> String {
    visible(text).replace('%', "%25")
}

/// A property of a GitHub workflow command.
#[must_use]
pub fn command_property(text: &str) -> String {
    command_message(text).replace(':', "%3A").replace(',', "%2C")
}

/// A relative URI reference of a report's path, whose bytes that are not
/// UTF-8, and whose `%`, are percent-escaped already.
#[must_use]
pub fn relative_uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len() + 16);
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b'/'
            | b'!'
            | b'$'
            | b'\''
            | b'('
            | b')'
            | b'*'
            | b'+'
            | b','
            | b'='
            | b'@'
            | b'%' => uri.push(char::from(byte)),
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}

/// Cuts a text to at most `max_bytes`, at a character, marking the cut.
#[must_use]
pub fn cut(text: &str, max_bytes: usize) -> Cow<'_, str> {
    if text.len() <= max_bytes {
        return Cow::Borrowed(text);
    }
    let end = (0..=max_bytes.saturating_sub('…'.len_utf8()))
        .rev()
        .find(|&end| text.is_char_boundary(end))
        .unwrap_or(0);
    Cow::Owned(format!("{}…", &text[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn active_characters_become_visible() {
        assert_eq!(visible("a\x1b[2J\u{9b}b\u{202e}\n"), "a\\u{1b}[2J\\u{9b}b\\u{202e}\\n");
        assert_eq!(visible("##[add-mask]x"), "##\\u{5b}add-mask]x");
        assert!(matches!(visible("straße/日本"), Cow::Borrowed(_)));
    }

    #[test]
    fn code_span_outlasts_its_backticks() {
        assert_eq!(code_span("a``b|c"), "``` a``b\\|c ```");
        assert_eq!(code_span("<img src=x>"), "`<img src=x>`");
    }

    #[test]
    fn formula_is_text_wherever_a_field_may_begin() {
        assert_eq!(csv_field("=1+1"), "\"'=1+1\"");
        assert_eq!(csv_field("a;=cmd\"=x"), "\"a;'=cmd\"\"'=x\"");
        assert_eq!(csv_field("a-b=c"), "\"a-b=c\"");
        assert_eq!(csv_field(" @x"), "\" '@x\"");
    }

    #[test]
    fn workflow_command_stays_on_its_line() {
        assert_eq!(command_property("a:b,c%\n::stop"), "a%3Ab%2Cc%25\\n%3A%3Astop");
    }

    #[test]
    fn uri_keeps_escapes_and_adds_its_own() {
        assert_eq!(relative_uri("a b#?%25:\u{e4}"), "a%20b%23%3F%25%3A%C3%A4");
    }

    #[test]
    fn cut_text_ends_at_a_character() {
        assert_eq!(cut("ääää", 7), "ää…");
        assert_eq!(cut("ab", 2), "ab");
    }
}
