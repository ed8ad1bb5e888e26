//! The C interface, called from Rust: what a C program sees, without a C compiler.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::ptr;
use std::slice;
use std::sync::{Mutex, MutexGuard};
use std::thread;

use goo_pool_core::capi::types::{MAX_RETRIES, PAGE_BYTES};
use goo_pool_core::capi::*;

const NONE: *mut c_void = ptr::null_mut();
const PLAIN: GooAllocOptions = GooAllocOptions::DEFAULT;
const ZERO: GooAllocOptions = GooAllocOptions::ZERO;

/// An allocator, as a C program has it.
#[derive(Clone, Copy)]
struct Allocator(*mut GooAllocator);

// The calls below are what a C program may do: the allocators are alive, and what is freed is not used any more.
impl Allocator {
    fn system() -> Self {
        let system = Self(goo_system_allocator_create());
        system.fields().strategy.set(GooAllocStrategy::NULL);
        system
    }

    fn fields<'a>(self) -> &'a GooAllocator {
        // SAFETY: alive, and made of cells.
        unsafe { &*self.0 }
    }

    fn alloc(self, size: usize, alignment: usize, options: GooAllocOptions) -> *mut c_void {
        // SAFETY: an allocator.
        unsafe { self.fields().alloc.get().unwrap()(self.0, size, alignment, options) }
    }

    fn realloc(self, ptr: *mut c_void, old: usize, new: usize, options: GooAllocOptions) -> *mut c_void {
        // SAFETY: live memory of this allocator.
        unsafe { self.fields().realloc.get().unwrap()(self.0, ptr, old, new, 8, options) }
    }

    fn free(self, ptr: *mut c_void) {
        // SAFETY: memory of this allocator that is not used any more, or the checks refuse it.
        unsafe { self.fields().free.get().unwrap()(self.0, ptr, 0, 0) }
    }

    fn destroy(self) {
        // SAFETY: not used any more.
        unsafe { self.fields().destroy.get().unwrap()(self.0) }
    }

    /// Checked for what is always true.
    fn stats(self) -> GooAllocStats {
        // SAFETY: an allocator.
        let stats = unsafe { goo_get_alloc_stats(self.0) };
        assert_eq!(stats.total_allocations.get(), stats.total_frees.get() + stats.allocation_count.get());
        assert!(stats.bytes_allocated <= stats.max_bytes_allocated);
        stats
    }
}

/// A pool over a system allocator of its own; both end with it, and everything must be back by then.
struct Pool {
    pool: *mut GooPoolAllocator,
    system: Allocator,
}

impl Pool {
    fn new(chunk_size: usize, alignment: usize, capacity: usize) -> Self {
        let system = Allocator::system();
        // SAFETY: the parent outlives the pool.
        let pool = unsafe { goo_pool_allocator_create(system.0, chunk_size, alignment, capacity) };
        assert!(!pool.is_null());
        Self { pool, system }
    }

    fn allocator(&self) -> Allocator {
        Allocator(self.pool.cast())
    }

    fn counts(&self) -> (usize, usize) {
        let (mut free, mut total) = (0, 0);
        // SAFETY: a pool, and places to write to.
        unsafe { goo_pool_get_stats(self.pool, &raw mut free, &raw mut total) };
        (free, total)
    }

    fn reset(&self) {
        // SAFETY: no chunk is used any more.
        unsafe { goo_pool_reset(self.pool) };
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.allocator().destroy();
        if !thread::panicking() {
            let stats = self.system.stats();
            assert_eq!((stats.bytes_allocated.get(), stats.bytes_reserved.get()), (0, 0));
        }
        self.system.destroy();
    }
}

fn bytes<'a>(memory: *mut c_void, size: usize) -> &'a mut [u8] {
    // SAFETY: live memory with so many bytes that were written.
    unsafe { slice::from_raw_parts_mut(memory.cast(), size) }
}

fn fill(memory: *mut c_void, size: usize) {
    // SAFETY: live memory with so many bytes.
    unsafe { memory.cast::<u8>().write_bytes(0xa5, size) };
}

std::thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
    /// What the handler does.
    static WORK: RefCell<Option<Box<dyn Fn()>>> = const { RefCell::new(None) };
}

