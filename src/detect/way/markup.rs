//! Values in markup: attributes and the text of elements.
//!
//! In: a name in a tag or before one. Out: the attribute or text that is its
//! value. Tags are read as text is; nothing here knows a document's schema.

use super::forward::Reader;
use super::{Candidate, Way, fields};
use crate::detect::text::{byte, is_any, skip_space, word_at};
use crate::detect::value::{Form, classify};

impl Reader<'_> {
    /// Whether the name stands inside an element's opening tag.
    pub(super) fn is_in_tag(&self) -> bool {
        let from = self.name.start.saturating_sub(200);
        let before = &self.bytes[from..self.name.start];
        let open = memchr::memrchr(b'<', before);
        open.is_some_and(|open| {
            before.get(open + 1).is_some_and(u8::is_ascii_alphabetic)
                && memchr::memchr(b'>', &before[open..]).is_none()
        }) && matches!(byte(self.bytes, self.name.start.wrapping_sub(1)), b'"' | b'\'')
            && matches!(byte(self.bytes, self.name.end), b'"' | b'\'')
    }

    /// Whether the name is an element's and attributes follow it:
    /// `<bitkitApiKey env="prod">`.
    pub(super) fn has_attributes(&self, at: usize) -> bool {
        let before = byte(self.bytes, self.name.start.wrapping_sub(1));
        at > self.name.end && before == b'<' && byte(self.bytes, at).is_ascii_alphabetic()
    }

    /// The value attribute of the same tag, or the element's text.
    pub(super) fn tag(&self, at: usize) -> Option<Candidate> {
        let limit = self.bytes.len().min(at + 600);
        let close = at + memchr::memchr(b'>', &self.bytes[at..limit])?;
        let attribute = fields::in_record(self.bytes, at..close);
        let is_empty_element = self.bytes[close - 1] == b'/';
        attribute.or_else(|| (!is_empty_element).then(|| self.element(close + 1))?)
    }

    /// KeePass's `<Value Protected="True">`: what follows is ciphertext.
    fn is_encrypted(&self, tag: usize) -> bool {
        let limit = self.bytes.len().min(tag + 80);
        let text = self.bytes[tag..limit].to_ascii_lowercase();
        let end = memchr::memchr(b'>', &text).unwrap_or(text.len());
        memchr::memmem::find(&text[..end], b" protected=\"true\"").is_some()
    }

    /// `<name>v<`, `name="K">v<`.
    pub(super) fn element(&self, at: usize) -> Option<Candidate> {
        let mut start = skip_space(self.bytes, at);
        if self.bytes[start.min(self.bytes.len())..].starts_with(b"<![CDATA[") {
            start = skip_space(self.bytes, start + 9);
        }
        if byte(self.bytes, start) == b'<' {
            return self.tags(start);
        }
        let limit = self.bytes.len().min(start + 600);
        let end = start + memchr::memchr2(b'<', b']', self.bytes.get(start..limit)?)?;
        let text = start..before_space(self.bytes, start, end);
        // A value as its language shows it: `&#x27;v&#x27;`.
        let text = match crate::detect::text::quoted(self.bytes, start) {
            Some(string) if byte(self.bytes, start) == b'&' && string.end <= end => string.inner,
            _ => text,
        };
        let text = super::piece::strip_scheme(self.bytes, &text);
        let class = classify(&self.bytes[text.clone()], Form::Quoted);
        Some(Candidate { parts: vec![text], class, way: Way::Element, is_quoted: true })
    }

    /// `</key><string>v`, `</td><td>v`, `<b>v`: up to six tags lie between.
    pub(super) fn tags(&self, at: usize) -> Option<Candidate> {
        let mut at = at;
        // What closes a field's value is no name.
        let closing = word_at(self.bytes, at + 2);
        if byte(self.bytes, at + 1) == b'/' && is_any(self.bytes, &closing, &["value", "comment"]) {
            return None;
        }
        for _ in 0..6 {
            if byte(self.bytes, at) != b'<' || !is_tag(self.bytes, at) {
                break;
            }
            let limit = self.bytes.len().min(at + 200);
            if self.is_encrypted(at) {
                return None;
            }
            at += memchr::memchr(b'>', &self.bytes[at..limit])? + 1;
            at = skip_space(self.bytes, at);
        }
        let separator = skip_space(self.bytes, at);
        let separator = if matches!(byte(self.bytes, separator), b':' | b'=') {
            separator + 1
        } else {
            separator
        };
        if byte(self.bytes, separator) == b'<' && separator > at {
            return self.tags(separator);
        }
        (byte(self.bytes, separator) != b'<').then(|| self.element(separator))?
    }
}

pub(super) fn is_tag(bytes: &[u8], at: usize) -> bool {
    matches!(byte(bytes, at + 1), b'/' | b'!') || byte(bytes, at + 1).is_ascii_alphabetic()
}

pub(super) fn before_space(bytes: &[u8], start: usize, mut end: usize) -> usize {
    while end > start && bytes[end - 1].is_ascii_whitespace() {
        end -= 1;
    }
    end
}
