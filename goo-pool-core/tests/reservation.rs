//! Reservations: exactly so many allocations that cannot fail.

mod common;
#[path = "common/sync.rs"]
mod sync;

use std::alloc::Layout;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use common::{Watched, scaled};
use goo_pool_core::{
    AllocError, Geometry, Handle, OnFailure, Parent, PoolHandle, RawPool, RawPoolBuilder, Reservation,
};
#[cfg(feature = "std")]
use goo_pool_core::{SyncPoolHandle, SyncRawPool};
use sync::SyncWatched;

const LAYOUTS: [(usize, usize); 5] = [(0, 1), (1, 1), (64, 64), (2000, 8), (100_000, 4096)];

fn layouts() -> impl Iterator<Item = Layout> {
    LAYOUTS.into_iter().map(|(size, align)| Layout::from_size_align(size, align).unwrap())
}

trait Built: Handle {
    fn built<P: Parent + Send + Sync + 'static>(builder: RawPoolBuilder<P>) -> Self;
    fn check(&self);
}

impl Built for PoolHandle {
    fn built<P: Parent + Send + Sync + 'static>(builder: RawPoolBuilder<P>) -> Self {
        builder.build_handle().unwrap()
    }

    fn check(&self) {
        self.assert_valid();
    }
}

#[cfg(feature = "std")]
impl Built for SyncPoolHandle {
    fn built<P: Parent + Send + Sync + 'static>(builder: RawPoolBuilder<P>) -> Self {
        builder.build_sync_handle().unwrap()
    }

    fn check(&self) {
        // SAFETY: no other thread uses the pool.
        unsafe { self.assert_valid() };
    }
}

fn free<H: Handle>(layout: Layout, chunk: NonNull<u8>) {
    // SAFETY: the tests free live chunks of pools of this kind and layout, once.
    unsafe { H::deallocate_in(chunk, &Geometry::of::<H>(layout).unwrap()) };
}

