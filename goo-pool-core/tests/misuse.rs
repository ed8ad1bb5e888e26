//! What a debug build, and one with `hardened`, says to a caller who breaks a safety duty of `deallocate`, and that it says so
//! before anything is changed.
#![cfg(any(debug_assertions, feature = "hardened"))]

use std::alloc::Layout;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use goo_pool_core::RawPool;

fn message_of(misuse: impl FnOnce()) -> String {
    *catch_unwind(AssertUnwindSafe(misuse)).unwrap_err().downcast::<String>().unwrap()
}

fn message_of_freeing(pool: &RawPool, chunk: NonNull<u8>) -> String {
    // SAFETY: it is not; the check in front of it panics.
    let message = message_of(|| unsafe { pool.deallocate(chunk) });
    pool.assert_valid();
    message
}

fn pool() -> RawPool {
    RawPool::new(Layout::new::<u64>()).unwrap()
}

#[test]
fn a_chunk_freed_twice_in_a_row_is_reported() {
    let pool = pool();
    let chunk = pool.allocate().unwrap();
    // SAFETY: the chunk is live.
    unsafe { pool.deallocate(chunk) };
    assert!(message_of_freeing(&pool, chunk).starts_with("double free"));
    assert_eq!(pool.len(), 0);
}

#[test]
fn a_chunk_freed_twice_much_later_is_reported() {
    // Room for more, or all of the memory would go back.
    let pool = RawPool::builder(Layout::new::<u64>()).capacity(1000).build().unwrap();
    let chunks: Vec<_> = (0..200).map(|_| pool.allocate().unwrap()).collect();
    for &chunk in &chunks {
        // SAFETY: the chunk is live.
        unsafe { pool.deallocate(chunk) };
    }
    for chunk in chunks {
        assert!(message_of_freeing(&pool, chunk).starts_with("double free"));
    }
}

#[test]
fn a_chunk_that_was_never_handed_out_is_reported() {
    let pool = pool();
    let chunk = pool.allocate().unwrap();
    // SAFETY: the pool has more than two chunks in its first block.
    let never = unsafe { chunk.byte_add(2 * size_of::<u64>()) };
    assert!(message_of_freeing(&pool, never).starts_with("double free"));
}

#[test]
fn a_chunk_of_another_pool_is_reported() {
    let (pool, other) = (pool(), pool());
    let _ours = pool.allocate().unwrap();
    let chunk = other.allocate().unwrap();
    assert!(message_of_freeing(&pool, chunk).starts_with("foreign pointer"));
    let mut on_the_stack = 0_u64;
    assert!(message_of_freeing(&pool, NonNull::from(&mut on_the_stack).cast()).starts_with("foreign pointer"));
}

#[test]
fn a_pointer_into_the_middle_of_a_chunk_is_reported() {
    let pool = pool();
    let chunk = pool.allocate().unwrap();
    // SAFETY: within the chunk.
    let middle = unsafe { chunk.byte_add(4) };
    assert!(message_of_freeing(&pool, middle).starts_with("misaligned pointer"));
    assert!(!pool.owns(middle.as_ptr()));
    assert!(pool.owns(chunk.as_ptr()));
}

#[test]
fn a_pointer_to_a_block_header_is_reported() {
    let pool = pool();
    let chunk = pool.allocate().unwrap();
    let offset = chunk.addr().get() % pool.geometry().block_size();
    // SAFETY: the block's base, in the same segment.
    let base = unsafe { chunk.byte_sub(offset) };
    assert!(message_of_freeing(&pool, base).starts_with("misaligned pointer"));
}

/// The thread-safe pool sees less, because it looks without a lock: a chunk that is free in its block, or that its
/// owner freed last.
#[cfg(feature = "std")]
mod thread_safe {
    use super::message_of;
    use std::alloc::Layout;
    use std::ptr::NonNull;
    use std::thread;

    use goo_pool_core::{Handle as _, Reuse, SyncPoolHandle, SyncRawPool};

    const LAYOUT: Layout = Layout::new::<u64>();

    #[derive(Clone, Copy)]
    struct Sent(NonNull<u8>);

    // SAFETY: a chunk is memory that any thread may have.
    unsafe impl Send for Sent {}

    /// A pool, and a chunk of it, with others live around it.
    fn pool_and_chunk() -> (SyncRawPool, Sent) {
        let pool = SyncRawPool::new(LAYOUT).unwrap();
        let chunks: Vec<_> = (0..100).map(|_| pool.allocate().unwrap()).collect();
        (pool, Sent(chunks[50]))
    }