unsafe extern "C" fn handler() {
    CALLS.set(CALLS.get() + 1);
    WORK.with_borrow(|work| work.as_ref().map_or((), |work| work()));
}

/// How often the handler is called while `run` runs.
fn calls_of_handler<R>(work: impl Fn() + 'static, run: impl FnOnce() -> R) -> (R, usize) {
    CALLS.set(0);
    WORK.set(Some(Box::new(work)));
    let result = run();
    WORK.set(None);
    (result, CALLS.get())
}

fn retrying(allocator: Allocator) {
    allocator.fields().strategy.set(GooAllocStrategy::RETRY);
    allocator.fields().out_of_mem_fn.set(Some(handler));
}

#[test]
fn chunks_have_the_alignment_asked_for() {
    for alignment in [1, 2, 8, 16, 32, 64, 256, 4096] {
        for size in [1, 24, 40, 200] {
            let pool = Pool::new(size, alignment, 3);
            let allocator = pool.allocator();
            let chunks: Vec<_> = (0..20).map(|_| allocator.alloc(size, alignment, PLAIN)).collect();
            for &chunk in &chunks {
                assert!(!chunk.is_null());
                assert_eq!(chunk.addr() % alignment, 0);
                fill(chunk, size);
            }
            chunks.into_iter().for_each(|chunk| allocator.free(chunk));
        }
    }
}

#[test]
fn a_pool_keeps_the_alignment_that_its_chunk_size_has_anyway() {
    let pool = Pool::new(48, 8, 10);
    let allocator = pool.allocator();
    assert!((0..10).all(|_| allocator.alloc(48, 16, PLAIN).addr() % 16 == 0));
    assert!(allocator.alloc(48, 32, PLAIN).is_null());
}

#[test]
fn arguments_that_make_no_sense_give_null() {
    let system = Allocator::system();
    let create = |parent: *mut GooAllocator, size, alignment, count| {
        // SAFETY: null or an allocator.
        let one = unsafe { goo_pool_allocator_create(parent, size, alignment, count) };
        // SAFETY: as above.
        let other = unsafe { goo_pool_allocator_create_sized(parent, size, alignment, count) };
        (one, other)
    };
    let nothing = (ptr::null_mut(), ptr::null_mut());
    assert_eq!(create(ptr::null_mut(), 64, 8, 10), nothing);
    assert_eq!(create(system.0, 0, 8, 10), nothing);
    assert_eq!(create(system.0, 64, 0, 10), nothing);
    assert_eq!(create(system.0, 64, 24, 10), nothing);
    assert_eq!(create(system.0, 64, 8, 0), nothing);
    assert_eq!(create(system.0, usize::MAX, 8, 10), nothing);
    assert_eq!(create(system.0, usize::MAX / 2, 1, 10), nothing);
    assert_eq!(create(system.0, 64, 1 << (usize::BITS - 1), 10), nothing);
    assert_eq!(create(system.0, 64, 8, usize::MAX), nothing);
    assert_eq!(create(system.0, 64, 8, usize::MAX / 64), nothing);
    let stats = system.stats();
    assert_eq!((stats.bytes_allocated.get(), stats.bytes_reserved.get()), (0, 0));

    for allocator in [system, Allocator(Pool::leak(64))] {
        let failed = allocator.stats().failed_allocations.get();
        assert!(allocator.alloc(8, 0, PLAIN).is_null());
        assert!(allocator.alloc(8, 12, PLAIN).is_null());
        assert!(allocator.alloc(usize::MAX, 8, PLAIN).is_null());
        assert!(allocator.alloc(usize::MAX - 15, 16, PLAIN).is_null());
        assert!(allocator.alloc(8, 1 << (usize::BITS - 1), PLAIN).is_null());
        assert_eq!(allocator.stats().failed_allocations.get() - failed, 5);
        let memory = allocator.alloc(8, 8, ZERO);
        assert!(allocator.realloc(memory, 8, usize::MAX, PLAIN).is_null());
        assert_eq!(bytes(memory, 8), [0; 8]);
        allocator.free(memory);
        allocator.destroy();
    }
}

