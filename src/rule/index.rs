//! Which rules want which literals, worked out once.
//!
//! In: rules. Out: their literals, for each the rules that look at its hits, and
//! what is asked of a place where it stands plain. So a hit costs what its own
//! rules cost, however many others there are.

use std::collections::HashMap;

use super::prefilter::Demands;
use super::shape::{Shape, Surroundings};
use super::{Literal, Rule};

/// The literals of a set of rules, and whose they are.
#[derive(Debug)]
pub struct Index {
    literals: Vec<Literal>,
    /// By literal, the rules with a pattern that have it as a keyword.
    patterned: Vec<Vec<usize>>,
    /// By literal, the rules with names of which it is a vendor's word.
    named: Vec<Vec<usize>>,
    /// Rules with a pattern that look at everything.
    everywhere: Vec<usize>,
    contextual: Vec<Contextual>,
}

/// A rule whose context holds keys without names.
#[derive(Debug, Clone, Copy)]
pub struct Contextual {
    /// The rule.
    pub rule: usize,
    /// The rule of the same vendor for webhook secrets.
    pub webhook: Option<usize>,
}

impl Index {
    pub(super) fn new(rules: &[Rule]) -> Self {
        let mut literals: Vec<Literal> = rules
            .iter()
            .flat_map(|rule| rule.keywords.iter())
            .filter_map(|keyword| Literal::new(keyword))
            .collect();
        literals.sort_unstable();
        literals.dedup();
        // Keywords are in lower case, as literals are.
        let mut is_encoded = vec![false; literals.len()];
        for rule in rules {
            for keyword in &rule.keywords {
                let found = literals.binary_search_by(|literal| literal.text().cmp(keyword));
                if let Ok(literal) = found {
                    is_encoded[literal] |= !is_in_two_words(rule, keyword);
                }
            }
        }
        let looked_for = |(literal, is_encoded): (Literal, bool)| {
            if is_encoded { literal } else { literal.plain() }
        };
        let literals: Vec<Literal> = literals.into_iter().zip(is_encoded).map(looked_for).collect();
        let mut index = Self {
            patterned: vec![Vec::new(); literals.len()],
            named: vec![Vec::new(); literals.len()],
            literals,
            everywhere: Vec::new(),
            contextual: Vec::new(),
        };
        for (number, rule) in rules.iter().enumerate() {
            if rule.pattern.is_some() {
                let wanted: Vec<usize> =
                    rule.keywords.iter().filter_map(|keyword| index.literal(keyword)).collect();
                for literal in wanted {
                    index.patterned[literal].push(number);
                }
                if rule.keywords.is_empty() {
                    index.everywhere.push(number);
                }
            }
            let Some(names) = &rule.names else { continue };
            let mut wanted: Vec<usize> =
                names.vendors.iter().filter_map(|vendor| index.literal(vendor)).collect();
            wanted.sort_unstable();
            wanted.dedup();
            for literal in wanted {
                index.named[literal].push(number);
            }
            if rule.context.as_ref().is_some_and(|c| c.clients || !c.hosts.is_empty()) {
                let webhook = rules.iter().position(|other| {
                    other.names.as_ref().is_some_and(|other| {
                        other.vendors == names.vendors && !other.requires.is_empty()
                    })
                });
                index.contextual.push(Contextual { rule: number, webhook });
            }
        }
        index
    }

    /// The literals, in their order.
    #[must_use]
    pub fn literals(&self) -> &[Literal] {
        &self.literals
    }

    /// The literal with a text in lower case.
    #[must_use]
    pub fn literal(&self, text: &str) -> Option<usize> {
        self.literals.binary_search_by(|literal| literal.text().cmp(text)).ok()
    }

    /// The rules with a pattern that have a literal as a keyword.
    #[must_use]
    pub fn patterned(&self, literal: usize) -> &[usize] {
        &self.patterned[literal]
    }

    /// The rules with names of which a literal is a vendor's word.
    #[must_use]
    pub fn named(&self, literal: usize) -> &[usize] {
        &self.named[literal]
    }

    /// The rules with a pattern that look at everything.
    #[must_use]
    pub fn everywhere(&self) -> &[usize] {
        &self.everywhere
    }

    /// The rules whose context holds keys without names.
    #[must_use]
    pub fn contextual(&self) -> &[Contextual] {
        &self.contextual
    }

    /// What is asked of the places where each literal stands plain.
    pub(super) fn demands(&self, rules: &[Rule]) -> Demands {
        let mut counts_always = vec![false; self.literals.len()];
        for rule in rules.iter().filter(|rule| rule.names.is_some() || rule.context.is_some()) {
            for literal in rule.keywords.iter().filter_map(|keyword| self.literal(keyword)) {
                counts_always[literal] = true;
            }
        }
        let mut numbers = HashMap::new();
        let mut demands = Demands::nothing_of(0);
        for (number, literal) in self.literals.iter().enumerate() {
            demands.begin(literal);
            if counts_always[number] {
                demands.take_all();
            }
            for rule in &self.patterned[number] {
                let rule = &rules[*rule];
                let shape = rule.pattern.as_ref().map(|pattern| &pattern.shape);
                let Some(Shape::Around(own)) = shape else {
                    demands.take_all();
                    continue;
                };
                let at = rule.keywords.iter().position(|keyword| keyword == literal.text());
                match &own[at.expect("the literal is a keyword of this rule")] {
                    Surroundings::Any => demands.take_all(),
                    Surroundings::Never => {}
                    Surroundings::Demand(demand) => demands.add(demand, &mut numbers),
                }
            }
        }
        demands
    }
}

/// Whether a keyword of a rule is a vendor's word written as two: `byte_stack`
/// beside `bytestack`. Each encoding of each such spelling would cost every
/// sweep as much as the word in one, and machines that encode names do not part
/// them.
fn is_in_two_words(rule: &Rule, keyword: &str) -> bool {
    let Some(names) = rule.names.as_ref().filter(|_| rule.pattern.is_none()) else { return false };
    let joined = keyword.replace(['_', '-'], "");
    joined != keyword && names.vendors.contains(&joined)
}
