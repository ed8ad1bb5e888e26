//! The one thing in which the two indexes differ: who provides the boxes.

use std::ops::DerefMut;

use goo_pool_typed::{Pool, PoolBox};

/// A kind of box. The index is written once, against this trait.
pub(crate) trait BoxKind {
    /// Owns one `T`. Both kinds are one pointer wide.
    type Owner<T>: DerefMut<Target = T>;
    /// What boxes of `T` are taken from.
    type Source<T>: Default;

    fn put<T>(source: &Self::Source<T>, value: T) -> Self::Owner<T>;

    /// Bytes that are held for boxes to come.
    fn spare_bytes<T>(source: &Self::Source<T>) -> usize;
}

/// `Box`: every object from the global allocator.
pub(crate) struct GlobalBoxes;

impl BoxKind for GlobalBoxes {
    type Owner<T> = Box<T>;
    type Source<T> = ();

    #[inline]
    fn put<T>((): &(), value: T) -> Box<T> {
        Box::new(value)
    }

    /// The global allocator keeps some too, but not for us.
    fn spare_bytes<T>((): &()) -> usize {
        0
    }
}

/// `PoolBox`: every object from the pool of its type.
pub(crate) struct PoolBoxes;

impl BoxKind for PoolBoxes {
    type Owner<T> = PoolBox<T>;
    type Source<T> = Pool<T>;

    #[inline]
    fn put<T>(source: &Pool<T>, value: T) -> PoolBox<T> {
        source.alloc(value)
    }

    fn spare_bytes<T>(source: &Pool<T>) -> usize {
        source.stats().free_chunks * size_of::<T>()
    }
}
