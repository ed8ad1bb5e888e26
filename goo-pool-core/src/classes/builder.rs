//! Settings of pools of many sizes.

use super::class_pool::ClassPool;
use super::classes::Classes;
use super::source::Source;
#[cfg(feature = "std")]
use super::sync_class_pool::SyncClassPool;
use crate::config::Config;
use crate::error::AllocError;
use crate::parent::{Global, Parent};
use crate::shared_parent::SharedParent;

/// Settings for a [`ClassPool`]; made by [`ClassPool::builder`].
///
/// # Examples
///
/// ```
/// use goo_pool_core::ClassPool;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = ClassPool::builder().first_segment(64 * 1024).max_segment(1 << 20).build()?;
/// assert_eq!(pool.stats().segments, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it builds"]
pub struct ClassPoolBuilder<P> {
    config: Config,
    parent: P,
}

impl ClassPoolBuilder<Global> {
    pub(crate) fn new() -> Self {
        Self { config: Config::default(), parent: Global }
    }
}

impl<P: Parent + 'static> ClassPoolBuilder<P> {
    /// Bytes of each class's first segment (at least one chunk), instead of 2000.
    pub fn first_segment(mut self, bytes: usize) -> Self {
        self.config.first_segment = bytes;
        self
    }

    /// Bytes up to which each class's segments grow, instead of 4 MiB.
    pub fn max_segment(mut self, bytes: usize) -> Self {
        self.config.max_segment = bytes;
        self
    }

    /// Where all memory comes from, instead of the global allocator. It also serves what is too large for a class.
    pub fn parent<Q: Parent + 'static>(self, parent: Q) -> ClassPoolBuilder<Q> {
        ClassPoolBuilder { config: self.config, parent }
    }

    /// The pool. It asks for no chunk's memory yet.
    ///
    /// # Errors
    ///
    /// [`AllocError`] if the parent has no memory for its own record.
    pub fn build(self) -> Result<ClassPool, AllocError> {
        let parent = Source::Shared(SharedParent::<dyn Parent>::new(self.parent)?);
        Ok(ClassPool::from_classes(Classes::new(parent, Some(self.config))))
    }

    /// A thread-safe pool with these settings.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    #[cfg(feature = "std")]
    pub fn build_sync(self) -> Result<SyncClassPool, AllocError>
    where
        P: Send + Sync,
    {
        let parent = Source::Shared(SharedParent::<dyn Parent + Send + Sync>::new(self.parent)?);
        Ok(SyncClassPool::from_classes(Classes::new(parent, Some(self.config))))
    }
}
