//! A parent behind a lock, for many threads.

use core::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Parent;

/// Makes any parent that can change threads one for a thread-safe pool.
///
/// The lock is held while the parent is called, so this parent may not use a pool that takes memory from it; a parent within
/// the lock is not asked about failures: put a handler around it ([`Handled`](crate::Handled)). A parent that panicked is used again.
///
/// It is no `Mutex`, because nobody may take the parent out and put another in its place: that would end the memory of the pools
/// that have some of it.
///
/// # Examples
///
/// ```
/// use std::{alloc::Layout, mem::MaybeUninit};
/// use goo_pool_core::{FixedMemory, LockedParent, SyncRawPool};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let memory = FixedMemory::new(Box::leak(Box::new([const { MaybeUninit::uninit() }; 32 * 1024])));
/// let parent = LockedParent::new(memory);
/// let pool = SyncRawPool::builder(Layout::new::<[u64; 4]>()).chunks_per_block(30).parent(parent).build_sync()?;
/// std::thread::scope(|scope| {
///     for _ in 0..2 {
///         scope.spawn(|| pool.allocate().is_ok());
///     }
/// });
/// assert_eq!(pool.len(), 2);
/// # Ok(())
/// # }
/// ```
///
/// A `Mutex` around a parent is none:
///
/// ```compile_fail,E0277
/// use std::{alloc::Layout, sync::Mutex};
/// use goo_pool_core::{FixedMemory, RawPool};
///
/// # fn memory() -> FixedMemory { unimplemented!() }
/// let parent: &'static Mutex<FixedMemory> = Box::leak(Box::new(Mutex::new(memory())));
/// let pool = RawPool::builder(Layout::new::<u64>()).parent(parent).build().unwrap();
/// *parent.lock().unwrap() = memory();
/// pool.allocate();
/// ```
pub struct LockedParent<P> {
    /// Invariant: this parent stays here until the end.
    parent: Mutex<P>,
}

impl<P> LockedParent<P> {
    /// That parent, behind a lock.
    #[must_use]
    pub const fn new(parent: P) -> Self {
        Self { parent: Mutex::new(parent) }
    }

    /// Looks at the parent, while no pool uses it. Meanwhile the lock is held: `look` may not use a pool that takes memory from here.
    pub fn look<R>(&self, look: impl FnOnce(&P) -> R) -> R {
        look(&self.locked())
    }

    fn locked(&self) -> MutexGuard<'_, P> {
        self.parent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// SAFETY: the parent in the lock keeps the contract, and is not dropped before this is, since nobody else gets to it (`parent`).
unsafe impl<P: Parent> Parent for LockedParent<P> {
    memory_of!(self => self.locked());

    fn piece_size(&self) -> Option<usize> {
        self.locked().piece_size()
    }

    fn home(&self) -> u32 {
        self.locked().home()
    }

    // Not `on_failure`: a handler may use the pool, and would wait for this lock for ever.
}

impl<P: fmt::Debug> fmt::Debug for LockedParent<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockedParent").field("parent", &self.parent).finish()
    }
}
