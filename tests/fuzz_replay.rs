//! Replays seeds, and what they mutate to, through the fuzz targets, so that a
//! change that breaks one is seen without a fuzzer. Where `KEYSWEEP_FUZZ_CORPUS`
//! names a directory, the seeds are written there for one to begin with.

#[path = "fuzz/harness.rs"]
mod harness;
#[path = "support/pack.rs"]
mod pack;

use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::DeflateEncoder;

use keysweep::rule::Wide;

/// The time that the mutations of one target may take.
const TIME: Duration = Duration::from_millis(1500);

/// An input of two halves, as the targets split it.
fn halves(first: &[u8], second: &[u8]) -> Vec<u8> {
    let length = u16::try_from(first.len()).expect("a short half");
    [&length.to_le_bytes()[..], first, second].concat()
}

/// A text in many encodings, side by side.
fn encoded(text: &[u8]) -> Vec<u8> {
    use data_encoding::{BASE64, HEXLOWER};
    let spelled = |unit: &dyn Fn(&u8) -> String| text.iter().map(unit).collect::<String>();
    let wide = Wide::ALL.map(|kind| kind.encode(text)).concat();
    let once = BASE64.encode(text);
    let looks = [
        text.to_ascii_uppercase(),
        BASE64.encode(once.as_bytes()).into_bytes(),
        Wide::Utf16Be.encode(once.as_bytes()),
        once.into_bytes(),
        HEXLOWER.encode(text).into_bytes(),
        spelled(&|byte| format!("%{byte:02x}")).into_bytes(),
        spelled(&|byte| format!("\\{byte:03o}")).into_bytes(),
        spelled(&|byte| format!("&#{byte};")).into_bytes(),
        BASE64.encode(&wide).into_bytes(),
        wide,
    ];
    looks.join(&b" \n."[..])
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let text = b"export BITKIT_API_KEY=\"%41bc\" # keysweep:allow reason=x\n";
    match target {
        "entry_header" => vec![vec![0x95, 0x0a], vec![0x6f, 0x80, 0x01], vec![0x7f; 40]],
        "delta" => vec![
            halves(b"0123456789abcdef", &[16, 8, 0x91, 2, 6, 2, b'x', b'y']),
            halves(b"0123456789", &[10, 200, 1, 0xb0, 100, 0]),
        ],
        "inflate" => ["a sentence or two, ", "tree 3f9a0c7e\nparent 9e01b35d\n", "x"]
            .iter()
            .enumerate()
            .map(|(number, text)| {
                let counted = (0..60).map(|at| format!("{text}{}", at * at % 59));
                let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(9));
                encoder.write_all(counted.collect::<String>().as_bytes()).expect("a buffer");
                let deflated = encoder.finish().expect("a buffer");
                assert_eq!(deflated[0] & 7, 0b101, "{number}: one block, codes of its own");
                [&*deflated, &[0; 8]].concat()
            })
            .collect(),
        "prefilter" => vec![
            halves(b"needle\nBITKIT", b"a Needle, bitkit, QklUS0lU 6e6565646c65"),
            halves(b"", &encoded(b"a_longer_word=1")),
            halves(b"", &encoded(b"bytestack.live-a.b.c:d")),
        ],
        "container" => pack::KINDS
            .iter()
            .map(|kind| pack::pack(kind, "inner", &pack::pack("gzip", "x", text)))
            .collect(),
        "decode" => (0..13).map(|form| [&[form, 7][..], text].concat()).collect(),
        "detect" => vec![
            text.to_vec(),
            b"curl -H 'Authorization: Bearer abc' https://api.bytestack.dev/v1/queries".to_vec(),
            b"{\"BITKIT_API_KEY\": \"x\"}\nbytestack.NewClient(\"y\")".to_vec(),
        ],
        "configuration" => vec![
            b"[[exclude]]\nglob = \"vendor/**\"\nreason = \"x\"\n".to_vec(),
            include_bytes!("../rules/bytestack.toml").to_vec(),
        ],
        "report" => vec![
            include_bytes!("../fixtures/report/samples/findings.json").to_vec(),
            include_bytes!("../fixtures/report/samples/responded.json").to_vec(),
        ],
        "journal" => {
            let line = b"{\"schema\":\"keysweep-journal/1\",\"seq\":1,\"previous\":\"0\"}\n";
            vec![Vec::new(), line.to_vec(), b"{\"seq\":1".to_vec()]
        }
        "answer" => vec![
            [&100_u16.to_le_bytes()[..], b"{\"name\":\"n\",\"scope\":\"read\"}"].concat(),
            [&304_u16.to_le_bytes()[..], b"{\"error\":{\"code\":\"key_not_found\"}}"].concat(),
            [&100_u16.to_le_bytes()[..], b"{\"data\":[{\"id\":\"k1\"}],\"next\":null}"].concat(),
        ],
        _ => Vec::new(),
    }
}

/// SplitMix64, so that a failing run can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % bound as u64).expect("below a usize")
    }

    fn mutated(&mut self, seed: &[u8]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            match self.below(5) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, self.below(256) as u8),
                2 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                3 if at < bytes.len() => bytes[at] = [0, 0xff, 0x7f, b'\n', b'"'][self.below(5)],
                _ => {
                    let end = (at + self.below(64)).min(bytes.len());
                    bytes.extend_from_within(at..end);
                }
            }
        }
        bytes
    }
}

#[test]
fn every_target_holds_what_it_promises_on_seeds_and_their_mutations() {
    for (target, run) in harness::TARGETS {
        let seeds = seeds(target);
        assert!(!seeds.is_empty(), "{target} has no seed");
        assert!(
            std::path::Path::new(&format!("tests/fuzz/fuzz_targets/{target}.rs")).is_file(),
            "{target} is not fuzzed"
        );
        if let Some(corpus) = std::env::var_os("KEYSWEEP_FUZZ_CORPUS") {
            let directory = std::path::Path::new(&corpus).join(target);
            std::fs::create_dir_all(&directory).expect("a directory");
            for (at, seed) in seeds.iter().enumerate() {
                std::fs::write(directory.join(format!("seed-{at}")), seed).expect("a file");
            }
        }
        for seed in &seeds {
            run(seed);
        }
        let (begun, mut random) = (Instant::now(), Random(7));
        while begun.elapsed() < TIME {
            let pick = random.below(seeds.len());
            run(&random.mutated(&seeds[pick]));
        }
    }
}
