//! Answers about a thread-safe pool. Exact while no thread uses it; otherwise what was seen in passing.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::kind::Threads;
use super::locked::Locked;
use super::shard::ShardPtr;
use super::shared::SharedPtr;
use crate::block::Block;
use crate::kind::Register;
use crate::stats::Stats;

impl SharedPtr {
    fn live_chunks_in(self, locked: &Locked) -> usize {
        let live_in_block = |block: Block<Threads>| block.chunks() - free_chunks(block);
        let segments = &locked.store.segments;
        let not_in_blocks: usize =
            segments.iter().flat_map(|segment| segment.cut_blocks(&self.geometry)).map(live_in_block).sum();
        let in_hands: usize = self.shards.iter().chain(locked.guest.get()).map(in_hand).sum();
        // A chunk that moved while this looked may have been counted twice.
        not_in_blocks.saturating_sub(in_hands)
    }

    /// Free chunks that the owner of `mine` can get without asking the parent, nor what other threads have.
    pub(crate) fn free_for(self, locked: &Locked, mine: Option<ShardPtr>) -> usize {
        let is_mine = |block: &Block<Threads>| mine.is_some_and(|mine| block.header().owner.is(mine));
        let blocks = || locked.blocks(&self.geometry);
        let not_cut = locked.store.segments.chunks.get() - blocks().map(Block::chunks).sum::<usize>();
        let in_blocks: usize = blocks().filter(is_mine).map(free_chunks).sum();
        // A block that the guest gave to the store still counts as the guest's.
        let in_store: usize = locked.store.empties.iter().filter(|block| !is_mine(block)).map(Block::chunks).sum();
        not_cut + in_blocks + in_store + mine.map_or(0, in_hand)
    }

    pub(crate) fn capacity(self) -> usize {
        self.with_locked(|locked| locked.store.segments.chunks.get())
    }

    pub(crate) fn stats(self) -> Stats {
        self.with_locked(|locked| {
            let segments = &locked.store.segments;
            let total_chunks = segments.chunks.get();
            let live_chunks = self.live_chunks_in(locked).min(total_chunks);
            let bytes_reserved = segments.bytes.get() + self.own_bytes(locked);
            Stats {
                total_chunks,
                free_chunks: total_chunks - live_chunks,
                live_chunks,
                blocks: segments.iter().map(|segment| segment.blocks(&self.geometry)).sum(),
                segments: segments.iter().count(),
                bytes_reserved,
                bytes_overhead: bytes_reserved - total_chunks * self.layout.size(),
            }
        })
    }

    /// Whether the address is a chunk's. It is not read.
    pub(crate) fn owns(self, ptr: *const u8) -> bool {
        let address = ptr.addr();
        self.with_locked(|locked| {
            locked.store.segments.iter().any(|segment| {
                let base = segment.base().addr().get();
                let Some(offset) = address.checked_sub(base).filter(|&offset| offset < segment.bytes()) else {
                    return false;
                };
                let block = offset / self.geometry.block_size();
                self.geometry
                    .exact_index(self.geometry.offset_in_block(offset))
                    .is_some_and(|index| index < segment.chunks_in(block, &self.geometry))
            })
        })
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
