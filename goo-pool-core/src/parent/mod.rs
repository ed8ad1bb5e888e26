//! Where a pool's memory comes from.

use core::alloc::Layout;
use core::ptr::NonNull;

use crate::error::AllocError;
use crate::failure::OnFailure;

/// Within an `impl Parent`: the memory of another parent, which keeps the contract, and is the same one at each call.
macro_rules! memory_of {
    ($self:ident => $parent:expr) => {
        fn allocate(&$self, layout: core::alloc::Layout) -> Option<core::ptr::NonNull<u8>> {
            $parent.allocate(layout)
        }

        unsafe fn deallocate(&$self, ptr: core::ptr::NonNull<u8>, layout: core::alloc::Layout) {
            // SAFETY: (1) and (2), which speak of the same memory.
            unsafe { $parent.deallocate(ptr, layout) }
        }

        fn allocate_zeroed(&$self, layout: core::alloc::Layout) -> Option<core::ptr::NonNull<u8>> {
            $parent.allocate_zeroed(layout)
        }

        unsafe fn reallocate(
            &$self,
            ptr: core::ptr::NonNull<u8>,
            layout: core::alloc::Layout,
            new_size: usize,
        ) -> Option<core::ptr::NonNull<u8>> {
            // SAFETY: (1) to (3), which speak of the same memory.
            unsafe { $parent.reallocate(ptr, layout, new_size) }
        }
    };
}
pub(crate) use memory_of;

/// Within an `impl Parent`: what another parent answers.
macro_rules! answers_of {
    ($self:ident => $parent:expr) => {
        fn piece_size(&$self) -> Option<usize> {
            $parent.piece_size()
        }

        fn home(&$self) -> u32 {
            $parent.home()
        }

        fn on_failure(&$self, error: &$crate::AllocError, attempt: u32) -> $crate::OnFailure {
            $parent.on_failure(error, attempt)
        }
    };
}
#[cfg(feature = "alloc")]
pub(crate) use answers_of;

mod chunks_of;
#[cfg(feature = "alloc")]
mod class_pool;
mod fixed;
#[cfg(feature = "alloc")]
mod global;
#[cfg(feature = "std")]
mod locked;
mod segregator;
mod shared;
#[cfg(feature = "std")]
mod system;

pub use chunks_of::ChunksOf;
pub use fixed::FixedMemory;
#[cfg(feature = "alloc")]
pub use global::Global;
#[cfg(feature = "std")]
pub use locked::LockedParent;
pub use segregator::Segregator;
#[cfg(feature = "std")]
pub use system::System;

/// Memory for a pool's segments.
///
/// A pool asks its parent for a few large pieces and gives them back whole; it never asks for zero
/// bytes. It is called with no borrow held and no half-made state, so a parent may panic, and may even
/// allocate or free in the pool that asks (mind that an allocation may ask the parent again). What it panics
/// about in `deallocate` counts as given back.
///
/// Parents that are there: the global allocator, which is the default (`Global`), the system's (`System`), fixed memory without any heap
/// ([`FixedMemory`]), another pool ([`ChunksOf`]), two parents by size ([`Segregator`]), a reference to a
/// parent, and with `std` one behind a lock (`LockedParent`).
///
/// The parent of a thread-safe pool is called on any thread, with no lock of the pool's held: whenever the pool grows or
/// gives memory back. For a pool that was closed while a chunk was being freed, that may be when any other thread-safe pool
/// grows or closes, or when a thread ends; there a panic ends the process, as any panic of a thread-local destructor. So hold
/// no lock that the parent takes while you use a pool.
///
/// Any `Allocator` is a parent inside an `AllocatorParent` (features `allocator-api2-02`, `allocator-api2-04` and `nightly`).
///
/// # Safety
///
/// 1. Memory returned by [`allocate`](Parent::allocate) is valid for reads and writes, fits the layout,
///    overlaps nothing else and stays so until it is given to [`deallocate`](Parent::deallocate) or the parent is
///    dropped, also when the parent itself is moved. The same for the other functions that return memory.
///
/// # Examples
///
/// A parent that counts what a pool takes from the system:
///
/// ```
/// use std::{alloc::Layout, cell::Cell, ptr::NonNull, rc::Rc};
/// use goo_pool_core::{Global, Parent, RawPool};
///
/// struct Counting(Rc<Cell<usize>>);
///
/// // SAFETY: all memory comes from `Global`, which keeps the contract.
/// unsafe impl Parent for Counting {
///     fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
///         self.0.set(self.0.get() + layout.size());
///         Global.allocate(layout)
///     }
///
///     unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
///         self.0.set(self.0.get() - layout.size());
///         // SAFETY: `ptr` came from `Global` with this layout, by our caller's promise.
///         unsafe { Global.deallocate(ptr, layout) }
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bytes = Rc::new(Cell::new(0));
/// let pool = RawPool::builder(Layout::new::<u64>()).parent(Counting(bytes.clone())).build()?;
/// pool.allocate()?;
/// assert_eq!(bytes.get(), pool.stats().bytes_reserved);
/// drop(pool);
/// assert_eq!(bytes.get(), 0);
/// # Ok(())
/// # }
/// ```
pub unsafe trait Parent {
    /// Memory for `layout`, or `None` if there is none.
    ///
    /// No pool asks for a size of 0. Whoever does must do no harm with it: the parents that are there give nothing then, or an address.
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>>;

