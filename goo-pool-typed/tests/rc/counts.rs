//! What handles say about each other, and who may change the value.

use std::marker::PhantomPinned;
use std::mem::{ManuallyDrop, swap};
use std::pin::Pin;

use crate::kind::{Pool, PoolRc, PoolWeak, RcPool};
use goo_pool_typed::Counted;

#[track_caller]
fn assert_counts<T>(rc: &PoolRc<T>, strong: usize, weak: usize) {
    assert_eq!((PoolRc::strong_count(rc), PoolRc::weak_count(rc)), (strong, weak));
}

#[test]
fn counts_are_those_of_the_handles() {
    let pool = RcPool::new();
    let one = pool.alloc(1);
    assert_counts(&one, 1, 0);
    let weak = PoolRc::downgrade(&one);
    let other = one.clone();
    assert_counts(&one, 2, 1);
    let copy = weak.clone();
    assert_counts(&other, 2, 2);
    let third = copy.upgrade().unwrap();
    assert_counts(&third, 3, 2);
    drop((third, copy));
    assert_counts(&one, 2, 1);
    assert_eq!((weak.strong_count(), weak.weak_count()), (2, 1));
    drop((one, other));
    assert_eq!((weak.strong_count(), weak.weak_count()), (0, 0));
    let copy = weak.clone();
    assert_eq!((copy.strong_count(), copy.weak_count(), pool.len()), (0, 0, 1));
    assert!(copy.upgrade().is_none());
    drop((weak, copy));
    assert!(pool.is_empty());
}

#[test]
fn a_handle_to_nothing_counts_nothing_and_is_no_other() {
    let nothing = PoolWeak::<String>::new();
    assert!(nothing.upgrade().is_none());
    assert_eq!((nothing.strong_count(), nothing.weak_count()), (0, 0));
    assert!(nothing.ptr_eq(&nothing.clone()) && nothing.ptr_eq(&PoolWeak::default()));
    let one = RcPool::new().alloc(String::new());
    assert!(!nothing.ptr_eq(&PoolRc::downgrade(&one)));
    // SAFETY: it comes from `into_raw`, once.
    let back = unsafe { PoolWeak::from_raw(nothing.into_raw()) };
    assert!(back.upgrade().is_none());
}

#[test]
fn only_a_handle_that_is_alone_changes_the_value() {
    let pool = RcPool::new();
    let mut one = pool.alloc(1);
    *PoolRc::get_mut(&mut one).unwrap() = 2;
    let other = one.clone();
    assert!(PoolRc::get_mut(&mut one).is_none());
    drop(other);
    let weak = PoolRc::downgrade(&one);
    assert!(PoolRc::get_mut(&mut one).is_none(), "a weak handle could be upgraded");
    drop(weak);
    *PoolRc::get_mut(&mut one).unwrap() += 1;
    assert_eq!(*one, 3);
}

#[test]
fn make_mut_changes_alone_clones_among_others_and_moves_away_from_weak_ones() {
    let pool = RcPool::new();
    let mut one = pool.alloc(vec![1]);
    let (place, buffer) = (PoolRc::as_ptr(&one), one.as_ptr());
    PoolRc::make_mut(&mut one)[0] = 2;
    assert_eq!((PoolRc::as_ptr(&one), pool.len()), (place, 1));

    let mut other = one.clone();
    PoolRc::make_mut(&mut other)[0] = 3;
    assert_eq!((one[0], other[0], pool.len()), (2, 3, 2));
    assert_counts(&one, 1, 0);
    assert_counts(&other, 1, 0);

    let weak = PoolRc::downgrade(&one);
    PoolRc::make_mut(&mut one)[0] = 4;
    assert!(weak.upgrade().is_none());
    assert_eq!(
        (one[0], one.as_ptr(), pool.len()),
        (4, buffer, 3),
        "moved, and the old chunk waits for the weak handle"
    );
    assert_ne!(PoolRc::as_ptr(&one), place);
    assert_counts(&one, 1, 0);
    drop(weak);
    assert_eq!(pool.len(), 2);
}

#[test]
fn the_last_strong_handle_takes_the_value() {
    let pool = RcPool::new();
    let one = pool.alloc(String::from("text"));
    let other = one.clone();
    let one = PoolRc::try_unwrap(one).unwrap_err();
    assert_counts(&one, 2, 0);
    assert_eq!(PoolRc::into_inner(one), None);
    assert_counts(&other, 1, 0);
    let weak = PoolRc::downgrade(&other);
    assert_eq!(PoolRc::try_unwrap(other).unwrap(), "text");
    assert!(weak.upgrade().is_none());
    assert_eq!(pool.len(), 1);
    drop(weak);
    assert!(pool.is_empty());

    let one = pool.alloc(String::from("text"));
    let weak = PoolRc::downgrade(&one);
    assert_eq!(PoolRc::into_inner(one.clone()), None);
    assert_eq!(PoolRc::into_inner(one).unwrap(), "text");
    assert!(weak.upgrade().is_none());
    drop(weak);
    let one = pool.alloc(String::from("text"));
    let buffer = one.as_ptr();
    let (cloned, moved) = (PoolRc::unwrap_or_clone(one.clone()), PoolRc::unwrap_or_clone(one));
    assert!(cloned.as_ptr() != buffer && moved.as_ptr() == buffer);
    assert!(pool.is_empty());
}

