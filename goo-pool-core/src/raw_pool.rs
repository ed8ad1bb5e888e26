//! The untyped pool.

use core::alloc::Layout;
use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::NonNull;

use crate::allocate::Allocate;
use crate::block::ChunkPtr;
use crate::builder::RawPoolBuilder;
use crate::error::AllocError;
use crate::events;
use crate::geometry::Geometry;
use crate::heap::HeapPtr;
use crate::inspect::Place;
use crate::lifecycle;
use crate::parent::Parent;
use crate::reservation::Reservation;
use crate::stats::Stats;
#[cfg(feature = "alloc")]
use crate::{error::BuildError, parent::Global};

/// A pool of chunks of one [`Layout`], freed in any order.
///
/// The pool owns its chunks: dropping it gives all memory back to the parent allocator, also that of
/// chunks that were never freed. It belongs to one thread.
///
/// A chunk has the alignment that was asked for and no header. Allocating and freeing take a few
/// instructions and never touch the chunk's bytes.
///
/// # Examples
///
/// ```
/// use std::alloc::Layout;
/// use goo_pool_core::RawPool;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = RawPool::new(Layout::from_size_align(128, 16)?)?;
/// let chunk = pool.allocate()?;
/// assert_eq!(chunk.addr().get() % 16, 0);
/// // SAFETY: the chunk is ours and has 128 bytes.
/// unsafe { chunk.write_bytes(0xa5, 128) };
/// // SAFETY: it came from this pool and is not used any more.
/// unsafe { pool.deallocate(chunk) };
/// assert_eq!(pool.len(), 0);
/// # Ok(())
/// # }
/// ```
pub struct RawPool {
    /// The heap's only handle, unless a [`PoolHandle`](crate::PoolHandle) wraps this pool.
    heap: HeapPtr,
}

impl RawPool {
    /// A pool for chunks of `layout` over the global allocator. It asks for no chunk's memory yet.
    ///
    /// # Errors
    ///
    /// [`BuildError::Layout`] if a block of such chunks does not fit into the address space,
    /// [`BuildError::Alloc`] if there is no memory for the pool's own record (a few hundred bytes).
    #[cfg(feature = "alloc")]
    pub fn new(layout: Layout) -> Result<Self, BuildError> {
        Self::builder(layout).build()
    }

    /// Settings for a pool for chunks of `layout`.
    #[cfg(feature = "alloc")]
    pub fn builder(layout: Layout) -> RawPoolBuilder<Global> {
        RawPoolBuilder::new(layout)
    }

