//! A thread-safe pool as one of the classes of a [`SyncClassPool`](crate::SyncClassPool).

use core::alloc::Layout;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

use super::SharedParent;
use super::asking;
use super::shard;
use super::shared::{Shared, SharedPtr};
use super::sync_raw_pool::SyncRawPool;
use crate::block::ChunkPtr;
use crate::classes::{Engine, Source};
use crate::config::Config;
use crate::error::{AllocError, BuildError};
use crate::failure::obtain_once;
use crate::geometry::Geometry;
use crate::shared_parent::AnySyncParent;
use crate::stats::Stats;
use crate::watch::CHECKS;

impl Engine for SharedPtr {
    type AnyParent = AnySyncParent;
    type Slot = AtomicPtr<Shared>;
    /// Only its address counts.
    type Asking = u8;

    const NOT_ASKING: u8 = 0;

    fn unless_asking<R>(asking: &u8, ask: impl FnOnce() -> R) -> Option<R> {
        asking::unless_asking(NonNull::from(asking).cast(), ask)
    }

    #[expect(clippy::declare_interior_mutable_const, reason = "each use makes a slot of its own")]
    const EMPTY: Self::Slot = AtomicPtr::new(ptr::null_mut());

    #[inline(always)]
    fn get(slot: &Self::Slot) -> Option<Self> {
        // ORDERING: Acquire pairs with the Release in `set`: what was written there is seen.
        let shared = NonNull::new(slot.load(Acquire))?;
        // SAFETY: `set` stored it, and it lives as long as its class.
        Some(unsafe { Self::new(shared) })
    }

    fn set(slot: &Self::Slot, engine: Self) -> bool {
        // ORDERING: Release pairs with the Acquire in `get`. Relaxed: if there is another, the caller looks again.
        slot.compare_exchange(ptr::null_mut(), engine.get().as_ptr(), Release, Relaxed).is_ok()
    }

    fn create(layout: Layout, config: Config, parent: &Source<AnySyncParent>) -> Result<Self, BuildError> {
        // Of its own, so that each class's numbers say what it has from the parent.
        let parent = SharedParent::new(parent.clone(), obtain_once)?;
        Ok(Self::create(layout, Geometry::new_shared(layout)?, config, parent, obtain_once)?)
    }

    unsafe fn end(self) {
        // Which is what becomes of a pool that is dropped.
        drop(SyncRawPool::from_shared(self));
    }

    #[inline(always)]
    fn stride(self) -> usize {
        self.geometry.stride()
    }

    fn search(self) -> Result<ChunkPtr, AllocError> {
        Self::search(self)
    }

    #[inline(always)]
    #[track_caller]
    unsafe fn free(self, chunk: ChunkPtr) {
        if CHECKS {
            self.check_owns(chunk.get());
        }
        // SAFETY: (1), and it is the pool's own geometry.
        unsafe { shard::free(chunk, self.geometry) };
    }

    fn stats(self) -> Stats {
        Self::stats(self)
    }

    fn shrink_to_fit(self) {
        Self::shrink_to_fit(self);
    }

    fn owns(self, ptr: *const u8) -> bool {
        Self::owns(self, ptr)
    }

    unsafe fn assert_valid(self) {
        // SAFETY: (1).
        unsafe { Self::assert_valid(self) };
    }
}
