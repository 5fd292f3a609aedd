//! Compressed streams: gzip, bzip2, xz, zstd.
//!
//! In: a stream of a known kind. Out: the stream that it expands to, of all
//! its members one after the other. Memory is bounded whatever a header asks
//! for.

use std::io::{self, BufRead, BufReader, Read};

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::Kind;

/// The memory that a stream of xz may ask for, in KiB: its largest preset
/// takes 64 MiB.
const XZ_MEMORY_KIB: u32 = 96 << 10;
/// The memory that a stream of zstd may ask for, in bytes: its highest level
/// takes 128 MiB with long windows only.
const ZSTD_WINDOW_BYTES: u64 = 64 << 20;
/// What is read of a compressed stream at a time, in bytes.
const READ_BYTES: usize = 32 << 10;

/// The stream that `reader` expands to.
pub(super) fn decoder<'a>(kind: Kind, reader: &'a mut dyn Read) -> io::Result<Box<dyn Read + 'a>> {
    let reader = BufReader::with_capacity(READ_BYTES, reader);
    Ok(match kind {
        Kind::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(reader)),
        Kind::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(reader)),
        Kind::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(reader, true, XZ_MEMORY_KIB)),
        Kind::Zstd => Box::new(Zstd::new(reader)),
        Kind::Zip | Kind::Tar | Kind::Pdf | Kind::Sqlite => {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "not a compressed stream"));
        }
    })
}

/// The frames of a zstd stream.
struct Zstd<R> {
    source: R,
    decoder: Box<FrameDecoder>,
    is_in_frame: bool,
}

impl<R: BufRead> Zstd<R> {
    fn new(source: R) -> Self {
        let mut decoder = Box::new(FrameDecoder::new());
        decoder.set_max_window_size(ZSTD_WINDOW_BYTES);
        Self { source, decoder, is_in_frame: false }
    }

    /// Enters the next frame that holds something; false at the end.
    fn next_frame(&mut self) -> io::Result<bool> {
        /// Frames that decoders pass over, RFC 8878, section 3.1.2.
        const SKIPPABLE: std::ops::RangeInclusive<u32> = 0x184d_2a50..=0x184d_2a5f;
        loop {
            let head = self.source.fill_buf()?;
            if head.is_empty() {
                return Ok(false);
            }
            if head[1..].starts_with(&[0x2a, 0x4d, 0x18]) {
                let mut header = [0; 8];
                self.source.read_exact(&mut header)?;
                let magic = u32::from_le_bytes([header[0], header[1], header[2], header[3]]);
                let length = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
                if SKIPPABLE.contains(&magic) {
                    io::copy(&mut self.source.by_ref().take(length.into()), &mut io::sink())?;
                    continue;
                }
            }
            self.decoder.reset(&mut self.source).map_err(io::Error::other)?;
            self.is_in_frame = true;
            return Ok(true);
        }
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.is_in_frame && !self.next_frame()? {
                return Ok(0);
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.decoder
                    .decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(io::Error::other)?;
            }
            let count = self.decoder.read(room)?;
            if count > 0 || room.is_empty() {
                return Ok(count);
            }
            self.is_in_frame = false;
        }
    }
}
