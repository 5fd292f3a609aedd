//! Objects that are stored as files of their own.
//!
//! In: a directory of objects, hostile. Out: the ids of the files in it, and what a
//! file holds. Knows nothing of packs.

use std::path::{Path, PathBuf};

use gix_hash::{ObjectId, oid};

use super::names::read_plain;
use super::pack::{Buffer, Inflater, Kind, OBJECT_LIMIT_BYTES, ObjectError};

/// Where a loose object of this id would lie.
pub(crate) fn loose_path(directory: &Path, id: &oid) -> PathBuf {
    let hex = id.to_hex().to_string();
    directory.join(&hex[..2]).join(&hex[2..])
}

/// The ids of a directory's loose objects, sorted.
pub(crate) fn loose_ids(directory: &Path, hash: gix_hash::Kind) -> Vec<ObjectId> {
    let mut found = Vec::new();
    for fan in 0..=u8::MAX {
        let fan = format!("{fan:02x}");
        let Ok(entries) = std::fs::read_dir(directory.join(&fan)) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(rest) = name.to_str() else { continue };
            if fan.len() + rest.len() == hash.len_in_hex()
                && let Ok(id) = ObjectId::from_hex(format!("{fan}{rest}").as_bytes())
            {
                found.push(id);
            }
        }
    }
    found.sort_unstable();
    found
}

/// Reads a loose object; `None` where there is none.
pub(crate) fn read_loose(
    path: &Path,
    inflater: &mut Inflater,
) -> Result<Option<(Kind, Buffer)>, ObjectError> {
    let compressed = match read_plain(path) {
        Ok(Some(compressed)) => compressed,
        Ok(None) => return Ok(None),
        Err(error) => return Err(ObjectError::Unreadable(error.to_string())),
    };
    let (kind, size_bytes, header_len) = loose_header(&compressed)?;
    if size_bytes > OBJECT_LIMIT_BYTES {
        return Err(ObjectError::TooLarge(size_bytes));
    }
    let mut whole = Buffer::default();
    inflater.append(&compressed, size_bytes + header_len as u64, &mut whole)?;
    let mut content = Buffer::default();
    content.extend(&whole[header_len..]);
    Ok(Some((kind, content)))
}

/// The kind, the size and the length of the header `KIND SIZE\0`.
pub(crate) fn loose_header(compressed: &[u8]) -> Result<(Kind, u64, usize), ObjectError> {
    let mut start = [0u8; 64];
    let mut stream = flate2::Decompress::new(true);
    stream
        .decompress(compressed, &mut start, flate2::FlushDecompress::None)
        .map_err(|_| ObjectError::NoObject)?;
    let start = &start[..stream.total_out() as usize];
    let end = start.iter().position(|byte| *byte == 0).ok_or(ObjectError::NoObject)?;
    let mut words = start[..end].split(|byte| *byte == b' ');
    let kind = words.next().and_then(Kind::from_name).ok_or(ObjectError::NoObject)?;
    let size_bytes = words
        .next()
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| digits.parse().ok())
        .ok_or(ObjectError::NoObject)?;
    Ok((kind, size_bytes, end + 1))
}
