//! The classic workloads for threads, small: objects come back as they were, no two threads share a cache line, and
//! memory is used again. Under the sanitizers too:
//!
//! ```text
//! RUSTFLAGS=-Zsanitizer=address cargo +nightly test -p goo-pool-typed --test classics --target x86_64-unknown-linux-gnu
//! RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer --cfg goo_tsan" \
//!     TSAN_OPTIONS=suppressions=$PWD/goo-pool-typed/tests/classics/tsan.txt \
//!     cargo +nightly test -p goo-pool-typed --test classics --target x86_64-unknown-linux-gnu -- --test-threads=1
//! ```

#![cfg(feature = "std")]

#[path = "classics/mod.rs"]
pub mod workloads;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use goo_pool_typed::SyncPool;
use workloads::ours::{Ours, OursLocal};
use workloads::subject::{Shared, Subject, Value};
use workloads::{Cache, Larson, Mstress, Outcome, Relay, Run, Workload, Xmalloc, run::lock};

/// Shrinks a size under Miri, which is a thousand times slower.
const fn scaled(full: usize, miri: usize) -> usize {
    if cfg!(miri) { miri } else { full }
}

const LARSON: Larson = Larson { threads: 3, objects: scaled(1000, 10), replacements: scaled(3000, 20) as u64 };
const XMALLOC: Xmalloc = Xmalloc { producers: 2, consumers: 2, batches: 8, objects: scaled(500, 10) };
/// One thread frees what three allocate.
const ONLY_FREES: Xmalloc = Xmalloc { producers: 3, consumers: 1, ..XMALLOC };
/// One batch: while one thread allocates, the other waits.
const IN_TURNS: Xmalloc = Xmalloc { producers: 1, consumers: 1, batches: 1, objects: scaled(5000, 10) };
const MSTRESS: Mstress = Mstress { threads: 3, objects: scaled(1000, 10), table: scaled(100, 4) };
const THRASH: Cache = Cache { threads: 4, objects: 3, writes: scaled(100, 2) as u64, scratch: false };
const SCRATCH: Cache = Cache { scratch: true, ..THRASH };
const RELAY: Relay = Relay { objects: scaled(1000, 10) };

fn outcome<S: Shared<T>, T: Value>(workload: impl Workload<T>, rounds: usize) -> Outcome {
    workload.run::<S>(&S::pool(), &Run::of(rounds as u64))
}

/// Chunks of a block, about.
const BLOCK: usize = 1000;
/// Chunks that a thread may have free in blocks which it began, whatever it needs.
const STARTED: usize = 4 * BLOCK;

/// Runs a workload through `SyncPool` and again through `LocalPool`. It gives everything back; `bound` says what the pool may hold for
/// it before it shrinks.
#[track_caller]
fn assert_bounded<T: Value>(workload: impl Workload<T>, rounds: usize, bound: usize) {
    #[track_caller]
    fn on<S: Shared<T, Pool = SyncPool<T>>, T: Value>(workload: &impl Workload<T>, rounds: usize, bound: usize) {
        // One test at a time: a thread of another one that gets an ended thread's index keeps that thread's chunks from the rest,
        // as long as it lives.
        static ALONE: Mutex<()> = Mutex::new(());
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);

        let pool = S::pool();
        let outcome = workload.run::<S>(&pool, &Run::of(rounds as u64));
        let stats = pool.stats();
        assert_eq!(stats.live_chunks, 0, "{outcome:?}");
        assert!(stats.total_chunks <= bound, "{stats} after {outcome:?}, {} in use would do", outcome.peak);
        assert_eq!(outcome.shared_lines, 0, "{outcome:?}");
        // All threads have ended; what they left is nobody's. (Once, what one had held of another's block stayed behind.)
        pool.shrink_to_fit();
        assert_eq!(pool.capacity(), 0, "{}", pool.stats());
    }

    on::<Ours, T>(&workload, rounds, bound);
    on::<OursLocal, T>(&workload, rounds, bound);
}

#[test]
fn objects_outlive_their_threads_and_the_memory_of_ended_threads_is_used_again() {
    let rounds = scaled(100, 5);
    // A third of what it would be if each thread left one block behind that nobody uses again.
    assert_bounded(LARSON, rounds, rounds * LARSON.threads * BLOCK / 3);
}

#[test]
fn producers_and_consumers_reach_a_steady_state() {
    // All batches may once have been one producer's, and then the other's.
    let bound = 2 * XMALLOC.producers * XMALLOC.batches * XMALLOC.objects + 2 * STARTED;
    assert_bounded(XMALLOC, scaled(200, 20), bound);
}

#[test]
fn a_thread_that_only_frees_hoards_nothing() {
    assert_bounded(IN_TURNS, scaled(50, 5), 2 * IN_TURNS.objects + STARTED);
    let bound = 2 * ONLY_FREES.producers * ONLY_FREES.batches * ONLY_FREES.objects + 3 * STARTED;
    assert_bounded(ONLY_FREES, scaled(200, 20), bound);
}

#[test]
fn everything_at_once() {
    // What all threads together allocate in a round, kept objects included.
    let bound = 2 * 6 * MSTRESS.objects * 3 / 2 + MSTRESS.table + 3 * STARTED;
    assert_bounded(MSTRESS, scaled(20, 2), bound);
}

#[test]
fn no_two_threads_have_objects_in_one_cache_line() {
    assert_bounded(THRASH, scaled(100, 2), 4 * 2 * STARTED);
    assert_bounded(SCRATCH, scaled(100, 2), 4 * 2 * STARTED);
}

