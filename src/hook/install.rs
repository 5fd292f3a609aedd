//! Puts a hook into place and takes it away again.
//!
//! In: a repository and the hook. Out: what was done. A hook that is there
//! already is kept under another name, run first, and put back on leaving;
//! nothing is ever overwritten but an older script of this program.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::Hook;
use super::other::{Managed, managed};
use super::path::{base, default_directory, hooks_path};
use super::script::{BEFORE, is_ours, script};
use crate::git::{GitError, Repository};

/// Why a hook could not be put into place or taken away.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// There is no repository.
    #[error("{path}: in no git repository")]
    NoRepository {
        /// As given.
        path: String,
    },
    /// The repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A configuration of git's cannot be read, so the directory is not known.
    #[error("{0}; so it is not known where the hooks belong")]
    Configuration(String),
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file or directory.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// A hook that was kept stands in the way of another.
    #[error(
        "{path} and {before} are both hooks of somebody else; join them into one of the two and \
         remove the other, then try again"
    )]
    TwoOthers {
        /// The hook.
        path: String,
        /// The one that was kept.
        before: String,
    },
}

/// The hooks of one repository.
#[derive(Debug)]
pub struct Hooks {
    directory: PathBuf,
    root: PathBuf,
    /// Who else's hooks lie there, in words; `None` for this repository alone.
    shared_by: Option<String>,
    is_bare: bool,
}

/// How a hook is to be installed.
#[derive(Debug, Clone, Copy)]
pub struct Wishes<'a> {
    /// This program's own path.
    pub program: &'a Path,
    /// Whether to install even where another program manages hooks.
    pub insists: bool,
    /// The revision whose configuration, baseline and allows the hook trusts.
    pub config_from: Option<&'a str>,
}

/// What [`Hooks::install`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Installed {
    /// Nothing was there.
    New(PathBuf),
    /// A hook was there; it is kept at the second path and runs first.
    Chained(PathBuf, PathBuf),
    /// An older script of this program was replaced.
    Renewed(PathBuf),
    /// Everything was in place.
    Already(PathBuf),
    /// Another program manages the hook.
    Managed(Managed),
}

/// What [`Hooks::uninstall`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// The script is gone.
    Gone(PathBuf),
    /// The hook that was there before is back.
    Restored(PathBuf),
    /// There was none of this program.
    NotThere(PathBuf),
    /// Another program runs it, and its file must be edited.
    Managed(Managed),
}

/// What stands in a hook's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Nothing.
    Missing(PathBuf),
    /// The script of this program, and the hook that runs before it.
    Ours(PathBuf, Option<PathBuf>),
    /// Somebody else's hook.
    Other(PathBuf),
    /// Another program manages it.
    Managed(Managed),
}

impl Status {
    /// Whether the hook runs this program.
    #[must_use]
    pub fn is_installed(&self) -> bool {
        match self {
            Self::Ours(..) => true,
            Self::Managed(managed) => managed.runs_us,
            Self::Missing(_) | Self::Other(_) => false,
        }
    }
}

