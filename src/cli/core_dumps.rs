//! Keeps keys out of core dumps.
//!
//! In: nothing. Out: a process that leaves no core file and whose memory its
//! own user's other processes cannot read. Called before the first key is read.

/// Turns core dumps off; where the system refuses, says so.
#[cfg(unix)]
pub(crate) fn forbid() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let refused = setrlimit(Resource::Core, none).is_err();
    #[cfg(target_os = "linux")]
    let refused = {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // A limit of zero does not bind a core pattern that pipes to a program.
        set_dumpable_behavior(DumpableBehavior::NotDumpable).is_err() || refused
    };
    if refused {
        super::output::remark("core dumps could not be turned off; a crash may write keys to disk");
    }
}

/// Windows writes no dump of a process unless its administrator set that up.
#[cfg(not(unix))]
pub(crate) fn forbid() {}
