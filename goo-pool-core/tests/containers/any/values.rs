//! `Box` and `Vec`: what their documentation does with `Global`, done with pools.

use std::alloc::Layout;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::thread;

use goo_pool_core::{ClassPool, RawPool, SyncRawPool};

use super::api::boxed::Box;
use super::api::vec::Vec;

/// Counts its drops; panics in the one that it is told.
struct Counts(Rc<Cell<usize>>, Option<usize>);

impl Drop for Counts {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
        assert_ne!(Some(self.0.get()), self.1, "told to panic");
    }
}

fn pool_of<T>() -> RawPool {
    RawPool::new(Layout::new::<T>()).unwrap()
}

#[test]
fn a_box_goes_in_and_out_of_a_chunk() {
    let pool = pool_of::<[u64; 8]>();
    let five = Box::new_in(5_u32, &pool);
    assert_eq!(*five, 5);
    let zeroed = Box::<u64, _>::try_new_zeroed_in(&pool).unwrap();
    // SAFETY: zeroes are a number.
    assert_eq!(unsafe { *zeroed.assume_init() }, 0);
    let mut late = Box::<u32, _>::new_uninit_in(&pool);
    late.write(7);
    // SAFETY: just written.
    assert_eq!(unsafe { *late.assume_init() }, 7);
    let cloned = five.clone();
    assert_eq!(pool.len(), 2);
    let (raw, alloc) = Box::into_raw_with_allocator(cloned);
    // SAFETY: a pair from `into_raw_with_allocator`.
    let back = unsafe { Box::from_raw_in(raw, alloc) };
    assert!(std::ptr::eq(*Box::allocator(&back), &pool));
    assert_eq!(*back, *five);
    drop((five, back));
    assert!(pool.is_empty());
}

#[test]
fn a_box_takes_no_chunk_for_nothing_and_fails_for_too_much() {
    let pool = pool_of::<u64>();
    let unit = Box::new_in((), &pool);
    assert!(pool.is_empty());
    drop(unit);
    assert!(Box::try_new_in([0_u64; 2], &pool).is_err());
    assert!(Box::<[u64; 2], _>::try_new_uninit_in(&pool).is_err());
    assert!(pool.is_empty());
}

#[test]
fn a_recursive_list_lies_in_one_pool() {
    struct Node<'a> {
        value: usize,
        next: Option<Box<Node<'a>, &'a RawPool>>,
    }
    let pool = pool_of::<Node<'_>>();
    let mut list = None;
    for value in 0..100 {
        list = Some(Box::new_in(Node { value, next: list }, &pool));
    }
    assert_eq!(pool.len(), 100);
    let mut expected = 100;
    while let Some(node) = list {
        expected -= 1;
        assert_eq!(node.value, expected);
        list = Box::into_inner(node).next;
    }
    assert_eq!((expected, pool.len()), (0, 0));
}

/// A value that builds and drops others in the pool that it is being dropped from.
#[test]
fn a_drop_may_use_the_pool_it_comes_from() {
    struct Busy<'a>(usize, &'a ClassPool);
    impl Drop for Busy<'_> {
        fn drop(&mut self) {
            if self.0 > 0 {
                let mut others = Vec::new_in(self.1);
                others.push(Box::new_in(Busy(self.0 - 1, self.1), self.1));
                others.push(Box::new_in(Busy(self.0 / 2, self.1), self.1));
            }
        }
    }
    let pool = ClassPool::new();
    let mut values = Vec::new_in(&pool);
    values.extend((0..8).map(|depth| Box::new_in(Busy(depth, &pool), &pool)));
    values.remove(3);
    values.truncate(5);
    values.shrink_to_fit();
    drop(values);
    pool.assert_valid();
    assert_eq!(pool.stats().live_chunks, 0);
}

#[test]
fn a_pool_stays_whole_when_the_drop_of_a_box_panics() {
    let drops = Rc::new(Cell::new(0));
    let pool = pool_of::<Counts>();
    let value = Box::new_in(Counts(drops.clone(), Some(1)), &pool);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(value))).is_err());
    assert_eq!(drops.get(), 1);
    pool.assert_valid();
    // The standard library's box gives its chunk back; that of allocator-api2 does not.
    assert!(pool.len() <= 1);
    drop(Box::new_in(Counts(drops.clone(), None), &pool));
    assert_eq!(drops.get(), 2);
}

