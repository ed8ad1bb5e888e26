//! The weak handle.

use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};

use goo_pool_core::PoolHandle;

use crate::generic::{AnyThread, Kind, PoolBox, PoolRc};
use crate::rc::counted::{Counted, chunk_of, counts_of};
use crate::rc::counts::Counts;

/// A handle that does not keep its value, but notices that it is gone: [`PoolWeak`](crate::PoolWeak), if `H` is a
/// [`PoolHandle`].
///
/// It keeps the value's chunk: the memory is free when the last handle of both sorts goes.
#[repr(transparent)]
pub struct PoolWeak<T: ?Sized, H: Kind = PoolHandle> {
    /// Invariant: R1, or at the address [`NOWHERE`], at which no value can be.
    value: NonNull<T>,
    kind: PhantomData<H>,
}

/// Values begin at multiples of 8.
const NOWHERE: usize = usize::MAX;

// SAFETY: it can become a `PoolRc` of the same type on the thread where it is: as that.
unsafe impl<T: ?Sized + Send + Sync, H: Kind + AnyThread> Send for PoolWeak<T, H> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send + Sync, H: Kind + AnyThread> Sync for PoolWeak<T, H> {}

impl<T, H: Kind> PoolWeak<T, H> {
    /// A handle to no value: [`upgrade`](Self::upgrade) finds nothing. It needs no pool.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::PoolWeak;
    ///
    /// let weak: PoolWeak<String> = PoolWeak::new();
    /// assert!(weak.upgrade().is_none());
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        // SAFETY: not null.
        let value = unsafe { NonNull::new_unchecked(ptr::without_provenance_mut(NOWHERE)) };
        Self { value, kind: PhantomData }
    }
}

impl<T: ?Sized, H: Kind> PoolWeak<T, H> {
    /// The first strong handle to a value that was not there before.
    ///
    /// # Safety
    ///
    /// 1. There is a chunk, with a value that was written just now, and no strong handle yet.
    #[inline]
    pub(crate) unsafe fn be_born(self) -> PoolRc<T, H> {
        // The weak handle becomes the strong ones'.
        let weak = ManuallyDrop::new(self);
        weak.counts().expect("a chunk").be_born();
        // SAFETY: R1 (`value`, 1); R2: just counted; R4 (1).
        unsafe { PoolRc::from_value(weak.value) }
    }

    /// # Safety
    ///
    /// 1. R1 holds for `value`, and R2 with this handle.
    #[inline(always)]
    pub(crate) const unsafe fn from_value(value: NonNull<T>) -> Self {
        Self { value, kind: PhantomData }
    }

    /// The counts, if there is or was a value.
    #[inline(always)]
    fn counts(&self) -> Option<&Counts<H::Word>> {
        if self.value.addr().get() == NOWHERE {
            return None;
        }
        // SAFETY: R1 (`value`).
        let counts = unsafe { counts_of::<T, H::Word>(self.value) };
        // SAFETY: the chunk is there as long as this handle (R3), and its counts were written when it was first shared.
        Some(unsafe { counts.as_ref() })
    }

    /// A strong handle, if the value is still there. While it is dropped, it is not.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{PoolRc, RcPool};
    ///
    /// let strong = RcPool::new().alloc(String::from("here"));
    /// let weak = PoolRc::downgrade(&strong);
    /// assert_eq!(*weak.upgrade().unwrap(), "here");
    /// drop(strong);
    /// assert!(weak.upgrade().is_none());
    /// ```
    #[inline]
    #[must_use]
    pub fn upgrade(&self) -> Option<PoolRc<T, H>> {
        if !self.counts()?.upgrade() {
            return None;
        }
        // SAFETY: R1 (`value`); R2: just counted; R4: there were others.
        Some(unsafe { PoolRc::from_value(self.value) })
    }

    /// How many strong handles the value has: 0 if it is gone. Other threads may change that at any time.
    #[must_use]
    pub fn strong_count(&self) -> usize {
        self.counts().map_or(0, Counts::strong)
    }

    /// How many weak handles the value has: 0 if it is gone. Other threads may change that at any time.
    #[must_use]
    pub fn weak_count(&self) -> usize {
        self.counts().map_or(0, Counts::weak)
    }

