//! What the parts of a sweep cost: inflating, deltas, decoders.
//!
//! In: bytes made at run time, of the sizes that packs hold. Out: time and
//! throughput of each. Run with `cargo bench --bench parts`.

use std::hint::black_box;
use std::io::{Read, Write};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use keysweep::decode;
use keysweep::git::pack::Delta;
use keysweep::rule::{Form, SEPARATOR};

/// Lines of code, no two alike.
fn text(len: usize) -> Vec<u8> {
    let lines = (0u64..).map(|at| {
        let mixed = at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        format!("    if (table[{at}] != 0x{mixed:x}) return error(_(\"no entry {mixed}\"));\n")
    });
    lines.flat_map(String::into_bytes).take(len).collect()
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("a buffer takes it")
}

/// A stream as long as a delta of a commit, of a source file, and a whole file.
fn inflate(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("inflate");
    for len in [120, 4 << 10, 32 << 10] {
        let compressed = deflated(&text(len));
        group.throughput(Throughput::Bytes(len as u64));
        let mut place = vec![0; len];
        let mut decompressor = libdeflater::Decompressor::new();
        group.bench_function(BenchmarkId::new("libdeflate", len), |bencher| {
            bencher.iter(|| {
                decompressor.zlib_decompress(black_box(&compressed), &mut place).expect("sound")
            });
        });
        group.bench_function(BenchmarkId::new("zlib-rs", len), |bencher| {
            bencher.iter(|| {
                let mut decoder = flate2::bufread::ZlibDecoder::new(black_box(&*compressed));
                decoder.read_exact(&mut place).expect("sound");
            });
        });
    }
    group.finish();
}

fn length(mut value: usize, out: &mut Vec<u8>) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A delta as git/git has them: 125 steps, half of them short copies.
fn delta_of(base: &[u8]) -> Vec<u8> {
    let (mut steps, mut result) = (Vec::new(), 0);
    for step in 0..125 {
        let len = match step % 4 {
            0 => 9 + step % 23,
            1 | 3 => 18 + step % 40,
            _ => 700,
        };
        if step % 4 == 0 {
            steps.push(len as u8);
            steps.extend((0..len).map(|at| b'a' + (at % 26) as u8));
        } else {
            let start = step * (base.len() - 800) / 125;
            steps.extend([0xb3, start as u8, (start >> 8) as u8, len as u8, (len >> 8) as u8]);
        }
        result += len;
    }
    let mut delta = Vec::new();
    length(base.len(), &mut delta);
    length(result, &mut delta);
    [delta, steps].concat()
}

/// Building an object, against copying out only what is new in it.
fn delta(criterion: &mut Criterion) {
    let base = text(34 << 10);
    let bytes = delta_of(&base);
    let delta = Delta::parse(&bytes).expect("a delta");
    let mut group = criterion.benchmark_group("delta");
    group.throughput(Throughput::Elements(125));
    group.bench_function("build", |bencher| {
        bencher.iter(|| black_box(&delta).build(&base, u64::MAX).expect("sound"));
    });
    group.bench_function("new pieces", |bencher| {
        bencher.iter(|| black_box(&delta).new_pieces(&base, 16, SEPARATOR).expect("sound"));
    });
    group.bench_function("joints", |bencher| {
        let counts = |one: u8, other: u8| one == b'b' && other == b'i';
        bencher.iter(|| black_box(&delta).joints(&base, 7, false, counts).expect("sound"));
    });
    group.finish();
}

/// The run around a hit, in the encodings that wrap the most.
fn decoders(criterion: &mut Criterion) {
    let plain = text(8 << 10);
    let base64 = data_encoding::BASE64.encode(&plain).into_bytes();
    let hex = data_encoding::HEXLOWER.encode(&plain).into_bytes();
    let percent: Vec<u8> = plain.iter().flat_map(|b| format!("%{b:02X}").into_bytes()).collect();
    let mut group = criterion.benchmark_group("decode");
    for (name, bytes, form) in [
        ("base64", base64, Form::Base64 { phase: 0 }),
        ("hexadecimal", hex, Form::Hex),
        ("percent", percent, Form::Percent),
    ] {
        let middle = bytes.len() / 2 / 12 * 12;
        let hit = middle..middle + 12;
        assert!(!decode::around(&bytes, hit.clone(), form).is_empty(), "{name} is decoded");
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(name), &bytes, |bencher, bytes| {
            bencher.iter(|| decode::around(black_box(bytes), hit.clone(), form));
        });
    }
    group.finish();
}

criterion_group!(benches, inflate, delta, decoders);
criterion_main!(benches);
