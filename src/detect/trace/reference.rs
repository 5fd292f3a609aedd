//! References as languages write them.
//!
//! In: a place in some bytes. Out: the names of the reference that stands
//! there, or the hole of a string. Knows nothing of what they are given.

use std::ops::Range;

use crate::detect::text::{balanced, byte, is_any, is_word, skip_blanks, skip_space, word_at};

/// The longest hole of a string, in bytes.
const LONGEST_HOLE_BYTES: usize = 120;

/// Words before an expression that add nothing to it.
const KEYWORDS: [&str; 22] = [
    "range", "new", "await", "return", "ref", "mut", "const", "var", "let", "my", "move", "out",
    "copy", "unsafe", "in", "of", "static", "raw", "not", "if", "then", "else",
];

/// Words that name no variable of a file.
const NO_VARIABLES: [&str; 40] = [
    "true",
    "false",
    "null",
    "nil",
    "none",
    "undefined",
    "self",
    "this",
    "super",
    "string",
    "str",
    "int",
    "bool",
    "void",
    "object",
    "any",
    "os",
    "env",
    "process",
    "environ",
    "getenv",
    "secrets",
    "secret_manager",
    "console",
    "json",
    "http",
    "https",
    "bearer",
    "token_type",
    "fmt",
    "type",
    "function",
    "func",
    "def",
    "class",
    "struct",
    "is",
    "and",
    "or",
    "the",
];

/// Scopes whose members are kept elsewhere.
const ELSEWHERE: [&str; 10] = [
    "process",
    "environ",
    "secrets",
    "secret",
    "getenv",
    "vault",
    "github",
    "ssm",
    "keyring",
    "secretsmanager",
];

/// Methods that give what they are called on in another form.
const CONVERSIONS: [&str; 46] = [
    "trim",
    "trimspace",
    "trimend",
    "strip",
    "getbytes",
    "encode",
    "decode",
    "as_bytes",
    "as_str",
    "as_ref",
    "to_string",
    "tostring",
    "to_owned",
    "to_s",
    "to_str",
    "clone",
    "into",
    "freeze",
    "dup",
    "value",
    "get",
    "unwrap",
    "expose_secret",
    "expose",
    "utf8",
    "bytes",
    "c_str",
    "data",
    "tobytearray",
    "encodetobytearray",
    "string",
    "stringvalue",
    "copy",
    "utf8string",
    "chars",
    "first",
    "last",
    "pop",
    "shift",
    "sample",
    "next",
    "rstrip",
    "chomp",
    "strings",
    "buffer",
    "get_secret_value",
];

/// A reference: the names from the outermost to the innermost.
#[derive(Debug, Clone)]
pub(super) struct Reference {
    /// Each name; the last is the one that has the value.
    pub(super) path: Vec<Range<usize>>,
    /// One past the reference and what closes around it.
    pub(super) end: usize,
    /// Whether a mark of interpolation stands before it.
    pub(super) is_marked: bool,
    /// Whether it means the whole document's: YAML's `*alias`, XML's
    /// `&entity;`, `{{ variable }}`, `%(option)s`.
    pub(super) is_global: bool,
    /// Whether it is called without arguments.
    pub(super) is_called: bool,
    /// Where the argument begins that a call hands through: `trim(t)`.
    pub(super) wrapped: Option<usize>,
}

impl Reference {
    pub(super) fn name(&self) -> Range<usize> {
        self.path.last().cloned().unwrap_or(0..0)
    }

    /// The name before the last: `cfg` of `cfg.key`.
    pub(super) fn scope(&self) -> Option<Range<usize>> {
        self.path.len().checked_sub(2).map(|at| self.path[at].clone())
    }

    /// Whether a file may define it: not a constant of the language, nor a
    /// member of the environment or of a secret store.
    pub(super) fn may_be_local(&self, bytes: &[u8]) -> bool {
        let Some((name, scopes)) = self.path.split_last() else { return false };
        let is_elsewhere = scopes.iter().any(|scope| is_any(bytes, scope, &ELSEWHERE))
            || bytes[self.end..].starts_with(b"://");
        let is_constant = if self.wrapped.is_some() {
            looks_up(&bytes[name.clone()])
        } else {
            is_any(bytes, name, &NO_VARIABLES)
        };
        let is_name = !name.is_empty() && !bytes[name.start].is_ascii_digit();
        is_name && !is_elsewhere && !is_constant
    }
}

