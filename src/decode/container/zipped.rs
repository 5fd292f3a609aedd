//! Zip files, and what is built on them: jar, whl, docx, apk, nupkg.
//!
//! In: bytes that can be sought. Out: the files that the directory lists, in
//! its order, each read from its own place; where the directory is damaged,
//! the files whose own headers are found. Sizes that headers declare bound
//! what is read and reserve nothing.

use std::io::{self, Read, SeekFrom};

use super::{Halt, Kind, Opening, ReadSeek, packed};
use crate::finding::SkipKind;

/// The most of a damaged zip file that is searched for the headers of its
/// files, in bytes.
const SEARCHED_BYTES: u64 = super::LARGEST_HELD_BYTES;
/// The fixed part of a file's own header, in bytes.
const HEADER_BYTES: usize = 30;
/// The signature of a file's own header.
const SIGNATURE: &[u8] = b"PK\x03\x04";

/// One file of a zip file.
struct Member {
    name: Vec<u8>,
    /// Where its own header stands.
    header_at: u64,
    method: u16,
    is_encrypted: bool,
    /// `None` where only its end will tell.
    packed_bytes: Option<u64>,
    unpacked_bytes: Option<u64>,
}

impl Opening<'_> {
    /// Reads every file of a zip file.
    pub(super) fn zip(&mut self, source: &mut dyn ReadSeek, depth: usize) -> Result<(), Halt> {
        // The stable reader keys files by their names and hides all but one of a
        // name, where a key could stand in any.
        let opened =
            zip::unstable::read::ZipIterable::try_new(&mut *source, zip::read::Config::default());
        let mut archive = match opened {
            Ok(archive) => archive,
            Err(error) => return self.zip_by_headers(source, depth, &error.to_string()),
        };
        let files = match archive.files() {
            Ok(files) => files,
            Err(error) => return self.zip_by_headers(source, depth, &error.to_string()),
        };
        let mut is_damaged = false;
        while let Some(file) = files.next() {
            self.enter()?;
            let file = match file {
                Ok(file) => file,
                Err(error) => {
                    self.skip(SkipKind::Corrupt, format!("the zip directory is damaged: {error}"));
                    return Err(Halt);
                }
            };
            if file.is_dir() {
                continue;
            }
            let member = Member {
                name: file.name_raw().to_vec(),
                header_at: file.header_start(),
                method: method(file.compression()),
                is_encrypted: file.encrypted(),
                packed_bytes: Some(file.compressed_size()),
                unpacked_bytes: Some(file.size()),
            };
            let read = self.member(files.reader_mut(), &member, depth);
            is_damaged |= read.is_err();
            if self.meter.stopped().is_some() {
                return Err(Halt);
            }
        }
        if is_damaged { Err(Halt) } else { Ok(()) }
    }

    /// Reads one file.
    fn member(
        &mut self,
        source: &mut dyn ReadSeek,
        member: &Member,
        depth: usize,
    ) -> Result<(), Halt> {
        self.path.push(member.name.clone());
        let ended = self.member_content(source, member, depth);
        self.path.pop();
        ended
    }

    fn member_content(
        &mut self,
        source: &mut dyn ReadSeek,
        member: &Member,
        depth: usize,
    ) -> Result<(), Halt> {
        if member.is_encrypted {
            self.skip(SkipKind::Unsupported, "encrypted inside a zip file".to_owned());
            return Ok(());
        }
        if let Err(error) = seek_to_content(source, member.header_at) {
            return Err(self.damage(&error));
        }
        let mut packed = source.take(member.packed_bytes.unwrap_or(u64::MAX));
        // Numbers of methods: APPNOTE.TXT, section 4.4.5.
        let decoder: io::Result<Box<dyn Read + '_>> = match member.method {
            0 => Ok(Box::new(&mut packed)),
            8 => Ok(Box::new(flate2::read::DeflateDecoder::new(&mut packed))),
            12 => packed::decoder(Kind::Bzip2, &mut packed),
            93 => packed::decoder(Kind::Zstd, &mut packed),
            95 => packed::decoder(Kind::Xz, &mut packed),
            other => {
                let reason = format!("packed inside a zip file with method {other}");
                self.skip(SkipKind::Unsupported, reason);
                return Ok(());
            }
        };
        match decoder {
            Ok(decoder) => {
                let mut content = Sized {
                    inner: self.meter.read(decoder),
                    missing_bytes: member.unpacked_bytes.unwrap_or(0),
                };
                self.stream(&mut content, depth + 1, false)
            }
            Err(error) => Err(self.damage(&error)),
        }
    }

    /// Reads the files whose headers are found, in a zip file without a sound
    /// directory.
    fn zip_by_headers(
        &mut self,
        source: &mut dyn ReadSeek,
        depth: usize,
        reason: &str,
    ) -> Result<(), Halt> {
        self.skip(SkipKind::Corrupt, format!("the zip directory is damaged: {reason}"));
        let mut bytes = Vec::new();
        let read = source
            .seek(SeekFrom::Start(0))
            .and_then(|_| source.take(SEARCHED_BYTES).read_to_end(&mut bytes));
        if let Err(error) = read {
            return Err(self.damage(&error));
        }
        let mut from = 0;
        while let Some(at) = memchr::memmem::find(&bytes[from..], SIGNATURE) {
            let at = from + at;
            from = at + SIGNATURE.len();
            let Some(member) = member_at(&bytes, at) else { continue };
            self.enter()?;
            if let Some(packed) = member.packed_bytes {
                from = bytes.len().min(from.saturating_add(packed as usize));
            }
            if !member.name.ends_with(b"/") {
                // What is damaged was named; the next file may be sound.
                let _ = self.member(&mut io::Cursor::new(&bytes[..]), &member, depth);
            }
            if self.meter.stopped().is_some() {
                return Err(Halt);
            }
        }
        Err(Halt)
    }
}

