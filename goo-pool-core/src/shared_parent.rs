//! A parent that outlives its pool: a segment on its way back needs it, and so does a pool's successor, or a pool of
//! another size class.
//!
//! What `Arc` would be, but in the parent's own memory: a pool asks nobody else for memory, and a parent that has none makes an
//! error.

use core::alloc::Layout;
use core::ops::Deref;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering::AcqRel, Ordering::Relaxed};

use crate::error::AllocError;
use crate::parent::Parent;

/// Any parent.
pub(crate) type AnyParent = dyn Parent;
/// A parent that several threads may call at once.
#[cfg(feature = "std")]
pub(crate) type AnySyncParent = dyn Parent + Send + Sync;

/// One of the owners of a parent, of which is known what `A` says.
pub(crate) struct SharedParent<A: ?Sized>(NonNull<Counted<A>>);

struct Counted<P: ?Sized> {
    owners: AtomicUsize,
    /// Gives this memory back, knowing the parent's type.
    destroy: unsafe fn(NonNull<u8>),
    parent: P,
}

// SAFETY: a parent that is `Send` and `Sync` may be used and dropped by any thread, and the count is an atomic.
unsafe impl<A: ?Sized + Send + Sync> Send for SharedParent<A> {}
// SAFETY: the same.
unsafe impl<A: ?Sized + Send + Sync> Sync for SharedParent<A> {}

impl SharedParent<AnyParent> {
    pub(crate) fn new<P: Parent + 'static>(parent: P) -> Result<Self, AllocError> {
        Ok(Self(counted(parent)?))
    }
}

#[cfg(feature = "std")]
impl SharedParent<AnySyncParent> {
    pub(crate) fn new<P: Parent + Send + Sync + 'static>(parent: P) -> Result<Self, AllocError> {
        Ok(Self(counted(parent)?))
    }
}

/// A parent with one owner, in its own memory.
fn counted<P: Parent>(parent: P) -> Result<NonNull<Counted<P>>, AllocError> {
    let layout = Layout::new::<Counted<P>>();
    let Some(memory) = parent.allocate(layout) else {
        return Err(AllocError::OutOfMemory { layout });
    };
    let place = memory.cast::<Counted<P>>();
    // SAFETY: the memory is ours, sized and aligned for it (Parent 1).
    unsafe { place.write(Counted { owners: AtomicUsize::new(1), destroy: destroy::<P>, parent }) };
    Ok(place)
}

impl<A: ?Sized> SharedParent<A> {
    /// Bytes of its own memory.
    pub(crate) fn own_bytes(&self) -> usize {
        size_of_val(self.counted())
    }

    fn counted(&self) -> &Counted<A> {
        // SAFETY: it is there as long as it has an owner. All that changes in it is an atomic.
        unsafe { self.0.as_ref() }
    }
}

impl<A: ?Sized> Deref for SharedParent<A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.counted().parent
    }
}

impl<A: ?Sized> Clone for SharedParent<A> {
    fn clone(&self) -> Self {
        // ORDERING: Relaxed: as for any reference count, the one at hand keeps the parent.
        if self.counted().owners.fetch_add(1, Relaxed) > usize::MAX / 2 {
            too_many_owners();
        }
        Self(self.0)
    }
}

/// So many owners can only have been forgotten. Nobody panics so often that the count overflows.
#[cold]
fn too_many_owners() -> ! {
    panic!("more than usize::MAX / 2 owners of one parent")
}

impl<A: ?Sized> Drop for SharedParent<A> {
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
/// 1. `memory` is a `Counted<P>` that `counted` made, and nobody uses it again.
unsafe fn destroy<P: Parent>(memory: NonNull<u8>) {
    // SAFETY: (1); it is moved out.
    let Counted { parent, .. } = unsafe { memory.cast::<Counted<P>>().read() };
    // SAFETY: it came from this parent with this layout (`counted`), and nobody uses it any more (1).
    unsafe { parent.deallocate(memory, Layout::new::<Counted<P>>()) };
}
