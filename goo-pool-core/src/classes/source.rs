//! The one parent of many pools.

use core::alloc::Layout;
use core::ops::Deref;
use core::ptr::NonNull;

use crate::parent::Parent;
use crate::shared_parent::SharedParent;

/// A parent that all classes of a pool have. Itself a parent.
pub(crate) enum Source<A: ?Sized + 'static> {
    /// For pools that are constants.
    Static(&'static A),
    /// One of its owners.
    Shared(SharedParent<A>),
}

impl<A: ?Sized> Clone for Source<A> {
    fn clone(&self) -> Self {
        match self {
            Self::Static(parent) => Self::Static(parent),
            Self::Shared(parent) => Self::Shared(parent.clone()),
        }
    }
}

impl<A: ?Sized> Deref for Source<A> {
    type Target = A;

    fn deref(&self) -> &A {
        match self {
            Self::Static(parent) => parent,
            Self::Shared(parent) => parent,
        }
    }
}

// SAFETY: the parent behind it keeps the contract.
unsafe impl<A: ?Sized + Parent> Parent for Source<A> {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        (**self).allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: (1), (2).
        unsafe { (**self).deallocate(ptr, layout) }
    }
}
