//! Segments: memory from the parent, cut into blocks; the order in which they are used, and how they grow.
//!
//! A segment's record lies in its own memory (S1), so a pool needs no list on the side, whose growth
//! could fail or call an allocator in the middle of a step.

use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::NonNull;
use core::sync::atomic::AtomicUsize;

use crate::block::{Block, RECORD_OFFSET};
use crate::geometry::Geometry;
use crate::kind::Kind;
use crate::watch::{self, WATCHED};

/// What the pool knows of a segment.
#[repr(C)]
pub(crate) struct Record {
    pub(crate) previous: Cell<Option<Segment>>,
    pub(crate) next: Cell<Option<Segment>>,
    /// What the parent was asked for.
    layout: Layout,
    /// Chunks in all blocks together.
    chunks: usize,
    /// Blocks with a written header: those with numbers below this (S3).
    pub(crate) cut: Cell<u32>,
    /// Cut blocks that are in the store: every chunk is free and in the block (S4).
    pub(crate) empty: Cell<u32>,
    /// Blocks that were ever cut: free chunks of those are filled with a pattern, in builds that do so (watch/mod.rs).
    pub(crate) poisoned: Cell<u32>,
    /// The home of the store that has it (sync/stores.rs); 0 in a local pool.
    pub(crate) home: u32,
    /// Of a closed thread-safe pool: chunks not accounted for (C3).
    pub(crate) outstanding: AtomicUsize,
}

/// A live segment, by the address of its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct Segment(NonNull<Record>);

impl Segment {
    /// Writes the record of a new segment, of which no block is cut yet.
    ///
    /// # Safety
    ///
    /// 1. `memory` is a piece from the parent for `layout`, aligned to the block size and large enough for
    ///    the blocks of `chunks` chunks; nobody else uses it.
    pub(crate) unsafe fn write(memory: NonNull<u8>, layout: Layout, chunks: usize, home: u32) -> Self {
        let record = Record {
            previous: Cell::new(None),
            next: Cell::new(None),
            layout,
            chunks,
            cut: Cell::new(0),
            empty: Cell::new(0),
            poisoned: Cell::new(0),
            outstanding: AtomicUsize::new(0),
            home,
        };
        // SAFETY: the memory has room for a block's header, the record and one chunk at least (1).
        let place = unsafe { memory.byte_add(RECORD_OFFSET) }.cast::<Record>();
        // SAFETY: it is ours (1), and aligned because `memory` is.
        unsafe { place.write(record) };
        let segment = Self(place);
        if WATCHED {
            watch::segment_came(segment);
        }
        segment
    }

    /// The memory and what it was asked for, for the parent. No list has the segment any more, and nobody a chunk of it.
    pub(crate) fn into_memory<K: Kind>(self) -> (NonNull<u8>, Layout) {
        // Before the memory has no value any more, to Valgrind.
        let memory = (self.base(), self.layout());
        if WATCHED {
            watch::segment_goes::<K>(self);
        }
        memory
    }

    pub(crate) fn record<'a>(self) -> &'a Record {
        // SAFETY: the record lives until the segment goes back to the parent (S1); what changes in it is in
        // cells, and only one thread sees it.
        unsafe { self.0.as_ref() }
    }

    /// The memory as it came from the parent.
    pub(crate) fn base(self) -> NonNull<u8> {
        // SAFETY: the record lies this far behind the base (S1).
        unsafe { self.0.byte_sub(RECORD_OFFSET) }.cast()
    }

    fn layout(self) -> Layout {
        self.record().layout
    }

    pub(crate) fn bytes(self) -> usize {
        self.record().layout.size()
    }

    pub(crate) fn chunks(self) -> usize {
        self.record().chunks
    }

    pub(crate) fn blocks(self, geometry: &Geometry) -> usize {
        self.record().chunks.div_ceil(geometry.chunks_per_block())
    }

    /// Chunks in block `index`: all but the last block have as many as the geometry allows.
    pub(crate) fn chunks_in(self, index: usize, geometry: &Geometry) -> usize {
        (self.record().chunks - index * geometry.chunks_per_block()).min(geometry.chunks_per_block())
    }

    /// The blocks cut so far.
    pub(crate) fn cut_blocks<K: Kind>(self, geometry: &Geometry) -> impl Iterator<Item = Block<K>> {
        (0..self.record().cut.get() as usize).map(move |index| {
            // SAFETY: the block is cut.
            unsafe { Block::of_segment(self, index, geometry) }
        })
    }

    /// The blocks that were ever cut, in builds with checks.
    pub(crate) fn blocks_cut_ever<K: Kind>(self) -> impl Iterator<Item = Block<K>> {
        // A segment is aligned to the block size.
        let block_size = self.layout().align();
        (0..self.record().poisoned.get() as usize).map(move |index| {
            // SAFETY: the segment holds that block, and its header was written.
            unsafe { Block::at(self, index * block_size) }
        })
    }

    /// Nothing of this segment was handed out since it came or was emptied: it may go back.
    pub(crate) fn is_spare(self) -> bool {
        self.record().cut.get() == 0
    }

