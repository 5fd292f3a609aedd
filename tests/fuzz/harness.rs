//! What each fuzz target does with its bytes, shared by the fuzzer and by the
//! test that replays seeds and what they mutate to.
//!
//! In: any bytes. Out: nothing, or a failed assertion: a panic, a broken
//! promise or an allocation without bound is a finding.

#![allow(dead_code, reason = "each target uses its own part of this")]

use std::collections::BTreeSet;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use keysweep::decode::{self, container};
use keysweep::detect::Detector;
use keysweep::finding::{Origin, SkipKind, SourceKind};
use keysweep::git::pack::{Basis, Delta, EntryHeader, inflate_block};
use keysweep::report::{self, Format, Replacements};
use keysweep::respond::journal::{Journal, RunIdentity, Storage};
use keysweep::rule::{Form, Literal, Prefilter, RuleSet, Wide};
use keysweep::secret::Secret;
use keysweep::settings::{Configuration, Trust};
use keysweep::source::Content;
use keysweep::vendor::{self, Profile, Revocation};

/// What is done with some bytes.
pub(crate) type Target = fn(&[u8]);

/// Every target by its name.
pub(crate) const TARGETS: [(&str, Target); 11] = [
    ("entry_header", entry_header),
    ("delta", delta),
    ("inflate", inflate),
    ("prefilter", prefilter),
    ("container", container),
    ("decode", decode_around),
    ("detect", detect),
    ("configuration", configuration),
    ("report", report_file),
    ("journal", journal),
    ("answer", answer),
];

/// Two inputs in one: the first two bytes say how long the first is.
fn halves(bytes: &[u8]) -> (&[u8], &[u8]) {
    let Some((length, rest)) = bytes.split_first_chunk::<2>() else { return (&[], bytes) };
    rest.split_at(usize::from(u16::from_le_bytes(*length)).min(rest.len()))
}

/// An entry header or an error, and never a header longer than the bytes.
pub(crate) fn entry_header(bytes: &[u8]) {
    for hash_len in [20, 32] {
        if let Ok(header) = EntryHeader::parse(bytes, hash_len) {
            assert!(header.length <= bytes.len());
            if let Basis::Id(start) = header.basis {
                assert_eq!(start + hash_len, header.length);
            }
        }
    }
}

/// Building the object and looking only at what is new agree on whether the
/// delta is sound, and no run of bytes is lost between.
pub(crate) fn delta(bytes: &[u8]) {
    const CONTEXT: usize = 5;
    const SEPARATOR: u8 = 0xff;
    let (base, bytes) = halves(bytes);
    let Ok(delta) = Delta::parse(bytes) else { return };
    let Ok(whole) = delta.build(base, 1 << 14) else {
        let is_long = delta.result_len > 1 << 14;
        assert!(is_long || delta.new_pieces(base, CONTEXT, SEPARATOR).is_err());
        assert!(is_long || delta.joints(base, CONTEXT, false, |_, _| true).is_err());
        assert!(is_long || delta.joints(base, CONTEXT, true, |_, _| true).is_err());
        return;
    };
    let pieces = delta.new_pieces(base, CONTEXT, SEPARATOR).expect("the object could be built");
    for run in whole.windows(CONTEXT + 1).filter(|run| !run.contains(&SEPARATOR)) {
        let holds = |bytes: &[u8]| bytes.windows(run.len()).any(|other| other == run);
        assert!(holds(base) || holds(&pieces));
    }
    for builds in [false, true] {
        let joints = delta.joints(base, CONTEXT, builds, |_, _| true).expect("as above");
        for run in whole.windows(CONTEXT + 1) {
            let holds = |bytes: &[u8]| bytes.windows(run.len()).any(|other| other == run);
            assert!(holds(base) || holds(bytes) || holds(&joints));
        }
    }
}

