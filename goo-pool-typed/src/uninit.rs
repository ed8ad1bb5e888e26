//! Boxes of memory that has no value yet, and shared handles to such.

use core::mem::MaybeUninit;

use crate::generic::{Kind, PoolBox, PoolRc};

impl<T, H: Kind> PoolBox<MaybeUninit<T>, H> {
    /// Writes the value, and the box is one of a `T`.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{Pool, PoolBox};
    ///
    /// let pool = Pool::<String>::new();
    /// let slot = pool.alloc_uninit();
    /// let text = PoolBox::write(slot, String::from("text"));
    /// assert_eq!(*text, "text");
    /// ```
    #[inline]
    #[must_use = "the value is dropped at once if its box is not used"]
    pub fn write(mut boxed: Self, value: T) -> PoolBox<T, H> {
        (*boxed).write(value);
        // SAFETY: just written.
        unsafe { boxed.assume_init() }
    }

    /// The box as one of a `T`.
    ///
    /// # Safety
    ///
    /// 1. The memory holds a valid value of type `T`.
    #[inline]
    #[must_use = "the value is dropped at once if its box is not used"]
    pub unsafe fn assume_init(self) -> PoolBox<T, H> {
        let raw = Self::into_raw(self).cast::<T>();
        // SAFETY: the pointer came from `into_raw`, a `MaybeUninit` has its value's layout, and there is a value (1).
        unsafe { PoolBox::from_raw(raw) }
    }
}

impl<T, H: Kind> PoolRc<MaybeUninit<T>, H> {
    /// The handle as one to a `T`. [`get_mut`](Self::get_mut) is the way to write the value before; see
    /// [`RcPool::alloc_uninit`](crate::generic::RcPool::alloc_uninit).
    ///
    /// Handles that were cloned before stay what they were. If one of them is the last, the value is not dropped.
    ///
    /// # Safety
    ///
    /// 1. The memory holds a valid value of type `T`.
    #[inline]
    #[must_use = "the value is dropped at once if its handle is not used"]
    pub unsafe fn assume_init(self) -> PoolRc<T, H> {
        let raw = Self::into_raw(self).cast::<T>();
        // SAFETY: the pointer came from `into_raw`, a `MaybeUninit` has its value's layout, and there is a value (1).
        unsafe { PoolRc::from_raw(raw) }
    }
}
