//! The untyped half of a typed pool: shared ownership, and a way back from a chunk to its pool.

use core::alloc::Layout;
use core::fmt;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::ptr::NonNull;

use crate::allocate::Allocate;
use crate::block::ChunkPtr;
use crate::error::{AllocError, BuildError};
use crate::geometry::Geometry;
use crate::handle::Handle;
use crate::heap::HeapPtr;
use crate::kind::Local;
use crate::raw_pool::RawPool;
use crate::row::Row;
use crate::stats::Stats;
use crate::watch::CHECKS;

/// One of several owners of a [`RawPool`], for building typed pools on top.
///
/// Unlike a `RawPool`, it does not take the chunks with it: when the last handle goes, the pool *closes*.
/// From then on each segment goes back to the parent with its last live chunk, and the pool itself with
/// the last segment. A chunk is given back without a handle, by its address and geometry alone.
///
/// What it does is in [`Handle`]; otherwise it dereferences to the pool. As all of a pool, its chunks are freed on the
/// thread that it belongs to.
pub struct PoolHandle {
    /// Owns one of the heap's handles; never dropped as a `RawPool`.
    pool: ManuallyDrop<RawPool>,
}

impl PoolHandle {
    pub(crate) fn new(pool: RawPool) -> Self {
        Self { pool: ManuallyDrop::new(pool) }
    }
}

// SAFETY: a handle's chunks are its heap's (1, 2), which goes with its last handle and chunk (3).
unsafe impl Handle for PoolHandle {
    const SHARED: bool = false;

    #[inline(always)]
    unsafe fn allocate_in(&self, geometry: &Geometry) -> Result<NonNull<u8>, AllocError> {
        // SAFETY: the heap's stride, since it is the heap's geometry (1).
        unsafe { self.pool.heap().allocate(geometry.stride()) }.map(ChunkPtr::get)
    }

    #[inline(always)]
    unsafe fn allocate_in_or(&self, geometry: &Geometry, fail: fn(AllocError) -> !) -> NonNull<u8> {
        // SAFETY: the heap's stride, since it is the heap's geometry (1).
        unsafe { self.pool.heap().allocate_or(geometry.stride(), fail) }.get()
    }

    #[inline(always)]
    unsafe fn deallocate_in(chunk: NonNull<u8>, geometry: &Geometry) {
        // SAFETY: it is a chunk (1).
        let chunk = unsafe { ChunkPtr::new(chunk) };
        // SAFETY: the geometry is that of the chunk's pool (3).
        let block = unsafe { chunk.block::<Local>(*geometry) };
        if CHECKS {
            block.check_header(chunk);
        }
        let heap = block.header().owner;
        // SAFETY: (1) to (3).
        unsafe { heap.free(chunk, *geometry) };
    }

    #[inline]
    unsafe fn deallocate_dyn(chunk: NonNull<u8>, layout: Layout) {
        // SAFETY: it is a chunk (1).
        let chunk = unsafe { ChunkPtr::new(chunk) };
        // SAFETY: it lies in a block of the size that its layout says (2).
        let block = unsafe { chunk.block_of_layout::<Local>(layout) };
        if CHECKS {
            block.check_header(chunk);
        }
        let heap = block.header().owner;
        // SAFETY: (1), and it is the heap's own geometry.
        unsafe { heap.free(chunk, heap.geometry) };
    }

    /// Opens the pool again if it is closed; never fails.
    unsafe fn of(chunk: NonNull<u8>, layout: Layout) -> Result<Self, BuildError> {
        // SAFETY: it is a chunk (1).
        let chunk = unsafe { ChunkPtr::new(chunk) };
        // SAFETY: it lies in a block of the size that its layout says (2).
        let heap = unsafe { chunk.block_of_layout::<Local>(layout) }.header().owner;
        heap.add_handle();
        Ok(Self::new(RawPool::from_heap(heap)))
    }

    fn prepare(&self, additional: usize) -> Result<(), AllocError> {
        self.pool.heap().prepare(additional)
    }

    fn allocate(&self) -> Result<NonNull<u8>, AllocError> {
        self.pool.allocate()
    }

    fn take_row(&self) -> Result<Row, AllocError> {
        self.pool.heap().take_row()
    }

    unsafe fn give_row(&self, row: Row) {
        // SAFETY: (1) and (2).
        unsafe { self.pool.heap().give_row(row) };
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
        self.pool.heap() == other.pool.heap()
    }
}

impl Clone for PoolHandle {
    fn clone(&self) -> Self {
        let heap: HeapPtr = self.pool.heap();
        heap.add_handle();
        Self::new(RawPool::from_heap(heap))
    }
}

impl Drop for PoolHandle {
    fn drop(&mut self) {
        // SAFETY: ours, and it ends here.
        unsafe { self.pool.heap().release_handle() };
    }
}

impl Deref for PoolHandle {
    type Target = RawPool;

    #[inline]
    fn deref(&self) -> &RawPool {
        &self.pool
    }
}

impl fmt::Debug for PoolHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
