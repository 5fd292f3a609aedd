//! Which definition a use can see.
//!
//! In: the places of a definition and of a use. Out: whether the one is in
//! sight of the other, by braces' and lines' indentation alone, and which
//! record a definition is a field of.

use std::ops::Range;

use super::reference::Reference;
use crate::detect::text::{
    before_blanks, byte, indent, is, is_any, is_word, line_end, line_start, word_at, word_before,
};

/// How far records and calls are looked for around a name, in bytes.
const REACH_BYTES: usize = 1200;

/// Scopes that say nothing about whose member it is.
const OWN_SCOPES: [&str; 16] = [
    "this", "self", "local", "var", "locals", "vars", "env", "script", "global", "private",
    "module", "exports", "static", "cls", "root", "default",
];

/// Whether a block that holds the definition ends before the use, or the other
/// way about: some line between them is indented less than both.
pub(super) fn are_apart(bytes: &[u8], definition: usize, used: usize) -> bool {
    let (from, to) = if definition < used { (definition, used) } else { (used, definition) };
    let own = |at: usize| indent(bytes, line_start(bytes, at, 512));
    let least = own(from).min(own(to));
    let mut line = line_end(bytes, from, 4096);
    let mut apart = false;
    while line < to {
        let next = line + 1;
        let end = line_end(bytes, next.min(bytes.len()), 4096);
        let here = indent(bytes, next);
        // What `let … in` binds is known after the `in`.
        let is_code = !matches!(byte(bytes, next + here), b'\n' | b'\r' | b'#' | b'/' | b'*' | 0)
            && !is_any(bytes, &word_at(bytes, next + here), &["in"]);
        if is_code && here < least {
            apart = true;
            break;
        }
        line = end.max(next);
    }
    apart
}

/// Whether the definition stands in a block no deeper than the use's, so that
/// it holds for the use whatever came before.
pub(super) fn dominates(bytes: &[u8], definition: usize, used: usize) -> bool {
    let own = |at: usize| indent(bytes, line_start(bytes, at, 512));
    own(definition) <= own(used)
}

/// Whether a name is a constant's by its spelling, or a member's by its scope,
/// so that it is known in blocks beside its own.
pub(super) fn is_known_beside(bytes: &[u8], reference: &Reference) -> bool {
    let name = &bytes[reference.name()];
    let is_constant = !name.iter().any(u8::is_ascii_lowercase);
    is_constant || reference.is_global || reference.is_called || reference.scope().is_some()
}

/// What encloses a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Enclosure {
    /// Nothing but a block of statements.
    Block,
    /// The parentheses of a call or of a list of parameters: where they open.
    Parentheses(usize),
    /// The braces or brackets of a record whose fields are given by `:`, `=>`
    /// or in a composite literal: where they open.
    Record(usize),
}

/// What encloses the name at `name`.
pub(super) fn enclosure(bytes: &[u8], name: &Range<usize>) -> Enclosure {
    let from = name.start.saturating_sub(REACH_BYTES);
    let mut depth = 0_usize;
    let mut at = name.start;
    while at > from {
        at -= 1;
        match bytes[at] {
            b')' | b'}' | b']' => depth += 1,
            b'(' | b'{' | b'[' if depth > 0 => depth -= 1,
            // Go's `const ( … )`.
            b'(' if is_any(bytes, &callee(bytes, at), &["const", "var", "let", "type"]) => {
                return Enclosure::Block;
            }
            b'(' => return Enclosure::Parentheses(at),
            b'[' => return Enclosure::Record(at),
            b'{' => {
                let is_field = is_field(bytes, name);
                return if is_field { Enclosure::Record(at) } else { Enclosure::Block };
            }
            b';' if depth == 0 => {
                return Enclosure::Block;
            }
            _ => {}
        }
    }
    Enclosure::Block
}

/// Where the declaration begins whose list of names holds `name`: Go's
/// `const (`; else the name itself.
pub(super) fn declaration_block(bytes: &[u8], name: &Range<usize>) -> usize {
    let from = name.start.saturating_sub(REACH_BYTES);
    let text = &bytes[from..name.start];
    let open = [&b"const ("[..], b"var ("]
        .iter()
        .filter_map(|word| memchr::memmem::rfind(text, word))
        .max();
    open.filter(|open| memchr::memmem::find(&text[*open..], b"\n)").is_none())
        .map_or(name.start, |open| from + open)
}

/// Whether `:` or `=>` follows the name, and no `:=`.
fn is_field(bytes: &[u8], name: &Range<usize>) -> bool {
    let mut at = name.end;
    while matches!(byte(bytes, at), b'"' | b'\'' | b' ' | b'\t') {
        at += 1;
    }
    match byte(bytes, at) {
        b':' => !matches!(byte(bytes, at + 1), b'=' | b':'),
        b'=' => byte(bytes, at + 1) == b'>',
        _ => false,
    }
}

/// Whether the words between the begin of the opener's line (or of the line
/// above, where it stands alone) and the opener hold `scope`.
pub(super) fn is_owned(bytes: &[u8], opener: usize, scope: &Range<usize>) -> bool {
    let text = &bytes[scope.clone()];
    let mut from = line_start(bytes, opener, 400);
    if bytes[from..opener].trim_ascii().is_empty() && from > 0 {
        from = line_start(bytes, from - 1, 400);
    }
    memchr::memmem::find_iter(&bytes[from..opener], text).any(|at| {
        let start = from + at;
        !is_word(byte(bytes, start.wrapping_sub(1))) && !is_word(byte(bytes, start + text.len()))
    })
}

/// The name just before a definition's own: `stripe` of `stripe.key = …`.
pub(super) fn qualifier(bytes: &[u8], name: &Range<usize>) -> Option<Range<usize>> {
    let before = &bytes[..name.start];
    let joint = [&b"->"[..], b"::", b"."].into_iter().find(|joint| before.ends_with(joint))?;
    let word = word_before(bytes, name.start - joint.len());
    (!word.is_empty()).then_some(word)
}

/// Whether a definition with this qualifier may be what the reference means.
pub(super) fn agrees(
    bytes: &[u8],
    qualifier: Option<&Range<usize>>,
    reference: &Reference,
) -> bool {
    let own = |word: &Range<usize>| is_any(bytes, word, &OWN_SCOPES);
    match (qualifier, reference.scope()) {
        (None, _) => true,
        (Some(qualifier), None) => own(qualifier),
        (Some(qualifier), Some(scope)) => {
            own(qualifier)
                || own(&scope)
                || std::str::from_utf8(&bytes[scope]).is_ok_and(|scope| is(bytes, qualifier, scope))
        }
    }
}

/// Whether a scope says nothing about whose member it is.
pub(super) fn is_own(bytes: &[u8], scope: &Range<usize>) -> bool {
    is_any(bytes, scope, &OWN_SCOPES)
}

/// The word before an opening bracket: what is called or declared.
pub(super) fn callee(bytes: &[u8], open: usize) -> Range<usize> {
    let mut end = before_blanks(bytes, open);
    if byte(bytes, end.wrapping_sub(1)) == b'>' {
        let from = end.saturating_sub(60);
        if let Some(at) = memchr::memrchr(b'<', &bytes[from..end]) {
            end = from + at;
        }
    }
    word_before(bytes, end)
}
