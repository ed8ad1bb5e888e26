//! What may hold links: the fields that can be marked with `#[pooled(link)]`.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::array;
use core::cell::{Cell, OnceCell, RefCell};
#[cfg(feature = "std")]
use core::hash::{BuildHasher, Hash};
use core::mem::take;
#[cfg(feature = "std")]
use std::collections::HashMap;
#[cfg(feature = "std")]
use std::sync::{Mutex, OnceLock, PoisonError, RwLock};

#[cfg(feature = "smallvec")]
use smallvec::SmallVec;

use super::{CloneLink, Link};

/// A field, or a part of one, that holds links: what may be marked with `#[pooled(link)]`.
///
/// [The list](crate::links#what-a-link-is) says what implements it. For a collection of your own it is one line or two:
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "derive")] {
/// use goo_pool_typed::links::{Links, WalkLinks};
/// use goo_pool_typed::{Pool, PoolBox, Pooled};
///
/// #[derive(Default)]
/// struct Children {
///     by_name: Vec<(String, PoolBox<Folder>)>,
/// }
///
/// impl Links for Children {
///     type Link = PoolBox<Folder>;
///
///     fn take_links(&mut self) -> impl Iterator<Item = PoolBox<Folder>> {
///         self.by_name.drain(..).map(|(_, folder)| folder)
///     }
/// }
///
/// impl WalkLinks for Children {
///     fn links(&self) -> impl Iterator<Item = &PoolBox<Folder>> {
///         self.by_name.iter().map(|(_, folder)| folder)
///     }
/// }
///
/// #[derive(Pooled)]
/// #[pooled(walk)]
/// struct Folder {
///     #[pooled(link)]
///     children: Children,
/// }
///
/// let pool = Pool::new();
/// let mut folder = Folder::new_in(&pool, Children::default());
/// for depth in 0..100_000 {
///     folder = Folder::new_in(&pool, Children { by_name: vec![(depth.to_string(), folder)] });
/// }
/// assert_eq!(folder.links().count(), 100_001);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not hold links",
    label = "a link is an `Option<PoolBox<Self>>`, or a `Vec` or another collection of them",
    note = "see `goo_pool_typed::links` for all that may be marked with `#[pooled(link)]`; the trait `Links` is for collections of your own"
)]
pub trait Links {
    /// The handle that the links are.
    type Link: Link;

    /// Takes all links out, in order. None is left when the iterator is dropped; what it was not asked for is dropped then.
    ///
    /// If some are left, that is safe, but they are dropped on the stack.
    fn take_links(&mut self) -> impl Iterator<Item = Self::Link>;

    /// Whether there may be a link: asked of each node when it is dropped, mostly after its links were taken. Worth to be
    /// written where that is quicker than to take none.
    ///
    /// If it is false and there is one, that is safe, but the link is dropped on the stack.
    #[inline]
    fn has_links(&mut self) -> bool {
        true
    }
}

/// What holds links that can be visited while it is shared, for `#[pooled(walk)]`.
#[diagnostic::on_unimplemented(
    message = "the links in `{Self}` cannot be walked",
    label = "gives out no reference to its links while it is shared"
)]
pub trait WalkLinks: Links {
    /// All links, in order.
    fn links(&self) -> impl Iterator<Item = &Self::Link>;
}

