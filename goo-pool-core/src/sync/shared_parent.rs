//! A parent that outlives its pool: a segment on its way back needs it, and so does a pool's successor.
//!
//! What `Arc` would be, but in the parent's own memory: a pool asks nobody else for memory, and a parent that has none makes an
//! error.

use std::alloc::Layout;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering::AcqRel, Ordering::Relaxed};

use crate::error::AllocError;
use crate::failure;
use crate::parent::Parent;

/// A parent that several threads may call at once.
type AnyParent = dyn Parent + Send + Sync;

/// One of the owners of a parent.
pub(crate) struct SharedParent(NonNull<Counted<AnyParent>>);

struct Counted<P: ?Sized> {
    owners: AtomicUsize,
    /// Gives this memory back, knowing the parent's type.
    destroy: unsafe fn(NonNull<u8>),
    parent: P,
}

// SAFETY: the parent is `Send` and `Sync`, and the count is an atomic.
unsafe impl Send for SharedParent {}
// SAFETY: the same.
unsafe impl Sync for SharedParent {}

impl SharedParent {
    pub(crate) fn new<P: Parent + Send + Sync + 'static>(parent: P) -> Result<Self, AllocError> {
        let layout = Layout::new::<Counted<P>>();
        let memory = failure::obtain(&parent, layout)?;
        let place = memory.cast::<Counted<P>>();
        // SAFETY: the memory is ours, sized and aligned for it (Parent 1).
        unsafe { place.write(Counted { owners: AtomicUsize::new(1), destroy: destroy::<P>, parent }) };
        Ok(Self(place))
    }

    /// Bytes of its own memory.
    pub(crate) fn own_bytes(&self) -> usize {
        size_of_val(self.counted())
    }

    fn counted(&self) -> &Counted<AnyParent> {
        // SAFETY: it is there as long as it has an owner. All that changes in it is an atomic.
        unsafe { self.0.as_ref() }
    }
}

impl Deref for SharedParent {
    type Target = AnyParent;

    fn deref(&self) -> &AnyParent {
        &self.counted().parent
    }
}

impl Clone for SharedParent {
    fn clone(&self) -> Self {
        // ORDERING: Relaxed: as for any reference count, the one at hand keeps the parent.
        if self.counted().owners.fetch_add(1, Relaxed) > usize::MAX / 2 {
            // As `Arc` does: so many owners can only have been forgotten.
            std::process::abort();
        }
        Self(self.0)
    }
}

impl Drop for SharedParent {
    fn drop(&mut self) {
        // ORDERING: Release, and Acquire for the last: each owner's calls of the parent come before its end.
        if self.counted().owners.fetch_sub(1, AcqRel) == 1 {
            let destroy = self.counted().destroy;
            // SAFETY: this was the last owner, and it is the function for this parent's type.
            unsafe { destroy(self.0.cast()) };
        }
    }
}

/// # Safety
///
/// 1. `memory` is a `Counted<P>` that `new` made, and nobody uses it again.
unsafe fn destroy<P: Parent>(memory: NonNull<u8>) {
    // SAFETY: (1); it is moved out.
    let Counted { parent, .. } = unsafe { memory.cast::<Counted<P>>().read() };
    // SAFETY: it came from this parent with this layout (`new`), and nobody uses it any more (1).
    unsafe { parent.deallocate(memory, Layout::new::<Counted<P>>()) };
}
