//! How fast and how long the API is asked.
//!
//! In: the operator's rate and time limits, and the waits that the API asks
//! for. Out: when the next request may leave. Knows nothing of requests.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::VendorError;

/// The moment at which a run stops asking.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    /// A deadline so far from now; monotonic, so a clock that jumps changes
    /// nothing.
    #[must_use]
    pub fn after(limit: Duration) -> Self {
        // A century is as good as never and cannot overflow.
        Self(Instant::now() + limit.min(Duration::from_secs(100 * 365 * 24 * 3600)))
    }

    /// Whether the time is up.
    #[must_use]
    pub fn is_over(self) -> bool {
        Instant::now() >= self.0
    }

    /// The time that is left.
    #[must_use]
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Waits, unless the wait would end after the deadline.
    ///
    /// # Errors
    /// [`VendorError::OutOfTime`] at once where the wait would be too long.
    pub async fn wait(self, wait: Duration) -> Result<(), VendorError> {
        if wait >= self.left() {
            return Err(VendorError::OutOfTime);
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// How often and how patiently one question is asked.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// How often at most.
    pub attempts: u32,
    /// The first wait's upper bound; it doubles each time.
    pub first_wait: Duration,
    /// No wait of our own is longer.
    pub longest_wait: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts: 6,
            first_wait: Duration::from_millis(250),
            longest_wait: Duration::from_secs(8),
        }
    }
}

impl Patience {
    /// The wait before attempt `attempt` (from 1 for the first retry): what the
    /// API asked for, and a random part on top so that clients do not return
    /// in step.
    #[must_use]
    pub fn wait(&self, attempt: u32, asked: Option<Duration>) -> Duration {
        let doublings = attempt.saturating_sub(1).min(16);
        let bound = self.first_wait.saturating_mul(1 << doublings).min(self.longest_wait);
        // Without randomness the wait is the bound itself: slower, never wrong.
        let fraction =
            getrandom::u32().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX));
        match asked {
            Some(asked) => asked + bound.mul_f64(fraction).min(Duration::from_millis(500)),
            None => bound.mul_f64(fraction.max(0.1)),
        }
    }
}

/// Spaces requests evenly, and holds all of them back while the API asks for a
/// pause. Shared by every request of a run.
#[derive(Debug, Clone)]
pub struct Pace {
    state: Arc<Mutex<Schedule>>,
    interval: Duration,
}

#[derive(Debug)]
struct Schedule {
    next: Instant,
    paused_until: Instant,
}

impl Pace {
    /// At most so many requests a second; at least one.
    #[must_use]
    pub fn per_second(rate: u32) -> Self {
        let now = Instant::now();
        Self {
            state: Arc::new(Mutex::new(Schedule { next: now, paused_until: now })),
            interval: Duration::from_secs(1) / rate.max(1),
        }
    }

    /// Waits until the next request may leave.
    ///
    /// # Errors
    /// [`VendorError::OutOfTime`] where that is after the deadline.
    pub async fn admit(&self, deadline: Deadline) -> Result<(), VendorError> {
        loop {
            let slot = self.take_slot();
            let wait = slot.saturating_duration_since(Instant::now());
            if wait.is_zero() {
                return if deadline.is_over() { Err(VendorError::OutOfTime) } else { Ok(()) };
            }
            deadline.wait(wait).await?;
            // A pause may have been asked for meanwhile.
            if self.lock().paused_until <= Instant::now() {
                return Ok(());
            }
        }
    }

    /// Holds every request back for so long.
    pub fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait.min(Duration::from_secs(24 * 3600));
        let mut state = self.lock();
        state.paused_until = state.paused_until.max(until);
    }

    fn take_slot(&self) -> Instant {
        let now = Instant::now();
        let mut state = self.lock();
        let slot = state.next.max(state.paused_until).max(now);
        state.next = slot + self.interval;
        slot
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Schedule> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_are_bounded_and_never_shorter_than_asked() {
        let patience = Patience::default();
        for attempt in 1..40 {
            assert!(patience.wait(attempt, None) <= patience.longest_wait);
            let asked = Duration::from_secs(30);
            assert!(patience.wait(attempt, Some(asked)) >= asked);
        }
        assert!(patience.wait(1, None) <= patience.first_wait);
    }

    #[test]
    fn requests_leave_no_faster_than_the_rate_whoever_sends_them() {
        let runtime = crate::vendor::runtime().expect("a runtime");
        let begun = std::time::Instant::now();
        runtime.block_on(async {
            let pace = Pace::per_second(200);
            let deadline = Deadline::after(Duration::from_secs(60));
            let all = (0..41).map(|_| pace.admit(deadline));
            for admitted in futures_util::future::join_all(all).await {
                assert_eq!(admitted, Ok(()));
            }
        });
        assert!(begun.elapsed() >= Duration::from_millis(200));
    }

    #[test]
    fn a_wait_beyond_the_deadline_is_refused_at_once() {
        let runtime = crate::vendor::runtime().expect("a runtime");
        let begun = std::time::Instant::now();
        let result = runtime.block_on(async {
            Deadline::after(Duration::from_millis(50)).wait(Duration::from_secs(3600)).await
        });
        assert_eq!(result, Err(VendorError::OutOfTime));
        assert!(begun.elapsed() < Duration::from_secs(1));
    }
}
