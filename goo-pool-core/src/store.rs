//! The engine's store: segments, and the blocks of them that are empty. Keeps the books alone: it neither
//! calls the parent nor hands out a chunk.
//!
//! Memory goes back a segment at a time, once every chunk of it is free, but the store keeps what was
//! reserved, and what would soon be asked for again: one spare segment at first, and twice as much each time it
//! turns out to have given back too much. So one object that flips a segment between empty and used costs no parent
//! call, and a load that comes and goes costs a logarithmic number of them. That is the default; see `strategy.rs`.

use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::NonNull;

use crate::block::Block;
use crate::block_list::BlockList;
use crate::config::Config;
use crate::error::AllocError;
use crate::geometry::Geometry;
use crate::kind::Kind;
use crate::segment::{Segment, SegmentList, chunks_of_segment};
use crate::strategy::{Growth, Return};
use crate::watch::{self, WATCHED};

/// A segment of an adaptive pool is at least this part of the pool, as it is or as it is expected to be again. One piece up to
/// the last peak was tried: then one live chunk keeps all of it (`strategies` in the benches counts what is left).
const EIGHTH: usize = 8;

pub(crate) struct Store<K: Kind> {
    pub(crate) segments: SegmentList,
    /// Blocks that are cut and wholly free, and nobody's (S4).
    pub(crate) empties: BlockList<K>,
    /// A spare segment goes back if the others have at least this many chunks.
    keep: Cell<usize>,
    /// A segment went back to the parent since the store grew last.
    gave_back: Cell<bool>,
    /// Chunks of the last segment, until a block is cut: who asked for it must find it, although it is spare.
    awaited: Cell<usize>,
    /// The most chunks that were in use at once, by whole blocks, since memory was last needed again after a return. Written
    /// before a block is uncut, so not always up to date.
    highest: Cell<usize>,
    /// What that may become again, as far as the times before tell.
    expected: Cell<usize>,
    pub(crate) config: Config,
    /// A chunk's.
    layout: Layout,
    /// The number of this store among those of the pool; 0 if it is the only one.
    home: u32,
    /// Chunks of the pool's other stores, which the limit counts too; set by who picks one of them (sync/stores.rs).
    pub(crate) elsewhere: Cell<usize>,
}

/// A segment to be asked of the parent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    pub(crate) chunks: usize,
    pub(crate) layout: Layout,
}

impl<K: Kind> Store<K> {
    pub(crate) fn new(layout: Layout, home: u32, config: Config) -> Self {
        let store = Self {
            segments: SegmentList::default(),
            empties: BlockList::new(config.reuse),
            keep: Cell::new(0),
            gave_back: Cell::new(false),
            awaited: Cell::new(0),
            highest: Cell::new(0),
            expected: Cell::new(0),
            config,
            layout,
            home,
            elsewhere: Cell::new(0),
        };
        store.keep_least();
        store
    }

    /// A block whose chunks are all free, for a front: one that was given back, or else one that was never
    /// used, or not since its segment was emptied, which then gets this owner.
    pub(crate) fn give_block(&self, owner: K::Owner, geometry: &Geometry) -> Option<Block<K>> {
        if let Some(block) = self.empties.first() {
            self.empties.remove(block);
            let empty = &block.header().segment.record().empty;
            empty.set(empty.get() - 1);
            return Some(block);
        }
        let (segment, index) = self.segments.next_block(geometry)?;
        self.awaited.set(0);
        // SAFETY: the segment has that many blocks.
        let base = unsafe { segment.base().byte_add(index * geometry.block_size()) };
        let chunks = segment.chunks_in(index, geometry);
        // SAFETY: `base` is block `index` of a live segment, sized for these chunks (S1); the block is not in
        // use (S2).
        let block = unsafe { Block::write(base, owner, segment, chunks) };
        if WATCHED {
            watch::block_cut(block, index, geometry, self.layout);
        }
        Some(block)
    }

    /// Takes a block back whose chunks are all free, and which is in no list. True if that empties its segment.
    pub(crate) fn take_back(&self, block: Block<K>) -> bool {
        debug_assert!(block.is_full_of_free_chunks());
        let segment = block.header().segment;
        let empty = &segment.record().empty;
        empty.set(empty.get() + 1);
        self.empties.push(block);
        segment.is_emptied()
    }

    /// Makes an emptied segment a spare one.
    pub(crate) fn retire(&self, segment: Segment, geometry: &Geometry) {
        self.observe(geometry);
        for block in segment.cut_blocks(geometry) {
            self.empties.remove(block);
        }
        self.segments.make_spare(segment);
    }

