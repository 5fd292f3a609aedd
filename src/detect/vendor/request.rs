//! Keys in requests to the vendor's hosts, and secrets beside its signatures.
//!
//! In: the place of a host or of the signature header. Out: the bearer tokens,
//! headers and signing secrets around it, written out or referred to.

use std::ops::Range;

use super::generic::{found, generics};
use super::{Found, Rules};
use crate::detect::context;

/// How many uses of a variable that holds the vendor's address are followed.
const MOST_ADDRESS_USES: usize = 16;

/// Secrets beside the vendor's signature header: they sign webhooks.
pub(super) fn signed(feeds: &Rules<'_>, bytes: &[u8], header: &Range<usize>) -> Vec<Found> {
    let Some(rule) = feeds.webhook else { return Vec::new() };
    let around = context::request(bytes, header);
    if !feeds.work.take(4 * around.len()) {
        return Vec::new();
    }
    let mut all = generics(feeds, bytes, &around, "beside ByteStack's signature header", true);
    all.retain(|found| {
        found.rule == rule
            && !context::are_siblings(bytes, found.start(), header.start)
            && !context::are_in_different_records(bytes, found.start(), header.start)
    });
    all.extend(context::signing_keys(bytes, &around, header.start).iter().flat_map(|candidate| {
        let evidence = "signs what ByteStack's signature header is compared with";
        found(feeds, rule, bytes, candidate, evidence)
    }));
    all
}

/// Keys inside an address of the vendor's API.
pub(super) fn addressed(feeds: &Rules<'_>, bytes: &[u8], host: &Range<usize>) -> Vec<Found> {
    let evidence = "part of an address of ByteStack's API";
    context::in_address(bytes, host)
        .iter()
        .flat_map(|candidate| found(feeds, feeds.api_key, bytes, candidate, evidence))
        .collect()
}

/// Keys in a request to a host of the vendor: bearer tokens and headers.
pub(super) fn requested(
    feeds: &Rules<'_>,
    bytes: &[u8],
    host: &Range<usize>,
    request: &Range<usize>,
    block: &Range<usize>,
) -> Vec<Found> {
    if context::is_listed_only(bytes, host) || !feeds.work.take(4 * request.len()) {
        return Vec::new();
    }
    let evidence = "bearer token in a request to ByteStack's API";
    let mut all: Vec<Found> = context::bearers(bytes, request)
        .iter()
        .filter(|candidate| !context::are_siblings(bytes, candidate.parts[0].start, host.start))
        .flat_map(|candidate| found(feeds, feeds.api_key, bytes, candidate, evidence))
        .collect();
    all.extend(generics(feeds, bytes, block, "in a request to ByteStack's API", true));
    if feeds.tracer.may_look() {
        let records = context::handed(bytes, host);
        all.extend(records.iter().flat_map(|record| handed(feeds, bytes, record)));
    }
    for scheme in context::schemes(bytes, request) {
        let (block, candidates) = context::values_beside_scheme(bytes, &scheme);
        all.extend(generics(feeds, bytes, &block, "beside the scheme of a request", true));
        all.extend(
            candidates
                .iter()
                .flat_map(|candidate| found(feeds, feeds.api_key, bytes, candidate, evidence)),
        );
    }
    all
}

/// Keys in a record that a request is handed by name.
fn handed(feeds: &Rules<'_>, bytes: &[u8], record: &Range<usize>) -> Vec<Found> {
    if !feeds.work.take(4 * record.len()) {
        return Vec::new();
    }
    let evidence = "bearer token handed to a request to ByteStack's API";
    let mut all: Vec<Found> = context::bearers(bytes, record)
        .iter()
        .flat_map(|bearer| found(feeds, feeds.api_key, bytes, bearer, evidence))
        .collect();
    all.extend(generics(feeds, bytes, record, "handed to a request to ByteStack's API", true));
    all
}

/// Keys in requests to an address that a variable holds: `HOST = "…"` here,
/// `HOST` there.
pub(super) fn requested_through(
    feeds: &Rules<'_>,
    bytes: &[u8],
    host: &Range<usize>,
) -> Vec<Found> {
    let Some(variable) = context::variable_of(bytes, host) else { return Vec::new() };
    if !feeds.tracer.may_look() {
        return Vec::new();
    }
    let mut all = Vec::new();
    for used in context::uses(bytes, &variable).take(MOST_ADDRESS_USES) {
        let request = context::request(bytes, &used);
        let block = context::innermost_braces(bytes, used.start)
            .or_else(|| context::indented_around(bytes, used.start))
            .unwrap_or_else(|| request.clone());
        let narrow = request.start.max(block.start)..request.end.min(block.end);
        all.extend(requested(feeds, bytes, &used, &request, &narrow));
    }
    all
}
