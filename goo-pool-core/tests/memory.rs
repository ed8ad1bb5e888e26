//! When memory is taken and when it goes back: how many requests, and how much is kept.

mod common;

use std::alloc::Layout;
use std::ptr::NonNull;
use std::rc::Rc;

use common::{Watch, Watched, scaled};
use goo_pool_core::{RawPool, Reuse};

fn watched(layout: Layout) -> (RawPool, Rc<Watch>) {
    let parent = Watched::default();
    let watch = parent.watch();
    // Some of these tests are about the order, which is another one by default with the feature `hardened`.
    (RawPool::builder(layout).reuse(Reuse::MostRecent).parent(parent).build().unwrap(), watch)
}

fn fill(pool: &RawPool, count: usize) -> Vec<NonNull<u8>> {
    (0..count).map(|_| pool.allocate().unwrap()).collect()
}

fn free(pool: &RawPool, chunk: NonNull<u8>) {
    // SAFETY: the tests free what `fill` gave, once.
    unsafe { pool.deallocate(chunk) };
}

#[test]
fn a_pool_of_ten_small_objects_takes_less_than_three_pages() {
    for size in [1, 8, 16, 32, 64, 100] {
        let (pool, watch) = watched(Layout::from_size_align(size, 1).unwrap());
        fill(&pool, 10);
        assert!(watch.bytes() <= 3 * 4096, "{size}: {}", watch.bytes());
    }
}

#[test]
fn requests_to_the_parent_are_logarithmic_and_then_linear_with_a_large_step() {
    let (pool, watch) = watched(Layout::new::<[u64; 8]>());
    fill(&pool, scaled(1_000_000, 2_000));
    // The pool's record; doublings from 2 KB to 4 MiB; steps of 4 MiB up to 64 MB.
    let expected = if cfg!(miri) { 1 + 8 } else { 1 + 12 + 64 / 4 };
    assert!(watch.allocations.get() <= expected, "{}", watch.allocations.get());
    assert!(watch.pieces() > 5);
}

#[test]
#[cfg_attr(miri, ignore = "a million chunks")]
fn a_million_chunks_cost_less_than_three_hundredths_more_than_their_own_bytes() {
    let (pool, _watch) = watched(Layout::new::<[u64; 8]>());
    fill(&pool, 1_000_000);
    let stats = pool.stats();
    assert!(stats.bytes_overhead * 100 < stats.total_chunks * 64, "{stats}");
}

#[test]
fn all_memory_goes_back_with_the_pool_although_chunks_are_live() {
    let (pool, watch) = watched(Layout::new::<[u64; 4]>());
    fill(&pool, scaled(100_000, 500));
    drop(pool);
    assert_eq!(watch.pieces(), 0);
}

#[test]
fn a_segment_that_flips_between_empty_and_used_costs_no_request() {
    let (pool, watch) = watched(Layout::new::<[u64; 8]>());
    let mut live = fill(&pool, 2);
    for _ in 0..4 {
        // Up to the chunk that needs another segment, and as far beyond as the heap holds in its hand.
        let segments = pool.stats().segments;
        while pool.stats().segments == segments {
            live.push(pool.allocate().unwrap());
        }
        let boundary = live.len() - 1;
        live.extend(fill(&pool, 70));
        let calls = watch.calls();
        for _ in 0..100 {
            for chunk in live.drain(boundary - 1..).rev() {
                free(&pool, chunk);
            }
            live.extend(fill(&pool, 72));
        }
        assert_eq!(watch.calls(), calls);
    }
}

#[test]
fn a_load_that_comes_and_goes_learns_to_keep_its_memory() {
    let (pool, watch) = watched(Layout::new::<[u64; 8]>());
    let peak = scaled(200_000, 3_000);
    let mut calls_of_last_rounds = 0;
    for round in 0..20 {
        let calls = watch.calls();
        for chunk in fill(&pool, peak) {
            free(&pool, chunk);
        }
        if round >= 15 {
            calls_of_last_rounds += watch.calls() - calls;
        }
        pool.assert_valid();
    }
    assert_eq!(calls_of_last_rounds, 0, "still thrashing");
    pool.shrink_to_fit();
    assert_eq!(pool.capacity(), 0);
}

#[test]
fn most_memory_goes_back_after_a_peak() {
    let (pool, watch) = watched(Layout::new::<[u64; 8]>());
    let chunks = fill(&pool, scaled(500_000, 3_000));
    let peak = watch.bytes();
    for chunk in chunks {
        free(&pool, chunk);
    }
    let kept = watch.bytes();
    if !cfg!(miri) {
        assert!(kept * 3 < peak, "kept {kept} of {peak}");
    }
    assert!(kept < peak);
    pool.shrink_to_fit();
    assert!(watch.bytes() < 1024, "only the pool's own record stays: {}", watch.bytes());
}