    /// Notes how many chunks are in use, before a block is uncut.
    fn observe(&self, geometry: &Geometry) {
        self.highest.set(self.highest.get().max(self.segments.cut_chunks(geometry)));
    }

    /// A segment that should go back to the parent, out of the books now: one that need not be kept, or any spare
    /// one if `all` are to go.
    pub(crate) fn next_to_return(&self, all: bool) -> Option<Segment> {
        let segment = self.segments.last_spare()?;
        let others = self.segments.spare_chunks.get() - segment.chunks();
        let stays = self.config.returns == Return::Never || others < self.keep.get().max(self.awaited.get());
        if !all && stays {
            return None;
        }
        self.segments.remove(segment);
        self.gave_back.set(true);
        Some(segment)
    }

    /// What to ask the parent for, to have at least `least` more chunks: first the usual size and then, if the
    /// parent has not that much, the smallest.
    pub(crate) fn plan(&self, least: usize, small: bool, geometry: &Geometry) -> Result<Request, AllocError> {
        let allowed = self.may_grow_by();
        if allowed < least {
            return Err(AllocError::LimitReached { max_chunks: self.config.max_chunks.unwrap_or(usize::MAX) });
        }
        let chunks = self.usual(small, geometry).clamp(least, allowed);
        let layout = geometry.segment_layout(chunks).ok_or(AllocError::CapacityOverflow)?;
        Ok(Request { chunks, layout })
    }

    /// How many chunks the next segment should have, or the smallest one, if only `growth` is asked.
    fn usual(&self, small: bool, geometry: &Geometry) -> usize {
        let Config { first_segment: first, max_segment: max, growth, .. } = self.config;
        let bytes = self.segments.bytes.get();
        match growth {
            Growth::Fixed { bytes } => chunks_of_segment(bytes, geometry),
            _ if small => chunks_of_segment(first, geometry),
            Growth::Doubling => chunks_of_segment(bytes.clamp(first, max.max(first)), geometry),
            Growth::Adaptive => {
                let large = self.segments.chunks.get().max(self.expected_peak()) / EIGHTH;
                chunks_of_segment(bytes.clamp(first, max.max(first)), geometry).max(large)
            }
        }
    }

    /// The last peak, if the pool has given memory back since; or if that was lower than those before, half way to it.
    fn expected_peak(&self) -> usize {
        let (expected, highest) = (self.expected.get(), self.highest.get());
        if self.gave_back.get() { highest.max(expected.midpoint(highest)) } else { expected }
    }

    /// Adds what the parent gave. False if the limit does not allow it any more.
    ///
    /// # Safety
    ///
    /// 1. The parent gave `memory` for `request`, which is this store's, and nobody else uses it.
    pub(crate) unsafe fn accept(&self, memory: NonNull<u8>, request: Request) -> bool {
        if self.may_grow_by() < request.chunks {
            return false;
        }
        debug_assert!(memory.addr().get() % request.layout.align() == 0, "the parent ignored the alignment");
        // SAFETY: the parent gave this for the layout that so many chunks need (1).
        let segment = unsafe { Segment::write(memory, request.layout, request.chunks, self.home) };
        self.segments.add(segment);
        self.awaited.set(segment.chunks());
        self.expected.set(self.expected_peak());
        if self.gave_back.replace(false) {
            self.highest.set(0);
            if self.config.returns == Return::Hysteresis {
                self.keep.set(self.keep.get().max(segment.chunks()).saturating_mul(2));
            }
        }
        true
    }

    pub(crate) fn home(&self) -> u32 {
        self.home
    }

    fn may_grow_by(&self) -> usize {
        let chunks = self.segments.chunks.get() + self.elsewhere.get();
        self.config.max_chunks.unwrap_or(usize::MAX).saturating_sub(chunks)
    }

    /// Keeps at least so many spare chunks from now on.
    pub(crate) fn keep_at_least(&self, chunks: usize) {
        self.keep.set(self.keep.get().max(chunks));
    }

    /// Keeps what a new store keeps: any spare segment at all, or none.
    pub(crate) fn keep_least(&self) {
        self.keep.set(usize::from(self.config.returns != Return::AtOnce));
    }

    /// What went back until now is no sign that too little is kept, nor that so much will be needed again.
    pub(crate) fn forget_returns(&self) {
        self.gave_back.set(false);
        self.awaited.set(0);
        self.highest.set(0);
        self.expected.set(0);
    }

    /// Makes all chunks free, without a look at any of them, in one step for each segment. The memory stays.
    /// No front may know a block any more.
    pub(crate) fn reset(&self, geometry: &Geometry) {
        self.observe(geometry);
        self.empties.clear();
        self.segments.make_all_spare();
        self.keep.set(self.keep.get().max(self.segments.chunks.get()));
    }
}
