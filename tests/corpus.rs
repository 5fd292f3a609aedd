//! The tables of names, ways and values, as cases that follow real formats.
//!
//! Every case is a text and what must be found in it. The test fails on any
//! case that is not as it should be, unless `fixtures/detect/known-misses.txt`
//! lists it with a reason; a case listed there that passes fails too.

#![allow(
    clippy::print_stdout,
    unreachable_pub,
    reason = "a test prints its score; its support files are modules of their own"
)]

#[path = "support/corpus.rs"]
mod corpus;
#[path = "support/pack.rs"]
mod pack;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use corpus::Case;
use keysweep::detect::{Detected, Detector, adjust};
use keysweep::finding::{Confidence, Origin, Skip, SourceKind, Tally};
use keysweep::rule::RuleSet;
use keysweep::source::{Content, Sink, container};

/// What a case gave that it should not have, or did not give; `None` if it is
/// as it should be.
fn complaint(detector: &Detector, case: &Case) -> Option<String> {
    let expanded = case.expand();
    let origin = Arc::new(Origin {
        source: SourceKind::Worktree,
        root: Arc::from(""),
        path: Some(Arc::from(case.path.as_str())),
        object: None,
    });
    let mut found: Vec<(String, String, u64)> = Vec::new();
    let mut evidence: BTreeMap<String, String> = BTreeMap::new();
    for mut detected in detected(detector, case, &origin, &expanded.text) {
        let applies = adjust(detector.rules(), &detected.rule, &mut detected.occurrence);
        if applies && detected.occurrence.confidence >= Confidence::Medium {
            let value = String::from_utf8_lossy(detected.secret.expose()).into_owned();
            evidence.insert(value.clone(), detected.occurrence.evidence);
            found.push((detected.rule.to_string(), value, detected.occurrence.line));
        }
    }
    let mut complaints = Vec::new();
    for (key, line) in &case.finds {
        let value = &expanded.keys[key];
        if !found.iter().any(|(rule, found, at)| *rule == case.rule && found == value && at == line)
        {
            let near: Vec<String> = found
                .iter()
                .filter(|(_, f, _)| f == value)
                .map(|(rule, _, at)| format!("{rule}@{at}"))
                .collect();
            complaints.push(format!("missed {key}@{line} (found as {near:?})"));
        }
    }
    let expected: BTreeSet<&String> =
        case.finds.iter().map(|(key, _)| &expanded.keys[key]).collect();
    for (rule, value, line) in &found {
        if !expected.contains(value) {
            let why = &evidence[value];
            complaints.push(format!("flagged {value} at line {line} under {rule}: {why}"));
        }
    }
    (!complaints.is_empty()).then(|| complaints.join("; "))
}

/// What is detected in a case's file, packed as it asks.
fn detected(detector: &Detector, case: &Case, origin: &Arc<Origin>, text: &[u8]) -> Vec<Detected> {
    if case.containers.is_empty() {
        let content = Content::whole(origin, text);
        return detector.detect_reporting(&content, &mut |skip| panic!("{}: {skip:?}", case.id));
    }
    let stored = Arc::new(Origin { source: SourceKind::History, ..(**origin).clone() });
    let packed = case.packed(text);
    let sink = Detecting { detector, detected: Mutex::default() };
    let content = Content::whole(&stored, &packed);
    assert!(container::sweep_stored(&content, detector.rules().prefilter(), &sink), "{}", case.id);
    sink.detected.into_inner().expect("no thread panicked")
}

/// Detects in whatever it is given.
struct Detecting<'a> {
    detector: &'a Detector,
    detected: Mutex<Vec<Detected>>,
}

impl Sink for Detecting<'_> {
    fn content(&self, content: Content<'_>) {
        let detected = self.detector.detect(&content);
        self.detected.lock().expect("no thread panicked").extend(detected);
    }
    fn skip(&self, skip: Skip) {
        panic!("{skip:?}");
    }
    fn count(&self, _: Tally) {}
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/detect")
}

fn known_misses() -> BTreeMap<String, String> {
    std::fs::read_to_string(fixtures().join("known-misses.txt"))
        .unwrap_or_default()
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(": "))
        .map(|(id, reason)| (id.to_owned(), reason.to_owned()))
        .collect()
}

