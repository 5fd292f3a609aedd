//! What keys look like, and how to skip what holds none.
//!
//! In: TOML. Out: rules that are correct by construction, and the prefilter.

mod prefilter;

pub use prefilter::{Literal, LiteralHit, Prefilter};
