//! The one parent of many pools.

use core::ops::Deref;

use crate::parent::{Parent, answers_of, memory_of};
use crate::shared_parent::SharedParent;

/// A parent that all classes of a pool have. Itself a parent.
pub(crate) enum Source<A: ?Sized + 'static> {
    /// For pools that are constants.
    Static(&'static A),
    /// One of its owners.
    Shared(SharedParent<A>),
}

impl<A: ?Sized> Source<A> {
    /// Bytes that it takes from itself.
    pub(crate) fn own_bytes(&self) -> usize {
        match self {
            Self::Static(_) => 0,
            Self::Shared(parent) => parent.own_bytes(),
        }
    }
}

impl<A: ?Sized> Clone for Source<A> {
    fn clone(&self) -> Self {
        match self {
            Self::Static(parent) => Self::Static(parent),
            Self::Shared(parent) => Self::Shared(parent.clone()),
        }
    }
}

impl<A: ?Sized> Deref for Source<A> {
    type Target = A;

    fn deref(&self) -> &A {
        match self {
            Self::Static(parent) => parent,
            Self::Shared(parent) => parent,
        }
    }
}

// SAFETY: the parent behind it keeps the contract.
unsafe impl<A: ?Sized + Parent> Parent for Source<A> {
    memory_of!(self => (**self));

    answers_of!(self => (**self));
}
