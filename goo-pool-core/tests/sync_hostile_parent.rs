//! A parent of a thread-safe pool that refuses, that panics, or that uses the pool it serves while it is asked: on the
//! thread that asks, and on another that it waits for, which would wait for ever if a lock were held meanwhile.

#[path = "common/sync.rs"]
mod common;
#[path = "common/worker.rs"]
mod worker;

use std::alloc::Layout;
use std::panic::resume_unwind;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use common::{Sent, SyncWatch, SyncWatched};
use goo_pool_core::{AllocError, BuildError, Global, Handle as _, Parent, SyncPoolHandle, SyncRawPool};
use worker::Worker;

const LAYOUT: Layout = Layout::new::<[u64; 64]>();

fn scaled(full: usize, miri: usize) -> usize {
    if cfg!(miri) { miri } else { full }
}

/// Runs a hook before each request and after each return.
#[derive(Clone, Default)]
struct Hostile {
    inner: SyncWatched,
    hook: Arc<Hook>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Allocate,
    Deallocate,
}

/// Whether a request is granted.
type Act = Box<dyn FnMut(Call) -> bool + Send>;

#[derive(Default)]
struct Hook {
    act: Mutex<Option<Act>>,
    ran: AtomicUsize,
}

impl Hook {
    fn set(&self, act: impl FnMut(Call) -> bool + Send + 'static) {
        self.ran.store(0, Relaxed);
        *self.act.lock().unwrap() = Some(Box::new(act));
    }

    fn clear(&self) {
        // Dropped when the lock is free: it may own the last handle of a pool of this parent's.
        let act = self.act.lock().unwrap().take();
        drop(act);
    }

    /// Not from within itself, on this thread or another. A hook that panics is gone.
    fn run(&self, call: Call) -> bool {
        let act = self.act.lock().unwrap().take();
        let Some(mut act) = act else { return true };
        self.ran.fetch_add(1, Relaxed);
        let granted = act(call);
        *self.act.lock().unwrap() = Some(act);
        granted
    }
}

// SAFETY: all memory comes from `inner`.
unsafe impl Parent for Hostile {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        if self.hook.run(Call::Allocate) { self.inner.allocate(layout) } else { None }
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: passed on.
        unsafe { self.inner.deallocate(ptr, layout) };
        self.hook.run(Call::Deallocate);
    }
}

/// Thread indices are the process's: tests that end threads run one at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Small segments, so that the parent is asked often.
fn build(parent: Hostile) -> Result<SyncPoolHandle, BuildError> {
    SyncRawPool::builder(LAYOUT).first_segment(4000).max_segment(6000).parent(parent).build_sync_handle()
}

fn allocate(pool: &SyncRawPool, live: &Mutex<Vec<Sent>>) -> Result<(), AllocError> {
    let chunk = Sent(pool.allocate()?);
    chunk.stamp(LAYOUT.size());
    live.lock().unwrap().push(chunk);
    Ok(())
}

/// The live chunk with that number, which is the caller's to free, if there are any.
fn take(live: &Mutex<Vec<Sent>>, number: usize) -> Option<Sent> {
    let mut live = live.lock().unwrap();
    let index = number.checked_rem(live.len())?;
    let chunk = live.swap_remove(index);
    chunk.check(LAYOUT.size());
    Some(chunk)
}

fn deallocate(Sent(chunk): Sent) {
    // SAFETY: the chunk was live, and whoever took it forgot it; all pools here are for `LAYOUT`.
    unsafe { SyncPoolHandle::deallocate_dyn(chunk, LAYOUT) };
}

// --- A parent that refuses or panics at one moment, for every moment of a fixed piece of work.

/// What became of one step.
#[derive(Debug)]
enum Outcome {
    Done,
    Refused(AllocError),
    Panicked,
}

/// A fixed piece of work by two threads, which take turns.
struct Work {
    workers: [Worker; 2],
    live: Arc<Mutex<Vec<Sent>>>,
    outcomes: Vec<Outcome>,
}

