//! The standard library's own containers in pools: `cargo +nightly test -p goo-pool-core --features nightly --test
//! nightly_containers`.
#![feature(allocator_api, box_into_inner, btreemap_alloc)]

mod common;
#[path = "common/sync.rs"]
mod sync;

use std::alloc::{Allocator, Layout};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, LinkedList, VecDeque};
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::thread;

use common::scaled;
use goo_pool_core::{ClassPool, ClassPoolHandle, RawPool, SyncClassPool, SyncClassPoolHandle, SyncRawPool};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use sync::Rng;

/// What holds for every version of `Allocator`.
#[path = "containers/any"]
mod with_std {
    mod api {
        pub(super) use std::{alloc, boxed, vec};
    }
    use goo_pool_core::nightly as ours;

    mod contract;
    mod parent;
    mod values;
    mod vec_model;
}

/// A chunk for any node of the trees and lists here, and for small buffers.
const NODE: Layout = match Layout::from_size_align(1024, 16) {
    Ok(layout) => layout,
    Err(_) => panic!(),
};

/// Runs a test in each kind of pool, and sees that nothing is left.
macro_rules! in_every_pool {
    ($test:ident) => {{
        let pool = RawPool::new(NODE).unwrap();
        $test(&pool);
        pool.assert_valid();
        assert!(pool.is_empty());
        let pool = RawPool::builder(NODE).build_handle().unwrap();
        $test(pool.clone());
        assert!(pool.is_empty());
        let pool = SyncRawPool::new(NODE).unwrap();
        $test(&pool);
        assert!(pool.is_empty());
        let pool = SyncRawPool::builder(NODE).build_sync_handle().unwrap();
        $test(pool.clone());
        assert!(pool.is_empty());
        let pool = ClassPool::new();
        $test(&pool);
        pool.assert_valid();
        assert_eq!(pool.stats().live_chunks, 0);
        let pool = ClassPoolHandle::default();
        $test(pool.clone());
        assert_eq!(pool.stats().live_chunks, 0);
        let pool = SyncClassPool::new();
        $test(&pool);
        assert_eq!(pool.stats().live_chunks, 0);
        let pool = SyncClassPoolHandle::default();
        $test(pool.clone());
        assert_eq!(pool.stats().live_chunks, 0);
    }};
}

fn a_tree(pool: impl Allocator + Clone) {
    let mut rng = Rng::new(11);
    let mut ours = BTreeMap::new_in(pool);
    let mut model = BTreeMap::new();
    for step in 0..scaled(10_000, 200) {
        let key = rng.below(700);
        match rng.below(20) {
            0..=8 => assert_eq!(ours.insert(key, step.to_string()), model.insert(key, step.to_string())),
            9..=14 => assert_eq!(ours.remove(&key), model.remove(&key)),
            15 => assert_eq!(ours.pop_first(), model.pop_first()),
            16 => assert!(ours.range(key..).take(10).eq(model.range(key..).take(10))),
            17 => {
                ours.entry(key).or_default().push('x');
                model.entry(key).or_default().push('x');
            }
            18 if step % 16 == 0 => {
                let mut tail = ours.split_off(&key);
                assert!(tail.iter().eq(model.split_off(&key).iter()));
                if let Some(mut last) = tail.last_entry() {
                    last.get_mut().push('y');
                }
                ours.append(&mut tail);
                model = ours.iter().map(|(key, text)| (*key, text.clone())).collect();
            }
            19 if step % 16 == 0 => {
                ours.retain(|key, _| key % 2 == 0);
                model.retain(|key, _| key % 2 == 0);
            }
            _ => {}
        }
        assert_eq!(ours.len(), model.len());
    }
    assert!(ours.into_iter().eq(model));
}

#[test]
fn a_btree_map_lives_as_one_in_the_heap() {
    in_every_pool!(a_tree);
}

