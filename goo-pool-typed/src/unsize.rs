//! From an owner of a sized type to one of a trait object or a slice, on stable Rust.

use core::pin::Pin;

use crate::generic::{Kind, PoolBox, PoolRc, PoolWeak};

/// Turns a [`PoolBox<T>`](crate::PoolBox) into a `PoolBox<dyn Trait>` or a `PoolBox<[U]>`, pinned or not, and in the same way
/// the shared handles, [`PoolRc`](crate::PoolRc) and [`PoolWeak`](crate::PoolWeak), of every kind.
///
/// `unsize!(boxed, dyn Trait)` is what the compiler does by itself for `Box`; only types from std may ask
/// for that. It costs nothing, and allows exactly the coercions that the compiler allows for a raw pointer.
///
/// # Examples
///
/// ```
/// use goo_pool_typed::{Pool, PoolBox, unsize};
/// use std::fmt::Display;
///
/// let numbers = Pool::new();
/// let texts = Pool::new();
/// let things: Vec<PoolBox<dyn Display>> =
///     vec![unsize!(numbers.alloc(7), dyn Display), unsize!(texts.alloc("seven"), dyn Display)];
/// assert_eq!(things[0].to_string() + &things[1].to_string(), "7seven");
///
/// let array = Pool::new().alloc([1, 2, 3]);
/// let slice: PoolBox<[i32]> = unsize!(array, [i32]);
/// assert_eq!(slice.len(), 3);
/// ```
///
/// The value of a weak handle need not be there:
///
/// ```
/// use goo_pool_typed::{PoolRc, PoolWeak, RcPool, unsize};
/// use std::fmt::Display;
///
/// let number: PoolRc<dyn Display> = unsize!(RcPool::new().alloc(7), dyn Display);
/// let mut watched: Vec<PoolWeak<dyn Display>> = vec![PoolRc::downgrade(&number)];
/// watched.push(unsize!(PoolWeak::<char>::new(), dyn Display));
/// let there: Vec<String> = watched.iter().filter_map(PoolWeak::upgrade).map(|shown| shown.to_string()).collect();
/// assert_eq!(there, ["7"]);
/// ```
///
/// Anything else does not compile:
///
/// ```compile_fail
/// # use goo_pool_typed::{Pool, PoolBox, unsize};
/// let wrong: PoolBox<u8> = unsize!(Pool::new().alloc(1_u32), u8);
/// ```
#[macro_export]
macro_rules! unsize {
    ($boxed:expr, $target:ty $(,)?) => {{
        let (sized, kind) = $crate::__private::into_raw($boxed);
        let raw: *mut $target = sized;
        // SAFETY: the pointer came from `into_raw`, and the compiler allowed nothing but an unsizing coercion,
        // which keeps the address, the provenance and the value's layout.
        unsafe { $crate::__private::from_raw(raw, kind) }
    }};
}

/// What [`unsize!`](crate::unsize) takes: an owner of a `T`, as `Self::Of<T>` is one.
///
/// That `T` and `F` are parameters, not associated types, saves users more messages about an argument that is none.
///
/// # Safety
///
/// 1. What `into_raw` returns may be given to `F::from_raw`.
#[diagnostic::on_unimplemented(
    message = "`unsize!` takes what a pool hands out, and `{Self}` is not that",
    label = "this is no `PoolBox`, `PoolRc` or `PoolWeak`"
)]
pub unsafe trait Owner<T: ?Sized, F> {
    /// Gives up the owner for its pointer.
    fn into_raw(self) -> *mut T;
}

/// Owners that differ only in what they own; one of them stands for all.
pub trait Family {
    /// The one that owns a `T`.
    type Of<T: ?Sized>;

    /// The owner again.
    ///
    /// # Safety
    ///
    /// 1. `raw` came from [`Owner::into_raw`] of this family, once, and was unsized at most: that keeps the address, the
    ///    provenance and the value's layout.
    unsafe fn from_raw<T: ?Sized>(raw: *mut T) -> Self::Of<T>;
}

