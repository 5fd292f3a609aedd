//! What the operator's paths are, and which configuration holds at each.
//!
//! In: [`Settings`]. Out: targets that exist and can be opened, each with its
//! rules and excludes, or why the run cannot begin.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::configurations::Configurations;
use super::trusted::Trusted;
use crate::baseline::{Baseline, BaselineError};
use crate::finding::{Skip, SkipKind};
use crate::git::{GitError, Repository};
use crate::outcome::{Root, RootKind};
use crate::rule::{RuleError, RuleSet};
use crate::settings::{ConfigError, ExcludeSet, Mode, Settings};
use crate::source::path::{RootName, escape};
use crate::source::worktree::{Excludes, FileId, OwnOutput};

/// Why a sweep could not begin or did not end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// A path that is not there or cannot be opened.
    #[error("{path}: cannot be opened: {reason}")]
    Unopened {
        /// As given, escaped.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// A path that is neither a file nor a directory.
    #[error("{path}: neither a file nor a directory; to read a pipe, use --stdin < {path}")]
    Special {
        /// As given, escaped.
        path: String,
    },
    /// `--history` and the like, of something that is no repository.
    #[error(
        "{path}: not the root of a git repository, so --{mode} has nothing to read; name the root"
    )]
    NotARepository {
        /// As given, escaped.
        path: String,
        /// The mode.
        mode: &'static str,
    },
    /// `--config-from`, of something that no repository holds.
    #[error("{path}: in no git repository, so --config-from {revision} names nothing there")]
    NoTrustedRevision {
        /// As given, escaped.
        path: String,
        /// The revision as given.
        revision: String,
    },
    /// The repository cannot be read at all.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A configuration is refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A baseline is refused.
    #[error(transparent)]
    Baseline(#[from] BaselineError),
    /// A built-in rule is refused, which a released build never does.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The system gives no threads.
    #[error("cannot start threads: {reason}; try --jobs 1")]
    Threads {
        /// What the system said.
        reason: String,
    },
    /// A report's recorded scope that names no mode of this version.
    #[error("the report's scope has the mode {mode:?}, which this version does not know")]
    Scope {
        /// As recorded.
        mode: String,
    },
    /// The operator ended the run.
    #[error("interrupted; nothing was reported")]
    Interrupted,
}

/// Everything that a sweep goes through, in the order given.
pub(super) struct Plan {
    pub(super) targets: Vec<Target>,
    /// Roots that were swept before and are gone, and before which target each
    /// was given.
    lost: Vec<(usize, Root)>,
    /// The targets' canonical paths.
    pub(super) canonical: Vec<PathBuf>,
    pub(super) own_outputs: Vec<OwnOutput>,
    /// What is known to be unreadable before anything is read.
    pub(super) skips: Vec<Skip>,
}

impl Plan {
    /// Every root in the order given, those that are gone included.
    pub(super) fn roots(&self) -> Vec<Root> {
        let mut roots: Vec<Root> = self.targets.iter().map(Target::root).collect();
        for (at, root) in self.lost.iter().rev() {
            roots.insert(*at, root.clone());
        }
        roots
    }
}

/// What is said of a part of the scope that was swept before and cannot be
/// opened any more.
pub(super) fn lost(origin: String, error: &ScanError) -> Skip {
    Skip { origin, kind: SkipKind::Missing, reason: format!("swept before; now {error}") }
}

/// One path, what it is, and what holds there.
pub(super) struct Target {
    pub(super) path: PathBuf,
    pub(super) name: RootName,
    pub(super) kind: RootKind,
    pub(super) canonical: PathBuf,
    /// The canonical root of the git worktree that holds it.
    pub(super) worktree_root: Option<PathBuf>,
    pub(super) repository: Option<Repository>,
    pub(super) rules: Arc<RuleSet>,
    pub(super) config: Option<String>,
    /// The revision whose word counts here, where one was named.
    pub(super) trusted: Option<Trusted>,
    /// What holds findings back.
    pub(super) baseline: Option<Arc<Baseline>>,
    pub(super) excludes: ExcludeSet,
    /// The way from the configuration's directory to the target.
    pub(super) from_config: PathBuf,
}

impl Target {
    /// What a report says of it.
    pub(super) fn root(&self) -> Root {
        let head = self.repository.as_ref().and_then(|repository| repository.head().ok().flatten());
        Root {
            path: self.name.given.to_string(),
            kind: self.kind,
            head: head.map(|id| id.to_string()),
        }
    }
}

impl Excludes for Target {
    fn reason(&self, relative: &Path) -> Option<String> {
        let config = self.config.as_deref()?;
        let exclude = if relative.as_os_str().is_empty() {
            // What leaves out a directory leaves out every target in it.
            self.from_config.ancestors().find_map(|path| self.excludes.reason(path))
        } else if self.from_config.as_os_str().is_empty() {
            self.excludes.reason(relative)
        } else {
            self.excludes.reason(&self.from_config.join(relative))
        }?;
        let (glob, reason) = (&exclude.glob, &exclude.reason);
        Some(crate::git::escape(format!("{reason} ({glob} in {config})").as_bytes()))
    }
}

