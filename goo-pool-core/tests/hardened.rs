//! What the checks find beyond the double and foreign frees of `misuse.rs`: writes to free memory, overruns, and frees of
//! which only the address is known; of pools of both kinds, open and closed.
#![cfg(all(any(debug_assertions, feature = "hardened"), feature = "std"))]

#[path = "common/sync.rs"]
mod common;

use std::alloc::Layout;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::thread;

use common::Sent;
use goo_pool_core::{
    ClassPool, Geometry, Handle, PoolHandle, RawPool, Reuse, SyncClassPool, SyncPoolHandle, SyncRawPool,
};

fn message_of(misuse: impl FnOnce()) -> String {
    catch(misuse).expect("a misuse was not found")
}

fn catch(misuse: impl FnOnce()) -> Option<String> {
    let payload = catch_unwind(AssertUnwindSafe(misuse)).err()?;
    Some(match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => payload.downcast_ref::<&str>().unwrap().to_string(),
    })
}

fn handles(layout: Layout) -> (PoolHandle, SyncPoolHandle) {
    let builder = || RawPool::builder(layout).reuse(Reuse::LowestAddress).capacity(100);
    (builder().build_handle().unwrap(), builder().build_sync_handle().unwrap())
}

fn free<H: Handle>(chunk: NonNull<u8>, layout: Layout) {
    // SAFETY: live, or a check in front of it panics.
    unsafe { H::deallocate_dyn(chunk, layout) };
}

fn free_in(pool: &SyncRawPool, Sent(chunk): Sent) {
    // SAFETY: live, or a check in front of it panics.
    unsafe { pool.deallocate(chunk) };
}

fn free_elsewhere(pool: &SyncRawPool, chunk: Sent) {
    thread::scope(|scope| scope.spawn(move || free_in(pool, chunk)).join()).unwrap();
}

/// The pattern is not written where other tools look, and Miri is one.
#[cfg(not(any(miri, goo_asan)))]
mod writes {
    use super::*;

    fn write(chunk: NonNull<u8>, offset: usize) {
        // SAFETY: the memory is the pool's still, and nobody reads it as a value.
        let place = unsafe { chunk.byte_add(offset) };
        // SAFETY: the same.
        unsafe { place.write(0x77) };
    }

    fn is_found_at_the_next_allocation<H: Handle>(handle: &H, layout: Layout, offset: usize) {
        let chunks: Vec<_> = (0..3).map(|_| handle.allocate().unwrap()).collect();
        free::<H>(chunks[1], layout);
        write(chunks[1], offset);
        let message = message_of(|| _ = handle.allocate());
        let expected =
            format!("write after free: chunk {:p} was written to at byte {offset} while it was free", chunks[1]);
        assert_eq!(message, expected);
        // It is handed to nobody; the pool goes on.
        assert!(!chunks.contains(&handle.allocate().unwrap()));
    }

    #[test]
    fn a_write_after_free_is_found_at_the_next_allocation() {
        for (size, offsets) in
            [(1, vec![0]), (8, vec![0, 7]), (100, vec![0, 50, 99]), (5000, vec![0, 1023, 3976, 4999])]
        {
            for offset in offsets {
                let layout = Layout::from_size_align(size, 1).unwrap();
                let (local, shared) = handles(layout);
                is_found_at_the_next_allocation(&local, layout, offset);
                is_found_at_the_next_allocation(&shared, layout, offset);
            }
        }
    }

    /// Of the classes, allocations were not looked at, and frees were.
    #[test]
    fn a_write_after_free_is_found_in_pools_of_many_sizes() {
        let layout = Layout::new::<[u64; 3]>();
        let (local, shared) = (ClassPool::new(), SyncClassPool::new());
        let written_after_free = |chunk: NonNull<[u8]>| {
            write(chunk.cast(), 20);
            format!("write after free: chunk {:p} was written to at byte 20 while it was free", chunk.cast::<u8>())
        };
        // With a random order it may take a while until the chunk has its turn.
        for _ in 0..3 {
            let chunk = local.allocate(layout).unwrap();
            // SAFETY: the chunk is live; the write that follows is to be found.
            unsafe { local.deallocate(chunk.cast(), layout) };
            let expected = written_after_free(chunk);
            let found = (0..10_000).find_map(|_| catch(|| _ = local.allocate(layout)));
            assert_eq!(found, Some(expected));
            let chunk = shared.allocate(layout).unwrap();
            // SAFETY: the same.
            unsafe { shared.deallocate(chunk.cast(), layout) };
            let expected = written_after_free(chunk);
            let found = (0..10_000).find_map(|_| catch(|| _ = shared.allocate(layout)));
            assert_eq!(found, Some(expected));
        }
    }

