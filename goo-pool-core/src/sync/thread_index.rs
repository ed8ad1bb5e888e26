//! Small numbers for the threads of this process, used again after a thread has ended.
//!
//! An index stands for the shards that have it, in all pools: who has the index may use them (T1). A thread gets one
//! when it first allocates, and gives it back in a thread-local destructor. From then on the thread has none:
//! what later destructors free is a remote free, and what they allocate comes from the pool's guest shard.
//!
//! Plain atomics, and nothing waits.

use core::cell::Cell;
use core::sync::atomic::{AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

/// What a thread without an index has. No block belongs to it.
pub(crate) const NONE: u32 = 0;
/// Indices go from 1 to below this. More threads at a time allocate as guests.
pub(crate) const LIMIT: u32 = 1 << 14;

/// Bit `i` is 1 while index `i` is somebody's.
static TAKEN: [AtomicU64; LIMIT as usize / 64] = {
    // Index 0 is `NONE`.
    let mut words = [const { AtomicU64::new(0) }; LIMIT as usize / 64];
    words[0] = AtomicU64::new(1);
    words
};

std::thread_local! {
    // No destructors, so that these can be used until the thread's very end, and cost one access.
    static INDEX: Cell<u32> = const { Cell::new(NONE) };
    /// How many [`Kept`] there are.
    static KEPT: Cell<usize> = const { Cell::new(0) };
    /// The index that the last [`Kept`] has to release, because the thread's lease is over.
    static OVERDUE: Cell<u32> = const { Cell::new(NONE) };
    /// Set while this thread's lease is being registered. Where that allocates, the global allocator may be built on a pool, and
    /// comes back here.
    static REGISTERING: Cell<bool> = const { Cell::new(false) };
    static LEASE: Lease = const { Lease };
}

/// Its destructor ends this thread's having an index.
struct Lease;

/// An index that no thread had, claimed for a while. Whoever has it may use the shards with that index.
pub(crate) struct Claim(u32);

/// Keeps this thread's index from being released, also beyond the thread's lease.
pub(crate) struct Kept {
    /// `!Send`: it is this thread's.
    _thread: core::marker::PhantomData<*mut ()>,
}

/// This thread's index, or [`NONE`].
#[inline(always)]
pub(crate) fn current() -> u32 {
    INDEX.get()
}

/// This thread's index. Takes the lowest free one if the thread has none yet; `None` if it has none any more, all
/// are taken, or this is called while it takes one.
pub(crate) fn current_or_new() -> Option<u32> {
    if current() == NONE && !REGISTERING.replace(true) {
        // While the lease's destructor has not run; it will.
        let registered = LEASE.try_with(|_| INDEX.set(lowest_free().unwrap_or(NONE)));
        REGISTERING.set(false);
        registered.ok()?;
    }
    Some(current()).filter(|&index| index != NONE)
}

fn lowest_free() -> Option<u32> {
    (0..LIMIT / 64).find_map(|word| {
        loop {
            // ORDERING: Relaxed: only a hint; the claim decides.
            let free = !TAKEN[word as usize].load(Relaxed);
            if free == 0 {
                return None;
            }
            let index = word * 64 + free.trailing_zeros();
            if try_take(index) {
                return Some(index);
            }
        }
    })
}

/// False if somebody has the index.
fn try_take(index: u32) -> bool {
    let bit = 1 << (index % 64);
    // ORDERING: Acquire pairs with the Release in `release`.
    TAKEN[index as usize / 64].fetch_or(bit, Acquire) & bit == 0
}

fn release(index: u32) {
    // ORDERING: Release pairs with the Acquire in `try_take`: the next one to have the index sees the shards as this
    // one left them, and, if it was claimed for a moment by who closed a pool, that the pool is closed.
    TAKEN[index as usize / 64].fetch_and(!(1 << (index % 64)), Release);
}

impl Claim {
    /// `None` if somebody has the index.
    pub(crate) fn new(index: u32) -> Option<Self> {
        // Not `then_some`, which would make a claim in any case, and drop it.
        try_take(index).then(|| Self(index))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        release(self.0);
    }
}

impl Kept {
    pub(crate) fn new() -> Self {
        KEPT.set(KEPT.get() + 1);
        Self { _thread: core::marker::PhantomData }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        KEPT.set(KEPT.get() - 1);
        if KEPT.get() == 0 && OVERDUE.get() != NONE {
            release(OVERDUE.replace(NONE));
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // First: what this thread frees from now on must not touch its shards.
        let index = INDEX.replace(NONE);
        super::shard::forget_last();
        if index != NONE {
            if KEPT.get() == 0 {
                release(index);
            } else {
                OVERDUE.set(index);
            }
        }
        super::closing::look_over();
    }
}
