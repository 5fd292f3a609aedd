//! Ctrl-C and its kin.
//!
//! In: signals. Out: a flag that a run looks at, so that it ends without a
//! report instead of with a part of one. A second signal, or one that comes
//! while output is written, ends the process at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::Exit;

/// Notes which signal came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt {
    signal: Arc<AtomicUsize>,
    kills: Arc<AtomicBool>,
}

impl Interrupt {
    /// Watches for Ctrl-C and SIGTERM from here on.
    ///
    /// # Errors
    ///
    /// Where the system takes no handler.
    pub(crate) fn watch() -> std::io::Result<Self> {
        let interrupt = Self::default();
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal finds the second flag unset.
            flag::register_conditional_default(signal, Arc::clone(&interrupt.kills))?;
            flag::register(signal, Arc::clone(&interrupt.kills))?;
            let number = usize::try_from(signal).unwrap_or(2);
            flag::register_usize(signal, Arc::clone(&interrupt.signal), number)?;
        }
        Ok(interrupt)
    }

    /// Whether a signal came.
    pub(crate) fn is_set(&self) -> bool {
        self.signal.load(Ordering::Relaxed) != 0
    }

    /// How a run that a signal ended exits.
    pub(crate) fn exit(&self) -> Exit {
        Exit::Interrupted(self.signal.load(Ordering::Relaxed) as u8)
    }

    /// From here on a signal ends the process at once: a reader that stopped
    /// reading must not hold us.
    pub(crate) fn let_kill(&self) {
        self.kills.store(true, Ordering::Relaxed);
    }
}
