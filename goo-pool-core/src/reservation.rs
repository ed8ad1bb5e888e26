//! Reservations: chunks that are taken before they are needed, so that nothing can fail when they are.
//!
//! A reservation has a list of chunks, which are live for the pool. The list is a piece from the pool's parent, since some chunks
//! are too small to link them through their own memory; the chunks themselves are not touched.

use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::NonNull;

use crate::error::AllocError;
use crate::failure::{Asks, persist};
use crate::for_all::for_all;
use crate::handle::{Handle, Sealed};
use crate::pool_handle::PoolHandle;
use crate::raw_pool::RawPool;
#[cfg(feature = "std")]
use crate::{SyncPoolHandle, SyncRawPool};

/// Chunks that nobody else can take: so many allocations cannot fail. Made by [`RawPool::reserve_exact`], or
/// [`Handle::reserve_exact`] if it is to own a handle.
///
/// What is left goes back to the pool when it is dropped. To the pool's numbers its chunks are live.
///
/// # Examples
///
/// ```
/// use std::alloc::Layout;
/// use goo_pool_core::RawPool;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = RawPool::builder(Layout::new::<u64>()).max_chunks(5).build()?;
/// let reserved = pool.reserve_exact(3)?;
/// // Others have what is left of the limit.
/// let others: Vec<_> = (0..5).map_while(|_| pool.allocate().ok()).collect();
/// assert_eq!(others.len(), 2);
///
/// let chunk = reserved.allocate().expect("it is reserved");
/// assert_eq!((reserved.remaining(), pool.len()), (2, 5));
/// drop(reserved);
/// assert_eq!(pool.len(), 3);
/// // SAFETY: it came from this pool and is not used any more.
/// unsafe { pool.deallocate(chunk) };
/// # Ok(())
/// # }
/// ```
#[must_use = "what is reserved goes back at once if it is not used"]
pub struct Reservation<P: Reserves> {
    pool: P,
    /// Invariant: a piece of `layout` from the pool's parent, or dangling if that has no size. Its places from `next` to `end` are
    /// chunks of the pool that this has.
    list: NonNull<NonNull<u8>>,
    layout: Layout,
    next: Cell<usize>,
    end: Cell<usize>,
}

// SAFETY: a chunk is memory that whoever has it may use, on any thread that may use its pool (`P`); so is the list.
unsafe impl<P: Reserves + Send> Send for Reservation<P> {}

// A panic, of the parent, leaves it whole.
impl<P: Reserves> UnwindSafe for Reservation<P> {}
impl<P: Reserves> RefUnwindSafe for Reservation<P> {}

/// Who has a pool in which chunks can be reserved: a [`Handle`], or a reference to a raw pool. The trait is sealed.
pub trait Reserves: Sealed {
    /// A chunk, as any other.
    #[doc(hidden)]
    fn allocate_one(&self) -> Result<NonNull<u8>, AllocError>;

    /// # Safety
    ///
    /// 1. As for [`RawPool::deallocate`].
    #[doc(hidden)]
    unsafe fn free_one(&self, chunk: NonNull<u8>);

    /// Fails if it is certain already that so many cannot be had; grows in one piece, if it must.
    #[doc(hidden)]
    fn prepare_for(&self, chunks: usize) -> Result<(), AllocError>;

    /// Memory from the pool's parent.
    #[doc(hidden)]
    fn memory(&self, layout: Layout) -> Result<NonNull<u8>, AllocError>;

    /// # Safety
    ///
    /// 1. It came from there with that layout, and nobody uses it any more.
    #[doc(hidden)]
    unsafe fn free_memory(&self, memory: NonNull<u8>, layout: Layout);
}

impl<P: Reserves> Reservation<P> {
    pub(crate) fn new(pool: P, chunks: usize) -> Result<Self, AllocError> {
        let layout = Layout::array::<NonNull<u8>>(chunks).map_err(|_| AllocError::CapacityOverflow);
        pool.prepare_for(chunks)?;
        let layout = layout?;
        let list = if chunks == 0 { NonNull::dangling() } else { pool.memory(layout)?.cast() };
        // From now on, whatever it has goes back if it is dropped.
        let reservation = Self { pool, list, layout, next: Cell::new(0), end: Cell::new(0) };
        for place in 0..chunks {
            let chunk = reservation.pool.allocate_one()?;
            // SAFETY: one of the list's places (`list`).
            let place = unsafe { reservation.list.add(place) };
            // SAFETY: it is ours, and nobody looks at it meanwhile.
            unsafe { place.write(chunk) };
            reservation.end.set(reservation.end.get() + 1);
        }
        Ok(reservation)
    }

    /// One of the chunks, as [`RawPool::allocate`] gives it. It goes back alone, by the pool's own functions. `None` when all
    /// are out.
    #[inline]
    pub fn allocate(&self) -> Option<NonNull<u8>> {
        let next = self.next.get();
        if next == self.end.get() {
            return None;
        }
        self.next.set(next + 1);
        // SAFETY: one of the list's places (`list`).
        let place = unsafe { self.list.add(next) };
        // SAFETY: it has a chunk, since it lies between `next` and `end` (`list`).
        Some(unsafe { place.read() })
    }

