//! Reads what is written in another encoding, around a place that shows it.
//!
//! In: bytes, and a place in them at which the prefilter saw a literal, with
//! the form that it has there. Out: the decoded bytes of the smallest run
//! around that place, with the outer place of each byte. Also values that are
//! encoded by themselves, and containers. Nothing here knows what a key is.
//!
//! Every function looks at a bounded number of bytes around a place, so that a
//! line of any length costs a bounded amount for each hit. One layer is decoded
//! at a time; who asks goes on with the decoded bytes, up to [`DEEPEST`] layers.
//! Which compositions of encodings show themselves is listed at
//! [`rule::Form`](crate::rule::Form) and its module.

pub mod container;
mod line_ends;
mod quoted;
mod run;
mod spelled;
mod value;
mod wide;

use std::ops::Range;

use crate::finding::Encoding;
use crate::rule::Form;

pub use line_ends::LineEnds;
pub use value::{Unwrapped, unwrapped};

/// How many layers of encoding are taken off.
pub const DEEPEST: usize = 3;

/// The bytes read before a hit, at the most.
pub(crate) const BEFORE_BYTES: usize = 16 << 10;
/// The bytes read after a hit, at the most.
pub(crate) const AFTER_BYTES: usize = 128 << 10;

/// The bytes of the longest escape: a cut may fall into one.
const UNIT_BYTES: usize = 12;
/// The end of a cut run, in bytes, in which a hit is decoded again by itself,
/// with more after it.
const MARGIN_BYTES: usize = 2 << 10;

/// A run of encoded bytes, decoded.
pub struct Decoded {
    bytes: Vec<u8>,
    run: Range<usize>,
    spans: Spans,
    encodings: Vec<Encoding>,
    /// Whether the run goes on past what was decoded.
    is_cut: bool,
    /// Whether only its look says that the run is encoded.
    is_guessed: bool,
}

impl std::fmt::Debug for Decoded {
    /// Shows no content, which may hold a key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoded")
            .field("run", &self.run)
            .field("encodings", &self.encodings)
            .finish_non_exhaustive()
    }
}

impl Drop for Decoded {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.bytes);
    }
}

/// Where the decoded bytes stand in the outer ones.
enum Spans {
    /// Each byte's own span, counted from the start of the run.
    Each(Vec<(u32, u32)>),
    /// All in the whole run, because compression lies between.
    Whole,
}

impl Decoded {
    fn each(run: Range<usize>, written: Written, encoding: Encoding) -> Self {
        let Written { bytes, spans } = written;
        Self {
            bytes,
            run,
            spans: Spans::Each(spans),
            encodings: vec![encoding],
            is_cut: false,
            is_guessed: false,
        }
    }

    /// Notes that nothing past `limit` was looked at.
    fn cut_at(mut self, limit: usize) -> Self {
        self.is_cut = self.run.end + UNIT_BYTES > limit;
        self
    }

    /// The decoded bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The outer bytes that were decoded, half-open.
    #[must_use]
    pub fn run(&self) -> Range<usize> {
        self.run.clone()
    }

    /// The encodings taken off, from the outside in.
    #[must_use]
    pub fn encodings(&self) -> &[Encoding] {
        &self.encodings
    }

    /// The outer bytes that hold a range of the decoded ones, half-open.
    #[must_use]
    pub fn outer(&self, inner: Range<usize>) -> Range<usize> {
        let Spans::Each(spans) = &self.spans else { return self.run.clone() };
        let start = spans.get(inner.start).map_or(self.run.len(), |span| span.0 as usize);
        let end = match inner.end.checked_sub(1).and_then(|last| spans.get(last)) {
            Some(span) if !inner.is_empty() => span.1 as usize,
            _ => start,
        };
        self.run.start + start..self.run.start + end.max(start)
    }

    /// Whether more is encoded here than was decoded.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Whether only its look says that the run is encoded, so that what stands
    /// there may be meant as it is.
    #[must_use]
    pub fn is_guessed(&self) -> bool {
        self.is_guessed
    }

    /// Up to where in the outer bytes a hit of the same form needs no decoding
    /// of its own.
    #[must_use]
    pub fn answers_to(&self) -> usize {
        if self.is_cut { self.run.end.saturating_sub(MARGIN_BYTES) } else { self.run.end }
    }

    /// Whether a range of the decoded bytes stands in the outer bytes as it is.
    #[must_use]
    pub fn is_verbatim(&self, outer: &[u8], inner: Range<usize>) -> bool {
        self.bytes.get(inner.clone()) == outer.get(self.outer(inner))
    }
}

/// What the places around a hit hold, decoded; nothing where they hold no
/// encoded text after all.
///
/// A hit of a plain literal is given too: the text around it may be escaped in
/// part, so that its value is not readable as it stands. Then each encoding
/// whose signs stand nearby gives one answer.
#[must_use]
pub fn around(bytes: &[u8], hit: Range<usize>, form: Form) -> Vec<Decoded> {
    let one = match form {
        Form::Plain => return spelled::signed(bytes, hit),
        Form::Base64 { phase } => run::base64(bytes, hit, phase),
        Form::GzipBase64 => run::gzip_base64(bytes, hit),
        Form::Hex => run::hex(bytes, hit),
        Form::Percent => spelled::region(bytes, hit, Encoding::Percent),
        Form::Escapes => spelled::region(bytes, hit, Encoding::Escapes),
        Form::Html => spelled::region(bytes, hit, Encoding::Html),
        Form::QuotedPrintable => spelled::region(bytes, hit, Encoding::QuotedPrintable),
        Form::Wide(wide) => wide::run(bytes, hit, wide),
    };
    one.into_iter().collect()
}

/// Decoded bytes while they are written.
#[derive(Default)]
struct Written {
    bytes: Vec<u8>,
    spans: Vec<(u32, u32)>,
}

impl Written {
    fn push(&mut self, byte: u8, span: Range<usize>) {
        self.bytes.push(byte);
        self.spans.push((span.start as u32, span.end as u32));
    }

    fn push_char(&mut self, c: char, span: &Range<usize>) {
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            self.push(byte, span.clone());
        }
    }
}
