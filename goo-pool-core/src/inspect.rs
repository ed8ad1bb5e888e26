//! Answers about a heap, computed from its bitmaps when asked.

use core::ptr::NonNull;

use crate::block::{BitIndex, Block, ChunkPtr};
use crate::heap::HeapPtr;
use crate::kind::Local;
use crate::segment::Segment;
use crate::stats::Stats;
use crate::watch;

/// What an address is to a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Not in the pool's memory.
    Foreign,
    /// In the pool's memory, but not where a chunk starts.
    NotAChunk,
    /// A chunk that nobody has.
    Free,
    /// A chunk that is handed out.
    Live,
}

impl HeapPtr {
    /// Chunks that are handed out.
    pub(crate) fn live_chunks(self) -> usize {
        let in_cut_blocks = |segment: Segment| -> usize {
            segment.cut_blocks(&self.geometry).map(|block: Block<Local>| block.chunks() - block.free_chunks()).sum()
        };
        let not_in_blocks: usize = self.store.segments.iter().map(in_cut_blocks).sum();
        not_in_blocks - self.front.word().0.count_ones() as usize - usize::from(self.front.recent_chunk().is_some())
    }

    pub(crate) fn stats(self) -> Stats {
        let total_chunks = self.store.segments.chunks.get();
        let live_chunks = self.live_chunks();
        let bytes_reserved = self.store.segments.bytes.get() + self.own_bytes;
        Stats {
            total_chunks,
            free_chunks: total_chunks - live_chunks,
            live_chunks,
            blocks: self.store.segments.iter().map(|segment| segment.blocks(&self.geometry)).sum(),
            segments: self.store.segments.iter().count(),
            bytes_reserved,
            bytes_overhead: bytes_reserved - total_chunks * self.layout.size(),
        }
    }

    /// What `ptr` is to this heap. Any address may be asked for; it is not read.
    pub(crate) fn place_of(self, ptr: *const u8) -> Place {
        let address = ptr.addr();
        let holder = self.store.segments.iter().find(|segment| {
            let base = segment.base().addr().get();
            (base..base + segment.bytes()).contains(&address)
        });
        let Some(segment) = holder else { return Place::Foreign };
        let offset = address - segment.base().addr().get();
        let block = offset / self.geometry.block_size();
        let index = match self.geometry.exact_index(self.geometry.offset_in_block(offset)) {
            Some(index) if index < segment.chunks_in(block, &self.geometry) => index,
            _ => return Place::NotAChunk,
        };
        if block >= segment.record().cut.get() as usize {
            return Place::Free;
        }
        // SAFETY: the block is cut.
        let block: Block<Local> = unsafe { Block::of_segment(segment, block, &self.geometry) };
        let at = BitIndex::new(index);
        // SAFETY: one of the block's chunks.
        if unsafe { self.is_free(block, at) } { Place::Free } else { Place::Live }
    }

    /// Whether the chunk of a bit is in the block, in the heap's word or in `recent`.
    ///
    /// # Safety
    ///
    /// 1. `at` is the bit of one of the block's chunks.
    unsafe fn is_free(self, block: Block<Local>, at: BitIndex) -> bool {
        // SAFETY: so is its word (1).
        if unsafe { block.word(at.word) }.get() & at.mask() != 0 {
            return true;
        }
        // SAFETY: (1).
        let chunk = unsafe { block.chunk(at, &self.geometry) };
        let (word, base) = self.front.word();
        // SAFETY: every word has a first chunk.
        let first = unsafe { block.chunk(BitIndex { bit: 0, ..at }, &self.geometry) };
        let in_word = word & at.mask() != 0 && first.get().as_ptr() == base;
        in_word || self.front.recent_chunk() == Some(chunk.get())
    }

    /// Says clearly what is wrong with a chunk that is given back, if something is.
    #[track_caller]
    pub(crate) fn check_freed(self, chunk: NonNull<u8>) {
        assert!(
            [0, watch::this_thread()].contains(&self.thread.get()),
            "free on the wrong thread: chunk {chunk:p} is from a pool of one thread"
        );
        match self.place_of(chunk.as_ptr()) {
            Place::Live => {}
            Place::Free => panic!("double free: chunk {chunk:p} is already free"),
            Place::NotAChunk => {
                panic!("misaligned pointer: {chunk:p} lies in this pool but is not the start of a chunk")
            }
            Place::Foreign => panic!("foreign pointer: {chunk:p} is not from this pool"),
        }
    }

    /// Calls `visit` with each live chunk. The caller keeps a hold, so that no segment goes away.
    pub(crate) fn for_each_live(self, mut visit: impl FnMut(ChunkPtr)) {
        for segment in self.store.segments.iter() {
            // `visit` may free and allocate: look at the cells again for every chunk.
            let mut index = 0;
            while index < segment.record().cut.get() as usize {
                // SAFETY: the block is cut.
                let block: Block<Local> = unsafe { Block::of_segment(segment, index, &self.geometry) };
                for chunk in 0..block.chunks() {
                    let at = BitIndex::new(chunk);
                    // SAFETY: one of the block's chunks.
                    if !unsafe { self.is_free(block, at) } {
                        // SAFETY: one of the block's chunks.
                        visit(unsafe { block.chunk(at, &self.geometry) });
                    }
                }
                index += 1;
            }
        }
    }
}