    /// Puts back a chunk that was not needed after all.
    ///
    /// # Safety
    ///
    /// 1. `chunk` came from [`allocate`](Self::allocate) of this reservation, and has not been put back or given to the pool since.
    /// 2. Nobody touches its bytes after this call.
    ///
    /// # Panics
    ///
    /// If as many chunks are here as were reserved: then (1) was broken.
    pub unsafe fn put_back(&self, chunk: NonNull<u8>) {
        let next = self.next.get().checked_sub(1).expect("put back more chunks than were taken");
        // SAFETY: one of the list's places (`list`).
        let place = unsafe { self.list.add(next) };
        // SAFETY: it is ours, and nobody looks at it meanwhile.
        unsafe { place.write(chunk) };
        self.next.set(next);
    }

    /// So many allocations cannot fail.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.end.get() - self.next.get()
    }

    /// Whose chunks they are.
    pub const fn pool(&self) -> &P {
        &self.pool
    }
}

impl<P: Reserves> Drop for Reservation<P> {
    fn drop(&mut self) {
        /// Also when the parent panics while chunks go back.
        struct FreeList<'r, P: Reserves>(&'r Reservation<P>);

        impl<P: Reserves> Drop for FreeList<'_, P> {
            fn drop(&mut self) {
                let Reservation { pool, list, layout, .. } = self.0;
                if layout.size() != 0 {
                    // SAFETY: it came from there with this layout (`list`), and this is its end.
                    unsafe { pool.free_memory(list.cast(), *layout) };
                }
            }
        }

        let list = FreeList(self);
        for_all(core::iter::from_fn(|| list.0.allocate()), |chunk| {
            // SAFETY: it is one of the pool's, and was nobody's but ours.
            unsafe { list.0.pool.free_one(chunk) };
        });
    }
}

impl<P: Reserves> fmt::Debug for Reservation<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation").field("remaining", &self.remaining()).finish_non_exhaustive()
    }
}

/// Memory from the parent, or what the parent says to do without.
fn memory(pool: &impl Asks, layout: Layout) -> Result<NonNull<u8>, AllocError> {
    persist(pool, || pool.parent().allocate(layout).ok_or(AllocError::OutOfMemory { layout }))
}

impl Sealed for &RawPool {}

impl Reserves for &RawPool {
    fn allocate_one(&self) -> Result<NonNull<u8>, AllocError> {
        self.allocate()
    }

    unsafe fn free_one(&self, chunk: NonNull<u8>) {
        // SAFETY: (1).
        unsafe { self.deallocate(chunk) };
    }

    fn prepare_for(&self, chunks: usize) -> Result<(), AllocError> {
        let heap = self.heap();
        persist(&heap, || match heap.prepare(chunks) {
            // Not in one piece; perhaps in several.
            Err(AllocError::OutOfMemory { .. }) => Ok(()),
            prepared => prepared,
        })
    }

    fn memory(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        memory(&self.heap(), layout)
    }

    unsafe fn free_memory(&self, memory: NonNull<u8>, layout: Layout) {
        // SAFETY: (1).
        unsafe { self.heap().parent().deallocate(memory, layout) };
    }
}

#[cfg(feature = "std")]
impl Sealed for &SyncRawPool {}

#[cfg(feature = "std")]
impl Reserves for &SyncRawPool {
    fn allocate_one(&self) -> Result<NonNull<u8>, AllocError> {
        self.allocate()
    }

    unsafe fn free_one(&self, chunk: NonNull<u8>) {
        // SAFETY: (1).
        unsafe { self.deallocate(chunk) };
    }

    /// What other threads have free may be had too, so nothing is certain.
    fn prepare_for(&self, chunks: usize) -> Result<(), AllocError> {
        _ = self.shared().prepare(chunks);
        Ok(())
    }

    fn memory(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        memory(&self.shared(), layout)
    }

    unsafe fn free_memory(&self, memory: NonNull<u8>, layout: Layout) {
        // SAFETY: (1).
        unsafe { self.shared().parent().deallocate(memory, layout) };
    }
}

/// As the pool behind the handle.
macro_rules! reserves_as_its_pool {
    ($handle:ty) => {
        impl Reserves for $handle {
            fn allocate_one(&self) -> Result<NonNull<u8>, AllocError> {
                Handle::allocate(self)
            }

            unsafe fn free_one(&self, chunk: NonNull<u8>) {
                // SAFETY: (1).
                unsafe { (&**self).free_one(chunk) };
            }

            fn prepare_for(&self, chunks: usize) -> Result<(), AllocError> {
                (&**self).prepare_for(chunks)
            }

            fn memory(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
                (&**self).memory(layout)
            }

            unsafe fn free_memory(&self, memory: NonNull<u8>, layout: Layout) {
                // SAFETY: (1).
                unsafe { (&**self).free_memory(memory, layout) };
            }
        }
    };
}

reserves_as_its_pool!(PoolHandle);
#[cfg(feature = "std")]
reserves_as_its_pool!(SyncPoolHandle);
