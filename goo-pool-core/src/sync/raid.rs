//! Free chunks of other shards, for a thread that would otherwise have to grow the pool.
//!
//! The shard of an ended thread goes to the next thread with its index. Until then others may claim the index for a
//! moment, and take what is free there: whole blocks through the store, and else one word of chunks. Of threads that
//! run, what other threads freed may be taken, a word at a time: its bits are anybody's who takes them by `swap`. The
//! block stays the other shard's in both cases, because one of its chunks may be live (T2), so these chunks are freed as
//! remote ones.

use core::ptr::NonNull;
use core::sync::atomic::Ordering::Relaxed;

use super::kind::Threads;
use super::locked::Locked;
use super::shard::ShardPtr;
use super::shared::SharedPtr;
use super::stores::{Home, Reach};
use super::thread_index::Claim;
use crate::block::{BitIndex, Block, ChunkPtr};
use crate::geometry::Geometry;

const EIGHTH: usize = 8;

impl SharedPtr {
    /// Takes free chunks of a shard without a thread for one that has none. False if there are none.
    pub(crate) fn raid_for(self, mine: ShardPtr, reach: Reach) -> bool {
        self.shards.iter().filter(|&other| other != mine).any(|other| match Claim::new(other.id.index()) {
            Some(_claim) => self.take_from(other, mine, reach),
            None => false,
        })
    }

    /// By the owner of both.
    fn take_from(self, other: ShardPtr, mine: ShardPtr, reach: Reach) -> bool {
        other.flush();
        other.collect();
        if other.empty_count() != 0 {
            other.trim(0);
            // Even if the parent has used the pool meanwhile: it is looked at again.
            return true;
        }
        if !other.refill() {
            return false;
        }
        let (bits, base) = other.front.word();
        if !reach.includes(self.home_of(base)) {
            // What the shard has behind it is most likely of the same home. Back with it: in a hand no check would see it.
            other.flush();
            return false;
        }
        other.front.set_word(0, base);
        mine.set_hand(bits, base);
        true
    }

    /// The home of a word of chunks in a hand.
    fn home_of(self, base: *mut u8) -> Home {
        let Some(base) = NonNull::new(base) else { unreachable!("a word without a first chunk") };
        // SAFETY: what a hand holds are chunks (H2).
        let first = unsafe { ChunkPtr::new(base) };
        // SAFETY: the pool's geometry.
        let block: Block<Threads> = unsafe { first.block(*self.geometry) };
        Home::of(block.header().segment)
    }

    /// Takes a word of what was freed remotely, in whosever block, for a shard whose hand is empty. False if there
    /// is none. By the shard's owner.
    ///
    /// Before the pool grows, only if there is as much as an eighth of the pool. Chunks from one word that two threads use share
    /// cache lines, which costs both. And only if the pool has grown by an eighth since the last look: to look at all words
    /// whenever a large pool grows would cost more than they are worth.
    pub(crate) fn steal_for(self, mine: ShardPtr, reach: Reach) -> bool {
        self.with_locked(|locked| locked.steal_for(mine, reach, &self.geometry))
    }

    /// Gives the free blocks of all shards without a thread to the store, and the guest's.
    pub(crate) fn empty_out_unowned(self) {
        // All hands first: they may hold chunks of each other's blocks.
        self.for_each_unowned(|shard| shard.flush());
        self.with_guest(|guest, _| guest.flush());
        self.for_each_unowned(|shard| self.empty_out(shard));
        self.with_guest(|guest, locked| {
            // Once more: the parent may have used the pool.
            guest.flush();
            locked.sweep(guest, &self.geometry);
            guest.trim_into(0, &locked.stores);
        });
        self.settle(false);
    }

    fn with_guest(self, change: impl FnOnce(ShardPtr, &Locked)) {
        self.with_locked(|locked| {
            if let Some(guest) = locked.guest.get() {
                change(guest, locked);
            }
        });
    }

    fn for_each_unowned(self, visit: impl Fn(ShardPtr)) {
        for shard in self.shards.iter() {
            if let Some(_claim) = Claim::new(shard.id.index()) {
                visit(shard);
            }
        }
    }
}

impl Locked {
    pub(crate) fn steal_for(&self, mine: ShardPtr, reach: Reach, geometry: &Geometry) -> bool {
        if matches!(reach, Reach::Near(_)) && !self.is_there_plenty(mine, reach, geometry) {
            return false;
        }
        // Where the last one was found there may be more.
        let start = self.stolen_from.get();
        let blocks = || self.blocks_within(reach, geometry).enumerate();
        for (number, block) in blocks().skip(start).chain(blocks().take(start)) {
            if let Some((bits, base)) = take_any_remote(block, geometry) {
                mine.set_hand(bits, base);
                let taken = mine.front.word().0.count_ones() as usize;
                mine.loot.set(mine.loot.get().saturating_sub(taken));
                self.stolen_from.set(number);
                return true;
            }
        }
        mine.loot.set(0);
        false
    }

    fn is_there_plenty(&self, mine: ShardPtr, reach: Reach, geometry: &Geometry) -> bool {
        if mine.loot.get() != 0 {
            return true;
        }
        let chunks: usize = self.stores.within(reach).map(|store| store.segments.chunks.get()).sum();
        if chunks < mine.looked_at.get() + mine.looked_at.get().div_ceil(EIGHTH) {
            return false;
        }
        mine.looked_at.set(chunks);
        // ORDERING: Relaxed: for counting.
        let in_block = |block: Block<Threads>| -> usize {
            block.both_bitmaps().map(|(_, remote, _)| remote.load(Relaxed).count_ones() as usize).sum()
        };
        let freed = self.blocks_within(reach, geometry).map(in_block).sum::<usize>();
        if freed < chunks / EIGHTH {
            return false;
        }
        mine.loot.set(freed);
        freed != 0
    }
}

/// Takes the first word with bits of what was freed remotely. Under the pool's lock, so that the block is there; with a
/// remote bit it is a shard's.
fn take_any_remote(block: Block<Threads>, geometry: &Geometry) -> Option<(u64, *mut u8)> {
    block.both_bitmaps().enumerate().find_map(|(word, (_, remote, _))| {
        // ORDERING: Relaxed: only saves the exchange.
        if remote.load(Relaxed) == 0 {
            return None;
        }
        // SAFETY: one of the block's words.
        let bits = unsafe { block.take_remote(word) };
        // SAFETY: every word has a first chunk.
        let base = unsafe { block.chunk(BitIndex { word, bit: 0 }, geometry) };
        (bits != 0).then(|| (bits, base.get().as_ptr()))
    })
}
