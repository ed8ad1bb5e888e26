//! A local pool that may change threads.

use core::fmt;
use core::ops::Deref;

use crate::raw_pool::RawPool;

/// A [`RawPool`] that may change threads, because its parent may; made by
/// [`build_send`](crate::RawPoolBuilder::build_send).
///
/// So a lock can own it, also in a `static`: one of `std::sync::Mutex`, or of the crate `critical-section` on a target without
/// threads, where interrupt handlers take their place. It is one pool with all its costs and none of a thread-safe one's; for threads
/// that allocate at the same time, see `SyncRawPool`.
///
/// # Examples
///
/// ```
/// use std::{alloc::Layout, sync::Mutex};
/// use goo_pool_core::{RawPool, SendRawPool};
///
/// static POOL: Mutex<Option<SendRawPool>> = Mutex::new(None);
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// *POOL.lock()? = Some(RawPool::builder(Layout::new::<[u8; 80]>()).build_send()?);
/// std::thread::spawn(|| {
///     let pool = POOL.lock().unwrap();
///     assert!(pool.as_ref().unwrap().allocate().is_ok());
/// });
/// # Ok(())
/// # }
/// ```
pub struct SendRawPool {
    /// Invariant: its parent is `Send`, and this is the only handle.
    pool: RawPool,
}

// SAFETY: a pool is its own state, which only its one handle reaches, and its parent, which is `Send`. Its chunks are bytes that
// whoever has them may use on any thread.
unsafe impl Send for SendRawPool {}

impl SendRawPool {
    /// # Safety
    ///
    /// 1. The pool was built with a parent that is `Send`, and this is its only handle.
    pub(crate) unsafe fn new(pool: RawPool) -> Self {
        pool.heap().thread.set(0);
        Self { pool }
    }
}

impl Deref for SendRawPool {
    type Target = RawPool;

    #[inline]
    fn deref(&self) -> &RawPool {
        &self.pool
    }
}

impl fmt::Debug for SendRawPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
