//! Values that commands hand over.
//!
//! In: a name, or the place where a value begins. Out: the literal that an
//! editing command puts in the name's place, that a logging command of a build
//! gives it, or that a command prints whose output is the value. What a shell
//! would do beyond that is not understood.

use std::ops::Range;

use super::branches::strong;
use super::forward::Reader;
use super::{Candidate, Way, unescape};
use crate::detect::text::{
    balanced, byte, continued_start, is_any, is_word, line_end, line_start, skip_blanks, word_at,
};
use crate::detect::value::{Class, Form, classify, is_token_byte};
use crate::rule::Strength;

/// How far before a name its command may begin, in bytes.
const REACH_BYTES: usize = 400;

/// Bytes that part the pieces of `s/pattern/replacement/`.
const DELIMITERS: &[u8] = b"/|#,@!~%+:^;{";

impl Reader<'_> {
    /// What `sed`, `vim` or `perl` puts in the place of the name: `s/K=.*/K=v/`;
    /// `None` where the name stands in no such command.
    pub(super) fn substituted(&self) -> Option<Vec<Candidate>> {
        let line = continued_start(self.bytes, self.name.start, REACH_BYTES, b"\\");
        let head = &self.bytes[line..self.name.start];
        let end = line_end(self.bytes, self.name.end, 2 * REACH_BYTES);
        let editor = ["sed", "perl"]
            .iter()
            .filter_map(|word| whole_word(head, word))
            .min()
            .or_else(|| begins_command(head).then_some(0))?;
        let mut at = line + editor;
        while at < self.name.start {
            let is_command = byte(self.bytes, at) == b's'
                && !is_word(byte(self.bytes, at.wrapping_sub(1)))
                && DELIMITERS.contains(&byte(self.bytes, at + 1));
            let Some((pattern, replacement)) =
                is_command.then(|| substitution(self.bytes, at + 1, end)).flatten()
            else {
                at += 1;
                continue;
            };
            if replacement.end >= self.name.end {
                if pattern.start > self.name.start {
                    return None;
                }
                let pieces = [pattern, replacement].into_iter();
                let put: Vec<_> = pieces.filter_map(|piece| self.put(&piece)).collect();
                // What only looks like a substitution must not hide a value.
                return (!put.is_empty()).then_some(put);
            }
            at = replacement.end;
        }
        None
    }

    /// The literal in a pattern or a replacement: after the name's operator, or
    /// all of it.
    fn put(&self, piece: &Range<usize>) -> Option<Candidate> {
        let sign = memchr::memchr2(b'=', b':', &self.bytes[piece.clone()]);
        let after = sign.map(|sign| skip_blanks(self.bytes, piece.start + sign + 1));
        [after, Some(piece.start)].into_iter().flatten().find_map(|start| {
            let start = past_group(self.bytes, start).min(piece.end);
            literal(self.bytes, start..piece.end, Way::Assigned)
        })
    }

    /// The value behind the properties of a logging command of Azure Pipelines:
    /// `##vso[task.setvariable variable=K;issecret=true]v`.
    pub(super) fn logged(&self) -> Option<Candidate> {
        let line = line_start(self.bytes, self.name.start, 200);
        let head = self.bytes[line..self.name.start].to_ascii_lowercase();
        let is_command = head.ends_with(b"variable=")
            && memchr::memmem::find(&head, b"##vso[task.setvariable ").is_some();
        if !is_command {
            return None;
        }
        let limit = line_end(self.bytes, self.name.end, 200);
        let close = self.name.end + memchr::memchr(b']', &self.bytes[self.name.end..limit])?;
        self.expression(close + 1, Way::Assigned, false)
    }
}

/// The pattern and the replacement of a substitution whose first delimiter
/// stands at `open`.
fn substitution(bytes: &[u8], open: usize, end: usize) -> Option<(Range<usize>, Range<usize>)> {
    if byte(bytes, open) == b'{' {
        let pattern = past_brace(bytes, open)?;
        let next = skip_blanks(bytes, pattern);
        let replacement = (byte(bytes, next) == b'{').then(|| past_brace(bytes, next))??;
        return (replacement <= end).then_some((open + 1..pattern - 1, next + 1..replacement - 1));
    }
    let mark = bytes[open];
    let next = |from: usize| {
        let mut at = from;
        while at < end {
            match bytes[at] {
                b'\\' => at += 2,
                byte if byte == mark => return Some(at),
                _ => at += 1,
            }
        }
        None
    };
    let middle = next(open + 1)?;
    let last = next(middle + 1)?;
    Some((open + 1..middle, middle + 1..last))
}

