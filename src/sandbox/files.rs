//! Landlock: where the process may write, and that it may execute nothing.
//!
//! In: the outputs. Out: a ruleset in force, or the fact that there is none.
//! Reading is left alone: a sweep follows worktrees, alternates and submodules
//! wherever the operator's repositories have them.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, LandlockStatus, PathBeneath, PathFd,
    RestrictionStatus, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError,
    RulesetStatus, Scope,
};

use super::{Needs, Output};

/// Restricts this thread; the version in force, or `None`.
pub(super) fn restrict(needs: Needs, outputs: &[Output]) -> Option<i32> {
    let status = ruleset(needs, outputs).ok()?;
    match (status.ruleset, status.landlock) {
        (RulesetStatus::NotEnforced, _) => None,
        (_, LandlockStatus::Available { effective_abi, .. }) => Some(effective_abi as i32),
        _ => None,
    }
}

/// Older kernels hold as much of it as they know.
fn ruleset(needs: Needs, outputs: &[Output]) -> Result<RestrictionStatus, RulesetError> {
    let mut handled = AccessFs::from_write(ABI::V5) | AccessFs::Execute;
    if needs != Needs::Nothing {
        // A prompt at `/dev/tty` asks the terminal about itself.
        handled.remove(AccessFs::IoctlDev);
    }
    let mut ruleset = Ruleset::default().handle_access(handled)?;
    if needs == Needs::Nothing {
        ruleset =
            ruleset.handle_access(AccessNet::from_all(ABI::V4))?.scope(Scope::from_all(ABI::V6))?;
    }
    let mut created = ruleset.create()?;
    for output in outputs {
        let (path, access) = granted(output);
        // What cannot be opened now cannot be written later either, and that
        // error names the output.
        if let Ok(place) = PathFd::new(path) {
            created = created.add_rule(PathBeneath::new(place, access))?;
        }
    }
    created.restrict_self()
}

/// The path that must be writable for an output, and what may be done below it.
fn granted(output: &Output) -> (PathBuf, BitFlags<AccessFs>) {
    let file = AccessFs::WriteFile | AccessFs::Truncate;
    let names = file | AccessFs::MakeReg | AccessFs::RemoveFile;
    match output {
        Output::File(path) if is_no_plain_file(path) => (path.clone(), file),
        Output::File(path) => (parent(path), names),
        Output::Directory(path) => {
            let access = names | AccessFs::MakeDir | AccessFs::RemoveDir | AccessFs::Refer;
            let existing = path.ancestors().find(|path| path.is_dir()).map(Path::to_owned);
            (existing.unwrap_or_else(|| PathBuf::from(".")), access)
        }
    }
}

fn is_no_plain_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|there| !there.is_file() && !there.is_dir())
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}
