//! The thread-safe pool: threads that come and go, free each other's chunks, and end while chunks are live.

#[path = "common/sync.rs"]
mod common;
#[path = "common/worker.rs"]
mod worker;

use std::alloc::Layout;
use std::cell::RefCell;
use std::ptr::NonNull;
use std::sync::{Arc, Barrier, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

use common::{Rng, Sent, SyncWatch, SyncWatched};
use goo_pool_core::{AllocError, Handle as _, LocalShard, RawPoolBuilder, SyncPoolHandle, SyncRawPool};
use worker::Worker;

const LAYOUT: Layout = Layout::new::<[u64; 8]>();

/// Thread indices are the process's, and a shard whose index is somebody's is left alone. Tests that count
/// requests run one at a time, so that another test's threads do not take an ended thread's index.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn scaled(full: usize, miri: usize) -> usize {
    if cfg!(miri) { miri } else { full }
}

fn watched(layout: Layout) -> (RawPoolBuilder<SyncWatched>, Arc<SyncWatch>) {
    let parent = SyncWatched::default();
    let watch = parent.0.clone();
    (SyncRawPool::builder(layout).parent(parent), watch)
}

fn free(pool: &SyncRawPool, chunk: NonNull<u8>) {
    // SAFETY: the tests free what they allocated, once.
    unsafe { pool.deallocate(chunk) };
}

fn fill(pool: &SyncRawPool, count: usize) -> Vec<NonNull<u8>> {
    (0..count).map(|_| pool.allocate().unwrap()).collect()
}

fn on_another_thread<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| scope.spawn(work).join().unwrap())
}

#[test]
fn one_thread_uses_it_like_a_local_pool() {
    let _alone = alone();
    for size in [0, 1, 8, 16, 24, 64, 100, 1000, 5000, 40_000] {
        for align in [1, 8, 64, 4096] {
            let layout = Layout::from_size_align(size, align).unwrap();
            let (builder, watch) = watched(layout);
            let pool = builder.build_sync().unwrap();
            let count = if cfg!(miri) { 5 } else { 3000.min(2_000_000 / (size + align)) };
            for _ in 0..2 {
                let mut chunks = fill(&pool, count);
                assert_eq!(pool.len(), count);
                for &chunk in &chunks {
                    assert_eq!(chunk.addr().get() % align, 0);
                    // SAFETY: the chunk is ours and has the layout's size.
                    unsafe { chunk.write_bytes(0x5a, size) };
                }
                chunks.sort_unstable();
                assert!(chunks.windows(2).all(|pair| pair[1].addr().get() - pair[0].addr().get() >= size.max(1)));
                assert!(chunks.iter().all(|chunk| pool.owns(chunk.as_ptr())));
                chunks.into_iter().for_each(|chunk| free(&pool, chunk));
                assert_eq!(pool.len(), 0);
                assert_eq!(pool.stats().bytes_reserved, watch.bytes());
            }
            pool.shrink_to_fit();
            assert_eq!(pool.capacity(), 0, "{layout:?}");
            drop(pool);
            assert_eq!(watch.pieces(), 0);
        }
    }
}

#[test]
fn a_chunk_freed_on_another_thread_is_used_again() {
    let _alone = alone();
    let (builder, watch) = watched(LAYOUT);
    let pool = builder.build_sync().unwrap();
    let count = scaled(20_000, 200);
    let mut calls = 0;
    for round in 0..5 {
        let chunks: Vec<_> = fill(&pool, count).into_iter().map(Sent).collect();
        let pool = &pool;
        on_another_thread(move || chunks.into_iter().for_each(|Sent(chunk)| free(pool, chunk)));
        assert_eq!(pool.len(), 0);
        if round == 1 {
            calls = watch.calls();
        }
    }
    assert!(watch.calls() <= calls + 4, "{} after {calls}", watch.calls());
}

