//! `Tracked`: the books against a plain reference, the report's text, what is refused, and who may come back.
#![cfg(feature = "tracking")]

mod common;
#[path = "common/sync.rs"]
mod sync;

use std::alloc::Layout;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;

use common::{Watched, scaled};
use goo_pool_core::{
    AllocError, Global, LeakReport, Ledger, LiveSite, Parent, RawPool, Reuse, SyncRawPool, Tracked, Tracking, Usage,
};
use proptest::prelude::*;
use sync::Sent;

/// A parent that can be told to refuse.
#[derive(Clone, Default)]
struct Stingy(Arc<AtomicBool>);

// SAFETY: all memory comes from `Global`.
unsafe impl Parent for Stingy {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        if self.0.load(Relaxed) { None } else { Global.allocate(layout) }
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: (1), (2).
        unsafe { Global.deallocate(ptr, layout) };
    }
}

/// One step. Indices are taken modulo the number of live chunks.
#[derive(Debug, Clone)]
enum Op {
    Allocate { site: usize, count: usize },
    Free(usize),
    FreeAll,
    Refuse(bool),
    Reset,
}

fn op() -> impl Strategy<Value = Op> {
    let most = scaled(100, 10);
    prop_oneof![
        6 => (0..3_usize, 1..most).prop_map(|(site, count)| Op::Allocate { site, count }),
        8 => any::<usize>().prop_map(Op::Free),
        1 => Just(Op::FreeAll),
        1 => any::<bool>().prop_map(Op::Refuse),
        1 => Just(Op::Reset),
    ]
}

/// What the two kinds of raw pools are asked for here.
trait Subject: Sized {
    const HAS_RESET: bool;
    fn build(layout: Layout, limit: Option<usize>, parent: Stingy) -> Self;
    #[track_caller]
    fn allocate(tracked: &Tracked<Self>) -> Result<NonNull<u8>, AllocError>;
    #[track_caller]
    fn allocate_zeroed(tracked: &Tracked<Self>) -> Result<NonNull<u8>, AllocError>;
    /// # Safety
    ///
    /// 1. As `RawPool::deallocate`.
    #[track_caller]
    unsafe fn free(tracked: &Tracked<Self>, chunk: NonNull<u8>);
    /// # Safety
    ///
    /// 1. As `RawPool::reset`.
    unsafe fn reset(tracked: &Tracked<Self>);
    fn live(&self) -> usize;
}

impl Subject for RawPool {
    const HAS_RESET: bool = true;

    fn build(layout: Layout, limit: Option<usize>, parent: Stingy) -> Self {
        let builder = RawPool::builder(layout).first_segment(500).max_segment(5000).parent(parent);
        limit.map_or(builder.clone(), |limit| builder.max_chunks(limit)).build().unwrap()
    }

    fn allocate(tracked: &Tracked<Self>) -> Result<NonNull<u8>, AllocError> {
        tracked.allocate()
    }

    fn allocate_zeroed(tracked: &Tracked<Self>) -> Result<NonNull<u8>, AllocError> {
        tracked.allocate_zeroed()
    }

    unsafe fn free(tracked: &Tracked<Self>, chunk: NonNull<u8>) {
        // SAFETY: (1).
        unsafe { tracked.deallocate(chunk) };
    }

    unsafe fn reset(tracked: &Tracked<Self>) {
        // SAFETY: (1).
        unsafe { tracked.reset() };
    }

    fn live(&self) -> usize {
        self.assert_valid();
        self.len()
    }
}

impl Subject for SyncRawPool {
    const HAS_RESET: bool = false;

    fn build(layout: Layout, limit: Option<usize>, parent: Stingy) -> Self {
        let builder = RawPool::builder(layout).first_segment(500).max_segment(5000).parent(parent);
        limit.map_or(builder.clone(), |limit| builder.max_chunks(limit)).build_sync().unwrap()
    }

    fn allocate(tracked: &Tracked<Self>) -> Result<NonNull<u8>, AllocError> {
        tracked.allocate()
    }

    fn allocate_zeroed(tracked: &Tracked<Self>) -> Result<NonNull<u8>, AllocError> {
        tracked.allocate_zeroed()
    }

    unsafe fn free(tracked: &Tracked<Self>, chunk: NonNull<u8>) {
        // SAFETY: (1).
        unsafe { tracked.deallocate(chunk) };
    }

    unsafe fn reset(_: &Tracked<Self>) {
        unreachable!("it has none");
    }

    fn live(&self) -> usize {
        self.len()
    }
}

