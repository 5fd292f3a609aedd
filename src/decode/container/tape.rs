//! Tar files.
//!
//! In: a stream. Out: the files in it, in their order. Long names of GNU and
//! of POSIX (`pax`) are read up to a limit; links and devices hold nothing to
//! read.

use std::io::Read;

use super::{Halt, Opening};
use crate::finding::SkipKind;

/// The longest name or set of attributes that is read, in bytes.
const LONGEST_NAME_BYTES: u64 = 64 << 10;

impl Opening<'_> {
    /// Reads every file of a tar stream.
    pub(super) fn tar(&mut self, reader: &mut dyn Read, depth: usize) -> Result<(), Halt> {
        let mut archive = tar::Archive::new(reader);
        // Archives that were put one behind the other are one to `tar -i`.
        archive.set_ignore_zeros(true);
        let entries = match archive.entries() {
            Ok(entries) => entries.raw(true),
            Err(error) => return Err(self.damage(&error)),
        };
        let mut long_name: Option<Vec<u8>> = None;
        let mut is_damaged = false;
        for entry in entries {
            self.enter()?;
            let mut entry = match entry {
                Ok(entry) => entry,
                Err(error) => return Err(self.damage(&error)),
            };
            let kind = entry.header().entry_type();
            if kind.is_gnu_longname() || kind.is_pax_local_extensions() {
                let mut text = Vec::new();
                let read = entry.by_ref().take(LONGEST_NAME_BYTES).read_to_end(&mut text);
                if let Err(error) = read {
                    return Err(self.damage(&error));
                }
                long_name =
                    if kind.is_gnu_longname() { Some(text) } else { pax_path(&text).or(long_name) };
                continue;
            }
            if kind.is_gnu_longlink() || kind.is_pax_global_extensions() {
                continue;
            }
            let name = long_name.take().unwrap_or_else(|| entry.path_bytes().into_owned());
            let name = name.strip_suffix(b"\0").unwrap_or(&name).to_vec();
            if kind.is_file() || kind.is_contiguous() {
                self.path.push(name);
                let read = self.stream(&mut entry, depth + 1, false);
                self.path.pop();
                is_damaged |= read.is_err();
                if self.meter.stopped().is_some() {
                    return Err(Halt);
                }
            } else if kind.is_gnu_sparse() {
                self.path.push(name);
                self.skip(SkipKind::Unsupported, "a sparse file of GNU tar".to_owned());
                self.path.pop();
            }
        }
        if is_damaged { Err(Halt) } else { Ok(()) }
    }
}

/// The path among the attributes of a `pax` header: lines of a length, a name
/// and a value.
fn pax_path(text: &[u8]) -> Option<Vec<u8>> {
    text.split(|byte| *byte == b'\n').find_map(|line| {
        let space = memchr::memchr(b' ', line)?;
        line[space + 1..].strip_prefix(b"path=").map(<[u8]>::to_vec)
    })
}
