//! Buffers in a pool, and the way to [`bytes::Bytes`].
//!
//! ```text
//! BufferPool<N> ──buffer()──► PoolBytesMut ──freeze()──► PoolBytes ──into()──► Bytes
//!                             one owner, is filled       many, are read        one small allocation
//! ```

mod pool_bytes;
mod pool_bytes_mut;

use std::mem::MaybeUninit;
use std::ops::Deref;

use bytes::Bytes;
use goo_pool_core::{AllocError, SyncPoolHandle};

pub use self::pool_bytes::PoolBytes;
pub use self::pool_bytes_mut::PoolBytesMut;
use crate::error::fail;
use crate::generic::{RcPool, Source};
use crate::{ArcPool, Counted, PoolArc, SyncPoolBox, unsize};

/// A pool of buffers of `N` bytes: [`buffer`](Self::buffer) gives one that is empty, to be filled.
///
/// It may be a static. A buffer's memory is not zeroed before it is filled.
///
/// # Examples
///
/// ```
/// use bytes::{Buf, BufMut};
/// use goo_pool_typed::{BufferPool, PoolBytes};
///
/// static PACKETS: BufferPool<1500> = BufferPool::new();
///
/// let mut packet = PACKETS.buffer();
/// packet.put_u32(7);
/// packet.put_slice(b"seven");
/// let sent: PoolBytes = packet.freeze();
/// let mut kept = sent.clone(); // the same memory
/// drop(sent);
/// assert_eq!((kept.get_u32(), &kept[..]), (7, &b"seven"[..]));
/// ```
pub type BufferPool<const N: usize> = ArcPool<[MaybeUninit<u8>; N]>;

impl<const N: usize, S: Source<Handle = SyncPoolHandle>> RcPool<[MaybeUninit<u8>; N], S> {
    /// An empty buffer with room for `N` bytes.
    ///
    /// # Panics
    ///
    /// As [`alloc`](Self::alloc).
    #[inline]
    #[must_use = "the buffer goes back at once if it is not used"]
    pub fn buffer(&self) -> PoolBytesMut {
        match self.try_buffer() {
            Ok(buffer) => buffer,
            Err(error) => fail(error),
        }
    }

    /// As [`buffer`](Self::buffer), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// [`AllocError`] if the limit is reached or there is no memory.
    #[inline]
    pub fn try_buffer(&self) -> Result<PoolBytesMut, AllocError> {
        let slot = self.as_pool().try_alloc_uninit()?;
        // SAFETY: there is nothing in it that must be initialised: neither bytes nor room for counts.
        let memory = unsafe { slot.assume_init() };
        Ok(PoolBytesMut::empty(unsize!(memory, Counted<[MaybeUninit<u8>]>)))
    }
}

/// Keeps what `Bytes` refers to.
struct Owner<B>(B);

impl<B: Deref<Target: AsRef<[u8]>>> AsRef<[u8]> for Owner<B> {
    fn as_ref(&self) -> &[u8] {
        (*self.0).as_ref()
    }
}

/// `Bytes` can be made from each of these.
macro_rules! into_bytes {
    ($($(#[$doc:meta])* [$($const:tt)*] $owner:ty;)*) => {
        $(impl<$($const)*> From<$owner> for Bytes {
            $(#[$doc])*
            fn from(owner: $owner) -> Self {
                Self::from_owner(Owner(owner))
            }
        })*
    };
}

into_bytes! {
    /// The same bytes, not copied. They go back to their pool with the last clone or slice of the result.
    ///
    /// This takes one allocation, of 16 bytes with version 1.12: `bytes` lets others make a `Bytes` by `from_owner` only, which
    /// keeps the owner and a count there. [`PoolBytes`] takes none.
    [const N: usize] SyncPoolBox<[u8; N]>;
    /// The same bytes, not copied, as from a box of an array.
    [] SyncPoolBox<[u8]>;
    /// The same bytes, not copied, as from a box. Other handles to them stay what they are.
    [const N: usize] PoolArc<[u8; N]>;
    /// The same bytes, not copied, as from a box. Other handles to them stay what they are.
    [] PoolArc<[u8]>;
    /// The same bytes, not copied, as from a box. Other handles to them stay what they are.
    [] PoolBytes;
}
