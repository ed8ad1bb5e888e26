//! What the compiler promises about keyed pools and keys: sizes, `Send` and `Sync`, variance, drop check.

#![allow(dead_code, reason = "most of this only has to compile")]

use std::cell::Cell;
use std::fmt::Debug;
use std::hash::Hash;
use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use goo_pool_typed::keyed::{Drain, IntoIter, Iter, IterMut};
use goo_pool_typed::{Key, KeyedPool};
use static_assertions::{assert_eq_size, assert_impl_all, assert_not_impl_any};

assert_eq_size!(Key<[u64; 100]>, u64);
assert_eq_size!(Option<Key<()>>, u64);
assert_eq_size!(Option<Option<Key<()>>>, [u32; 3]);

type Both = u64;
type SendOnly = Cell<u64>;
type Neither = Rc<u64>;
/// As a `MutexGuard` of a `u64` is.
struct SyncOnly(PhantomData<*const u64>);

// SAFETY: it has nothing that could be shared.
unsafe impl Sync for SyncOnly {}

// A key is a number, whatever it names.
assert_impl_all!(Key<Neither>: Copy, Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Eq, Ord, Hash, Debug);

// A pool is as its values are, and so is what iterates over it.
assert_impl_all!(KeyedPool<Both>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Default, Debug);
assert_impl_all!(KeyedPool<SendOnly>: Send);
assert_not_impl_any!(KeyedPool<SendOnly>: Sync, RefUnwindSafe);
assert_impl_all!(KeyedPool<SyncOnly>: Sync);
assert_not_impl_any!(KeyedPool<SyncOnly>: Send);
assert_not_impl_any!(KeyedPool<Neither>: Send, Sync);

assert_impl_all!(Iter<'static, Both>: Send, Sync, Clone, ExactSizeIterator, FusedIterator);
assert_not_impl_any!(Iter<'static, SendOnly>: Send, Sync);
assert_impl_all!(Iter<'static, SyncOnly>: Send, Sync);
assert_not_impl_any!(Iter<'static, Neither>: Send, Sync);

assert_impl_all!(IterMut<'static, Both>: Send, Sync, ExactSizeIterator, FusedIterator);
assert_not_impl_any!(IterMut<'static, Both>: Clone);
assert_impl_all!(IterMut<'static, SendOnly>: Send);
assert_not_impl_any!(IterMut<'static, SendOnly>: Sync);
assert_impl_all!(IterMut<'static, SyncOnly>: Sync);
assert_not_impl_any!(IterMut<'static, SyncOnly>: Send);

assert_impl_all!(Drain<'static, SendOnly>: Send, ExactSizeIterator, FusedIterator);
assert_not_impl_any!(Drain<'static, SendOnly>: Sync, Clone);
assert_not_impl_any!(Drain<'static, SyncOnly>: Send);
assert_impl_all!(IntoIter<SendOnly>: Send, ExactSizeIterator, FusedIterator);
assert_not_impl_any!(IntoIter<SendOnly>: Sync, Clone);
assert_not_impl_any!(IntoIter<SyncOnly>: Send);

// All are covariant, as a `Vec` and its iterators are, but for what gives values to be changed.
fn shorter_pool<'a>(pool: KeyedPool<&'static str>) -> KeyedPool<&'a str> {
    pool
}

fn shorter_key<'a>(key: Key<&'static str>) -> Key<&'a str> {
    key
}

fn shorter_iter<'a>(iter: Iter<'a, &'static str>) -> Iter<'a, &'a str> {
    iter
}

fn shorter_into_iter<'a>(iter: IntoIter<&'static str>) -> IntoIter<&'a str> {
    iter
}

/// A pool may be moved to where its values live shorter, as a `Vec` may.
#[test]
fn a_pool_of_references_takes_what_was_made_after_it() {
    let mut pool: KeyedPool<&'static str> = KeyedPool::new();
    let key = pool.insert("made before");
    let local = String::from("made later");
    let mut pool = shorter_pool(pool);
    let later = pool.insert(&local);
    assert_eq!((pool[shorter_key(key)], pool[later]), ("made before", "made later"));
}
