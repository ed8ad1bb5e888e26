//! Code for every kind of pool: written once, over `generic::Pool` and `generic::PoolBox`.
#![cfg(all(feature = "std", feature = "derive"))]

use std::fmt::{Debug, Display};

use goo_pool_typed::generic::{self, AnyThread, Kind, Over, Source};
use goo_pool_typed::{Global, Pool, PoolBox, Pooled, SyncPool, SyncPoolBox, unsize};

/// A list in pools of one kind.
#[derive(Pooled)]
struct List<H: Kind> {
    value: u32,
    next: Option<generic::PoolBox<List<H>, H>>,
}

/// The boxes' kind is the pool's, or that of its pool if it is a guard.
fn list<S: Source>(
    pool: &generic::Pool<List<S::Handle>, S>,
    length: u32,
) -> generic::PoolBox<List<S::Handle>, S::Handle> {
    let last = List::new_in(pool, 0, None);
    (1..length).fold(last, |next, value| List::try_new_in(pool, value, Some(next)).unwrap())
}

fn sum<H: Kind>(list: &List<H>) -> u32 {
    list.value + list.next.as_ref().map_or(0, |next| sum(next))
}

#[test]
fn one_constructor_serves_every_kind() {
    let pool = Pool::new();
    let here: PoolBox<List<_>> = list(&pool, 10);
    assert_eq!((sum(&here), pool.len()), (45, 10));

    let pool = SyncPool::new();
    let anywhere: SyncPoolBox<List<_>> = list(&pool, 10);
    let longer: SyncPoolBox<List<_>> = list(&pool.local(), 20);
    assert_eq!((sum(&anywhere) + sum(&longer), pool.len()), (45 + 190, 30));
    assert_eq!(std::thread::spawn(move || sum(&anywhere)).join().unwrap(), 45);
}

/// Every step in one function.
fn work<S: Over<Global> + From<S::Handle>>() {
    let pool = generic::Pool::<String, S>::with_capacity(5);
    let first = pool.alloc(String::from("first"));
    let clone = generic::PoolBox::clone(&first);
    assert!(generic::PoolBox::pool(&clone).len() == 2 && pool.capacity() >= 5);
    let again = pool.clone();
    drop(pool);
    let raw = generic::PoolBox::into_raw(first);
    // SAFETY: it came from `into_raw` of a box of this kind, once.
    let first = unsafe { generic::PoolBox::<_, S::Handle>::from_raw(raw) };
    let shown: generic::PoolBox<dyn Display, S::Handle> = unsize!(first, dyn Display);
    let debug = unsize!(clone, dyn Debug);
    assert_eq!(format!("{shown} {debug:?}"), "first \"first\"");
    drop((shown, debug));
    assert!(again.is_empty());
    let limited = generic::Pool::<u8, S>::builder().max_chunks(1).build().unwrap();
    assert_eq!(limited.alloc_iter([1, 2]).take(1).map(generic::PoolBox::into_inner).sum::<u8>(), 1);
}

#[test]
fn one_function_works_with_pools_that_it_makes() {
    work::<<generic::PoolHandle as Kind>::Source>();
    work::<<generic::SyncPoolHandle as Kind>::Source>();
}

#[test]
fn one_function_sends_what_may_be_sent() {
    fn elsewhere<T: Send + 'static, H: Kind + AnyThread>(boxed: generic::PoolBox<T, H>) -> T {
        std::thread::spawn(|| generic::PoolBox::into_inner(boxed)).join().unwrap()
    }

    assert_eq!(elsewhere(SyncPool::new().alloc(vec![1, 2, 3])), [1, 2, 3]);
}