#[test]
fn a_box_is_shared_and_unshared_in_place() {
    let pool = RcPool::new();
    let mut boxed = pool.alloc_box(vec![1]);
    boxed.push(2);
    let place = &raw const **boxed;
    let one = PoolRc::from(boxed);
    assert_eq!(PoolRc::as_ptr(&one), place);
    let weak = PoolRc::downgrade(&one);
    let one = PoolRc::try_into_box(one).unwrap_err();
    drop(weak);
    let other = one.clone();
    let one = PoolRc::try_into_box(one).unwrap_err();
    drop(other);
    let mut boxed = PoolRc::try_into_box(one).unwrap();
    // A whole `Counted` is written over the one that was shared, its room included.
    let mut fresh = Counted::new(vec![3]);
    swap(&mut *boxed, &mut fresh);
    let one = PoolRc::from(boxed);
    assert_counts(&one, 1, 0);
    assert_eq!((PoolRc::as_ptr(&one), &*one), (place, &vec![3]));
    assert_eq!(Counted::into_inner(fresh), [1, 2]);
}

#[test]
fn a_pool_of_counted_values_is_a_pool_of_shared_ones() {
    let boxes: Pool<Counted<u32>> = Pool::new();
    let pool = RcPool::from(boxes.clone());
    let one = PoolRc::from(boxes.alloc(Counted::from(1)));
    let two = pool.alloc(2);
    assert_eq!((*one + *two, pool.len()), (3, 2));
    assert!(PoolRc::pool(&one).ptr_eq(&pool) && pool.as_pool().ptr_eq(&boxes) && !pool.ptr_eq(&RcPool::new()));
}

#[test]
fn a_pool_of_shared_values_has_the_numbers_of_a_pool() {
    let pool = RcPool::from(RcPool::builder().max_chunks(100).build().unwrap());
    assert!(pool.is_empty());
    pool.reserve(50).unwrap();
    assert!(pool.reserve(101).is_err());
    assert!((50..=100).contains(&pool.capacity()));
    let all: Vec<_> = (0..100).map(|n| pool.alloc(n)).collect();
    assert_eq!(pool.try_alloc(100).unwrap_err().into_value(), 100);
    assert!(pool.try_alloc_with(|| unreachable!("no chunk")).is_err());
    let stats = pool.clone().stats();
    assert_eq!((stats.live_chunks, stats.total_chunks, pool.len()), (100, 100, 100));
    assert_eq!(format!("{pool:?}"), format!("RcPool {{ stats: {stats:?} }}"));
    drop(all);
    pool.shrink_to_fit();
    assert_eq!((pool.capacity(), *pool.alloc_default()), (0, 0));
    assert_eq!(*RcPool::with_capacity(3).alloc('x'), 'x');
}

#[test]
fn handles_to_one_value_are_equal_pointers_and_others_are_not() {
    let pool = RcPool::new();
    let one = pool.alloc(1);
    let same = one.clone();
    let equal = pool.alloc(1);
    assert!(PoolRc::ptr_eq(&one, &same) && !PoolRc::ptr_eq(&one, &equal));
    let weak = PoolRc::downgrade(&one);
    assert!(weak.ptr_eq(&PoolRc::downgrade(&same)) && !weak.ptr_eq(&PoolRc::downgrade(&equal)));
    assert_eq!((weak.as_ptr(), &raw const *one), (PoolRc::as_ptr(&same), PoolRc::as_ptr(&one)));
}

#[test]
fn a_raw_pointer_is_a_handle() {
    let one = RcPool::new().alloc([1_u8; 3]);
    let raw = PoolRc::into_raw(one.clone());
    assert_counts(&one, 2, 0);
    // SAFETY: valid as long as `one`.
    assert_eq!(unsafe { *raw }, [1; 3]);
    // SAFETY: it comes from `into_raw`, once.
    let other = unsafe { PoolRc::from_raw(raw) };
    assert!(PoolRc::ptr_eq(&one, &other));

    let forgotten = ManuallyDrop::new(other);
    // SAFETY: it comes from `as_ptr`, and the handle is forgotten.
    let other = unsafe { PoolRc::from_raw(PoolRc::as_ptr(&forgotten)) };
    assert_counts(&one, 2, 0);

    let raw = PoolRc::downgrade(&other).into_raw();
    assert_counts(&one, 2, 1);
    drop((one, other));
    // SAFETY: it comes from `into_raw`, once.
    let weak = unsafe { PoolWeak::from_raw(raw) };
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_value_may_point_to_itself_weakly() {
    struct Me(PoolWeak<Me>, u32);

    let pool = RcPool::new();
    let mut kept = PoolWeak::new();
    let one = pool.new_cyclic(|me| {
        assert!(me.upgrade().is_none(), "not made yet");
        assert_eq!((me.strong_count(), me.weak_count(), pool.len()), (0, 0, 1));
        kept = me.clone();
        Me(me.clone(), 7)
    });
    assert_counts(&one, 1, 2);
    let again = one.0.upgrade().unwrap();
    assert_eq!((again.1, kept.upgrade().unwrap().1), (7, 7));
    drop((one, again));
    assert!(kept.upgrade().is_none());
    assert_eq!(pool.len(), 1);
    drop(kept);
    assert!(pool.is_empty());
}

#[test]
fn pinned_values_stay_where_they_are() {
    let pool = RcPool::new();
    let pinned: Pin<PoolRc<(u32, PhantomPinned)>> = pool.pin((1, PhantomPinned));
    let place = &raw const pinned.0;
    let many: Vec<_> = (0..1000).map(|_| pinned.clone()).collect();
    let moved = many;
    assert!(moved.iter().all(|pinned| std::ptr::eq(&raw const pinned.0, place)));
}