/// Past the brace that closes the one at a place, whatever quotes stand between.
fn past_brace(bytes: &[u8], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in bytes[open..].iter().take(REACH_BYTES).enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some(open + at + 1),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Whether a line of a script of `sed` or `vim` begins with the command:
/// `s/a/b/`, `:%s/a/b/`.
fn begins_command(head: &[u8]) -> bool {
    let head = head.trim_ascii_start();
    let address = head.iter().take_while(|b| b":%$,.".contains(b) || b.is_ascii_digit()).count();
    matches!(&head[address..], [b's', mark, ..] if DELIMITERS.contains(mark))
}

/// Where a word first stands by itself.
fn whole_word(text: &[u8], word: &str) -> Option<usize> {
    memchr::memmem::find_iter(text, word).find(|at| {
        !is_word(byte(text, at.wrapping_sub(1))) && !is_word(byte(text, at + word.len()))
    })
}

/// Past what a group of the pattern keeps: `\1v`, `${1}v`, `\g<1>v`.
fn past_group(bytes: &[u8], at: usize) -> usize {
    at + match bytes.get(at..) {
        Some([b'\\' | b'$', digit, ..]) if digit.is_ascii_digit() => 2,
        Some([b'\\' | b'$', b'{', digit, b'}', ..]) if digit.is_ascii_digit() => 4,
        Some([b'\\', b'g', b'<', digit, b'>', ..]) if digit.is_ascii_digit() => 5,
        _ => 0,
    }
}

/// The random literal that a range is, without the quotes around it.
fn literal(bytes: &[u8], range: Range<usize>, way: Way) -> Option<Candidate> {
    let range = super::piece::strip_quotes(bytes, range);
    let value = unescape(bytes.get(range.clone())?);
    // Another assignment is no value; base64 ends in the same mark.
    let length = value.iter().rposition(|b| *b != b'=').map_or(0, |last| last + 1);
    let class = classify(&value, Form::Quoted);
    let is_value =
        matches!(class, Class::Literal(Strength::Strong)) && !value[..length].contains(&b'=');
    is_value.then(|| Candidate { parts: vec![range], class, way, is_quoted: true })
}

/// The literal that a command substitution prints, itself or to a decoder:
/// `$(printf %s 'v' | base64 -d)`, `` `echo v` ``, fish's `(echo v)`, make's
/// `$(shell echo v)`.
pub(super) fn printed(bytes: &[u8], at: usize, way: Way) -> Option<Candidate> {
    let open = at + usize::from(byte(bytes, at) == b'"');
    let open = open + usize::from(byte(bytes, open) == b'$' && byte(bytes, open + 1) == b'(');
    if !matches!(byte(bytes, open), b'(' | b'`') {
        return None;
    }
    let mut start = skip_blanks(bytes, open + 1);
    if bytes[start..].starts_with(b"shell ") {
        start = skip_blanks(bytes, start + 6);
    }
    let command = word_at(bytes, start);
    let prints = is_any(bytes, &command, &["echo", "printf"]) && byte(bytes, command.end) == b' ';
    if !prints {
        return None;
    }
    let end = if byte(bytes, open) == b'(' {
        balanced(bytes, open, 2 * REACH_BYTES)? - 1
    } else {
        let limit = bytes.len().min(open + 2 * REACH_BYTES);
        open + 1 + memchr::memchr(b'`', &bytes[open + 1..limit])?
    };
    if command.end >= end {
        return None;
    }
    let text = &bytes[command.end..end];
    let pipe = text.iter().position(|b| matches!(b, b'|' | b';' | b'&')).unwrap_or(text.len());
    if !text[pipe..].split(|b| *b == b'|').skip(1).all(passes_on) {
        return None;
    }
    let until = command.end + pipe;
    let mut at = command.end;
    while at < until {
        let length = bytes[at..until].iter().take_while(|b| is_token_byte(**b)).count();
        if let Some(literal) = strong(bytes, at..at + length, way) {
            return Some(literal);
        }
        at += length + 1;
    }
    None
}

/// Whether a command of a pipe hands on what it reads, decoded or trimmed, and
/// neither digests nor decrypts it.
fn passes_on(command: &[u8]) -> bool {
    const COMMANDS: [&[u8]; 11] = [
        b"base64",
        b"tr",
        b"head",
        b"tail",
        b"cat",
        b"xargs",
        b"xxd",
        b"rev",
        b"tee",
        b"sed",
        b"openssl base64",
    ];
    let command = command.trim_ascii_start();
    COMMANDS.iter().any(|name| {
        command.strip_prefix(*name).is_some_and(|rest| !rest.first().is_some_and(|b| is_word(*b)))
    })
}
