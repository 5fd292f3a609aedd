//! What containers and encodings cost when they are made to hurt, and what is
//! said of what cannot be read.

#![allow(clippy::print_stdout, reason = "what each attack costs is read by people")]

#[path = "support/encode.rs"]
mod encode;
#[path = "support/pack.rs"]
mod pack;

use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use keysweep::decode::{self, container};
use keysweep::detect::Detector;
use keysweep::finding::{Origin, SkipKind, SourceKind};
use keysweep::rule::{Form, RuleSet, Wide};
use pack::pack;
use proptest::prelude::*;

/// Reads everything and keeps what was skipped.
#[derive(Default)]
struct Reading {
    contents: Vec<(String, u64)>,
    skips: Vec<(String, SkipKind, String)>,
}

fn shown(path: &[Vec<u8>]) -> String {
    path.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect::<Vec<_>>().join("!")
}

impl container::Visitor for Reading {
    fn inner(&mut self, path: &[Vec<u8>], content: &mut dyn Read) -> io::Result<()> {
        let mut buffer = [0; 8192];
        let mut length = 0;
        let ended = loop {
            match content.read(&mut buffer) {
                Ok(0) => break Ok(()),
                Ok(count) => length += count as u64,
                Err(error) => break Err(error),
            }
        };
        self.contents.push((shown(path), length));
        ended
    }

    fn skip(&mut self, path: &[Vec<u8>], kind: SkipKind, reason: String) {
        self.skips.push((shown(path), kind, reason));
    }
}

fn read(bytes: &[u8]) -> (Reading, container::Opened) {
    read_within(bytes, &container::Budget::default())
}

fn read_within(bytes: &[u8], budget: &container::Budget) -> (Reading, container::Opened) {
    let mut reading = Reading::default();
    let opened =
        container::open(&mut Cursor::new(bytes), budget, &mut reading).expect("memory can be read");
    (reading, opened)
}

fn bomb(kind: &str) -> Vec<u8> {
    let zeros = vec![0; 32 << 20];
    let one = pack(kind, "zeros", &zeros);
    let many: Vec<(String, &[u8])> =
        (0..64).map(|index| (format!("zeros-{index}"), &one[..])).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, one)| (&name[..], *one)).collect();
    pack::zip(&many, zip::CompressionMethod::Deflated)
}

#[test]
fn bomb_of_every_kind_is_stopped_by_its_ratio_within_two_seconds() {
    for kind in ["gzip", "bzip2", "xz", "zip"] {
        let bomb = bomb(kind);
        let started = Instant::now();
        let (reading, _) = read(&bomb);
        let taken = started.elapsed();
        let last = reading.skips.last().expect("a skip");
        assert_eq!(last.1, SkipKind::OverBudget, "{kind}: {last:?}");
        assert_eq!(reading.skips.len(), 1, "{kind}");
        println!("{kind}: {} bytes, {} contents, {taken:?}", bomb.len(), reading.contents.len());
        assert!(taken < Duration::from_secs(5), "{kind}: {taken:?}");
    }
}

#[test]
fn nesting_past_the_depth_is_named() {
    let mut bytes = b"BITKIT".to_vec();
    for level in 0..40 {
        bytes = pack(["zip", "gzip", "tar"][level % 3], "inner", &bytes);
    }
    let (reading, opened) = read(&bytes);
    assert_eq!(opened, container::Opened::Whole);
    assert!(reading.contents.is_empty());
    assert_eq!(reading.skips.len(), 1);
    assert_eq!(reading.skips[0].1, SkipKind::OverBudget);
    assert!(reading.skips[0].2.contains("depth"), "{}", reading.skips[0].2);
}

