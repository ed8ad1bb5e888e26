//! The lock that ThreadSanitizer sees through (lock.rs).

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::AtomicBool;
use loom::sync::atomic::Ordering::{Acquire, Release};
use loom::thread;

use crate::weakening::order;

struct Lock {
    locked: AtomicBool,
    value: UnsafeCell<()>,
}

impl Lock {
    /// Gives up after the second look: loom would try how long one can spin.
    fn with(&self) {
        for _ in 0..2 {
            if !self.locked.swap(true, order("lock.rs lock", Acquire)) {
                self.value.with_mut(|_| ());
                self.locked.store(false, order("lock.rs drop", Release));
                return;
            }
            thread::yield_now();
        }
    }
}

#[test]
fn the_spinning_lock_lets_one_in_at_a_time() {
    loom::model(|| {
        let lock = Arc::new(Lock { locked: AtomicBool::new(false), value: UnsafeCell::new(()) });
        let other = lock.clone();
        let locking = thread::spawn(move || other.with());
        lock.with();
        locking.join().unwrap();
    });
}
