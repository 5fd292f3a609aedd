//! Work on a long list, shared among the processor's cores.
//!
//! In: a list and what is to be made of a part of it. Out: what was made of each
//! part, in order. The threads end before it returns, so that none is left to
//! whatever confines the process afterwards. Knows nothing of rules.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// The most threads; with more each has little to do.
const MOST_THREADS: usize = 4;

/// Into how many parts a thread's share is divided, so that none waits long for
/// another.
const PARTS_EACH: usize = 4;

/// Has parts of at least `least` items worked on, several at once.
pub(crate) fn in_parts<T: Sync, R: Send>(
    items: &[T],
    least: usize,
    work: impl Fn(&[T]) -> R + Sync,
) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
    let threads = threads.min(items.len() / least.max(1));
    if threads < 2 {
        return vec![work(items)];
    }
    let size = items.len().div_ceil(threads * PARTS_EACH).max(least);
    let parts: Vec<&[T]> = items.chunks(size).collect();
    let next = AtomicUsize::new(0);
    let share = || {
        let mut made = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(part) = parts.get(number) else { return made };
            made.push((number, work(part)));
        }
    };
    let mut made = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(share)).collect();
        let mut made = share();
        let joined = others.into_iter().map(thread::ScopedJoinHandle::join);
        made.extend(joined.flat_map(|made| made.unwrap_or_else(|panic| resume_unwind(panic))));
        made
    });
    made.sort_unstable_by_key(|(number, _)| *number);
    made.into_iter().map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_given_in_order_whatever_their_number() {
        for count in [0usize, 1, 2, 9, 10, 1000] {
            let items: Vec<usize> = (0..count).collect();
            for least in [0, 1, 3, 1000] {
                assert_eq!(in_parts(&items, least, <[usize]>::to_vec).concat(), items);
            }
        }
    }
}
