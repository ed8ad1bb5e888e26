//! The untyped half of a typed pool: shared ownership, and a way back from a chunk to its pool.

use core::alloc::Layout;
use core::fmt;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::ptr::NonNull;

use crate::block::ChunkPtr;
use crate::error::AllocError;
use crate::geometry::Geometry;
use crate::heap::HeapPtr;
use crate::kind::Local;
use crate::raw_pool::RawPool;

/// One of several owners of a [`RawPool`], for building typed pools on top.
///
/// Unlike a `RawPool`, it does not take the chunks with it: when the last handle goes, the pool *closes*.
/// From then on each segment goes back to the parent with its last live chunk, and the pool itself with
/// the last segment. A chunk is given back without a handle, by its address and geometry alone.
///
/// It dereferences to the pool. As all of a pool, its chunks are freed on the thread that it belongs to.
pub struct PoolHandle {
    /// Owns one of the heap's handles; never dropped as a `RawPool`.
    pool: ManuallyDrop<RawPool>,
}

impl PoolHandle {
    pub(crate) fn new(pool: RawPool) -> Self {
        Self { pool: ManuallyDrop::new(pool) }
    }

    /// A free chunk, as [`RawPool::allocate`]. `geometry` must be the pool's; being a constant for the
    /// caller, it makes the fast path faster.
    ///
    /// # Errors
    ///
    /// As [`RawPool::allocate`].
    ///
    /// # Safety
    ///
    /// 1. `geometry` equals the pool's ([`RawPool::geometry`]).
    #[inline(always)]
    pub unsafe fn allocate_in(&self, geometry: &Geometry) -> Result<NonNull<u8>, AllocError> {
        // SAFETY: the heap's stride, since it is the heap's geometry (1).
        unsafe { self.pool.heap().allocate(geometry.stride()) }.map(ChunkPtr::get)
    }

    /// As [`allocate_in`](Self::allocate_in), for callers that do not come back from an error: without one
    /// to hand on, the fast path is shorter.
    ///
    /// # Safety
    ///
    /// 1. `geometry` equals the pool's ([`RawPool::geometry`]).
    #[inline(always)]
    pub unsafe fn allocate_in_or(&self, geometry: &Geometry, fail: fn(AllocError) -> !) -> NonNull<u8> {
        // SAFETY: the heap's stride, since it is the heap's geometry (1).
        unsafe { self.pool.heap().allocate_or(geometry.stride(), fail) }.get()
    }

    /// Gives a chunk back to the pool it came from, open or closed.
    ///
    /// # Safety
    ///
    /// 1. `chunk` came from a pool behind a `PoolHandle`, has not been given back since, and may be used
    ///    for all of its segment: it is the pointer that the pool gave, not one made from a reference. The
    ///    caller is on the pool's thread.
    /// 2. Nobody touches its bytes after this call.
    /// 3. `geometry` equals that pool's.
    #[inline(always)]
    pub unsafe fn deallocate_in(chunk: NonNull<u8>, geometry: &Geometry) {
        // SAFETY: it is a chunk (1).
        let chunk = unsafe { ChunkPtr::new(chunk) };
        // SAFETY: the geometry is that of the chunk's pool (3).
        let heap = unsafe { chunk.block::<Local>(*geometry) }.header().owner;
        // SAFETY: (1) to (3).
        unsafe { heap.free(chunk, *geometry) };
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
        let block = unsafe { chunk.block_of_layout::<Local>(layout) };
        let heap = block.header().owner;
        // SAFETY: (1), and it is the heap's own geometry.
        unsafe { heap.free(chunk, heap.geometry) };
    }

    /// A handle to the pool of a chunk. Opens the pool again if it is closed.
    ///
    /// # Safety
    ///
    /// 1. `chunk` is a live chunk of a pool behind a `PoolHandle`, given by the pool itself as for
    ///    [`deallocate_in`](Self::deallocate_in).
    /// 2. `layout` is the pool's.
    #[must_use]
    pub unsafe fn of(chunk: NonNull<u8>, layout: Layout) -> Self {
        // SAFETY: it is a chunk (1).
        let chunk = unsafe { ChunkPtr::new(chunk) };
        // SAFETY: it lies in a block of the size that its layout says (2).
        let heap = unsafe { chunk.block_of_layout::<Local>(layout) }.header().owner;
        heap.add_handle();
        Self::new(RawPool::from_heap(heap))
    }

    /// Makes room for `additional` allocations that follow at once: as [`RawPool::reserve`], but nothing is kept
    /// for longer than it is used, and it is not worth while to look for what is free already if the pool is
    /// 64 times as large.
    ///
    /// # Errors
    ///
    /// As [`RawPool::reserve`].
    pub fn prepare(&self, additional: usize) -> Result<(), AllocError> {
        if self.capacity() / 64 > additional {
            return Ok(());
        }
        self.pool.heap().make_room(additional)
    }

    /// Whether both are handles to one pool.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
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