/// Whether a callee gives something else than what it is handed: it looks up,
/// reads, digests or asks.
fn looks_up(callee: &[u8]) -> bool {
    const WORDS: [&[u8]; 30] = [
        b"env",
        b"prop",
        b"lookup",
        b"fetch",
        b"config",
        b"vault",
        b"param",
        b"read",
        b"load",
        b"setting",
        b"credential",
        b"get",
        b"find",
        b"file",
        b"path",
        b"open",
        b"decrypt",
        b"unseal",
        b"hash",
        b"sha",
        b"md5",
        b"digest",
        b"resolve",
        b"verify",
        b"url",
        b"query",
        b"select",
        b"storage",
        b"print",
        b"require",
    ];
    let lower = callee.to_ascii_lowercase();
    WORDS.iter().any(|word| memchr::memmem::find(&lower, word).is_some())
}

/// Past words such as `range`, `await` and `new`.
pub(super) fn past_keywords(bytes: &[u8], mut at: usize) -> usize {
    for _ in 0..3 {
        let word = word_at(bytes, at);
        if !is_any(bytes, &word, &KEYWORDS) || !matches!(byte(bytes, word.end), b' ' | b'\t') {
            break;
        }
        at = skip_space(bytes, word.end);
    }
    at
}

/// The reference at `at`.
pub(super) fn at(bytes: &[u8], at: usize) -> Option<Reference> {
    let mut start = at;
    let mut closers = 0;
    while start - at < 6 {
        match byte(bytes, start) {
            b'{' | b'(' | b'[' => closers += 1,
            b'$' | b'@' | b'*' | b'&' | b'%' | b'!' | b'#' | b'~' | b':' | b' ' | b'.' => {}
            _ => break,
        }
        start += 1;
    }
    let is_marked = bytes[at.min(bytes.len())..start.min(bytes.len())]
        .iter()
        .any(|b| matches!(b, b'$' | b'{' | b'%' | b'&' | b'#' | b'!' | b'*' | b'@'));
    let start = past_keywords(bytes, start);
    let mut reference = Reference {
        path: Vec::new(),
        end: start,
        is_marked,
        is_global: opens_global(bytes, at),
        is_called: false,
        wrapped: None,
    };
    let mut next = start;
    while reference.path.len() < 8 {
        let word = name_at(bytes, next);
        if word.is_empty() {
            break;
        }
        reference.end = word.end;
        reference.path.push(word);
        match joint(bytes, reference.end) {
            Some(after) => next = after,
            None => break,
        }
    }
    if reference.path.is_empty() {
        return None;
    }
    reference.end = past_subscript(bytes, reference.end);
    take_call(bytes, &mut reference);
    for _ in 0..=closers {
        let close = skip_blanks(bytes, reference.end);
        if closers > 0 && matches!(byte(bytes, close), b'}' | b')' | b']') {
            reference.end = close + 1;
        }
    }
    if is_marked && matches!(byte(bytes, reference.end), b'%' | b'!' | b';') {
        reference.end += 1;
    }
    Some(reference)
}

/// Whether what begins at `at`, or just before it, means the whole document's.
fn opens_global(bytes: &[u8], at: usize) -> bool {
    let before = &bytes[..at.min(bytes.len())].trim_ascii_end();
    [&b"{{"[..], b"%(", b"&"].iter().any(|mark| before.ends_with(mark))
        || (matches!(byte(bytes, at), b'*' | b'&') && is_word(byte(bytes, at + 1)))
        || (byte(bytes, at.wrapping_sub(1)) == b'*' && byte(bytes, at.wrapping_sub(2)) == b' ')
}

/// A name; a hyphen or a slash's like joins words only between letters.
fn name_at(bytes: &[u8], start: usize) -> Range<usize> {
    let mut end = start;
    while end - start < 64
        && (is_word(byte(bytes, end))
            || (byte(bytes, end) == b'-' && end > start && is_word(byte(bytes, end + 1))))
    {
        end += 1;
    }
    start..end
}

