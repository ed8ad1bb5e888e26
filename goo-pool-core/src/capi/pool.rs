//! A pool as a `GooAllocator`.

use core::alloc::Layout;
use core::cell::Cell;
use core::ffi::c_void;
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};

use crate::allocate::Allocate as _;
use crate::builder::RawPoolBuilder;
use crate::capi::default::forget_default;
use crate::capi::failure::{Request, report};
use crate::capi::stats::{GooAllocStats, Ledger};
use crate::capi::types::{GooAllocOptions, GooAllocStrategy, GooAllocator};
use crate::capi::upstream::{self, Upstream};
use crate::heap::{Heap, HeapPtr};
use crate::inspect::Place;
use crate::raw_pool::RawPool;
use crate::watch::CHECKS;

/// A pool for one thread. Its memory, this record's too, comes from the parent.
#[repr(C)]
#[derive(Debug)]
pub struct GooPoolAllocator {
    /// What makes it an allocator. First, so that the address of one is the address of the other.
    pub allocator: GooAllocator,
    /// Where its memory comes from.
    pub parent: *mut GooAllocator,
    /// Bytes of a chunk.
    pub chunk_size: usize,
    /// What every chunk is aligned to.
    pub alignment: usize,
    /// The heap, whose only handle this is.
    engine: *mut c_void,
}

/// Chunks are aligned to what divides their size, up to this, also where less is asked for: it costs nothing, and an allocation
/// from a pool of chunks of 64 bytes may ask for an alignment of 16 although the pool was made with 8.
const FREE_ALIGNMENT: usize = 64;

impl GooPoolAllocator {
    /// A chunk, or nothing and nothing has changed.
    fn take(&self, size: usize, alignment: usize, options: GooAllocOptions) -> Option<NonNull<u8>> {
        if !self.fits(size, alignment, options) {
            return None;
        }
        let chunk = self.engine().allocate().ok()?;
        if options.has(GooAllocOptions::ZERO) {
            // SAFETY: the chunk is ours, and as large.
            unsafe { chunk.write_bytes(0, size) };
        }
        self.count();
        Some(chunk)
    }

    /// One chunk more is live.
    #[inline(always)]
    fn count(&self) {
        if let Some(ledger) = self.ledger() {
            ledger.allocated(self.chunk_size);
        }
    }

    /// Whether a chunk is what is asked for.
    #[inline(always)]
    fn fits(&self, size: usize, alignment: usize, options: GooAllocOptions) -> bool {
        size <= self.chunk_size && options.alignment(alignment).is_some_and(|alignment| alignment <= self.alignment)
    }

    /// The pool itself. Not dropped: it is `destroy` that ends it.
    #[inline(always)]
    fn engine(&self) -> ManuallyDrop<RawPool> {
        // SAFETY: it is a heap's address (X2).
        let heap = unsafe { NonNull::new_unchecked(self.engine.cast::<Heap>()) };
        // SAFETY: alive until `destroy`, and the pointer is the heap's own (X2).
        let heap = unsafe { HeapPtr::new(heap) };
        ManuallyDrop::new(RawPool::from_heap(heap))
    }

    /// The books, if they are kept.
    #[inline(always)]
    fn ledger(&self) -> Option<Ledger<'_, false>> {
        self.allocator.track_stats.get().then_some(Ledger(&self.allocator.stats))
    }

    /// Whether `ptr` is a live chunk; says so if it is not. Always true when checks are off.
    #[inline(always)]
    fn vouches_for(&self, ptr: NonNull<u8>) -> bool {
        !CHECKS || self.find(ptr)
    }

    fn find(&self, ptr: NonNull<u8>) -> bool {
        let fault = match self.engine().heap().place_of(ptr.as_ptr()) {
            Place::Live => return true,
            Place::Free => "is free already",
            Place::NotAChunk => "is in this pool, but not where a chunk starts",
            Place::Foreign => "is not from this pool",
        };
        report(format_args!("pool {self:p} refuses {ptr:p}: it {fault}"));
        false
    }
}

/// # Safety
///
/// 1. `this` is null or a pool that is alive for `'a`, on its thread.
#[inline(always)]
unsafe fn pool<'a>(this: *mut GooAllocator) -> Option<&'a GooPoolAllocator> {
    // SAFETY: (1); what C changes of it is in cells (X1).
    unsafe { this.cast::<GooPoolAllocator>().as_ref() }
}

/// # Safety
///
/// 1. `this` is null or a pool, on its thread.
unsafe extern "C" fn pool_alloc(
    this: *mut GooAllocator,
    size: usize,
    alignment: usize,
    options: GooAllocOptions,
) -> *mut c_void {
    // SAFETY: (1).
    let Some(pool) = (unsafe { pool(this) }) else { return ptr::null_mut() };
    if options.is_plain() && pool.fits(size, alignment, GooAllocOptions::DEFAULT) {
        let heap = pool.engine().heap();
        // SAFETY: it is the geometry's.
        if let Some(chunk) = unsafe { heap.at_hand(heap.geometry.stride()) } {
            pool.count();
            return chunk.get().as_ptr().cast();
        }
    }
    alloc_slow(pool, size, alignment, options)
}

