//! What a `Pool` does with its memory: settings, limits, growth, statistics.

use std::collections::HashSet;

use crate::common::{Watched, assert_serves, panic_of, scaled};
use crate::kind::{self, Pool, PoolBox};
use goo_pool_typed::{AllocError, BuildError, Config, Reuse, Stats};

/// The rules that every pool's numbers obey.
#[track_caller]
fn assert_consistent<T>(pool: &Pool<T>, parent: &Watched) -> Stats {
    let stats = pool.stats();
    assert_eq!(stats.live_chunks + stats.free_chunks, stats.total_chunks);
    assert_eq!((stats.live_chunks, stats.total_chunks), (pool.len(), pool.capacity()));
    assert_eq!(pool.is_empty(), stats.live_chunks == 0);
    assert_eq!(stats.bytes_reserved, parent.0.bytes());
    assert_eq!(stats.segments, parent.0.segments());
    assert!(kind::RECORDS.contains(&(parent.0.pieces() - stats.segments)), "{} pieces", parent.0.pieces());
    assert_eq!(stats.bytes_overhead + stats.total_chunks * size_of::<T>(), stats.bytes_reserved);
    assert!(stats.blocks >= stats.segments);
    stats
}

#[test]
fn a_new_pool_asks_for_nothing_but_its_own_record() {
    let parent = Watched::default();
    let pool = Pool::<[u64; 100]>::builder().parent(parent.clone()).build().unwrap();
    let stats = assert_consistent(&pool, &parent);
    assert_eq!((stats.total_chunks, stats.segments, parent.0.requests.get()), (0, 0, *kind::RECORDS.start()));
    assert!(stats.bytes_reserved <= kind::RECORD_BYTES, "{} bytes", stats.bytes_reserved);
}

#[test]
fn a_pool_of_ten_small_values_takes_at_most_three_pages() {
    let parent = Watched::default();
    let pool = Pool::builder().parent(parent.clone()).build().unwrap();
    let _boxes: Vec<_> = (0..10).map(|n| pool.alloc([n; 4])).collect();
    let stats = assert_consistent(&pool, &parent);
    assert!(stats.bytes_reserved <= 3 * 4096, "{stats}");
}

#[test]
fn the_numbers_follow_every_step() {
    let parent = Watched::default();
    let pool = Pool::builder().parent(parent.clone()).build().unwrap();
    let mut boxes = Vec::new();
    let count = scaled(3000, 150);
    for n in 0..count {
        boxes.push(pool.alloc([n; 5]));
        assert_eq!(assert_consistent(&pool, &parent).live_chunks, n + 1);
    }
    for live in (0..count).rev() {
        boxes.swap_remove(live / 2);
        assert_eq!(assert_consistent(&pool, &parent).live_chunks, live);
    }
    pool.shrink_to_fit();
    assert_eq!(assert_consistent(&pool, &parent).total_chunks, 0);
}

#[test]
fn capacity_is_there_before_the_first_value_and_stays() {
    for capacity in [1, 7, 64, scaled(10_000, 500)] {
        let parent = Watched::default();
        let pool = Pool::builder().capacity(capacity).parent(parent.clone()).build().unwrap();
        assert!(pool.capacity() >= capacity);
        let requests = parent.0.segment_requests.get();
        for _ in 0..3 {
            let boxes: Vec<_> = (0..capacity).map(|n| pool.alloc([n; 3])).collect();
            assert_eq!(pool.len(), capacity);
            drop(boxes);
        }
        assert_eq!((parent.0.segment_requests.get(), parent.0.returns.get()), (requests, 0));
    }
    assert!(Pool::<String>::with_capacity(77).capacity() >= 77);
    assert_eq!(Pool::<String>::with_capacity(0).capacity(), 0);
}

#[test]
fn reserve_makes_room_for_more_than_is_live_with_one_request() {
    let parent = Watched::default();
    let pool = Pool::builder().parent(parent.clone()).build().unwrap();
    let mut boxes: Vec<_> = (0..20).map(|n| pool.alloc([n; 3])).collect();
    let requests = parent.0.requests.get();
    let more = scaled(20_000, 700);
    pool.reserve(more).unwrap();
    assert!(pool.capacity() >= 20 + more);
    assert_eq!(parent.0.requests.get(), requests + 1);
    pool.reserve(more / 2).unwrap();
    boxes.extend((0..more).map(|n| pool.alloc([n; 3])));
    assert_eq!(parent.0.requests.get(), requests + 1);
}

