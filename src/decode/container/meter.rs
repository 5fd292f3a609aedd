//! Counts what a container costs and stops it at its budget.
//!
//! In: a budget. Out: readers that fail once it is spent.

use std::cell::Cell;
use std::io::{self, Read};
use std::time::{Duration, Instant};

use super::Budget;

/// What one outermost container has cost.
pub(super) struct Meter {
    pub(super) budget: Budget,
    size_bytes: u64,
    deadline: Instant,
    time: Duration,
    expanded_bytes: Cell<u64>,
    entries: Cell<u64>,
    stopped: Cell<Option<Limit>>,
    is_reported: Cell<bool>,
}

/// The budget that was spent first.
#[derive(Debug, Clone, Copy)]
enum Limit {
    Expanded,
    Ratio,
    Entries,
    Time,
}

impl Meter {
    pub(super) fn new(budget: &Budget, size_bytes: u64) -> Self {
        let time = budget.time + Duration::from_secs(size_bytes / budget.bytes_a_second.max(1));
        Self {
            budget: *budget,
            size_bytes,
            deadline: Instant::now() + time,
            time,
            expanded_bytes: Cell::new(0),
            entries: Cell::new(0),
            stopped: Cell::new(None),
            is_reported: Cell::new(false),
        }
    }

    /// Why nothing more is read, once a budget is spent.
    pub(super) fn stopped(&self) -> Option<String> {
        Some(match self.stopped.get()? {
            Limit::Expanded => format!(
                "the container expands past the budget of {} MiB",
                self.budget.expanded_bytes >> 20
            ),
            Limit::Ratio => format!(
                "the container expands past the budget of {} times its size",
                self.budget.ratio
            ),
            Limit::Entries => {
                format!("the container holds more than the budget of {} files", self.budget.entries)
            }
            Limit::Time => {
                format!("the container takes longer than the budget of {} s", self.time.as_secs())
            }
        })
    }

    /// Whether this asks first; the stop is named once.
    pub(super) fn is_first_report(&self) -> bool {
        !self.is_reported.replace(true)
    }

    /// Counts one file inside.
    pub(super) fn enter(&self) -> io::Result<()> {
        self.entries.set(self.entries.get() + 1);
        if self.entries.get() > self.budget.entries {
            self.stop(Limit::Entries);
        }
        self.check()
    }

    /// A reader whose bytes count as expanded.
    pub(super) fn read<R>(&self, inner: R) -> Metered<'_, R> {
        Metered { inner, meter: self }
    }

    fn expand(&self, bytes: usize) -> io::Result<()> {
        let expanded = self.expanded_bytes.get() + bytes as u64;
        self.expanded_bytes.set(expanded);
        if expanded > self.budget.expanded_bytes {
            self.stop(Limit::Expanded);
        } else if expanded > self.budget.ratio_from_bytes
            && expanded / self.budget.ratio.max(1) > self.size_bytes
        {
            self.stop(Limit::Ratio);
        }
        self.check()
    }

    fn stop(&self, limit: Limit) {
        if self.stopped.get().is_none() {
            self.stopped.set(Some(limit));
        }
    }

    fn check(&self) -> io::Result<()> {
        if self.stopped.get().is_none() && Instant::now() >= self.deadline {
            self.stop(Limit::Time);
        }
        match self.stopped.get() {
            None => Ok(()),
            Some(_) => Err(io::Error::other("the container's budget is spent")),
        }
    }
}

/// A reader that fails once the budget is spent.
pub(super) struct Metered<'a, R> {
    inner: R,
    meter: &'a Meter,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(room)?;
        self.meter.expand(count)?;
        Ok(count)
    }
}