/// All that `pool_alloc` leaves over, with what that needs of the stack.
#[inline(never)]
fn alloc_slow(pool: &GooPoolAllocator, size: usize, alignment: usize, options: GooAllocOptions) -> *mut c_void {
    let take = || pool.take(size, alignment, options);
    match take() {
        Some(chunk) => chunk.as_ptr().cast(),
        None => Request { size, alignment, options }.follow_strategy(&pool.allocator, take),
    }
}

/// # Safety
///
/// 1. `this` is null or a pool, on its thread, and `ptr` is null or a live chunk of it that nobody else uses.
unsafe extern "C" fn pool_realloc(
    this: *mut GooAllocator,
    ptr: *mut c_void,
    old_size: usize,
    new_size: usize,
    alignment: usize,
    options: GooAllocOptions,
) -> *mut c_void {
    let Some(chunk) = NonNull::new(ptr.cast::<u8>()) else {
        // SAFETY: (1).
        return unsafe { pool_alloc(this, new_size, alignment, options) };
    };
    // SAFETY: (1).
    let Some(pool) = (unsafe { pool(this) }) else { return ptr::null_mut() };
    if new_size == 0 {
        // SAFETY: (1).
        unsafe { pool_free(this, ptr, old_size, alignment) };
        return ptr::null_mut();
    }
    if !pool.vouches_for(chunk) {
        return ptr::null_mut();
    }
    if !pool.fits(new_size, alignment, options) {
        // No other chunk would be larger.
        return Request { size: new_size, alignment, options }.follow_strategy(&pool.allocator, || None);
    }
    if options.has(GooAllocOptions::ZERO) && new_size > old_size {
        // SAFETY: within the chunk, whose size the new one does not exceed.
        let tail = unsafe { chunk.byte_add(old_size) };
        // SAFETY: as above, and the chunk is the caller's (1).
        unsafe { tail.write_bytes(0, new_size - old_size) };
    }
    ptr
}

/// # Safety
///
/// 1. `this` is null or a pool, on its thread, and `ptr` is null or a live chunk of it that nobody uses any more.
unsafe extern "C" fn pool_free(this: *mut GooAllocator, ptr: *mut c_void, _size: usize, _alignment: usize) {
    let Some(chunk) = NonNull::new(ptr.cast::<u8>()) else { return };
    // SAFETY: (1).
    let Some(pool) = (unsafe { pool(this) }) else { return };
    if !pool.vouches_for(chunk) {
        return;
    }
    // SAFETY: (1).
    unsafe { pool.engine().deallocate(chunk) };
    if let Some(ledger) = pool.ledger() {
        ledger.freed(pool.chunk_size);
    }
}

/// # Safety
///
/// 1. `this` is null or a pool, on its thread, and nobody uses it or its chunks any more.
unsafe extern "C" fn pool_destroy(this: *mut GooAllocator) {
    // SAFETY: (1).
    let Some(pool) = (unsafe { pool(this) }) else { return };
    forget_default(this);
    let parent = pool.parent;
    drop(ManuallyDrop::into_inner(pool.engine()));
    // SAFETY: `create` was given one.
    let parent = unsafe { NonNull::new_unchecked(parent) };
    // SAFETY: it is not null.
    let record = unsafe { NonNull::new_unchecked(this) }.cast();
    // SAFETY: it came from there, and is not used any more (1).
    unsafe { upstream::give_back(parent, record, Layout::new::<GooPoolAllocator>()) };
}

/// A pool with room for `initial_capacity` chunks, or null.
///
/// # Safety
///
/// 1. `parent` is null, or an allocator that outlives the pool, on its thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn goo_pool_allocator_create(
    parent: *mut GooAllocator,
    chunk_size: usize,
    alignment: usize,
    initial_capacity: usize,
) -> *mut GooPoolAllocator {
    // SAFETY: (1).
    let pool = unsafe { create(parent, chunk_size, alignment, initial_capacity, |builder| builder) };
    pool.map_or(ptr::null_mut(), NonNull::as_ptr)
}

/// A pool with so many chunks in a block and room for one block, or null.
///
/// # Safety
///
/// 1. As [`goo_pool_allocator_create`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn goo_pool_allocator_create_sized(
    parent: *mut GooAllocator,
    chunk_size: usize,
    alignment: usize,
    chunks_per_block: usize,
) -> *mut GooPoolAllocator {
    let sized = |builder: RawPoolBuilder<_>| builder.chunks_per_block(chunks_per_block);
    // SAFETY: (1).
    let pool = unsafe { create(parent, chunk_size, alignment, chunks_per_block, sized) };
    pool.map_or(ptr::null_mut(), NonNull::as_ptr)
}

