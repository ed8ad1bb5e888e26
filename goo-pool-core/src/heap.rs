//! The heap: the engine of a pool that belongs to one thread. A front, a store, and what ties them to
//! their parent and their owners.

use core::alloc::Layout;
use core::cell::Cell;
use core::ops::Deref;
use core::ptr::NonNull;

use crate::allocate::Allocate;
use crate::block::{Block, ChunkPtr};
use crate::config::Config;
use crate::error::AllocError;
use crate::failure::persist;
use crate::front::{BLOCKED, Front};
use crate::geometry::{Geometry, Shape, Stored};
use crate::kind::Local;
use crate::parent::Parent;
use crate::store::Store;
use crate::watch::{self, CHECKS, WATCHED};

/// The engine's state. All of it is in cells: no borrow of it is ever held across foreign code.
///
/// The front comes first, so that its address is the heap's.
#[repr(C)]
pub(crate) struct Heap {
    /// Its `recent` is blocked while the heap is closed (H3).
    pub(crate) front: Front<Local>,
    pub(crate) geometry: Stored,
    pub(crate) store: Store<Local>,
    /// See [`Hold`](crate::growth::Hold).
    pub(crate) holds: Cell<usize>,
    /// A segment was emptied while there was a hold.
    pub(crate) unsettled: Cell<bool>,
    /// The parent is being asked about a failure.
    pub(crate) asking: Cell<bool>,
    /// All spare segments go back, once.
    pub(crate) shrinking: Cell<bool>,
    /// Owners that may allocate; the heap is closed while there are none (H3).
    pub(crate) handles: Cell<usize>,
    pub(crate) layout: Layout,
    /// Whom the heap belongs to, in builds with checks.
    pub(crate) thread: Cell<usize>,
    pub(crate) parent: NonNull<dyn Parent>,
    /// Bytes of the heap's own memory, from the parent like all else.
    pub(crate) own_bytes: usize,
    /// Gives the heap's own memory back to the parent.
    pub(crate) destroy: unsafe fn(HeapPtr),
}

/// A live heap, by address (H5).
///
/// The engine's functions take this by value: one of them may end the heap, which must not happen under
/// a reference that is still somebody's argument.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct HeapPtr(NonNull<Heap>);

impl Deref for HeapPtr {
    type Target = Heap;

    #[inline(always)]
    fn deref(&self) -> &Heap {
        // SAFETY: whoever has a `HeapPtr` in use has a handle, a hold or a live chunk, so the heap is
        // alive (H5); it is only changed through cells, by one thread.
        unsafe { self.0.as_ref() }
    }
}

impl Heap {
    pub(crate) fn new(
        layout: Layout,
        geometry: Geometry,
        config: Config,
        parent: NonNull<dyn Parent>,
        own_bytes: usize,
        destroy: unsafe fn(HeapPtr),
    ) -> Self {
        Self {
            front: Front::new(config.reuse),
            geometry: Stored::new(geometry),
            store: Store::new(layout, 0, config),
            holds: Cell::new(0),
            unsettled: Cell::new(false),
            asking: Cell::new(false),
            shrinking: Cell::new(false),
            handles: Cell::new(1),
            layout,
            thread: Cell::new(if CHECKS { watch::this_thread() } else { 0 }),
            parent,
            own_bytes,
            destroy,
        }
    }
}

impl Allocate for HeapPtr {
    #[inline(always)]
    unsafe fn take(self, stride: usize) -> Option<ChunkPtr> {
        debug_assert!(!self.is_closed(), "allocation from a closed heap");
        // SAFETY: (1).
        unsafe { self.front.take(stride) }
    }

    #[cold]
    #[inline(never)]
    fn allocate_slow(self) -> Result<ChunkPtr, AllocError> {
        persist(&self, || self.search())
    }

    fn watch(self, chunk: ChunkPtr) {
        watch::taken::<Local>(chunk, &self.geometry, self.layout);
    }
}

