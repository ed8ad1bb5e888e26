//! What a typed pool asks of the untyped one, whichever of the kinds it is.

use core::alloc::Layout;
use core::fmt::Debug;
use core::ptr::NonNull;

use crate::error::{AllocError, BuildError, LayoutTooLarge};
use crate::geometry::Geometry;
use crate::reservation::{Reservation, Reserves};
use crate::row::Row;
use crate::stats::Stats;

/// One of several owners of an untyped pool: what a typed pool is built on, once for all kinds of pools.
///
/// A chunk is given back without a handle, by its address and its pool's geometry alone, also when the last handle is
/// gone. The trait is sealed.
///
/// # Safety
///
/// For a pool of layout `L`, and a chunk that one of its handles gave and nobody gave back since:
///
/// 1. The chunk is valid for reads and writes of `L`, aligned to it, and nobody else's.
/// 2. Its address says where its block begins, by the geometry that [`Geometry::of`] has for `L`.
/// 3. All that is so until it is given back, whatever becomes of the handles.
pub unsafe trait Handle: Sealed + Reserves + Clone + Debug + Sized + 'static {
    /// Whether several threads may use a pool of this kind. If so, its blocks have a longer header.
    const SHARED: bool;

    /// A free chunk. The geometry, being a constant for the caller, makes the fast path faster.
    ///
    /// # Errors
    ///
    /// As [`RawPool::allocate`](crate::RawPool::allocate).
    ///
    /// # Safety
    ///
    /// 1. `geometry` equals the pool's.
    unsafe fn allocate_in(&self, geometry: &Geometry) -> Result<NonNull<u8>, AllocError>;

    /// As [`allocate_in`](Self::allocate_in), for callers that do not come back from an error: without one
    /// to hand on, the fast path is shorter.
    ///
    /// # Safety
    ///
    /// 1. `geometry` equals the pool's.
    unsafe fn allocate_in_or(&self, geometry: &Geometry, fail: fn(AllocError) -> !) -> NonNull<u8>;

    /// Gives a chunk back to the pool it came from, open or closed.
    ///
    /// # Panics
    ///
    /// In debug builds and with the feature `hardened`, if the chunk's address, its block's header or its bit say that this is a
    /// misuse (`HARDENING.md`).
    ///
    /// # Safety
    ///
    /// 1. `chunk` came from a pool behind a handle of this type, alone and not in a row, has not been given back since,
    ///    and may be used for all of its segment: it is the pointer that the pool gave, not one made from a reference. If
    ///    the pool belongs to one thread, this is the thread.
    /// 2. Nobody touches its bytes after this call.
    /// 3. `geometry` equals that pool's.
    unsafe fn deallocate_in(chunk: NonNull<u8>, geometry: &Geometry);

    /// The same for a geometry that is not a constant: cheaper than making a [`Geometry`] first.
    ///
    /// # Safety
    ///
    /// 1. As (1) and (2) of [`deallocate_in`](Self::deallocate_in).
    /// 2. `layout` is the pool's.
    unsafe fn deallocate_dyn(chunk: NonNull<u8>, layout: Layout);

    /// A handle to the pool of a chunk, or if that is closed, to the pool that goes on in its place.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if that takes memory that the parent does not have.
    ///
    /// # Safety
    ///
    /// 1. `chunk` is a live chunk of a pool behind a handle of this type, allocated alone and not in a row, given by the pool
    ///    itself and on the thread as for [`deallocate_in`](Self::deallocate_in).
    /// 2. `layout` is the pool's.
    unsafe fn of(chunk: NonNull<u8>, layout: Layout) -> Result<Self, BuildError>;

    /// Makes room for `additional` allocations that follow at once: as [`reserve`](Self::reserve), but nothing is
    /// kept for longer than it is used, and it is not worth while to look for what is free already if the pool is
    /// 64 times as large.
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve).
    fn prepare(&self, additional: usize) -> Result<(), AllocError>;

    /// As [`RawPool::allocate`](crate::RawPool::allocate).
    ///
    /// # Errors
    ///
    /// As there.
    fn allocate(&self) -> Result<NonNull<u8>, AllocError>;

    /// All chunks of a block at once, for values that go together. They are live from now on and may be used as any other,
    /// but they come back together, by [`give_row`](Self::give_row) alone, and none of them leads to its pool.
    ///
    /// Takes a store for each 64 chunks and, in a pool for many threads, its lock. That pool has no room for a row where
    /// other threads that run have all that is free in their own memory.
    ///
    /// # Errors
    ///
    /// [`AllocError`] if no block is wholly free and the pool cannot grow; it stays as it was.
    fn take_row(&self) -> Result<Row, AllocError>;

    /// Takes a row back, for the same price.
    ///
    /// # Safety
    ///
    /// 1. This pool gave the row, and has not been reset since. If it is for many threads, it has had a handle ever since: such
    ///    a pool stays closed.
    /// 2. None of its chunks was given back alone, and nobody touches one after this call.
    unsafe fn give_row(&self, row: Row);

    /// As [`RawPool::reserve`](crate::RawPool::reserve).
    ///
    /// # Errors
    ///
    /// As there.
    fn reserve(&self, additional: usize) -> Result<(), AllocError>;

    /// As [`RawPool::reserve_exact`](crate::RawPool::reserve_exact), with a handle of its own, so that the pool stays open.
    ///
    /// # Errors
    ///
    /// As there.
    fn reserve_exact(&self, chunks: usize) -> Result<Reservation<Self>, AllocError> {
        Reservation::new(self.clone(), chunks)
    }

    /// As [`RawPool::shrink_to_fit`](crate::RawPool::shrink_to_fit).
    fn shrink_to_fit(&self);

    /// As [`RawPool::len`](crate::RawPool::len).
    #[must_use]
    fn len(&self) -> usize;

    /// Whether no chunk is live.
    #[must_use]
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// As [`RawPool::capacity`](crate::RawPool::capacity).
    #[must_use]
    fn capacity(&self) -> usize;

    /// As [`RawPool::layout`](crate::RawPool::layout).
    #[must_use]
    fn layout(&self) -> Layout;

    /// As [`RawPool::stats`](crate::RawPool::stats).
    #[must_use]
    fn stats(&self) -> Stats;

    /// Whether both are handles to one pool.
    #[must_use]
    fn ptr_eq(&self, other: &Self) -> bool;
}

impl Geometry {
    /// The geometry for chunks of `layout` in pools behind an `H`.
    ///
    /// # Errors
    ///
    /// As [`Geometry::new`].
    #[inline(always)]
    pub const fn of<H: Handle>(layout: Layout) -> Result<Self, LayoutTooLarge> {
        if H::SHARED { Self::new_shared(layout) } else { Self::new(layout) }
    }
}

/// Keeps the trait to this crate.
pub trait Sealed {}

impl Sealed for crate::PoolHandle {}
#[cfg(feature = "std")]
impl Sealed for crate::SyncPoolHandle {}