impl Work {
    /// One step, on a thread; the pool is whole after it, whatever becomes of it.
    fn step(
        &mut self,
        pool: &SyncPoolHandle,
        worker: usize,
        work: impl FnOnce(&SyncPoolHandle, &Mutex<Vec<Sent>>) -> Result<(), AllocError> + Send + 'static,
    ) {
        let before = pool.stats();
        let live_before = self.live.lock().unwrap().len();
        let (handle, live) = (pool.clone(), self.live.clone());
        let outcome = match self.workers[worker].try_run(move || work(&handle, &live)) {
            Ok(Ok(())) => Outcome::Done,
            Ok(Err(error)) => Outcome::Refused(error),
            Err(payload) => {
                assert!(payload.is::<Staged>(), "not the parent's panic");
                Outcome::Panicked
            }
        };
        // SAFETY: the workers wait.
        unsafe { pool.assert_valid() };
        let after = pool.stats();
        let live = self.live.lock().unwrap().len();
        assert_eq!(after.live_chunks, live, "{outcome:?}: a chunk is lost, or there is one too many");
        if matches!(outcome, Outcome::Refused(_)) && live == live_before {
            assert_eq!((after.total_chunks, after.segments), (before.total_chunks, before.segments));
        }
        if matches!(outcome, Outcome::Panicked) {
            // Another thread goes on.
            let handle = pool.clone();
            self.workers[1 - worker].run(move || deallocate(Sent(handle.allocate().unwrap())));
        }
        self.outcomes.push(outcome);
    }

    /// As `step`, for steps without a handle.
    fn step_closed(&mut self, worker: usize, work: impl FnOnce() + Send + 'static) {
        if let Err(payload) = self.workers[worker].try_run(work) {
            assert!(payload.is::<Staged>(), "not the parent's panic");
            self.outcomes.push(Outcome::Panicked);
        }
    }

    /// The whole work; what became of its steps.
    fn run(parent: Hostile) -> Vec<Outcome> {
        let mut work = Self { workers: [Worker::start(), Worker::start()], live: Arc::default(), outcomes: Vec::new() };
        let watch = parent.inner.0.clone();
        match work.workers[0].try_run(move || build(parent)) {
            Ok(Ok(pool)) => work.open(pool),
            Ok(Err(BuildError::Alloc(error))) => work.outcomes.push(Outcome::Refused(error)),
            Ok(Err(error)) => panic!("{error}"),
            Err(_) => work.outcomes.push(Outcome::Panicked),
        }
        assert_eq!(watch.pieces(), 0, "memory that did not go back");
        work.outcomes
    }

    fn open(&mut self, pool: SyncPoolHandle) {
        for round in 0..scaled(6, 2) {
            self.step(&pool, 0, |pool, live| (0..25).try_for_each(|_| allocate(pool, live)));
            self.step(&pool, 1, |pool, live| (0..15).try_for_each(|_| allocate(pool, live)));
            // Of both threads' chunks.
            self.step(&pool, 1, |_, live| {
                (0..20).filter_map(|number| take(live, 2 * number)).for_each(deallocate);
                Ok(())
            });
            self.step(&pool, 0, move |pool, _| pool.reserve(7 * round % 30));
            self.step(&pool, 0, |pool, live| {
                let local = pool.local();
                // SAFETY: the chunk was live, and is forgotten.
                (0..18).filter_map(|number| take(live, number)).for_each(|chunk| unsafe { local.deallocate(chunk.0) });
                let chunk = Sent(local.allocate()?);
                chunk.stamp(LAYOUT.size());
                live.lock().unwrap().push(chunk);
                Ok(())
            });
            self.step(&pool, round % 2, |pool, _| {
                pool.shrink_to_fit();
                Ok(())
            });
            if round % 2 == 1 {
                self.workers[1] = Worker::start();
            }
        }
        self.close(pool);
    }

