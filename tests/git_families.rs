//! Families of deltas that git would not write, swept like any: borders of
//! copies and inserts anywhere, literals in every form across them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/git.rs"]
pub(crate) mod git_support;
#[path = "support/git_pack.rs"]
mod pack_support;
#[path = "support/git_sweep.rs"]
mod sweep_support;

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::{BASE64, HEXLOWER};
use git_support::Repo;
use keysweep::rule::{Literal, Prefilter, RuleSet};
use pack_support::{Entry, PackWriter, lengths, object_id};
use proptest::prelude::*;
use sweep_support::sweep;

const COMMIT: u8 = 1;
const TREE: u8 = 2;
const BLOB: u8 = 3;
const TAG: u8 = 4;

/// Numbers from a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }

    fn below(&mut self, end: usize) -> usize {
        (self.roll() % end.max(1) as u64) as usize
    }

    fn one_in(&mut self, chance: usize) -> bool {
        self.below(chance) == 0
    }

    /// Bytes in which no literal stands, some of them like what parts pieces.
    fn filler(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| b"abcxyzQR 019=+/%\\\n\0\xff"[self.below(20)]).collect()
    }

    /// The literal in some form.
    fn form(&mut self, literal: &str) -> Vec<u8> {
        let text = format!("{}{literal}", &"..."[..self.below(4)]);
        let wide = |before: usize, after: usize| -> Vec<u8> {
            let unit = |byte: u8| [vec![0; before], vec![byte], vec![0; after]].concat();
            literal.bytes().flat_map(unit).collect()
        };
        match self.below(9) {
            0 | 1 => literal.as_bytes().to_vec(),
            2 => literal.to_uppercase().into_bytes(),
            3 => BASE64.encode(text.as_bytes()).into_bytes(),
            4 => HEXLOWER.encode(literal.as_bytes()).into_bytes(),
            5 => wide(0, 1),
            6 => wide(3, 0),
            7 => literal.bytes().flat_map(|byte| format!("%{byte:02X}").into_bytes()).collect(),
            _ => b"PK\x05\x06".to_vec(),
        }
    }
}

/// A run of an object: bytes of its base, or its own.
#[derive(Clone)]
enum Run {
    Copy(usize, usize),
    Insert(Vec<u8>),
}

/// What some runs give.
fn build(base: &[u8], runs: &[Run]) -> Vec<u8> {
    let bytes = runs.iter().flat_map(|run| match run {
        Run::Copy(start, end) => &base[*start..*end],
        Run::Insert(bytes) => bytes,
    });
    bytes.copied().collect()
}

/// The same object in runs whose borders lie elsewhere.
fn shift_borders(base: &[u8], runs: &[Run], dice: &mut Dice) -> Vec<Run> {
    let mut shifted = Vec::new();
    for run in runs {
        match run {
            Run::Copy(start, end) if end - start > 2 && dice.one_in(2) => {
                let mut cuts: Vec<usize> =
                    (0..dice.below(5)).map(|_| start + dice.below(end - start)).collect();
                cuts.extend([*start, *end]);
                cuts.sort_unstable();
                for pair in cuts.windows(2).filter(|pair| pair[0] < pair[1]) {
                    if pair[1] - pair[0] < 300 && dice.one_in(3) {
                        shifted.push(Run::Insert(base[pair[0]..pair[1]].to_vec()));
                    } else {
                        shifted.push(Run::Copy(pair[0], pair[1]));
                    }
                }
            }
            run => shifted.push(run.clone()),
        }
    }
    shifted
}