#[test]
fn a_producer_and_a_consumer_reach_a_steady_state() {
    let _alone = alone();
    let (builder, watch) = watched(LAYOUT);
    let pool = builder.build_sync().unwrap();
    let (send, receive) = mpsc::sync_channel::<Vec<Sent>>(4);
    let (rounds, batch) = (scaled(3_000, 20), 100);
    let pool = &pool;
    thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..rounds {
                let chunks: Vec<_> = fill(pool, batch).into_iter().map(Sent).collect();
                chunks.iter().for_each(|chunk| chunk.stamp(64));
                send.send(chunks).unwrap();
            }
        });
        scope.spawn(move || {
            for chunk in receive.into_iter().flatten() {
                chunk.check(64);
                free(pool, chunk.0);
            }
        });
    });
    assert_eq!(pool.len(), 0);
    // At most 6 batches are live: 600 chunks, which are 38 kB.
    assert!(watch.bytes() < 200_000, "{}", watch.bytes());
}

#[test]
fn a_thousand_threads_one_after_the_other_use_the_same_memory() {
    let _alone = alone();
    let (builder, watch) = watched(LAYOUT);
    let pool = builder.build_sync().unwrap();
    let mut left = Vec::new();
    for _ in 0..scaled(1_000, 10) {
        let pool = &pool;
        left.push(on_another_thread(move || {
            let chunks = fill(pool, 100);
            chunks[1..].iter().for_each(|&chunk| free(pool, chunk));
            Sent(chunks[0])
        }));
    }
    assert_eq!(pool.len(), left.len());
    assert!(watch.bytes() < 400_000, "{}", watch.bytes());
    left.into_iter().for_each(|Sent(chunk)| free(&pool, chunk));
    pool.shrink_to_fit();
    assert_eq!(pool.stats().segments, 0);
}

#[test]
fn memory_of_an_ended_thread_serves_one_that_lives() {
    let _alone = alone();
    let (builder, watch) = watched(LAYOUT);
    let pool = builder.build_sync().unwrap();
    let count = scaled(10_000, 300);
    // This thread keeps its own index, so the others' shards are not simply taken over.
    let first = pool.allocate().unwrap();
    let keep: Vec<_> = {
        let pool = &pool;
        on_another_thread(move || {
            let chunks = fill(pool, count);
            let (keep, rest): (Vec<_>, Vec<_>) =
                chunks.into_iter().enumerate().partition(|(index, _)| index % 100 == 0);
            rest.into_iter().for_each(|(_, chunk)| free(pool, chunk));
            keep.into_iter().map(|(_, chunk)| Sent(chunk)).collect()
        })
    };
    let calls = watch.calls();
    let again = fill(&pool, count * 95 / 100);
    assert_eq!(watch.calls(), calls, "the pool grew although an ended thread's chunks are free");
    again.into_iter().chain(keep.into_iter().map(|Sent(chunk)| chunk)).chain([first]).for_each(|c| free(&pool, c));
    assert_eq!(pool.len(), 0);
    pool.shrink_to_fit();
    assert_eq!(pool.stats().segments, 0);
}

#[test]
fn a_thread_that_only_frees_keeps_nothing() {
    let _alone = alone();
    let (builder, _watch) = watched(LAYOUT);
    let pool = builder.build_sync().unwrap();
    let (count, rounds) = (scaled(5_000, 100), 10);
    let (send, receive) = mpsc::sync_channel::<Vec<Sent>>(0);
    let pool = &pool;
    thread::scope(|scope| {
        scope.spawn(move || {
            for Sent(chunk) in receive.into_iter().flatten() {
                free(pool, chunk);
            }
        });
        for _ in 0..rounds {
            send.send(fill(pool, count).into_iter().map(Sent).collect()).unwrap();
        }
        drop(send);
    });
    assert_eq!(pool.len(), 0);
    assert!(pool.capacity() < 5 * count, "{}", pool.capacity());
    pool.shrink_to_fit();
    assert_eq!(pool.capacity(), 0);
}

#[test]
fn what_others_freed_of_a_thread_that_does_nothing_is_not_lost() {
    let _alone = alone();
    for limit in [64, 1000, scaled(100_000, 2000)] {
        let (builder, _watch) = watched(LAYOUT);
        let pool = builder.max_chunks(limit).build_sync().unwrap();
        let chunks: Vec<_> = fill(&pool, limit).into_iter().map(Sent).collect();
        let pool = &pool;
        on_another_thread(move || {
            chunks.into_iter().for_each(|Sent(chunk)| free(pool, chunk));
            // The first thread is alive, and never looks.
            fill(pool, limit).into_iter().for_each(|chunk| free(pool, chunk));
        });
        assert_eq!(pool.len(), 0);
    }
}

