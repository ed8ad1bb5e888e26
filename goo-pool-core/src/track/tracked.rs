//! A pool with a ledger.

use core::alloc::Layout;
use core::fmt;
use core::panic::Location;
use core::ptr::NonNull;

use super::ledger::{Ledger, Owner, Usage};
use super::report::LiveSite;
use super::tracking::Tracking;
use crate::error::AllocError;
use crate::parent::{Parent, answers_of};
use crate::raw_pool::RawPool;
use crate::sync::SyncRawPool;

/// A pool, or a [`Parent`], and a ledger of what it hands out.
///
/// [`new`](Self::new) counts; [`Tracking`] has more: call sites, a name, and a sink for the report of what is still live when
/// the pool is dropped. For development and for operation under suspicion: each call takes a lock, and with call sites the
/// ledger has a record for each live chunk. A pool that is not tracked pays nothing.
///
/// | `P` | |
/// |---|---|
/// | [`RawPool`], [`SyncRawPool`] | `allocate`, `deallocate`, and `reset` where the pool has it |
/// | [`ClassPool`](crate::ClassPool), [`SyncClassPool`](crate::SyncClassPool) | the same with layouts, and `grow` and `shrink` |
/// | a [`Parent`] | is a parent: shows what a pool takes from the system |
/// | [`PoolHandle`](crate::PoolHandle), [`SyncPoolHandle`](crate::SyncPoolHandle) | is a [`Handle`](crate::Handle): what typed pools are built on |
///
/// What is done with [`pool`](Self::pool) directly is not in the books. A chunk that is taken here and given back there
/// stays live in them; with call sites, until the pool gives it again.
///
/// With several threads, a chunk is entered just after the pool gave it, and struck out just before the pool takes it back:
/// the totals are exact when the threads are joined, and the peak is that of the ledger's own order.
///
/// # Examples
///
/// ```
/// use goo_pool_core::{RawPool, Tracked};
/// use std::alloc::Layout;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = Tracked::new(RawPool::builder(Layout::new::<[u64; 2]>()).max_chunks(2).build()?);
/// let (first, _second) = (pool.allocate()?, pool.allocate()?);
/// assert!(pool.allocate().is_err());
/// // SAFETY: it came from this pool and is not used any more.
/// unsafe { pool.deallocate(first) };
/// // SAFETY: no chunk is used after this.
/// unsafe { pool.reset() };
///
/// let usage = pool.usage();
/// assert_eq!((usage.objects, usage.peak_objects, usage.peak_bytes), (0, 2, 32));
/// assert_eq!((usage.allocations, usage.frees, usage.failures), (2, 2, 1));
/// # Ok(())
/// # }
/// ```
pub struct Tracked<P> {
    /// Before the pool: what is live is reported while it still is.
    owner: Owner,
    pool: P,
}

impl<P> Tracked<P> {
    /// A pool whose chunks are counted, as [`Tracking::new`] has it.
    pub fn new(pool: P) -> Self {
        Tracking::new().track(pool)
    }

    pub(crate) fn from_parts(pool: P, ledger: Ledger) -> Self {
        Self { owner: Owner::new(ledger), pool }
    }

    /// The pool, for what is not about single chunks: its capacity, its layout.
    pub const fn pool(&self) -> &P {
        &self.pool
    }

    /// What is known of the pool. A clone of it outlives the pool.
    pub const fn ledger(&self) -> &Ledger {
        self.owner.ledger()
    }

    /// The sums, as [`Ledger::usage`].
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.ledger().usage()
    }

    /// What is live, by call site, as [`Ledger::live_by_site`].
    #[must_use]
    pub fn live_by_site(&self) -> alloc::vec::Vec<LiveSite> {
        self.ledger().live_by_site()
    }

    /// Enters what an allocation gave, or that it failed.
    #[inline]
    pub(crate) fn entered<E>(
        &self,
        allocated: Result<NonNull<u8>, E>,
        bytes: usize,
        site: &'static Location<'static>,
    ) -> Result<NonNull<u8>, E> {
        match &allocated {
            Ok(chunk) => self.ledger().enter(chunk.addr().get(), 1, bytes, site),
            Err(_) => self.ledger().count_failure(),
        }
        allocated
    }
}

