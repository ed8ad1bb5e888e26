//! What a `SyncPool` asks of the global allocator: nothing before it is used, and a refusal is an error.
#![cfg(feature = "std")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr;

use goo_pool_typed::{AllocError, Stats, SyncPool};

struct Watched;

thread_local! {
    /// This thread's requests.
    static REQUESTS: Cell<usize> = const { Cell::new(0) };
    /// Larger requests of this thread are refused.
    static LARGEST: Cell<usize> = const { Cell::new(usize::MAX) };
}

#[global_allocator]
static GLOBAL: Watched = Watched;

// SAFETY: all memory is the system's.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        REQUESTS.set(REQUESTS.get() + 1);
        if layout.size() > LARGEST.get() {
            return ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(ptr, layout) };
    }
}

/// What `run` returns without memory for a pool's record. The count of the parent's owners is had all the same: it is
/// std's, which knows no error.
fn without_memory<R>(run: impl FnOnce() -> R) -> R {
    LARGEST.set(64);
    let result = run();
    LARGEST.set(usize::MAX);
    result
}

fn is_out_of_memory(error: AllocError) -> bool {
    matches!(error, AllocError::OutOfMemory { .. })
}

#[test]
fn a_pool_that_is_not_used_asks_for_nothing() {
    static POOL: SyncPool<[u64; 8]> = SyncPool::new();

    let requests = REQUESTS.get();
    let own = SyncPool::<u64>::new();
    assert_eq!((POOL.len(), POOL.capacity(), POOL.is_empty(), POOL.stats()), (0, 0, true, Stats::default()));
    assert_eq!(own.len(), 0);
    POOL.shrink_to_fit();
    assert!(POOL.ptr_eq(&POOL));
    drop(own);
    assert_eq!(REQUESTS.get(), requests);
    drop(POOL.alloc([1; 8]));
    assert!(REQUESTS.get() > requests);
}

#[test]
fn a_pool_that_cannot_be_made_is_an_error_and_may_be_made_later() {
    static POOL: SyncPool<String> = SyncPool::new();

    let value = String::from("value");
    let refused = without_memory(|| POOL.try_alloc(value)).unwrap_err();
    assert!(is_out_of_memory(refused.error()));
    assert!(is_out_of_memory(without_memory(|| POOL.try_alloc_uninit()).unwrap_err()));
    let made = without_memory(|| POOL.try_alloc_with(|| unreachable!("there is no chunk for it")));
    assert!(is_out_of_memory(made.unwrap_err()));
    assert!(is_out_of_memory(without_memory(|| POOL.reserve(1)).unwrap_err()));
    assert!(is_out_of_memory(without_memory(|| POOL.try_local()).map(drop).unwrap_err()));
    assert_eq!((POOL.len(), POOL.capacity()), (0, 0));

    let boxed = POOL.try_alloc(refused.into_value()).unwrap();
    assert_eq!((boxed.as_str(), POOL.len()), ("value", 1));
}

#[test]
fn room_that_is_not_there_is_an_error_also_from_a_local_pool() {
    let pool = SyncPool::<u64>::new();
    // Without memory for this thread's record, or later for values.
    let local = without_memory(|| pool.try_local()).map(drop);
    assert!(is_out_of_memory(local.unwrap_err()));
    drop(pool.clone());
    let local = without_memory(|| pool.local());
    assert!(is_out_of_memory(without_memory(|| local.try_alloc(1)).unwrap_err().error()));
    assert_eq!(*local.alloc(2), 2);
    assert!(pool.is_empty());
}
