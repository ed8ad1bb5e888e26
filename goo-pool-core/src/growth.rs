//! When a heap asks its parent for memory, and when it gives memory back.
//!
//! Memory goes back a segment at a time, once every chunk of it is free, but the heap keeps what was
//! reserved, and what it would soon ask for again: one spare segment at first, and twice as much each time
//! it turns out to have given back too much. So one object that flips a segment between empty and used costs no parent
//! call, and a load that comes and goes costs a logarithmic number of them.

use crate::error::AllocError;
use crate::heap::HeapPtr;
use crate::parent::Parent;
use crate::segment::{Segment, next_segment_chunks, segment_layout};

/// The least that `Heap::keep` is while the heap is open: any spare segment at all.
pub(crate) const KEEP_ONE: usize = 1;

/// While a hold is in use, no segment goes back to the parent and the heap does not end (H4); what became
/// due meanwhile is done when the last hold is dropped.
pub(crate) struct Hold(HeapPtr);

impl HeapPtr {
    pub(crate) fn hold(self) -> Hold {
        self.holds.set(self.holds.get() + 1);
        Hold(self)
    }

    /// Makes room for `additional` more chunks than are live, and keeps at least that much room from now on.
    pub(crate) fn reserve(self, additional: usize) -> Result<(), AllocError> {
        self.make_room(additional)?;
        self.keep.set(self.keep.get().max(additional));
        Ok(())
    }

    /// Makes room for `additional` more chunks than are live.
    pub(crate) fn make_room(self, additional: usize) -> Result<(), AllocError> {
        loop {
            let free = self.segments.chunks.get() - self.live_chunks();
            let missing = additional.saturating_sub(free);
            if missing == 0 {
                return Ok(());
            }
            self.grow(missing)?;
        }
    }

    /// Adds a segment of at least `least` chunks.
    ///
    /// `Ok` means "look again": a parent that uses this pool may have changed anything meanwhile.
    pub(crate) fn grow(self, least: usize) -> Result<(), AllocError> {
        let allowed = self.may_grow_by();
        if allowed < least {
            return Err(AllocError::LimitReached { max_chunks: self.config.max_chunks.unwrap_or(usize::MAX) });
        }
        let sized = |bytes| next_segment_chunks(&self.config, &self.geometry, bytes).clamp(least, allowed);
        let wanted = sized(self.segments.bytes.get());
        match self.add_segment(wanted) {
            Err(AllocError::OutOfMemory { .. }) if sized(0) < wanted => self.add_segment(sized(0)),
            result => result,
        }
    }

    fn may_grow_by(self) -> usize {
        self.config.max_chunks.unwrap_or(usize::MAX).saturating_sub(self.segments.chunks.get())
    }

    fn add_segment(self, chunks: usize) -> Result<(), AllocError> {
        let Some(layout) = segment_layout(&self.geometry, chunks) else {
            return Err(AllocError::CapacityOverflow);
        };
        let Some(memory) = self.parent().allocate(layout) else {
            return Err(AllocError::OutOfMemory { layout });
        };
        if self.may_grow_by() < chunks {
            // SAFETY: it just came from there, and nobody has seen it.
            unsafe { self.parent().deallocate(memory, layout) };
            return Ok(());
        }
        debug_assert!(memory.addr().get() % layout.align() == 0, "the parent ignored the alignment");
        // SAFETY: the parent gave this for `layout`, which is what so many chunks need (Parent 1).
        let segment = unsafe { Segment::write(memory, layout, chunks) };
        self.segments.add(segment);
        if self.gave_back.replace(false) {
            self.keep.set(self.keep.get().max(segment.chunks()).saturating_mul(2));
        }
        #[cfg(debug_assertions)]
        self.assert_valid();
        Ok(())
    }

    fn parent<'a>(self) -> &'a dyn Parent {
        // SAFETY: the parent lies beside the heap and lives as long, which a handle or a hold of the caller
        // sees to (H5). It is not borrowed from the heap.
        unsafe { self.parent.as_ref() }
    }

    /// Every chunk of a segment is back.
    pub(crate) fn segment_emptied(self, segment: Segment) {
        if self.holds.get() != 0 {
            self.unsettled.set(true);
            return;
        }
        let _hold = self.hold();
        self.retire(segment);
    }

    fn retire(self, segment: Segment) {
        for block in segment.cut_blocks(&self.geometry) {
            self.room.remove(block);
        }
        self.segments.make_spare(segment);
    }

    /// Does what was put off during a hold, and gives back the segments that need not be kept.
    fn settle(self) {
        debug_assert_eq!(self.holds.get(), 1);
        loop {
            if self.unsettled.replace(false) {
                // Retiring moves a segment to the end of the list; the iterator has read its neighbour before.
                for segment in self.segments.iter() {
                    if segment.is_emptied() {
                        self.retire(segment);
                    }
                }
            }
            let keep = if self.shrinking.get() || self.handles.get() == 0 { 0 } else { self.keep.get() };
            let dispensable = self.segments.last_spare().filter(|segment| {
                let others = self.segments.spare_chunks.get() - segment.chunks();
                others >= keep
            });
            let Some(segment) = dispensable else { break };
            self.segments.remove(segment);
            self.gave_back.set(true);
            let (memory, layout) = (segment.base(), segment.layout());
            // SAFETY: it came from there with this layout, and neither a list nor a chunk's owner knows it any
            // more.
            unsafe { self.parent().deallocate(memory, layout) };
        }
        if self.shrinking.replace(false) {
            self.gave_back.set(false);
        }
    }

    /// Gives back all segments that are empty now, or when the outermost hold is dropped.
    pub(crate) fn shrink_to_fit(self) {
        let _hold = self.hold();
        self.flush();
        self.keep.set(KEEP_ONE);
        self.shrinking.set(true);
    }

    /// Makes all chunks free, without a look at any of them, in one step for each segment. The memory stays.
    ///
    /// # Safety
    ///
    /// 1. Nobody uses a chunk that was handed out before.
    pub(crate) unsafe fn reset(self) {
        self.forget_held();
        self.room.clear();
        self.segments.make_all_spare();
        self.unsettled.set(false);
        self.keep.set(self.keep.get().max(self.segments.chunks.get()));
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        /// Also when the parent panics: then a closed heap goes on giving back, for nobody will come again.
        struct Release(HeapPtr);

        impl Drop for Release {
            fn drop(&mut self) {
                let heap = self.0;
                if heap.holds.get() == 1 && heap.handles.get() == 0 {
                    heap.settle();
                }
                heap.holds.set(heap.holds.get() - 1);
                if heap.holds.get() == 0 && heap.handles.get() == 0 && heap.segments.is_empty() {
                    // SAFETY: nobody can reach the heap any more: no handle, no hold, and without a segment
                    // no chunk (H5).
                    unsafe { (heap.destroy)(heap) };
                }
            }
        }

        let release = Release(self.0);
        if release.0.holds.get() == 1 {
            release.0.settle();
        }
    }
}
