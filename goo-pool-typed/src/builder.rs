//! Settings for a typed pool.

use core::alloc::Layout;
use core::fmt;
use core::marker::PhantomData;

use goo_pool_core::{
    Aborting, AllocError, BuildError, Config, Global, Growth, Handled, OnFailure, Parent, PoolHandle, RawPool,
    RawPoolBuilder, Return, Reuse,
};

use crate::generic::{Over, Pool};

/// Settings for a pool; made by [`builder`](Pool::builder).
///
/// # Examples
///
/// ```
/// use goo_pool_typed::Pool;
///
/// # fn main() -> Result<(), goo_pool_typed::BuildError> {
/// let pool = Pool::<[f32; 4]>::builder().capacity(256).max_chunks(1024).build()?;
/// assert!((256..=1024).contains(&pool.capacity()));
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder does nothing until it builds"]
pub struct PoolBuilder<T, P, S = PoolHandle> {
    raw: RawPoolBuilder<P>,
    pool: PhantomData<fn() -> Pool<T, S>>,
}

impl<T, S> PoolBuilder<T, Global, S> {
    pub(crate) fn new() -> Self {
        Self { raw: RawPool::builder(Layout::new::<T>()), pool: PhantomData }
    }

    /// Where the pool's memory comes from, instead of the global allocator. For a `SyncPool` it must be [`Send`] and
    /// [`Sync`].
    pub fn parent<Q: Parent + 'static>(self, parent: Q) -> PoolBuilder<T, Q, S> {
        PoolBuilder { raw: self.raw.parent(parent), pool: PhantomData }
    }
}

impl<T, P: Parent + 'static, S> PoolBuilder<T, P, S> {
    /// Chunks to have ready from the start, instead of none.
    pub fn capacity(self, chunks: usize) -> Self {
        Self { raw: self.raw.capacity(chunks), ..self }
    }

    /// Bytes of the first segment (at least one chunk), instead of 2000.
    pub fn first_segment(self, bytes: usize) -> Self {
        Self { raw: self.raw.first_segment(bytes), ..self }
    }

    /// Bytes up to which segments grow, instead of 4 MiB. A [`reserve`](Pool::reserve) may be larger.
    pub fn max_segment(self, bytes: usize) -> Self {
        Self { raw: self.raw.max_segment(bytes), ..self }
    }

    /// A hard limit: with so many values the pool fails instead of growing. In a `SyncPool` each thread takes memory for some
    /// hundreds of values at a time: a limit below that leaves all to one thread.
    pub fn max_chunks(self, chunks: usize) -> Self {
        Self { raw: self.raw.max_chunks(chunks), ..self }
    }

    /// How the pool grows, instead of doubling.
    pub fn growth(self, growth: Growth) -> Self {
        Self { raw: self.raw.growth(growth), ..self }
    }

    /// When the pool gives memory back, instead of with hysteresis.
    pub fn returns(self, returns: Return) -> Self {
        Self { raw: self.raw.returns(returns), ..self }
    }

    /// What is reused first, instead of the chunk freed last.
    pub fn reuse(self, reuse: Reuse) -> Self {
        Self { raw: self.raw.reuse(reuse), ..self }
    }

    /// All of the above, as data.
    pub fn config(self, config: Config) -> Self {
        Self { raw: self.raw.config(config), ..self }
    }

    /// Asks `handler` what to do when an allocation fails: about each its first `attempts` failures. Without, the caller gets the error.
    ///
    /// It gets the error and the failure's number, from 1 on, also for [`reserve`](Pool::reserve) and when the pool is built. It may
    /// use the pool, and panic: see [`Parent::on_failure`]. For a `SyncPool` it must be [`Send`] and [`Sync`], and threads may be in it
    /// at the same time. It goes with the parent, so [`parent`](PoolBuilder::parent) comes before this.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{OnFailure, Pool, PoolBox};
    /// use std::{cell::RefCell, rc::Rc};
    ///
    /// # fn main() -> Result<(), goo_pool_typed::BuildError> {
    /// let cache: Rc<RefCell<Vec<PoolBox<u64>>>> = Rc::default();
    /// let weak = Rc::downgrade(&cache);
    /// let pool = Pool::<u64>::builder().max_chunks(100).on_failure(1, move |_error, _attempt| {
    ///     let Some(cache) = weak.upgrade() else { return OnFailure::ReturnError };
    ///     cache.borrow_mut().clear();
    ///     OnFailure::Retry
    /// });
    /// let pool = pool.build()?;
    /// for n in 0..1000 {
    ///     let boxed = pool.alloc(n);
    ///     cache.borrow_mut().push(boxed);
    /// }
    /// assert!(pool.len() <= 100);
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_failure<F>(self, attempts: u32, handler: F) -> PoolBuilder<T, Handled<P, F>, S>
    where
        F: Fn(&AllocError, u32) -> OnFailure + 'static,
    {
        PoolBuilder { raw: self.raw.on_failure(attempts, handler), pool: PhantomData }
    }

    /// Also what would return an error fails as [`alloc`](Pool::alloc) does: see [`AllocError::fail`].
    ///
    /// It goes with the parent, as [`on_failure`](Self::on_failure) does.
    pub fn abort_on_failure(self) -> PoolBuilder<T, Aborting<P>, S> {
        PoolBuilder { raw: self.raw.abort_on_failure(), pool: PhantomData }
    }

    /// The pool.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the initial capacity is above the limit, the parent has no memory, or values of this
    /// type are too large for any pool. Nothing stays allocated then.
    pub fn build(self) -> Result<Pool<T, S>, BuildError>
    where
        S: Over<P>,
    {
        Ok(Pool::from_source(S::build(self.raw)?))
    }
}

impl<T, P: fmt::Debug, S> fmt::Debug for PoolBuilder<T, P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}
