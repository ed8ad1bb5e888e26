//! Answers about a thread-safe pool. Exact while no thread uses it; otherwise what was seen in passing.

use std::sync::atomic::Ordering::Relaxed;

use super::kind::Threads;
use super::shared::{Locked, SharedPtr};
use crate::block::Block;
use crate::kind::Register;
use crate::stats::Stats;

impl SharedPtr {
    /// Chunks that are handed out.
    pub(crate) fn live_chunks(self) -> usize {
        self.with_locked(|locked| self.live_chunks_in(locked))
    }

    fn live_chunks_in(self, locked: &Locked) -> usize {
        let live_in_block = |block: Block<Threads>| -> usize {
            (0..block.words())
                .map(|word| (!free_bits(block, word) & block.chunk_bits(word)).count_ones() as usize)
                .sum()
        };
        let segments = &locked.store.segments;
        let not_in_blocks: usize =
            segments.iter().flat_map(|segment| segment.cut_blocks(&self.geometry)).map(live_in_block).sum();
        let held = |shard: super::shard::ShardPtr| {
            shard.front.word().0.count_ones() as usize + usize::from(!shard.front.recent().is_null())
        };
        let in_hands: usize = self.shards.iter().chain(locked.guest.get()).map(held).sum();
        // A chunk that moved while this looked may have been counted twice.
        not_in_blocks.saturating_sub(in_hands)
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

fn free_bits(block: Block<Threads>, word: usize) -> u64 {
    // ORDERING: Relaxed: for counting.
    block.word(word).get() | block.remote_word(word).load(Relaxed)
}
