//! What keys look like, and how to skip what holds none.
//!
//! In: TOML, embedded and from configurations. Out: rules that are correct by
//! construction, and the prefilter over all of them. Knows nothing of files,
//! of git or of what a finding becomes.

mod error;
mod escape;
mod form;
mod index;
mod parse;
mod parts;
mod pattern;
mod prefilter;
mod shape;

use std::collections::HashMap;
use std::sync::Arc;

pub use error::RuleError;
pub use form::{Form, Wide};
pub use index::Index;
pub use parse::RawRule;
pub(crate) use parts::in_parts;
pub use pattern::{Pattern, PatternMatch};
pub use prefilter::{
    CORE_BYTES, HEAD_BYTES, Literal, LiteralHit, Prefilter, SEPARATOR, TAIL_BYTES, marks_container,
};

use crate::finding::{Confidence, Severity};
use crate::secret::Secret;

/// The built-in rules, as text.
const BUILTIN: &str = include_str!("../../rules/bytestack.toml");
/// How the built-in rules are named in errors.
const BUILTIN_FILE: &str = "rules/bytestack.toml";

/// How random a literal looks.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, serde::Serialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// Words or digits: a password that a person made up, or no secret at all.
    Weak,
    /// Short, or partly random.
    Fair,
    /// Drawn at random, beyond reasonable doubt.
    Strong,
}

/// What one kind of key looks like and what to do about it.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Unique, lower case with hyphens.
    pub id: Arc<str>,
    /// A few words.
    pub title: String,
    /// What the rule finds and why that matters.
    pub description: String,
    /// What to do about a finding.
    pub remedy: String,
    /// How bad a real one is.
    pub severity: Severity,
    /// The confidence of a strong literal in the best context.
    pub confidence: Confidence,
    /// Lower-case texts of which every content that the rule looks at holds
    /// one, in any case; empty: the rule looks at everything.
    pub keywords: Vec<String>,
    /// What a key looks like.
    pub pattern: Option<Pattern>,
    /// Names that announce the key.
    pub names: Option<Names>,
    /// Places that hold it without a name.
    pub context: Option<Context>,
    /// What a value must be.
    pub value: ValueNeeds,
    /// Where the rule applies.
    pub paths: PathFilter,
    /// Texts that the rule must find.
    pub examples: Vec<Example>,
    /// Texts that it must not.
    pub counter_examples: Vec<Example>,
    /// The file that holds the rule.
    pub file: String,
    /// The line of that file at which it begins, from 1.
    pub line: usize,
}

/// Names made of a vendor's word and a noun, in any spelling.
#[derive(Debug, Clone)]
pub struct Names {
    /// The vendor's words, lower case.
    pub vendors: Vec<String>,
    /// Nouns that mean the key, lower case without separators: `apikey`.
    pub nouns: Vec<String>,
    /// Nouns that may mean it.
    pub loose_nouns: Vec<String>,
    /// Words of which the name must hold one.
    pub requires: Vec<String>,
    /// Words of which it must hold none.
    pub unless: Vec<String>,
}

/// Places that hold a key without naming it.
#[derive(Debug, Clone)]
pub struct Context {
    /// Hosts of the API, lower case.
    pub hosts: Vec<String>,
    /// Request headers that carry the key, lower case.
    pub headers: Vec<String>,
    /// Whether a client named after the vendor takes it as an argument.
    pub clients: bool,
}

/// What a value must be to count.
#[derive(Debug, Clone, Copy)]
pub struct ValueNeeds {
    /// In bytes.
    pub min_length: usize,
    /// In bytes.
    pub max_length: usize,
    /// How random it must look at the least.
    pub min_strength: Strength,
}

impl Default for ValueNeeds {
    fn default() -> Self {
        Self { min_length: 8, max_length: 512, min_strength: Strength::Weak }
    }
}

/// Where a rule applies.
#[derive(Debug, Clone)]
pub struct PathFilter {
    include: globset::GlobSet,
    exclude: globset::GlobSet,
    includes_some: bool,
}

impl PathFilter {
    fn new(include: globset::GlobSet, exclude: globset::GlobSet, includes_some: bool) -> Self {
        Self { include, exclude, includes_some }
    }

    /// Whether the rule applies to a path (a rule without filters applies
    /// everywhere).
    #[must_use]
    pub fn applies(&self, path: &str) -> bool {
        (!self.includes_some || self.include.is_match(path)) && !self.exclude.is_match(path)
    }
}

/// A text of a rule file that a rule is tested with.
///
/// `⟦alnum:40⟧` in it stands for 40 random letters and digits (also `hex`,
/// `lower`, `upper`, `digits`), so that no rule file holds a key-like value.
#[derive(Debug, Clone)]
pub struct Example {
    /// The text.
    pub text: String,
    /// Its line in the rule file, from 1.
    pub line: usize,
}

/// All rules of a run, and their prefilter.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    index: Index,
    prefilter: Prefilter,
    known: Vec<Secret>,
}

impl RuleSet {
    /// The built-in rules.
    ///
    /// # Errors
    /// None in a released build: a test loads them.
    pub fn builtin() -> Result<Self, RuleError> {
        Ok(Self::from_rules(parse::rules(BUILTIN, BUILTIN_FILE)?, Vec::new()))
    }

    /// Adds the rules of a file.
    ///
    /// # Errors
    /// The first mistake in it, or an id that another rule has.
    pub fn extended(self, text: &str, file: &str) -> Result<Self, RuleError> {
        let more = parse::rules(text, file)?;
        self.with(more)
    }

    /// Adds rules that stand in a larger file, whose whole text is `text`.
    ///
    /// # Errors
    /// The first mistake in them, or an id that another rule has.
    pub fn extended_with(
        self,
        rules: &[toml::Spanned<RawRule>],
        text: &str,
        file: &str,
    ) -> Result<Self, RuleError> {
        let more = parse::embedded(rules, text, file)?;
        self.with(more)
    }

