//! What the engine is made of when other threads look on.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

use super::remote::Marks;
use super::shard::{Shard, ShardPtr};
use super::shard_id::ShardId;
use crate::block::Block;
use crate::geometry::{MARKS, MAX_BITMAP_WORDS, REMOTE_WORDS, SHARED_HEADER_BYTES};
use crate::kind::{Kind, Register};

/// A pool whose blocks belong to threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Threads;

/// Whom a block belongs to. Does not change while one of its chunks is live or held, except that closing
/// makes it nobody's (T2).
pub(crate) struct Owner {
    /// Its shard's [`ShardId`], or `NOBODY`.
    id: AtomicU64,
    /// Stays when the block becomes nobody's: while one of the block's chunks is not accounted for, it is alive (C1).
    /// Null if the block has been out as a row alone.
    shard: AtomicPtr<Shard>,
}

impl Owner {
    pub(crate) fn new(shard: ShardPtr) -> Self {
        Self { id: AtomicU64::new(shard.id.bits()), shard: AtomicPtr::new(shard.get().as_ptr()) }
    }

    /// Of a block that has been no shard's.
    pub(crate) fn nobody() -> Self {
        Self { id: AtomicU64::new(ShardId::NOBODY.bits()), shard: AtomicPtr::new(core::ptr::null_mut()) }
    }

    /// Makes a block that was the store's a shard's. Under the pool's lock.
    pub(crate) fn assign(&self, shard: ShardPtr) {
        // ORDERING: Relaxed: whoever frees a chunk of the block has it from an allocation that comes after this.
        self.shard.store(shard.get().as_ptr(), Relaxed);
        // ORDERING: the same.
        self.id.store(shard.id.bits(), Relaxed);
    }

    /// Whether the block is this shard's. Under the pool's lock.
    pub(crate) fn is(&self, shard: ShardPtr) -> bool {
        // ORDERING: Relaxed: written under the lock.
        self.id() == shard.id && self.shard.load(Relaxed) == shard.get().as_ptr()
    }

    /// Whether the block is the store's or the guest's. Under the pool's lock.
    pub(crate) fn is_nobodys(&self) -> bool {
        self.id() == ShardId::NOBODY
    }

    /// From now on all frees are remote; one that is under way may still be local (C2).
    pub(crate) fn disown(&self) {
        // ORDERING: Relaxed: nothing depends on when this is seen.
        self.id.store(ShardId::NOBODY.bits(), Relaxed);
    }

    #[inline(always)]
    pub(crate) fn id(&self) -> ShardId {
        // ORDERING: Relaxed: that it is ours was stored by this thread, or by one that had the index before.
        ShardId::of_bits(self.id.load(Relaxed))
    }

    /// The shard of a block that has been one's: of a chunk that was allocated alone, and not in a row.
    #[inline(always)]
    pub(crate) fn shard(&self) -> ShardPtr {
        // ORDERING: Relaxed: stored before the chunk that the caller frees was allocated, or read under the lock.
        let shard = self.shard.load(Relaxed);
        debug_assert!(!shard.is_null(), "a chunk of a row does not lead to its pool");
        // SAFETY: since the block has been a shard's (T2), it was stored from a `ShardPtr`, which is not null.
        let shard = unsafe { NonNull::new_unchecked(shard) };
        // SAFETY: shards live as long as the pool (T3).
        unsafe { ShardPtr::new(shard) }
    }
}

impl Kind for Threads {
    type Bits = AtomicU64;
    type Pointer = AtomicPtr<u8>;
    type Owner = Owner;
    const HEADER: usize = SHARED_HEADER_BYTES;

    unsafe fn write_rest(base: NonNull<u8>) {
        // SAFETY: the marks lie in the block's header.
        let marks = unsafe { base.byte_add(MARKS) }.cast::<Marks>();
        // SAFETY: they are aligned as the block is, and nobody uses it (1).
        unsafe { marks.write(Marks::new()) };
        // SAFETY: the bitmap of remote frees lies in the header too.
        let words = unsafe { base.byte_add(REMOTE_WORDS) }.cast::<u64>();
        // SAFETY: so many words fit before the local bitmap, aligned, and nobody uses them (1).
        unsafe { words.write_bytes(0, MAX_BITMAP_WORDS) };
    }

    #[inline]
    fn block_emptied(block: Block<Self>, last: &AtomicU64) {
        block.header().owner.shard().block_emptied(block, last);
    }
}

impl Register<u64> for AtomicU64 {
    #[inline(always)]
    fn new(value: u64) -> Self {
        Self::new(value)
    }

    #[inline(always)]
    fn get(&self) -> u64 {
        // ORDERING: Relaxed: only the owner writes, and this is the owner, or somebody who just counts.
        self.load(Relaxed)
    }

    fn observe(&self) -> u64 {
        // ORDERING: Acquire pairs with the Release in `publish`.
        self.load(Acquire)
    }

    #[inline(always)]
    fn set(&self, value: u64) {
        // ORDERING: Relaxed: only the owner reads it for more than counting.
        self.store(value, Relaxed);
    }

    #[inline(always)]
    fn publish(&self, value: u64) {
        // ORDERING: Release pairs with the Acquire in `observe` (closing.rs): whoever gives the memory back knows of
        // all that this thread did with it.
        self.store(value, Release);
    }
}

impl Register<*mut u8> for AtomicPtr<u8> {
    #[inline(always)]
    fn new(value: *mut u8) -> Self {
        Self::new(value)
    }

    #[inline(always)]
    fn get(&self) -> *mut u8 {
        // ORDERING: Relaxed: as for `AtomicU64`.
        self.load(Relaxed)
    }

    fn observe(&self) -> *mut u8 {
        // ORDERING: Acquire pairs with the Release in `publish`.
        self.load(Acquire)
    }

    #[inline(always)]
    fn set(&self, value: *mut u8) {
        // ORDERING: Relaxed: as for `AtomicU64`.
        self.store(value, Relaxed);
    }

    #[inline(always)]
    fn publish(&self, value: *mut u8) {
        // ORDERING: Release pairs with the Acquire in `observe` (closing.rs).
        self.store(value, Release);
    }
}
