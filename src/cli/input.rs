//! What standard input is.
//!
//! In: the process's standard input and a path. Out: whether there is an input
//! at all, and whether the path leads to it. Reads nothing.

use std::path::Path;

/// Whether a path leads to standard input, such as `/dev/stdin`.
#[cfg(unix)]
pub(crate) fn is_at(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let (Ok(there), Ok(input)) =
        (std::fs::metadata(path), rustix::fs::fstat(rustix::stdio::stdin()))
    else {
        return false;
    };
    #[allow(clippy::useless_conversion, reason = "the widths differ by system")]
    let input = (u64::try_from(input.st_dev), u64::try_from(input.st_ino));
    input == (Ok(there.dev()), Ok(there.ino()))
}

#[cfg(not(unix))]
pub(crate) fn is_at(_: &Path) -> bool {
    false
}

/// Whether the process was started without standard input.
///
/// What runs before `main` then puts the null device there, open both ways; a
/// shell's `< /dev/null` opens it for reading alone.
#[cfg(unix)]
pub(crate) fn is_closed() -> bool {
    use rustix::fs::{OFlags, fcntl_getfl};
    is_at(Path::new("/dev/null"))
        && fcntl_getfl(rustix::stdio::stdin())
            .is_ok_and(|flags| flags & OFlags::RWMODE == OFlags::RDWR)
}

#[cfg(not(unix))]
pub(crate) fn is_closed() -> bool {
    false
}
