//! `.keysweep.toml`.
//!
//! In: the text of a configuration and how far it is trusted. Out: rules,
//! excludes and, from the operator alone, the vendor's settings; or an error
//! with file and line. Unknown fields are refused: a misspelt one must not
//! weaken a sweep in silence.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::excludes::{Exclude, ExcludeSet};
use crate::rule::{RawRule, RuleError, RuleSet};

/// The file's name, at a repository's root or in the directory given.
pub const CONFIG_NAME: &str = ".keysweep.toml";

/// The largest configuration that is read.
const LIMIT_BYTES: u64 = 4 << 20;

/// Top-level keys that say where keys are sent, or ask for that.
const OPERATOR_KEYS: [&str; 9] =
    ["vendor", "api", "api-url", "verify", "revoke", "respond", "transport", "tls", "proxy"];

/// Whether a configuration is the operator's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// The operator named a file outside of everything that is scanned.
    Operator,
    /// It lies in what is scanned, so whoever wrote that wrote this.
    Scanned,
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It cannot be read.
    #[error("{file}: cannot be read: {reason}")]
    Unreadable {
        /// The file, escaped.
        file: String,
        /// What the system said, or which limit it exceeds.
        reason: String,
    },
    /// It is not what a configuration may be.
    #[error("{file}:{line}: {reason}")]
    Invalid {
        /// The file, escaped.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// One of its rules is none.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// `--exclude` names a glob for which no configuration gives a reason.
    #[error(
        "--exclude {glob}: no configuration gives a reason for it; put this into {CONFIG_NAME}:\n\
         [[exclude]]\nglob = {glob:?}\nreason = \"why nothing in there can leak\"\nwhen-asked = true"
    )]
    NoReason {
        /// The glob as given.
        glob: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default)]
    exclude: Vec<Spanned<RawExclude>>,
    #[serde(default)]
    rule: Vec<Spanned<RawRule>>,
    vendor: Option<toml::Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawExclude {
    glob: String,
    reason: String,
    #[serde(default)]
    when_asked: bool,
}

/// A configuration, checked.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// The file, escaped.
    pub file: String,
    /// The directory that its globs start from.
    pub directory: PathBuf,
    /// Whose word it is.
    pub trust: Trust,
    /// The built-in rules and its own.
    pub rules: Arc<RuleSet>,
    /// The entries of `[[exclude]]`, those that wait to be asked for included.
    pub excludes: Vec<Exclude>,
    /// `[vendor]`, which only the operator's own file may have.
    pub vendor: Option<toml::Table>,
}

impl Configuration {
    /// Reads a file; `name` is what it is called in errors and reports, and
    /// `directory` where its globs start.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, and as [`Configuration::parse`].
    pub fn load(
        path: &Path,
        name: &str,
        directory: &Path,
        trust: Trust,
    ) -> Result<Self, ConfigError> {
        let unreadable = |reason: String| ConfigError::Unreadable { file: name.to_owned(), reason };
        let metadata = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?;
        if !metadata.is_file() {
            return Err(unreadable("not a plain file".to_owned()));
        }
        if metadata.len() > LIMIT_BYTES {
            return Err(unreadable(format!("larger than {} MiB", LIMIT_BYTES >> 20)));
        }
        let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
        let text =
            String::from_utf8(bytes).map_err(|error| unreadable(format!("not UTF-8: {error}")))?;
        Self::parse(&text, name, directory, trust)
    }

