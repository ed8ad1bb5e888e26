//! A buffer that is filled, or a part of it.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::mem::MaybeUninit;
use std::ops::{Bound, Deref, Range, RangeBounds};
use std::slice;

use bytes::{Buf, Bytes};

use crate::{PoolArc, PoolBytesMut, unsize};

/// Bytes in a pool that are shared and not changed: `bytes::Bytes` from a [`BufferPool`](crate::BufferPool).
///
/// Clones and parts refer to the same memory, which goes back to its pool with the last of them, on any thread. As `Bytes` it
/// is four words, and none of its methods copies bytes; other than `Bytes` it never allocates. `Bytes::from` makes one where
/// that type is asked for.
///
/// # Examples
///
/// ```
/// use goo_pool_typed::{BufferPool, PoolBytes};
///
/// let pool = BufferPool::<64>::new();
/// let mut buffer = pool.buffer();
/// buffer.resize(5, b'-');
/// buffer[..2].copy_from_slice(b"ab");
///
/// let mut rest: PoolBytes = buffer.freeze();
/// let start = rest.split_to(2);
/// assert_eq!((&start[..], &rest[..]), (&b"ab"[..], &b"---"[..]));
/// drop(start);
/// assert_eq!(pool.len(), 1);
/// drop(rest);
/// assert_eq!(pool.len(), 0);
/// ```
#[derive(Clone)]
pub struct PoolBytes {
    memory: PoolArc<[MaybeUninit<u8>]>,
    /// Invariant: within the memory, and these bytes are initialised.
    start: usize,
    len: usize,
}

impl PoolBytes {
    /// The first `len` bytes.
    ///
    /// # Safety
    ///
    /// 1. The memory has so many, and they are initialised.
    #[inline]
    pub(super) unsafe fn new(memory: PoolArc<[MaybeUninit<u8>]>, len: usize) -> Self {
        Self { memory, start: 0, len }
    }

    /// The bytes from where to where.
    fn resolve(&self, range: &impl RangeBounds<usize>) -> Range<usize> {
        let start = match range.start_bound() {
            Bound::Included(&start) => start,
            Bound::Excluded(&before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(&last) => last.saturating_add(1),
            Bound::Excluded(&end) => end,
            Bound::Unbounded => self.len,
        };
        assert!(start <= end, "a range from {start} to {end}");
        assert!(end <= self.len, "a range to {end} of {} bytes", self.len);
        start..end
    }

    /// Another handle, to a part of the bytes.
    ///
    /// # Panics
    ///
    /// If the range ends before it begins, or behind the bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{ArcPool, PoolBytes};
    ///
    /// let bytes = PoolBytes::from(ArcPool::new().alloc(*b"one two"));
    /// assert_eq!(bytes.slice(4..), *b"two");
    /// ```
    #[must_use]
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        let range = self.resolve(&range);
        Self { memory: self.memory.clone(), start: self.start + range.start, len: range.len() }
    }

    /// Takes the first `at` bytes off.
    ///
    /// # Panics
    ///
    /// If there are fewer.
    #[must_use = "to drop the first bytes, there is `advance`"]
    pub fn split_to(&mut self, at: usize) -> Self {
        let first = self.slice(..at);
        self.advance(at);
        first
    }

    /// Takes off what is behind the first `at` bytes.
    ///
    /// # Panics
    ///
    /// If there are fewer.
    #[must_use = "to drop the last bytes, there is `truncate`"]
    pub fn split_off(&mut self, at: usize) -> Self {
        let last = self.slice(at..);
        self.truncate(at);
        last
    }

    /// Keeps the first `len` bytes, if there are more.
    #[inline]
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }
}

impl Deref for PoolBytes {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: within the memory (`start`).
        let first = unsafe { self.memory.as_ptr().add(self.start) };
        // SAFETY: so many bytes are there and initialised (`start`), and nobody writes to what is shared.
        unsafe { slice::from_raw_parts(first.cast(), self.len) }
    }
}

impl Buf for PoolBytes {
    #[inline]
    fn remaining(&self) -> usize {
        self.len
    }

    #[inline]
    fn chunk(&self) -> &[u8] {
        self
    }

    #[inline]
    fn advance(&mut self, count: usize) {
        assert!(count <= self.len, "{count} bytes off from {}", self.len);
        self.start += count;
        self.len -= count;
    }

    /// Not copied, but for one small allocation.
    fn copy_to_bytes(&mut self, len: usize) -> Bytes {
        self.split_to(len).into()
    }
}

impl From<PoolBytesMut> for PoolBytes {
    #[inline]
    fn from(buffer: PoolBytesMut) -> Self {
        buffer.freeze()
    }
}

impl From<PoolArc<[u8]>> for PoolBytes {
    /// All of the bytes. Other handles to them stay what they are.
    #[inline]
    fn from(bytes: PoolArc<[u8]>) -> Self {
        let len = bytes.len();
        let raw = PoolArc::into_raw(bytes) as *const [MaybeUninit<u8>];
        // SAFETY: it came from `into_raw`, and what is initialised may be looked at as what need not be.
        let memory = unsafe { PoolArc::from_raw(raw) };
        // SAFETY: all of them are initialised, and stay so: nobody writes to what is shared, and this never does.
        unsafe { Self::new(memory, len) }
    }
}

impl<const N: usize> From<PoolArc<[u8; N]>> for PoolBytes {
    /// All of the bytes. Other handles to them stay what they are.
    #[inline]
    fn from(bytes: PoolArc<[u8; N]>) -> Self {
        unsize!(bytes, [u8]).into()
    }
}

impl AsRef<[u8]> for PoolBytes {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Borrow<[u8]> for PoolBytes {
    #[inline]
    fn borrow(&self) -> &[u8] {
        self
    }
}

impl<B: AsRef<[u8]> + ?Sized> PartialEq<B> for PoolBytes {
    fn eq(&self, other: &B) -> bool {
        **self == *other.as_ref()
    }
}

impl Eq for PoolBytes {}

impl PartialOrd for PoolBytes {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PoolBytes {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl Hash for PoolBytes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl fmt::Debug for PoolBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.escape_ascii())
    }
}
