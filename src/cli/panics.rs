//! What a panic may say.
//!
//! In: a panic. Out: where it happened, and nothing of what the program held.

/// Replaces the standard message, which may quote the bytes that it stumbled
/// over: they may be a key's.
pub(crate) fn keep_silent() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(
            || "an unknown place".to_owned(),
            |place| format!("{}:{}", place.file(), place.line()),
        );
        super::output::remark(&format!("internal error at {place}; please report it"));
    }));
}