impl Pool {
    /// A pool over the built-in allocator.
    fn leak(chunk_size: usize) -> *mut GooAllocator {
        // SAFETY: the built-in allocator is always there.
        unsafe { goo_pool_allocator_create(goo_get_default_allocator(), chunk_size, 8, 1).cast() }
    }
}

#[test]
fn null_for_an_allocator_or_a_pool_is_no_crash() {
    let pool = Pool::new(64, 8, 1);
    for table in [pool.allocator().fields(), pool.system.fields()] {
        // SAFETY: null is allowed.
        assert!(unsafe { table.alloc.get().unwrap()(ptr::null_mut(), 8, 8, PLAIN) }.is_null());
        // SAFETY: null is allowed.
        assert!(unsafe { table.realloc.get().unwrap()(ptr::null_mut(), NONE, 0, 8, 8, PLAIN) }.is_null());
        // SAFETY: null is allowed.
        unsafe { table.free.get().unwrap()(ptr::null_mut(), NONE, 8, 8) };
        // SAFETY: null is allowed.
        unsafe { table.destroy.get().unwrap()(ptr::null_mut()) };
    }
    let mut number = 7;
    // SAFETY: null is allowed.
    unsafe { goo_pool_get_stats(ptr::null_mut(), &raw mut number, ptr::null_mut()) };
    assert_eq!(number, 0);
    // SAFETY: null is allowed.
    unsafe { goo_pool_get_stats(pool.pool, ptr::null_mut(), ptr::null_mut()) };
    // SAFETY: null is allowed.
    unsafe { goo_pool_reset(ptr::null_mut()) };
    // SAFETY: null is allowed.
    unsafe { goo_scope_cleanup(ptr::null_mut()) };
}

#[test]
fn freeing_null_does_nothing() {
    let pool = Pool::new(64, 8, 1);
    for allocator in [pool.allocator(), pool.system] {
        let before = allocator.stats();
        allocator.free(NONE);
        assert_eq!(allocator.stats(), before);
    }
}

#[test]
fn a_request_larger_than_the_chunk_follows_the_strategy() {
    let pool = Pool::new(60, 8, 4);
    let allocator = pool.allocator();
    // Rounded up to the alignment.
    assert!(!allocator.alloc(64, 8, PLAIN).is_null());
    assert!(allocator.alloc(65, 8, PLAIN).is_null());
    allocator.fields().out_of_mem_fn.set(Some(handler));
    for (strategy, calls) in [
        (GooAllocStrategy::NULL, 0),
        (GooAllocStrategy::RETRY, MAX_RETRIES),
        (GooAllocStrategy::GC, MAX_RETRIES),
        (GooAllocStrategy(77), 0),
    ] {
        allocator.fields().strategy.set(strategy);
        assert_eq!(calls_of_handler(|| (), || allocator.alloc(65, 8, PLAIN)), (NONE, calls));
        let memory = allocator.alloc(8, 8, ZERO);
        assert_eq!(calls_of_handler(|| (), || allocator.realloc(memory, 8, 65, PLAIN)), (NONE, calls));
        assert_eq!(bytes(memory, 8), [0; 8]);
    }
    assert_eq!(allocator.stats().failed_allocations.get(), 9);
}

#[test]
fn a_handler_that_fails_in_the_same_allocator_is_not_called_for_that() {
    let pool = Pool::new(64, 8, 4);
    let (allocator, system) = (pool.allocator(), pool.system);
    for failing in [allocator, system] {
        retrying(failing);
        let before = failing.stats().failed_allocations.get();
        let work = move || assert!(failing.alloc(usize::MAX, 8, PLAIN).is_null());
        let result = calls_of_handler(work, || failing.alloc(usize::MAX, 8, PLAIN));
        assert_eq!(result, (NONE, MAX_RETRIES));
        assert_eq!(failing.stats().failed_allocations.get() - before, MAX_RETRIES + 1);
        // And afterwards handlers are called again.
        assert_eq!(calls_of_handler(|| (), || failing.alloc(usize::MAX, 8, PLAIN)).1, MAX_RETRIES);
    }
}

#[test]
fn a_handler_that_changes_the_strategy_ends_the_retries() {
    let pool = Pool::new(64, 8, 4);
    let allocator = pool.allocator();
    retrying(allocator);
    let work = move || allocator.fields().strategy.set(GooAllocStrategy::NULL);
    assert_eq!(calls_of_handler(work, || allocator.alloc(65, 8, PLAIN)), (NONE, 1));
}

