//! Sets of small numbers, each stored once.
//!
//! In: numbers and unions. Out: a set's own number, so that equal sets are
//! found equal at once: most trees hold the same few of the wanted objects.

use std::collections::HashMap;

/// A set, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct SetId(u32);

impl SetId {
    /// The set that holds nothing.
    pub(super) const EMPTY: Self = Self(0);
}

/// All sets seen so far.
#[derive(Debug)]
pub(super) struct Sets {
    members: Vec<Box<[u32]>>,
    numbers: HashMap<Box<[u32]>, SetId>,
    /// By both, the smaller first.
    unions: HashMap<(SetId, SetId), SetId>,
}

impl Sets {
    pub(super) fn new() -> Self {
        let empty: Box<[u32]> = Box::default();
        Self {
            members: vec![empty.clone()],
            numbers: HashMap::from([(empty, SetId::EMPTY)]),
            unions: HashMap::new(),
        }
    }

    /// The members, in order.
    pub(super) fn members(&self, set: SetId) -> &[u32] {
        &self.members[set.0 as usize]
    }

    /// Whether a set holds a number.
    pub(super) fn holds(&self, set: SetId, number: u32) -> bool {
        self.members(set).binary_search(&number).is_ok()
    }

    /// The set with one more member.
    pub(super) fn with(&mut self, set: SetId, number: u32) -> SetId {
        let single = self.intern(Box::new([number]));
        self.union(set, single)
    }

    /// What either set holds.
    pub(super) fn union(&mut self, one: SetId, other: SetId) -> SetId {
        if one == other || other == SetId::EMPTY {
            return one;
        }
        if one == SetId::EMPTY {
            return other;
        }
        let key = (one.min(other), one.max(other));
        if let Some(union) = self.unions.get(&key) {
            return *union;
        }
        let mut members = [self.members(one), self.members(other)].concat();
        members.sort_unstable();
        members.dedup();
        let union = self.intern(members.into());
        self.unions.insert(key, union);
        union
    }

    fn intern(&mut self, members: Box<[u32]>) -> SetId {
        if let Some(set) = self.numbers.get(&members) {
            return *set;
        }
        let set = SetId(self.members.len() as u32);
        self.members.push(members.clone());
        self.numbers.insert(members, set);
        set
    }
}
