//! Which configuration holds at each path.
//!
//! In: settings and what each path is. Out: targets with their rules, excludes
//! and baseline, or why a configuration is refused.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::baselines;
use super::scope::{Place, ScanError, Target, lost};
use super::trusted::Trusted;
use crate::baseline::Baseline;
use crate::detect;
use crate::finding::Skip;
use crate::outcome::RootKind;
use crate::rule::RuleSet;
use crate::settings::{CONFIG_NAME, ConfigError, Configuration, ExcludeSet, Settings, Trust};
use crate::source::path::{RootName, escape};
use crate::source::stdin;

/// What holds at one place.
#[derive(Default)]
struct Holding {
    trusted: Option<Trusted>,
    configuration: Option<Arc<Configuration>>,
    baseline: Option<Arc<Baseline>>,
}

/// Reads each configuration once.
pub(super) struct Configurations<'a> {
    settings: &'a Settings,
    builtin: Option<Arc<RuleSet>>,
    operator: Option<Arc<Configuration>>,
}

impl<'a> Configurations<'a> {
    pub(super) fn new(settings: &'a Settings) -> Self {
        Self { settings, builtin: None, operator: None }
    }

    /// The configuration at a place: the operator's, or the one at the root of
    /// the worktree that holds the place, or in the directory given.
    pub(super) fn target(
        &mut self,
        place: Place,
        scope: &[PathBuf],
        skips: &mut Vec<Skip>,
    ) -> Result<Target, ScanError> {
        let directory = match (&place.worktree_root, place.kind) {
            (Some(root), _) => root.clone(),
            (None, RootKind::File) => {
                place.canonical.parent().unwrap_or(&place.canonical).to_owned()
            }
            (None, _) => place.canonical.clone(),
        };
        let Holding { trusted, configuration, baseline } =
            match self.holding(&directory, &place, scope) {
                // The built-in rules find most of what was found before.
                Err(error) if self.settings.is_swept_again => {
                    skips.push(lost(place.name.given.to_string(), &error));
                    Holding::default()
                }
                holding => holding?,
            };
        let (rules, excludes, config) = match &configuration {
            None => (self.builtin()?, ExcludeSet::default(), None),
            Some(configuration) => (
                self.knowing(Arc::clone(&configuration.rules)),
                self.excludes(configuration, trusted.is_some()),
                Some(configuration.file.clone()),
            ),
        };
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
            trusted,
            baseline,
            excludes,
        })
    }

    fn holding(
        &mut self,
        directory: &Path,
        place: &Place,
        scope: &[PathBuf],
    ) -> Result<Holding, ScanError> {
        let trusted = match &self.settings.config_from {
            None => None,
            Some(revision) => Some(Trusted::open(revision, place)?),
        };
        let configuration = match &trusted {
            Some(trusted) if self.settings.config.is_none() => {
                trusted_configuration(trusted, directory)?.map(Arc::new)
            }
            Some(trusted) => {
                self.refuse_scanned(trusted, directory, scope)?;
                self.at(directory, place, scope)?
            }
            None => self.at(directory, place, scope)?,
        };
        let baseline = match &trusted {
            None => baselines::at(self.settings, directory, |path| place.called(path))?,
            Some(trusted) => baselines::of_revision(self.settings, trusted, directory)?,
        };
        Ok(Holding { trusted, configuration, baseline })
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

    pub(super) fn stdin(&mut self) -> Result<Target, ScanError> {
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
            trusted: None,
            baseline: baselines::of_stdin(self.settings)?,
            excludes: ExcludeSet::default(),
            from_config: PathBuf::new(),
        })
    }

    /// The operator's own file is as good as a revision; one that lies in what
    /// is swept is what the revision is named against.
    fn refuse_scanned(
        &self,
        trusted: &Trusted,
        directory: &Path,
        scope: &[PathBuf],
    ) -> Result<(), ConfigError> {
        let Some(path) = &self.settings.config else { return Ok(()) };
        if !lies_in(path, directory) && !scope.iter().any(|root| lies_in(path, root)) {
            return Ok(());
        }
        let reason = format!(
            "it lies in what is swept; leave --config out, and {CONFIG_NAME} of {} holds",
            shown(&trusted.revision)
        );
        Err(ConfigError::Unreadable { file: escape(path), reason })
    }

    /// What a configuration leaves out; whoever leaked a key may have written
    /// the one that lies beside it.
    fn excludes(&self, configuration: &Configuration, is_revision: bool) -> ExcludeSet {
        let asked = &self.settings.asked_excludes;
        let is_believed = is_revision || configuration.trust == Trust::Operator;
        if is_believed || self.settings.obeys_scanned_excludes {
            configuration.exclude_set(asked)
        } else {
            configuration.asked_set(asked)
        }
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
    pub(super) fn check_asked(&self, targets: &[Target]) -> Result<(), ScanError> {
        for glob in &self.settings.asked_excludes {
            if !targets.iter().any(|target| target.excludes.holds(glob)) {
                return Err(ConfigError::NoReason { glob: glob.clone() }.into());
            }
        }
        Ok(())
    }
}

/// A revision as outputs show it; a whole id as far as people tell two apart.
pub(super) fn shown(revision: &str) -> String {
    let is_id =
        matches!(revision.len(), 40 | 64) && revision.bytes().all(|b| b.is_ascii_hexdigit());
    crate::git::escape(&revision.as_bytes()[..if is_id { 12 } else { revision.len() }])
}

/// The configuration of a trusted revision. It is no less trusted than what
/// the operator wrote, but it still says nothing of the API: a revision is
/// named for what it allows, not for where keys are sent.
fn trusted_configuration(
    trusted: &Trusted,
    directory: &Path,
) -> Result<Option<Configuration>, ScanError> {
    let Some((bytes, name)) = trusted.file(CONFIG_NAME)? else { return Ok(None) };
    let text = String::from_utf8(bytes).map_err(|error| ConfigError::Unreadable {
        file: name.clone(),
        reason: format!("not UTF-8: {error}"),
    })?;
    let configuration = Configuration::parse(&text, &name, directory, Trust::Scanned)?;
    Ok(Some(checked(configuration, &name)?))
}

/// The file of `--config`. One that lies in what is scanned is no more trusted
/// for having been named.
fn operator_configuration(
    path: &Path,
    directory: &Path,
    scope: &[PathBuf],
) -> Result<Configuration, ConfigError> {
    let lies_in_scope = scope.iter().any(|root| lies_in(path, root));
    let trust = if lies_in_scope { Trust::Scanned } else { Trust::Operator };
    load(path, &escape(path), directory, trust)
}

/// Whether a file that the operator named lies below a canonical directory: by
/// its name, which a link there may have, or by what that leads to.
pub(super) fn lies_in(path: &Path, directory: &Path) -> bool {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new(".")).canonicalize();
    let places = [parent, path.canonicalize()];
    places.iter().flatten().any(|place| place.starts_with(directory))
}

/// Reads a configuration and tries its rules on their own examples: one that
/// misses them would sweep in vain.
fn load(
    path: &Path,
    name: &str,
    directory: &Path,
    trust: Trust,
) -> Result<Configuration, ConfigError> {
    checked(Configuration::load(path, name, directory, trust)?, name)
}

/// Tries a configuration's own rules on their own examples.
fn checked(configuration: Configuration, name: &str) -> Result<Configuration, ConfigError> {
    match detect::check(&configuration.rules, |rule| rule.file == name).into_iter().next() {
        Some(error) => Err(error.into()),
        None => Ok(configuration),
    }
}
