//! Cloning boxes of slices, which [`unsize!`](crate::unsize) makes from boxes of arrays.

use core::mem::{MaybeUninit, forget};
use core::ptr::{self, NonNull};

use crate::error::fail;
use crate::generic::{Kind, PoolBox};

/// Drops the elements that are cloned so far, if a `clone` panics.
struct DropWritten<'s, T, H: Kind> {
    slots: &'s mut PoolBox<[MaybeUninit<T>], H>,
    written: usize,
}

impl<T, H: Kind> Drop for DropWritten<'_, T, H> {
    fn drop(&mut self) {
        let written = ptr::slice_from_raw_parts_mut(PoolBox::as_mut_ptr(self.slots).cast::<T>(), self.written);
        // SAFETY: so many elements are written, and nobody else has them.
        unsafe { written.drop_in_place() };
    }
}

impl<T: Clone, H: Kind> Clone for PoolBox<[T], H> {
    /// The elements' clones, in another chunk of the same pool.
    fn clone(&self) -> Self {
        let chunk = match self.handle().allocate() {
            Ok(chunk) => chunk,
            Err(error) => fail(error),
        };
        let slots = NonNull::slice_from_raw_parts(chunk.cast::<MaybeUninit<T>>(), self.len());
        // SAFETY: a live chunk of our own slice's pool, whose layout is that of as many elements; there need not
        // be values yet.
        let mut slots = unsafe { PoolBox::<_, H>::from_non_null(slots) };
        let mut guard = DropWritten { slots: &mut slots, written: 0 };
        for element in self.iter() {
            let element = element.clone();
            guard.slots[guard.written].write(element);
            guard.written += 1;
        }
        forget(guard);
        let raw = PoolBox::into_raw(slots) as *mut [T];
        // SAFETY: the pointer came from `into_raw`, the layout is the same, and all elements are written.
        unsafe { Self::from_raw(raw) }
    }
}
