//! The strong handle.

use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, forget};
use core::ops::Deref;
use core::ptr::{self, NonNull};

use goo_pool_core::PoolHandle;

use crate::error::fail_to_build;
use crate::generic::{AnyThread, Kind, Pool, PoolWeak, RcPool};
use crate::rc::alone::boxed;
use crate::rc::counted::{Counted, chunk_of, counts_of};
use crate::rc::counts::{Counts, Left};

/// Owns a value in a pool together with others: [`PoolRc`](crate::PoolRc), if `H` is a [`PoolHandle`].
///
/// Code for every kind of handle is generic over `H`: see [`Kind`].
///
/// Methods have the names and the meaning that they have in [`Rc`](std::rc::Rc) and [`Arc`](std::sync::Arc). With more
/// than 2^31 handles to one value (16 GiB of them) the program is aborted; these do so at `isize::MAX`.
#[repr(transparent)]
pub struct PoolRc<T: ?Sized, H: Kind = PoolHandle> {
    pub(super) value: NonNull<T>,
    owns: PhantomData<T>,
    kind: PhantomData<H>,
}

// SAFETY: a handle on another thread gives out `&T` there (`T: Sync`), and may drop the value or move it out there (`T: Send`).
// The counts are atomic, the chunk is freed and the pool found on whatever thread: `AnyThread`.
unsafe impl<T: ?Sized + Send + Sync, H: Kind + AnyThread> Send for PoolRc<T, H> {}
// SAFETY: as above: a shared handle can be cloned.
unsafe impl<T: ?Sized + Send + Sync, H: Kind + AnyThread> Sync for PoolRc<T, H> {}

impl<T, H: Kind> PoolRc<T, H> {
    /// The pool that the value lives in.
    ///
    /// If its last handle was dropped, an `RcPool` is open again, with the settings it was built with. An `ArcPool` that has
    /// closed stays so, and this is a new one: see [`PoolBox::pool`](crate::generic::PoolBox::pool).
    #[must_use]
    pub fn pool(this: &Self) -> RcPool<T, H::Source> {
        let layout = Layout::new::<Counted<T>>();
        // SAFETY: R1.
        let chunk = unsafe { chunk_of(this.value) };
        // SAFETY: it is a live chunk, of a pool for this layout, and may be used for all of its segment (R1).
        match unsafe { H::of(chunk.cast(), layout) } {
            Ok(handle) => RcPool::from(Pool::from_source(handle.into())),
            Err(error) => fail_to_build(error, layout),
        }
    }
}

impl<T: ?Sized, H: Kind> PoolRc<T, H> {
    /// # Safety
    ///
    /// 1. R1 holds for `value`, R2 with this handle, and R4.
    #[inline(always)]
    pub(crate) const unsafe fn from_value(value: NonNull<T>) -> Self {
        Self { value, owns: PhantomData, kind: PhantomData }
    }

    #[inline(always)]
    pub(super) fn counts(&self) -> &Counts<H::Word> {
        // SAFETY: R1.
        let counts = unsafe { counts_of::<T, H::Word>(self.value) };
        // SAFETY: the chunk is there as long as this handle (R3), and its counts were written when it was first shared.
        unsafe { counts.as_ref() }
    }

    /// A weak handle to the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{PoolRc, RcPool};
    ///
    /// let strong = RcPool::new().alloc(5);
    /// let weak = PoolRc::downgrade(&strong);
    /// assert_eq!(weak.upgrade(), Some(strong.clone()));
    /// drop(strong);
    /// assert_eq!(weak.upgrade(), None);
    /// ```
    #[inline]
    #[must_use]
    pub fn downgrade(this: &Self) -> PoolWeak<T, H> {
        this.counts().add_weak();
        // SAFETY: R1; R2: just counted.
        unsafe { PoolWeak::from_value(this.value) }
    }

    /// How many strong handles the value has. Other threads may change that at any time.
    #[inline]
    #[must_use]
    pub fn strong_count(this: &Self) -> usize {
        this.counts().strong()
    }

    /// How many weak handles the value has. Other threads may change that at any time.
    #[inline]
    #[must_use]
    pub fn weak_count(this: &Self) -> usize {
        this.counts().weak()
    }

    /// Whether both are handles to one value.
    #[inline]
    #[must_use]
    pub fn ptr_eq(this: &Self, other: &Self) -> bool {
        ptr::addr_eq(this.value.as_ptr(), other.value.as_ptr())
    }

    /// The value's address. It makes no reference to the value.
    #[inline]
    #[must_use]
    pub const fn as_ptr(this: &Self) -> *const T {
        this.value.as_ptr()
    }

    /// Gives up the handle for a raw pointer to the value: it counts until [`from_raw`](Self::from_raw).
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{PoolRc, RcPool};
    ///
    /// let one = RcPool::new().alloc(42);
    /// let raw = PoolRc::into_raw(one.clone());
    /// assert_eq!(PoolRc::strong_count(&one), 2);
    /// // SAFETY: the pointer came from `into_raw` and is used once.
    /// let back = unsafe { PoolRc::from_raw(raw) };
    /// assert!(PoolRc::ptr_eq(&one, &back));
    /// ```
    #[inline]
    #[must_use = "the value leaks unless the pointer comes back to `from_raw`"]
    pub fn into_raw(this: Self) -> *const T {
        ManuallyDrop::new(this).value.as_ptr()
    }

