//! A pool of many sizes that several threads use: allocated here, freed there, grown on the way.

use std::alloc::Layout;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Barrier, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

#[path = "common/sync.rs"]
mod sync;

use goo_pool_core::{SyncClassPool, SyncClassPoolHandle};
use sync::{Counted, PIECES, Rng, Sent, SyncWatched};

fn scaled(full: usize, miri: usize) -> usize {
    if cfg!(miri) { miri } else { full }
}

/// One test at a time: a thread of another test might take over the index of a thread that has ended, and keep what it left.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, 8).unwrap()
}

/// A live block on its way between threads, stamped at both ends.
struct Block {
    sent: Sent,
    size: usize,
}

impl Block {
    fn new(pool: &SyncClassPool, size: usize) -> Self {
        let block = Self { sent: Sent(pool.allocate(layout(size)).unwrap().cast()), size };
        block.sent.stamp(size);
        block
    }

    fn resize(self, pool: &SyncClassPool, size: usize) -> Self {
        self.sent.check(self.size);
        let (old, new) = (layout(self.size), layout(size));
        let memory = if size >= self.size {
            // SAFETY: it is live, for that layout, and only the result is used.
            unsafe { pool.grow(self.sent.0, old, new) }
        } else {
            // SAFETY: the same.
            unsafe { pool.shrink(self.sent.0, old, new) }
        };
        let block = Self { sent: Sent(memory.unwrap().cast()), size };
        block.sent.stamp(size);
        block
    }

    fn free(self, pool: &SyncClassPool) {
        self.sent.check(self.size);
        // SAFETY: it is live, for that layout.
        unsafe { pool.deallocate(self.sent.0, layout(self.size)) };
    }
}

fn some_size(random: &mut Rng) -> usize {
    match random.below(20) {
        0 => 16 + random.below(100_000),
        1..6 => 16 + random.below(5_000),
        _ => 16 + random.below(200),
    }
}

#[test]
fn blocks_go_from_thread_to_thread() {
    let _alone = alone();
    const THREADS: usize = 3;
    let parent = SyncWatched::default();
    let watch = parent.0.clone();
    let pool = Arc::new(SyncClassPool::builder().parent(parent).build_sync().unwrap());
    let (send, receive): (Vec<_>, Vec<_>) = (0..THREADS).map(|_| mpsc::channel::<Block>()).unzip();
    let start = Arc::new(Barrier::new(THREADS));
    let workers: Vec<_> = receive
        .into_iter()
        .enumerate()
        .map(|(number, receive)| {
            let (pool, start) = (pool.clone(), start.clone());
            let next = send[(number + 1) % THREADS].clone();
            thread::spawn(move || {
                let mut random = Rng::new(number as u64 + 1);
                let mut live = Vec::new();
                // All classes are made in a race.
                start.wait();
                for _ in 0..scaled(20_000, 100) {
                    match random.below(4) {
                        0 | 1 => live.push(Block::new(&pool, some_size(&mut random))),
                        2 if !live.is_empty() => {
                            let block = live.swap_remove(random.below(live.len()));
                            // The others may have ended.
                            if let Err(mpsc::SendError(block)) = next.send(block) {
                                block.free(&pool);
                            }
                        }
                        _ => {}
                    }
                    if let Ok(block) = receive.try_recv() {
                        if random.below(2) == 0 {
                            live.push(block.resize(&pool, some_size(&mut random)));
                        } else {
                            block.free(&pool);
                        }
                    }
                }
                drop(next);
                live.into_iter().for_each(|block| block.free(&pool));
                receive
            })
        })
        .collect();
    drop(send);
    let receivers: Vec<_> = workers.into_iter().map(|worker| worker.join().unwrap()).collect();
    receivers.iter().flat_map(mpsc::Receiver::try_iter).for_each(|block| block.free(&pool));
    // SAFETY: all other threads have ended.
    unsafe { pool.assert_valid() };
    assert_eq!(pool.stats().live_chunks, 0);
    pool.shrink_to_fit();
    assert_eq!(pool.stats().segments, 0, "memory of an ended thread was not found");
    drop(pool);
    assert_eq!(watch.pieces(), 0);
}

#[test]
fn the_first_chunk_of_a_class_may_be_asked_for_by_all_at_once() {
    let _alone = alone();
    for _ in 0..scaled(200, 3) {
        let parent = SyncWatched::default();
        let watch = parent.0.clone();
        let pool = SyncClassPool::builder().parent(parent).build_sync().unwrap();
        let start = Barrier::new(3);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    start.wait();
                    for size in [16, 100, 3000] {
                        Block::new(&pool, size).free(&pool);
                    }
                });
            }
        });
        assert_eq!(pool.class_stats().count(), 3);
        drop(pool);
        assert_eq!(watch.pieces(), 0, "a class that came second was not given back");
    }
}

#[test]
fn a_handle_keeps_the_pool_on_any_thread() {
    let _alone = alone();
    let before = PIECES.load(Relaxed);
    let pool = SyncClassPoolHandle::from(SyncClassPool::builder().parent(Counted).build_sync().unwrap());
    let workers: Vec<_> = (0..3)
        .map(|number| {
            let pool = pool.clone();
            thread::spawn(move || {
                let blocks: Vec<_> =
                    (0..scaled(1000, 20)).map(|step| Block::new(&pool, 16 + (step * 37 + number) % 600)).collect();
                blocks.into_iter().for_each(|block| block.free(&pool));
            })
        })
        .collect();
    drop(pool);
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    assert_eq!(PIECES.load(Relaxed), before);
}

/// A block may be freed by a destructor that runs after the thread's own use of the pool has ended.
#[test]
fn thread_local_destructors_free_and_allocate_in_both_orders() {
    let _alone = alone();
    static POOL: SyncClassPool = SyncClassPool::new();

    struct AtExit(Vec<Block>);

    impl Drop for AtExit {
        fn drop(&mut self) {
            self.0.drain(..).for_each(|block| block.free(&POOL));
            Block::new(&POOL, 100).free(&POOL);
        }
    }

    thread_local! {
        static AT_EXIT: std::cell::RefCell<AtExit> = const { std::cell::RefCell::new(AtExit(Vec::new())) };
    }

    for pool_first in [true, false] {
        for _ in 0..scaled(50, 2) {
            let use_pool = || (16..100).step_by(7).map(|size| Block::new(&POOL, size)).collect::<Vec<_>>();
            thread::spawn(move || {
                let early = if pool_first { use_pool() } else { Vec::new() };
                AT_EXIT.with_borrow_mut(|at_exit| at_exit.0.extend(early));
                AT_EXIT.with_borrow_mut(|at_exit| at_exit.0.extend(use_pool()));
            })
            .join()
            .unwrap();
        }
    }
    // SAFETY: all other threads have ended.
    unsafe { POOL.assert_valid() };
    assert_eq!(POOL.stats().live_chunks, 0);
}
