//! What is known and what is assumed of the vendor, as settings.
//!
//! In: the built-in TOML and, if the operator names one, a file that overrides
//! parts of it. Out: a profile that is correct by construction. A scanned
//! repository's configuration never comes here.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::{ApiUrl, ApiUrlError};

const BUILTIN: &str = include_str!("../../rules/vendor-bytestack.toml");

/// The vendor's address, its calls and what a person does where it offers none.
#[derive(Debug, Clone)]
pub struct Profile {
    /// The vendor's name as people write it.
    pub name: String,
    /// Where the API is.
    pub base_url: ApiUrl,
    /// The version of the assumed contract.
    pub contract_version: u32,
    /// How keys are revoked, in the order of trying.
    pub strategies: Vec<Strategy>,
    /// The calls' paths.
    pub calls: Calls,
    /// What a person does.
    pub steps: Steps,
    /// What a key of each scope opens.
    pub blast_radius: BlastRadius,
    /// Rules whose findings are never sent, each with what to do instead.
    pub not_bearer: BTreeMap<String, String>,
    live: Vec<LiveStatus>,
}

/// The paths of the assumed calls, relative to the address.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calls {
    /// Asked with the key itself.
    pub probe: String,
    /// Statuses besides 401 that have a meaning: the key was let in.
    pub live_statuses: Vec<String>,
    /// Revokes the key in the body.
    pub revoke_by_value: String,
    /// The reason sent along.
    pub reason: String,
    /// Lists the account's keys.
    pub list: String,
    /// Revokes the key whose id is appended.
    pub revoke_by_id: String,
}

/// Instructions for a person, as the vendor documents them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steps {
    /// Revoking by hand.
    pub dashboard: Vec<String>,
    /// Replacing without downtime.
    pub replacement: Vec<String>,
    /// After a suspected compromise.
    pub afterwards: Vec<String>,
}

/// What a key of each scope opens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlastRadius {
    read: String,
    write: String,
    admin: String,
    unknown: String,
}

impl BlastRadius {
    /// What a key of this scope opens; of several scopes, the widest.
    #[must_use]
    pub fn of(&self, scope: Option<&str>) -> &str {
        let has = |name| scope.is_some_and(|scope| scope.split('+').any(|part| part == name));
        match () {
            () if has("admin") => &self.admin,
            () if has("write") => &self.write,
            () if has("read") => &self.read,
            () => &self.unknown,
        }
    }
}

/// A way to revoke a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// One call that names the key itself.
    Value,
    /// The key is found in the listing, then revoked by its id.
    Id,
    /// A person does it; the tool waits for the proof.
    Dashboard,
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Value => "value",
            Self::Id => "id",
            Self::Dashboard => "dashboard",
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LiveStatus {
    AllOf2xx,
    One(u16),
}

