//! The handle of those subjects that deal in addresses.

use std::ptr::NonNull;

/// The address of a live object. It owns nothing: dropping it frees nothing.
#[derive(Debug)]
pub struct Place<T>(NonNull<T>);

impl<T> Place<T> {
    /// Moves `value` to `address`.
    ///
    /// # Safety
    ///
    /// `address` is valid for writing a `T`, and for reading it until the place is given up.
    #[inline(always)]
    pub unsafe fn fill(address: NonNull<T>, value: T) -> Self {
        // SAFETY: the caller's promise.
        unsafe { address.write(value) };
        Place(address)
    }

    /// The place of an object that is there already.
    #[inline(always)]
    pub fn of(object: &mut T) -> Self {
        Place(NonNull::from(object))
    }

    /// The object.
    ///
    /// # Safety
    ///
    /// Its memory has not been given back.
    #[inline(always)]
    pub unsafe fn get(&self) -> &T {
        // SAFETY: `fill` and `of` left an object there, and it still is (the caller's promise).
        unsafe { self.0.as_ref() }
    }

    /// The object, to be changed.
    ///
    /// # Safety
    ///
    /// Its memory has not been given back.
    #[inline(always)]
    pub unsafe fn get_mut(&mut self) -> &mut T {
        // SAFETY: as in `get`; the place is not `Clone`, so this is the only way to the object.
        unsafe { self.0.as_mut() }
    }

    /// Drops the object and leaves its address.
    ///
    /// # Safety
    ///
    /// Its memory has not been given back.
    #[inline(always)]
    pub unsafe fn empty(self) -> NonNull<T> {
        // SAFETY: as in `get`; the place is gone, so nobody reads the object again.
        unsafe { self.0.drop_in_place() };
        self.0
    }

    /// The address as one word.
    #[inline(always)]
    pub fn word(&self) -> *const u8 {
        self.0.as_ptr().cast()
    }
}
