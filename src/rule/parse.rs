//! TOML to rules.
//!
//! In: the text of a rule file. Out: rules that are correct by construction,
//! or an error with file and line. Unknown fields are refused: a misspelt
//! `exlude` must not widen a rule in silence.

use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::error::Lines;
use super::parts::in_parts;
use super::{Context, Example, Names, PathFilter, Pattern, Rule, RuleError, Strength, ValueNeeds};
use crate::finding::{Confidence, Severity};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default)]
    rule: Vec<Spanned<RawRule>>,
}

/// One `[[rule]]` table as it is written, before anything is checked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRule {
    id: Spanned<String>,
    title: String,
    description: String,
    remedy: String,
    severity: Severity,
    confidence: Confidence,
    #[serde(default)]
    keywords: Vec<Spanned<String>>,
    pattern: Option<Spanned<String>>,
    names: Option<RawNames>,
    context: Option<RawContext>,
    #[serde(default)]
    value: RawValue,
    #[serde(default)]
    paths: RawPaths,
    #[serde(default)]
    examples: Vec<Spanned<String>>,
    #[serde(default)]
    counter_examples: Vec<Spanned<String>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNames {
    vendors: Vec<Spanned<String>>,
    nouns: Vec<String>,
    #[serde(default)]
    loose_nouns: Vec<String>,
    #[serde(default)]
    requires: Vec<String>,
    #[serde(default)]
    unless: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawContext {
    #[serde(default)]
    hosts: Vec<String>,
    #[serde(default)]
    headers: Vec<String>,
    #[serde(default)]
    clients: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawValue {
    min_length: Option<usize>,
    max_length: Option<usize>,
    min_strength: Option<Strength>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPaths {
    #[serde(default)]
    include: Vec<Spanned<String>>,
    #[serde(default)]
    exclude: Vec<Spanned<String>>,
}

/// Where a text came from, for errors.
#[derive(Clone, Copy)]
struct Place<'a> {
    file: &'a str,
    lines: &'a Lines,
}

impl Place<'_> {
    fn error(&self, offset: usize, reason: impl Into<String>) -> RuleError {
        RuleError {
            file: self.file.to_owned(),
            line: self.lines.holding(offset),
            reason: reason.into(),
        }
    }

    fn check<T>(&self, spanned: &Spanned<T>, good: bool, reason: &str) -> Result<(), RuleError> {
        if good { Ok(()) } else { Err(self.error(spanned.span().start, reason)) }
    }
}

/// Parses a rule file.
///
/// # Errors
/// The first mistake, with `file` as its file.
pub(super) fn rules(text: &str, file: &str) -> Result<Vec<Rule>, RuleError> {
    let lines = Lines::of(text);
    let place = Place { file, lines: &lines };
    let raw: RawFile = toml::from_str(text)
        .map_err(|error| place.error(error.span().map_or(0, |span| span.start), error.message()))?;
    all_valid(&raw.rule, place)
}

/// Checks rules that stand in a larger file, such as a configuration; `text`
/// is that whole file.
///
/// # Errors
/// The first mistake, with `file` as its file.
pub(super) fn embedded(
    rules: &[Spanned<RawRule>],
    text: &str,
    file: &str,
) -> Result<Vec<Rule>, RuleError> {
    let lines = Lines::of(text);
    all_valid(rules, Place { file, lines: &lines })
}

/// The least rules that are worth a thread.
const THREAD_RULES: usize = 64;

fn all_valid(raw: &[Spanned<RawRule>], place: Place<'_>) -> Result<Vec<Rule>, RuleError> {
    let parts = in_parts(raw, THREAD_RULES, |rules| -> Result<Vec<Rule>, RuleError> {
        rules.iter().map(|rule| valid(rule.clone(), place)).collect()
    });
    let mut rules = Vec::with_capacity(raw.len());
    for part in parts {
        rules.extend(part?);
    }
    Ok(rules)
}

fn valid(raw: Spanned<RawRule>, place: Place<'_>) -> Result<Rule, RuleError> {
    let start = raw.span().start;
    let raw = raw.into_inner();
    let id_is_plain = !raw.id.get_ref().is_empty()
        && raw
            .id
            .get_ref()
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    place.check(&raw.id, id_is_plain, "`id` takes lower-case letters, digits and hyphens")?;
    if raw.pattern.is_none() && raw.names.is_none() && raw.context.is_none() {
        return Err(place.error(start, "a rule needs a `pattern`, `names` or a `context`"));
    }
    let line = place.lines.holding(start);
    let keywords = keywords(&raw, place)?;
    let pattern = raw
        .pattern
        .as_ref()
        .map(|text| {
            Pattern::new(text.get_ref(), &keywords)
                .map_err(|reason| place.error(text.span().start, reason))
        })
        .transpose()?;
    let paths = PathFilter::new(
        globs(&raw.paths.include, place)?,
        globs(&raw.paths.exclude, place)?,
        !raw.paths.include.is_empty(),
    );
    let examples = |list: Vec<Spanned<String>>| -> Vec<Example> {
        list.into_iter()
            .map(|text| Example {
                line: place.lines.holding(text.span().start),
                text: text.into_inner(),
            })
            .collect()
    };
    place.check(&raw.id, !raw.examples.is_empty(), "a rule needs at least one of `examples`")?;
    let value = value_needs(&raw, start, place)?;
    Ok(Rule {
        id: Arc::from(raw.id.into_inner()),
        title: raw.title,
        description: raw.description,
        remedy: raw.remedy,
        severity: raw.severity,
        confidence: raw.confidence,
        keywords,
        pattern,
        names: raw.names.map(Names::from),
        context: raw.context.map(Context::from),
        value,
        paths,
        examples: examples(raw.examples),
        counter_examples: examples(raw.counter_examples),
        file: place.file.to_owned(),
        line,
    })
}

fn value_needs(raw: &RawRule, start: usize, place: Place<'_>) -> Result<ValueNeeds, RuleError> {
    let defaults = ValueNeeds::default();
    let needs = ValueNeeds {
        min_length: raw.value.min_length.unwrap_or(defaults.min_length),
        max_length: raw.value.max_length.unwrap_or(defaults.max_length),
        min_strength: raw.value.min_strength.unwrap_or(defaults.min_strength),
    };
    if needs.min_length > needs.max_length {
        return Err(place.error(start, "`value.min_length` is above `value.max_length`"));
    }
    Ok(needs)
}

/// The rule's keywords: as written, or the vendors of its names.
fn keywords(raw: &RawRule, place: Place<'_>) -> Result<Vec<String>, RuleError> {
    let vendors = raw.names.as_ref().map_or(&[][..], |names| &names.vendors);
    for keyword in raw.keywords.iter().chain(vendors) {
        place.check(
            keyword,
            super::Literal::new(keyword.get_ref()).is_some(),
            "a keyword takes three ASCII characters or more",
        )?;
    }
    let mut keywords: Vec<String> = raw
        .keywords
        .iter()
        .chain(vendors)
        .map(|keyword| keyword.get_ref().to_ascii_lowercase())
        .collect();
    keywords.sort_unstable();
    keywords.dedup();
    Ok(keywords)
}

fn globs(list: &[Spanned<String>], place: Place<'_>) -> Result<globset::GlobSet, RuleError> {
    let mut builder = globset::GlobSetBuilder::new();
    for glob in list {
        let compiled = globset::Glob::new(glob.get_ref()).map_err(|error| {
            place.error(glob.span().start, format!("bad glob: {}", error.kind()))
        })?;
        builder.add(compiled);
    }
    builder.build().map_err(|error| place.error(0, format!("bad globs: {}", error.kind())))
}

impl From<RawNames> for Names {
    fn from(raw: RawNames) -> Self {
        let phrases = |list: Vec<String>| -> Vec<String> {
            list.into_iter().map(|phrase| phrase.to_ascii_lowercase().replace(' ', "")).collect()
        };
        Self {
            vendors: raw
                .vendors
                .into_iter()
                .map(|vendor| vendor.into_inner().to_ascii_lowercase())
                .collect(),
            nouns: phrases(raw.nouns),
            loose_nouns: phrases(raw.loose_nouns),
            requires: phrases(raw.requires),
            unless: phrases(raw.unless),
        }
    }
}

impl From<RawContext> for Context {
    fn from(raw: RawContext) -> Self {
        let lower =
            |list: Vec<String>| list.into_iter().map(|text| text.to_ascii_lowercase()).collect();
        Self { hosts: lower(raw.hosts), headers: lower(raw.headers), clients: raw.clients }
    }
}
