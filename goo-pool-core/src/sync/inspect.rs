//! Answers about a thread-safe pool. Exact while no thread uses it; otherwise what was seen in passing.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::kind::Threads;
use super::locked::Locked;
use super::shard::ShardPtr;
use super::shared::SharedPtr;
use super::stores::{Home, Reach};
use crate::block::{Block, ChunkPtr};
use crate::kind::Register;
use crate::stats::Stats;

impl SharedPtr {
    fn live_chunks_in(self, locked: &Locked) -> usize {
        let live_in_block = |block: Block<Threads>| block.chunks() - free_chunks(block);
        let not_in_blocks: usize = locked.blocks(&self.geometry).map(live_in_block).sum();
        let in_hands: usize = self.shards.iter().chain(locked.guest.get()).map(in_hand).sum();
        // A chunk that moved while this looked may have been counted twice.
        not_in_blocks.saturating_sub(in_hands)
    }

    /// Free chunks that the owner of `mine` has, or can get within reach without asking the parent, nor what other threads have.
    pub(crate) fn free_for(self, locked: &Locked, mine: Option<ShardPtr>, reach: Reach) -> usize {
        let is_mine = |block: &Block<Threads>| mine.is_some_and(|mine| block.header().owner.is(mine));
        let all: usize = locked.stores.within(reach).map(|store| store.segments.chunks.get()).sum();
        let not_cut = all - locked.blocks_within(reach, &self.geometry).map(Block::chunks).sum::<usize>();
        // An empty one of another home may go back to that home's store, where it is out of reach.
        let stays =
            |block: &Block<Threads>, free| reach.includes(Home::of(block.header().segment)) || free < block.chunks();
        let mine_in = |block| Some(free_chunks(block)).filter(|&free| is_mine(&block) && stays(&block, free));
        let in_blocks: usize = locked.blocks(&self.geometry).filter_map(mine_in).sum();
        // A block that the guest gave to the store still counts as the guest's.
        let in_stores = locked.stores.within(reach).flat_map(|store| store.empties.iter());
        let in_stores: usize = in_stores.filter(|block| !is_mine(block)).map(Block::chunks).sum();
        not_cut + in_blocks + in_stores + mine.map_or(0, in_hand)
    }

    pub(crate) fn capacity(self) -> usize {
        self.with_locked(|locked| locked.stores.chunks())
    }

    pub(crate) fn stats(self) -> Stats {
        self.with_locked(|locked| {
            let total_chunks = locked.stores.chunks();
            let live_chunks = self.live_chunks_in(locked).min(total_chunks);
            let bytes_reserved = locked.stores.bytes() + self.own_bytes(locked);
            Stats {
                total_chunks,
                free_chunks: total_chunks - live_chunks,
                live_chunks,
                blocks: locked.stores.segments().map(|segment| segment.blocks(&self.geometry)).sum(),
                segments: locked.stores.segments().count(),
                bytes_reserved,
                bytes_overhead: bytes_reserved - total_chunks * self.layout.size(),
            }
        })
    }

    /// Whether the address is a chunk's. It is not read.
    pub(crate) fn owns(self, ptr: *const u8) -> bool {
        self.look_up(ptr) == Some(true)
    }

    /// Whether a chunk starts at the address; `None` if it is none of the pool's. It is not read.
    fn look_up(self, ptr: *const u8) -> Option<bool> {
        self.with_locked(|locked| {
            let mut segments = locked.stores.segments();
            let (segment, offset) = segments.find_map(|segment| {
                let offset = ptr.addr().checked_sub(segment.base().addr().get())?;
                (offset < segment.bytes()).then_some((segment, offset))
            })?;
            let chunks = segment.chunks_in(offset / self.geometry.block_size(), &self.geometry);
            let index = self.geometry.exact_index(self.geometry.offset_in_block(offset));
            Some(index.is_some_and(|index| index < chunks))
        })
    }

    /// Says clearly that a chunk which is given back is not from this pool. Exact, and under the lock, with `hardened` alone;
    /// else by what its block's header says.
    #[track_caller]
    pub(crate) fn check_owns(self, chunk: NonNull<u8>) {
        let is_mine = if cfg!(feature = "hardened") {
            match self.look_up(chunk.as_ptr()) {
                Some(is_chunk) => {
                    assert!(
                        is_chunk,
                        "misaligned pointer: {chunk:p} lies in this pool but is not the start of a chunk"
                    );
                    true
                }
                None => false,
            }
        } else {
            // SAFETY: it is a chunk, if the caller keeps the duties of a free; if not, the header is not one.
            let chunk = unsafe { ChunkPtr::new(chunk) };
            // SAFETY: the same, and the pool's geometry.
            let block = unsafe { chunk.block::<Threads>(self.geometry) };
            block.check_header(chunk);
            block.header().owner.shard().pool == self
        };
        assert!(is_mine, "foreign pointer: {chunk:p} is not from this pool");
    }
}

/// Free chunks in a shard's hand.
fn in_hand(shard: ShardPtr) -> usize {
    shard.front.word().0.count_ones() as usize + usize::from(shard.front.recent_chunk().is_some())
}

/// Chunks of a block that are free in it, whoever freed them.
fn free_chunks(block: Block<Threads>) -> usize {
    let in_word = |(local, remote, chunks): (&AtomicU64, &AtomicU64, u64)| {
        // ORDERING: Relaxed: for counting.
        ((local.get() | remote.load(Relaxed)) & chunks).count_ones() as usize
    };
    block.both_bitmaps().map(in_word).sum()
}
