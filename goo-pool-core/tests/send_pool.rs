//! A local pool that changes threads.

use std::alloc::Layout;
use std::sync::Mutex;
use std::thread;

use goo_pool_core::{RawPool, SendRawPool};
use static_assertions::{assert_impl_all, assert_not_impl_any};

assert_impl_all!(SendRawPool: Send);
assert_not_impl_any!(SendRawPool: Sync);
assert_not_impl_any!(RawPool: Send, Sync);

/// A chunk's address, which any thread may have.
struct Sent(std::ptr::NonNull<u8>);

// SAFETY: it is memory that whoever has it may use.
unsafe impl Send for Sent {}

#[test]
fn a_chunk_is_freed_on_another_thread_than_the_pool_was_built_on() {
    let pool = Mutex::new(RawPool::builder(Layout::new::<u64>()).build_send().unwrap());
    let rounds = if cfg!(miri) { 5 } else { 500 };
    thread::scope(|scope| {
        let (sender, receiver) = std::sync::mpsc::sync_channel::<Sent>(8);
        let pool = &pool;
        scope.spawn(move || {
            for value in 0..rounds {
                let chunk = pool.lock().unwrap().allocate().unwrap();
                // SAFETY: the chunk is ours, and a u64's.
                unsafe { chunk.cast::<u64>().write(value) };
                sender.send(Sent(chunk)).unwrap();
            }
        });
        scope.spawn(move || {
            for (expected, Sent(chunk)) in (0..).zip(receiver) {
                // SAFETY: the other thread wrote it, and gave it to us.
                assert_eq!(unsafe { chunk.cast::<u64>().read() }, expected);
                // SAFETY: it came from this pool and is not used any more.
                unsafe { pool.lock().unwrap().deallocate(chunk) };
            }
        });
    });
    let pool = pool.into_inner().unwrap();
    assert!(pool.is_empty());
    pool.assert_valid();
}

#[test]
fn a_pool_ends_on_another_thread_than_it_was_built_on() {
    let pool = RawPool::builder(Layout::new::<u64>()).capacity(10).build_send().unwrap();
    thread::spawn(move || assert!(pool.allocate().is_ok())).join().unwrap();
}