/// What a block with codes of its own is inflated to is what libdeflate makes of
/// it, and nothing where that finds it damaged.
pub(crate) fn inflate(bytes: &[u8]) {
    const ROOM_BYTES: usize = 4 << 10;
    let Some((first, rest)) = bytes.split_first() else { return };
    // The last block of a stream, with codes of its own.
    let deflated = [&[first & !7 | 0b101], rest].concat();
    if let Some(ours) = inflate_block(&deflated, ROOM_BYTES) {
        let mut place = vec![0; ROOM_BYTES];
        let size = libdeflater::Decompressor::new().deflate_decompress(&deflated, &mut place);
        assert_eq!(size.map(|size| &place[..size]), Ok(&*ours));
    }
}

/// The prefilter finds every plain literal that a naive search finds, and says
/// yes exactly when it has a hit.
pub(crate) fn prefilter(bytes: &[u8]) {
    let (words, bytes) = halves(bytes);
    let words = String::from_utf8_lossy(words);
    let literals: Vec<Literal> = words.split('\n').take(8).filter_map(Literal::new).collect();
    let prefilter = Prefilter::new(&literals, false);
    let hits: Vec<_> = prefilter.hits(bytes).collect();
    assert_eq!(prefilter.holds_literal(bytes), !hits.is_empty());
    for (number, literal) in literals.iter().enumerate() {
        let text = literal.text().as_bytes();
        for (start, window) in bytes.windows(text.len()).enumerate() {
            let is_hit = hits
                .iter()
                .any(|hit| hit.literal == number && hit.start == start && hit.form == Form::Plain);
            assert_eq!(is_hit, window.eq_ignore_ascii_case(text));
        }
    }
    among_many(bytes);
}

/// Of many literals the forms are parted, and each is found where it is found
/// among a few.
fn among_many(bytes: &[u8]) {
    /// Of every length, of letters alone and with signs between them; the first
    /// one lends its number to forms that are no literal's, and is left out.
    const WORDS: [&str; 9] = [
        "zqzqzq",
        "key",
        "tok_",
        "live-",
        "a.b.c:d",
        "secret=",
        "bitkit",
        "bytestack",
        "a_longer_word",
    ];
    const OTHERS: usize = 40;
    static FEW: LazyLock<Prefilter> = LazyLock::new(|| {
        Prefilter::new(&WORDS.map(|word| Literal::new(word).expect("ASCII")), false)
    });
    static MANY: LazyLock<Prefilter> = LazyLock::new(|| {
        let others = (0..OTHERS).map(|number| format!("other{number:02}word"));
        let words = WORDS.map(str::to_owned).into_iter().chain(others);
        let literals: Vec<Literal> = words.filter_map(|word| Literal::new(&word)).collect();
        Prefilter::new(&literals, false)
    });
    let places = |prefilter: &Prefilter| {
        let hits = prefilter.hits(bytes).filter(|hit| (1..WORDS.len()).contains(&hit.literal));
        hits.map(|hit| (hit.start, hit.literal, hit.form)).collect::<BTreeSet<_>>()
    };
    assert_eq!(places(&FEW), places(&MANY));
}

struct Drain {
    total_bytes: u64,
}

impl container::Visitor for Drain {
    fn inner(&mut self, _: &[Vec<u8>], content: &mut dyn Read) -> io::Result<()> {
        let mut buffer = [0; 4096];
        loop {
            match content.read(&mut buffer)? {
                0 => return Ok(()),
                count => self.total_bytes += count as u64,
            }
        }
    }

    fn skip(&mut self, _: &[Vec<u8>], _: SkipKind, reason: String) {
        assert!(!reason.is_empty());
    }
}

/// Whatever is declared, no container gives more than its budget.
pub(crate) fn container(bytes: &[u8]) {
    let budget = container::Budget {
        depth: 4,
        expanded_bytes: 1 << 20,
        entries: 1000,
        time: Duration::from_secs(1),
        ..container::Budget::default()
    };
    let mut drain = Drain { total_bytes: 0 };
    let _ = container::open(&mut Cursor::new(bytes), &budget, &mut drain);
    assert!(drain.total_bytes <= 1 << 20);
}