#[test]
fn threads_that_take_turns_do_not_hoard() {
    let _alone = alone();
    let (builder, watch) = watched(LAYOUT);
    let pool = builder.build_sync().unwrap();
    let count = scaled(100_000, 500);
    let mut live: Vec<_> = fill(&pool, count).into_iter().map(Sent).collect();
    let bytes = watch.bytes();
    let pool = &pool;
    // Each frees what the one before it allocated, allocates as much, and stays alive.
    thread::scope(|scope| {
        let mut stops = Vec::new();
        for _ in 0..5 {
            let (send, receive) = mpsc::sync_channel(0);
            let (stop, stopped) = mpsc::channel::<()>();
            stops.push(stop);
            scope.spawn(move || {
                live.into_iter().for_each(|Sent(chunk)| free(pool, chunk));
                send.send(fill(pool, count).into_iter().map(Sent).collect()).unwrap();
                let _ = stopped.recv();
            });
            live = receive.recv().unwrap();
        }
        assert_eq!(pool.len(), count);
        assert!(watch.bytes() < bytes * 3 / 2, "{} after {bytes}", watch.bytes());
        drop(stops);
        live.into_iter().for_each(|Sent(chunk)| free(pool, chunk));
    });
    assert_eq!(pool.len(), 0);
}

#[test]
fn a_pool_at_the_place_of_one_that_is_gone_is_not_taken_for_it() {
    let _alone = alone();
    for _ in 0..scaled(50, 3) {
        // This thread remembers its shard of a pool whose memory another thread's pool then has.
        let gone = SyncRawPool::new(LAYOUT).unwrap();
        fill(&gone, 3).into_iter().for_each(|chunk| free(&gone, chunk));
        drop(gone);
        let (send, receive) = mpsc::sync_channel(0);
        let owner = thread::spawn(move || {
            let pool = Arc::new(SyncRawPool::new(LAYOUT).unwrap());
            let chunks: Vec<_> = fill(&pool, 200).into_iter().map(Sent).collect();
            send.send((pool.clone(), chunks)).unwrap();
            for _ in 0..scaled(200, 10) {
                let chunks: Vec<_> = fill(&pool, 3).into_iter().map(Sent).collect();
                chunks.iter().for_each(|chunk| chunk.stamp(64));
                chunks.into_iter().for_each(|chunk| {
                    chunk.check(64);
                    free(&pool, chunk.0);
                });
            }
        });
        let (pool, chunks) = receive.recv().unwrap();
        chunks.into_iter().for_each(|Sent(chunk)| free(&pool, chunk));
        owner.join().unwrap();
        assert_eq!(pool.len(), 0);
    }
}

#[test]
fn one_thread_may_use_many_pools_by_turns() {
    let _alone = alone();
    let pools: Vec<_> = (0..3).map(|_| SyncRawPool::new(LAYOUT).unwrap()).collect();
    let mut live = Vec::new();
    for round in 0..scaled(3000, 60) {
        let pool = &pools[round % 3];
        live.push((pool, pool.allocate().unwrap()));
        if round % 2 == 0 {
            let (pool, chunk) = live.swap_remove(round * 7 % live.len());
            free(pool, chunk);
        }
    }
    assert_eq!(pools.iter().map(SyncRawPool::len).sum::<usize>(), live.len());
    live.into_iter().for_each(|(pool, chunk)| free(pool, chunk));
    assert!(pools.iter().all(SyncRawPool::is_empty));
}

#[test]
fn a_limit_is_never_exceeded_by_racing_threads() {
    let _alone = alone();
    for limit in [1, 50, 1000] {
        let (builder, _watch) = watched(LAYOUT);
        let pool = builder.max_chunks(limit).first_segment(2000).build_sync().unwrap();
        let start = Barrier::new(4);
        thread::scope(|scope| {
            for seed in 0..4 {
                let (pool, start) = (&pool, &start);
                scope.spawn(move || {
                    let mut rng = Rng::new(seed + 1);
                    let mut live = Vec::new();
                    start.wait();
                    for _ in 0..scaled(20_000, 100) {
                        if rng.below(3) != 0 {
                            match pool.allocate() {
                                Ok(chunk) => live.push(chunk),
                                Err(error) => assert_eq!(error, AllocError::LimitReached { max_chunks: limit }),
                            }
                        } else if !live.is_empty() {
                            free(pool, live.swap_remove(rng.below(live.len())));
                        }
                        if rng.below(500) == 0 {
                            let stats = pool.stats();
                            assert!(stats.live_chunks <= stats.total_chunks && stats.total_chunks <= limit);
                        }
                    }
                    live.into_iter().for_each(|chunk| free(pool, chunk));
                });
            }
        });
        assert_eq!(pool.len(), 0);
    }
}

