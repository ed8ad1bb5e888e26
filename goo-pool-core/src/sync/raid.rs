//! Memory of threads that have ended.
//!
//! The shard of an ended thread goes to the next thread with its index. Until then a thread that would otherwise have to
//! grow the pool may claim the index for a moment, and take what is free there: whole blocks through the
//! store, and else one word of chunks. The block stays the old shard's, because one of its chunks may be live (T2), so
//! these chunks are freed as remote ones.

use super::shard::ShardPtr;
use super::shared::{SharedPtr, Sweep};
use super::thread_index::Claim;

impl SharedPtr {
    /// Takes free chunks of a shard without a thread for one that has none. False if there are none.
    pub(crate) fn raid_for(self, mine: ShardPtr, sweep: Sweep) -> bool {
        self.shards.iter().filter(|&other| other != mine).any(|other| match Claim::new(other.index) {
            Some(_claim) => self.take_from(other, mine, sweep),
            None => false,
        })
    }

    /// By the owner of both.
    fn take_from(self, other: ShardPtr, mine: ShardPtr, sweep: Sweep) -> bool {
        debug_assert!(mine.front.recent().is_null() && mine.front.word().0 == 0);
        other.flush();
        other.collect();
        if other.empty_count() == 0 && !other.has_room() && self.sweep(other, sweep) {
            other.collect();
        }
        if other.empty_count() != 0 {
            other.trim(0);
            // Even if the parent has used the pool meanwhile: it is looked at again.
            return true;
        }
        if !other.refill() {
            return false;
        }
        let (bits, base) = other.front.word();
        other.front.set_word(0, base);
        mine.front.set_word(bits, base);
        true
    }

    /// Gives the free blocks of all shards without a thread to the store.
    pub(crate) fn empty_out_unowned(self) {
        for shard in self.shards.iter() {
            if let Some(_claim) = Claim::new(shard.index) {
                self.empty_out(shard);
            }
        }
    }
}
