//! Random operations of several threads, as data, against a reference model. The threads take turns, so every run is
//! the same each time, and after each operation the pool is at rest: every invariant is checked, and every number exact.

#[path = "common/sync.rs"]
mod common;
#[path = "common/reuse.rs"]
mod reuse;
#[path = "common/worker.rs"]
mod worker;

use std::alloc::Layout;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use common::{Sent, SyncWatch, SyncWatched, set_home};
use goo_pool_core::{AllocError, Growth, Handle as _, Return, Reuse, SyncPoolHandle, SyncRawPool};
use proptest::prelude::*;
use reuse::any_reuse;
use worker::Worker;

fn scaled(full: usize, miri: usize) -> usize {
    if cfg!(miri) { miri } else { full }
}

/// One step, by a thread. Numbers of threads and chunks are taken modulo how many there are, so every list of steps
/// is valid and can be shrunk.
#[derive(Debug, Clone)]
enum Op {
    Allocate {
        count: usize,
        local: bool,
    },
    AllocateZeroed,
    Free {
        start: usize,
        every: usize,
        count: usize,
        local: bool,
    },
    FreeAll,
    Reserve(usize),
    Shrink,
    /// The thread ends, another one takes its place.
    Restart,
    /// The same, and a thread-local destructor of the first allocates and frees.
    RestartAsGuest {
        allocate: usize,
        free: usize,
    },
}

/// One step by a thread after the last handle is gone.
#[derive(Debug, Clone)]
enum ClosedOp {
    Free {
        start: usize,
        count: usize,
    },
    /// Gets a handle from a chunk, allocates, and drops the handle.
    Of {
        chunk: usize,
        allocate: usize,
    },
    Restart,
}

fn op() -> impl Strategy<Value = Op> {
    let most = scaled(300, 12);
    let free = (any::<usize>(), 1..5_usize, 1..most, any::<bool>());
    prop_oneof![
        6 => (1..most, any::<bool>()).prop_map(|(count, local)| Op::Allocate { count, local }),
        1 => Just(Op::AllocateZeroed),
        8 => free.prop_map(|(start, every, count, local)| Op::Free { start, every, count, local }),
        1 => Just(Op::FreeAll),
        1 => (0..most).prop_map(Op::Reserve),
        1 => Just(Op::Shrink),
        1 => Just(Op::Restart),
        1 => (0..most / 4, 0..most / 4).prop_map(|(allocate, free)| Op::RestartAsGuest { allocate, free }),
    ]
}

fn closed_op() -> impl Strategy<Value = ClosedOp> {
    let most = scaled(100, 6);
    prop_oneof![
        6 => (any::<usize>(), 1..most).prop_map(|(start, count)| ClosedOp::Free { start, count }),
        2 => (any::<usize>(), 0..most).prop_map(|(chunk, allocate)| ClosedOp::Of { chunk, allocate }),
        1 => Just(ClosedOp::Restart),
    ]
}

/// A pool that takes its chunks with it, or the handle of one that does not.
type Pool = Arc<dyn Deref<Target = SyncRawPool> + Send + Sync>;

struct Thread {
    worker: Worker,
    home: u32,
    /// Whether it may have an index, and so chunks of its own, or an ended thread's.
    has_shard: bool,
}

impl Thread {
    fn new(home: u32) -> Self {
        let worker = Worker::start();
        worker.run(move || set_home(home));
        Self { worker, home, has_shard: false }
    }
}

/// The pool, and what it should hold: every live chunk has a byte pattern of its own.
struct Model {
    pool: Pool,
    layout: Layout,
    limit: Option<usize>,
    watch: Arc<SyncWatch>,
    threads: Vec<Thread>,
    homes: u32,
    /// A thread without an index has allocated, so there is a shard that no thread gets chunks from.
    had_guest: bool,
    /// A thread that may have allocated has ended.
    had_ended: bool,
    live: Vec<Live>,
    stamp: u8,
    block_size: usize,
    /// Of a closed pool.
    successor_has_segments: bool,
}

struct Live {
    chunk: Sent,
    stamp: u8,
    /// The chunk's segment, if its pool has closed.
    segment: Option<usize>,
}

