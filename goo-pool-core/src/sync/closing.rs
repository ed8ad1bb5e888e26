//! A pool that closes while some of its chunks are live, perhaps being freed at this moment.
//!
//! Nobody waits, and an open pool pays nothing for it. Two rules make that safe. A free accounts for its chunk with its
//! last touch of the memory (C1), so what it touches is there as long as the chunk is not accounted for. And each chunk is
//! accounted for once: when the last handle goes, the closer takes every remote word, sets its bits, and counts as
//! free what is free there, in the local word, or in a shard's hand. The rest is *outstanding*: its remote bits stay set (C4),
//! and a later remote free, which finds its own bit set, counts itself off its segment. Who counts to zero gives
//! the segment back, and the pool with its last one.
//!
//! A local free that was under way may show its bit after the closer has looked. So a closed pool that a running
//! thread may be freeing in stands in the *graveyard* until its end, and cold steps of any pool look it over for chunks
//! that are outstanding and free locally.

use std::cell::Cell;
use std::ops::DerefMut;
use std::sync::atomic::{AtomicU64, Ordering::AcqRel, Ordering::Relaxed};

use super::kind::Threads;
use super::lock::Lock;
use super::returned::Returned;
use super::shared::{Held, SharedPtr};
use super::thread_index::{self, Claim};
use crate::block::{Block, ChunkPtr};
use crate::error::BuildError;
use crate::failure::obtain_once;
use crate::kind::Register;
use crate::segment::Segment;
use crate::watch::CHECKS;

/// Added to a segment's count while its chunks are being counted, so that nobody counts down to zero meanwhile.
const COUNTING: usize = 1 << (usize::BITS - 1);

static GRAVEYARD: Lock<Graveyard> = Lock::new(Graveyard { first: None });

/// The closed pools in which a local free may have been under way. All that is done to a closed pool, but counting off
/// a chunk, is done under this lock; the parents are called when it is released.
struct Graveyard {
    first: Option<SharedPtr>,
}

// SAFETY: the pools in the list are used under the lock.
unsafe impl Send for Graveyard {}

/// A pool's part in the graveyard; used under its lock.
#[derive(Default)]
pub(crate) struct Closed {
    listed: Cell<bool>,
    next: Cell<Option<SharedPtr>>,
    /// An open pool like this one, for who wants a handle to it; has a handle of its own.
    pub(crate) successor: Cell<Option<SharedPtr>>,
}

/// What becomes of a closed pool's memory when the graveyard's lock is released. In this order.
struct End {
    segments: Returned,
    pool: Option<Destroyed>,
}

struct Destroyed(SharedPtr);

fn graveyard() -> impl DerefMut<Target = Graveyard> {
    GRAVEYARD.lock()
}

/// Closes a pool without a handle. It may be gone afterwards.
pub(crate) fn close(pool: SharedPtr) {
    let mut end = End::new(pool);
    {
        let mut graveyard = graveyard();
        // In this order (C5).
        pool.disown_blocks();
        if pool.has_threads_but_this() {
            graveyard.add(pool);
        }
        pool.count_chunks();
        pool.for_each_segment(|segment| {
            if segment.count_off(COUNTING) {
                graveyard.bury(pool, segment, &mut end);
            }
        });
        graveyard.end_if_empty(pool, &mut end);
    }
    drop(end);
    look_over();
}

/// Looks for chunks of closed pools that were freed locally after they had been counted. Calls the parents of those that
/// end, so nothing may be half done.
pub(crate) fn look_over() {
    loop {
        let end = graveyard().next_end();
        // With the lock released: this calls parents.
        if end.is_none() {
            return;
        }
    }
}

/// Accounts for a chunk of a closed pool, which is not free locally.
#[cold]
#[inline(never)]
pub(crate) fn free_outstanding(block: Block<Threads>) {
    // Before the count: afterwards this may all be gone.
    let segment = block.header().segment;
    let pool = block.header().owner.shard().pool;
    assert!(!CHECKS || !pool.is_open(), "double free of a chunk in {block:?}");
    if segment.count_off(1) {
        let mut end = End::new(pool);
        graveyard().bury(pool, segment, &mut end);
    }
}

