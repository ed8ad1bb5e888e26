//! The untyped thread-safe pool.

use std::alloc::Layout;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr::NonNull;

use super::SharedParent;
use super::closing;
use super::local_shard::LocalShard;
use super::shard;
use super::shared::SharedPtr;
use crate::allocate::Allocate;
use crate::block::ChunkPtr;
use crate::builder::RawPoolBuilder;
use crate::error::{AllocError, BuildError};
use crate::geometry::Geometry;
use crate::parent::Global;
use crate::stats::Stats;

/// A pool of chunks of one [`Layout`], for many threads: each may allocate, and free what any other allocated.
///
/// The pool owns its chunks: dropping it gives all memory back to the parent allocator, also that of
/// chunks that were never freed.
///
/// Each thread has blocks of its own. Allocating costs no locked instruction as long as the thread's blocks have free
/// chunks, and neither does freeing on the thread that allocated. Freeing elsewhere costs one, and one or two more when
/// the chunk is the first of its 64 neighbours that comes back that way. A thread that runs out of chunks takes the
/// pool's lock; no lock is held while the parent is called.
///
/// Memory of a thread that ended is used by the next thread, or by those that would otherwise have to ask the
/// parent. So is what other threads freed of a running thread's chunks, if there is much of it, or nothing else. What a
/// running thread has freed itself stays its own, and it takes memory a block at a time: so with a limit one thread may be
/// refused while another has free chunks.
///
/// After a `fork`, the child must not use the pools of its parent process.
///
/// # Examples
///
/// ```
/// use std::{alloc::Layout, thread};
/// use goo_pool_core::SyncRawPool;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = SyncRawPool::new(Layout::new::<[u64; 4]>())?;
/// thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| {
///             let chunk = pool.allocate().unwrap();
///             // SAFETY: it came from this pool and is not used any more.
///             unsafe { pool.deallocate(chunk) };
///         });
///     }
/// });
/// assert_eq!(pool.len(), 0);
/// # Ok(())
/// # }
/// ```
pub struct SyncRawPool {
    /// The pool's only handle, unless a [`SyncPoolHandle`](crate::SyncPoolHandle) wraps this.
    shared: SharedPtr,
    /// Like its parent, which a drop may drop.
    _parent: PhantomData<SharedParent>,
}

// SAFETY: a chunk is bytes, which any thread may have; the pool's own state is atomics, under a lock, or in the shard of
// the thread that calls (T1); the parent is `Send` and `Sync`.
unsafe impl Send for SyncRawPool {}
// SAFETY: the same.
unsafe impl Sync for SyncRawPool {}

// A panic of the parent leaves a pool whole.
impl UnwindSafe for SyncRawPool {}
impl RefUnwindSafe for SyncRawPool {}

impl SyncRawPool {
    /// A pool for chunks of `layout` over the global allocator. It asks for no chunk's memory yet.
    ///
    /// # Errors
    ///
    /// As [`RawPool::new`](crate::RawPool::new).
    pub fn new(layout: Layout) -> Result<Self, BuildError> {
        Self::builder(layout).build_sync()
    }

    /// Settings for a pool for chunks of `layout`; [`build_sync`](RawPoolBuilder::build_sync) makes it.
    pub fn builder(layout: Layout) -> RawPoolBuilder<Global> {
        RawPoolBuilder::new(layout)
    }

    /// Takes over one of the pool's handles.
    pub(crate) const fn from_shared(shared: SharedPtr) -> Self {
        Self { shared, _parent: PhantomData }
    }

    pub(crate) const fn shared(&self) -> SharedPtr {
        self.shared
    }

    /// A free chunk: valid for reads and writes of the layout, aligned to it, its bytes uninitialised.
    ///
    /// From any thread; no locked instruction unless the thread's own blocks have no free chunk.
    ///
    /// # Errors
    ///
    /// [`AllocError`] if this thread has no free chunk, there is none that is no thread's, and the pool cannot grow.
    #[inline]
    pub fn allocate(&self) -> Result<NonNull<u8>, AllocError> {
        // SAFETY: it is the geometry's.
        unsafe { self.shared.allocate(self.shared.geometry.stride()) }.map(ChunkPtr::get)
    }