fn method(method: zip::CompressionMethod) -> u16 {
    #[allow(deprecated, reason = "the number is what the format defines")]
    method.to_u16()
}

/// The file whose own header begins at `at`.
fn member_at(bytes: &[u8], at: usize) -> Option<Member> {
    let header = bytes.get(at..at + HEADER_BYTES)?;
    let number = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let length = |at: usize| u64::from(number(at)) | u64::from(number(at + 2)) << 16;
    let name_at = at + HEADER_BYTES;
    let name = bytes.get(name_at..name_at + usize::from(number(26)))?.to_vec();
    let flags = number(6);
    // Bit 3: the sizes follow the content. All ones: they stand in a zip64 field.
    let are_sizes_here = flags & 8 == 0 && length(18) != 0xffff_ffff;
    Some(Member {
        name,
        header_at: at as u64,
        method: number(8),
        is_encrypted: flags & 1 != 0,
        packed_bytes: are_sizes_here.then(|| length(18)),
        unpacked_bytes: are_sizes_here.then(|| length(22)),
    })
}

/// Moves past a file's own header.
fn seek_to_content(source: &mut dyn ReadSeek, header_at: u64) -> io::Result<()> {
    source.seek(SeekFrom::Start(header_at))?;
    let mut header = [0; HEADER_BYTES];
    source.read_exact(&mut header)?;
    if !header.starts_with(SIGNATURE) {
        let reason = "no file stands where the directory says";
        return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
    }
    let number = |at: usize| i64::from(u16::from_le_bytes([header[at], header[at + 1]]));
    source.seek(SeekFrom::Current(number(26) + number(28)))?;
    Ok(())
}

/// A file's content that must be as long as the directory says at the least.
struct Sized<R> {
    inner: R,
    missing_bytes: u64,
}

impl<R: Read> Read for Sized<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(room)?;
        if count == 0 && !room.is_empty() && self.missing_bytes > 0 {
            let reason = "shorter than the zip directory says";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, reason));
        }
        self.missing_bytes = self.missing_bytes.saturating_sub(count as u64);
        Ok(count)
    }
}
