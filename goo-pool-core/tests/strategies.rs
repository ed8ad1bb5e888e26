//! How pools grow and what they give back, by every choice: requests to the parent, and bytes held after a peak.

mod common;
#[path = "common/sync.rs"]
mod sync;
#[cfg(feature = "std")]
#[path = "common/worker.rs"]
mod worker;

use std::alloc::Layout;
use std::ptr::NonNull;
use std::sync::Arc;

use common::{Watched, scaled};
#[cfg(feature = "std")]
use goo_pool_core::SyncPoolHandle;
use goo_pool_core::{AllocError, Geometry, Growth, Handle, PoolHandle, RawPool, RawPoolBuilder, Return, Row};
use sync::{SyncWatch, SyncWatched};

const LAYOUT: Layout = Layout::new::<[u64; 8]>();
const GROWTHS: [Growth; 3] = [Growth::Fixed { bytes: 16 * 1024 }, Growth::Doubling, Growth::Adaptive];
const RETURNS: [Return; 3] = [Return::Never, Return::Hysteresis, Return::AtOnce];

/// A pool, and what its parent saw.
struct Watch<H> {
    pool: H,
    parent: Arc<SyncWatch>,
}

trait Built: Handle {
    fn built(builder: RawPoolBuilder<SyncWatched>) -> Self;
    fn check(&self);
}

impl Built for PoolHandle {
    fn built(builder: RawPoolBuilder<SyncWatched>) -> Self {
        builder.build_handle().unwrap()
    }

    fn check(&self) {
        self.assert_valid();
    }
}

#[cfg(feature = "std")]
impl Built for SyncPoolHandle {
    fn built(builder: RawPoolBuilder<SyncWatched>) -> Self {
        builder.build_sync_handle().unwrap()
    }

    fn check(&self) {
        // SAFETY: no other thread uses the pool.
        unsafe { self.assert_valid() };
    }
}

impl<H: Built> Watch<H> {
    fn new(growth: Growth, returns: Return) -> Self {
        Self::with(growth, returns, |builder| builder)
    }

    fn with(
        growth: Growth,
        returns: Return,
        set: impl FnOnce(RawPoolBuilder<SyncWatched>) -> RawPoolBuilder<SyncWatched>,
    ) -> Self {
        let parent = SyncWatched::default();
        let watch = parent.0.clone();
        let builder = RawPool::builder(LAYOUT).growth(growth).returns(returns).parent(parent);
        Self { pool: H::built(set(builder)), parent: watch }
    }

    fn fill(&self, count: usize) -> Vec<NonNull<u8>> {
        (0..count).map(|_| self.pool.allocate().unwrap()).collect()
    }

    fn free(&self, chunks: impl IntoIterator<Item = NonNull<u8>>) {
        for chunk in chunks {
            // SAFETY: the tests free what `fill` gave, once, with the pool's geometry.
            unsafe { H::deallocate_in(chunk, &Geometry::of::<H>(LAYOUT).unwrap()) };
        }
    }

    fn take_rows(&self, count: usize) -> Vec<Row> {
        (0..count).map(|_| self.pool.take_row().unwrap()).collect()
    }

    /// Unlike a chunk that is freed alone, a row leaves nothing in the pool's hand.
    fn give_rows(&self, rows: Vec<Row>) {
        for row in rows {
            // SAFETY: this pool gave it, and nobody uses its chunks.
            unsafe { self.pool.give_row(row) };
        }
        // A thread-safe pool's check knows of no rows.
        if self.pool.is_empty() {
            self.pool.check();
        }
    }

    /// Fills the pool and empties it: the calls of the parent that took, and the most bytes that it had.
    fn round(&self, count: usize) -> (usize, usize) {
        let before = self.parent.calls();
        let chunks = self.fill(count);
        let peak = self.parent.bytes();
        self.free(chunks);
        self.pool.check();
        (self.parent.calls() - before, peak)
    }
}

/// Calls a generic test for each kind.
macro_rules! both_kinds {
    ($test:ident) => {
        $test::<PoolHandle>();
        #[cfg(feature = "std")]
        $test::<SyncPoolHandle>();
    };
}