#[test]
fn a_vec_stays_in_its_chunk_while_it_fits() {
    let pool = pool_of::<[u32; 64]>();
    let mut numbers = Vec::new_in(&pool);
    assert!(pool.is_empty());
    numbers.push(0);
    let at = numbers.as_ptr();
    numbers.extend(1..64);
    assert_eq!((numbers.as_ptr(), numbers.len()), (at, 64));
    numbers.try_reserve(1).unwrap_err();
    numbers.truncate(3);
    numbers.shrink_to_fit();
    assert_eq!((numbers.as_ptr(), numbers.as_slice()), (at, &[0, 1, 2][..]));
    numbers.clear();
    numbers.shrink_to_fit();
    assert!(pool.is_empty());
    numbers.extend_from_slice(&[4, 5]);
    let doubled: std::vec::Vec<u32> = numbers.drain(..).map(|n| n * 2).collect();
    assert_eq!(doubled, [8, 10]);
}

#[test]
fn the_documented_life_of_a_vec_runs_in_a_pool() {
    let pool = RawPool::builder(Layout::new::<[u64; 128]>()).build_handle().unwrap();
    let mut vec = Vec::with_capacity_in(10, pool.clone());
    assert!(vec.is_empty() && vec.capacity() >= 10);
    vec.extend([1, 2, 3, 4]);
    vec.insert(1, 9);
    assert_eq!(vec.swap_remove(0), 1);
    assert_eq!(vec, [4, 9, 2, 3]);
    vec.retain(|&n| n % 2 == 0 || n == 9);
    assert_eq!(vec, [4, 9, 2]);
    let mut tail = vec.split_off(1);
    assert_eq!((&vec[..], &tail[..]), (&[4][..], &[9, 2][..]));
    vec.append(&mut tail);
    vec.dedup();
    vec.resize(5, 0);
    assert_eq!(vec.splice(1..3, [7]).collect::<std::vec::Vec<u64>>(), [9, 2]);
    assert_eq!(vec, [4, 7, 0, 0]);
    vec.sort_unstable();
    let boxed = vec.clone().into_boxed_slice();
    assert_eq!(&*boxed, [0, 0, 4, 7]);
    let (pointer, len, capacity, alloc) = vec.into_raw_parts_with_alloc();
    // SAFETY: the parts of one Vec.
    let vec = unsafe { Vec::from_raw_parts_in(pointer, len, capacity, alloc) };
    assert_eq!(vec.into_iter().rev().collect::<std::vec::Vec<u64>>(), [7, 4, 0, 0]);
    drop((boxed, tail));
    assert!(pool.is_empty());
}

#[test]
fn what_a_vec_holds_keeps_the_pool_of_its_handle() {
    let watched = crate::common::Watched::default();
    let watch = watched.watch();
    let pool = RawPool::builder(Layout::new::<[u8; 100]>()).parent(watched).build_handle().unwrap();
    let mut text = Vec::new_in(pool.clone());
    drop(pool);
    text.extend_from_slice(b"still here");
    assert_eq!(text, b"still here");
    assert_ne!(watch.bytes(), 0);
    drop(text);
    assert_eq!(watch.bytes(), 0);
}

#[test]
fn a_box_is_made_on_one_thread_and_dropped_on_another() {
    let pool = SyncRawPool::builder(Layout::new::<[u64; 4]>()).build_sync_handle().unwrap();
    let made: std::vec::Vec<_> = (0..100_u64).map(|n| Box::new_in([n; 4], pool.clone())).collect();
    let sum = thread::spawn(move || made.iter().map(|four| four[3]).sum::<u64>()).join().unwrap();
    assert_eq!((sum, pool.len()), (4950, 0));

    let pool = SyncRawPool::new(Layout::new::<[u64; 4]>()).unwrap();
    let mine = Box::new_in([1_u64; 4], &pool);
    thread::scope(|scope| {
        let theirs = scope.spawn(|| Box::new_in([2_u64; 4], &pool)).join().unwrap();
        scope.spawn(move || drop(mine));
        assert_eq!(*theirs, [2; 4]);
    });
    assert!(pool.is_empty());
}
