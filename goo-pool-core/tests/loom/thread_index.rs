//! Indices that threads leave behind and others claim, with the shards that belong to them (thread_index.rs, raid.rs).

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::AtomicU64;
use loom::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use loom::thread;

use crate::explore::explore;
use crate::weakening::{in_order, order};

/// The indices 0 and 1, each with its shard.
struct Indices {
    taken: AtomicU64,
    shards: [Shard; 2],
}

/// With one block of one chunk.
struct Shard {
    /// What only the owner uses.
    own: UnsafeCell<()>,
    pending: AtomicU64,
    remote: AtomicU64,
}

impl Indices {
    fn new(taken: u64) -> Arc<Self> {
        let shard = || Shard { own: UnsafeCell::new(()), pending: AtomicU64::new(0), remote: AtomicU64::new(0) };
        Arc::new(Self { taken: AtomicU64::new(taken), shards: [shard(), shard()] })
    }

    /// `lowest_free`.
    fn lowest_free(&self) -> usize {
        loop {
            let free = !self.taken.load(Relaxed);
            let index = free.trailing_zeros() as usize;
            if self.claim(index) {
                return index;
            }
        }
    }

    /// `try_take`.
    fn claim(&self, index: usize) -> bool {
        self.taken.fetch_or(1 << index, order("thread_index.rs try_take", Acquire)) & (1 << index) == 0
    }

    /// `release`.
    fn release(&self, index: usize) {
        self.taken.fetch_and(!(1 << index), order("thread_index.rs release", Release));
    }

    /// What the owner of a shard does: how many chunks it finds.
    fn use_shard(&self, index: usize) -> u64 {
        let shard = &self.shards[index];
        shard.own.with_mut(|_| ());
        if shard.pending.swap(0, Acquire) == 0 { 0 } else { shard.remote.swap(0, Acquire) }
    }
}

#[test]
fn a_claimed_shard_is_as_its_thread_left_it() {
    explore([0, 1], || {
        let indices = Indices::new(1);
        let its = indices.clone();
        let ending = thread::spawn(move || {
            its.use_shard(0);
            its.release(0);
        });
        let claimed = indices.claim(0);
        if claimed {
            indices.use_shard(0);
            indices.release(0);
        }
        ending.join().unwrap();
        u64::from(claimed)
    });
}

/// A pool closes, and no thread has the index of its block's owner (`has_threads_but_this`). A new thread that gets the
/// index later does not take the block for its own.
#[test]
fn who_gets_an_index_knows_of_the_pools_closed_before() {
    const NOBODY: u64 = u64::MAX;
    const NEW_THREAD_SEEN: u64 = 1;
    const OLD_OWNER_SEEN: u64 = 2;
    explore([0, NEW_THREAD_SEEN, NEW_THREAD_SEEN | OLD_OWNER_SEEN], || {
        let indices = Indices::new(0);
        let owner = Arc::new(AtomicU64::new(0));
        let (its, its_owner) = (indices.clone(), owner.clone());
        let starting = thread::spawn(move || {
            // While the closer has claimed it, this thread would take another.
            its.claim(0) && its_owner.load(Relaxed) != NOBODY
        });
        // `Owner::disown`.
        owner.store(NOBODY, Relaxed);
        let is_taken = !indices.claim(0);
        if !is_taken {
            indices.release(0);
        }
        let sees_old_owner = starting.join().unwrap();
        assert!(is_taken || !sees_old_owner, "a local free that nobody looks for");
        u64::from(is_taken) * NEW_THREAD_SEEN | u64::from(sees_old_owner) * OLD_OWNER_SEEN
    });
}

/// A pool closes while the last thread that has a shard in it frees a chunk, and ends. That free is counted, or somebody
/// looks for it later.
#[test]
fn what_a_thread_freed_before_it_ended_is_counted() {
    const NOBODY: u64 = u64::MAX;
    const LISTED: u64 = 1;
    const FREED_LOCALLY: u64 = 2;
    const COUNTED: u64 = 4;
    explore([0, LISTED, LISTED | FREED_LOCALLY, FREED_LOCALLY | COUNTED, LISTED | FREED_LOCALLY | COUNTED], || {
        let indices = Indices::new(1);
        let (owner, local) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (its, its_owner, its_local) = (indices.clone(), owner.clone(), local.clone());
        let ending = thread::spawn(move || {
            // `shard::free`; without an owner it is a remote one.
            let freed_locally = its_owner.load(Relaxed) != NOBODY;
            if freed_locally {
                its_local.store(1, Release);
            }
            its.release(0);
            freed_locally
        });
        // `SharedPtr::disown_blocks`.
        owner.store(NOBODY, Relaxed);
        let (mut is_taken, mut counted) = (false, 0);
        let look = || {
            is_taken = !indices.claim(0);
            if !is_taken {
                indices.release(0);
            }
        };
        let count = || counted = local.load(Acquire);
        in_order("closing.rs has_threads_but_this, count_chunks", look, count);
        let freed_locally = ending.join().unwrap();
        assert!(is_taken || !freed_locally || counted == 1, "a local free that nobody looks for");
        u64::from(is_taken) * LISTED | u64::from(freed_locally) * FREED_LOCALLY | counted * COUNTED
    });
}

#[test]
fn no_two_threads_have_an_index_at_once() {
    // Both at once, in either order, or one after the other.
    explore([0b00, 0b01, 0b10], || {
        let indices = Indices::new(0);
        let threads = [(); 2].map(|()| {
            let indices = indices.clone();
            thread::spawn(move || {
                let index = indices.lowest_free();
                indices.use_shard(index);
                indices.release(index);
                index as u64
            })
        });
        let [one, other] = threads.map(|thread| thread.join().unwrap());
        assert_eq!(indices.taken.load(Relaxed), 0);
        one << 1 | other
    });
}

/// A chunk freed remotely while its block's thread ends is found by that thread or the next one.
#[test]
fn a_remote_free_to_a_thread_that_ends_is_found_once() {
    const BY_THE_ENDING: u64 = 0;
    const BY_THE_NEXT: u64 = 1;
    const BY_A_SWEEP: u64 = 2;
    explore([BY_THE_ENDING, BY_THE_NEXT, BY_A_SWEEP], || {
        let indices = Indices::new(1);
        let (its, others) = (indices.clone(), indices.clone());
        let ending = thread::spawn(move || {
            let found = its.use_shard(0);
            its.release(0);
            found
        });
        let freeing = thread::spawn(move || {
            others.shards[0].pending.swap(1, Release);
            others.shards[0].remote.fetch_or(1, AcqRel);
        });
        let mut by_next = 0;
        if indices.claim(0) {
            by_next = indices.use_shard(0);
            indices.release(0);
        }
        let by_ending = ending.join().unwrap();
        freeing.join().unwrap();
        assert!(indices.claim(0));
        let by_sweep = indices.shards[0].remote.swap(0, Acquire);
        assert_eq!(by_ending + by_next + by_sweep, 1);
        by_next * BY_THE_NEXT + by_sweep * BY_A_SWEEP
    });
}
