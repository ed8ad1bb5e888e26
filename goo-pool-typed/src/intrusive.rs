//! Nodes in a pool for the lists and trees of the crate [`intrusive-collections`](intrusive_collections).
//!
//! Such a collection owns its nodes, and the links are fields of theirs, so that one node may be in several. Which pointer
//! owns a node says an [`Adapter`], and `intrusive_adapter!` writes adapters for pointers of std and of that crate alone.
//! [`PoolAdapter`] takes such an adapter and has the nodes owned by ours.
//!
//! # Examples
//!
//! ```
//! use goo_pool_typed::intrusive::PoolAdapter;
//! use goo_pool_typed::{Pool, PoolBox};
//! use intrusive_collections::{LinkedList, LinkedListLink, UnsafeRef, intrusive_adapter};
//!
//! struct Job {
//!     link: LinkedListLink,
//!     name: &'static str,
//! }
//!
//! // Where the link is. The pointer is replaced below, so any will do.
//! intrusive_adapter!(JobLink = UnsafeRef<Job>: Job { link => LinkedListLink });
//!
//! let pool = Pool::new();
//! let mut jobs = LinkedList::<PoolAdapter<JobLink, PoolBox<Job>>>::default();
//! for name in ["read", "sort", "write"] {
//!     jobs.push_back(pool.alloc(Job { link: LinkedListLink::new(), name }));
//! }
//! let mut second = jobs.front_mut();
//! second.move_next();
//! let removed: PoolBox<Job> = second.remove().unwrap();
//! assert_eq!(removed.name, "sort");
//! drop(jobs);
//! assert_eq!(pool.len(), 1);
//! ```

use core::fmt;
use core::marker::PhantomData;
use core::pin::Pin;

use intrusive_collections::{Adapter, KeyAdapter, LinkOps, PointerOps};

use crate::generic::{Kind, PoolBox, PoolRc};

/// The adapter `A`, with nodes that are owned by a `P`: a [`PoolBox`](crate::PoolBox), a `SyncPoolBox`, a
/// [`PoolRc`](crate::PoolRc) or a `PoolArc`, each pinned or not.
///
/// A tree's keys are those of `A`. See the [module](self) for an example.
pub struct PoolAdapter<A, P> {
    links: A,
    pointers: PoolPointerOps<P>,
}

impl<A, P> PoolAdapter<A, P> {
    /// An adapter with the links that `links` finds.
    #[must_use]
    pub const fn new(links: A) -> Self {
        Self { links, pointers: PoolPointerOps::new() }
    }
}

impl<A: Default, P> Default for PoolAdapter<A, P> {
    fn default() -> Self {
        Self::new(A::default())
    }
}

impl<A: Copy, P> Copy for PoolAdapter<A, P> {}

impl<A: Clone, P> Clone for PoolAdapter<A, P> {
    fn clone(&self) -> Self {
        Self::new(self.links.clone())
    }
}

impl<A, P> fmt::Debug for PoolAdapter<A, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolAdapter").finish_non_exhaustive()
    }
}

type Value<A> = <<A as Adapter>::PointerOps as PointerOps>::Value;
type LinkPtr<A> = <<A as Adapter>::LinkOps as LinkOps>::LinkPtr;

// SAFETY: from a value to its link and back is A's business, which keeps the contract.
unsafe impl<A: Adapter, P> Adapter for PoolAdapter<A, P>
where
    PoolPointerOps<P>: PointerOps<Value = Value<A>>,
{
    type LinkOps = A::LinkOps;
    type PointerOps = PoolPointerOps<P>;

    #[inline]
    unsafe fn get_value(&self, link: LinkPtr<A>) -> *const Value<A> {
        // SAFETY: the caller's promises are those of A.
        unsafe { self.links.get_value(link) }
    }

    #[inline]
    unsafe fn get_link(&self, value: *const Value<A>) -> LinkPtr<A> {
        // SAFETY: the caller's promises are those of A.
        unsafe { self.links.get_link(value) }
    }

    #[inline]
    fn link_ops(&self) -> &A::LinkOps {
        self.links.link_ops()
    }

    #[inline]
    fn link_ops_mut(&mut self) -> &mut A::LinkOps {
        self.links.link_ops_mut()
    }

    #[inline]
    fn pointer_ops(&self) -> &PoolPointerOps<P> {
        &self.pointers
    }
}

