//! What a pool can have as its parent.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, RefCell};
use std::ffi::c_void;

use goo_pool_core::capi::*;

use crate::*;

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
