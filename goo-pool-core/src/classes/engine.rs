//! What a class is made of: the engine of a pool for one thread, or of one for many.

use core::alloc::Layout;
use core::cell::Cell;

use super::source::Source;
use crate::allocate::Allocate;
use crate::block::ChunkPtr;
use crate::config::Config;
use crate::error::{AllocError, BuildError};
use crate::failure::{self, obtain_once};
use crate::geometry::Geometry;
use crate::heap::HeapPtr;
use crate::inspect::Place;
use crate::parent::Parent;
use crate::raw_pool::RawPool;
use crate::shared_parent::AnyParent;
use crate::stats::Stats;

/// One of the two engines, by address. Whoever has one has not ended it.
pub(crate) trait Engine: Allocate + 'static {
    /// What the parents of such engines are.
    type AnyParent: Parent + ?Sized + 'static;
    /// Where a class has its engine, once it has one.
    type Slot;

    /// How a pool of such engines knows that its parent is being asked about a failure.
    type Asking;

    /// It is not.
    const NOT_ASKING: Self::Asking;

    /// As [`Asks::unless_asking`](crate::failure::Asks::unless_asking), for all classes together.
    fn unless_asking<R>(asking: &Self::Asking, ask: impl FnOnce() -> R) -> Option<R>;

    /// A slot without an engine.
    const EMPTY: Self::Slot;

    fn get(slot: &Self::Slot) -> Option<Self>;

    /// Puts an engine into the slot, unless there is one. True if it did.
    fn set(slot: &Self::Slot, engine: Self) -> bool;

    /// An engine of its own for chunks of `layout`, which is a class's, and so has a geometry.
    fn create(layout: Layout, config: Config, parent: &Source<Self::AnyParent>) -> Result<Self, BuildError>;

    /// Gives all its memory back, live chunks or not.
    ///
    /// # Safety
    ///
    /// 1. Nobody uses the engine or a chunk of it any more.
    unsafe fn end(self);

    /// Bytes from one chunk to the next.
    fn stride(self) -> usize;

    /// As [`allocate_slow`](Allocate::allocate_slow), but what fails is an error at once.
    fn search(self) -> Result<ChunkPtr, AllocError>;

    /// Takes a chunk back.
    ///
    /// # Safety
    ///
    /// 1. `chunk` came from this engine, has not been given back since, and nobody touches its bytes after this call.
    unsafe fn free(self, chunk: ChunkPtr);

    fn stats(self) -> Stats;

    fn shrink_to_fit(self);

    /// Whether the address is that of a chunk.
    fn owns(self, ptr: *const u8) -> bool;

    /// Panics if an invariant is broken.
    ///
    /// # Safety
    ///
    /// 1. No other thread uses the engine, or frees a chunk of it, meanwhile.
    unsafe fn assert_valid(self);
}

impl Engine for HeapPtr {
    type AnyParent = AnyParent;
    type Slot = Cell<Option<Self>>;
    type Asking = Cell<bool>;

    #[expect(clippy::declare_interior_mutable_const, reason = "each use makes a cell of its own")]
    const NOT_ASKING: Self::Asking = Cell::new(false);

    fn unless_asking<R>(asking: &Self::Asking, ask: impl FnOnce() -> R) -> Option<R> {
        failure::unless_asking(asking, ask)
    }

    #[expect(clippy::declare_interior_mutable_const, reason = "each use makes a slot of its own")]
    const EMPTY: Self::Slot = Cell::new(None);

    #[inline(always)]
    fn get(slot: &Self::Slot) -> Option<Self> {
        slot.get()
    }

    fn set(slot: &Self::Slot, engine: Self) -> bool {
        let is_empty = slot.get().is_none();
        if is_empty {
            slot.set(Some(engine));
        }
        is_empty
    }

    fn create(layout: Layout, config: Config, parent: &Source<AnyParent>) -> Result<Self, BuildError> {
        Ok(Self::create(layout, Geometry::new(layout)?, config, parent.clone(), obtain_once)?)
    }

    unsafe fn end(self) {
        // Which is what becomes of a pool that is dropped.
        drop(RawPool::from_heap(self));
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
        // SAFETY: (1), and it is the heap's own geometry.
        unsafe { Self::free(self, chunk, self.geometry) };
    }

    fn stats(self) -> Stats {
        Self::stats(self)
    }

    fn shrink_to_fit(self) {
        Self::shrink_to_fit(self);
    }

    fn owns(self, ptr: *const u8) -> bool {
        matches!(self.place_of(ptr), Place::Free | Place::Live)
    }

    unsafe fn assert_valid(self) {
        Self::assert_valid(self);
    }
}
