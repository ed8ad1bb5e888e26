//! Feature `stable_deref_trait`: owners beside references to what they own, with the crate `yoke`.
#![cfg(feature = "stable_deref_trait")]

use static_assertions::{assert_impl_all, assert_not_impl_any};
use std::rc::Rc;

use goo_pool_typed::{Pool, PoolBox, PoolRc, RcPool, unsize};
use stable_deref_trait::{CloneStableDeref, StableDeref};
use yoke::Yoke;

assert_impl_all!(PoolBox<u8>: StableDeref);
assert_impl_all!(PoolBox<dyn Fn()>: StableDeref);
assert_impl_all!(PoolRc<[u8]>: StableDeref, CloneStableDeref);
// A clone of a box is another value.
assert_not_impl_any!(PoolBox<u8>: CloneStableDeref);
#[cfg(feature = "std")]
assert_impl_all!(goo_pool_typed::SyncPoolBox<u8>: StableDeref, Send);
#[cfg(feature = "std")]
assert_impl_all!(goo_pool_typed::PoolArc<u8>: CloneStableDeref, Send);

const TEXT: &str = "two words";

/// The text's second word.
fn second(text: &str) -> &str {
    text.split(' ').nth(1).expect("two words")
}

#[test]
fn a_reference_goes_where_its_box_goes() {
    let pool = Pool::new();
    let mut yokes: Vec<Yoke<&'static str, PoolBox<String>>> = (0..if cfg!(miri) { 10 } else { 1_000 })
        .map(|n| Yoke::attach_to_cart(pool.alloc(format!("{TEXT}{n}")), |text| second(text)))
        .collect();
    yokes.rotate_left(3);
    assert_eq!((*yokes[0].get(), yokes[0].backing_cart().as_str()), ("words3", "two words3"));
    let len = yokes.len();
    drop(yokes.split_off(5));
    assert!(yokes.iter().zip(3..8).all(|(yoke, n)| *yoke.get() == format!("words{n}")));
    assert_eq!((pool.len(), yokes.len()), (5, 5.min(len)));
    let boxed = yokes.pop().expect("five").into_backing_cart();
    assert_eq!((*boxed).as_str(), "two words7");
    drop(yokes);
    assert_eq!(pool.len(), 1);
}

#[test]
fn it_works_for_what_is_not_sized() {
    let slice: PoolRc<[u8]> = unsize!(RcPool::new().alloc(*b"two words"), [u8]);
    let yoke: Yoke<&'static [u8], PoolRc<[u8]>> = Yoke::attach_to_cart(slice.clone(), |bytes| &bytes[4..]);
    assert_eq!(*yoke.get(), b"words");
    drop(yoke);
    assert_eq!(PoolRc::strong_count(&slice), 1);
}

/// What the clones of a shared handle refer to is there as long as one of them.
#[test]
fn a_reference_outlives_the_handle_it_was_made_from() {
    /// Two owners of one value, of which one goes first.
    struct Pair<C: CloneStableDeref<Target = Rc<String>>> {
        second: &'static str,
        owner: C,
    }

    let pool = RcPool::new();
    let text = Rc::new(String::from(TEXT));
    let first = pool.alloc(text.clone());
    let word: *const str = second(&first);
    // SAFETY: the string is there as long as any handle, and `owner` is one that is dropped after the last use.
    let pair = Pair { second: unsafe { &*word }, owner: first.clone() };
    drop((first, text));
    let moved = Box::new(pair);
    assert_eq!((moved.second, Rc::strong_count(&moved.owner)), ("words", 1));
    drop(moved);
    assert!(pool.is_empty());
}
