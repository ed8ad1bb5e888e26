//! Answers about a thread-safe pool. Exact while no thread uses it; otherwise what was seen in passing.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::kind::Threads;
use super::shard::ShardPtr;
use super::shared::{Locked, SharedPtr};
use crate::block::Block;
use crate::kind::Register;
use crate::segment::Segment;
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
        let segments = &locked.store.segments;
        let in_block = |block: Block<Threads>| match mine {
            Some(mine) if block.header().owner.is(mine) => free_chunks(block),
            // A block of the store's, or one of the guest's that is just as empty.
            _ if block.header().owner.is_nobodys() && block.is_full_of_free_chunks() => block.chunks(),
            _ => 0,
        };
        let in_segment = |segment: Segment| {
            let cut: usize = segment.cut_blocks(&self.geometry).map(|block: Block<Threads>| block.chunks()).sum();
            segment.chunks() - cut + segment.cut_blocks(&self.geometry).map(in_block).sum::<usize>()
        };
        segments.iter().map(in_segment).sum::<usize>() + mine.map_or(0, in_hand)
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
    shard.front.word().0.count_ones() as usize + usize::from(!shard.front.recent().is_null())
}

/// Chunks of a block that are free in it, whoever freed them.
fn free_chunks(block: Block<Threads>) -> usize {
    let in_word = |(local, remote, chunks): (&AtomicU64, &AtomicU64, u64)| {
        // ORDERING: Relaxed: for counting.
        ((local.get() | remote.load(Relaxed)) & chunks).count_ones() as usize
    };
    block.both_bitmaps().map(in_word).sum()
}
