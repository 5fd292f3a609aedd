//! The floor below every sweep of a repository: inflates every blob, commit and
//! tag entry of its packs once, and does nothing else.
//!
//! `--once REPOSITORY.git` is the floor as a command: to be timed from outside, from
//! start to exit, as whatever is held against it. Without `--once` each kind is
//! inflated five times in one process and what took how long is printed, the opening
//! of packs, the reading of headers and the first touch of the pack's pages left out;
//! trees too, which are no part of the floor, to see what reading them adds.
//!
//! It works on as many threads as rayon chooses (`RAYON_NUM_THREADS`) and shares no
//! code with the product, so that neither can flatter the other.

#![expect(clippy::print_stdout, reason = "a program that measures and prints")]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rayon::prelude::*;

/// The entry types of a pack that are measured, with their names.
const KINDS: [(u8, &str); 4] = [(3, "blob"), (1, "commit"), (4, "tag"), (2, "tree")];

/// The kinds of the floor.
const FLOOR: [u8; 3] = [3, 1, 4];

/// How many times each kind is measured within one process; the median counts.
const ROUNDS: usize = 5;

/// Bytes behind an entry and behind its place that libdeflate is quicker with. The
/// floor is without: it is what a plain call of the library takes.
const MARGIN: (u64, usize) = (64, 320);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let repositories: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let has_flag = |flag: &str| std::env::args().any(|argument| argument == flag);
    let is_zlib_rs = has_flag("--zlib-rs");
    let margin = if has_flag("--margin") { MARGIN } else { (0, 0) };
    if repositories.is_empty() {
        println!("usage: floor [--once] [--margin | --zlib-rs] REPOSITORY.git…");
    }
    for repository in repositories {
        let packs = find_packs(Path::new(&repository))?;
        if has_flag("--once") {
            let (mut count, mut bytes) = (0, 0);
            for path in &packs {
                let pack = Pack::open(path)?;
                let entries = pack.entries(&FLOOR);
                pack.inflate_by(is_zlib_rs, &entries, margin);
                count += entries.len();
                bytes += entries.iter().map(|entry| entry.size).sum::<usize>();
            }
            println!("{repository}: {count} entries {} MB", bytes / 1_000_000);
            continue;
        }
        for (kind, name) in KINDS {
            let mut rounds = Vec::new();
            let mut sums = (0, 0);
            for _ in 0..ROUNDS {
                let mut spent = Duration::ZERO;
                sums = (0, 0);
                for path in &packs {
                    let pack = Pack::open(path)?;
                    let entries = pack.entries(&[kind]);
                    let start = Instant::now();
                    pack.inflate_by(is_zlib_rs, &entries, margin);
                    spent += start.elapsed();
                    sums.0 += entries.len();
                    sums.1 += entries.iter().map(|entry| entry.size).sum::<usize>();
                }
                rounds.push(spent);
            }
            rounds.sort_unstable();
            println!(
                "{repository}: {name:6} {:7} entries {:5} MB {:.3} s",
                sums.0,
                sums.1 / 1_000_000,
                rounds[ROUNDS / 2].as_secs_f64()
            );
        }
    }
    Ok(())
}

fn find_packs(repository: &Path) -> std::io::Result<Vec<PathBuf>> {
    let git_dir = repository.join(".git");
    let git_dir = if git_dir.is_dir() { git_dir } else { repository.to_owned() };
    let mut packs: Vec<PathBuf> = std::fs::read_dir(git_dir.join("objects/pack"))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pack"))
        .collect();
    packs.sort();
    Ok(packs)
}

struct Pack {
    data: gix_pack::data::File,
    offsets: Vec<u64>,
}

struct Entry {
    start: u64,
    end: u64,
    size: usize,
}

impl Pack {
    fn open(path: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        let hash = gix_hash::Kind::Sha1;
        let index = gix_pack::index::File::at(path.with_extension("idx"), hash)
            .map_err(|error| error.to_string())?;
        let data = gix_pack::data::File::at(path, hash).map_err(|error| error.to_string())?;
        let mut offsets: Vec<u64> = (0..index.num_objects())
            .into_par_iter()
            .map(|at| index.pack_offset_at_index(at))
            .collect();
        offsets.par_sort_unstable();
        offsets.push(data.pack_end() as u64);
        Ok(Self { data, offsets })
    }

