//! How long a sweep of a repository's storage takes, and how much it delivers.
//!
//! `cargo bench --bench history -- REPOSITORY.git [LITERAL…]`: the literals
//! default to the built-in ones. Prints each round, since the first is cold.
//! With `KEYSWEEP_BENCH_OBJECTS=FILE`, a list of object ids, it measures their
//! provenance instead.

#![expect(clippy::print_stdout, reason = "a program that measures and prints")]

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use keysweep::finding::{Skip, Tally};
use keysweep::git::Repository;
use keysweep::rule::{Literal, Prefilter};
use keysweep::source::{Content, Sink, history};

/// Counts what a sweep delivers.
#[derive(Default)]
struct Count {
    contents: AtomicU64,
    bytes: AtomicU64,
    skips: Mutex<Vec<Skip>>,
    tally: Mutex<Tally>,
}

impl Sink for Count {
    fn content(&self, content: Content<'_>) {
        self.contents.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(content.bytes.len() as u64, Ordering::Relaxed);
    }

    fn skip(&self, skip: Skip) {
        self.skips.lock().expect("no panic holds it").push(skip);
    }

    fn count(&self, tally: Tally) {
        *self.tally.lock().expect("no panic holds it") += tally;
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let Some(path) = arguments.next() else {
        println!("usage: history REPOSITORY.git [LITERAL…]");
        return Ok(());
    };
    let mut literals: Vec<Literal> =
        arguments.filter_map(|argument| Literal::new(&argument)).collect();
    if literals.is_empty() {
        literals = ["bitkit", "bytestack"].into_iter().filter_map(Literal::new).collect();
    }
    let repository = Repository::discover_root(Path::new(&path))?.ok_or("not a repository")?;
    if let Some(list) = std::env::var_os("KEYSWEEP_BENCH_OBJECTS") {
        return measure_provenance(&repository, &std::fs::read_to_string(list)?);
    }
    for _ in 0..5 {
        let start = Instant::now();
        let prefilter = Prefilter::new(&literals, false);
        let built = start.elapsed();
        let count = Count::default();
        history::sweep(&repository, &Arc::from(path.as_str()), &prefilter, &count)?;
        println!(
            "{:.3} s (prefilter {:.4} s): {} contents, {} bytes delivered, {} skips, {:?}",
            start.elapsed().as_secs_f64(),
            built.as_secs_f64(),
            count.contents.into_inner(),
            count.bytes.into_inner(),
            count.skips.into_inner()?.len(),
            count.tally.into_inner()?,
        );
    }
    Ok(())
}

fn measure_provenance(
    repository: &Repository,
    list: &str,
) -> Result<(), Box<dyn std::error::Error>> {
    let ids = list
        .lines()
        .map(|line| gix_hash::ObjectId::from_hex(line.as_bytes()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| error.to_string())?;
    for _ in 0..5 {
        let start = Instant::now();
        let found = keysweep::git::provenance(repository, &ids)?;
        let introduced = found.values().filter(|found| found.introduced.is_some()).count();
        println!(
            "{:.3} s: provenance of {} objects, {introduced} introduced by a commit",
            start.elapsed().as_secs_f64(),
            ids.len()
        );
    }
    Ok(())
}
