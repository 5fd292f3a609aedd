//! Reports that anybody may have written: whatever a field holds, a report is
//! refused or rendered, and never a panic.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;

use keysweep::report::{Format, Replacements, read, render};
use proptest::prelude::*;
use serde_json::{Value, json};

fn sample(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/report/samples")
        .join(format!("{name}.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn leaves(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                leaves(value, &format!("{pointer}/{name}"), found);
            }
        }
        Value::Array(items) => {
            found.push(pointer.to_owned());
            for (at, item) in items.iter().enumerate() {
                leaves(item, &format!("{pointer}/{at}"), found);
            }
        }
        _ => found.push(pointer.to_owned()),
    }
}

/// What stands in place of a leaf, by the leaf's own kind, so that most changed
/// reports are still read.
fn odd(leaf: &Value, pick: usize, text: &str, number: u64) -> Value {
    const NUMBERS: [u64; 6] = [0, 1, 70_000, 1 << 31, u64::MAX - 1, u64::MAX];
    let number = *NUMBERS.get(pick % 8).unwrap_or(&number);
    match leaf {
        Value::Number(_) => json!(number),
        Value::Array(items) if items.len() == 2 && items[0].is_u64() => {
            json!([number, NUMBERS[pick / 8 % 6]])
        }
        Value::Array(_) => json!([]),
        Value::Bool(is) => json!(!is),
        _ => match pick % 16 {
            0 => json!(null),
            1 => json!(""),
            2 => json!("-009999-01-02T01:59:59Z"),
            3 => json!("9999-12-30T22:00:00.999999999Z"),
            4 => json!("2026-02-30T00:00:00Z"),
            5 => json!("…"),
            6 => json!("a".repeat(70_000)),
            7 => json!("`".repeat(300)),
            8 => json!("é".repeat(40)),
            9 => json!("dead"),
            10 => json!("ab…cd…"),
            _ => json!(text),
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_field_holds_every_format_renders(
        name in prop::sample::select(vec!["findings", "responded", "hostile", "incomplete"]),
        changes in prop::collection::vec(
            (any::<prop::sample::Index>(), any::<usize>(), ".*", any::<u64>()),
            1..5,
        ),
    ) {
        let mut value = sample(name);
        let mut pointers = Vec::new();
        leaves(&value, "", &mut pointers);
        for (index, pick, text, number) in changes {
            if let Some(leaf) = value.pointer_mut(&pointers[index.index(pointers.len())]) {
                *leaf = odd(leaf, pick, &text, number);
            }
        }
        if let Ok(report) = read(value.to_string().as_bytes()) {
            for format in Format::ALL {
                let mut out = Vec::new();
                render(&report, format, &mut out).unwrap();
                prop_assert!(std::str::from_utf8(&out).is_ok());
                if matches!(format, Format::Json | Format::Sarif | Format::Gitlab) {
                    prop_assert!(serde_json::from_slice::<Value>(&out).is_ok());
                }
            }
            let _ = Replacements::of(&report, &std::collections::HashMap::new());
        }
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(read(&bytes).is_err());
    }
}
