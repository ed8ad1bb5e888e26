//! Sleep, by a clock that goes on when there is nothing else to do.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

pub(crate) struct Timers(Mutex<Clock>);

struct Clock {
    now: u64,
    sleepers: BinaryHeap<Sleeper>,
}

struct Sleeper {
    until: Reverse<u64>,
    waker: Waker,
}

impl PartialEq for Sleeper {
    fn eq(&self, other: &Self) -> bool {
        self.until == other.until
    }
}

impl Eq for Sleeper {}

impl PartialOrd for Sleeper {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sleeper {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.until.cmp(&other.until)
    }
}

impl Timers {
    /// For so many sleepers at a time.
    pub(crate) fn with_capacity(most: usize) -> Self {
        Self(Mutex::new(Clock { now: 0, sleepers: BinaryHeap::with_capacity(most) }))
    }

    /// Is ready when so many ticks have passed.
    pub(crate) async fn sleep(&self, ticks: u64) {
        let mut until = None;
        poll_fn(|context| {
            let mut clock = self.clock();
            let until = *until.get_or_insert(clock.now + ticks);
            if clock.now >= until {
                return Poll::Ready(());
            }
            clock.sleepers.push(Sleeper { until: Reverse(until), waker: context.waker().clone() });
            Poll::Pending
        })
        .await;
    }

    /// Goes on to the next time for which somebody waits, and wakes one who does. Whether there was any.
    pub(crate) fn pass(&self) -> bool {
        let mut clock = self.clock();
        let Some(sleeper) = clock.sleepers.pop() else { return false };
        clock.now = clock.now.max(sleeper.until.0);
        drop(clock);
        sleeper.waker.wake();
        true
    }

    fn clock(&self) -> MutexGuard<'_, Clock> {
        // Nothing panics while it is locked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
