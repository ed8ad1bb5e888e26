//! The one thing in which the two pipelines differ: who provides the boxes.

use std::ops::DerefMut;

use goo_pool_typed::{SyncPool, SyncPoolBox};

/// A kind of box. The pipeline is written once, against this trait.
pub(crate) trait BoxKind {
    /// Owns one `T`, on whatever thread it is. Both kinds are one pointer wide.
    type Owner<T: Send>: DerefMut<Target = T> + Send;
    /// What boxes of `T` are taken from, by all threads at once.
    type Source<T: Send>: Default + Sync;

    fn put<T: Send>(source: &Self::Source<T>, value: T) -> Self::Owner<T>;
}

/// `Box`: every object from the global allocator.
pub(crate) struct GlobalBoxes;

impl BoxKind for GlobalBoxes {
    type Owner<T: Send> = Box<T>;
    type Source<T: Send> = ();

    #[inline]
    fn put<T: Send>((): &(), value: T) -> Box<T> {
        Box::new(value)
    }
}

/// `SyncPoolBox`: every object from the pool of its type.
pub(crate) struct SyncPoolBoxes;

impl BoxKind for SyncPoolBoxes {
    type Owner<T: Send> = SyncPoolBox<T>;
    type Source<T: Send> = SyncPool<T>;

    #[inline]
    fn put<T: Send>(source: &SyncPool<T>, value: T) -> SyncPoolBox<T> {
        source.alloc(value)
    }
}
