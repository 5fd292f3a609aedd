//! Finds leaked `ByteStack` keys, tells which are live, revokes those that its
//! operator confirms, proves that they are dead, and leaves an audit report.
//!
//! What enters: paths, git repositories and standard input, all of them hostile;
//! the operator's settings and keys, which are trusted. What leaves: a report
//! and an exit code, and, only when asked, requests to the configured API.
//!
//! Data goes down this list once; a module imports only modules above it:
//!
//! | module | does |
//! |---|---|
//! | [`secret`] | holds a key and says what may be shown of it |
//! | [`finding`] | a key, its places, what was read and what was not |
//! | [`rule`] | what a key looks like; the prefilter |
//! | [`baseline`] | findings that are known and held back |
//! | [`outcome`] | what a sweep brings home |
//! | [`settings`] | files and flags to one set of settings |
//! | [`decode`] | reads other encodings around a place, and containers |
//! | [`git`] | what a repository is and everything that it stores |
//! | [`ci`] | which commits a CI job is about |
//! | [`source`] | yields each content that may hold a key |
//! | [`detect`] | finds keys in one content |
//! | [`report`] | the versioned report and one renderer a format |
//! | [`vendor`] | the vendor's profile, its only HTTP client, its simulator |
//! | [`verify`] | asks about each key once, calibrated: live, dead, rejected, unknown |
//! | [`respond`] | plan, consent, revocation, proof, and the journal of all that |
//! | [`pipeline`] | joins the stages |
//! | [`hook`] | git's hooks: what each sweeps, what it says, how it is installed |
//! | [`sandbox`] | gives up, for good, what a command needs not |

pub mod baseline;
pub mod ci;
pub mod decode;
pub mod detect;
pub mod finding;
pub mod git;
pub mod hook;
pub mod outcome;
pub mod pipeline;
pub mod report;
pub mod respond;
pub mod rule;
pub mod sandbox;
pub mod secret;
pub mod settings;
pub mod source;
pub mod vendor;
pub mod verify;
