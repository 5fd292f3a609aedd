//! `--range ci`: the change that a CI job is about.
//!
//! In: this process's environment and the repository to sweep. Out: the mode
//! and the trusted commit that they call for.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use keysweep::ci;
use keysweep::git::Repository;
use keysweep::settings::Mode;
use keysweep::source::path::escape;

use super::super::output;

/// What `--range` is given to have the range found.
pub(super) const WORD: &str = "ci";

/// The largest event that is read; GitHub's are a few hundred kB at most.
const EVENT_BYTES: u64 = 64 << 20;

/// What this job has to sweep, and the commit whose word counts.
pub(super) fn mode(paths: &[PathBuf], is_quiet: bool) -> anyhow::Result<(Mode, Option<String>)> {
    let [path] = paths else { bail!("--range ci sweeps one repository; give one path") };
    let Some(repository) = Repository::discover_root(path)? else {
        bail!(
            "{}: not the root of a git repository, so --range ci has nothing to read",
            escape(path)
        );
    };
    let variable = |name: &str| std::env::var(name).ok();
    let job = ci::read(&variable, event().as_deref())?;
    let change = job.change(&repository).with_context(|| escape(path))?;
    if !is_quiet {
        let what = change.range.as_deref().unwrap_or("nothing tells what is new; sweeping all");
        output::remark(&format!("{} ({}): {what}", job.platform, job.event));
        if let Some(trusted) = &change.trusted {
            output::remark(&format!("configuration, baseline and allows are those of {trusted}"));
        }
    }
    Ok((change.range.map_or(Mode::History, Mode::Range), change.trusted))
}

/// The event that GitHub keeps in a file.
fn event() -> Option<String> {
    let path = std::env::var_os("GITHUB_EVENT_PATH")?;
    let is_plausible = std::fs::metadata(&path).is_ok_and(|file| file.len() <= EVENT_BYTES);
    if is_plausible { std::fs::read_to_string(path).ok() } else { None }
}
