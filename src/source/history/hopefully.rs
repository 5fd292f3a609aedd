//! Walks families of deltas, hoping for no hit.
//!
//! In: roots of families. Out: those that must be walked again, and the counts
//! of the others. A base is read whole; of what rests on it only what its delta
//! adds, since a literal that stands within one copied run stood in the base
//! already. That walk gathers the new pieces of many entries in one buffer and
//! asks the prefilter once.
//!
//! Of few literals only the cores are looked for, six or seven bytes that hardly
//! any content holds. So little need stand around the place where two pieces
//! join that a delta's own bytes are searched where they were inflated, and only
//! the joints are gathered.
//!
//! A parent's bytes are let go before its last child, the heaviest, is walked;
//! so the bytes held at once grow with the logarithm of a family, not with its
//! depth: 600 versions of a 1 MB file take ten buffers at most.

use crate::git::Links;
use crate::git::pack::{
    Buffer, Delta, DeltaError, Ends, Inflater, Kind, NodeId, ObjectError, Window,
};
use crate::rule::{CORE_BYTES, HEAD_BYTES, SEPARATOR, TAIL_BYTES, marks_container};

use super::delivery::tally;
use super::gathered::{Gathered, Sought};
use super::packs::Field;

/// A whole content from this size on is searched where it lies.
const SEARCHED_IN_PLACE_BYTES: usize = 16 << 10;

/// An object from this size on is left to the careful walk, which takes turns
/// with large ones.
pub(super) const LARGE_OBJECT_BYTES: u64 = 32 << 20;

/// A hopeful walk of one family after the other.
pub(super) struct Hopeful<'a> {
    field: &'a Field<'a>,
    gathering: Gathering,
    pub(super) gathered: Gathered,
    delta: Buffer,
    edges: Buffer,
    places: Vec<usize>,
    spare: Vec<Buffer>,
    stack: Vec<Frame>,
}

/// What of a delta is gathered.
#[derive(Clone, Copy)]
enum Gathering {
    /// Its own bytes, as they are, and what stands around each joint.
    Joints,
    /// What it adds, with its surroundings.
    Windows(Window),
}

/// An entry whose children are being walked.
struct Frame {
    content: Buffer,
    next_child: Option<NodeId>,
}

/// The family must be walked again.
struct Again;

impl From<ObjectError> for Again {
    fn from(_: ObjectError) -> Self {
        Self
    }
}

impl<'a> Hopeful<'a> {
    /// A walk that looks for the cores of literals, unless they are many.
    pub(super) fn by_cores(field: &'a Field<'a>) -> Option<Self> {
        let knows_cores = field.delivery.prefilter.knows_cores();
        knows_cores.then(|| Self::new(field, Sought::Cores, Gathering::Joints))
    }

    /// A walk that looks for whole literals.
    pub(super) fn by_literals(field: &'a Field<'a>) -> Self {
        Self::new(field, Sought::Literals, Gathering::Windows(window(field)))
    }

    fn new(field: &'a Field<'a>, sought: Sought, gathering: Gathering) -> Self {
        Self {
            field,
            gathering,
            gathered: Gathered::new(sought),
            delta: Buffer::default(),
            edges: Buffer::default(),
            places: Vec::new(),
            spare: Vec::new(),
            stack: Vec::new(),
        }
    }

    /// Walks the family of `root`.
    pub(super) fn family(
        &mut self,
        root: NodeId,
        kind: Kind,
        inflater: &mut Inflater,
        links: &mut Links<'_>,
    ) {
        self.gathered.begin(root);
        if self.walk(root, kind, inflater, links).is_ok() {
            self.gathered.end(self.field.delivery.prefilter);
        } else {
            while let Some(frame) = self.stack.pop() {
                self.release(frame.content);
            }
            self.gathered.abandon();
        }
    }

    /// Gathers what is new in each entry of the family.
    fn walk(
        &mut self,
        root: NodeId,
        kind: Kind,
        inflater: &mut Inflater,
        links: &mut Links<'_>,
    ) -> Result<(), Again> {
        let forest = self.field.forest;
        let size = forest.size_bytes(root);
        if size >= LARGE_OBJECT_BYTES {
            return Err(Again);
        }
        self.count(root, kind, size);
        let compressed = forest.compressed(self.field.pack, root);
        if !forest.is_base(root) {
            let start = self.gathered.bytes.len();
            inflater
                .append(compressed, size, &mut self.gathered.bytes)
                .map_err(ObjectError::from)?;
            let content = &self.gathered.bytes[start..];
            if kind == Kind::Blob && is_container(content) {
                return Err(Again);
            }
            links.entry_object(root, kind, content)?;
            self.gathered.bytes.extend(&[SEPARATOR]);
            return Ok(());
        }
        let mut content = self.take_buffer();
        inflater.append(compressed, size, &mut content).map_err(ObjectError::from)?;
        if kind == Kind::Blob && is_container(&content) {
            return Err(Again);
        }
        links.entry_object(root, kind, &content)?;
        if content.len() >= SEARCHED_IN_PLACE_BYTES {
            if self.gathered.finds_in(&content, self.field.delivery.prefilter) {
                return Err(Again);
            }
        } else {
            self.gathered.bytes.extend(&content);
            self.gathered.bytes.extend(&[SEPARATOR]);
        }
        self.stack.push(Frame { content, next_child: forest.first_child(root) });
        self.descend(kind, inflater, links)
    }

