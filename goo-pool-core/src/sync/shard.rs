//! A thread's part of a pool.

use core::cell::Cell;
use core::ops::Deref;
use core::ptr::NonNull;
use core::sync::atomic::AtomicU64;

use super::kind::Threads;
use super::remote::Pending;
use super::shard_id::ShardId;
use super::shared::SharedPtr;
use super::stores::Stores;
use super::thread_index;
use crate::block::{BitIndex, Block, ChunkPtr};
use crate::block_list::BlockList;
use crate::front::Front;
use crate::geometry::{Geometry, Shape};
use crate::kind::Register;
use crate::watch::{self, CHECKS, WATCHED};

/// Empty blocks that a shard keeps for itself; what it has beyond goes to the store.
pub(crate) const RESERVE: usize = 1;

/// Used by one thread at a time, the one that has its index (T1), except for `pending` and for reading the
/// front's registers.
#[repr(C, align(128))]
pub(crate) struct Shard {
    pub(crate) front: Front<Threads>,
    /// Blocks of this shard whose chunks are all free, in no other list.
    pub(super) empties: BlockList<Threads>,
    empty_count: Cell<usize>,
    /// What its blocks have: `NOBODY` for the guest shard.
    pub(crate) id: ShardId,
    pub(crate) pool: SharedPtr,
    /// The pool's chunks when this shard looked last for what can be stolen.
    pub(crate) looked_at: Cell<usize>,
    /// How much of what it found then may be left.
    pub(crate) loot: Cell<usize>,
    /// Blocks that other threads freed chunks of.
    pub(crate) pending: Pending,
}

/// A shard, by address: alive as long as its pool, or as a chunk of its blocks that is not accounted for (T3).
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct ShardPtr(NonNull<Shard>);

impl Deref for ShardPtr {
    type Target = Shard;

    #[inline(always)]
    fn deref(&self) -> &Shard {
        // SAFETY: the shard is alive (T3); what is not atomic in it is used by its owner alone (T1).
        unsafe { self.0.as_ref() }
    }
}

impl ShardPtr {
    /// # Safety
    ///
    /// 1. `shard` is alive while the result is used.
    pub(crate) const unsafe fn new(shard: NonNull<Shard>) -> Self {
        Self(shard)
    }

    pub(crate) const fn get(self) -> NonNull<Shard> {
        self.0
    }

    /// Takes a chunk of one of its blocks back. One store is the last touch (C1), so this takes the shard by address:
    /// a reference must not be an argument when the memory goes.
    ///
    /// # Safety
    ///
    /// 1. As [`free`], for a chunk of this shard's, by the shard's owner.
    #[inline(always)]
    unsafe fn free(self, chunk: ChunkPtr, shape: impl Shape) {
        if self.front.recent().is_null() {
            self.front.set_recent(chunk.get().as_ptr());
        } else {
            // SAFETY: (1).
            unsafe { self.front.put(chunk, shape) };
        }
    }

    /// Gives the store the blocks that other threads freed as a whole, but for the reserve. False if there are none.
    pub(crate) fn return_collected(self) -> bool {
        self.collect();
        let found = self.empty_count.get() > RESERVE;
        self.trim(RESERVE);
        found
    }

    /// The last chunk of a block is being freed by the owner; its word `last` is to become all ones.
    pub(crate) fn block_emptied(self, block: Block<Threads>, last: &AtomicU64) {
        // With a handle the pool cannot close meanwhile, so its blocks and lists stay. Without one it is closing or
        // closed, and all there is to do is account.
        let handle = self.pool.try_add_handle();
        last.publish(u64::MAX);
        if let Some(handle) = handle {
            self.set_aside(block);
            self.trim(RESERVE);
            drop(handle);
        }
    }
}

/// Takes a chunk back from any thread, to whatever pool it came from.
///
/// # Safety
///
/// 1. `chunk` came from a thread-safe pool, with that shape, and has not been given back since.
/// 2. Nobody touches its bytes after this call.
#[inline(always)]
#[track_caller]
pub(crate) unsafe fn free(chunk: ChunkPtr, shape: impl Shape) {
    // SAFETY: (1).
    let (block, at) = unsafe { chunk.place::<Threads>(shape) };
    if CHECKS {
        check_freed(chunk, block, at);
    }
    if WATCHED {
        let pool = block.header().owner.shard().pool;
        watch::freed::<Threads>(chunk, &pool.geometry, pool.layout);
    }
    let id = block.header().owner.id();
    if id.bits() == LAST_ID.get() {
        // SAFETY: it is this block's shard (T5), which is not null.
        let shard = unsafe { NonNull::new_unchecked(LAST.get()) };
        // SAFETY: it is alive, since one of its chunks is live (T3).
        let shard = unsafe { ShardPtr::new(shard) };
        // SAFETY: (1) and (2); the block is the shard's, and the shard this thread's.
        unsafe { shard.free(chunk, shape) };
    } else {
        // SAFETY: (1) and (2).
        unsafe { free_elsewhere(chunk, block, at) };
    }
}