    /// Checks a configuration's text.
    ///
    /// # Errors
    ///
    /// The first mistake, or a key that only the operator may set, with file
    /// and line.
    pub fn parse(
        text: &str,
        file: &str,
        directory: &Path,
        trust: Trust,
    ) -> Result<Self, ConfigError> {
        let invalid = |offset: usize, reason: String| ConfigError::Invalid {
            file: file.to_owned(),
            line: line_of(text, offset),
            reason,
        };
        if trust == Trust::Scanned {
            refuse_operator_keys(text, &invalid)?;
        }
        let raw: RawFile = toml::from_str(text).map_err(|error| {
            invalid(error.span().map_or(0, |span| span.start), error.message().to_owned())
        })?;
        let mut excludes = Vec::with_capacity(raw.exclude.len());
        let mut offsets = Vec::with_capacity(raw.exclude.len());
        for entry in raw.exclude {
            let offset = entry.span().start;
            let entry = entry.into_inner();
            if entry.reason.trim().is_empty() {
                return Err(invalid(offset, "`reason` is empty; say why".to_owned()));
            }
            offsets.push(offset);
            excludes.push(Exclude {
                glob: entry.glob,
                reason: entry.reason,
                when_asked: entry.when_asked,
            });
        }
        ExcludeSet::new(&excludes, &[]).map_err(|(index, reason)| {
            invalid(offsets.get(index).copied().unwrap_or(0), format!("bad glob: {reason}"))
        })?;
        Ok(Self {
            file: file.to_owned(),
            directory: directory.to_owned(),
            trust,
            rules: Arc::new(RuleSet::builtin()?.extended_with(&raw.rule, text, file)?),
            excludes,
            vendor: raw.vendor,
        })
    }

    /// The excludes that hold in a run that asks for `asked`.
    #[must_use]
    pub fn exclude_set(&self, asked: &[String]) -> ExcludeSet {
        ExcludeSet::new(&self.excludes, asked).unwrap_or_default()
    }

    /// Those alone that the run asks for: the operator's word, for which this
    /// only gives the reason.
    #[must_use]
    pub fn asked_set(&self, asked: &[String]) -> ExcludeSet {
        let is_asked = |exclude: &&Exclude| asked.contains(&exclude.glob);
        let excludes: Vec<Exclude> = self.excludes.iter().filter(is_asked).cloned().collect();
        ExcludeSet::new(&excludes, asked).unwrap_or_default()
    }
}

/// A misspelt or hostile file is refused by serde anyway; these keys get an
/// answer that says why.
fn refuse_operator_keys(
    text: &str,
    invalid: &dyn Fn(usize, String) -> ConfigError,
) -> Result<(), ConfigError> {
    let Ok(table) =
        toml::from_str::<std::collections::BTreeMap<Spanned<String>, toml::Value>>(text)
    else {
        return Ok(());
    };
    for key in table.keys() {
        if OPERATOR_KEYS.contains(&key.get_ref().as_str()) {
            return Err(invalid(
                key.span().start,
                format!(
                    "`{}` may not be set by a configuration that lies in what is scanned: it \
                     would say where keys are sent; use the flags, or a file elsewhere with --config",
                    key.get_ref()
                ),
            ));
        }
    }
    Ok(())
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    memchr::memchr_iter(b'\n', before).count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str, trust: Trust) -> String {
        Configuration::parse(text, "x.toml", Path::new("."), trust).unwrap_err().to_string()
    }

    #[test]
    fn scanned_configuration_may_not_say_where_keys_are_sent() {
        for key in OPERATOR_KEYS {
            for text in [format!("\n[{key}]\nurl = \"https://x\"\n"), format!("\n{key} = 1\n")] {
                let said = refusal(&text, Trust::Scanned);
                assert!(said.starts_with("x.toml:2: "), "{said}");
                assert!(said.contains(&format!("`{key}`")), "{said}");
            }
        }
        let own = "[vendor]\nurl = \"https://x\"\n";
        let own = Configuration::parse(own, "x", Path::new("."), Trust::Operator)
            .expect("an operator may");
        assert!(own.vendor.is_some());
    }

    #[test]
    fn mistake_is_refused_with_its_line() {
        let cases = [
            ("a = 1", "x.toml:1: unknown field `a`"),
            ("\n[[exclude]]\nglob = \"a\"\n", "x.toml:2: missing field `reason`"),
            ("\n\n[[exclude]]\nglob = \"a\"\nreason = \" \"\n", "x.toml:3: `reason` is empty"),
            ("[[exclude]]\nglob = \"a[\"\nreason = \"r\"\n", "x.toml:1: bad glob"),
            ("[[exclude]]\nglob = \"a\"\nreasn = \"r\"\n", "x.toml:3: unknown field `reasn`"),
            ("[[exclude\n", "x.toml:1: "),
        ];
        for (text, expected) in cases {
            let said = refusal(text, Trust::Scanned);
            assert!(said.starts_with(expected), "{said}");
        }
    }
}