/// As many as there are, up to `count`.
fn allocate(pool: &SyncRawPool, count: usize, local: bool) -> (Vec<Sent>, Option<AllocError>) {
    let guard = local.then(|| pool.local());
    let mut chunks = Vec::new();
    for _ in 0..count {
        match guard.as_ref().map_or_else(|| pool.allocate(), |guard| guard.allocate()) {
            Ok(chunk) => chunks.push(Sent(chunk)),
            Err(error) => return (chunks, Some(error)),
        }
    }
    (chunks, None)
}

fn free(pool: &SyncRawPool, chunks: Vec<Sent>, local: bool) {
    let guard = local.then(|| pool.local());
    for Sent(chunk) in chunks {
        match &guard {
            // SAFETY: the chunk was live, and the model forgot it.
            Some(guard) => unsafe { guard.deallocate(chunk) },
            // SAFETY: the same.
            None => unsafe { pool.deallocate(chunk) },
        }
    }
}

impl Model {
    fn run<R: Send + 'static>(&self, thread: usize, work: impl FnOnce(&SyncRawPool) -> R + Send + 'static) -> R {
        let pool = self.pool.clone();
        self.threads[thread].worker.run(move || work(&pool))
    }

    /// Adds chunks that were just allocated.
    fn add(&mut self, chunks: Vec<Sent>) {
        for chunk in chunks {
            assert_eq!(chunk.0.addr().get() % self.layout.align(), 0);
            self.stamp = self.stamp.wrapping_add(1);
            // SAFETY: the chunk is ours and has the layout's size.
            unsafe { chunk.0.write_bytes(self.stamp, self.layout.size()) };
            self.live.push(Live { chunk, stamp: self.stamp, segment: None });
        }
    }

    fn check(&self, chunk: Sent, stamp: u8) {
        // SAFETY: the chunk is live, has the layout's size, and its bytes are written.
        let bytes = unsafe { std::slice::from_raw_parts(chunk.0.as_ptr(), self.layout.size()) };
        assert!(bytes.iter().all(|&byte| byte == stamp), "somebody else wrote into the chunk");
    }

    /// Forgets live chunks, which the caller frees.
    fn take(&mut self, start: usize, every: usize, count: usize) -> Vec<Sent> {
        let mut chunks = Vec::new();
        for step in 0..count.min(self.live.len()) {
            let index = start.wrapping_add(step * every) % self.live.len();
            let Live { chunk, stamp, .. } = self.live.swap_remove(index);
            self.check(chunk, stamp);
            chunks.push(chunk);
        }
        chunks
    }

    /// Whether all free chunks are `thread`'s or nobody's.
    fn is_alone(&self, thread: usize) -> bool {
        let mut others = self.threads.iter().enumerate().filter(|&(other, _)| other != thread);
        !self.had_guest && others.all(|(_, other)| !other.has_shard)
    }

    /// The thread ends with `last`, and another takes its place.
    fn restart(&mut self, thread: usize, last: impl FnOnce() + Send + 'static) {
        let next = Thread::new(self.threads[thread].home);
        let ended = std::mem::replace(&mut self.threads[thread], next);
        self.had_ended |= ended.has_shard;
        ended.worker.end_with(last);
    }

    fn refused(&self, error: AllocError) {
        assert_eq!(error, AllocError::LimitReached { max_chunks: self.limit.unwrap() });
    }

    fn apply(&mut self, thread: usize, op: &Op) {
        match *op {
            Op::Allocate { count, local } => {
                self.threads[thread].has_shard = true;
                let (chunks, error) = self.run(thread, move |pool| allocate(pool, count, local));
                self.add(chunks);
                if let Some(error) = error {
                    self.refused(error);
                    assert_eq!(self.pool.capacity(), self.limit.unwrap(), "refused below the limit");
                    let all = !self.is_alone(thread) || self.live.len() == self.limit.unwrap();
                    assert!(all, "refused although there are free chunks that are no other thread's");
                }
            }
            Op::AllocateZeroed => {
                self.threads[thread].has_shard = true;
                match self.run(thread, |pool| pool.allocate_zeroed().map(Sent)) {
                    Ok(chunk) => {
                        self.check(chunk, 0);
                        self.add(vec![chunk]);
                    }
                    Err(error) => self.refused(error),
                }
            }
            Op::Free { start, every, count, local } => {
                self.threads[thread].has_shard |= local;
                let chunks = self.take(start, every, count);
                self.run(thread, move |pool| free(pool, chunks, local));
            }
            Op::FreeAll => {
                let chunks = self.take(0, 1, usize::MAX);
                self.run(thread, move |pool| free(pool, chunks, false));
                assert_eq!(self.pool.len(), 0);
            }
            Op::Reserve(count) => {
                self.threads[thread].has_shard = true;
                match self.run(thread, move |pool| pool.reserve(count)) {
                    Ok(()) => {
                        self.check_whole();
                        assert!(self.pool.capacity() >= self.live.len() + count);
                        let segments = self.segments();
                        let (chunks, error) = self.run(thread, move |pool| allocate(pool, count, false));
                        assert_eq!(error, None, "what was reserved is not there");
                        let grew = self.segments().keys().any(|base| !segments.contains_key(base));
                        // What other homes have counts if the pool could not grow, but is taken only if it cannot.
                        let far = self.homes > 1 && self.limit.is_some();
                        assert!(!grew || far, "the pool grew although there was room");
                        self.add(chunks);
                    }
                    Err(error) => {
                        self.refused(error);
                        // Chunks in ended threads' blocks with live ones are found one by one, so they are not promised.
                        let alone = self.is_alone(thread) && !self.had_ended;
                        assert!(!alone || self.live.len() + count > self.limit.unwrap(), "refused below the limit");
                    }
                }
            }
            Op::Shrink => {
                self.run(thread, |pool| pool.shrink_to_fit());
                let alone = self.threads.iter().enumerate().all(|(other, state)| other == thread || !state.has_shard);
                if alone && self.live.is_empty() {
                    assert_eq!(self.pool.capacity(), 0, "empty segments that did not go back");
                }
            }
            Op::Restart => self.restart(thread, || ()),
            Op::RestartAsGuest { allocate: count, free: freed } => {
                self.had_guest = true;
                let chunks = self.take(thread, 1, freed);
                let (pool, allocated) = (self.pool.clone(), Arc::new(Mutex::new(None)));
                let result = allocated.clone();
                self.restart(thread, move || {
                    *result.lock().unwrap() = Some(allocate(&pool, count, false));
                    free(&pool, chunks, false);
                });
                let (chunks, error) = allocated.lock().unwrap().take().unwrap();
                error.into_iter().for_each(|error| self.refused(error));
                self.add(chunks);
            }
        }
        self.check_whole();
    }

    /// The pool is at rest.
    fn check_whole(&mut self) {
        // SAFETY: the threads wait.
        unsafe { self.pool.assert_valid() };
        let stats = self.pool.stats();
        assert_eq!(stats.live_chunks, self.live.len());
        assert_eq!(stats.free_chunks, stats.total_chunks - self.live.len());
        assert_eq!(stats.total_chunks, self.pool.capacity());
        assert_eq!(stats.bytes_reserved, self.watch.bytes());
        assert_eq!(stats.segments, self.segments().len());
        let mut addresses: Vec<_> = self.live.iter().map(|live| live.chunk.0.addr().get()).collect();
        addresses.sort_unstable();
        let size = self.layout.size().max(1);
        assert!(addresses.windows(2).all(|pair| pair[1] - pair[0] >= size), "live chunks overlap");
        assert!(self.live.iter().step_by(7).all(|live| self.pool.owns(live.chunk.0.as_ptr())));
    }

    /// All chunks are freed and all other threads end: then nothing keeps a segment.
    fn empty_out(&mut self, thread: usize) {
        self.apply(thread, &Op::FreeAll);
        for other in (0..self.threads.len()).filter(|&other| other != thread) {
            self.apply(other, &Op::Restart);
        }
        self.apply(thread, &Op::Shrink);
        assert_eq!(self.pool.capacity(), 0);
    }

    /// The last handle goes, on a thread: the pool closes, and what is left is freed on any.
    fn close(mut self, thread: usize, ops: &[(usize, ClosedOp)]) {
        let segments = self.segments();
        for live in &mut self.live {
            let (&base, &size) = segments.range(..=live.chunk.0.addr().get()).next_back().unwrap();
            assert!(live.chunk.0.addr().get() < base + size);
            live.segment = Some(base);
        }
        let other = Arc::new(Box::new(SyncRawPool::new(self.layout).unwrap()));
        let pool = std::mem::replace(&mut self.pool, other);
        self.threads[thread].worker.run(move || drop(pool));
        self.check_closed();
        for (thread, op) in ops {
            self.apply_closed(thread % self.threads.len(), op);
            self.check_closed();
        }
        let mut thread = 0;
        while !self.live.is_empty() {
            thread = (thread + 1) % self.threads.len();
            self.apply_closed(thread, &ClosedOp::Free { start: 3, count: 50 });
            self.check_closed();
        }
        assert_eq!(self.watch.pieces(), 0, "memory that was not given back");
    }

    fn apply_closed(&mut self, thread: usize, op: &ClosedOp) {
        let layout = self.layout;
        match *op {
            ClosedOp::Free { start, count } => {
                let chunks = self.take(start, 1, count);
                self.threads[thread].worker.run(move || {
                    for Sent(chunk) in chunks {
                        // SAFETY: the chunk was live, and the model forgot it; its pool is for that layout.
                        unsafe { SyncPoolHandle::deallocate_dyn(chunk, layout) };
                    }
                });
            }
            ClosedOp::Of { chunk, allocate: count } => {
                let of_closed: Vec<_> = self.live.iter().filter(|live| live.segment.is_some()).collect();
                let Some(index) = chunk.checked_rem(of_closed.len()) else { return };
                let (chunk, other) = (of_closed[index].chunk, of_closed[0].chunk);
                // SAFETY: the chunk is live, of a pool for that layout.
                let of = move |chunk: Sent| unsafe { SyncPoolHandle::of(chunk.0, layout) }.unwrap();
                let (handle, chunks) = self.threads[thread].worker.run(move || {
                    let handle = of(chunk);
                    let (chunks, _) = allocate(&handle, count, false);
                    (handle, chunks)
                });
                assert!(of(other).ptr_eq(&handle), "two successors");
                assert!(chunks.iter().all(|chunk| handle.owns(chunk.0.as_ptr())));
                // SAFETY: the threads wait.
                unsafe { handle.assert_valid() };
                self.successor_has_segments |= handle.capacity() != 0;
                self.add(chunks);
            }
            ClosedOp::Restart => self.restart(thread, || ()),
        }
    }

    /// Each segment of a closed pool is there exactly as long as one of its chunks is live.
    fn check_closed(&self) {
        let held = self.segments();
        let outstanding: BTreeSet<_> = self.live.iter().filter_map(|live| live.segment).collect();
        assert!(outstanding.iter().all(|base| held.contains_key(base)), "a segment with a live chunk is gone");
        if !self.successor_has_segments {
            assert_eq!(held.len(), outstanding.len(), "a segment without a live chunk is there");
        }
        assert!(!self.live.is_empty() || self.watch.pieces() == 0, "the pool outlived its last chunk");
    }

    /// The pieces that are segments, by address, with their sizes.
    fn segments(&self) -> BTreeMap<usize, usize> {
        // Nothing else that a pool asks for has so large an alignment.
        let pieces = self.watch.held().into_iter().filter(|(_, layout)| layout.align() == self.block_size);
        pieces.map(|(address, layout)| (address, layout.size())).collect()
    }
}

