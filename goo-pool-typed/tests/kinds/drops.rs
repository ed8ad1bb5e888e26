//! Every value is dropped once, whichever way its box comes and goes.

use std::any::Any;
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::common::{Entry, Ledger, StaticMemory, assert_serves, panic_of};
use crate::kind::{Pool, PoolBox};
use goo_pool_typed::unsize;

type Make = fn(&Pool<Entry>, &Ledger) -> PoolBox<Entry>;
type End = fn(PoolBox<Entry>);

/// All ways to make a box.
const WAYS_IN: [(&str, Make); 11] = [
    ("alloc", |pool, ledger| pool.alloc(ledger.entry())),
    ("try_alloc", |pool, ledger| pool.try_alloc(ledger.entry()).unwrap()),
    ("alloc_with", |pool, ledger| pool.alloc_with(|| ledger.entry())),
    ("try_alloc_with", |pool, ledger| pool.try_alloc_with(|| ledger.entry()).unwrap()),
    ("alloc_uninit", |pool, ledger| PoolBox::write(pool.alloc_uninit(), ledger.entry())),
    ("try_alloc_uninit", |pool, ledger| PoolBox::write(pool.try_alloc_uninit().unwrap(), ledger.entry())),
    ("assume_init", |pool, ledger| {
        let mut slot = pool.alloc_uninit();
        slot.write(ledger.entry());
        // SAFETY: just written.
        unsafe { slot.assume_init() }
    }),
    ("alloc_zeroed", |pool, ledger| PoolBox::write(pool.alloc_zeroed(), ledger.entry())),
    ("alloc_iter", |pool, ledger| pool.alloc_iter([ledger.entry()]).next().unwrap()),
    ("alloc_iter from the back", |pool, ledger| pool.alloc_iter([ledger.entry()]).next_back().unwrap()),
    ("clone", |pool, ledger| {
        let original = pool.alloc(ledger.entry());
        original.clone()
    }),
];

/// All ways to give up a box, the value with it.
const WAYS_OUT: [(&str, End); 13] = [
    ("drop", |boxed| drop(boxed)),
    ("into_inner", |boxed| drop(PoolBox::into_inner(boxed))),
    ("into_raw and from_raw", |boxed| {
        let raw = PoolBox::into_raw(boxed);
        // SAFETY: it came from `into_raw`, once.
        drop(unsafe { PoolBox::from_raw(raw) });
    }),
    ("into_raw and from_raw as a type of the same layout", |boxed| {
        let raw = PoolBox::into_raw(boxed).cast::<ManuallyDrop<Entry>>();
        // SAFETY: it came from `into_raw`, once; the layout is the same.
        let boxed = unsafe { PoolBox::from_raw(raw) };
        drop(ManuallyDrop::into_inner(PoolBox::into_inner(boxed)));
    }),
    ("pin", |boxed| drop(PoolBox::into_pin(boxed))),
    ("Pin::from", |boxed| drop(std::pin::Pin::from(boxed))),
    ("another value assigned", |mut boxed| {
        let ledger = Ledger::default();
        *boxed = ledger.entry();
        drop(boxed);
        ledger.assert_settled();
    }),
    ("another box assigned", |mut boxed| {
        let pool = PoolBox::pool(&boxed);
        let ledger = Ledger::default();
        boxed = pool.alloc(ledger.entry());
        drop(boxed);
        ledger.assert_settled();
    }),
    ("swapped out", |mut boxed| {
        let ledger = Ledger::default();
        let mut outside = ledger.entry();
        std::mem::swap(&mut *boxed, &mut outside);
        drop((boxed, outside));
        ledger.assert_settled();
    }),
    ("dyn", |boxed| drop(unsize!(boxed, dyn Any))),
    ("downcast", |boxed| drop(unsize!(boxed, dyn Any).downcast::<Entry>().unwrap())),
    ("downcast to something else", |boxed| {
        drop(unsize!(boxed, dyn Any).downcast::<String>().expect_err("it is no String"));
    }),
    ("unwinding", |boxed| {
        let message = panic_of(move || {
            let _boxed = boxed;
            panic!("on the way");
        });
        assert_eq!(message, "on the way");
    }),
];

#[test]
fn a_value_is_dropped_once_whatever_way_its_box_comes_and_goes() {
    for (way_in, make) in WAYS_IN {
        for (way_out, end) in WAYS_OUT {
            // Two, since "clone" and "another box assigned" have two boxes at a time.
            let pool = Pool::builder().max_chunks(2).build().unwrap();
            let ledger = Ledger::default();
            let boxed = make(&pool, &ledger);
            assert_eq!(ledger.live(), 1, "{way_in}, {way_out}");
            assert_eq!(pool.len(), 1, "{way_in}, {way_out}");
            end(boxed);
            assert_eq!(ledger.live(), 0, "{way_in}, {way_out}");
            assert_serves(&pool, 2);
        }
    }
}

#[test]
fn boxes_in_a_collection_are_dropped_once_in_its_order() {
    let pool = Pool::new();
    let ledger = Ledger::default();
    let mut boxes: Vec<_> = pool.alloc_iter((0..10).map(|_| ledger.entry())).collect();
    boxes.truncate(8);
    assert_eq!(ledger.dropped(), [8, 9]);
    drop(boxes.remove(3));
    boxes.swap(0, 1);
    drop(boxes);
    assert_eq!(ledger.dropped(), [8, 9, 3, 1, 0, 2, 4, 5, 6, 7]);
    assert!(pool.is_empty());
}