// SAFETY: both are those of `PoolBox` (1).
#[diagnostic::do_not_recommend]
unsafe impl<T: ?Sized, H: Kind> Owner<T, PoolBox<(), H>> for PoolBox<T, H> {
    #[inline]
    fn into_raw(self) -> *mut T {
        Self::into_raw(self)
    }
}

impl<H: Kind> Family for PoolBox<(), H> {
    type Of<T: ?Sized> = PoolBox<T, H>;

    #[inline]
    unsafe fn from_raw<T: ?Sized>(raw: *mut T) -> PoolBox<T, H> {
        // SAFETY: (1).
        unsafe { PoolBox::from_raw(raw) }
    }
}

// SAFETY: as without the pin, which says nothing about the pointer (1).
#[diagnostic::do_not_recommend]
unsafe impl<T: ?Sized, H: Kind> Owner<T, Pin<PoolBox<(), H>>> for Pin<PoolBox<T, H>> {
    #[inline]
    fn into_raw(self) -> *mut T {
        // SAFETY: nothing moves the value before `from_raw` pins it again, and if that never comes, the value stays for ever.
        PoolBox::into_raw(unsafe { Self::into_inner_unchecked(self) })
    }
}

impl<H: Kind> Family for Pin<PoolBox<(), H>> {
    type Of<T: ?Sized> = Pin<PoolBox<T, H>>;

    #[inline]
    unsafe fn from_raw<T: ?Sized>(raw: *mut T) -> Pin<PoolBox<T, H>> {
        // SAFETY: (1).
        PoolBox::into_pin(unsafe { PoolBox::from_raw(raw) })
    }
}

// SAFETY: both are those of `PoolRc` (1).
#[diagnostic::do_not_recommend]
unsafe impl<T: ?Sized, H: Kind> Owner<T, PoolRc<(), H>> for PoolRc<T, H> {
    #[inline]
    fn into_raw(self) -> *mut T {
        Self::into_raw(self).cast_mut()
    }
}

impl<H: Kind> Family for PoolRc<(), H> {
    type Of<T: ?Sized> = PoolRc<T, H>;

    #[inline]
    unsafe fn from_raw<T: ?Sized>(raw: *mut T) -> PoolRc<T, H> {
        // SAFETY: (1).
        unsafe { PoolRc::from_raw(raw) }
    }
}

// SAFETY: as without the pin, which says nothing about the pointer (1).
#[diagnostic::do_not_recommend]
unsafe impl<T: ?Sized, H: Kind> Owner<T, Pin<PoolRc<(), H>>> for Pin<PoolRc<T, H>> {
    #[inline]
    fn into_raw(self) -> *mut T {
        // SAFETY: nothing moves the value before `from_raw` pins it again, and if that never comes, the value stays for ever.
        PoolRc::into_raw(unsafe { Self::into_inner_unchecked(self) }).cast_mut()
    }
}

impl<H: Kind> Family for Pin<PoolRc<(), H>> {
    type Of<T: ?Sized> = Pin<PoolRc<T, H>>;

    #[inline]
    unsafe fn from_raw<T: ?Sized>(raw: *mut T) -> Pin<PoolRc<T, H>> {
        // SAFETY: (1).
        let shared = unsafe { PoolRc::from_raw(raw) };
        // SAFETY: it was pinned before, with all handles to the value.
        unsafe { Pin::new_unchecked(shared) }
    }
}

// SAFETY: both are those of `PoolWeak` (1).
#[diagnostic::do_not_recommend]
unsafe impl<T: ?Sized, H: Kind> Owner<T, PoolWeak<(), H>> for PoolWeak<T, H> {
    #[inline]
    fn into_raw(self) -> *mut T {
        Self::into_raw(self).cast_mut()
    }
}

impl<H: Kind> Family for PoolWeak<(), H> {
    type Of<T: ?Sized> = PoolWeak<T, H>;

    #[inline]
    unsafe fn from_raw<T: ?Sized>(raw: *mut T) -> PoolWeak<T, H> {
        // SAFETY: (1).
        unsafe { PoolWeak::from_raw(raw) }
    }
}
