//! Threads that poll tasks, and who waits for whom.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Context;
use std::thread;

use crate::kinds::Kind;
use crate::timers::Timers;

/// What all handles to an executor share.
pub(crate) struct Executor<K: Kind> {
    state: Mutex<State<K>>,
    /// There is something to poll, or nothing more will come.
    work: Condvar,
    /// Half of the tasks have ended, or all.
    room: Condvar,
    /// So many tasks may be there at a time.
    most: usize,
    tasks: K::Tasks,
    pub(crate) timers: Timers,
    polls: AtomicUsize,
}

struct State<K: Kind> {
    /// To be polled. Each task is in it once at most.
    ready: VecDeque<K::Handle>,
    /// Tasks that have not ended.
    live: usize,
    /// Threads that wait for work.
    idle: usize,
    closed: bool,
}

/// A future, and how to have it polled.
pub(crate) struct Task<K: Kind> {
    /// Until it has ended.
    future: Mutex<Option<K::Future>>,
    /// Whether the task is in the queue, and what it was woken for has not been seen yet.
    queued: AtomicBool,
    executor: Arc<Executor<K>>,
}

impl<K: Kind> Task<K> {
    /// Whether whoever wakes the task has to put it into the queue.
    pub(crate) fn wants_to_be_queued(&self) -> bool {
        // ORDERING: Release pairs with the Acquire in `poll`: the task sees what it is woken for.
        !self.queued.swap(true, AcqRel)
    }

    pub(crate) fn executor(&self) -> &Arc<Executor<K>> {
        &self.executor
    }

    /// Whether the task has ended.
    fn poll(this: &K::Handle) -> bool {
        // From here on it can be queued again. Should another thread take it at once, that waits for this one.
        // ORDERING: Acquire pairs with the Release in `wants_to_be_queued`.
        this.queued.swap(false, Acquire);
        let waker = K::waker(this.clone());
        let mut place = this.future.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(future) = &mut *place else { return false };
        if Pin::new(future).poll(&mut Context::from_waker(&waker)).is_pending() {
            return false;
        }
        *place = None;
        true
    }
}

/// Futures of one type: that of the first which is spawned.
pub(crate) struct Group<'e, K: Kind, F: Send> {
    executor: &'e Arc<Executor<K>>,
    futures: K::Futures<F>,
}

impl<K: Kind, F: Future<Output = ()> + Send + 'static> Group<'_, K, F> {
    /// Has the future polled until it is ready. If there are too many tasks, waits until half of them have ended.
    pub(crate) fn spawn(&self, future: F) {
        let mut state = self.executor.state();
        if state.live == self.executor.most {
            state = self.executor.wait_for(state, self.executor.most / 2);
        }
        state.live += 1;
        drop(state);
        let task = Task {
            future: Mutex::new(Some(K::pin(&self.futures, future))),
            queued: AtomicBool::new(true),
            executor: self.executor.clone(),
        };
        self.executor.queue(K::share(&self.executor.tasks, task));
    }
}

