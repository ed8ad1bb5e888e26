//! Many threads, one after the other.

use std::thread;

use super::objects::{Record, expect};
use super::run::{Run, join};
use super::subject::Shared;
use super::{Outcome, Workload};

/// A thread allocates objects, frees those that the thread before left, frees half of its own, and leaves the other half to
/// the next. Then it ends, and only then the next one starts. A round is one thread.
///
/// Memory of ended threads must be used again: what the pool holds must not grow with the number of threads. Several
/// allocators failed here over the years.
#[derive(Clone, Copy, Debug)]
pub struct Relay {
    /// Objects that each thread allocates; an even number.
    pub objects: usize,
}

impl Workload<Record> for Relay {
    fn run<S: Shared<Record>>(&self, pool: &S::Pool, run: &Run) -> Outcome {
        let mut left = Vec::new();
        let mut rounds = 0;
        while !run.is_over(rounds) {
            left = thread::scope(|scope| join(scope.spawn(|| self.take_over::<S>(pool, left, rounds))));
            rounds += 1;
        }
        let local = S::local(pool);
        left.into_iter().for_each(|object| S::free(&local, object));
        let half = self.objects / 2;
        Outcome { objects: rounds * self.objects as u64, peak: self.objects + half, shared_lines: 0 }
    }
}

impl Relay {
    /// One thread: what the one before left, for what it leaves itself.
    fn take_over<S: Shared<Record>>(&self, pool: &S::Pool, left: Vec<S::Handle>, round: u64) -> Vec<S::Handle> {
        let local = S::local(pool);
        let free = |objects: Vec<S::Handle>, first: u64| {
            for (object, cookie) in objects.into_iter().zip(first..) {
                expect::<S>(&local, &object, cookie);
                S::free(&local, object);
            }
        };
        let first = round << 32;
        let half = self.objects / 2;
        let mut own: Vec<_> = (first..).take(self.objects).map(|c| S::alloc(&local, Record::new(c))).collect();
        if !left.is_empty() {
            free(left, (round - 1) << 32);
        }
        free(own.split_off(half), first + half as u64);
        own
    }
}
