//! The pieces that an expression is made of.
//!
//! In: a place in some bytes. Out: whether a key of its own, a block scalar, a
//! concatenation or a call of a known kind stands there, and a value without
//! the marks around it.

use std::ops::Range;

use crate::detect::text::{byte, is_word, quoted, skip_blanks, skip_space};

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
/// `&`, `<>`, `++`, `~`, `||`, a line continuation, or directly.
pub(crate) fn concatenation(bytes: &[u8], end: usize) -> Option<usize> {
    let at = skip_space(bytes, end);
    let rest = bytes.get(at..)?;
    const OPERATORS: [&[u8]; 8] = [b"++", b"<>", b"..", b"+", b"&", b"~", b".", b"^"];
    match OPERATORS.iter().find(|operator| rest.starts_with(operator)) {
        Some(operator) => Some(skip_space(bytes, at + operator.len())),
        None if matches!(byte(bytes, at), b'"' | b'\'' | b'`') && at > end => Some(at),
        None => None,
    }
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
    range
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
