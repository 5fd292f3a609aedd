//! What the operator's paths are, and which configuration holds at each.
//!
//! In: [`Settings`]. Out: targets that exist and can be opened, each with its
//! rules and excludes, or why the run cannot begin.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::baselines;
use crate::baseline::{Baseline, BaselineError};
use crate::detect;
use crate::finding::{Skip, SkipKind};
use crate::git::{GitError, Repository};
use crate::outcome::{Root, RootKind};
use crate::rule::{RuleError, RuleSet};
use crate::settings::{CONFIG_NAME, ConfigError, Configuration, ExcludeSet, Mode, Settings, Trust};
use crate::source::path::{RootName, escape};
use crate::source::stdin;
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
    #[error("{path}: not the root of a git repository, so --{mode} has nothing to read")]
    NotARepository {
        /// As given, escaped.
        path: String,
        /// The mode.
        mode: &'static str,
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
    /// The targets' canonical paths.
    pub(super) canonical: Vec<PathBuf>,
    pub(super) own_outputs: Vec<OwnOutput>,
    /// What is known to be unreadable before anything is read.
    pub(super) skips: Vec<Skip>,
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
    /// What holds findings back.
    pub(super) baseline: Option<Arc<Baseline>>,
    excludes: ExcludeSet,
    /// The way from the configuration's directory to the target.
    from_config: PathBuf,
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
        canonical: Vec::new(),
        own_outputs: own_outputs(settings),
        skips: Vec::new(),
    };
    let mut configurations = Configurations { settings, builtin: None, operator: None };
    if settings.mode == Mode::Stdin {
        plan.targets.push(configurations.stdin()?);
        return Ok(plan);
    }
    let mut places = Vec::new();
    for path in &settings.paths {
        let place = look_at(path, settings, &mut plan.skips)?;
        if needs_repository(&settings.mode) && place.repository.is_none() {
            return Err(ScanError::NotARepository {
                path: place.name.given.to_string(),
                mode: settings.mode.name(),
            });
        }
        // The same place given twice is swept once.
        if !plan.canonical.contains(&place.canonical) {
            plan.canonical.push(place.canonical.clone());
            places.push(place);
        }
    }
    for place in places {
        plan.targets.push(configurations.target(place, &plan.canonical)?);
    }
    configurations.check_asked(&plan.targets)?;
    Ok(plan)
}

fn needs_repository(mode: &Mode) -> bool {
    matches!(mode, Mode::History | Mode::Staged | Mode::Range(_) | Mode::Push(_))
}

/// A path of the operator, before its configuration is known.
struct Place {
    path: PathBuf,
    name: RootName,
    kind: RootKind,
    canonical: PathBuf,
    worktree_root: Option<PathBuf>,
    repository: Option<Repository>,
}

impl Place {
    /// What a file is called in outputs: by the operator's name of the place
    /// where it lies in that.
    fn called(&self, file: &Path) -> String {
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
    let worktree_root = match kind {
        RootKind::Repository => Some(canonical.clone()),
        RootKind::Bare => None,
        _ => worktree_root(&canonical),
    };
    Ok(Place { path: path.to_owned(), name, kind, canonical, worktree_root, repository })
}

fn worktree_root(directory: &Path) -> Option<PathBuf> {
    let repository = Repository::containing(directory).ok()??;
    repository.work_tree()?.canonicalize().ok()
}

/// Reads each configuration once.
struct Configurations<'a> {
    settings: &'a Settings,
    builtin: Option<Arc<RuleSet>>,
    operator: Option<Arc<Configuration>>,
}