std::thread_local! {
    /// The shard of this thread that it freed into last, while it has its index, and the shard's [`ShardId`].
    ///
    /// Every chunk leads to its shard. But then the next allocation, which looks at what the free has stored there, waits until
    /// it is known where that was: until the block of the chunk, which was stored there too, has been read. From here
    /// it is known at once (`pair` in the threads' benches).
    static LAST: Cell<*mut Shard> = const { Cell::new(core::ptr::null_mut()) };
    static LAST_ID: Cell<u64> = const { Cell::new(ShardId::NONE.bits()) };
}

/// This thread's shards are no longer its own.
pub(super) fn forget_last() {
    LAST_ID.set(ShardId::NONE.bits());
}

/// Takes a chunk back whose block is another shard's than the last one's.
///
/// A call, so that the usual path has no registers to save for it.
///
/// # Safety
///
/// 1. As [`free`], for a chunk at that place.
#[inline(never)]
unsafe fn free_elsewhere(chunk: ChunkPtr, block: Block<Threads>, at: BitIndex) {
    let owner = &block.header().owner;
    if owner.id().index() == thread_index::current() {
        let shard = owner.shard();
        LAST.set(shard.0.as_ptr());
        LAST_ID.set(shard.id.bits());
        // SAFETY: (1); the block is the shard's, and the shard this thread's (T1).
        unsafe { shard.free(chunk, shard.pool.geometry) };
    } else {
        // SAFETY: (1).
        unsafe { block.free_remotely(at) };
    }
}

/// Says clearly what is wrong with a chunk that is given back, if that can be seen without a lock, which would hide races from
/// those who look for them. Of a live chunk all that is read here was written before it was handed out, so there is no false
/// alarm.
///
/// With `hardened` it is exact: no hand has a word of chunks (reuse.rs), so each free chunk can be seen, by its bit or in
/// `recent`.
#[track_caller]
fn check_freed(chunk: ChunkPtr, block: Block<Threads>, at: BitIndex) {
    block.check_header(chunk);
    let owner = &block.header().owner;
    let shard = owner.shard();
    let geometry = &shard.pool.geometry;
    let offset = geometry.offset_in_block(chunk.get().addr().get());
    if geometry.exact_index(offset).is_none_or(|index| index >= block.chunks()) {
        misaligned(chunk);
    }
    // SAFETY: a chunk's word.
    let local = unsafe { block.word(at.word) };
    // SAFETY: the same.
    let remote = unsafe { block.remote_word(at.word) };
    let mut free = local.get() & at.mask() != 0 || shard.front.recent() == chunk.get().as_ptr();
    if remote.get() & at.mask() != 0 {
        // Of a closed pool's outstanding chunks too (C4). Looked at again: if the closer set the bit, the pool is seen
        // closed after that.
        free |= remote.observe() & at.mask() != 0 && shard.pool.is_open();
    }
    if owner.id().index() == thread_index::current() {
        // Only the owner can read word and base together. What it freed itself may be in its hand again.
        let (bits, base) = shard.front.word();
        let behind = chunk.get().addr().get().wrapping_sub(base.addr()) / geometry.stride();
        free |= behind < 64 && bits & (1 << behind) != 0;
    }
    if free {
        double_free(chunk);
    }
}

#[cold]
#[track_caller]
fn misaligned(chunk: ChunkPtr) -> ! {
    panic!("misaligned pointer: {:p} lies in this pool but is not the start of a chunk", chunk.get());
}

#[cold]
#[track_caller]
fn double_free(chunk: ChunkPtr) -> ! {
    panic!("double free: chunk {:p} is already free", chunk.get());
}

impl Shard {
    pub(crate) const fn layout() -> core::alloc::Layout {
        core::alloc::Layout::new::<Self>()
    }

