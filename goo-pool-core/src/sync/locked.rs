//! What a thread-safe pool has under its lock, and what is done with it there.

use std::alloc::Layout;
use std::cell::Cell;

use super::kind::{Owner, Threads};
use super::shard::{RESERVE, ShardPtr};
use super::stores::{Reach, Stores};
use crate::block::{Block, ChunkPtr};
use crate::config::Config;
use crate::geometry::Geometry;

pub(crate) struct Locked {
    pub(crate) stores: Stores,
    /// The shard of threads without an index, used under the lock alone.
    pub(crate) guest: Cell<Option<ShardPtr>>,
    /// The number of the block that was stolen from last (raid.rs).
    pub(crate) stolen_from: Cell<usize>,
}

impl Locked {
    pub(crate) fn new(layout: Layout, config: &Config) -> Self {
        Self { stores: Stores::new(layout, config), guest: Cell::new(None), stolen_from: Cell::new(0) }
    }

    /// A block of a store's, which is the shard's from now on.
    pub(crate) fn give_block_to(&self, shard: ShardPtr, reach: Reach, geometry: &Geometry) -> Option<Block<Threads>> {
        let block = self.stores.give_block(reach, || Owner::new(shard), geometry)?;
        block.header().owner.assign(shard);
        Some(block)
    }

    /// The blocks cut so far.
    pub(crate) fn blocks(&self, geometry: &Geometry) -> impl Iterator<Item = Block<Threads>> {
        self.blocks_within(Reach::Anywhere, geometry)
    }

    /// The blocks cut so far of homes within reach.
    pub(crate) fn blocks_within(&self, reach: Reach, geometry: &Geometry) -> impl Iterator<Item = Block<Threads>> {
        let segments = self.stores.within(reach).flat_map(|store| store.segments.iter());
        segments.flat_map(|segment| segment.cut_blocks(geometry))
    }

    /// Takes what other threads freed in a shard's blocks. By the shard's owner.
    pub(crate) fn sweep(&self, shard: ShardPtr, geometry: &Geometry) {
        shard.collect();
        // A full block is empty, and among those if it is the shard's.
        let taken_from = |block: &Block<Threads>| block.header().owner.is(shard) && !block.is_full_of_free_chunks();
        for block in self.blocks(geometry).filter(taken_from) {
            // SAFETY: it is the shard's, and not empty.
            unsafe { shard.sweep(block) };
        }
    }

    /// A chunk for a thread without an index, without a call of the parent.
    pub(crate) fn allocate_as_guest(&self, guest: ShardPtr, reach: Reach, geometry: &Geometry) -> Option<ChunkPtr> {
        loop {
            let chunk = guest.take();
            guest.trim_into(RESERVE, &self.stores);
            if chunk.is_some() {
                return chunk;
            }
            if let Some(block) = self.give_block_to(guest, reach, geometry) {
                guest.front.room.push(block);
                continue;
            }
            if !self.steal_for(guest, reach, geometry) {
                return None;
            }
        }
    }
}
