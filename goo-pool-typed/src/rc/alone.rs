//! What a strong handle can do that is the only one: change the value, move it out, be a box again.

use core::mem::{ManuallyDrop, replace};
use core::ptr::NonNull;

use crate::generic::{Kind, PoolBox, PoolRc, PoolWeak};
use crate::rc::counted::{Counted, chunk_of, counts_of, value_of};
use crate::rc::counts::{Counts, Left};
use crate::rc::strong::Dying;

impl<T, H: Kind> PoolRc<T, H> {
    /// Moves the value out if this is the only strong handle. Weak ones then find nothing.
    ///
    /// # Errors
    ///
    /// The handle itself, if there are others.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{PoolRc, RcPool};
    ///
    /// let pool = RcPool::new();
    /// let one = pool.alloc(String::from("text"));
    /// let other = one.clone();
    /// let one = PoolRc::try_unwrap(one).unwrap_err();
    /// drop(other);
    /// assert_eq!(PoolRc::try_unwrap(one).unwrap(), "text");
    /// ```
    #[inline]
    pub fn try_unwrap(this: Self) -> Result<T, Self> {
        let this = ManuallyDrop::new(this);
        let left = this.counts().give_up_last();
        // SAFETY: given up just now, unless there are others.
        unsafe { this.move_out(left) }.ok_or_else(|| ManuallyDrop::into_inner(this))
    }

    /// The value if this is the only strong handle, which it then was; otherwise drops the handle.
    ///
    /// If many threads call this for all handles to one value, exactly one of them gets it. With
    /// `try_unwrap(this).ok()` it may be that none does.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{ArcPool, PoolArc};
    /// use std::thread;
    ///
    /// let one = ArcPool::new().alloc(String::from("text"));
    /// let other = one.clone();
    /// let there = thread::spawn(move || PoolArc::into_inner(one));
    /// let here = PoolArc::into_inner(other);
    /// let there = there.join().unwrap();
    /// assert!(here.is_some() != there.is_some());
    /// ```
    #[inline]
    #[must_use]
    pub fn into_inner(this: Self) -> Option<T> {
        let this = ManuallyDrop::new(this);
        let left = this.counts().give_up();
        // SAFETY: given up just now.
        unsafe { this.move_out(left) }
    }

    /// The value, or if there are other strong handles, its clone.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{PoolRc, RcPool};
    ///
    /// let one = RcPool::new().alloc(vec![1, 2]);
    /// let other = one.clone();
    /// assert_eq!(PoolRc::unwrap_or_clone(one), [1, 2]);
    /// assert_eq!(PoolRc::unwrap_or_clone(other), [1, 2]); // this one is not a clone
    /// ```
    #[inline]
    #[must_use]
    pub fn unwrap_or_clone(this: Self) -> T
    where
        T: Clone,
    {
        Self::try_unwrap(this).unwrap_or_else(|this| (*this).clone())
    }

    /// The value, to be changed, after this handle has one of its own: if there are other strong handles, a clone in
    /// another chunk of the same pool; if there are only weak ones, the value itself, moved there, and they find nothing
    /// any more.
    ///
    /// # Panics
    ///
    /// If it takes another chunk, and the pool's limit is reached; the handle is then as it was. Without memory it fails as
    /// `Box::new` does.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{PoolRc, RcPool};
    ///
    /// let pool = RcPool::new();
    /// let mut numbers = pool.alloc(vec![1]);
    /// let before = numbers.clone();
    /// PoolRc::make_mut(&mut numbers).push(2); // clones
    /// PoolRc::make_mut(&mut numbers).push(3); // does not
    /// assert_eq!((before.len(), numbers.len(), pool.len()), (1, 3, 2));
    ///
    /// let weak = PoolRc::downgrade(&numbers);
    /// PoolRc::make_mut(&mut numbers).push(4); // moves
    /// assert!(weak.upgrade().is_none());
    /// assert_eq!(*numbers, [1, 2, 3, 4]);
    /// ```
    #[inline]
    pub fn make_mut(this: &mut Self) -> &mut T
    where
        T: Clone,
    {
        if !this.counts().is_alone() {
            Self::make_alone(this);
        }
        // SAFETY: R4: alone.
        unsafe { this.value.as_mut() }
    }

    #[cold]
    #[inline(never)]
    fn make_alone(this: &mut Self)
    where
        T: Clone,
    {
        // The chunk first: if there is none, nothing has happened yet.
        let slot = Self::pool(this).as_pool().alloc_uninit();
        match this.counts().give_up_last() {
            Left::Others => *this = PoolBox::write(slot, Counted::new((**this).clone())).into(),
            Left::Weak => {
                // SAFETY: the handle is given up and its value ours; nobody reads it again, for `this` is not at this place
                // any more from the next line on.
                let value = unsafe { this.value.read() };
                let moved = ManuallyDrop::new(Self::from(PoolBox::write(slot, Counted::new(value))));
                let old = replace(&mut this.value, moved.value);
                // SAFETY: R1; the weak handle that the strong ones had (R2) is ours.
                drop(unsafe { PoolWeak::<T, H>::from_value(old) });
            }
            // The others went meanwhile, so the handle stays.
            Left::Nobody => {}
        }
    }