impl<K: Kind> Executor<K> {
    /// An executor with room for so many tasks at a time.
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            // One that is being polled may be in the queue, too.
            state: Mutex::new(State { ready: VecDeque::with_capacity(2 * most), live: 0, idle: 0, closed: false }),
            work: Condvar::new(),
            room: Condvar::new(),
            most,
            // Those that have just ended are no longer counted, but perhaps still there: a thread or a waker has them.
            tasks: K::tasks(2 * most),
            timers: Timers::with_capacity(most),
            polls: AtomicUsize::new(0),
        })
    }

    /// For futures of one type, which nobody has to name.
    pub(crate) fn group<F: Send>(self: &Arc<Self>) -> Group<'_, K, F> {
        Group { executor: self, futures: K::futures(2 * self.most) }
    }

    /// Polls tasks on so many threads while `main` runs, which may spawn some, and until all have ended.
    pub(crate) fn run<R>(self: &Arc<Self>, threads: usize, main: impl FnOnce() -> R) -> R {
        thread::scope(|scope| {
            let _close = Close(self);
            for _ in 0..threads {
                scope.spawn(|| self.work());
            }
            let result = main();
            self.wait();
            result
        })
    }

    /// Waits until all tasks have ended.
    pub(crate) fn wait(&self) {
        drop(self.wait_for(self.state(), 0));
    }

    /// Waits until at most so many tasks are left: half of the most, or none.
    fn wait_for<'s>(&'s self, mut state: MutexGuard<'s, State<K>>, left: usize) -> MutexGuard<'s, State<K>> {
        while state.live > left && !state.closed {
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        assert!(!state.closed, "a task has panicked");
        state
    }

    /// How often a task was polled.
    pub(crate) fn polls(&self) -> usize {
        self.polls.load(Relaxed)
    }

    pub(crate) fn queue(&self, task: K::Handle) {
        let mut state = self.state();
        state.ready.push_back(task);
        if state.idle > 0 {
            self.work.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State<K>> {
        // It is whole wherever somebody panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What each thread does.
    fn work(&self) {
        let _close = Close(self);
        let mut polls = 0;
        while let Some(task) = self.next() {
            polls += 1;
            if Task::<K>::poll(&task) {
                // The task before its place: who waits for room finds some.
                drop(task);
                let mut state = self.state();
                state.live -= 1;
                if state.live == self.most / 2 || state.live == 0 {
                    self.room.notify_all();
                }
            }
        }
        self.polls.fetch_add(polls, Relaxed);
    }

    /// The next task to poll. If there is none, time passes: nobody sleeps while there is something to do, or longer.
    fn next(&self) -> Option<K::Handle> {
        loop {
            let mut state = self.state();
            if let Some(task) = state.ready.pop_front() {
                return Some(task);
            }
            if state.closed {
                return None;
            }
            drop(state);
            if !self.timers.pass() {
                let mut state = self.state();
                // Whoever has set a timer meanwhile is still polling, and comes here, too.
                if state.ready.is_empty() && !state.closed {
                    state.idle += 1;
                    state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                    state.idle -= 1;
                }
            }
        }
    }
}

/// Ends all threads, at the end or when a task panics.
struct Close<'e, K: Kind>(&'e Executor<K>);

impl<K: Kind> Drop for Close<'_, K> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.closed = true;
        // A task has a handle to the executor: what is left would be a cycle.
        let left = std::mem::take(&mut state.ready);
        drop(state);
        drop(left);
        self.0.work.notify_all();
        self.0.room.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::task::{Poll, Waker};

    use super::*;
    use crate::kinds::{Boxed, Pooled};

    /// Wakes itself so often, by its own waker or a clone, and never ends before.
    async fn turns(mut left: usize, ended: Arc<AtomicUsize>) {
        poll_fn(|context| {
            if left == 0 {
                return Poll::Ready(());
            }
            left -= 1;
            if left.is_multiple_of(2) {
                context.waker().wake_by_ref();
            } else {
                let clone = context.waker().clone();
                assert!(clone.will_wake(context.waker()));
                clone.wake();
            }
            Poll::Pending
        })
        .await;
        ended.fetch_add(1, Relaxed);
    }

    fn tasks_end<K: Kind>() {
        for threads in [1, 3] {
            let (executor, ended) = (Executor::<K>::new(8), Arc::new(AtomicUsize::new(0)));
            executor.run(threads, || {
                let group = executor.group();
                (0..500).for_each(|n| group.spawn(turns(n % 5, ended.clone())));
            });
            assert_eq!((ended.load(Relaxed), Arc::strong_count(&executor)), (500, 1));
            assert!(executor.polls() >= 1_500);
        }
    }

    #[test]
    fn all_tasks_end() {
        tasks_end::<Boxed>();
        tasks_end::<Pooled>();
    }

    #[test]
    fn pools_are_empty_when_all_tasks_have_ended() {
        let (executor, ended) = (Executor::<Pooled>::new(16), Arc::default());
        let group = executor.group();
        executor.run(2, || (0..100).for_each(|n| group.spawn(turns(n % 3, Arc::clone(&ended)))));
        assert_eq!((group.futures.len(), executor.tasks.len()), (0, 0));
    }

    #[test]
    fn waker_may_outlive_its_task_and_the_executor() {
        let kept = Arc::new(Mutex::new(None::<Waker>));
        let executor = Executor::<Pooled>::new(1);
        let keep = kept.clone();
        executor.run(1, || {
            executor.group().spawn(poll_fn(move |context| {
                *keep.lock().expect("nobody panics") = Some(context.waker().clone());
                Poll::Ready(())
            }));
        });
        let waker = kept.lock().expect("nobody panics").take().expect("it was polled");
        assert_eq!(executor.tasks.len(), 1);
        waker.wake_by_ref();
        let tasks = executor.tasks.clone();
        executor.state().ready.clear();
        drop(executor);
        drop(waker);
        assert!(tasks.is_empty());
    }

    #[test]
    fn task_that_panics_ends_the_run() {
        for threads in [1, 2] {
            let executor = Executor::<Pooled>::new(4);
            let run = || {
                executor.run(threads, || {
                    executor.group().spawn(async { panic!("the task panics") });
                    executor.wait();
                });
            };
            assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
        }
    }
}