#[test]
fn reserved_room_stays_until_it_is_given_up() {
    let parent = Watched::default();
    let pool = Pool::builder().first_segment(1).max_segment(1).parent(parent.clone()).build().unwrap();
    let first = pool.alloc([0; 3]);
    // Each is a piece of its own.
    for more in [50, 200, 500] {
        pool.reserve(more).unwrap();
    }
    let capacity = pool.capacity();
    for _ in 0..3 {
        drop((0..500).map(|n| pool.alloc([n; 3])).collect::<Vec<_>>());
        assert_eq!((pool.capacity(), parent.0.returns.get()), (capacity, 0));
    }
    pool.shrink_to_fit();
    assert_eq!((pool.capacity(), *first), (1, [0; 3]));
}

#[test]
fn shrink_to_fit_gives_back_what_is_empty_and_nothing_else() {
    let parent = Watched::default();
    let pool = Pool::builder().first_segment(2000).max_segment(2000).parent(parent.clone()).build().unwrap();
    let mut boxes: Vec<_> = (0..scaled(2000, 200)).map(|n| pool.alloc(n as u64)).collect();
    pool.reserve(500).unwrap();
    let full = assert_consistent(&pool, &parent);
    let kept: Vec<_> = boxes.drain(50..53).collect();
    drop(boxes);
    pool.shrink_to_fit();
    let stats = assert_consistent(&pool, &parent);
    assert!(stats.segments <= 2 && stats.bytes_reserved < full.bytes_reserved / 2, "{stats}");
    assert_eq!(kept.iter().map(|boxed| **boxed).sum::<u64>(), 50 + 51 + 52);
    drop(kept);
    pool.shrink_to_fit();
    assert_eq!(assert_consistent(&pool, &parent).segments, 0);
    // It works on.
    assert_eq!(*pool.alloc(7), 7);
}

#[test]
fn shrink_to_fit_forgets_what_was_reserved() {
    let parent = Watched::default();
    let pool = Pool::builder().first_segment(1000).max_segment(1000).parent(parent.clone()).build().unwrap();
    pool.reserve(1000).unwrap();
    pool.shrink_to_fit();
    drop((0..500).map(|n| pool.alloc([n; 8])).collect::<Vec<_>>());
    assert!(pool.capacity() < 100, "{}", pool.stats());
}

#[test]
fn the_number_of_requests_grows_with_the_logarithm() {
    let parent = Watched::default();
    let pool = Pool::builder().parent(parent.clone()).build().unwrap();
    let count = scaled(100_000, 2000);
    let boxes: Vec<_> = (0..count).map(|n| pool.alloc([n; 4])).collect();
    // Each request doubles the pool, but for what is rounded down.
    let bytes = count * size_of::<[usize; 4]>();
    let doublings = (bytes / Config::default().first_segment).next_power_of_two().ilog2() as usize;
    assert!(parent.0.requests.get() <= doublings + 4, "{} requests", parent.0.requests.get());
    assert_eq!(boxes.len(), pool.len());
}

#[test]
fn one_value_that_comes_and_goes_asks_the_parent_for_nothing() {
    let parent = Watched::default();
    let pool = Pool::builder().first_segment(1).max_segment(1).parent(parent.clone()).build().unwrap();
    let _fixed: Vec<_> = (0..10).map(|_| pool.alloc([0; 100])).collect();
    drop(pool.alloc([0; 100]));
    let calls = || parent.0.requests.get() + parent.0.returns.get();
    let before = calls();
    for _ in 0..1000 {
        drop(pool.alloc([1; 100]));
        drop([pool.alloc([1; 100]), pool.alloc([2; 100])]);
    }
    assert!(calls() - before < 20, "{} calls of the parent", calls() - before);
}

#[test]
fn a_load_that_comes_and_goes_soon_asks_the_parent_for_nothing() {
    let parent = Watched::default();
    let pool = Pool::builder().first_segment(1000).max_segment(1000).parent(parent.clone()).build().unwrap();
    let load = || drop((0..scaled(500, 100)).map(|n| pool.alloc([n; 8])).collect::<Vec<_>>());
    for _ in 0..scaled(20, 10) {
        load();
    }
    let calls = (parent.0.requests.get(), parent.0.returns.get());
    for _ in 0..scaled(200, 5) {
        load();
    }
    assert_eq!((parent.0.requests.get(), parent.0.returns.get()), calls);
}

