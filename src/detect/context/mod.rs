//! Places that hold a vendor's key without its name.
//!
//! In: bytes and the place of a vendor's word or host. Out: the ranges of
//! generic names (`api_key`, `token`) that this context makes the vendor's,
//! and the values that a client or a request holds. Knows nothing of rules'
//! severity or of where the bytes came from.

mod address;
mod alias;
mod block;
mod border;
mod call;
mod generic;
mod handed;
mod leaf;
mod request;
mod section;
mod signing;

use std::ops::Range;

pub(super) use address::in_address;
pub(super) use alias::{is_listed_only, uses, variable_of};
pub(super) use block::{
    are_in_different_records, are_siblings, indented_around, innermost_braces, is_in_foreign_record,
};
pub(super) use border::within_borders;
pub(super) use call::{aliases, arguments, chain, declaration, positional};
pub(super) use generic::{Generic, generics, is_shorthand};
pub(super) use handed::handed;
pub(super) use leaf::{cells, is_among_keys, is_among_webhooks};
pub(super) use request::{bearers, request, schemes, values_beside_scheme};
pub(super) use section::{is_titled, names_service, resource, section};
pub(super) use signing::signing_keys;

/// How far a request, a call or a block reaches from the host, in bytes.
pub(super) const REACH_BYTES: usize = 1600;

/// The pieces of a range between separators.
pub(in crate::detect) fn split_ranges(
    bytes: &[u8],
    range: Range<usize>,
    separators: &[u8],
) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = range.start;
    for at in range.clone() {
        if separators.contains(&bytes[at]) {
            ranges.push(start..at);
            start = at + 1;
        }
    }
    ranges.push(start..range.end);
    ranges
}
