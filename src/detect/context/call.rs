//! Calls of a vendor's client.
//!
//! In: a callee or an import. Out: its arguments, and the local names that
//! imports give to the vendor's package.

use std::ops::Range;

use super::split_ranges;
use crate::detect::text::{
    balanced, before_blanks, byte, is_any, is_word, line_end, line_start, quoted, skip_blanks,
    skip_space, word_at, word_before,
};
use crate::detect::value::Class;
use crate::detect::way::{self, Candidate, Expression, Way, evaluate};

use super::REACH_BYTES;

const KEYWORDS: [&str; 20] = [
    "import", "from", "use", "using", "as", "const", "let", "var", "require", "type", "static",
    "default", "export", "alias", "local", "my", "pub", "os", "fmt", "self",
];

/// The arguments of the call whose callee holds the vendor's word or an alias:
/// `bytestack.NewClient(…)`, `new ByteStack({…})`, `Bytestack::Client.new …`.
pub(in crate::detect) fn arguments(bytes: &[u8], callee: &Range<usize>) -> Option<Range<usize>> {
    let mut end = callee.end;
    while end - callee.end < 96
        && (is_word(byte(bytes, end))
            || matches!(byte(bytes, end), b'.' | b':' | b'>' | b'-' | b'!' | b'?' | b'\\'))
    {
        end += 1;
    }
    if byte(bytes, end) == b'<' {
        let limit = bytes.len().min(end + 60);
        end += memchr::memchr(b'>', &bytes[end..limit])? + 1;
    }
    // Objective-C: `[[ByteStackClient alloc] initWithKey:@"v"]`.
    if bytes[end..].starts_with(b" alloc]") {
        let line = line_end(bytes, end, 300);
        let colon = end + memchr::memchr(b':', &bytes[end..line])?;
        return Some(colon + 1..line);
    }
    let open = skip_blanks(bytes, end);
    if matches!(byte(bytes, open), b'(' | b'{') {
        let close =
            balanced(bytes, open, REACH_BYTES).unwrap_or(bytes.len().min(open + REACH_BYTES));
        return Some(open + 1..close.saturating_sub(1).max(open + 1));
    }
    let method = word_before(bytes, end);
    let takes_bare_arguments = is_any(
        bytes,
        &method,
        &["new", "newclient", "client", "configure", "connect", "init", "new_client"],
    );
    (takes_bare_arguments && open > end).then(|| open..line_end(bytes, open, 300))
}

/// What is chained to a client or follows it as options: from
/// `ByteStack.builder()` to the statement's end, the braces after
/// `ByteStack,`, or the options after `:bytestack,`.
pub(in crate::detect) fn chain(bytes: &[u8], name: &Range<usize>) -> Option<Range<usize>> {
    let mut at = name.end;
    if byte(bytes, at) == b',' {
        let open = skip_space(bytes, at + 1);
        let open = open + usize::from(bytes[open..].starts_with(b"%{"));
        let end = if byte(bytes, open) == b'{' {
            balanced(bytes, open, REACH_BYTES)?
        } else {
            takes_options(bytes, name, open).then(|| list_end(bytes, open))?
        };
        return Some(open..end);
    }
    while is_word(byte(bytes, at)) || matches!(byte(bytes, at), b'.' | b':') {
        at += 1;
    }
    if byte(bytes, at) != b'(' {
        return None;
    }
    let after = balanced(bytes, at, REACH_BYTES)?;
    if byte(bytes, skip_space(bytes, after)) != b'.' {
        return None;
    }
    let limit = bytes.len().min(after + 400);
    let end = memchr::memchr(b';', &bytes[after..limit]).map_or(limit, |length| after + length);
    let end =
        memchr::memmem::find(&bytes[after..end], b"\n\n").map_or(end, |length| after + length);
    Some(after..end)
}

/// Whether the options of an atom or a module follow at `at`, as keywords or as
/// another atom and its value: `config :bytestack, key: "v"`,
/// `put_env(:bytestack, :key, "v")`.
fn takes_options(bytes: &[u8], name: &Range<usize>, at: usize) -> bool {
    let is_atom = byte(bytes, name.start.wrapping_sub(1)) == b':';
    let is_module = bytes[name.start].is_ascii_uppercase()
        && matches!(byte(bytes, name.start.wrapping_sub(1)), b' ' | b'(');
    let is_atom_next = byte(bytes, at) == b':' && is_word(byte(bytes, at + 1));
    let keyword = word_at(bytes, at);
    let is_keyword = !keyword.is_empty()
        && byte(bytes, keyword.end) == b':'
        && byte(bytes, keyword.end + 1).is_ascii_whitespace();
    (is_atom || is_module) && (is_keyword || is_atom_next)
}

/// Where a list without brackets ends: at the bracket that closes around it, or
/// at the end of a line that no comma leaves open.
fn list_end(bytes: &[u8], from: usize) -> usize {
    let limit = bytes.len().min(from + REACH_BYTES);
    let mut at = from;
    while at < limit {
        match bytes[at] {
            b'(' | b'[' | b'{' => at = balanced(bytes, at, REACH_BYTES).unwrap_or(limit),
            b')' | b']' | b'}' | b';' => return at,
            b'"' | b'\'' => at = quoted(bytes, at).map_or(at + 1, |string| string.end),
            b'\n' if bytes[before_blanks(bytes, at) - 1] != b',' => return at,
            _ => at += 1,
        }
    }
    limit
}

