//! The one thing in which the two trees differ: who provides the boxes, and so how serde reads one.

use std::ops::DerefMut;

use goo_pool_typed::{Pool, PoolBox};
use serde::de::{DeserializeSeed, Deserializer};

/// A kind of box. The tree is written once, against this trait.
pub(crate) trait BoxKind {
    /// Owns one `T`. Both kinds are one pointer wide.
    type Owner<T>: DerefMut<Target = T>;
    /// What boxes of `T` are taken from.
    type Source<T>: Default;

    /// Reads a box of what `value` reads.
    fn seed<'de, V: DeserializeSeed<'de>>(
        source: &Self::Source<V::Value>,
        value: V,
    ) -> impl DeserializeSeed<'de, Value = Self::Owner<V::Value>>;

    /// Bytes that are held for boxes to come.
    fn spare_bytes<T>(source: &Self::Source<T>) -> usize;
}

/// `Box`: every node from the global allocator.
pub(crate) struct GlobalBoxes;

impl BoxKind for GlobalBoxes {
    type Owner<T> = Box<T>;
    type Source<T> = ();

    #[inline]
    fn seed<'de, V: DeserializeSeed<'de>>((): &(), value: V) -> impl DeserializeSeed<'de, Value = Box<V::Value>> {
        Boxed(value)
    }

    /// The global allocator keeps some too, but not for us.
    fn spare_bytes<T>((): &()) -> usize {
        0
    }
}

/// Reads a value and boxes it.
struct Boxed<V>(V);

impl<'de, V: DeserializeSeed<'de>> DeserializeSeed<'de> for Boxed<V> {
    type Value = Box<V::Value>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.0.deserialize(deserializer).map(Box::new)
    }
}

/// `PoolBox`: every node from the pool of its type.
pub(crate) struct PoolBoxes;

impl BoxKind for PoolBoxes {
    type Owner<T> = PoolBox<T>;
    type Source<T> = Pool<T>;

    #[inline]
    fn seed<'de, V: DeserializeSeed<'de>>(
        source: &Pool<V::Value>,
        value: V,
    ) -> impl DeserializeSeed<'de, Value = PoolBox<V::Value>> {
        source.seed_with(value)
    }

    fn spare_bytes<T>(source: &Pool<T>) -> usize {
        source.stats().free_chunks * size_of::<T>()
    }
}
