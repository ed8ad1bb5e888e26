//! What pools of many sizes do about allocations that fail, with handlers that use the pool.

use std::alloc::Layout;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use goo_pool_core::{
    AllocError, ClassPool, ClassPoolHandle, Global, Handled, OnFailure, Parent, SyncClassPool, SyncClassPoolHandle,
};

const SMALL: Layout = Layout::new::<[u64; 4]>();
const OTHER: Layout = Layout::new::<[u64; 40]>();
const LARGE: Layout = Layout::new::<[u8; 100_000]>();

/// A parent that refuses while it is told to.
struct Refusing(Arc<AtomicBool>);

// SAFETY: all memory comes from `Global`.
unsafe impl Parent for Refusing {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        if self.0.load(Relaxed) { None } else { Global.allocate(layout) }
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: it came from `Global` with this layout.
        unsafe { Global.deallocate(ptr, layout) };
    }
}

/// The pool is made with a parent that calls `handler`, with the pool, twice an allocation at most.
macro_rules! pool {
    ($Handle:ty, $build:ident, $handler:expr) => {{
        let refuses = Arc::new(AtomicBool::new(false));
        // The handler's way to its pool; emptied in the end, for the pool has the handler.
        let way = Arc::new(Mutex::new(None::<Shared<$Handle>>));
        let handler = $handler;
        let parent = Handled::new(Refusing(refuses.clone()), 2, {
            let (refuses, way) = (refuses.clone(), way.clone());
            move |error: &AllocError, attempt| {
                let pool = way.lock().unwrap().clone().expect("the pool is there").0;
                handler(&*pool, &*refuses, error, attempt)
            }
        });
        let pool = <$Handle>::from(ClassPool::builder().parent(parent).$build().unwrap());
        *way.lock().unwrap() = Some(Shared(pool.clone()));
        (pool, refuses, way)
    }};
}

/// Goes to the handler, which runs on the pool's own thread.
#[derive(Clone)]
struct Shared<H>(H);

// SAFETY: each test is one thread alone.
unsafe impl<H> Send for Shared<H> {}

macro_rules! tests {
    ($kind:ident, $Pool:ty, $Handle:ty, $build:ident) => {
        mod $kind {
            use super::*;

            #[test]
            fn a_handler_is_asked_twice_and_then_the_caller_gets_the_error() {
                let asked = Arc::new(AtomicUsize::new(0));
                let count = asked.clone();
                let (handle, refuses, way) =
                    pool!($Handle, $build, move |_: &$Pool, _: &AtomicBool, _: &AllocError, attempt: u32| {
                        assert_eq!(count.fetch_add(1, Relaxed) + 1, attempt as usize);
                        OnFailure::Retry
                    });
                let pool = &*handle;
                refuses.store(true, Relaxed);
                for layout in [SMALL, LARGE] {
                    asked.store(0, Relaxed);
                    assert!(matches!(pool.allocate(layout), Err(AllocError::OutOfMemory { .. })));
                    assert_eq!(asked.load(Relaxed), 2);
                    asked.store(0, Relaxed);
                    assert!(pool.allocate_zeroed(layout).is_err());
                    assert_eq!(asked.load(Relaxed), 2);
                }
                way.lock().unwrap().take();
            }

            #[test]
            fn a_handler_that_makes_the_parent_give_again_saves_the_allocation() {
                let (handle, refuses, way) =
                    pool!($Handle, $build, |_: &$Pool, refuses: &AtomicBool, _: &AllocError, _: u32| {
                        refuses.store(false, Relaxed);
                        OnFailure::Retry
                    });
                let pool = &*handle;
                for layout in [SMALL, LARGE] {
                    refuses.store(true, Relaxed);
                    let memory = pool.allocate(layout).unwrap();
                    // SAFETY: it came from this pool for this layout, and is not used any more.
                    unsafe { pool.deallocate(memory.cast(), layout) };
                }
                way.lock().unwrap().take();
            }

            /// What a handler asks for itself, of whatever size, must not lead back into the handler for ever.
            #[test]
            fn a_handler_whose_own_allocations_fail_comes_to_an_end() {
                let depth = Arc::new(AtomicUsize::new(0));
                let deepest = Arc::new(AtomicUsize::new(0));
                let (now, most) = (depth.clone(), deepest.clone());
                let (handle, refuses, way) =
                    pool!($Handle, $build, move |pool: &$Pool, _: &AtomicBool, _: &AllocError, _: u32| {
                        most.fetch_max(now.fetch_add(1, Relaxed) + 1, Relaxed);
                        for layout in [SMALL, OTHER, LARGE] {
                            assert!(pool.allocate(layout).is_err());
                        }
                        now.fetch_sub(1, Relaxed);
                        OnFailure::Retry
                    });
                let pool = &*handle;
                refuses.store(true, Relaxed);
                for layout in [SMALL, OTHER, LARGE] {
                    assert!(pool.allocate(layout).is_err());
                }
                assert_eq!((depth.load(Relaxed), deepest.load(Relaxed)), (0, 1));
                way.lock().unwrap().take();
            }

            /// Once each class that was in use already asked by itself, so a handler was called within a handler.
            #[test]
            fn a_handler_is_not_called_for_what_another_class_refuses_it() {
                let depth = Arc::new(AtomicUsize::new(0));
                let deepest = Arc::new(AtomicUsize::new(0));
                let (now, most) = (depth.clone(), deepest.clone());
                let (handle, refuses, way) =
                    pool!($Handle, $build, move |pool: &$Pool, _: &AtomicBool, _: &AllocError, attempt: u32| {
                        most.fetch_max(now.fetch_add(1, Relaxed) + 1, Relaxed);
                        for layout in [SMALL, OTHER, LARGE] {
                            while pool.allocate(layout).is_ok() {}
                        }
                        now.fetch_sub(1, Relaxed);
                        assert!(attempt <= 2);
                        OnFailure::Retry
                    });
                let pool = &*handle;
                assert!(pool.allocate(SMALL).is_ok() && pool.allocate(OTHER).is_ok());
                refuses.store(true, Relaxed);
                for layout in [SMALL, OTHER, LARGE] {
                    while pool.allocate(layout).is_ok() {}
                }
                assert_eq!((depth.load(Relaxed), deepest.load(Relaxed)), (0, 1));
                way.lock().unwrap().take();
            }
        }
    };
}

tests!(local, ClassPool, ClassPoolHandle, build);
tests!(shared, SyncClassPool, SyncClassPoolHandle, build_sync);
