//! Tests rules by their own examples.
//!
//! In: rules. Out: every example that its rule does not find, and every
//! counter-example that it does, with file and line. Random values are drawn
//! anew for each check, so no rule file needs to hold one.

use std::sync::Arc;

use super::Detector;
use crate::finding::{Confidence, Origin, SourceKind};
use crate::rule::{Example, Rule, RuleError, RuleSet, in_parts};
use crate::source::Content;

/// The least rules that are worth a thread.
const THREAD_RULES: usize = 16;

/// Tests the examples of every rule for which `is_wanted` holds.
#[must_use]
pub fn check(rules: &Arc<RuleSet>, is_wanted: impl Fn(&Rule) -> bool) -> Vec<RuleError> {
    let detector = Detector::new(Arc::clone(rules));
    let wanted: Vec<&Rule> = rules.rules().iter().filter(|rule| is_wanted(rule)).collect();
    in_parts(&wanted, THREAD_RULES, |rules| {
        let mut errors = Vec::new();
        for rule in rules {
            for (examples, should_find) in [(&rule.examples, true), (&rule.counter_examples, false)]
            {
                errors.extend(
                    examples
                        .iter()
                        .filter_map(|example| complaint(&detector, rule, example, should_find)),
                );
            }
        }
        errors
    })
    .concat()
}

fn complaint(
    detector: &Detector,
    rule: &Rule,
    example: &Example,
    should_find: bool,
) -> Option<RuleError> {
    let error = |reason: String| RuleError { file: rule.file.clone(), line: example.line, reason };
    let text = match expand(&example.text) {
        Ok(text) => text,
        Err(placeholder) => {
            return Some(error(format!(
                "unknown placeholder `⟦{placeholder}⟧` in an example of rule `{}`: use alnum, hex, lower, upper or digits, a colon and a length",
                rule.id,
            )));
        }
    };
    let origin = Arc::new(Origin {
        source: SourceKind::Stdin,
        root: Arc::from(""),
        path: None,
        object: None,
    });
    let is_found =
        detector.detect(&Content::whole(&origin, text.as_bytes())).iter().any(|detected| {
            detected.rule == rule.id
                && detected.occurrence.confidence >= Confidence::Medium.min(rule.confidence)
        });
    (is_found != should_find).then(|| {
        let what =
            if should_find { "does not find its example" } else { "finds its counter-example" };
        error(format!("rule `{}` {what}", rule.id))
    })
}

/// Replaces each `⟦kind:length⟧` by random text; the placeholder itself where
/// it is none that is known.
fn expand(text: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('⟦') {
        let (placeholder, after) = after.split_once('⟧').ok_or_else(|| after.to_owned())?;
        out.push_str(before);
        out.push_str(&random(placeholder).ok_or_else(|| placeholder.to_owned())?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn random(placeholder: &str) -> Option<String> {
    let (kind, length) = placeholder.split_once(':')?;
    let alphabet: &[u8] = match kind {
        "alnum" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
        "hex" => b"0123456789abcdef",
        "lower" => b"abcdefghijklmnopqrstuvwxyz0123456789",
        "upper" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
        "digits" => b"0123456789",
        _ => return None,
    };
    let length: usize = length.parse().ok().filter(|length| (1..=512).contains(length))?;
    let mut noise = vec![0_u8; length];
    getrandom::fill(&mut noise).ok()?;
    Some(
        noise
            .iter()
            .map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()]))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_rules_pass_their_own_examples() {
        let rules = Arc::new(RuleSet::builtin().expect("built-in rules parse"));
        assert_eq!(check(&rules, |_| true), Vec::new());
    }

    #[test]
    fn a_rule_that_fails_its_example_is_named_with_file_and_line() {
        let rule = r#"
[[rule]]
id = "acme"
title = "Acme"
description = "d"
remedy = "r"
severity = "high"
confidence = "high"
keywords = ["acme_"]
pattern = '(?P<secret>acme_[a-z0-9]{32})'
examples = ["acme_⟦lower:32⟧", "acme_⟦lower:30⟧"]
counter_examples = ["acme_⟦lower:31⟧", "acme_⟦lower:40⟧", "⟦odd:3⟧"]
"#;
        let rules =
            RuleSet::builtin().and_then(|rules| rules.extended(rule, "x.toml")).expect("it parses");
        let errors = check(&Arc::new(rules), |rule| rule.file == "x.toml");
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(errors.len(), 3, "{errors:?}");
        assert_eq!(errors[0], "x.toml:11: rule `acme` does not find its example");
        assert_eq!(errors[1], "x.toml:12: rule `acme` finds its counter-example");
        assert!(errors[2].starts_with("x.toml:12: unknown placeholder `⟦odd:3⟧`"), "{}", errors[2]);
    }
}