/// Gives all memory of a pool back at once, live chunks or not.
///
/// # Safety
///
/// 1. Nobody uses the pool or a chunk of it any more.
pub(crate) unsafe fn end(pool: SharedPtr) {
    let mut end = End::new(pool);
    pool.for_each_segment(|segment| end.segments.push(segment));
    end.pool = Some(Destroyed(pool));
}

/// A handle, which the caller has to release, to the successor of a closed pool; for who has a live chunk of the pool.
pub(crate) fn successor(pool: SharedPtr) -> Result<SharedPtr, BuildError> {
    let existing = || {
        let _graveyard = graveyard();
        let successor = pool.closed.successor.get()?;
        // It has the closed pool's handle.
        successor.add_handle();
        Some(successor)
    };
    if let Some(successor) = existing() {
        return Ok(successor);
    }
    let config = pool.with_locked(|locked| locked.stores.all()[0].config.clone());
    let new = SharedPtr::create(pool.layout, *pool.geometry, config, pool.parent.clone(), obtain_once)?;
    {
        let _graveyard = graveyard();
        if pool.closed.successor.get().is_none() {
            new.add_handle();
            pool.closed.successor.set(Some(new));
            return Ok(new);
        }
    }
    // Another thread was faster.
    new.release_handle();
    Ok(existing().unwrap_or_else(|| unreachable!("a successor stays as long as a chunk of its pool is live")))
}

impl Graveyard {
    fn add(&mut self, pool: SharedPtr) {
        pool.closed.listed.set(true);
        pool.closed.next.set(self.first.replace(pool));
    }

    fn iter(&self) -> impl Iterator<Item = SharedPtr> + use<> {
        std::iter::successors(self.first, |pool| pool.closed.next.get())
    }

    fn remove(&mut self, pool: SharedPtr) {
        if !pool.closed.listed.get() {
            return;
        }
        let next = pool.closed.next.get();
        match self.iter().find(|other| other.closed.next.get() == Some(pool)) {
            Some(before) => before.closed.next.set(next),
            None => self.first = next,
        }
    }

    /// Takes a segment without outstanding chunks out of its closed pool.
    fn bury(&mut self, pool: SharedPtr, segment: Segment, end: &mut End) {
        pool.with_locked(|locked| locked.stores.of(segment).segments.unlink(segment));
        end.segments.push(segment);
        self.end_if_empty(pool, end);
    }

    fn end_if_empty(&mut self, pool: SharedPtr, end: &mut End) {
        if end.pool.is_none() && pool.with_locked(|locked| locked.stores.segments().next().is_none()) {
            self.remove(pool);
            end.pool = Some(Destroyed(pool));
        }
    }

    /// What can go back of the first pool of which something can.
    fn next_end(&mut self) -> Option<End> {
        self.iter().find_map(|pool| {
            let mut end = None;
            let mut empty = |segment| self.bury(pool, segment, end.get_or_insert_with(|| End::new(pool)));
            pool.count_held(&mut empty);
            pool.for_each_segment(|segment| {
                let late = segment.cut_blocks(&pool.geometry).map(count_late).sum();
                if late != 0 && segment.count_off(late) {
                    empty(segment);
                }
            });
            end
        })
    }
}

impl SharedPtr {
    /// Each segment, which may leave the list in its turn.
    fn for_each_segment(self, mut visit: impl FnMut(Segment)) {
        for mut next in self.with_locked(|locked| locked.stores.firsts()) {
            while let Some(segment) = next {
                next = segment.record().next.get();
                visit(segment);
            }
        }
    }

    /// Makes all blocks nobody's.
    fn disown_blocks(self) {
        self.for_each_segment(|segment| {
            segment.cut_blocks(&self.geometry).for_each(|block: Block<Threads>| block.header().owner.disown());
        });
    }

    /// Finds out what is outstanding (C3), plus `COUNTING` for each segment.
    fn count_chunks(self) {
        self.for_each_segment(|segment| {
            // ORDERING: Relaxed: published by `count_block`.
            segment.record().outstanding.store(COUNTING, Relaxed);
            let live = segment.cut_blocks(&self.geometry).map(count_block).sum();
            // ORDERING: Relaxed: whoever counts to zero comes after the closer's own `count_off`.
            segment.record().outstanding.fetch_add(live, Relaxed);
        });
        self.count_held(&mut |_| debug_assert!(false, "not while the chunks are being counted"));
    }

