//! Both pools of many sizes, for tests that both must pass.
#![allow(dead_code, reason = "each test uses a part")]

use std::alloc::Layout;
use std::ptr::NonNull;

use goo_pool_core::{AllocError, ClassPool, Parent, Stats, SyncClassPool};

/// What a test does with either.
pub(crate) trait Classes: Sized {
    /// A pool over that parent. A pool for many threads is used by one alone, so its parent may be any.
    fn over<P: Parent + 'static>(parent: P) -> Result<Self, AllocError>;
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError>;
    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError>;
    /// # Safety
    ///
    /// As the pool's.
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout);
    /// # Safety
    ///
    /// As the pool's.
    unsafe fn grow(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError>;
    /// # Safety
    ///
    /// As the pool's.
    unsafe fn grow_zeroed(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError>;
    /// # Safety
    ///
    /// As the pool's.
    unsafe fn shrink(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError>;
    fn stats(&self) -> Stats;
    fn shrink_to_fit(&self);
    fn owns(&self, ptr: *const u8) -> bool;
    /// By the only thread that uses the pool.
    fn assert_valid(&self);
}

/// A parent that is used by one thread, whatever its type says.
struct OneThread<P>(P);

// SAFETY: the tests that use it have one thread.
unsafe impl<P> Send for OneThread<P> {}
// SAFETY: the same.
unsafe impl<P> Sync for OneThread<P> {}

// SAFETY: the parent inside keeps the contract.
unsafe impl<P: Parent> Parent for OneThread<P> {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        self.0.allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { self.0.deallocate(ptr, layout) }
    }
}

macro_rules! classes {
    ($pool:ident, |$parent:ident| $over:expr, |$valid:ident| $assert_valid:expr) => {
        impl Classes for $pool {
            fn over<P: Parent + 'static>($parent: P) -> Result<Self, AllocError> {
                $over
            }

            fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
                self.allocate(layout)
            }

            fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
                self.allocate_zeroed(layout)
            }

            #[track_caller]
            unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
                // SAFETY: the caller's promise.
                unsafe { self.deallocate(ptr, layout) }
            }

            unsafe fn grow(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
                // SAFETY: the caller's promise.
                unsafe { self.grow(ptr, old, new) }
            }

            unsafe fn grow_zeroed(
                &self,
                ptr: NonNull<u8>,
                old: Layout,
                new: Layout,
            ) -> Result<NonNull<[u8]>, AllocError> {
                // SAFETY: the caller's promise.
                unsafe { self.grow_zeroed(ptr, old, new) }
            }

            unsafe fn shrink(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
                // SAFETY: the caller's promise.
                unsafe { self.shrink(ptr, old, new) }
            }

            fn stats(&self) -> Stats {
                self.stats()
            }

            fn shrink_to_fit(&self) {
                self.shrink_to_fit();
            }

            fn owns(&self, ptr: *const u8) -> bool {
                self.owns(ptr)
            }

            fn assert_valid(&self) {
                let $valid = self;
                $assert_valid;
            }
        }
    };
}

classes!(ClassPool, |parent| Self::builder().parent(parent).build(), |pool| pool.assert_valid());
classes!(SyncClassPool, |parent| Self::builder().parent(OneThread(parent)).build_sync(), |pool| {
    // SAFETY: only this thread uses the pool.
    unsafe { pool.assert_valid() }
});