impl HeapPtr {
    /// A free chunk, wherever there is one.
    pub(crate) fn search(self) -> Result<ChunkPtr, AllocError> {
        // The parent may free or allocate here while it is asked for memory, so look again from the start.
        loop {
            // SAFETY: it is the geometry's.
            if let Some(chunk) = unsafe { self.take(self.geometry.stride()) } {
                return Ok(chunk);
            }
            if self.refill() {
                continue;
            }
            let grown = self.grow(1);
            // Also a parent that refuses may have freed a chunk.
            if self.front.word().0 == 0 && self.front.recent_chunk().is_none() && !self.refill() {
                grown?;
            }
        }
    }

    /// # Safety
    ///
    /// 1. `heap` is alive, and the pointer may be used for the whole allocation it lies in.
    pub(crate) const unsafe fn new(heap: NonNull<Heap>) -> Self {
        Self(heap)
    }

    pub(crate) const fn get(self) -> NonNull<Heap> {
        self.0
    }

    /// Takes the next word of free chunks into the hand. False if no block has any.
    fn refill(self) -> bool {
        loop {
            if self.front.refill(&self.geometry) {
                return true;
            }
            let Some(block) = self.store.give_block(self, &self.geometry) else { return false };
            self.front.room.push(block);
        }
    }

    /// Takes a chunk back.
    ///
    /// This may be the end of a closed heap: the caller must not use it afterwards unless it has a handle.
    ///
    /// # Safety
    ///
    /// 1. `chunk` came from this heap and has not been given back since.
    /// 2. Nobody touches its bytes after this call.
    /// 3. `shape` is the heap's.
    #[inline(always)]
    #[track_caller]
    pub(crate) unsafe fn free(self, chunk: ChunkPtr, shape: impl Shape) {
        if CHECKS {
            self.check_freed(chunk.get());
        }
        if WATCHED {
            watch::freed::<Local>(chunk, &self.geometry, self.layout);
        }
        let recent = self.front.recent();
        // One comparison serves all three cases; what is blocked costs the others nothing.
        if recent > BLOCKED {
            // SAFETY: (1) and (3).
            unsafe { self.front.put(chunk, shape) };
        } else if recent.is_null() {
            self.front.set_recent(chunk.get().as_ptr());
        } else {
            // SAFETY: (1).
            unsafe { self.free_blocked(chunk) };
        }
    }

    /// Where `recent` is blocked, nothing is kept in the hand. This may be the end of a closed heap.
    ///
    /// # Safety
    ///
    /// 1. `chunk` is one of this heap's, and its bit is 0.
    #[cold]
    #[inline(never)]
    unsafe fn free_blocked(self, chunk: ChunkPtr) {
        // SAFETY: (1), and it is the heap's own geometry.
        unsafe { self.front.put(chunk, self.geometry) };
    }

    /// Every chunk of a block is back: the block goes to the store.
    pub(crate) fn take_back(self, block: Block<Local>) {
        if block.header().listed.get() {
            self.front.room.remove(block);
        }
        if self.store.take_back(block) {
            self.segment_emptied(block.header().segment);
        }
    }

    /// Puts the chunks that the heap holds itself back into their blocks.
    ///
    /// Only under a hold: no segment goes back to the parent meanwhile.
    pub(crate) fn flush(self) {
        debug_assert!(self.holds.get() != 0);
        self.front.flush_word(&self.geometry);
        if let Some(recent) = self.front.recent_chunk() {
            self.front.clear_recent();
            // SAFETY: it is a chunk (H3).
            let chunk = unsafe { ChunkPtr::new(recent) };
            // SAFETY: it was held, so its bit is 0 (H1).
            unsafe { self.front.put(chunk, self.geometry) };
        }
    }

    pub(crate) fn is_closed(self) -> bool {
        self.handles.get() == 0
    }

    /// Blocks `recent`, so that every free takes the slow half, or opens it again. Nothing may be held: to close,
    /// after `flush`.
    pub(crate) fn mark_closed(self, closed: bool) {
        debug_assert!(self.front.word().0 == 0 && self.front.recent_chunk().is_none());
        if closed {
            self.front.set_recent(BLOCKED);
        } else {
            self.front.clear_recent();
        }
    }
}