/// Why a vendor profile is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// It is not TOML, or holds what a profile does not.
    #[error("the vendor profile is not valid: {0}")]
    Toml(String),
    /// Its address is refused.
    #[error("the vendor profile's base_url: {0}")]
    Address(ApiUrlError),
    /// A status that must not, or cannot, mean "live".
    #[error(
        "the vendor profile's live_statuses holds `{0}`: only `2xx` and the statuses from 400 to \
         499 but 401, 408, 425 and 429 can say that a key was let in"
    )]
    LiveStatus(String),
    /// A path that leaves the API's address.
    #[error("the vendor profile's {0} must be a relative path of letters, digits and `-_./`")]
    Path(&'static str),
    /// No way of revoking is left.
    #[error("the vendor profile's strategies must name at least one of value, id, dashboard")]
    NoStrategy,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unvalidated {
    #[serde(rename = "id")]
    _id: String,
    name: String,
    base_url: String,
    contract_version: u32,
    strategies: Vec<Strategy>,
    calls: Calls,
    steps: Steps,
    blast_radius: BlastRadius,
    not_bearer: BTreeMap<String, String>,
}

impl Profile {
    /// The profile that is built in.
    #[must_use]
    pub fn builtin() -> Self {
        Self::with_overrides("").expect("the built-in profile is tested to be valid")
    }

    /// The built-in profile with the operator's own values in place of some.
    ///
    /// # Errors
    /// Where the TOML is malformed, names unknown settings, or would let a key
    /// travel where it must not.
    pub fn with_overrides(toml: &str) -> Result<Self, ProfileError> {
        let parse = |text: &str| {
            text.parse::<toml::Table>()
                .map_err(|error| ProfileError::Toml(error.message().to_owned()))
        };
        let mut table = parse(BUILTIN)?;
        merge(&mut table, parse(toml)?);
        let unvalidated: Unvalidated = table
            .try_into()
            .map_err(|e: toml::de::Error| ProfileError::Toml(e.message().into()))?;
        unvalidated.validate()
    }

    /// Whether a probe's status says that the key was let in.
    #[must_use]
    pub fn is_live(&self, status: u16) -> bool {
        self.live.iter().any(|live| match live {
            LiveStatus::AllOf2xx => (200..300).contains(&status),
            LiveStatus::One(one) => *one == status,
        })
    }
}

impl Unvalidated {
    fn validate(self) -> Result<Profile, ProfileError> {
        let paths: [(&'static str, &str); 4] = [
            ("calls.probe", &self.calls.probe),
            ("calls.revoke_by_value", &self.calls.revoke_by_value),
            ("calls.list", &self.calls.list),
            ("calls.revoke_by_id", &self.calls.revoke_by_id),
        ];
        for (name, path) in paths {
            let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
            let leaves = path.split('/').any(|part| part == ".." || part == ".");
            if path.is_empty() || leaves || !path.bytes().all(is_safe) {
                return Err(ProfileError::Path(name));
            }
        }
        if self.strategies.is_empty() {
            return Err(ProfileError::NoStrategy);
        }
        let live =
            self.calls.live_statuses.iter().map(|text| live_status(text)).collect::<Result<_, _>>();
        Ok(Profile {
            live: live?,
            name: self.name,
            base_url: self.base_url.parse().map_err(ProfileError::Address)?,
            contract_version: self.contract_version,
            strategies: self.strategies,
            calls: self.calls,
            steps: self.steps,
            blast_radius: self.blast_radius,
            not_bearer: self.not_bearer,
        })
    }
}

/// Reads a status that may mean "live": never 401, which alone is a refusal,
/// and never one that speaks of the server instead of the key.
fn live_status(text: &str) -> Result<LiveStatus, ProfileError> {
    let refused = || ProfileError::LiveStatus(text.to_owned());
    if text == "2xx" {
        return Ok(LiveStatus::AllOf2xx);
    }
    match text.parse::<u16>().map_err(|_| refused())? {
        401 | 408 | 425 | 429 => Err(refused()),
        status @ (200..=299 | 400..=499) => Ok(LiveStatus::One(status)),
        _ => Err(refused()),
    }
}

fn merge(base: &mut toml::Table, over: toml::Table) {
    for (name, value) in over {
        match (base.get_mut(&name), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(value)) => merge(inner, value),
            (_, value) => {
                base.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builtin_profile_is_valid_and_says_what_the_vendor_says() {
        let profile = Profile::builtin();
        assert_eq!(profile.base_url.to_string(), "https://api.bytestack.dev/v1");
        assert!(profile.is_live(402), "documented: a live key in its grace period");
        assert!(!profile.is_live(401) && !profile.is_live(429) && !profile.is_live(500));
    }

    #[test]
    fn an_override_replaces_one_setting_and_keeps_the_rest() {
        let profile = Profile::with_overrides("strategies = [\"id\"]\n[calls]\nlist = \"keys\"");
        let profile = profile.expect("valid");
        assert_eq!(profile.strategies, [Strategy::Id]);
        assert_eq!(profile.calls.list, "keys");
        assert_eq!(profile.calls.probe, Profile::builtin().calls.probe);
    }

    #[test]
    fn no_override_can_weaken_the_transport_or_the_verdict() {
        for (toml, why) in [
            ("base_url = \"http://api.example.com\"", "plain HTTP"),
            ("base_url = 7", "a number"),
            ("unknown = 1", "unknown setting"),
            ("strategies = []", "no strategy"),
            ("[calls]\nprobe = \"../../x\"", "leaves the address"),
            ("[calls]\nprobe = \"//evil.example/x\\u0000\"", "control character"),
            ("[calls]\nlive_statuses = [\"401\"]", "401 as live"),
            ("[calls]\nlive_statuses = [\"500\"]", "500 as live"),
            ("[calls]\ndead_statuses = [\"404\"]", "dead by another status"),
        ] {
            assert!(Profile::with_overrides(toml).is_err(), "{why}");
        }
    }
}
