//! A parent whose memory is nearer to some threads than to others: who gets which.

#[path = "common/sync.rs"]
mod common;
#[path = "common/worker.rs"]
mod worker;

use std::alloc::Layout;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Barrier, Mutex, MutexGuard, PoisonError};

use common::{Rng, Sent, home, set_home};
use goo_pool_core::{AllocError, Global, Handle as _, Parent, SyncPoolHandle, SyncRawPool};
use worker::Worker;

const LAYOUT: Layout = Layout::new::<[u64; 8]>();
const SIZE: usize = LAYOUT.size();

/// Knows for which home it gave each piece; can be told to give no more.
#[derive(Clone, Default)]
struct Nearby(Arc<Pieces>);

#[derive(Default)]
struct Pieces {
    /// Size and home, by address.
    held: Mutex<BTreeMap<usize, (usize, u32)>>,
    refuses: AtomicBool,
}

impl Pieces {
    fn home_of(&self, chunk: NonNull<u8>) -> u32 {
        let address = chunk.addr().get();
        let held = self.held.lock().unwrap();
        let (&base, &(size, home)) = held.range(..=address).next_back().unwrap();
        assert!(address < base + size);
        home
    }

    fn is_empty(&self) -> bool {
        self.held.lock().unwrap().is_empty()
    }
}

// SAFETY: all memory comes from `Global`.
unsafe impl Parent for Nearby {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        if self.0.refuses.load(Relaxed) {
            return None;
        }
        let ptr = Global.allocate(layout)?;
        self.0.held.lock().unwrap().insert(ptr.addr().get(), (layout.size(), home()));
        Some(ptr)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        self.0.held.lock().unwrap().remove(&ptr.addr().get()).unwrap();
        // SAFETY: it came from `Global` with this layout.
        unsafe { Global.deallocate(ptr, layout) };
    }

    fn home(&self) -> u32 {
        home()
    }
}

/// A pool, and two threads at two homes.
struct Street {
    pool: Arc<SyncPoolHandle>,
    pieces: Arc<Pieces>,
    threads: Vec<Worker>,
    _alone: MutexGuard<'static, ()>,
}

/// Indices of threads are the process's, so what becomes of an ended thread's memory depends on all threads there are.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Street {
    fn new(max_chunks: Option<usize>) -> Self {
        let alone = alone();
        let parent = Nearby::default();
        let pieces = parent.0.clone();
        let mut builder = SyncRawPool::builder(LAYOUT).parent(parent).first_segment(20_000).max_segment(200_000);
        if let Some(chunks) = max_chunks {
            builder = builder.max_chunks(chunks);
        }
        let pool = Arc::new(builder.build_sync_handle().unwrap());
        Self { pool, pieces, threads: vec![at_home(0), at_home(1)], _alone: alone }
    }

    /// As many as there are, up to `count`.
    fn allocate(&self, home: usize, count: usize) -> Vec<Sent> {
        let pool = self.pool.clone();
        self.threads[home].run(move || (0..count).map_while(|_| pool.allocate().ok()).map(Sent).collect())
    }

    fn free(&self, home: usize, chunks: Vec<Sent>) {
        let pool = self.pool.clone();
        self.threads[home].run(move || chunks.into_iter().for_each(|chunk| free(&pool, chunk)));
    }

    fn homes_of<'c>(&self, chunks: impl IntoIterator<Item = &'c Sent>) -> Vec<u32> {
        let mut homes: Vec<_> = chunks.into_iter().map(|chunk| self.pieces.home_of(chunk.0)).collect();
        homes.sort_unstable();
        homes.dedup();
        homes
    }

    fn assert_valid(&self) {
        // SAFETY: the threads wait.
        unsafe { self.pool.assert_valid() };
    }
}

fn at_home(number: u32) -> Worker {
    let worker = Worker::start();
    worker.run(move || {
        set_home(number);
        // The thread gets its index now, before one that ends could leave it its own.
        free_one(&SyncRawPool::new(LAYOUT).unwrap());
    });
    worker
}

fn free(pool: &SyncRawPool, chunk: Sent) {
    // SAFETY: it was live, and is forgotten by who had it.
    unsafe { pool.deallocate(chunk.0) };
}