/// The runs as a delta.
fn delta(base: &[u8], runs: &[Run], result: &[u8]) -> Vec<u8> {
    let mut bytes = lengths(base.len() as u64, result.len() as u64);
    for run in runs {
        match run {
            Run::Copy(start, end) => {
                for start in (*start..*end).step_by(0xff_ffff) {
                    let len = (end - start).min(0xff_ffff);
                    let numbers = [&(start as u32).to_le_bytes()[..], &len.to_le_bytes()[..3]];
                    let mut code = 0x80;
                    let mut body = Vec::new();
                    for (bit, byte) in numbers.concat().into_iter().enumerate() {
                        if byte != 0 {
                            code |= 1 << bit;
                            body.push(byte);
                        }
                    }
                    // No length means 65,536; that length can be told so alone.
                    if len == 0x1_0000 {
                        code &= 0x0f;
                        body.pop();
                    }
                    bytes.push(code);
                    bytes.extend(body);
                }
            }
            Run::Insert(inserted) => {
                for part in inserted.chunks(127) {
                    bytes.push(part.len() as u8);
                    bytes.extend(part);
                }
            }
        }
    }
    bytes
}

/// Changes a text: cuts parts out, puts others in, now and then a literal so
/// that a part of it stood there before.
fn edit_text(base: &[u8], literal: &str, hits: usize, dice: &mut Dice) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut at = 0;
    for _ in 0..=dice.below(5) {
        let next = at + dice.below(base.len() - at + 1);
        let next = if dice.one_in(4) { (at + dice.below(80)).min(base.len()) } else { next };
        if next > at {
            runs.push(Run::Copy(at, next));
        }
        if dice.one_in(hits) {
            let form = dice.form(literal);
            // What of the form stands in the base already is copied.
            let cut = 1 + dice.below(form.len() - 1);
            let stands = |part: &[u8]| base.windows(part.len()).position(|window| window == part);
            for part in [&form[..cut], &form[cut..]] {
                match stands(part) {
                    Some(start) => runs.push(Run::Copy(start, start + part.len())),
                    None => runs.push(Run::Insert(part.to_vec())),
                }
            }
        } else if !dice.one_in(3) {
            let len = [3, 40, 130, 2000][dice.below(4)];
            let len = 1 + dice.below(len);
            runs.push(Run::Insert(dice.filler(len)));
        }
        at = if dice.one_in(2) { next } else { (next + dice.below(200)).min(base.len()) };
    }
    if at < base.len() && !dice.one_in(6) {
        runs.push(Run::Copy(at, base.len()));
    }
    if runs.is_empty() { vec![Run::Insert(dice.filler(1))] } else { runs }
}

/// Changes a tree: takes entries out, puts others in, some named so.
fn edit_tree(base: &[u8], literal: &str, hits: usize, ids: &[String], dice: &mut Dice) -> Vec<Run> {
    let starts = starts(base);
    let mut runs = Vec::new();
    let mut at = 0;
    for _ in 0..=dice.below(4) {
        let next = at + dice.below(starts.len() - at);
        if starts[at] < starts[next] {
            runs.push(Run::Copy(starts[at], starts[next]));
        }
        for _ in 0..dice.below(3) {
            runs.push(Run::Insert(entry(literal, hits, ids, dice)));
        }
        at = (next + dice.below(3)).min(starts.len() - 1);
    }
    let end = *starts.last().unwrap();
    if starts[at] < end {
        runs.push(Run::Copy(starts[at], end));
    }
    if runs.is_empty() { vec![Run::Insert(entry(literal, hits, ids, dice))] } else { runs }
}

fn entry(literal: &str, hits: usize, ids: &[String], dice: &mut Dice) -> Vec<u8> {
    let mode = ["100644", "40000", "0100644", "160000"][dice.below(4)];
    let len = [4, 30, 200][dice.below(3)];
    let mut name: Vec<u8> = (0..=dice.below(len)).map(|_| b"abcxyz \xff"[dice.below(8)]).collect();
    if dice.one_in(hits) {
        name.extend(literal.bytes());
    }
    // Most are there, some are not.
    let id = match ids.get(dice.below(ids.len() + 1)) {
        Some(id) => gix_hash::ObjectId::from_hex(id.as_bytes()).unwrap(),
        None => gix_hash::ObjectId::try_from(&[dice.below(60) as u8; 20][..]).unwrap(),
    };
    [mode.as_bytes(), b" ", &name, b"\0", id.as_bytes()].concat()
}

