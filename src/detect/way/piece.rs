//! The pieces that an expression is made of.
//!
//! In: a place in some bytes. Out: whether a key of its own, a block scalar, a
//! concatenation or a call of a known kind stands there, and a value without
//! the marks around it.

use std::ops::Range;

use crate::detect::text::{byte, is_word, line_end, quoted, skip_blanks, skip_space};

/// Calls of configuration formats that hold ciphertext or name a store:
/// Jasypt's `ENC(…)`, Azure's `@Microsoft.KeyVault(…)`, eyaml's `ENC[…]`.
pub(crate) fn reference_call(callee: &[u8]) -> bool {
    [
        &b"enc"[..],
        b"@microsoft.keyvault",
        b"dec",
        b"dec::pkcs7",
        b"cipher",
        b"vault",
        b"ssm",
        b"file",
        b"path",
        b"credentials",
        b"credential",
    ]
    .contains(&callee)
}

/// Whether a YAML block scalar begins at `at`: the place of its first line.
pub(crate) fn block_scalar(bytes: &[u8], at: usize) -> Option<usize> {
    if !matches!(byte(bytes, at), b'|' | b'>') {
        return None;
    }
    let mut end = at + 1;
    while matches!(byte(bytes, end), b'+' | b'-' | b'0'..=b'9') {
        end += 1;
    }
    end = skip_blanks(bytes, end);
    (byte(bytes, end) == b'\n').then(|| skip_space(bytes, end))
}

/// Whether a key of its own (`name:`, `"name" =`, `name=`) stands at `at`.
pub(crate) fn is_key(bytes: &[u8], at: usize) -> bool {
    if let Some(string) = quoted(bytes, at) {
        return is_key_end(bytes, string.end);
    }
    let mut end = at;
    while end - at < 96
        && (is_word(byte(bytes, end)) || matches!(byte(bytes, end), b'-' | b'.' | b'$'))
    {
        end += 1;
    }
    end > at && is_key_end(bytes, end)
}

/// Whether `:`, `=`, `=>` follows, so that what ended at `end` was a key.
pub(crate) fn is_key_end(bytes: &[u8], end: usize) -> bool {
    let at = skip_blanks(bytes, end);
    match byte(bytes, at) {
        b':' => byte(bytes, at + 1) != b':',
        b'=' => !matches!(byte(bytes, at + 1), b'='),
        _ => false,
    }
}

/// Where the next string of a concatenation begins: after `+`, `.`, `..`,
/// `&`, `<>`, `++`, `~`, `||`, a line continuation, or directly; comments
/// between the two are passed over.
pub(crate) fn concatenation(bytes: &[u8], end: usize) -> Option<usize> {
    let at = past_comment(bytes, end);
    let rest = bytes.get(at..)?;
    match JOINTS.iter().find(|joint| rest.starts_with(joint)) {
        Some(joint) => {
            let next = past_comment(bytes, at + joint.len());
            // Visual Basic continues a line with an underscore.
            let is_continued =
                byte(bytes, next) == b'_' && matches!(byte(bytes, next + 1), b'\r' | b'\n' | b' ');
            Some(if is_continued { skip_space(bytes, next + 1) } else { next })
        }
        None if is_quote(byte(bytes, at)) && at > end => Some(at),
        // A shell joins strings of either quote that touch.
        None if is_quote(byte(bytes, at)) && end > 0 && byte(bytes, at) != bytes[end - 1] => {
            Some(at)
        }
        None => None,
    }
}

const JOINTS: [&[u8]; 9] = [b"++", b"<>", b"..", b"||", b"+", b"&", b"~", b".", b"^"];

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// Past blanks, line ends and the comments between them.
fn past_comment(bytes: &[u8], from: usize) -> usize {
    let at = skip_space(bytes, from);
    let rest = &bytes[at.min(bytes.len())..];
    let next = if rest.starts_with(b"//") || rest.starts_with(b"# ") {
        line_end(bytes, at, 200)
    } else if rest.starts_with(b"/*") {
        let limit = rest.len().min(200);
        memchr::memmem::find(&rest[..limit], b"*/").map_or(at, |length| at + length + 2)
    } else {
        return at;
    };
    let after = skip_space(bytes, next);
    let is_joint = JOINTS.iter().any(|joint| bytes[after.min(bytes.len())..].starts_with(joint));
    if is_joint || is_quote(byte(bytes, after)) { after } else { from }
}

