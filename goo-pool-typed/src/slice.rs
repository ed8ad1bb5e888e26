//! Cloning boxes of slices, which [`unsize!`](crate::unsize) makes from boxes of arrays.

use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use goo_pool_core::PoolHandle;

use crate::PoolBox;
use crate::error::fail;

/// The part of a slice that is cloned so far.
struct Partial<T> {
    /// A chunk of our own, whose first `done` elements are written.
    slice: NonNull<[T]>,
    done: usize,
    handle: PoolHandle,
}

impl<T> Drop for Partial<T> {
    /// An element's `clone` panicked.
    fn drop(&mut self) {
        let written = NonNull::slice_from_raw_parts(self.slice.cast::<T>(), self.done);
        let chunk = self.slice.cast();
        // SAFETY: the chunk is live, ours, and for a slice of this length; nothing in it is used again.
        // Freed after the elements are dropped, also if one panics.
        let _free = FreeOnExit(|| unsafe { self.handle.deallocate(chunk) });
        // SAFETY: so many elements are written, and nobody else has them.
        unsafe { written.drop_in_place() };
    }
}

struct FreeOnExit<F: FnMut()>(F);

impl<F: FnMut()> Drop for FreeOnExit<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

impl<T: Clone> Clone for PoolBox<[T]> {
    /// The elements' clones, in another chunk of the same pool.
    fn clone(&self) -> Self {
        let handle = self.handle();
        let chunk = match handle.allocate() {
            Ok(chunk) => chunk,
            Err(error) => fail(error),
        };
        let slice = NonNull::slice_from_raw_parts(chunk.cast::<T>(), self.len());
        let mut partial = Partial { slice, done: 0, handle };
        for (index, element) in self.iter().enumerate() {
            let element = element.clone();
            // SAFETY: the chunk has room for as many elements as our own.
            let place = unsafe { slice.cast::<T>().add(index) };
            // SAFETY: as above.
            unsafe { place.write(element) };
            partial.done += 1;
        }
        let mut partial = ManuallyDrop::new(partial);
        // SAFETY: the handle is dropped once, here; `partial` is not used again.
        unsafe { core::ptr::drop_in_place(&raw mut partial.handle) };
        // SAFETY: a live chunk of the pool that our own slice is in, with all its elements written.
        unsafe { Self::from_non_null(slice) }
    }
}