/// Where the next name of a path begins.
fn joint(bytes: &[u8], end: usize) -> Option<usize> {
    const JOINTS: [&[u8]; 12] =
        [b"?.", b"!.", b"->", b"?->", b"::", b"[\"", b"['", b"[:", b"!!.", b".(", b".", b":"];
    let rest = bytes.get(end..)?;
    let joint = JOINTS.iter().find(|joint| rest.starts_with(joint))?;
    let after = end + joint.len();
    let is_name = is_word(byte(bytes, after)) && !byte(bytes, after).is_ascii_digit();
    is_name.then_some(after)
}

/// Past `"]`, `']`, `]`, `[0]`, `!`, `?`.
fn past_subscript(bytes: &[u8], mut at: usize) -> usize {
    if matches!(byte(bytes, at), b'"' | b'\'') && byte(bytes, at + 1) == b']' {
        at += 2;
    }
    if byte(bytes, at) == b'[' && byte(bytes, at + 1).is_ascii_digit() {
        at = balanced(bytes, at, 8).unwrap_or(at);
    }
    at
}

/// A call: of a conversion it is dropped, of anything else its first argument
/// is what the value is built from, and without one it is a function's result.
fn take_call(bytes: &[u8], reference: &mut Reference) {
    for _ in 0..4 {
        let name = reference.name();
        let is_conversion = reference.path.len() > 1 && is_any(bytes, &name, &CONVERSIONS);
        let open = reference.end;
        let is_macro = byte(bytes, open) == b'!';
        let open = open + usize::from(is_macro);
        if is_conversion {
            reference.path.pop();
        }
        if byte(bytes, open) != b'(' {
            return;
        }
        let Some(close) = balanced(bytes, open, 400) else { return };
        reference.end = close;
        if is_conversion {
            while let Some(after) = joint(bytes, reference.end) {
                let word = name_at(bytes, after);
                reference.end = word.end;
                reference.path.push(word);
            }
            continue;
        }
        let first = skip_space(bytes, open + 1);
        if first + 1 >= close {
            reference.is_called = true;
        } else {
            reference.wrapped = Some(first);
        }
        if let Some(after) = joint(bytes, close) {
            let method = name_at(bytes, after);
            if is_any(bytes, &method, &CONVERSIONS) {
                reference.end = method.end;
                if byte(bytes, method.end) == b'(' {
                    reference.end = balanced(bytes, method.end, 200).unwrap_or(method.end);
                }
            }
        }
        return;
    }
}

/// The hole at `at` of a string that ends at `limit`: what stands in it, and
/// one past it.
pub(super) fn hole(bytes: &[u8], at: usize, limit: usize) -> Option<(Range<usize>, usize)> {
    const OPENINGS: [(&[u8], &[u8]); 13] = [
        (b"${{", b"}}"),
        (b"${", b"}"),
        (b"#{", b"}"),
        (b"{{", b"}}"),
        (b"{$", b"}"),
        (b"$(", b")"),
        (b"\\(", b")"),
        (b"%(", b")s"),
        (b"%{", b"}"),
        (b"<%=", b"%>"),
        (b"[[", b"]]"),
        (b"{", b"}"),
        (b"&", b";"),
    ];
    let rest = &bytes[at.min(limit)..limit.min(at + LONGEST_HOLE_BYTES)];
    for (open, close) in OPENINGS {
        if let Some(inner) = rest.strip_prefix(open) {
            let length = memchr::memmem::find(inner, close)?;
            let start = at + open.len();
            return (length > 0).then(|| (start..start + length, start + length + close.len()));
        }
    }
    let plain = |start: usize| {
        let word = name_at(bytes, start);
        let word = word.start..word.end.min(limit);
        (!word.is_empty() && !bytes[word.start].is_ascii_digit()).then_some(word)
    };
    match rest {
        [b'$', ..] => {
            // A member of `$this` is part of the hole, in no other language's
            // way of writing one.
            let word = plain(at + 1)?;
            let end = match joint(bytes, word.end).filter(|_| bytes[word.end..].starts_with(b"->"))
            {
                Some(after) => name_at(bytes, after).end,
                None => word.end,
            };
            Some((word.start..end, end))
        }
        [mark @ (b'%' | b'!'), ..] => {
            let word = plain(at + 1)?;
            (byte(bytes, word.end) == *mark).then(|| (word.clone(), word.end + 1))
        }
        _ => None,
    }
}
