//! Pools whose boxes are in a ledger: where each was made, what is live, what was never dropped.
//!
//! A kind of pools like the others: a tracked box is one word and has all that a box has, and so have the shared handles, the
//! recyclers and the scopes of a tracked pool. Only the handle differs: see `goo-pool-core/src/track/handle.rs`.

use core::alloc::Layout;

use goo_pool_core::{
    BuildError, Ledger, LiveSite, Parent, PoolHandle, RawPoolBuilder, SyncPoolHandle, Tracked, Tracking, Usage,
};

use crate::error::fail;
use crate::generic::{self, AnyThread, Kind, Over, Pool, RcPool, Source, Untracked};
use crate::source::Sealed;

/// A [`Pool`](crate::Pool) that keeps books; made by [`tracked`](Pool::tracked).
///
/// # Examples
///
/// A box that nobody drops, and what the report says of it:
///
/// ```
/// use goo_pool_typed::{Pool, TrackedBox, TrackedPool, Tracking};
///
/// struct Request([u8; 256]);
///
/// fn handle(requests: &TrackedPool<Request>, kind: u8) {
///     let request: TrackedBox<Request> = requests.alloc(Request([kind; 256]));
///     if request.0[0] == 2 {
///         // Some C library was going to give it back.
///         TrackedBox::into_raw(request);
///     }
/// }
///
/// let requests = Pool::new().tracked(Tracking::new().name("requests").call_sites());
/// for kind in [1, 2, 3, 2] {
///     handle(&requests, kind);
/// }
/// let site = requests.live_by_site()[0];
/// assert_eq!((site.objects, site.bytes), (2, 512));
/// assert!(site.location.line() > 1);
/// assert_eq!((requests.usage().allocations, requests.usage().frees), (4, 2));
/// drop(requests);
/// ```
///
/// The last line writes, to the standard error stream unless [`Tracking`] says otherwise:
///
/// ```text
/// requests: 2 objects (512 bytes) live
///     2 objects       512 bytes  at src/server.rs:6:45
/// ```
pub type TrackedPool<T> = generic::Pool<T, Tracked<PoolHandle>>;

/// A box of a [`TrackedPool`]: a [`PoolBox`](crate::PoolBox) in all else, and one pointer wide.
pub type TrackedBox<T> = generic::PoolBox<T, Tracked<PoolHandle>>;

/// A [`SyncPool`](crate::SyncPool) that keeps books; made by [`tracked`](Pool::tracked). Each allocation and each drop takes two
/// locks for a moment, one of them the same for all tracked pools.
///
/// # Examples
///
/// ```
/// use goo_pool_typed::{SyncPool, SyncTrackedPool, Tracking};
/// use std::thread;
///
/// let pool: SyncTrackedPool<u64> = SyncPool::new().tracked(Tracking::new());
/// thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| (0..100).for_each(|n| drop(pool.alloc(n))));
///     }
/// });
/// let usage = pool.usage();
/// assert_eq!((usage.allocations, usage.frees, usage.bytes), (400, 400, 0));
/// assert!((8..=32).contains(&usage.peak_bytes));
/// ```
pub type SyncTrackedPool<T> = generic::Pool<T, Tracked<SyncPoolHandle>>;

/// A box of a [`SyncTrackedPool`]: a [`SyncPoolBox`](crate::SyncPoolBox) in all else, and one pointer wide.
pub type SyncTrackedBox<T> = generic::PoolBox<T, Tracked<SyncPoolHandle>>;

