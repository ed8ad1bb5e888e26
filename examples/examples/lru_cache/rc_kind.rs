//! The one thing in which the other two caches differ: who provides the counted pointers.

use std::ops::Deref;
use std::rc::{Rc, Weak};

use goo_pool_typed::{PoolRc, PoolWeak, RcPool};

/// A kind of counted pointers. The list is written once, against this trait.
pub(crate) trait RcKind {
    const NAME: &'static str;

    type Strong<T>: Deref<Target = T> + Clone;
    type Weak<T>;
    /// What they are taken from.
    type Source<T>;

    fn source<T>(capacity: usize) -> Self::Source<T>;
    fn put<T>(source: &Self::Source<T>, value: T) -> Self::Strong<T>;
    fn downgrade<T>(strong: &Self::Strong<T>) -> Self::Weak<T>;
    fn upgrade<T>(weak: &Self::Weak<T>) -> Option<Self::Strong<T>>;
    fn into_inner<T>(strong: Self::Strong<T>) -> Option<T>;
}

/// `Rc`: every object from the global allocator.
pub(crate) struct GlobalRcs;

impl RcKind for GlobalRcs {
    const NAME: &'static str = "Rc<RefCell>";

    type Strong<T> = Rc<T>;
    type Weak<T> = Weak<T>;
    type Source<T> = ();

    fn source<T>(_: usize) {}

    #[inline]
    fn put<T>((): &(), value: T) -> Rc<T> {
        Rc::new(value)
    }

    #[inline]
    fn downgrade<T>(strong: &Rc<T>) -> Weak<T> {
        Rc::downgrade(strong)
    }

    #[inline]
    fn upgrade<T>(weak: &Weak<T>) -> Option<Rc<T>> {
        weak.upgrade()
    }

    #[inline]
    fn into_inner<T>(strong: Rc<T>) -> Option<T> {
        Rc::into_inner(strong)
    }
}

/// `PoolRc`: every object from the pool of its type.
pub(crate) struct PoolRcs;

impl RcKind for PoolRcs {
    const NAME: &'static str = "PoolRc<RefCell>";

    type Strong<T> = PoolRc<T>;
    type Weak<T> = PoolWeak<T>;
    type Source<T> = RcPool<T>;

    fn source<T>(capacity: usize) -> RcPool<T> {
        RcPool::with_capacity(capacity)
    }

    #[inline]
    fn put<T>(source: &RcPool<T>, value: T) -> PoolRc<T> {
        source.alloc(value)
    }

    #[inline]
    fn downgrade<T>(strong: &PoolRc<T>) -> PoolWeak<T> {
        PoolRc::downgrade(strong)
    }

    #[inline]
    fn upgrade<T>(weak: &PoolWeak<T>) -> Option<PoolRc<T>> {
        weak.upgrade()
    }

    #[inline]
    fn into_inner<T>(strong: PoolRc<T>) -> Option<T> {
        PoolRc::into_inner(strong)
    }
}
