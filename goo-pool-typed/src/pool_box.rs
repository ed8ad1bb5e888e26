//! The box: owns a value in a pool.
//!
//! What its unsafe code rests on:
//!
//! | No. | Always true                                                                                     |
//! |-----|-------------------------------------------------------------------------------------------------|
//! | P1  | `ptr` is a live chunk, which no other box has, of a pool behind an `H`.                           |
//! | P2  | The pool is for the layout of the value: what `Layout::for_value` says.                           |
//! | P3  | `ptr` came from the pool, not from a reference, so it may be used for all of the chunk's segment. |
//! | P4  | The chunk holds a valid value.                                                                    |

use core::alloc::Layout;
use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, forget, needs_drop};
use core::ops::{Deref, DerefMut};
use core::pin::Pin;
use core::ptr::NonNull;

use goo_pool_core::{Geometry, PoolHandle};

use crate::error::fail_to_build;
use crate::generic::{AnyThread, Kind, Pool};

/// Owns a value in a pool: [`PoolBox`](crate::PoolBox), if `H` is a [`PoolHandle`].
///
/// Code for every kind of box is generic over `H`: see [`Kind`].
#[repr(transparent)]
pub struct PoolBox<T: ?Sized, H: Kind = PoolHandle> {
    ptr: NonNull<T>,
    owns: PhantomData<T>,
    kind: PhantomData<H>,
}

// SAFETY: the value goes with its box (P1), as it may (`T: Send`). The chunk is freed, and the pool found, on whatever
// thread the box is then, as they may be (`AnyThread`).
unsafe impl<T: ?Sized + Send, H: Kind + AnyThread> Send for PoolBox<T, H> {}
// SAFETY: a shared box gives out a `&T` (`T: Sync`) and its pool (`AnyThread`), and nothing else.
unsafe impl<T: ?Sized + Sync, H: Kind + AnyThread> Sync for PoolBox<T, H> {}

/// Gives a chunk back.
///
/// # Safety
///
/// 1. P1 to P3 hold for `chunk`, a box's pointer, and `layout`; nobody uses the chunk any more.
// In a debug build its locals would stay on the stack of every box whose value is just being dropped.
#[cfg_attr(not(debug_assertions), inline(always))]
unsafe fn free<T: ?Sized, H: Kind>(chunk: NonNull<T>, layout: Layout) {
    let thin = size_of::<NonNull<T>>() == size_of::<NonNull<u8>>();
    if !thin {
        // SAFETY: (1).
        return unsafe { H::deallocate_dyn(chunk.cast(), layout) };
    }
    // The layout of what has a thin pointer is a constant, and so is all that is computed from it.
    let Ok(geometry) = Geometry::of::<H>(layout) else { unreachable!("a pool has this layout") };
    // SAFETY: (1).
    unsafe { H::deallocate_in(chunk.cast(), &geometry) };
}

/// Gives a chunk back although the value's destructor panics.
struct FreeOnUnwind<T: ?Sized, H: Kind> {
    /// Invariant: as `free` asks, from when this is dropped.
    chunk: NonNull<T>,
    layout: Layout,
    kind: PhantomData<H>,
}

impl<T: ?Sized, H: Kind> Drop for FreeOnUnwind<T, H> {
    #[cold]
    fn drop(&mut self) {
        // SAFETY: see `chunk`.
        unsafe { free::<T, H>(self.chunk, self.layout) };
    }
}

impl<T, H: Kind> PoolBox<T, H> {
    /// Moves the value out; its chunk is free.
    #[inline]
    #[must_use]
    pub fn into_inner(boxed: Self) -> T {
        let boxed = ManuallyDrop::new(boxed);
        // SAFETY: P4; the value is not dropped in place, since the box is not.
        let value = unsafe { boxed.ptr.read() };
        // SAFETY: P1 to P3; the box and its value are gone.
        unsafe { free::<T, H>(boxed.ptr, Layout::new::<T>()) };
        value
    }

    /// The pool that the value lives in.
    ///
    /// If its last handle was dropped, a `Pool` is open again, with the settings it was built with. A `SyncPool` that
    /// has closed stays so: this is then a new pool with its settings, one for all of its boxes. Without memory for its
    /// record this fails as `Box::new` does.
    #[must_use]
    pub fn pool(boxed: &Self) -> Pool<T, H::Source> {
        Pool::from_source(boxed.handle().into())
    }
}

impl<T: ?Sized, H: Kind> PoolBox<T, H> {
    /// # Safety
    ///
    /// 1. P1 to P4 hold for `ptr`.
    #[inline(always)]
    pub(crate) const unsafe fn from_non_null(ptr: NonNull<T>) -> Self {
        Self { ptr, owns: PhantomData, kind: PhantomData }
    }

