//! Every value is dropped once and every chunk comes back, whichever way its handles come and go.

use std::any::Any;
use std::mem::MaybeUninit;
use std::pin::Pin;

use super::memory::{Memory, pool_in, pool_of};
use crate::common::{Entry, Ledger, panic_of};
use crate::kind::{PoolRc, PoolWeak, RcPool};
use goo_pool_typed::unsize;

type Make = fn(&RcPool<Entry>, &Ledger) -> PoolRc<Entry>;
type End = fn(PoolRc<Entry>);

/// In place.
fn written(mut slot: PoolRc<MaybeUninit<Entry>>, ledger: &Ledger) -> PoolRc<Entry> {
    PoolRc::get_mut(&mut slot).expect("alone").write(ledger.entry());
    // SAFETY: just written.
    unsafe { slot.assume_init() }
}

/// All ways to come to a handle that is alone.
const WAYS_IN: [(&str, Make); 15] = [
    ("alloc", |pool, ledger| pool.alloc(ledger.entry())),
    ("try_alloc", |pool, ledger| pool.try_alloc(ledger.entry()).unwrap()),
    ("alloc_with", |pool, ledger| pool.alloc_with(|| ledger.entry())),
    ("try_alloc_with", |pool, ledger| pool.try_alloc_with(|| ledger.entry()).unwrap()),
    ("new_cyclic", |pool, ledger| pool.new_cyclic(|_| ledger.entry())),
    ("alloc_uninit", |pool, ledger| written(pool.alloc_uninit(), ledger)),
    ("try_alloc_uninit", |pool, ledger| written(pool.try_alloc_uninit().unwrap(), ledger)),
    ("alloc_box", |pool, ledger| pool.alloc_box(ledger.entry()).into()),
    ("pin", |pool, ledger| Pin::into_inner(pool.pin(ledger.entry()))),
    ("clone", |pool, ledger| pool.alloc(ledger.entry()).clone()),
    ("upgrade", |pool, ledger| {
        let strong = pool.alloc(ledger.entry());
        PoolRc::downgrade(&strong).upgrade().unwrap()
    }),
    ("make_mut that clones", |pool, ledger| {
        let original = pool.alloc(ledger.entry());
        let mut other = original.clone();
        PoolRc::make_mut(&mut other);
        other
    }),
    ("make_mut that moves", |pool, ledger| {
        let mut one = pool.alloc(ledger.entry());
        let _weak = PoolRc::downgrade(&one);
        PoolRc::make_mut(&mut one);
        one
    }),
    ("as an object and back", |pool, ledger| {
        unsize!(pool.alloc(ledger.entry()), dyn Any).downcast().expect("what it was")
    }),
    ("pool of a handle", |pool, ledger| PoolRc::pool(&pool.alloc(ledger.entry())).alloc(ledger.entry())),
];