#[test]
fn each_budget_is_named_when_it_is_spent() {
    let files: Vec<(String, Vec<u8>)> =
        (0..100).map(|index| (format!("f{index}"), vec![b'x'; 1 << 16])).collect();
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, bytes)| (&name[..], &bytes[..])).collect();
    let bytes = pack::zip(&files, zip::CompressionMethod::Deflated);
    let default = container::Budget::default();
    for (budget, word) in [
        (container::Budget { entries: 10, ..default }, "10 files"),
        (container::Budget { expanded_bytes: 1 << 20, ..default }, "1 MiB"),
        (container::Budget { ratio_from_bytes: 0, ratio: 10, ..default }, "10 times"),
        (container::Budget { time: Duration::ZERO, ..default }, "0 s"),
    ] {
        let (reading, _) = read_within(&bytes, &budget);
        assert_eq!(reading.skips.len(), 1, "{word}: {:?}", reading.skips);
        assert!(reading.skips[0].2.contains(word), "{:?}", reading.skips);
        assert!(reading.contents.len() < 100);
    }
}

#[test]
fn damaged_container_gives_what_comes_before_the_damage() {
    let text: Vec<u8> =
        (0..200_000_u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    for kind in ["gzip", "bzip2", "xz", "zstd", "tar", "zip", "stored-zip"] {
        let bytes = pack(kind, "inner", &text);
        let (reading, opened) = read(&bytes[..bytes.len() * 3 / 4]);
        assert_eq!(opened, container::Opened::Partly, "{kind}");
        assert!(reading.skips.iter().any(|skip| skip.1 == SkipKind::Corrupt), "{kind}");
        let read_bytes: u64 = reading.contents.iter().map(|content| content.1).sum();
        println!("{kind}: {read_bytes} of {} bytes", text.len());
        if kind != "bzip2" && kind != "xz" {
            assert!(read_bytes > 0, "{kind}");
        }
    }
}

#[test]
fn what_a_zip_file_hides_or_locks_is_read_or_named() {
    let twice = {
        // Two files of one name, which the writer refuses to make: the second
        // is renamed in place, in its own header and in the directory.
        let mut bytes = pack::zip(
            &[("same", b"BITKIT one"), ("sama", b"BITKIT two")],
            zip::CompressionMethod::Stored,
        );
        while let Some(at) = bytes.windows(4).position(|window| window == b"sama") {
            bytes[at + 3] = b'e';
        }
        bytes
    };
    let (reading, _) = read(&twice);
    assert_eq!(reading.contents.len(), 2, "{:?}", reading.contents);

    let mut locked = pack::zip(&[("a", b"text"), ("b", b"text")], zip::CompressionMethod::Stored);
    let directory = locked.windows(4).position(|w| w == b"PK\x01\x02").expect("a directory");
    locked[directory + 8] |= 1;
    let (reading, _) = read(&locked);
    assert_eq!(reading.contents.len(), 1);
    assert_eq!(reading.skips[0].1, SkipKind::Unsupported);
    assert!(reading.skips[0].2.contains("encrypted"));

    let mut unknown = pack::zip(&[("a", b"text")], zip::CompressionMethod::Stored);
    let directory = unknown.windows(4).position(|w| w == b"PK\x01\x02").expect("a directory");
    unknown[directory + 10] = 98;
    let (reading, _) = read(&unknown);
    assert!(reading.skips[0].2.contains("method 98"), "{:?}", reading.skips);
}

#[test]
fn names_and_links_inside_lead_nowhere() {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    builder.append_link(&mut header, "link", "/etc/passwd").expect("memory");
    let mut header = tar::Header::new_gnu();
    header.set_size(4);
    header.as_mut_bytes()[..16].copy_from_slice(b"../../etc/shadow");
    header.set_cksum();
    builder.append(&header, &b"text"[..]).expect("memory");
    let long = "d/".repeat(120) + "file";
    let mut header = tar::Header::new_gnu();
    header.set_size(4);
    builder.append_data(&mut header, &long, &b"text"[..]).expect("memory");
    let (reading, opened) = read(&builder.into_inner().expect("memory"));
    assert_eq!(opened, container::Opened::Whole);
    let names: Vec<&str> = reading.contents.iter().map(|(name, _)| &name[..]).collect();
    assert_eq!(names, ["../../etc/shadow", &long]);
}

#[test]
fn memory_is_not_reserved_by_a_declared_size() {
    // A tar header that declares a name of 8 GiB, and nothing behind it.
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::GNULongName);
    header.set_size(8 << 30);
    header.set_cksum();
    let (reading, _) = read(header.as_bytes());
    assert!(reading.contents.is_empty());
    // A zstd frame that asks for a window of 1 GiB or more.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa0, 0x01, 0x00, 0x00];
    let (reading, _) = read(&frame);
    assert_eq!(reading.skips.len(), 1, "{:?}", reading.skips);
}