/// The thread-safe pool has the same methods as the local one; one body of code for both.
macro_rules! pools_of_one_layout {
    ($($pool:ident)*) => {
        $(impl Tracked<$pool> {
            #[doc = concat!("As [`", stringify!($pool), "::allocate`], entered with the caller's line.")]
            ///
            /// # Errors
            ///
            /// As there.
            #[inline]
            #[track_caller]
            pub fn allocate(&self) -> Result<NonNull<u8>, AllocError> {
                let allocated = self.pool.allocate();
                self.entered(allocated, self.pool.layout().size(), Location::caller())
            }

            #[doc = concat!("As [`", stringify!($pool), "::allocate_zeroed`], entered with the caller's line.")]
            ///
            /// # Errors
            ///
            /// As there.
            #[inline]
            #[track_caller]
            pub fn allocate_zeroed(&self) -> Result<NonNull<u8>, AllocError> {
                let allocated = self.pool.allocate_zeroed();
                self.entered(allocated, self.pool.layout().size(), Location::caller())
            }

            #[doc = concat!("As [`", stringify!($pool), "::deallocate`], and struck out.")]
            ///
            /// # Safety
            ///
            #[doc = concat!("1. As [`", stringify!($pool), "::deallocate`]; the chunk came from this `Tracked`.")]
            ///
            /// # Panics
            ///
            /// With call sites, if no chunk of this pool is live at that address: then nothing has changed. In debug builds and
            /// with the feature `hardened` also as there: then the pool is as it was, but the chunk is struck out.
            #[inline]
            #[track_caller]
            pub unsafe fn deallocate(&self, chunk: NonNull<u8>) {
                self.ledger().strike(chunk.addr().get(), 1, self.pool.layout().size());
                // SAFETY: (1).
                unsafe { self.pool.deallocate(chunk) };
            }
        })*
    };
}

pools_of_one_layout!(RawPool SyncRawPool);

impl Tracked<RawPool> {
    /// As [`RawPool::reset`]; all that is live counts as freed.
    ///
    /// # Safety
    ///
    /// 1. As there.
    pub unsafe fn reset(&self) {
        // First: a subscriber that hears of the reset may allocate.
        self.ledger().strike_all();
        // SAFETY: (1).
        unsafe { self.pool.reset() };
    }
}

/// A pool asks its parent through a `dyn`, so that all call sites are one: a line of this file.
// SAFETY: all memory comes from the parent within, which keeps the contract.
unsafe impl<P: Parent> Parent for Tracked<P> {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        self.entered(self.pool.allocate(layout).ok_or(()), layout.size(), Location::caller()).ok()
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        self.ledger().strike(ptr.addr().get(), 1, layout.size());
        // SAFETY: it came from there with this layout, and nobody touches it any more (1, 2).
        unsafe { self.pool.deallocate(ptr, layout) };
    }

    fn allocate_zeroed(&self, layout: Layout) -> Option<NonNull<u8>> {
        self.entered(self.pool.allocate_zeroed(layout).ok_or(()), layout.size(), Location::caller()).ok()
    }

    /// Neither an allocation nor a free: the piece stays one object, from where it was allocated first.
    unsafe fn reallocate(&self, ptr: NonNull<u8>, layout: Layout, new_size: usize) -> Option<NonNull<u8>> {
        let lifted = self.ledger().lift(ptr.addr().get(), layout.size());
        // SAFETY: (1) to (3).
        let moved = unsafe { self.pool.reallocate(ptr, layout, new_size) }?;
        lifted.settle(moved.addr().get(), new_size);
        Some(moved)
    }

    answers_of!(self => self.pool);
}

/// A clone of a handle, or of a parent that several pools share: with the same ledger.
impl<P: Clone> Clone for Tracked<P> {
    fn clone(&self) -> Self {
        Self { owner: self.owner.clone(), pool: self.pool.clone() }
    }
}

impl<P: fmt::Debug> fmt::Debug for Tracked<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracked").field("pool", &self.pool).field("ledger", self.ledger()).finish()
    }
}