    /// A free chunk, all its bytes 0. Otherwise as [`allocate`](Self::allocate).
    ///
    /// # Errors
    ///
    /// As [`allocate`](Self::allocate).
    #[inline]
    pub fn allocate_zeroed(&self) -> Result<NonNull<u8>, AllocError> {
        let chunk = self.allocate()?;
        // SAFETY: the chunk has at least the layout's size and is ours.
        unsafe { chunk.write_bytes(0, self.shared.layout.size()) };
        Ok(chunk)
    }

    /// Gives a chunk back.
    ///
    /// From any thread. On the one that allocated it: no locked instruction, but for a few when a whole block
    /// becomes empty. On others: one, and one or two more to mark the chunk's neighbourhood.
    ///
    /// # Safety
    ///
    /// 1. `chunk` came from this pool, alone and not in a row, and has not been given back since.
    /// 2. Nobody touches its bytes after this call.
    ///
    /// # Panics
    ///
    /// In debug builds, if the chunk is already free and that can be seen without a lock.
    #[inline]
    #[track_caller]
    pub unsafe fn deallocate(&self, chunk: NonNull<u8>) {
        // SAFETY: it is one of our chunks (1).
        let chunk = unsafe { ChunkPtr::new(chunk) };
        // SAFETY: (1), (2), and it is the pool's own geometry.
        unsafe { shard::free(chunk, self.shared.geometry) };
    }

    /// The pool as this thread uses it, for hot loops: saves looking the thread up.
    #[must_use]
    pub fn local(&self) -> LocalShard<'_> {
        LocalShard::new(self)
    }

    /// Makes room for `additional` more chunks than are live now. From any thread; takes the pool's lock.
    ///
    /// # Errors
    ///
    /// [`AllocError`] if that is beyond the limit, the address space or the parent's memory.
    pub fn reserve(&self, additional: usize) -> Result<(), AllocError> {
        self.shared.reserve(additional)
    }

    /// Gives every segment back that is empty as far as this thread can tell: what other running threads have
    /// free in their own blocks stays. From any thread; takes the pool's lock.
    pub fn shrink_to_fit(&self) {
        self.shared.shrink_to_fit();
    }

    /// Whether `ptr` is the address of one of this pool's chunks, live or free. Any pointer may be asked for. From
    /// any thread; takes the pool's lock.
    #[must_use]
    pub fn owns(&self, ptr: *const u8) -> bool {
        self.shared.owns(ptr)
    }

    /// The pool's numbers, added up now. From any thread; takes the pool's lock, for one step for each 64 chunks.
    ///
    /// Exact while no other thread uses the pool; otherwise `live_chunks` is what was seen in passing, never more
    /// than `total_chunks`.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    /// How many chunks are live, as in [`stats`](Self::stats).
    #[must_use]
    pub fn len(&self) -> usize {
        self.stats().live_chunks
    }

    /// Whether no chunk is live, as in [`stats`](Self::stats).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many chunks there are, live or free. From any thread; takes the pool's lock.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.shared.capacity()
    }

    /// Checks the pool's inner invariants in full, for tests.
    ///
    /// # Panics
    ///
    /// If the pool is broken: because of a bug in it, or a broken safety duty.
    ///
    /// # Safety
    ///
    /// 1. While this runs, no other thread uses the pool or frees a chunk of it; and what other threads did with it
    ///    before, happened before (they were joined, or sent a message).
    pub unsafe fn assert_valid(&self) {
        // SAFETY: (1).
        unsafe { self.shared.assert_valid() };
    }

    /// The layout of a chunk, as it was asked for.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.shared.layout
    }

    /// How the chunks lie in memory.
    #[must_use]
    pub fn geometry(&self) -> Geometry {
        *self.shared.geometry
    }
}

impl Drop for SyncRawPool {
    fn drop(&mut self) {
        // SAFETY: the pool is ours alone, its shards' last uses come before, and its chunks end with it.
        unsafe { closing::end(self.shared) };
    }
}

impl fmt::Debug for SyncRawPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncRawPool").field("layout", &self.layout()).field("stats", &self.stats()).finish()
    }
}