pub(crate) fn is_operator_join(bytes: &[u8], end: usize) -> bool {
    matches!(byte(bytes, skip_space(bytes, end)), b'+' | b'&' | b'~' | b'^')
}

/// Bytes of an unquoted run.
pub(crate) fn is_bare(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\"'`,;()[]{}<>|&\\".contains(&byte)
        || byte == b'$'
        || byte >= 0x80
}

/// Whether an escaped line end or quote (`\n`, `\"`) or an HTML reference ends
/// the run here.
pub(crate) fn is_escaped_end(bytes: &[u8], at: usize) -> bool {
    bytes[at] == b'\\' || (bytes[at] == b'%' && bytes[at + 1..].starts_with(b"22"))
}

/// Without the full stop, colon or exclamation mark of a sentence.
pub(crate) fn trim_end(bytes: &[u8], word: &Range<usize>) -> Range<usize> {
    let mut end = word.end;
    while end > word.start && matches!(bytes[end - 1], b'.' | b':' | b'!' | b'?' | b'*') {
        end -= 1;
    }
    word.start..end
}

/// Without the marks of verbatim text around it (`=v=`, `~v~` in Org mode).
pub(crate) fn without_marks(bytes: &[u8], word: Range<usize>) -> Range<usize> {
    let before = byte(bytes, word.start.wrapping_sub(1));
    let is_marked = matches!(before, b'=' | b'~')
        && word.len() > 2
        && bytes[word.end - 1] == before
        && byte(bytes, word.start.wrapping_sub(2)) == b' ';
    if is_marked { word.start..word.end - 1 } else { word }
}

/// The inside of `[-v-]` or `{+v+}`, as word diffs write it.
pub(crate) fn word_diff(bytes: &[u8], open: usize, end: usize) -> Option<Range<usize>> {
    let mark = byte(bytes, open + 1);
    let is_diff = end > open + 4
        && matches!((bytes[open], mark), (b'[', b'-') | (b'{', b'+'))
        && bytes[end - 2] == mark;
    is_diff.then(|| open + 2..end - 2)
}

/// Without escaped or nested quotes around the text: `"\"v\""`.
pub(crate) fn strip_quotes(bytes: &[u8], inner: Range<usize>) -> Range<usize> {
    let is_mark = |byte: u8| matches!(byte, b'\\' | b'"' | b'\'');
    let mut range = inner;
    while range.len() > 2 && is_mark(bytes[range.start]) {
        range.start += 1;
    }
    while range.len() > 2 && is_mark(bytes[range.end - 1]) {
        range.end -= 1;
    }
    // Blanks, line ends, escaped ones or NUL at either end are no part of a key.
    while range.len() > 2 && bytes[range.start].is_ascii_whitespace() {
        range.start += 1;
    }
    loop {
        let text = &bytes[range.clone()];
        let length =
            [&b"\\n"[..], b"\\r", b"\\t", b"\\00", b"\\x00", b"\\0", b" ", b"\t", b"\r", b"\n"]
                .iter()
                .find(|end| text.len() > end.len() + 8 && text.ends_with(end))
                .map(|end| end.len());
        match length {
            Some(length) => range.end -= length,
            None => return range,
        }
    }
}

/// Without `Bearer ` or `Token ` before the key.
pub(crate) fn strip_scheme(bytes: &[u8], inner: &Range<usize>) -> Range<usize> {
    let text = &bytes[inner.clone()];
    for scheme in [&b"bearer "[..], b"token ", b"apikey ", b"bearer:", b"bearer%20"] {
        if text.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme)) {
            return inner.start + scheme.len()..inner.end;
        }
    }
    inner.clone()
}
