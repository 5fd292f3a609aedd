//! Gives up, for good, what a command needs not.
//!
//! In: what the command does and where it writes. Out: a process whose own
//! kernel refuses it the rest: to start programs, to trace others, to reach a
//! network, to write elsewhere. So a flaw in the reader of some hostile file
//! has nothing to work with. Nothing here knows what is read or why.
//!
//! A refused call fails with an error, it does not end the process: a mistake
//! in these lists must read as "permission denied", not as a crash. Where the
//! kernel offers neither Landlock nor seccomp, and on other systems, nothing is
//! given up and nothing is said, but [`Sandbox`] tells.

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod calls;
#[cfg(target_os = "linux")]
mod files;

use std::fmt;
use std::path::PathBuf;

/// What a command needs beyond reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: it reads, and writes its outputs.
    Nothing,
    /// Connections to the API, and names resolved.
    Network,
    /// Also a listening socket: the rehearsal's own API.
    Loopback,
}

/// A place where a command writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// One file, written through a neighbour that is renamed into place, so
    /// that its directory must be writable; or a device or pipe.
    File(PathBuf),
    /// A directory and everything below it; it may not exist yet.
    Directory(PathBuf),
}

/// What took hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sandbox {
    /// The Landlock version in force; `None` where the kernel has none.
    pub landlock_abi: Option<i32>,
    /// Whether system calls are filtered.
    pub filters_calls: bool,
}

impl fmt::Display for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.landlock_abi, self.filters_calls) {
            (Some(abi), true) => write!(f, "Landlock (version {abi}) and seccomp"),
            (Some(abi), false) => write!(f, "Landlock (version {abi}), no seccomp"),
            (None, true) => f.write_str("seccomp, no Landlock"),
            (None, false) => f.write_str("none on this system"),
        }
    }
}

/// Gives up what is not needed, in this thread and in those that it starts.
///
/// To be called before any other thread is started. Costs 0.3 ms once, and with
/// Landlock 1 µs for each file that is opened later.
#[allow(clippy::must_use_candidate, reason = "what took hold matters to who shows it alone")]
pub fn enter(needs: Needs, outputs: &[Output], inputs: &[PathBuf]) -> Sandbox {
    // Landlock also forbids looking into other processes, which is what a sweep
    // of `/proc` is for.
    #[cfg(target_os = "linux")]
    let landlock_abi = if inputs.iter().any(|path| lies_in_proc(path)) {
        None
    } else {
        files::restrict(needs, outputs)
    };
    #[cfg(not(target_os = "linux"))]
    let (landlock_abi, _) = (None, (outputs, inputs));
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
    let filters_calls = calls::restrict(needs);
    #[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
    let (filters_calls, _) = (false, needs);
    Sandbox { landlock_abi, filters_calls }
}

#[cfg(target_os = "linux")]
fn lies_in_proc(path: &std::path::Path) -> bool {
    path.canonicalize().is_ok_and(|path| path.starts_with("/proc"))
}