fn free_one(pool: &SyncRawPool) {
    free(pool, Sent(pool.allocate().unwrap()));
}

fn scaled(full: usize, miri: usize) -> usize {
    if cfg!(miri) { miri } else { full }
}

#[test]
fn threads_at_two_homes_that_free_each_others_chunks_get_memory_of_their_own() {
    let street = Street::new(None);
    let mut rng = Rng::new(7);
    let mut live: Vec<Sent> = Vec::new();
    for _ in 0..scaled(200, 5) {
        for home in 0..2 {
            let chunks = street.allocate(home, rng.below(scaled(2_000, 40)));
            assert!(street.homes_of(&chunks).iter().all(|&of| of as usize == home));
            live.extend(chunks);
            let count = rng.below(live.len() + 1);
            let freed = (0..count).map(|_| live.swap_remove(rng.below(live.len()))).collect();
            street.free(rng.below(2), freed);
        }
        street.assert_valid();
    }
    street.free(0, live);
    assert_eq!(street.pool.len(), 0);
}

#[test]
fn threads_at_two_homes_that_run_at_once_get_memory_of_their_own() {
    let street = Street::new(None);
    let (shelf, start) = (Mutex::<Vec<Sent>>::default(), Barrier::new(4));
    std::thread::scope(|scope| {
        for thread in 0..4_u32 {
            let (street, shelf, start) = (&street, &shelf, &start);
            scope.spawn(move || {
                set_home(thread % 2);
                // As `at_home`: all have their indices before one of them ends.
                free_one(&SyncRawPool::new(LAYOUT).unwrap());
                start.wait();
                let mut rng = Rng::new(u64::from(thread) + 1);
                for _ in 0..scaled(20_000, 50) {
                    let chunk = Sent(street.pool.allocate().unwrap());
                    assert_eq!(street.pieces.home_of(chunk.0), thread % 2);
                    chunk.stamp(SIZE);
                    let mut shelf = shelf.lock().unwrap();
                    shelf.push(chunk);
                    let other = if rng.below(100) < 45 { shelf.pop() } else { None };
                    let random = rng.below(shelf.len().max(1));
                    let other =
                        other.or_else(|| (rng.below(2) == 0 && !shelf.is_empty()).then(|| shelf.swap_remove(random)));
                    drop(shelf);
                    if let Some(chunk) = other {
                        chunk.check(SIZE);
                        free(&street.pool, chunk);
                    }
                }
            });
        }
    });
    for chunk in shelf.into_inner().unwrap() {
        chunk.check(SIZE);
        free(&street.pool, chunk);
    }
    street.assert_valid();
    assert_eq!(street.pool.len(), 0);
}

#[test]
fn empty_blocks_of_another_home_are_left_alone_as_long_as_the_pool_can_grow() {
    let street = Street::new(None);
    let chunks = street.allocate(0, scaled(20_000, 500));
    // One chunk stays, so that no segment goes back.
    let kept = chunks[..1].to_vec();
    street.free(0, chunks[1..].to_vec());
    let before = street.pool.capacity();
    let chunks = street.allocate(1, 100);
    assert_eq!(street.homes_of(&chunks), [1]);
    assert!(street.pool.capacity() > before);
    // And they are there for their own.
    let before = street.pool.capacity();
    assert_eq!(street.homes_of(&street.allocate(0, 100)), [0]);
    assert_eq!(street.pool.capacity(), before);
    street.free(1, kept);
    street.assert_valid();
}

/// A look at what an ended thread of another home has once left a chunk in that one's hand, where nobody sees it.
#[cfg(feature = "hardened")]
#[test]
fn a_double_free_is_found_after_a_look_at_memory_of_another_home() {
    let mut street = Street::new(None);
    let mut chunks = street.allocate(0, 100);
    chunks.extend(street.allocate(0, street.pool.capacity() - chunks.len()));
    let freed = chunks.swap_remove(50);
    street.free(0, vec![freed]);
    drop(street.threads.remove(0));
    let near = street.allocate(0, 1);
    assert_eq!(street.homes_of(&near), [1]);
    let pool = street.pool.clone();
    let panic = street.threads[0].try_run(move || free(&pool, freed)).unwrap_err();
    assert!(panic.downcast_ref::<String>().unwrap().starts_with("double free"));
    street.assert_valid();
    chunks.extend(near);
    street.free(0, chunks);
    assert_eq!(street.pool.len(), 0);
}