    fn close(&mut self, pool: SyncPoolHandle) {
        self.step(&pool, 0, |pool, live| (0..30).try_for_each(|_| allocate(pool, live)));
        self.step_closed(1, move || drop(pool));
        let live = self.live.clone();
        self.step_closed(0, move || {
            let first = live.lock().unwrap().first().copied();
            let Some(chunk) = first else { return };
            // SAFETY: the chunk is live, of a pool for `LAYOUT`.
            if let Ok(successor) = unsafe { SyncPoolHandle::of(chunk.0, LAYOUT) } {
                let _ = (0..12).try_for_each(|_| allocate(&successor, &live));
            }
        });
        for number in 0.. {
            let Some(chunk) = take(&self.live, 3 * number) else { break };
            self.step_closed(number % 2, move || deallocate(chunk));
        }
    }
}

/// What a parent panics with.
struct Staged;

/// Without the panic hook, whose messages nobody wants to read.
fn staged_panic() -> ! {
    resume_unwind(Box::new(Staged))
}

#[test]
fn a_parent_that_refuses_from_the_nth_call_on_costs_nothing_but_the_request() {
    let _alone = alone();
    for granted in 0.. {
        let parent = Hostile::default();
        let mut left = granted;
        parent.hook.set(move |call| {
            if call == Call::Allocate {
                match left {
                    0 => return false,
                    _ => left -= 1,
                }
            }
            true
        });
        let outcomes = Work::run(parent);
        let mut refused = 0;
        for outcome in &outcomes {
            match outcome {
                Outcome::Done => {}
                Outcome::Refused(AllocError::OutOfMemory { .. }) => refused += 1,
                other => panic!("{other:?}"),
            }
        }
        if refused == 0 {
            assert!(granted > 10, "the work never met a refusing parent");
            return;
        }
    }
}

#[test]
fn a_parent_that_refuses_once_is_asked_again() {
    let _alone = alone();
    for refused in 0.. {
        let parent = Hostile::default();
        let mut call_number = 0;
        let hook = parent.hook.clone();
        hook.set(move |call| {
            call_number += usize::from(call == Call::Allocate);
            call == Call::Deallocate || call_number != refused + 1
        });
        let outcomes = Work::run(parent);
        // A smaller piece is asked for when a large one is refused, so some refusals are not seen.
        assert!(outcomes.iter().filter(|outcome| !matches!(outcome, Outcome::Done)).count() <= 1);
        if hook.ran.load(Relaxed) < refused {
            return;
        }
    }
}

/// At each call of that kind once.
fn a_parent_panics_at_the_nth(kind: Call) {
    let _alone = alone();
    for nth in 0.. {
        let parent = Hostile::default();
        let mut left = nth;
        parent.hook.set(move |call| {
            if call == kind {
                match left {
                    0 => staged_panic(),
                    _ => left -= 1,
                }
            }
            true
        });
        let outcomes = Work::run(parent);
        let panicked = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Panicked)).count();
        assert!(panicked <= 1 && outcomes.iter().all(|outcome| !matches!(outcome, Outcome::Refused(_))));
        if panicked == 0 {
            assert!(nth > 10, "the work never met a panicking parent");
            return;
        }
    }
}

#[test]
fn a_parent_may_panic_when_asked() {
    a_parent_panics_at_the_nth(Call::Allocate);
}

#[test]
fn a_parent_may_panic_when_memory_comes_back() {
    a_parent_panics_at_the_nth(Call::Deallocate);
}

// --- A parent that uses the pool it serves.

/// What a parent does while it is asked.
#[derive(Debug, Clone, Copy)]
enum Meddling {
    Allocate,
    Free,
    /// More than one hand holds, so that the pool grows or takes another block within.
    AllocateMany,
    FreeMany,
    Local,
    Reserve,
    Shrink,
    Look,
    /// A handle comes and goes.
    Handle,
    /// Another pool begins, is used and closes, with a live chunk that is freed afterwards.
    OtherPool,
}

const MEDDLINGS: [Meddling; 10] = [
    Meddling::Allocate,
    Meddling::Free,
    Meddling::AllocateMany,
    Meddling::FreeMany,
    Meddling::Local,
    Meddling::Reserve,
    Meddling::Shrink,
    Meddling::Look,
    Meddling::Handle,
    Meddling::OtherPool,
];

