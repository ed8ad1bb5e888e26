//! How long a workload runs, and how its threads meet.

use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::sync::atomic::{
    AtomicBool, AtomicUsize, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed, Ordering::Release,
};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::thread::{self, ScopedJoinHandle};

/// One run of a workload: says when it is over.
///
/// A test counts rounds, so that it does the same each time. A bench sets the flag after a while, so that all contestants run
/// equally long, and no thread works alone in the end because it was late.
#[derive(Debug, Default)]
pub struct Run {
    /// Rounds of each thread; what a round is, the workload says.
    pub rounds: u64,
    /// Ends the run.
    pub stop: AtomicBool,
    failed: AtomicBool,
}

impl Run {
    /// A run of so many rounds.
    pub fn of(rounds: u64) -> Self {
        Run { rounds, ..Run::default() }
    }

    /// Whether a thread that has done so many rounds is done.
    pub fn is_over(&self, rounds: u64) -> bool {
        rounds >= self.rounds || self.stop.load(Relaxed)
    }

    /// Tries again and again.
    ///
    /// # Panics
    ///
    /// If another thread of the run has panicked: what this one waits for may never come.
    pub fn wait_for<R>(&self, mut attempt: impl FnMut() -> Option<R>) -> R {
        loop {
            if let Some(result) = attempt() {
                return result;
            }
            assert!(!self.failed.load(Relaxed), "another thread failed");
            thread::yield_now();
        }
    }

    /// Every thread of the run holds one, so that the others learn of its panic.
    pub fn take_part(&self) -> Part<'_> {
        Part(self)
    }
}

/// A thread's part in a run.
#[derive(Debug)]
pub struct Part<'r>(&'r Run);

impl Drop for Part<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.failed.store(true, Relaxed);
        }
    }
}

/// Nobody passes before all have come.
#[derive(Debug)]
pub struct Gate(AtomicUsize);

impl Gate {
    /// A gate for so many threads.
    pub const fn new(threads: usize) -> Self {
        Gate(AtomicUsize::new(threads))
    }

    /// Waits for the others.
    pub fn pass(&self, run: &Run) {
        self.0.fetch_sub(1, AcqRel);
        run.wait_for(|| (self.0.load(Acquire) == 0).then_some(()));
    }
}

/// Things on their way from thread to thread, the oldest first.
#[derive(Debug)]
pub struct Queue<T>(Mutex<VecDeque<T>>);

impl<T> Queue<T> {
    /// A queue that never has to grow for so many.
    pub fn new(room: usize) -> Self {
        Queue(Mutex::new(VecDeque::with_capacity(room)))
    }

    /// Adds one.
    pub fn push(&self, item: T) {
        lock(&self.0).push_back(item);
    }

    /// How many are on their way.
    pub fn on_the_way(&self) -> usize {
        lock(&self.0).len()
    }

    /// Takes the oldest, if there is one.
    pub fn pop(&self) -> Option<T> {
        lock(&self.0).pop_front()
    }
}

/// Counts things from many threads, and remembers their greatest number.
#[derive(Debug, Default)]
pub struct Level {
    now: AtomicUsize,
    peak: AtomicUsize,
}

impl Level {
    /// So many more.
    pub fn rise(&self, by: usize) {
        let now = self.now.fetch_add(by, Relaxed) + by;
        self.peak.fetch_max(now, Relaxed);
    }

    /// So many less.
    pub fn fall(&self, by: usize) {
        self.now.fetch_sub(by, Relaxed);
    }

    /// The greatest number so far.
    pub fn peak(&self) -> usize {
        self.peak.load(Relaxed)
    }
}

/// How many threads still do what others wait for.
#[derive(Debug)]
pub struct Busy(AtomicUsize);

impl Busy {
    /// So many do.
    pub const fn new(threads: usize) -> Self {
        Busy(AtomicUsize::new(threads))
    }

    /// One is done. What it did before is seen by who finds that all are.
    pub fn done(&self) {
        self.0.fetch_sub(1, Release);
    }

    /// Whether all are done.
    pub fn is_over(&self) -> bool {
        self.0.load(Acquire) == 0
    }
}

/// The lock, without sleeping: a thread holds one for a few instructions. (And ThreadSanitizer does not see the part of the
/// standard library where a thread sleeps.)
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    loop {
        match mutex.try_lock() {
            Ok(guard) => return guard,
            Err(TryLockError::WouldBlock) => thread::yield_now(),
            Err(TryLockError::Poisoned(_)) => panic!("another thread failed"),
        }
    }
}

/// What the thread returned, or its panic.
pub fn join<R>(thread: ScopedJoinHandle<'_, R>) -> R {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}