    /// The handle again.
    ///
    /// # Safety
    ///
    /// 1. `ptr` came from [`into_raw`](Self::into_raw) of a handle of the same kind, and no other was made from it for that
    ///    one; or from [`as_ptr`](Self::as_ptr) of a handle that was forgotten; or
    ///    [`increment_strong_count`](Self::increment_strong_count) counted one for it.
    /// 2. It is that very pointer, cast at most: not one taken from a reference to the value, since the counts and the pool
    ///    are found outside of the value.
    /// 3. If its type differs from that of the handle, size and alignment are the same, and the value is valid.
    /// 4. The handle could be on this thread: it came from here, or is a `PoolArc` of a value that is `Send` and `Sync`.
    #[inline]
    pub unsafe fn from_raw(ptr: *const T) -> Self {
        // SAFETY: it was a handle's pointer (1), so it is not null.
        let value = unsafe { NonNull::new_unchecked(ptr.cast_mut()) };
        // SAFETY: R1 (1 to 4), R2 (1) and R4 (3) hold.
        unsafe { Self::from_value(value) }
    }

    /// Counts one more strong handle, which a further [`from_raw`](Self::from_raw) makes of the pointer.
    ///
    /// # Safety
    ///
    /// 1. `ptr` came from [`into_raw`](Self::into_raw) or [`as_ptr`](Self::as_ptr) of a handle of the same kind, and there is
    ///    a strong handle to the value during this call.
    /// 2. As for `from_raw`, (2) to (4).
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{PoolRc, RcPool};
    ///
    /// let pool = RcPool::new();
    /// let raw = PoolRc::into_raw(pool.alloc(5));
    /// // SAFETY: the pointer came from `into_raw`, and its handle still counts.
    /// unsafe { PoolRc::increment_strong_count(raw) };
    /// // SAFETY: the pointer counts for two handles. This is the first of them.
    /// let five = unsafe { PoolRc::from_raw(raw) };
    /// assert_eq!(PoolRc::strong_count(&five), 2);
    /// // SAFETY: and this the other.
    /// unsafe { PoolRc::decrement_strong_count(raw) };
    /// assert_eq!(PoolRc::strong_count(&five), 1);
    /// ```
    #[inline]
    pub unsafe fn increment_strong_count(ptr: *const T) {
        // SAFETY: it is forgotten, so none was made (1); (2).
        let this = ManuallyDrop::new(unsafe { Self::from_raw(ptr) });
        forget(Self::clone(&this));
    }

    /// Drops a handle that counts and is not there: one that [`into_raw`](Self::into_raw) gave up, or
    /// [`increment_strong_count`](Self::increment_strong_count) made.
    ///
    /// # Safety
    ///
    /// 1. As for [`from_raw`](Self::from_raw).
    #[inline]
    pub unsafe fn decrement_strong_count(ptr: *const T) {
        // SAFETY: (1).
        drop(unsafe { Self::from_raw(ptr) });
    }
}

impl<T: ?Sized, H: Kind> Clone for PoolRc<T, H> {
    /// Another handle to the value.
    #[inline]
    fn clone(&self) -> Self {
        self.counts().add_strong();
        // SAFETY: R1, R4: as ours; R2: just counted.
        unsafe { Self::from_value(self.value) }
    }
}

impl<T: ?Sized, H: Kind> Drop for PoolRc<T, H> {
    #[inline]
    fn drop(&mut self) {
        match self.counts().give_up() {
            Left::Others => {}
            // SAFETY: it was the last; R1 to R4 are as before.
            Left::Weak => unsafe { drop_last::<T, H>(self.value) },
            // SAFETY: alone, and not used again; R1 and R4 are as before.
            Left::Nobody => unsafe { drop_alone::<T, H>(self.value) },
        }
    }
}

/// The only handle of all goes.
///
/// Not inlined, so that the drop of a handle among others is: with both inlined, no drop was.
///
/// # Safety
///
/// 1. R1 and R4 hold for `value`, and no handle to it is used again.
#[inline(never)]
unsafe fn drop_alone<T: ?Sized, H: Kind>(value: NonNull<T>) {
    // SAFETY: (1).
    drop(unsafe { boxed::<T, H>(value) });
}

/// The last strong handle goes, and there were others, weak ones perhaps still.
///
/// # Safety
///
/// 1. As for [`Dying::new`].
#[inline(never)]
unsafe fn drop_last<T: ?Sized, H: Kind>(value: NonNull<T>) {
    // SAFETY: (1).
    drop(unsafe { Dying::<T, H>::new(value) });
}

/// Owns a value that no strong handle reaches any more. Its chunk goes when the last weak handle does.
pub(super) struct Dying<T: ?Sized, H: Kind> {
    /// Invariant: R1 and R4, and it is ours.
    pub(super) value: NonNull<T>,
    /// Goes after the value, also if the destructor panics.
    _weak: PoolWeak<T, H>,
}

impl<T: ?Sized, H: Kind> Dying<T, H> {
    /// # Safety
    ///
    /// 1. R1 and R4 hold for `value`, whose last strong handle was given up just now.
    #[inline(always)]
    pub(super) unsafe fn new(value: NonNull<T>) -> Self {
        // SAFETY: R1; the weak handle that the strong ones had (R2) is ours (1).
        Self { value, _weak: unsafe { PoolWeak::from_value(value) } }
    }
}

impl<T: ?Sized, H: Kind> Drop for Dying<T, H> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: see `value`; once. The destructor may use the pool, and any weak handle, which finds nothing.
        unsafe { self.value.drop_in_place() };
    }
}

impl<T: ?Sized, H: Kind> Deref for PoolRc<T, H> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: R4: it is there as long as this handle, and nobody changes it: that takes `&mut` to the only one.
        unsafe { self.value.as_ref() }
    }
}
