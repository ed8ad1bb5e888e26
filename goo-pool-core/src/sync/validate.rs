//! The invariants as code, for a pool that no other thread uses while they are checked.

use std::vec::Vec;

use super::kind::Threads;
use super::shard::ShardPtr;
use super::shared::SharedPtr;
use crate::block::Block;
use crate::kind::Register;
use crate::validate::{Audit, Hand};

impl SharedPtr {
    /// Panics, with the invariant's number, if the pool is not whole. Takes a look at every block.
    ///
    /// # Safety
    ///
    /// 1. No other thread uses the pool, or frees a chunk of it, meanwhile.
    pub(crate) unsafe fn assert_valid(self) {
        let guest = self.with_locked(|locked| locked.guest.get());
        // Before the lock is taken: the global allocator may be built on this pool.
        let shards: Vec<ShardPtr> = self.shards.iter().chain(guest).collect();
        let lists: Vec<_> = shards.iter().flat_map(|shard| [&shard.front.room, &shard.empties]).collect();
        let hands: Vec<_> = shards.iter().map(|shard| Hand::new(&shard.front)).collect();
        let pending = self.assert_shards(&shards);
        self.with_locked(|locked| {
            let stores = locked.stores.all();
            let audit = Audit { geometry: &self.geometry, stores, lists: &lists, hands: &hands, free_bits };
            audit.run(|block| assert_block(block, &shards));
            let blocks = locked.blocks(&self.geometry);
            assert_eq!(blocks.filter(|block| block.is_pending()).count(), pending, "R2: marks of a block not pending");
            for block in stores.iter().flat_map(|store| store.empties.iter()) {
                assert!(block.header().owner.is_nobodys(), "T2: a block of the store's has an owner");
                assert!(!block.is_pending(), "R3: a pending block in the store");
            }
        });
    }

    /// Checks what a shard has; how many blocks are pending.
    fn assert_shards(self, shards: &[ShardPtr]) -> usize {
        let mut pending = 0;
        for &shard in shards {
            assert!(shard.pool == self, "T1: a shard's pool");
            assert!(self.shards.get(shard.id.index()).is_none_or(|there| there == shard), "T1: a shard's index");
            assert_eq!(shard.empties.iter().count(), shard.empty_count(), "T1: a shard's empty blocks");
            for block in shard.front.room.iter().chain(shard.empties.iter()) {
                assert!(block.header().owner.is(shard), "B4: a block in a list of another shard's");
            }
            for block in shard.empties.iter() {
                assert!(block.is_full_of_free_chunks(), "R3: a block that was set aside has live chunks");
                assert!(!block.is_pending(), "R3: a pending block was set aside");
            }
            for block in shard.pending.iter() {
                assert!(block.header().owner.is(shard), "R3: a block that is pending at another shard");
                assert!(block.is_pending(), "R2: a pending block without marks");
                pending += 1;
            }
        }
        pending
    }
}

fn assert_block(block: Block<Threads>, shards: &[ShardPtr]) {
    let owner = &block.header().owner;
    let in_store = owner.is_nobodys() && block.is_full_of_free_chunks() && block.header().listed.get();
    assert!(in_store || shards.iter().any(|&shard| owner.is(shard)), "T2: neither a shard's block nor the store's");
    for (local, remote, chunks) in block.both_bitmaps() {
        let remote = remote.get();
        assert_eq!(remote & !chunks, 0, "R1: a remote bit beyond the last chunk");
        assert_eq!(remote & local.get(), 0, "R1: a chunk was freed both locally and remotely");
    }
}

fn free_bits(block: Block<Threads>, word: usize) -> u64 {
    block.both_bitmaps().nth(word).map_or(0, |(local, remote, chunks)| (local.get() | remote.get()) & chunks)
}
