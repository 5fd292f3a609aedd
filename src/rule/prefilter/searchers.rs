//! The searchers that share the forms.
//!
//! In: forms of all lengths. Out: the places where one stands. Few forms go into
//! one searcher. Many are parted by where they can stand at all, so that most of
//! them are looked up in a small part of the bytes: words in runs of their
//! characters, base64 and hexadecimal digits in what may be that, escapes where
//! their signs are, wide units near NULs. What is left is searched for
//! everywhere, by short forms and long ones apart, since one short form would
//! have all others searched for at every byte.

use std::ops::Range;
use std::sync::Arc;

use super::demands::Demands;
use super::forms::{Forms, Pattern};
use super::regions::{
    LONGEST_LEAST_BYTES, Region, SHORTEST_RUN_BYTES, Wanted, near_nuls, run_class,
};
use super::searcher::{Pairs, Searcher};
use super::words::{self, Words};
use crate::rule::Form;
use crate::rule::parts::in_parts;

/// So many forms are searched for at once; those of two dozen literals.
const FEW_FORMS: usize = 1_600;

/// The shortest form that most others are searched for with: nearly all are as
/// long.
const LONG_BYTES: usize = 6;

/// One in so many forms may be shorter than the runs that are asked for.
const SHORTER_FORMS: usize = 512;

/// So many bytes in a row that must follow a word are worth a look whether they
/// can.
const TAIL_BYTES: usize = 8;

/// So many words are worth a searcher of their own, and so many forms a search
/// for runs.
const MANY_WORDS: usize = 32;

/// All forms, parted.
#[derive(Debug, Default)]
pub(super) struct Searchers {
    longest: usize,
    /// Which two bytes can stand in the cores of few forms.
    pairs: Option<Pairs>,
    /// For forms that can stand anywhere.
    anywhere: Finders,
    /// For forms that stand in runs or begin with signs.
    in_regions: Option<InRegions>,
    /// For forms that hold a NUL, so many bytes from their ends at most.
    near_nuls: Option<(usize, Finders)>,
}

/// What looks for forms in regions, for each kind that is wanted.
#[derive(Debug)]
struct InRegions {
    wanted: Wanted,
    /// Words and the like, in whole runs.
    runs: Finders,
    /// Words that only count where more of the run follows, unless an escape
    /// ends it.
    long_runs: Finders,
    coded: Finders,
    signs: Finders,
}

/// What looks for forms in the same bytes.
#[derive(Debug, Default)]
struct Finders {
    words: Option<Words>,
    searchers: Vec<Searcher>,
}

impl Searchers {
    /// Takes all forms, and what is asked of the places where one stands plain.
    pub(super) fn new(forms: Forms, demands: &Demands) -> Self {
        let longest = forms.iter().map(|form| form.places.len()).max().unwrap_or(0);
        let forms = Arc::new(forms);
        let all = 0..forms.len() as u32;
        if forms.len() <= FEW_FORMS {
            let all: Vec<u32> = all.collect();
            let searcher = Searcher::sieving(&forms, &all);
            let pairs = Some(searcher.pairs(&all));
            let anywhere = Finders { words: None, searchers: vec![searcher] };
            return Self { longest, pairs, anywhere, ..Self::default() };
        }
        let (wide, narrow): (Vec<u32>, Vec<u32>) =
            all.partition(|number| matches!(forms.get(*number).form, Form::Wide(_)));
        let [mut coded, mut signs, mut running, mut anywhere] = [const { Vec::new() }; 4];
        for number in narrow {
            let form = forms.get(number);
            match form.region {
                Some(Region::Coded) => coded.push(number),
                Some(Region::Signs) => signs.push(number),
                Some(_) if form.places.len() >= SHORTEST_RUN_BYTES => running.push(number),
                _ => anywhere.push(number),
            }
        }
        let class = run_class();
        let tail = |form: Pattern<'_>| match form.form {
            Form::Plain => demands.steady_bytes(form.literal, &class),
            _ => 0,
        };
        let (mut tailed, mut others): (Vec<u32>, Vec<u32>) =
            running.into_iter().partition(|number| tail(forms.get(*number)) >= TAIL_BYTES);
        if tailed.len() < MANY_WORDS {
            others.append(&mut tailed);
        }
        let (least, mut others) = long_ones(&forms, others, &mut anywhere);
        if others.len() < MANY_WORDS {
            anywhere.append(&mut others);
        }
        let length = |number: &u32| forms.get(*number).places.len();
        let with_tail = |number: &u32| length(number) + tail(forms.get(*number));
        let longest_of = |chosen: &[u32]| chosen.iter().map(length).max().unwrap_or(1);
        let wanted = Wanted {
            run: (!others.is_empty()).then_some(least),
            long_run: tailed.iter().map(with_tail).min().zip(tailed.iter().map(length).min()),
            coded: longest_of(&coded),
            signs: longest_of(&signs),
        };
        let wide_reach = longest_of(&wide);
        // The heaviest first. Regions are too short for a sieve.
        let parts = [
            (coded, false),
            (wide, false),
            (signs, false),
            (anywhere, true),
            (tailed, false),
            (others, false),
        ];
        let built = in_parts(&parts, 1, |parts| {
            let build = |(chosen, sieves): &(Vec<u32>, bool)| {
                Finders::new(&forms, chosen, *sieves, demands)
            };
            parts.iter().map(build).collect::<Vec<_>>()
        });
        let built = built.into_iter().flatten().collect::<Vec<_>>().try_into();
        let [coded, near_nuls, signs, anywhere, long_runs, runs]: [_; 6] =
            built.expect("one for each");
        let in_regions = Some(InRegions { wanted, runs, long_runs, coded, signs });
        let near_nuls = Some((wide_reach, near_nuls));
        Self { longest, pairs: None, anywhere, in_regions, near_nuls }
    }

    /// Which two bytes can stand in the core of a form, if the forms are few.
    pub(super) fn pairs(&self) -> Option<&Pairs> {
        self.pairs.as_ref()
    }

    /// Whether the core of a form stands in `bytes`; asked of few forms alone.
    pub(super) fn finds_core(&self, bytes: &[u8]) -> bool {
        self.pairs.is_none() || self.anywhere.searchers.iter().any(|one| one.finds_core(bytes))
    }

    /// The length of the longest form.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// Gives every place where a form stands, until told to stop; they come in
    /// no particular order. Says whether it was told to stop.
    pub(super) fn search(
        &self,
        bytes: &[u8],
        mut take: impl FnMut(Pattern<'_>, usize) -> bool,
    ) -> bool {
        self.anywhere.search(bytes, 0..bytes.len(), &mut take)
            || self.in_regions.as_ref().is_some_and(|finders| {
                finders.wanted.search(bytes, |region, range| {
                    finders.of(region).search(bytes, range, &mut take)
                })
            })
            || self.near_nuls.as_ref().is_some_and(|(reach, finders)| {
                near_nuls(bytes, *reach, |part| finders.search(bytes, part, &mut take))
            })
    }
}

