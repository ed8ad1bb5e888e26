//! Boxes that outlive every handle to their pool: what goes back to the parent, and when.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use crate::common::{Ledger, Watched, scaled};
use crate::kind::{self, Pool, PoolBox};
use goo_pool_typed::{Global, Parent, unsize};

type Line = [u64; 8];

/// A pool of many small segments.
fn watched_pool<T>(parent: &Watched) -> Pool<T> {
    let segment = 16 * size_of::<T>() + 1024;
    Pool::builder().first_segment(segment).max_segment(segment).parent(parent.clone()).build().unwrap()
}

/// The boxes of each segment.
fn by_segment<T>(parent: &Watched, boxes: Vec<PoolBox<T>>) -> Vec<Vec<PoolBox<T>>> {
    let mut segments = BTreeMap::<usize, Vec<_>>::new();
    for boxed in boxes {
        segments.entry(parent.0.piece_of(PoolBox::as_ptr(&boxed))).or_default().push(boxed);
    }
    segments.into_values().collect()
}

#[test]
fn values_outlive_every_handle_to_their_pool() {
    let ledger = Ledger::default();
    let pool = Pool::new();
    let another = pool.clone();
    let mut boxes: Vec<_> = pool.alloc_iter((0..100_u64).map(|n| (n, ledger.entry()))).collect();
    drop(pool);
    boxes.extend(another.alloc_iter((100..200).map(|n| (n, ledger.entry()))));
    drop(another);
    boxes[150].0 += 1000;
    assert_eq!(boxes.iter().map(|boxed| boxed.0).sum::<u64>(), 199 * 200 / 2 + 1000);
    drop(boxes.split_off(100));
    assert_eq!(ledger.live(), 100);
    drop(boxes);
    ledger.assert_settled();
}

#[test]
fn a_pool_without_values_gives_everything_back_at_once() {
    let parent = Watched::default();
    drop(watched_pool::<Line>(&parent));
    assert_eq!((parent.0.pieces(), parent.0.requests.get()), (0, *kind::RECORDS.start()));

    let pool = watched_pool::<Line>(&parent);
    pool.reserve(1000).unwrap();
    drop(pool.alloc_iter([Line::default(); 500]).collect::<Vec<_>>());
    let another = pool.clone();
    drop(pool);
    assert!(parent.0.pieces() > 1, "there is another handle");
    drop(another);
    assert_eq!(parent.0.pieces(), 0);
}

#[test]
fn each_segment_goes_back_with_its_last_box() {
    let parent = Watched::default();
    let pool = watched_pool::<Line>(&parent);
    let boxes: Vec<_> = (0..scaled(500, 100)).map(|n| pool.alloc([n as u64; 8])).collect();
    // One that only a freed chunk's slot or a taken word could keep.
    drop(pool.alloc(Line::default()));
    drop(pool);
    let mut segments = by_segment(&parent, boxes);
    assert!(segments.len() > 5);
    // Not in the order in which they were filled.
    let half = segments.len() / 2;
    segments.rotate_left(half);
    while let Some(mut boxes) = segments.pop() {
        let last = boxes.pop();
        assert_eq!(parent.0.segments(), segments.len() + 1);
        drop(boxes);
        assert_eq!(parent.0.segments(), segments.len() + 1, "the last box is still there");
        drop(last);
        assert_eq!(parent.0.segments(), segments.len());
        assert!(!segments.is_empty() || parent.0.pieces() == 0, "the records go with the last");
    }
    assert_eq!(parent.0.returns.get(), parent.0.requests.get());
}

#[test]
fn a_segment_goes_back_in_whatever_order_its_boxes_go() {
    for step in [1, 7, 13, 64, 99] {
        let parent = Watched::default();
        let pool = watched_pool(&parent);
        let count = scaled(1000, 150);
        let mut boxes: Vec<_> = (0..count).map(|n| Some(pool.alloc([n as u64; 8]))).collect();
        drop(pool);
        for start in 0..step {
            for boxed in boxes.iter_mut().skip(start).step_by(step) {
                *boxed = None;
            }
        }
        assert_eq!(parent.0.pieces(), 0);
    }
}

#[test]
fn a_closed_pool_keeps_no_spare_segment() {
    let parent = Watched::default();
    let pool = watched_pool::<Line>(&parent);
    pool.reserve(5000).unwrap();
    let boxes: Vec<_> = (0..3).map(|n| pool.alloc([n; 8])).collect();
    let reserved = parent.0.bytes();
    pool.reserve(50_000).unwrap();
    drop(pool);
    assert!(parent.0.bytes() <= reserved, "only the segment with values and the records stay");
    assert_eq!(parent.0.segments(), 1);
    drop(boxes);
    assert_eq!(parent.0.pieces(), 0);
}

