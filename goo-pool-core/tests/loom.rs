//! Models of the thread-safe pool's protocols: the same atomics in the same order as the code they name, with a
//! `loom::cell::UnsafeCell` for the memory that they hand over. Loom runs every interleaving.
//!
//! ```text
//! RUSTFLAGS="--cfg goo_loom" cargo test --release -p goo-pool-core --test loom
//! ```
#![cfg(goo_loom)]

use loom::cell::UnsafeCell;
use loom::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use loom::sync::atomic::{AtomicU64, AtomicUsize};
use loom::sync::{Arc, Mutex};
use loom::thread;

/// A block with two chunks in one word, of a segment of its own (remote.rs, closing.rs).
struct Block {
    local: AtomicU64,
    remote: AtomicU64,
    marks: AtomicU64,
    /// The pending stack: whether the block is on it.
    pending: AtomicU64,
    /// Written by whoever takes the block off the stack, and by whoever pushes it.
    link: UnsafeCell<()>,
    recent: AtomicUsize,
    outstanding: AtomicUsize,
    /// The chunks' bytes.
    chunks: [UnsafeCell<u64>; 2],
    /// All that a free touches besides; `with_mut` is the memory's going back.
    memory: UnsafeCell<()>,
    returned: AtomicUsize,
}

const COUNTING: usize = 1 << 32;
const BOTH: u64 = 0b11;

impl Block {
    fn new() -> Self {
        Self {
            local: AtomicU64::new(0),
            remote: AtomicU64::new(0),
            marks: AtomicU64::new(0),
            pending: AtomicU64::new(0),
            link: UnsafeCell::new(()),
            recent: AtomicUsize::new(0),
            outstanding: AtomicUsize::new(0),
            chunks: [UnsafeCell::new(0), UnsafeCell::new(0)],
            memory: UnsafeCell::new(()),
            returned: AtomicUsize::new(0),
        }
    }

    /// `Block::free_remotely`.
    fn free_remotely(&self, chunk: usize) {
        self.chunks[chunk].with_mut(|_| ());
        self.memory.with(|_| ());
        if self.marks.load(Relaxed) & 1 == 0 && self.marks.fetch_or(1, AcqRel) == 0 {
            self.link.with_mut(|_| ());
            assert_eq!(self.pending.swap(1, Release), 0, "pushed twice");
        }
        if self.remote.fetch_or(1 << chunk, AcqRel) & (1 << chunk) != 0 {
            self.count_off(1);
        }
    }

    /// `Shard::collect`: which chunks are free now.
    fn collect(&self) -> u64 {
        if self.pending.swap(0, Acquire) == 0 {
            return 0;
        }
        self.link.with(|_| ());
        let words = self.marks.swap(0, AcqRel);
        if words == 0 { 0 } else { self.use_chunks(self.remote.swap(0, Acquire)) }
    }

    /// `Locked::sweep`, and the collect that follows it.
    fn sweep(&self) -> u64 {
        if self.remote.load(Relaxed) != 0 && self.marks.fetch_or(1, AcqRel) == 0 {
            self.link.with_mut(|_| ());
            self.pending.swap(1, Release);
        }
        self.collect()
    }

    /// What the next owner of the chunks does with them.
    fn use_chunks(&self, bits: u64) -> u64 {
        (0..2).filter(|chunk| bits & (1 << chunk) != 0).for_each(|chunk| self.chunks[chunk].with_mut(|_| ()));
        bits
    }

    /// The bit of `ShardPtr::free`: what it touches first, and the store that comes last.
    fn free_locally(&self, chunk: usize) {
        self.chunks[chunk].with_mut(|_| ());
        self.memory.with(|_| ());
        let before = self.local.load(Relaxed);
        self.local.store(before | 1 << chunk, Release);
    }

    /// The same by way of `recent`.
    fn free_to_recent(&self, chunk: usize) {
        self.chunks[chunk].with_mut(|_| ());
        self.memory.with(|_| ());
        if self.recent.load(Relaxed) == 0 {
            self.recent.store(chunk + 1, Release);
        } else {
            let before = self.local.load(Relaxed);
            self.local.store(before | 1 << chunk, Release);
        }
    }

    /// `Segment::count_off`.
    fn count_off(&self, chunks: usize) {
        if chunks != 0 && self.outstanding.fetch_sub(chunks, AcqRel) == chunks {
            self.memory.with_mut(|_| ());
            (0..2).for_each(|chunk| self.chunks[chunk].with_mut(|_| ()));
            assert_eq!(self.returned.fetch_add(1, Relaxed), 0, "returned twice");
        }
    }

    /// `closing::close`, under the graveyard's lock.
    fn close(&self, graveyard: &Mutex<bool>) {
        let mut closed = graveyard.lock().unwrap();
        *closed = true;
        self.outstanding.store(COUNTING, Relaxed);
        let free = self.remote.swap(u64::MAX, AcqRel) | self.observe_local();
        self.remote.store(!free & BOTH, Release);
        self.outstanding.fetch_add((!free & BOTH).count_ones() as usize, Relaxed);
        self.count_recent();
        self.count_off(COUNTING);
    }

    /// `Register::observe`. Loom does not by itself try a plain load after a store that another thread does later, so
    /// this lets the others go first, and loom tries the rest.
    fn observe_local(&self) -> u64 {
        thread::yield_now();
        self.local.load(Acquire)
    }

    fn count_recent(&self) {
        thread::yield_now();
        let recent = self.recent.load(Acquire);
        if recent != 0 {
            self.recent.store(0, Relaxed);
            self.count_off(self.count_word(1 << (recent - 1)));
        }
    }

    fn count_word(&self, free: u64) -> usize {
        let late = free & self.remote.load(Relaxed) & BOTH;
        self.remote.fetch_and(!late, Relaxed);
        late.count_ones() as usize
    }

