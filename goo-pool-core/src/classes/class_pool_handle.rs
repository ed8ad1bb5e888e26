//! Shared ownership of a pool of many sizes.

use alloc::rc::Rc;
use core::fmt;
use core::ops::Deref;

use super::class_pool::ClassPool;

/// One of several owners of a [`ClassPool`], for containers that own their allocator.
///
/// The pool ends with its last handle. So a container and all its clones can have one each, and their memory is there as long as one of
/// them is.
///
/// # Examples
///
/// ```
/// use std::alloc::Layout;
/// use goo_pool_core::{ClassPool, ClassPoolHandle};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let first = ClassPoolHandle::from(ClassPool::new());
/// let second = first.clone();
/// let chunk = first.allocate(Layout::new::<u64>())?;
/// drop(first);
/// // SAFETY: it came from this pool, for this layout, and is not used any more.
/// unsafe { second.deallocate(chunk.cast(), Layout::new::<u64>()) };
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct ClassPoolHandle {
    pool: Rc<ClassPool>,
}

impl ClassPoolHandle {
    /// Whether both are handles to one pool.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.pool, &other.pool)
    }
}

impl From<ClassPool> for ClassPoolHandle {
    fn from(pool: ClassPool) -> Self {
        Self { pool: Rc::new(pool) }
    }
}

impl Deref for ClassPoolHandle {
    type Target = ClassPool;

    #[inline(always)]
    fn deref(&self) -> &ClassPool {
        &self.pool
    }
}

impl fmt::Debug for ClassPoolHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
