//! Where a pool has its chunks from: the one difference between the kinds of pools.

use core::alloc::Layout;
use core::cell::{Cell, OnceCell};
use core::ptr::NonNull;

use goo_pool_core::{AllocError, BuildError, Geometry, Handle, Parent, PoolHandle, RawPoolBuilder};

use crate::error::{fail, refused};
use crate::rc::Word;

/// A kind of boxes, named by the untyped handle to pools that they are in.
///
/// A [`PoolHandle`] is the kind of `PoolBox`, a `SyncPoolHandle` that of `SyncPoolBox`. The trait is sealed.
pub trait Kind: Handle {
    /// Where a recycler keeps such boxes.
    #[doc(hidden)]
    type Shelf<B>: crate::shelf::Shelf<B>;

    /// How a pool of this kind keeps its handle.
    #[doc(hidden)]
    type Source: Source<Handle = Self> + From<Self>;

    /// The same for a pool that is made when it is first used.
    #[doc(hidden)]
    type Lazy: Source<Handle = Self>;

    /// What the counts of a shared value are kept in.
    #[doc(hidden)]
    type Word: Word;
}

impl Kind for PoolHandle {
    type Shelf<B> = crate::shelf::LocalShelf<B>;
    type Source = Self;
    type Lazy = OnceCell<Self>;
    type Word = Cell<u64>;
}

/// Where a [`generic::Pool`](crate::generic::Pool) has its chunks from.
///
/// Code for every kind of pool takes a `&generic::Pool<T, S>` and gives out `generic::PoolBox<T, S::Handle>`. The trait
/// is sealed, so that unsafe code may rely on what its methods say.
///
/// # Examples
///
/// ```
/// use goo_pool_typed::Pool;
/// use goo_pool_typed::generic::{self, Source};
///
/// fn pair<S: Source>(pool: &generic::Pool<u32, S>) -> [generic::PoolBox<u32, S::Handle>; 2] {
///     [pool.alloc(1), pool.alloc(2)]
/// }
///
/// let [one, two] = pair(&Pool::new());
/// assert_eq!(*one + *two, 3);
/// ```
pub trait Source: Sealed + Sized {
    /// The kind of boxes.
    type Handle: Kind;

    /// A handle to the pool, if the pool has one yet.
    #[doc(hidden)]
    fn handle(&self) -> Option<&Self::Handle>;

    /// A handle to the pool, which is made now for chunks of `layout` if there is none.
    #[doc(hidden)]
    fn handle_or_build(&self, layout: Layout) -> Result<&Self::Handle, BuildError>;

    /// A free chunk.
    ///
    /// # Safety
    ///
    /// 1. The pool is for `layout`, and `geometry` is [`Geometry::of`] it.
    #[doc(hidden)]
    #[inline(always)]
    #[cfg_attr(feature = "tracking", track_caller)]
    unsafe fn allocate_in(&self, layout: Layout, geometry: &Geometry) -> Result<NonNull<u8>, AllocError> {
        match self.handle() {
            // SAFETY: (1).
            Some(handle) => unsafe { handle.allocate_in(geometry) },
            // SAFETY: (1).
            None => unsafe { self.allocate_first_slow(layout, geometry) },
        }
    }

    /// A free chunk, or an end as `Box::new` has it.
    ///
    /// # Safety
    ///
    /// 1. As for [`allocate_in`](Self::allocate_in).
    #[doc(hidden)]
    #[inline(always)]
    #[cfg_attr(feature = "tracking", track_caller)]
    unsafe fn allocate_in_or_fail(&self, layout: Layout, geometry: &Geometry) -> NonNull<u8> {
        match self.handle() {
            // SAFETY: (1).
            Some(handle) => unsafe { handle.allocate_in_or(geometry, fail) },
            // SAFETY: (1).
            None => unsafe { self.allocate_first_or_fail_slow(layout, geometry) },
        }
    }

    /// A free chunk of a pool without a handle.
    ///
    /// # Safety
    ///
    /// 1. As for [`allocate_in`](Self::allocate_in).
    #[doc(hidden)]
    #[cold]
    #[inline(never)]
    unsafe fn allocate_first_slow(&self, layout: Layout, geometry: &Geometry) -> Result<NonNull<u8>, AllocError> {
        let handle = self.handle_or_build(layout).map_err(|error| refused(error, layout))?;
        // SAFETY: (1).
        unsafe { handle.allocate_in(geometry) }
    }

    /// The same for `allocate_in_or_fail`, whose fast path is shorter if no result comes through memory.
    ///
    /// # Safety
    ///
    /// 1. As for [`allocate_in`](Self::allocate_in).
    #[doc(hidden)]
    #[cold]
    #[inline(never)]
    unsafe fn allocate_first_or_fail_slow(&self, layout: Layout, geometry: &Geometry) -> NonNull<u8> {
        // SAFETY: (1).
        unsafe { self.allocate_first_slow(layout, geometry) }.unwrap_or_else(|error| fail(error))
    }
}

/// A pool of one thread is its handle.
impl Source for PoolHandle {
    type Handle = Self;

    #[inline(always)]
    fn handle(&self) -> Option<&Self> {
        Some(self)
    }

    #[inline(always)]
    fn handle_or_build(&self, _: Layout) -> Result<&Self, BuildError> {
        Ok(self)
    }
}

/// A [`Source`] of a pool that may be built over a parent of type `P`. The trait is sealed.
pub trait Over<P>: Source {
    /// The source of a new pool.
    #[doc(hidden)]
    fn build(settings: RawPoolBuilder<P>) -> Result<Self, BuildError>;
}

impl<P: Parent + 'static> Over<P> for PoolHandle {
    fn build(settings: RawPoolBuilder<P>) -> Result<Self, BuildError> {
        settings.build_handle()
    }
}

/// A kind of boxes, or a source of a pool, that is not bound to a thread. The trait is sealed.
///
/// # Safety
///
/// 1. The pool behind it may be used on any thread, and its chunks may be given back on any.
#[diagnostic::on_unimplemented(
    message = "a `Pool`, its boxes and a `LocalPool` stay on the thread that made them",
    label = "this may be another thread",
    note = "a `SyncPool` is for many threads, and its boxes go wherever their values may"
)]
pub unsafe trait AnyThread: Sealed + Send + Sync {}

/// Keeps the traits to this crate.
pub trait Sealed {}

impl Sealed for PoolHandle {}
