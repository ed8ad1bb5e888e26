//! The list of closed pools, which is walked while others add themselves and end (closing.rs).

use loom::cell::UnsafeCell;
use loom::sync::atomic::AtomicUsize;
use loom::sync::atomic::Ordering::{AcqRel, Relaxed};
use loom::sync::{Arc, Mutex};
use loom::thread;

use crate::explore::explore;
use crate::weakening::{in_order, order};

/// Two pools that close, each with two chunks that its thread frees: one counted by whoever looks the graveyard over.
struct Graveyard {
    first: Mutex<Option<usize>>,
    pools: [Closed; 2],
}

struct Closed {
    next: UnsafeCell<Option<usize>>,
    outstanding: AtomicUsize,
    /// A chunk that is outstanding and free locally.
    late: AtomicUsize,
    /// `with_mut` is the pool's end.
    memory: UnsafeCell<()>,
    ended: AtomicUsize,
}

impl Graveyard {
    fn new() -> Arc<Self> {
        let pool = || Closed {
            next: UnsafeCell::new(None),
            outstanding: AtomicUsize::new(0),
            late: AtomicUsize::new(0),
            memory: UnsafeCell::new(()),
            ended: AtomicUsize::new(0),
        };
        Arc::new(Self { first: Mutex::new(None), pools: [pool(), pool()] })
    }

    fn next(&self, pool: usize) -> Option<usize> {
        // SAFETY: loom checks that nobody writes the cell.
        self.pools[pool].next.with(|next| unsafe { *next })
    }

    fn set_next(&self, pool: usize, next: Option<usize>) {
        // SAFETY: loom checks that nobody else uses the cell.
        self.pools[pool].next.with_mut(|link| unsafe { *link = next });
    }

    /// `closing::close`, for a pool with one live chunk, and one that is free but not seen to be so.
    fn close(&self, pool: usize) {
        let mut first = self.first.lock().unwrap();
        self.set_next(pool, first.replace(pool));
        self.pools[pool].outstanding.store(2, Relaxed);
        self.pools[pool].late.store(1, Relaxed);
    }

    /// `closing::free_outstanding`. How many pools it ends.
    fn free_outstanding(&self, pool: usize) -> u64 {
        let last = self.count_off(pool);
        if last {
            let bury = || self.remove(&mut self.first.lock().unwrap(), pool);
            in_order("closing.rs remove, destroy", bury, || self.destroy(pool));
        }
        u64::from(last)
    }

    /// `closing::look_over`. How many pools it ends.
    fn look_over(&self) -> u64 {
        std::iter::from_fn(|| self.next_end()).map(|pool| self.destroy(pool)).count() as u64
    }

    fn next_end(&self) -> Option<usize> {
        let mut first = self.first.lock().unwrap();
        let end = std::iter::successors(*first, |&pool| self.next(pool)).find(|&pool| {
            self.pools[pool].memory.with(|_| ());
            self.pools[pool].late.swap(0, Relaxed) == 1 && self.count_off(pool)
        })?;
        self.remove(&mut first, end);
        Some(end)
    }

    fn count_off(&self, pool: usize) -> bool {
        self.pools[pool].outstanding.fetch_sub(1, order("closing.rs count_off", AcqRel)) == 1
    }

    /// `Graveyard::remove`.
    fn remove(&self, first: &mut Option<usize>, pool: usize) {
        let next = self.next(pool);
        let before = std::iter::successors(*first, |&pool| self.next(pool)).find(|&it| self.next(it) == Some(pool));
        match before {
            Some(before) => self.set_next(before, next),
            None => *first = next,
        }
    }

    fn destroy(&self, pool: usize) {
        self.set_next(pool, None);
        self.pools[pool].memory.with_mut(|_| ());
        assert_eq!(self.pools[pool].ended.fetch_add(1, Relaxed), 0, "ended twice");
    }
}

#[test]
fn pools_leave_the_list_once_each_while_it_is_walked() {
    // How many of the pools the other thread ended.
    explore([0, 1, 2], || {
        let graveyard = Graveyard::new();
        let other = graveyard.clone();
        graveyard.close(0);
        let closing = thread::spawn(move || {
            other.close(1);
            other.free_outstanding(1) + other.look_over()
        });
        let ended = graveyard.free_outstanding(0) + graveyard.look_over();
        let other_ended = closing.join().unwrap();
        assert_eq!(ended + other_ended, 2);
        assert_eq!(*graveyard.first.lock().unwrap(), None);
        graveyard.pools.iter().for_each(|pool| assert_eq!(pool.ended.load(Relaxed), 1));
        other_ended
    });
}