/// A parent of the program's own: keeps no alignment beyond `most`, and refuses it or ignores it; has only `left` bytes;
/// knows what it gave.
#[repr(C)]
struct Own {
    allocator: GooAllocator,
    most: usize,
    refuses: bool,
    left: Cell<usize>,
    live: RefCell<Vec<(*mut c_void, usize, usize)>>,
    /// Done before each allocation.
    work: RefCell<Option<Box<dyn Fn()>>>,
}

unsafe extern "C" fn own_alloc(
    this: *mut GooAllocator,
    size: usize,
    alignment: usize,
    _: GooAllocOptions,
) -> *mut c_void {
    // SAFETY: it is the function of an `Own`.
    let own = unsafe { &*this.cast::<Own>() };
    let work = own.work.take();
    if let Some(work) = &work {
        work();
    }
    own.work.replace(work);
    if alignment > own.most && own.refuses || size > own.left.get() {
        return NONE;
    }
    own.left.set(own.left.get() - size);
    // One more bit than was asked for, so that what is not asked for is not given by chance.
    let kept = alignment.min(own.most);
    let layout = Layout::from_size_align(size + kept, 2 * kept).unwrap();
    // SAFETY: the size is not 0.
    let whole = unsafe { System.alloc(layout) };
    assert!(!whole.is_null());
    // SAFETY: there are so many bytes more.
    let memory = unsafe { whole.byte_add(kept) }.cast();
    own.live.borrow_mut().push((memory, size, alignment));
    memory
}

unsafe extern "C" fn own_free(this: *mut GooAllocator, ptr: *mut c_void, size: usize, alignment: usize) {
    // SAFETY: it is the function of an `Own`.
    let own = unsafe { &*this.cast::<Own>() };
    let found = own.live.borrow().iter().position(|&piece| piece == (ptr, size, alignment)).expect("what was given");
    own.live.borrow_mut().swap_remove(found);
    own.left.set(own.left.get() + size);
    let kept = alignment.min(own.most);
    let layout = Layout::from_size_align(size + kept, 2 * kept).unwrap();
    // SAFETY: so far in front of it begins what the system gave.
    let whole = unsafe { ptr.byte_sub(kept) }.cast();
    // SAFETY: given for this layout.
    unsafe { System.dealloc(whole, layout) };
}

fn own(most: usize, refuses: bool) -> Own {
    let allocator = GooAllocator {
        alloc: Cell::new(Some(own_alloc)),
        realloc: Cell::new(None),
        free: Cell::new(Some(own_free)),
        destroy: Cell::new(None),
        strategy: Cell::new(GooAllocStrategy::NULL),
        out_of_mem_fn: Cell::new(None),
        context: Cell::new(NONE),
        track_stats: Cell::new(false),
        stats: GooAllocStats::default(),
    };
    let left = Cell::new(usize::MAX);
    Own { allocator, most, refuses, left, live: RefCell::default(), work: RefCell::default() }
}

#[test]
fn a_programs_own_allocator_is_a_parent_whatever_alignment_it_keeps() {
    for (most, refuses) in [(1 << 20, true), (16, true), (16, false), (8, false), (1, false)] {
        let mut own = own(most, refuses);
        let parent: *mut Own = &raw mut own;
        for alignment in [8, 64, 4096] {
            // SAFETY: the parent outlives the pool.
            let pool = unsafe { goo_pool_allocator_create(parent.cast(), 100, alignment, 10) };
            assert!(!pool.is_null());
            let allocator = Allocator(pool.cast());
            for _ in 0..if cfg!(miri) { 20 } else { 2_000 } {
                let chunk = allocator.alloc(100, alignment, PLAIN);
                assert_eq!(chunk.addr() % alignment, 0);
                fill(chunk, 100);
            }
            // SAFETY: alive; only looked at between the calls.
            let given: usize = unsafe { &(*parent).live }.borrow().iter().map(|&(_, size, _)| size).sum();
            assert_eq!(allocator.stats().bytes_reserved.get(), given);
            allocator.destroy();
            // SAFETY: as above.
            assert!(unsafe { &(*parent).live }.borrow().is_empty());
        }
    }
}

