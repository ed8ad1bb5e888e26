//! Links between the nodes of lists, trees and graphs, which no stack is too small for.
//!
//! A node that owns the next one is dropped by its owner, and drops the next one in its turn: std's `Box`, `Rc` and `Arc`
//! do that too, and a list of some ten thousand nodes overflows the stack. Fields with `#[pooled(link)]` make
//! [`derive(Pooled)`](crate::Pooled) write a destructor that goes through the nodes in a loop; with `#[pooled(clone)]` and
//! `#[pooled(walk)]` on the type, a `Clone` and a way through all nodes that do the same.
//!
//! ```
//! # #[cfg(feature = "derive")] {
//! use goo_pool_typed::{Pool, PoolBox, Pooled};
//!
//! #[derive(Pooled)]
//! #[pooled(clone, walk)]
//! struct Node {
//!     value: u64,
//!     #[pooled(link)]
//!     next: Option<PoolBox<Node>>,
//! }
//!
//! let pool = Pool::new();
//! let mut list = Node::new_in(&pool, 0, None);
//! for value in 1..1_000_000 {
//!     list = Node::new_in(&pool, value, Some(list));
//! }
//! let twin = list.clone();
//! assert_eq!(twin.links().map(|node| node.value).sum::<u64>(), 499_999_500_000);
//! drop((list, twin));
//! assert!(pool.is_empty());
//! # }
//! ```
//!
//! # What a link is
//!
//! A handle that owns another node of the same type, in something that can let go of it:
//!
//! | field | | walk | clone |
//! |---|---|---|---|
//! | `Option<L>` | the plain link | yes | yes |
//! | `Vec<L>`, `VecDeque<L>`, `Box<[L]>`; `SmallVec<[L; N]>` with the feature `smallvec` | many | yes | yes |
//! | `BTreeMap<K, L>`; `HashMap<K, L>`, in no order | named ones | yes | yes |
//! | `[C; N]`, `Box<C>` | so many, in place or not | yes | yes |
//! | `OnceCell<L>`, `OnceLock<L>` | set once, though the node is shared | yes | |
//! | `Cell<C>`, `RefCell<C>`, `Mutex<C>`, `RwLock<C>` | changed though the node is shared | | |
//!
//! `L` is a [`Link`]: a `PoolBox`, `SyncPoolBox`, `PoolRc` or `PoolArc` of the node's own type; in a collection it may also be
//! an `Option` of one. `C` is again one of this table. All links of a type are of one kind. For a collection of your own,
//! implement [`Links`], and [`WalkLinks`] and [`CloneLinks`] if you want them.
//!
//! The field of a handle alone, `PoolBox<Self>`, is none: a destructor cannot take it out of its node and leave nothing.
//! Two types that own each other in turns are not covered either: the loop is over nodes of one type. Let one of them
//! be a variant of an enum with the other, or let one own its counterpart in a field that is no link, where that nests to
//! no great depth.
//!
//! # Drop
//!
//! Nodes are dropped in this order: a node, then all nodes behind its first link, then all behind its second, and so on:
//! as the compiler would if the links were the last fields. The value with which it begins keeps its other fields to the
//! end: they are dropped after everything behind its links. A shared node is dropped with its last handle, and what is
//! behind it only then.
//!
//! - Every value of the type is dropped so, in a pool or not: on the stack, in a `Vec`, or after `PoolBox::into_inner`.
//! - Nodes with one link take no memory to drop. If there are more, those not yet reached are kept, from the sixth on in a
//!   `Vec`. If there is no memory for that, a link is followed at once, on the stack, and before those that are kept.
//! - If a destructor panics, all other nodes are dropped, in the same loop; if another one panics then, the program is aborted:
//!   as when a `Vec` is dropped. Destructors may use the pools and drop other nodes of the type.
//! - A type with a destructor does not let its fields be moved out: take a link with `node.next.take()`, another field
//!   with [`mem::take`](core::mem::take) or [`mem::replace`](core::mem::replace). The type cannot have another `Drop`:
//!   what is to happen when a node is dropped goes into the destructor of a field.
//! - As with any destructor, the compiler wants what a node borrows to live longer than the node.
//! - What the compiler derives (`Debug`, `PartialEq`, `Hash` and others) still recurses.
//!
//! # Clone
//!
//! `#[pooled(clone)]` implements `Clone`: each node behind a link is cloned into another chunk of the pool it is in, as
//! [`PoolBox`](crate::PoolBox) does it. First a node's other fields are cloned, in their order; then the nodes behind its links,
//! one after the other; then what is behind those, all of it for the first before any for the second. So siblings come to lie
//! side by side. If a `clone` panics, what has been made is dropped.
//!
//! A `PoolRc` is cloned as a handle: the nodes behind it become shared. For nodes with such links the compiler's
//! `derive(Clone)` does the same.
//!
//! # Walk
//!
//! `#[pooled(walk)]` gives the type a method `links`: an iterator over the node itself and all nodes behind its links, in the
//! order in which they would be dropped if the first were as the others: a [`Walk`]. What several handles lead to comes
//! several times, and a walk around a circle does not end.

