//! What a block says of its owner: a number that no other shard ever had, with the index of the owner's thread in it.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::thread_index;

/// The lower bits have the thread's index, the upper ones a number that makes it unlike all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ShardId(u64);

const INDEX_BITS: u32 = 16;
const INDEX: u64 = (1 << INDEX_BITS) - 1;

// `NOBODY` is no thread's.
const _: () = assert!(thread_index::LIMIT as u64 <= INDEX);

impl ShardId {
    /// What blocks have that no thread owns. No thread has it.
    pub(crate) const NOBODY: Self = Self(u64::MAX);
    /// What no block has.
    pub(crate) const NONE: Self = Self(0);

    /// For a new shard of the thread with that index.
    pub(crate) fn new(index: u32) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // ORDERING: Relaxed: only the numbers count.
        let number = NEXT.fetch_add(1, Relaxed);
        assert!(number < u64::MAX >> INDEX_BITS, "out of numbers for shards");
        Self(number << INDEX_BITS | u64::from(index))
    }

    pub(crate) const fn of_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    /// The thread's.
    pub(crate) const fn index(self) -> u32 {
        (self.0 & INDEX) as u32
    }
}
