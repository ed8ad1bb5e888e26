//! A thread's own way into a thread-safe pool.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr::NonNull;

use super::shard::{self, ShardPtr};
use super::sync_raw_pool::SyncRawPool;
use super::thread_index::Kept;
use crate::allocate::Allocate;
use crate::block::ChunkPtr;
use crate::error::AllocError;
use crate::failure::persist;
use crate::geometry::Geometry;
use crate::watch::CHECKS;

/// A [`SyncRawPool`] as one thread uses it, made by [`SyncRawPool::local`]. Stays on its thread.
///
/// Do not forget one (`mem::forget`): then nobody uses the thread's free chunks again after the thread has ended.
///
/// # Examples
///
/// ```
/// use std::alloc::Layout;
/// use goo_pool_core::SyncRawPool;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = SyncRawPool::new(Layout::new::<u64>())?;
/// let local = pool.local();
/// for _ in 0..1000 {
///     let chunk = local.allocate()?;
///     // SAFETY: it came from this pool and is not used any more.
///     unsafe { local.deallocate(chunk) };
/// }
/// # Ok(())
/// # }
/// ```
pub struct LocalShard<'p> {
    pool: &'p SyncRawPool,
    /// `None` on a thread that has no index any more, or if there was no memory for a shard.
    shard: Option<ShardPtr>,
    /// The index stays this thread's as long as the shard is used.
    _kept: Kept,
}

impl<'p> LocalShard<'p> {
    pub(crate) fn new(pool: &'p SyncRawPool) -> Self {
        let kept = Kept::new();
        Self { pool, shard: pool.shared().my_shard_or_new().ok().flatten(), _kept: kept }
    }

    /// As [`SyncRawPool::allocate`].
    ///
    /// # Errors
    ///
    /// As there.
    #[inline]
    pub fn allocate(&self) -> Result<NonNull<u8>, AllocError> {
        // SAFETY: the pool's geometry.
        unsafe { self.allocate_in(&self.pool.shared().geometry) }
    }

    /// As [`Handle::allocate_in`](crate::Handle::allocate_in).
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Safety
    ///
    /// As there.
    #[inline(always)]
    pub unsafe fn allocate_in(&self, geometry: &Geometry) -> Result<NonNull<u8>, AllocError> {
        // SAFETY: the pool's stride, by the caller's promise.
        unsafe { Allocate::allocate(self, geometry.stride()) }.map(ChunkPtr::get)
    }

    /// As [`Handle::allocate_in_or`](crate::Handle::allocate_in_or).
    ///
    /// # Safety
    ///
    /// As there.
    #[inline(always)]
    pub unsafe fn allocate_in_or(&self, geometry: &Geometry, fail: fn(AllocError) -> !) -> NonNull<u8> {
        // SAFETY: the pool's stride, by the caller's promise.
        unsafe { self.allocate_or(geometry.stride(), fail) }.get()
    }

    /// As [`SyncRawPool::deallocate`].
    ///
    /// # Safety
    ///
    /// As there.
    #[inline]
    #[track_caller]
    pub unsafe fn deallocate(&self, chunk: NonNull<u8>) {
        if CHECKS {
            self.pool.shared().check_owns(chunk);
        }
        // SAFETY: it is one of the pool's chunks, by the caller's promise.
        let chunk = unsafe { ChunkPtr::new(chunk) };
        // SAFETY: the caller's promise, and it is the pool's own geometry.
        unsafe { shard::free(chunk, self.pool.shared().geometry) };
    }

    /// The pool.
    #[must_use]
    pub const fn pool(&self) -> &'p SyncRawPool {
        self.pool
    }
}

impl Allocate for &LocalShard<'_> {
    #[inline(always)]
    unsafe fn take(self, stride: usize) -> Option<ChunkPtr> {
        // SAFETY: (1).
        unsafe { self.shard?.front.take(stride) }
    }

    #[cold]
    #[inline(never)]
    fn allocate_slow(self) -> Result<ChunkPtr, AllocError> {
        let shared = self.pool.shared();
        match self.shard {
            Some(shard) => persist(&shared, || shared.allocate_for(shard)),
            None => shared.allocate_slow(),
        }
    }

    fn watch(self, chunk: ChunkPtr) {
        self.pool.shared().watch(chunk);
    }
}

// As the pool.
impl UnwindSafe for LocalShard<'_> {}
impl RefUnwindSafe for LocalShard<'_> {}

impl fmt::Debug for LocalShard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalShard").field("pool", self.pool).finish_non_exhaustive()
    }
}