/// What holds links and can be cloned, for `#[pooled(clone)]`.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "derive")] {
/// use goo_pool_typed::links::{CloneLinks, Links, WalkLinks};
/// use goo_pool_typed::{Pool, PoolBox, Pooled};
///
/// /// The second one only with the first.
/// struct Two(Option<(PoolBox<Node>, Option<PoolBox<Node>>)>);
///
/// impl Links for Two {
///     type Link = PoolBox<Node>;
///
///     fn take_links(&mut self) -> impl Iterator<Item = PoolBox<Node>> {
///         self.0.take().into_iter().flat_map(|(first, second)| [Some(first), second]).flatten()
///     }
/// }
///
/// impl WalkLinks for Two {
///     fn links(&self) -> impl Iterator<Item = &PoolBox<Node>> {
///         self.0.iter().flat_map(|(first, second)| [Some(first), second.as_ref()]).flatten()
///     }
/// }
///
/// impl CloneLinks for Two {
///     fn none() -> Self {
///         Self(None)
///     }
///
///     fn clone_with(&self, mut clone: impl FnMut(&PoolBox<Node>) -> PoolBox<Node>) -> Self {
///         Self(self.0.as_ref().map(|(first, second)| (clone(first), second.as_ref().map(clone))))
///     }
///
///     fn links_mut(&mut self) -> impl Iterator<Item = &mut PoolBox<Node>> {
///         self.0.iter_mut().flat_map(|(first, second)| [Some(first), second.as_mut()]).flatten()
///     }
/// }
///
/// #[derive(Pooled)]
/// #[pooled(clone)]
/// struct Node {
///     value: u32,
///     #[pooled(link)]
///     links: Two,
/// }
///
/// let pool = Pool::new();
/// let second = Node::new_in(&pool, 2, Two(None));
/// let first = Node::new_in(&pool, 1, Two(Some((second, None))));
/// let clone = first.clone();
/// assert_eq!((clone.links.0.as_ref().unwrap().0.value, pool.len()), (2, 4));
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "the links in `{Self}` cannot be cloned",
    label = "cannot be cloned link by link"
)]
pub trait CloneLinks: WalkLinks<Link: CloneLink> {
    /// What is in the clone's place until it is made.
    fn none() -> Self;

    /// A clone whose links are what `clone` makes of ours.
    fn clone_with(&self, clone: impl FnMut(&Self::Link) -> Self::Link) -> Self;

    /// All links, in the order of [`links`](WalkLinks::links).
    ///
    /// If it is another, that is safe, but nodes of the clone get the links of others.
    fn links_mut(&mut self) -> impl Iterator<Item = &mut Self::Link>;
}

/// What a collection of links has as its elements: a [`Link`], or an `Option` of one. The trait is sealed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a link",
    label = "not a `PoolBox`, `SyncPoolBox`, `PoolRc` or `PoolArc`, nor an `Option` of one"
)]
pub trait Element: Sized {
    /// The link.
    type Link: Link;

    #[doc(hidden)]
    fn into_link(self) -> Option<Self::Link>;

    #[doc(hidden)]
    fn link(&self) -> Option<&Self::Link>;

    #[doc(hidden)]
    fn link_mut(&mut self) -> Option<&mut Self::Link>;

    #[doc(hidden)]
    fn clone_with(&self, clone: impl FnMut(&Self::Link) -> Self::Link) -> Self;
}

impl<L: Link> Element for L {
    type Link = L;

    #[inline]
    fn into_link(self) -> Option<L> {
        Some(self)
    }

    #[inline]
    fn link(&self) -> Option<&L> {
        Some(self)
    }

    #[inline]
    fn link_mut(&mut self) -> Option<&mut L> {
        Some(self)
    }

    #[inline]
    fn clone_with(&self, mut clone: impl FnMut(&L) -> L) -> Self {
        clone(self)
    }
}

impl<L: Link> Element for Option<L> {
    type Link = L;

    #[inline]
    fn into_link(self) -> Self {
        self
    }

    #[inline]
    fn link(&self) -> Option<&L> {
        self.as_ref()
    }

    #[inline]
    fn link_mut(&mut self) -> Option<&mut L> {
        self.as_mut()
    }

    #[inline]
    fn clone_with(&self, clone: impl FnMut(&L) -> L) -> Self {
        self.as_ref().map(clone)
    }
}

impl<L: Link> Links for Option<L> {
    type Link = L;

    #[inline]
    fn take_links(&mut self) -> impl Iterator<Item = L> {
        self.take().into_iter()
    }

    #[inline(always)]
    fn has_links(&mut self) -> bool {
        self.is_some()
    }
}