#[test]
fn memory_of_another_home_is_taken_before_the_limit_is_an_error() {
    let limit = scaled(5_000, 700);
    let mut street = Street::new(Some(limit));
    let chunks = street.allocate(0, limit);
    assert_eq!(chunks.len(), limit);
    street.free(0, chunks);
    // What a running thread keeps for itself is its own: end it.
    drop(street.threads.remove(0));
    let chunks = street.allocate(0, limit + 1);
    assert_eq!(chunks.len(), limit);
    assert_eq!(street.pool.capacity(), limit);
    assert!(street.homes_of(&chunks).contains(&0));
    street.assert_valid();
    street.free(0, chunks);
    street.assert_valid();
}

#[test]
fn memory_of_another_home_is_taken_when_the_parent_refuses() {
    let street = Street::new(None);
    let many = scaled(5_000, 700);
    let chunks = street.allocate(0, many);
    let near = street.allocate(1, 1);
    street.free(0, chunks);
    street.pieces.refuses.store(true, Relaxed);
    let chunks = street.allocate(1, many);
    assert!(chunks.len() > many / 2, "{}", chunks.len());
    assert!(street.homes_of(&chunks).contains(&0));
    street.assert_valid();
    // With the parent in a better mood, near memory comes first again.
    street.pieces.refuses.store(false, Relaxed);
    street.free(1, chunks);
    street.free(1, near);
    street.threads[1].run({
        let pool = street.pool.clone();
        move || pool.shrink_to_fit()
    });
    assert_eq!(street.homes_of(&street.allocate(1, 3 * many)), [1]);
}

#[test]
fn what_an_ended_thread_left_is_raided_by_its_own_home_first() {
    let street = Street::new(None);
    let many = scaled(3_000, 700);
    let third = at_home(0);
    let pool = street.pool.clone();
    // Every second chunk: no block of it is empty, so all of it is the ended thread's.
    let kept: Vec<Sent> = third.run(move || {
        let chunks: Vec<_> = (0..many).map(|_| Sent(pool.allocate().unwrap())).collect();
        chunks.iter().skip(1).step_by(2).for_each(|&chunk| free(&pool, chunk));
        chunks.into_iter().step_by(2).collect()
    });
    drop(third);
    let chunks = street.allocate(1, many / 4);
    assert_eq!(street.homes_of(&chunks), [1], "a raid on another home");
    let before = street.pool.capacity();
    let chunks = street.allocate(0, many / 4);
    assert_eq!((street.homes_of(&chunks), street.pool.capacity()), (vec![0], before), "no raid at home");
    street.pieces.refuses.store(true, Relaxed);
    let chunks = street.allocate(1, usize::MAX);
    assert_eq!(street.homes_of(&chunks), [0, 1], "no raid as a last resort");
    street.assert_valid();
    street.free(0, kept);
    street.assert_valid();
}

#[test]
fn what_others_freed_in_a_running_threads_blocks_is_stolen_at_home_alone() {
    let street = Street::new(None);
    let many = scaled(6_000, 700);
    let chunks = street.allocate(0, many);
    // All but a few of each word are freed remotely, and the owner never looks.
    let (kept, freed): (Vec<_>, Vec<_>) = chunks.iter().enumerate().partition(|(number, _)| number % 8 == 0);
    street.free(1, freed.into_iter().map(|(_, &chunk)| chunk).collect());
    let chunks = street.allocate(1, many / 2);
    assert_eq!(street.homes_of(&chunks), [1]);
    let before = street.pool.capacity();
    let neighbour = at_home(0);
    let pool = street.pool.clone();
    let stolen: Vec<Sent> = neighbour.run(move || (0..many / 2).map(|_| Sent(pool.allocate().unwrap())).collect());
    assert_eq!((street.homes_of(&stolen), street.pool.capacity()), (vec![0], before));
    street.free(0, kept.into_iter().map(|(_, &chunk)| chunk).collect());
    street.assert_valid();
}