fn all_others<H: Handle>(pool: &H) -> Vec<NonNull<u8>> {
    std::iter::from_fn(|| pool.allocate().ok()).collect()
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
fn exactly_so_many_allocations_cannot_fail_whatever_others_take() {
    fn test<H: Built>() {
        for layout in layouts() {
            let limit = if layout.size() > 10_000 { 40 } else { 200 };
            for count in [0, 1, 3, limit / 2, limit] {
                let pool = H::built(RawPool::builder(layout).max_chunks(limit));
                let reserved = pool.reserve_exact(count).unwrap();
                assert_eq!((reserved.remaining(), pool.len()), (count, count));
                let mut chunks = all_others(&pool);
                assert_eq!(chunks.len(), limit - count, "others take what is reserved, or less than the rest");
                for left in (0..count).rev() {
                    let chunk = reserved.allocate().unwrap();
                    // SAFETY: it is ours, and so large.
                    unsafe { chunk.write_bytes(0xaa, layout.size()) };
                    chunks.push(chunk);
                    assert_eq!(reserved.remaining(), left);
                }
                assert_eq!(reserved.allocate(), None);
                assert_eq!(chunks.iter().collect::<BTreeSet<_>>().len(), limit, "a chunk is handed out twice");
                // It does not take again what was freed.
                free::<H>(layout, chunks.pop().unwrap());
                assert_eq!((reserved.allocate(), pool.len()), (None, limit - 1));
                drop(reserved);
                chunks.into_iter().for_each(|chunk| free::<H>(layout, chunk));
                assert_eq!(pool.len(), 0);
                pool.check();
            }
        }
    }
    both_kinds!(test);
}

#[test]
fn what_is_reserved_and_not_used_goes_back() {
    fn test<H: Built>() {
        for layout in layouts() {
            let parent = SyncWatched::default();
            let watch = parent.0.clone();
            let pool = H::built(RawPool::builder(layout).parent(parent));
            for used in [0, 1, 7, 100] {
                let reserved = pool.reserve_exact(100).unwrap();
                let chunks: Vec<_> = (0..used).map(|_| reserved.allocate().unwrap()).collect();
                assert_eq!(pool.len(), 100);
                drop(reserved);
                assert_eq!(pool.len(), used);
                pool.check();
                chunks.into_iter().for_each(|chunk| free::<H>(layout, chunk));
            }
            drop(pool);
            assert_eq!(watch.pieces(), 0);
        }
    }
    both_kinds!(test);
}

#[test]
fn more_than_there_is_is_an_error_and_nothing_is_lost() {
    fn test<H: Built>() {
        let layout = Layout::new::<u64>();
        let pool = H::built(RawPool::builder(layout).max_chunks(100));
        for count in [101, 1 << 40, usize::MAX / 64, usize::MAX] {
            assert!(pool.reserve_exact(count).is_err(), "{count}");
            assert_eq!(pool.len(), 0);
            pool.check();
        }
        let kept = pool.allocate().unwrap();
        let error = pool.reserve_exact(100).unwrap_err();
        assert_eq!(error, AllocError::LimitReached { max_chunks: 100 });
        assert_eq!(pool.len(), 1);
        let reserved = pool.reserve_exact(99).unwrap();
        assert_eq!(pool.reserve_exact(1).unwrap_err(), error);
        assert_eq!(pool.reserve_exact(0).unwrap().remaining(), 0);
        drop(reserved);
        free::<H>(layout, kept);
        let all = all_others(&pool);
        assert_eq!(all.len(), 100);
        all.into_iter().for_each(|chunk| free::<H>(layout, chunk));
    }
    both_kinds!(test);
    let pool = RawPool::new(Layout::new::<u64>()).unwrap();
    assert_eq!(pool.reserve_exact(usize::MAX).unwrap_err(), AllocError::CapacityOverflow);
}

#[test]
fn a_local_pool_that_cannot_have_them_does_not_grow() {
    let pool = RawPool::builder(Layout::new::<u64>()).max_chunks(100).build().unwrap();
    assert!(pool.reserve_exact(101).is_err());
    assert_eq!(pool.capacity(), 0);
}

#[test]
fn chunks_between_live_ones_can_be_reserved() {
    fn test<H: Built>() {
        let layout = Layout::new::<u64>();
        let pool = H::built(RawPool::builder(layout).max_chunks(300));
        let mut chunks = all_others(&pool);
        let free_ones: Vec<_> = chunks.iter().copied().step_by(3).collect();
        chunks.retain(|chunk| !free_ones.contains(chunk));
        free_ones.iter().for_each(|&chunk| free::<H>(layout, chunk));
        let reserved = pool.reserve_exact(100).unwrap();
        let again: BTreeSet<_> = std::iter::from_fn(|| reserved.allocate()).collect();
        assert_eq!(again, free_ones.into_iter().collect());
        pool.check();
        chunks.into_iter().chain(again).for_each(|chunk| free::<H>(layout, chunk));
    }
    both_kinds!(test);
}

/// A parent whose budget ends at every point in turn.
#[test]
fn a_parent_that_fails_at_any_point_leaves_nothing_behind() {
    let layout = Layout::from_size_align(200, 8).unwrap();
    for granted in 0.. {
        let parent = Watched::default();
        let watch = parent.watch();
        let pool = RawPool::builder(layout).first_segment(1000).max_segment(1000).parent(parent).build().unwrap();
        // In pieces: what is free is not missing, so growth has to come in the middle.
        let live: Vec<_> = (0..5).map(|_| pool.allocate().unwrap()).collect();
        watch.budget.set(Some(granted));
        let (before, reserved) = (pool.len(), pool.reserve_exact(50));
        match &reserved {
            Ok(reserved) => assert_eq!(reserved.remaining(), 50),
            Err(error) => assert!(matches!(error, AllocError::OutOfMemory { .. })),
        }
        let enough = reserved.is_ok();
        drop(reserved);
        assert_eq!(pool.len(), before);
        pool.assert_valid();
        for chunk in live {
            // SAFETY: it came from this pool, once.
            unsafe { pool.deallocate(chunk) };
        }
        pool.shrink_to_fit();
        assert_eq!(watch.pieces(), 1, "the pool's record");
        drop(pool);
        if enough {
            assert!(granted >= 2, "no point to fail at");
            return;
        }
    }
}

#[test]
fn a_handler_is_asked_before_a_reservation_fails() {
    fn test<H: Built>() {
        let calls = Arc::new(AtomicUsize::new(0));
        let in_handler = calls.clone();
        let builder = RawPool::builder(Layout::new::<u64>()).max_chunks(10).on_failure(3, move |_, _| {
            in_handler.fetch_add(1, Relaxed);
            OnFailure::Retry
        });
        let pool = H::built(builder);
        assert!(pool.reserve_exact(11).is_err());
        assert_eq!(calls.load(Relaxed), 3);
        assert_eq!(pool.len(), 0);
    }
    both_kinds!(test);
}

#[test]
fn a_reservation_keeps_its_pool_open() {
    fn test<H: Built>() {
        let layout = Layout::new::<[u64; 4]>();
        let parent = SyncWatched::default();
        let watch = parent.0.clone();
        let pool = H::built(RawPool::builder(layout).parent(parent));
        let reserved = pool.reserve_exact(20).unwrap();
        drop(pool);
        let chunk = reserved.allocate().unwrap();
        let other = reserved.pool().allocate().unwrap();
        assert_eq!(reserved.pool().len(), 21);
        drop(reserved);
        // Closed now; the chunks are as good as ever.
        free::<H>(layout, other);
        assert_ne!(watch.pieces(), 0);
        free::<H>(layout, chunk);
        assert_eq!(watch.pieces(), 0);
    }
    both_kinds!(test);
}

#[test]
fn shrinking_leaves_what_is_reserved() {
    fn test<H: Built>() {
        let layout = Layout::new::<[u64; 8]>();
        let pool = H::built(RawPool::builder(layout));
        let reserved = pool.reserve_exact(1000).unwrap();
        let others: Vec<_> = (0..5000).map(|_| pool.allocate().unwrap()).collect();
        others.into_iter().for_each(|chunk| free::<H>(layout, chunk));
        pool.shrink_to_fit();
        assert!(pool.capacity() >= 1000);
        let chunks: Vec<_> = std::iter::from_fn(|| reserved.allocate()).collect();
        for &chunk in &chunks {
            // SAFETY: it is ours.
            unsafe { chunk.write_bytes(1, 64) };
        }
        assert_eq!(chunks.len(), 1000);
        drop(reserved);
        chunks.into_iter().for_each(|chunk| free::<H>(layout, chunk));
        pool.shrink_to_fit();
        assert_eq!(pool.capacity(), 0);
    }
    both_kinds!(test);
}

#[test]
fn a_chunk_that_was_put_back_is_taken_next() {
    fn test<H: Built>() {
        let layout = Layout::new::<u64>();
        let pool = H::built(RawPool::builder(layout));
        let reserved = pool.reserve_exact(3).unwrap();
        let (first, second) = (reserved.allocate().unwrap(), reserved.allocate().unwrap());
        // SAFETY: both came from there and are not used.
        unsafe { reserved.put_back(first) };
        // SAFETY: the same.
        unsafe { reserved.put_back(second) };
        assert_eq!(reserved.remaining(), 3);
        assert_eq!((reserved.allocate(), reserved.allocate()), (Some(second), Some(first)));
        drop(reserved);
        assert_eq!(pool.len(), 2);
        [first, second].into_iter().for_each(|chunk| free::<H>(layout, chunk));
    }
    both_kinds!(test);
}

#[test]
fn a_raw_pool_lends_itself() {
    let layout = Layout::new::<u64>();
    let pool = RawPool::builder(layout).max_chunks(10).build().unwrap();
    let reserved: Reservation<&RawPool> = pool.reserve_exact(10).unwrap();
    assert!(pool.allocate().is_err());
    let chunk = reserved.allocate().unwrap();
    drop(reserved);
    // SAFETY: it came from this pool, once.
    unsafe { pool.deallocate(chunk) };
    // SAFETY: no chunk is used any more.
    unsafe { pool.reset() };
    let reserved = pool.reserve_exact(10).unwrap();
    assert_eq!(reserved.remaining(), 10);
    assert_eq!(format!("{reserved:?}"), "Reservation { remaining: 10, .. }");
    drop(reserved);
    pool.assert_valid();
}

/// A parent that panics when memory comes back, once.
struct PanicsOnce(Rc<RefCell<Watched>>, Rc<std::cell::Cell<bool>>);

// SAFETY: all memory comes from the one inside.
unsafe impl Parent for PanicsOnce {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        self.0.borrow().allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: it came from there.
        unsafe { self.0.borrow().deallocate(ptr, layout) };
        assert!(!self.1.replace(false), "from the parent");
    }
}