#[test]
fn a_parent_without_functions_is_refused() {
    let own = own(4096, false);
    let parent = (&raw const own).cast_mut().cast();
    own.allocator.free.set(None);
    // SAFETY: an allocator, or nearly.
    assert!(unsafe { goo_pool_allocator_create(parent, 64, 8, 10) }.is_null());
    own.allocator.free.set(Some(own_free));
    own.allocator.alloc.set(None);
    // SAFETY: as above.
    assert!(unsafe { goo_pool_allocator_create(parent, 64, 8, 10) }.is_null());
}

#[test]
fn a_parent_that_fails_leaves_nothing_behind() {
    for left in (0..10_000).step_by(if cfg!(miri) { 2_000 } else { 100 }) {
        let own = own(1 << 20, true);
        own.left.set(left);
        let parent = (&raw const own).cast_mut().cast();
        // SAFETY: the parent outlives the pool.
        let pool = unsafe { goo_pool_allocator_create(parent, 64, 8, 20) };
        if !pool.is_null() {
            let allocator = Allocator(pool.cast());
            let made = (0..200).filter(|_| !allocator.alloc(64, 8, PLAIN).is_null()).count();
            assert!((20..200).contains(&made));
            assert_eq!(allocator.stats().failed_allocations.get(), 200 - made);
            assert_eq!(allocator.stats().allocation_count.get(), made);
            allocator.destroy();
        }
        assert_eq!((own.live.borrow().len(), own.left.get()), (0, left));
    }
}

#[test]
fn a_handler_that_frees_or_resets_makes_the_retry_succeed() {
    let own = own(1 << 20, true);
    own.left.set(8_000);
    // SAFETY: the parent outlives the pool.
    let pool = unsafe { goo_pool_allocator_create((&raw const own).cast_mut().cast(), 64, 8, 10) };
    let allocator = Allocator(pool.cast());
    let exhaust =
        || std::iter::repeat_with(|| allocator.alloc(64, 8, PLAIN)).take_while(|chunk| !chunk.is_null()).last();
    let last = exhaust().unwrap();
    retrying(allocator);
    let result = calls_of_handler(move || allocator.free(last), || allocator.alloc(64, 8, PLAIN));
    assert_eq!(result, (last, 1));
    // SAFETY: no chunk is used any more.
    let reset = move || unsafe { goo_pool_reset(pool) };
    let (chunk, calls) = calls_of_handler(reset, || allocator.alloc(64, 8, ZERO));
    assert_eq!((chunk.is_null(), calls), (false, 1));
    assert_eq!(allocator.stats().allocation_count.get(), 1);
    allocator.destroy();
}

#[test]
fn a_parent_may_use_the_pool_that_asks() {
    let own = own(1 << 20, true);
    // SAFETY: the parent outlives the pool.
    let pool = unsafe { goo_pool_allocator_create((&raw const own).cast_mut().cast(), 64, 8, 10) };
    let allocator = Allocator(pool.cast());
    let kept = allocator.alloc(64, 8, PLAIN);
    let freed = Cell::new(Some(kept));
    own.work.replace(Some(Box::new(move || freed.take().map_or((), |kept| allocator.free(kept)))));
    let chunks: Vec<_> = (0..200).map(|_| allocator.alloc(64, 8, PLAIN)).collect();
    assert!(chunks.iter().all(|chunk| !chunk.is_null()));
    assert!(chunks.contains(&kept));
    assert_eq!(allocator.stats().allocation_count.get(), 200);
    allocator.destroy();
    assert!(own.live.borrow().is_empty());
}

#[test]
fn a_pool_is_a_parent_of_pools() {
    let outer = Pool::new(16 * 1024, 4096, 4);
    // SAFETY: the parent outlives the pool.
    let inner = unsafe { goo_pool_allocator_create_sized(outer.pool.cast(), 32, 8, 50) };
    assert!(!inner.is_null());
    let allocator = Allocator(inner.cast());
    assert!((0..100).all(|_| !allocator.alloc(32, 8, PLAIN).is_null()));
    allocator.destroy();
    assert_eq!(outer.allocator().stats().allocation_count.get(), 0);
}

