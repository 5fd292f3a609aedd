//! Who reaches a wanted object, who brought it, who took it away.
//!
//! In: which wanted objects each commit holds, and the tips. Out: for each
//! wanted object its best reach, its refs, and the commits between which it
//! lived.

use std::collections::BTreeMap;

use super::History;
use super::holders::Wanted;
use super::sets::SetId;
use super::tips::Tip;
use crate::finding::Reach;
use crate::git::graph::CommitId;
use crate::git::short::short;

/// What is known of one wanted object.
#[derive(Debug, Default, Clone)]
pub(super) struct Line {
    pub(super) reach: Option<Reach>,
    /// Named tips whose history holds it, in their order.
    pub(super) refs: Vec<usize>,
    pub(super) introduced: Option<CommitId>,
    pub(super) removed: Option<CommitId>,
    pub(super) in_head: bool,
    /// The commit of the newest ref that reaches it.
    newest: Option<CommitId>,
    /// Whether `HEAD`'s history holds it.
    is_in_line_of_head: bool,
}

/// All wanted objects.
pub(super) struct Lines {
    pub(super) lines: Vec<Line>,
    /// By commit: a bit for each reach that its descendants' tips have.
    reached: Vec<u8>,
}

impl Lines {
    pub(super) fn follow(
        history: &History,
        count: usize,
        tips: &[Tip],
        head: Option<CommitId>,
        wanted: &Wanted,
    ) -> Self {
        let lines = vec![Line::default(); count];
        let mut lines = Self { lines, reached: reached(history, tips) };
        lines.ask_tips(history, tips, head, wanted);
        lines.find_introductions(history);
        lines.find_removals(history, head);
        lines
    }

    /// The commits in topological order, those first that refs reach.
    pub(super) fn order(&self, history: &History) -> Vec<CommitId> {
        let is_reached = |commit: &CommitId| self.reached[*commit as usize] & bit(Reach::Ref) != 0;
        let (mut first, rest): (Vec<CommitId>, Vec<CommitId>) =
            history.graph.order.iter().copied().partition(is_reached);
        first.extend(rest);
        first
    }

    /// For 64 wanted objects at a time: which of them each commit's history
    /// holds, and so each tip's.
    fn ask_tips(
        &mut self,
        history: &History,
        tips: &[Tip],
        head: Option<CommitId>,
        wanted: &Wanted,
    ) {
        for start in (0..self.lines.len()).step_by(64) {
            let bits = history_bits(history, start as u32);
            if let Some(head) = head {
                self.each_line(start, bits[head as usize], |line| line.is_in_line_of_head = true);
                let own = set_bits(history.sets.members(history.holds(head)), start as u32);
                self.each_line(start, own, |line| line.in_head = true);
            }
            for (at, tip) in tips.iter().enumerate() {
                let mut found = 0;
                for id in &tip.chain {
                    let own = wanted.number(id.as_bytes());
                    found |= own.map_or(0, |own| set_bits(&[own], start as u32));
                }
                let commit = tip.chain.last().and_then(|id| history.graph.number(id));
                if let Some(commit) = commit {
                    found |= bits[commit as usize];
                } else if let Some(id) = tip.chain.last() {
                    let below = history.trees.leads_to.get(&short(id.as_bytes()));
                    let below = below.map_or(&[][..], |below| history.sets.members(*below));
                    found |= set_bits(below, start as u32);
                }
                self.each_line(start, found, |line| line.note(at, tip, commit, history));
            }
        }
    }

    fn each_line(&mut self, start: usize, mut bits: u64, mut take: impl FnMut(&mut Line)) {
        while bits != 0 {
            take(&mut self.lines[start + bits.trailing_zeros() as usize]);
            bits &= bits - 1;
        }
    }

    /// The first commit by topology that holds what no parent of it holds,
    /// among those that the object's best reach leads to.
    fn find_introductions(&mut self, history: &History) {
        for commit in &history.graph.order {
            let set = history.holds(*commit);
            if set == SetId::EMPTY {
                continue;
            }
            let parents = history.graph.parents(*commit);
            if parents.iter().any(|parent| history.holds(*parent) == set) {
                continue;
            }
            for number in history.sets.members(set) {
                let line = &mut self.lines[*number as usize];
                let is_reached =
                    line.reach.is_none_or(|reach| self.reached[*commit as usize] & bit(reach) != 0);
                let is_new =
                    || !parents.iter().any(|p| history.sets.holds(history.holds(*p), *number));
                if line.introduced.is_none() && is_reached && is_new() {
                    line.introduced = Some(*commit);
                }
            }
        }
        for (commit, number) in &history.commits {
            self.lines[*number as usize].introduced = Some(*commit);
        }
    }