impl<L: Link> WalkLinks for Option<L> {
    #[inline]
    fn links(&self) -> impl Iterator<Item = &L> {
        self.iter()
    }
}

impl<L: CloneLink> CloneLinks for Option<L> {
    #[inline]
    fn none() -> Self {
        None
    }

    #[inline]
    fn clone_with(&self, clone: impl FnMut(&L) -> L) -> Self {
        self.as_ref().map(clone)
    }

    #[inline]
    fn links_mut(&mut self) -> impl Iterator<Item = &mut L> {
        self.iter_mut()
    }
}

/// Collections of elements in a row: how they give them out.
macro_rules! rows {
    ($(($($generics:tt)*) $collection:ty $(where ($($bounds:tt)*))?, $row:ident => $elements:expr;)*) => {
        $(
            impl<$($generics)*> Links for $collection
            $(where
                $($bounds)*)?
            {
                type Link = E::Link;

                #[inline]
                fn take_links(&mut self) -> impl Iterator<Item = E::Link> {
                    let $row = self;
                    $elements.filter_map(E::into_link)
                }

                #[inline]
                fn has_links(&mut self) -> bool {
                    !self.is_empty()
                }
            }

            impl<$($generics)*> WalkLinks for $collection
            $(where
                $($bounds)*)?
            {
                #[inline]
                fn links(&self) -> impl Iterator<Item = &E::Link> {
                    self.iter().filter_map(E::link)
                }
            }

            impl<$($generics)*> CloneLinks for $collection
            where
                E::Link: CloneLink,
                $($($bounds)*)?
            {
                #[inline]
                fn none() -> Self {
                    Self::default()
                }

                fn clone_with(&self, mut clone: impl FnMut(&E::Link) -> E::Link) -> Self {
                    self.iter().map(|element| element.clone_with(&mut clone)).collect()
                }

                #[inline]
                fn links_mut(&mut self) -> impl Iterator<Item = &mut E::Link> {
                    self.iter_mut().filter_map(E::link_mut)
                }
            }
        )*
    };
}

rows! {
    (E: Element) Vec<E>, row => row.drain(..);
    (E: Element) VecDeque<E>, row => row.drain(..);
    (E: Element) Box<[E]>, row => take(row).into_iter();
}

#[cfg(feature = "smallvec")]
rows! {
    (E: Element, const N: usize) SmallVec<[E; N]> where ([E; N]: smallvec::Array<Item = E>), row => row.drain(..);
}

/// Maps from keys to elements.
macro_rules! maps {
    ($(($($generics:tt)*) $map:ty where ($($bounds:tt)*), $entries:ident => $elements:expr;)*) => {
        $(
            impl<$($generics)*> Links for $map {
                type Link = E::Link;

                fn take_links(&mut self) -> impl Iterator<Item = E::Link> {
                    let $entries = self;
                    $elements.filter_map(E::into_link)
                }

                fn has_links(&mut self) -> bool {
                    !self.is_empty()
                }
            }

            impl<$($generics)*> WalkLinks for $map {
                fn links(&self) -> impl Iterator<Item = &E::Link> {
                    self.values().filter_map(E::link)
                }
            }

            impl<$($generics)*> CloneLinks for $map
            where
                E::Link: CloneLink,
                $($bounds)*
            {
                fn none() -> Self {
                    Self::default()
                }

                fn clone_with(&self, mut clone: impl FnMut(&E::Link) -> E::Link) -> Self {
                    self.iter().map(|(key, element)| (key.clone(), element.clone_with(&mut clone))).collect()
                }

                fn links_mut(&mut self) -> impl Iterator<Item = &mut E::Link> {
                    self.values_mut().filter_map(E::link_mut)
                }
            }
        )*
    };
}

maps! {
    (K, E: Element) BTreeMap<K, E> where (K: Clone + Ord), map => take(map).into_values();
}