#[test]
fn one_forgotten_box_keeps_one_segment() {
    let parent = Watched::default();
    let pool = watched_pool::<Line>(&parent);
    let mut boxes: Vec<_> = (0..scaled(500, 100)).map(|n| pool.alloc([n as u64; 8])).collect();
    let mut forgotten = ManuallyDrop::new(boxes.remove(33));
    drop(pool);
    assert!(parent.0.pieces() > 5);
    drop(boxes);
    assert_eq!(parent.0.segments(), 1);
    assert_eq!(forgotten[7], 33);
    // SAFETY: once, and it is not used again. (A forgotten box would have been a leak of this test.)
    unsafe { ManuallyDrop::drop(&mut forgotten) };
    assert_eq!(parent.0.pieces(), 0);
}

#[test]
fn a_reopened_pool_outlives_the_box_it_came_from() {
    let parent = Watched::default();
    let only = watched_pool(&parent).alloc([1_u64; 8]);
    let pool = PoolBox::pool(&only);
    drop(only);
    assert!(pool.is_empty());
    assert_eq!(*pool.alloc([2; 8]), [2; 8]);
    drop(pool);
    assert_eq!(parent.0.pieces(), 0);
}

#[test]
fn unsized_boxes_give_a_closed_pools_memory_back() {
    let parent = Watched::default();
    let pool = watched_pool(&parent);
    let boxes: Vec<PoolBox<dyn std::fmt::Debug>> =
        (0..scaled(300, 40)).map(|n| unsize!(pool.alloc([n; 3]), dyn std::fmt::Debug)).collect();
    let slice: PoolBox<[usize]> = unsize!(pool.alloc([7; 3]), [usize]);
    drop(pool);
    let clone = slice.clone();
    assert_eq!(format!("{:?} {:?}", boxes[9], clone), "[9, 9, 9] [7, 7, 7]");
    drop((boxes, slice));
    assert_eq!(parent.0.segments(), 1);
    drop(clone);
    assert_eq!(parent.0.pieces(), 0);
}

#[test]
fn pools_of_pools_close_from_the_outside_in() {
    let parent = Watched::default();
    let (outer, inner) = (watched_pool(&parent), watched_pool::<u64>(&parent));
    let boxes: Vec<_> = (0..50).map(|n| outer.alloc((inner.alloc(n), inner.clone()))).collect();
    drop((outer, inner));
    let (kept, pool) = PoolBox::into_inner(boxes.into_iter().next_back().unwrap());
    assert_eq!((pool.len(), *kept), (1, 49));
    drop(pool);
    assert_eq!(parent.0.segments(), 1, "the outer pool is gone");
    drop(kept);
    assert_eq!(parent.0.pieces(), 0);
}

/// Notes when it is dropped, and that nothing is asked of it afterwards.
struct Mortal(Arc<AtomicBool>);

impl Drop for Mortal {
    fn drop(&mut self) {
        assert!(!self.0.swap(true, Relaxed));
    }
}

// SAFETY: all memory comes from `Global`.
unsafe impl Parent for Mortal {
    fn allocate(&self, layout: std::alloc::Layout) -> Option<std::ptr::NonNull<u8>> {
        assert!(!self.0.load(Relaxed));
        Global.allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: std::ptr::NonNull<u8>, layout: std::alloc::Layout) {
        assert!(!self.0.load(Relaxed));
        // SAFETY: it came from `Global` with this layout, by our caller's promise.
        unsafe { Global.deallocate(ptr, layout) };
    }
}

#[test]
fn a_parent_lives_as_long_as_the_last_box() {
    let gone = Arc::new(AtomicBool::new(false));
    let pool = Pool::builder().parent(Mortal(gone.clone())).build().unwrap();
    let boxed = pool.alloc(String::from("kept"));
    drop(pool);
    assert!(!gone.load(Relaxed) && *boxed == "kept");
    drop(boxed);
    assert!(gone.load(Relaxed));

    let gone = Arc::new(AtomicBool::new(false));
    let refused = Pool::<u64>::builder().capacity(2).max_chunks(1).parent(Mortal(gone.clone())).build();
    assert!(refused.is_err() && gone.load(Relaxed), "a pool that is not built keeps no parent");
}

#[test]
fn a_threads_variables_hold_pool_and_boxes_whichever_is_dropped_first() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);

    struct Noted;

    impl Drop for Noted {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Relaxed);
            // The pool's handle may be gone by now; its memory is not.
            let _ = POOL.try_with(|pool| drop((pool.alloc_uninit(), pool.alloc_uninit())));
        }
    }

    thread_local! {
        static POOL: Pool<Noted> = Pool::default();
        static BOXES: RefCell<Vec<PoolBox<Noted>>> = const { RefCell::new(Vec::new()) };
    }

    for pool_first in [true, false] {
        let work = move || {
            if pool_first {
                POOL.with(|pool| assert!(pool.is_empty()));
            } else {
                BOXES.with_borrow(|boxes| assert!(boxes.is_empty()));
            }
            POOL.with(|pool| {
                BOXES.with_borrow_mut(|boxes| boxes.extend((0..10).map(|_| pool.alloc(Noted))));
            });
        };
        std::thread::spawn(work).join().unwrap();
    }
    assert_eq!(DROPS.load(Relaxed), 20);
}
