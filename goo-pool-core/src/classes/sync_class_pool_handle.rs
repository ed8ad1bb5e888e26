//! Shared ownership of a pool of many sizes for many threads.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::sync_class_pool::SyncClassPool;

/// One of several owners of a [`SyncClassPool`], for containers that own their allocator, on any thread.
///
/// The pool ends with its last handle. So a container and all its clones can have one each, and their memory is there as long as one of
/// them is.
///
/// # Examples
///
/// ```
/// use std::alloc::Layout;
/// use goo_pool_core::{SyncClassPool, SyncClassPoolHandle};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let first = SyncClassPoolHandle::from(SyncClassPool::new());
/// let second = first.clone();
/// let chunk = first.allocate(Layout::new::<u64>())?;
/// drop(first);
/// // SAFETY: it came from this pool, for this layout, and is not used any more.
/// unsafe { second.deallocate(chunk.cast(), Layout::new::<u64>()) };
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct SyncClassPoolHandle {
    pool: Arc<SyncClassPool>,
}

impl SyncClassPoolHandle {
    /// Whether both are handles to one pool.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.pool, &other.pool)
    }
}

impl From<SyncClassPool> for SyncClassPoolHandle {
    fn from(pool: SyncClassPool) -> Self {
        Self { pool: Arc::new(pool) }
    }
}

impl Deref for SyncClassPoolHandle {
    type Target = SyncClassPool;

    #[inline(always)]
    fn deref(&self) -> &SyncClassPool {
        &self.pool
    }
}

impl fmt::Debug for SyncClassPoolHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