#[test]
fn realloc_within_the_chunk_stays_and_zeroes_the_new_tail() {
    let pool = Pool::new(128, 16, 4);
    let allocator = pool.allocator();
    let chunk = allocator.realloc(NONE, 0, 20, PLAIN);
    fill(chunk, 128);
    assert_eq!(allocator.realloc(chunk, 20, 50, PLAIN), chunk);
    assert_eq!(bytes(chunk, 128), [0xa5; 128]);
    assert_eq!(allocator.realloc(chunk, 50, 100, ZERO), chunk);
    assert_eq!(bytes(chunk, 50), [0xa5; 50]);
    assert_eq!(bytes(chunk, 100)[50..], [0; 50]);
    assert_eq!(bytes(chunk, 128)[100..], [0xa5; 28]);
    assert_eq!(allocator.realloc(chunk, 100, 10, ZERO), chunk);
    assert_eq!(bytes(chunk, 50), [0xa5; 50]);
    assert_eq!(allocator.stats().allocation_count.get(), 1);
    assert_eq!(allocator.realloc(chunk, 10, 0, PLAIN), NONE);
    assert_eq!(allocator.stats().allocation_count.get(), 0);
    assert_eq!(allocator.stats().total_frees.get(), 1);
}

#[test]
fn the_systems_realloc_keeps_the_contents_and_zeroes_the_new_tail() {
    let system = Allocator::system();
    let memory = system.alloc(100, 64, PLAIN);
    fill(memory, 100);
    let memory = system.realloc(memory, 100, 5_000, ZERO);
    assert_eq!(memory.addr() % 64, 0);
    assert_eq!(bytes(memory, 100), [0xa5; 100]);
    assert!(bytes(memory, 5_000)[100..].iter().all(|&byte| byte == 0));
    assert_eq!(system.stats().bytes_allocated.get(), 5_000);
    // SAFETY: live memory of this allocator.
    let memory = unsafe { system.fields().realloc.get().unwrap()(system.0, memory, 5_000, 60, 1024, PLAIN) };
    assert_eq!(memory.addr() % 1024, 0);
    assert_eq!(bytes(memory, 60), [0xa5; 60]);
    let stats = system.stats();
    assert_eq!((stats.bytes_allocated.get(), stats.max_bytes_allocated.get()), (60, 5_000));
    assert_eq!((stats.allocation_count.get(), stats.total_allocations.get()), (1, 1));
    assert_eq!(stats.bytes_reserved.get(), 1024 + 60);
    assert!(system.realloc(memory, 60, 0, PLAIN).is_null());
    assert_eq!(system.stats().bytes_reserved.get(), 0);
    system.destroy();
}

#[test]
fn options_do_what_the_header_says() {
    let pool = Pool::new(64, 8, 4);
    let (allocator, system) = (pool.allocator(), pool.system);
    let chunks = [(); 4].map(|()| allocator.alloc(64, 8, PLAIN));
    chunks.into_iter().for_each(|chunk| fill(chunk, 64));
    chunks.into_iter().for_each(|chunk| allocator.free(chunk));
    assert_eq!(bytes(allocator.alloc(60, 8, ZERO), 60), [0; 60]);
    let nothing = GooAllocOptions(0xffff_ff00 | 2 | 4 | 8);
    assert!(!allocator.alloc(64, 8, nothing).is_null());
    assert!(allocator.alloc(64, 8, GooAllocOptions::PAGE).is_null());
    let page = system.alloc(10, 8, GooAllocOptions::PAGE);
    assert_eq!(page.addr() % PAGE_BYTES, 0);
    system.free(page);
    let pages = Pool::new(100, PAGE_BYTES, 2);
    assert_eq!(pages.allocator().alloc(100, 1, GooAllocOptions::PAGE).addr() % PAGE_BYTES, 0);
}