pub(crate) mod clone;
mod collections;
pub(crate) mod drop;
mod stack;
pub(crate) mod walk;

use core::ops::Deref;

pub(crate) use self::clone::CloneNode;
pub use self::collections::{CloneLinks, Element, Links, WalkLinks};
use self::drop::Visit;
pub use self::walk::Walk;
use crate::generic::{Kind, Pool, PoolBox, PoolRc};

/// A type whose values own others of the same type through [`Link`]s. `#[derive(Pooled)]` implements it for a type with
/// `#[pooled(link)]`.
///
/// For bounds in generic code: what it asks of an implementation is not part of the public interface.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no links",
    label = "a link leads to a type that derives `Pooled` and has a field with `#[pooled(link)]`"
)]
pub trait Linked: Sized {
    /// The handle that all links are.
    type Link: Link<Target = Self>;

    /// Shows all fields that hold links, in order.
    #[doc(hidden)]
    fn visit_links(&mut self, visit: &mut impl Visit<Self>);
}

/// A handle that can be a link: a `PoolBox`, `SyncPoolBox`, `PoolRc` or `PoolArc` of a [`Linked`] type. The trait is sealed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a link",
    label = "not a `PoolBox`, `SyncPoolBox`, `PoolRc` or `PoolArc`",
    note = "a link is an `Option`, a `Vec` or another collection of such handles to nodes of the type itself"
)]
pub trait Link: Deref<Target: Linked> + Sealed + Sized {
    /// Drops the handle. If that drops its node, `last` gets the node before.
    #[doc(hidden)]
    fn drop_with(self, last: impl FnOnce(&mut Self::Target));
}

/// A link that can be cloned.
pub trait CloneLink: Link {
    /// Keeps a pool open.
    #[doc(hidden)]
    type Pool;

    /// The handle's clone. What it owns alone is cloned without its links, into its own pool, which is put into `open`.
    #[doc(hidden)]
    fn clone_node(&self, open: &mut Option<Self::Pool>) -> Self;

    /// The node and its clone, whose links are missing; nothing, if they are the same.
    #[doc(hidden)]
    fn unfinished<'n>(&'n self, clone: &'n mut Self) -> Option<(&'n Self::Target, &'n mut Self::Target)>;
}

impl<T: Linked, H: Kind> Link for PoolBox<T, H> {
    #[inline]
    fn drop_with(mut self, last: impl FnOnce(&mut T)) {
        last(&mut self);
    }
}

impl<T: CloneNode, H: Kind> CloneLink for PoolBox<T, H> {
    type Pool = Pool<T, H::Source>;

    #[inline]
    fn clone_node(&self, open: &mut Option<Self::Pool>) -> Self {
        let pool = Self::pool(self);
        let clone = pool.alloc_with(|| T::clone_node(self));
        *open = Some(pool);
        clone
    }

    #[inline]
    fn unfinished<'n>(&'n self, clone: &'n mut Self) -> Option<(&'n T, &'n mut T)> {
        Some((self, clone))
    }
}

impl<T: Linked, H: Kind> Link for PoolRc<T, H> {
    #[inline]
    fn drop_with(self, last: impl FnOnce(&mut T)) {
        Self::drop_with(self, last);
    }
}

impl<T: Linked, H: Kind> CloneLink for PoolRc<T, H> {
    type Pool = ();

    #[inline]
    fn clone_node(&self, _: &mut Option<()>) -> Self {
        self.clone()
    }

    #[inline]
    fn unfinished<'n>(&'n self, _: &'n mut Self) -> Option<(&'n T, &'n mut T)> {
        None
    }
}

/// Keeps the traits to this crate.
pub trait Sealed {}

impl<T: Linked, H: Kind> Sealed for PoolBox<T, H> {}
impl<T: Linked, H: Kind> Sealed for PoolRc<T, H> {}
