//! A parent that fails, and limits: a typed error, and the pool is as it was.

mod common;

use std::alloc::Layout;

use common::{Watched, scaled};
use goo_pool_core::{AllocError, BuildError, ChunksOf, Geometry, Global, RawPool, RawPoolBuilder};

/// A fixed piece of work; the errors it met.
fn work(pool: &RawPool) -> usize {
    let mut live = Vec::new();
    let mut errors = 0;
    for round in 0..scaled(400, 60) {
        if pool.reserve(round % 37).is_err() {
            errors += 1;
        }
        let before = pool.stats();
        match pool.allocate() {
            Ok(chunk) => live.push(chunk),
            Err(error) => {
                assert!(matches!(error, AllocError::OutOfMemory { .. }));
                assert_eq!(pool.stats(), before, "an error changed the pool");
                errors += 1;
            }
        }
        pool.assert_valid();
        if round % 3 == 0 {
            if let Some(chunk) = live.pop() {
                // SAFETY: the chunk is live.
                unsafe { pool.deallocate(chunk) };
            }
        }
    }
    assert_eq!(pool.len(), live.len());
    errors
}

#[test]
fn a_parent_that_fails_from_the_nth_call_on_costs_nothing_but_the_request() {
    fails_from_the_nth_call_on(|builder, parent| builder.parent(parent).build());
}

#[test]
fn a_parent_below_a_pool_below_that_fails_costs_nothing_but_the_request() {
    fails_from_the_nth_call_on(|builder, parent| {
        // Segments of ten chunks.
        let chunk = Geometry::new(LAYOUT).unwrap().segment_layout(10).unwrap();
        let blocks = RawPool::builder(chunk).first_segment(0).max_segment(0).parent(parent).build_handle()?;
        builder.parent(ChunksOf::new(blocks)).build()
    });
}

const LAYOUT: Layout = Layout::new::<[u64; 25]>();

fn fails_from_the_nth_call_on(build: impl Fn(RawPoolBuilder<Global>, Watched) -> Result<RawPool, BuildError>) {
    for granted in 0.. {
        let parent = Watched::default();
        let watch = parent.watch();
        watch.budget.set(Some(granted));
        let built = build(RawPool::builder(LAYOUT).first_segment(1000).max_segment(4000), parent);
        let errors = match &built {
            Ok(pool) => work(pool),
            Err(error) => {
                assert!(matches!(error, BuildError::Alloc(AllocError::OutOfMemory { .. })));
                assert!(granted < 3, "two records, and a segment with one of them");
                1
            }
        };
        drop(built);
        assert_eq!(watch.pieces(), 0);
        if errors == 0 {
            assert!(granted > 3, "the work never met a failing parent");
            return;
        }
    }
}

#[test]
fn a_parent_that_fails_once_is_asked_again() {
    let parent = Watched::default();
    let watch = parent.watch();
    let pool = RawPool::builder(Layout::new::<u64>()).parent(parent).build().unwrap();
    watch.budget.set(Some(0));
    assert!(pool.allocate().is_err());
    watch.budget.set(None);
    assert!(pool.allocate().is_ok());
}

#[test]
fn a_parent_without_a_large_piece_is_asked_for_a_small_one() {
    let parent = Watched::default();
    let watch = parent.watch();
    watch.largest.set(Some(20_000));
    let pool = RawPool::builder(Layout::new::<[u64; 8]>()).parent(parent).build().unwrap();
    for _ in 0..2_000 {
        pool.allocate().unwrap();
    }
    assert!(watch.bytes() > 100_000, "the pool doubles, so it asked for more than 20000 bytes at once");
    watch.largest.set(Some(100));
    let error = loop {
        if let Err(error) = pool.allocate() {
            break error;
        }
    };
    let AllocError::OutOfMemory { layout } = error else { panic!("{error}") };
    assert!(layout.size() <= 8192, "the error names the small request");
}

#[test]
fn a_limit_is_reached_exactly_and_never_exceeded() {
    for limit in [0, 1, 63, 64, 65, 1000, scaled(70_000, 1500)] {
        let pool = RawPool::builder(Layout::new::<[u8; 3]>()).max_chunks(limit).build().unwrap();
        let chunks: Vec<_> = (0..limit).map(|_| pool.allocate().unwrap()).collect();
        assert_eq!(pool.allocate(), Err(AllocError::LimitReached { max_chunks: limit }));
        assert_eq!((pool.capacity(), pool.len()), (limit, limit));
        if let Some(&chunk) = chunks.first() {
            // SAFETY: the chunk is live.
            unsafe { pool.deallocate(chunk) };
            assert_eq!(pool.allocate(), Ok(chunk));
        }
        assert!(pool.allocate().is_err());
        pool.assert_valid();
    }
}

#[test]
fn a_reserve_beyond_the_limit_or_the_address_space_is_an_error() {
    let pool = RawPool::builder(Layout::new::<u64>()).max_chunks(100).build().unwrap();
    assert_eq!(pool.reserve(101), Err(AllocError::LimitReached { max_chunks: 100 }));
    assert_eq!(pool.reserve(usize::MAX), Err(AllocError::LimitReached { max_chunks: 100 }));
    assert_eq!(pool.capacity(), 0);
    assert_eq!(pool.reserve(100), Ok(()));
    assert_eq!(pool.capacity(), 100);

    let pool = RawPool::new(Layout::new::<u64>()).unwrap();
    assert_eq!(pool.reserve(usize::MAX), Err(AllocError::CapacityOverflow));
    assert_eq!(pool.reserve(usize::MAX / 16), Err(AllocError::CapacityOverflow));
    assert_eq!(pool.capacity(), 0);
}

#[test]
fn an_initial_capacity_above_the_limit_is_an_error() {
    let built = RawPool::builder(Layout::new::<u64>()).capacity(11).max_chunks(10).build();
    assert!(matches!(built, Err(BuildError::Alloc(AllocError::LimitReached { max_chunks: 10 }))));
}

#[test]
fn a_pool_with_an_initial_capacity_asks_its_parent_no_more() {
    let parent = Watched::default();
    let watch = parent.watch();
    let pool = RawPool::builder(Layout::new::<[u8; 40]>()).capacity(5000).parent(parent).build().unwrap();
    let calls = watch.calls();
    let chunks: Vec<_> = (0..5000).map(|_| pool.allocate().unwrap()).collect();
    for chunk in chunks {
        // SAFETY: the chunk is live.
        unsafe { pool.deallocate(chunk) };
    }
    assert_eq!(watch.calls(), calls);
}
