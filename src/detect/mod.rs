//! Finds keys in one content at a time.
pub mod value;
