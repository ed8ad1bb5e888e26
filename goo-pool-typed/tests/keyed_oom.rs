//! A keyed pool without memory: every request for it refused in turn.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr;

use goo_pool_typed::{AllocError, KeyedPool};

thread_local! {
    /// Requests of this thread still granted; `None` is "all".
    static GRANTS: Cell<Option<usize>> = const { Cell::new(None) };
}

struct Refusing;

impl Refusing {
    fn grants(&self) -> bool {
        match GRANTS.get() {
            Some(0) => false,
            Some(left) => {
                GRANTS.set(Some(left - 1));
                true
            }
            None => true,
        }
    }
}

// SAFETY: the system's allocator, or nothing.
unsafe impl GlobalAlloc for Refusing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        if self.grants() { unsafe { System.alloc(layout) } } else { ptr::null_mut() }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(ptr, layout) };
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise.
        if self.grants() { unsafe { System.realloc(ptr, layout, size) } } else { ptr::null_mut() }
    }
}

#[global_allocator]
static ALLOCATOR: Refusing = Refusing;

fn with_grants<R>(grants: usize, run: impl FnOnce() -> R) -> R {
    GRANTS.set(Some(grants));
    let result = run();
    GRANTS.set(None);
    result
}

#[test]
fn a_value_without_a_place_comes_back_and_the_pool_stays_whole() {
    const VALUES: usize = if cfg!(miri) { 300 } else { 5_000 };
    let mut refused = 0;
    // So many values are there before the memory is refused; then it is granted one request more each time.
    for before in [0, 1, 50, 500, 2000] {
        for grants in 0.. {
            let mut pool = KeyedPool::new();
            let mut keys = Vec::with_capacity(VALUES + 1);
            keys.extend((0..before.min(VALUES)).map(|number| pool.insert([number; 8])));
            let error = with_grants(grants, || {
                while keys.len() < VALUES {
                    match pool.try_insert([keys.len(); 8]) {
                        Ok(key) => keys.push(key),
                        Err(error) => return Some((error.error(), error.into_value())),
                    }
                }
                None
            });
            assert!(keys.iter().enumerate().all(|(number, &key)| pool[key] == [number; 8]));
            assert_eq!((pool.len(), pool.iter().count()), (keys.len(), keys.len()));
            let Some((error, value)) = error else { break };
            assert!(matches!(error, AllocError::OutOfMemory { .. }), "{error}");
            assert_eq!(value, [keys.len(); 8]);
            refused += 1;
            // It goes on when there is memory.
            keys.push(pool.insert(value));
            assert_eq!((pool[keys[keys.len() - 1]], pool.len()), (value, keys.len()));
        }
    }
    assert!(refused > 20, "{refused}");
}

#[test]
fn a_refused_reserve_leaves_the_pool_as_it_was() {
    for grants in 0.. {
        let mut pool = KeyedPool::new();
        let key = pool.insert(7_u64);
        let result = with_grants(grants, || pool.reserve(20_000));
        assert_eq!((pool.len(), pool[key]), (1, 7));
        if result.is_ok() {
            assert!(grants > 3 && pool.capacity() > 20_000);
            break;
        }
        pool.shrink_to_fit();
        assert_eq!(pool[key], 7);
        let keys: Vec<_> = (0..1_000).map(|number| pool.insert(number)).collect();
        assert!(keys.iter().zip(0..).all(|(&key, number)| pool[key] == number));
    }
}
