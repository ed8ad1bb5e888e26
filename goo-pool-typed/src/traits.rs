//! The std traits that `Box` has, passed on to the value.

use core::any::Any;
use core::borrow::{Borrow, BorrowMut};
use core::cmp::Ordering;
use core::error::Error;
use core::fmt;
use core::future::Future;
use core::hash::{Hash, Hasher};
use core::iter::FusedIterator;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::pin::Pin;
use core::task::{Context, Poll};

use crate::generic::{Kind, PoolBox};

impl<T: Clone, H: Kind> Clone for PoolBox<T, H> {
    /// The value's clone, in another chunk of the same pool, as [`pool`](Self::pool) finds it. If the last handle to the
    /// pool was dropped, the pool is open just long enough for that, and each time gives back what it can: keep a handle
    /// while many are cloned.
    #[inline]
    #[cfg_attr(feature = "tracking", track_caller)]
    fn clone(&self) -> Self {
        Self::pool(self).alloc_with(|| (**self).clone())
    }

    /// Clones into the chunk that is there.
    #[inline]
    fn clone_from(&mut self, source: &Self) {
        (**self).clone_from(source);
    }
}

impl<T: ?Sized + fmt::Debug, H: Kind> fmt::Debug for PoolBox<T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display, H: Kind> fmt::Display for PoolBox<T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized, H: Kind> fmt::Pointer for PoolBox<T, H> {
    /// The value's address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Pointer::fmt(&Self::as_ptr(self), f)
    }
}

impl<T: ?Sized + PartialEq, H: Kind> PartialEq for PoolBox<T, H> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: ?Sized + Eq, H: Kind> Eq for PoolBox<T, H> {}

impl<T: ?Sized + PartialOrd, H: Kind> PartialOrd for PoolBox<T, H> {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (**self).partial_cmp(other)
    }
}

impl<T: ?Sized + Ord, H: Kind> Ord for PoolBox<T, H> {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(other)
    }
}

impl<T: ?Sized + Hash, H: Kind> Hash for PoolBox<T, H> {
    fn hash<S: Hasher>(&self, state: &mut S) {
        (**self).hash(state);
    }
}

/// A hasher may treat an integer in its own way, so each call is passed on as what it is.
macro_rules! forward_writes {
    ($($name:ident: $integer:ty,)*) => {
        $(fn $name(&mut self, value: $integer) {
            (**self).$name(value);
        })*
    };
}

impl<T: ?Sized + Hasher, H: Kind> Hasher for PoolBox<T, H> {
    fn finish(&self) -> u64 {
        (**self).finish()
    }

    fn write(&mut self, bytes: &[u8]) {
        (**self).write(bytes);
    }

    forward_writes! {
        write_u8: u8, write_u16: u16, write_u32: u32, write_u64: u64, write_u128: u128, write_usize: usize,
        write_i8: i8, write_i16: i16, write_i32: i32, write_i64: i64, write_i128: i128, write_isize: isize,
    }
}

impl<T: ?Sized, H: Kind> AsRef<T> for PoolBox<T, H> {
    #[inline]
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T: ?Sized, H: Kind> AsMut<T> for PoolBox<T, H> {
    #[inline]
    fn as_mut(&mut self) -> &mut T {
        self
    }
}

impl<T: ?Sized, H: Kind> Borrow<T> for PoolBox<T, H> {
    #[inline]
    fn borrow(&self) -> &T {
        self
    }
}

impl<T: ?Sized, H: Kind> BorrowMut<T> for PoolBox<T, H> {
    #[inline]
    fn borrow_mut(&mut self) -> &mut T {
        self
    }
}

/// As for `Box`: the box is as safe as its value.
impl<T: ?Sized + UnwindSafe, H: Kind> UnwindSafe for PoolBox<T, H> {}
impl<T: ?Sized + RefUnwindSafe, H: Kind> RefUnwindSafe for PoolBox<T, H> {}

/// Moving the box does not move the value.
impl<T: ?Sized, H: Kind> Unpin for PoolBox<T, H> {}

impl<T: ?Sized, H: Kind> From<PoolBox<T, H>> for Pin<PoolBox<T, H>> {
    #[inline]
    fn from(boxed: PoolBox<T, H>) -> Self {
        PoolBox::into_pin(boxed)
    }
}

impl<I: ?Sized + Iterator, H: Kind> Iterator for PoolBox<I, H> {
    type Item = I::Item;

    #[inline]
    fn next(&mut self) -> Option<I::Item> {
        (**self).next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (**self).size_hint()
    }

    fn nth(&mut self, n: usize) -> Option<I::Item> {
        (**self).nth(n)
    }
}

impl<I: ?Sized + DoubleEndedIterator, H: Kind> DoubleEndedIterator for PoolBox<I, H> {
    #[inline]
    fn next_back(&mut self) -> Option<I::Item> {
        (**self).next_back()
    }

