//! A pool that closes while its chunks are being freed (closing.rs).

use loom::sync::atomic::Ordering::Release;
use loom::thread;

use crate::explore::explore;
use crate::pool::Pool;

// The outcomes of these models: who gave the memory back.
const CLOSER: u64 = 0;
const NEXT_COLD_STEP: u64 = 1;
const FREE: u64 = 2;
const LATER_COLD_STEP: u64 = 3;

#[test]
fn a_remote_free_is_counted_once() {
    frees_under_way([CLOSER, FREE], 0b10, |pool| pool.free_remotely(0));
}

#[test]
fn two_remote_frees_are_counted_once_each() {
    explore([CLOSER, FREE], || {
        let pool = Pool::new();
        let threads = [0, 1].map(|chunk| {
            let pool = pool.clone();
            thread::spawn(move || pool.free_remotely(chunk))
        });
        pool.release_handle();
        let by_closer = pool.is_returned_by_me();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(pool.is_returned());
        if by_closer { CLOSER } else { FREE }
    });
}

/// The free may show its bit after the closer has looked; the next cold step finds it.
#[test]
fn a_local_free_under_way_is_counted_once() {
    frees_under_way([CLOSER, NEXT_COLD_STEP, LATER_COLD_STEP], 0b10, |pool| pool.free_locally(0));
}

#[test]
fn a_free_to_recent_under_way_is_counted_once() {
    frees_under_way([CLOSER, NEXT_COLD_STEP, LATER_COLD_STEP], 0b10, |pool| pool.free_to_recent(0));
}

/// The second finds `recent` in use, or not any more.
#[test]
fn two_local_frees_under_way_are_counted_once_each() {
    frees_under_way([CLOSER, NEXT_COLD_STEP, LATER_COLD_STEP], 0, |pool| {
        (0..2).for_each(|chunk| pool.free_to_recent(chunk));
    });
}

/// The owner frees locally until it sees that the block is nobody's.
#[test]
fn an_owner_that_sees_the_pool_close_frees_remotely() {
    frees_under_way([CLOSER, NEXT_COLD_STEP, FREE, LATER_COLD_STEP], 0, |pool| {
        (0..2).for_each(|chunk| pool.free(chunk, 1));
    });
}

/// The last chunk of a block does more than account, with a handle, so it may itself close the pool.
#[test]
fn a_block_emptied_while_the_pool_closes_is_counted_once() {
    frees_under_way([CLOSER, NEXT_COLD_STEP, FREE, LATER_COLD_STEP], 0b10, |pool| pool.free_last_locally(0));
}

/// A thread frees while another drops the last handle of a pool, in which `free` are free already, and looks the
/// graveyard over.
fn frees_under_way<const N: usize>(outcomes: [u64; N], free: u64, under_way: fn(&Pool)) {
    explore(outcomes, move || {
        let pool = Pool::new();
        pool.local.store(free, Release);
        let other = pool.clone();
        let freeing = thread::spawn(move || {
            under_way(&other);
            other.is_returned_by_me()
        });
        pool.release_handle();
        let closed = pool.is_returned_by_me();
        pool.look_over();
        let looked_over = pool.is_returned_by_me();
        let freed = freeing.join().unwrap();
        pool.look_over();
        assert!(pool.is_returned());
        match (freed, closed, looked_over) {
            (true, ..) => FREE,
            (_, true, _) => CLOSER,
            (.., true) => NEXT_COLD_STEP,
            _ => LATER_COLD_STEP,
        }
    });
}

#[test]
fn a_local_and_a_remote_free_are_counted_once_each() {
    loom::model(|| {
        let pool = Pool::new();
        let (local, remote) = (pool.clone(), pool.clone());
        let local = thread::spawn(move || {
            local.free_to_recent(0);
            // Its thread ends.
            local.look_over();
        });
        let remote = thread::spawn(move || remote.free_remotely(1));
        pool.release_handle();
        local.join().unwrap();
        remote.join().unwrap();
        pool.look_over();
        assert!(pool.is_returned());
    });
}
