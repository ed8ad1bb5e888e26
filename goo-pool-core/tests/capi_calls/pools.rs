//! Pools: alignment, options, sizes, resets, statistics.

use std::ptr;

use goo_pool_core::capi::types::PAGE_BYTES;
use goo_pool_core::capi::*;

use crate::*;

#[test]
fn chunks_have_the_alignment_asked_for() {
    for alignment in [1, 2, 8, 16, 32, 64, 256, 4096] {
        for size in [1, 24, 40, 200] {
            let pool = Pool::new(size, alignment, 3);
            let allocator = pool.allocator();
            let chunks: Vec<_> = (0..20).map(|_| allocator.alloc(size, alignment, PLAIN)).collect();
            for &chunk in &chunks {
                assert!(!chunk.is_null());
                assert_eq!(chunk.addr() % alignment, 0);
                fill(chunk, size);
            }
            chunks.into_iter().for_each(|chunk| allocator.free(chunk));
        }
    }
}

#[test]
fn a_pool_keeps_the_alignment_that_its_chunk_size_has_anyway() {
    let pool = Pool::new(48, 8, 10);
    let allocator = pool.allocator();
    for _ in 0..10 {
        let chunk = allocator.alloc(48, 16, PLAIN);
        assert!(!chunk.is_null() && chunk.addr() % 16 == 0);
    }
    assert!(allocator.alloc(48, 32, PLAIN).is_null());
}

#[test]
fn realloc_within_the_chunk_stays_and_zeroes_the_new_tail() {
    let pool = Pool::new(128, 16, 4);
    let allocator = pool.allocator();
    let chunk = allocator.realloc(NONE, 0, 20, PLAIN);
    fill(chunk, 128);
    assert_eq!(allocator.realloc(chunk, 20, 50, PLAIN), chunk);
    assert_eq!(bytes(chunk, 128), [0xa5; 128]);
    assert_eq!(allocator.realloc(chunk, 50, 100, ZERO), chunk);
    assert_eq!(bytes(chunk, 50), [0xa5; 50]);
    assert_eq!(bytes(chunk, 100)[50..], [0; 50]);
    assert_eq!(bytes(chunk, 128)[100..], [0xa5; 28]);
    assert_eq!(allocator.realloc(chunk, 100, 10, ZERO), chunk);
    assert_eq!(bytes(chunk, 50), [0xa5; 50]);
    assert_eq!(allocator.stats().allocation_count.get(), 1);
    assert_eq!(allocator.realloc(chunk, 10, 0, PLAIN), NONE);
    assert_eq!(allocator.stats().allocation_count.get(), 0);
    assert_eq!(allocator.stats().total_frees.get(), 1);
}

#[test]
fn options_do_what_the_header_says() {
    let pool = Pool::new(64, 8, 4);
    let (allocator, system) = (pool.allocator(), pool.system);
    let chunks = [(); 4].map(|()| allocator.alloc(64, 8, PLAIN));
    chunks.into_iter().for_each(|chunk| fill(chunk, 64));
    chunks.into_iter().for_each(|chunk| allocator.free(chunk));
    assert_eq!(bytes(allocator.alloc(60, 8, ZERO), 60), [0; 60]);
    let nothing = GooAllocOptions(0xffff_ff00 | 2 | 4 | 8);
    assert!(!allocator.alloc(64, 8, nothing).is_null());
    assert!(allocator.alloc(64, 8, GooAllocOptions::PAGE).is_null());
    let page = system.alloc(10, 8, GooAllocOptions::PAGE);
    assert!(!page.is_null() && page.addr() % PAGE_BYTES == 0);
    system.free(page);
    let pages = Pool::new(100, PAGE_BYTES, 2);
    let page = pages.allocator().alloc(100, 1, GooAllocOptions::PAGE);
    assert!(!page.is_null() && page.addr() % PAGE_BYTES == 0);
}

#[test]
fn reset_frees_all_and_the_statistics_know() {
    let pool = Pool::new(64, 8, 100);
    let allocator = pool.allocator();
    let chunks: Vec<_> = (0..70).map(|_| allocator.alloc(1, 1, PLAIN)).collect();
    chunks[..30].iter().for_each(|&chunk| allocator.free(chunk));
    let (free, total) = pool.counts();
    assert_eq!(total - free, 40);
    let before = allocator.stats();
    assert_eq!(before.bytes_allocated.get(), 40 * 64);
    pool.reset();
    assert_eq!(pool.counts(), (total, total));
    let after = allocator.stats();
    assert_eq!((after.total_allocations.get(), after.total_frees.get()), (70, 70));
    assert_eq!((after.allocation_count.get(), after.bytes_allocated.get()), (0, 0));
    assert_eq!(after.max_bytes_allocated.get(), 70 * 64);
    assert_eq!(after.bytes_reserved, before.bytes_reserved);
    assert!((0..total).all(|_| !allocator.alloc(64, 8, PLAIN).is_null()));
    assert_eq!(allocator.stats().bytes_reserved, before.bytes_reserved);
    pool.reset();
    pool.reset();
    assert_eq!(allocator.stats().total_frees.get(), 70 + total);
    // Also what is counted no more.
    allocator.alloc(64, 8, PLAIN);
    allocator.fields().track_stats.set(false);
    pool.reset();
    assert_eq!((allocator.stats().allocation_count.get(), allocator.stats().bytes_allocated.get()), (0, 0));
}