impl<T, S: Source<Handle: Untracked>> Pool<T, S> {
    /// A handle to this pool that keeps books of the boxes it makes. They are of a kind of their own: what other handles make
    /// goes on as before and is in no book, though [`len`](Pool::len) counts all.
    ///
    /// What is live when the last tracked handle goes is reported, once, to the sink that `tracking` names: also boxes that are
    /// to outlive the pool, so keep a handle until all should be gone. A value that was forgotten, [leaked](generic::PoolBox::leak)
    /// or turned [into a raw pointer](generic::PoolBox::into_raw) is live. A constructor that panics leaves an allocation and a
    /// free in the totals.
    ///
    /// A call site is the line that calls `alloc` or one of its like, `clone`, or the `next` of `alloc_iter` (in std, if that is
    /// collected). What others of our types allocate, such as a recycler, a scope (whole blocks at a time) or a constructor
    /// that `#[derive(Pooled)]` makes, has a line of theirs.
    ///
    /// # Panics
    ///
    /// As [`new`](Pool::new), if this pool was not used before.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{Pool, Tracking, unsize};
    ///
    /// let pool = Pool::new().tracked(Tracking::new().call_sites());
    /// let text = unsize!(pool.alloc(5_u32), dyn ToString);
    /// assert_eq!((text.to_string().as_str(), pool.usage().objects), ("5", 1));
    /// drop(text);
    /// assert!(pool.live_by_site().is_empty());
    /// ```
    #[must_use]
    pub fn tracked(&self, tracking: Tracking) -> Pool<T, Tracked<S::Handle>> {
        match self.handle_or_build() {
            Ok(handle) => Pool::from_source(tracking.track(handle.clone())),
            Err(error) => fail(error),
        }
    }
}

impl<T> TrackedPool<T> {
    /// A new pool whose boxes are counted; [`tracked`](Pool::tracked) has more.
    ///
    /// # Panics
    ///
    /// As [`Pool::new`](crate::Pool::new).
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(0)
    }
}

impl<T> SyncTrackedPool<T> {
    /// A new pool whose boxes are counted; [`tracked`](Pool::tracked) has more.
    ///
    /// # Panics
    ///
    /// As [`Pool::new`](crate::Pool::new).
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(0)
    }
}

impl<T> Default for TrackedPool<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Default for SyncTrackedPool<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, H: Kind + Untracked> Pool<T, Tracked<H>> {
    /// What is known of the pool. A clone of it outlives the pool.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        self.source().ledger()
    }

    /// What is live, its peak, and totals: as [`Ledger::usage`].
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.ledger().usage()
    }

    /// What is live, by call site: as [`Ledger::live_by_site`].
    #[must_use]
    pub fn live_by_site(&self) -> alloc::vec::Vec<LiveSite> {
        self.ledger().live_by_site()
    }
}

impl<T, S: Source<Handle: Untracked>> RcPool<T, S> {
    /// As [`Pool::tracked`], for shared values: each is one object, from its first handle to its last, weak ones included.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{RcPool, Tracking};
    ///
    /// let pool = RcPool::new().tracked(Tracking::new());
    /// let ledger = pool.as_pool().ledger().clone();
    /// let (one, other) = { let one = pool.alloc("shared"); (one.clone(), one) };
    /// assert_eq!(ledger.usage().objects, 1);
    /// drop((one, other));
    /// assert_eq!(ledger.usage().frees, 1);
    /// ```
    #[must_use]
    pub fn tracked(&self, tracking: Tracking) -> RcPool<T, Tracked<S::Handle>> {
        self.as_pool().tracked(tracking).into()
    }
}

impl<H: Kind + Untracked> Kind for Tracked<H> {
    type Shelf<B> = H::Shelf<B>;
    type Source = Self;
    /// There is none before somebody makes it: it has a name and a sink.
    type Lazy = Self;
    type Word = H::Word;
}

impl<H: Kind + Untracked> Source for Tracked<H> {
    type Handle = Self;

    fn handle(&self) -> Option<&Self> {
        Some(self)
    }

    fn handle_or_build(&self, _: Layout) -> Result<&Self, BuildError> {
        Ok(self)
    }
}

/// Counts; for more, track what the builder of an untracked pool builds.
impl<P: Parent + 'static> Over<P> for Tracked<PoolHandle> {
    fn build(settings: RawPoolBuilder<P>) -> Result<Self, BuildError> {
        settings.build_handle().map(Self::new)
    }
}

/// Counts; for more, track what the builder of an untracked pool builds.
impl<P: Parent + Send + Sync + 'static> Over<P> for Tracked<SyncPoolHandle> {
    fn build(settings: RawPoolBuilder<P>) -> Result<Self, BuildError> {
        settings.build_sync_handle().map(Self::new)
    }
}

// SAFETY: as the handle within (1); a ledger is under a lock.
unsafe impl<H: Kind + AnyThread + Untracked> AnyThread for Tracked<H> {}

impl<H: Kind + Untracked> Sealed for Tracked<H> {}
