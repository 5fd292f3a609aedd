//! Any bytes: the prefilter finds every plain literal that a naive search finds,
//! and says yes exactly when it has a hit.
#![no_main]

use keysweep::rule::{Literal, Prefilter};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<String>, &[u8])| {
    let (texts, bytes) = input;
    let literals: Vec<Literal> = texts.iter().take(8).filter_map(|text| Literal::new(text)).collect();
    let prefilter = Prefilter::new(&literals, false);
    let hits: Vec<_> = prefilter.hits(bytes).collect();
    assert_eq!(prefilter.holds_literal(bytes), !hits.is_empty());
    for (number, literal) in literals.iter().enumerate() {
        let text = literal.text().as_bytes();
        for (start, window) in bytes.windows(text.len()).enumerate() {
            let is_hit = hits.iter().any(|hit| {
                hit.literal == number && hit.start == start && hit.encoding.is_none()
            });
            assert_eq!(is_hit, window.eq_ignore_ascii_case(text));
        }
    }
});