#[test]
fn memory_goes_back_after_a_peak() {
    let parent = Watched::default();
    let pool = Pool::builder().parent(parent.clone()).build().unwrap();
    let peak: Vec<_> = (0..scaled(50_000, 3000)).map(|n| pool.alloc([n; 8])).collect();
    let bytes_at_peak = parent.0.bytes();
    drop(peak);
    let after = assert_consistent(&pool, &parent);
    assert!(after.bytes_reserved < bytes_at_peak, "{after}");
    pool.shrink_to_fit();
    assert_eq!(parent.0.segments(), 0);
}

#[test]
fn the_limit_is_exact() {
    for limit in [0, 1, 2, 63, 64, 65, scaled(5000, 200)] {
        let pool = Pool::builder().max_chunks(limit).build().unwrap();
        let mut boxes: Vec<_> = (0..limit).map(|n| pool.alloc(n)).collect();
        let error = AllocError::LimitReached { max_chunks: limit };
        assert_eq!(pool.try_alloc(7).unwrap_err().error(), error);
        assert_eq!(pool.try_alloc(7).unwrap_err().into_value(), 7);
        assert_eq!(pool.try_alloc_uninit().unwrap_err(), error);
        assert_eq!(pool.try_alloc_with(|| unreachable!("there is no chunk for it")).unwrap_err(), error);
        assert_eq!(pool.reserve(1), Err(error));
        assert_eq!((pool.len(), pool.capacity()), (limit, limit));
        if boxes.pop().is_some() {
            boxes.push(pool.alloc(limit - 1));
        }
        assert!(boxes.iter().map(|boxed| **boxed).eq(0..limit));
        drop(boxes);
        assert_serves(&pool, limit);
    }
}

#[test]
fn what_cannot_fail_with_an_error_panics_at_the_limit() {
    let ways: [fn(&Pool<u32>); 6] = [
        |pool| drop(pool.alloc(1)),
        |pool| drop(pool.alloc_with(|| unreachable!("there is no chunk for it"))),
        |pool| drop(pool.alloc_default()),
        |pool| drop(pool.alloc_uninit()),
        |pool| drop(pool.alloc_zeroed()),
        |pool| drop(pool.alloc_iter([1, 2, 3]).collect::<Vec<_>>()),
    ];
    for way in ways {
        let pool = Pool::builder().max_chunks(1).build().unwrap();
        let _full = pool.alloc(0);
        assert_eq!(panic_of(|| way(&pool)), "the pool's limit of 1 chunks is reached");
        assert_eq!(pool.len(), 1);
    }
}

#[test]
fn a_pool_that_cannot_be_is_an_error() {
    let refused = Pool::<u64>::builder().capacity(11).max_chunks(10).build();
    assert_eq!(refused.unwrap_err(), BuildError::Alloc(AllocError::LimitReached { max_chunks: 10 }));
    let refused = Pool::<u64>::builder().capacity(usize::MAX).build();
    assert_eq!(refused.unwrap_err(), BuildError::Alloc(AllocError::CapacityOverflow));
    assert!(panic_of(|| drop(Pool::<u64>::with_capacity(usize::MAX))).contains("address space"));
    assert_eq!(Pool::<u64>::new().reserve(usize::MAX), Err(AllocError::CapacityOverflow));
    assert!(Pool::<u64>::builder().capacity(10).max_chunks(10).build().is_ok());
}

#[cfg(target_pointer_width = "64")]
#[test]
fn a_type_that_no_block_can_hold_is_an_error() {
    type Enormous = [u8; 1 << 46];
    assert!(matches!(Pool::<Enormous>::builder().build(), Err(BuildError::Layout(_))));
    let message = panic_of(|| Pool::<Enormous>::new().reserve(1).unwrap());
    assert!(message.contains("70368744177664 bytes"), "{message}");
}

#[test]
fn settings_may_be_given_one_by_one_or_as_data() {
    let config = Config::default().with_capacity(5).with_max_chunks(20).with_first_segment(500).with_max_segment(900);
    let one_by_one = Pool::<[u8; 32]>::builder().capacity(5).max_chunks(20).first_segment(500).max_segment(900);
    let as_data = Pool::<[u8; 32]>::builder().config(config);
    assert_eq!(format!("{one_by_one:?}"), format!("{as_data:?}"));
    let pools = [one_by_one.build().unwrap(), as_data.build().unwrap()];
    let boxes: Vec<_> = pools.iter().map(|pool| pool.alloc_iter([[0; 32]; 20]).collect::<Vec<_>>()).collect();
    assert_eq!(pools[0].stats(), pools[1].stats());
    assert!(pools.iter().all(|pool| pool.try_alloc([0; 32]).is_err()) && boxes[1].len() == 20);
}