    pub(crate) fn handle(&self) -> H {
        let layout = self.layout();
        // SAFETY: P1, P3, P2.
        match unsafe { H::of(self.ptr.cast(), layout) } {
            Ok(handle) => handle,
            Err(error) => fail_to_build(error, layout),
        }
    }

    /// The value's layout, without a reference to the value: it may be pinned and refer to itself, and a
    /// `&T` would claim that nobody writes to it meanwhile. A reference to an `UnsafeCell` claims nothing.
    #[inline(always)]
    fn layout(&self) -> Layout {
        let opaque = self.ptr.as_ptr() as *const UnsafeCell<T>;
        // SAFETY: P4, and an `UnsafeCell` has its value's layout.
        Layout::for_value(unsafe { &*opaque })
    }

    /// Gives up the box for a raw pointer: the value stays until [`from_raw`](Self::from_raw).
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{Pool, PoolBox};
    ///
    /// let pool = Pool::new();
    /// let raw = PoolBox::into_raw(pool.alloc(42));
    /// // SAFETY: the pointer came from `into_raw` and is used once.
    /// let back = unsafe { PoolBox::from_raw(raw) };
    /// assert_eq!(*back, 42);
    /// ```
    #[inline]
    #[must_use = "the value leaks unless the pointer comes back to `from_raw`"]
    pub fn into_raw(boxed: Self) -> *mut T {
        ManuallyDrop::new(boxed).ptr.as_ptr()
    }

    /// The box again.
    ///
    /// # Safety
    ///
    /// 1. `ptr` came from [`into_raw`](Self::into_raw) of a box of the same kind, and no box was made from it since.
    /// 2. It is that very pointer, cast at most: not one taken from a reference to the value, such as
    ///    [`leak`](Self::leak) returns, since the pool is found outside of the value.
    /// 3. If its type differs from that of the box, size and alignment are the same, and the value is valid.
    /// 4. The box could be on this thread: it came from here, or is a `SyncPoolBox` of a value that is `Send`.
    #[inline]
    pub unsafe fn from_raw(ptr: *mut T) -> Self {
        // SAFETY: it was a box's pointer (1), so it is not null.
        let ptr = unsafe { NonNull::new_unchecked(ptr) };
        // SAFETY: P1 (1, 4), P2 (3), P3 (2) and P4 (3) hold.
        unsafe { Self::from_non_null(ptr) }
    }

    /// Gives up the box for a reference. That is final: the value is never dropped, its chunk never freed.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{Pool, PoolBox};
    ///
    /// let config: &'static mut [u32; 4] = PoolBox::leak(Pool::new().alloc([1, 2, 3, 4]));
    /// config[0] = 10;
    /// ```
    #[inline]
    pub fn leak<'a>(boxed: Self) -> &'a mut T
    where
        T: 'a,
    {
        // SAFETY: P4, and nobody else has the chunk (P1), now or later.
        unsafe { &mut *Self::into_raw(boxed) }
    }

    /// Pins the value. A pool never moves its values, and never reuses the memory of one that was not
    /// dropped, so this costs nothing.
    #[inline]
    #[must_use]
    pub fn into_pin(boxed: Self) -> Pin<Self> {
        // SAFETY: the chunk stays where it is until the value is dropped, or for ever if the box is
        // forgotten. Moving the box does not move the value.
        unsafe { Pin::new_unchecked(boxed) }
    }

    /// The value's address.
    #[inline]
    #[must_use]
    pub const fn as_ptr(boxed: &Self) -> *const T {
        boxed.ptr.as_ptr()
    }

    /// The value's address, for writing. Like [`as_ptr`](Self::as_ptr), it makes no reference to the value, so
    /// the pointer stays valid while others are made by it, and until the box is moved out of or dropped.
    #[inline]
    #[must_use]
    pub const fn as_mut_ptr(boxed: &mut Self) -> *mut T {
        boxed.ptr.as_ptr()
    }
}

impl<T: ?Sized, H: Kind> Drop for PoolBox<T, H> {
    #[inline]
    fn drop(&mut self) {
        let layout = self.layout();
        if needs_drop::<T>() {
            let guard = FreeOnUnwind { chunk: self.ptr, layout, kind: self.kind };
            // SAFETY: P4, once. No borrow of the pool is held: the destructor may use it.
            unsafe { self.ptr.drop_in_place() };
            forget(guard);
        }
        // SAFETY: P1 to P3; the value is gone, and so is the box.
        unsafe { free::<T, H>(self.ptr, layout) };
    }
}

impl<T: ?Sized, H: Kind> Deref for PoolBox<T, H> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: P4, and only this box reaches the value (P1), which is borrowed.
        unsafe { self.ptr.as_ref() }
    }
}

impl<T: ?Sized, H: Kind> DerefMut for PoolBox<T, H> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: P4, and only this box reaches the value (P1), which is borrowed mutably.
        unsafe { self.ptr.as_mut() }
    }
}