#[test]
fn fixed_growth_asks_for_the_same_each_time() {
    fn test<H: Built>() {
        let watch = Watch::<H>::new(Growth::Fixed { bytes: 16 * 1024 }, Return::Never);
        let chunks = watch.fill(scaled(10_000, 1_000));
        let stats = watch.pool.stats();
        assert!(stats.segments > 3);
        assert_eq!(stats.total_chunks % stats.segments, 0, "segments of different sizes");
        let each = stats.total_chunks / stats.segments * LAYOUT.size();
        assert!(each <= 16 * 1024 && each > 14 * 1024, "{each}");
        watch.free(chunks);
    }
    both_kinds!(test);
}

#[test]
fn fixed_growth_of_less_than_a_chunk_takes_one_chunk_at_a_time() {
    fn test<H: Built>() {
        let watch = Watch::<H>::new(Growth::Fixed { bytes: 0 }, Return::AtOnce);
        let chunks = watch.fill(10);
        assert_eq!(watch.pool.stats().segments, 10);
        watch.free(chunks);
        watch.pool.reserve(100).unwrap();
        assert!(watch.pool.stats().segments <= 10 + 1, "what is reserved comes in one piece");
        watch.pool.check();
    }
    both_kinds!(test);
}

#[test]
fn fixed_growth_does_not_ask_for_less() {
    let parent = Watched::default();
    let watch = parent.watch();
    let pool = RawPool::builder(LAYOUT).growth(Growth::Fixed { bytes: 64 * 1024 }).parent(parent).build().unwrap();
    watch.largest.set(Some(32 * 1024));
    let calls = watch.calls();
    assert!(matches!(pool.allocate(), Err(AllocError::OutOfMemory { .. })));
    assert_eq!(watch.calls(), calls + 1);
}

#[test]
fn adaptive_growth_asks_for_less_if_so_much_is_not_to_be_had() {
    let parent = Watched::default();
    let watch = parent.watch();
    let pool =
        RawPool::builder(LAYOUT).growth(Growth::Adaptive).returns(Return::AtOnce).parent(parent).build().unwrap();
    let chunks: Vec<_> = (0..5_000).map(|_| pool.allocate().unwrap()).collect();
    for chunk in chunks {
        // SAFETY: it came from this pool, once.
        unsafe { pool.deallocate(chunk) };
    }
    watch.largest.set(Some(8 * 1024));
    let chunks: Vec<_> = (0..1_000).map(|_| pool.allocate().unwrap()).collect();
    assert_eq!(pool.len(), chunks.len());
}

#[test]
fn adaptive_growth_needs_few_requests_for_a_pool_of_any_size() {
    let count = scaled(60_000, 3_000);
    let requests = |growth| {
        let watch =
            Watch::<PoolHandle>::with(growth, Return::Never, |builder| builder.max_segment(scaled(16_384, 4096)));
        let chunks = watch.fill(count);
        let segments = watch.pool.stats().segments;
        watch.free(chunks);
        segments
    };
    let (doubling, adaptive) = (requests(Growth::Doubling), requests(Growth::Adaptive));
    assert!(adaptive * 2 < doubling, "{adaptive} requests, by doubling {doubling}");
}

#[test]
fn adaptive_growth_comes_back_to_the_last_peak_in_a_few_steps() {
    fn test<H: Built>() {
        let rows = scaled(400, 80);
        let watch = Watch::<H>::with(Growth::Adaptive, Return::AtOnce, |builder| builder.max_segment(4096));
        let taken = watch.take_rows(rows);
        let (chunks, segments) = (watch.pool.len(), watch.pool.stats().segments);
        assert!(segments > 16, "the first peak was no peak");
        watch.give_rows(taken);
        assert_eq!(watch.pool.capacity(), 0);
        let mut again = Vec::new();
        while watch.pool.len() < chunks {
            again.extend(watch.take_rows(1));
        }
        let (capacity, segments) = (watch.pool.capacity(), watch.pool.stats().segments);
        assert!(segments <= 9 && capacity <= chunks + chunks / 8, "{segments} steps to {capacity}, for {chunks}");
        watch.give_rows(again);
        assert_eq!(watch.pool.capacity(), 0);
    }
    both_kinds!(test);
}

