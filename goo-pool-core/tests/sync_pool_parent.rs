//! Thread-safe pools whose segments are another thread-safe pool's chunks.

#[path = "common/sync.rs"]
mod common;
#[path = "common/worker.rs"]
mod worker;

use std::alloc::Layout;
use std::sync::Arc;
use std::thread;

use common::{Sent, SyncWatch, SyncWatched};
use goo_pool_core::{ChunksOf, Global, Handle as _, Parent, PoolHandle, Segregator, SyncPoolHandle, SyncRawPool};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use worker::Worker;

const LAYOUT: Layout = Layout::new::<[u64; 8]>();

/// All orders of three.
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

fn scaled(full: usize, miri: usize) -> usize {
    if cfg!(miri) { miri } else { full }
}

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

#[test]
fn a_parent_of_one_thread_serves_pools_of_one_thread() {
    assert_impl_all!(ChunksOf<SyncPoolHandle>: Parent, Send, Sync);
    assert_not_impl_any!(ChunksOf<PoolHandle>: Send, Sync);
    assert_impl_all!(Segregator<Global, ChunksOf<SyncPoolHandle>>: Parent, Send, Sync);
    assert_not_impl_any!(Segregator<Global, ChunksOf<PoolHandle>>: Send, Sync);
}

fn chain() -> ([Option<SyncPoolHandle>; 3], Arc<SyncWatch>) {
    let parent = SyncWatched::default();
    let watch = parent.0.clone();

    // A segment of one chunk of the pool above: a block's header and the chunk, which are aligned to 64 KiB.
    let lowest = layout(1 << 17, 1 << 21);
    let lowest = SyncRawPool::builder(lowest).first_segment(0).max_segment(0).parent(parent.clone());
    let lowest = lowest.build_sync_handle().unwrap();
    let over = |pool: &SyncPoolHandle| Segregator::new(8192, parent.clone(), ChunksOf::new(pool.clone()));
    let middle = SyncRawPool::builder(layout(1 << 16, 1 << 16)).parent(over(&lowest)).build_sync_handle().unwrap();
    let top = SyncRawPool::builder(LAYOUT).parent(over(&middle)).build_sync_handle().unwrap();
    ([Some(lowest), Some(middle), Some(top)], watch)
}

fn free(Sent(chunk): Sent) {
    // SAFETY: the tests free a live chunk of a pool for `LAYOUT`, once.
    unsafe { SyncPoolHandle::deallocate_dyn(chunk, LAYOUT) };
}

#[test]
fn a_chain_of_three_ends_in_any_order_whatever_threads_free() {
    for order in ORDERS {
        let (mut handles, watch) = chain();
        let top = handles[2].clone().unwrap();
        let live: Vec<Vec<Sent>> = thread::scope(|scope| {
            let allocate = || {
                let chunks = (0..scaled(3_000, 40)).map(|_| Sent(top.allocate().unwrap()));
                let (kept, freed): (Vec<_>, Vec<_>) = chunks.enumerate().partition(|(number, _)| number % 3 == 0);
                freed.into_iter().for_each(|(_, chunk)| free(chunk));
                kept.into_iter().map(|(_, chunk)| chunk).collect()
            };
            let threads: Vec<_> = (0..3).map(|_| scope.spawn(allocate)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(handles[1].as_ref().unwrap().len(), top.stats().segments);
        drop(top);
        for index in order {
            let handle = handles[index].take();
            thread::scope(|scope| drop(scope.spawn(move || drop(handle))));
        }
        assert!(watch.pieces() > 3, "live chunks keep all three");
        thread::scope(|scope| {
            for chunks in live {
                scope.spawn(|| chunks.into_iter().for_each(free));
            }
        });
        // What a thread freed while another looked is found by the next cold step.
        for _ in 0..3 {
            drop(SyncRawPool::builder(LAYOUT).capacity(1).build_sync_handle().unwrap());
        }
        assert_eq!(watch.pieces(), 0, "{order:?}");
    }
}

#[test]
fn many_children_come_and_go_on_many_threads() {
    let watched = SyncWatched::default();
    let watch = watched.0.clone();
    let blocks = SyncRawPool::builder(layout(1 << 16, 1 << 16)).parent(watched).build_sync_handle().unwrap();
    thread::scope(|scope| {
        for _ in 0..3 {
            let blocks = blocks.clone();
            scope.spawn(move || {
                for round in 0..scaled(60, 3) {
                    let parent = Segregator::new(8192, Global, ChunksOf::new(blocks.clone()));
                    let pool = SyncRawPool::builder(LAYOUT).parent(parent).build_sync_handle().unwrap();
                    let chunks: Vec<_> = (0..scaled(50 * round, 20)).map(|_| Sent(pool.allocate().unwrap())).collect();
                    drop(pool);
                    chunks.into_iter().for_each(free);
                }
            });
        }
    });
    drop(SyncRawPool::builder(LAYOUT).capacity(1).build_sync_handle().unwrap());
    assert_eq!(blocks.len(), 0);
    drop(blocks);
    assert_eq!(watch.pieces(), 0);
}

#[test]
fn a_chain_may_be_used_and_end_in_a_thread_local_destructor() {
    let ([lowest, middle, top], watch) = chain();
    drop((lowest, middle));
    let top = top.unwrap();
    let worker = Worker::start();
    let early = worker.run({
        let top = top.clone();
        move || (0..scaled(2_000, 40)).map(|_| Sent(top.allocate().unwrap())).collect::<Vec<_>>()
    });
    // This comes after the destructor that gives the thread's index back.
    worker.end_with(move || {
        let late: Vec<_> = (0..scaled(2_000, 40)).map(|_| Sent(top.allocate().unwrap())).collect();
        early.into_iter().chain(late).for_each(free);
        drop(top);
    });
    drop(SyncRawPool::builder(LAYOUT).capacity(1).build_sync_handle().unwrap());
    assert_eq!(watch.pieces(), 0);
}
