//! `keysweep:allow reason=…` beside a secret.
//!
//! In: bytes. Out: the allows that hold, each with its reason. An allow
//! without a reason holds nothing back.

use std::ops::Range;

use super::keyless;
use super::text::{line_end, line_start};

/// The mark that begins an allow.
const MARK: &[u8] = b"keysweep:allow";
/// The longest line that is searched for the text around an allow, in bytes.
const LINE_BYTES: usize = 4096;

/// One allow that gives a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Allow {
    /// Its line.
    line: Range<usize>,
    /// Whether nothing but a comment's marks stands on that line.
    is_alone: bool,
    /// The reason as written, printable.
    pub reason: String,
    /// `by=…`, where given.
    pub actor: Option<String>,
    /// `expires=YYYY-MM-DD`, where given.
    pub expires: Option<String>,
}

/// Every allow in `bytes` that gives a reason.
pub(super) fn allows(bytes: &[u8]) -> Vec<Allow> {
    memchr::memmem::find_iter(bytes, MARK).filter_map(|at| allow(bytes, at)).collect()
}

fn allow(bytes: &[u8], at: usize) -> Option<Allow> {
    let line = line_start(bytes, at, LINE_BYTES)..line_end(bytes, at, LINE_BYTES);
    let text = String::from_utf8_lossy(&bytes[at + MARK.len()..line.end]);
    let text = ["*/", "-->", "#}", "--}}", "\\n", "\r"]
        .iter()
        .fold(&*text, |text, end| text.split(end).next().unwrap_or(text));
    let reason = field(text, "reason=")?;
    let expires = field(text, "expires=");
    // An end that cannot be read would never come.
    if expires.as_ref().is_some_and(|date| date.parse::<jiff::civil::Date>().is_err()) {
        return None;
    }
    let before = &bytes[line.start..at];
    Some(Allow {
        is_alone: !before.iter().any(u8::is_ascii_alphanumeric),
        line,
        reason,
        actor: field(text, "by="),
        expires,
    })
}

/// The value of a field: quoted, or up to the next field or the line's end.
fn field(text: &str, name: &str) -> Option<String> {
    let start = text
        .match_indices(name)
        .map(|(at, _)| at)
        .find(|at| *at == 0 || text[..*at].ends_with(char::is_whitespace))?;
    let rest = &text[start + name.len()..];
    let value = match rest.chars().next()? {
        quote @ ('"' | '\'') => rest[1..].split(quote).next().unwrap_or_default(),
        _ => [" reason=", " by=", " expires="]
            .iter()
            .fold(rest, |rest, next| rest.split(next).next().unwrap_or(rest)),
    };
    let printable: String = value.trim().chars().filter(|c| !c.is_control()).collect();
    // Cut first, a key at the end would no longer look like one.
    let printable: String = keyless(&printable).chars().take(200).collect();
    (!printable.is_empty()).then_some(printable)
}

/// The allow that covers the byte at `at`: on its line, or alone on the line
/// above.
pub(super) fn covering<'a>(bytes: &[u8], allows: &'a [Allow], at: usize) -> Option<&'a Allow> {
    let next = allows.partition_point(|allow| allow.line.start <= at);
    allows[..next].iter().rev().take(4).chain(&allows[next..]).take(5).find(|allow| {
        let on_line = allow.line.start <= at && at <= allow.line.end;
        on_line
            || (allow.is_alone && allow.line.end < at && is_next_line(bytes, allow.line.end, at))
    })
}

fn is_next_line(bytes: &[u8], end: usize, at: usize) -> bool {
    at - end <= LINE_BYTES && memchr::memchr_iter(b'\n', &bytes[end..at]).take(2).count() == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(text: &str) -> Option<String> {
        let at = text.find("KEY").expect("the case holds KEY");
        covering(text.as_bytes(), &allows(text.as_bytes()), at).map(|allow| allow.reason.clone())
    }

    #[test]
    fn allow_stands_on_the_line_or_alone_on_the_line_above() {
        assert_eq!(
            covers("KEY # keysweep:allow reason=test double").as_deref(),
            Some("test double")
        );
        assert_eq!(covers("// keysweep:allow reason=\"a b\" by=me\nKEY").as_deref(), Some("a b"));
        assert_eq!(covers("/* keysweep:allow reason=x */ KEY").as_deref(), Some("x"));
        assert_eq!(covers("x = 1 # keysweep:allow reason=x\nKEY"), None);
        assert_eq!(covers("# keysweep:allow reason=x\n\nKEY"), None);
        assert_eq!(covers("KEY\n# keysweep:allow reason=x"), None);
    }

    #[test]
    fn allow_without_a_reason_holds_nothing_back() {
        assert_eq!(covers("KEY # keysweep:allow"), None);
        assert_eq!(covers("KEY # keysweep:allow reason="), None);
        assert_eq!(covers("KEY # keysweep:allow reason=x expires=someday"), None);
        assert_eq!(
            covers("KEY # keysweep:allow reason=x expires=2999-01-01").as_deref(),
            Some("x")
        );
    }
}