#[test]
fn a_parent_that_panics_while_chunks_go_back_loses_none() {
    let layout = Layout::new::<[u64; 8]>();
    let (inner, panics) = (Watched::default(), Rc::new(std::cell::Cell::new(false)));
    let watch = inner.watch();
    let parent = PanicsOnce(Rc::new(RefCell::new(inner)), panics.clone());
    let pool = RawPool::builder(layout).first_segment(0).max_segment(2000).parent(parent).build().unwrap();
    let reserved = pool.reserve_exact(scaled(1000, 200)).unwrap();
    panics.set(true);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(reserved))).is_err());
    assert!(!panics.get());
    assert_eq!(pool.len(), 0);
    pool.assert_valid();
    pool.shrink_to_fit();
    assert_eq!(watch.pieces(), 1, "the pool's record");
}

/// Random steps of reservations, chunks and their frees, against a set of what is out.
#[test]
fn reservations_and_chunks_do_not_overlap() {
    fn test<H: Built>() {
        for layout in layouts() {
            let limit = if layout.size() > 10_000 { 60 } else { 400 };
            let pool = H::built(RawPool::builder(layout).max_chunks(limit));
            let mut random = 0x600_u64;
            let mut random = |below: usize| {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (random >> 33) as usize % below
            };
            let mut reservations: Vec<Reservation<H>> = Vec::new();
            let mut live: Vec<NonNull<u8>> = Vec::new();
            for _ in 0..scaled(600, 40) {
                let taken = live.len() + reservations.iter().map(Reservation::remaining).sum::<usize>();
                match random(6) {
                    0 => {
                        let count = random(limit / 4);
                        match pool.reserve_exact(count) {
                            Ok(reserved) => reservations.push(reserved),
                            Err(error) => {
                                assert_eq!(error, AllocError::LimitReached { max_chunks: limit });
                                assert!(taken + count > limit, "refused below the limit");
                            }
                        }
                    }
                    1 if !reservations.is_empty() => drop(reservations.swap_remove(random(reservations.len()))),
                    2 | 3 if !reservations.is_empty() => {
                        let reserved = &reservations[random(reservations.len())];
                        for _ in 0..random(20).min(reserved.remaining()) {
                            live.push(reserved.allocate().unwrap());
                        }
                    }
                    4 => (0..random(20)).for_each(|_| live.extend(pool.allocate().ok())),
                    _ => {
                        for _ in 0..random(40).min(live.len()) {
                            free::<H>(layout, live.swap_remove(random(live.len())));
                        }
                    }
                }
                let taken = live.len() + reservations.iter().map(Reservation::remaining).sum::<usize>();
                assert_eq!(pool.len(), taken);
                assert_eq!(live.iter().collect::<BTreeSet<_>>().len(), live.len(), "a chunk is handed out twice");
                pool.check();
            }
            drop(reservations);
            live.into_iter().for_each(|chunk| free::<H>(layout, chunk));
            assert_eq!(pool.len(), 0);
        }
    }
    both_kinds!(test);
}

