//! `.keysweep-baseline`: findings that are known, and held back.
//!
//! In: the text of a baseline and the findings of a sweep. Out: for each
//! finding the entry that holds it back, if one does, and the text of a new
//! baseline. It holds fingerprints, never a key and never a line's number, so
//! that an entry outlives every move and opens nothing.
//!
//! The format is one JSON object a line, sorted by fingerprint, after lines
//! that begin with `#`: entries of two branches land on lines of their own, and
//! what git leaves after `merge=union` is a baseline again.

mod entry;
mod record;

use std::collections::BTreeMap;
use std::path::Path;

pub use entry::Entry;
pub use record::{Acceptance, NoReason, Recorded, record};

use crate::finding::{Finding, Suppression, SuppressionKind};
use crate::secret::Fingerprint;

/// The file's name, at a repository's root or in the directory given.
pub const BASELINE_NAME: &str = ".keysweep-baseline";

/// The largest baseline that is read: some fifty thousand entries.
const LIMIT_BYTES: u64 = 16 << 20;

/// What a new baseline begins with.
const HEADING: &str = "\
# Findings that `keysweep scan` holds back, one a line, sorted. It holds no key.
# `keysweep scan --write-baseline .keysweep-baseline --reason TEXT` adds to it.
";

/// Why a baseline is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// It is not there, or cannot be read.
    #[error("{file}: cannot be read: {reason}")]
    Unreadable {
        /// The file, escaped.
        file: String,
        /// What the system said, or which limit it exceeds.
        reason: String,
    },
    /// One of its lines is no entry.
    #[error("{file}:{line}: {reason}")]
    Invalid {
        /// The file, escaped.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong and what would be right.
        reason: String,
    },
}

/// The findings that are held back.
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    /// The file, escaped.
    file: String,
    /// Its comments, each with its line's end.
    heading: String,
    entries: BTreeMap<(Fingerprint, String), Entry>,
}

impl Baseline {
    /// A baseline without entries, to be written to `file`.
    #[must_use]
    pub fn empty(file: &str) -> Self {
        Self { file: file.to_owned(), heading: HEADING.to_owned(), entries: BTreeMap::new() }
    }

    /// Reads a file; `name` is what it is called in errors and notes.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, and as [`Baseline::parse`].
    pub fn load(path: &Path, name: &str, is_keyed: bool) -> Result<Self, BaselineError> {
        let unreadable =
            |reason: String| BaselineError::Unreadable { file: name.to_owned(), reason };
        let metadata = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?;
        if !metadata.is_file() {
            return Err(unreadable("not a plain file".to_owned()));
        }
        if metadata.len() > LIMIT_BYTES {
            return Err(unreadable(format!("larger than {} MiB", LIMIT_BYTES >> 20)));
        }
        let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
        Self::parse(&bytes, name, is_keyed)
    }

    /// Checks a baseline's text; `is_keyed` says whether this run makes its
    /// fingerprints under an operator's key.
    ///
    /// Lines may come in any order, and a finding more than once: the entry
    /// that ends first holds.
    ///
    /// # Errors
    ///
    /// The first line that is no entry, or one whose fingerprint this run can
    /// never make, with file and line.
    pub fn parse(bytes: &[u8], file: &str, is_keyed: bool) -> Result<Self, BaselineError> {
        let mut baseline =
            Self { file: file.to_owned(), heading: String::new(), entries: BTreeMap::new() };
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let invalid = |reason: String| BaselineError::Invalid {
                file: file.to_owned(),
                line: index + 1,
                reason,
            };
            let line = std::str::from_utf8(line.trim_ascii())
                .map_err(|_| invalid("not UTF-8".to_owned()))?;
            if line.starts_with('#') {
                baseline.heading.push_str(line);
                baseline.heading.push('\n');
                continue;
            }
            if line.is_empty() {
                continue;
            }
            let entry = Entry::parse(line).map_err(&invalid)?;
            if entry.fingerprint.is_keyed() != is_keyed {
                return Err(invalid(format!(
                    "its fingerprint was made {} KEYSWEEP_FINGERPRINT_KEY and this run is {} it; \
                     set it as it was then",
                    if is_keyed { "without" } else { "with" },
                    if is_keyed { "with" } else { "without" },
                )));
            }
            baseline.insert(entry);
        }
        Ok(baseline)
    }

    /// The file, escaped.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The entry for a key under a rule, expired or not.
    #[must_use]
    pub fn entry(&self, fingerprint: Fingerprint, rule: &str) -> Option<&Entry> {
        self.entries.get(&(fingerprint, rule.to_owned()))
    }

    /// Why a key under a rule is held back on the day `today` (`YYYY-MM-DD`);
    /// an entry holds up to its last day.
    #[must_use]
    pub fn suppression(
        &self,
        fingerprint: Fingerprint,
        rule: &str,
        today: &str,
    ) -> Option<Suppression> {
        let entry = self.entry(fingerprint, rule)?;
        (!entry.is_expired(today)).then(|| Suppression {
            kind: SuppressionKind::Baseline,
            reason: entry.reason.clone(),
            actor: entry.by.clone(),
            expires: entry.expires.clone(),
        })
    }

    /// Sets what holds each finding back, wherever it stands.
    pub fn hold_back(&self, findings: &mut [Finding], today: &str) {
        for finding in findings {
            let held = self.suppression(finding.fingerprint, &finding.rule, today);
            finding.suppression = held.or_else(|| finding.suppression.take());
        }
    }

    /// Every entry, sorted.
    #[must_use]
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.entries.values()
    }

    /// The text of the file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = self.heading.clone();
        for entry in self.entries() {
            text.push_str(&entry.to_line());
            text.push('\n');
        }
        text
    }

    fn insert(&mut self, entry: Entry) {
        let key = (entry.fingerprint, entry.rule.clone());
        match self.entries.get(&key) {
            Some(known) if known.ends_before(&entry) => {}
            _ => {
                self.entries.insert(key, entry);
            }
        }
    }
}

