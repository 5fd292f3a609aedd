//! A rule's pattern.
//!
//! In: its text and the rule's keywords. Out: a pattern that is known to be
//! sound, what its matches hold around a keyword, and the matches themselves.
//! Knows nothing of files.
//!
//! Compiling takes more time and room than all else about a rule, and of a
//! thousand hardly one is ever asked for: so a pattern is compiled when it is
//! first needed, and for few bytes, such as an example's or those around a hit,
//! only as far as the plainest of engines needs, a fifth of the whole.

use std::ops::Range;
use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};
use regex_automata::nfa::thompson::{self, pikevm::PikeVM};
use regex_automata::{Input, PatternID};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{self, Hir, HirKind};

use super::shape::{self, Shape};

/// The largest compiled size of one pattern, in bytes; what exceeds it would
/// cost more memory than all other rules together.
const LIMIT_BYTES: usize = 4 << 20;

/// The size of a pattern, in ranges of bytes, up to which it surely compiles: a
/// range takes about 30 bytes of the limit.
const SURELY_SMALL: usize = 10_000;

/// Up to so many bytes the plain engine is quicker than compiling the fast one.
const FEW_BYTES: usize = 1 << 10;

/// The name of the capture that is the key.
const SECRET: &str = "secret";

/// One match of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternMatch {
    /// Its bytes, half-open.
    pub whole: Range<usize>,
    /// The key's, if the match has one.
    pub secret: Option<Range<usize>>,
}

/// A sound pattern with its capture `secret`; ASCII only, linear in time.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    parsed: Hir,
    fast: OnceLock<Regex>,
    plain: OnceLock<PikeVM>,
    longest_bytes: Option<usize>,
    pub(super) shape: Shape,
}

impl Pattern {
    /// Checks a pattern of a rule with these keywords, in lower case.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn new(text: &str, keywords: &[String]) -> Result<Self, String> {
        let parsed = ParserBuilder::new().utf8(false).unicode(false).build().parse(text);
        let parsed = parsed.map_err(|error| bad(&error.to_string()))?;
        let fast = OnceLock::new();
        let may_be_empty = parsed.properties().minimum_len().is_some_and(|least| least == 0);
        if may_be_empty || size(&parsed) > SURELY_SMALL {
            let regex = compile(text).map_err(|error| bad(&error.to_string()))?;
            check_secret(&parsed)?;
            if regex.is_match(b"") {
                return Err("a pattern must not match the empty text".to_owned());
            }
            _ = fast.set(regex);
        }
        check_secret(&parsed)?;
        Ok(Self {
            text: text.to_owned(),
            fast,
            plain: OnceLock::new(),
            longest_bytes: parsed.properties().maximum_len(),
            shape: shape::shape(&parsed, keywords),
            parsed,
        })
    }

    /// The pattern as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every match, leftmost first, none overlapping another.
    #[must_use]
    pub fn matches(&self, bytes: &[u8]) -> Vec<PatternMatch> {
        if bytes.len() <= FEW_BYTES {
            let mut matches: Vec<PatternMatch> = Vec::new();
            let mut at = 0;
            while let Some(found) = self.first(bytes, at..bytes.len()) {
                // An empty match, which needs something around it, is passed by.
                at = found.whole.end.max(found.whole.start + 1);
                matches.push(found);
                if at > bytes.len() {
                    break;
                }
            }
            return matches;
        }
        let fast = self
            .fast
            .get_or_init(|| compile(&self.text).expect("sound, and small beside the limit"));
        let captures = fast.captures_iter(bytes).map(|captures| PatternMatch {
            whole: captures.get_match().range(),
            secret: captures.name(SECRET).map(|secret| secret.range()),
        });
        captures.collect()
    }

    /// The leftmost match within a few bytes; what stands around them is seen.
    #[must_use]
    pub fn first(&self, bytes: &[u8], range: Range<usize>) -> Option<PatternMatch> {
        let plain = self.plain.get_or_init(|| {
            let limits = thompson::Config::new().utf8(false).nfa_size_limit(Some(LIMIT_BYTES));
            let nfa = thompson::Compiler::new().configure(limits).build_from_hir(&self.parsed);
            let sound = "sound, and small beside the limit";
            PikeVM::new_from_nfa(nfa.expect(sound)).expect(sound)
        });
        let mut captures = plain.create_captures();
        plain.search(&mut plain.create_cache(), &Input::new(bytes).range(range), &mut captures);
        let group = plain.get_nfa().group_info().to_index(PatternID::ZERO, SECRET);
        Some(PatternMatch {
            whole: captures.get_match()?.range(),
            secret: group.and_then(|group| captures.get_group(group)).map(|span| span.range()),
        })
    }

    /// The length of the longest match, in bytes; `None` where there is none.
    #[must_use]
    pub fn longest_bytes(&self) -> Option<usize> {
        self.longest_bytes
    }

    /// Whether every match holds one of the rule's keywords where the prefilter
    /// hits it, so that no match is away from all hits.
    #[must_use]
    pub fn stands_at_hits(&self) -> bool {
        self.shape != Shape::Unknown
    }
}

/// The gist of an error, which is its last line.
fn bad(error: &str) -> String {
    format!("bad pattern: {}", error.lines().last().unwrap_or_default().trim())
}

fn compile(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).unicode(false).size_limit(LIMIT_BYTES).build()
}

/// The ranges of bytes in a pattern, what is repeated as often as it is.
fn size(pattern: &Hir) -> usize {
    let all = |parts: &[Hir]| parts.iter().map(size).fold(1, usize::saturating_add);
    match pattern.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(hir::Literal(bytes)) => bytes.len(),
        HirKind::Class(hir::Class::Bytes(class)) => class.ranges().len(),
        // Of characters each range is several of bytes.
        HirKind::Class(hir::Class::Unicode(class)) => class.ranges().len() * 32,
        HirKind::Capture(capture) => size(&capture.sub).saturating_add(1),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => all(parts),
        HirKind::Repetition(repetition) => {
            let copies = repetition.max.unwrap_or(repetition.min.saturating_add(1)) as usize;
            size(&repetition.sub).saturating_add(1).saturating_mul(copies)
        }
    }
}

fn check_secret(pattern: &Hir) -> Result<(), String> {
    let reason = "a pattern needs a capture named `secret`: `(?P<secret>…)`";
    has_secret(pattern).then_some(()).ok_or_else(|| reason.to_owned())
}

fn has_secret(pattern: &Hir) -> bool {
    let is_secret = matches!(pattern.kind(), HirKind::Capture(hir::Capture { name: Some(name), .. }) if **name == *SECRET);
    is_secret || pattern.kind().subs().iter().any(has_secret)
}
