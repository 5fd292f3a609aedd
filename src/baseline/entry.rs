//! One line of a baseline.
//!
//! In: a line. Out: an entry that says what is held back, why, by whom and how
//! long, or why the line is none. An unknown field is refused: a misspelt
//! `expires` must not hold a finding back for ever.

use serde::{Deserialize, Serialize};

use crate::secret::Fingerprint;

/// A key under a rule that is held back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Which key.
    pub fingerprint: Fingerprint,
    /// The rule's id.
    pub rule: String,
    /// Why it may stay.
    pub reason: String,
    /// Who said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The day on which it was said, `YYYY-MM-DD`.
    pub added: String,
    /// The last day on which it holds, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

impl Entry {
    /// Reads a line.
    pub(super) fn parse(line: &str) -> Result<Self, String> {
        if ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|mark| line.starts_with(mark)) {
            return Err(
                "left by a merge; keep the entries of both sides and remove the mark".to_owned()
            );
        }
        if !line.starts_with('{') {
            return Err("expected one JSON object a line, such as {\"fingerprint\":…,\"rule\":…,\
                        \"reason\":…,\"added\":…}, or a line that begins with `#`"
                .to_owned());
        }
        let entry: Self = serde_json::from_str(line).map_err(|error| {
            // The place is the line that the caller names.
            let text = error.to_string();
            text.split(" at line ").next().unwrap_or(&text).to_owned()
        })?;
        entry.check()?;
        Ok(entry)
    }

    fn check(&self) -> Result<(), String> {
        let texts =
            [("rule", Some(&self.rule)), ("reason", Some(&self.reason)), ("by", self.by.as_ref())];
        for (name, text) in texts {
            check_text(name, text.map_or("-", |text| text.as_str()))?;
        }
        for (name, date) in [("added", Some(&self.added)), ("expires", self.expires.as_ref())] {
            if let Some(date) = date {
                check_date(name, date)?;
            }
        }
        Ok(())
    }

    /// Whether the entry no longer holds on the day `today`.
    #[must_use]
    pub fn is_expired(&self, today: &str) -> bool {
        self.expires.as_deref().is_some_and(|expires| expires < today)
    }

    pub(super) fn ends_before(&self, other: &Self) -> bool {
        match (&self.expires, &other.expires) {
            (Some(own), Some(other)) => own <= other,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => true,
        }
    }

    pub(super) fn to_line(&self) -> String {
        serde_json::to_string(self).expect("an entry is text alone")
    }
}

/// Refuses a text that says nothing, or that would not stay on its line.
pub(super) fn check_text(name: &str, text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err(format!("`{name}` is empty; say it in a few words"));
    }
    if text.chars().any(char::is_control) {
        return Err(format!("`{name}` holds a control character"));
    }
    Ok(())
}

/// Refuses what is not written `YYYY-MM-DD`, the form in which dates are
/// compared.
pub(super) fn check_date(name: &str, text: &str) -> Result<(), String> {
    match text.parse::<jiff::civil::Date>() {
        Ok(date) if date.to_string() == text => Ok(()),
        _ => Err(format!("`{name}` is no date; write it as 2026-12-31")),
    }
}
