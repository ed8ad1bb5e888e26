//! `SyncPool::local`: a pool as one thread uses it.

use std::thread;

use goo_pool_typed::{AllocError, LocalPool, SyncPool, SyncPoolBox};

use crate::common::{Entry, Ledger, assert_serves, panic_of, scaled};
use crate::counted::Counted;

type Make = fn(&LocalPool<'_, Entry>, &Ledger) -> SyncPoolBox<Entry>;

/// All ways to make a box.
const WAYS: [(&str, Make); 9] = [
    ("alloc", |local, ledger| local.alloc(ledger.entry())),
    ("try_alloc", |local, ledger| local.try_alloc(ledger.entry()).unwrap()),
    ("alloc_with", |local, ledger| local.alloc_with(|| ledger.entry())),
    ("try_alloc_with", |local, ledger| local.try_alloc_with(|| ledger.entry()).unwrap()),
    ("alloc_uninit", |local, ledger| SyncPoolBox::write(local.alloc_uninit(), ledger.entry())),
    ("try_alloc_uninit", |local, ledger| SyncPoolBox::write(local.try_alloc_uninit().unwrap(), ledger.entry())),
    ("alloc_zeroed", |local, ledger| SyncPoolBox::write(local.alloc_zeroed(), ledger.entry())),
    ("alloc_iter", |local, ledger| local.alloc_iter([ledger.entry()]).next().unwrap()),
    ("clone", |local, ledger| local.alloc(ledger.entry()).clone()),
];

#[test]
fn its_boxes_are_the_pools() {
    for (way, make) in WAYS {
        // Two, since "clone" has two boxes at a time.
        let pool = SyncPool::builder().max_chunks(2).build().unwrap();
        let ledger = Ledger::default();
        let boxed = make(&pool.local(), &ledger);
        assert!(SyncPoolBox::pool(&boxed).ptr_eq(&pool), "{way}");
        assert_eq!((pool.len(), ledger.live()), (1, 1), "{way}");
        drop(boxed);
        ledger.assert_settled();
        assert_serves(&pool, 2);
        assert_serves(&pool.local(), 2);
    }
}

#[test]
fn it_shares_one_hand_with_the_pool() {
    let pool = SyncPool::new();
    let local = pool.local();
    let first = local.alloc(1_u64);
    let _second = pool.alloc(2);
    let address = SyncPoolBox::as_ptr(&first);
    drop(first);
    let third = pool.alloc(3);
    assert_eq!(SyncPoolBox::as_ptr(&third), address);
    drop(third);
    assert_eq!(SyncPoolBox::as_ptr(&local.alloc(4)), address);
    assert_eq!((pool.stats(), pool.capacity()), (local.stats(), local.capacity()));
}

#[test]
fn several_of_one_thread_are_one_pool() {
    let pool = SyncPool::builder().max_chunks(100).build().unwrap();
    let (one, two) = (pool.local(), pool.local());
    let boxes: Vec<_> = (0..50).flat_map(|n| [one.alloc(n), two.alloc(n)]).collect();
    assert_eq!(one.try_alloc(100).unwrap_err().error(), AllocError::LimitReached { max_chunks: 100 });
    assert!(one.ptr_eq(&two));
    drop(one);
    drop(boxes);
    assert_serves(&two, 100);
}

#[test]
fn a_box_may_outlive_it_and_go_to_another_thread() {
    let parent = Counted::default();
    let pool = SyncPool::builder().parent(parent.clone()).build().unwrap();
    let boxes: Vec<_> = {
        let local = pool.local();
        (0..scaled(5000, 200)).map(|n| local.alloc(n)).collect()
    };
    thread::spawn(move || assert!(boxes.iter().enumerate().all(|(n, boxed)| **boxed == n))).join().unwrap();
    assert!(pool.is_empty());
    drop(pool);
    assert_eq!(parent.pieces(), 0);
}

#[test]
fn what_other_threads_free_comes_back_to_it() {
    let pool = SyncPool::builder().max_chunks(64).build().unwrap();
    let local = pool.local();
    for _ in 0..scaled(50, 5) {
        let boxes: Vec<_> = local.alloc_iter(0..64_u32).collect();
        assert!(local.try_alloc(0).is_err());
        thread::spawn(move || drop(boxes)).join().unwrap();
    }
    assert_serves(&local, 64);
}

#[test]
fn each_thread_has_its_own() {
    let pool = SyncPool::new();
    let count = scaled(2000, 100);
    thread::scope(|scope| {
        for thread in 0..4 {
            let pool = &pool;
            scope.spawn(move || {
                let local = pool.local();
                let boxes: Vec<_> = (0..count).map(|n| local.alloc((thread, n))).collect();
                assert!(boxes.iter().enumerate().all(|(n, boxed)| **boxed == (thread, n)));
            });
        }
    });
    assert!(pool.is_empty());
}

#[test]
fn what_cannot_fail_with_an_error_panics_at_the_limit() {
    let ways: [fn(&LocalPool<'_, u32>); 4] = [
        |local| drop(local.alloc(1)),
        |local| drop(local.alloc_with(|| unreachable!("there is no chunk for it"))),
        |local| drop(local.alloc_uninit()),
        |local| drop(local.alloc_iter([1, 2, 3]).collect::<Vec<_>>()),
    ];
    let pool = SyncPool::builder().max_chunks(1).build().unwrap();
    let local = pool.local();
    let _full = local.alloc(0);
    for way in ways {
        assert_eq!(panic_of(|| way(&local)), "the pool's limit of 1 chunks is reached");
    }
}

#[test]
#[cfg(feature = "derive")]
fn derived_constructors_take_it() {
    #[derive(goo_pool_typed::Pooled)]
    struct Link {
        value: u32,
        next: Option<SyncPoolBox<Link>>,
    }

    let pool = SyncPool::new();
    let local = pool.local();
    let last = Link::new_in(&pool, 1, None);
    let list = Link::try_new_in(&local, 2, Some(last)).unwrap();
    assert_eq!((list.value, list.next.as_ref().unwrap().value, pool.len()), (2, 1, 2));
}
