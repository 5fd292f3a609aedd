//! What git tells the programs that it starts.
//!
//! In: the variables that git sets for its hooks. Out: where the repository,
//! its index and its objects lie. They are the operator's own environment and
//! so trusted; nothing that is scanned can set them.

use std::ffi::OsString;
use std::path::PathBuf;

/// Where git says that the parts of a repository lie; relative paths start
/// from the current directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// `GIT_DIR`.
    pub git_dir: Option<PathBuf>,
    /// `GIT_WORK_TREE`.
    pub work_tree: Option<PathBuf>,
    /// `GIT_INDEX_FILE`: what a commit of some paths alone is made from.
    pub index_file: Option<PathBuf>,
    /// `GIT_OBJECT_DIRECTORY` and `GIT_ALTERNATE_OBJECT_DIRECTORIES`: while a
    /// push is received its objects lie apart from all others.
    pub object_directories: Vec<PathBuf>,
}

impl Surroundings {
    /// Reads the variables; an empty one counts as unset, as in git.
    #[must_use]
    pub fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let path = |name: &str| {
            variable(name).filter(|value| !value.is_empty()).map(std::path::PathBuf::from)
        };
        let mut object_directories: Vec<PathBuf> =
            path("GIT_OBJECT_DIRECTORY").into_iter().collect();
        if let Some(list) = variable("GIT_ALTERNATE_OBJECT_DIRECTORIES") {
            object_directories
                .extend(std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()));
        }
        Self {
            git_dir: path("GIT_DIR"),
            work_tree: path("GIT_WORK_TREE"),
            index_file: path("GIT_INDEX_FILE"),
            object_directories,
        }
    }

    /// Whether git said nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_variable_counts_as_unset() {
        let told = Surroundings::of(|name| match name {
            "GIT_DIR" => Some(".git".into()),
            "GIT_INDEX_FILE" => Some(OsString::new()),
            _ => None,
        });
        assert_eq!(told.git_dir, Some(PathBuf::from(".git")));
        assert_eq!(told.index_file, None);
        assert!(Surroundings::of(|_| None).is_empty());
    }
}