#[test]
#[cfg_attr(
    feature = "hardened",
    ignore = "with nothing in the hands, a segment more goes back before the parent refuses"
)]
fn a_reservation_counts_what_other_homes_have_only_if_the_pool_cannot_grow() {
    let street = Street::new(Some(scaled(20_000, 2_000)));
    let many = scaled(8_000, 800);
    let chunks = street.allocate(0, many);
    street.free(0, chunks);
    let reserve = |count| {
        let pool = street.pool.clone();
        street.threads[1].run(move || pool.reserve(count))
    };
    let before = street.pool.capacity();
    reserve(many / 2).unwrap();
    assert!(street.pool.capacity() > before, "memory of another home was counted");
    let capacity = street.pool.capacity();
    let chunks = street.allocate(1, many / 2);
    assert_eq!((street.homes_of(&chunks), street.pool.capacity()), (vec![1], capacity));
    street.free(1, chunks);

    street.pieces.refuses.store(true, Relaxed);
    reserve(many).unwrap();
    assert_eq!(street.pool.capacity(), capacity);
    assert_eq!(street.allocate(1, many).len(), many);
    assert!(matches!(reserve(many).unwrap_err(), AllocError::OutOfMemory { .. }));
    assert!(matches!(
        reserve(10 * many).unwrap_err(),
        AllocError::OutOfMemory { .. } | AllocError::LimitReached { .. }
    ));
    street.assert_valid();
}

#[test]
fn a_row_comes_from_home_and_from_elsewhere_before_it_fails() {
    let street = Street::new(None);
    let chunks = street.allocate(0, scaled(20_000, 3_000));
    let kept = chunks[..1].to_vec();
    street.free(0, chunks[1..].to_vec());
    let row_at = |home: usize| {
        let (pool, pieces) = (street.pool.clone(), street.pieces.clone());
        street.threads[home].run(move || {
            let row = pool.take_row()?;
            let home = pieces.home_of(row.first());
            // SAFETY: the pool gave it, and its chunks are not used.
            unsafe { pool.give_row(row) };
            Ok::<_, AllocError>(home)
        })
    };
    assert_eq!((row_at(0), row_at(1)), (Ok(0), Ok(1)));
    // What home 1 has goes back to the parent, and that gives nothing more.
    street.pool.shrink_to_fit();
    street.pieces.refuses.store(true, Relaxed);
    assert_eq!(row_at(1), Ok(0));
    street.free(0, kept);
    street.assert_valid();
}

#[test]
fn all_memory_of_all_homes_goes_back() {
    for closed_first in [false, true] {
        let Street { pool, pieces, threads, _alone } = Street::new(None);
        let chunks: Vec<Vec<Sent>> = (0..2)
            .map(|home| {
                let pool = pool.clone();
                threads[home].run(move || (0..scaled(9_000, 300)).map(|_| Sent(pool.allocate().unwrap())).collect())
            })
            .collect();
        let mut pool = Some(pool);
        if closed_first {
            pool = None;
        }
        for (home, chunks) in chunks.into_iter().enumerate() {
            // Each thread frees what the other allocated.
            threads[1 - home].run(move || {
                for chunk in chunks {
                    // SAFETY: it was live, of a pool for that layout.
                    unsafe { SyncPoolHandle::deallocate_dyn(chunk.0, LAYOUT) };
                }
            });
        }
        if let Some(pool) = pool.take() {
            drop(threads);
            pool.shrink_to_fit();
            assert_eq!(pool.capacity(), 0, "an empty segment of some home is kept");
        }
        assert!(pieces.is_empty());
    }
}

#[test]
fn homes_beyond_the_fourth_share_with_those_below() {
    let street = Street::new(None);
    let chunks = street.allocate(0, scaled(20_000, 500));
    street.free(0, chunks[1..].to_vec());
    let before = street.pool.capacity();
    let neighbours = [4, 8_000, u32::MAX - 3, u32::MAX].map(at_home);
    for (number, neighbour) in neighbours.iter().enumerate() {
        let pool = street.pool.clone();
        neighbour.run(move || free_one(&pool));
        assert_eq!(street.pool.capacity() > before, number == 3);
    }
    street.free(0, chunks[..1].to_vec());
}

