//! What the API lists of an account's keys.
//!
//! In: a page of the listing. Out: ids that are safe in a path and facts that
//! are safe to print, or a refusal of the page.

use std::fmt;

use serde::Deserialize;

use super::{KeyFacts, VendorError, shown_without};
use crate::secret::Secret;

/// A key's id at the vendor: letters, digits, `-`, `_` and `.` only, so that
/// it can neither leave its place in a path nor forge output.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

impl KeyId {
    /// Takes an id of at most 128 characters.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let fits = (1..=128).contains(&text.len()) && text.bytes().all(is_safe);
        (fits && text.bytes().any(|byte| byte != b'.')).then(|| Self(text.to_owned()))
    }

    /// Whether the id repeats the key: then it can be neither shown nor put on
    /// record.
    #[must_use]
    pub fn holds(&self, key: &Secret) -> bool {
        !key.is_empty() && memchr::memmem::find(self.0.as_bytes(), key.expose()).is_some()
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One key as the API lists it.
#[derive(Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// Its id.
    pub id: KeyId,
    /// Its name and scope.
    pub facts: KeyFacts,
    /// Whether it is listed as revoked.
    pub is_revoked: bool,
    /// When it was last used, as the API tells it, escaped.
    pub last_used_at: Option<String>,
    last4: String,
}

impl ListedKey {
    /// Whether the key's last four characters are those listed. Short keys
    /// match nothing: four characters would be too much of them.
    #[must_use]
    pub fn matches(&self, key: &Secret) -> bool {
        self.last4.len() == 4 && key.len() >= 8 && key.expose().ends_with(self.last4.as_bytes())
    }
}

// The last four characters say more of a key than its mask does.
impl fmt::Debug for ListedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListedKey")
            .field("id", &self.id)
            .field("facts", &self.facts)
            .field("is_revoked", &self.is_revoked)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Row>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    name: Option<String>,
    scope: Option<Scope>,
    last4: Option<String>,
    last_used_at: Option<String>,
    revoked_at: Option<String>,
}

/// One page of the vendor's documentation says one scope a key, another says
/// one or more.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scope {
    One(String),
    Many(Vec<String>),
}

/// Reads one page of the listing, told without `keys`: what it lists and the
/// cursor of the next.
///
/// # Errors
/// A body that is no page, or an id that could leave its place in a path.
pub fn read_page(
    body: &[u8],
    keys: &[&Secret],
) -> Result<(Vec<ListedKey>, Option<String>), VendorError> {
    let page: Page = serde_json::from_slice(body)
        .map_err(|e| VendorError::Garbage(format!("the list of keys: {}", json_error(&e))))?;
    let rows = page.data.into_iter();
    let listed = rows.map(|row| listed(row, keys)).collect::<Result<_, _>>()?;
    Ok((listed, page.next.filter(|cursor| !cursor.is_empty())))
}

fn listed(row: Row, keys: &[&Secret]) -> Result<ListedKey, VendorError> {
    let shown = |text: &str| shown_without(text, keys);
    let id = KeyId::new(&row.id)
        .ok_or_else(|| VendorError::Garbage(format!("a key's id is `{}`", shown(&row.id))))?;
    let scope = row.scope.map(|scope| match scope {
        Scope::One(scope) => shown(&scope),
        Scope::Many(scopes) => shown(&scopes.join("+")),
    });
    Ok(ListedKey {
        id,
        facts: KeyFacts { name: row.name.as_deref().map(shown), scope },
        is_revoked: row.revoked_at.is_some(),
        last_used_at: row.last_used_at.as_deref().map(shown),
        last4: row.last4.unwrap_or_default(),
    })
}

/// Where the JSON is wrong, without quoting it: an answer may hold keys.
fn json_error(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Eof => "ends too early",
        serde_json::error::Category::Data => "lacks what is expected",
        _ => "is not JSON",
    };
    format!("{kind} at line {}, column {}", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_leave_its_place_in_a_path() {
        for hostile in ["", ".", "..", "a/b", "../keys", "a?b", "a#b", "a%2fb", "a b", "é"] {
            assert_eq!(KeyId::new(hostile), None, "{hostile}");
        }
        assert!(KeyId::new("key_01.a-b").is_some());
    }

    #[test]
    fn a_page_without_what_the_contract_promises_is_refused_without_quoting_it() {
        let error = read_page(b"{\"data\":[{\"secret\":\"abc\"}]}", &[]).expect_err("no id");
        assert!(!error.to_string().contains("abc"), "{error}");
        assert!(read_page(b"<html>", &[]).is_err());
    }

    #[test]
    fn a_page_that_repeats_a_key_is_told_without_it() {
        let admin = Secret::new(*b"zyxwvutsrqponmlkjihg");
        let body = br#"{"data":[{"id":"a","name":"zyxwvutsrqponmlkjihg","scope":["zyxwvutsrqponmlkjihg"]}]}"#;
        let (listed, _) = read_page(body, &[&admin]).expect("a page");
        assert!(!format!("{listed:?}").contains("vutsrq"), "{listed:?}");
        let body = br#"{"data":[{"id":"k/zyxwvutsrqponmlkjihg"}]}"#;
        let error = read_page(body, &[&admin]).expect_err("no id").to_string();
        assert!(!error.contains("vutsrq"), "{error}");
        assert!(KeyId::new("k-zyxwvutsrqponmlkjihg").is_some_and(|id| id.holds(&admin)));
    }
}