#[test]
fn a_box_in_a_box_is_dropped_with_it() {
    let (inner, outer) = (Pool::new(), Pool::new());
    let ledger = Ledger::default();
    let boxed = outer.alloc(inner.alloc(ledger.entry()));
    assert_eq!(boxed.number, 0);
    let moved_out: PoolBox<Entry> = PoolBox::into_inner(boxed);
    assert_eq!((ledger.live(), inner.len(), outer.len()), (1, 1, 0));
    drop(outer.alloc(moved_out));
    assert_eq!((ledger.live(), inner.len(), outer.len()), (0, 0, 0));
}

#[test]
fn every_element_of_a_slice_is_dropped_once() {
    let pool = Pool::new();
    let ledger = Ledger::default();
    let array = pool.alloc([ledger.entry(), ledger.entry(), ledger.entry()]);
    let slice: PoolBox<[Entry]> = unsize!(array, [Entry]);
    let clone = slice.clone();
    assert_eq!((ledger.live(), pool.len()), (6, 2));
    drop(slice);
    assert_eq!(ledger.dropped(), [0, 1, 2]);
    drop(clone);
    assert_eq!(ledger.dropped(), [0, 1, 2, 3, 4, 5]);
    assert!(pool.is_empty());
}

#[test]
fn clone_from_drops_what_was_there() {
    let pool = Pool::new();
    let ledger = Ledger::default();
    let mut target = pool.alloc(ledger.entry());
    let source = pool.alloc(ledger.entry());
    target.clone_from(&source);
    assert_eq!(ledger.dropped(), [0]);
    assert_eq!(target.number, 2);
    drop((target, source));
    ledger.assert_settled();
    assert!(pool.is_empty());
}

#[test]
fn clone_from_a_slice_drops_what_was_there() {
    let pool = Pool::new();
    let ledger = Ledger::default();
    let mut target: PoolBox<[Entry]> = unsize!(pool.alloc([ledger.entry(), ledger.entry()]), [Entry]);
    let source: PoolBox<[Entry]> = unsize!(pool.alloc([ledger.entry(), ledger.entry()]), [Entry]);
    target.clone_from(&source);
    let mut dropped = ledger.dropped();
    dropped.sort_unstable();
    assert_eq!(dropped, [0, 1]);
    drop((target, source));
    ledger.assert_settled();
    assert!(pool.is_empty());
}

#[test]
fn a_chunk_without_a_value_drops_nothing() {
    let pool = Pool::<Entry>::new();
    let ledger = Ledger::default();
    drop(pool.alloc_uninit());
    drop(pool.alloc_zeroed());
    let mut slot = pool.try_alloc_uninit().unwrap();
    // The slot does not know that it holds a value now, so the value stays the writer's to drop.
    let written: *mut Entry = slot.write(ledger.entry());
    // SAFETY: just written, and read once.
    drop(unsafe { written.read() });
    drop(slot);
    ledger.assert_settled();
    assert!(pool.is_empty());
}

#[test]
fn a_refused_value_is_dropped_with_the_error_or_comes_back() {
    let pool = Pool::builder().max_chunks(1).build().unwrap();
    let ledger = Ledger::default();
    let first = pool.alloc(ledger.entry());
    drop(pool.try_alloc(ledger.entry()).map(drop).unwrap_err());
    assert_eq!(ledger.dropped(), [1]);
    let back: Entry = pool.try_alloc(ledger.entry()).map(drop).unwrap_err().into_value();
    assert_eq!((back.number, ledger.live()), (2, 2));
    drop(first);
    assert_eq!(pool.alloc(back).number, 2);
    ledger.assert_settled();
}

#[test]
fn a_value_that_alloc_has_no_chunk_for_is_dropped() {
    let pool = Pool::builder().max_chunks(1).build().unwrap();
    let ledger = Ledger::default();
    let first = pool.alloc(ledger.entry());
    let message = panic_of(|| drop(pool.alloc(ledger.entry())));
    assert!(message.contains("limit of 1 chunks"), "{message}");
    assert_eq!(ledger.dropped(), [1]);
    drop(first);
    ledger.assert_settled();
    assert_serves(&pool, 1);
}

#[test]
fn values_that_alloc_iter_did_not_box_are_dropped_with_it() {
    let pool = Pool::new();
    let ledger = Ledger::default();
    let values: Vec<_> = (0..5).map(|_| ledger.entry()).collect();
    let mut boxes = pool.alloc_iter(values);
    let (first, last) = (boxes.next().unwrap(), boxes.next_back().unwrap());
    assert_eq!((first.number, last.number, ledger.live()), (0, 4, 5));
    drop(boxes);
    assert_eq!(ledger.dropped(), [1, 2, 3]);
    drop((first, last));
    ledger.assert_settled();
}

#[test]
fn a_value_without_a_destructor_gives_its_chunk_back() {
    let pool = Pool::builder().max_chunks(1).build().unwrap();
    drop(pool.alloc(1));
    assert_eq!(PoolBox::into_inner(pool.alloc(2)), 2);
    assert_serves(&pool, 1);
}

#[test]
fn a_leaked_value_stays_for_ever() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);

    struct Noted(u32);

    impl Drop for Noted {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Relaxed);
        }
    }

    let pool = Pool::builder().parent(StaticMemory).build().unwrap();
    let leaked: &'static mut Noted = PoolBox::leak(pool.alloc(Noted(7)));
    let neighbour = pool.alloc(Noted(0));
    leaked.0 += 1;
    assert_eq!(pool.len(), 2);
    drop((pool, neighbour));
    leaked.0 += 1;
    assert_eq!((leaked.0, DROPS.load(Relaxed)), (9, 1));
}