    /// Takes memory back.
    ///
    /// # Safety
    ///
    /// 1. `ptr` came from [`allocate`](Parent::allocate) of this parent with the same `layout`, and has not
    ///    been given back since.
    /// 2. Nobody touches the memory any more.
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout);

    /// As [`allocate`](Parent::allocate), with all bytes 0. For a parent that has such memory at hand; otherwise they are written.
    ///
    /// Only a pool of many sizes asks for this, when a request is too large for its classes.
    fn allocate_zeroed(&self, layout: Layout) -> Option<NonNull<u8>> {
        let memory = self.allocate(layout)?;
        // SAFETY: it is as long as the layout says (1).
        unsafe { memory.write_bytes(0, layout.size()) };
        Some(memory)
    }

    /// The same bytes as a piece of `new_size`, perhaps somewhere else, for a parent that can do better than allocate,
    /// copy and free. `None` if it cannot: then the piece stays as it is, as it does if this panics.
    ///
    /// Only a pool of many sizes asks for this, when both sizes are too large for its classes.
    ///
    /// # Safety
    ///
    /// 1. `ptr` came from [`allocate`](Parent::allocate) of this parent with the same `layout`, or from here with
    ///    that size, and has not been given back since.
    /// 2. `new_size` is not 0 and, rounded up to the alignment, at most `isize::MAX`.
    /// 3. If this succeeds, `ptr` is not used any more.
    unsafe fn reallocate(&self, ptr: NonNull<u8>, layout: Layout, new_size: usize) -> Option<NonNull<u8>> {
        let _ = (ptr, layout, new_size);
        None
    }

    /// The largest piece there is, for a parent that has pieces of one size: a pool that is built over it has segments of
    /// that size ([`Growth::Fixed`](crate::Growth::Fixed)), whatever its settings say. Default: none.
    fn piece_size(&self) -> Option<usize> {
        None
    }

    /// The home of memory that this thread would ask for now: a number, for a parent whose memory is nearer to some threads than to
    /// others, such as that of a NUMA node. Without one, all memory has the same.
    ///
    /// A thread of a thread-safe pool that needs a block takes one of its own home; if there is none, it asks the parent for
    /// more, and takes one of another home only if the parent refuses. What it has already stays its own, even if it moves. Homes
    /// whose numbers are equal modulo 4 are one to a pool.
    ///
    /// Asked for each block, so it should be quick. A wrong answer makes a pool slower, and nothing else.
    fn home(&self) -> u32 {
        0
    }

    /// What a pool over this parent does about an allocation that failed, for want of memory or because its limit is reached.
    /// `attempt` is 1 for the first failure, and one more each time the same allocation fails after an
    /// [`OnFailure::Retry`]: say so a bounded number of times. [`Handled`](crate::Handled) adds a closure to any parent.
    ///
    /// It is called with nothing half done, and no lock of the pool's held; of a thread-safe pool on any thread, perhaps on several at once.
    /// It may allocate and free in the pool. What fails meanwhile, on the same thread and in the same pool, is an error and
    /// nobody is asked. (Of thread-safe pools, at most four may be at this point on one thread, each within
    /// another's handler.) It may panic: then the allocation does.
    ///
    /// Default: the caller gets the error.
    fn on_failure(&self, error: &AllocError, attempt: u32) -> OnFailure {
        _ = (error, attempt);
        OnFailure::ReturnError
    }
}