fn layout() -> impl Strategy<Value = Layout> {
    let sizes = prop_oneof![0..80_usize, Just(100), Just(1000), Just(5000), Just(40_000)];
    (sizes, 0..8_u32).prop_map(|(size, shift)| Layout::from_size_align(size, 1 << shift).unwrap())
}

fn strategies() -> impl Strategy<Value = (Growth, Return)> {
    let growth = prop_oneof![
        2 => Just(Growth::Doubling),
        1 => Just(Growth::Adaptive),
        1 => (0..30_000_usize).prop_map(|bytes| Growth::Fixed { bytes }),
    ];
    let returns = prop_oneof![2 => Just(Return::Hysteresis), 1 => Just(Return::Never), 1 => Just(Return::AtOnce)];
    (growth, returns)
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: u32::try_from(scaled(60, 3)).unwrap(),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_thread_safe_pool_behaves_like_the_model(
        layout in layout(),
        limit in proptest::option::of(0..600_usize),
        hint in proptest::option::of(1..200_usize),
        reuse in any_reuse(),
        first_segment in 0..20_000_usize,
        max_segment in 0..300_000_usize,
        (growth, returns) in strategies(),
        behind_handle in any::<bool>(),
        empty_out in any::<bool>(),
        threads in 2..5_usize,
        homes in 1..4_u32,
        ops in prop::collection::vec((any::<usize>(), op()), 1..scaled(60, 8)),
        closed_ops in prop::collection::vec((any::<usize>(), closed_op()), 0..scaled(20, 4)),
    ) {
        let _alone = alone();
        let parent = SyncWatched::default();
        let watch = parent.0.clone();
        let builder = SyncRawPool::builder(layout).first_segment(first_segment).max_segment(max_segment);
        let mut builder = builder.reuse(reuse).growth(growth).returns(returns);
        if let Some(limit) = limit {
            builder = builder.max_chunks(limit);
        }
        if let Some(hint) = hint {
            builder = builder.chunks_per_block(hint);
        }
        let builder = builder.parent(parent);
        let pool: Pool = if behind_handle {
            Arc::new(builder.build_sync_handle().unwrap())
        } else {
            Arc::new(Box::new(builder.build_sync().unwrap()))
        };
        let mut model = Model {
            block_size: pool.geometry().block_size(),
            pool,
            layout,
            limit,
            watch: watch.clone(),
            threads: (0..homes).cycle().take(threads).map(Thread::new).collect(),
            homes,
            had_guest: false,
            had_ended: false,
            live: Vec::new(),
            stamp: 0,
            successor_has_segments: false,
        };
        for (thread, op) in &ops {
            model.apply(thread % threads, op);
        }
        if empty_out {
            model.empty_out(closed_ops.len() % threads);
        }
        if behind_handle {
            model.close(closed_ops.len() % threads, &closed_ops);
        } else {
            // Live chunks go with the pool.
            drop(model);
        }
        prop_assert_eq!(watch.pieces(), 0, "memory that was not given back");
    }
}