/// Finds out what each path is and reads the configurations.
pub(super) fn resolve(settings: &Settings) -> Result<Plan, ScanError> {
    let mut plan = Plan {
        targets: Vec::new(),
        lost: Vec::new(),
        canonical: Vec::new(),
        own_outputs: own_outputs(settings),
        skips: Vec::new(),
    };
    let mut configurations = Configurations::new(settings);
    if settings.mode == Mode::Stdin {
        plan.targets.push(configurations.stdin()?);
        return Ok(plan);
    }
    let mut places = Vec::new();
    for path in &settings.paths {
        let place = match look_at(path, settings, &mut plan.skips) {
            Err(error) if settings.is_swept_again => {
                let given = RootName::new(path).given.to_string();
                let kind = RootKind::Directory;
                plan.skips.push(lost(given.clone(), &error));
                plan.lost.push((places.len(), Root { path: given, kind, head: None }));
                continue;
            }
            place => place?,
        };
        // The same place given twice is swept once.
        if !plan.canonical.contains(&place.canonical) {
            plan.canonical.push(place.canonical.clone());
            places.push(place);
        }
    }
    for place in places {
        plan.targets.push(configurations.target(place, &plan.canonical, &mut plan.skips)?);
    }
    configurations.check_asked(&plan.targets)?;
    Ok(plan)
}

fn needs_repository(mode: &Mode) -> bool {
    matches!(mode, Mode::History | Mode::Staged | Mode::Range(_) | Mode::Push(_))
}

/// A path of the operator, before its configuration is known.
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) name: RootName,
    pub(super) kind: RootKind,
    pub(super) canonical: PathBuf,
    pub(super) worktree_root: Option<PathBuf>,
    pub(super) repository: Option<Repository>,
}

impl Place {
    /// What a file is called in outputs: by the operator's name of the place
    /// where it lies in that.
    pub(super) fn called(&self, file: &Path) -> String {
        match file.strip_prefix(&self.canonical) {
            Ok(below) if !below.as_os_str().is_empty() => self.name.of(below),
            _ => escape(file),
        }
    }
}

fn look_at(path: &Path, settings: &Settings, skips: &mut Vec<Skip>) -> Result<Place, ScanError> {
    let name = RootName::new(path);
    let unopened = |error: std::io::Error| ScanError::Unopened {
        path: escape(path),
        reason: error.to_string(),
    };
    let metadata = path.metadata().map_err(unopened)?;
    let canonical = path.canonicalize().map_err(unopened)?;
    if !metadata.is_dir() {
        if !metadata.is_file() {
            return Err(ScanError::Special { path: escape(path) });
        }
        std::fs::File::open(path).map_err(unopened)?;
        let worktree_root = canonical.parent().and_then(worktree_root);
        let path = path.to_owned();
        let kind = RootKind::File;
        if needs_repository(&settings.mode) {
            return Err(not_a_repository(&name, settings));
        }
        return Ok(Place { path, name, kind, canonical, worktree_root, repository: None });
    }
    std::fs::read_dir(path).map_err(unopened)?;
    // Only what concerns the commit or the push that git is at.
    let found = match settings.mode {
        Mode::Staged | Mode::Push(_) => Repository::surrounded(path, &settings.surroundings),
        _ => Repository::discover_root(path),
    };
    let repository = match found {
        Ok(repository) => repository,
        Err(error) => {
            // The files can be swept all the same; the objects cannot.
            if needs_repository(&settings.mode) {
                return Err(error.into());
            }
            if settings.mode == Mode::All {
                skips.push(Skip {
                    origin: name.of(Path::new(".git")),
                    kind: SkipKind::Unsupported,
                    reason: format!("its repository cannot be read: {error}"),
                });
            }
            None
        }
    };
    let kind = match &repository {
        None => RootKind::Directory,
        Some(repository) if repository.work_tree().is_none() => RootKind::Bare,
        Some(_) => RootKind::Repository,
    };
    if needs_repository(&settings.mode) && repository.is_none() {
        return Err(not_a_repository(&name, settings));
    }
    let worktree_root = match kind {
        RootKind::Repository => Some(canonical.clone()),
        RootKind::Bare => None,
        _ => worktree_root(&canonical),
    };
    Ok(Place { path: path.to_owned(), name, kind, canonical, worktree_root, repository })
}

fn not_a_repository(name: &RootName, settings: &Settings) -> ScanError {
    ScanError::NotARepository { path: name.given.to_string(), mode: settings.mode.name() }
}

fn worktree_root(directory: &Path) -> Option<PathBuf> {
    let repository = Repository::containing(directory).ok()??;
    repository.work_tree()?.canonicalize().ok()
}

/// The files that this run writes: the reports and, where they are redirected
/// into a file, its standard streams.
fn own_outputs(settings: &Settings) -> Vec<OwnOutput> {
    let reports = settings
        .report_paths
        .iter()
        .filter_map(|path| Some(OwnOutput { id: FileId::at(path)?, what: "a report".to_owned() }));
    let streams =
        [(FileId::of_stdout(), "standard output"), (FileId::of_stderr(), "standard error")];
    let streams = streams
        .into_iter()
        .filter_map(|(id, what)| Some(OwnOutput { id: id?, what: what.to_owned() }));
    reports.chain(streams).collect()
}
