//! What one content costs: the prefilter alone, and detection.
//!
//! In: texts made at run time. Out: time and throughput of each. Run with
//! `cargo bench --bench detect`.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use keysweep::detect::Detector;
use keysweep::finding::{Origin, SourceKind};
use keysweep::rule::RuleSet;
use keysweep::source::Content;

/// Prose and code without a literal of any rule.
const PLAIN: &str = "fn main() { let budget = backend.bind(\"table\"); // a line of code\n";

/// A value that looks drawn at random, by a small generator with a fixed seed.
fn value(seed: u64) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..40)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            char::from(alphabet[(state % alphabet.len() as u64) as usize])
        })
        .collect()
}

fn assignment(seed: u64) -> String {
    format!("{}={}\n", concat!("BITKIT", "_API_KEY"), value(seed))
}

/// Contents of about a megabyte: without a literal, random, and with findings.
fn contents() -> Vec<(&'static str, Vec<u8>)> {
    let plain = PLAIN.repeat((1 << 20) / PLAIN.len());
    let random: String = (0..(1 << 20) / 40).map(value).collect();
    let one = format!("{plain}{}", assignment(1));
    let many: String = (0..(1 << 20) / 57).map(assignment).collect();
    vec![
        ("plain", plain.into_bytes()),
        ("random", random.into_bytes()),
        ("one finding", one.into_bytes()),
        ("all findings", many.into_bytes()),
    ]
}

fn prefilter(criterion: &mut Criterion) {
    let rules = RuleSet::builtin().expect("the built-in rules are good");
    let mut group = criterion.benchmark_group("prefilter");
    for (name, bytes) in contents() {
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(name), &bytes, |bencher, bytes| {
            bencher.iter(|| rules.prefilter().is_candidate(black_box(bytes)));
        });
    }
    group.finish();
}

fn detection(criterion: &mut Criterion) {
    let rules = Arc::new(RuleSet::builtin().expect("the built-in rules are good"));
    let detector = Detector::new(rules);
    let origin = Arc::new(Origin {
        source: SourceKind::Stdin,
        root: Arc::from("-"),
        path: None,
        object: None,
    });
    let mut group = criterion.benchmark_group("detection");
    group.sample_size(20);
    for (name, bytes) in contents() {
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(name), &bytes, |bencher, bytes| {
            bencher.iter(|| detector.detect(&Content::whole(&origin, black_box(bytes))));
        });
    }
    group.finish();
}

fn start(criterion: &mut Criterion) {
    criterion.bench_function("load the built-in rules", |bencher| {
        bencher.iter(|| RuleSet::builtin().expect("the built-in rules are good"));
    });
}

criterion_group!(benches, prefilter, detection, start);
criterion_main!(benches);
