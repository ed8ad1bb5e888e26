//! The std traits that `Box` has: a `PoolBox` does the same, value for value.

use std::borrow::{Borrow, BorrowMut};
use std::cell::Cell;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::ops::Bound;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::common::{Ledger, panic_of};
use crate::kind::{Pool, PoolBox};
use goo_pool_typed::{AllocError, unsize};

#[test]
fn it_is_formatted_as_its_value() {
    let value = [(1, "one"), (2, "two")];
    let (boxed, std) = (Pool::new().alloc(value), Box::new(value));
    assert_eq!(format!("{boxed:?}{boxed:#?}{boxed:9?}"), format!("{std:?}{std:#?}{std:9?}"));

    let (boxed, std) = (Pool::new().alloc(-1.25), Box::new(-1.25));
    assert_eq!(
        format!("[{boxed}|{boxed:9.1}|{boxed:<+9}|{boxed:09}]"),
        format!("[{std}|{std:9.1}|{std:<+9}|{std:09}]")
    );

    let boxed: PoolBox<dyn fmt::Debug> = unsize!(Pool::new().alloc("text"), dyn fmt::Debug);
    assert_eq!(format!("{boxed:?}"), r#""text""#);
}

#[test]
fn its_pointer_is_formatted_as_the_values_address() {
    let boxed = Pool::new().alloc(1_u8);
    let address = PoolBox::as_ptr(&boxed);
    assert_eq!(format!("{boxed:p}|{boxed:#p}|{boxed:30p}"), format!("{address:p}|{address:#p}|{address:30p}"));
    let slice: PoolBox<[u8]> = unsize!(Pool::new().alloc([1, 2]), [u8]);
    let std: Box<[u8]> = Box::new([1, 2]);
    assert_eq!(format!("{slice:p}"), format!("{:p}", &raw const *slice));
    assert_eq!(format!("{std:p}"), format!("{:p}", &raw const *std));
}

/// All that a comparison can say.
fn compare<T: PartialOrd>(a: &T, b: &T) -> [Option<std::cmp::Ordering>; 7] {
    let flag = |flag: bool| flag.then_some(std::cmp::Ordering::Equal);
    [flag(a == b), flag(a != b), a.partial_cmp(b), flag(a < b), flag(a <= b), flag(a > b), flag(a >= b)]
}

#[test]
fn it_compares_as_its_value() {
    let values = [f64::NAN, f64::INFINITY, 0.0, -0.0, 1.5];
    let (pool, other) = (Pool::new(), Pool::new());
    for a in values {
        for b in values {
            let of_values = compare(&a, &b);
            assert_eq!(compare(&Box::new(a), &Box::new(b)), of_values);
            assert_eq!(compare(&pool.alloc(a), &other.alloc(b)), of_values, "{a}, {b}");
        }
    }
    let slice = |array: [u8; 2]| -> PoolBox<[u8]> { unsize!(Pool::new().alloc(array), [u8]) };
    assert!(slice([1, 2]) < slice([1, 3]) && slice([1, 2]) == slice([1, 2]));
}

#[test]
fn boxes_sort_as_their_values() {
    let words = ["pear", "apple", "fig", "banana", "fig"];
    let pool = Pool::new();
    let mut boxes: Vec<_> = pool.alloc_iter(words).collect();
    boxes.sort();
    assert!(boxes.iter().map(|boxed| **boxed).eq(["apple", "banana", "fig", "fig", "pear"]));
    assert_eq!(boxes.iter().max().map(|boxed| **boxed), Some("pear"));
    assert_eq!(boxes[0].cmp(&boxes[1]), Box::new("apple").cmp(&Box::new("banana")));
    let set: BTreeSet<_> = boxes.into_iter().collect();
    assert_eq!(set.len(), 4);
}

#[test]
fn it_hashes_as_its_value() {
    fn check<T: Hash + Clone>(value: T) {
        let state = RandomState::new();
        let of_value = state.hash_one(&value);
        assert_eq!(state.hash_one(Box::new(value.clone())), of_value);
        assert_eq!(state.hash_one(Pool::new().alloc(value)), of_value);
    }

    check(7_u8);
    check("text");
    check(vec![String::from("a"), String::from("b")]);
    check([1_u64; 5]);
    check(());
    let state = RandomState::new();
    let slice: PoolBox<[u16]> = unsize!(Pool::new().alloc([1, 2, 3]), [u16]);
    assert_eq!(state.hash_one(&slice), state.hash_one([1_u16, 2, 3].as_slice()));
}

#[test]
fn a_map_with_boxes_for_keys_is_asked_with_values() {
    let (names, rows) = (Pool::new(), Pool::new());
    let mut by_name = HashMap::new();
    let mut by_row = BTreeMap::<PoolBox<[u8]>, u32>::new();
    for n in 0..50_u8 {
        by_name.insert(names.alloc(format!("name {n}")), n);
        by_row.insert(unsize!(rows.alloc([n / 10, n % 10]), [u8]), n.into());
    }
    assert_eq!(by_name.get(&String::from("name 7")), Some(&7));
    assert_eq!(by_name.remove(&String::from("name 8")), Some(8));
    assert!(!by_name.contains_key(&String::from("name 8")) && names.len() == 49);
    assert_eq!(by_row.get([4, 2].as_slice()), Some(&42));
    let from_25 = (Bound::Included([2, 5].as_slice()), Bound::Unbounded);
    assert!(by_row.range::<[u8], _>(from_25).map(|(_, &n)| n).eq(25..50));

    let set: HashSet<PoolBox<u32>> = Pool::new().alloc_iter(0..10).collect();
    assert!(set.contains(&3) && !set.contains(&10));
}

/// Notes which of its functions are called.
#[derive(Default)]
struct Recorder(Vec<String>);

macro_rules! record {
    ($($name:ident($ty:ty)),*) => {
        impl Hasher for Recorder {
            fn finish(&self) -> u64 {
                self.0.len() as u64
            }

            $(fn $name(&mut self, value: $ty) {
                self.0.push(format!("{} {value:?}", stringify!($name)));
            })*
        }

        fn call_all(hasher: &mut impl Hasher) {
            $(hasher.$name(Default::default());)*
        }
    };
}

record!(
    write(&[u8]),
    write_u8(u8),
    write_u16(u16),
    write_u32(u32),
    write_u64(u64),
    write_u128(u128),
    write_usize(usize),
    write_i8(i8),
    write_i16(i16),
    write_i32(i32),
    write_i64(i64),
    write_i128(i128),
    write_isize(isize)
);

/// A hasher may treat numbers otherwise than their bytes (most fast ones do); in a box, too.
#[test]
fn a_hasher_in_a_box_is_called_as_without_one() {
    let mut plain = Recorder::default();
    call_all(&mut plain);
    let mut std = Box::new(Recorder::default());
    call_all(&mut std);
    assert_eq!(std.0, plain.0, "a `Box` passes every function on");
    let mut boxed = Pool::new().alloc(Recorder::default());
    call_all(&mut boxed);
    assert_eq!(boxed.0, plain.0);
    let mut object: PoolBox<dyn Hasher> = unsize!(boxed, dyn Hasher);
    call_all(&mut object);
    assert_eq!(object.finish(), 2 * plain.0.len() as u64);
}

#[test]
fn a_hasher_in_a_box_finds_the_same_hash() {
    let mut plain = DefaultHasher::new();
    let mut boxed: PoolBox<dyn Hasher> = unsize!(Pool::new().alloc(DefaultHasher::new()), dyn Hasher);
    ("text", 1_u64, [2_u8; 9]).hash(&mut plain);
    ("text", 1_u64, [2_u8; 9]).hash(&mut boxed);
    assert_eq!(boxed.finish(), plain.finish());
}

#[test]
fn it_lends_its_value() {
    let mut boxed = Pool::new().alloc(vec![1, 2]);
    let address = PoolBox::as_ptr(&boxed);
    assert!(std::ptr::eq(AsRef::<Vec<i32>>::as_ref(&boxed), address));
    assert!(std::ptr::eq(Borrow::<Vec<i32>>::borrow(&boxed), address));
    AsMut::<Vec<i32>>::as_mut(&mut boxed).push(3);
    BorrowMut::<Vec<i32>>::borrow_mut(&mut boxed).push(4);
    assert_eq!(*boxed, [1, 2, 3, 4]);
    let mut slice: PoolBox<[i32]> = unsize!(Pool::new().alloc([1, 2]), [i32]);
    AsMut::<[i32]>::as_mut(&mut slice)[0] = 9;
    assert_eq!(Borrow::<[i32]>::borrow(&slice), AsRef::<[i32]>::as_ref(&slice));
    assert_eq!(*slice, [9, 2]);
}

#[test]
fn a_clone_lives_in_the_same_pool_with_a_value_of_its_own() {
    let pool = Pool::new();
    let original = pool.alloc(vec![1, 2]);
    let mut clone = original.clone();
    clone.push(3);
    assert_eq!((&*original, &*clone), (&vec![1, 2], &vec![1, 2, 3]));
    assert!(PoolBox::pool(&clone).ptr_eq(&pool) && pool.len() == 2);
    let pinned = PoolBox::into_pin(clone);
    assert_eq!(pinned.clone(), pinned);
}

#[test]
fn clone_from_keeps_box_and_buffer() {
    let (pool, other) = (Pool::new(), Pool::new());
    let mut target = pool.alloc(String::with_capacity(100));
    let (address, buffer) = (PoolBox::as_ptr(&target), target.as_ptr());
    target.clone_from(&other.alloc(String::from("text")));
    assert_eq!((PoolBox::as_ptr(&target), target.as_ptr(), target.as_str()), (address, buffer, "text"));
    assert!(PoolBox::pool(&target).ptr_eq(&pool));
}

#[test]
fn a_clone_that_meets_the_limit_panics_and_leaves_the_original() {
    let pool = Pool::builder().max_chunks(1).build().unwrap();
    let ledger = Ledger::default();
    let original = pool.alloc([ledger.entry()]);
    assert!(panic_of(|| drop(original.clone())).contains("limit"));
    let slice: PoolBox<[crate::common::Entry]> = unsize!(original, [crate::common::Entry]);
    assert!(panic_of(|| drop(slice.clone())).contains("limit"));
    assert_eq!((slice[0].number, pool.len(), ledger.live()), (0, 1, 1));
}

/// An iterator that can do all that an iterator can.
trait Iter: ExactSizeIterator<Item = u32> + DoubleEndedIterator {}
impl<I: ExactSizeIterator<Item = u32> + DoubleEndedIterator> Iter for I {}

/// What a call returned, and what the iterator then says of itself.
type Step = (Option<u32>, usize, (usize, Option<usize>));

/// The results of a fixed row of calls.
fn iterate(mut iter: impl Iter) -> [Step; 8] {
    let calls: [fn(&mut dyn Iter) -> Option<u32>; 8] = [
        |iter| iter.next(),
        |iter| iter.nth(2),
        |iter| iter.next_back(),
        |iter| iter.nth_back(1),
        |iter| iter.nth(1),
        |iter| iter.nth(1000),
        |iter| iter.next(),
        |iter| iter.next_back(),
    ];
    calls.map(|call| (call(&mut iter), iter.len(), iter.size_hint()))
}

#[test]
fn an_iterator_in_a_box_is_that_iterator() {
    let plain = iterate(10..30);
    assert_eq!(iterate(Box::new(10..30)), plain);
    assert_eq!(iterate(Pool::new().alloc(10..30)), plain);
    let object: PoolBox<dyn Iter> = unsize!(Pool::new().alloc(10..30), dyn Iter);
    assert_eq!(iterate(object), plain);

    let boxed = Pool::new().alloc(0..10);
    assert_eq!(boxed.rev().step_by(3).sum::<u32>(), 9 + 6 + 3);
    let mut boxed: PoolBox<dyn Iterator<Item = u32>> = unsize!(Pool::new().alloc(0..), dyn Iterator<Item = u32>);
    assert_eq!(boxed.by_ref().skip(5).take(2).collect::<Vec<_>>(), [5, 6]);
    assert_eq!(boxed.next(), Some(7));
    static_assertions::assert_impl_all!(PoolBox<std::ops::Range<u32>>: std::iter::FusedIterator);
    static_assertions::assert_not_impl_any!(PoolBox<std::ops::RangeFrom<u32>>: DoubleEndedIterator, ExactSizeIterator);
}

#[test]
fn an_iterators_own_shortcuts_are_used() {
    struct Shortcut(u32);

    impl Iterator for Shortcut {
        type Item = u32;

        fn next(&mut self) -> Option<u32> {
            self.nth(0)
        }

        fn nth(&mut self, n: usize) -> Option<u32> {
            self.0 += n as u32;
            Some(self.0)
        }
    }

    impl DoubleEndedIterator for Shortcut {
        fn next_back(&mut self) -> Option<u32> {
            self.nth_back(0)
        }

        fn nth_back(&mut self, n: usize) -> Option<u32> {
            self.0 -= n as u32;
            Some(self.0)
        }
    }

    let mut boxed = Pool::new().alloc(Shortcut(0));
    // One step, or it would take for ever.
    assert_eq!(boxed.nth(4_000_000_000), Some(4_000_000_000));
    assert_eq!(boxed.nth_back(3_999_999_999), Some(1));
}

/// Ready when it is polled for the third time.
struct Third(u32);

impl Future for Third {
    type Output = &'static str;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<&'static str> {
        self.0 += 1;
        context.waker().wake_by_ref();
        if self.0 == 3 { Poll::Ready("third") } else { Poll::Pending }
    }
}

fn run<F: Future>(future: F) -> (F::Output, u32) {
    let mut future = std::pin::pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for polls in 1.. {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return (output, polls);
        }
    }
    unreachable!("it was ready before")
}

