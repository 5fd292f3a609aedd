//! What the process does to itself before it holds a key.
//!
//! In: nothing. Out: no core dumps, and panics that say where they happened
//! but never what they held.

/// Turns off core dumps and the standard panic message, which may quote the
/// bytes that it stumbled over.
pub(crate) fn prepare() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let maximum = getrlimit(Resource::Core).maximum;
        // Where the system refuses, the keys are as safe as in any process.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum });
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(
            || "an unknown place".to_owned(),
            |place| format!("{}:{}", place.file(), place.line()),
        );
        super::output::remark(&format!("internal error at {place}; please report it"));
    }));
}