    #[test]
    fn a_write_into_the_middle_of_a_large_chunk_is_not_found() {
        let layout = Layout::from_size_align(5000, 1).unwrap();
        let (local, _) = handles(layout);
        let chunk = local.allocate().unwrap();
        free::<PoolHandle>(chunk, layout);
        write(chunk, 2500);
        assert_eq!(local.allocate(), Ok(chunk));
    }

    #[test]
    fn a_write_to_a_chunk_that_was_never_handed_out_is_found() {
        let layout = Layout::new::<u64>();
        let (local, _) = handles(layout);
        let chunk = local.allocate().unwrap();
        write(chunk, 8);
        assert!(message_of(|| _ = local.allocate()).starts_with("write after free"));
    }

    #[test]
    fn a_write_after_reset_is_found() {
        let pool = RawPool::builder(Layout::new::<[u64; 4]>()).reuse(Reuse::LowestAddress).build().unwrap();
        let chunks: Vec<_> = (0..100).map(|_| pool.allocate().unwrap()).collect();
        // SAFETY: no chunk is used after this, but for the write that is to be found.
        unsafe { pool.reset() };
        write(chunks[60], 31);
        let found = (0..100).find(|_| catch_unwind(AssertUnwindSafe(|| pool.allocate().unwrap())).is_err());
        assert_eq!(found, Some(60));
    }

    #[test]
    fn a_write_into_a_row_that_was_given_back_is_found() {
        fn check<H: Handle>(handle: &H) {
            let row = handle.take_row().unwrap();
            let last = row.first();
            // SAFETY: the row is not used any more, but for the write that is to be found.
            unsafe { handle.give_row(row) };
            write(last, 3);
            assert!(message_of(|| _ = handle.take_row()).starts_with("write after free"));
            // It is handed to nobody. Once its chunks were free for ever.
            assert!(handle.len() > 1);
        }
        let (local, shared) = handles(Layout::new::<[u64; 4]>());
        check(&local);
        check(&shared);
        local.assert_valid();
    }

    /// Their allocations once passed by the checks.
    #[test]
    fn a_write_to_a_freed_chunk_of_a_pool_of_many_sizes_is_found() {
        fn check(allocate: impl Fn() -> NonNull<u8>, free: impl Fn(NonNull<u8>)) {
            let chunk = allocate();
            free(chunk);
            write(chunk, 5);
            let found = (0..1000).find(|_| catch_unwind(AssertUnwindSafe(&allocate)).is_err());
            assert!(found.is_some());
        }
        for size in [8, 100, 1000] {
            let layout = Layout::from_size_align(size, 8).unwrap();
            let (local, shared) = (ClassPool::new(), SyncClassPool::new());
            // SAFETY: live, and not used any more, but for the write that is to be found.
            check(|| local.allocate(layout).unwrap().cast(), |chunk| unsafe { local.deallocate(chunk, layout) });
            // SAFETY: the same.
            check(|| shared.allocate(layout).unwrap().cast(), |chunk| unsafe { shared.deallocate(chunk, layout) });
        }
    }

    #[test]
    fn what_was_freed_elsewhere_is_looked_at_too() {
        let pool = SyncRawPool::builder(Layout::new::<u64>()).build_sync().unwrap();
        let chunks: Vec<_> = (0..pool.capacity().max(100)).map(|_| Sent(pool.allocate().unwrap())).collect();
        let chunk = chunks[40];
        free_elsewhere(&pool, chunk);
        write(chunk.0, 4);
        let message = message_of(|| {
            loop {
                pool.allocate().unwrap();
            }
        });
        assert_eq!(
            message,
            format!("write after free: chunk {:p} was written to at byte 4 while it was free", chunk.0)
        );
    }

    #[test]
    fn an_overrun_into_what_the_layout_leaves_of_the_stride_is_found_by_the_free() {
        fn check<H: Handle>(handle: &H, layout: Layout) {
            let chunk = handle.allocate().unwrap();
            write(chunk, 12);
            let message = message_of(|| free::<H>(chunk, layout));
            assert_eq!(message, format!("overrun: chunk {chunk:p} was written to 1 bytes behind its end"));
            assert_eq!(handle.len(), 1);
        }
        let layout = Layout::from_size_align(12, 8).unwrap();
        let (local, shared) = handles(layout);
        check(&local, layout);
        check(&shared, layout);
    }