    /// Every chunk of every cut block is back.
    pub(crate) fn is_emptied(self) -> bool {
        let record = self.record();
        record.cut.get() != 0 && record.cut.get() == record.empty.get()
    }
}

/// A pool's segments in the order in which blocks are cut from them (S2): first those that are cut to
/// the end, then `cutting`, the one that the next block comes from, then the spare ones.
#[derive(Default)]
pub(crate) struct SegmentList {
    pub(crate) first: Cell<Option<Segment>>,
    last: Cell<Option<Segment>>,
    /// The first segment that is not cut to the end.
    pub(crate) cutting: Cell<Option<Segment>>,
    /// Bytes of all segments together.
    pub(crate) bytes: Cell<usize>,
    /// Chunks of all segments together.
    pub(crate) chunks: Cell<usize>,
    /// Chunks of the spare ones.
    pub(crate) spare_chunks: Cell<usize>,
}

impl SegmentList {
    pub(crate) fn iter(&self) -> impl Iterator<Item = Segment> + use<> {
        core::iter::successors(self.first.get(), |segment| segment.record().next.get())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.get().is_none()
    }

    /// Chunks of the blocks that are cut.
    pub(crate) fn cut_chunks(&self, geometry: &Geometry) -> usize {
        // One segment may be cut in part (S2).
        let cut_in_part = self.cutting.get().filter(|segment| !segment.is_spare());
        let uncut = cut_in_part
            .map_or(0, |segment| segment.chunks() - segment.record().cut.get() as usize * geometry.chunks_per_block());
        self.chunks.get() - self.spare_chunks.get() - uncut
    }

    /// A spare segment, if there is one: they stand at the end.
    pub(crate) fn last_spare(&self) -> Option<Segment> {
        self.last.get().filter(|segment| segment.is_spare())
    }

    /// Adds a new, spare segment.
    pub(crate) fn add(&self, segment: Segment) {
        self.bytes.set(self.bytes.get() + segment.bytes());
        self.chunks.set(self.chunks.get() + segment.chunks());
        self.spare_chunks.set(self.spare_chunks.get() + segment.chunks());
        self.push(segment);
    }

    /// Takes a spare segment out, for it to be given back.
    pub(crate) fn remove(&self, segment: Segment) {
        debug_assert!(segment.is_spare());
        self.bytes.set(self.bytes.get() - segment.bytes());
        self.chunks.set(self.chunks.get() - segment.chunks());
        self.spare_chunks.set(self.spare_chunks.get() - segment.chunks());
        self.unlink(segment);
    }

    /// Makes an emptied segment, whose blocks are in no list any more, a spare one.
    pub(crate) fn make_spare(&self, segment: Segment) {
        debug_assert!(segment.is_emptied());
        segment.record().cut.set(0);
        segment.record().empty.set(0);
        self.spare_chunks.set(self.spare_chunks.get() + segment.chunks());
        self.unlink(segment);
        self.push(segment);
    }

    /// Makes all segments spare, in the order they have. No list may name a block any more.
    pub(crate) fn make_all_spare(&self) {
        for segment in self.iter() {
            segment.record().cut.set(0);
            segment.record().empty.set(0);
        }
        self.spare_chunks.set(self.chunks.get());
        self.cutting.set(self.first.get());
    }

    /// The number of the next block to cut, which counts as cut from now on, and its segment.
    pub(crate) fn next_block(&self, geometry: &Geometry) -> Option<(Segment, usize)> {
        let segment = self.cutting.get()?;
        let record = segment.record();
        let index = record.cut.get();
        if index == 0 {
            self.spare_chunks.set(self.spare_chunks.get() - segment.chunks());
        }
        record.cut.set(index + 1);
        if index as usize + 1 == segment.blocks(geometry) {
            self.cutting.set(record.next.get());
        }
        Some((segment, index as usize))
    }

    fn push(&self, segment: Segment) {
        let record = segment.record();
        record.previous.set(self.last.get());
        record.next.set(None);
        match self.last.get() {
            Some(last) => last.record().next.set(Some(segment)),
            None => self.first.set(Some(segment)),
        }
        self.last.set(Some(segment));
        if self.cutting.get().is_none() {
            self.cutting.set(Some(segment));
        }
    }

    pub(crate) fn unlink(&self, segment: Segment) {
        let Record { previous, next, .. } = segment.record();
        if self.cutting.get() == Some(segment) {
            self.cutting.set(next.get());
        }
        match previous.get() {
            Some(segment) => segment.record().next.set(next.get()),
            None => self.first.set(next.get()),
        }
        match next.get() {
            Some(segment) => segment.record().previous.set(previous.get()),
            None => self.last.set(previous.get()),
        }
    }
}

/// How many chunks a segment of so many bytes has, at least one.
pub(crate) fn chunks_of_segment(bytes: usize, geometry: &Geometry) -> usize {
    let blocks = bytes / geometry.block_size();
    let rest = bytes % geometry.block_size();
    let in_rest = rest.saturating_sub(geometry.first()) / geometry.stride();
    (blocks * geometry.chunks_per_block() + in_rest.min(geometry.chunks_per_block())).max(1)
}