/// A chunk from one of three lines, and which.
fn allocate_at<S: Subject>(pool: &Tracked<S>, site: usize) -> (u32, Result<NonNull<u8>, AllocError>) {
    match site {
        0 => (line!(), S::allocate(pool)),
        1 => (line!(), S::allocate(pool)),
        _ => (line!(), S::allocate_zeroed(pool)),
    }
}

/// A tracked pool, and what its books should say, kept as plainly as can be.
struct Model<S> {
    pool: Tracked<S>,
    parent: Stingy,
    layout: Layout,
    call_sites: bool,
    live: Vec<(NonNull<u8>, u32)>,
    expected: Usage,
}

impl<S: Subject> Model<S> {
    fn allocate(&mut self, site: usize) {
        let (line, allocated) = allocate_at(&self.pool, site);
        match allocated {
            Ok(chunk) => {
                self.live.push((chunk, line));
                self.expected.allocations += 1;
                self.expected.peak_objects = self.expected.peak_objects.max(self.live.len());
            }
            Err(_) => self.expected.failures += 1,
        }
    }

    fn free(&mut self, index: usize) {
        if !self.live.is_empty() {
            let (chunk, _) = self.live.swap_remove(index % self.live.len());
            // SAFETY: the chunk is live, and the model forgot it.
            unsafe { S::free(&self.pool, chunk) };
            self.expected.frees += 1;
        }
    }

    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Allocate { site, count } => (0..count).for_each(|_| self.allocate(site)),
            Op::Free(index) => self.free(index),
            Op::FreeAll => (0..self.live.len()).for_each(|_| self.free(0)),
            Op::Refuse(refuse) => self.parent.0.store(refuse, Relaxed),
            Op::Reset if S::HAS_RESET => {
                // SAFETY: the model forgets all chunks.
                unsafe { S::reset(&self.pool) };
                self.expected.frees += self.live.len() as u64;
                self.live.clear();
            }
            Op::Reset => {}
        }
        let size = self.layout.size();
        self.expected.objects = self.live.len();
        self.expected.bytes = self.live.len() * size;
        self.expected.peak_bytes = self.expected.peak_objects * size;
        assert_eq!(self.pool.usage(), self.expected);
        assert_eq!(self.pool.pool().live(), self.live.len());

        let mut by_line = BTreeMap::<u32, usize>::new();
        for (_, line) in &self.live {
            *by_line.entry(*line).or_default() += 1;
        }
        let mut expected: Vec<_> = by_line.into_iter().filter(|_| self.call_sites).collect();
        // Equal counts stay in the order of lines.
        expected.sort_by_key(|&(_, objects)| std::cmp::Reverse(objects));
        let sites = self.pool.live_by_site();
        assert_eq!(sites.iter().map(|site| (site.location.line(), site.objects)).collect::<Vec<_>>(), expected);
        assert!(sites.iter().all(|site| site.bytes == site.objects * size && site.location.file() == file!()));
    }
}

fn check<S: Subject>(layout: Layout, limit: Option<usize>, call_sites: bool, ops: &[Op]) {
    let reports = Reports::default();
    let parent = Stingy::default();
    let tracking = reports.heard(Tracking::new());
    let tracking = if call_sites { tracking.call_sites() } else { tracking };
    let pool = tracking.track(S::build(layout, limit, parent.clone()));
    let expected = pool.usage();
    let mut model = Model { pool, parent, layout, call_sites, live: Vec::new(), expected };
    for op in ops {
        model.apply(op);
    }
    let (live, last) = (model.live.len(), model.pool.ledger().report());
    drop(model);
    let heard = reports.take();
    assert_eq!(heard.len(), usize::from(live > 0), "a report, if something is live");
    assert!(heard.iter().all(|report| *report == last && report.objects() == live));
}

/// What a sink heard.
#[derive(Clone, Default)]
struct Reports(Arc<Mutex<Vec<LeakReport>>>);

impl Reports {
    fn heard(&self, tracking: Tracking) -> Tracking {
        let Self(reports) = self.clone();
        tracking.on_leak(move |report| reports.lock().unwrap().push(report.clone()))
    }

    fn take(&self) -> Vec<LeakReport> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: u32::try_from(scaled(200, 4)).unwrap(),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_books_say_what_a_plain_reference_says(
        size in prop_oneof![Just(0), 1..200_usize],
        limit in proptest::option::of(0..200_usize),
        call_sites in any::<bool>(),
        ops in prop::collection::vec(op(), 1..scaled(60, 8)),
    ) {
        let layout = Layout::from_size_align(size, 8).unwrap();
        check::<RawPool>(layout, limit, call_sites, &ops);
        check::<SyncRawPool>(layout, limit, call_sites, &ops);
    }
}

