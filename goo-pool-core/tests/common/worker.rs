//! Threads that do one job at a time.
#![allow(dead_code, reason = "each test uses a part")]

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Who waits longer than this waits for ever.
const PATIENCE: Duration = Duration::from_secs(if cfg!(miri) { 3600 } else { 60 });

pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// A thread that does what it is told while the caller waits, so that a test with many threads is the same every time.
pub(crate) struct Worker {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

thread_local! {
    static AT_EXIT: RefCell<AtExit> = const { RefCell::new(AtExit(None)) };
}

struct AtExit(Option<Job>);

impl Drop for AtExit {
    fn drop(&mut self) {
        if let Some(job) = self.0.take() {
            job();
        }
    }
}

impl Worker {
    pub(crate) fn start() -> Self {
        let (jobs, receive) = mpsc::channel::<Job>();
        let work = move || {
            // Destructors run in the opposite order on most systems: this one after the pool's.
            AT_EXIT.with(|_| ());
            receive.into_iter().for_each(|job| job());
        };
        Self { jobs: Some(jobs), thread: Some(thread::spawn(work)) }
    }

    /// Does it on this thread, and waits. All that `work` owns is dropped there. Panics if `work` does, or never ends.
    pub(crate) fn run<R: Send + 'static>(&self, work: impl FnOnce() -> R + Send + 'static) -> R {
        self.try_run(work).unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// The same, with the panic of `work` as a result.
    pub(crate) fn try_run<R: Send + 'static>(&self, work: impl FnOnce() -> R + Send + 'static) -> thread::Result<R> {
        let (send, receive) = mpsc::channel();
        let job = move || send.send(catch_unwind(AssertUnwindSafe(work))).unwrap();
        self.jobs.as_ref().unwrap().send(Box::new(job)).unwrap();
        receive.recv_timeout(PATIENCE).expect("the other thread waits for ever")
    }

    /// Ends the thread; `last` runs among its thread-local destructors. All is over when this returns.
    pub(crate) fn end_with(self, last: impl FnOnce() + Send + 'static) {
        self.run(move || AT_EXIT.with(|at_exit| at_exit.borrow_mut().0 = Some(Box::new(last))));
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.jobs.take());
        // Joined, which waits for thread-local destructors, unlike the end of a scope.
        if self.thread.take().unwrap().join().is_err() && !thread::panicking() {
            panic!("a worker panicked");
        }
    }
}
