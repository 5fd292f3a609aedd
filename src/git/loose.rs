//! Objects that are stored as files of their own.
//!
//! In: a directory of objects, hostile. Out: the ids of the files in it, and what a
//! file holds. Knows nothing of packs.

use std::fs::DirEntry;
use std::io;
use std::path::{Path, PathBuf};

use gix_hash::{ObjectId, oid};

use super::names::{is_absent, list, read_plain, to_bytes};
use super::pack::{Buffer, Inflater, Kind, OBJECT_LIMIT_BYTES, ObjectError};

/// Where a loose object of this id would lie.
pub(crate) fn loose_path(directory: &Path, id: &oid) -> PathBuf {
    let hex = id.to_hex().to_string();
    directory.join(&hex[..2]).join(&hex[2..])
}

/// The ids of a directory's loose objects, sorted, as far as they can be listed.
pub(crate) fn loose_ids(directory: &Path, hash: gix_hash::Kind) -> Vec<ObjectId> {
    list_loose(directory, hash, |_, _| {})
}

/// As [`loose_ids`]; what cannot be listed is given to `fails`, and why.
pub(crate) fn list_loose(
    directory: &Path,
    hash: gix_hash::Kind,
    mut fails: impl FnMut(&Path, &io::Error),
) -> Vec<ObjectId> {
    let mut found = Vec::new();
    for (path, fan) in listed(directory, &mut fails) {
        if fan.len() != FAN_DIGITS || !fan.iter().all(u8::is_ascii_hexdigit) {
            continue;
        }
        for (_, rest) in listed(&path, &mut fails) {
            let hex = [&*fan, &rest].concat();
            if hex.len() == hash.len_in_hex()
                && let Ok(id) = ObjectId::from_hex(&hex)
            {
                found.push(id);
            }
        }
    }
    found.sort_unstable();
    found
}

/// How many of an id's digits name the directory that its object lies in.
const FAN_DIGITS: usize = 2;

/// The paths and names of what lies in a directory.
fn listed(directory: &Path, fails: &mut impl FnMut(&Path, &io::Error)) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = list(directory, |error| {
        if !is_absent(error) {
            fails(directory, error);
        }
    });
    let named = |entry: &DirEntry| (entry.path(), to_bytes(Path::new(&entry.file_name())));
    entries.iter().map(named).collect()
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