#[test]
fn what_is_not_tracked_is_not_counted_and_not_missed() {
    let pool = Pool::new(64, 8, 100);
    for allocator in [pool.allocator(), pool.system] {
        let before = allocator.stats();
        allocator.fields().track_stats.set(false);
        let untracked = [(); 3].map(|()| allocator.alloc(64, 8, PLAIN));
        assert!(allocator.alloc(usize::MAX, 8, PLAIN).is_null());
        assert_eq!(allocator.stats(), before);
        untracked.into_iter().for_each(|memory| allocator.free(memory));
        assert_eq!(allocator.stats(), before);
        allocator.fields().track_stats.set(true);
    }
    let allocator = pool.allocator();
    allocator.fields().track_stats.set(false);
    let untracked = allocator.alloc(64, 8, PLAIN);
    allocator.fields().track_stats.set(true);
    allocator.free(untracked);
    assert_eq!((allocator.stats().total_frees.get(), allocator.stats().bytes_allocated.get()), (0, 0));
}

#[test]
fn a_pool_grows_and_what_it_reserves_is_what_the_parent_gave() {
    let pool = Pool::new(40, 8, 10);
    let allocator = pool.allocator();
    let chunks: Vec<_> = (0..1_000).map(|_| allocator.alloc(40, 8, PLAIN)).collect();
    let (free, total) = pool.counts();
    assert_eq!(total - free, 1_000);
    assert_eq!(allocator.stats().bytes_reserved, pool.system.stats().bytes_allocated);
    for chunk in chunks {
        allocator.free(chunk);
    }
    assert_eq!(pool.counts().0, pool.counts().1);
    assert_eq!(allocator.stats().bytes_reserved, pool.system.stats().bytes_allocated);
}

#[test]
fn a_sized_pool_has_a_block_ready() {
    let system = Allocator::system();
    for chunks in [1, 10, 64, 1_000, 4_096, 5_000] {
        // SAFETY: the parent outlives the pool.
        let pool = unsafe { goo_pool_allocator_create_sized(system.0, 24, 8, chunks) };
        let mut total = 0;
        // SAFETY: a pool.
        unsafe { goo_pool_get_stats(pool, ptr::null_mut(), &raw mut total) };
        assert!(total >= chunks);
        Allocator(pool.cast()).destroy();
    }
    assert_eq!(system.stats().allocation_count.get(), 0);
    system.destroy();
}

#[test]
#[cfg(any(debug_assertions, feature = "hardened"))]
fn a_foreign_or_doubly_freed_pointer_is_refused() {
    let (pool, other) = (Pool::new(64, 8, 10), Pool::new(64, 8, 10));
    let allocator = pool.allocator();
    let (kept, freed) = (allocator.alloc(64, 8, PLAIN), allocator.alloc(64, 8, PLAIN));
    allocator.free(freed);
    let foreign = other.allocator().alloc(64, 8, PLAIN);
    let before = allocator.stats();
    let mut on_the_stack = 0;
    for wrong in [freed, foreign, kept.wrapping_byte_add(8), (&raw mut on_the_stack).cast()] {
        allocator.free(wrong);
        assert!(allocator.realloc(wrong, 8, 16, ZERO).is_null());
        assert!(allocator.realloc(wrong, 8, 0, ZERO).is_null());
        assert_eq!(allocator.stats(), before);
    }
    let mut live: Vec<_> = (0..9).map(|_| allocator.alloc(64, 8, PLAIN)).collect();
    live.push(kept);
    live.sort();
    live.dedup();
    assert_eq!(live.len(), 10);
}

/// What was handed out the fast way was not looked at, and for AddressSanitizer it stayed free.
#[test]
#[cfg(all(any(debug_assertions, feature = "hardened"), not(any(miri, goo_asan))))]
fn a_write_after_free_ends_the_process_when_the_chunk_is_handed_out() {
    const CHILD: &str = "GOO_WRITES_AFTER_FREE";
    if std::env::var_os(CHILD).is_some() {
        let pool = Pool::new(64, 8, 4);
        let chunk = pool.allocator().alloc(64, 8, PLAIN);
        pool.allocator().free(chunk);
        fill(chunk, 64);
        // With a random order it may take a while until the chunk has its turn.
        (0..10_000).for_each(|_| _ = pool.allocator().alloc(64, 8, PLAIN));
        return;
    }
    let name = "pools::a_write_after_free_ends_the_process_when_the_chunk_is_handed_out";
    let this = std::env::current_exe().unwrap();
    let output =
        std::process::Command::new(this).args(["--exact", name, "--nocapture"]).env(CHILD, "1").output().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("write after free"), "{said}");
}

/// Debug builds once took the thread that made a pool for the only one that may ever free in it.
#[test]
fn a_pool_changes_threads() {
    struct Handed(Pool, *mut c_void);
    // SAFETY: one thread at a time uses it.
    unsafe impl Send for Handed {}

    let pool = Pool::new(64, 8, 10);
    let chunk = pool.allocator().alloc(64, 8, PLAIN);
    let handed = Handed(pool, chunk);
    thread::spawn(move || {
        let Handed(pool, chunk) = { handed };
        pool.allocator().free(chunk);
        assert_eq!(pool.allocator().stats().allocation_count.get(), 0);
    })
    .join()
    .unwrap();
}