/// Today, as entries write it.
#[must_use]
pub fn today() -> String {
    jiff::Zoned::now().date().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    fn line(rest: &str) -> String {
        format!(
            r#"{{"fingerprint":"sha256:{HEX}","rule":"r","reason":"x","added":"2026-01-01"{rest}}}"#
        )
    }

    fn refusal(text: &str) -> String {
        Baseline::parse(text.as_bytes(), "b", false).unwrap_err().to_string()
    }

    #[test]
    fn line_that_is_no_entry_is_refused_with_its_number() {
        let good = line("");
        let keyed = good.replace("sha256:", "hmac-sha256:");
        let cases = [
            ("x".to_owned(), "expected"),
            (format!("sha256:{HEX}"), "expected"),
            (good.replace("\"reason\":\"x\",", ""), "missing field `reason`"),
            (good.replace("\"x\"", "\" \""), "`reason` is empty"),
            (good.replace("\"x\"", r#""a\u001b[2J""#), "`reason` holds a control character"),
            (good.replace("2026-01-01", "someday"), "`added` is no date"),
            (good.replace("2026-01-01", "2026-02-30"), "`added` is no date"),
            (line(r#","expires":"2026-13-01""#), "`expires` is no date"),
            (line(r#","line":3"#), "unknown field `line`"),
            (line(r#","reason":"y""#), "duplicate field `reason`"),
            (good.replace(HEX, "00"), "not a fingerprint"),
            (good.replace("\"r\"", "\"\""), "`rule` is empty"),
            (keyed, "KEYSWEEP_FINGERPRINT_KEY"),
            ("<<<<<<< HEAD".to_owned(), "left by a merge"),
        ];
        for (bad, expected) in cases {
            let said = refusal(&format!("# heading\n\n{bad}\n"));
            assert!(said.starts_with("b:3: "), "{bad}: {said}");
            assert!(said.contains(expected), "{bad}: {said}");
        }
    }

    #[test]
    fn entries_are_sorted_and_read_back() {
        let other = line("").replace("0011", "ff11").replace("\"x\"", r#""why \"so\" — é""#);
        let text = format!("# mine\r\n{other}\r\n{}\r\n", line(r#","expires":"2027-01-01""#));
        let baseline = Baseline::parse(text.as_bytes(), "b", false).expect("a baseline");
        let written = baseline.to_text();
        let lines: Vec<&str> = written.lines().collect();
        assert_eq!(lines, ["# mine", &line(r#","expires":"2027-01-01""#), &other]);
        assert_eq!(
            Baseline::parse(written.as_bytes(), "b", false).expect("a baseline").to_text(),
            written
        );
    }

    #[test]
    fn of_two_entries_for_a_finding_the_one_that_ends_first_holds() {
        let (forever, soon, later) =
            (line(""), line(r#","expires":"2027-01-01""#), line(r#","expires":"2028-01-01""#));
        for text in
            [[&forever, &soon, &later], [&later, &soon, &forever], [&soon, &later, &forever]]
        {
            let text = text.map(String::as_str).join("\n");
            let baseline = Baseline::parse(text.as_bytes(), "b", false).expect("a baseline");
            assert_eq!(baseline.entries().len(), 1);
            assert_eq!(
                baseline.entries().next().expect("an entry").expires.as_deref(),
                Some("2027-01-01")
            );
        }
    }

    #[test]
    fn entry_holds_up_to_its_last_day_and_for_its_rule_alone() {
        let text = line(r#","expires":"2027-01-01","by":"ana""#);
        let baseline = Baseline::parse(text.as_bytes(), "b", false).expect("a baseline");
        let fingerprint = format!("sha256:{HEX}").parse().expect("a fingerprint");
        let held = baseline.suppression(fingerprint, "r", "2027-01-01").expect("it holds");
        assert_eq!((held.reason.as_str(), held.actor.as_deref()), ("x", Some("ana")));
        assert_eq!(baseline.suppression(fingerprint, "r", "2027-01-02"), None);
        assert_eq!(baseline.suppression(fingerprint, "other", "2027-01-01"), None);
    }
}