/// # Safety
///
/// 1. `parent` is null, or an allocator that outlives the pool, on its thread.
unsafe fn create(
    parent: *mut GooAllocator,
    chunk_size: usize,
    alignment: usize,
    capacity: usize,
    configure: impl FnOnce(RawPoolBuilder<Upstream>) -> RawPoolBuilder<Upstream>,
) -> Option<NonNull<GooPoolAllocator>> {
    let parent = NonNull::new(parent)?;
    if chunk_size == 0 || capacity == 0 {
        return None;
    }
    let layout = chunk_layout(chunk_size, alignment)?;
    // SAFETY: (1).
    let functions = unsafe { parent.as_ref() };
    if functions.alloc.get().is_none() || functions.free.get().is_none() {
        return None;
    }

    let own = Layout::new::<GooPoolAllocator>();
    // SAFETY: (1).
    let (place, bytes) = unsafe { upstream::take(parent, own) }?;
    let place = place.cast::<GooPoolAllocator>();
    // SAFETY: sized and aligned for it, and ours.
    unsafe { place.write(GooPoolAllocator::without_engine(parent, layout)) };
    // SAFETY: just written.
    let stats = unsafe { &raw const (*place.as_ptr()).allocator.stats }.cast_mut();
    // SAFETY: a field of something that is not at null.
    let stats = unsafe { NonNull::new_unchecked(stats) };
    // SAFETY: just written; all of it is cells.
    Ledger::<false>(unsafe { stats.as_ref() }).reserved(bytes);
    // SAFETY: the parent outlives the pool (1), and the pool's record what the pool has from the parent.
    let upstream = unsafe { Upstream::new(parent, stats) };
    match configure(RawPool::builder(layout).parent(upstream).capacity(capacity)).build() {
        Ok(engine) => {
            let heap = ManuallyDrop::new(engine).heap();
            // The program sees to it that one thread at a time has the pool, whichever that is.
            heap.thread.set(0);
            let engine = heap.get().as_ptr().cast();
            // SAFETY: written above, and nobody has it yet.
            unsafe { (*place.as_ptr()).engine = engine };
            Some(place)
        }
        Err(_) => {
            // SAFETY: it came from there, and nobody has it.
            unsafe { upstream::give_back(parent, place.cast(), own) };
            None
        }
    }
}

/// The layout of a pool's chunks. `None` if there is none with that size and alignment.
fn chunk_layout(size: usize, alignment: usize) -> Option<Layout> {
    let asked = Layout::from_size_align(size, alignment).ok()?.pad_to_align();
    let divides = 1 << asked.size().trailing_zeros();
    Layout::from_size_align(asked.size(), alignment.max(FREE_ALIGNMENT.min(divides))).ok()
}

impl GooPoolAllocator {
    fn without_engine(parent: NonNull<GooAllocator>, layout: Layout) -> Self {
        Self {
            allocator: GooAllocator {
                alloc: Cell::new(Some(pool_alloc)),
                realloc: Cell::new(Some(pool_realloc)),
                free: Cell::new(Some(pool_free)),
                destroy: Cell::new(Some(pool_destroy)),
                strategy: Cell::new(GooAllocStrategy::NULL),
                out_of_mem_fn: Cell::new(None),
                context: Cell::new(ptr::null_mut()),
                track_stats: Cell::new(true),
                stats: GooAllocStats::new(),
            },
            parent: parent.as_ptr(),
            chunk_size: layout.size(),
            alignment: layout.align(),
            engine: ptr::null_mut(),
        }
    }
}

/// Makes all chunks free and keeps the memory.
///
/// # Safety
///
/// 1. `pool` is null or a pool, on its thread, and nobody uses its chunks any more, nor gives one back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn goo_pool_reset(pool: *mut GooPoolAllocator) {
    // SAFETY: (1).
    let Some(pool) = (unsafe { self::pool(pool.cast()) }) else { return };
    // Also when nothing is counted: nothing is live now. And first: a subscriber that hears of the reset may allocate.
    Ledger::<false>(&pool.allocator.stats).emptied();
    // SAFETY: (1).
    unsafe { pool.engine().reset() };
}

/// How many chunks are free, and how many there are. What is asked for with null is not told.
///
/// # Safety
///
/// 1. `pool` is null or a pool, on its thread; the others are null, or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn goo_pool_get_stats(
    pool: *mut GooPoolAllocator,
    free_chunks: *mut usize,
    total_chunks: *mut usize,
) {
    // SAFETY: (1).
    let stats = unsafe { self::pool(pool.cast()) }.map(|pool| pool.engine().stats()).unwrap_or_default();
    for (place, number) in [(free_chunks, stats.free_chunks), (total_chunks, stats.total_chunks)] {
        if !place.is_null() {
            // SAFETY: (1).
            unsafe { place.write(number) };
        }
    }
}