    fn bytes(&self, start: u64, end: u64) -> &[u8] {
        self.data.entry_slice(start..end).expect("an offset of the index")
    }

    /// The entries whose object is of these kinds, their deltas followed to the
    /// root; reference deltas are left out, which complete clones do not have.
    fn entries(&self, wanted: &[u8]) -> Vec<Entry> {
        let read: Vec<(u8, usize, Entry)> =
            (0..self.offsets.len() - 1).into_par_iter().map(|at| self.header(at)).collect();
        let mut kinds = Vec::with_capacity(read.len());
        let mut found = Vec::with_capacity(read.len());
        for (kind, base, entry) in read {
            let kind = if kind == 6 { kinds.get(base).copied().unwrap_or(0) } else { kind };
            kinds.push(kind);
            if wanted.contains(&kind) {
                found.push(entry);
            }
        }
        found
    }

    /// What the header of an entry says: its type, which entry it rests on, if on
    /// any, and where and how long it is.
    fn header(&self, at: usize) -> (u8, usize, Entry) {
        let bytes = self.bytes(self.offsets[at], self.offsets[at + 1]);
        let (mut next, mut size, mut shift) = (1, usize::from(bytes[0] & 15), 4);
        while bytes[next - 1] & 0x80 != 0 {
            size |= usize::from(bytes[next] & 0x7f) << shift;
            shift += 7;
            next += 1;
        }
        let kind = (bytes[0] >> 4) & 7;
        let mut base = usize::MAX;
        if kind == 6 {
            let mut distance = u64::from(bytes[next] & 0x7f);
            while bytes[next] & 0x80 != 0 {
                next += 1;
                distance = ((distance + 1) << 7) | u64::from(bytes[next] & 0x7f);
            }
            next += 1;
            let offset = self.offsets[at] - distance;
            base = self.offsets[..at].binary_search(&offset).unwrap_or(usize::MAX);
        }
        let start = self.offsets[at] + next as u64;
        (kind, base, Entry { start, end: self.offsets[at + 1], size })
    }

    fn inflate_by(&self, is_zlib_rs: bool, entries: &[Entry], margin: (u64, usize)) {
        if is_zlib_rs {
            self.inflate_with_zlib_rs(entries);
        } else {
            self.inflate(entries, margin);
        }
    }

    fn inflate(&self, entries: &[Entry], (margin_read, margin_written): (u64, usize)) {
        let end = self.data.pack_end() as u64;
        let largest = entries.iter().map(|entry| entry.size).max().unwrap_or(0);
        let failed = AtomicUsize::new(0);
        entries.par_chunks(256).for_each_init(
            || (libdeflater::Decompressor::new(), vec![0u8; largest + margin_written]),
            |(decompressor, out), chunk| {
                for entry in chunk {
                    let bytes = self.bytes(entry.start, end.min(entry.end + margin_read));
                    let place = &mut out[..entry.size + margin_written];
                    if decompressor.zlib_decompress(bytes, place) != Ok(entry.size) {
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            },
        );
        assert_eq!(failed.into_inner(), 0, "entries that do not inflate");
    }

    fn inflate_with_zlib_rs(&self, entries: &[Entry]) {
        let largest = entries.iter().map(|entry| entry.size).max().unwrap_or(0);
        let failed = AtomicUsize::new(0);
        entries.par_chunks(256).for_each_init(
            || (flate2::Decompress::new(true), vec![0u8; largest + 1]),
            |(decompressor, out), chunk| {
                for entry in chunk {
                    let bytes = self.bytes(entry.start, entry.end);
                    decompressor.reset(true);
                    let finish = flate2::FlushDecompress::Finish;
                    let status = decompressor.decompress(bytes, &mut out[..=entry.size], finish);
                    let is_whole = decompressor.total_out() == entry.size as u64;
                    if !matches!(status, Ok(flate2::Status::StreamEnd)) || !is_whole {
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            },
        );
        assert_eq!(failed.into_inner(), 0, "entries that do not inflate");
    }
}
