//! The places where the pieces of an object join.
//!
//! In: a delta and its base. Out: what stands around those places that matter,
//! and the object, where others rest on it. What matters, the caller knows.

use super::{Delta, DeltaError, Ends};
use crate::git::pack::buffer::Buffer;

impl<'a> Delta<'a> {
    /// What a sweep looks at of the object besides the base and the delta's own
    /// bytes if all that it looks for is at most `context + 1` bytes long: what
    /// stands around the places where pieces join. Builds the object on the way if
    /// `builds` says so, as where others rest on it.
    ///
    /// # Errors
    /// As [`Delta::build`], but for the limit.
    pub fn joints(
        &self,
        base: &[u8],
        context: usize,
        builds: bool,
        counts: impl Fn(u8, u8) -> bool,
    ) -> Result<Vec<u8>, DeltaError> {
        let (mut out, mut built) = (Buffer::default(), Buffer::default());
        if builds {
            self.join_built(base, context, counts, &mut out, &mut built, &mut Vec::new())?;
        } else {
            self.join(base, context, counts, &mut out)?;
        }
        Ok(out.to_vec())
    }

    /// Appends to `joints` what stands around those places where two pieces join
    /// whose bytes on either side `counts` says yes to: `context` bytes of either
    /// piece, and the whole of one that is no longer than twice as much.
    ///
    /// Take a run of at most `context + 1` bytes of the object in which `counts`
    /// says yes to every two bytes in a row. It stands whole in the base, in the
    /// delta's own bytes as they are, or in the joints; so an inserted byte need
    /// not be moved to be looked at. Where joints meet, runs of other bytes arise.
    /// Checks what [`Delta::apply`] checks; gives the ends of the object.
    ///
    /// # Errors
    /// Every inconsistency between base, steps and lengths.
    #[inline(never)]
    pub(crate) fn join<'b>(
        &self,
        base: &'b [u8],
        context: usize,
        counts: impl Fn(u8, u8) -> bool,
        joints: &mut Buffer,
    ) -> Result<Ends<'b>, DeltaError>
    where
        'a: 'b,
    {
        if base.len() as u64 != self.base_len {
            return Err(DeltaError::BaseLength);
        }
        let mut left = self.result_len;
        let (mut last_but_one, mut last): (&[u8], &[u8]) = (&[], &[]);
        // Whether the joint before it has brought the last piece.
        let mut is_brought = false;
        let mut steps = self.steps();
        while let Some(piece) = steps.next_piece(base)? {
            let piece = piece.bytes();
            left = left.checked_sub(piece.len() as u64).ok_or(DeltaError::ResultLength)?;
            if let (Some(one), Some(other)) = (last.last(), piece.first())
                && counts(*one, *other)
            {
                add_joint(last, is_brought, piece, context, joints);
                is_brought = true;
            } else {
                is_brought = false;
            }
            last_but_one = last;
            last = piece;
        }
        let first = self.steps().next_piece(base)?.map_or(&[][..], |piece| piece.bytes());
        if left == 0 {
            Ok(Ends { first, last_but_one, last })
        } else {
            Err(DeltaError::ResultLength)
        }
    }

    /// As [`Delta::join`]; builds the object, too. `places` is scratch.
    ///
    /// # Errors
    /// As [`Delta::join`].
    #[inline(never)]
    pub(crate) fn join_built(
        &self,
        base: &[u8],
        context: usize,
        counts: impl Fn(u8, u8) -> bool,
        joints: &mut Buffer,
        built: &mut Buffer,
        places: &mut Vec<usize>,
    ) -> Result<(), DeltaError> {
        let len = self.prepare(base, built)?;
        places.clear();
        let mut steps = self.steps();
        let mut last = None;
        while let Some(piece) = steps.next_piece(base)? {
            if piece.len > len - built.len() {
                return Err(DeltaError::ResultLength);
            }
            if last.is_some_and(|last| counts(last, piece.source[0])) {
                places.push(built.len());
            }
            piece.append_to(built);
            last = piece.bytes().last().copied();
        }
        if built.len() != len {
            return Err(DeltaError::ResultLength);
        }
        for place in places {
            let part = place.saturating_sub(context)..len.min(*place + context);
            joints.extend_prefix(&built[part.start..], part.len());
        }
        Ok(())
    }
}

/// Appends what stands around a joint. A short piece that the joint before it
/// has brought is there already.
#[cold]
fn add_joint(last: &[u8], is_brought: bool, next: &[u8], context: usize, joints: &mut Buffer) {
    if !is_brought || last.len() > 2 * context {
        joints.extend(&last[last.len().saturating_sub(context)..]);
    }
    joints.extend(if next.len() > 2 * context { &next[..context] } else { next });
}

#[cfg(test)]
mod tests {
    use super::super::tests::{copy, delta};
    use super::*;

    /// Whatever is short stands in the base, in the delta or in a joint.
    #[test]
    fn joints_hold_what_neither_base_nor_delta_holds() {
        let base: Vec<u8> = (0..400u32).map(|at| (at / 3 * 31 % 251) as u8).collect();
        let steps = [
            copy(0, 90),
            vec![2, 0xfa, 0xfb],
            copy(150, 4),
            copy(300, 1),
            vec![1, 0xfc],
            copy(33, 2),
            [&[9][..], b"insertion"].concat(),
            copy(20, 3),
            copy(390, 10),
        ];
        let bytes = delta(&base, 122, &steps);
        let delta = Delta::parse(&bytes).expect("a delta");
        let whole = delta.build(&base, u64::MAX).expect("sound");
        let some = |one: u8, other: u8| (one ^ other) & 1 == 0;
        let all = |_, _| true;
        for context in [1, 2, 3, 7, 8, 20] {
            for builds in [false, true] {
                let every = delta.joints(&base, context, builds, all).expect("sound");
                let few = delta.joints(&base, context, builds, some).expect("sound");
                assert!(every.len() <= 8 * 2 * context + 20, "{context}");
                for len in 2..=context + 1 {
                    for run in whole.windows(len) {
                        let stands = |bytes: &[u8]| bytes.windows(len).any(|other| other == run);
                        let elsewhere = stands(&base) || stands(&bytes);
                        let counts = run.windows(2).all(|pair| some(pair[0], pair[1]));
                        assert!(elsewhere || stands(&every), "{context} {run:?}");
                        assert!(!counts || elsewhere || stands(&few), "{context} {run:?}");
                    }
                }
                assert!(few.len() < every.len(), "{context}");
            }
        }
    }
}
