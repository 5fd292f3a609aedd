//! PDF files.
//!
//! In: the bytes of a PDF file. Out: what its compressed streams expand to,
//! which holds the text that pages show, metadata and attached files. Text
//! whose letters are numbers of a font's own, or are set apart one by one, does
//! not read as text there; that is said in the documentation, not of each file.

use super::{Halt, Opening};
use crate::finding::SkipKind;

/// How much before a stream its dictionary is looked for, in bytes.
const DICTIONARY_BYTES: usize = 2048;

impl Opening<'_> {
    /// Reads every compressed stream of a PDF file.
    pub(super) fn pdf(&mut self, bytes: &[u8], depth: usize) -> Result<(), Halt> {
        if memchr::memmem::find(bytes, b"/Encrypt").is_some() {
            self.skip(SkipKind::Unsupported, "an encrypted PDF file".to_owned());
            return Ok(());
        }
        let mut number = 0;
        for keyword in memchr::memmem::find_iter(bytes, b"stream") {
            let rest = &bytes[keyword + b"stream".len()..];
            let Some(packed) = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n"))
            else {
                continue;
            };
            let dictionary = &bytes[keyword.saturating_sub(DICTIONARY_BYTES)..keyword];
            let dictionary = match memchr::memmem::rfind(dictionary, b" obj") {
                Some(object) => &dictionary[object..],
                None => dictionary,
            };
            if dictionary.ends_with(b"end")
                || memchr::memmem::find(dictionary, b"/FlateDecode").is_none()
            {
                continue;
            }
            self.enter()?;
            number += 1;
            self.path.push(format!("stream {number}").into_bytes());
            let decoder = flate2::read::ZlibDecoder::new(packed);
            let mut content = self.meter.read(decoder);
            // A damaged stream was named; the next may be sound.
            let _ = self.stream(&mut content, depth + 1, false);
            self.path.pop();
            if self.meter.stopped().is_some() {
                return Err(Halt);
            }
        }
        Ok(())
    }
}
