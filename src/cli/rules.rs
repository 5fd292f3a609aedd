//! `keysweep rules`: what is looked for, and whether each rule does what its
//! own examples say.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use clap::{Args, Subcommand};
use keysweep::rule::{Pattern, Rule, RuleSet};
use keysweep::sandbox::{self, Needs};
use keysweep::settings::{Configuration, Trust};
use keysweep::source::path::escape;

use super::{Exit, output};

/// Lists, shows and checks the rules.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    keysweep rules list\n  \
    keysweep rules show bytestack-api-key\n  \
    keysweep rules check --config .keysweep.toml")]
pub(crate) struct RulesArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Prints one line a rule.
    #[command(after_help = "Example:\n  keysweep rules list")]
    List(ConfigArgs),
    /// Prints everything about one rule.
    #[command(after_help = "Example:\n  keysweep rules show bytestack-api-key")]
    Show {
        /// The rule's id, as `rules list` prints it.
        id: String,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Tries each rule on its own examples; exits 1 where one fails.
    #[command(after_help = "Example:\n  keysweep rules check --config .keysweep.toml")]
    Check(ConfigArgs),
}

#[derive(Debug, Args)]
struct ConfigArgs {
    /// Adds the rules of this configuration.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigArgs {
    fn rules(&self) -> anyhow::Result<Arc<RuleSet>> {
        let Some(path) = &self.config else { return Ok(Arc::new(RuleSet::builtin()?)) };
        let directory = path.parent().unwrap_or(Path::new("."));
        Ok(Configuration::load(path, &escape(path), directory, Trust::Operator)?.rules)
    }
}

/// Runs `keysweep rules`.
pub(crate) fn run(args: RulesArgs) -> anyhow::Result<Exit> {
    sandbox::enter(Needs::Nothing, &[], &[]);
    match args.action {
        Action::List(config) => output::print_lines(&list(&*config.rules()?))?,
        Action::Show { id, config } => {
            let rules = config.rules()?;
            let Some(rule) = rules.get(&id) else {
                bail!("no rule `{id}`; `keysweep rules list` prints them");
            };
            output::print_lines(&show(rule))?;
        }
        Action::Check(config) => return check(&config.rules()?),
    }
    Ok(Exit::Clean)
}

fn list(rules: &RuleSet) -> String {
    let width = rules.rules().iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for rule in rules.rules() {
        let (id, severity, confidence) = (&rule.id, rule.severity, rule.confidence);
        let _ = writeln!(text, "{id:width$}  {severity:8}  {confidence:9}  {}", rule.title);
    }
    text
}

fn show(rule: &Rule) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:12}{}", value.replace('\n', "\n            "));
    };
    line("id", &rule.id);
    line("title", &rule.title);
    line("severity", rule.severity.name());
    line("confidence", rule.confidence.name());
    line("why", &rule.description);
    line("remedy", &rule.remedy);
    line("keywords", &rule.keywords.join(", "));
    if let Some(pattern) = rule.pattern.as_ref().map(Pattern::text) {
        line("pattern", pattern);
    }
    line("defined in", &format!("{}:{}", rule.file, rule.line));
    for example in &rule.examples {
        line("finds", &example.text);
    }
    for example in &rule.counter_examples {
        line("finds not", &example.text);
    }
    text
}

fn check(rules: &Arc<RuleSet>) -> anyhow::Result<Exit> {
    let failures = keysweep::detect::check(rules, |_| true);
    let mut text = String::new();
    for failure in &failures {
        let _ = writeln!(text, "{failure}");
    }
    let examples: usize =
        rules.rules().iter().map(|rule| rule.examples.len() + rule.counter_examples.len()).sum();
    let (count, failed) = (rules.rules().len(), failures.len());
    let _ = writeln!(text, "{count} rules, {examples} examples, {failed} failed");
    output::print_lines(&text)?;
    Ok(if failures.is_empty() { Exit::Clean } else { Exit::Found })
}
