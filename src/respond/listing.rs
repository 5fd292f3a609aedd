//! What the API lists of the account's keys, and which of them is a leaked one.
//!
//! In: pages of the listing. Out: for a key, the one listed key that it can be,
//! or why that is not certain. Four characters decide here, so any doubt is a
//! refusal.

use std::collections::BTreeMap;

use crate::secret::{Fingerprint, Secret};
use crate::vendor::{
    AdminKey, Client, Deadline, KeyFacts, KeyId, ListedKey, Listing, Patience, VendorError,
    shown_without,
};

/// What the listing brought.
#[derive(Debug, Clone)]
pub enum Listed {
    /// Every key of the account.
    Keys(Vec<ListedKey>),
    /// None, for this reason.
    Nothing {
        /// Why, in words that follow "because".
        why: String,
        /// Whether the admin key was refused, so that no other call can work.
        admin_refused: bool,
    },
}

/// Whether a leaked key was found in the listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Match {
    /// Exactly one listed key can be it.
    One(KeyId, KeyFacts),
    /// None or several can, or there is no listing.
    Unclear(String),
}

impl Listed {
    /// Reads the whole listing.
    pub async fn read(
        client: &Client,
        admin: &AdminKey,
        patience: Patience,
        deadline: Deadline,
    ) -> Self {
        let mut keys = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..Client::page_limit() {
            let page = page(client, admin, cursor.as_deref(), patience, deadline).await;
            match page {
                Err(error) => return Self::nothing(format!("the list of keys: {error}"), false),
                Ok((Listing::NotOffered { status }, _)) => {
                    return Self::nothing(format!("this API lists no keys ({status})"), false);
                }
                Ok((Listing::AdminRefused { status }, _)) => {
                    let why = format!("the admin key may not manage keys ({status})");
                    return Self::nothing(why, true);
                }
                Ok((Listing::Keys(page), next)) => {
                    keys.extend(page);
                    if next.is_none() {
                        return Self::Keys(keys);
                    }
                    if next == cursor {
                        let why = "the list of keys repeats its own page without end".to_owned();
                        return Self::nothing(why, false);
                    }
                    cursor = next;
                }
            }
        }
        Self::nothing(
            format!("the list of keys has more than {} pages", Client::page_limit()),
            false,
        )
    }

    /// No listing, for this reason.
    pub(super) fn nothing(why: String, admin_refused: bool) -> Self {
        Self::Nothing { why, admin_refused }
    }

    /// The journal's words for it.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Keys(keys) => format!("{} keys", keys.len()),
            Self::Nothing { why, .. } => format!("nothing, because {why}"),
        }
    }

    /// Finds each leaked key among the listed ones. An id that two of them
    /// could be, or that the admin key in use could be too, is given to none.
    pub(super) fn matches<'a>(
        &self,
        leaked: impl Iterator<Item = (Fingerprint, &'a Secret)>,
        admin: Option<&AdminKey>,
    ) -> BTreeMap<Fingerprint, Match> {
        let keys = match self {
            Self::Keys(keys) => keys,
            Self::Nothing { why, .. } => {
                return leaked.map(|(key, _)| (key, Match::Unclear(why.clone()))).collect();
            }
        };
        let leaked: Vec<(Fingerprint, &Secret)> = leaked.collect();
        let known: Vec<&Secret> =
            leaked.iter().map(|(_, secret)| *secret).chain(admin.map(AdminKey::secret)).collect();
        let mut claims: BTreeMap<KeyId, usize> = BTreeMap::new();
        let mut matches = BTreeMap::new();
        for (fingerprint, secret) in leaked {
            let found: Vec<&ListedKey> =
                keys.iter().filter(|key| !key.is_revoked && key.matches(secret)).collect();
            let outcome = match found.as_slice() {
                [] => Match::Unclear("no listed key that lives ends like it".to_owned()),
                [one] if is_admins_too(one, secret, admin) => {
                    Match::Unclear("the admin key in use ends like it".to_owned())
                }
                // The call by id, which is shown and journalled, would hold it.
                [one] if known.iter().any(|key| one.id.holds(key)) => {
                    Match::Unclear("its listed id repeats a key".to_owned())
                }
                [one] => {
                    *claims.entry(one.id.clone()).or_default() += 1;
                    // A name is chosen by people, who paste the oddest things.
                    let masked = |text: &String| shown_without(text, &known);
                    let facts = KeyFacts {
                        name: one.facts.name.as_ref().map(masked),
                        scope: one.facts.scope.as_ref().map(masked),
                    };
                    Match::One(one.id.clone(), facts)
                }
                several => Match::Unclear(format!("{} listed keys end like it", several.len())),
            };
            matches.insert(fingerprint, outcome);
        }
        for matched in matches.values_mut() {
            if matches!(matched, Match::One(id, _) if claims.get(id) != Some(&1)) {
                *matched = Match::Unclear("another leaked key ends like it".to_owned());
            }
        }
        matches
    }
}

fn is_admins_too(listed: &ListedKey, leaked: &Secret, admin: Option<&AdminKey>) -> bool {
    admin.is_some_and(|admin| admin.secret() != leaked && listed.matches(admin.secret()))
}

async fn page(
    client: &Client,
    admin: &AdminKey,
    cursor: Option<&str>,
    patience: Patience,
    deadline: Deadline,
) -> Result<(Listing, Option<String>), VendorError> {
    let mut attempt = 1;
    loop {
        match client.list_page(admin, cursor, deadline).await {
            Err(error) if error.is_transient() && attempt < patience.attempts => {
                deadline
                    .wait(patience.wait(attempt, error.retry_after()))
                    .await
                    .map_err(|_| error)?;
                attempt += 1;
            }
            other => return other,
        }
    }
}