    /// Settings for a pool for chunks of `layout` that takes its memory from `parent`. The same as
    /// `builder` and then `parent`, also where there is no global allocator.
    pub fn builder_in<P: Parent + 'static>(layout: Layout, parent: P) -> RawPoolBuilder<P> {
        RawPoolBuilder::new_in(layout, parent)
    }

    /// What a pool asks of a parent of type `P` when it is built, for itself and that parent. Each segment is one more request:
    /// [`Geometry::segment_layout`].
    #[must_use]
    pub const fn record_layout<P: Parent + 'static>() -> Layout {
        lifecycle::record_layout::<P>()
    }

    /// Takes over a heap's handle.
    pub(crate) const fn from_heap(heap: HeapPtr) -> Self {
        Self { heap }
    }

    pub(crate) const fn heap(&self) -> HeapPtr {
        self.heap
    }

    /// A free chunk: valid for reads and writes of the layout, aligned to it, its bytes uninitialised.
    ///
    /// # Errors
    ///
    /// [`AllocError`] if all chunks are live and the pool cannot grow; it stays as it was.
    ///
    /// # Panics
    ///
    /// In debug builds and with the feature `hardened`, if somebody wrote into the chunk while it was free.
    #[inline]
    pub fn allocate(&self) -> Result<NonNull<u8>, AllocError> {
        // SAFETY: it is the geometry's.
        unsafe { self.heap.allocate(self.heap.geometry.stride()) }.map(ChunkPtr::get)
    }

    /// A free chunk, all its bytes 0.
    ///
    /// # Errors
    ///
    /// As [`allocate`](Self::allocate).
    #[inline]
    pub fn allocate_zeroed(&self) -> Result<NonNull<u8>, AllocError> {
        let chunk = self.allocate()?;
        // SAFETY: the chunk has at least the layout's size and is ours.
        unsafe { chunk.write_bytes(0, self.heap.layout.size()) };
        Ok(chunk)
    }

    /// Gives a chunk back.
    ///
    /// # Safety
    ///
    /// 1. `chunk` came from this pool, alone and not in a row, and has not been given back since (nor has the pool been
    ///    reset). It is the pointer that the pool gave, not one made from a reference to what is in the chunk.
    /// 2. Nobody touches its bytes after this call.
    ///
    /// # Panics
    ///
    /// In debug builds and with the feature `hardened`, if the chunk is already free, the address is not one of this pool's chunks,
    /// this is another thread than the pool's, or somebody wrote behind the chunk's end. `HARDENING.md` has the whole list.
    #[inline]
    #[track_caller]
    pub unsafe fn deallocate(&self, chunk: NonNull<u8>) {
        // SAFETY: it is one of our chunks, with the pool's own pointer (1).
        let chunk = unsafe { ChunkPtr::new(chunk) };
        // SAFETY: (1), (2), and it is the heap's own geometry.
        unsafe { self.heap.free(chunk, self.heap.geometry) };
    }

    /// Makes all chunks free at once and keeps the memory. One step for each segment; no chunk is touched.
    ///
    /// # Safety
    ///
    /// 1. Nobody touches any chunk that was allocated before, alone, in a row or in a reservation, nor gives it back. (A
    ///    container in the pool does so when it is dropped.)
    /// 2. It is not called while [`for_each_live`](Self::for_each_live) runs.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::alloc::Layout;
    /// use goo_pool_core::RawPool;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = RawPool::new(Layout::new::<u64>())?;
    /// for _ in 0..1000 {
    ///     pool.allocate()?;
    /// }
    /// // SAFETY: no chunk is used after this.
    /// unsafe { pool.reset() };
    /// assert_eq!(pool.len(), 0);
    /// assert!(pool.capacity() >= 1000);
    /// # Ok(())
    /// # }
    /// ```
    pub unsafe fn reset(&self) {
        // SAFETY: (1).
        unsafe { self.heap.reset() };
        events::reset(self.capacity());
    }

    /// Makes room for `additional` more chunks than are live now, in one piece if something is missing.
    ///
    /// From then on at least so much room is kept, until [`shrink_to_fit`](Self::shrink_to_fit). One step for each 64 chunks of
    /// the capacity.
    ///
    /// # Errors
    ///
    /// [`AllocError`] if that is beyond the limit, the address space or the parent's memory; the pool stays
    /// as it was.
    pub fn reserve(&self, additional: usize) -> Result<(), AllocError> {
        self.heap.reserve(additional)
    }

    /// Takes exactly so many chunks, from which as many allocations cannot fail, whatever others take from the pool meanwhile.
    ///
    /// Costs that many allocations, and a word of the parent's memory for each. Until they are used or the reservation is
    /// dropped, they count as live.
    ///
    /// # Errors
    ///
    /// [`AllocError`] if they cannot all be had: then none is taken.
    pub fn reserve_exact(&self, chunks: usize) -> Result<Reservation<&Self>, AllocError> {
        Reservation::new(self, chunks)
    }

    /// Gives every segment without a live chunk back to the parent, and forgets what was reserved. While
    /// [`for_each_live`](Self::for_each_live) runs, that waits for its end.
    pub fn shrink_to_fit(&self) {
        self.heap.shrink_to_fit();
    }

    /// Whether `ptr` is the address of one of this pool's chunks, live or free. Any pointer may be asked for.
    ///
    /// One step for each segment.
    #[must_use]
    pub fn owns(&self, ptr: *const u8) -> bool {
        matches!(self.heap.place_of(ptr), Place::Free | Place::Live)
    }

    /// The pool's numbers, added up now: one step for each 64 chunks.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.heap.stats()
    }

    /// How many chunks are live. One step for each 64 chunks of the capacity.
    #[must_use]
    pub fn len(&self) -> usize {
        self.heap.live_chunks()
    }

    /// Whether no chunk is live.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many chunks there are, live or free: what the pool holds without another request to the parent.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.heap.store.segments.chunks.get()
    }

    /// The layout of a chunk, as it was asked for.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.heap.layout
    }

    /// How the chunks lie in memory.
    #[must_use]
    pub fn geometry(&self) -> Geometry {
        *self.heap.geometry
    }

    /// Calls `visit` with every live chunk, in address order within each segment. Those of a row and of a
    /// reservation are all live, whether something was written there or not.
    ///
    /// `visit` may allocate and free in this pool: a chunk freed before its turn is not visited, one
    /// allocated meanwhile may be. Memory that becomes empty goes back when the walk is over.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::alloc::Layout;
    /// use goo_pool_core::RawPool;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = RawPool::new(Layout::new::<u32>())?;
    /// for value in 1..=3 {
    ///     // SAFETY: the chunk is ours, and as large and aligned as a u32.
    ///     unsafe { pool.allocate()?.cast::<u32>().write(value) };
    /// }
    /// let mut sum = 0;
    /// // SAFETY: every live chunk holds a u32.
    /// pool.for_each_live(|chunk| sum += unsafe { chunk.cast::<u32>().read() });
    /// assert_eq!(sum, 6);
    /// # Ok(())
    /// # }
    /// ```
    pub fn for_each_live(&self, mut visit: impl FnMut(NonNull<u8>)) {
        let _hold = self.heap.hold();
        self.heap.for_each_live(|chunk| visit(chunk.get()));
    }

    /// Checks the pool's inner invariants in full, for tests. Debug builds do so whenever a pool grows.
    ///
    /// # Panics
    ///
    /// If the pool is broken: because of a bug in it, or a broken safety duty.
    pub fn assert_valid(&self) {
        self.heap.assert_valid();
    }
}

// A panic, of the parent or of what `for_each_live` calls, leaves a pool whole.
impl UnwindSafe for RawPool {}
impl RefUnwindSafe for RawPool {}

impl Drop for RawPool {
    fn drop(&mut self) {
        // SAFETY: the pool owns its chunks; whoever still has one may not use it (`deallocate`'s first duty).
        unsafe { self.heap.reset() };
        // All chunks are free now, so the heap closes empty, and that ends it.
        // SAFETY: ours, and the pool ends here.
        unsafe { self.heap.release_handle() };
    }
}

impl fmt::Debug for RawPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawPool").field("layout", &self.layout()).field("stats", &self.stats()).finish()
    }
}
