//! A pool of one thread at a time, on several.
#![cfg(feature = "std")]

#[path = "common/sync.rs"]
mod common;

use std::alloc::Layout;
use std::thread;

use common::Sent;
use goo_pool_core::RawPool;

/// Builds with checks once took every thread but the first for a wrong one.
#[test]
fn a_pool_that_changes_threads_takes_back_what_it_gave_on_another() {
    let pool = RawPool::builder(Layout::new::<u64>()).build_send().unwrap();
    let here = Sent(pool.allocate().unwrap());
    let worker = thread::spawn(move || {
        let there = Sent(pool.allocate().unwrap());
        let Sent(here) = { here };
        // SAFETY: the chunk is live.
        unsafe { pool.deallocate(here) };
        (pool, there)
    });
    let (pool, Sent(there)) = worker.join().unwrap();
    assert_eq!(pool.len(), 1);
    // SAFETY: the chunk is live.
    unsafe { pool.deallocate(there) };
    assert!(pool.is_empty());
    pool.assert_valid();
}