fn detector() -> Detector {
    Detector::new(Arc::new(RuleSet::builtin().expect("built-in rules parse")))
}

/// Where a content stands that is in memory alone.
fn origin() -> Arc<Origin> {
    Arc::new(Origin { source: SourceKind::Worktree, root: Arc::from(""), path: None, object: None })
}

#[test]
fn many_hits_in_one_content_stay_linear() {
    let (detector, origin) = (detector(), origin());
    let gzip = data_encoding::BASE64.encode(&pack("gzip", "", &vec![b' '; 1 << 20]));
    let makers: [&dyn Fn(usize) -> Vec<u8>; 5] = [
        &|n| data_encoding::BASE64.encode(&b"BITKIT_API_KEY=\n".repeat(n)).into_bytes(),
        &|n| Wide::Utf16Le.encode(&b"BITKIT_API_KEY=x%20\\u0041\n".repeat(n)),
        &|n| b"BITKIT_API_KEY=%41&#65;\\x41\n".repeat(n),
        &|n| b"H4sIA".repeat(n),
        &|n| format!("{gzip}\n\n").repeat(n / 200).into_bytes(),
    ];
    for make in makers {
        let time = |count: usize| {
            let bytes = make(count);
            let started = Instant::now();
            let found = detector.detect(&keysweep::source::Content::whole(&origin, &bytes));
            println!("{} bytes: {:?}, {} found", bytes.len(), started.elapsed(), found.len());
            started.elapsed()
        };
        let (few, many) = (time(1000), time(4000));
        assert!(many < few * 10 + Duration::from_secs(1), "{few:?} and {many:?}");
    }
}

/// A test suite of a client: many requests, one variable.
#[test]
fn hundred_requests_with_one_token_stay_within_the_budget() {
    let (detector, origin) = (detector(), origin());
    let request = "  await fetch('https://api.bytestack.dev/v1/items', { headers: { \
                   Authorization: `Bearer ${token}` } });\n";
    let text = format!("export async function all(token) {{\n{}}}\n", request.repeat(100));
    let content = keysweep::source::Content::whole(&origin, text.as_bytes());
    let found = detector.detect_reporting(&content, &mut |skip| panic!("{skip:?}"));
    assert!(found.is_empty());
}

/// A script of requests: every use of the name asks what the others give it.
#[test]
fn key_after_thousand_requests_with_a_variable_is_found() {
    let (detector, origin) = (detector(), origin());
    let request = |token: &str, job: usize| {
        format!(
            "curl -H \"Authorization: Bearer {token}\" https://api.bytestack.dev/v1/jobs/{job}\n"
        )
    };
    let key = encode::key(4);
    let text: String =
        (0..1000).map(|job| request("$BITKIT_API_KEY", job)).chain([request(&key, 1000)]).collect();
    let content = keysweep::source::Content::whole(&origin, text.as_bytes());
    let found = detector.detect_reporting(&content, &mut |skip| panic!("{skip:?}"));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].secret.expose(), key.as_bytes());
}

