//! A rule's keywords, followed byte by byte.
//!
//! In: keywords in lower case. Out: an automaton (Aho and Corasick's) that says
//! after each byte whether a keyword has just ended. Letters count in either
//! case. Knows nothing of patterns.

use super::class::Class;

/// The most states; rules with more letters in their keywords are not looked
/// into.
const MOST_STATES: usize = 1 << 10;

/// The automaton; state 0 is the start.
pub(super) struct Keywords {
    /// The different bytes of the keywords; one more letter stands for all
    /// other bytes.
    letters: Vec<u8>,
    next: Vec<u16>,
    is_end: Vec<bool>,
    /// The keyword that is the whole of what leads to a state.
    keyword: Vec<Option<usize>>,
    /// The state of the longest end of it that leads to another.
    fallback: Vec<usize>,
}

impl Keywords {
    pub(super) fn new(keywords: &[Vec<u8>]) -> Option<Self> {
        let mut letters: Vec<u8> = keywords.concat();
        letters.sort_unstable();
        letters.dedup();
        let width = letters.len() + 1;
        if letters.len() >= 64 || keywords.iter().any(Vec::is_empty) {
            return None;
        }
        let mut automaton = Self {
            letters,
            next: vec![u16::MAX; width],
            is_end: vec![false],
            keyword: vec![None],
            fallback: Vec::new(),
        };
        for (number, keyword) in keywords.iter().enumerate() {
            let mut state = 0;
            for byte in keyword {
                let letter = automaton.letters.binary_search(byte).expect("a letter of a keyword");
                let at = state * width + letter;
                if automaton.next[at] == u16::MAX {
                    if automaton.is_end.len() == MOST_STATES {
                        return None;
                    }
                    automaton.next[at] = automaton.is_end.len() as u16;
                    automaton.is_end.push(false);
                    automaton.keyword.push(None);
                    automaton.next.extend(std::iter::repeat_n(u16::MAX, width));
                }
                state = usize::from(automaton.next[at]);
            }
            automaton.is_end[state] = true;
            automaton.keyword[state] = Some(number);
        }
        automaton.complete(width);
        Some(automaton)
    }

    /// Fills in what follows where no keyword goes on, nearest states first.
    fn complete(&mut self, width: usize) {
        let mut fallback = vec![0; self.is_end.len()];
        let mut queue = std::collections::VecDeque::from([0]);
        while let Some(state) = queue.pop_front() {
            for letter in 0..width {
                let at = state * width + letter;
                let shorter = match state {
                    0 => 0,
                    _ => usize::from(self.next[fallback[state] * width + letter]),
                };
                let own = usize::from(self.next[at]);
                if own == usize::from(u16::MAX) {
                    self.next[at] = shorter as u16;
                } else {
                    fallback[own] = shorter;
                    self.is_end[own] |= self.is_end[shorter];
                    queue.push_back(own);
                }
            }
        }
        self.fallback = fallback;
    }

    /// How many states there are.
    pub(super) fn states(&self) -> usize {
        self.is_end.len()
    }

    /// Which letters are in a set of bytes, a bit each.
    pub(super) fn letters_in(&self, class: &Class) -> u64 {
        let mut found = 0;
        let mut others = *class;
        for (number, letter) in self.letters.iter().enumerate() {
            found |= u64::from(class.holds_folded(*letter)) << number;
            others.remove(letter.to_ascii_lowercase());
            others.remove(letter.to_ascii_uppercase());
        }
        found | u64::from(!others.is_empty()) << self.letters.len()
    }

    /// The state after one more letter.
    pub(super) fn after(&self, state: usize, letter: usize) -> usize {
        usize::from(self.next[state * (self.letters.len() + 1) + letter])
    }

    /// Whether a keyword has just ended.
    pub(super) fn is_end(&self, state: usize) -> bool {
        self.is_end[state]
    }

    /// Gives each keyword that has just ended.
    pub(super) fn ended(&self, mut state: usize, mut take: impl FnMut(usize)) {
        while state != 0 {
            self.keyword[state].into_iter().for_each(&mut take);
            state = self.fallback[state];
        }
    }
}