impl<'a, A: KeyAdapter<'a>, P> KeyAdapter<'a> for PoolAdapter<A, P>
where
    PoolPointerOps<P>: PointerOps<Value = Value<A>>,
{
    type Key = A::Key;

    #[inline]
    fn get_key(&self, value: &'a Value<A>) -> A::Key {
        self.links.get_key(value)
    }
}

/// What an adapter written by hand names as its `PointerOps`: `P` as the owner of the nodes. See [`PoolAdapter`].
///
/// # Provenance
///
/// A box is made again from a pointer that is valid for more than the node, as `into_raw` returned it, because the pool is
/// found outside of the node. Collections keep a pointer to the link, and the macro's adapters go there and back by pointer
/// arithmetic, which keeps what the pointer is valid for. An adapter by hand must do the same: with a reference to the link
/// or to the node on the way, the box would be undefined behaviour.
///
/// The same goes for the pointers that `cursor_from_ptr` and its kin take: they are what `as_ptr` of the box or
/// the shared handle gave, not references to the node. A cursor that inserts writes its pointer into the new node's link,
/// and later a box is made of it.
///
/// Two collections make pointers from integers: `XorLinkedList`, whose links are one word, and `RBTree`, which keeps a
/// color in the pointer to the parent. That is sound if such a pointer gets back all that the exposed one was valid for,
/// as std's documentation has it, but it is not strict provenance.
// As `Send` and `Sync` as a `P`: a shared collection clones its pointers for whoever asks.
pub struct PoolPointerOps<P>(PhantomData<P>);

impl<P> PoolPointerOps<P> {
    /// There is nothing in it.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<P> Default for PoolPointerOps<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P> Copy for PoolPointerOps<P> {}

impl<P> Clone for PoolPointerOps<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> fmt::Debug for PoolPointerOps<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PoolPointerOps")
    }
}

// SAFETY: they are a pair, and do not panic.
unsafe impl<T: ?Sized, H: Kind> PointerOps for PoolPointerOps<PoolBox<T, H>> {
    type Value = T;
    type Pointer = PoolBox<T, H>;

    #[inline]
    unsafe fn from_raw(&self, value: *const T) -> PoolBox<T, H> {
        // SAFETY: the caller has it from `into_raw`, and an adapter keeps the provenance: see `PoolPointerOps`.
        unsafe { PoolBox::from_raw(value.cast_mut()) }
    }

    #[inline]
    fn into_raw(&self, boxed: PoolBox<T, H>) -> *const T {
        PoolBox::into_raw(boxed)
    }
}

// SAFETY: they are a pair, and do not panic.
unsafe impl<T: ?Sized, H: Kind> PointerOps for PoolPointerOps<PoolRc<T, H>> {
    type Value = T;
    type Pointer = PoolRc<T, H>;

    #[inline]
    unsafe fn from_raw(&self, value: *const T) -> PoolRc<T, H> {
        // SAFETY: as for a box.
        unsafe { PoolRc::from_raw(value) }
    }

    #[inline]
    fn into_raw(&self, rc: PoolRc<T, H>) -> *const T {
        PoolRc::into_raw(rc)
    }
}

// SAFETY: as those of what is pinned.
unsafe impl<P> PointerOps for PoolPointerOps<Pin<P>>
where
    P: core::ops::Deref,
    PoolPointerOps<P>: PointerOps<Value = P::Target, Pointer = P>,
{
    type Value = P::Target;
    type Pointer = Pin<P>;

    #[inline]
    unsafe fn from_raw(&self, value: *const P::Target) -> Pin<P> {
        // SAFETY: the caller has it from `into_raw`.
        let pointer = unsafe { PoolPointerOps::<P>::new().from_raw(value) };
        // SAFETY: it was pinned before.
        unsafe { Pin::new_unchecked(pointer) }
    }

    #[inline]
    fn into_raw(&self, pinned: Pin<P>) -> *const P::Target {
        // SAFETY: nothing moves the value before `from_raw` pins it again.
        PoolPointerOps::<P>::new().into_raw(unsafe { Pin::into_inner_unchecked(pinned) })
    }
}
