//! The small words and marks between a name and its value.
//!
//! In: a place in some bytes. Out: whether an operator, a closing mark, a
//! connecting word or a method that gives a value stands there. Knows neither
//! names nor values.

use std::ops::Range;

use crate::detect::text::{byte, is_any, is_word, skip_blanks};

/// The quote that is open at the end of a line's beginning; an apostrophe
/// inside a word opens none.
pub(super) fn enclosing_quote(before: &[u8]) -> Option<u8> {
    let mut open = None;
    for (index, &here) in before.iter().enumerate() {
        if !matches!(here, b'"' | b'\'') || (index > 0 && before[index - 1] == b'\\') {
            continue;
        }
        match open {
            None if here == b'"' || index == 0 || !is_word(before[index - 1]) => open = Some(here),
            Some(quote) if quote == here => open = None,
            _ => {}
        }
    }
    open
}

/// `NAME=value`: the run belongs to another name.
pub(super) fn names_assignment(word: &[u8]) -> bool {
    let name = word.iter().take_while(|b| is_word(**b)).count();
    name > 1 && word.get(name) == Some(&b'=') && word[name..].iter().any(|b| *b != b'=')
}

/// Past the quotes, backslashes, brackets and emphasis that close around a
/// name.
pub(super) fn past_closers(bytes: &[u8], mut at: usize) -> usize {
    while matches!(byte(bytes, at), b'"' | b'\'' | b'`' | b']' | b'*' | b'%' | b'$')
        || (byte(bytes, at) == b'\\' && matches!(byte(bytes, at + 1), b'"' | b'\'' | b'\\'))
        || bytes[at.min(bytes.len())..].starts_with(b"&quot;")
    {
        at += if byte(bytes, at) == b'&' { 6 } else { 1 };
    }
    at
}

/// Past `(` and blanks, so that `default("v")` reads like `default "v"`.
pub(super) fn past_closers_open(bytes: &[u8], at: usize) -> usize {
    let at = skip_blanks(bytes, at);
    skip_blanks(bytes, at + usize::from(matches!(byte(bytes, at), b'(' | b':')))
}

/// The operator at `at`: the place after it.
///
/// `?` and `:?` of shells introduce a message and `:+` another value, so they
/// are none; `<` and `>` alone belong to tags.
pub(super) fn operator(bytes: &[u8], at: usize, name: &Range<usize>) -> Option<usize> {
    const OPERATORS: [&[u8]; 26] = [
        b"<<<=",
        b"===",
        b"!==",
        b"||=",
        b"??=",
        b"::=",
        b"<<-",
        b":==",
        b"//=",
        b"==",
        b"!=",
        b":=",
        b"=>",
        b"?=",
        b"+=",
        b"|=",
        b"<-",
        b"->",
        b"=~",
        b":-",
        b"=",
        b":",
        b"~>",
        b"\xe2\x86\x90",
        b"\xe2\x86\x92",
        b"\xef\xbc\x9a",
    ];
    let rest = bytes.get(at..)?;
    let in_braces = bytes[..name.start].ends_with(b"${");
    if in_braces && (rest.starts_with(b":?") || rest.starts_with(b":+") || rest.starts_with(b"}")) {
        return None;
    }
    if in_braces && rest.starts_with(b"-") {
        return Some(at + 1);
    }
    if rest.starts_with(b"::") && !rest.starts_with(b"::=") {
        return Some(at + 2);
    }
    let operator = OPERATORS.iter().find(|operator| rest.starts_with(operator))?;
    Some(at + operator.len())
}

pub(super) fn past_question(bytes: &[u8], at: usize) -> usize {
    at + usize::from(matches!(byte(bytes, at), b'?' | b'!'))
}

/// Methods whose argument is the value, a fallback for it, or compared to it.
pub(super) fn gives_value(bytes: &[u8], method: &Range<usize>) -> bool {
    const METHODS: [&str; 40] = [
        "unwrap_or",
        "unwrap_or_else",
        "unwrap_or_default",
        "or",
        "or_else",
        "orelse",
        "getorelse",
        "orelseget",
        "getordefault",
        "ordefault",
        "default",
        "defaultvalue",
        "default_value",
        "withdefault",
        "with_default",
        "fallback",
        "otherwise",
        "ifempty",
        "ifnull",
        "coalesce",
        "equals",
        "equalsignorecase",
        "eq",
        "equal",
        "isequalto",
        "tobe",
        "toequal",
        "set",
        "setvalue",
        "put",
        "value",
        "withvalue",
        "val",
        "is",
        "compareto",
        "map_or",
        "to_equal",
        "returns",
        "thenreturn",
        "and_return",
    ];
    is_any(bytes, method, &METHODS)
}

/// Past the emphasis and code marks that open a table's cell.
pub(super) fn skip_cell_marks(bytes: &[u8], mut at: usize) -> usize {
    while matches!(byte(bytes, at), b'*' | b'=' | b'~' | b'|' | b' ')
        || (byte(bytes, at) == b'`' && byte(bytes, at + 1) == b'`')
    {
        at += 1;
    }
    at
}

/// The unquoted run at `at`, without the marks that end a sentence.
pub(super) fn bare_word(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let mut end = at;
    while end - at < 560
        && byte(bytes, end).is_ascii_graphic()
        && !b"\"'`,;()[]{}<>|\\".contains(&bytes[end])
    {
        end += 1;
    }
    let run = end;
    while end > at && matches!(bytes[end - 1], b'.' | b'!' | b'?' | b'*') {
        end -= 1;
    }
    let is_code = matches!(byte(bytes, run), b'[' | b'{');
    (end > at && !is_code).then_some(at..end)
}

/// Words that may stand between a name and its value: types, SQL and COBOL
/// clauses, and what prose says.
pub(super) fn is_connector(bytes: &[u8], word: &Range<usize>) -> bool {
    const WORDS: [&str; 67] = [
        "is",
        "to",
        "as",
        "was",
        "are",
        "of",
        "with",
        "value",
        "val",
        "set",
        "equals",
        "the",
        "currently",
        "now",
        "string",
        "str",
        "text",
        "char",
        "varchar",
        "varchar2",
        "nvarchar",
        "const",
        "constant",
        "default",
        "pic",
        "x",
        "dim",
        "type",
        "not",
        "null",
        "be",
        "and",
        "in",
        "for",
        "a",
        "our",
        "using",
        "use",
        "used",
        "here",
        "progmem",
        "init",
        "inz",
        "db",
        "external",
        "varying",
        "final",
        "static",
        "readonly",
        "let",
        "var",
        "val",
        "new",
        "key",
        "prod",
        "production",
        "staging",
        "same",
        "eq",
        "ne",
        "-eq",
        "-ne",
        "-value",
        "--value",
        "--body",
        "/d",
        "-v",
    ];
    let colon = usize::from(word.len() > 2 && bytes[word.end - 1] == b':');
    is_any(bytes, &(word.start..word.end - colon), &WORDS)
        || (word.len() == 2 && bytes[word.start] == b'-')
        || is_any(
            bytes,
            word,
            &[
                "-b",
                "/t",
                "reg_sz",
                "/v",
                "-force",
                "-scope",
                "machine",
                "user",
                "/m",
                "--plaintext",
                "--type",
                "securestring",
                "--name",
                "--secret-string",
                "-string",
                "--data",
                "--stdin",
            ],
        )
}
