//! How a literal is written where it stands.
//!
//! In: nothing. Out: the names of the forms that the prefilter knows, with what
//! a decoder needs to read on from a hit.
//!
//! A content is read only where a literal shows in it, in one of these looks:
//!
//! - as it is, in any casing;
//! - in base64 or base64url at each of the three alignments, also wrapped over
//!   lines where the break does not cut the literal's first 17 characters;
//! - in hexadecimal digits of either case, as percent escapes, as `\xNN`,
//!   `\uNNNN`, `\u{N…}` and octal escapes, as decimal and hexadecimal character
//!   references, as quoted-printable escapes, in UTF-16 and UTF-32 of either
//!   byte order (octal, `\u{N…}` and decimal: lower, upper and title case);
//! - in base64 of base64, base64 of UTF-16 and base64 as UTF-16, lower, upper
//!   and title case; and every gzip file in base64 once or twice.
//!
//! What is decoded around such a hit is searched again, up to three layers, so
//! any encoding inside one of these shows where its outermost layer shows the
//! literal or leaves it as it is. Not covered, because no look of the literal is left: base64 three times,
//! base64 or hexadecimal digits of any other encoding, base32, base85, ROT13,
//! compression in base64 other than gzip, and whatever is encrypted. A value
//! alone may be encoded in ways that its name shows (`K: <base64>`): what is
//! under a name is unwrapped whatever stands in it.

/// How a literal is written at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// As it is.
    Plain,
    /// In base64 or base64url.
    Base64 {
        /// How many characters of its group of four stand before the hit.
        phase: u8,
    },
    /// The head of a gzip file in base64.
    GzipBase64,
    /// As hexadecimal digits.
    Hex,
    /// As percent escapes.
    Percent,
    /// As backslash escapes.
    Escapes,
    /// As HTML character references.
    Html,
    /// As quoted-printable escapes.
    QuotedPrintable,
    /// In units of some bytes each.
    Wide(Wide),
}

/// A Unicode encoding of wide units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wide {
    /// UTF-16, least byte first.
    Utf16Le,
    /// UTF-16, most significant byte first.
    Utf16Be,
    /// UTF-32, least byte first.
    Utf32Le,
    /// UTF-32, most significant byte first.
    Utf32Be,
}

impl Wide {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Utf16Le, Self::Utf16Be, Self::Utf32Le, Self::Utf32Be];

    /// A unit's length in bytes.
    #[must_use]
    pub const fn unit_bytes(self) -> usize {
        match self {
            Self::Utf16Le | Self::Utf16Be => 2,
            Self::Utf32Le | Self::Utf32Be => 4,
        }
    }

    /// Whether a unit's least byte comes first.
    #[must_use]
    pub const fn is_little_endian(self) -> bool {
        matches!(self, Self::Utf16Le | Self::Utf32Le)
    }

    /// ASCII text in this encoding.
    #[must_use]
    pub fn encode(self, ascii: &[u8]) -> Vec<u8> {
        let padding = self.unit_bytes() - 1;
        let mut wide = Vec::with_capacity(ascii.len() * self.unit_bytes());
        for byte in ascii {
            if self.is_little_endian() {
                wide.push(*byte);
                wide.resize(wide.len() + padding, 0);
            } else {
                wide.resize(wide.len() + padding, 0);
                wide.push(*byte);
            }
        }
        wide
    }
}