/// By references: `BTreeMap::clone` forgets clones of its allocator, one for each node, so a handle's pool would stay for ever.
#[test]
fn a_clone_of_a_tree_lies_in_the_same_pool() {
    let pool = ClassPool::new();
    let mut tree = BTreeMap::new_in(&pool);
    tree.extend((0..scaled(1000, 50)).map(|n| (n, n * n)));
    let nodes = pool.stats().live_chunks;
    let copy = tree.clone();
    // The copy is packed more tightly.
    assert!((nodes + 1..=2 * nodes).contains(&pool.stats().live_chunks));
    tree.clear();
    assert!(copy.into_iter().eq((0..scaled(1000, 50)).map(|n| (n, n * n))));
    drop(tree);
    assert_eq!(pool.stats().live_chunks, 0);
}

fn a_movie_shelf(pool: impl Allocator + Clone) {
    let mut reviews = BTreeMap::new_in(pool.clone());
    assert_eq!(reviews.insert("Office Space", "Deals with real issues."), None);
    reviews.insert("Pulp Fiction", "Masterpiece.");
    assert!(!reviews.contains_key("Les Misérables"));
    assert_eq!(reviews.remove("Pulp Fiction"), Some("Masterpiece."));
    *reviews.entry("Office Space").or_insert("") = "Funny.";
    assert_eq!(reviews.first_key_value(), Some((&"Office Space", &"Funny.")));

    let mut set = BTreeSet::new_in(pool);
    assert!(set.insert(3) && set.insert(1) && !set.insert(3));
    assert!(set.range(2..).eq(&[3]));
    assert_eq!((set.pop_first(), set.take(&3), set.pop_last()), (Some(1), Some(3), None));
}

#[test]
fn the_documented_life_of_a_tree_runs_in_pools() {
    in_every_pool!(a_movie_shelf);
}

fn a_list(pool: impl Allocator + Clone) {
    let mut list = LinkedList::new_in(pool);
    list.push_back(2);
    list.push_back(3);
    list.push_front(1);
    assert_eq!((list.front(), list.back(), list.contains(&2)), (Some(&1), Some(&3), true));
    list.extend([4, 5]);
    let tail = list.split_off(3);
    assert!(list.iter().eq(&[1, 2, 3]) && tail.iter().rev().eq(&[5, 4]));
    list.iter_mut().for_each(|number| *number += 10);
    assert_eq!((list.pop_front(), list.pop_back()), (Some(11), Some(13)));
    list.clone().into_iter().for_each(|number| list.push_back(number * 2));
    assert_eq!(list.into_iter().collect::<Vec<_>>(), [12, 24]);
}

#[test]
fn the_documented_life_of_a_list_runs_in_pools() {
    in_every_pool!(a_list);
}

fn a_long_list(pool: impl Allocator + Clone) {
    let mut rng = Rng::new(12);
    let (mut ours, mut model) = (LinkedList::new_in(pool), VecDeque::new());
    for step in 0..scaled(5000, 100) {
        match rng.below(5) {
            0 => {
                ours.push_front(step.to_string());
                model.push_front(step.to_string());
            }
            1 | 2 => {
                ours.push_back(step.to_string());
                model.push_back(step.to_string());
            }
            3 => assert_eq!(ours.pop_front(), model.pop_front()),
            _ => assert_eq!(ours.pop_back(), model.pop_back()),
        }
        assert_eq!(ours.len(), model.len());
    }
    assert!(ours.into_iter().eq(model));
}

#[test]
fn a_linked_list_lives_as_a_deque() {
    in_every_pool!(a_long_list);
}