    #[test]
    fn a_chunk_that_was_used_and_freed_in_order_is_no_alarm() {
        for size in [0, 1, 7, 8, 12, 100, 3000] {
            let layout = Layout::from_size_align(size, 4).unwrap();
            let (local, shared) = handles(layout);
            for _ in 0..3 {
                let chunks: Vec<_> =
                    (0..200).map(|_| (local.allocate().unwrap(), shared.allocate_zeroed().unwrap())).collect();
                for (one, other) in chunks {
                    // SAFETY: live, of that size.
                    unsafe { one.write_bytes(0xff, size) };
                    free::<PoolHandle>(one, layout);
                    free::<SyncPoolHandle>(other, layout);
                }
            }
        }
    }
}

/// Where only an address is known, the header of its block tells.
#[test]
#[cfg_attr(any(miri, goo_asan), ignore = "reads memory that is not the pool's")]
fn a_foreign_address_is_found_without_a_pool_at_hand() {
    let layout = Layout::new::<u64>();
    // So large that the place of a header is within.
    let mut memory = vec![0_u64; 1 << 16];
    let foreign = NonNull::from(&mut memory[1 << 15]).cast();
    assert!(message_of(|| free::<PoolHandle>(foreign, layout)).starts_with("foreign pointer"));
    assert!(message_of(|| free::<SyncPoolHandle>(foreign, layout)).starts_with("foreign pointer"));
}

#[test]
#[cfg_attr(any(miri, goo_asan), ignore = "reads memory that is not the pool's")]
fn a_wrong_layout_is_found() {
    let (small, large) = (Layout::new::<u64>(), Layout::new::<[u64; 600]>());
    let local = RawPool::builder(large).capacity(500).build_handle().unwrap();
    let chunks: Vec<_> = (0..500).map(|_| local.allocate().unwrap()).collect();
    // A block of the smaller chunks would begin in the midst of one of the larger.
    let mask = Geometry::new(small).unwrap().block_size() - 1;
    let large_mask = local.geometry().block_size() - 1;
    let far = chunks.iter().find(|chunk| chunk.addr().get() & large_mask & !mask != 0).unwrap();
    assert!(message_of(|| free::<PoolHandle>(*far, small)).starts_with("foreign pointer"));
}

#[test]
fn a_chunk_of_another_pool_is_reported_by_a_thread_safe_one() {
    let pools = [(); 2].map(|()| SyncRawPool::new(Layout::new::<u64>()).unwrap());
    let chunk = pools[0].allocate().unwrap();
    // SAFETY: it is not this pool's; the check in front of it panics.
    assert!(message_of(|| unsafe { pools[1].deallocate(chunk) }).starts_with("foreign pointer"));
    // SAFETY: the same.
    assert!(message_of(|| unsafe { pools[1].local().deallocate(chunk) }).starts_with("foreign pointer"));
    assert_eq!(pools[0].len(), 1);
}

#[test]
fn a_chunk_of_another_pool_is_reported_by_a_pool_of_many_sizes() {
    let layout = Layout::new::<[u64; 3]>();
    let locals = [(); 2].map(|()| ClassPool::new());
    let shared = [(); 2].map(|()| SyncClassPool::new());
    let chunks = (locals[0].allocate(layout).unwrap().cast(), shared[0].allocate(layout).unwrap().cast());
    // Each has an engine for that size.
    let _others = (locals[1].allocate(layout).unwrap(), shared[1].allocate(layout).unwrap());
    // SAFETY: it is not this pool's; the check in front of it panics.
    assert!(message_of(|| unsafe { locals[1].deallocate(chunks.0, layout) }).starts_with("foreign pointer"));
    // SAFETY: the same.
    assert!(message_of(|| unsafe { shared[1].deallocate(chunks.1, layout) }).starts_with("foreign pointer"));
    assert_eq!((locals[0].stats().live_chunks, shared[0].stats().live_chunks), (1, 1));
}