fn pool_of(size: usize) -> RawPool {
    RawPool::new(Layout::from_size_align(size, 8).unwrap()).unwrap()
}

#[test]
fn the_peak_is_exact_also_across_a_reset() {
    let pool = Tracked::new(pool_of(24));
    for live in [3, 7, 5] {
        for _ in 0..live {
            pool.allocate().unwrap();
        }
        // SAFETY: no chunk is used again.
        unsafe { pool.reset() };
    }
    let usage = pool.usage();
    assert_eq!((usage.objects, usage.bytes), (0, 0));
    assert_eq!((usage.peak_objects, usage.peak_bytes), (7, 7 * 24));
    assert_eq!((usage.allocations, usage.frees), (15, 15));
}

#[test]
fn a_report_names_the_lines_sorted_with_counts_and_bytes() {
    let reports = Reports::default();
    let pool = reports.heard(Tracking::new().name("requests").call_sites()).track(pool_of(48));
    let (mut few, mut many) = (0, 0);
    for n in 0..4 {
        let chunk = match n {
            #[rustfmt::skip]
            0 => { few = line!(); pool.allocate().unwrap() }
            #[rustfmt::skip]
            _ => { many = line!(); pool.allocate().unwrap() }
        };
        assert!(pool.pool().owns(chunk.as_ptr()));
    }
    drop(pool);
    let [report] = &reports.take()[..] else { panic!("one report") };
    let file = file!();
    assert_eq!(
        report.to_string(),
        format!(
            "requests: 4 objects (192 bytes) live\n    \
             3 objects       144 bytes  at {file}:{many}:41\n     \
             1 object        48 bytes  at {file}:{few}:40"
        )
    );
}

#[test]
fn without_call_sites_a_report_says_so() {
    let reports = Reports::default();
    let pool = reports.heard(Tracking::new()).track(pool_of(1));
    pool.allocate().unwrap();
    assert!(pool.live_by_site().is_empty());
    drop(pool);
    assert_eq!(reports.take()[0].to_string(), "pool: 1 object (1 byte) live; no call sites were recorded");
}

#[test]
fn a_pool_without_live_chunks_reports_nothing() {
    let reports = Reports::default();
    let pool = reports.heard(Tracking::new()).track(pool_of(8));
    let chunk = pool.allocate().unwrap();
    // SAFETY: the chunk is live.
    unsafe { pool.deallocate(chunk) };
    let ledger = pool.ledger().clone();
    drop(pool);
    assert!(reports.take().is_empty());
    assert_eq!(ledger.usage().allocations, 1, "the ledger outlives the pool");
}

/// Whatever is freed, the check in front of it panics and nothing changes.
fn refused<S: Subject>(pool: &Tracked<S>, chunk: NonNull<u8>) -> String {
    let before = (pool.usage(), pool.live_by_site());
    // SAFETY: it is not; the check in front of it panics.
    let refused = catch_unwind(AssertUnwindSafe(|| unsafe { S::free(pool, chunk) }));
    assert_eq!((pool.usage(), pool.live_by_site()), before);
    *refused.expect_err("it was taken").downcast().unwrap()
}

fn double_and_foreign_frees<S: Subject>() {
    let layout = Layout::new::<u64>();
    let build = || Tracking::new().name("ours").call_sites().track(S::build(layout, None, Stingy::default()));
    let (ours, theirs) = (build(), build());
    let (first, second) = (S::allocate(&ours).unwrap(), S::allocate(&ours).unwrap());
    let foreign = S::allocate(&theirs).unwrap();
    // SAFETY: within the chunk.
    let middle = unsafe { second.byte_add(4) };
    let mut on_the_stack = 0_u64;
    // SAFETY: the chunk is live.
    unsafe { S::free(&ours, first) };
    for wrong in [first, foreign, middle, NonNull::from(&mut on_the_stack).cast()] {
        assert_eq!(
            refused(&ours, wrong),
            format!("double or foreign free: ours has no live chunk at {:#x}", wrong.addr())
        );
    }
    // SAFETY: both are live in their own pool.
    unsafe { S::free(&ours, second) };
    // SAFETY: the same.
    unsafe { S::free(&theirs, foreign) };
}

#[test]
fn every_double_or_foreign_free_is_refused_and_changes_nothing() {
    double_and_foreign_frees::<RawPool>();
    double_and_foreign_frees::<SyncRawPool>();
}