#[test]
fn reset_frees_all_and_the_statistics_know() {
    let pool = Pool::new(64, 8, 100);
    let allocator = pool.allocator();
    let chunks: Vec<_> = (0..70).map(|_| allocator.alloc(1, 1, PLAIN)).collect();
    chunks[..30].iter().for_each(|&chunk| allocator.free(chunk));
    let (free, total) = pool.counts();
    assert_eq!(total - free, 40);
    let before = allocator.stats();
    assert_eq!(before.bytes_allocated.get(), 40 * 64);
    pool.reset();
    assert_eq!(pool.counts(), (total, total));
    let after = allocator.stats();
    assert_eq!((after.total_allocations.get(), after.total_frees.get()), (70, 70));
    assert_eq!((after.allocation_count.get(), after.bytes_allocated.get()), (0, 0));
    assert_eq!(after.max_bytes_allocated.get(), 70 * 64);
    assert_eq!(after.bytes_reserved, before.bytes_reserved);
    assert!((0..total).all(|_| !allocator.alloc(64, 8, PLAIN).is_null()));
    assert_eq!(allocator.stats().bytes_reserved, before.bytes_reserved);
    pool.reset();
    pool.reset();
    assert_eq!(allocator.stats().total_frees.get(), 70 + total);
}

#[test]
fn what_is_not_tracked_is_not_counted_and_not_missed() {
    let pool = Pool::new(64, 8, 100);
    for allocator in [pool.allocator(), pool.system] {
        let before = allocator.stats();
        allocator.fields().track_stats.set(false);
        let untracked = [(); 3].map(|()| allocator.alloc(64, 8, PLAIN));
        assert!(allocator.alloc(usize::MAX, 8, PLAIN).is_null());
        assert_eq!(allocator.stats(), before);
        untracked.into_iter().for_each(|memory| allocator.free(memory));
        assert_eq!(allocator.stats(), before);
        allocator.fields().track_stats.set(true);
    }
    let allocator = pool.allocator();
    allocator.fields().track_stats.set(false);
    let untracked = allocator.alloc(64, 8, PLAIN);
    allocator.fields().track_stats.set(true);
    allocator.free(untracked);
    assert_eq!((allocator.stats().total_frees.get(), allocator.stats().bytes_allocated.get()), (0, 0));
}

#[test]
fn a_pool_grows_and_what_it_reserves_is_what_the_parent_gave() {
    let pool = Pool::new(40, 8, 10);
    let allocator = pool.allocator();
    let chunks: Vec<_> = (0..1_000).map(|_| allocator.alloc(40, 8, PLAIN)).collect();
    let (free, total) = pool.counts();
    assert_eq!(total - free, 1_000);
    assert_eq!(allocator.stats().bytes_reserved, pool.system.stats().bytes_allocated);
    for chunk in chunks {
        allocator.free(chunk);
    }
    assert_eq!(pool.counts().0, pool.counts().1);
    assert_eq!(allocator.stats().bytes_reserved, pool.system.stats().bytes_allocated);
}

#[test]
fn a_sized_pool_has_a_block_ready() {
    let system = Allocator::system();
    for chunks in [1, 10, 64, 1_000, 4_096, 5_000] {
        // SAFETY: the parent outlives the pool.
        let pool = unsafe { goo_pool_allocator_create_sized(system.0, 24, 8, chunks) };
        let mut total = 0;
        // SAFETY: a pool.
        unsafe { goo_pool_get_stats(pool, ptr::null_mut(), &raw mut total) };
        assert!(total >= chunks);
        Allocator(pool.cast()).destroy();
    }
    assert_eq!(system.stats().allocation_count.get(), 0);
    system.destroy();
}

#[test]
#[cfg(debug_assertions)]
fn a_foreign_or_doubly_freed_pointer_is_refused() {
    let (pool, other) = (Pool::new(64, 8, 10), Pool::new(64, 8, 10));
    let allocator = pool.allocator();
    let (kept, freed) = (allocator.alloc(64, 8, PLAIN), allocator.alloc(64, 8, PLAIN));
    allocator.free(freed);
    let foreign = other.allocator().alloc(64, 8, PLAIN);
    let before = allocator.stats();
    let mut on_the_stack = 0;
    for wrong in [freed, foreign, kept.wrapping_byte_add(8), (&raw mut on_the_stack).cast()] {
        allocator.free(wrong);
        assert!(allocator.realloc(wrong, 8, 16, ZERO).is_null());
        assert!(allocator.realloc(wrong, 8, 0, ZERO).is_null());
        assert_eq!(allocator.stats(), before);
    }
    let mut live: Vec<_> = (0..9).map(|_| allocator.alloc(64, 8, PLAIN)).collect();
    live.push(kept);
    live.sort();
    live.dedup();
    assert_eq!(live.len(), 10);
}

