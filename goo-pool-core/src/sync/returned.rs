//! Segments on their way back to the parent, which is called when no lock is held.

use super::SharedParent;
use super::for_all::for_all;
use crate::segment::Segment;

/// Gives its segments back when it is dropped. Keeps the parent, not the pool.
pub(crate) struct Returned {
    parent: SharedParent,
    /// Linked by `next`.
    first: Option<Segment>,
}

impl Returned {
    pub(crate) fn new(parent: &SharedParent) -> Self {
        Self { parent: parent.clone(), first: None }
    }

    /// Adds a segment that is in no list any more, and whose chunks nobody has.
    pub(crate) fn push(&mut self, segment: Segment) {
        segment.record().next.set(self.first);
        self.first = Some(segment);
    }
}

impl Drop for Returned {
    fn drop(&mut self) {
        let Self { parent, first } = self;
        let segments = std::iter::from_fn(|| {
            let segment = first.take()?;
            *first = segment.record().next.get();
            Some(segment)
        });
        for_all(segments, |segment| {
            let (memory, layout) = (segment.base(), segment.layout());
            // SAFETY: it came from there with this layout, and nobody knows it any more.
            unsafe { parent.deallocate(memory, layout) };
        });
    }
}