    /// The last commit on the line of `HEAD`, or of the newest ref that held
    /// the object, that lacks what all its parents hold.
    fn find_removals(&mut self, history: &History, head: Option<CommitId>) {
        let mut lost: BTreeMap<CommitId, Vec<u32>> = BTreeMap::new();
        let messages: Vec<u32> = history.commits.iter().map(|(_, number)| *number).collect();
        for (number, line) in self.lines.iter().enumerate() {
            let tip = if line.is_in_line_of_head { head } else { line.newest };
            let Some(tip) = tip else { continue };
            let is_held = history.sets.holds(history.holds(tip), number as u32);
            if !is_held && !messages.contains(&(number as u32)) {
                lost.entry(tip).or_default().push(number as u32);
            }
        }
        for (tip, numbers) in lost {
            let is_on_line = history.graph.ancestors([tip]);
            for commit in history.graph.order.iter().filter(|at| is_on_line[**at as usize]) {
                let set = history.holds(*commit);
                let parents = history.graph.parents(*commit);
                let Some(first) = parents.first().map(|parent| history.holds(*parent)) else {
                    continue;
                };
                if first == set || first == SetId::EMPTY {
                    continue;
                }
                for number in &numbers {
                    let is_lost = !history.sets.holds(set, *number)
                        && parents.iter().all(|p| history.sets.holds(history.holds(*p), *number));
                    if is_lost {
                        self.lines[*number as usize].removed = Some(*commit);
                    }
                }
            }
        }
    }
}

impl Line {
    fn note(&mut self, at: usize, tip: &Tip, commit: Option<CommitId>, history: &History) {
        self.reach = Some(self.reach.map_or(tip.reach, |reach| reach.min(tip.reach)));
        if tip.name.as_deref().is_some_and(|name| name.starts_with(b"refs/")) {
            self.refs.push(at);
            if let Some(commit) = commit {
                let key = |at| (history.graph.time(at), history.graph.id(at));
                if self.newest.is_none_or(|newest| key(newest) < key(commit)) {
                    self.newest = Some(commit);
                }
            }
        }
    }
}

fn bit(reach: Reach) -> u8 {
    1 << reach as u8
}

/// By commit: a bit for each reach of the tips that it is an ancestor of.
fn reached(history: &History, tips: &[Tip]) -> Vec<u8> {
    let mut reached = vec![0u8; history.graph.len()];
    for reach in [Reach::Ref, Reach::Note, Reach::Stash, Reach::Reflog] {
        let own = tips.iter().filter(|tip| tip.reach == reach);
        let commits = own.filter_map(|tip| history.graph.number(tip.chain.last()?));
        for (marks, is_marked) in reached.iter_mut().zip(history.graph.ancestors(commits)) {
            *marks |= if is_marked { bit(reach) } else { 0 };
        }
    }
    // What only the index holds may have been in a commit that nothing reaches.
    for marks in &mut reached {
        *marks |= bit(Reach::Index);
    }
    reached
}

/// By commit: which of the 64 wanted objects from `start` on its history holds,
/// its own message included.
fn history_bits(history: &History, start: u32) -> Vec<u64> {
    let mut bits = vec![0u64; history.graph.len()];
    for (commit, number) in &history.commits {
        bits[*commit as usize] |= set_bits(&[*number], start);
    }
    let mut last = (SetId::EMPTY, 0);
    for commit in &history.graph.order {
        let set = history.holds(*commit);
        if last.0 != set {
            last = (set, set_bits(history.sets.members(set), start));
        }
        let mut own = bits[*commit as usize] | last.1;
        for parent in history.graph.parents(*commit) {
            own |= bits[*parent as usize];
        }
        bits[*commit as usize] = own;
    }
    bits
}

/// The members from `start` to `start + 64` as bits.
fn set_bits(members: &[u32], start: u32) -> u64 {
    let from = members.partition_point(|number| *number < start);
    members[from..]
        .iter()
        .take_while(|number| **number < start + 64)
        .fold(0, |bits, number| bits | 1 << (number - start))
}
