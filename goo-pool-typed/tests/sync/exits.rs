//! Pools and boxes in thread-local destructors, when this thread's own part of the pools may be gone already.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use goo_pool_typed::{LocalPool, SyncPool, SyncPoolBox};

use crate::counted::Counted;

/// A value of a thread's variable.
struct OnExit<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnExit<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

type Hook = OnExit<Box<dyn FnMut()>>;

thread_local!(static HOOKS: RefCell<Vec<Hook>> = const { RefCell::new(Vec::new()) });

/// Runs `at_exit` in a thread-local destructor of a new thread: one that was registered before the thread's first
/// use of a pool, or after it. Thread-local destructors run in either order, depending on the platform.
fn run_at_exit<T>(pool: &'static SyncPool<T>, hook_first: bool, prepare: fn() -> Box<dyn FnMut()>) {
    let work = move || {
        let register = || HOOKS.with_borrow_mut(Vec::clear);
        if hook_first {
            register();
        }
        drop(pool.alloc_uninit());
        register();
        let hook = OnExit(prepare());
        HOOKS.with_borrow_mut(|hooks| hooks.push(hook));
    };
    thread::spawn(work).join().unwrap();
}

#[test]
fn a_destructor_allocates_and_frees() {
    static POOL: SyncPool<String> = SyncPool::new();
    static RUNS: AtomicUsize = AtomicUsize::new(0);

    for hook_first in [true, false] {
        run_at_exit(&POOL, hook_first, || {
            let mut boxes: Vec<_> = (0..20).map(|n| POOL.alloc(n.to_string())).collect();
            Box::new(move || {
                boxes.truncate(10);
                boxes.extend((0..10).map(|n| POOL.alloc(n.to_string())));
                let clones = boxes.clone();
                assert_eq!((clones.len(), POOL.len()), (20, 40));
                assert!(SyncPoolBox::pool(&clones[19]).ptr_eq(&POOL));
                drop(clones);
                POOL.shrink_to_fit();
                POOL.reserve(100).unwrap();
                assert_eq!(POOL.stats().live_chunks, 20);
                boxes.clear();
                RUNS.fetch_add(1, Relaxed);
            })
        });
        assert!(POOL.is_empty());
    }
    assert_eq!(RUNS.load(Relaxed), 2);
}

#[test]
fn a_destructor_makes_a_pool() {
    static ANY: SyncPool<u8> = SyncPool::new();
    static RUNS: AtomicUsize = AtomicUsize::new(0);

    for hook_first in [true, false] {
        run_at_exit(&ANY, hook_first, || {
            Box::new(|| {
                let parent = Counted::default();
                let pool = SyncPool::builder().parent(parent.clone()).build().unwrap();
                let boxes: Vec<_> = (0..100).map(|n| pool.alloc(n)).collect();
                drop(pool);
                assert_eq!(boxes.iter().map(|boxed| **boxed).sum::<usize>(), 4950);
                drop(boxes);
                assert_eq!(parent.pieces(), 0);
                RUNS.fetch_add(1, Relaxed);
            })
        });
    }
    assert_eq!(RUNS.load(Relaxed), 2);
}

#[test]
fn a_destructor_uses_a_local_pool_made_before_or_in_it() {
    static POOL: SyncPool<u64> = SyncPool::new();
    static RUNS: AtomicUsize = AtomicUsize::new(0);

    for hook_first in [true, false] {
        run_at_exit(&POOL, hook_first, || {
            let before: LocalPool<'static, u64> = POOL.local();
            let mut boxes: Vec<_> = (0..10).map(|n| before.alloc(n)).collect();
            Box::new(move || {
                let now = POOL.local();
                boxes.extend((10..20).map(|n| before.alloc(n)));
                boxes.extend((20..30).map(|n| now.alloc(n)));
                assert!(boxes.iter().map(|boxed| **boxed).eq(0..30));
                boxes.drain(5..25);
                boxes.clear();
                RUNS.fetch_add(1, Relaxed);
            })
        });
        assert!(POOL.is_empty());
    }
    assert_eq!(RUNS.load(Relaxed), 2);
}

#[test]
fn a_destructor_drops_boxes_that_came_from_other_threads() {
    static POOL: SyncPool<usize> = SyncPool::new();
    static SUM: AtomicUsize = AtomicUsize::new(0);

    for hook_first in [true, false] {
        run_at_exit(&POOL, hook_first, || {
            let mut boxes = thread::spawn(|| (0..100).map(|n| POOL.alloc(n)).collect::<Vec<_>>()).join().unwrap();
            Box::new(move || {
                for boxed in boxes.drain(..) {
                    SUM.fetch_add(*boxed, Relaxed);
                }
            })
        });
        assert!(POOL.is_empty());
    }
    assert_eq!(SUM.load(Relaxed), 2 * 4950);
}

#[test]
fn a_destructor_drops_the_last_handle_and_the_last_box() {
    for handle_first in [true, false] {
        let parent = Counted::default();
        let given = parent.clone();
        let work = move || {
            let pool = SyncPool::builder().parent(given).build().unwrap();
            let boxes: Vec<_> = (0..50).map(|n| pool.alloc(n)).collect();
            let (mut pool, mut boxes) = (Some(pool), Some(boxes));
            let hook = OnExit(Box::new(move || {
                if handle_first {
                    drop(pool.take());
                }
                drop(boxes.take());
                drop(pool.take());
            }) as Box<dyn FnMut()>);
            HOOKS.with_borrow_mut(|hooks| hooks.push(hook));
        };
        thread::spawn(work).join().unwrap();
        assert_eq!(parent.pieces(), 0);
    }
}
