//! Requests that cannot be met, and handlers.

use std::ptr;

use goo_pool_core::capi::types::MAX_RETRIES;
use goo_pool_core::capi::*;

use crate::*;

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

    for allocator in [system, Allocator(Pool::over_built_in(64))] {
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
