//! A value with room for its counts: what the chunks of shared values hold.

use core::cell::UnsafeCell;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::mem::MaybeUninit;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

use crate::rc::counts::{Counts, Word};

/// A value with room for the counts of its handles: what the boxes of a pool of shared values hold.
///
/// A [`PoolBox<Counted<T>>`](crate::PoolBox) is the owner of a value that is not shared yet: it can be changed freely, and
/// `PoolRc::from` shares it where it is. [`PoolRc::try_into_box`](crate::generic::PoolRc::try_into_box) is the way back.
/// std has the same as `UniqueRc`, not yet stable.
///
/// The room is 8 bytes, or the value's alignment if that is more, before the value. A box of the bare `T` has no room, so
/// its value can be shared only by moving it: `pool.alloc(PoolBox::into_inner(boxed))`.
///
/// # Examples
///
/// ```
/// use goo_pool_typed::{PoolRc, RcPool};
///
/// let pool = RcPool::new();
/// let mut words = pool.alloc_box(vec!["one"]);
/// words.push("two"); // nobody else sees it yet
/// let address = &raw const **words;
/// let shared = PoolRc::from(words);
/// assert_eq!(PoolRc::as_ptr(&shared), address);
/// assert_eq!(*shared, ["one", "two"]);
/// ```
#[repr(C)]
pub struct Counted<T: ?Sized> {
    /// The counts are not here but directly before the value, in bytes that a `Counted` leaves alone while it is shared.
    /// Both are the same place unless the value's alignment is above 8.
    _room: Room,
    value: T,
}

#[repr(align(8))]
struct Room {
    _counts: MaybeUninit<u64>,
}

const ROOM: usize = size_of::<Room>();

impl<T> Counted<T> {
    /// The value, not shared.
    #[inline(always)]
    pub const fn new(value: T) -> Self {
        Self { _room: Room { _counts: MaybeUninit::uninit() }, value }
    }

    /// The value alone.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{Counted, PoolBox, RcPool};
    ///
    /// let boxed = RcPool::new().alloc_box(String::from("text"));
    /// assert_eq!(Counted::into_inner(PoolBox::into_inner(boxed)), "text");
    /// ```
    #[inline(always)]
    #[must_use]
    pub fn into_inner(counted: Self) -> T {
        counted.value
    }
}

/// Where the value of a chunk is.
///
/// # Safety
///
/// 1. `chunk` is valid for the layout of a `Counted<T>`; of a sized `T` it needs no value.
#[inline(always)]
pub(crate) unsafe fn value_of<T: ?Sized>(chunk: NonNull<Counted<T>>) -> NonNull<T> {
    // SAFETY: in bounds (1).
    let value = unsafe { &raw mut (*chunk.as_ptr()).value };
    // SAFETY: a part of what is not null.
    unsafe { NonNull::new_unchecked(value) }
}

/// The chunk that a value is in.
///
/// # Safety
///
/// 1. `value` came from [`value_of`], and what it points to still has a value, or is wrapped so that it needs none.
#[inline(always)]
pub(crate) unsafe fn chunk_of<T: ?Sized>(value: NonNull<T>) -> NonNull<Counted<T>> {
    // A reference to an `UnsafeCell` claims nothing about who else has the value.
    let opaque = value.as_ptr() as *const UnsafeCell<T>;
    // SAFETY: (1), and an `UnsafeCell` has its value's alignment.
    let align = align_of_val(unsafe { &*opaque });
    // With `repr(C)` the value is at the first multiple of its alignment behind the room.
    let before = if align > ROOM { align } else { ROOM };
    // SAFETY: so far before the value its chunk begins (1).
    let chunk = unsafe { value.as_ptr().byte_sub(before) } as *mut Counted<T>;
    // SAFETY: a chunk is nowhere at null.
    unsafe { NonNull::new_unchecked(chunk) }
}

/// The counts of a value: in the 8 bytes before it.
///
/// # Safety
///
/// 1. `value` came from [`value_of`].
#[inline(always)]
pub(crate) unsafe fn counts_of<T: ?Sized, W: Word>(value: NonNull<T>) -> NonNull<Counts<W>> {
    const { assert!(size_of::<Counts<W>>() == ROOM && align_of::<Counts<W>>() <= ROOM) };
    // SAFETY: the value begins at a multiple of 8 behind at least 8 bytes of the chunk (`Counted`, 1).
    unsafe { value.cast::<Counts<W>>().sub(1) }
}

impl<T: ?Sized> Deref for Counted<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: ?Sized> DerefMut for Counted<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

/// The room is no part of what is compared, hashed and shown: a `Counted` is as its value.
impl<T: ?Sized + PartialEq> PartialEq for Counted<T> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: ?Sized + Eq> Eq for Counted<T> {}

impl<T: ?Sized + PartialOrd> PartialOrd for Counted<T> {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<T: ?Sized + Ord> Ord for Counted<T> {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.value.cmp(&other.value)
    }
}

impl<T: ?Sized + Hash> Hash for Counted<T> {
    fn hash<S: Hasher>(&self, state: &mut S) {
        self.value.hash(state);
    }
}

impl<T: Default> Default for Counted<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for Counted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Counted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T: Clone> Clone for Counted<T> {
    /// The value's clone, not shared.
    fn clone(&self) -> Self {
        Self::new(self.value.clone())
    }
}

impl<T> From<T> for Counted<T> {
    #[inline]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}