/// The arguments of a declaration: `ByteStackClient c{"v"}`,
/// `ByteStackClient c("v")`, `ByteStackClient c = new("v")`.
pub(in crate::detect) fn declaration(bytes: &[u8], name: &Range<usize>) -> Option<Range<usize>> {
    let start = skip_blanks(bytes, name.end);
    let variable = word_at(bytes, start);
    if start == name.end || variable.is_empty() {
        return None;
    }
    let mut open = skip_blanks(bytes, variable.end);
    if byte(bytes, open) == b'=' {
        let new = word_at(bytes, skip_blanks(bytes, open + 1));
        if !is_any(bytes, &new, &["new"]) {
            return None;
        }
        open = skip_blanks(bytes, new.end);
    }
    matches!(byte(bytes, open), b'(' | b'{').then_some(())?;
    let end = balanced(bytes, open, REACH_BYTES)?;
    Some(open + 1..end - 1)
}

/// The first positional argument of a client, where it is a literal.
pub(in crate::detect) fn positional(bytes: &[u8], arguments: &Range<usize>) -> Option<Candidate> {
    let mut at = skip_space(bytes, arguments.start);
    while bytes[at.min(bytes.len())..].starts_with(b"//")
        || (byte(bytes, at) == b'#' && byte(bytes, at + 1) == b' ')
    {
        at = skip_space(bytes, line_end(bytes, at, 400));
    }
    if at >= arguments.end || way::is_key(bytes, at) {
        return None;
    }
    let candidate = evaluate(
        bytes,
        at,
        Expression { way: Way::Paired, indent: 0, in_brackets: true, enclosing: None },
    )?;
    let is_inside = candidate.parts.iter().all(|part| part.end <= arguments.end);
    let is_reference = !matches!(candidate.class, Class::Literal(_));
    (is_inside && (candidate.is_quoted || is_reference)).then_some(candidate)
}

/// The local names that an import gives to the vendor's package: Go, Python,
/// JavaScript, Rust, C#, Elixir, Java, PHP, Ruby, Perl.
pub(in crate::detect) fn aliases(bytes: &[u8], vendor: &Range<usize>) -> Vec<Vec<u8>> {
    let line = line_start(bytes, vendor.start, 300)..line_end(bytes, vendor.end, 300);
    let text = &bytes[line.clone()];
    let mut found = Vec::new();
    let mut push = |word: &[u8]| {
        let is_plain = !word.is_empty()
            && word.len() < 40
            && word.iter().all(|b| is_word(*b))
            && !word[0].is_ascii_digit();
        if is_plain && !KEYWORDS.iter().any(|keyword| keyword.as_bytes() == word) {
            found.push(word.to_vec());
        }
    };
    let open = before_blanks(
        bytes,
        (line.start..vendor.start)
            .rev()
            .find(|at| matches!(bytes[*at], b'"' | b'\'' | b'`'))
            .unwrap_or(line.start),
    );
    if memchr::memmem::find(text, b"bytestack-go").is_some() {
        if byte(bytes, open.wrapping_sub(1)) == b'.' {
            push(b"NewClient");
        }
        push(&bytes[word_before(bytes, open)]);
    }
    let lower = text.to_ascii_lowercase();
    let imports = [&b"import"[..], b"require", b"from ", b"use ", b"using ", b"alias ", b"include"];
    if !imports.iter().any(|word| memchr::memmem::find(&lower, word).is_some()) {
        return found;
    }
    for at in memchr::memmem::find_iter(text, b" as ").map(|at| line.start + at + 4) {
        push(&bytes[word_at(bytes, skip_blanks(bytes, at))]);
    }
    for at in memchr::memmem::find_iter(text, b"as: ").map(|at| line.start + at + 4) {
        push(&bytes[word_at(bytes, at)]);
    }
    if let Some(equals) = memchr::memchr(b'=', text) {
        push(&bytes[word_before(bytes, before_blanks(bytes, line.start + equals))]);
    }
    let names = imported_names(bytes, &line);
    if !names.iter().any(|name| name.start <= vendor.start && vendor.end <= name.end) {
        for name in names {
            push(&bytes[name]);
        }
    }
    found
}

/// The names in `import { A, B } from`, `from x import A, B`, `import A from`,
/// `x::{A, B}`.
pub(in crate::detect) fn imported_names(bytes: &[u8], line: &Range<usize>) -> Vec<Range<usize>> {
    let text = &bytes[line.clone()];
    let after =
        |needle: &[u8]| memchr::memmem::find(text, needle).map(|at| line.start + at + needle.len());
    let list = if let (Some(open), Some(close)) =
        (memchr::memchr(b'{', text), memchr::memchr(b'}', text))
    {
        line.start + open + 1..(line.start + close).max(line.start + open + 1)
    } else if let Some(start) = after(b" import ") {
        start..line.end
    } else if let (Some(start), Some(end)) =
        (after(b"import "), memchr::memmem::find(text, b" from "))
    {
        start..(line.start + end).max(start)
    } else {
        return Vec::new();
    };
    split_ranges(bytes, list, b",;()")
        .into_iter()
        .map(|part| word_at(bytes, skip_blanks(bytes, part.start)))
        .filter(|word| !word.is_empty() && quoted(bytes, word.start).is_none())
        .collect()
}
