//! Git's hooks: what each sweeps, what it says, and how it is installed.
//!
//! In: what git tells a hook, and the outcome of a sweep. Out: the settings of
//! that sweep, the few lines that a stopped commit or push needs, and files in
//! a directory of hooks. No process is started and nothing of a repository but
//! its hooks is written. Nothing here reads an object or knows what a key is.

mod idiom;
mod install;
mod message;
mod other;
mod path;
mod run;
mod script;

use crate::finding::lower_case_names;

pub use install::{Hooks, InstallError, Installed, Removed, Status, Wishes};
pub use message::Message;
pub use other::{Managed, Manager};
pub use run::{HookError, Told, sweep};

/// A hook of git's that a sweep can stand behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hook {
    /// Before a commit is made.
    PreCommit,
    /// Before anything is sent.
    PrePush,
    /// On the server, before refs are moved.
    PreReceive,
}

lower_case_names!(Hook {
    PreCommit = "pre-commit",
    PrePush = "pre-push",
    PreReceive = "pre-receive",
});

impl Hook {
    /// Every hook, in the order in which a key meets them.
    pub const ALL: [Self; 3] = [Self::PreCommit, Self::PrePush, Self::PreReceive];

    /// Whether git gives it the refs on standard input.
    #[must_use]
    pub const fn reads_input(self) -> bool {
        !matches!(self, Self::PreCommit)
    }
}
