//! One parent for several pools.

use core::alloc::Layout;
use core::ptr::NonNull;
#[cfg(feature = "std")]
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Parent;

/// A parent that stays in its place, for several pools of one thread; or of several, if it is `Sync`.
///
/// # Examples
///
/// ```
/// use std::alloc::Layout;
/// use goo_pool_core::{FixedMemory, RawPool};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let memory = Box::leak(Box::new([const { core::mem::MaybeUninit::uninit() }; 16 * 1024]));
/// let memory: &'static FixedMemory = Box::leak(Box::new(FixedMemory::new(memory)));
/// let all = memory.free_bytes();
/// let words = RawPool::builder_in(Layout::new::<u64>(), memory).chunks_per_block(30).capacity(30).build()?;
/// let lines = RawPool::builder_in(Layout::new::<[u8; 80]>(), memory).chunks_per_block(10).capacity(10).build()?;
/// assert!(memory.free_bytes() < all);
/// drop((words, lines));
/// assert_eq!(memory.free_bytes(), all);
/// # Ok(())
/// # }
/// ```
// SAFETY: the parent behind the reference keeps the contract.
unsafe impl<P: Parent + ?Sized> Parent for &P {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        (**self).allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: (1) and (2), which speak of the same parent.
        unsafe { (**self).deallocate(ptr, layout) }
    }

    fn allocate_zeroed(&self, layout: Layout) -> Option<NonNull<u8>> {
        (**self).allocate_zeroed(layout)
    }

    unsafe fn reallocate(&self, ptr: NonNull<u8>, layout: Layout, new_size: usize) -> Option<NonNull<u8>> {
        // SAFETY: (1) to (3), which speak of the same parent.
        unsafe { (**self).reallocate(ptr, layout, new_size) }
    }

    answers_of!(self => (**self));
}

/// Makes any parent that can change threads one for a thread-safe pool.
///
/// The lock is held while the parent is called, so this parent may not use a pool that takes memory from it; a parent within
/// the lock is not asked about failures: put a handler around it ([`Handled`](crate::Handled)). A parent that panicked is used again.
///
/// # Examples
///
/// ```
/// use std::{alloc::Layout, mem::MaybeUninit, sync::Mutex};
/// use goo_pool_core::{FixedMemory, SyncRawPool};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let memory = FixedMemory::new(Box::leak(Box::new([const { MaybeUninit::uninit() }; 32 * 1024])));
/// let pool = SyncRawPool::builder(Layout::new::<[u64; 4]>()).chunks_per_block(30).parent(Mutex::new(memory)).build_sync()?;
/// std::thread::scope(|scope| {
///     for _ in 0..2 {
///         scope.spawn(|| pool.allocate().is_ok());
///     }
/// });
/// assert_eq!(pool.len(), 2);
/// # Ok(())
/// # }
/// ```
// SAFETY: the parent in the lock keeps the contract.
#[cfg(feature = "std")]
unsafe impl<P: Parent + ?Sized> Parent for Mutex<P> {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        locked(self).allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        let parent = locked(self);
        // SAFETY: (1) and (2), which speak of the same parent.
        unsafe { parent.deallocate(ptr, layout) }
    }

    fn allocate_zeroed(&self, layout: Layout) -> Option<NonNull<u8>> {
        locked(self).allocate_zeroed(layout)
    }

    unsafe fn reallocate(&self, ptr: NonNull<u8>, layout: Layout, new_size: usize) -> Option<NonNull<u8>> {
        let parent = locked(self);
        // SAFETY: (1) to (3), which speak of the same parent.
        unsafe { parent.reallocate(ptr, layout, new_size) }
    }

    fn piece_size(&self) -> Option<usize> {
        locked(self).piece_size()
    }

    fn home(&self) -> u32 {
        locked(self).home()
    }

    // Not `on_failure`: a handler may use the pool, and would wait for this lock for ever.
}

#[cfg(feature = "std")]
fn locked<P: ?Sized>(parent: &Mutex<P>) -> MutexGuard<'_, P> {
    parent.lock().unwrap_or_else(PoisonError::into_inner)
}