impl Configurations<'_> {
    /// The configuration at a place: the operator's, or the one at the root of
    /// the worktree that holds the place, or in the directory given.
    fn target(&mut self, place: Place, scope: &[PathBuf]) -> Result<Target, ScanError> {
        let directory = match (&place.worktree_root, place.kind) {
            (Some(root), _) => root.clone(),
            (None, RootKind::File) => {
                place.canonical.parent().unwrap_or(&place.canonical).to_owned()
            }
            (None, _) => place.canonical.clone(),
        };
        let configuration = self.at(&directory, &place, scope)?;
        let (rules, excludes, config) = match &configuration {
            None => (self.builtin()?, ExcludeSet::default(), None),
            Some(configuration) => (
                self.knowing(Arc::clone(&configuration.rules)),
                configuration.exclude_set(&self.settings.asked_excludes),
                Some(configuration.file.clone()),
            ),
        };
        let baseline = baselines::at(self.settings, &directory, |path| place.called(path))?;
        let from_config = place.canonical.strip_prefix(&directory).unwrap_or(Path::new(""));
        Ok(Target {
            from_config: from_config.to_owned(),
            path: place.path,
            name: place.name,
            kind: place.kind,
            canonical: place.canonical,
            worktree_root: place.worktree_root,
            repository: place.repository,
            rules,
            config,
            baseline,
            excludes,
        })
    }

    fn at(
        &mut self,
        directory: &Path,
        place: &Place,
        scope: &[PathBuf],
    ) -> Result<Option<Arc<Configuration>>, ScanError> {
        if let Some(path) = &self.settings.config {
            if self.operator.is_none() {
                self.operator = Some(Arc::new(operator_configuration(path, directory, scope)?));
            }
            return Ok(self.operator.clone());
        }
        let path = directory.join(CONFIG_NAME);
        if path.symlink_metadata().is_err() {
            return Ok(None);
        }
        let name = place.called(&path);
        // A link could lead to any file of this machine.
        if path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink()) {
            let reason =
                "a link, which is not followed; use --config to name its target".to_owned();
            return Err(ConfigError::Unreadable { file: name, reason }.into());
        }
        Ok(Some(Arc::new(load(&path, &name, directory, Trust::Scanned)?)))
    }

    fn stdin(&mut self) -> Result<Target, ScanError> {
        let rules = match &self.settings.config {
            None => self.builtin()?,
            Some(path) => operator_configuration(path, Path::new(""), &[])?.rules,
        };
        Ok(Target {
            path: PathBuf::from(stdin::ROOT),
            name: RootName::new(Path::new(stdin::ROOT)),
            kind: RootKind::Stdin,
            canonical: PathBuf::new(),
            worktree_root: None,
            repository: None,
            rules,
            config: self.settings.config.as_deref().map(escape),
            baseline: baselines::of_stdin(self.settings)?,
            excludes: ExcludeSet::default(),
            from_config: PathBuf::new(),
        })
    }

    /// The rules, and the keys that the operator named.
    fn knowing(&self, rules: Arc<RuleSet>) -> Arc<RuleSet> {
        match &self.settings.known_keys[..] {
            [] => rules,
            keys => Arc::new(rules.with_known(keys)),
        }
    }

    fn builtin(&mut self) -> Result<Arc<RuleSet>, ScanError> {
        if self.builtin.is_none() {
            self.builtin = Some(self.knowing(Arc::new(RuleSet::builtin()?)));
        }
        Ok(self.builtin.clone().expect("set just above"))
    }

    /// Every `--exclude` needs a reason in some configuration.
    fn check_asked(&self, targets: &[Target]) -> Result<(), ScanError> {
        for glob in &self.settings.asked_excludes {
            if !targets.iter().any(|target| target.excludes.holds(glob)) {
                return Err(ConfigError::NoReason { glob: glob.clone() }.into());
            }
        }
        Ok(())
    }
}

/// The file of `--config`. One that lies in what is scanned is no more trusted
/// for having been named.
fn operator_configuration(
    path: &Path,
    directory: &Path,
    scope: &[PathBuf],
) -> Result<Configuration, ConfigError> {
    let lies_in_scope =
        path.canonicalize().is_ok_and(|file| scope.iter().any(|root| file.starts_with(root)));
    let trust = if lies_in_scope { Trust::Scanned } else { Trust::Operator };
    load(path, &escape(path), directory, trust)
}

/// Reads a configuration and tries its rules on their own examples: one that
/// misses them would sweep in vain.
fn load(
    path: &Path,
    name: &str,
    directory: &Path,
    trust: Trust,
) -> Result<Configuration, ConfigError> {
    let configuration = Configuration::load(path, name, directory, trust)?;
    match detect::check(&configuration.rules, |rule| rule.file == name).into_iter().next() {
        Some(error) => Err(error.into()),
        None => Ok(configuration),
    }
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