#[test]
fn segment_sizes_are_what_was_asked_for() {
    let parent = Watched::default();
    let pool = Pool::builder().first_segment(3000).max_segment(20_000).parent(parent.clone()).build().unwrap();
    let mut boxes = Vec::new();
    let mut sizes = Vec::new();
    while sizes.len() < 7 {
        let before = parent.0.segment_bytes();
        boxes.push(pool.alloc([0_u8; 200]));
        if parent.0.segment_bytes() != before {
            sizes.push(parent.0.segment_bytes() - before);
        }
    }
    // At most what was asked for, and no more than one chunk and its header less.
    assert!((2700..=3000).contains(&sizes[0]), "{sizes:?}");
    assert!(sizes.is_sorted() && sizes[1..].iter().all(|&size| size <= 20_000), "{sizes:?}");
    assert!(sizes[5..].iter().all(|&size| size > 19_000), "{sizes:?}");
}

#[test]
fn clones_of_a_handle_are_one_pool() {
    let pool = Pool::new();
    let (clone, other) = (pool.clone(), Pool::<u32>::default());
    let boxes = (pool.alloc(1), clone.alloc(2), other.alloc(3));
    assert!(pool.ptr_eq(&clone) && clone.ptr_eq(&pool) && !pool.ptr_eq(&other));
    assert_eq!((pool.len(), clone.len(), other.len()), (2, 2, 1));
    drop(pool);
    let late = clone.alloc(*boxes.0 + *boxes.1 + *boxes.2);
    assert_eq!(*late, 6);
}

#[test]
fn a_pool_shows_its_numbers() {
    let pool = Pool::new();
    let _boxes = [pool.alloc(1_u16), pool.alloc(2)];
    let shown = format!("{pool:?}");
    assert!(shown.starts_with("Pool") && shown.contains("live_chunks: 2"), "{shown}");
    assert!(pool.stats().to_string().starts_with("2 of "), "{}", pool.stats());
    let refused = Pool::builder().max_chunks(0).build().unwrap().try_alloc("secret").unwrap_err();
    assert_eq!(refused.to_string(), "the pool's limit of 0 chunks is reached");
    // For values that cannot be shown, too; so it does not try.
    assert!(format!("{refused:?}").starts_with("TryAllocError") && !format!("{refused:?}").contains("secret"));
}

#[test]
fn a_million_values_live_at_once_each_at_an_address_of_its_own() {
    let pool = Pool::new();
    let count = scaled(1_000_000, 3000);
    let mut boxes: Vec<_> = pool.alloc_iter(0..count).collect();
    let addresses: HashSet<_> = boxes.iter().map(|boxed| PoolBox::as_ptr(boxed).addr()).collect();
    assert_eq!((addresses.len(), pool.len()), (count, count));
    // Free in an order that is neither that of the addresses nor its reverse.
    let mut at = 0;
    for live in (count / 2..count).rev() {
        at = (at * 31 + 7) % (live + 1);
        boxes.swap_remove(at);
    }
    assert_eq!(pool.len(), count / 2);
    let mut rest: Vec<_> = boxes.iter().map(|boxed| **boxed).collect();
    rest.sort_unstable();
    rest.dedup();
    assert_eq!(rest.len(), count / 2);
    boxes.extend(pool.alloc_iter(0..count / 2));
    assert_eq!(pool.len(), count);
}

#[test]
fn a_million_small_values_cost_at_most_three_percent_more_than_themselves() {
    let count = scaled(1_000_000, 5000);
    let pool = Pool::with_capacity(count);
    let _boxes: Vec<_> = pool.alloc_iter((0..count).map(|n| [n as u64; 8])).collect();
    let stats = pool.stats();
    assert!(stats.bytes_overhead * 100 <= 3 * count * 64, "{stats}");
}

#[test]
fn the_lowest_address_is_reused_first_where_that_is_asked_for() {
    let pool = Pool::builder().reuse(Reuse::LowestAddress).build().unwrap();
    let mut boxes: Vec<_> = (0..20_u64).map(|n| pool.alloc(n)).collect();
    let lowest = boxes.iter().map(|value| &raw const **value).min().unwrap();
    // In this order, so that the lowest is not the one freed last.
    boxes.retain(|value| &raw const **value != lowest);
    drop(boxes.swap_remove(7));
    assert_eq!(&raw const *pool.alloc(20), lowest);
}