/// Contexts that stand inside each other would be read over and over.
#[test]
fn contexts_past_their_budget_are_named_and_keys_under_a_name_still_found() {
    let (detector, origin) = (detector(), origin());
    let key = encode::key(3);
    let makers = [
        "<key>bytestack</key><dict>",
        "{\"bytestack\":",
        "x-bytestack-signature hmac.new(key, body)\n",
        "bytestack.NewClient(",
        "${BITKIT_API_KEY:-",
        "a.bitkitApiKey=f(\"https://api.bytestack.dev/v1\",{a:\"Bearer \"+c.bitkitApiKey});",
    ];
    for unit in makers {
        let text = unit.repeat((192 << 10) / unit.len());
        let text = format!("{text}\n\n\nBITKIT_API_KEY={key}\n");
        let mut skips = Vec::new();
        let content = keysweep::source::Content::whole(&origin, text.as_bytes());
        let started = Instant::now();
        let found = detector.detect_reporting(&content, &mut |skip| skips.push(skip));
        println!("{unit:?}: {} bytes, {:?}", text.len(), started.elapsed());
        assert!(found.iter().any(|found| found.secret.expose() == key.as_bytes()), "{unit}");
        assert_eq!(skips.len(), 1, "{unit}: {skips:?}");
        assert_eq!(skips[0].kind, SkipKind::OverBudget);
        assert!(skips[0].reason.contains("budget for one piece"), "{skips:?}");
    }
}

#[test]
fn compressed_streams_of_a_pdf_file_are_read() {
    use std::io::Write as _;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(b"BT (some text) Tj ET").expect("memory");
    let packed = encoder.finish().expect("memory");
    let head = b"%PDF-1.7\n1 0 obj\n<< /Filter /FlateDecode /Length 28 >>\nstream\n";
    let bytes = [&head[..], &packed, b"\nendstream\nendobj\n"].concat();
    let (reading, opened) = read(&bytes);
    assert_eq!(opened, container::Opened::Partly);
    assert_eq!(reading.contents, [("stream 1".to_owned(), 20)]);
    let (reading, _) = read(&pack("tar", "a.pdf", &bytes));
    assert_eq!(reading.contents.len(), 2, "{:?}", reading.contents);
    assert!(reading.skips.is_empty(), "{:?}", reading.skips);
}

