//! The count of handles (shared.rs), and what closing learns of those who had one.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use loom::sync::atomic::{AtomicU64, AtomicUsize};
use loom::thread;

use crate::explore::explore;
use crate::pool::Pool;
use crate::weakening::order;

/// A shard of a pool with two handles, with two chunks in one word.
struct Shard {
    handles: AtomicUsize,
    /// Not atomic: the lists, the header.
    own: UnsafeCell<()>,
    local: AtomicU64,
    word: AtomicU64,
}

impl Shard {
    /// Takes the chunks into the hand and one of them out (`take_word`, `take`).
    fn allocate(&self) {
        self.own.with_mut(|_| ());
        let bits = self.local.load(Relaxed);
        self.local.store(0, Relaxed);
        self.word.store(bits, Relaxed);
        self.word.store(bits & (bits - 1), Relaxed);
    }

    /// `SharedPtr::release_handle`. The last one, whatever its thread, counts one live chunk: the other is in the hand.
    fn release_handle(&self) -> bool {
        let last = self.handles.fetch_sub(1, order("shared.rs release_handle", AcqRel)) == 1;
        if last {
            self.own.with_mut(|_| ());
            assert_eq!(self.local.load(Acquire) | self.word.load(Relaxed), 0b10);
        }
        last
    }
}

#[test]
fn the_last_one_closes_after_all_uses() {
    explore([0, 1], || {
        let shard = Arc::new(Shard {
            handles: AtomicUsize::new(2),
            own: UnsafeCell::new(()),
            local: AtomicU64::new(0b11),
            word: AtomicU64::new(0),
        });
        let other = shard.clone();
        let using = thread::spawn(move || {
            other.allocate();
            other.release_handle()
        });
        let last = shard.release_handle();
        assert!(last != using.join().unwrap());
        u64::from(last)
    });
}

/// `SyncPoolHandle::of`, for who has a live chunk, while the last handle goes.
#[test]
fn a_handle_from_a_chunk_keeps_the_pool_open_or_finds_it_closed() {
    // Whether there was a handle, and who gave the memory back.
    explore([0b00, 0b01, 0b10, 0b11], || {
        let pool = Pool::new();
        pool.local.store(0b10, Release);
        let other = pool.clone();
        let having = thread::spawn(move || {
            let handle = other.try_add_handle();
            other.free_remotely(0);
            if handle {
                other.release_handle();
            }
            u64::from(handle) << 1 | u64::from(other.is_returned_by_me())
        });
        pool.release_handle();
        let outcome = having.join().unwrap();
        assert!(pool.is_returned());
        outcome
    });
}

#[test]
fn a_clone_closes_the_pool_as_the_original_does() {
    explore([0, 1], || {
        let pool = Pool::new();
        pool.local.store(0b11, Release);
        pool.add_handle();
        let other = pool.clone();
        let cloning = thread::spawn(move || {
            other.add_handle();
            other.release_handle();
            other.release_handle();
        });
        pool.release_handle();
        cloning.join().unwrap();
        assert!(pool.is_returned());
        u64::from(pool.is_returned_by_me())
    });
}