#[test]
fn a_chunk_of_before_a_reset_is_refused() {
    let pool = Tracking::new().call_sites().track(pool_of(8));
    let chunk = pool.allocate().unwrap();
    // SAFETY: no chunk is used again.
    unsafe { pool.reset() };
    assert!(refused(&pool, chunk).starts_with("double or foreign free"));
}

#[test]
fn more_frees_than_allocations_are_refused_by_the_sums_alone() {
    let pool = Tracked::new(pool_of(8));
    let chunk = pool.allocate().unwrap();
    // SAFETY: the chunk is live.
    unsafe { pool.deallocate(chunk) };
    assert!(refused(&pool, chunk).starts_with("double or foreign free"));
}

#[test]
fn a_chunk_that_was_freed_past_the_books_is_set_right_when_it_comes_again() {
    // What was freed last comes next, in every build.
    let pool = RawPool::builder(Layout::new::<u64>()).reuse(Reuse::MostRecent).build().unwrap();
    let pool = Tracking::new().call_sites().on_leak(|_| ()).track(pool);
    let chunk = pool.allocate().unwrap();
    // SAFETY: the chunk is live.
    unsafe { pool.pool().deallocate(chunk) };
    assert_eq!(pool.usage().objects, 1);
    assert_eq!(pool.allocate(), Ok(chunk));
    let usage = pool.usage();
    assert_eq!((usage.objects, usage.allocations, usage.frees), (1, 2, 1));
}

#[test]
fn totals_are_exact_when_threads_are_joined() {
    let (threads, rounds) = (4, scaled(5_000, 20));
    for tracking in [Tracking::new(), Tracking::new().call_sites()] {
        let pool = tracking.track(SyncRawPool::new(Layout::new::<[u64; 3]>()).unwrap());
        let most = AtomicUsize::new(0);
        // Each frees what its neighbour allocated.
        let (senders, mut receivers): (Vec<_>, Vec<_>) =
            (0..threads).map(|_| std::sync::mpsc::channel::<Sent>()).unzip();
        receivers.rotate_left(1);
        thread::scope(|scope| {
            for (sender, receiver) in senders.into_iter().zip(receivers) {
                let (pool, most) = (&pool, &most);
                scope.spawn(move || {
                    for round in 0..rounds {
                        sender.send(Sent(pool.allocate().unwrap())).unwrap();
                        most.fetch_max(pool.usage().objects, Relaxed);
                        if round % 2 == 0 {
                            for Sent(chunk) in receiver.try_iter() {
                                // SAFETY: the chunk is live, and its sender forgot it.
                                unsafe { pool.deallocate(chunk) };
                            }
                        }
                    }
                    drop(sender);
                    for Sent(chunk) in receiver {
                        // SAFETY: the same.
                        unsafe { pool.deallocate(chunk) };
                    }
                });
            }
        });
        let usage = pool.usage();
        let all = (threads * rounds) as u64;
        assert_eq!((usage.allocations, usage.frees, usage.failures), (all, all, 0));
        assert_eq!((usage.objects, usage.bytes, pool.pool().len()), (0, 0, 0));
        assert!(usage.peak_objects >= most.into_inner());
        assert_eq!(usage.peak_bytes, usage.peak_objects * 24);
    }
}

#[test]
fn a_tracked_parent_shows_what_a_pool_takes_from_the_system() {
    for tracking in [Tracking::new(), Tracking::new().call_sites()] {
        let parent = Watched::default();
        let watch = parent.watch();
        let tracked = tracking.track(parent);
        let system = tracked.ledger().clone();
        let pool = RawPool::builder(Layout::new::<[u64; 9]>()).parent(tracked).build().unwrap();
        for n in 0..scaled(3_000, 300) {
            pool.allocate().unwrap();
            if n % 100 == 0 {
                assert_eq!((system.usage().bytes, system.usage().objects), (watch.bytes(), watch.pieces()));
                assert_eq!(system.usage().bytes, pool.stats().bytes_reserved);
            }
        }
        watch.budget.set(Some(0));
        assert!(pool.reserve(1_000_000).is_err());
        assert!(system.usage().failures > 0);
        drop(pool);
        let usage = system.usage();
        assert_eq!((usage.objects, usage.bytes), (0, 0));
        assert_eq!((usage.allocations, usage.frees), (usage.frees, watch.deallocations.get() as u64));
        assert_eq!(usage.allocations + usage.failures, watch.allocations.get() as u64);
    }
}