#[test]
fn a_system_allocator_is_for_many_threads() {
    #[derive(Clone, Copy)]
    struct Sent(Allocator);
    // SAFETY: a system allocator is for any thread.
    unsafe impl Send for Sent {}
    let (threads, rounds) = if cfg!(miri) { (3, 20) } else { (4, 5_000) };
    let system = Allocator::system();
    let shared = Sent(system);
    thread::scope(|scope| {
        for number in 0..threads {
            scope.spawn(move || {
                let Sent(system) = { shared };
                for round in 0..rounds {
                    let memory = system.alloc(10 + number, 8, ZERO);
                    let memory = system.realloc(memory, 10 + number, 20 + round % 7, PLAIN);
                    fill(memory, 20);
                    system.free(memory);
                }
            });
        }
    });
    let stats = system.stats();
    assert_eq!((stats.total_frees.get(), stats.bytes_allocated.get()), (threads * rounds, 0));
    assert_eq!(stats.bytes_reserved.get(), 0);
    system.destroy();
}

/// The default allocator is the process's: tests that change it take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn set_default(allocator: *mut GooAllocator) {
    // SAFETY: an allocator or null; tests take turns.
    unsafe { goo_set_default_allocator(allocator) };
}

#[test]
fn the_default_allocator_can_be_set_and_got() {
    let _turn = turn();
    let built_in = goo_get_default_allocator();
    assert!(!built_in.is_null());
    let pool = Pool::new(64, 16, 10);
    set_default(pool.allocator().0);
    assert_eq!(goo_get_default_allocator(), pool.allocator().0);
    // SAFETY: the default allocator is this thread's.
    let one = unsafe { goo_alloc(64) };
    // SAFETY: as above.
    let zeroed = unsafe { goo_alloc_zero(64) };
    // SAFETY: as above.
    let aligned = unsafe { goo_alloc_aligned(64, 16) };
    assert_eq!(bytes(zeroed, 64), [0; 64]);
    // SAFETY: live.
    assert_eq!(unsafe { goo_realloc(one, 64, 32) }, one);
    // SAFETY: null is allowed, and means the default one.
    assert_eq!(unsafe { goo_get_alloc_stats(ptr::null_mut()) }.allocation_count.get(), 3);
    // SAFETY: live, and not used any more.
    unsafe { goo_free(one, 32) };
    // SAFETY: live, and not used any more.
    unsafe { goo_free_aligned(aligned, 64, 16) };
    let mut scoped = zeroed;
    // SAFETY: live, and not used any more.
    unsafe { goo_scope_cleanup(&raw mut scoped) };
    assert!(scoped.is_null());
    // SAFETY: null now.
    unsafe { goo_scope_cleanup(&raw mut scoped) };
    // SAFETY: null is allowed.
    unsafe { goo_free(NONE, 1) };
    assert_eq!(pool.allocator().stats().allocation_count.get(), 0);
    // SAFETY: a handler.
    unsafe { goo_set_out_of_mem_handler(Some(handler)) };
    assert!(pool.allocator().fields().out_of_mem_fn.get().is_some());
    // What ends is not the default any more.
    drop(pool);
    assert_eq!(goo_get_default_allocator(), built_in);
    let system = Allocator::system();
    set_default(system.0);
    system.destroy();
    assert_eq!(goo_get_default_allocator(), built_in);
}

#[test]
fn the_built_in_allocator_has_the_default_and_never_ends() {
    let _turn = turn();
    let built_in = Allocator(goo_get_default_allocator());
    // SAFETY: any thread may use it.
    let memory = unsafe { goo_alloc(100) };
    assert_eq!(memory.addr() % 16, 0);
    built_in.destroy();
    assert_eq!(goo_get_default_allocator(), built_in.0);
    fill(memory, 100);
    // SAFETY: live.
    let memory = unsafe { goo_realloc(memory, 100, 10_000) };
    assert_eq!(bytes(memory, 100), [0xa5; 100]);
    // SAFETY: live, and not used any more.
    unsafe { goo_free(memory, 10_000) };
}
