//! Work on a long list, shared among the processor's cores.
//!
//! In: a list and what is to be made of a part of it. Out: what was made of each
//! part, in order. The threads end before it returns, so that none is left to
//! whatever confines the process afterwards. Knows nothing of rules.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread;

/// The most threads; with more each has little to do.
const MOST_THREADS: usize = 4;

/// Has parts of at least `least` items worked on at once.
pub(crate) fn in_parts<T: Sync, R: Send>(
    items: &[T],
    least: usize,
    work: impl Fn(&[T]) -> R + Sync,
) -> Vec<R> {
    let most = items.len() / least.max(1);
    if most < 2 {
        return vec![work(items)];
    }
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
    let mut parts = items.chunks(items.len().div_ceil(threads.min(most)));
    let Some(first) = parts.next() else { return Vec::new() };
    let work = &work;
    thread::scope(|scope| {
        let others: Vec<_> = parts.map(|part| scope.spawn(move || work(part))).collect();
        let mut made = vec![work(first)];
        let joined = others.into_iter().map(thread::ScopedJoinHandle::join);
        made.extend(joined.map(|made| made.unwrap_or_else(|panic| resume_unwind(panic))));
        made
    })
}

/// Has two things done at once.
pub(super) fn both<A: Send, B>(
    one: impl FnOnce() -> A + Send,
    other: impl FnOnce() -> B,
) -> (A, B) {
    thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        (one.join().unwrap_or_else(|panic| resume_unwind(panic)), other)
    })
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