    fn nth_back(&mut self, n: usize) -> Option<I::Item> {
        (**self).nth_back(n)
    }
}

impl<I: ?Sized + ExactSizeIterator, H: Kind> ExactSizeIterator for PoolBox<I, H> {
    fn len(&self) -> usize {
        (**self).len()
    }
}

impl<I: ?Sized + FusedIterator, H: Kind> FusedIterator for PoolBox<I, H> {}

impl<F: ?Sized + Future + Unpin, H: Kind> Future for PoolBox<F, H> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        Pin::new(&mut **self).poll(context)
    }
}

impl<E: ?Sized + Error, H: Kind> Error for PoolBox<E, H> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        (**self).source()
    }
}

/// `Box` has `downcast` for the same three.
macro_rules! downcast {
    ($($any:ty),*) => {
        $(impl<H: Kind> PoolBox<$any, H> {
            /// The box as one of a `T`, if that is what it holds.
            ///
            /// # Errors
            ///
            /// The box itself, if it holds something else.
            ///
            /// # Examples
            ///
            /// ```
            /// use goo_pool_typed::{Pool, PoolBox, unsize};
            /// use std::any::Any;
            ///
            /// let any: PoolBox<dyn Any> = unsize!(Pool::new().alloc(5_u32), dyn Any);
            /// let any = any.downcast::<String>().unwrap_err();
            /// assert_eq!(*any.downcast::<u32>().unwrap(), 5);
            /// ```
            pub fn downcast<T: Any>(self) -> Result<PoolBox<T, H>, Self> {
                if self.is::<T>() {
                    let raw = Self::into_raw(self);
                    // SAFETY: the pointer came from `into_raw` and the value is a `T`, so the layout is the same.
                    Ok(unsafe { PoolBox::from_raw(raw.cast()) })
                } else {
                    Err(self)
                }
            }
        })*
    };
}

downcast!(dyn Any, dyn Any + Send, dyn Any + Send + Sync);

#[cfg(feature = "std")]
mod io {
    use std::fmt::Arguments;
    use std::io::{BufRead, IoSlice, IoSliceMut, Read, Result, Seek, SeekFrom, Write};
    use std::string::String;
    use std::vec::Vec;

    use crate::generic::{Kind, PoolBox};

    impl<R: ?Sized + Read, H: Kind> Read for PoolBox<R, H> {
        fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
            (**self).read(buffer)
        }

        fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> Result<usize> {
            (**self).read_vectored(buffers)
        }

        fn read_to_end(&mut self, buffer: &mut Vec<u8>) -> Result<usize> {
            (**self).read_to_end(buffer)
        }

        fn read_to_string(&mut self, buffer: &mut String) -> Result<usize> {
            (**self).read_to_string(buffer)
        }

        fn read_exact(&mut self, buffer: &mut [u8]) -> Result<()> {
            (**self).read_exact(buffer)
        }
    }

    impl<W: ?Sized + Write, H: Kind> Write for PoolBox<W, H> {
        fn write(&mut self, bytes: &[u8]) -> Result<usize> {
            (**self).write(bytes)
        }

        fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> Result<usize> {
            (**self).write_vectored(buffers)
        }

        fn write_all(&mut self, bytes: &[u8]) -> Result<()> {
            (**self).write_all(bytes)
        }

        fn write_fmt(&mut self, arguments: Arguments<'_>) -> Result<()> {
            (**self).write_fmt(arguments)
        }

        fn flush(&mut self) -> Result<()> {
            (**self).flush()
        }
    }

    impl<B: ?Sized + BufRead, H: Kind> BufRead for PoolBox<B, H> {
        fn fill_buf(&mut self) -> Result<&[u8]> {
            (**self).fill_buf()
        }

        fn consume(&mut self, bytes: usize) {
            (**self).consume(bytes);
        }

        fn read_until(&mut self, byte: u8, buffer: &mut Vec<u8>) -> Result<usize> {
            (**self).read_until(byte, buffer)
        }

        fn skip_until(&mut self, byte: u8) -> Result<usize> {
            (**self).skip_until(byte)
        }

        fn read_line(&mut self, buffer: &mut String) -> Result<usize> {
            (**self).read_line(buffer)
        }
    }

    impl<S: ?Sized + Seek, H: Kind> Seek for PoolBox<S, H> {
        fn seek(&mut self, to: SeekFrom) -> Result<u64> {
            (**self).seek(to)
        }

        fn rewind(&mut self) -> Result<()> {
            (**self).rewind()
        }

        fn stream_position(&mut self) -> Result<u64> {
            (**self).stream_position()
        }

        fn seek_relative(&mut self, offset: i64) -> Result<()> {
            (**self).seek_relative(offset)
        }
    }
}