    fn free(pool: &SyncRawPool, Sent(chunk): Sent) {
        // SAFETY: live, or the check in front of it panics.
        unsafe { pool.deallocate(chunk) };
    }

    fn free_elsewhere(pool: &SyncRawPool, chunk: Sent) {
        thread::scope(|scope| scope.spawn(move || free(pool, chunk)).join()).unwrap();
    }

    /// It says so, and nothing has changed.
    fn assert_reported(pool: &SyncRawPool, chunk: Sent) {
        let before = pool.stats();
        for elsewhere in [false, true] {
            let message = if elsewhere {
                thread::scope(|scope| scope.spawn(move || message_of(|| free(pool, chunk))).join()).unwrap()
            } else {
                message_of(|| free(pool, chunk))
            };
            assert_eq!(message, format!("double free: chunk {:p} is already free", chunk.0));
            // SAFETY: the other threads are joined.
            unsafe { pool.assert_valid() };
            assert_eq!(pool.stats(), before);
        }
    }

    #[test]
    fn a_chunk_freed_twice_in_a_row_is_reported() {
        let (pool, chunk) = pool_and_chunk();
        free(&pool, chunk);
        assert_reported(&pool, chunk);
    }

    #[test]
    fn a_chunk_freed_twice_much_later_is_reported() {
        let pool = SyncRawPool::builder(LAYOUT).capacity(10_000).build_sync().unwrap();
        let chunks: Vec<_> = (0..200).map(|_| Sent(pool.allocate().unwrap())).collect();
        chunks.iter().for_each(|&chunk| free(&pool, chunk));
        chunks.into_iter().for_each(|chunk| assert_reported(&pool, chunk));
    }

    #[test]
    fn a_chunk_freed_twice_elsewhere_is_reported() {
        let (pool, chunk) = pool_and_chunk();
        free_elsewhere(&pool, chunk);
        assert_reported(&pool, chunk);
    }

    #[test]
    fn a_chunk_freed_here_after_it_was_freed_elsewhere_is_reported() {
        let (pool, chunk) = pool_and_chunk();
        let local = pool.local();
        free_elsewhere(&pool, chunk);
        // SAFETY: it is not; the check in front of it panics.
        assert!(message_of(|| unsafe { local.deallocate(chunk.0) }).starts_with("double free"));
    }

    #[test]
    fn a_chunk_freed_elsewhere_after_it_was_freed_here_is_reported() {
        // In its block, and as the chunk that its owner freed last.
        for freed_before in [true, false] {
            let (pool, chunk) = pool_and_chunk();
            if freed_before {
                let another = Sent(pool.allocate().unwrap());
                free(&pool, another);
            }
            free(&pool, chunk);
            assert_reported(&pool, chunk);
        }
    }

    #[test]
    fn a_chunk_that_its_owner_has_in_its_hand_again_is_reported_to_the_owner() {
        let pool = SyncRawPool::builder(LAYOUT).capacity(100).reuse(Reuse::MostRecent).build_sync().unwrap();
        let chunks: Vec<_> = (0..pool.capacity()).map(|_| Sent(pool.allocate().unwrap())).collect();
        chunks[..3].iter().for_each(|&chunk| free(&pool, chunk));
        // The one freed first was kept aside, the others went back to their word, which is taken out in one piece.
        assert_eq!(pool.allocate(), Ok(chunks[0].0));
        assert_eq!(pool.allocate(), Ok(chunks[1].0));
        assert!(message_of(|| free(&pool, chunks[2])).starts_with("double free"));
        assert_eq!(pool.allocate(), Ok(chunks[2].0));
    }

    /// A false alarm would be worse than none.
    #[test]
    fn a_chunk_of_a_closed_pool_may_be_freed_once() {
        // Its remote bit is 1 while it is live (C4), which must not be taken for a double free.
        let pool = SyncRawPool::builder(LAYOUT).build_sync_handle().unwrap();
        let chunks: Vec<_> = (0..100).map(|_| pool.allocate().unwrap()).collect();
        drop(pool);
        for chunk in chunks {
            // SAFETY: live, of a pool for that layout.
            unsafe { SyncPoolHandle::deallocate_dyn(chunk, LAYOUT) };
        }
    }
}
