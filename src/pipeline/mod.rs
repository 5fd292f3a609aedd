//! Joins the stages: scope, sources, detection, findings, coverage, notes.
//!
//! In: [`Settings`]. Out: an [`Outcome`]. Fatal trouble is a [`ScanError`];
//! whatever concerns one file or object is a skip in the outcome. Nothing here
//! prints.

mod attribution;
mod baselines;
mod collect;
mod configurations;
mod hygiene;
mod redaction;
mod rescan;
mod scope;
mod trusted;

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

pub use collect::Progress;
pub use rescan::{Reread, rescan};
pub use scope::ScanError;

use crate::baseline;
use crate::git::Repository;
use crate::outcome::{Note, Outcome, RootKind, Scope};
use crate::secret::Secret;
use crate::settings::{Mode, Settings};
use crate::source::worktree::Worktree;
use crate::source::{history, path, push, range, stdin};
use collect::Collector;
use scope::{Target, lost};

/// Sweeps everything in scope.
///
/// # Errors
///
/// Where a path does not exist or cannot be opened, a configuration or rule is
/// bad, or the operator interrupted the run; everything else is in the
/// outcome.
pub fn scan(settings: &Settings, progress: &dyn Progress) -> Result<Outcome, ScanError> {
    let started_at = now();
    let plan = scope::resolve(settings)?;
    let pool = pool(settings)?;
    let mut gathered = collect::Gathered::default();
    let mut touching = Vec::new();
    for target in &plan.targets {
        let collector = Collector::new(Arc::clone(&target.rules), progress);
        let swept = within(pool.as_ref(), || sweep(settings, &plan, target, &collector));
        let change = match swept {
            Err(error) if settings.is_swept_again => {
                gathered.skips.push(lost(target.name.given.to_string(), &error));
                push::Swept::default()
            }
            swept => swept?,
        };
        if progress.is_cancelled() {
            return Err(ScanError::Interrupted);
        }
        within(pool.as_ref(), || {
            let held = held(target, &change.before, &collector);
            gathered.add(collector, target, settings, &change, &held);
        });
        touching.push(change.touching);
    }
    let roots = plan.roots();
    gathered.skips.extend(plan.skips);
    gathered.skips.sort_unstable();
    gathered.skips.dedup();
    let mut rules: Vec<_> = Vec::new();
    for target in &plan.targets {
        if !rules.iter().any(|known| Arc::ptr_eq(known, &target.rules)) {
            rules.push(Arc::clone(&target.rules));
        }
    }
    let severity = |id: &str| {
        rules
            .iter()
            .filter_map(|set| set.get(id))
            .map(|rule| rule.severity)
            .max()
            .unwrap_or(crate::finding::Severity::Critical)
    };
    let mut findings = gathered.findings.into_sorted(&settings.fingerprinter, severity);
    // Finding out the time zone reads a few dozen directories.
    let has_baseline = plan.targets.iter().any(|target| target.baseline.is_some());
    let today = if has_baseline { baseline::today() } else { String::new() };
    let mut trust_notes = trusted::withdraw_allows(&mut findings, &plan.targets);
    for (target, touching) in plan.targets.iter().zip(&touching) {
        // Of a scope that is swept again that was said before.
        if !settings.is_swept_again {
            trust_notes.extend(trusted::changes(target, &settings.mode, touching)?);
        }
    }
    baselines::hold_back(&mut findings, &plan.targets, &today);
    let mut notes = hygiene::notes(&findings, &plan.targets, settings.obeys_ignore_files);
    notes.extend(std::mem::take(&mut gathered.notes));
    notes.extend(fingerprints_note(settings));
    notes.extend(trust_notes);
    notes.extend(empty_range_note(settings, gathered.tally.commits));
    let is_complete = !gathered.skips.iter().any(|skip| !skip.kind.is_outside());
    notes.extend(baselines::notes(&findings, &plan.targets, settings, is_complete, &today));
    let mut scope = Scope {
        mode: settings.mode.name(),
        range: match &settings.mode {
            Mode::Range(range) => Some(range.clone()),
            _ => None,
        },
        working_directory: std::env::current_dir().ok().map(|at| path::escape(&at)),
        roots,
        config: plan.targets.iter().find_map(|target| target.config.clone()),
        config_given: settings.config.is_some(),
        config_from: plan
            .targets
            .iter()
            .find_map(|target| target.trusted.as_ref().map(trusted::Trusted::commit)),
    };
    redaction::redact(&mut findings, &mut gathered.skips, &mut notes, &mut scope, &rules);
    Ok(Outcome {
        started_at,
        scope,
        rules,
        baseline: plan.targets.iter().find_map(|target| target.baseline.clone()),
        saw_everything: is_complete
            && plan
                .targets
                .iter()
                .all(|target| baselines::sees_everything(target, settings, plan.targets.len())),
        findings,
        below_min_confidence: gathered.below_min_confidence,
        tally: gathered.tally,
        skips: gathered.skips,
        notes,
        min_confidence: settings.min_confidence,
        fail_on: settings.fail_on,
        strict_coverage: settings.strict_coverage,
        keyed_fingerprints: settings.fingerprinter.is_keyed(),
        finished_at: now(),
    })
}