/// No decoder leaves the bytes that it was given.
pub(crate) fn decode_around(bytes: &[u8]) {
    const FORMS: [Form; 13] = [
        Form::Plain,
        Form::GzipBase64,
        Form::Base64 { phase: 0 },
        Form::Base64 { phase: 2 },
        Form::Base64 { phase: 3 },
        Form::Hex,
        Form::Percent,
        Form::Escapes,
        Form::Html,
        Form::QuotedPrintable,
        Form::Wide(Wide::Utf16Le),
        Form::Wide(Wide::Utf32Be),
        Form::Wide(Wide::Utf16Be),
    ];
    let Some(([form, start], bytes)) = bytes.split_first_chunk::<2>() else { return };
    let start = usize::from(*start).min(bytes.len());
    let end = (start + 4).min(bytes.len());
    for decoded in decode::around(bytes, start..end, FORMS[usize::from(*form) % FORMS.len()]) {
        let run = decoded.run();
        assert!(run.end <= bytes.len());
        let outer = decoded.outer(0..decoded.bytes().len());
        assert!(outer.start >= run.start && outer.end <= run.end);
    }
    let _ = decode::unwrapped(bytes);
}

/// What is found lies in the bytes, and no excerpt shows a key.
pub(crate) fn detect(bytes: &[u8]) {
    static DETECTOR: OnceLock<Detector> = OnceLock::new();
    let detector = DETECTOR
        .get_or_init(|| Detector::new(Arc::new(RuleSet::builtin().expect("built-in rules parse"))));
    let bytes = &bytes[..bytes.len().min(1 << 16)];
    let origin = Arc::new(Origin {
        source: SourceKind::Worktree,
        root: Arc::from(""),
        path: None,
        object: None,
    });
    for found in detector.detect(&Content::whole(&origin, bytes)) {
        assert!(!found.secret.is_empty());
        let secret = String::from_utf8_lossy(found.secret.expose());
        let shown = format!("{:?}", found.occurrence);
        // A short key may stand in a word beside it.
        assert!(secret.len() < 20 || !shown.contains(&*secret), "an excerpt shows a key");
    }
}

/// Rules, excludes and vendor profiles that anybody may have written.
pub(crate) fn configuration(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for trust in [Trust::Scanned, Trust::Operator] {
        let _ = Configuration::parse(&text, "x.toml", Path::new("/"), trust);
    }
    let _ = Profile::with_overrides(&text);
}

/// A report is refused or rendered in every format.
pub(crate) fn report_file(bytes: &[u8]) {
    let Ok(report) = report::read(bytes) else { return };
    for format in Format::ALL {
        let mut out = Vec::new();
        report::render(&report, format, &mut out).expect("memory takes writes");
        assert!(std::str::from_utf8(&out).is_ok());
    }
    let _ = Replacements::of(&report, &std::collections::HashMap::new());
}

#[derive(Debug)]
struct Given(Vec<u8>);

impl Storage for Given {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        Ok(self.0.clone())
    }
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn truncate(&mut self, length_bytes: u64) -> io::Result<()> {
        self.0.truncate(usize::try_from(length_bytes).expect("a length of a Vec"));
        Ok(())
    }
}

fn identity() -> RunIdentity {
    let clean = include_bytes!("../../fixtures/report/samples/clean.json");
    RunIdentity::of(&report::read(clean).expect("a sound report"), "https://api.example/v1")
}

/// A journal is taken up, begun or refused.
pub(crate) fn journal(bytes: &[u8]) {
    let storage = Box::new(Given(bytes.to_vec()));
    let _ = Journal::open_on(storage, Path::new("journal"), &identity(), vendor::now);
}

/// An answer has one meaning or none, and never shows the key that was asked
/// about.
pub(crate) fn answer(bytes: &[u8]) {
    let Some((status, body)) = bytes.split_first_chunk::<2>() else { return };
    let status = 100 + u16::from_le_bytes(*status) % 500;
    let key = Secret::new(*b"qwertyuiopasdfghjklz");
    let keys = [&key];
    for said in [Revocation::by_value(status, body, &keys), Revocation::by_id(status, body, &keys)]
    {
        assert!(!format!("{said:?}").contains("qwertyuiopasdfghjklz"));
    }
    let _ = vendor::read_page(body, &keys);
}
