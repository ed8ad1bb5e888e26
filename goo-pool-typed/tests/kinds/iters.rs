//! `alloc_iter`: boxes for all values of an iterator, whatever that says about itself.

use std::cell::Cell;

use crate::common::{Watched, panic_of, scaled};
use crate::kind::{Pool, PoolBox};

/// An iterator that says how long it is, truly or not.
struct Claims<I>(I, (usize, Option<usize>));

impl<I: Iterator> Iterator for Claims<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.1
    }
}

fn values<T: Copy>(boxes: &[PoolBox<T>]) -> Vec<T> {
    boxes.iter().map(|boxed| **boxed).collect()
}

#[test]
fn the_boxes_come_in_the_order_of_the_values() {
    let pool = Pool::new();
    let boxes: Vec<_> = pool.alloc_iter(0..scaled(3000, 200)).collect();
    assert!(boxes.iter().map(|boxed| **boxed).eq(0..scaled(3000, 200)));
    let backwards: Vec<_> = pool.alloc_iter(0..5).rev().collect();
    assert_eq!(values(&backwards), [4, 3, 2, 1, 0]);
    assert_eq!(pool.len(), boxes.len() + backwards.len());
    assert_eq!(pool.alloc_iter(std::iter::empty()).count(), 0);
}

#[test]
fn both_ends_meet_in_the_middle() {
    let pool = Pool::new();
    let mut iter = pool.alloc_iter(1..=4);
    let ends = [iter.next(), iter.next_back(), iter.next_back(), iter.next(), iter.next(), iter.next_back()];
    assert_eq!(ends.each_ref().map(|end| end.as_deref().copied()), [Some(1), Some(4), Some(3), Some(2), None, None]);
    assert_eq!(pool.len(), 4);
}

#[test]
fn its_length_is_that_of_the_values() {
    let pool = Pool::new();
    let mut iter = pool.alloc_iter([1, 2, 3, 4]);
    assert_eq!((iter.len(), iter.size_hint()), (4, (4, Some(4))));
    let _first = iter.next();
    assert_eq!((iter.len(), iter.size_hint()), (3, (3, Some(3))));
    assert_eq!(pool.alloc_iter((0..10).filter(|n| n % 2 == 0)).size_hint(), (0, Some(10)));
    assert!(format!("{iter:?}").starts_with("AllocIter"));
}

#[test]
fn nothing_is_made_before_it_is_asked_for() {
    let pool = Pool::new();
    let made = Cell::new(0);
    let mut iter = pool.alloc_iter((0..100).inspect(|_| made.set(made.get() + 1)));
    assert_eq!((pool.len(), made.get()), (0, 0));
    let two = [iter.next(), iter.next()];
    assert_eq!((pool.len(), made.get(), two[1].as_deref()), (2, 2, Some(&1)));
    drop(iter);
    assert_eq!((pool.len(), made.get()), (2, 2));
}

#[test]
fn a_skipped_value_gives_its_chunk_back() {
    let pool = Pool::builder().max_chunks(1).build().unwrap();
    let mut iter = pool.alloc_iter(0..100);
    assert_eq!(iter.nth(50).as_deref(), Some(&50));
    assert_eq!(iter.nth_back(8).as_deref(), Some(&91));
    assert_eq!(iter.next().as_deref(), Some(&51));
    assert!(pool.is_empty());
}

#[test]
fn room_for_all_is_reserved_at_once() {
    let parent = Watched::default();
    let pool = Pool::builder().parent(parent.clone()).build().unwrap();
    let requests = parent.0.segment_requests.get();
    let boxes: Vec<_> = pool.alloc_iter(0..scaled(100_000, 2000)).collect();
    assert_eq!(parent.0.segment_requests.get(), requests + 1);
    assert_eq!(pool.len(), boxes.len());
}

#[test]
fn room_for_all_is_not_kept_as_reserved_room_is() {
    let parent = Watched::default();
    let pool = Pool::builder().parent(parent.clone()).build().unwrap();
    // Each time, another segment.
    for count in [1000, 3000, 7000, 15_000, 31_000].map(|count| count / scaled(1, 10)) {
        drop(pool.alloc_iter(0..count).collect::<Vec<_>>());
    }
    assert!(parent.0.returns.get() > 0, "{}", pool.stats());
}

#[test]
fn a_hint_that_is_too_small_is_made_up_for() {
    let pool = Pool::new();
    let boxes: Vec<_> = pool.alloc_iter(Claims(0..1000, (3, Some(4)))).collect();
    assert!(boxes.iter().map(|boxed| **boxed).eq(0..1000));
}

#[test]
fn a_hint_that_is_too_large_costs_room_and_nothing_else() {
    let pool = Pool::new();
    let boxes: Vec<_> = pool.alloc_iter(Claims(0..10, (1000, None))).take(20).collect();
    assert_eq!(values(&boxes), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert!(pool.len() == 10 && pool.capacity() >= 1000);
    drop(boxes);
    pool.shrink_to_fit();
    assert_eq!(pool.capacity(), 0);
}

#[test]
fn a_hint_beyond_all_memory_is_not_believed() {
    let pool = Pool::new();
    for hint in [usize::MAX, usize::MAX / 2, isize::MAX as usize] {
        // `Vec` believes it, so no `collect` here.
        let mut boxes = Vec::new();
        for boxed in pool.alloc_iter(Claims(0..70_u64, (hint, Some(hint)))) {
            boxes.push(boxed);
        }
        assert!(boxes.iter().map(|boxed| **boxed).eq(0..70));
    }
    let ones = pool.alloc_iter(std::iter::repeat(1)).take(5).map(PoolBox::into_inner);
    assert_eq!(ones.sum::<u64>(), 5);
}

#[test]
fn a_hint_beyond_the_limit_fails_only_if_the_values_come() {
    let pool = Pool::builder().max_chunks(10).build().unwrap();
    let mut boxes = Vec::new();
    boxes.extend(pool.alloc_iter(Claims(0..10, (11, None))).take(10));
    assert_eq!(pool.len(), 10);
    boxes.clear();
    let message = panic_of(|| boxes.extend(pool.alloc_iter(0..11)));
    assert!(message.contains("limit of 10 chunks"));
    drop(boxes);
    assert!(pool.is_empty());
}

#[test]
fn any_collection_will_do() {
    let pool = Pool::new();
    let list: std::collections::LinkedList<_> = pool.alloc_iter(vec!["a", "b"]).collect();
    let (even, odd): (Vec<_>, Vec<_>) =
        pool.alloc_iter([1, 2, 3].map(|n| ["", "x", "xx", "xxx"][n])).partition(|boxed| boxed.len() % 2 == 0);
    assert_eq!((list.len(), even.len(), odd.len(), pool.len()), (2, 1, 2, 5));
    let text: Option<Vec<PoolBox<&str>>> = pool.alloc_iter("c d".split(' ')).map(Some).collect();
    assert_eq!(values(&text.unwrap()), ["c", "d"]);
}
