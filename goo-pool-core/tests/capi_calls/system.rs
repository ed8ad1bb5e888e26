//! The system's allocator, and the default one.

use std::ptr;
use std::sync::{Mutex, MutexGuard};
use std::thread;

use goo_pool_core::capi::*;

use crate::*;

#[test]
fn the_systems_realloc_keeps_the_contents_and_zeroes_the_new_tail() {
    let system = Allocator::system();
    let memory = system.alloc(100, 64, PLAIN);
    fill(memory, 100);
    let memory = system.realloc(memory, 100, 5_000, ZERO);
    assert_eq!(memory.addr() % 64, 0);
    assert_eq!(bytes(memory, 100), [0xa5; 100]);
    assert!(bytes(memory, 5_000)[100..].iter().all(|&byte| byte == 0));
    assert_eq!(system.stats().bytes_allocated.get(), 5_000);
    // SAFETY: live memory of this allocator.
    let memory = unsafe { system.fields().realloc.get().unwrap()(system.0, memory, 5_000, 60, 1024, PLAIN) };
    assert_eq!(memory.addr() % 1024, 0);
    assert_eq!(bytes(memory, 60), [0xa5; 60]);
    let stats = system.stats();
    assert_eq!((stats.bytes_allocated.get(), stats.max_bytes_allocated.get()), (60, 5_000));
    assert_eq!((stats.allocation_count.get(), stats.total_allocations.get()), (1, 1));
    assert_eq!(stats.bytes_reserved.get(), 1024 + 60);
    assert!(system.realloc(memory, 60, 0, PLAIN).is_null());
    assert_eq!(system.stats().bytes_reserved.get(), 0);
    system.destroy();
}

#[test]
fn a_system_allocator_is_for_many_threads() {
    #[derive(Clone, Copy)]
    struct Sent(Allocator);
    // SAFETY: a system allocator is for any thread.
    unsafe impl Send for Sent {}
    let (threads, rounds) = if cfg!(miri) { (3, 20) } else { (4, 5_000) };
    let system = Allocator::system();
    let shared = Sent(system);
    thread::scope(|scope| {
        for number in 0..threads {
            scope.spawn(move || {
                let Sent(system) = { shared };
                for round in 0..rounds {
                    let memory = system.alloc(10 + number, 8, ZERO);
                    let memory = system.realloc(memory, 10 + number, 20 + round % 7, PLAIN);
                    fill(memory, 20);
                    system.free(memory);
                }
            });
        }
    });
    let stats = system.stats();
    assert_eq!((stats.total_frees.get(), stats.bytes_allocated.get()), (threads * rounds, 0));
    assert_eq!(stats.bytes_reserved.get(), 0);
    system.destroy();
}

/// The default allocator is the process's: tests that change it take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn set_default(allocator: *mut GooAllocator) {
    // SAFETY: an allocator or null; tests take turns.
    unsafe { goo_set_default_allocator(allocator) };
}

#[test]
fn the_default_allocator_can_be_set_and_got() {
    let _turn = turn();
    let built_in = goo_get_default_allocator();
    assert!(!built_in.is_null());
    let pool = Pool::new(64, 16, 10);
    set_default(pool.allocator().0);
    assert_eq!(goo_get_default_allocator(), pool.allocator().0);
    // SAFETY: the default allocator is this thread's.
    let one = unsafe { goo_alloc(64) };
    // SAFETY: as above.
    let zeroed = unsafe { goo_alloc_zero(64) };
    // SAFETY: as above.
    let aligned = unsafe { goo_alloc_aligned(64, 16) };
    assert_eq!(bytes(zeroed, 64), [0; 64]);
    // SAFETY: live.
    assert_eq!(unsafe { goo_realloc(one, 64, 32) }, one);
    // SAFETY: null is allowed, and means the default one.
    assert_eq!(unsafe { goo_get_alloc_stats(ptr::null_mut()) }.allocation_count.get(), 3);
    // SAFETY: live, and not used any more.
    unsafe { goo_free(one, 32) };
    // SAFETY: live, and not used any more.
    unsafe { goo_free_aligned(aligned, 64, 16) };
    let mut scoped = zeroed;
    // SAFETY: live, and not used any more.
    unsafe { goo_scope_cleanup(&raw mut scoped) };
    assert!(scoped.is_null());
    // SAFETY: null now.
    unsafe { goo_scope_cleanup(&raw mut scoped) };
    // SAFETY: null is allowed.
    unsafe { goo_free(NONE, 1) };
    assert_eq!(pool.allocator().stats().allocation_count.get(), 0);
    // SAFETY: a handler.
    unsafe { goo_set_out_of_mem_handler(Some(handler)) };
    assert!(pool.allocator().fields().out_of_mem_fn.get().is_some());
    // What ends is not the default any more.
    drop(pool);
    assert_eq!(goo_get_default_allocator(), built_in);
    let system = Allocator::system();
    set_default(system.0);
    system.destroy();
    assert_eq!(goo_get_default_allocator(), built_in);
}

#[test]
fn the_built_in_allocator_has_the_default_and_never_ends() {
    let _turn = turn();
    let built_in = Allocator(goo_get_default_allocator());
    // SAFETY: any thread may use it.
    let memory = unsafe { goo_alloc(100) };
    assert_eq!(memory.addr() % 16, 0);
    built_in.destroy();
    assert_eq!(goo_get_default_allocator(), built_in.0);
    fill(memory, 100);
    // SAFETY: live.
    let memory = unsafe { goo_realloc(memory, 100, 10_000) };
    assert_eq!(bytes(memory, 100), [0xa5; 100]);
    // SAFETY: live, and not used any more.
    unsafe { goo_free(memory, 10_000) };
}
