//! A pack's reverse index: which of the index's objects comes after which.
//!
//! In: the `.rev` that git since 2.41 writes beside a pack, hostile. Out: where in
//! the index each entry stands, by offset, if the index bears that out: the offsets
//! decide, not the file.
//!
//! The format is told in git's `gitformat-pack`: signature, version and hash, a
//! position of the index for each entry, and the checksums of the pack and of the
//! file itself, each number with its highest byte first. Neither the hash nor the
//! file's own checksum is asked.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use rayon::prelude::*;

use super::Pack;

const HEADER_BYTES: usize = 12;
const POSITION_BYTES: usize = size_of::<u32>();

/// The positions and offsets of all entries, in the order of their offsets; `None`
/// where no such file is, where it is another pack's, or where the offsets that it
/// leads to do not rise, all of them inside the pack.
pub(super) fn read(pack: &Pack, path: &Path) -> Option<(Vec<u32>, Vec<u64>)> {
    let stored = stored(pack, path)?;
    let (numbers, _) = stored.as_chunks::<POSITION_BYTES>();
    let positions: Vec<u32> = numbers.par_iter().map(|bytes| u32::from_be_bytes(*bytes)).collect();
    if positions.par_iter().any(|position| *position >= pack.len()) {
        return None;
    }
    let offsets: Vec<u64> =
        positions.par_iter().map(|position| pack.offset_at(*position)).collect();
    // Of as many offsets as there are entries, each larger than the one before,
    // none is left out and none comes twice.
    let is_rising = offsets.par_windows(2).all(|pair| pair[0] < pair[1]);
    let is_inside = |offset: Option<&u64>| offset.is_none_or(|offset| pack.is_inside(*offset));
    let is_sound = is_rising && is_inside(offsets.first()) && is_inside(offsets.last());
    is_sound.then_some((positions, offsets))
}

/// The positions as they are stored, if the file is as long as it should be and
/// names the pack.
fn stored(pack: &Pack, path: &Path) -> Option<Vec<u8>> {
    let checksum = pack.checksum();
    let checksum = checksum.as_bytes();
    let positions_end = HEADER_BYTES + POSITION_BYTES * pack.len() as usize;
    let expected_len = positions_end + 2 * checksum.len();
    let metadata = fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() != expected_len as u64 {
        return None;
    }
    let mut bytes = Vec::with_capacity(expected_len + 1);
    fs::File::open(path).ok()?.take(expected_len as u64 + 1).read_to_end(&mut bytes).ok()?;
    let is_ours = bytes.len() == expected_len
        && bytes.starts_with(b"RIDX\0\0\0\x01")
        && bytes[positions_end..].starts_with(checksum);
    if !is_ours {
        return None;
    }
    bytes.truncate(positions_end);
    bytes.drain(..HEADER_BYTES);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::forest;
    use super::*;
    use crate::git::git_support::Repo;

    /// A pack with a reverse index, both by git.
    fn pack(repo: &Repo) -> (Pack, PathBuf) {
        for number in 0..9u8 {
            repo.write("file", vec![b'0' + number; number.into()]);
            repo.commit("message", number.into());
        }
        repo.git(&["-c", "pack.writeReverseIndex=true", "repack", "-adq"]);
        let packs = fs::read_dir(repo.root().join(".git/objects/pack")).expect("packs");
        let mut paths = packs.flatten().map(|entry| entry.path());
        let path = paths.find(|path| path.extension().is_some_and(|ending| ending == "pack"));
        let path = path.expect("a pack");
        let pack = Pack::open(&path, gix_hash::Kind::Sha1).expect("sound");
        (pack, path.with_extension("rev"))
    }

    #[test]
    fn what_git_stored_is_what_sorting_gives() {
        let repo = Repo::new();
        let (pack, path) = pack(&repo);
        let (positions, offsets) = read(&pack, &path).expect("sound");
        assert_eq!(offsets.len(), 27);
        assert_eq!(positions, forest::positions(&pack));
        let mut sorted: Vec<u64> = (0..pack.len()).map(|at| pack.offset_at(at)).collect();
        sorted.sort_unstable();
        assert_eq!(offsets, sorted);
    }

    #[test]
    fn what_the_index_does_not_bear_out_is_not_believed() {
        let repo = Repo::new();
        let (pack, path) = pack(&repo);
        let sound = fs::read(&path).expect("a file");
        let own = repo.beside("rev");
        let is_believed = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = sound.clone();
            change(&mut bytes);
            fs::write(&own, bytes).expect("a file");
            read(&pack, &own).is_some()
        };
        assert!(is_believed(&|_| ()));
        assert!(!is_believed(&|bytes| bytes[0] ^= 1), "the signature");
        assert!(!is_believed(&|bytes| bytes[7] = 2), "the version");
        assert!(!is_believed(&|bytes| bytes.truncate(bytes.len() - 1)), "the length");
        assert!(!is_believed(&|bytes| bytes.push(0)), "the length");
        assert!(!is_believed(&|bytes| bytes[12..20].rotate_left(4)), "the order");
        assert!(!is_believed(&|bytes| bytes.copy_within(12..16, 16)), "one twice");
        assert!(!is_believed(&|bytes| bytes[12..16].fill(0xff)), "a position");
        let checksum = sound.len() - 40;
        assert!(!is_believed(&|bytes| bytes[checksum] ^= 1), "the pack");
        assert!(is_believed(&|bytes| bytes[11] ^= 3), "the hash");
        assert!(is_believed(&|bytes| bytes[checksum + 20] ^= 1), "its own checksum");
        assert!(read(&pack, &repo.beside("none")).is_none());
    }
}
