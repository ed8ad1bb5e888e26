//! The one thing in which three of the caches differ: what keeps the entries and hands out keys to them.

use std::num::NonZeroU32;

use goo_pool_typed::{Key, KeyedPool};
use slab::Slab;
use slotmap::{DefaultKey, SlotMap};

/// A kind of store. The list is written once, against this trait.
pub(crate) trait StoreKind {
    const NAME: &'static str;

    /// Leads to a `T`. `Option<Key<T>>` is as small.
    type Key<T>: Copy + PartialEq;
    type Store<T>;

    fn new<T>(capacity: usize) -> Self::Store<T>;
    fn insert<T>(store: &mut Self::Store<T>, value: T) -> Self::Key<T>;
    fn remove<T>(store: &mut Self::Store<T>, key: Self::Key<T>) -> Option<T>;
    fn get<T>(store: &Self::Store<T>, key: Self::Key<T>) -> Option<&T>;
    fn get_mut<T>(store: &mut Self::Store<T>, key: Self::Key<T>) -> Option<&mut T>;
}

/// `KeyedPool`: entries that never move, keys that know their entry from its successors.
pub(crate) struct KeyedPools;

impl StoreKind for KeyedPools {
    const NAME: &'static str = "KeyedPool";

    type Key<T> = Key<T>;
    type Store<T> = KeyedPool<T>;

    fn new<T>(capacity: usize) -> KeyedPool<T> {
        KeyedPool::with_capacity(capacity)
    }

    #[inline]
    fn insert<T>(store: &mut KeyedPool<T>, value: T) -> Key<T> {
        store.insert(value)
    }

    #[inline]
    fn remove<T>(store: &mut KeyedPool<T>, key: Key<T>) -> Option<T> {
        store.remove(key)
    }

    #[inline]
    fn get<T>(store: &KeyedPool<T>, key: Key<T>) -> Option<&T> {
        store.get(key)
    }

    #[inline]
    fn get_mut<T>(store: &mut KeyedPool<T>, key: Key<T>) -> Option<&mut T> {
        store.get_mut(key)
    }
}

/// `Slab`: a vector of entries and free slots. A key that outlives its entry leads to the next one in its slot.
pub(crate) struct Slabs;

/// The index and 1: four bytes, of which 0 is left for `None`, as somebody would write who counts them.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct SlabKey(NonZeroU32);

impl SlabKey {
    #[inline]
    fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

impl StoreKind for Slabs {
    const NAME: &'static str = "slab";

    type Key<T> = SlabKey;
    type Store<T> = Slab<T>;

    fn new<T>(capacity: usize) -> Slab<T> {
        Slab::with_capacity(capacity)
    }

    #[inline]
    fn insert<T>(store: &mut Slab<T>, value: T) -> SlabKey {
        let number = u32::try_from(store.insert(value) + 1).ok().and_then(NonZeroU32::new);
        SlabKey(number.expect("fewer than 2^32 - 1 entries"))
    }

    #[inline]
    fn remove<T>(store: &mut Slab<T>, key: SlabKey) -> Option<T> {
        store.try_remove(key.index())
    }

    #[inline]
    fn get<T>(store: &Slab<T>, key: SlabKey) -> Option<&T> {
        store.get(key.index())
    }

    #[inline]
    fn get_mut<T>(store: &mut Slab<T>, key: SlabKey) -> Option<&mut T> {
        store.get_mut(key.index())
    }
}

/// `SlotMap`: a vector too, with a version in each slot.
pub(crate) struct SlotMaps;

impl StoreKind for SlotMaps {
    const NAME: &'static str = "slotmap";

    type Key<T> = DefaultKey;
    type Store<T> = SlotMap<DefaultKey, T>;

    fn new<T>(capacity: usize) -> SlotMap<DefaultKey, T> {
        SlotMap::with_capacity(capacity)
    }

    #[inline]
    fn insert<T>(store: &mut SlotMap<DefaultKey, T>, value: T) -> DefaultKey {
        store.insert(value)
    }

    #[inline]
    fn remove<T>(store: &mut SlotMap<DefaultKey, T>, key: DefaultKey) -> Option<T> {
        store.remove(key)
    }

    #[inline]
    fn get<T>(store: &SlotMap<DefaultKey, T>, key: DefaultKey) -> Option<&T> {
        store.get(key)
    }

    #[inline]
    fn get_mut<T>(store: &mut SlotMap<DefaultKey, T>, key: DefaultKey) -> Option<&mut T> {
        store.get_mut(key)
    }
}
