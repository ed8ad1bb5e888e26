//! Constructors, destructors and clones that use the handles and the pool that they run for.

use std::cell::{Cell, OnceCell, RefCell};
use std::mem::take;
use std::rc::Rc;

use super::memory::{Memory, assert_serves, pool_in, pool_of};
use crate::common::scaled;
use crate::kind::{PoolRc, PoolWeak, RcPool};

/// Looks for itself when it is dropped.
#[derive(Default)]
struct Seeker {
    me: OnceCell<PoolWeak<Seeker>>,
    /// What it found, and where it leaves its weak handle.
    found: Rc<Cell<Option<bool>>>,
    left: Rc<RefCell<PoolWeak<Seeker>>>,
}

impl Drop for Seeker {
    fn drop(&mut self) {
        let Some(me) = self.me.take() else { return };
        self.found.set(Some(me.upgrade().is_some() || me.clone().upgrade().is_some()));
        assert_eq!((me.strong_count(), me.weak_count()), (0, 0));
        *self.left.borrow_mut() = me;
    }
}

#[test]
fn a_destructor_finds_its_own_value_gone() {
    let ends: [fn(PoolRc<Seeker>); 3] = [
        |rc| drop(rc),
        |rc| drop((rc.clone(), rc)),
        |rc| drop(PoolRc::into_inner(rc.clone()).or(PoolRc::into_inner(rc))),
    ];
    for end in ends {
        for close in [false, true] {
            let memory = Memory::default();
            let pool = pool_in(&memory);
            let rc = pool.new_cyclic(|me| {
                let seeker = Seeker::default();
                seeker.me.set(me.clone()).expect("new");
                seeker
            });
            let (found, left) = (rc.found.clone(), rc.left.clone());
            let pool = (!close).then_some(pool);
            end(rc);
            assert_eq!(found.get(), Some(false));
            assert!(left.borrow().upgrade().is_none());
            assert!(pool.as_ref().is_none_or(|pool| pool.len() == 1), "the weak handle that it left keeps the chunk");
            assert!(memory.pieces() > 0);
            drop(left);
            assert!(pool.as_ref().is_none_or(RcPool::is_empty));
            drop(pool);
            assert_eq!(memory.pieces(), 0);
        }
    }
}

/// As with `Rc`: documented, and here so that it stays true that a circle is all that it takes, and a weak handle all that
/// helps.
#[test]
fn a_circle_keeps_its_values_until_it_is_broken() {
    struct Link(RefCell<Option<PoolRc<Link>>>);

    let memory = Memory::default();
    let pool = pool_in(&memory);
    let one = pool.alloc(Link(RefCell::default()));
    let other = pool.alloc(Link(RefCell::new(Some(one.clone()))));
    one.0.replace(Some(other));
    let weak = PoolRc::downgrade(&one);
    drop((one, pool));
    let one = weak.upgrade().expect("the circle keeps it");
    assert!(memory.pieces() > 0);
    one.0.take();
    drop(one);
    assert!(weak.upgrade().is_none());
    drop(weak);
    assert_eq!(memory.pieces(), 0);
}

/// Runs code when it is dropped.
#[derive(Default)]
struct OnDrop(Option<Box<dyn FnOnce()>>);

impl OnDrop {
    fn run(code: impl FnOnce() + 'static) -> Self {
        Self(Some(Box::new(code)))
    }
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        if let Some(code) = self.0.take() {
            code();
        }
    }
}

/// Does with a pool whatever can be done with it, and leaves as many chunks in use as there were.
fn use_in_every_way(pool: &RcPool<OnDrop>) {
    let before = pool.len();
    let values = scaled(300, 30);
    pool.reserve(values / 2).unwrap();
    let mut all: Vec<_> = (0..values).map(|_| pool.alloc_default()).collect();
    let weak: Vec<_> = all.iter().map(PoolRc::downgrade).collect();
    all.drain(values / 3..values / 2);
    pool.shrink_to_fit();
    assert_eq!(weak.iter().filter_map(PoolWeak::upgrade).count(), all.len());
    assert_eq!(pool.len(), before + values);
    drop(PoolRc::into_inner(all.swap_remove(1)));
    all.push(pool.new_cyclic(|_| take(PoolRc::get_mut(&mut pool.alloc_default()).unwrap())));
    assert!(PoolRc::pool(&all[0]).ptr_eq(pool));
    drop((all, weak));
    pool.shrink_to_fit();
    assert_eq!(pool.len(), before);
}

#[test]
fn constructors_and_destructors_may_use_their_pool_in_every_way() {
    for weak in [false, true] {
        let pool = pool_of(2000);
        let making = pool.clone();
        let rc = pool.new_cyclic(|_| {
            use_in_every_way(&making);
            let pool = making.clone();
            OnDrop::run(move || use_in_every_way(&pool))
        });
        let weak = weak.then(|| PoolRc::downgrade(&rc));
        drop((making, rc));
        assert_eq!(pool.len(), usize::from(weak.is_some()));
        drop(weak);
        assert_serves(&pool, 2000);
    }
}

#[test]
fn the_last_handle_to_a_pool_may_be_in_one_of_its_values() {
    for weak in [false, true] {
        let memory = Memory::default();
        let pool = pool_in(&memory);
        let rc = pool.alloc_with(|| {
            let pool = pool.clone();
            OnDrop::run(move || use_in_every_way(&pool))
        });
        let weak = weak.then(|| PoolRc::downgrade(&rc));
        drop((pool, rc));
        assert_eq!(memory.pieces() > 0, weak.is_some());
        drop(weak);
        assert_eq!(memory.pieces(), 0);
    }
}

#[test]
fn values_that_own_handles_to_others_go_with_the_first() {
    struct Node {
        _next: Option<PoolRc<Node>>,
        other: RefCell<Option<PoolRc<Node>>>,
        up: PoolWeak<Node>,
    }

    let memory = Memory::default();
    let pool = pool_in(&memory);
    let mut list: Option<PoolRc<Node>> = None;
    for _ in 0..scaled(1000, 50) {
        let up = list.as_ref().map_or_else(PoolWeak::new, PoolRc::downgrade);
        list = Some(pool.alloc(Node { _next: list.take(), other: RefCell::default(), up }));
    }
    let list = list.unwrap();
    // A circle of strong handles through weak ones is broken by hand.
    let below = list.up.upgrade().unwrap();
    *below.other.borrow_mut() = Some(list.clone());
    drop(list);
    assert!(!pool.is_empty());
    drop(below.other.take());
    assert_eq!(PoolRc::strong_count(&below), 1);
    drop(below);
    assert!(pool.is_empty());
    drop(pool);
    assert_eq!(memory.pieces(), 0);
}
