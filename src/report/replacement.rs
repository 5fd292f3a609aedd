//! A replacement list for `git filter-repo --replace-text`.
//!
//! In: a report and, only where the operator gave them, keys in clear. Out: one
//! expression a key. Without the key the expression is a pattern of its mask
//! and length, so that the list tells no more than the report. What no
//! expression can reach is said: the format has no comments.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use zeroize::Zeroizing;

use super::model::{Finding, Report};
use super::place;
use super::summary::is_active;
use crate::secret::{Fingerprint, Secret};

/// What stands where a key stood.
const REPLACEMENT: &str = "***REMOVED BY KEYSWEEP***";

/// A list and what it leaves out.
pub struct Replacements {
    /// The list, one expression a line; wiped when dropped, as it may hold keys.
    pub text: Zeroizing<Vec<u8>>,
    /// How many expressions hold a key in clear.
    pub in_clear: usize,
    /// How many are patterns of a mask.
    pub patterns: usize,
    /// What no expression reaches, each in a sentence.
    pub left_out: Vec<String>,
}

impl std::fmt::Debug for Replacements {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replacements")
            .field("in_clear", &self.in_clear)
            .field("patterns", &self.patterns)
            .field("left_out", &self.left_out)
            .finish_non_exhaustive()
    }
}

impl Replacements {
    /// Makes the list for a report's active findings; `keys` may be empty.
    #[must_use]
    pub fn of(report: &Report, keys: &HashMap<Fingerprint, Secret>) -> Self {
        let mut made = Self {
            text: Zeroizing::new(Vec::new()),
            in_clear: 0,
            patterns: 0,
            left_out: Vec::new(),
        };
        let mut done = BTreeSet::new();
        for finding in report.findings.iter().filter(|finding| is_active(finding)) {
            if done.insert(finding.fingerprint) {
                made.expression(finding, keys.get(&finding.fingerprint));
                made.encoded(finding);
            }
        }
        made
    }

    fn expression(&mut self, finding: &Finding, key: Option<&Secret>) {
        let unfit = |key: &Secret| {
            let bytes = key.expose();
            bytes.contains(&b'\n')
                || bytes.contains(&b'\r')
                || bytes.windows(3).any(|w| w == b"==>")
        };
        if let Some(key) = key.filter(|key| !unfit(key)) {
            // Room for the whole line first: a buffer that grows leaves the key
            // behind in memory that is not wiped.
            let mut text = Zeroizing::new(Vec::with_capacity(self.text.len() + key.len() + 64));
            text.extend_from_slice(&self.text);
            text.extend_from_slice(b"literal:");
            text.extend_from_slice(key.expose());
            self.text = text;
            self.in_clear += 1;
        } else if let Some(pattern) = pattern(finding) {
            self.text.extend_from_slice(pattern.as_bytes());
            self.patterns += 1;
        } else {
            self.left_out.push(format!(
                "{}: its mask does not tell it from other text; give the key with --keys-stdin",
                finding.redacted
            ));
            return;
        }
        self.text.extend_from_slice(format!("==>{REPLACEMENT}\n").as_bytes());
    }

    fn encoded(&mut self, finding: &Finding) {
        let encoded = finding.occurrences.iter().filter(|place| !place.encodings.is_empty());
        for place in encoded {
            let blob = place.blob.as_deref().map_or_else(String::new, |blob| {
                format!("; git filter-repo --strip-blobs-with-ids removes its blob {blob}")
            });
            self.left_out.push(format!(
                "{}: encoded ({}) at {}{blob}",
                finding.redacted,
                place.encodings.join(" in "),
                place::sentence(place),
            ));
        }
    }
}

/// A pattern of what the report shows of a key: its first four bytes, its last
/// two and its length.
fn pattern(finding: &Finding) -> Option<String> {
    let (start, end) = finding.redacted.split_once('…')?;
    let length = finding.occurrences.iter().find(|p| p.encodings.is_empty())?.length_bytes;
    let hidden = length.checked_sub((start.len() + end.len()) as u64)?;
    if start.is_empty() || !finding.redacted.replace('…', "").is_ascii() {
        return None;
    }
    let mut pattern = String::from("regex:");
    let put = |pattern: &mut String, shown: &str| {
        for c in shown.chars() {
            match c {
                // The mask's own stand-in for a byte that is not printable.
                '?' => pattern.push_str(r"\S"),
                c if c.is_ascii_alphanumeric() => pattern.push(c),
                // Not `\=`, which would hide nothing from the arrow's search.
                c => {
                    let _ = write!(pattern, r"\x{:02x}", u32::from(c));
                }
            }
        }
    };
    put(&mut pattern, start);
    let _ = write!(pattern, r"\S{{{hidden}}}");
    put(&mut pattern, end);
    Some(pattern)
}