    /// Whether a thread besides this one, which is closing the pool, may be in the middle of a local free. Comes after
    /// the blocks were disowned: who gets one of these indices later knows of that, since the claim releases it. And
    /// before the chunks are counted: what a thread that has ended freed is counted, since the claim acquires it.
    fn has_threads_but_this(self) -> bool {
        let this = thread_index::current();
        self.shards.iter().any(|shard| shard.id.index() != this && Claim::new(shard.id.index()).is_none())
    }

    /// Counts off what the shards hold in their hands and nobody can take any more.
    fn count_held(self, emptied: &mut impl FnMut(Segment)) {
        let guest = self.with_locked(|locked| locked.guest.get());
        for shard in self.shards.iter().chain(guest) {
            let (bits, base) = shard.front.word();
            shard.front.set_word(0, base);
            self.count_off_held(bits, base, emptied);
            if let Some(recent) = shard.front.observe_recent() {
                // The owner stores another only after it has seen that there is none, so nothing is lost.
                shard.front.clear_recent();
                self.count_off_held(1, recent.as_ptr(), emptied);
            }
        }
    }

    /// The chunks `i` strides behind `base`, for the bits `i`.
    fn count_off_held(self, bits: u64, base: *mut u8, emptied: &mut impl FnMut(Segment)) {
        let Some(base) = std::ptr::NonNull::new(base).filter(|_| bits != 0) else { return };
        // SAFETY: what a hand holds are chunks (H2), and they are not accounted for before this.
        let first = unsafe { ChunkPtr::new(base) };
        // SAFETY: the pool's geometry.
        let (block, at) = unsafe { first.place::<Threads>(self.geometry) };
        let segment = block.header().segment;
        // SAFETY: the word of a chunk.
        let remote = unsafe { block.remote_word(at.word) };
        if segment.count_off(count_word(remote, bits << at.bit)) {
            emptied(segment);
        }
    }
}

/// Counts a block's outstanding chunks. Their remote bits are 1 then, and the others' 0 (C4).
fn count_block(block: Block<Threads>) -> usize {
    let count = |(local, remote, chunks): (&AtomicU64, &AtomicU64, u64)| {
        // ORDERING: Release pairs with the Acquire in `free_remotely`: who finds its bit set finds the segment's count.
        // Acquire pairs with the Release there: those frees are over.
        let free = remote.swap(u64::MAX, AcqRel) | local.observe();
        let outstanding = !free & chunks;
        // Frees meanwhile are of outstanding chunks alone, and leave their bits as they are.
        // ORDERING: Relaxed: who reads this value, or one made from it, still reads on from the swap's Release.
        remote.fetch_and(outstanding, Relaxed);
        outstanding.count_ones() as usize
    };
    block.both_bitmaps().map(count).sum()
}

/// Outstanding chunks of a block that are free locally, which are so no longer.
fn count_late(block: Block<Threads>) -> usize {
    block.both_bitmaps().map(|(local, remote, chunks)| count_word(remote, local.observe() & chunks)).sum()
}

/// How many of a word's free chunks are outstanding; they are so no longer.
fn count_word(remote: &AtomicU64, free: u64) -> usize {
    // ORDERING: Relaxed: under the graveyard's lock, nobody else changes these bits.
    let late = free & remote.load(Relaxed);
    if late != 0 {
        // ORDERING: Relaxed: nobody frees these chunks any more, so nobody looks at their bits.
        remote.fetch_and(!late, Relaxed);
    }
    late.count_ones() as usize
}

impl Segment {
    /// Accounts for so many outstanding chunks. True if they were the last: the segment is the caller's.
    fn count_off(self, chunks: usize) -> bool {
        // ORDERING: Release, and Acquire for the last: all that was done with the chunks comes before the memory goes.
        chunks != 0 && self.record().outstanding.fetch_sub(chunks, AcqRel) == chunks
    }
}

impl End {
    fn new(pool: SharedPtr) -> Self {
        Self { segments: Returned::new(&pool.parent), pool: None }
    }
}

impl Drop for Destroyed {
    fn drop(&mut self) {
        // Released also if the parent panics.
        let _successor = self.0.closed.successor.take().map(Held);
        // SAFETY: the pool has no segment any more, so no chunk and no handle, and it is in no list.
        unsafe { self.0.destroy() };
    }
}
