//! A buffer that is being filled.

use std::fmt;
use std::mem::MaybeUninit;
use std::ops::{Deref, DerefMut};
use std::slice;

use bytes::BufMut;
use bytes::buf::UninitSlice;

use crate::{Counted, PoolArc, PoolBytes, SyncPoolBox};

/// The only owner of a buffer, which fills it: `bytes::BytesMut` in a [`BufferPool`](crate::BufferPool).
///
/// As a slice it is what has been written. Its capacity is fixed; what does not fit panics.
///
/// # Examples
///
/// ```
/// use goo_pool_typed::BufferPool;
/// use std::io::Read;
///
/// let pool = BufferPool::<16>::new();
/// let mut source = &b"some bytes"[..];
///
/// let mut buffer = pool.buffer();
/// buffer.resize(buffer.capacity(), 0);
/// let len = source.read(&mut buffer).unwrap();
/// buffer.truncate(len);
/// assert_eq!(buffer.freeze(), *b"some bytes");
/// ```
pub struct PoolBytesMut {
    memory: SyncPoolBox<Counted<[MaybeUninit<u8>]>>,
    /// Invariant: so many bytes of the memory, which has at least as many, are initialised.
    len: usize,
}

impl PoolBytesMut {
    #[inline]
    pub(super) fn empty(memory: SyncPoolBox<Counted<[MaybeUninit<u8>]>>) -> Self {
        Self { memory, len: 0 }
    }

    /// How many bytes fit, written ones included.
    #[inline]
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.memory.len()
    }

    /// The memory behind the bytes that are written, for [`set_len`](Self::set_len).
    #[inline]
    #[must_use]
    pub fn spare_capacity_mut(&mut self) -> &mut [MaybeUninit<u8>] {
        &mut self.memory[self.len..]
    }

    /// Says how many bytes are written.
    ///
    /// # Safety
    ///
    /// 1. `len` is not above the [`capacity`](Self::capacity).
    /// 2. So many bytes are initialised.
    #[inline]
    pub unsafe fn set_len(&mut self, len: usize) {
        debug_assert!(len <= self.capacity(), "{len} bytes in a buffer of {}", self.capacity());
        self.len = len;
    }

    /// Forgets what is behind the first `len` bytes, if anything.
    #[inline]
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Forgets all bytes.
    #[inline]
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Forgets bytes, or writes `value` until there are `len`: readers of std take no memory that was never written.
    ///
    /// # Panics
    ///
    /// If `len` is above the [`capacity`](Self::capacity).
    #[inline]
    pub fn resize(&mut self, len: usize, value: u8) {
        if let Some(more) = len.checked_sub(self.len) {
            self.put_bytes(value, more);
        }
        self.truncate(len);
    }

    /// The bytes, to be read only and shared. Nothing is copied or allocated.
    #[inline]
    #[must_use]
    pub fn freeze(self) -> PoolBytes {
        // SAFETY: so many bytes are initialised (`len`).
        unsafe { PoolBytes::new(PoolArc::from(self.memory), self.len) }
    }
}

impl Deref for PoolBytesMut {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: so many bytes are there and initialised (`len`).
        unsafe { slice::from_raw_parts(self.memory.as_ptr().cast(), self.len) }
    }
}

impl DerefMut for PoolBytesMut {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: so many bytes are there and initialised (`len`), and a `u8` is again.
        unsafe { slice::from_raw_parts_mut(self.memory.as_mut_ptr().cast(), self.len) }
    }
}

impl AsRef<[u8]> for PoolBytesMut {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl AsMut<[u8]> for PoolBytesMut {
    #[inline]
    fn as_mut(&mut self) -> &mut [u8] {
        self
    }
}

// SAFETY: the chunk is the memory behind what is written, and `advance_mut` counts what the caller has written there.
unsafe impl BufMut for PoolBytesMut {
    #[inline]
    fn remaining_mut(&self) -> usize {
        self.capacity() - self.len
    }

    #[inline]
    unsafe fn advance_mut(&mut self, count: usize) {
        assert!(count <= self.remaining_mut(), "{count} bytes more in a buffer with room for {}", self.remaining_mut());
        // SAFETY: they fit, and are initialised: the caller's promise.
        unsafe { self.set_len(self.len + count) };
    }

    #[inline]
    fn chunk_mut(&mut self) -> &mut UninitSlice {
        self.spare_capacity_mut().into()
    }
}

impl fmt::Debug for PoolBytesMut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.escape_ascii())
    }
}