    /// The value, unless it is that of others.
    ///
    /// # Safety
    ///
    /// 1. `left` is what giving up this handle left, if anything: then it is not used again.
    #[inline]
    unsafe fn move_out(&self, left: Left) -> Option<T> {
        match left {
            Left::Others => None,
            Left::Weak => {
                // SAFETY: R1; the weak handle that the strong ones had (R2) is ours (1). It keeps the chunk until the value is
                // out.
                let _weak = unsafe { PoolWeak::<T, H>::from_value(self.value) };
                // SAFETY: R4, and it is ours (1).
                Some(unsafe { self.value.read() })
            }
            Left::Nobody => {
                // SAFETY: alone (1).
                let boxed = unsafe { boxed::<T, H>(self.value) };
                Some(Counted::into_inner(PoolBox::into_inner(boxed)))
            }
        }
    }
}

impl<T: ?Sized, H: Kind> PoolRc<T, H> {
    /// The value in its chunk as a box, if this is the only handle, weak ones included. The way back is
    /// `PoolRc::from(boxed)`. Neither moves the value.
    ///
    /// # Errors
    ///
    /// The handle itself, if there are others.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{PoolRc, RcPool};
    ///
    /// let pool = RcPool::new();
    /// let shared = pool.alloc(vec![1, 2]);
    /// let mut alone = PoolRc::try_into_box(shared).unwrap();
    /// alone.push(3);
    /// let shared = PoolRc::from(alone);
    /// let _other = shared.clone();
    /// assert!(PoolRc::try_into_box(shared).is_err());
    /// ```
    #[inline]
    pub fn try_into_box(this: Self) -> Result<PoolBox<Counted<T>, H>, Self> {
        if !this.counts().is_alone() {
            return Err(this);
        }
        let this = ManuallyDrop::new(this);
        // SAFETY: alone, and not used again.
        Ok(unsafe { boxed(this.value) })
    }

    /// The value, to be changed, if this is the only handle, weak ones included.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{PoolRc, RcPool};
    ///
    /// let mut one = RcPool::new().alloc(1);
    /// *PoolRc::get_mut(&mut one).unwrap() = 2;
    /// let other = one.clone();
    /// assert!(PoolRc::get_mut(&mut one).is_none());
    /// assert_eq!(*other, 2);
    /// ```
    #[inline]
    #[must_use]
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        if !this.counts().is_alone() {
            return None;
        }
        // SAFETY: R4: alone.
        Some(unsafe { this.value.as_mut() })
    }

    /// Drops the handle. If it was the last strong one, `last` gets the value directly before it is dropped where it is:
    /// weak handles find nothing already. The value is dropped, and its memory comes back, also if `last` panics.
    ///
    /// What has a destructor of its own can be taken apart in this way: a list that takes the rest out of each node
    /// before that is dropped does not recurse. [`into_inner`](Self::into_inner) would move the nodes for that.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{PoolRc, RcPool};
    ///
    /// struct Node {
    ///     next: Option<PoolRc<Node>>,
    /// }
    ///
    /// impl Drop for Node {
    ///     fn drop(&mut self) {
    ///         let mut rest = self.next.take();
    ///         while let Some(node) = rest.take() {
    ///             PoolRc::drop_with(node, |node| rest = node.next.take());
    ///         }
    ///     }
    /// }
    ///
    /// let pool = RcPool::new();
    /// let mut list = None;
    /// for _ in 0..100_000 {
    ///     list = Some(pool.alloc(Node { next: list }));
    /// }
    /// let kept = list.as_ref().unwrap().next.clone();
    /// drop(list);
    /// assert_eq!(pool.len(), 99_999);
    /// drop(kept);
    /// assert!(pool.is_empty());
    /// ```
    #[inline]
    pub fn drop_with(this: Self, last: impl FnOnce(&mut T)) {
        let this = ManuallyDrop::new(this);
        match this.counts().give_up() {
            Left::Others => {}
            Left::Weak => {
                // SAFETY: it was the last; R1 to R4 are as before.
                let mut dying = unsafe { Dying::<T, H>::new(this.value) };
                // SAFETY: see `value`.
                last(unsafe { dying.value.as_mut() });
            }
            Left::Nobody => {
                // SAFETY: alone, and not used again; R1 and R4 are as before.
                let mut boxed = unsafe { boxed::<T, H>(this.value) };
                last(&mut boxed);
            }
        }
    }
}

impl<T: ?Sized, H: Kind> From<PoolBox<Counted<T>, H>> for PoolRc<T, H> {
    /// Shares the value where it is. [`try_into_box`](PoolRc::try_into_box) is the way back.
    #[inline(always)]
    fn from(boxed: PoolBox<Counted<T>, H>) -> Self {
        // SAFETY: a box's pointer is not null.
        let chunk = unsafe { NonNull::new_unchecked(PoolBox::into_raw(boxed)) };
        // SAFETY: the box's chunk is live, and has a value.
        let value = unsafe { value_of(chunk) };
        // SAFETY: it came from `value_of`.
        let counts = unsafe { counts_of::<T, H::Word>(value) };
        // SAFETY: the room for the counts, in a chunk that is ours alone (P1).
        unsafe { counts.cast().write(Counts::<H::Word>::ALONE) };
        // SAFETY: R1: P1 to P3 of the box, which is given up; R2: just written; R4: P4.
        unsafe { Self::from_value(value) }
    }
}

/// The box that a chunk is in the hands of one.
///
/// # Safety
///
/// 1. R1 and R4 hold for `value`, and no handle to it is used again.
#[inline(always)]
pub(super) unsafe fn boxed<T: ?Sized, H: Kind>(value: NonNull<T>) -> PoolBox<Counted<T>, H> {
    // SAFETY: R1, and it has a value (R4).
    let chunk = unsafe { chunk_of(value) };
    // SAFETY: P1: no handle has it any more (1); P2 to P4: R1, R4.
    unsafe { PoolBox::from_non_null(chunk) }
}