#[test]
#[cfg_attr(any(miri, goo_asan), ignore = "reads memory that is not the pool's")]
fn a_layout_of_another_class_is_found() {
    let (small, large) = (Layout::new::<u64>(), Layout::new::<[u64; 600]>());
    let (local, shared) = (ClassPool::new(), SyncClassPool::new());
    let chunks = (local.allocate(large).unwrap().cast(), shared.allocate(large).unwrap().cast());
    // There are such classes.
    let _others = (local.allocate(small).unwrap(), shared.allocate(small).unwrap());
    // SAFETY: it is no chunk of that class; the check in front of it panics.
    assert!(message_of(|| unsafe { local.deallocate(chunks.0, small) }).starts_with("foreign pointer"));
    // SAFETY: the same.
    assert!(message_of(|| unsafe { shared.deallocate(chunks.1, small) }).starts_with("foreign pointer"));
    assert_eq!((local.stats().live_chunks, shared.stats().live_chunks), (2, 2));
}

#[test]
fn a_pointer_into_the_middle_of_a_chunk_is_reported_by_a_thread_safe_pool() {
    let pool = SyncRawPool::new(Layout::new::<u64>()).unwrap();
    let chunk = pool.allocate().unwrap();
    // SAFETY: within the chunk.
    let middle = unsafe { chunk.byte_add(4) };
    // SAFETY: it is no chunk; the check in front of it panics.
    assert!(message_of(|| unsafe { pool.deallocate(middle) }).starts_with("misaligned pointer"));
}

#[test]
fn a_free_on_a_thread_that_the_pool_does_not_belong_to_is_reported() {
    let layout = Layout::new::<u64>();
    let (local, _) = handles(layout);
    let chunk = Sent(local.allocate().unwrap());
    let message = thread::scope(|scope| {
        let elsewhere = scope.spawn(move || message_of(|| free::<PoolHandle>({ chunk }.0, layout)));
        elsewhere.join().unwrap()
    });
    assert!(message.starts_with("free on the wrong thread"), "{message}");
    assert_eq!(local.len(), 1);
    free::<PoolHandle>(chunk.0, layout);
}

#[test]
fn a_chunk_of_a_closed_pool_that_is_freed_twice_is_reported() {
    fn check<H: Handle>(handle: H, layout: Layout) {
        let chunks: Vec<_> = (0..10).map(|_| handle.allocate().unwrap()).collect();
        free::<H>(chunks[2], layout);
        drop(handle);
        free::<H>(chunks[7], layout);
        for freed in [chunks[2], chunks[7]] {
            assert!(message_of(|| free::<H>(freed, layout)).starts_with("double free"));
        }
        for (index, &chunk) in chunks.iter().enumerate() {
            if index != 2 && index != 7 {
                free::<H>(chunk, layout);
            }
        }
    }
    let layout = Layout::new::<[u64; 2]>();
    let (local, shared) = handles(layout);
    check(local, layout);
    check(shared, layout);
}

/// Also what another thread freed last, or took over.
#[cfg(feature = "hardened")]
#[test]
fn a_double_free_is_found_on_every_thread() {
    for reuse in [Reuse::MostRecent, Reuse::LowestAddress, Reuse::Random] {
        // Room is kept, so that the memory of what is freed stays the pool's.
        let pool = SyncRawPool::builder(Layout::new::<u64>()).reuse(reuse).capacity(20_000).build_sync().unwrap();
        let mut live: Vec<_> = (0..2000).map(|_| Sent(pool.allocate().unwrap())).collect();
        let mut freed = Vec::new();
        for round in 0..if cfg!(miri) { 2 } else { 20 } {
            for step in 0..60 {
                let chunk = live.swap_remove((round * 37 + step * 101) % live.len());
                if step % 3 == 0 {
                    free_elsewhere(&pool, chunk);
                } else {
                    free_in(&pool, chunk);
                }
                freed.push(chunk);
            }
            for _ in 0..25 {
                let again = Sent(pool.allocate().unwrap());
                freed.retain(|&chunk| chunk != again);
                live.push(again);
            }
            for &chunk in &freed {
                let is_reported = |pool: &SyncRawPool, chunk| {
                    assert!(message_of(|| free_in(pool, chunk)).starts_with("double free"), "{reuse:?}");
                };
                is_reported(&pool, chunk);
                let pool = &pool;
                thread::scope(|scope| scope.spawn(move || is_reported(pool, chunk)).join()).unwrap();
            }
        }
        // SAFETY: the other threads are joined.
        unsafe { pool.assert_valid() };
        assert_eq!(pool.len(), live.len());
    }
}