    pub(crate) fn new(pool: SharedPtr, id: ShardId) -> Self {
        let reuse = pool.reuse;
        Self {
            front: Front::new(reuse),
            empties: BlockList::new(reuse),
            empty_count: Cell::new(0),
            id,
            pool,
            looked_at: Cell::new(0),
            loot: Cell::new(0),
            pending: Pending::default(),
        }
    }

    /// Puts a block of free chunks with the shard's empty ones. While the pool has a handle.
    pub(crate) fn set_aside(&self, block: Block<Threads>) {
        if block.is_pending() {
            // It is looked at again by `collect`.
            return;
        }
        if block.header().listed.get() {
            self.front.room.remove(block);
        }
        self.empties.push(block);
        self.empty_count.set(self.empty_count.get() + 1);
    }

    /// Gives the store what the shard has more than `reserve` empty blocks, and the parent what the store has too much.
    pub(crate) fn trim(&self, reserve: usize) {
        if self.empty_count.get() > reserve {
            self.pool.with_locked(|locked| self.trim_into(reserve, &locked.stores));
            self.pool.settle(false);
        }
    }

    pub(crate) fn trim_into(&self, reserve: usize, stores: &Stores) {
        while self.empty_count.get() > reserve {
            let Some(block) = self.pop_empty() else { return };
            block.header().owner.disown();
            stores.take_back(block, &self.pool.geometry);
        }
    }

    pub(crate) fn empty_count(&self) -> usize {
        self.empty_count.get()
    }

    /// Puts a word of chunks into the hand, which is empty, or one of them if the hand has no more; the others go back to
    /// their block.
    pub(crate) fn set_hand(&self, bits: u64, base: *mut u8) {
        assert_eq!(self.front.word().0, 0, "chunks in the hand would be lost");
        let (mine, others) = self.front.split_word(bits);
        self.front.set_word(mine, base);
        self.put_back(others, base, &self.pool.geometry);
    }

    fn pop_empty(&self) -> Option<Block<Threads>> {
        let block = self.empties.first()?;
        self.empties.remove(block);
        self.empty_count.set(self.empty_count.get() - 1);
        Some(block)
    }

    /// A free chunk that the shard has itself.
    ///
    /// Leaves more empty blocks than the reserve behind if `collect` found them; see `trim`.
    pub(crate) fn take(&self) -> Option<ChunkPtr> {
        let geometry = &self.pool.geometry;
        loop {
            // SAFETY: the pool's stride.
            if let Some(chunk) = unsafe { self.front.take(geometry.stride()) } {
                return Some(chunk);
            }
            if self.refill() {
                continue;
            }
            self.front.room.push(self.pop_empty()?);
        }
    }

    /// Takes a word of free chunks into the hand, after a look at what other threads freed. Not from empty blocks.
    pub(crate) fn refill(&self) -> bool {
        let geometry = &self.pool.geometry;
        if self.front.refill(geometry) {
            return true;
        }
        self.collect();
        self.front.refill(geometry)
    }

    /// Puts the chunks in the hand back into their blocks, whosever they are. While the pool has a handle.
    pub(crate) fn flush(&self) {
        let geometry = &self.pool.geometry;
        let (bits, base) = self.front.word();
        self.front.set_word(0, base);
        self.put_back(bits, base, geometry);
        if let Some(recent) = self.front.recent_chunk() {
            self.front.clear_recent();
            self.put_back(1, recent.as_ptr(), geometry);
        }
    }

    /// Gives back the chunks that are `i` strides behind `base`, for the bits `i` of `bits`.
    fn put_back(&self, bits: u64, base: *mut u8, geometry: &Geometry) {
        let Some(base) = NonNull::new(base).filter(|_| bits != 0) else { return };
        // SAFETY: what a hand holds are chunks (H2).
        let first = unsafe { ChunkPtr::new(base) };
        // SAFETY: the pool's geometry.
        let (block, at) = unsafe { first.place::<Threads>(*geometry) };
        if core::ptr::eq(block.header().owner.shard().0.as_ptr(), self) {
            // SAFETY: the word of a chunk in a block of this shard's.
            unsafe { self.front.merge(block, at.word, bits << at.bit) };
            if block.is_full_of_free_chunks() {
                self.set_aside(block);
            }
        } else {
            // Taken from a shard without a thread (raid.rs).
            for bit in (0..64).filter(|bit| bits & (1 << bit) != 0) {
                // SAFETY: what a hand holds are chunks of one word, which are nobody else's (H1, H2).
                unsafe { block.free_remotely(BitIndex { word: at.word, bit: at.bit + bit }) };
            }
        }
    }
}
