//! Names that a repository brings: printing them, listing and reading files safely.
//!
//! In: bytes and paths from a hostile repository. Out: text safe to print, the
//! contents of plain files of bounded size, and what lies in directories.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

/// The largest file of a repository's own (a ref, a config) that is read whole.
///
/// The largest packed-refs of a public repository is a few tens of MB.
pub(crate) const FILE_LIMIT_BYTES: u64 = 256 << 20;

/// Percent-escapes what is not UTF-8, a literal `%`, control characters and
/// those that turn the direction of text, under which a name reads as another.
pub(crate) fn escape(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut escaped = String::with_capacity(bytes.len());
    let percent = |escaped: &mut String, bytes: &[u8]| {
        for byte in bytes {
            write!(escaped, "%{byte:02X}").expect("a String takes every write");
        }
    };
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            if letter == '%' || letter.is_control() || is_invisible(letter) {
                percent(&mut escaped, letter.encode_utf8(&mut [0; 4]).as_bytes());
            } else {
                escaped.push(letter);
            }
        }
        percent(&mut escaped, chunk.invalid());
    }
    escaped
}

/// Marks, overrides and isolates of direction; line and paragraph separators;
/// the byte order mark; hyphens and blanks that take no room.
pub(crate) fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}'
        | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{3164}' | '\u{ffa0}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Reads a plain file; `None` where there is none.
///
/// # Errors
/// A file that is not plain (a FIFO would block for ever), one above the limit,
/// and whatever the system refuses.
pub(crate) fn read_plain(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    if !metadata.is_file() {
        return Err(io::Error::other("not a plain file"));
    }
    if metadata.len() > FILE_LIMIT_BYTES {
        return Err(io::Error::other("larger than 256 MiB"));
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    fs::File::open(path)?.take(FILE_LIMIT_BYTES).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// What lies in a directory, in the system's order; `fails` hears of everything that
/// keeps some of it from being listed, that there is no such directory too.
pub(crate) fn list(directory: &Path, mut fails: impl FnMut(&io::Error)) -> Vec<fs::DirEntry> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) => {
            fails(&error);
            return Vec::new();
        }
    };
    entries.filter_map(|entry| entry.map_err(|error| fails(&error)).ok()).collect()
}

/// Whether an error says that nothing is there.
pub(crate) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// A path from a repository's own bytes; on Windows only UTF-8 names a file.
#[cfg_attr(unix, expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail"))]
pub(crate) fn to_path(bytes: &[u8]) -> Option<std::path::PathBuf> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        Some(std::ffi::OsStr::from_bytes(bytes).into())
    }
    #[cfg(not(unix))]
    {
        std::str::from_utf8(bytes).ok().map(Into::into)
    }
}

/// A path's bytes with `/` between its components.
pub(crate) fn to_bytes(path: &Path) -> Vec<u8> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        path.as_os_str().as_bytes().to_vec()
    }
    #[cfg(not(unix))]
    {
        path.to_string_lossy().replace('\\', "/").into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_names_hold_no_control_character_and_can_be_told_apart() {
        assert_eq!(escape(b"a/b c"), "a/b c");
        assert_eq!(escape(b"\x1b[2J%\xff\n"), "%1B[2J%25%FF%0A");
        assert_eq!(escape("é\u{85}".as_bytes()), "é%C2%85");
    }
}