/// Where a text stands in its encoding, for the forms whose units are plain.
fn encoded(form: Form, text: &str) -> (Vec<u8>, std::ops::Range<usize>) {
    let spelled = |unit: &dyn Fn(u8) -> String| text.bytes().map(unit).collect::<String>();
    let bytes = match form {
        Form::Base64 { .. } => data_encoding::BASE64.encode(text.as_bytes()).into_bytes(),
        Form::Hex => data_encoding::HEXLOWER.encode(text.as_bytes()).into_bytes(),
        Form::Percent => spelled(&|byte| format!("%{byte:02X}")).into_bytes(),
        Form::Escapes => spelled(&|byte| format!("\\x{byte:02x}")).into_bytes(),
        Form::Html => spelled(&|byte| format!("&#{byte};")).into_bytes(),
        Form::QuotedPrintable => spelled(&|byte| format!("={byte:02X}")).into_bytes(),
        Form::Wide(wide) => wide.encode(text.as_bytes()),
        _ => unreachable!("not a form of this test"),
    };
    let end = bytes.len().min(8);
    (bytes, 0..end)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_decoded_byte_maps_back_to_what_encodes_it(
        text in "[ -~]{24,200}",
        before in "[ .:\n]{0,20}",
        kind in 0..10_usize,
    ) {
        let form = [
            Form::Base64 { phase: 0 }, Form::Hex, Form::Percent, Form::Escapes, Form::Html,
            Form::QuotedPrintable, Form::Wide(Wide::Utf16Le), Form::Wide(Wide::Utf16Be),
            Form::Wide(Wide::Utf32Le), Form::Wide(Wide::Utf32Be),
        ][kind];
        let (inner, hit) = encoded(form, &text);
        let outer = [before.as_bytes(), &inner, b"\n"].concat();
        let at = before.len();
        let decoded = decode::around(&outer, at + hit.start..at + hit.end, form);
        prop_assert_eq!(decoded.len(), 1);
        let decoded = &decoded[0];
        let found = decoded.bytes().windows(text.len()).position(|w| w == text.as_bytes());
        let start = found.expect("the text is decoded");
        let mut last = at;
        for byte in start..start + text.len() {
            let span = decoded.outer(byte..byte + 1);
            prop_assert!(span.start >= last && span.end > span.start && span.end <= outer.len());
            last = span.start;
        }
        let whole = decoded.outer(start..start + text.len());
        prop_assert_eq!(whole.start, at);
        prop_assert!(whole.end <= at + inner.len());
    }

    #[test]
    fn arbitrary_bytes_neither_panic_nor_leave_their_bounds(
        bytes in proptest::collection::vec(any::<u8>(), 0..600),
        start in 0..600_usize,
        kind in 0..13_usize,
    ) {
        let form = [
            Form::Plain, Form::GzipBase64, Form::Base64 { phase: 0 }, Form::Base64 { phase: 2 },
            Form::Base64 { phase: 3 }, Form::Hex, Form::Percent, Form::Escapes, Form::Html,
            Form::QuotedPrintable, Form::Wide(Wide::Utf16Le), Form::Wide(Wide::Utf32Be),
            Form::Wide(Wide::Utf16Be),
        ][kind];
        let start = start.min(bytes.len());
        let end = (start + 4).min(bytes.len());
        for decoded in decode::around(&bytes, start..end, form) {
            let run = decoded.run();
            prop_assert!(run.end <= bytes.len());
            let length = decoded.bytes().len();
            let outer = decoded.outer(0..length);
            prop_assert!(outer.start >= run.start && outer.end <= run.end);
        }
        let _ = decode::unwrapped(&bytes);
    }

    #[test]
    fn arbitrary_databases_neither_panic_nor_blow_their_budgets(
        pages in proptest::collection::vec(any::<u8>(), 0..6000),
        cells in proptest::collection::vec(0..600_u16, 0..40),
        reserved in any::<u8>(),
    ) {
        let mut bytes = b"SQLite format 3\0\x02\0".to_vec();
        bytes.resize(100, 0);
        bytes[20] = reserved;
        bytes.push(13);
        bytes.extend([0, 0]);
        bytes.extend((cells.len() as u16).to_be_bytes());
        bytes.extend([0; 3]);
        bytes.extend(cells.iter().flat_map(|cell| cell.to_be_bytes()));
        bytes.extend(&pages);
        for page in (512..bytes.len()).step_by(512) {
            bytes[page] = 13;
        }
        let (reading, _) = read(&bytes);
        let total: u64 = reading.contents.iter().map(|content| content.1).sum();
        prop_assert!(total <= 64 << 20);
    }

    #[test]
    fn damaged_containers_neither_panic_nor_blow_their_budgets(
        kind in 0..7_usize,
        at in 0..2000_usize,
        patch in proptest::collection::vec(any::<u8>(), 1..16),
    ) {
        let inner = pack("gzip", "x", &b"BITKIT_API_KEY=\n".repeat(100));
        let mut bytes = pack(pack::KINDS[kind], "inner", &inner);
        let at = at % bytes.len();
        for (offset, byte) in patch.iter().enumerate() {
            if let Some(place) = bytes.get_mut(at + offset) {
                *place = *byte;
            }
        }
        let budget = container::Budget { expanded_bytes: 8 << 20, ..container::Budget::default() };
        let (reading, _) = read_within(&bytes, &budget);
        let total: u64 = reading.contents.iter().map(|content| content.1).sum();
        prop_assert!(total <= 8 << 20);
    }
}
