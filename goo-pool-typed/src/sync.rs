//! Where a thread-safe pool has its chunks from: a handle that is made when it is first needed, or a thread's own
//! shard.

use std::alloc::Layout;
use std::fmt;
use std::ptr::NonNull;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;

use goo_pool_core::{AllocError, BuildError, Geometry, LocalShard, Parent, RawPool, RawPoolBuilder, SyncPoolHandle};

use crate::error::fail;
use crate::generic::{AnyThread, Kind, Over, Pool, Source};
use crate::source::Sealed;
use crate::{LocalPool, SyncPool};

impl Kind for SyncPoolHandle {
    type Shelf<B> = crate::shelf::SharedShelf<B>;
    type Source = OnceLock<Self>;
    type Lazy = OnceLock<Self>;
    type Word = AtomicU64;
}

// SAFETY: a thread-safe pool is for any thread, and so are its chunks (1).
unsafe impl AnyThread for SyncPoolHandle {}

impl Sealed for SyncPoolHandle {}

impl Source for OnceLock<SyncPoolHandle> {
    type Handle = SyncPoolHandle;

    #[inline(always)]
    fn handle(&self) -> Option<&SyncPoolHandle> {
        self.get()
    }

    #[inline(always)]
    fn handle_or_build(&self, layout: Layout) -> Result<&SyncPoolHandle, BuildError> {
        match self.get() {
            Some(handle) => Ok(handle),
            None => build_slow(self, layout),
        }
    }
}

// SAFETY: as its handle's; and threads that make it at the same time get the same one (1).
unsafe impl AnyThread for OnceLock<SyncPoolHandle> {}

impl Sealed for OnceLock<SyncPoolHandle> {}

/// Threads that are here together build a pool each, so that none waits for what another's allocator does.
#[cold]
#[inline(never)]
fn build_slow(cell: &OnceLock<SyncPoolHandle>, layout: Layout) -> Result<&SyncPoolHandle, BuildError> {
    let built = RawPool::builder(layout).build_sync_handle()?;
    // If another was faster, ours ends unused.
    Ok(cell.get_or_init(|| built))
}

impl<P: Parent + Send + Sync + 'static> Over<P> for OnceLock<SyncPoolHandle> {
    fn build(settings: RawPoolBuilder<P>) -> Result<Self, BuildError> {
        settings.build_sync_handle().map(Self::from)
    }
}

/// The source of a [`LocalPool`].
pub struct ThisThread<'p> {
    /// Invariant: of the handle's pool.
    shard: LocalShard<'p>,
    handle: &'p SyncPoolHandle,
}

impl Source for ThisThread<'_> {
    type Handle = SyncPoolHandle;

    fn handle(&self) -> Option<&SyncPoolHandle> {
        Some(self.handle)
    }

    fn handle_or_build(&self, _: Layout) -> Result<&SyncPoolHandle, BuildError> {
        Ok(self.handle)
    }

    #[inline(always)]
    unsafe fn allocate_in(&self, _: Layout, geometry: &Geometry) -> Result<NonNull<u8>, AllocError> {
        // SAFETY: it is the geometry of our pool (1), which is the shard's too (`shard`).
        unsafe { self.shard.allocate_in(geometry) }
    }

    #[inline(always)]
    unsafe fn allocate_in_or_fail(&self, _: Layout, geometry: &Geometry) -> NonNull<u8> {
        // SAFETY: as above.
        unsafe { self.shard.allocate_in_or(geometry, fail) }
    }
}

impl Sealed for ThisThread<'_> {}

impl fmt::Debug for ThisThread<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ThisThread").field(self.handle).finish()
    }
}

impl<T> SyncPool<T> {
    /// A new pool. It asks for no memory, not even for its own record, until it is first used. Threads that use it first at
    /// the same time do not wait for each other.
    ///
    /// It never fails. For values too large for any pool, which takes a type of terabytes, to allocate does not compile,
    /// and what else needs memory panics.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{SyncPool, SyncPoolBox};
    ///
    /// static WORDS: SyncPool<String> = SyncPool::new();
    ///
    /// let word: SyncPoolBox<String> = WORDS.alloc(String::from("word"));
    /// assert_eq!((word.as_str(), WORDS.len()), ("word", 1));
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self::from_source(OnceLock::new())
    }

    /// The pool as this thread uses it, for hot loops: the thread's part of the pool is looked up once.
    ///
    /// Without memory for the pool's own record it fails as `Box::new` does.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::SyncPool;
    ///
    /// let pool = SyncPool::new();
    /// let local = pool.local();
    /// let boxes: Vec<_> = (0..1000).map(|n| local.alloc(n)).collect();
    /// std::thread::spawn(move || drop(boxes)).join().unwrap();
    /// assert!(pool.is_empty());
    /// ```
    #[must_use]
    pub fn local(&self) -> LocalPool<'_, T> {
        match self.try_local() {
            Ok(local) => local,
            Err(error) => fail(error),
        }
    }

    /// As [`local`](Self::local), with an error instead of a failure.
    ///
    /// # Errors
    ///
    /// [`AllocError`] if there is no memory for the pool's own record.
    pub fn try_local(&self) -> Result<LocalPool<'_, T>, AllocError> {
        let handle = self.handle_or_build()?;
        Ok(Pool::from_source(ThisThread { shard: handle.local(), handle }))
    }
}

impl<T> Default for SyncPool<T> {
    fn default() -> Self {
        Self::new()
    }
}