    /// Walks depth first below the frames on the stack.
    fn descend(
        &mut self,
        kind: Kind,
        inflater: &mut Inflater,
        links: &mut Links<'_>,
    ) -> Result<(), Again> {
        let forest = self.field.forest;
        while let Some(mut frame) = self.stack.pop() {
            let Some(child) = frame.next_child else { continue };
            frame.next_child = forest.next_sibling(child);
            let below = self.child(&frame, child, kind, inflater, links)?;
            if frame.next_child.is_none() {
                self.release(frame.content);
            } else {
                self.stack.push(frame);
            }
            if let Some(content) = below {
                self.stack.push(Frame { content, next_child: forest.first_child(child) });
            }
            if self.gathered.search_within(self.field.delivery.prefilter) {
                return Err(Again);
            }
        }
        Ok(())
    }

    /// Gathers what is new in one entry; gives its bytes if others rest on it.
    fn child(
        &mut self,
        parent: &Frame,
        child: NodeId,
        kind: Kind,
        inflater: &mut Inflater,
        links: &mut Links<'_>,
    ) -> Result<Option<Buffer>, Again> {
        let forest = self.field.forest;
        let size = forest.size_bytes(child);
        if size >= LARGE_OBJECT_BYTES {
            return Err(Again);
        }
        let Gathered { bytes, joints, .. } = &mut self.gathered;
        let (own, pieces) = match self.gathering {
            Gathering::Joints => (bytes, joints),
            Gathering::Windows(_) => {
                self.delta.clear();
                (&mut self.delta, bytes)
            }
        };
        let start = own.len();
        let compressed = forest.compressed(self.field.pack, child);
        inflater.append(compressed, size, own).map_err(ObjectError::from)?;
        let delta = Delta::parse(&own[start..]).map_err(ObjectError::from)?;
        let result_len = delta.result_len;
        let is_leaf = !forest.is_base(child);
        if result_len >= LARGE_OBJECT_BYTES {
            return Err(Again);
        }
        // The headers of a commit or a tag are read whole, to see whether what
        // they name is there.
        let spare = &mut self.spare;
        let mut built = (kind != Kind::Blob || !is_leaf).then(|| spare.pop().unwrap_or_default());
        let (base, prefilter) = (&parent.content, self.field.delivery.prefilter);
        let ends = match (self.gathering, &mut built) {
            (Gathering::Windows(window), built) => Some(
                delta.gather(base, window, pieces, built.as_mut()).map_err(ObjectError::from)?,
            ),
            (Gathering::Joints, None) => {
                let counts = prefilter.core_pairs();
                let ends = delta.join(base, CORE_BYTES - 1, counts, pieces);
                Some(ends.map_err(ObjectError::from)?)
            }
            (Gathering::Joints, Some(built)) => {
                let (counts, places) = (prefilter.core_pairs(), &mut self.places);
                delta
                    .join_built(base, CORE_BYTES - 1, counts, pieces, built, places)
                    .map_err(ObjectError::from)?;
                None
            }
        };
        if kind == Kind::Blob {
            let is_container = match (ends, &built) {
                (None, Some(content)) => is_container(content),
                (Some(ends), _) => may_be_container(&delta, ends, base, &mut self.edges)
                    .map_err(ObjectError::from)?,
                (None, None) => false,
            };
            if is_container {
                return Err(Again);
            }
        }
        self.count(child, kind, result_len);
        if let Some(content) = &built {
            links.entry_object(child, kind, content)?;
        }
        if is_leaf && let Some(content) = built.take() {
            self.release(content);
        }
        Ok(built)
    }

    fn count(&mut self, node: NodeId, kind: Kind, bytes: u64) {
        if !self.field.is_duplicate(node) {
            self.gathered.count(tally(kind, bytes));
        }
    }

    fn take_buffer(&mut self) -> Buffer {
        self.spare.pop().unwrap_or_default()
    }

    fn release(&mut self, mut content: Buffer) {
        content.retire();
        self.spare.push(content);
    }
}

/// How much of an entry's surroundings its new pieces keep.
pub(super) fn window(field: &Field<'_>) -> Window {
    Window {
        context: field.delivery.prefilter.longest_bytes().saturating_sub(1),
        separator: SEPARATOR,
    }
}

/// Whether a blob that rests on another begins or ends like a container. Where
/// both begin with the same bytes the base was asked already.
pub(super) fn may_be_container(
    delta: &Delta<'_>,
    ends: Ends<'_>,
    base: &[u8],
    scratch: &mut Buffer,
) -> Result<bool, DeltaError> {
    let keeps_head =
        ends.first.len() >= HEAD_BYTES && std::ptr::eq(ends.first.as_ptr(), base.as_ptr());
    if !keeps_head {
        delta.head(base, HEAD_BYTES, scratch)?;
        if marks_container(scratch, &[]) {
            return Ok(true);
        }
    }
    if let Some(tail) = ends.tail(TAIL_BYTES, scratch) {
        return Ok(marks_container(&[], tail));
    }
    delta.tail(base, TAIL_BYTES, scratch)?;
    Ok(marks_container(&[], scratch))
}

/// Whether a whole content is a container.
fn is_container(bytes: &[u8]) -> bool {
    let tail = bytes.len().saturating_sub(TAIL_BYTES);
    marks_container(&bytes[..bytes.len().min(HEAD_BYTES)], &bytes[tail..])
}