#[test]
fn clones_of_a_tracked_parent_are_one_sum() {
    let parent = Tracked::new(Global);
    let pools = [(); 3].map(|()| {
        let pool = RawPool::builder(Layout::new::<u64>()).parent(parent.clone()).build().unwrap();
        pool.allocate().unwrap();
        pool
    });
    let all: usize = pools.iter().map(|pool| pool.stats().bytes_reserved).sum();
    assert_eq!(parent.usage().bytes, all);
    drop(pools);
    assert_eq!(parent.usage().bytes, 0);
}

#[test]
fn a_sink_finds_everything_unlocked_and_the_pool_still_there() {
    type Seen = Option<(Ledger, Vec<LiveSite>)>;

    let seen: Arc<Mutex<Seen>> = Arc::default();
    let parent = Watched::default();
    let watch = parent.watch();
    let pool = RawPool::builder(Layout::new::<u64>()).parent(parent).build().unwrap();
    let own = seen.clone();
    let pool = Tracking::new()
        .call_sites()
        .on_leak(move |report| {
            let mut seen = own.lock().unwrap();
            let (ledger, sites) = seen.as_mut().unwrap();
            assert_eq!(ledger.usage().objects, report.objects());
            *sites = ledger.live_by_site();
        })
        .track(pool);
    *seen.lock().unwrap() = Some((pool.ledger().clone(), Vec::new()));
    pool.allocate().unwrap();
    drop(pool);
    // The sink holds the ledger and the ledger the sink: cut the knot.
    let (ledger, sites) = seen.lock().unwrap().take().unwrap();
    assert_eq!((ledger.usage().objects, sites.len()), (1, 1));
    assert_eq!(watch.pieces(), 0, "the pool itself is gone");
}

#[test]
fn a_sink_that_panics_costs_no_memory() {
    let parent = Watched::default();
    let watch = parent.watch();
    let pool = RawPool::builder(Layout::new::<u64>()).parent(parent).build().unwrap();
    let pool = Tracking::new().on_leak(|report| panic!("{report}")).track(pool);
    pool.allocate().unwrap();
    let message = *catch_unwind(AssertUnwindSafe(|| drop(pool))).unwrap_err().downcast::<String>().unwrap();
    assert!(message.starts_with("pool: 1 object (8 bytes) live"));
    assert_eq!(watch.pieces(), 0);
}

#[test]
fn a_parent_that_panics_leaves_the_books_as_they_were() {
    struct Panics(Arc<AtomicBool>);

    // SAFETY: all memory comes from `Global`.
    unsafe impl Parent for Panics {
        fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
            assert!(!self.0.load(Relaxed), "no");
            Global.allocate(layout)
        }

        unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
            // SAFETY: (1), (2).
            unsafe { Global.deallocate(ptr, layout) };
        }
    }

    let panics = Arc::new(AtomicBool::new(false));
    let parent = Tracked::new(Panics(panics.clone()));
    let system = parent.ledger().clone();
    let pool = RawPool::builder(Layout::new::<u64>()).parent(parent).build().unwrap();
    let pool = Tracking::new().call_sites().track(pool);
    panics.store(true, Relaxed);
    let (pool_before, system_before) = (pool.usage(), system.usage());
    catch_unwind(AssertUnwindSafe(|| pool.allocate())).unwrap_err();
    assert_eq!((pool.usage(), system.usage()), (pool_before, system_before));
    panics.store(false, Relaxed);
    let chunk = pool.allocate().unwrap();
    // SAFETY: the chunk is live.
    unsafe { pool.deallocate(chunk) };
}

#[test]
fn a_failed_request_of_either_kind_counts_once() {
    let stingy = Stingy::default();
    let pool = Tracked::new(RawPool::build(Layout::new::<u64>(), Some(1), stingy.clone()));
    stingy.0.store(true, Relaxed);
    assert!(matches!(pool.allocate(), Err(AllocError::OutOfMemory { .. })));
    stingy.0.store(false, Relaxed);
    let chunk = pool.allocate().unwrap();
    assert!(matches!(pool.allocate(), Err(AllocError::LimitReached { .. })));
    assert!(matches!(pool.allocate_zeroed(), Err(AllocError::LimitReached { .. })));
    assert_eq!((pool.usage().failures, pool.usage().allocations), (3, 1));
    // SAFETY: the chunk is live.
    unsafe { pool.deallocate(chunk) };
}

static_assertions::assert_impl_all!(Tracked<SyncRawPool>: Send, Sync);
static_assertions::assert_not_impl_any!(Tracked<RawPool>: Send, Sync);
static_assertions::assert_impl_all!(Ledger: Send, Sync, Clone, std::panic::UnwindSafe, std::panic::RefUnwindSafe);