#[test]
fn a_reservation_asks_the_global_allocator_for_nothing_of_its_own() {
    // All that it has comes from the pool's parent and goes back there.
    let parent = Watched::default();
    let watch = parent.watch();
    let pool = RawPool::builder(Layout::new::<u8>()).capacity(500).parent(parent).build().unwrap();
    let pieces = watch.pieces();
    let reserved = pool.reserve_exact(500).unwrap();
    assert_eq!(watch.pieces(), pieces + 1);
    drop(reserved);
    assert_eq!(watch.pieces(), pieces);
}

#[cfg(feature = "std")]
mod threads {
    use std::thread;

    use super::*;

    #[test]
    fn a_reservation_goes_to_another_thread() {
        let layout = Layout::new::<[u64; 4]>();
        let pool = RawPool::builder(layout).max_chunks(200).build_sync_handle().unwrap();
        let reserved = pool.reserve_exact(100).unwrap();
        let others = all_others(&pool);
        thread::spawn(move || {
            assert!(reserved.pool().allocate().is_err());
            let chunks: Vec<_> = (0..60).map(|_| reserved.allocate().unwrap()).collect();
            chunks.into_iter().for_each(|chunk| free::<SyncPoolHandle>(layout, chunk));
            // The rest goes back here.
            drop(reserved);
        })
        .join()
        .unwrap();
        assert_eq!(pool.len(), others.len());
        assert_eq!(pool.reserve_exact(100).unwrap().remaining(), 100, "what another thread gave back is found");
        others.into_iter().for_each(|chunk| free::<SyncPoolHandle>(layout, chunk));
        pool.check();
    }

    #[test]
    fn reservations_on_many_threads_are_all_kept() {
        const THREADS: usize = 4;
        let layout = Layout::new::<[u64; 4]>();
        let pool = SyncRawPool::new(layout).unwrap();
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let pool = &pool;
                scope.spawn(move || {
                    for round in 0..scaled(200, 5) {
                        let count = (thread * 37 + round * 11) % 150;
                        let reserved = pool.reserve_exact(count).unwrap();
                        let used = count / 2;
                        let chunks: Vec<_> = (0..used).map(|_| reserved.allocate().unwrap()).collect();
                        for (index, chunk) in chunks.iter().enumerate() {
                            // SAFETY: it is ours, and large enough.
                            unsafe { chunk.cast::<[usize; 2]>().write([thread, index]) };
                        }
                        for (index, &chunk) in chunks.iter().enumerate() {
                            // SAFETY: it was just written.
                            assert_eq!(unsafe { chunk.cast::<[usize; 2]>().read() }, [thread, index]);
                            // SAFETY: it came from this pool, once.
                            unsafe { pool.deallocate(chunk) };
                        }
                        assert_eq!(reserved.remaining(), count - used);
                    }
                });
            }
        });
        assert_eq!(pool.len(), 0);
        // SAFETY: the threads have ended.
        unsafe { pool.assert_valid() };
    }
}
