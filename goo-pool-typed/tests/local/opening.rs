//! A closed pool of one thread opens again from any of its boxes: the same pool, with what it has.

use goo_pool_typed::{AllocError, Pool, PoolBox};

use crate::common::{Entry, Ledger, StaticMemory, Watched, panic_of, scaled};

/// A pool of many small segments.
fn watched_pool<T>(parent: &Watched) -> Pool<T> {
    let segment = 16 * size_of::<T>() + 1024;
    Pool::builder().first_segment(segment).max_segment(segment).parent(parent.clone()).build().unwrap()
}

#[test]
fn a_forgotten_value_is_found_in_the_pool_it_was_forgotten_in() {
    let pool = Pool::builder().parent(StaticMemory).build().unwrap();
    let beside = pool.alloc(1_u64);
    std::mem::forget(pool.alloc(2_u64));
    assert_eq!(pool.len(), 2);
    drop(pool);
    let pool = PoolBox::pool(&beside);
    drop(beside);
    assert_eq!(pool.len(), 1);
}

#[test]
fn a_closed_pool_opens_again_from_any_of_its_boxes() {
    let parent = Watched::default();
    let pool = Pool::builder().first_segment(2000).max_chunks(50).parent(parent.clone()).build().unwrap();
    let mut boxes: Vec<_> = (0..10).map(|n| pool.alloc([n; 8])).collect();
    drop(pool);
    for round in 0..3 {
        let requests = parent.0.requests.get();
        let pool = PoolBox::pool(&boxes[round]);
        assert!(pool.ptr_eq(&PoolBox::pool(&boxes[9 - round])));
        assert_eq!(pool.len(), boxes.len());
        // From the memory that is there, without a chunk handed out twice.
        boxes.push(pool.alloc([100; 8]));
        assert_eq!(parent.0.requests.get(), requests);
        assert!(boxes[..10].iter().enumerate().all(|(n, boxed)| **boxed == [n as u64; 8]));
        // With the settings it was built with.
        let rest: Vec<_> = std::iter::from_fn(|| pool.try_alloc([0; 8]).ok()).collect();
        assert_eq!(rest.len() + boxes.len(), 50);
        assert_eq!(pool.try_alloc_uninit().unwrap_err(), AllocError::LimitReached { max_chunks: 50 });
    }
    drop(boxes);
    assert_eq!(parent.0.pieces(), 0);
}

#[test]
fn a_reopened_pool_grows_and_gives_back_as_before() {
    let parent = Watched::default();
    let kept = watched_pool(&parent).alloc([1_u64; 8]);
    let (pieces, pool) = (parent.0.pieces(), PoolBox::pool(&kept));
    let peak: Vec<_> = (0..scaled(500, 100)).map(|n| pool.alloc([n as u64; 8])).collect();
    let at_peak = parent.0.pieces();
    drop(peak);
    assert!(at_peak > 2 * parent.0.pieces(), "{} of {at_peak} pieces are still there", parent.0.pieces());
    drop(pool);
    assert_eq!((parent.0.pieces(), *kept), (pieces, [1; 8]));
}

#[test]
fn a_clone_in_a_closed_pool_stays_in_it() {
    let parent = Watched::default();
    let original = watched_pool(&parent).alloc([5_u64; 8]);
    let requests = parent.0.requests.get();
    let clones: Vec<_> = (0..5).map(|_| original.clone()).collect();
    assert_eq!(parent.0.requests.get(), requests, "there is room in the segment");
    assert!(PoolBox::pool(&clones[4]).ptr_eq(&PoolBox::pool(&original)));
    drop(original);
    assert!(clones.iter().all(|clone| **clone == [5; 8]));
    drop(clones);
    assert_eq!(parent.0.pieces(), 0);
}

#[test]
fn a_clone_grows_a_closed_pool_that_is_full() {
    let parent = Watched::default();
    let pool = Pool::builder().first_segment(1).max_segment(1).parent(parent.clone()).build().unwrap();
    let mut original = pool.alloc([5_u64; 8]);
    drop(pool);
    let mut clone = original.clone();
    assert_eq!(parent.0.pieces(), 3);
    let source = clone.clone();
    original.clone_from(&source);
    drop(source);
    assert_eq!(parent.0.pieces(), 3);
    drop(original);
    assert_eq!(parent.0.pieces(), 2);
    clone[0] = 1;
    drop(clone);
    assert_eq!(parent.0.pieces(), 0);
}

#[test]
fn a_clone_that_panics_in_a_closed_pool_closes_it_again() {
    #[derive(Clone)]
    struct Chain {
        _entry: Entry,
        next: Option<PoolBox<Chain>>,
    }

    const NODES: usize = 5;
    for good in 0..=NODES {
        let parent = Watched::default();
        let ledger = Ledger::default();
        let pool = Pool::builder().first_segment(1).max_segment(1).parent(parent.clone()).build().unwrap();
        let mut chain = None;
        for _ in 0..NODES {
            chain = Some(pool.alloc(Chain { _entry: ledger.entry(), next: chain }));
        }
        let chain = chain.unwrap();
        assert!(chain.next.is_some());
        drop(pool);
        let pieces = parent.0.pieces();
        ledger.panic_after_clones(good);
        if good < NODES {
            assert!(panic_of(|| drop(chain.clone())).contains("the clone panics"));
        } else {
            drop(chain.clone());
        }
        assert_eq!((ledger.live(), parent.0.pieces()), (NODES, pieces), "{good} clones");
        drop(chain);
        ledger.assert_settled();
        assert_eq!(parent.0.pieces(), 0);
    }
}
