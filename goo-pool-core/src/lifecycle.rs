//! How a heap begins, closes and ends.
//!
//! A heap is *open* while it has handles. When the last one goes it *closes*: the chunks it holds itself
//! go back to their blocks, and `recent` is blocked, so that from then on every free takes the slow
//! half, which gives a segment back with its last chunk. Without segments the heap itself goes. The
//! bitmaps stay exact meanwhile, so a closed heap can be opened again from any of its live chunks.

use core::alloc::Layout;
use core::ptr::NonNull;

use crate::config::Config;
use crate::error::AllocError;
use crate::failure::Obtain;
use crate::geometry::Geometry;
use crate::heap::{Heap, HeapPtr};
use crate::parent::Parent;

/// A heap and its parent allocator, in memory from that parent.
#[repr(C)]
struct WithParent<P> {
    heap: Heap,
    parent: P,
}

/// What a heap and its parent take of the parent's memory.
pub(crate) const fn record_layout<P>() -> Layout {
    Layout::new::<WithParent<P>>()
}

impl HeapPtr {
    /// A new heap with one handle.
    pub(crate) fn create<P: Parent + 'static>(
        layout: Layout,
        geometry: Geometry,
        config: Config,
        parent: P,
        obtain: Obtain,
    ) -> Result<Self, AllocError> {
        let own = record_layout::<P>();
        let memory = obtain(&parent, own)?;
        let place = memory.cast::<WithParent<P>>();
        // SAFETY: the memory is sized and aligned for it (Parent 1); the field is not read.
        let parent_place = unsafe { &raw mut (*place.as_ptr()).parent };
        // SAFETY: a field of something that is not at null.
        let parent_place: NonNull<dyn Parent> = unsafe { NonNull::new_unchecked(parent_place) };
        let heap = Heap::new(layout, geometry, config, parent_place, own.size(), destroy::<P>);
        // SAFETY: the memory is ours, sized and aligned for it (Parent 1).
        unsafe { place.write(WithParent { heap, parent }) };
        // SAFETY: just written; the pointer has the whole allocation's provenance.
        Ok(unsafe { Self::new(place.cast()) })
    }

    /// One more handle. Opens a closed heap.
    pub(crate) fn add_handle(self) {
        match self.handles.get() {
            0 => {
                self.mark_closed(false);
                self.store.forget_returns();
            }
            // As `Rc` does: so many handles can only have been forgotten.
            usize::MAX => too_many_handles(),
            _ => {}
        }
        self.handles.set(self.handles.get() + 1);
    }

    /// One handle less; the last one closes the heap.
    ///
    /// # Safety
    ///
    /// 1. The handle is the caller's, who does not use it again.
    pub(crate) unsafe fn release_handle(self) {
        debug_assert!(self.handles.get() != 0);
        if self.handles.get() > 1 {
            self.handles.set(self.handles.get() - 1);
        } else {
            self.close();
        }
    }

    #[cold]
    fn close(self) {
        let _hold = self.hold();
        self.flush();
        self.handles.set(0);
        self.mark_closed(true);
    }
}

#[cold]
fn too_many_handles() -> ! {
    panic!("more than usize::MAX handles to one pool")
}

/// # Safety
///
/// 1. `heap` was made by `create` with a parent of type `P`, has no segment, and is not used again.
unsafe fn destroy<P: Parent>(heap: HeapPtr) {
    let place = heap.get().cast::<WithParent<P>>();
    // SAFETY: the heap is the first field of a `WithParent<P>` (1); it is moved out and never used again.
    let WithParent { heap: _, parent } = unsafe { place.read() };
    // SAFETY: the memory came from this parent with this layout (`create`), and nobody uses it any more.
    unsafe { parent.deallocate(place.cast(), record_layout::<P>()) };
}
