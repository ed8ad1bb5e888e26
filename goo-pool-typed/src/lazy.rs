//! Where a pool of one thread has its chunks from that is made when it is first needed: what `sync.rs` has for many
//! threads.

use core::alloc::Layout;
use core::cell::OnceCell;

use goo_pool_core::{BuildError, Parent, PoolHandle, RawPool, RawPoolBuilder};

use crate::LazyPool;
use crate::generic::{Over, Source};
use crate::source::Sealed;

impl Source for OnceCell<PoolHandle> {
    type Handle = PoolHandle;

    #[inline(always)]
    fn handle(&self) -> Option<&PoolHandle> {
        self.get()
    }

    #[inline(always)]
    fn handle_or_build(&self, layout: Layout) -> Result<&PoolHandle, BuildError> {
        match self.get() {
            Some(handle) => Ok(handle),
            None => build_slow(self, layout),
        }
    }
}

impl Sealed for OnceCell<PoolHandle> {}

/// An allocator that comes back to the pool meanwhile finds the cell empty, and builds one too.
#[cold]
#[inline(never)]
fn build_slow(cell: &OnceCell<PoolHandle>, layout: Layout) -> Result<&PoolHandle, BuildError> {
    let built = RawPool::builder(layout).build_handle()?;
    // If that one came first, ours ends unused.
    Ok(cell.get_or_init(|| built))
}

impl<P: Parent + 'static> Over<P> for OnceCell<PoolHandle> {
    fn build(settings: RawPoolBuilder<P>) -> Result<Self, BuildError> {
        settings.build_handle().map(Self::from)
    }
}

impl<T> LazyPool<T> {
    /// A new pool. It asks for no memory, not even for its own record, until it is first used.
    ///
    /// It never fails. For values too large for any pool, which takes a type of terabytes, to allocate does not compile,
    /// and what else needs memory panics.
    #[must_use]
    pub const fn new() -> Self {
        Self::from_source(OnceCell::new())
    }
}

impl<T> Default for LazyPool<T> {
    fn default() -> Self {
        Self::new()
    }
}