/// All ways to give it up, the value with it.
const WAYS_OUT: [(&str, End); 25] = [
    ("drop", |rc| drop(rc)),
    ("try_unwrap", |rc| drop(PoolRc::try_unwrap(rc))),
    ("into_inner", |rc| drop(PoolRc::into_inner(rc).unwrap())),
    ("unwrap_or_clone", |rc| drop(PoolRc::unwrap_or_clone(rc))),
    ("try_into_box", |rc| drop(PoolRc::try_into_box(rc).ok().unwrap())),
    ("to a box and back", |rc| drop(PoolRc::from(PoolRc::try_into_box(rc).ok().unwrap()))),
    ("drop_with", |rc| {
        let mut seen = 0;
        PoolRc::drop_with(rc, |entry| {
            entry.assert_live();
            seen += 1;
        });
        assert_eq!(seen, 1);
    }),
    ("drop_with of two", |rc| {
        PoolRc::drop_with(rc.clone(), |_| unreachable!("it is not the last"));
        PoolRc::drop_with(rc, |entry| entry.assert_live());
    }),
    ("drop_with beside a weak handle", |rc| {
        let weak = PoolRc::downgrade(&rc);
        PoolRc::drop_with(rc, |entry| {
            entry.assert_live();
            assert!(weak.upgrade().is_none());
            assert_eq!((weak.strong_count(), weak.weak_count()), (0, 0));
        });
    }),
    ("a clone last", |rc| {
        let other = rc.clone();
        drop(rc);
        drop(other);
    }),
    ("a clone first", |rc| drop(rc.clone())),
    ("try_unwrap that fails", |rc| {
        let _other = rc.clone();
        drop(PoolRc::try_unwrap(rc).err().unwrap());
    }),
    ("into_inner of two", |rc| {
        let other = rc.clone();
        assert!(PoolRc::into_inner(rc).is_none());
        drop(PoolRc::into_inner(other).unwrap());
    }),
    ("unwrap_or_clone of two", |rc| {
        let other = rc.clone();
        drop(PoolRc::unwrap_or_clone(rc));
        drop(other);
    }),
    ("a weak handle last", |rc| {
        let weak = PoolRc::downgrade(&rc);
        drop(rc);
        assert!(weak.clone().upgrade().is_none());
    }),
    ("try_unwrap beside a weak handle", |rc| {
        let weak = PoolRc::downgrade(&rc);
        drop(PoolRc::try_unwrap(rc));
        assert!(weak.upgrade().is_none());
    }),
    ("into_inner beside a weak handle", |rc| {
        let weak = PoolRc::downgrade(&rc);
        drop(PoolRc::into_inner(rc).unwrap());
        assert!(weak.upgrade().is_none());
    }),
    ("a handle from a weak one", |rc| {
        let weak = PoolRc::downgrade(&rc);
        let other = weak.upgrade();
        drop((rc, weak, other));
    }),
    ("into_raw", |rc| {
        let raw = PoolRc::into_raw(rc);
        // SAFETY: it comes from `into_raw`, once.
        drop(unsafe { PoolRc::from_raw(raw) });
    }),
    ("into_raw of a weak one", |rc| {
        let raw = PoolRc::downgrade(&rc).into_raw();
        // SAFETY: it comes from `into_raw`, once.
        let _weak = unsafe { PoolWeak::from_raw(raw) };
        drop(rc);
    }),
    ("decrement_strong_count", |rc| {
        let raw = PoolRc::into_raw(rc);
        // SAFETY: it comes from `into_raw`, once.
        unsafe { PoolRc::decrement_strong_count(raw) };
    }),
    ("increment_strong_count", |rc| {
        let raw = PoolRc::into_raw(rc);
        // SAFETY: it comes from `into_raw`, and counts.
        unsafe { PoolRc::increment_strong_count(raw) };
        // SAFETY: it counts for two handles, of which this is the first.
        unsafe { PoolRc::decrement_strong_count(raw) };
        // SAFETY: and this the other.
        let rc = unsafe { PoolRc::from_raw(raw) };
        assert_eq!(PoolRc::strong_count(&rc), 1);
    }),
    ("as a pinned object", |rc| {
        // SAFETY: nobody moves the value.
        let pinned = unsafe { Pin::new_unchecked(rc) };
        let other: Pin<PoolRc<dyn Any>> = unsize!(pinned.clone(), dyn Any);
        drop(pinned);
        drop(other);
    }),
    ("as an object", |rc| {
        let other: PoolRc<dyn Any> = unsize!(rc.clone(), dyn Any);
        drop(rc);
        drop(other);
    }),
    ("a weak handle to an object last", |rc| {
        let weak: PoolWeak<dyn Any> = unsize!(PoolRc::downgrade(&rc), dyn Any);
        drop(rc);
        assert!(weak.upgrade().is_none());
    }),
];

#[test]
fn every_value_is_dropped_once_and_its_memory_comes_back() {
    for (way_in, make) in WAYS_IN {
        for (way_out, end) in WAYS_OUT {
            for close in [false, true] {
                println!("{way_in}, {way_out}, closed: {close}");
                let (memory, ledger) = (Memory::default(), Ledger::default());
                let pool = pool_in(&memory);
                let rc = make(&pool, &ledger);
                assert_eq!((ledger.live(), pool.len()), (1, 1));
                let pool = (!close).then_some(pool);
                end(rc);
                ledger.assert_settled();
                assert!(pool.as_ref().is_none_or(RcPool::is_empty));
                drop(pool);
                assert_eq!(memory.pieces(), 0);
            }
        }
    }
}

#[test]
fn a_destructor_that_panics_loses_no_chunk() {
    for (way_in, make) in WAYS_IN {
        for (way_out, end) in WAYS_OUT {
            for close in [false, true] {
                println!("{way_in}, {way_out}, closed: {close}");
                let (memory, ledger) = (Memory::default(), Ledger::default());
                let pool = pool_in(&memory);
                let rc = make(&pool, &ledger);
                ledger.panic_in_drop_of(rc.number);
                let pool = (!close).then_some(pool);
                assert!(panic_of(|| end(rc)).contains("the destructor panics"));
                ledger.assert_settled();
                assert!(pool.as_ref().is_none_or(RcPool::is_empty));
                drop(pool);
                assert_eq!(memory.pieces(), 0);
            }
        }
    }
}

#[test]
fn a_value_that_is_refused_comes_back() {
    let ledger = Ledger::default();
    let pool = pool_of(1);
    let one = pool.alloc(ledger.entry());
    let refused = pool.try_alloc(ledger.entry()).err().unwrap();
    assert_eq!(refused.into_value().number, 1);
    assert!(panic_of(|| drop(pool.alloc(ledger.entry()))).contains("limit"));
    assert_eq!(ledger.dropped(), [1, 2]);
    drop(one);
    ledger.assert_settled();
}