#[test]
fn a_future_in_a_box_is_that_future() {
    assert_eq!(run(Pool::new().alloc(Third(0))), ("third", 3));
    let object = unsize!(Pool::new().alloc(Third(0)), dyn Future<Output = &'static str> + Unpin);
    assert_eq!(run(object), run(Box::new(Third(0))));

    // One that must not be moved works through its pin.
    let text = String::from("borrowed");
    let pool = Pool::new();
    let block = pool.alloc(async {
        let inner = &text;
        Third(0).await;
        Third(1).await;
        inner.len()
    });
    assert_eq!(run(PoolBox::into_pin(block)), (8, 4));
    assert!(pool.is_empty());
    let object: PoolBox<dyn Future<Output = u32>> = unsize!(Pool::new().alloc(async { 5 }), dyn Future<Output = u32>);
    assert_eq!(run(Pin::from(object)), (5, 1));
}

/// Its destructor writes through a reference to a neighbour in the same future: a pinned value that refers to
/// itself. Dropping the box must not claim that nobody does.
#[test]
fn a_future_that_refers_to_itself_writes_through_that_when_it_is_dropped() {
    struct AddOne<'a>(&'a mut u32, &'a Cell<u32>);

    impl Drop for AddOne<'_> {
        fn drop(&mut self) {
            *self.0 += 1;
            self.1.set(*self.0);
        }
    }

    let seen = Cell::new(0);
    let pool = Pool::new();
    let mut future = PoolBox::into_pin(pool.alloc(async {
        let mut count = 41;
        let _add = AddOne(&mut count, &seen);
        std::future::pending::<()>().await;
    }));
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(future);
    assert_eq!(seen.get(), 42);
    assert!(pool.is_empty());
}

