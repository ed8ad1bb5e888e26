//! Settings, and the pools built from them.

use core::alloc::Layout;

use crate::config::Config;
use crate::error::{AllocError, BuildError};
use crate::failure::{Aborting, Handled, OnFailure, obtain};
use crate::geometry::{Geometry, HEADER_BYTES};
use crate::heap::HeapPtr;
#[cfg(feature = "alloc")]
use crate::parent::Global;
use crate::parent::Parent;
use crate::pool_handle::PoolHandle;
use crate::raw_pool::RawPool;
use crate::reuse::Reuse;
use crate::send_raw_pool::SendRawPool;
use crate::strategy::{Growth, Return};
#[cfg(feature = "std")]
use crate::{
    geometry::SHARED_HEADER_BYTES,
    sync::{SharedParent, SharedPtr, SyncPoolHandle, SyncRawPool},
};

/// Settings for a [`RawPool`]; made by `RawPool::builder` or [`RawPool::builder_in`].
///
/// # Examples
///
/// ```
/// use std::alloc::Layout;
/// use goo_pool_core::RawPool;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = RawPool::builder(Layout::new::<[u64; 4]>()).capacity(100).max_chunks(1000).build()?;
/// assert!(pool.capacity() >= 100);
/// assert!(pool.reserve(1001).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it builds"]
pub struct RawPoolBuilder<P> {
    layout: Layout,
    config: Config,
    chunks_per_block: Option<usize>,
    parent: P,
}

#[cfg(feature = "alloc")]
impl RawPoolBuilder<Global> {
    pub(crate) fn new(layout: Layout) -> Self {
        Self::new_in(layout, Global)
    }

    /// Where the pool's memory comes from, instead of the global allocator.
    pub fn parent<Q: Parent + 'static>(self, parent: Q) -> RawPoolBuilder<Q> {
        RawPoolBuilder { layout: self.layout, config: self.config, chunks_per_block: self.chunks_per_block, parent }
    }
}

