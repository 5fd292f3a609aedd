//! All that is known of the vendor, and the only way to its API.
//!
//! In: the operator's address, CA file and keys. Out: one answer a request, or
//! the reason why there is none. Nothing here decides whether a key is live or
//! dead, nor whether it should be revoked; no key leaves but in the
//! `Authorization` header and in the body of a revocation.

mod answer;
mod client;
mod endpoint;
mod error;
mod listing;
mod pace;
mod profile;
pub mod simulator;
mod text;

pub use answer::{Answer, KeyFacts, Revocation, shown_without};
pub use client::{AdminKey, Client, Listing, Transport};
pub use endpoint::{ApiUrl, ApiUrlError};
pub use error::VendorError;
pub use listing::{KeyId, ListedKey, read_page};
pub use pace::{Deadline, Pace, Patience};
pub use profile::{BlastRadius, Calls, Profile, ProfileError, Steps, Strategy};
pub use text::shown;

/// Makes the small runtime that requests run on; only commands that talk to the
/// API make one, so that no other pays for it.
///
/// # Errors
/// Where the system refuses what a runtime needs.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// The time now, in whole milliseconds: what evidence is stamped with.
#[must_use]
pub fn now() -> jiff::Timestamp {
    let now = jiff::Timestamp::now();
    now.round(jiff::Unit::Millisecond).unwrap_or(now)
}
