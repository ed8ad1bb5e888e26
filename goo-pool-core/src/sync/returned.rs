//! Segments on their way back to the parent, which is called when no lock is held.

use std::sync::Arc;

use super::shared::SyncParent;
use crate::segment::Segment;

/// Gives its segments back when it is dropped. Keeps the parent, not the pool.
pub(crate) struct Returned {
    parent: Arc<SyncParent>,
    /// Linked by `next`.
    first: Option<Segment>,
}

impl Returned {
    pub(crate) fn new(parent: &Arc<SyncParent>) -> Self {
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
        /// Also when the parent panics.
        struct Rest<'r>(&'r mut Returned);

        impl Drop for Rest<'_> {
            fn drop(&mut self) {
                while let Some(segment) = self.0.first {
                    self.0.first = segment.record().next.get();
                    let (memory, layout) = (segment.base(), segment.layout());
                    // A second panic aborts, as any panic while unwinding does.
                    // SAFETY: it came from there with this layout, and nobody knows it any more.
                    unsafe { self.0.parent.deallocate(memory, layout) };
                }
            }
        }

        let rest = Rest(self);
        while let Some(segment) = rest.0.first {
            rest.0.first = segment.record().next.get();
            let (memory, layout) = (segment.base(), segment.layout());
            // SAFETY: as above.
            unsafe { rest.0.parent.deallocate(memory, layout) };
        }
    }
}