#[test]
fn a_future_that_is_dropped_midway_drops_what_it_holds() {
    let (pool, ledger) = (Pool::new(), Ledger::default());
    let future = {
        let ledger = ledger.clone();
        async move {
            let _held = ledger.entry();
            Third(0).await;
            unreachable!("it is polled once");
        }
    };
    let mut future = PoolBox::into_pin(pool.alloc(future));
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!((pool.len(), ledger.live()), (1, 1));
    drop(future);
    ledger.assert_settled();
    assert!(pool.is_empty());
}

#[derive(Debug)]
struct Outer(AllocError);

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("outer")
    }
}

impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn an_error_in_a_box_is_that_error() {
    fn fail() -> Result<(), PoolBox<Outer>> {
        Err(Pool::new().alloc(Outer(AllocError::LimitReached { max_chunks: 3 })))
    }

    fn pass_on() -> Result<(), Box<dyn Error>> {
        fail()?;
        Ok(())
    }

    let error = pass_on().unwrap_err();
    assert_eq!(error.to_string(), "outer");
    assert_eq!(error.source().unwrap().to_string(), "the pool's limit of 3 chunks is reached");
    let object: PoolBox<dyn Error> = unsize!(fail().unwrap_err(), dyn Error);
    assert_eq!(object.source().unwrap().to_string(), error.source().unwrap().to_string());
    assert!(fail().unwrap_err().source().unwrap().downcast_ref::<AllocError>().is_some());
}