/// Where the entries of a tree begin, and its end.
fn starts(tree: &[u8]) -> Vec<usize> {
    let mut starts = vec![0];
    while let Some(end) = tree[*starts.last().unwrap()..].iter().position(|byte| *byte == 0) {
        starts.push(starts.last().unwrap() + end + 1 + 20);
    }
    starts
}

/// A text without a base; parts of forms stand in it, for what rests
/// on it to join.
fn text(kind: u8, literal: &str, size: usize, ids: &[String], dice: &mut Dice) -> Vec<u8> {
    let header = match (kind, ids.get(dice.below(ids.len()))) {
        (COMMIT, Some(id)) => format!("tree {id}\n"),
        (TAG, Some(id)) => format!("object {id}\n"),
        _ => String::new(),
    };
    let len = dice.below(size);
    let mut text = [header.into_bytes(), dice.filler(len)].concat();
    for _ in 0..dice.below(20) {
        let form = dice.form(literal);
        let cut = 1 + dice.below(form.len() - 1);
        text.extend(if dice.one_in(2) { &form[..cut] } else { &form[cut..] });
        let len = dice.below(100);
        text.extend(dice.filler(len));
    }
    text
}

/// Objects of one kind, each a delta on one before it or whole.
fn families(
    kind: u8,
    literal: &str,
    ids: &mut Vec<String>,
    pack: &mut PackWriter,
    objects: &mut BTreeMap<String, (u8, Vec<u8>)>,
    dice: &mut Dice,
) {
    for _ in 0..=dice.below(12) {
        let hits = [15, 200, 2000][dice.below(3)];
        let size = [20, 300, 5_000, 40_000, 150_000][dice.below(5)];
        let root = if kind == TREE {
            let count = dice.below(300);
            (0..count).flat_map(|_| entry(literal, hits, ids, dice)).collect()
        } else {
            text(kind, literal, size, ids, dice)
        };
        let mut family = vec![(object_id(kind, &root), root.clone())];
        if objects.contains_key(&family[0].0) {
            continue;
        }
        objects.insert(pack.add(Entry::whole(kind, &root)), (kind, root));
        for _ in 0..dice.below(25) {
            let reach = if dice.one_in(2) { 1 } else { family.len() };
            let (base_id, base) = &family[family.len() - 1 - dice.below(reach)];
            let runs = match kind {
                TREE => edit_tree(base, literal, hits, ids, dice),
                _ => edit_text(base, literal, hits, dice),
            };
            let result = build(base, &runs);
            let id = object_id(kind, &result);
            if objects.contains_key(&id) {
                continue;
            }
            let runs = shift_borders(base, &runs, dice);
            let delta = delta(base, &runs, &result);
            pack.add(Entry::offset_delta(base_id, delta, b"").named(&id));
            objects.insert(id.clone(), (kind, result.clone()));
            family.push((id, result));
        }
        ids.extend(family.into_iter().map(|(id, _)| id));
    }
}