fn meddle(meddling: Meddling, pool: &SyncPoolHandle, live: &Mutex<Vec<Sent>>) {
    match meddling {
        Meddling::Allocate => allocate(pool, live).unwrap(),
        Meddling::Free => take(live, 5).into_iter().for_each(deallocate),
        Meddling::AllocateMany => (0..30).for_each(|_| allocate(pool, live).unwrap()),
        Meddling::FreeMany => (0..30).filter_map(|number| take(live, 3 * number)).for_each(deallocate),
        Meddling::Local => {
            let local = pool.local();
            let chunk = local.allocate().unwrap();
            // SAFETY: just allocated.
            unsafe { local.deallocate(chunk) };
        }
        Meddling::Reserve => pool.reserve(20).unwrap(),
        Meddling::Shrink => pool.shrink_to_fit(),
        Meddling::Look => {
            let stats = pool.stats();
            assert_eq!(stats.live_chunks, live.lock().unwrap().len());
            // SAFETY: the other threads wait.
            unsafe { pool.assert_valid() };
        }
        Meddling::Handle => {
            let first = live.lock().unwrap().first().copied();
            // SAFETY: the chunk is live, of a pool for `LAYOUT`.
            let of = first.map(|chunk| unsafe { SyncPoolHandle::of(chunk.0, LAYOUT) }.unwrap());
            assert!(of.is_none_or(|handle| handle.ptr_eq(&pool.clone())));
        }
        Meddling::OtherPool => {
            let other = SyncRawPool::builder(LAYOUT).build_sync_handle().unwrap();
            let chunks: Vec<_> = (0..3).map(|_| Sent(other.allocate().unwrap())).collect();
            drop(other);
            chunks.into_iter().for_each(deallocate);
        }
    }
}

/// Two threads take turns to allocate, free each other's chunks and give memory back, with whatever the hook does.
fn churn(pool: &SyncPoolHandle, live: &Arc<Mutex<Vec<Sent>>>) {
    let worker = Worker::start();
    for round in 0..scaled(6, 2) {
        for elsewhere in [false, true] {
            let (handle, chunks) = (pool.clone(), live.clone());
            let work = move || {
                (0..40).for_each(|_| allocate(&handle, &chunks).unwrap());
                while chunks.lock().unwrap().len() > 5 * round {
                    take(&chunks, 7).into_iter().for_each(deallocate);
                }
                handle.shrink_to_fit();
            };
            if elsewhere {
                worker.run(work);
            } else {
                work();
            }
            // SAFETY: the worker waits.
            unsafe { pool.assert_valid() };
            assert_eq!(pool.len(), live.lock().unwrap().len());
            let mut chunks = live.lock().unwrap().clone();
            chunks.sort_unstable_by_key(|chunk| chunk.0);
            assert!(chunks.windows(2).all(|pair| pair[0] != pair[1]), "handed out twice");
        }
    }
}

/// Every kind of meddling, at each call of that kind, here or on a thread that the parent waits for.
fn a_parent_meddles(kind: Call, elsewhere: bool) {
    let _alone = alone();
    for meddling in MEDDLINGS {
        let parent = Hostile::default();
        let (hook, watch) = (parent.hook.clone(), parent.inner.0.clone());
        let pool = build(parent).unwrap();
        let live = Arc::<Mutex<Vec<Sent>>>::default();
        let (handle, chunks, helper) = (pool.clone(), live.clone(), Worker::start());
        hook.set(move |call| {
            if call == kind {
                if elsewhere {
                    let (handle, chunks) = (handle.clone(), chunks.clone());
                    helper.run(move || meddle(meddling, &handle, &chunks));
                } else {
                    meddle(meddling, &handle, &chunks);
                }
            }
            true
        });
        churn(&pool, &live);
        assert!(hook.ran.load(Relaxed) > 3, "{meddling:?}: the hook never ran");
        hook.clear();
        drop(pool);
        while let Some(chunk) = take(&live, 1) {
            deallocate(chunk);
        }
        assert_eq!(watch.pieces(), 0, "{meddling:?}");
    }
}

