//! Where a pool's memory comes from.

#[cfg(feature = "std")]
use core::alloc::GlobalAlloc;
use core::alloc::Layout;
use core::ptr::NonNull;

/// Memory for a pool's segments.
///
/// A pool asks its parent for a few large pieces and gives them back whole; it never asks for zero
/// bytes. It is called with no borrow held and no half-made state, so a parent may panic, and may even
/// allocate or free in the pool that asks (mind that an allocation may ask the parent again). What it panics
/// about in `deallocate` counts as given back.
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
///    overlaps nothing else and stays so until it is given to [`deallocate`](Parent::deallocate), also
///    when the parent itself is moved. The same for the other functions that return memory.
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
    /// Memory for `layout`, whose size is not 0, or `None` if there is none.
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
}

/// The global allocator, the default parent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Global;

// SAFETY: the global allocator's contract includes all that ours asks.
unsafe impl Parent for Global {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        debug_assert!(layout.size() != 0);
        // SAFETY: the size is not 0 (the trait's contract).
        NonNull::new(unsafe { alloc::alloc::alloc(layout) })
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: `ptr` came from `alloc` with this layout (1).
        unsafe { alloc::alloc::dealloc(ptr.as_ptr(), layout) }
    }

    fn allocate_zeroed(&self, layout: Layout) -> Option<NonNull<u8>> {
        debug_assert!(layout.size() != 0);
        // SAFETY: the size is not 0 (the trait's contract).
        NonNull::new(unsafe { alloc::alloc::alloc_zeroed(layout) })
    }

    unsafe fn reallocate(&self, ptr: NonNull<u8>, layout: Layout, new_size: usize) -> Option<NonNull<u8>> {
        // SAFETY: (1) to (3).
        NonNull::new(unsafe { alloc::alloc::realloc(ptr.as_ptr(), layout, new_size) })
    }
}

/// The system's allocator, whatever the program's global one is: the parent of a pool that is the global allocator.
#[cfg(feature = "std")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct System;

// SAFETY: the contract of the system's allocator includes all that ours asks.
#[cfg(feature = "std")]
unsafe impl Parent for System {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        debug_assert!(layout.size() != 0);
        // SAFETY: the size is not 0 (the trait's contract).
        NonNull::new(unsafe { GlobalAlloc::alloc(&std::alloc::System, layout) })
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: `ptr` came from `alloc` with this layout (1).
        unsafe { GlobalAlloc::dealloc(&std::alloc::System, ptr.as_ptr(), layout) }
    }

    fn allocate_zeroed(&self, layout: Layout) -> Option<NonNull<u8>> {
        debug_assert!(layout.size() != 0);
        // SAFETY: the size is not 0 (the trait's contract).
        NonNull::new(unsafe { GlobalAlloc::alloc_zeroed(&std::alloc::System, layout) })
    }

    unsafe fn reallocate(&self, ptr: NonNull<u8>, layout: Layout, new_size: usize) -> Option<NonNull<u8>> {
        // SAFETY: (1) to (3).
        NonNull::new(unsafe { GlobalAlloc::realloc(&std::alloc::System, ptr.as_ptr(), layout, new_size) })
    }
}
