//! A size class's pool, made by whichever thread asks for it first (class_engine.rs, classes.rs).

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::AtomicUsize;
use loom::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use loom::thread;

use crate::explore::explore;
use crate::weakening::order;

/// A class that two threads use. Thread `i` makes, if it has to, pool `i`; a pointer to that is `i + 1`.
struct Class {
    slot: AtomicUsize,
    /// The pools' memory: written when one is made and when it ends.
    pools: [UnsafeCell<()>; 2],
}

impl Class {
    fn new() -> Arc<Self> {
        Arc::new(Self { slot: AtomicUsize::new(0), pools: [UnsafeCell::new(()), UnsafeCell::new(())] })
    }

    /// `Engine::get`.
    fn get(&self) -> Option<usize> {
        self.slot.load(order("class_engine.rs get", Acquire)).checked_sub(1)
    }

    /// `Classes::engine_or_new`, with `Engine::set`. Whether it made a pool.
    fn use_it(&self, index: usize) -> bool {
        let found = self.get();
        let pool = found.unwrap_or_else(|| {
            self.pools[index].with_mut(|_| ());
            let set = order("class_engine.rs set", Release);
            if self.slot.compare_exchange(0, index + 1, set, Relaxed).is_ok() {
                return index;
            }
            self.pools[index].with_mut(|_| ());
            self.get().unwrap()
        });
        self.pools[pool].with(|_| ());
        found.is_none()
    }
}

#[test]
fn two_threads_that_make_one_class_use_the_same() {
    make_one_class([0b01, 0b10, 0b11], || ());
    make_one_class([0b00, 0b01, 0b11], thread::yield_now);
}

/// The outcome: whose pool is used, and whether the other made one too. In the first execution, one thread or the other
/// goes first.
fn make_one_class<const N: usize>(outcomes: [u64; N], start: fn()) {
    explore(outcomes, move || {
        let class = Class::new();
        let other = class.clone();
        let making = thread::spawn(move || other.use_it(0));
        start();
        let made = class.use_it(1);
        let both = making.join().unwrap() && made;
        (class.slot.load(Relaxed) as u64 - 1) << 1 | u64::from(both)
    });
}