fn a_family(pool: impl Allocator + Clone + 'static) {
    let five = Rc::new_in(Cell::new(5), pool.clone());
    let weak = Rc::downgrade(&five);
    let same = Rc::clone(&five);
    same.set(6);
    assert_eq!((five.get(), Rc::strong_count(&five), Rc::weak_count(&five)), (6, 2, 1));
    assert!(Rc::ptr_eq(&five, &weak.upgrade().unwrap()));
    drop(five);
    assert_eq!(Rc::try_unwrap(same).unwrap().get(), 6);
    assert!(weak.upgrade().is_none());

    // Owner and gadget: each leads to the other.
    struct Owner<A: Allocator + Clone>(RefCell<Vec<Weak<Gadget<A>, A>, A>>);
    struct Gadget<A: Allocator + Clone>(u32, Rc<Owner<A>, A>);
    let owner = Rc::new_in(Owner(RefCell::new(Vec::new_in(pool.clone()))), pool.clone());
    let gadgets: Vec<_> = (0..3).map(|n| Rc::new_in(Gadget(n, owner.clone()), pool.clone())).collect();
    owner.0.borrow_mut().extend(gadgets.iter().map(Rc::downgrade));
    let sum: u32 = owner.0.borrow().iter().filter_map(Weak::upgrade).map(|gadget| gadget.0).sum();
    assert_eq!((sum, Rc::strong_count(&gadgets[0].1)), (3, 4));

    let mut bytes = Vec::new_in(pool.clone());
    bytes.extend(*b"abc");
    let bytes: Rc<[u8], _> = Rc::from(bytes);
    assert_eq!(&*bytes, b"abc");
    let mut unique = Rc::new_in([1, 2, 3], pool.clone());
    Rc::get_mut(&mut unique).unwrap()[0] = 9;
    let shown: Rc<dyn AsRef<[i32]>, _> = unique;
    assert_eq!((*shown).as_ref(), [9, 2, 3]);
    let pinned = Rc::pin_in(7, pool.clone());
    assert_eq!(*pinned, 7);
    let (raw, alloc) = Rc::into_raw_with_allocator(Rc::new_in(8, pool));
    // SAFETY: a pair from `into_raw_with_allocator`.
    assert_eq!(*unsafe { Rc::from_raw_in(raw, alloc) }, 8);
}

#[test]
fn the_documented_life_of_an_rc_runs_in_pools() {
    let pool = RawPool::builder(NODE).build_handle().unwrap();
    a_family(pool.clone());
    assert!(pool.is_empty());
    let pool = ClassPoolHandle::default();
    a_family(pool.clone());
    assert_eq!(pool.stats().live_chunks, 0);
    let pool = SyncClassPoolHandle::default();
    a_family(pool.clone());
    assert_eq!(pool.stats().live_chunks, 0);
}

#[test]
fn an_arc_goes_from_thread_to_thread() {
    let pool = SyncClassPoolHandle::default();
    let number = Arc::new_in(String::from("shared"), pool.clone());
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let number = Arc::clone(&number);
            thread::spawn(move || number.len())
        })
        .collect();
    drop(number);
    assert!(threads.into_iter().all(|thread| thread.join().unwrap() == 6));
    assert_eq!(pool.stats().live_chunks, 0);
}

fn queues(pool: impl Allocator + Clone) {
    let mut deque = VecDeque::with_capacity_in(4, pool.clone());
    deque.extend([3, 4]);
    deque.push_front(2);
    deque.push_front(1);
    deque.rotate_left(1);
    assert_eq!(deque.make_contiguous(), &[2, 3, 4, 1]);
    assert_eq!((deque.pop_front(), deque.pop_back(), deque.get(1)), (Some(2), Some(1), Some(&4)));
    deque.shrink_to_fit();
    assert!(deque.into_iter().eq([3, 4]));

    let mut heap = BinaryHeap::new_in(pool);
    heap.extend([1, 5, 2]);
    assert_eq!(heap.peek(), Some(&5));
    heap.push(9);
    assert_eq!((heap.pop(), heap.pop(), heap.into_sorted_vec().as_slice()), (Some(9), Some(5), &[1, 2][..]));
}

#[test]
fn the_documented_life_of_queues_runs_in_pools() {
    in_every_pool!(queues);
}