#[test]
fn one_live_chunk_keeps_one_segment() {
    for survivor in [0, 1, 1234, scaled(100_000, 2_000) - 1] {
        let (pool, watch) = watched(Layout::new::<[u64; 8]>());
        let chunks = fill(&pool, scaled(100_000, 2_000));
        for (index, &chunk) in chunks.iter().enumerate() {
            if index != survivor {
                free(&pool, chunk);
            }
        }
        pool.shrink_to_fit();
        assert_eq!((pool.len(), pool.stats().segments), (1, 1));
        assert_eq!(watch.pieces(), 2, "the pool's record and the survivor's segment");
        assert!(pool.owns(chunks[survivor].as_ptr()));
        pool.assert_valid();
    }
}

#[test]
fn what_was_reserved_stays_until_it_is_asked_away() {
    let (pool, watch) = watched(Layout::new::<[u64; 8]>());
    for capacity in [1_000, 2_000, 3_000, 4_000, 5_000] {
        pool.reserve(capacity).unwrap();
    }
    assert!(pool.stats().segments >= 3);
    let calls = watch.calls();
    for _ in 0..3 {
        for chunk in fill(&pool, 5_000) {
            free(&pool, chunk);
        }
    }
    assert_eq!(watch.calls(), calls);
    pool.shrink_to_fit();
    assert_eq!(pool.capacity(), 0);
}

#[test]
fn room_that_was_reserved_is_kept_although_it_was_there_already() {
    let (pool, watch) = watched(Layout::new::<[u64; 8]>());
    let chunks = fill(&pool, scaled(20_000, 1_000));
    let (kept, freed) = chunks.split_at(chunks.len() / 10);
    for &chunk in freed {
        free(&pool, chunk);
    }
    let room = pool.capacity() - pool.len();
    pool.reserve(room).unwrap();
    for &chunk in kept {
        free(&pool, chunk);
    }
    assert!(pool.capacity() - pool.len() >= room);
    let calls = watch.calls();
    fill(&pool, room);
    assert_eq!(watch.calls(), calls);
}

#[test]
fn a_reset_keeps_the_memory_and_uses_it_again() {
    let (pool, watch) = watched(Layout::new::<[u64; 2]>());
    let first = fill(&pool, scaled(50_000, 1_000));
    let calls = watch.calls();
    for _ in 0..3 {
        // SAFETY: no chunk is used after this.
        unsafe { pool.reset() };
        assert_eq!(pool.len(), 0);
        pool.assert_valid();
        let again = fill(&pool, first.len());
        assert_eq!(again, first, "address order, from the start");
        assert_eq!(pool.len(), first.len());
    }
    // SAFETY: no chunk is used after this.
    unsafe { pool.reset() };
    for chunk in fill(&pool, first.len()) {
        free(&pool, chunk);
    }
    assert_eq!(watch.calls(), calls, "what was kept is kept on");
}

#[test]
fn a_dropped_chunk_serves_the_next_allocation() {
    let (pool, _watch) = watched(Layout::new::<u64>());
    let chunks = fill(&pool, 10);
    free(&pool, chunks[4]);
    assert_eq!(pool.allocate(), Ok(chunks[4]));
}

#[test]
fn freed_chunks_of_a_block_are_reused_in_address_order() {
    let (pool, _watch) = watched(Layout::new::<u64>());
    let chunks = fill(&pool, 900);
    for &chunk in chunks.iter().rev().step_by(3) {
        free(&pool, chunk);
    }
    // The heap's hand comes first: the chunk freed first, then what is left of the word it is at.
    let again = fill(&pool, 250);
    assert!(again[100..].is_sorted());
}

#[test]
fn stats_add_up() {
    let (pool, watch) = watched(Layout::new::<[u8; 24]>());
    let chunks = fill(&pool, 700);
    for &chunk in &chunks[..300] {
        free(&pool, chunk);
    }
    let stats = pool.stats();
    assert_eq!(stats.live_chunks, 400);
    assert_eq!(stats.live_chunks + stats.free_chunks, stats.total_chunks);
    assert_eq!(stats.bytes_reserved, watch.bytes());
    assert_eq!(stats.bytes_overhead, watch.bytes() - stats.total_chunks * 24);
    assert_eq!(stats.segments + 1, watch.pieces());
    assert!(stats.blocks >= stats.segments);
    assert!(stats.to_string().starts_with(&format!("400 of {} chunks live", stats.total_chunks)));
}
