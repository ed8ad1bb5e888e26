//! What a debug build says to a caller who breaks a safety duty of `deallocate`, and that it says so
//! before anything is changed.
#![cfg(debug_assertions)]

use std::alloc::Layout;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use goo_pool_core::RawPool;

fn message_of_freeing(pool: &RawPool, chunk: NonNull<u8>) -> String {
    // SAFETY: it is not; the check in front of it panics.
    let panic = catch_unwind(AssertUnwindSafe(|| unsafe { pool.deallocate(chunk) })).unwrap_err();
    pool.assert_valid();
    *panic.downcast::<String>().unwrap()
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
    let pool = pool();
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