/// The threads of a run; none where git waits for it: starting them takes longer
/// than a commit's few files do, and they spin while there is nothing for them.
fn pool(settings: &Settings) -> Result<Option<rayon::ThreadPool>, ScanError> {
    let is_small = matches!(settings.mode, Mode::Staged | Mode::Push(_));
    if is_small && settings.jobs.is_none() {
        return Ok(None);
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(settings.jobs.map_or(0, std::num::NonZero::get))
        .thread_name(|index| format!("sweep-{index}"))
        .build()
        .map(Some)
        .map_err(|error| ScanError::Threads { reason: error.to_string() })
}

/// Works on the threads of a run, where it has its own.
fn within<R: Send>(pool: Option<&rayon::ThreadPool>, work: impl FnOnce() -> R + Send) -> R {
    match pool {
        Some(pool) => pool.install(work),
        None => work(),
    }
}

/// Sweeps one target with every source that its mode asks for.
fn sweep(
    settings: &Settings,
    plan: &scope::Plan,
    target: &Target,
    collector: &Collector<'_>,
) -> Result<push::Swept, ScanError> {
    let prefilter = target.rules.prefilter();
    if target.kind == RootKind::Stdin {
        stdin::sweep(prefilter, collector);
        return Ok(push::Swept::default());
    }
    let reads_files = matches!(settings.mode, Mode::All | Mode::Tree);
    if reads_files && !(settings.mode == Mode::All && target.kind == RootKind::Bare) {
        let trusted = target.trusted.as_ref().filter(|_| settings.obeys_ignore_files);
        let ignores = trusted.map(trusted::Trusted::ignores).transpose()?;
        let store = OnceLock::new();
        let worktree = Worktree {
            path: &target.path,
            name: target.name.clone(),
            prefilter,
            excludes: target,
            obeys_ignore_files: settings.obeys_ignore_files,
            trusted_ignores: ignores.as_ref(),
            repository: target.worktree_root.clone(),
            is_repository_root: target.kind == RootKind::Repository,
            has_lfs_object: &|id| {
                store
                    .get_or_init(|| lfs_store(target))
                    .as_ref()
                    .is_some_and(|it| it.has_lfs_object(id))
            },
            own_outputs: &plan.own_outputs,
            scope: &plan.canonical,
        };
        worktree.sweep(collector).map_err(|error| ScanError::Unopened {
            path: target.name.given.to_string(),
            reason: error.to_string(),
        })?;
    }
    if let Some(repository) = &target.repository {
        let root = &target.name.given;
        match &settings.mode {
            Mode::All | Mode::History => history::sweep(repository, root, prefilter, collector)?,
            Mode::Range(range) => {
                let watched = &trusted::decides_what_counts;
                let touching =
                    range::sweep(repository, range, root, prefilter, target, watched, collector)?;
                return Ok(push::Swept { touching, ..push::Swept::default() });
            }
            Mode::Staged => {
                let before = range::sweep_staged(repository, root, prefilter, target, collector)?;
                return Ok(push::Swept { before, ..push::Swept::default() });
            }
            Mode::Push(push) => {
                return Ok(push::sweep(repository, push, root, prefilter, target, collector)?);
            }
            Mode::Tree | Mode::Stdin => {}
        }
    }
    Ok(push::Swept::default())
}

/// The repository whose large files the pointers at a target stand for; looked
/// up where there is a pointer.
fn lfs_store(target: &Target) -> Option<Repository> {
    Repository::discover_root(target.worktree_root.as_deref()?).ok().flatten()
}

/// The keys that stood already in what a change touches; asked only where
/// something was found, so that a clean change never reads what it replaces.
fn held(target: &Target, before: &range::Blobs, found: &Collector<'_>) -> HashSet<Secret> {
    let Some(repository) = target.repository.as_ref().filter(|_| !found.is_empty()) else {
        return HashSet::new();
    };
    let older = Collector::new(Arc::clone(&target.rules), &());
    range::sweep_blobs(repository, before, &target.name.given, target.rules.prefilter(), &older);
    older.into_secrets()
}

/// Says that a range sweeps nothing, which is most often a mistake.
fn empty_range_note(settings: &Settings, commits: u64) -> Option<Note> {
    let Mode::Range(range) = &settings.mode else { return None };
    (commits == 0).then(|| Note {
        kind: "range-empty",
        path: None,
        message: format!("The range {range} holds no commit, so nothing of it was swept."),
    })
}

/// Says what a sweep by fingerprints cannot see.
fn fingerprints_note(settings: &Settings) -> Option<Note> {
    let count = settings.known_fingerprints.len();
    (count > 0).then(|| Note {
        kind: "known-fingerprints",
        path: None,
        message: format!(
            "Compared with {count} known fingerprints: only the values that rules extract, since a \
             fingerprint cannot be searched for. A key that stands without its name or vendor is \
             found with --known-keys-stdin alone."
        ),
    })
}

fn now() -> String {
    jiff::Timestamp::now()
        .round(jiff::Unit::Second)
        .unwrap_or_else(|_| jiff::Timestamp::now())
        .to_string()
}
