//! Sweeps loose objects.
//!
//! In: the directories of a store. Out: the candidates among their loose
//! objects, those that a pack holds too left out.

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};

use gix_hash::ObjectId;
use rayon::prelude::*;

use super::delivery::{Delivery, tally};
use super::hopefully::LARGE_OBJECT_BYTES;
use super::stream;
use crate::finding::{Skip, SkipKind};
use crate::git::names::{escape, to_bytes};
use crate::git::pack::{Inflater, Kind, ObjectError};
use crate::git::{Links, Store, list_loose, loose_header, loose_path, read_loose};

/// How many objects a thread takes at least.
const SHARE: usize = 64;

/// Sweeps every directory's loose objects.
pub(super) fn sweep(store: &Store, delivery: &Delivery<'_>) {
    let mut objects: Vec<(ObjectId, PathBuf)> = Vec::new();
    for directory in &store.directories {
        let unlisted = |path: &Path, error: &std::io::Error| {
            let (origin, reason) = (escape(&to_bytes(path)), error.to_string());
            delivery.sink.skip(Skip { origin, kind: SkipKind::Unreadable, reason });
        };
        for id in list_loose(directory, delivery.hash, unlisted) {
            if !store.is_packed(&id) {
                objects.push((id, loose_path(directory, &id)));
            }
        }
    }
    objects.sort();
    let groups: Vec<&[(ObjectId, PathBuf)]> =
        objects.chunk_by(|one, other| one.0 == other.0).collect();
    // Not with every thread at once: one may be at the repository's own files.
    let begin = || (Inflater::new(), Links::new(store));
    let shares =
        groups.par_iter().with_min_len(SHARE).fold(begin, |(mut inflater, mut links), copies| {
            if !delivery.sink.is_cancelled() {
                any_copy(copies, delivery, &mut inflater, &mut links);
            }
            (inflater, links)
        });
    shares.for_each(|(_, links)| delivery.missing(links.into_missing()));
}

/// Sweeps the first copy that is sound, or names the last one's fault.
fn any_copy(
    copies: &[(ObjectId, PathBuf)],
    delivery: &Delivery<'_>,
    inflater: &mut Inflater,
    links: &mut Links<'_>,
) {
    let mut fault = None;
    for (_, path) in copies {
        match object(path, delivery, inflater, links) {
            Ok(()) => return,
            Err(error) => fault = Some(error),
        }
    }
    if let Some(error) = fault {
        delivery.fault(copies[0].0, &error);
    }
}

fn object(
    path: &std::path::Path,
    delivery: &Delivery<'_>,
    inflater: &mut Inflater,
    links: &mut Links<'_>,
) -> Result<(), ObjectError> {
    let unreadable = |error: std::io::Error| ObjectError::Unreadable(error.to_string());
    let (kind, size, header_len) = header(path).map_err(unreadable)??;
    if size >= LARGE_OBJECT_BYTES {
        let open = || {
            let mut stream = flate2::bufread::ZlibDecoder::new(BufReader::new(File::open(path)?));
            stream.read_exact(&mut vec![0; header_len])?;
            Ok(stream)
        };
        if stream::object(delivery, kind, size, open)? {
            delivery.sink.count(tally(kind, size));
            return Ok(());
        }
    }
    let (kind, content) = read_loose(path, inflater)?.ok_or(ObjectError::NoObject)?;
    delivery.sink.count(tally(kind, content.len() as u64));
    if delivery.is_candidate(kind, &content) {
        delivery.object(kind, &content);
    }
    links.object(kind, &content)
}

/// The kind, the size and the header's length, from the first bytes alone.
fn header(path: &std::path::Path) -> std::io::Result<Result<(Kind, u64, usize), ObjectError>> {
    if !std::fs::metadata(path)?.is_file() {
        return Ok(Err(ObjectError::NoObject));
    }
    let mut start = Vec::new();
    File::open(path)?.take(256).read_to_end(&mut start)?;
    Ok(loose_header(&start))
}