#[test]
fn what_was_reserved_serves_all_threads() {
    let _alone = alone();
    let (builder, watch) = watched(LAYOUT);
    let pool = builder.build_sync().unwrap();
    pool.reserve(20_000).unwrap();
    assert!(pool.capacity() >= 20_000);
    let calls = watch.calls();
    thread::scope(|scope| {
        let work = || fill(&pool, 5_000).into_iter().for_each(|chunk| free(&pool, chunk));
        // Joined one by one, which also waits for their thread-local destructors.
        let threads = [scope.spawn(work), scope.spawn(work), scope.spawn(work)];
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
    // A shard for each thread, at most.
    assert!(watch.calls() <= calls + 3, "{} after {calls}", watch.calls());
    pool.shrink_to_fit();
    assert_eq!(pool.capacity(), 0);
}

#[test]
fn what_a_guest_left_is_not_counted_as_room_for_others() {
    // A thread without an index counted the guest shard's free chunks as its own when it reserved, but then it got an
    // index, a shard, and none of them.
    let _alone = alone();
    for (guests, own_first) in [(1, false), (1, true), (100, false), (100, true)] {
        let (builder, watch) = watched(LAYOUT);
        let pool = Arc::new(builder.max_chunks(200).first_segment(3000).max_segment(3000).build_sync().unwrap());
        let (thread, in_thread) = (Worker::start(), pool.clone());
        // Now it has an index, so that it will have had one.
        thread.run(move || free(&in_thread, in_thread.allocate().unwrap()));
        let (left, in_thread) = (Arc::new(Mutex::new(Vec::new())), pool.clone());
        let result = left.clone();
        thread.end_with(move || result.lock().unwrap().extend(fill(&in_thread, guests).into_iter().map(Sent)));
        left.lock().unwrap().drain(..).for_each(|Sent(chunk)| free(&pool, chunk));
        let in_thread = pool.clone();
        Worker::start().run(move || {
            if own_first {
                free(&in_thread, in_thread.allocate().unwrap());
            }
            let room = (1..200).rev().find(|&room| in_thread.reserve(room).is_ok()).unwrap();
            let chunks: Result<Vec<_>, _> = (0..room).map(|_| in_thread.allocate()).collect();
            chunks.unwrap_or_else(|error| panic!("{room} were reserved: {error}"));
        });
        drop(pool);
        assert_eq!(watch.pieces(), 0);
    }
}

#[test]
fn a_refused_thread_gets_what_an_ended_one_left() {
    let _alone = alone();
    let (builder, _watch) = watched(LAYOUT);
    let pool = Arc::new(builder.max_chunks(100).build_sync().unwrap());
    let all = |pool: &SyncRawPool| std::iter::from_fn(|| pool.allocate().ok()).map(Sent).collect::<Vec<_>>();
    // Both threads have a shard before one takes all there is.
    let mut mine = vec![Sent(pool.allocate().unwrap())];
    let (other, in_other) = (Worker::start(), pool.clone());
    let mut others = other.run(move || all(&in_other));
    mine.extend(all(&pool));
    assert_eq!((pool.len(), pool.capacity()), (100, 100));
    let (freed, in_other) = (others.split_off(others.len() / 2), pool.clone());
    other.run(move || freed.into_iter().for_each(|Sent(chunk)| free(&in_other, chunk)));
    assert_eq!(pool.allocate(), Err(AllocError::LimitReached { max_chunks: 100 }), "a running thread keeps its chunks");
    assert_ne!(pool.len(), 100);
    drop(other);
    mine.extend(all(&pool));
    assert_eq!(pool.len(), 100);
    mine.into_iter().chain(others).for_each(|Sent(chunk)| free(&pool, chunk));
    pool.shrink_to_fit();
    assert_eq!(pool.capacity(), 0);
}

#[test]
fn what_one_ended_thread_took_from_another_goes_back_too() {
    // A shard without a thread was emptied before the hands of others, which had some of its blocks' chunks, so that
    // its segments stayed.
    let _alone = alone();
    let (builder, watch) = watched(LAYOUT);
    let pool = Arc::new(builder.first_segment(20_000).build_sync().unwrap());
    let (first, second) = (Worker::start(), Worker::start());
    let in_first = pool.clone();
    let mut kept: Vec<_> = first.run(move || fill(&in_first, 100).into_iter().map(Sent).collect());
    let (freed, in_first) = (kept.split_off(50), pool.clone());
    let in_second = pool.clone();
    kept.push(second.run(move || Sent(in_second.allocate().unwrap())));
    let to_free = freed.clone();
    first.run(move || to_free.into_iter().for_each(|Sent(chunk)| free(&in_first, chunk)));
    drop(first);
    let in_second = pool.clone();
    let taken: Vec<_> = second.run(move || {
        let mut taken = vec![];
        // One of the first thread's chunks, with others in the same word.
        while taken.last().is_none_or(|last| !freed.contains(last)) {
            taken.push(Sent(in_second.allocate().unwrap()));
        }
        taken
    });
    drop(second);
    kept.into_iter().chain(taken).for_each(|Sent(chunk)| free(&pool, chunk));
    pool.shrink_to_fit();
    assert_eq!(pool.capacity(), 0);
    drop(pool);
    assert_eq!(watch.pieces(), 0);
}

/// Allocates and frees when its thread ends.
struct AtExit(Arc<SyncRawPool>, Vec<Sent>);

impl Drop for AtExit {
    fn drop(&mut self) {
        let again = fill(&self.0, 200);
        self.1.drain(..).for_each(|Sent(chunk)| free(&self.0, chunk));
        again.into_iter().for_each(|chunk| free(&self.0, chunk));
    }
}

#[test]
fn thread_local_destructors_may_use_the_pool_in_any_order() {
    let _alone = alone();
    thread_local!(static AT_EXIT: RefCell<Option<AtExit>> = const { RefCell::new(None) });
    let (builder, watch) = watched(LAYOUT);
    let pool = Arc::new(builder.build_sync().unwrap());
    for register_first in [true, false] {
        let pool = pool.clone();
        thread::spawn(move || {
            if register_first {
                AT_EXIT.with(|slot| *slot.borrow_mut() = Some(AtExit(pool.clone(), Vec::new())));
            }
            let chunks: Vec<_> = fill(&pool, 300).into_iter().map(Sent).collect();
            AT_EXIT.with(|slot| {
                slot.borrow_mut().get_or_insert_with(|| AtExit(pool.clone(), Vec::new())).1.extend(chunks);
            });
        })
        .join()
        .unwrap();
        // The thread is joined, its destructors have run.
    }
    let pool = Arc::into_inner(pool).unwrap();
    assert_eq!(pool.len(), 0);
    pool.shrink_to_fit();
    assert_eq!(pool.stats().segments, 0);
    drop(pool);
    assert_eq!(watch.pieces(), 0);
}

#[test]
fn a_guard_that_outlives_the_lease_of_its_thread_keeps_the_index() {
    let _alone = alone();
    static POOL: Mutex<Option<&'static SyncRawPool>> = Mutex::new(None);
    struct Guard(LocalShard<'static>);
    impl Drop for Guard {
        fn drop(&mut self) {
            let chunks: Vec<_> = (0..500).map(|_| self.0.allocate().unwrap()).collect();
            // Meanwhile other threads take the lowest free index.
            thread::spawn(|| {
                let pool = POOL.lock().unwrap().unwrap();
                fill(pool, 100).into_iter().for_each(|chunk| free(pool, chunk));
            });
            for chunk in chunks {
                // SAFETY: just allocated.
                unsafe { self.0.deallocate(chunk) };
            }
        }
    }
    thread_local!(static GUARD: RefCell<Option<Guard>> = const { RefCell::new(None) });
    let pool: &'static SyncRawPool = Box::leak(Box::new(SyncRawPool::new(LAYOUT).unwrap()));
    *POOL.lock().unwrap() = Some(pool);
    thread::spawn(move || {
        GUARD.with(|slot| *slot.borrow_mut() = None);
        GUARD.with(|slot| *slot.borrow_mut() = Some(Guard(pool.local())));
    })
    .join()
    .unwrap();
}

fn handle(builder: RawPoolBuilder<SyncWatched>) -> SyncPoolHandle {
    builder.build_sync_handle().unwrap()
}

fn allocate_in(handle: &SyncPoolHandle) -> Sent {
    // SAFETY: the geometry is the pool's.
    Sent(unsafe { handle.allocate_in(&handle.geometry()) }.unwrap())
}

fn deallocate_dyn(Sent(chunk): Sent) {
    // SAFETY: the tests free what they allocated, once, and the layout is the pool's.
    unsafe { SyncPoolHandle::deallocate_dyn(chunk, LAYOUT) };
}

#[test]
fn a_closed_pool_ends_with_its_last_chunk_on_any_thread() {
    let _alone = alone();
    for (here, there) in [(1, 0), (0, 1), (100, 3000), (3000, 100)] {
        let (builder, watch) = watched(LAYOUT);
        let pool = handle(builder.first_segment(2000).max_segment(4000));
        let of_other: Vec<_> = {
            let pool = pool.clone();
            on_another_thread(move || (0..there).map(|_| allocate_in(&pool)).collect())
        };
        let mine: Vec<_> = (0..here).map(|_| allocate_in(&pool)).collect();
        drop(pool);
        let mut last = watch.pieces();
        assert_ne!(last, 0);
        on_another_thread(move || mine.into_iter().for_each(deallocate_dyn));
        if here > 100 {
            assert!(watch.pieces() < last, "no segment went back");
        }
        last = watch.pieces();
        of_other.into_iter().for_each(deallocate_dyn);
        assert!(watch.pieces() < last || there == 0);
        assert_eq!(watch.pieces(), 0);
    }
}

#[test]
fn a_pool_that_closes_empty_is_gone_at_once() {
    let _alone = alone();
    let (builder, watch) = watched(LAYOUT);
    let pool = handle(builder);
    let chunks: Vec<_> = (0..500).map(|_| allocate_in(&pool)).collect();
    chunks.into_iter().for_each(deallocate_dyn);
    let other = pool.clone();
    drop(pool);
    on_another_thread(move || drop(other));
    assert_eq!(watch.pieces(), 0);
}

#[test]
fn a_chunk_of_a_closed_pool_leads_to_one_successor() {
    let _alone = alone();
    let (builder, watch) = watched(LAYOUT);
    let pool = handle(builder.max_chunks(5000));
    let chunks: Vec<_> = (0..3).map(|_| allocate_in(&pool)).collect();
    // SAFETY: the chunk is live, and of that layout.
    let of = |chunk: Sent| unsafe { SyncPoolHandle::of(chunk.0, LAYOUT) }.unwrap();
    assert!(of(chunks[0]).ptr_eq(&pool));
    drop(pool);
    let successor = of(chunks[0]);
    let second = chunks[1];
    assert!(on_another_thread(move || of(second)).ptr_eq(&successor));
    let in_successor = allocate_in(&successor);
    assert!(successor.owns(in_successor.0.as_ptr()) && !successor.owns(chunks[2].0.as_ptr()));
    assert!(successor.reserve(5001).is_err(), "the limit goes on");
    drop(successor);
    chunks.into_iter().for_each(deallocate_dyn);
    assert_eq!(watch.pieces(), 4, "the parent's record, the successor's, a shard and a segment");
    deallocate_dyn(in_successor);
    assert_eq!(watch.pieces(), 0);
}

#[test]
fn many_more_threads_than_the_table_holds_inline() {
    let _alone = alone();
    let (builder, watch) = watched(LAYOUT);
    let pool = builder.build_sync().unwrap();
    let threads = scaled(150, 40);
    let (start, end) = (Barrier::new(threads), Barrier::new(threads));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                start.wait();
                let chunks = fill(&pool, 20);
                end.wait();
                chunks.into_iter().for_each(|chunk| free(&pool, chunk));
            });
        }
    });
    assert_eq!(pool.len(), 0);
    assert_eq!(pool.stats().bytes_reserved, watch.bytes());
    drop(pool);
    assert_eq!(watch.pieces(), 0);
}
