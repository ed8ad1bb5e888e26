//! The pending stack of a shard: pushed by anybody, taken whole by the owner (remote.rs). Two blocks of two words, one
//! chunk in each.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use loom::sync::atomic::{AtomicU64, AtomicUsize};
use loom::thread;

use crate::explore::explore;
use crate::weakening::order;

struct Block {
    marks: AtomicU64,
    /// 0, or 1 more than the next block's number. A cell, so that it may be written again only after it was read.
    next: UnsafeCell<usize>,
    remote: [AtomicU64; 2],
}

struct Shard {
    /// As `next`.
    pending: AtomicUsize,
    blocks: [Block; 2],
}

impl Shard {
    fn new() -> Arc<Self> {
        let block = || Block {
            marks: AtomicU64::new(0),
            next: UnsafeCell::new(0),
            remote: [AtomicU64::new(0), AtomicU64::new(0)],
        };
        Arc::new(Self { pending: AtomicUsize::new(0), blocks: [block(), block()] })
    }

    /// `Block::free_remotely`.
    fn free_remotely(&self, block: usize, word: usize) {
        let marks = &self.blocks[block].marks;
        if marks.load(Relaxed) & (1 << word) == 0 && marks.fetch_or(1 << word, order("remote.rs mark", Acquire)) == 0 {
            self.push(block);
        }
        self.blocks[block].remote[word].fetch_or(1, order("remote.rs free_remotely", AcqRel));
    }

    /// `Pending::push`.
    fn push(&self, block: usize) {
        let next = &self.blocks[block].next;
        // A guess, which the source loads.
        let mut first = 0;
        loop {
            // SAFETY: loom checks that nobody else uses the cell.
            next.with_mut(|next| unsafe { *next = first });
            let push = order("remote.rs push", Release);
            match self.pending.compare_exchange_weak(first, block + 1, push, Relaxed) {
                Ok(_) => return,
                Err(now) => first = now,
            }
        }
    }

    /// `Shard::collect`, with `Pending::take_all`: how many chunks it finds.
    fn collect(&self) -> u64 {
        if self.pending.load(Relaxed) == 0 {
            return 0;
        }
        let mut found = 0;
        let mut first = self.pending.swap(0, order("remote.rs take_all", Acquire));
        while let Some(block) = first.checked_sub(1) {
            let block = &self.blocks[block];
            // SAFETY: loom checks that nobody else writes the cell.
            first = block.next.with(|next| unsafe { *next });
            let words = block.marks.swap(0, order("remote.rs take_marks", Release));
            assert_ne!(words, 0, "pending without a mark");
            for word in (0..2).filter(|word| words & (1 << word) != 0) {
                found += block.remote[word].swap(0, order("remote.rs take_remote", Acquire));
            }
        }
        found
    }

    /// `Locked::sweep`: how many chunks it finds.
    fn sweep(&self) -> u64 {
        let words = self.blocks.iter().flat_map(|block| &block.remote);
        words.map(|word| word.swap(0, order("remote.rs take_remote", Acquire))).sum()
    }
}

/// All combinations of what the owner finds while two threads free chunks, each given by block and word.
fn frees_while_collecting<const N: usize>(found_early: [u64; N], frees: [&'static [(usize, usize)]; 2]) {
    explore(found_early, move || {
        let shard = Shard::new();
        let threads = frees.map(|frees| {
            let shard = shard.clone();
            thread::spawn(move || frees.iter().for_each(|&(block, word)| shard.free_remotely(block, word)))
        });
        let early = shard.collect() + shard.collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let late = shard.sweep();
        assert_eq!(early + late, frees.iter().map(|frees| frees.len() as u64).sum());
        early
    });
}

#[test]
fn pushed_blocks_are_taken_once_each() {
    frees_while_collecting([0, 1, 2], [&[(0, 0)], &[(1, 0)]]);
}

/// The second thread marks a word of a block that the first pushes, or has pushed and the owner has taken.
#[test]
fn a_block_with_two_marked_words_is_pushed_once() {
    frees_while_collecting([0, 1, 2], [&[(0, 0)], &[(0, 1)]]);
}