    /// Looks for these very keys too, whatever their context.
    #[must_use]
    pub fn with_known(&self, keys: &[Secret]) -> Self {
        Self::from_rules(self.rules.clone(), keys.to_vec())
    }

    /// The keys that are looked for by their value.
    #[must_use]
    pub fn known(&self) -> &[Secret] {
        &self.known
    }

    fn with(self, more: Vec<Rule>) -> Result<Self, RuleError> {
        if more.is_empty() {
            return Ok(self);
        }
        let mut rules = self.rules;
        let mut places: HashMap<Arc<str>, usize> =
            rules.iter().enumerate().map(|(at, rule)| (Arc::clone(&rule.id), at)).collect();
        for rule in more {
            if let Some(first) = places.insert(Arc::clone(&rule.id), rules.len()) {
                let first = &rules[first];
                let reason =
                    format!("rule `{}` exists already, at {}:{}", rule.id, first.file, first.line);
                return Err(RuleError { file: rule.file, line: rule.line, reason });
            }
            rules.push(rule);
        }
        Ok(Self::from_rules(rules, self.known))
    }

    fn from_rules(rules: Vec<Rule>, known: Vec<Secret>) -> Self {
        let index = Index::new(&rules);
        let demands = index.demands(&rules);
        let takes_everything = rules.iter().any(|rule| rule.keywords.is_empty());
        let prefilter = Prefilter::asking(index.literals(), demands, &known, takes_everything);
        Self { rules, index, prefilter, known }
    }

    /// Every rule, built-in ones first.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule with an id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| &*rule.id == id)
    }

    /// The prefilter over all rules' keywords.
    #[must_use]
    pub fn prefilter(&self) -> &Prefilter {
        &self.prefilter
    }

    /// The literals of the prefilter, in the order of
    /// [`LiteralHit::literal`].
    #[must_use]
    pub fn literals(&self) -> &[Literal] {
        self.index.literals()
    }

    /// Which rules want which literals.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = r#"
[[rule]]
id = "acme"
title = "Acme"
description = "d"
remedy = "r"
severity = "high"
confidence = "high"
keywords = ["acme_"]
pattern = '(?P<secret>acme_[a-z0-9]{32})'
examples = ["acme_⟦lower:32⟧"]
"#;

    fn refusal(change: impl Fn(&str) -> String) -> String {
        let rules = RuleSet::builtin().expect("built-in rules parse");
        rules.extended(&change(RULE), "x.toml").expect_err("the change is a mistake").to_string()
    }

    #[test]
    fn a_good_rule_joins_the_built_in_ones() {
        let rules = RuleSet::builtin().expect("built-in rules parse");
        let before = rules.rules().len();
        let rules = rules.extended(RULE, "x.toml").expect("the rule is good");
        assert_eq!(rules.rules().len(), before + 1);
        let key = format!("x acme_{}", "k3y".repeat(11));
        assert!(rules.prefilter().is_candidate(key.as_bytes()));
        assert!(!rules.prefilter().is_candidate(b"x acme_home_directory"));
    }

    #[test]
    fn a_rule_among_many_is_asked_where_it_is_asked_alone() {
        let rules = |numbers: std::ops::Range<usize>| {
            let named = |number| RULE.replace("acme", &format!("vendor-{number:02}"));
            let text: String = numbers.map(named).collect();
            let rules = RuleSet::builtin().and_then(|rules| rules.extended(&text, "x.toml"));
            rules.expect("the rules are good")
        };
        let (alone, among) = (rules(7..8), rules(0..40));
        let mut asked = [0, 0];
        for before in 0..=33 {
            for between in [
                "", "k", " ", "-", "%6b", "%6B%6b", "\\x6b", "\\u006b", "&#107;", "=6B", "=\n",
                "%2b", "\u{e9}",
            ] {
                let (head, tail) = ("k3".repeat(before), "y9".repeat(33));
                for tail in [&tail[..32_usize.saturating_sub(2 * before)], &tail[..10]] {
                    let text =
                        format!("x VENDOR-07_{}{between}{tail} z", &head[..head.len().min(32)]);
                    let is_asked = alone.prefilter().is_candidate(text.as_bytes());
                    assert_eq!(among.prefilter().is_candidate(text.as_bytes()), is_asked, "{text}");
                    asked[usize::from(is_asked)] += 1;
                }
            }
        }
        assert!(asked[0] > 100 && asked[1] > 100, "{asked:?}");
    }

    #[test]
    fn mistakes_are_refused_with_file_line_and_reason() {
        for (from, to, expected) in [
            ("severity = \"high\"", "severity = \"awful\"", "x.toml:7: unknown variant `awful`"),
            ("title =", "titel =", "x.toml:4: unknown field `titel`"),
            ("(?P<secret>", "(?P<key>", "x.toml:10: a pattern needs a capture named `secret`"),
            ("[a-z0-9]{32}", "[a-z0-9", "x.toml:10: bad pattern: "),
            ("id = \"acme\"", "id = \"Acme Key\"", "x.toml:3: `id` takes"),
            ("\"acme_\"", "\"a\"", "x.toml:9: a keyword takes"),
            (
                "id = \"acme\"",
                "id = \"bytestack-api-key\"",
                "exists already, at rules/bytestack.toml:",
            ),
            (
                "examples = [\"acme_⟦lower:32⟧\"]",
                "",
                "x.toml:3: a rule needs at least one of `examples`",
            ),
        ] {
            let error = refusal(|rule| rule.replace(from, to));
            assert!(error.contains(expected), "{error}\nwanted {expected}");
        }
    }
}
