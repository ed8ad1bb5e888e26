//! The untyped half of a typed thread-safe pool.

use std::alloc::Layout;
use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;

use super::closing;
use super::kind::Threads;
use super::shard;
use super::shared::SharedPtr;
use super::sync_raw_pool::SyncRawPool;
use crate::block::ChunkPtr;
use crate::error::{AllocError, BuildError};
use crate::geometry::Geometry;

/// One of several owners of a [`SyncRawPool`], for building typed pools on top.
///
/// Unlike a `SyncRawPool`, it does not take the chunks with it: when the last handle goes, on whatever thread, the
/// pool *closes*. From then on each segment goes back to the parent with its last live chunk, and the pool itself with
/// the last segment. A chunk is given back without a handle, by its address and geometry alone.
///
/// A chunk that is being freed on one thread while another drops the last handle may be found a little later: when
/// any thread-safe pool grows or closes, or a thread that used one ends.
///
/// It dereferences to the pool, for everything but allocating.
pub struct SyncPoolHandle {
    /// Owns one of the pool's handles; never dropped as a `SyncRawPool`.
    pool: ManuallyDrop<SyncRawPool>,
}

impl SyncPoolHandle {
    pub(crate) fn new(pool: SyncRawPool) -> Self {
        Self { pool: ManuallyDrop::new(pool) }
    }

    fn from_shared(shared: SharedPtr) -> Self {
        Self::new(SyncRawPool::from_shared(shared))
    }

    /// A free chunk, as [`SyncRawPool::allocate`]. `geometry` must be the pool's; being a constant for the
    /// caller, it makes the fast path faster.
    ///
    /// # Errors
    ///
    /// As [`SyncRawPool::allocate`].
    ///
    /// # Safety
    ///
    /// 1. `geometry` equals the pool's ([`SyncRawPool::geometry`]).
    #[inline(always)]
    pub unsafe fn allocate_in(&self, geometry: &Geometry) -> Result<NonNull<u8>, AllocError> {
        // SAFETY: the pool's stride, since it is the pool's geometry (1).
        unsafe { self.pool.shared().allocate(geometry.stride()) }.map(ChunkPtr::get)
    }

    /// As [`allocate_in`](Self::allocate_in), for callers that do not come back from an error.
    ///
    /// # Safety
    ///
    /// 1. `geometry` equals the pool's ([`SyncRawPool::geometry`]).
    #[inline(always)]
    pub unsafe fn allocate_in_or(&self, geometry: &Geometry, fail: fn(AllocError) -> !) -> NonNull<u8> {
        // SAFETY: the pool's stride, since it is the pool's geometry (1).
        unsafe { self.pool.shared().allocate_or(geometry.stride(), fail) }.get()
    }

    /// Gives a chunk back to the pool it came from, open or closed. From any thread; costs what
    /// [`SyncRawPool::deallocate`] does.
    ///
    /// # Safety
    ///
    /// 1. `chunk` came from a pool behind a `SyncPoolHandle`, has not been given back since, and may be used
    ///    for all of its segment: it is the pointer that the pool gave, not one made from a reference.
    /// 2. Nobody touches its bytes after this call.
    /// 3. `geometry` equals that pool's.
    #[inline(always)]
    pub unsafe fn deallocate_in(chunk: NonNull<u8>, geometry: &Geometry) {
        // SAFETY: it is a chunk (1).
        let chunk = unsafe { ChunkPtr::new(chunk) };
        // SAFETY: (1) to (3).
        unsafe { shard::free(chunk, *geometry) };
    }

    /// The same for a geometry that is not a constant: cheaper than making a [`Geometry`] first.
    ///
    /// # Safety
    ///
    /// 1. As (1) and (2) of [`deallocate_in`](Self::deallocate_in).
    /// 2. `layout` is the pool's.
    #[inline]
    pub unsafe fn deallocate_dyn(chunk: NonNull<u8>, layout: Layout) {
        // SAFETY: it is a chunk (1).
        let chunk = unsafe { ChunkPtr::new(chunk) };
        // SAFETY: it lies in a block of the size that its layout says (2).
        let block = unsafe { chunk.block_of_layout::<Threads>(layout) };
        let geometry = block.header().owner.shard().pool.geometry;
        // SAFETY: (1), and it is the pool's own geometry.
        unsafe { shard::free(chunk, geometry) };
    }

    /// A handle to the pool of a chunk. A pool that has closed is not opened again: then it is a handle to the pool's
    /// successor, which has the same settings and parent, and is the same for all of the pool's chunks.
    ///
    /// # Errors
    ///
    /// If there is no memory for a successor.
    ///
    /// # Safety
    ///
    /// 1. `chunk` is a live chunk of a pool behind a `SyncPoolHandle`, given by the pool itself as for
    ///    [`deallocate_in`](Self::deallocate_in).
    /// 2. `layout` is the pool's.
    pub unsafe fn of(chunk: NonNull<u8>, layout: Layout) -> Result<Self, BuildError> {
        // SAFETY: it is a chunk (1).
        let chunk = unsafe { ChunkPtr::new(chunk) };
        // SAFETY: it lies in a block of the size that its layout says (2).
        let shared = unsafe { chunk.block_of_layout::<Threads>(layout) }.header().owner.shard().pool;
        if let Some(handle) = shared.try_add_handle() {
            return Ok(Self::from_shared(handle.into_shared()));
        }
        Ok(Self::from_shared(closing::successor(shared)?))
    }

    /// Makes room for `additional` allocations of this thread that follow at once: as [`SyncRawPool::reserve`], but
    /// nothing is kept for longer than it is used, and it is not worth while to look for what is free already if the
    /// pool is 64 times as large.
    ///
    /// # Errors
    ///
    /// As [`SyncRawPool::reserve`].
    pub fn prepare(&self, additional: usize) -> Result<(), AllocError> {
        if additional == 0 || self.capacity() / 64 > additional {
            return Ok(());
        }
        self.pool.shared().make_room(additional)
    }

    /// Whether both are handles to one pool.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.pool.shared() == other.pool.shared()
    }
}

impl Clone for SyncPoolHandle {
    fn clone(&self) -> Self {
        self.pool.shared().add_handle();
        Self::from_shared(self.pool.shared())
    }
}

impl Drop for SyncPoolHandle {
    fn drop(&mut self) {
        self.pool.shared().release_handle();
    }
}

impl Deref for SyncPoolHandle {
    type Target = SyncRawPool;

    #[inline]
    fn deref(&self) -> &SyncRawPool {
        &self.pool
    }
}

impl fmt::Debug for SyncPoolHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
