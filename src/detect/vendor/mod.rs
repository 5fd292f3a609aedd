//! Keys in a vendor's context: its client, its configuration section, requests
//! to its hosts.
//!
//! In: bytes and the hits of the vendors' words. Out: the literals that those
//! contexts make keys without naming them.

mod client;
mod generic;
mod request;

use std::ops::Range;

use self::client::{aliased, declared, is_client, passed};
use self::generic::{below_comment, generics, in_row, leaf};
use self::request::{addressed, requested, requested_through, signed};
use super::context;
use super::name::{around, has_left_boundary, words};
use super::text::{byte, is_word};
use super::trace::Tracer;
use super::work::{READING_BYTES, Work};
use super::{Found, shown};
use crate::finding::Confidence;
use crate::rule::{LiteralHit, RuleSet};

/// The rules that a vendor's contexts feed.
struct Rules<'a> {
    api_key: usize,
    webhook: Option<usize>,
    best: Confidence,
    hosts: &'a [String],
    headers: &'a [String],
    clients: bool,
    tracer: &'a Tracer<'a>,
    work: &'a Work,
}

/// Everything in the contexts of `rules`.
pub(super) fn find(rules: &RuleSet, bytes: &[u8], hits: &[LiteralHit], work: &Work) -> Vec<Found> {
    let mut found = Vec::new();
    let tracer = Tracer::new(bytes, work);
    for contextual in rules.index().contextual() {
        let index = contextual.rule;
        let rule = &rules.rules()[index];
        let Some(context) = &rule.context else { continue };
        let feeds = Rules {
            api_key: index,
            webhook: contextual.webhook,
            best: rule.confidence,
            hosts: &context.hosts,
            headers: &context.headers,
            clients: context.clients,
            tracer: &tracer,
            work,
        };
        let mut last_request = 0..0;
        for hit in hits {
            if rules.index().named(hit.literal).contains(&index) {
                found.extend(around_word(&feeds, bytes, &(hit.start..hit.end), &mut last_request));
            }
        }
    }
    found
}

fn around_word(
    feeds: &Rules<'_>,
    bytes: &[u8],
    word: &Range<usize>,
    last_request: &mut Range<usize>,
) -> Vec<Found> {
    if !feeds.work.take(READING_BYTES) {
        return Vec::new();
    }
    if let Some(host) = host(feeds, bytes, word) {
        let mut found = addressed(feeds, bytes, &host);
        if !last_request.contains(&host.start) {
            let request = context::within_borders(bytes, &context::request(bytes, &host), &host);
            let block = context::innermost_braces(bytes, host.start)
                .or_else(|| context::indented_around(bytes, host.start))
                .unwrap_or_else(|| request.clone());
            let narrow = request.start.max(block.start)..request.end.min(block.end);
            found.extend(requested(feeds, bytes, &host, &request, &narrow));
            *last_request = request;
        }
        found.extend(requested_through(feeds, bytes, &host));
        found.extend(in_row(feeds, bytes, &host));
        return found;
    }
    let mut found = Vec::new();
    if !feeds.clients || !has_left_boundary(bytes, word) {
        return found;
    }
    let name = around(bytes, word).unwrap_or_else(|| word.clone());
    if let Some(arguments) = context::arguments(bytes, &name) {
        found.extend(passed(
            feeds,
            bytes,
            &arguments,
            &shown(&bytes[name.clone()]),
            is_client(bytes, &name),
        ));
    }
    let words = words(&bytes[name.clone()]);
    let is_key =
        words.iter().any(|word| ["key", "token", "secret", "apikey"].contains(&word.as_str()));
    if words.iter().any(|word| word == "signature") {
        found.extend(signed(feeds, bytes, &name));
    }
    let resource =
        context::names_service(bytes, &name, word).then(|| context::resource(bytes, &name));
    if let Some(section) = context::section(bytes, &name)
        .or(resource)
        .filter(|_| !is_key || context::is_titled(bytes, &name))
    {
        found.extend(generics(
            feeds,
            bytes,
            &section,
            &format!("under {}", shown(&bytes[name.clone()])),
            false,
        ));
    }
    found.extend(declared(feeds, bytes, &name));
    for alias in context::aliases(bytes, word) {
        found.extend(aliased(feeds, bytes, &alias));
    }
    found.extend(below_comment(feeds, bytes, word));
    found.extend(leaf(feeds, bytes, word));
    found.extend(in_row(feeds, bytes, word));
    found
}

/// The host that holds the vendor's word, if it is one of the rule's.
fn host(feeds: &Rules<'_>, bytes: &[u8], word: &Range<usize>) -> Option<Range<usize>> {
    feeds.hosts.iter().find_map(|host| {
        let offset = host.find("bytestack").or_else(|| host.find('.').map(|_| 0))?;
        let start = word.start.checked_sub(offset)?;
        let range = start..start + host.len();
        let is_here = bytes.get(range.clone())?.eq_ignore_ascii_case(host.as_bytes());
        let is_whole = !is_word(byte(bytes, range.end))
            && (offset > 0 || byte(bytes, start.wrapping_sub(1)) != b'.');
        (is_here && is_whole).then_some(range)
    })
}
