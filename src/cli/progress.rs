//! What a run shows of itself on a terminal.
//!
//! In: counts from many threads. Out: one line on standard error, redrawn ten
//! times a second; nothing at all where that is no terminal.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressState, ProgressStyle};
use keysweep::finding::Tally;
use keysweep::pipeline::Progress;

use super::interrupt::Interrupt;

#[derive(Default)]
struct Counts {
    files: AtomicU64,
    objects: AtomicU64,
    bytes: AtomicU64,
    found: AtomicU64,
}

/// Shows counts and passes Ctrl-C on.
pub(crate) struct Meter {
    counts: Arc<Counts>,
    bar: Option<ProgressBar>,
    interrupt: Interrupt,
}

impl Meter {
    /// Shows a line where `wanted` and standard error is a terminal.
    pub(crate) fn new(wanted: bool, interrupt: Interrupt) -> Self {
        let counts = Arc::new(Counts::default());
        let bar = (wanted && std::io::stderr().is_terminal()).then(|| draw(&counts));
        Self { counts, bar, interrupt }
    }
}

fn draw(counts: &Arc<Counts>) -> ProgressBar {
    let counts = Arc::clone(counts);
    let line = move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (files, objects) = (get(&counts.files), get(&counts.objects));
        let (bytes, found) = (get(&counts.bytes), get(&counts.found));
        let milliseconds = state.elapsed().as_millis().max(1) as u64;
        let rate = bytes / milliseconds * 1000;
        let _ = write!(out, "{} files", HumanCount(files));
        if objects > 0 {
            let _ = write!(out, ", {} objects", HumanCount(objects));
        }
        let _ = write!(out, ", {} at {}/s", HumanBytes(bytes), HumanBytes(rate));
        let _ = write!(out, ", {} hits", HumanCount(found));
    };
    let style = ProgressStyle::with_template("{spinner} sweeping: {counts}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
        .with_key("counts", line);
    let bar = ProgressBar::new_spinner().with_style(style);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Meter {
    fn read(&self, tally: Tally) {
        if self.bar.is_some() {
            let add = |count: &AtomicU64, more| count.fetch_add(more, Ordering::Relaxed);
            add(&self.counts.files, tally.files);
            add(&self.counts.objects, tally.blobs + tally.commits);
            add(&self.counts.bytes, tally.bytes);
        }
    }

    fn found(&self, occurrences: u64) {
        self.counts.found.fetch_add(occurrences, Ordering::Relaxed);
    }

    fn is_cancelled(&self) -> bool {
        self.interrupt.is_set()
    }
}