#[test]
fn a_peak_that_does_not_come_back_is_forgotten_by_and_by() {
    fn test<H: Built>() {
        let watch = Watch::<H>::new(Growth::Adaptive, Return::AtOnce);
        watch.give_rows(watch.take_rows(scaled(400, 40)));
        let mut last = usize::MAX;
        for _ in 0..12 {
            let rows = watch.take_rows(2);
            assert!(
                watch.pool.capacity() < last || last <= watch.pool.len() + 1,
                "{} after {last}",
                watch.pool.capacity()
            );
            last = watch.pool.capacity();
            watch.give_rows(rows);
            assert_eq!(watch.pool.capacity(), 0);
        }
        // A low peak between high ones does not hide them.
        let high = watch.take_rows(scaled(400, 40));
        let chunks = watch.pool.len();
        watch.give_rows(high);
        for _ in 0..2 {
            watch.give_rows(watch.take_rows(1));
        }
        let rows = watch.take_rows(1);
        assert!(watch.pool.capacity() >= chunks / 32, "{} of {chunks}", watch.pool.capacity());
        watch.give_rows(rows);
    }
    both_kinds!(test);
}

#[test]
fn shrinking_forgets_the_peak() {
    fn test<H: Built>() {
        let watch = Watch::<H>::new(Growth::Adaptive, Return::Hysteresis);
        watch.round(scaled(50_000, 2_000));
        watch.pool.shrink_to_fit();
        let chunks = watch.fill(1);
        assert!(watch.pool.capacity() < 500);
        watch.free(chunks);
    }
    both_kinds!(test);
}

#[test]
fn a_pool_that_never_returns_asks_once_for_its_peak() {
    fn test<H: Built>() {
        for growth in GROWTHS {
            let watch = Watch::<H>::new(growth, Return::Never);
            let (_, peak) = watch.round(scaled(10_000, 1_000));
            assert_eq!(watch.parent.bytes(), peak, "{growth:?}");
            for _ in 0..3 {
                assert_eq!(watch.round(scaled(10_000, 1_000)), (0, peak), "{growth:?}");
            }
            watch.pool.shrink_to_fit();
            assert_eq!(watch.pool.capacity(), 0, "{growth:?}");
        }
    }
    both_kinds!(test);
}

#[test]
fn a_pool_that_returns_at_once_keeps_what_it_has_in_its_hand() {
    fn test<H: Built>() {
        for growth in [Growth::Fixed { bytes: 16 * 1024 }, Growth::Doubling] {
            let watch = Watch::<H>::with(growth, Return::AtOnce, |builder| builder.max_segment(16 * 1024));
            for _ in 0..3 {
                let (calls, peak) = watch.round(scaled(10_000, 1_000));
                assert!(calls > 2, "{growth:?}: {calls}");
                // The segments of a word of chunks, the chunk freed last and, with threads, one free block.
                assert!(watch.pool.stats().segments <= 3, "{growth:?}: {} of {peak}", watch.parent.bytes());
            }
        }
    }
    both_kinds!(test);
}

#[test]
fn a_segment_that_flips_costs_two_calls_each_time_if_it_goes_back_at_once() {
    fn test<H: Built>() {
        for growth in GROWTHS {
            for (returns, calls) in [(Return::Never, 0), (Return::Hysteresis, 0), (Return::AtOnce, 20)] {
                let watch = Watch::<H>::new(growth, returns);
                let rows = watch.take_rows(3);
                watch.give_rows(watch.take_rows(20));
                watch.give_rows(watch.take_rows(20));
                // All but what is not there yet.
                let mut edge = Vec::new();
                while watch.pool.len() < watch.pool.capacity() {
                    edge.extend(watch.take_rows(1));
                }
                let before = watch.parent.calls();
                for _ in 0..10 {
                    watch.give_rows(watch.take_rows(1));
                }
                let flips = watch.parent.calls() - before;
                assert!(flips == calls || calls == 0 && flips == 1, "{growth:?}, {returns:?}: {flips} calls");
                watch.give_rows(edge);
                watch.give_rows(rows);
            }
        }
    }
    both_kinds!(test);
}