    /// Whether both are handles to one value, or both from [`new`](Self::new).
    #[inline]
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        ptr::addr_eq(self.value.as_ptr(), other.value.as_ptr())
    }

    /// The value's address, if it has one. The value may be gone.
    #[inline]
    #[must_use]
    pub const fn as_ptr(&self) -> *const T {
        self.value.as_ptr()
    }

    /// Gives up the handle for a raw pointer: it counts until [`from_raw`](Self::from_raw).
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{PoolRc, PoolWeak, RcPool};
    ///
    /// let strong = RcPool::new().alloc(7);
    /// let raw = PoolRc::downgrade(&strong).into_raw();
    /// assert_eq!(PoolRc::weak_count(&strong), 1);
    /// // SAFETY: the pointer came from `into_raw` and is used once.
    /// let weak = unsafe { PoolWeak::from_raw(raw) };
    /// assert_eq!(weak.upgrade(), Some(strong));
    /// ```
    #[inline]
    #[must_use = "the chunk leaks unless the pointer comes back to `from_raw`"]
    pub fn into_raw(self) -> *const T {
        ManuallyDrop::new(self).value.as_ptr()
    }

    /// The handle again.
    ///
    /// # Safety
    ///
    /// 1. `ptr` came from [`into_raw`](Self::into_raw) of a weak handle of the same kind, and no other was made from it for
    ///    that one; or from [`as_ptr`](Self::as_ptr) of one that was forgotten.
    /// 2. As for [`PoolRc::from_raw`], (2) to (4); the value need not be there any more.
    #[inline]
    pub unsafe fn from_raw(ptr: *const T) -> Self {
        // SAFETY: it was a handle's pointer (1), so it is not null.
        let value = unsafe { NonNull::new_unchecked(ptr.cast_mut()) };
        // SAFETY: R1, or nowhere, and R2 (1, 2).
        unsafe { Self::from_value(value) }
    }
}

impl<T: ?Sized, H: Kind> Clone for PoolWeak<T, H> {
    /// Another weak handle.
    #[inline]
    fn clone(&self) -> Self {
        if let Some(counts) = self.counts() {
            counts.add_weak();
        }
        // SAFETY: R1 as ours; R2: just counted; or nowhere.
        unsafe { Self::from_value(self.value) }
    }
}

impl<T, H: Kind> Default for PoolWeak<T, H> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: ?Sized, H: Kind> Drop for PoolWeak<T, H> {
    #[inline]
    fn drop(&mut self) {
        if self.counts().is_some_and(Counts::drop_weak) {
            // SAFETY: it was the last.
            unsafe { free::<T, H>(self.value) };
        }
    }
}

/// Gives the chunk back of a value that is gone, or never came.
///
/// # Safety
///
/// 1. R1 holds for `value`, whose last weak handle was given up just now.
#[cold]
#[inline(never)]
unsafe fn free<T: ?Sized, H: Kind>(value: NonNull<T>) {
    // The layout of what is not sized is in its pointer, but stable Rust has it only by a reference. That one has to be
    // to something that may be dropped already, and is not looked at. std's own `Weak` did the same until it had
    // `Layout::for_value_raw`.
    let dropped = value.as_ptr() as *mut ManuallyDrop<T>;
    // SAFETY: not null.
    let dropped = unsafe { NonNull::new_unchecked(dropped) };
    // If the value never came, because its constructor panicked, this is a reference to bytes without one, behind a
    // `ManuallyDrop` and an `UnsafeCell`. Nothing reads them. By the letter of the reference it must not be a reference to a
    // type that has no values at all: `new_cyclic` of such a type can only panic, and stable Rust has no other way to ask.
    // SAFETY: a `ManuallyDrop` has its value's layout (1), and needs no value that is not dropped.
    let chunk: NonNull<Counted<ManuallyDrop<T>>> = unsafe { chunk_of(dropped) };
    // A box of what has no destructor: dropping it frees the chunk.
    // SAFETY: P1: no handle is left (1); P2, P3: R1; P4: a `ManuallyDrop` of what was dropped or moved out.
    drop(unsafe { PoolBox::<_, H>::from_non_null(chunk) });
}