    /// `closing::look_over`. The memory is not looked at if it went back: the segment is in no list then.
    fn look_over(&self, graveyard: &Mutex<bool>) {
        let closed = graveyard.lock().unwrap();
        if *closed && self.returned.load(Relaxed) == 0 {
            self.count_recent();
        }
        if *closed && self.returned.load(Relaxed) == 0 {
            self.count_off(self.count_word(self.observe_local()));
        }
    }
}

/// A block, and the graveyard's lock: whether the pool is in it.
fn shared() -> (Arc<Block>, Arc<Mutex<bool>>) {
    (Arc::new(Block::new()), Arc::new(Mutex::new(false)))
}

#[test]
fn a_remote_free_is_collected_once() {
    loom::model(|| {
        let (block, _) = shared();
        let other = block.clone();
        let freeing = thread::spawn(move || other.free_remotely(0));
        let mut found = block.collect();
        freeing.join().unwrap();
        assert_eq!(found & 1, found);
        let swept = block.sweep();
        assert_eq!(found & swept, 0, "found twice");
        found |= swept;
        assert_eq!(found, 1);
    });
}

#[test]
fn two_remote_frees_in_one_word_are_collected_once_each() {
    loom::model(|| {
        let (block, _) = shared();
        let threads = [0, 1].map(|chunk| {
            let block = block.clone();
            thread::spawn(move || block.free_remotely(chunk))
        });
        let first = block.collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let second = block.collect();
        assert_eq!(first & second, 0, "found twice");
        let third = block.sweep();
        assert_eq!((first | second) & third, 0, "found twice");
        assert_eq!(first | second | third, BOTH);
    });
}

#[test]
fn a_chunk_handed_over_by_a_remote_free_is_the_owners() {
    loom::model(|| {
        let (block, _) = shared();
        let other = block.clone();
        let freeing = thread::spawn(move || other.free_remotely(1));
        // `use_chunks` fails if the free did not come before.
        let found = block.collect() | block.sweep();
        freeing.join().unwrap();
        assert!(found == 0 || found == 0b10);
    });
}

/// A thread ends (thread_index.rs), and another claims its index: the shard is handed over.
#[test]
fn a_claimed_shard_is_as_its_thread_left_it() {
    loom::model(|| {
        let taken = Arc::new(AtomicU64::new(1));
        let shard = Arc::new(UnsafeCell::new(0));
        let (its_taken, its_shard) = (taken.clone(), shard.clone());
        let ending = thread::spawn(move || {
            its_shard.with_mut(|_| ());
            its_taken.fetch_and(!1, Release);
        });
        if taken.fetch_or(1, Acquire) & 1 == 0 {
            shard.with_mut(|_| ());
            taken.fetch_and(!1, Release);
        }
        ending.join().unwrap();
    });
}

#[test]
fn closing_counts_a_remote_free_once() {
    loom::model(|| {
        let (block, graveyard) = shared();
        let other = block.clone();
        let freeing = thread::spawn(move || other.free_remotely(0));
        block.local.store(0b10, Release);
        block.close(&graveyard);
        freeing.join().unwrap();
        assert_eq!(block.returned.load(Relaxed), 1);
    });
}

#[test]
fn closing_counts_two_remote_frees_once_each() {
    loom::model(|| {
        let (block, graveyard) = shared();
        let threads = [0, 1].map(|chunk| {
            let block = block.clone();
            thread::spawn(move || block.free_remotely(chunk))
        });
        block.close(&graveyard);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(block.returned.load(Relaxed), 1);
    });
}

/// The local free may show its bit after the closer has looked; the next cold step finds it.
#[test]
fn a_local_free_under_way_at_closing_is_counted_once() {
    for by_recent in [false, true] {
        loom::model(move || {
            let (block, graveyard) = shared();
            let other = block.clone();
            let freeing = thread::spawn(move || {
                if by_recent {
                    other.free_to_recent(0);
                    other.free_to_recent(1);
                } else {
                    other.free_locally(0);
                    other.free_locally(1);
                }
            });
            block.close(&graveyard);
            block.look_over(&graveyard);
            freeing.join().unwrap();
            block.look_over(&graveyard);
            assert_eq!(block.returned.load(Relaxed), 1);
        });
    }
}

#[test]
fn a_local_and_a_remote_free_under_way_at_closing_are_counted_once_each() {
    loom::model(|| {
        let (block, graveyard) = shared();
        let (local, remote) = (block.clone(), block.clone());
        let its_graveyard = graveyard.clone();
        let local = thread::spawn(move || {
            local.free_to_recent(0);
            // Its thread ends.
            local.look_over(&its_graveyard);
        });
        let remote = thread::spawn(move || remote.free_remotely(1));
        block.close(&graveyard);
        local.join().unwrap();
        remote.join().unwrap();
        block.look_over(&graveyard);
        assert_eq!(block.returned.load(Relaxed), 1);
    });
}

/// `SharedPtr::release_handle`: the last handle goes on whatever thread, after all that was done with the others.
#[test]
fn the_last_handle_closes_after_all_uses() {
    loom::model(|| {
        let handles = Arc::new(AtomicUsize::new(2));
        let pool = Arc::new(UnsafeCell::new(()));
        let release = |handles: &AtomicUsize, pool: &UnsafeCell<()>| {
            pool.with(|_| ());
            if handles.fetch_sub(1, AcqRel) == 1 {
                pool.with_mut(|_| ());
            }
        };
        let (its_handles, its_pool) = (handles.clone(), pool.clone());
        let other = thread::spawn(move || release(&its_handles, &its_pool));
        release(&handles, &pool);
        other.join().unwrap();
    });
}
