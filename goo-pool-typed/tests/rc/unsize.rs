//! Handles to what has no size: trait objects and slices.

use std::any::Any;
use std::cell::Cell;
use std::fmt::Debug;

use crate::common::{Ledger, panic_of};
use crate::kind::{PoolRc, PoolWeak, RcPool};
use goo_pool_typed::generic::{Kind, PoolBox};
use goo_pool_typed::{Counted, unsize};

#[test]
fn an_object_has_the_counts_of_its_value() {
    let pool = RcPool::new();
    let one = pool.alloc(Cell::new(1));
    let object: PoolRc<dyn Debug> = unsize!(one.clone(), dyn Debug);
    let weak = PoolRc::downgrade(&object);
    assert_eq!((PoolRc::strong_count(&one), PoolRc::weak_count(&one)), (2, 1));
    one.set(2);
    assert_eq!(format!("{:?}", weak.upgrade().unwrap()), "Cell { value: 2 }");
    drop((one, object));
    assert!(weak.upgrade().is_none());
    assert_eq!(pool.len(), 1);
    drop(weak);
    assert!(pool.is_empty());
}

#[test]
fn a_slice_is_shared_like_its_array() {
    let (ledger, pool) = (Ledger::default(), RcPool::new());
    let array = pool.alloc([ledger.entry(), ledger.entry(), ledger.entry()]);
    let mut slice: PoolRc<[_]> = unsize!(array, [_]);
    assert_eq!(PoolRc::get_mut(&mut slice).unwrap().len(), 3);
    let weak = PoolRc::downgrade(&slice);
    assert!(PoolRc::get_mut(&mut slice).is_none());
    // SAFETY: it comes from `into_raw`, once.
    let slice = unsafe { PoolRc::from_raw(PoolRc::into_raw(slice)) };
    drop(slice);
    assert_eq!(ledger.dropped(), [0, 1, 2]);
    assert!(weak.upgrade().is_none() && !pool.is_empty());
    // SAFETY: the same.
    drop(unsafe { PoolWeak::from_raw(weak.into_raw()) });
    assert!(pool.is_empty());
}

#[test]
fn an_object_that_panics_in_its_destructor_gives_its_chunk_back() {
    for weak in [false, true] {
        let (ledger, pool) = (Ledger::default(), RcPool::new());
        let object: PoolRc<dyn Any> = unsize!(pool.alloc(ledger.entry()), dyn Any);
        let weak = weak.then(|| PoolRc::downgrade(&object));
        ledger.panic_in_drop_of(0);
        panic_of(|| drop(object));
        assert_eq!(pool.len(), usize::from(weak.is_some()));
        drop(weak);
        assert!(pool.is_empty());
    }
}

#[test]
fn an_object_alone_becomes_a_box_of_an_object_and_the_other_way_round() {
    fn there_and_back<H: Kind>(object: goo_pool_typed::generic::PoolRc<dyn Debug, H>) {
        let boxed: PoolBox<Counted<dyn Debug>, H> = PoolRcOf::try_into_box(object).unwrap();
        assert_eq!(format!("{boxed:?}"), "\"text\"");
        let object = PoolRcOf::from(boxed);
        assert_eq!(format!("{object:?}"), "\"text\"");
    }

    use goo_pool_typed::generic::PoolRc as PoolRcOf;

    let pool = RcPool::new();
    there_and_back(unsize!(pool.alloc(String::from("text")), dyn Debug));
    let boxed = unsize!(pool.alloc_box(String::from("text")), Counted<dyn Debug>);
    there_and_back(PoolRc::from(boxed));
    assert!(pool.is_empty());
}

#[test]
fn a_weak_handle_to_nothing_is_one_to_no_object() {
    let weak: PoolWeak<dyn Debug> = unsize!(PoolWeak::<u32>::new(), dyn Debug);
    assert!(weak.clone().upgrade().is_none());
    assert_eq!((weak.strong_count(), weak.weak_count()), (0, 0));
}

#[test]
fn a_weak_handle_to_what_is_not_made_yet_may_be_one_to_an_object() {
    struct Node(PoolWeak<dyn Debug>);

    impl Debug for Node {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "a node with {:?}", self.0)
        }
    }

    let pool: RcPool<Node> = RcPool::new();
    let node = pool.new_cyclic(|me| Node(unsize!(me.clone(), dyn Debug)));
    assert_eq!(format!("{:?}", node.0.upgrade().unwrap()), "a node with (Weak)");
    drop(node);
    assert!(pool.is_empty());
    let weak = pool.new_cyclic(|me| Node(unsize!(me.clone(), dyn Debug))).0.clone();
    assert!(weak.upgrade().is_none());
}

#[test]
fn what_is_not_of_the_type_stays_an_object() {
    let any: PoolRc<dyn Any + Send + Sync> = unsize!(RcPool::new().alloc(1_u32), dyn Any + Send + Sync);
    let other = any.clone();
    let any = any.downcast::<u64>().unwrap_err();
    assert_eq!(*any.downcast::<u32>().unwrap(), 1);
    let any: PoolRc<dyn Any + Send> = unsize!(other.downcast::<u32>().unwrap(), dyn Any + Send);
    assert!(any.downcast::<u32>().is_ok());
}
