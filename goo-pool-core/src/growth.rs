//! How a pool asks its parent for memory, and gives memory back, with the parent free to use the pool
//! meanwhile. What is asked for and what is kept is the store's business.

use crate::error::AllocError;
use crate::events;
use crate::failure::{self, Asks, persist};
use crate::geometry::Geometry;
use crate::heap::HeapPtr;
use crate::kind::{Kind, Local};
use crate::parent::Parent;
use crate::segment::Segment;
use crate::store::Store;
use crate::watch::{self, WATCHED};

/// While a hold is in use, no segment goes back to the parent and the heap does not end (H4); what became
/// due meanwhile is done when the last hold is dropped.
pub(crate) struct Hold(HeapPtr);

/// A way to a store: directly, or under its lock.
pub(crate) trait Books<K: Kind> {
    fn with_store<R>(&self, look: impl FnOnce(&Store<K>) -> R) -> R;
    fn geometry(&self) -> &Geometry;
    fn parent(&self) -> &dyn Parent;
}

/// Adds a segment of at least `least` chunks to a store, which nobody holds while the parent is asked.
///
/// `Ok` means "look again": the parent, or another thread, may have changed anything meanwhile.
pub(crate) fn grow<K: Kind>(books: &impl Books<K>, least: usize) -> Result<(), AllocError> {
    // The pool is whole again: who hears of it may use it.
    try_grow(books, least).inspect_err(events::refused)
}

fn try_grow<K: Kind>(books: &impl Books<K>, least: usize) -> Result<(), AllocError> {
    let plan = |small| books.with_store(|store| store.plan(least, small, books.geometry()));
    let mut request = plan(false)?;
    let mut memory = books.parent().allocate(request.layout);
    if memory.is_none() {
        let smaller = plan(true)?;
        if smaller.chunks < request.chunks {
            request = smaller;
            memory = books.parent().allocate(request.layout);
        }
    }
    let Some(memory) = memory else {
        return Err(AllocError::OutOfMemory { layout: request.layout });
    };
    // SAFETY: the parent gave it for this request, just now.
    if !books.with_store(|store| unsafe { store.accept(memory, request) }) {
        // SAFETY: it just came from there, and nobody has seen it.
        unsafe { books.parent().deallocate(memory, request.layout) };
        return Ok(());
    }
    events::grown(request.chunks, request.layout);
    Ok(())
}

impl Books<Local> for HeapPtr {
    fn with_store<R>(&self, look: impl FnOnce(&Store<Local>) -> R) -> R {
        look(&self.store)
    }

    fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    fn parent(&self) -> &dyn Parent {
        HeapPtr::parent(self)
    }
}

impl Asks for HeapPtr {
    fn parent(&self) -> &dyn Parent {
        HeapPtr::parent(self)
    }

    fn unless_asking<R>(&self, ask: impl FnOnce() -> R) -> Option<R> {
        failure::unless_asking(&self.asking, ask)
    }
}

impl HeapPtr {
    pub(crate) fn parent(&self) -> &dyn Parent {
        // SAFETY: the parent lies beside the heap and lives as long, which a handle or a hold of the caller
        // sees to (H5). It is not borrowed from the heap.
        unsafe { self.parent.as_ref() }
    }

    pub(crate) fn hold(self) -> Hold {
        self.holds.set(self.holds.get() + 1);
        Hold(self)
    }

    /// Makes room for `additional` more chunks than are live, and keeps at least that much room from now on.
    pub(crate) fn reserve(self, additional: usize) -> Result<(), AllocError> {
        persist(&self, || self.make_room(additional))?;
        self.store.keep_at_least(additional);
        Ok(())
    }

    /// As [`Handle::prepare`](crate::Handle::prepare).
    pub(crate) fn prepare(self, additional: usize) -> Result<(), AllocError> {
        if self.store.segments.chunks.get() / 64 > additional {
            return Ok(());
        }
        self.make_room(additional)
    }

    /// Makes room for `additional` more chunks than are live.
    pub(crate) fn make_room(self, additional: usize) -> Result<(), AllocError> {
        loop {
            let free = self.store.segments.chunks.get() - self.live_chunks();
            let missing = additional.saturating_sub(free);
            if missing == 0 {
                return Ok(());
            }
            self.grow(missing)?;
        }
    }

    /// As [`grow`].
    pub(crate) fn grow(self, least: usize) -> Result<(), AllocError> {
        grow(&self, least)?;
        if cfg!(debug_assertions) {
            self.assert_valid();
        }
        Ok(())
    }

    /// Every block of a segment is back in the store.
    pub(crate) fn segment_emptied(self, segment: Segment) {
        if self.holds.get() != 0 {
            self.unsettled.set(true);
            return;
        }
        let _hold = self.hold();
        self.store.retire(segment, &self.geometry);
    }

    /// Does what was put off during a hold, and gives back the segments that need not be kept.
    fn settle(self) {
        debug_assert_eq!(self.holds.get(), 1);
        loop {
            if self.unsettled.replace(false) {
                // Retiring moves a segment to the end of the list; the iterator has read its neighbour before.
                for segment in self.store.segments.iter() {
                    if segment.is_emptied() {
                        self.store.retire(segment, &self.geometry);
                    }
                }
            }
            let all = self.shrinking.get() || self.handles.get() == 0;
            let Some(segment) = self.store.next_to_return(all) else { break };
            let (memory, layout) = segment.into_memory::<Local>();
            // SAFETY: it came from there with this layout, and neither a list nor a chunk's owner knows it any
            // more.
            unsafe { self.parent().deallocate(memory, layout) };
        }
        if self.shrinking.replace(false) {
            self.store.forget_returns();
        }
    }

    /// Gives back all segments that are empty now, or when the outermost hold is dropped.
    pub(crate) fn shrink_to_fit(self) {
        let _hold = self.hold();
        self.flush();
        self.store.keep_least();
        self.shrinking.set(true);
    }

    /// Makes all chunks free, without a look at any of them, in one step for each segment. The memory stays.
    ///
    /// # Safety
    ///
    /// 1. Nobody uses a chunk that was handed out before.
    pub(crate) unsafe fn reset(self) {
        if WATCHED {
            for segment in self.store.segments.iter() {
                watch::segment_reset::<Local>(segment, &self.geometry, self.layout);
            }
        }
        self.front.forget_held();
        self.front.room.clear();
        self.unsettled.set(false);
        self.store.reset(&self.geometry);
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
                if heap.holds.get() == 0 && heap.handles.get() == 0 && heap.store.segments.is_empty() {
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