#[test]
fn a_parent_may_use_the_pool_while_it_is_asked_for_memory() {
    a_parent_meddles(Call::Allocate, false);
}

#[test]
fn a_parent_may_use_the_pool_while_memory_comes_back() {
    a_parent_meddles(Call::Deallocate, false);
}

#[test]
fn a_parent_that_is_asked_for_memory_may_wait_for_a_thread_that_uses_the_pool() {
    a_parent_meddles(Call::Allocate, true);
}

#[test]
fn a_parent_that_gets_memory_back_may_wait_for_a_thread_that_uses_the_pool() {
    a_parent_meddles(Call::Deallocate, true);
}

#[test]
fn a_limit_holds_although_the_parent_grows_the_pool_meanwhile() {
    let _alone = alone();
    for elsewhere in [false, true] {
        let parent = Hostile::default();
        let (hook, watch) = (parent.hook.clone(), parent.inner.0.clone());
        let pool = SyncRawPool::builder(LAYOUT).max_chunks(10).first_segment(0).max_segment(0).parent(parent);
        let pool = pool.build_sync_handle().unwrap();
        let live = Mutex::default();
        // This thread has a shard, so the next request is for a segment, just when there is room for one more chunk.
        allocate(&pool, &live).unwrap();
        let nested = pool.clone();
        hook.set(move |_| {
            // The second time it is refused.
            here_or(elsewhere, || _ = nested.reserve(9));
            true
        });
        while allocate(&pool, &live).is_ok() {
            // SAFETY: the other threads are joined.
            unsafe { pool.assert_valid() };
        }
        assert!(hook.ran.load(Relaxed) > 0);
        assert_eq!(pool.capacity(), 10);
        hook.clear();
        drop(pool);
        while let Some(chunk) = take(&live, 0) {
            deallocate(chunk);
        }
        assert_eq!(watch.pieces(), 0);
    }
}

/// Done here, or on another thread that this one waits for.
fn here_or(elsewhere: bool, work: impl FnOnce() + Send) {
    if elsewhere { thread::scope(|scope| scope.spawn(work).join().unwrap()) } else { work() }
}

#[test]
fn the_last_handle_may_go_while_memory_comes_back() {
    let _alone = alone();
    for elsewhere in [false, true] {
        let parent = Hostile::default();
        let (hook, watch) = (parent.hook.clone(), parent.inner.0.clone());
        let pool = build(parent).unwrap();
        let live = Mutex::default();
        (0..100).for_each(|_| allocate(&pool, &live).unwrap());
        let mut last = Some(pool);
        hook.set(move |call| {
            assert_eq!(call, Call::Deallocate);
            let handle = last.take();
            here_or(elsewhere, || drop(handle));
            true
        });
        while let Some(chunk) = take(&live, 0) {
            deallocate(chunk);
        }
        assert!(hook.ran.load(Relaxed) > 3);
        assert_eq!(watch.pieces(), 0);
    }
}

#[test]
fn a_closed_pool_may_be_freed_into_while_its_memory_comes_back() {
    // Each segment's return frees the next chunks; the last return ends the pool from within.
    let _alone = alone();
    for elsewhere in [false, true] {
        let parent = Hostile::default();
        let (hook, watch) = (parent.hook.clone(), parent.inner.0.clone());
        let pool = build(parent).unwrap();
        let live = Arc::<Mutex<Vec<Sent>>>::default();
        (0..scaled(200, 60)).for_each(|_| allocate(&pool, &live).unwrap());
        drop(pool);
        let rest = live.clone();
        hook.set(move |_| {
            here_or(elsewhere, || (0..3).filter_map(|_| take(&rest, usize::MAX)).for_each(deallocate));
            true
        });
        while let Some(chunk) = take(&live, usize::MAX) {
            deallocate(chunk);
        }
        assert!(hook.ran.load(Relaxed) > 3);
        assert_eq!(watch.pieces(), 0);
    }
}