fn unsized_boxes(pool: impl Allocator + Clone) {
    let shown: Vec<Box<dyn Display, _>> =
        vec![Box::new_in(5, pool.clone()), Box::new_in("five", pool.clone()), Box::new_in(5.5, pool.clone())];
    assert_eq!(shown.iter().map(ToString::to_string).collect::<Vec<_>>(), ["5", "five", "5.5"]);
    let mut total = 0;
    let mut add: Box<dyn FnMut(i32), _> = Box::new_in(|n| total += n, pool.clone());
    (1..=4).for_each(&mut add);
    drop(add);
    assert_eq!(total, 10);
    let slice: Box<[u8], _> = Box::new_in([1, 2, 3], pool.clone());
    assert_eq!(slice.len(), 3);
    // SAFETY: zeroes are numbers.
    let zeros = unsafe { Box::<[u32], _>::new_zeroed_slice_in(100, pool).assume_init() };
    assert!(zeros.iter().all(|&zero| zero == 0));
}

#[test]
fn boxes_of_unsized_values_lie_in_pools() {
    in_every_pool!(unsized_boxes);
}

/// `Box::leak` and back: a block returns by a pointer that was made from a reference.
fn unleaked(pool: impl Allocator + Clone) {
    let (raw, alloc) = Box::into_raw_with_allocator(Box::new_in([1_u64; 3], pool));
    // SAFETY: the box was given up, and is there.
    let reference = unsafe { &mut *raw };
    reference[0] = 2;
    // SAFETY: the box's value and its allocator.
    let again = unsafe { Box::from_raw_in(reference, alloc) };
    assert_eq!(*again, [2, 1, 1]);
}

#[test]
#[cfg_attr(miri, ignore = "not decided for references, see `allocator_api/mod.rs`")]
fn a_box_comes_back_by_a_reference() {
    in_every_pool!(unleaked);
}

#[test]
fn a_box_gives_its_chunk_back_when_its_drop_panics() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("told to panic");
        }
    }
    let pool = ClassPool::new();
    let values = [0_u64; 4].map(|_| Box::new_in((Panics, 1_u64), &pool));
    for value in values {
        assert!(catch_unwind(AssertUnwindSafe(|| drop(value))).is_err());
    }
    assert_eq!(pool.stats().live_chunks, 0);
    pool.assert_valid();
}

#[test]
fn trees_of_many_threads_share_a_pool() {
    let pool = SyncClassPoolHandle::default();
    let threads: Vec<_> = (0..4_usize)
        .map(|thread| {
            let pool = pool.clone();
            thread::spawn(move || {
                let mut tree = BTreeMap::new_in(pool);
                tree.extend((0..scaled(2000, 50)).map(|n| (n * 4 + thread, n)));
                tree
            })
        })
        .collect();
    let mut all = BTreeMap::new_in(pool.clone());
    for thread in threads {
        all.append(&mut thread.join().unwrap());
    }
    assert!(all.keys().copied().eq(0..scaled(2000, 50) * 4));
    thread::spawn(move || drop(all)).join().unwrap();
    assert_eq!(pool.stats().live_chunks, 0);
}

#[test]
fn containers_go_where_their_pools_may_be_used() {
    assert_impl_all!(&'static RawPool: Allocator);
    assert_not_impl_any!(RawPool: Allocator);
    assert_not_impl_any!(ClassPool: Allocator);
    assert_not_impl_any!(&'static mut ClassPool: Allocator);
    assert_impl_all!(BTreeMap<u8, u8, SyncClassPoolHandle>: Send, Sync);
    assert_impl_all!(LinkedList<u8, &'static SyncRawPool>: Send, Sync);
    assert_impl_all!(Arc<u8, SyncClassPoolHandle>: Send, Sync);
    assert_not_impl_any!(BTreeMap<u8, u8, ClassPoolHandle>: Send, Sync);
    assert_not_impl_any!(LinkedList<u8, &'static ClassPool>: Send, Sync);
}
