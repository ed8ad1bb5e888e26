//! An empty block goes from one shard to another through the store (remote.rs, shard.rs, kind.rs).

use loom::cell::UnsafeCell;
use loom::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use loom::sync::atomic::{AtomicU64, AtomicUsize};
use loom::sync::{Arc, Mutex};
use loom::thread;

use crate::explore::explore;
use crate::weakening::{check, in_order, order};

const A: usize = 0;
const B: usize = 1;
const NOBODY: usize = usize::MAX;
const BOTH: u64 = 0b11;

/// A block of two chunks in one word, and two shards.
struct Pool {
    /// The pool's lock: whether the block is in the store.
    store: Mutex<bool>,
    /// Who has the block, and whose it was last.
    index: AtomicUsize,
    shard: AtomicUsize,
    /// What is not atomic in the block's header, and the chunks' bytes: the owner's.
    header: UnsafeCell<()>,
    chunks: [UnsafeCell<()>; 2],
    local: AtomicU64,
    remote: AtomicU64,
    marks: AtomicU64,
    /// For each shard, whether the block is on its stack.
    pending: [AtomicU64; 2],
    link: UnsafeCell<()>,
    /// A new owner has handed chunk 0 to whoever looks here.
    handed: AtomicUsize,
}

impl Pool {
    /// The block is A's; `free` are free locally.
    fn new(free: u64) -> Arc<Self> {
        Arc::new(Self {
            store: Mutex::new(false),
            index: AtomicUsize::new(A),
            shard: AtomicUsize::new(A),
            header: UnsafeCell::new(()),
            chunks: [UnsafeCell::new(()), UnsafeCell::new(())],
            local: AtomicU64::new(free),
            remote: AtomicU64::new(0),
            marks: AtomicU64::new(0),
            pending: [AtomicU64::new(0), AtomicU64::new(0)],
            link: UnsafeCell::new(()),
            handed: AtomicUsize::new(0),
        })
    }

    /// `shard::free` on a thread without a shard, of a chunk that `owner` allocated.
    fn free_remotely(&self, chunk: usize, owner: usize) {
        self.chunks[chunk].with_mut(|_| ());
        assert_eq!(self.index.load(Relaxed), owner);
        let mark = || {
            if self.marks.load(Relaxed) & 1 == 0 && self.marks.fetch_or(1, order("remote.rs mark", Acquire)) == 0 {
                let shard = self.shard.load(Relaxed);
                assert_eq!(shard, owner);
                self.link.with_mut(|_| ());
                assert_eq!(self.pending[shard].swap(1, order("remote.rs push", Release)), 0, "pushed twice");
            }
        };
        let set_bit = || self.remote.fetch_or(1 << chunk, order("remote.rs free_remotely", AcqRel));
        assert_eq!(in_order("remote.rs free_remotely, fetch_or", mark, set_bit) & (1 << chunk), 0);
    }

    /// `Shard::collect`, with `set_aside`. True if all chunks are free now and the block is not pending.
    fn collect(&self, shard: usize) -> bool {
        if self.pending[shard].swap(0, order("remote.rs take_all", Acquire)) == 0 {
            return false;
        }
        self.link.with(|_| ());
        assert_ne!(self.marks.swap(0, order("remote.rs take_marks", Release)), 0);
        let bits = self.remote.swap(0, order("remote.rs take_remote", Acquire));
        (0..2).filter(|chunk| bits & (1 << chunk) != 0).for_each(|chunk| self.chunks[chunk].with_mut(|_| ()));
        self.header.with_mut(|_| ());
        let free = self.local.load(Relaxed) | bits;
        self.local.store(free, Relaxed);
        // `Block::is_pending`.
        free == BOTH && check("shard.rs set_aside, is_pending", self.marks.load(Relaxed) == 0)
    }

    /// `Locked::sweep`, with `Owner::is`. Whether the block is the shard's, and has remote bits.
    fn sweep(&self, shard: usize) -> bool {
        let _store = self.store.lock().unwrap();
        let is_its = self.index.load(Relaxed) == shard && self.shard.load(Relaxed) == shard;
        is_its && self.remote.load(Relaxed) != 0
    }

    /// `Shard::trim_into`.
    fn give_to_store(&self) {
        let mut store = self.store.lock().unwrap();
        self.index.store(NOBODY, Relaxed);
        self.header.with_mut(|_| ());
        *store = true;
    }

    /// `Locked::give_block_to`, and the allocations that follow. False if the store has no block.
    fn take_from_store(&self, shard: usize) -> bool {
        if !std::mem::take(&mut *self.store.lock().unwrap()) {
            return false;
        }
        self.header.with_mut(|_| ());
        self.link.with_mut(|_| ());
        assert_eq!(self.local.load(Relaxed), BOTH);
        self.local.store(0, Relaxed);
        self.chunks.iter().for_each(|chunk| chunk.with_mut(|_| ()));
        let assign = || {
            self.shard.store(shard, Relaxed);
            self.index.store(shard, Relaxed);
        };
        in_order("kind.rs assign, allocate", assign, || self.handed.store(1, Release));
        true
    }
}

/// A free may mark the block after its owner has taken the marks, and set its bit before the owner takes the word: the
/// block is full of free chunks and on the stack again.
#[test]
fn a_pending_block_is_not_given_away() {
    explore([0, 1], || {
        let pool = Pool::new(0);
        let other = pool.clone();
        let freeing = thread::spawn(move || {
            other.free_remotely(0, A);
            other.free_remotely(1, A);
        });
        let given = pool.collect(A);
        if given {
            pool.give_to_store();
        }
        freeing.join().unwrap();
        assert!(!(given && pool.collect(A)), "found by the owner before");
        u64::from(given)
    });
}

/// The last chunk of A's block comes back remotely, A gives the block to the store, B gets it, and the thread that
/// freed the one chunk frees another that B gave it: to B.
#[test]
fn a_block_from_the_reserve_is_its_new_owners() {
    explore([0, 1, 2], || {
        let pool = Pool::new(0b10);
        let (freer, new_owner) = (pool.clone(), pool.clone());
        let freeing = thread::spawn(move || {
            freer.free_remotely(0, A);
            thread::yield_now();
            let handed = freer.handed.load(Acquire) == 1;
            if handed {
                freer.free_remotely(0, B);
            }
            handed
        });
        let taking = thread::spawn(move || {
            thread::yield_now();
            let taken = new_owner.take_from_store(B);
            if taken {
                new_owner.sweep(B);
                new_owner.collect(B);
            }
            taken
        });
        thread::yield_now();
        if pool.collect(A) {
            pool.give_to_store();
            assert!(!pool.sweep(A) && !pool.collect(A), "not A's any more");
        }
        u64::from(freeing.join().unwrap()) + u64::from(taking.join().unwrap())
    });
}