fn check(seed: u64) {
    const LONG: &str = "a_literal_that_is_longer_than_any_encoded";
    // Of a rule that asks for what follows its keyword.
    const MATCH: &str = "needle_x1y2z3a1b2c3";
    const RULE: &str = "[[rule]]\nid = \"needle\"\ntitle = \"t\"\ndescription = \"d\"\n\
        remedy = \"r\"\nseverity = \"high\"\nconfidence = \"high\"\nkeywords = [\"needle\"]\n\
        pattern = '(?i)needle_(?P<secret>[a-z0-9]{12})'\nexamples = [\"x\"]\n";
    let mut dice = Dice(seed | 1);
    (0..4).for_each(|_| _ = dice.roll());
    let literal = ["needle", "needle", "bytestack", "n_d", LONG, MATCH, MATCH][dice.below(7)];
    let rules = (literal == MATCH).then(|| {
        RuleSet::builtin().unwrap().extended(RULE, "rules.toml").expect("the rule is good")
    });
    let alone;
    let prefilter = if let Some(rules) = &rules {
        rules.prefilter()
    } else {
        alone = Prefilter::new(&[Literal::new(literal).unwrap()], false);
        &alone
    };
    let repo = Repo::new();
    let (mut ids, mut objects) = (Vec::new(), BTreeMap::new());
    for number in 0..=dice.below(3) {
        let mut pack = PackWriter::new();
        for kind in [BLOB, TREE, TREE, COMMIT, TAG] {
            families(kind, literal, &mut ids, &mut pack, &mut objects, &mut dice);
        }
        pack.into_pack_of(&repo, &format!("pack-{number}"));
    }
    let kept = sweep(repo.root(), prefilter);
    let (mut found, mut names, mut links) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (id, (kind, bytes)) in &objects {
        let is_found = match *kind {
            BLOB => prefilter.is_candidate(bytes),
            TREE => {
                for pair in starts(bytes).windows(2) {
                    let entry = &bytes[pair[0]..pair[1] - 21];
                    let name = &entry[entry.iter().position(|byte| *byte == b' ').unwrap() + 1..];
                    names.extend(prefilter.holds_literal(name).then(|| name.to_vec()));
                    if !entry.starts_with(b"16") {
                        links.insert(HEXLOWER.encode(&bytes[pair[1] - 20..pair[1]]));
                    }
                }
                false
            }
            _ => {
                let line = bytes.split(|byte| *byte == b'\n').next().unwrap();
                let line = std::str::from_utf8(line).unwrap_or_default();
                let id = line.strip_prefix(if *kind == TAG { "object " } else { "tree " });
                links.extend(
                    id.filter(|id| gix_hash::ObjectId::from_hex(id.as_bytes()).is_ok())
                        .map(ToOwned::to_owned),
                );
                prefilter.holds_literal(bytes)
            }
        };
        found.extend(is_found.then(|| id.clone()));
    }
    // An edit may leave an id that begins as another does: one is named of those.
    let mut heads: BTreeMap<String, u32> = BTreeMap::new();
    for id in links.iter().chain(objects.keys().filter(|id| !links.contains(*id))) {
        *heads.entry(id[..16].to_owned()).or_default() += 1;
    }
    let is_missing = |id: &String| !objects.contains_key(id) && heads[&id[..16]] == 1;
    let missing: BTreeSet<_> = links.iter().filter(|id| is_missing(id)).cloned().collect();
    assert_eq!(kept.objects(), found, "{seed}");
    assert_eq!(kept.names(), names, "{seed}");
    let skipped: BTreeSet<_> = kept.skipped().into_iter().map(|(id, _)| id).collect();
    let differing: Vec<_> = skipped
        .symmetric_difference(&missing)
        .filter(|id| heads.get(&id[..16]).is_none_or(|count| *count == 1))
        .collect();
    assert_eq!(differing, Vec::<&String>::new(), "{seed}");
    let count = |wanted: u8| objects.values().filter(|(kind, _)| *kind == wanted).count() as u64;
    let tally = *kept.tally.lock().unwrap();
    assert_eq!((tally.blobs, tally.commits), (count(BLOB), count(COMMIT)), "{seed}");
}

/// `KEYSWEEP_CASES` asks for more.
fn cases() -> u32 {
    std::env::var("KEYSWEEP_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(5)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        failure_persistence: None,
        max_shrink_iters: 0,
        ..ProptestConfig::default()
    })]

    #[test]
    fn families_that_git_would_not_write_are_swept_whole(seed in any::<u64>()) {
        check(seed);
    }
}
