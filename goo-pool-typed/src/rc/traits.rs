//! The std traits that `Rc`, `Arc` and their `Weak`s have.

use core::any::Any;
use core::borrow::Borrow;
use core::cmp::Ordering;
use core::error::Error;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::panic::{RefUnwindSafe, UnwindSafe};

use crate::generic::{Kind, PoolRc, PoolWeak};

impl<T: ?Sized + fmt::Debug, H: Kind> fmt::Debug for PoolRc<T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display, H: Kind> fmt::Display for PoolRc<T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized, H: Kind> fmt::Pointer for PoolRc<T, H> {
    /// The value's address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Pointer::fmt(&Self::as_ptr(self), f)
    }
}

/// The values are compared. To compare the handles, there is [`ptr_eq`](PoolRc::ptr_eq).
impl<T: ?Sized + PartialEq, H: Kind> PartialEq for PoolRc<T, H> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: ?Sized + Eq, H: Kind> Eq for PoolRc<T, H> {}

impl<T: ?Sized + PartialOrd, H: Kind> PartialOrd for PoolRc<T, H> {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (**self).partial_cmp(other)
    }
}

impl<T: ?Sized + Ord, H: Kind> Ord for PoolRc<T, H> {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(other)
    }
}

impl<T: ?Sized + Hash, H: Kind> Hash for PoolRc<T, H> {
    fn hash<S: Hasher>(&self, state: &mut S) {
        (**self).hash(state);
    }
}

impl<T: ?Sized, H: Kind> AsRef<T> for PoolRc<T, H> {
    #[inline]
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T: ?Sized, H: Kind> Borrow<T> for PoolRc<T, H> {
    #[inline]
    fn borrow(&self) -> &T {
        self
    }
}

impl<E: ?Sized + Error, H: Kind> Error for PoolRc<E, H> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        (**self).source()
    }
}

/// As for `Rc`: a handle is a shared reference that others have too.
impl<T: ?Sized + RefUnwindSafe, H: Kind> UnwindSafe for PoolRc<T, H> {}
impl<T: ?Sized + RefUnwindSafe, H: Kind> RefUnwindSafe for PoolRc<T, H> {}
impl<T: ?Sized + RefUnwindSafe, H: Kind> UnwindSafe for PoolWeak<T, H> {}
impl<T: ?Sized + RefUnwindSafe, H: Kind> RefUnwindSafe for PoolWeak<T, H> {}

/// Moving a handle does not move the value.
impl<T: ?Sized, H: Kind> Unpin for PoolRc<T, H> {}
impl<T: ?Sized, H: Kind> Unpin for PoolWeak<T, H> {}

impl<T: ?Sized, H: Kind> fmt::Debug for PoolWeak<T, H> {
    /// `(Weak)`: the value may be gone, and to look at it would keep it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(Weak)")
    }
}

/// `Rc` has `downcast` for the first, `Arc` for the last.
macro_rules! downcast {
    ($($any:ty),*) => {
        $(impl<H: Kind> PoolRc<$any, H> {
            /// The handle as one to a `T`, if that is what the value is.
            ///
            /// # Errors
            ///
            /// The handle itself, if it is something else.
            ///
            /// # Examples
            ///
            /// ```
            /// use goo_pool_typed::{PoolRc, RcPool, unsize};
            /// use std::any::Any;
            ///
            /// let any: PoolRc<dyn Any> = unsize!(RcPool::new().alloc(5_u32), dyn Any);
            /// let any = any.downcast::<String>().unwrap_err();
            /// assert_eq!(*any.downcast::<u32>().unwrap(), 5);
            /// ```
            pub fn downcast<T: Any>(self) -> Result<PoolRc<T, H>, Self> {
                if (*self).is::<T>() {
                    let raw = Self::into_raw(self);
                    // SAFETY: the pointer came from `into_raw` and the value is a `T`, so the layout is the same.
                    Ok(unsafe { PoolRc::from_raw(raw.cast()) })
                } else {
                    Err(self)
                }
            }
        })*
    };
}

downcast!(dyn Any, dyn Any + Send, dyn Any + Send + Sync);