/// Scores a set of cases and prints every complaint.
fn score(title: &str, cases: &[Case]) -> BTreeMap<String, String> {
    let detector = Detector::new(Arc::new(RuleSet::builtin().expect("built-in rules parse")));
    let mut complaints = BTreeMap::new();
    for case in cases {
        if let Some(complaint) = complaint(&detector, case) {
            println!(
                "{} [{}] {}: {complaint}",
                case.file.file_name().expect("a file has a name").display(),
                case.kind,
                case.id
            );
            complaints.insert(case.id.clone(), complaint);
        }
    }
    let (positives, negatives): (Vec<&Case>, Vec<&Case>) =
        cases.iter().partition(|case| !case.finds.is_empty());
    let bad =
        |cases: &[&Case]| cases.iter().filter(|case| complaints.contains_key(&case.id)).count();
    let kinds: BTreeSet<&str> = cases.iter().map(|case| case.kind.as_str()).collect();
    println!(
        "{title}: {} of {} positives as they should be, {} of {} negatives silent, {} file kinds",
        positives.len() - bad(&positives),
        positives.len(),
        negatives.len() - bad(&negatives),
        negatives.len(),
        kinds.len(),
    );
    complaints
}

/// The groups of cases, a folder each: written without having seen the
/// detector, against it, as other spellings of what it was taught, and by a second
/// stranger.
const GROUPS: [&str; 5] = ["blind", "informed", "variants", "blind-2", "blind-3"];

/// The parts of the corpus that are scored apart: their group and the mark
/// of their files.
fn part(case: &Case) -> String {
    let name = case.file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let group = case.file.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    match name.split('.').next().unwrap_or_default() {
        file if file.contains("-f-") => format!("{group}, {file}"),
        _ => format!("{group}, plain text"),
    }
}

#[test]
fn every_case_is_as_it_should_be() {
    let mut parts: BTreeMap<String, Vec<Case>> = BTreeMap::new();
    for group in GROUPS {
        for case in corpus::cases(&fixtures().join(group)) {
            parts.entry(part(&case)).or_default().push(case);
        }
    }
    let mut complaints = BTreeMap::new();
    for (title, cases) in &parts {
        complaints.extend(score(title, cases));
    }
    let known = known_misses();
    let healed: Vec<&String> = known.keys().filter(|id| !complaints.contains_key(*id)).collect();
    assert!(healed.is_empty(), "listed as known misses, but as they should be: {healed:?}");
    let unexpected: Vec<&String> =
        complaints.keys().filter(|id| !known.contains_key(*id)).collect();
    assert!(
        unexpected.is_empty(),
        "{} cases are not as they should be: {unexpected:?}",
        unexpected.len()
    );
    assert_scores(&parts, &complaints);
}

/// What the whole corpus must reach: 99 % of the positives as they should be,
/// 0.3 % of the negatives flagged at most.
fn assert_scores(parts: &BTreeMap<String, Vec<Case>>, complaints: &BTreeMap<String, String>) {
    let (positives, negatives): (Vec<&Case>, Vec<&Case>) =
        parts.values().flatten().partition(|case| !case.finds.is_empty());
    let bad =
        |cases: &[&Case]| cases.iter().filter(|case| complaints.contains_key(&case.id)).count();
    let (missed, flagged) = (bad(&positives), bad(&negatives));
    println!(
        "whole corpus: {missed} of {} positives missed, {flagged} of {} negatives flagged",
        positives.len(),
        negatives.len()
    );
    assert!(missed * 100 <= positives.len(), "less than 99 % of the positives: {missed} missed");
    assert!(flagged * 1000 <= negatives.len() * 3, "more than 0.3 % flagged: {flagged}");
}

#[test]
fn ids_are_unique_and_every_case_cites_what_it_follows() {
    let cases: Vec<Case> =
        GROUPS.iter().flat_map(|group| corpus::cases(&fixtures().join(group))).collect();
    let ids: BTreeSet<&String> = cases.iter().map(|case| &case.id).collect();
    assert_eq!(ids.len(), cases.len());
    let kinds: BTreeSet<&String> = cases.iter().map(|case| &case.kind).collect();
    assert!(cases.len() >= 800 && kinds.len() >= 150, "{} cases, {}", cases.len(), kinds.len());
    let strangers = cases.iter().filter(|case| part(case).starts_with("blind")).count();
    assert!(strangers * 2 >= cases.len(), "{strangers} of {} by strangers", cases.len());
    let mut shapes: BTreeMap<String, &String> = BTreeMap::new();
    for case in &cases {
        if let Some(other) = shapes.insert(case.shape(), &case.id) {
            panic!("{} and {other} differ in their values alone", case.id);
        }
    }
    for case in &cases {
        assert!(
            !case.follows.is_empty() && !case.kind.is_empty() && !case.path.is_empty(),
            "{}",
            case.id
        );
    }
}