/// Lives until the last use of its pool, wherever that is, and then uses another one.
struct WithLastWill {
    inner: SyncWatched,
    other: SyncPoolHandle,
    chunk: Mutex<Option<Sent>>,
}

impl Drop for WithLastWill {
    fn drop(&mut self) {
        let more: Vec<_> = (0..20).map(|_| Sent(self.other.allocate().unwrap())).collect();
        more.into_iter().chain(self.chunk.lock().unwrap().take()).for_each(deallocate);
        self.other.shrink_to_fit();
    }
}

// SAFETY: all memory comes from `inner`.
unsafe impl Parent for WithLastWill {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        self.inner.allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: passed on.
        unsafe { self.inner.deallocate(ptr, layout) };
    }
}

#[test]
fn a_parent_may_use_another_pool_when_it_is_dropped() {
    let _alone = alone();
    for elsewhere in [false, true] {
        let (inner, outer) = (SyncWatched::default(), SyncWatched::default());
        let watches: [Arc<SyncWatch>; 2] = [inner.0.clone(), outer.0.clone()];
        let other = SyncRawPool::builder(LAYOUT).parent(outer).build_sync_handle().unwrap();
        let chunk = Mutex::new(Some(Sent(other.allocate().unwrap())));
        let parent = WithLastWill { inner, other, chunk };
        let pool = SyncRawPool::builder(LAYOUT).parent(parent).build_sync_handle().unwrap();
        let live = Mutex::default();
        (0..50).for_each(|_| allocate(&pool, &live).unwrap());
        drop(pool);
        assert!(watches.iter().all(|watch| watch.pieces() != 0), "the parent lives as long as a chunk");
        here_or(elsewhere, || {
            while let Some(chunk) = take(&live, 0) {
                deallocate(chunk);
            }
        });
        assert!(watches.iter().all(|watch| watch.pieces() == 0));
    }
}

/// A parent that takes its segments from another thread-safe pool.
struct FromPool {
    segments: Arc<SyncRawPool>,
}

// SAFETY: memory comes from a pool, whose chunks are as large and as aligned as its layout says, or from `Global`.
unsafe impl Parent for FromPool {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        let of_pool = self.segments.layout();
        // What is not a segment is aligned to much less.
        if layout.align() < of_pool.align() {
            return Global.allocate(layout);
        }
        if layout.size() <= of_pool.size() { self.segments.allocate().ok() } else { None }
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        if layout.align() < self.segments.layout().align() {
            // SAFETY: so it came from there.
            unsafe { Global.deallocate(ptr, layout) };
        } else {
            // SAFETY: otherwise from the pool.
            unsafe { self.segments.deallocate(ptr) };
        }
    }
}

#[test]
fn a_pool_may_be_the_parent_of_a_pool() {
    let _alone = alone();
    let block = SyncRawPool::new(LAYOUT).unwrap().geometry().block_size();
    let segments = Arc::new(SyncRawPool::new(Layout::from_size_align(block, block).unwrap()).unwrap());
    let parent = FromPool { segments: segments.clone() };
    let pool = SyncRawPool::builder(LAYOUT).max_segment(block).parent(parent).build_sync_handle().unwrap();
    let live = Mutex::<Vec<Sent>>::default();
    thread::scope(|scope| {
        for number in 0..3 {
            let (pool, live) = (pool.clone(), &live);
            scope.spawn(move || {
                for _ in 0..scaled(30, 2) {
                    (0..150).for_each(|_| allocate(&pool, live).unwrap());
                    (0..140).filter_map(|step| take(live, number + 3 * step)).for_each(deallocate);
                }
                pool.shrink_to_fit();
            });
        }
    });
    assert!(segments.len() > 1);
    drop(pool);
    while let Some(chunk) = take(&live, 0) {
        deallocate(chunk);
    }
    assert_eq!(segments.len(), 0);
}