impl Hooks {
    /// Finds the hooks of the repository that holds `path`.
    ///
    /// # Errors
    /// Where there is none, or a configuration cannot be read.
    pub fn of(
        path: &Path,
        variable: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Self, InstallError> {
        let repository = Repository::containing(path)?
            .ok_or_else(|| InstallError::NoRepository { path: shown(path) })?;
        let set = hooks_path(&repository, variable).map_err(InstallError::Configuration)?;
        let (directory, shared_by) = match set {
            None => (default_directory(&repository), None),
            Some(set) => (
                base(&repository).join(&set.path),
                // A relative path leads to another place in every repository.
                (!set.is_local && set.path.is_absolute()).then_some(set.set_by),
            ),
        };
        Ok(Self {
            directory,
            root: base(&repository).to_owned(),
            shared_by,
            is_bare: repository.work_tree().is_none(),
        })
    }

    /// The hook that guards such a repository.
    #[must_use]
    pub fn usual(&self) -> Hook {
        if self.is_bare { Hook::PreReceive } else { Hook::PreCommit }
    }

    /// The configuration that sends every repository's hooks here, if one does.
    #[must_use]
    pub fn shared_by(&self) -> Option<&str> {
        self.shared_by.as_deref()
    }

    /// Puts a hook into place.
    ///
    /// # Errors
    /// What the system refuses, and two hooks that are both in the way.
    pub fn install(&self, hook: Hook, wishes: &Wishes<'_>) -> Result<Installed, InstallError> {
        let (path, before) = self.paths(hook);
        let wanted = script(hook, wishes.program, wishes.config_from);
        let there = read(&path)?;
        if !there.as_deref().is_some_and(is_ours)
            && !wishes.insists
            && let Some(managed) = managed(&self.root, &self.directory, hook)
        {
            return Ok(Installed::Managed(managed));
        }
        std::fs::create_dir_all(&self.directory).map_err(|error| failed(&self.directory, error))?;
        match there {
            Some(bytes) if bytes == wanted.as_bytes() && is_executable(&path) => {
                Ok(Installed::Already(path))
            }
            Some(bytes) if is_ours(&bytes) => {
                self.write(&path, &wanted)?;
                Ok(Installed::Renewed(path))
            }
            Some(_) => {
                if is_there(&before) {
                    let (path, before) = (shown(&path), shown(&before));
                    return Err(InstallError::TwoOthers { path, before });
                }
                std::fs::rename(&path, &before).map_err(|error| failed(&path, error))?;
                if let Err(error) = self.write(&path, &wanted) {
                    // Better no check than the loss of the hook that was there.
                    let _ = std::fs::rename(&before, &path);
                    return Err(error);
                }
                Ok(Installed::Chained(path, before))
            }
            None => {
                self.write(&path, &wanted)?;
                Ok(if is_there(&before) {
                    Installed::Chained(path, before)
                } else {
                    Installed::New(path)
                })
            }
        }
    }

    /// Takes a hook away and puts back what was there before.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn uninstall(&self, hook: Hook) -> Result<Removed, InstallError> {
        let (path, before) = self.paths(hook);
        if !read(&path)?.as_deref().is_some_and(is_ours) {
            return Ok(match managed(&self.root, &self.directory, hook) {
                Some(managed) if managed.runs_us => Removed::Managed(managed),
                _ => Removed::NotThere(path),
            });
        }
        if is_there(&before) {
            std::fs::rename(&before, &path).map_err(|error| failed(&before, error))?;
            return Ok(Removed::Restored(path));
        }
        std::fs::remove_file(&path).map_err(|error| failed(&path, error))?;
        Ok(Removed::Gone(path))
    }

    /// Says what stands in a hook's place.
    ///
    /// # Errors
    /// A hook that cannot be read.
    pub fn status(&self, hook: Hook) -> Result<Status, InstallError> {
        let (path, before) = self.paths(hook);
        let there = read(&path)?;
        if there.as_deref().is_some_and(is_ours) {
            return Ok(Status::Ours(path, is_there(&before).then_some(before)));
        }
        if let Some(managed) = managed(&self.root, &self.directory, hook) {
            return Ok(Status::Managed(managed));
        }
        Ok(if there.is_some() { Status::Other(path) } else { Status::Missing(path) })
    }

    /// The hook's path, and that of the hook which was there before.
    fn paths(&self, hook: Hook) -> (PathBuf, PathBuf) {
        let name = hook.name();
        (self.directory.join(name), self.directory.join(format!("{name}{BEFORE}")))
    }

    /// Writes a script whole, so that no commit meets half of one.
    fn write(&self, path: &Path, text: &str) -> Result<(), InstallError> {
        let failed = |error| failed(path, error);
        let mut file = tempfile::Builder::new()
            .prefix(".keysweep-hook")
            .tempfile_in(&self.directory)
            .map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::Permissions::from_mode(0o755);
            file.as_file().set_permissions(mode).map_err(failed)?;
        }
        file.persist(path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

fn failed(path: &Path, source: io::Error) -> InstallError {
    InstallError::Io { path: shown(path), source }
}

fn shown(path: &Path) -> String {
    crate::source::path::escape(path)
}

/// A hook's bytes; `None` where there is none. A link that leads nowhere is a
/// hook all the same.
fn read(path: &Path) -> Result<Option<Vec<u8>>, InstallError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(is_there(path).then(Vec::new)),
        Err(error) => Err(failed(path, error)),
    }
}

fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> bool {
    true
}