impl<P: Parent + 'static> RawPoolBuilder<P> {
    pub(crate) fn new_in(layout: Layout, parent: P) -> Self {
        Self { layout, config: Config::default(), chunks_per_block: None, parent }
    }

    /// Chunks to have ready from the start, instead of none.
    pub fn capacity(mut self, chunks: usize) -> Self {
        self.config.capacity = chunks;
        self
    }

    /// How many chunks a block should hold: a hint that is rounded up to what the next power of two of
    /// bytes, at least 256, holds; at most 4096 chunks. Without it, see [`Geometry::new`].
    ///
    /// Only a [`RawPool`] has this: typed handles compute the block's size from the layout alone.
    pub fn chunks_per_block(mut self, chunks: usize) -> Self {
        self.chunks_per_block = Some(chunks);
        self
    }

    /// Bytes of the first segment (at least one chunk), instead of 2000.
    pub fn first_segment(mut self, bytes: usize) -> Self {
        self.config.first_segment = bytes;
        self
    }

    /// Bytes up to which segments grow, instead of 4 MiB. A [`reserve`](RawPool::reserve) may be larger.
    pub fn max_segment(mut self, bytes: usize) -> Self {
        self.config.max_segment = bytes;
        self
    }

    /// What is reused first, instead of the chunk freed last.
    pub fn reuse(mut self, reuse: Reuse) -> Self {
        self.config.reuse = reuse;
        self
    }

    /// A hard limit: with so many chunks the pool fails instead of growing. In a thread-safe pool each thread takes memory
    /// a block at a time, so leave room for one block ([`Geometry::chunks_per_block`]) a thread.
    pub fn max_chunks(mut self, chunks: usize) -> Self {
        self.config.max_chunks = Some(chunks);
        self
    }

    /// How the pool grows, instead of doubling.
    pub fn growth(mut self, growth: Growth) -> Self {
        self.config.growth = growth;
        self
    }

    /// When the pool gives memory back, instead of with hysteresis.
    pub fn returns(mut self, returns: Return) -> Self {
        self.config.returns = returns;
        self
    }

    /// All of the above but `chunks_per_block`, as data.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Asks `handler` what to do when an allocation fails: about each its first `attempts` failures. Without, the caller gets the error.
    ///
    /// It gets the error and the failure's number, from 1 on, after every other way to a chunk was tried, for want of memory as well as for
    /// a limit that is reached; also for [`reserve`](RawPool::reserve), and when the pool is built. It may free and allocate in the
    /// pool, and panic: see [`Parent::on_failure`]. For a thread-safe pool it must be [`Send`] and [`Sync`].
    ///
    /// The handler goes with the parent, so `parent` comes before this. With more than one, the first to be
    /// added is asked first, and the next if that one gives up.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{alloc::Layout, cell::RefCell, rc::Rc};
    /// use goo_pool_core::{Handle, OnFailure, PoolHandle, RawPool};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # type Chunk = std::ptr::NonNull<u8>;
    /// /// Chunks that can be done without.
    /// let spare: Rc<RefCell<Vec<Chunk>>> = Rc::default();
    /// let layout = Layout::new::<[u64; 4]>();
    /// let in_handler = spare.clone();
    /// let pool = RawPool::builder(layout).max_chunks(10).on_failure(3, move |_error, _attempt| {
    ///     match in_handler.borrow_mut().pop() {
    ///         Some(chunk) => {
    ///             // SAFETY: it came from this pool and is not used any more.
    ///             unsafe { PoolHandle::deallocate_dyn(chunk, layout) };
    ///             OnFailure::Retry
    ///         }
    ///         None => OnFailure::ReturnError,
    ///     }
    /// });
    /// let pool = pool.build_handle()?;
    /// for _ in 0..10 {
    ///     spare.borrow_mut().push(pool.allocate()?);
    /// }
    /// let chunk = pool.allocate()?;
    /// assert_eq!((spare.borrow().len(), pool.len()), (9, 10));
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_failure<F>(self, attempts: u32, handler: F) -> RawPoolBuilder<Handled<P, F>>
    where
        F: Fn(&AllocError, u32) -> OnFailure + 'static,
    {
        self.map_parent(|parent| Handled::new(parent, attempts, handler))
    }

    /// When an allocation fails, fails as `Box::new` does without memory, instead of with an error: see [`AllocError::fail`].
    ///
    /// It goes with the parent, as [`on_failure`](Self::on_failure) does.
    pub fn abort_on_failure(self) -> RawPoolBuilder<Aborting<P>> {
        self.map_parent(Handled::aborting)
    }

    fn map_parent<Q>(self, map: impl FnOnce(P) -> Q) -> RawPoolBuilder<Q> {
        let Self { layout, config, chunks_per_block, parent } = self;
        RawPoolBuilder { layout, config, chunks_per_block, parent: map(parent) }
    }

    /// The pool.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the layout is too large, the initial capacity is above the limit, or the parent has
    /// no memory. Nothing stays allocated then.
    pub fn build(self) -> Result<RawPool, BuildError> {
        let geometry = match self.chunks_per_block {
            Some(chunks) => Geometry::with_chunks(self.layout, chunks, HEADER_BYTES)?,
            None => Geometry::new(self.layout)?,
        };
        let (config, capacity) = (self.config.fitted_to(&self.parent), self.config.capacity);
        let pool = RawPool::from_heap(HeapPtr::create(self.layout, geometry, config, self.parent, obtain)?);
        pool.reserve(capacity)?;
        Ok(pool)
    }

    /// The pool, for one thread at a time.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn build_send(self) -> Result<SendRawPool, BuildError>
    where
        P: Send,
    {
        let pool = self.build()?;
        // SAFETY: the parent is `Send`, and the pool is new.
        Ok(unsafe { SendRawPool::new(pool) })
    }

    /// A thread-safe pool with these settings.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    #[cfg(feature = "std")]
    pub fn build_sync(self) -> Result<SyncRawPool, BuildError>
    where
        P: Send + Sync,
    {
        let geometry = match self.chunks_per_block {
            Some(chunks) => Geometry::with_chunks(self.layout, chunks, SHARED_HEADER_BYTES)?,
            None => Geometry::new_shared(self.layout)?,
        };
        let (config, capacity) = (self.config.fitted_to(&self.parent), self.config.capacity);
        let parent = SharedParent::new(self.parent, obtain)?;
        let pool = SyncRawPool::from_shared(SharedPtr::create(self.layout, geometry, config, parent, obtain)?);
        pool.reserve(capacity)?;
        Ok(pool)
    }

    /// A thread-safe pool, behind a handle that can be cloned; for typed pools. The hint of `chunks_per_block` is
    /// not used.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    #[cfg(feature = "std")]
    pub fn build_sync_handle(self) -> Result<SyncPoolHandle, BuildError>
    where
        P: Send + Sync,
    {
        Ok(SyncPoolHandle::new(Self { chunks_per_block: None, ..self }.build_sync()?))
    }

    /// The pool, behind a handle that can be cloned; for typed pools. The hint of `chunks_per_block` is not
    /// used.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn build_handle(self) -> Result<PoolHandle, BuildError> {
        Ok(PoolHandle::new(Self { chunks_per_block: None, ..self }.build()?))
    }
}
