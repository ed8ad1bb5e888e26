//! A pool in a static: made at its first use, once, by whatever threads come first.

use std::sync::Barrier;
use std::thread;

use goo_pool_typed::{Stats, SyncPool, SyncPoolBox};

#[test]
fn a_static_pool_serves_every_thread() {
    static POOL: SyncPool<String> = SyncPool::new();

    let boxes: Vec<_> = (0..4)
        .map(|thread| thread::spawn(move || (0..50).map(|n| POOL.alloc(format!("{thread} {n}"))).collect::<Vec<_>>()))
        .flat_map(|thread| thread.join().unwrap())
        .collect();
    assert_eq!((POOL.len(), boxes.len()), (200, 200));
    assert_eq!((boxes[0].as_str(), boxes[199].as_str()), ("0 0", "3 49"));
    drop(boxes);
    assert!(POOL.is_empty());
}

#[test]
fn threads_that_use_a_pool_first_at_the_same_time_use_one_pool() {
    const THREADS: usize = 4;

    for round in 0..if cfg!(miri) { 3 } else { 200 } {
        let pool = SyncPool::new();
        let start = Barrier::new(THREADS);
        let boxes: Vec<SyncPoolBox<usize>> = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|n| {
                    let (pool, start) = (&pool, &start);
                    scope.spawn(move || {
                        start.wait();
                        // Each way to use it first.
                        match (n + round) % 4 {
                            0 => pool.alloc(n),
                            1 => pool.clone().alloc(n),
                            2 => pool.local().alloc(n),
                            _ => pool.reserve(1).map(|()| pool.alloc(n)).unwrap(),
                        }
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(boxes.iter().map(|boxed| **boxed).eq(0..THREADS));
        assert!(boxes.iter().all(|boxed| SyncPoolBox::pool(boxed).ptr_eq(&pool)));
        assert_eq!(pool.len(), THREADS);
    }
}

#[test]
fn a_pool_that_was_never_used_has_nothing() {
    static POOL: SyncPool<[u64; 100]> = SyncPool::new();

    assert_eq!((POOL.len(), POOL.capacity(), POOL.is_empty()), (0, 0, true));
    assert_eq!(POOL.stats(), Stats::default());
    POOL.shrink_to_fit();
    assert!(format!("{POOL:?}").contains("total_chunks: 0"));
}

#[test]
fn a_clone_of_a_pool_that_was_never_used_is_that_pool() {
    let pool = SyncPool::new();
    let clone = pool.clone();
    let boxes = [pool.alloc(1), clone.alloc(2)];
    assert!(pool.ptr_eq(&clone) && clone.ptr_eq(&pool));
    assert_eq!((pool.len(), clone.len()), (2, 2));
    drop((pool, clone));
    assert_eq!(*boxes[0] + *boxes[1], 3);
}

#[test]
fn pools_that_were_never_used_are_each_itself_and_no_other() {
    static POOLS: [SyncPool<u8>; 2] = [SyncPool::new(), SyncPool::new()];

    assert!(POOLS[0].ptr_eq(&POOLS[0]) && !POOLS[0].ptr_eq(&POOLS[1]));
    drop(POOLS[0].alloc(1));
    assert!(!POOLS[0].ptr_eq(&POOLS[1]) && !POOLS[1].ptr_eq(&POOLS[0]));
    assert!(POOLS[0].ptr_eq(&POOLS[0].clone()));
}

#[test]
fn a_pool_may_be_a_constant_part_of_a_static() {
    struct Registry {
        names: SyncPool<&'static str>,
        sizes: SyncPool<usize>,
    }

    impl Registry {
        const fn new() -> Self {
            Self { names: SyncPool::new(), sizes: SyncPool::new() }
        }
    }

    static REGISTRY: Registry = Registry::new();

    let entry = (REGISTRY.names.alloc("one"), REGISTRY.sizes.alloc(3));
    assert_eq!((*entry.0, *entry.1), ("one", 3));
    assert_eq!((REGISTRY.names.len(), REGISTRY.sizes.len()), (1, 1));
}

#[test]
fn values_without_threads_of_their_own_use_a_static_pool_each_on_its_thread() {
    use std::rc::Rc;

    // An `Rc` goes nowhere; its boxes do not either, and the pool is for every thread all the same.
    static POOL: SyncPool<Rc<usize>> = SyncPool::new();

    thread::scope(|scope| {
        for n in 0..3 {
            scope.spawn(move || {
                let value = Rc::new(n);
                let boxes: Vec<_> = (0..20).map(|_| POOL.alloc(value.clone())).collect();
                assert_eq!(Rc::strong_count(&value), 21);
                assert!(boxes.iter().all(|boxed| ***boxed == n));
                drop(boxes);
                assert_eq!(Rc::strong_count(&value), 1);
            });
        }
    });
    assert!(POOL.is_empty());
}