/// Of forms those that nearly all are as long as, and the runs that they stand
/// in at the least; the few shorter ones go with what can stand anywhere.
fn long_ones(forms: &Forms, chosen: Vec<u32>, anywhere: &mut Vec<u32>) -> (usize, Vec<u32>) {
    let length = |number: &u32| forms.get(*number).places.len();
    let mut lengths: Vec<usize> = chosen.iter().map(length).collect();
    lengths.sort_unstable();
    let least = lengths.get(lengths.len() / SHORTER_FORMS).copied().unwrap_or(usize::MAX);
    let least = least.clamp(SHORTEST_RUN_BYTES, LONGEST_LEAST_BYTES);
    let (long, short): (Vec<u32>, Vec<u32>) =
        chosen.into_iter().partition(|number| length(number) >= least);
    anywhere.extend(short);
    (least, long)
}

impl InRegions {
    fn of(&self, region: Region) -> &Finders {
        match region {
            Region::Run => &self.runs,
            Region::LongRun => &self.long_runs,
            Region::Coded => &self.coded,
            Region::Signs => &self.signs,
        }
    }
}

impl Finders {
    fn new(forms: &Arc<Forms>, chosen: &[u32], sieves: bool, demands: &Demands) -> Self {
        let is_word = |number: &u32| {
            let form = forms.get(*number);
            form.form == Form::Plain && form.places.len() >= words::SHORTEST_BYTES
        };
        let (mut plain, mut others): (Vec<u32>, Vec<u32>) =
            chosen.iter().copied().partition(is_word);
        if plain.len() < MANY_WORDS {
            others.append(&mut plain);
        }
        let (long, short): (Vec<u32>, Vec<u32>) =
            others.into_iter().partition(|form| forms.get(*form).places.len() >= LONG_BYTES);
        let searcher = |chosen: Vec<u32>| {
            let is_sieved = sieves && chosen.len() <= FEW_FORMS;
            let new = if is_sieved { Searcher::sieving } else { Searcher::new };
            new(forms, &chosen)
        };
        let searchers = [long, short].into_iter().filter(|chosen| !chosen.is_empty());
        Self {
            words: (!plain.is_empty()).then(|| Words::new(forms, &plain, demands)),
            searchers: searchers.map(searcher).collect(),
        }
    }

    /// Gives every place in a range where a form stands, and perhaps some that
    /// reach beyond it, until told to stop.
    #[inline]
    fn search(
        &self,
        bytes: &[u8],
        range: Range<usize>,
        take: &mut impl FnMut(Pattern<'_>, usize) -> bool,
    ) -> bool {
        self.words.as_ref().is_some_and(|words| words.search(bytes, range.clone(), take))
            || self.searchers.iter().any(|searcher| searcher.search(bytes, range.clone(), take))
    }
}
