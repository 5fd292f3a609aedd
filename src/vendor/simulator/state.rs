//! The simulated account: its keys and what was asked of it.
//!
//! In: calls with key values. Out: what the contract answers. Knows no HTTP.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Behaviour;
use super::fault::{Call, CallKind, Fault};
use crate::secret::Secret;

/// A key of the simulated account.
#[derive(Debug, Clone)]
pub struct SimulatedKey {
    /// Its value.
    pub value: Secret,
    /// Its name, which doubles as part of its id.
    pub name: String,
    /// `read`, `write` or `admin`.
    pub scope: String,
}

/// What becomes of a key whose revocation was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RevocationManner {
    /// It is dead with the answer.
    #[default]
    AtOnce,
    /// The answer is 202; the key is dead so much later.
    After(Duration),
    /// The answer is 200, and the key lives on.
    Never,
}

/// Which calls the API has; the others answer 404 without a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offers {
    /// `POST /api-keys/revoke`.
    pub revoke_by_value: bool,
    /// `GET /api-keys`.
    pub list: bool,
    /// `DELETE /api-keys/{id}`.
    pub revoke_by_id: bool,
}

impl Default for Offers {
    fn default() -> Self {
        Self { revoke_by_value: true, list: true, revoke_by_id: true }
    }
}

/// One request as it came; the `Authorization` header and the key in a
/// revocation's body are left out, everything else is as received.
#[derive(Debug, Clone)]
pub struct RequestRecord {
    /// Which call it was.
    pub kind: CallKind,
    /// The name of the key that it was sent with, where it is a known one.
    pub bearer: Option<String>,
    /// The name of the key to be revoked, where it is a known one.
    pub target: Option<String>,
    /// Method, path, query and headers.
    pub head: String,
    /// The status that was answered.
    pub status: u16,
    /// Whether this very request ended (or will end) the key's life.
    pub took_effect: bool,
    /// Whether the target had been revoked before this request.
    pub was_revoked: bool,
}

struct Record {
    id: String,
    name: String,
    scope: String,
    last4: String,
    revoked: bool,
    dead_from: Option<Instant>,
}

/// What a revocation did.
pub(super) struct Effect {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) scope: String,
    pub(super) was_revoked: bool,
}

#[derive(Default)]
struct Account {
    keys: HashMap<Secret, Record>,
    order: Vec<Secret>,
    counts: HashMap<CallKind, usize>,
    requests: Vec<RequestRecord>,
}

pub(super) struct State {
    pub(super) behaviour: Behaviour,
    account: Mutex<Account>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("behaviour", &self.behaviour).finish_non_exhaustive()
    }
}

impl State {
    pub(super) fn new(behaviour: Behaviour) -> Self {
        let state = Self { account: Mutex::default(), behaviour };
        for key in &state.behaviour.keys {
            state.add(key);
        }
        state
    }

    pub(super) fn add(&self, key: &SimulatedKey) -> String {
        let mut account = self.lock();
        let id = format!("key_{:04}", account.order.len() + 1);
        let text = String::from_utf8_lossy(key.value.expose()).into_owned();
        let from = text.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
        let record = Record {
            id: id.clone(),
            name: key.name.clone(),
            scope: key.scope.clone(),
            last4: text[from..].to_owned(),
            revoked: false,
            dead_from: None,
        };
        account.order.push(key.value.clone());
        account.keys.insert(key.value.clone(), record);
        id
    }

    /// Counts a request and decides whether a fault befalls it.
    pub(super) fn arrive(&self, kind: CallKind, bearer: &[u8]) -> (Call, Option<Fault>) {
        let mut account = self.lock();
        let count = account.counts.entry(kind).or_default();
        let nth = *count;
        *count += 1;
        let bearer = account.keys.get(&Secret::new(bearer)).map(|record| record.name.clone());
        drop(account);
        let call = Call { kind, nth, bearer };
        let fault = self.behaviour.faults.fault(&call);
        (call, fault)
    }

    pub(super) fn record(&self, record: RequestRecord) {
        self.lock().requests.push(record);
    }

    pub(super) fn requests(&self) -> Vec<RequestRecord> {
        self.lock().requests.clone()
    }

    pub(super) fn is_live(&self, key: &[u8]) -> bool {
        self.lock().keys.get(&Secret::new(key)).is_some_and(Record::is_live)
    }

    pub(super) fn is_admin(&self, key: &[u8]) -> bool {
        let account = self.lock();
        let record = account.keys.get(&Secret::new(key));
        record.is_some_and(|record| record.is_live() && record.scope == "admin")
    }

    pub(super) fn name_of(&self, key: &[u8]) -> Option<String> {
        self.lock().keys.get(&Secret::new(key)).map(|record| record.name.clone())
    }

    pub(super) fn value_of(&self, id: &str) -> Option<Secret> {
        let account = self.lock();
        account.keys.iter().find(|(_, record)| record.id == id).map(|(value, _)| value.clone())
    }

    pub(super) fn revoke(&self, key: &[u8]) -> Option<Effect> {
        let mut account = self.lock();
        let record = account.keys.get_mut(&Secret::new(key))?;
        let was_revoked = record.revoked;
        if !was_revoked {
            record.revoked = true;
            record.dead_from = match self.behaviour.manner {
                RevocationManner::AtOnce => Some(Instant::now()),
                RevocationManner::After(delay) => Some(Instant::now() + delay),
                RevocationManner::Never => None,
            };
        }
        Some(Effect {
            id: record.id.clone(),
            name: record.name.clone(),
            scope: record.scope.clone(),
            was_revoked,
        })
    }

    /// One page of the listing and the cursor of the next.
    pub(super) fn page(&self, cursor: usize) -> (Vec<serde_json::Value>, Option<usize>) {
        let account = self.lock();
        let size = match self.behaviour.page_size {
            0 => usize::MAX,
            size => size,
        };
        let rows = account.order.iter().skip(cursor).take(size);
        let rows: Vec<_> = rows.filter_map(|key| account.keys.get(key)).map(Record::row).collect();
        let next = cursor.saturating_add(rows.len());
        let has_more = next < account.order.len();
        (rows, has_more.then_some(next))
    }

    fn lock(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    fn is_live(&self) -> bool {
        self.dead_from.is_none_or(|from| Instant::now() < from)
    }

    fn row(&self) -> serde_json::Value {
        serde_json::json!({
            "id": self.id,
            "name": self.name,
            "scope": self.scope,
            "last4": self.last4,
            "created_at": "2026-01-05T09:00:00Z",
            "last_used_at": null,
            "revoked_at": self.revoked.then_some("2026-02-03T04:05:06Z"),
        })
    }
}