/// One case alone in this process: thread indices are the process's, and a shard whose index is another case's thread's would
/// be left alone.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Empty blocks of another home, which a thread had of its own, once counted as room for it, and then went to that home's store.
#[test]
fn what_is_reserved_is_there_whatever_the_thread_has_of_other_homes() {
    let _alone = alone();
    let layout = Layout::from_size_align(5000, 1).unwrap();
    let (threads, homes, parent) = (4, 3, SyncWatched::default());
    let builder = SyncRawPool::builder(layout).first_segment(0).max_segment(235_768).chunks_per_block(27);
    let watch = parent.0.clone();
    let pool: Pool = Arc::new(Box::new(builder.reuse(Reuse::MostRecent).parent(parent).build_sync().unwrap()));
    let mut model = Model {
        block_size: pool.geometry().block_size(),
        pool,
        layout,
        limit: None,
        watch,
        threads: (0..homes).cycle().take(threads).map(Thread::new).collect(),
        homes,
        had_guest: false,
        had_ended: false,
        live: Vec::new(),
        stamp: 0,
        successor_has_segments: false,
    };
    for (thread, op) in [
        (1, Op::RestartAsGuest { allocate: 17, free: 0 }),
        (2, Op::Free { start: 17_827_118_838_173_102_790, every: 2, count: 261, local: true }),
        (2, Op::Free { start: 12_400_025_316_259_300_076, every: 1, count: 97, local: true }),
        (1, Op::RestartAsGuest { allocate: 32, free: 22 }),
        (3, Op::Free { start: 9_305_764_676_227_879_911, every: 3, count: 267, local: false }),
        (3, Op::Allocate { count: 72, local: false }),
        (2, Op::Free { start: 17_715_973_458_927_811_155, every: 3, count: 122, local: true }),
        (3, Op::Reserve(86)),
    ] {
        model.apply(thread, &op);
    }
}
