//! What a path is called in outputs.
//!
//! In: paths as the operator gave them and as a directory lists them. Out:
//! text that is safe to print, `/`-separated, from which the path's bytes can
//! be told again: what is not UTF-8, a literal `%`, control characters and
//! characters that turn the direction of text are percent-escaped.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::git;

/// A scanned root's name and the beginning of every path below it.
#[derive(Debug, Clone)]
pub struct RootName {
    /// The root as it was given, escaped, a leading `./` dropped.
    pub given: Arc<str>,
    prefix: String,
}

impl RootName {
    /// Names the root that the operator gave.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        let escaped = escape(path);
        let mut prefix = escaped.as_str();
        while let Some(rest) = prefix.strip_prefix("./") {
            prefix = rest.trim_start_matches('/');
        }
        let given = if prefix.is_empty() { "." } else { prefix };
        let given = Arc::from(given);
        let is_absolute = prefix.starts_with('/');
        let mut prefix = prefix.trim_end_matches('/').to_owned();
        if prefix == "." {
            prefix.clear();
        }
        if !prefix.is_empty() || is_absolute {
            prefix.push('/');
        }
        Self { given, prefix }
    }

    /// The name of a path below the root; of the root itself for an empty one.
    #[must_use]
    pub fn of(&self, relative: &Path) -> String {
        if relative.as_os_str().is_empty() {
            return if self.prefix.is_empty() {
                self.given.to_string()
            } else if self.prefix == "/" {
                self.prefix.clone()
            } else {
                self.prefix.trim_end_matches('/').to_owned()
            };
        }
        let mut name = self.prefix.clone();
        name.push_str(&escape(relative));
        name
    }

    /// The path below the root that a name given by [`RootName::of`] stands
    /// for; `None` for a name of another root.
    #[must_use]
    pub fn relative(&self, name: &str) -> Option<PathBuf> {
        unescape(name.strip_prefix(&self.prefix)?)
    }
}

/// A path for outputs.
#[must_use]
pub fn escape(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    if std::path::MAIN_SEPARATOR == '/' {
        git::escape(bytes)
    } else {
        git::escape(&bytes.iter().map(|&b| if b == b'\\' { b'/' } else { b }).collect::<Vec<u8>>())
    }
}

/// The path that an escaped one stands for; `None` where the text is not one
/// that [`escape`] writes, or names nothing on this system.
#[must_use]
pub fn unescape(text: &str) -> Option<PathBuf> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%' {
            let digits = tail.get(..2)?;
            bytes.extend(data_encoding::HEXUPPER_PERMISSIVE.decode(digits).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    git::to_path(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_begins_with_its_root_as_given() {
        let name = |root: &str, below: &str| RootName::new(Path::new(root)).of(Path::new(below));
        assert_eq!(name(".", "a/b"), "a/b");
        assert_eq!(name("./", "a"), "a");
        assert_eq!(name("./src", "a"), "src/a");
        assert_eq!(name("src//", "a"), "src/a");
        assert_eq!(name("../x", "a"), "../x/a");
        assert_eq!(name("/", "a"), "/a");
        assert_eq!(name("/etc/", "a%\n"), "/etc/a%25%0A");
        assert_eq!(name("src/a.rs", ""), "src/a.rs");
        assert_eq!(name(".", ""), ".");
        assert_eq!(name("/", ""), "/");
    }

    #[test]
    fn escaped_path_leads_back_to_the_same_file() {
        for name in ["plain/é", "100%", "a\nb\u{202e}c", "x y"] {
            assert_eq!(unescape(&escape(Path::new(name))).as_deref(), Some(Path::new(name)));
        }
        assert_eq!(escape(Path::new("\u{202e}")), "%E2%80%AE");
        assert_eq!(unescape("%4"), None);
        assert_eq!(unescape("%zz"), None);
    }
}