/// Uses the pool, or panics, when it is asked for a home.
struct Hostile;

static POOL: Mutex<Option<Arc<SyncRawPool>>> = Mutex::new(None);

thread_local! {
    static MOOD: Cell<Mood> = const { Cell::new(Mood::Quiet) };
}

#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Quiet,
    Panic,
    /// Allocates and frees so many, once.
    Use(usize),
}

// SAFETY: all memory comes from `Global`.
unsafe impl Parent for Hostile {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        Global.allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: it came from `Global` with this layout.
        unsafe { Global.deallocate(ptr, layout) };
    }

    fn home(&self) -> u32 {
        match MOOD.replace(Mood::Quiet) {
            Mood::Quiet => {}
            Mood::Panic => panic!("nowhere"),
            Mood::Use(count) => {
                let pool = POOL.lock().unwrap().clone().unwrap();
                let chunks: Vec<_> = (0..count).map(|_| Sent(pool.allocate().unwrap())).collect();
                chunks.into_iter().for_each(|chunk| free(&pool, chunk));
            }
        }
        home()
    }
}

/// What it left once met a hand that the parent had filled in the meantime: that was a panic, and the chunks were lost.
#[test]
fn a_home_that_takes_what_an_ended_thread_left_loses_none_of_it() {
    let _alone = alone();
    // This thread has its index, so it does not get that of the one that ends.
    free_one(&SyncRawPool::new(LAYOUT).unwrap());
    let count = scaled(5_000, 300);
    let builder = SyncRawPool::builder(LAYOUT).parent(Hostile).first_segment(20_000).max_chunks(count);
    let pool = Arc::new(builder.build_sync().unwrap());
    *POOL.lock().unwrap() = Some(pool.clone());
    let (other, in_thread) = (Worker::start(), pool.clone());
    let mut chunks: Vec<Sent> = other.run(move || {
        let chunks: Vec<_> = (0..count).map(|_| Sent(in_thread.allocate().unwrap())).collect();
        chunks.chunks(2).for_each(|pair| free(&in_thread, pair[0]));
        chunks.into_iter().skip(1).step_by(2).collect()
    });
    drop(other);
    while chunks.len() < count {
        MOOD.set(Mood::Use(1));
        chunks.push(Sent(pool.allocate().unwrap()));
        // SAFETY: no other thread uses it.
        unsafe { pool.assert_valid() };
        assert_eq!(pool.len(), chunks.len());
    }
    MOOD.set(Mood::Quiet);
    chunks.into_iter().for_each(|chunk| free(&pool, chunk));
    assert_eq!(pool.len(), 0);
    *POOL.lock().unwrap() = None;
}

#[test]
fn a_home_that_uses_the_pool_or_panics_leaves_it_whole() {
    let _alone = alone();
    let pool = Arc::new(SyncRawPool::builder(LAYOUT).parent(Hostile).build_sync().unwrap());
    *POOL.lock().unwrap() = Some(pool.clone());
    let mut chunks = Vec::new();
    for round in 0..scaled(300, 10) {
        MOOD.set([Mood::Panic, Mood::Use(1), Mood::Use(round * 10)][round % 3]);
        let steps: [&dyn Fn(); 3] =
            [&|| pool.reserve(round * 20).unwrap(), &|| pool.reserve(round).unwrap(), &|| pool.shrink_to_fit()];
        let _ = catch_unwind(AssertUnwindSafe(|| steps[round % 7 % 3]()));
        for _ in 0..scaled(200, 20) {
            if let Ok(chunk) = catch_unwind(AssertUnwindSafe(|| pool.allocate().unwrap())) {
                chunks.push(Sent(chunk));
            }
        }
        // SAFETY: no other thread uses it.
        unsafe { pool.assert_valid() };
        assert_eq!(pool.len(), chunks.len());
    }
    MOOD.set(Mood::Quiet);
    chunks.into_iter().for_each(|chunk| free(&pool, chunk));
    assert_eq!(pool.len(), 0);
    *POOL.lock().unwrap() = None;
}