#[cfg(feature = "std")]
maps! {
    (K, E: Element, S) HashMap<K, E, S> where (K: Clone + Eq + Hash, S: BuildHasher + Default), map => {
        map.drain().map(|(_, element)| element)
    };
}

impl<C: Links, const N: usize> Links for [C; N] {
    type Link = C::Link;

    #[inline]
    fn take_links(&mut self) -> impl Iterator<Item = C::Link> {
        self.iter_mut().flat_map(C::take_links)
    }

    #[inline]
    fn has_links(&mut self) -> bool {
        self.iter_mut().any(C::has_links)
    }
}

impl<C: WalkLinks, const N: usize> WalkLinks for [C; N] {
    #[inline]
    fn links(&self) -> impl Iterator<Item = &C::Link> {
        self.iter().flat_map(C::links)
    }
}

impl<C: CloneLinks, const N: usize> CloneLinks for [C; N] {
    #[inline]
    fn none() -> Self {
        array::from_fn(|_| C::none())
    }

    #[inline]
    fn clone_with(&self, mut clone: impl FnMut(&C::Link) -> C::Link) -> Self {
        array::from_fn(|index| self[index].clone_with(&mut clone))
    }

    #[inline]
    fn links_mut(&mut self) -> impl Iterator<Item = &mut C::Link> {
        self.iter_mut().flat_map(C::links_mut)
    }
}

impl<C: Links> Links for Box<C> {
    type Link = C::Link;

    #[inline]
    fn take_links(&mut self) -> impl Iterator<Item = C::Link> {
        (**self).take_links()
    }

    #[inline]
    fn has_links(&mut self) -> bool {
        (**self).has_links()
    }
}

impl<C: WalkLinks> WalkLinks for Box<C> {
    #[inline]
    fn links(&self) -> impl Iterator<Item = &C::Link> {
        (**self).links()
    }
}

impl<C: CloneLinks> CloneLinks for Box<C> {
    fn none() -> Self {
        Self::new(C::none())
    }

    fn clone_with(&self, clone: impl FnMut(&C::Link) -> C::Link) -> Self {
        Self::new((**self).clone_with(clone))
    }

    #[inline]
    fn links_mut(&mut self) -> impl Iterator<Item = &mut C::Link> {
        (**self).links_mut()
    }
}

/// What may change while it is shared gives out its links to whoever has it alone.
macro_rules! cells {
    ($($cell:ident, $inside:ident => $links:expr;)*) => {
        $(impl<C: Links> Links for $cell<C> {
            type Link = C::Link;

            #[inline]
            fn take_links(&mut self) -> impl Iterator<Item = C::Link> {
                let $inside = self.get_mut();
                $links.take_links()
            }

            #[inline]
            fn has_links(&mut self) -> bool {
                let $inside = self.get_mut();
                $links.has_links()
            }
        })*
    };
}

cells! {
    Cell, inside => inside;
    RefCell, inside => inside;
}

// A lock is poisoned if a thread panicked that held it; the nodes are to be dropped in any case.
#[cfg(feature = "std")]
cells! {
    Mutex, inside => inside.unwrap_or_else(PoisonError::into_inner);
    RwLock, inside => inside.unwrap_or_else(PoisonError::into_inner);
}

/// What is written once gives out its link when it has one.
macro_rules! once {
    ($($cell:ident),*) => {
        $(
            impl<E: Element> Links for $cell<E> {
                type Link = E::Link;

                #[inline]
                fn take_links(&mut self) -> impl Iterator<Item = E::Link> {
                    self.take().and_then(E::into_link).into_iter()
                }

                #[inline]
                fn has_links(&mut self) -> bool {
                    self.get().is_some()
                }
            }

            impl<E: Element> WalkLinks for $cell<E> {
                #[inline]
                fn links(&self) -> impl Iterator<Item = &E::Link> {
                    self.get().and_then(E::link).into_iter()
                }
            }
        )*
    };
}

once!(OnceCell);
#[cfg(feature = "std")]
once!(OnceLock);