#[test]
fn a_thousand_threads_one_after_the_other_need_no_more_than_the_first_ones() {
    assert_bounded(RELAY, scaled(1000, 5), 2 * (RELAY.objects + RELAY.objects / 2) + BLOCK);
}

/// `Box`: shows that the workloads ask for nothing that is not right.
struct Boxes;

impl<T: Value> Subject<T> for Boxes {
    const NAME: &'static str = "Box";
    type Pool = ();
    type Local<'p> = ();
    type Handle = Box<T>;

    fn pool() {}

    fn local(_: &()) {}

    fn alloc(_: &(), value: T) -> Box<T> {
        Box::new(value)
    }

    fn look<R>(_: &(), handle: &Box<T>, look: impl FnOnce(&T) -> R) -> R {
        look(handle)
    }
}

#[test]
fn workloads_do_what_they_say() {
    let per_thread = LARSON.objects as u64 + 4 * LARSON.replacements;
    let larson = outcome::<Boxes, _>(LARSON, 4);
    assert_eq!((larson.objects, larson.peak), (3 * per_thread, 3 * LARSON.objects));

    let xmalloc = outcome::<Boxes, _>(XMALLOC, 5);
    assert_eq!(xmalloc.objects, (2 * 5 * XMALLOC.objects) as u64);
    assert_eq!(xmalloc.peak, 8 * XMALLOC.objects);
    assert_eq!(outcome::<Boxes, _>(IN_TURNS, 5).peak, IN_TURNS.objects);

    // One, two and three times the objects, and half of each again.
    let mstress = outcome::<Boxes, _>(MSTRESS, 2);
    assert_eq!(mstress.objects, (2 * 6 * MSTRESS.objects * 3 / 2) as u64);

    assert_eq!(outcome::<Boxes, _>(SCRATCH, 2).objects, 4 * 3 * 3);
    assert_eq!(outcome::<Boxes, _>(RELAY, 7).objects, (7 * RELAY.objects) as u64);
}

#[test]
fn a_run_ends_when_it_is_told_to() {
    let run = Run::of(u64::MAX);
    run.stop.store(true, Relaxed);
    assert_eq!(IN_TURNS.run::<Boxes>(&(), &run).objects, 0);
    assert_eq!(RELAY.run::<Boxes>(&(), &run).objects, 0);
    assert_eq!(LARSON.run::<Boxes>(&(), &run).objects, (3 * LARSON.objects) as u64);
    // This one learns of it at the end of a round.
    assert_eq!(MSTRESS.run::<Boxes>(&(), &run), outcome::<Boxes, _>(MSTRESS, 1));
}

/// Has room for so few objects and does not admit it: the next one overwrites the oldest.
struct Forgetful;

struct Ring<T> {
    places: [Arc<Mutex<Option<T>>>; 8],
    next: AtomicUsize,
}

impl<T: Value> Subject<T> for Forgetful {
    const NAME: &'static str = "forgetful";
    type Pool = Ring<T>;
    type Local<'p> = &'p Ring<T>;
    type Handle = Arc<Mutex<Option<T>>>;

    fn pool() -> Ring<T> {
        Ring { places: Default::default(), next: AtomicUsize::new(0) }
    }

    fn local(pool: &Ring<T>) -> &Ring<T> {
        pool
    }

    fn alloc(pool: &&Ring<T>, value: T) -> Self::Handle {
        let place = &pool.places[pool.next.fetch_add(1, Relaxed) % pool.places.len()];
        *lock(place) = Some(value);
        place.clone()
    }

    fn look<R>(_: &&Ring<T>, handle: &Self::Handle, look: impl FnOnce(&T) -> R) -> R {
        look(lock(handle).as_ref().expect("an object"))
    }
}

#[test]
fn a_pool_that_hands_out_memory_twice_is_caught_by_every_workload() {
    #[track_caller]
    fn assert_fails<T: Value>(workload: impl Workload<T>) {
        let attempt = catch_unwind(AssertUnwindSafe(|| outcome::<Forgetful, _>(workload, 3)));
        attempt.expect_err("a workload without a check");
    }

    assert_fails(LARSON);
    assert_fails(XMALLOC);
    assert_fails(IN_TURNS);
    assert_fails(MSTRESS);
    assert_fails(THRASH);
    assert_fails(RELAY);
}

/// One array for all threads, filled from its start.
struct Packed;

struct Array<T> {
    places: Vec<OnceLock<T>>,
    next: AtomicUsize,
}

impl<T: Value> Subject<T> for Packed {
    const NAME: &'static str = "packed";
    type Pool = Array<T>;
    type Local<'p> = &'p Array<T>;
    type Handle = usize;

    fn pool() -> Array<T> {
        Array { places: (0..100).map(|_| OnceLock::new()).collect(), next: AtomicUsize::new(0) }
    }

    fn local(pool: &Array<T>) -> &Array<T> {
        pool
    }

    fn alloc(pool: &&Array<T>, value: T) -> usize {
        let index = pool.next.fetch_add(1, Relaxed);
        assert!(pool.places[index].set(value).is_ok(), "each place is used once");
        index
    }

    fn look<R>(pool: &&Array<T>, handle: &usize, look: impl FnOnce(&T) -> R) -> R {
        look(pool.places[*handle].get().expect("an object"))
    }
}

#[test]
fn threads_that_share_cache_lines_are_found() {
    // Twelve neighbours for four threads, four to a line: nearly every line is shared.
    assert!(outcome::<Packed, _>(THRASH, 0).shared_lines >= 2);
}