#[test]
fn what_is_reserved_is_kept_whatever_else_goes_back() {
    fn test<H: Built>() {
        for growth in GROWTHS {
            for returns in RETURNS {
                let watch = Watch::<H>::new(growth, returns);
                let room = scaled(2_000, 500);
                watch.pool.reserve(room).unwrap();
                watch.round(4 * room);
                assert!(watch.pool.capacity() >= room, "{growth:?}, {returns:?}");
                let calls = watch.parent.calls();
                let chunks = watch.fill(room);
                assert_eq!(watch.parent.calls(), calls, "{growth:?}, {returns:?}: not kept");
                watch.free(chunks);
                watch.pool.shrink_to_fit();
                assert_eq!(watch.pool.capacity(), 0, "{growth:?}, {returns:?}");
            }
        }
    }
    both_kinds!(test);
}

#[test]
fn the_less_goes_back_the_fewer_the_requests_and_the_more_is_held() {
    fn test<H: Built>() {
        for growth in GROWTHS {
            let mut seen = Vec::new();
            for returns in RETURNS {
                let watch = Watch::<H>::new(growth, returns);
                let first = watch.round(scaled(10_000, 1_500)).0;
                let bytes = watch.parent.bytes();
                let calls: usize = (0..12).map(|_| watch.round(scaled(10_000, 1_500)).0).sum();
                seen.push((first + calls, bytes));
            }
            assert!(seen.is_sorted_by(|one, next| one.0 <= next.0), "{growth:?}: calls of {seen:?}");
            assert!(seen.is_sorted_by(|one, next| one.1 >= next.1), "{growth:?}: bytes of {seen:?}");
            assert!(seen[0].0 < seen[2].0 && seen[0].1 > seen[2].1, "{growth:?}: no difference in {seen:?}");
        }
    }
    both_kinds!(test);
}

#[test]
fn a_limit_is_a_limit_however_the_pool_grows() {
    fn test<H: Built>() {
        let limit = scaled(4_000, 500);
        for growth in GROWTHS {
            for returns in RETURNS {
                let watch = Watch::<H>::with(growth, returns, |builder| builder.max_chunks(limit));
                for _ in 0..3 {
                    let chunks = watch.fill(limit);
                    assert_eq!(watch.pool.allocate(), Err(AllocError::LimitReached { max_chunks: limit }));
                    assert_eq!(watch.pool.capacity(), limit);
                    watch.free(chunks);
                    watch.pool.check();
                }
            }
        }
    }
    both_kinds!(test);
}

#[test]
fn a_pool_closes_and_gives_all_back_whatever_it_would_keep() {
    fn test<H: Built>() {
        for growth in GROWTHS {
            for returns in RETURNS {
                let watch = Watch::<H>::new(growth, returns);
                watch.pool.reserve(1_000).unwrap();
                let chunks = watch.fill(scaled(3_000, 600));
                let Watch { pool, parent } = watch;
                drop(pool);
                for chunk in chunks {
                    // SAFETY: live chunks of a pool for that layout.
                    unsafe { H::deallocate_dyn(chunk, LAYOUT) };
                }
                assert_eq!(parent.pieces(), 0, "{growth:?}, {returns:?}");
            }
        }
    }
    both_kinds!(test);
}

/// It once gave the segment back before it had looked for a chunk in it, and asked for another, for ever.
#[cfg(feature = "std")]
#[test]
fn a_thread_at_its_end_finds_what_it_asked_for_although_all_goes_back_at_once() {
    let pool = RawPool::builder(LAYOUT).returns(Return::AtOnce).build_sync_handle().unwrap();
    let pool = Arc::new(pool);
    let (thread, in_thread, at_end) = (worker::Worker::start(), pool.clone(), pool.clone());
    let allocate_and_free = |pool: &SyncPoolHandle, count: usize| {
        let chunks: Vec<_> = (0..count).map(|_| pool.allocate().unwrap()).collect();
        for chunk in chunks {
            // SAFETY: it came from this pool, once.
            unsafe { pool.deallocate(chunk) };
        }
    };
    // Now it has an index, so that it will have had one.
    thread.run(move || allocate_and_free(&in_thread, 1));
    pool.shrink_to_fit();
    thread.end_with(move || allocate_and_free(&at_end, scaled(5_000, 300)));
    assert_eq!(pool.len(), 0);
}
