//! Foreign code that panics: constructors, clones, and destructors in the middle of a step.

use super::memory::{assert_serves, pool_of};
use crate::common::{Ledger, panic_of};
use crate::kind::{PoolRc, PoolWeak};

#[test]
fn a_constructor_that_panics_leaves_a_free_chunk() {
    let (ledger, pool) = (Ledger::default(), pool_of(2));
    for _ in 0..5 {
        panic_of(|| {
            let _ = pool.alloc_with(|| {
                let _built = ledger.entry();
                panic!("in the constructor")
            });
        });
        panic_of(|| {
            let _ = pool.new_cyclic(|_| {
                let _built = ledger.entry();
                panic!("in the constructor")
            });
        });
    }
    ledger.assert_settled();
    assert_serves(&pool, 2);
}

/// Clones of a handle to what is not written yet are handles to that.
#[test]
fn memory_without_a_value_is_shared_and_freed_without_a_destructor() {
    let (ledger, pool) = (Ledger::default(), pool_of(2));
    drop(pool.alloc_uninit());
    let mut slot = pool.alloc_uninit();
    PoolRc::get_mut(&mut slot).unwrap().write(ledger.entry());
    let (other, weak) = (slot.clone(), PoolRc::downgrade(&slot));
    // SAFETY: just written.
    let entry = unsafe { slot.assume_init() };
    assert_eq!((PoolRc::strong_count(&entry), PoolRc::weak_count(&entry)), (2, 1));
    drop(other);
    assert!(weak.upgrade().is_some());
    drop(entry);
    assert!(weak.upgrade().is_none());
    drop(weak);
    ledger.assert_settled();
    assert_serves(&pool, 2);
}

#[test]
fn a_weak_handle_to_what_was_never_made_finds_nothing() {
    let (ledger, pool) = (Ledger::default(), pool_of(2));
    let mut kept = PoolWeak::new();
    panic_of(|| {
        let _ = pool.new_cyclic(|me| {
            kept = me.clone();
            let _built = ledger.entry();
            panic!("in the constructor")
        });
    });
    assert!(kept.upgrade().is_none());
    assert_eq!((pool.len(), kept.strong_count(), kept.weak_count()), (1, 0, 0));
    drop(kept);
    assert_serves(&pool, 2);
}

#[test]
fn a_value_is_dropped_although_who_gets_it_before_panics() {
    for weak in [false, true] {
        let (ledger, pool) = (Ledger::default(), pool_of(2));
        let one = pool.alloc(ledger.entry());
        let weak = weak.then(|| PoolRc::downgrade(&one));
        PoolRc::drop_with(one.clone(), |_| panic!("it is not the last"));
        let message = panic_of(|| {
            PoolRc::drop_with(one, |entry| {
                entry.assert_live();
                panic!("before the destructor")
            });
        });
        assert!(message.contains("before the destructor"));
        assert_eq!((ledger.dropped(), pool.len()), (vec![0], usize::from(weak.is_some())));
        assert!(weak.is_none_or(|weak| weak.upgrade().is_none()));
        assert_serves(&pool, 2);
    }
}

#[test]
fn a_clone_that_panics_leaves_the_handle_as_it_was() {
    for weak in [false, true] {
        let (ledger, pool) = (Ledger::default(), pool_of(3));
        let mut one = pool.alloc(ledger.entry());
        let other = one.clone();
        let _weak = weak.then(|| PoolRc::downgrade(&one));
        ledger.panic_after_clones(0);
        let message = panic_of(|| {
            PoolRc::make_mut(&mut one);
        });
        assert!(message.contains("the clone panics"));
        assert_eq!((one.number, PoolRc::strong_count(&one), pool.len(), ledger.live()), (0, 2, 1, 1));
        panic_of(|| drop(PoolRc::unwrap_or_clone(one)));
        assert_eq!((other.number, PoolRc::strong_count(&other), pool.len(), ledger.live()), (0, 1, 1, 1));
        drop((other, _weak));
        ledger.assert_settled();
        assert_serves(&pool, 3);
    }
}

#[test]
fn make_mut_without_a_chunk_leaves_the_handle_as_it_was() {
    let (ledger, pool) = (Ledger::default(), pool_of(1));
    let mut one = pool.alloc(ledger.entry());
    let other = one.clone();
    let refused = |rc: &mut PoolRc<_>| {
        panic_of(|| {
            PoolRc::make_mut(rc);
        })
    };
    assert!(refused(&mut one).contains("limit"));
    assert_eq!((one.number, PoolRc::strong_count(&other)), (0, 2));
    drop(other);
    let weak = PoolRc::downgrade(&one);
    assert!(refused(&mut one).contains("limit"));
    assert_eq!((PoolRc::strong_count(&one), weak.upgrade().unwrap().number), (1, 0));
    drop(weak);
    assert_eq!(PoolRc::make_mut(&mut one).number, 0);
    drop(one);
    ledger.assert_settled();
    assert_serves(&pool, 1);
}

/// What a handle that is overwritten drops is dropped after the new value is in its place.
#[test]
fn make_mut_survives_the_destructor_of_the_last_other_handle() {
    use std::cell::RefCell;
    use std::rc::Rc;

    /// A clone drops the other handles to its original.
    struct Jealous(Rc<RefCell<Vec<PoolRc<Jealous>>>>, crate::common::Entry);

    impl Clone for Jealous {
        fn clone(&self) -> Self {
            let others = self.0.take();
            drop(others);
            Self(self.0.clone(), self.1.clone())
        }
    }

    let (ledger, pool) = (Ledger::default(), pool_of(2));
    let mut one = pool.alloc(Jealous(Rc::default(), ledger.entry()));
    one.0.borrow_mut().push(one.clone());
    assert_eq!(PoolRc::strong_count(&one), 2);
    let number = PoolRc::make_mut(&mut one).1.number;
    assert_eq!((number, ledger.dropped(), pool.len()), (1, vec![0], 1));
    one.0.borrow_mut().push(one.clone());
    ledger.panic_in_drop_of(1);
    panic_of(|| {
        PoolRc::make_mut(&mut one);
    });
    assert_eq!((one.1.number, PoolRc::strong_count(&one), pool.len()), (2, 1, 1));
    drop(one);
    ledger.assert_settled();
    assert_serves(&pool, 2);
}
