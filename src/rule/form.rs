//! How a literal is written where it stands.
//!
//! In: nothing. Out: the names of the forms that the prefilter knows, with what
//! a decoder needs to read on from a hit.

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
