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
use crate::allocate::Allocate;
use crate::block::ChunkPtr;
use crate::error::{AllocError, BuildError};
use crate::geometry::Geometry;
use crate::handle::Handle;
use crate::row::Row;
use crate::stats::Stats;
use crate::watch::CHECKS;

/// One of several owners of a [`SyncRawPool`], for building typed pools on top.
///
/// Unlike a `SyncRawPool`, it does not take the chunks with it: when the last handle goes, on whatever thread, the
/// pool *closes*. From then on each segment goes back to the parent with its last live chunk, and the pool itself with
/// the last segment. A chunk is given back without a handle, by its address and geometry alone.
///
/// A chunk that is being freed on one thread while another drops the last handle may be found a little later: when
/// any thread-safe pool grows or closes, or a thread that used one ends.
///
/// What it does is in [`Handle`]; otherwise it dereferences to the pool.
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
}

// SAFETY: a handle's chunks are those of its pool's state (1, 2), which goes with the last handle and chunk (3).
unsafe impl Handle for SyncPoolHandle {
    const SHARED: bool = true;

    #[inline(always)]
    unsafe fn allocate_in(&self, geometry: &Geometry) -> Result<NonNull<u8>, AllocError> {
        // SAFETY: the pool's stride, since it is the pool's geometry (1).
        unsafe { self.pool.shared().allocate(geometry.stride()) }.map(ChunkPtr::get)
    }

    #[inline(always)]
    unsafe fn allocate_in_or(&self, geometry: &Geometry, fail: fn(AllocError) -> !) -> NonNull<u8> {
        // SAFETY: the pool's stride, since it is the pool's geometry (1).
        unsafe { self.pool.shared().allocate_or(geometry.stride(), fail) }.get()
    }

    /// From any thread; costs what [`SyncRawPool::deallocate`] does.
    #[inline(always)]
    unsafe fn deallocate_in(chunk: NonNull<u8>, geometry: &Geometry) {
        // SAFETY: it is a chunk (1).
        let chunk = unsafe { ChunkPtr::new(chunk) };
        // SAFETY: (1) to (3).
        unsafe { shard::free(chunk, *geometry) };
    }

    #[inline]
    unsafe fn deallocate_dyn(chunk: NonNull<u8>, layout: Layout) {
        // SAFETY: it is a chunk (1).
        let chunk = unsafe { ChunkPtr::new(chunk) };
        // SAFETY: it lies in a block of the size that its layout says (2).
        let block = unsafe { chunk.block_of_layout::<Threads>(layout) };
        if CHECKS {
            block.check_header(chunk);
        }
        let geometry = block.header().owner.shard().pool.geometry;
        // SAFETY: (1), and it is the pool's own geometry.
        unsafe { shard::free(chunk, geometry) };
    }

    /// A pool that has closed is not opened again: then it is a handle to the pool's successor, which has the same
    /// settings and parent, and is the same for all of the pool's chunks.
    unsafe fn of(chunk: NonNull<u8>, layout: Layout) -> Result<Self, BuildError> {
        // SAFETY: it is a chunk (1).
        let chunk = unsafe { ChunkPtr::new(chunk) };
        // SAFETY: it lies in a block of the size that its layout says (2).
        let shared = unsafe { chunk.block_of_layout::<Threads>(layout) }.header().owner.shard().pool;
        if let Some(handle) = shared.try_add_handle() {
            return Ok(Self::from_shared(handle.into_shared()));
        }
        Ok(Self::from_shared(closing::successor(shared)?))
    }

    /// For this thread's allocations.
    fn prepare(&self, additional: usize) -> Result<(), AllocError> {
        self.pool.shared().prepare(additional)
    }

    fn allocate(&self) -> Result<NonNull<u8>, AllocError> {
        self.pool.allocate()
    }

    fn take_row(&self) -> Result<Row, AllocError> {
        self.pool.shared().take_row()
    }

    unsafe fn give_row(&self, row: Row) {
        // SAFETY: (1) and (2).
        unsafe { self.pool.shared().give_row(row) };
    }

    fn reserve(&self, additional: usize) -> Result<(), AllocError> {
        self.pool.reserve(additional)
    }

    fn shrink_to_fit(&self) {
        self.pool.shrink_to_fit();
    }

    fn len(&self) -> usize {
        self.pool.len()
    }

    fn layout(&self) -> Layout {
        self.pool.layout()
    }

    fn capacity(&self) -> usize {
        self.pool.capacity()
    }

    fn stats(&self) -> Stats {
        self.pool.stats()
    }

    fn ptr_eq(&self, other: &Self) -> bool {
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
